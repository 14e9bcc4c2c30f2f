"""One loudness for all that we sound, without clipping.

Sound is made twice: once to learn its loudness and its peaks, once to be given out; a short
piece is kept between. The gain brings it to -16 LUFS, the level of music players; where peaks
would pass -1.5 dBFS, the gain bends down and back within 20 ms (look-ahead, no distortion of
the wave). At most 6 dB are bent away: what has sharper peaks stays softer. The ceiling leaves
half a decibel for what lies between samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from canzona.audio.loudness import SILENCE, LoudnessMeter

TARGET_LUFS = -16.0
"""Integrated loudness of what is written."""

CEILING = 10 ** (-1.5 / 20)
"""Highest sample, full scale 1.0."""

_MOST_BENT = 10 ** (6 / 20)
_INAUDIBLE = 1e-6
_HOP = 64
_REACH = 14
"""Hops that the gain looks ahead and back: 20 ms at 44.1 kHz."""

_KEPT_SAMPLES = 1 << 23

Samples = npt.NDArray[np.float32]


def levelled(make: Callable[[], Iterable[Samples]], sample_rate: int) -> Iterator[Samples]:
    """Blocks of shape (channels, n) at the target loudness.

    Parameters
    ----------
    make : gives the blocks, the same each time; called twice for long sound.
    sample_rate : samples a second.
    """
    kept: list[Samples] = []
    peaks: list[npt.NDArray[np.float64]] = []
    meter: LoudnessMeter | None = None
    size = 0
    for block in make():
        meter = meter or LoudnessMeter(sample_rate, block.shape[0])
        meter.add(block)
        peaks.append(_peaks(block))
        size += block.size
        if size <= _KEPT_SAMPLES:
            kept.append(block)
    if meter is None:
        return
    gain = _gain(meter.integrated(), np.concatenate(peaks))
    at = 0
    for block, heights in zip(kept if size <= _KEPT_SAMPLES else make(), peaks, strict=True):
        yield _applied(block, gain[at : at + len(heights) + 1])
        at += len(heights)


def _peaks(block: Samples) -> npt.NDArray[np.float64]:
    """Highest sample of each hop; blocks are whole hops but for the last."""
    heights = np.abs(block).max(axis=0)
    short = -len(heights) % _HOP
    return np.asarray(np.pad(heights, (0, short)).reshape(-1, _HOP).max(axis=1), np.float64)


def _gain(loudness: float, peaks: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Gain at the start of each hop, and one more for the end of the last."""
    highest = float(peaks.max(initial=0.0))
    if highest < _INAUDIBLE:
        return np.ones(len(peaks) + 1)
    # What is too short or soft for the meter is brought to a moderate peak.
    wanted = 10 ** ((TARGET_LUFS - loudness) / 20) if loudness != SILENCE else 0.5 / highest
    steady = min(wanted, _MOST_BENT * CEILING / highest)
    needed = np.minimum(1.0, CEILING / np.maximum(peaks * steady, 1e-9))
    width = 2 * _REACH + 1
    # The gain at an edge must suit the hops on both sides, hence one hop more.
    edges = np.minimum(
        np.pad(needed, (1, 0), constant_values=1.0), np.pad(needed, (0, 1), constant_values=1.0)
    )
    padded = np.pad(edges, 2 * _REACH, constant_values=1.0)
    lowest = np.lib.stride_tricks.sliding_window_view(padded, width).min(axis=1)
    window = np.hanning(width + 2)[1:-1]
    return np.asarray(steady * np.convolve(lowest, window / window.sum(), mode="valid"))


def _applied(block: Samples, gain: npt.NDArray[np.float64]) -> Samples:
    places = np.arange(block.shape[1]) / _HOP
    curve = np.interp(places, np.arange(len(gain)), gain)
    return (block * curve).astype(np.float32)
