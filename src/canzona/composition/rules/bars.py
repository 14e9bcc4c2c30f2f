"""Bars close and the tune ends.

No note crosses a bar line, every bar is filled, and the tune ends on a full bar, or on one that
is short by the pickup, as songs with a pickup do. The automaton's state is the place in the bar and
whether the bar is the last; the backward mass of a place is the chance that durations drawn
from the training corpus fill the rest of the bar exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

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
        self._filling = _filling(tuple(lengths.tolist()), tuple(chances.tolist()))
        self._bar_length = bar_length
        self._bars = None if bars is None else given_bars + bars
        self._most_bars = given_bars + FREE_BARS
        self._most_events = given_events + FREE_EVENTS
        if not self._filling.usable.any() or not self.mass(bar_length) > 0:
            raise RulesError(
                "no durations that the model knows fill a bar of this meter", hint="choose another meter"
            )
        # A last bar is short by the pickup only where durations fill what is left of it.
        self._pickup = pickup if self.mass(max(0, bar_length - pickup)) > 0 else 0

    def mass(self, left: int) -> float:
        """Chance that drawn durations fill exactly `left` ticks."""
        return self._filling.mass(left)

    def durations(self, state: TuneState) -> Array:
        """Weights of the durations that the bar has room for; not to be written to."""
        return self._filling.weights(self._left(state)) if self._bar_length else self._filling.usable

    def pitches(self, state: TuneState, length: int) -> Array | None:
        """No opinion."""
        return None

    def flags(self, state: TuneState, length: int) -> Array:
        """The tune ends where its last bar is full, and nowhere else; not to be written to."""
        if not self._bar_length:
            if len(state.onsets) + 1 >= self._most_events:
                return _ENDS
            return _MAY_END if state.onsets else _GOES_ON
        place, left = state.place(length)
        if self._bars is None:
            if left == 0 and state.bars >= self._most_bars:
                return _ENDS
            return _MAY_END if place and left in (0, self._pickup) and state.bars else _GOES_ON
        return _ENDS if self._last(state) and self._left(state) == length else _GOES_ON

    def _last(self, state: TuneState) -> bool:
        return self._bars is not None and state.bars >= self._bars

    def _left(self, state: TuneState) -> int:
        """Ticks that may still be filled before the next bar line or the tune's end."""
        _, left = state.place()
        return left - self._pickup if self._last(state) and left > self._pickup else left


class _Filling:
    """How durations fill what is left of a bar; its tables grow as they are asked for.

    Parameters
    ----------
    lengths : ticks of each duration class, 0 for classes that may not be used.
    chances : probability of each class in the training corpus.
    """

    def __init__(self, lengths: Sequence[int], chances: Sequence[float]) -> None:
        self._lengths = lengths
        self._steps = [
            (length, chance) for length, chance in zip(lengths, chances, strict=True) if length and chance
        ]
        self._mass = {0: 1.0}
        self._weights: dict[int, Array] = {}
        self.usable = np.array([1.0 if length else 0.0 for length in lengths])
        self.usable.flags.writeable = False

    def mass(self, left: int) -> float:
        """Chance that drawn durations fill exactly `left` ticks, 0 or more."""
        known = self._mass
        if left not in known:
            for rest in self._unknown(left):  # the sum runs in the order of the classes
                total = 0.0
                for length, chance in self._steps:
                    if length <= rest:
                        total = total + chance * known[rest - length]
                known[rest] = total
        return known[left]

    def weights(self, left: int) -> Array:
        """The mass behind each class of duration, float64 (durations + 1,)."""
        if left not in self._weights:
            rests = [left - length if length else -1 for length in self._lengths]
            found = np.array([self.mass(rest) if rest >= 0 else 0.0 for rest in rests])
            found.flags.writeable = False
            self._weights[left] = found
        return self._weights[left]

    def _unknown(self, left: int) -> list[int]:
        """What may be left after any durations and whose mass is not known, in rising order."""
        found, waiting = {left}, [left]
        while waiting:
            here = waiting.pop()
            for length, _ in self._steps:
                rest = here - length
                if rest >= 0 and rest not in found and rest not in self._mass:
                    found.add(rest)
                    waiting.append(rest)
        return sorted(found)


@lru_cache(maxsize=64)
def _filling(lengths: tuple[int, ...], chances: tuple[float, ...]) -> _Filling:
    """One table for all tunes of a meter."""
    return _Filling(lengths, chances)


def _flags(goes_on: float, ends: float) -> Array:
    """Weights of the three flags."""
    weights = np.zeros(3)
    weights[[GOES_ON, PHRASE_ENDS]] = goes_on
    weights[TUNE_ENDS] = ends
    weights.flags.writeable = False
    return weights


_GOES_ON, _MAY_END, _ENDS = _flags(1.0, 0.0), _flags(1.0, 1.0), _flags(0.0, 1.0)
