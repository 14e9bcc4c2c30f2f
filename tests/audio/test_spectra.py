"""Spectra against librosa's numbers (see make_golden_spectra.py), and what must hold of any."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.audio.spectra import hann, istft, log_mel, mel_filters, stft
from canzona.errors import UsageError
from pace import within
from scripts import loaded

script = loaded(Path(__file__).with_name("make_golden_spectra.py"))
SIZE, HOP = script.SIZE, script.HOP


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    with np.load(script.GOLDEN, allow_pickle=False) as held:
        return dict(held)


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=shape) * 0.1).astype(np.float32)


@pytest.mark.parametrize("padding", ["zeros", "reflect"])
def test_the_stft_is_librosas(golden: dict[str, np.ndarray], padding: str) -> None:
    found = stft(script.signal(), SIZE, HOP, padding=padding)
    assert found.dtype == np.complex64
    assert found.shape == golden[f"stft_{padding}"].shape
    np.testing.assert_allclose(found, golden[f"stft_{padding}"], atol=2e-5)


def test_the_inverse_of_a_changed_spectrum_is_librosas(golden: dict[str, np.ndarray]) -> None:
    changed = stft(script.signal(), SIZE, HOP) * np.linspace(1, 0, SIZE // 2 + 1)[:, None]
    np.testing.assert_allclose(istft(changed, HOP, length=1000), golden["istft_changed"], atol=2e-6)


@pytest.mark.parametrize("name", script.FILTERS)
def test_the_filters_are_librosas(golden: dict[str, np.ndarray], name: str) -> None:
    given = script.FILTERS[name]
    found = mel_filters(
        given["sr"],
        given["n_fft"],
        given["n_mels"],
        low=given.get("fmin", 0.0),
        high=given.get("fmax"),
        scale="htk" if given.get("htk") else "slaney",
        area="norm" not in given,
    )
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, golden[f"mel_{name}"], rtol=1e-5, atol=1e-7)


def test_the_log_mel_is_librosas(golden: dict[str, np.ndarray]) -> None:
    found = log_mel(stft(script.signal(), SIZE, HOP), mel_filters(8000, SIZE, 20))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, golden["log_mel"], atol=2e-3)


@settings(max_examples=60)
@given(
    samples=st.integers(0, 3000),
    half=st.integers(2, 200),
    part=st.integers(1, 100),
    channels=st.sampled_from([(), (1,), (2,), (2, 3)]),
)
def test_the_inverse_gives_the_sound_back(
    samples: int, half: int, part: int, channels: tuple[int, ...]
) -> None:
    size = 2 * half
    hop = max(1, min(part, size // 4))
    sound = noise(*channels, samples, seed=samples)
    spectrum = stft(sound, size, hop)
    assert spectrum.shape == (*channels, half + 1, samples // hop + 1)
    back = istft(spectrum, hop, length=samples)
    assert back.dtype == np.float32
    assert back.shape == sound.shape
    np.testing.assert_allclose(back, sound, atol=1e-6)


@pytest.mark.parametrize("padding", ["zeros", "reflect"])
def test_a_hop_of_half_a_window_gives_back_what_two_windows_see(padding: str) -> None:
    sound = noise(2, 1000)
    back = istft(stft(sound, 64, 32, padding=padding), 32)
    assert back.shape == (2, 992)
    np.testing.assert_allclose(back, sound[:, :992], atol=1e-6)


def test_the_spectrum_of_a_part_is_a_part_of_the_spectrum() -> None:
    """Away from its edges by half a window; so a song can be looked at window by window."""
    sound = noise(2, 5000)
    whole, part = stft(sound, 256, 64), stft(sound[:, 640:3200], 256, 64)
    np.testing.assert_allclose(part[..., 2:-2], whole[..., 12:49], atol=1e-5)


def test_a_sine_stands_in_its_bin() -> None:
    sound = np.cos(2 * np.pi * 1000 * np.arange(8000) / 8000)
    level = np.abs(stft(sound, 256, 64))[:, 40]
    assert level.argmax() == 32
    assert level[32] == pytest.approx(256 / 4, rel=1e-3)


def test_beyond_the_last_window_there_is_silence() -> None:
    back = istft(stft(noise(2, 1000), 256, 64), 64, length=2000)
    assert back.shape == (2, 2000)
    assert not back[:, 1100:].any()


def test_the_window_adds_up() -> None:
    window = hann(512)
    assert (window[0], window[256]) == (0.0, 1.0)
    np.testing.assert_allclose(sum(np.roll(window, shift) for shift in range(0, 512, 128)), 2, atol=1e-6)


@pytest.mark.parametrize("scale", ["slaney", "htk"])
def test_filters_of_equal_area_take_white_noise_alike(scale: str) -> None:
    filters = mel_filters(44100, 8192, 20, low=500, scale=scale)
    assert (filters >= 0).all()
    np.testing.assert_allclose(filters.sum(axis=1) * 44100 / 8192, 1, rtol=2e-2)
    peaks = mel_filters(44100, 8192, 20, low=500, scale=scale, area=False).max(axis=1)
    assert (peaks > 0.9).all() and (peaks <= 1).all()


def test_silence_lies_at_the_floor() -> None:
    found = log_mel(stft(np.zeros((1, 4000), np.float32), 256, 64), mel_filters(8000, 256, 20))
    np.testing.assert_allclose(found, -100, atol=1e-4)
    assert np.isfinite(log_mel(stft(np.ones((1, 400)), 256, 64), mel_filters(8000, 256, 20))).all()


@pytest.mark.parametrize(("size", "hop"), [(255, 64), (0, 1), (256, 0), (256, 129), (256, -1)])
def test_windows_that_cannot_be_turned_back_are_refused(size: int, hop: int) -> None:
    with pytest.raises(UsageError, match="cannot be turned back"):
        stft(noise(1000), size, hop)


def test_other_impossible_spectra_are_a_sentence() -> None:
    with pytest.raises(UsageError, match="cannot be reflected; give more than 128 samples"):
        stft(noise(2, 128), 256, 64, padding="reflect")
    with pytest.raises(UsageError, match=r"shape \(129, 0\) has no sound"):
        istft(np.zeros((129, 0), np.complex64), 64)
    with pytest.raises(UsageError, match="-1 samples"):
        istft(np.zeros((129, 3), np.complex64), 64, length=-1)
    with pytest.raises(UsageError, match="up to 4000 Hz"):
        mel_filters(8000, 256, 20, high=5000)
    with pytest.raises(UsageError, match="0 mel bands"):
        mel_filters(8000, 256, 0)
    with pytest.raises(UsageError, match="do not fit"):
        log_mel(stft(noise(1000), 256, 64), mel_filters(8000, 512, 20))


def test_there_and_back_is_far_faster_than_real_time() -> None:
    """Over 300 times on one core of a laptop of 2020; the bound leaves room for a busy machine."""
    sound = noise(2, 44100 * 5)
    stft(sound[:, :44100])
    with within(5 / 40):
        istft(stft(sound), length=sound.shape[1])
