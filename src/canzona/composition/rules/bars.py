"""Bars close and the tune ends.

No note crosses a bar line, every bar is filled, and the tune ends on a full bar, or on one that
is short by the pickup, as songs with a pickup do. The automaton's state is the place in the bar and
whether the bar is the last; the backward mass of a place is the chance that durations drawn
from the training corpus fill the rest of the bar exactly.
"""

from __future__ import annotations

import numpy as np

from canzona.composition.context import TuneState
from canzona.composition.events import GOES_ON, PHRASE_ENDS, TUNE_ENDS
from canzona.errors import RulesError

Array = np.ndarray

MOST_BARS = 512
"""Bars that a tune may have."""

FREE_BARS = 64
"""Bars after which a tune of free length is ended."""

FREE_EVENTS = 400
"""Events after which a tune in free meter is ended."""


class Bars:
    """The rule for one meter.

    Parameters
    ----------
    lengths : duration of each class in ticks, 0 for classes that may not be used.
    chances : float64, probability of each class in the training corpus.
    bar_length : ticks of a full bar, 0 in free meter.
    pickup : ticks of the pickup, 0 without one.
    bars : full bars to write, or None: the model ends where it likes.
    given_bars, given_events : bars begun and events in what the tune begins with; the bars to
        write follow them.

    Raises
    ------
    RulesError : no durations fill a bar.
    """

    def __init__(
        self,
        lengths: Array,
        chances: Array,
        *,
        bar_length: int,
        pickup: int,
        bars: int | None,
        given_bars: int = 0,
        given_events: int = 0,
    ) -> None:
        self._lengths = lengths.astype(np.int64)
        self._chances = np.where(self._lengths > 0, chances, 0.0)
        self._bar_length = bar_length
        self._bars = None if bars is None else given_bars + bars
        self._most_bars = given_bars + FREE_BARS
        self._most_events = given_events + FREE_EVENTS
        self._mass: dict[int, float] = {0: 1.0}
        if bar_length and not self.mass(bar_length) > 0:
            raise RulesError(
                "no durations that the model knows fill a bar of this meter", hint="choose another meter"
            )
        # A last bar is short by the pickup only where durations fill what is left of it.
        self._pickup = pickup if self.mass(max(0, bar_length - pickup)) > 0 else 0

    def mass(self, left: int) -> float:
        """Chance that drawn durations fill exactly `left` ticks."""
        found = self._mass.get(left)
        if found is None:
            self._mass[left] = 0.0
            found = 0.0
            for length, chance in zip(self._lengths.tolist(), self._chances.tolist(), strict=True):
                if chance and length <= left:
                    found = found + chance * self.mass(left - length)
            self._mass[left] = found
        return found

    def durations(self, state: TuneState) -> Array:
        """Weights of the durations that the bar has room for."""
        if not self._bar_length:
            return np.where(self._lengths > 0, 1.0, 0.0)
        left = self._left(state)
        rests = left - self._lengths
        weights = [self.mass(rest) if rest >= 0 and length > 0 else 0.0
                   for rest, length in zip(rests.tolist(), self._lengths.tolist(), strict=True)]  # fmt: skip
        return np.array(weights)

    def pitches(self, state: TuneState, length: int) -> Array | None:
        """No opinion."""
        return None

    def flags(self, state: TuneState, length: int) -> Array:
        """The tune ends where its last bar is full, and nowhere else."""
        weights = np.zeros(3)
        weights[[GOES_ON, PHRASE_ENDS]] = 1.0
        if not self._bar_length:
            weights[TUNE_ENDS] = 1.0 if len(state.onsets) else 0.0
            return _only_end() if len(state.onsets) + 1 >= self._most_events else weights
        place, left = state.place(length)
        if self._bars is None:
            if place and left in (0, self._pickup) and state.bars:
                weights[TUNE_ENDS] = 1.0
            return _only_end() if left == 0 and state.bars >= self._most_bars else weights
        return _only_end() if self._last(state) and self._left(state) == length else weights

    def _last(self, state: TuneState) -> bool:
        return self._bars is not None and state.bars >= self._bars

    def _left(self, state: TuneState) -> int:
        """Ticks that may still be filled before the next bar line or the tune's end."""
        _, left = state.place()
        return left - self._pickup if self._last(state) and left > self._pickup else left


def _only_end() -> Array:
    weights = np.zeros(3)
    weights[TUNE_ENDS] = 1.0
    return weights
