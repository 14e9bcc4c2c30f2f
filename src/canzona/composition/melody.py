"""A tune as a row of steps that neither transposition nor a change of note values alters.

One step leads from a note to the next: the interval and the ratio of the two durations.
Rests lengthen the note before them, and rests at the start are dropped; ties are merged and
grace notes left out, as everywhere. Two tunes that share a run of steps share the melody.

A step is one 64-bit number: the interval in eighteenths of a semitone (quarter tones and the
ninths of a tone of Turkish notation are exact) and the logarithm of the ratio in steps of
2**-16 octaves, fine enough to keep apart all ratios of durations up to 192nds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from canzona.score.tune import SEMITONES, Pitch, Tune

UNITS_A_SEMITONE = 18
"""Resolution of an interval."""

RATIO_STEPS = 1 << 16
"""Resolution of a duration ratio: steps an octave (a doubling)."""

_RATIO_SPAN = 1 << 24
"""Room for the ratio in a step's number: ratios up to 2**127 either way."""

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Melody:
    """The sounding notes of a tune as two rows, shape (notes,) each.

    Attributes
    ----------
    heights : pitch in eighteenths of a semitone, int64.
    lengths : duration with the rests that follow, in quarter notes, float64.
    places : index of each note in `Tune.notes`, int64.
    """

    heights: Ints
    lengths: NDArray[np.float64]
    places: Ints

    @property
    def steps(self) -> Ints:
        """One number a step, shape (max(notes - 1, 0),)."""
        if len(self.heights) < 2:
            return np.zeros(0, np.int64)
        ratios = np.rint(np.diff(np.log2(self.lengths)) * RATIO_STEPS).astype(np.int64)
        steps: Ints = np.diff(self.heights) * _RATIO_SPAN + ratios
        return steps

    @property
    def moves(self) -> Ints:
        """Intervals without repeated notes, in eighteenths of a semitone."""
        intervals: Ints = np.diff(self.heights)
        moves: Ints = intervals[intervals != 0]
        return moves


def melody_of(tune: Tune) -> Melody:
    """The melody of a tune; an empty tune gives rows without an entry."""
    heights: list[int] = []
    lengths: list[float] = []
    places: list[int] = []
    for place, note in enumerate(tune.notes):
        length = note.duration.numerator / note.duration.denominator
        if note.pitch is not None:
            heights.append(_height(note.pitch))
            lengths.append(length)
            places.append(place)
        elif lengths:
            lengths[-1] += length
    return Melody(
        np.array(heights, np.int64),
        np.maximum(np.array(lengths, np.float64), 2.0**-60),
        np.array(places, np.int64),
    )


def ranks(*rows: Ints) -> Ints:
    """A small integer for each place, equal where all rows are; the order is that of the values.

    Rows have shape (n,), and so have the ranks.
    """
    rank = np.unique(rows[0], return_inverse=True)[1]
    for row in rows[1:]:
        low = np.unique(row, return_inverse=True)[1]
        size = int(low.max(initial=0)) + 1
        rank = np.unique(rank * size + low, return_inverse=True)[1]
    return rank.astype(np.int64)


def gram_ranks(symbols: Ints, size: int) -> Ints:
    """Ranks of all runs of `size` symbols, shape (max(n - size + 1, 0),).

    By doubling (Karp, Miller and Rosenberg 1972): exact, where hashes could collide. Places at
    which one row of a concatenation ends are the caller's to leave out.
    """
    if len(symbols) < size:
        return np.zeros(0, np.int64)
    rank, width = ranks(symbols), 1
    while width < size:
        shift = min(width, size - width)
        rank = ranks(rank[:-shift], rank[shift:])
        width += shift
    return rank


def _height(pitch: Pitch) -> int:
    natural = 12 * (pitch.octave + 1) + SEMITONES[pitch.step]
    alter = pitch.alter
    if alter.denominator == 1:
        return UNITS_A_SEMITONE * (natural + alter.numerator)
    return UNITS_A_SEMITONE * natural + round(alter * UNITS_A_SEMITONE)
