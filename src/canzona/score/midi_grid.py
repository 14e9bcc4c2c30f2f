"""Exact times from ticks.

Notation programs and converters place notes on a grid of ticks; then the ticks are the exact
times, but for two habits: an onset that comes a tick late (abc2midi), and notes that end a
little before the next begins (the gate of a sequencer), which are no rests. A file that
follows no grid was played, and each quarter of it is fitted to the coarsest division that
comes near its onsets.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction

FINEST = 48
"""Parts of a quarter note in which ordinary note values are counted."""

COARSE_TICKS = 4
"""A player never strikes every note on a multiple of so many ticks."""

FEWEST_GATED, LEAST_GATE, GATE_SPREAD = 8, 0.4, 0.08
"""A gate is seen in so many notes, each sounding for at least so much of its step, give or take so much."""

SHORTEST_REST = Fraction(1, 4)
"""A silence of a sixteenth is written, however long the note before it, unless all notes share a gate."""

_DIVISIONS = (1, 2, 3, 4, 6, 8, 12)
_PENALTY = 1 / 150
_GATE = Fraction(7, 10)
_GATES = 8  # a silence of an eighth of the step to the next note is the gate's


def exact_times(
    onsets: Sequence[int], ends: Sequence[int], division: int
) -> tuple[list[Fraction], list[Fraction], bool]:
    """Onsets and ends in quarter notes, and whether they had to be rounded.

    Parameters
    ----------
    onsets, ends : of the notes of one line, in ticks, in order, ends not beyond the next onset.
    division : ticks of a quarter note.
    """
    if not onsets:
        return [], [], False
    late = _lateness(onsets, division)
    starts = [onset - late for onset in onsets]
    struck = [Fraction(start, division) for start in starts]
    is_exact = _is_grid(starts, ends, division)
    times = struck if is_exact else _fitted(starts, division)
    gate = _gate(starts, ends)
    if gate:
        ends = [*starts[1:], starts[-1] + round((ends[-1] - starts[-1]) / gate)]
    parts = division // math.gcd(division, *starts, *ends)
    release = _release_on_grid if parts <= FINEST else _release
    rows = zip(ends, times, [*times[1:], None], struck, strict=True)
    released = [release(Fraction(end, division), at, following, start) for end, at, following, start in rows]
    return times, released, not is_exact


def _gate(starts: Sequence[int], ends: Sequence[int]) -> float:
    """The part of the step to the next for which nearly all notes sound; 0 where they share none below 1."""
    steps = list(zip(starts, ends, starts[1:], strict=False))
    shares = sorted((end - start) / (following - start) for start, end, following in steps)
    usual = shares[len(shares) // 2] if shares else 1.0
    fewest = FEWEST_GATED if usual < 1 - 1 / _GATES else 1  # so little silence is a gate's anyhow
    if len(shares) < fewest or not LEAST_GATE <= usual < 1:
        return 0.0
    alike = sum(abs(share - usual) < GATE_SPREAD for share in shares)
    return usual if alike * 10 >= len(shares) * 9 else 0.0


def _lateness(onsets: Sequence[int], division: int) -> int:
    """1 where every onset lies a tick after a common grid, else 0."""
    plain = math.gcd(division, *onsets)
    late = math.gcd(division, *(onset - 1 for onset in onsets))
    return int(late > plain and onsets[0] > 0)


def _is_grid(onsets: Sequence[int], ends: Sequence[int], division: int) -> bool:
    for times in ([*onsets, *ends], onsets):
        step = math.gcd(division, *times)
        if step >= COARSE_TICKS or division // step <= FINEST:
            return True
    simple = sum(_is_simple(Fraction(onset, division)) for onset in onsets)
    return simple * 10 >= len(onsets) * 9


def _is_simple(time: Fraction) -> bool:
    return FINEST % time.denominator == 0 or time.denominator in (5, 7, 9, 10, 20)


def _release_on_grid(
    end: Fraction, onset: Fraction, following: Fraction | None, struck: Fraction
) -> Fraction:
    """The end of a note of a file whose ends lie on the grid too: exact, but for what only a gate leaves."""
    if following is None:
        return end
    silence = following - end
    return following if silence * _GATES <= following - onset and silence < SHORTEST_REST else end


def _release(end: Fraction, onset: Fraction, following: Fraction | None, struck: Fraction) -> Fraction:
    """The end of a note: where the next begins if only the gate parts them, else on the grid."""
    if following is None:
        return (
            end if _is_simple(end) and end > onset else onset + _nearest_value(max(end - struck, Fraction(0)))
        )
    if end >= following:
        return following
    sounds = (end - struck) / (following - onset)
    if not _is_simple(end):
        if sounds >= _GATE:
            return following
        if end.denominator > 2 * FINEST:
            end = onset + _nearest_value(end - struck)
    elif following - end < Fraction(1, 16) and sounds >= _GATE:
        return following
    return min(end, following) if end > onset else following


def _nearest_value(length: Fraction) -> Fraction:
    """The nearest length of at least a 32nd on the grids of eighths and twelfths of a quarter."""
    eighths, twelfths = Fraction(round(length * 8), 8), Fraction(round(length * 12), 12)
    nearest = min(eighths, twelfths, key=lambda value: (abs(value - length), value.denominator))
    return max(nearest, Fraction(1, 8))


def _fitted(onsets: Sequence[int], division: int) -> list[Fraction]:
    """Onsets in ticks moved to the division of their quarter that fits best; they stay apart."""
    fitted: list[Fraction] = []
    early = division // 16  # an onset so little before a beat belongs to it
    at = 0
    while at < len(onsets):
        beat = (onsets[at] + early) // division
        stop = max(bisect_left(onsets, (beat + 1) * division - early, at), at + 1)
        places = [onset - beat * division for onset in onsets[at:stop]]
        parts = min(_DIVISIONS, key=lambda parts: _misfit(places, parts, division))
        for place in places:
            time = beat + Fraction(_nearest(place * parts, division), parts)
            if fitted and time <= fitted[-1]:
                time = fitted[-1] + Fraction(1, FINEST)
            fitted.append(time)
        at = stop
    return fitted


def _misfit(places: Sequence[int], parts: int, division: int) -> float:
    """How badly places in a quarter (in ticks) lie on so many parts of it; fewer parts are better."""
    rounded = [_nearest(place * parts, division) for place in places]
    errors = sum(abs(place * parts - at * division) for place, at in zip(places, rounded, strict=True))
    merged = len(rounded) - len(set(rounded))
    return errors / (parts * division) + merged + _PENALTY * parts * len(places)


def _nearest(product: int, division: int) -> int:
    return (2 * product + division) // (2 * division)
