"""Beams of a kern line: `L` opens, `J` closes, `K` and `k` are hooks to the right and the left.

Notes shorter than a quarter are joined within a beat: a third of the bar's units in compound
meters (6/8, 9/8), the groups of an additive meter, the whole bar in 3/8, else a quarter note or
the half note of 2/2. A pickup is counted from its end, as part of the full bar that it closes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate

from canzona.score.tune import FREE_METER, Meter, Tune


def beams(
    tune: Tune, onsets: Sequence[Fraction], durations: Sequence[Fraction], rests: Sequence[bool]
) -> list[str]:
    """Beam signs of each written note.

    Parameters
    ----------
    onsets, durations : of each written note or rest, in quarter notes.
    rests : whether it is a rest; rests part beams.
    """
    flags = [0 if rest else flag_count(duration) for duration, rest in zip(durations, rests, strict=True)]
    signs = [""] * len(flags)
    beats = _beats(tune, onsets)
    first = 0
    while first < len(flags):
        last = first + 1
        while last < len(flags) and flags[first] and flags[last] and beats[last] == beats[first]:
            last += 1
        if last - first > 1:
            signs[first:last] = _joined(flags[first:last])
        first = last
    return signs


def flag_count(duration: Fraction) -> int:
    """Flags of a note value: 1 for an eighth note, 2 for a sixteenth, none from a quarter note on."""
    flags = 0
    # A tuplet's note is drawn as the longer plain value: the third of a quarter as an eighth note.
    while duration < 1 and flags < 10:
        duration *= 2
        flags += 1
    return flags - 1 if flags and duration > 1 and _is_tuplet(duration) else flags


def _is_tuplet(duration: Fraction) -> bool:
    return bool(duration.denominator & (duration.denominator - 1))


def _joined(flags: Sequence[int]) -> list[str]:
    """Signs of notes under one beam."""
    signs = []
    for place, count in enumerate(flags):
        left = min(count, flags[place - 1]) if place else 0
        right = min(count, flags[place + 1]) if place + 1 < len(flags) else 0
        hooks = count - max(left, right)
        hook = ("k" if place and left >= right else "K") * hooks
        signs.append("L" * max(right - left, 0) + "J" * max(left - right, 0) + hook)
    return signs


def _beats(tune: Tune, onsets: Sequence[Fraction]) -> list[tuple[int, int]]:
    """Bar and beat in which each onset lies."""
    starts = [bar.onset for bar in tune.bars]
    found = []
    for onset in onsets:
        bar = bisect_right(starts, onset) - 1
        here = tune.bars[bar]
        place = onset - here.onset
        if bar == 0 and not here.meter.is_free:
            place += max(here.meter.length - here.duration, Fraction(0))
        found.append((bar, _beat(here.meter, place)))
    return found


def _beat(meter: Meter, place: Fraction) -> int:
    if meter.grouping and meter.length:
        place = place % meter.length
        edges = [Fraction(4 * beats, meter.unit) for beats in accumulate(meter.grouping)]
        return bisect_right(edges, place)
    return place // _beat_length(meter)


def _beat_length(meter: Meter) -> Fraction:
    if meter == FREE_METER or meter.is_free:
        return Fraction(1)
    if meter.unit >= 8 and meter.beats % 3 == 0:
        return Fraction(12, meter.unit)
    if meter.unit >= 8:
        return Fraction(1) if meter.beats % 2 == 0 else meter.length
    return Fraction(2) if meter.unit == 2 else Fraction(1)
