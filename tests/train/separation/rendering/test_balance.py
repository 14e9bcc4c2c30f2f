"""Levels, and renderings that are refused."""

from __future__ import annotations

import numpy as np
import pytest

from canzona.audio import integrated_loudness
from canzona.train.separation.rendering.balance import (
    checked,
    energy,
    faded,
    peak_gain,
    ratio_gain,
    to_loudness,
)
from canzona.train.separation.rendering.worker import RenderError

RATE = 44100


def tone(frequency: float = 440, level: float = 0.3, seconds: float = 2.0) -> np.ndarray:
    wave = level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)
    return np.stack([wave, wave]).astype(np.float32)


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (np.zeros((2, RATE)), "is silent"),
        (tone(level=5e-4), "is silent"),
        (np.full((2, RATE), 1.0), "stands still at a level"),
        (np.concatenate([tone(), np.full((2, RATE // 4), -0.9)], axis=1), "stands still at a level"),
        (np.stack([tone()[0], np.full(2 * RATE, 0.5)]), "stands still at a level"),
        (0.01 * tone() + 0.8, "is mostly an offset"),
        (np.full((2, RATE), np.nan), "no numbers"),
        (np.full((2, RATE), np.inf), "no numbers"),
    ],
)  # fmt: skip
def test_what_is_no_music_is_refused(sound: np.ndarray, reason: str) -> None:
    with pytest.raises(RenderError, match=reason) as caught:
        checked(sound.astype(np.float32), "preset X")
    assert "preset X" in str(caught.value)


def test_music_passes_unchanged() -> None:
    np.testing.assert_allclose(
        checked(tone(), "x")[:, RATE // 2 : -RATE // 2], tone()[:, RATE // 2 : -RATE // 2], atol=1e-3
    )


def test_a_square_wave_is_music() -> None:
    assert checked(np.sign(tone(30)).astype(np.float32), "x").any()


def test_an_offset_is_taken_away() -> None:
    clean = checked(tone() + np.float32(0.2), "x")
    assert abs(clean[:, RATE // 2 : -RATE // 2].mean()) < 0.005


@pytest.mark.parametrize("target", [-30.0, -14.0])
def test_loudness_comes_to_its_target(target: float) -> None:
    assert integrated_loudness(tone() * to_loudness(tone(), target), RATE) == pytest.approx(target, abs=0.05)


def test_silence_has_no_gain() -> None:
    assert to_loudness(np.zeros((2, RATE), np.float32), -20) == 1.0
    assert ratio_gain([], [tone()], -3) == ratio_gain([tone()], [], -3) == 1.0
    assert peak_gain([np.zeros((2, 9), np.float32)], 0.9) == 1.0


def test_synth_against_rest() -> None:
    synth, rest = [tone(300), tone(500)], [tone(100), tone(1000, 0.8)]
    gain = ratio_gain(synth, rest, -5.0)
    assert 10 * np.log10(energy([gain * sound for sound in synth]) / energy(rest)) == pytest.approx(
        -5, abs=1e-3
    )


def test_the_mix_has_its_peak_and_no_stem_clips() -> None:
    stems = [tone(300), tone(310, 0.1)]
    gain = peak_gain(stems, 0.7)
    assert np.abs(gain * sum(stems)).max() == pytest.approx(0.7, rel=1e-4)
    opposite = [tone(300, 0.9), -0.99 * tone(300, 0.9)]
    assert max(np.abs(peak_gain(opposite, 0.7) * stem).max() for stem in opposite) <= 0.991


def test_the_end_is_faded() -> None:
    made = faded(np.ones((2, RATE), np.float32))
    assert made[0, -1] == 0 and made[0, RATE // 2] == 1 and (np.diff(made[0]) <= 0).all()
