"""Levels: whether a rendering is fit to use, and how loud each stem stands in the mix."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from canzona.audio import integrated_loudness
from canzona.train.separation.rendering.effects import high_pass
from canzona.train.separation.rendering.host import SAMPLE_RATE
from canzona.train.separation.rendering.worker import RenderError

Sound = npt.NDArray[np.float32]

_QUIETEST_PEAK = 10 ** (-60 / 20)
_STEADY_SECONDS = 0.1
_LOWEST = 18.0
"""Hz below which nothing belongs to music."""

_LEAST_MUSIC = 0.1
"""Share of a rendering's energy that is left without what lies below."""

_FADE_SECONDS = 0.03
_HEADROOM = 0.99


def checked(sound: Sound, what: str) -> Sound:
    """A rendering without its offset: narrow pulses have one that comes and goes with each note.

    Raises
    ------
    RenderError : it is silent or nearly, stands still at a level (clipped, stuck), or is mostly offset.
    """
    peak = float(np.abs(sound).max(initial=0.0))
    if not np.isfinite(peak):
        raise RenderError(f"{what} gave samples that are no numbers")
    if peak < _QUIETEST_PEAK:
        raise RenderError(f"{what} is silent")
    for channel in sound:
        if _longest_level(channel, 0.05 * peak) > _STEADY_SECONDS * SAMPLE_RATE:
            raise RenderError(f"{what} stands still at a level")
    clean = high_pass(sound, _LOWEST, 2)
    if energy([clean]) < _LEAST_MUSIC * energy([sound]):
        raise RenderError(f"{what} is mostly an offset")
    return clean


def _longest_level(channel: npt.NDArray[np.float32], least: float) -> int:
    """Samples of the longest stretch of one value that is further than `least` from zero."""
    moving = np.flatnonzero((np.diff(channel) != 0) | (np.abs(channel[1:]) <= least))
    edges = np.concatenate([[-1], moving, [len(channel) - 1]])
    return int(np.diff(edges).max()) - 1


def to_loudness(sound: Sound, target: float) -> float:
    """The gain that brings the loudness (ITU-R BS.1770) to a target in LUFS; 1 for what is too short."""
    loudness = integrated_loudness(sound, SAMPLE_RATE)
    return float(10 ** ((target - loudness) / 20)) if np.isfinite(loudness) else 1.0


def energy(sounds: list[Sound]) -> float:
    """Energy of a sum, over both channels; 0 of none."""
    if not sounds:
        return 0.0
    return float(np.sum(np.sum(sounds, axis=0, dtype=np.float32).astype(np.float64) ** 2))


def ratio_gain(synth: list[Sound], rest: list[Sound], decibels: float) -> float:
    """The gain of the synth stems that sets them so many dB against the rest; 1 where one is missing."""
    upper, lower = energy(synth), energy(rest)
    return float(np.sqrt(10 ** (decibels / 10) * lower / upper)) if upper and lower else 1.0


def peak_gain(sounds: list[Sound], peak: float) -> float:
    """The gain of all stems after which their sum peaks at `peak`, and none of them beyond full scale."""
    mix = float(np.abs(np.sum(sounds, axis=0)).max())
    single = max(float(np.abs(sound).max()) for sound in sounds)
    return min(peak / mix, _HEADROOM / single) if mix and single else 1.0


def faded(sound: Sound) -> Sound:
    """The sound with its last moment faded out, since it is cut there."""
    length = min(sound.shape[1], round(_FADE_SECONDS * SAMPLE_RATE))
    out = sound.copy()
    out[:, sound.shape[1] - length :] *= np.linspace(1, 0, length, dtype=np.float32)
    return out
