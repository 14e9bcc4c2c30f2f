"""The drum synthesizer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.train.separation.rendering.drums import draw_kit, play_drums

RATE = 44100
KEYS = {
    "kick": 36,
    "snare": 38,
    "clap": 39,
    "rim": 37,
    "closed": 42,
    "open": 46,
    "tom": 45,
    "crash": 49,
    "cowbell": 56,
}


def one(
    key: int, seed: int = 0, *, seconds: float = 2.0, velocity: int = 127, onset: float = 0.0
) -> np.ndarray:
    random = np.random.default_rng(seed)
    return play_drums(np.array([[onset, 0.1, key, velocity]]), draw_kit(random), seconds, RATE, random)


def centroid(sound: np.ndarray) -> float:
    power = np.abs(np.fft.rfft(sound.mean(axis=0))) ** 2
    return float((power * np.fft.rfftfreq(sound.shape[1], 1 / RATE)).sum() / power.sum())


@settings(max_examples=40)
@given(st.integers(27, 87), st.integers(0, 1000), st.integers(1, 127))
def test_any_stroke_sounds_and_dies_away(key: int, seed: int, velocity: int) -> None:
    sound = one(key, seed, velocity=velocity, seconds=10.0)
    assert sound.shape == (2, 10 * RATE) and sound.dtype == np.float32
    assert np.isfinite(sound).all()
    assert 1e-5 < np.abs(sound).max() < 2
    assert np.abs(sound[:, -RATE // 2 :]).max() < 1e-3


def test_drums_differ_as_drums_do() -> None:
    for seed in range(5):
        heights = {name: centroid(one(key, seed)) for name, key in KEYS.items()}
        assert heights["kick"] < 400 < heights["snare"] < heights["closed"]
        assert heights["tom"] < heights["clap"] < heights["closed"]
        assert heights["closed"] > 4000


def test_an_open_hat_rings_longer_than_a_closed_one() -> None:
    energies = [float((one(key)[:, RATE // 10 :] ** 2).sum()) for key in (42, 46)]
    assert energies[1] > 5 * energies[0]


def test_toms_rise_with_their_keys() -> None:
    heights = [np.abs(np.fft.rfft(one(key).mean(axis=0))).argmax() for key in (41, 43, 45, 47, 48, 50)]
    assert heights == sorted(heights) and heights[-1] > 1.8 * heights[0]


def test_velocity_is_level() -> None:
    soft, loud = (np.abs(one(38, velocity=velocity)).max() for velocity in (40, 120))
    assert 3 < loud / soft < 8


@pytest.mark.parametrize("onset", [0.0, 1.0, 1.9999, 2.0])
def test_a_stroke_near_the_end_is_cut(onset: float) -> None:
    sound = one(49, onset=onset)
    assert sound.shape == (2, 2 * RATE)
    assert not sound[:, : round(onset * RATE)].any()


def test_no_strokes_are_silence() -> None:
    assert not play_drums(
        np.zeros((0, 4)), draw_kit(np.random.default_rng(0)), 1.0, RATE, np.random.default_rng(0)
    ).any()


def test_kits_differ_and_the_same_seed_does_not() -> None:
    kits = [tuple(draw_kit(np.random.default_rng(seed)).values()) for seed in range(20)]
    assert len(set(kits)) == 20
    assert (one(38, 3) == one(38, 3)).all()
    assert not np.allclose(one(38, 3), one(38, 4))
