"""The sixteenth-step measure of the tutorial that this project's composer descends from.

A tune is a row of sixteenths: a pitch or rest where an event begins, 'hold' where it goes on.
The event model predicts the next step as follows. An event that has lasted n steps goes on with
probability P(d > n) / P(d >= n); from one half on the step is 'hold'. Else it is an onset, of
the most probable pitch that the model gives before it knows the new event's duration. Only
tunes whose durations are all among the tutorial's eight are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from canzona.composition.events import EventList, Vocabulary, beat_unit
from canzona.composition.scoring import Scored

STEP = Fraction(1, 4)
DURATIONS = tuple(Fraction(text) for text in ("1/4", "1/2", "3/4", "1", "3/2", "2", "3", "4"))
"""The tutorial's durations in quarter notes."""


@dataclass(frozen=True, slots=True)
class StepCounts:
    """Counts over tunes: all steps, those predicted right, holds, onsets, onsets predicted right, tunes."""

    steps: int = 0
    right: int = 0
    holds: int = 0
    onsets: int = 0
    onsets_right: int = 0
    tunes: int = 0

    def __add__(self, other: StepCounts) -> StepCounts:
        return StepCounts(*(mine + its for mine, its in zip(_counts(self), _counts(other), strict=True)))


def _counts(counts: StepCounts) -> tuple[int, ...]:
    return counts.steps, counts.right, counts.holds, counts.onsets, counts.onsets_right, counts.tunes


def fits(listed: EventList) -> bool:
    """Whether the tutorial's filter lets a tune pass."""
    units = _units(listed)
    return all(event.duration * unit in DURATIONS for event, unit in zip(listed.events, units, strict=True))


def count_steps(vocabulary: Vocabulary, listed: EventList, scored: Scored) -> StepCounts:
    """Step counts of one tune; none where it does not pass the filter."""
    if not listed.events or not fits(listed):
        return StepCounts()
    units = _units(listed)
    steps = right = onsets_right = 0
    goes_on = 0.0
    for place, (event, unit) in enumerate(zip(listed.events, units, strict=True)):
        lasted = int(event.duration * unit / STEP)
        pitch = vocabulary.pitch_ids.get(event.pitch, -1)
        hit = goes_on < 0.5 and int(scored.pitch_before[place]) == pitch
        onsets_right += hit
        right += hit
        holding = _holding(vocabulary, scored.durations[place], unit, lasted)
        right += sum(chance >= 0.5 for chance in holding[:-1])
        goes_on = holding[-1]
        steps += lasted
    onsets = len(listed.events)
    return StepCounts(steps, right, steps - onsets, onsets, onsets_right, 1)


def _holding(vocabulary: Vocabulary, shares: np.ndarray, unit: Fraction, lasted: int) -> list[float]:
    """For an event that has lasted 1, 2 ... `lasted` steps, the chance that it goes on."""
    longer, as_long = _reaching(vocabulary.durations, unit)
    known = shares[: len(vocabulary.durations)].astype(np.float64)
    more = np.cumsum(known * longer[:lasted], axis=1)[:, -1].tolist()
    still = np.cumsum(known * as_long[:lasted], axis=1)[:, -1].tolist()
    return [one / other if other > 0 else 0.0 for one, other in zip(more, still, strict=True)]


@lru_cache(maxsize=64)
def _reaching(durations: tuple[Fraction, ...], unit: Fraction) -> tuple[np.ndarray, np.ndarray]:
    """Which durations are longer than 1, 2 ... steps, and which at least as long; (steps, durations)."""
    lengths = np.array([float(value * unit / STEP) for value in durations])
    steps = np.arange(1, int(max(DURATIONS) / STEP) + 1)[:, None]
    return (lengths > steps).astype(np.float64), (lengths >= steps).astype(np.float64)


def _units(listed: EventList) -> Sequence[Fraction]:
    """The beat unit at each event, in quarter notes."""
    units, place = [], -1
    for event in listed.events:
        while place + 1 < len(listed.meters) and listed.meters[place + 1][0] <= event.onset:
            place += 1
        units.append(beat_unit(listed.meters[place][1] if place >= 0 else None))
    return units
