"""Loudness and ceiling of what is given out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.audio import integrated_loudness
from canzona.render import level
from canzona.render.level import CEILING, TARGET_LUFS, levelled

RATE = 44100


def blocks(signal: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, signal.shape[1], 1 << 16):
        yield signal[:, start : start + (1 << 16)]


def made(signal: np.ndarray) -> np.ndarray:
    return np.concatenate(list(levelled(lambda: blocks(signal.astype(np.float32)), RATE)), axis=1)


def noise(gain: float, seconds: float = 4) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(2, round(seconds * RATE))) * gain


@pytest.mark.parametrize("gain", [1e-3, 0.01, 1.0, 30.0])
def test_soft_and_loud_come_out_alike(gain: float) -> None:
    out = made(noise(gain))
    assert integrated_loudness(out, RATE) == pytest.approx(TARGET_LUFS, abs=0.6)
    assert np.abs(out).max() <= CEILING * (1 + 1e-6)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 88199), st.floats(0.1, 50)), max_size=8))
def test_no_peak_passes_the_ceiling(peaks: list[tuple[int, float]]) -> None:
    signal = noise(0.02, 2)
    for place, height in peaks:
        signal[:, place] = height
    assert np.abs(made(signal)).max() <= CEILING * (1 + 1e-6)


def test_a_lone_peak_is_bent_and_not_all_is_turned_down() -> None:
    signal = noise(0.02)
    signal[:, 80000] = 0.5
    out, plain = made(signal), made(noise(0.02))
    far = np.s_[:, :70000]
    assert np.sqrt(np.mean(out[far] ** 2)) > 0.6 * np.sqrt(np.mean(plain[far] ** 2))


def test_the_gain_moves_smoothly() -> None:
    signal = np.ones((2, RATE), np.float32) * 0.01
    signal[:, 20000] = 0.1
    wave = made(signal)[0]
    moved = np.delete(wave, 20000)
    assert np.abs(np.diff(moved)).max() < 0.01 * moved.max()


def test_silence_stays_silence() -> None:
    assert not made(np.zeros((2, RATE))).any()
    assert list(levelled(lambda: iter(()), RATE)) == []


def test_long_sound_is_made_twice_and_comes_out_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    signal = noise(0.1)
    kept = made(signal)
    monkeypatch.setattr(level, "_KEPT_SAMPLES", 1000)
    assert np.array_equal(made(signal), kept)
