"""A song through the networks: lengths, places, channels, seams and blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.audio.encoding import Encoding, to_float, to_native
from canzona.separation import SeparationModel
from canzona.separation.stream import Listener, heard_pieces, silent_pieces
from small_extractor import FFT, RATE, filter_model, mask_model, noise, tone
from sounds import ENCODINGS, FLOAT32, FLOAT64, PCM16, samples

RATES = (8000, 22050, 44100, 48000, 96000, 192000)


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> SeparationModel:
    """A spectral network that takes half of everything for the target."""
    return SeparationModel.open(mask_model(tmp_path_factory.mktemp("half") / "half", 0.5).path)


@pytest.fixture(scope="module")
def comb(tmp_path_factory: pytest.TempPathFactory) -> SeparationModel:
    """A filter of some length, whose answer depends on the neighbouring samples."""
    taps = np.random.default_rng(1).normal(size=101) / 10
    return SeparationModel.open(filter_model(tmp_path_factory.mktemp("comb") / "comb", taps, 0.5).path)


def run(
    model: SeparationModel,
    sound: np.ndarray,
    rate: int = RATE,
    encoding: Encoding = FLOAT32,
    block: int = 1 << 16,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mixture, estimate and presence of a whole song."""
    listener = Listener(model)
    blocks = [sound[:, at : at + block] for at in range(0, sound.shape[1], block)]
    pieces = list(heard_pieces(blocks, encoding, rate, model, listener))
    mixture = np.concatenate([piece.mixture for piece in pieces], axis=1)
    estimate = np.concatenate([piece.estimate for piece in pieces], axis=1)
    return mixture, estimate, listener.finish()[0].values


@settings(max_examples=60)
@given(
    frames=st.integers(1, 60_000),
    rate=st.sampled_from(RATES),
    channels=st.sampled_from([1, 2]),
    block=st.sampled_from([700, 5000, 1 << 16]),
)
def test_pieces_are_as_long_as_the_song_and_hold_it(
    half: SeparationModel, frames: int, rate: int, channels: int, block: int
) -> None:
    sound = noise(frames, frames, channels=channels)
    mixture, estimate, _ = run(half, sound, rate, block=block)
    np.testing.assert_array_equal(mixture, sound)
    assert estimate.shape == sound.shape and estimate.dtype == np.float32


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_the_mixture_stays_in_the_encoding_of_the_song(half: SeparationModel, encoding: Encoding) -> None:
    sound = samples(encoding, 2, 30_000)
    mixture, estimate, _ = run(half, sound, encoding=encoding)
    assert mixture.dtype == sound.dtype
    np.testing.assert_array_equal(mixture, sound)
    np.testing.assert_allclose(estimate, to_float(sound, encoding) / 2, atol=1e-5)


@pytest.mark.parametrize("rate", RATES)
def test_the_estimate_stands_where_the_mixture_does(half: SeparationModel, rate: int) -> None:
    """A tone at half its level, without delay, away from the ends."""
    sound = tone(997, 3.0, rate=rate)
    _, estimate, _ = run(half, sound, rate)
    edge = rate // 10
    np.testing.assert_allclose(estimate[:, edge:-edge], sound[:, edge:-edge] / 2, atol=1e-4)


def test_there_is_no_step_at_a_seam(half: SeparationModel) -> None:
    """A steady tone and a constant mask: half the tone, at every window's border as elsewhere."""
    sound = tone(220, 5.0)
    _, estimate, _ = run(half, sound)
    wrong = np.abs(estimate - sound / 2)
    borders = np.arange(17640, sound.shape[1], 17640)
    assert wrong[:, 600:-600].max() < 1e-5
    assert all(wrong[:, at - 300 : at + 5000].max() < 1e-5 for at in borders)


def test_levels_that_change_from_window_to_window_leave_no_step(comb: SeparationModel) -> None:
    """Each window goes to the network at level 1 and comes back at its own."""
    sound = noise(5, 4 * RATE) * np.geomspace(0.01, 3, 4 * RATE, dtype=np.float32)
    _, estimate, _ = run(comb, sound)
    taps = np.random.default_rng(1).normal(size=101) / 10
    expected = np.stack([np.convolve(row, taps, "same") for row in sound])
    np.testing.assert_allclose(estimate, expected, atol=1e-4)


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("name", ["half", "comb"])
def test_two_sizes_of_blocks_agree(name: str, rate: int, request: pytest.FixtureRequest) -> None:
    model = request.getfixturevalue(name)
    sound = noise(7, 150_000)
    _, one, curve = run(model, sound, rate)
    for block in (1000, 4096, 33_333, 150_000):
        _, other, presence = run(model, sound, rate, block=block)
        np.testing.assert_allclose(other, one, atol=1e-6)
        np.testing.assert_allclose(presence, curve, atol=1e-6)


def test_mono_is_doubled_for_the_network_and_averaged_back(comb: SeparationModel) -> None:
    sound = noise(8, 60_000, channels=1)
    mixture, estimate, _ = run(comb, sound)
    stereo = run(comb, np.repeat(sound, 2, axis=0))[1]
    assert mixture.shape == estimate.shape == (1, 60_000)
    np.testing.assert_allclose(estimate[0], stereo.mean(axis=0), atol=1e-7)


def test_presence_has_a_frame_for_each_hop(half: SeparationModel) -> None:
    sound = np.concatenate([noise(1, 50_000), np.zeros((2, 50_000), np.float32), noise(2, 30_001)], axis=1)
    presence = run(half, sound)[2]
    assert len(presence) == -(-130_001 // half.hop)
    assert presence[100:300].mean() > 0.4 and presence[420:650].max() == 0


def test_levels_are_those_of_the_mixture(half: SeparationModel) -> None:
    sound = np.concatenate([noise(1, 44_032, level=0.5), noise(1, 44_032, level=0.1)], axis=1)
    listener = Listener(half)
    list(heard_pieces([sound], FLOAT32, RATE, half, listener))
    levels = listener.finish()[1]
    assert levels[:344].mean() == pytest.approx(0.25, rel=0.02)
    assert levels[344:].mean() == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize("encoding", [FLOAT32, FLOAT64], ids=str)
def test_floats_that_are_far_too_loud_are_handled(half: SeparationModel, encoding: Encoding) -> None:
    sound = noise(9, 30_000).astype(encoding.dtype)
    sound[:, 10_000] = np.finfo(encoding.dtype).max / 4
    mixture, estimate, _ = run(half, sound, encoding=encoding)
    np.testing.assert_array_equal(mixture, sound)
    assert np.isfinite(estimate).all()


def test_nothing_to_extract_is_silence() -> None:
    sound = to_native(noise(1, 1000), PCM16)
    (piece,) = silent_pieces([sound])
    assert piece.mixture is sound and piece.estimate.shape == sound.shape and not piece.estimate.any()


def test_a_song_of_silence(half: SeparationModel) -> None:
    _, estimate, presence = run(half, np.zeros((2, 100_000), np.float32))
    assert not estimate.any() and not presence.any()


def test_a_mask_changes_what_it_should(tmp_path: Path) -> None:
    """Two tones and a mask between them: the low one is the target."""
    mask = np.zeros(FFT // 2 + 1)
    mask[:20] = 1  # below 1.7 kHz
    low, high = tone(400, 2.0), tone(6000, 2.0)
    model = SeparationModel.open(mask_model(tmp_path / "m", mask).path)
    _, estimate, _ = run(model, low + high)
    np.testing.assert_allclose(estimate[:, 2000:-2000], low[:, 2000:-2000], atol=1e-3)
