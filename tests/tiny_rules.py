"""Tiny vocabularies, openings and networks that only want something, for tests of rules."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from canzona.composition.decode import Plan, Sampling, Written, class_lengths, write_tunes
from canzona.composition.events import Conditions, EventList, Vocabulary, beat_unit, ticks
from canzona.composition.rules import Bars, Rule
from canzona.score.tune import Meter

F = Fraction
NONE = F(0)


def vocabulary(*durations: Fraction | int) -> Vocabulary:
    return Vocabulary(
        tuple(map(F, durations)), ("rest", (0, F(0)), (1, F(0)), (4, F(0))), ("2/4", "3/4"), ("major",), ()
    )


def opening(meter: Meter, pickup: Fraction = NONE) -> EventList:
    lines = () if meter.is_free else (ticks(pickup),)
    return EventList((), lines, ((0, meter),), Conditions(pickup=ticks(pickup)))


def bars_rule(known: Vocabulary, meter: Meter, pickup: Fraction, bars: int | None) -> Bars:
    lengths = class_lengths(known.durations, beat_unit(meter))
    return Bars(lengths, bar_length=ticks(meter.length), pickup=ticks(pickup), bars=bars)


def fillings(known: Vocabulary, meter: Meter, longest: Fraction) -> set[Fraction]:
    """Times in quarter notes that some durations fill."""
    found = {F(0)}
    values = [value * beat_unit(meter) for value in known.durations]
    while grown := {a + b for a in found for b in values if a + b <= longest} - found:
        found |= grown
    return found


class Stubborn:
    """A network that says the same at each step, whatever came before."""

    def __init__(self, known: Vocabulary, flags: Sequence[float] = (0.0, 0.0, 0.0)) -> None:
        self.sizes = (known.duration_escape + 1, known.pitch_escape + 1, 3)
        self.flags = np.array(flags, np.float32)
        self.rows = 0

    def start(self, batch: int, tags: np.ndarray) -> Stubborn:
        self.rows = batch
        return self

    def logits(self, part: int) -> np.ndarray:
        return np.zeros((self.rows, self.sizes[part]), np.float32)

    def duration(self, features: np.ndarray, event: np.ndarray) -> np.ndarray:
        return self.logits(0)

    def pitch(self, duration: np.ndarray, after: np.ndarray) -> np.ndarray:
        return self.logits(1)

    def flag(self, duration: np.ndarray, pitch: np.ndarray, after: np.ndarray) -> np.ndarray:
        return self.logits(2) + self.flags

    def endings(self, rows: np.ndarray, duration: np.ndarray, after: np.ndarray) -> np.ndarray:
        return np.zeros((len(rows), self.sizes[1]), np.float32)

    def keep(self, rows: np.ndarray) -> None:
        self.rows = len(rows)

    def join(self, rows: np.ndarray, tags: np.ndarray) -> None:
        """Says the same to the new ones."""


class Adversary(Stubborn):
    """A network that wants something else at each step, and very much so."""

    def __init__(self, known: Vocabulary, seed: int) -> None:
        super().__init__(known)
        self.random = np.random.default_rng(seed)

    def logits(self, part: int) -> np.ndarray:
        return self.random.normal(0, 200, (self.rows, self.sizes[part])).astype(np.float32)


def write(known: Vocabulary, start: EventList, asked: Sequence[Rule], network: Stubborn) -> Written:
    plan = Plan(start, tuple(asked), (0, 1))
    return write_tunes(network, known, [plan], Sampling())[0]  # type: ignore[arg-type]
