"""What the benchmarks state anew of other systems does what is said of it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the extra 'train' is not installed")
pytest.importorskip("lightning", reason="the extra 'train' is not installed")

RATE = 22050


@pytest.fixture(autouse=True)
def beside_the_scripts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(root / "benchmarks")


def chirp(seconds: float, rate: int = RATE) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * (200 + 400 * time) * time)).astype(np.float32)


def test_decibels_are_those_of_the_loudest() -> None:
    from extraction.synthgen import MelLstm

    recipe = MelLstm(layers=1)
    levels = recipe.decibels(chirp(1.0))
    assert levels.shape == (128, RATE // 512 + 1) and levels.dtype == np.float32
    assert levels.max() == 0 and levels.min() == -80
    assert np.allclose(recipe.decibels(10 * chirp(1.0)), levels, atol=1e-3), "the level is lost"
    assert not recipe.decibels(np.zeros(RATE, np.float32)).any(), "silence is the loudest there is"


def test_short_songs_are_followed_by_what_is_loudest() -> None:
    from extraction.synthgen import MelLstm

    seen, _ = MelLstm(layers=1).pair(chirp(1.0), chirp(1.0), 2 * RATE)
    assert seen.shape == (2 * RATE // 512 + 1, 128)
    assert not seen[-10:].any()


def test_griffin_lim_gives_a_sound_of_these_bands() -> None:
    from extraction.synthgen import MelLstm, griffin_lim, magnitudes

    recipe, sound = MelLstm(layers=1), chirp(1.5)
    wanted = recipe.decibels(sound)
    found = griffin_lim(magnitudes(10 ** (wanted.astype(np.float64) / 10), recipe.filters), len(sound))
    assert found.shape == sound.shape
    loud = wanted > -15
    assert np.abs(recipe.decibels(found) - wanted)[loud].mean() < 2


def test_the_convolutions_learn_nothing() -> None:
    """Under the loss as it was; over time, the axis that was meant, there is a gradient."""
    from extraction.synthgen import Waveform

    torch.manual_seed(0)
    recipe = Waveform(channels=4)
    seen, wanted = recipe.pair(chirp(0.2), np.roll(chirp(0.2), 3), RATE // 5)

    def gradient(loss: Any) -> float:
        recipe.network.zero_grad()
        loss(recipe.network(seen[None]), wanted[None]).backward()
        return max(float(weight.grad.abs().max()) for weight in recipe.network.parameters())

    def over_time(said: Any, target: Any) -> Any:
        parts = (x / torch.linalg.vector_norm(x, dim=2, keepdim=True) for x in (said, target))
        return torch.nn.functional.mse_loss(*parts)

    assert gradient(recipe.loss) < 1e-6
    assert gradient(over_time) > 1e-6 * 3


def test_the_networks_have_the_sizes_that_are_known() -> None:
    from extraction.synthgen import MelLstm, Waveform

    convolutions, layers = (
        [weight.numel() for weight in recipe.network.parameters()] for recipe in (Waveform(), MelLstm())
    )
    assert round(sum(convolutions) / 1e6, 2) == 0.25
    assert len(layers) == 4 * 10 + 2


def test_a_long_sound_goes_through_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    from extraction import synthgen

    recipe = synthgen.Waveform(channels=2)
    whole = recipe.sound(chirp(0.5))
    monkeypatch.setattr(synthgen, "_PIECE", 1000)
    assert np.allclose(recipe.sound(chirp(0.5)), whole, atol=1e-6)
    assert whole.min() >= 0, "a sigmoid knows no negative samples"


def test_an_estimate_has_the_song_s_rate_and_length() -> None:
    from extraction.synthgen import Waveform

    mixture = np.stack([chirp(0.3, 44100)] * 2)
    found = Waveform(channels=2).separate(mixture, 44100)
    assert found.shape == mixture.shape and np.array_equal(found[0], found[1])


class OneSong:
    """Songs as the recipe of Open-Unmix sees them: noise as drums, a chirp as synth."""

    def __init__(self, seconds: float) -> None:
        self.stems = {"drums": 0.1 * np.random.default_rng(1).standard_normal((2, round(44100 * seconds)))}
        self.stems["synth"] = np.stack([chirp(seconds, 44100), np.zeros(round(44100 * seconds))])
        held = SimpleNamespace(frames=round(44100 * seconds))
        self.stores = [SimpleNamespace(sample_rate=44100, songs=[held])]
        self.training = [(self.stores[0], 0)]
        self.classes, self.target = sorted(self.stems), "synth"

    def stem(self, _song: object, names: list[str], start: int, frames: int) -> np.ndarray:
        found = sum(self.stems[name] for name in names)[:, start : start + frames]
        return np.pad(found, ((0, 0), (0, frames - found.shape[1]))).astype(np.float32)


def test_examples_of_open_unmix() -> None:
    from extraction.umx import example

    songs = OneSong(7.0)
    swapped, gains = [], []
    for seed in range(20):
        mixture, target = example(songs, np.random.default_rng(seed))  # type: ignore[arg-type]
        assert mixture.shape == target.shape == (2, 6 * 44100)
        heard = np.abs(target).max(axis=1)
        swapped.append(bool(heard[1] > 0))
        gains.append(heard.max() / 0.3)
        assert np.abs(mixture - target).min(axis=1).max() < 0.01 < np.abs(mixture - target).max()
    assert 3 < sum(swapped) < 17
    assert 0.24 < min(gains) < 0.6 and 0.9 < max(gains) < 1.26


def test_statistics_are_those_of_all_frames() -> None:
    from extraction.umx import magnitude, statistics

    songs = OneSong(2.0)
    mean, deviation = statistics(songs)  # type: ignore[arg-type]
    whole = songs.stem(None, songs.classes, 0, 2 * 44100)
    frames = magnitude(torch.from_numpy(whole)[None])[0].mean(0).numpy()
    assert np.allclose(mean, frames.mean(axis=1), rtol=1e-5)
    assert np.allclose(deviation[10:1000], frames.std(axis=1)[10:1000], rtol=1e-4)


def test_the_peer_s_separator_keeps_the_phase() -> None:
    if importlib.util.find_spec("openunmix") is None:
        pytest.skip("openunmix is not installed")
    from extraction.umx import separate

    mixture = np.stack([chirp(1.0, 44100), chirp(1.0, 44100)[::-1]])

    class Half(torch.nn.Module):
        def forward(self, magnitude: Any) -> Any:
            return magnitude / 2

    assert np.allclose(separate(Half(), "synth", mixture), mixture / 2, atol=1e-5)
    assert "torchaudio" not in sys.modules, "the stand-in is gone again"
