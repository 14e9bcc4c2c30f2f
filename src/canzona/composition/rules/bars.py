"""Bars close and the tune ends.

No note crosses a bar line, every bar is filled, and the tune ends on a full bar, or on one that
is short by the pickup, as songs with a pickup do. The automaton's state is the place in the bar and
whether the bar is the last. A model of tunes whose bars close sees to that itself, so the backward
mass of a place is 1 wherever durations fill the rest of the bar exactly, and 0 elsewhere: a chance
under durations drawn at random would count twice what the model knows (it made sixteenths, which
need company, a quarter as frequent as in the model's songs).
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
        *,
        bar_length: int,
        pickup: int,
        bars: int | None,
        given_bars: int = 0,
        given_events: int = 0,
    ) -> None:
        self._filling = _filling(tuple(lengths.tolist()))
        self._bar_length = bar_length
        self._bars = None if bars is None else given_bars + bars
        self._most_bars = given_bars + FREE_BARS
        self._most_events = given_events + FREE_EVENTS
        if not self._filling.usable.any() or not self.fills(bar_length):
            raise RulesError(
                "no durations that the model knows fill a bar of this meter", hint="choose another meter"
            )
        # A last bar is short by the pickup only where durations fill what is left of it.
        self._pickup = pickup if self.fills(max(0, bar_length - pickup)) else 0

    def fills(self, left: int) -> bool:
        """Whether durations fill exactly `left` ticks."""
        return self._filling.fills(left)

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
    """What durations fill of a bar; its tables grow as they are asked for.

    Parameters
    ----------
    lengths : ticks of each duration class, 0 for classes that may not be used.
    """

    def __init__(self, lengths: Sequence[int]) -> None:
        self._lengths = lengths
        self._steps = sorted({length for length in lengths if length})
        self._fills = {0: True}
        self._weights: dict[int, Array] = {}
        self.usable = np.array([1.0 if length else 0.0 for length in lengths])
        self.usable.flags.writeable = False

    def fills(self, left: int) -> bool:
        """Whether durations fill exactly `left` ticks, 0 or more."""
        known = self._fills
        if left not in known:
            for rest in self._unknown(left):
                known[rest] = any(known[rest - step] for step in self._steps if step <= rest)
        return known[left]

    def weights(self, left: int) -> Array:
        """1 for each class of duration behind which the rest can be filled, float64 (durations + 1,)."""
        if left not in self._weights:
            rests = [left - length if length else -1 for length in self._lengths]
            found = np.array([float(rest >= 0 and self.fills(rest)) for rest in rests])
            found.flags.writeable = False
            self._weights[left] = found
        return self._weights[left]

    def _unknown(self, left: int) -> list[int]:
        """What may be left after any durations and is not known, in rising order."""
        found, waiting = {left}, [left]
        while waiting:
            here = waiting.pop()
            for step in self._steps:
                rest = here - step
                if rest >= 0 and rest not in found and rest not in self._fills:
                    found.add(rest)
                    waiting.append(rest)
        return sorted(found)


@lru_cache(maxsize=64)
def _filling(lengths: tuple[int, ...]) -> _Filling:
    """One table for all tunes of a meter."""
    return _Filling(lengths)


def _flags(goes_on: float, ends: float) -> Array:
    """Weights of the three flags."""
    weights = np.zeros(3)
    weights[[GOES_ON, PHRASE_ENDS]] = goes_on
    weights[TUNE_ENDS] = ends
    weights.flags.writeable = False
    return weights


_GOES_ON, _MAY_END, _ENDS = _flags(1.0, 0.0), _flags(1.0, 1.0), _flags(0.0, 1.0)
