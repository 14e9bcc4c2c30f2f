"""A given number of phrases.

In a meter a phrase may end in each bar once, wherever in it, and the last one ends with the
tune. The surrogate lets each bar before the last hold an end with equal chance, so the backward
mass of k ends in n bars is binomial; more ends than bars are a dead end. In the pickup, and in a
bar that a given tune has begun, no phrase ends. In free meter any event may end a phrase.
"""

from __future__ import annotations

from math import comb

import numpy as np

from canzona.composition.context import TuneState
from canzona.composition.events import GOES_ON, PHRASE_ENDS, TUNE_ENDS
from canzona.composition.rules.bars import FREE_EVENTS
from canzona.errors import RulesError

Array = np.ndarray


class Phrases:
    """The rule for so many phrases in so many bars, both 1 or more.

    Parameters
    ----------
    phrases : phrases to write.
    bars : bars to write them in; None in free meter.
    given_bars, given_phrases, given_events : bars begun, phrases ended and events in what the
        tune begins with; those to write follow them.

    Raises
    ------
    RulesError : there are more phrases than bars, or than events in free meter.
    """

    def __init__(
        self,
        phrases: int,
        bars: int | None,
        *,
        given_bars: int = 0,
        given_phrases: int = 0,
        given_events: int = 0,
    ) -> None:
        room, what = (FREE_EVENTS, "notes of free meter") if bars is None else (bars, "bars")
        if phrases > room:
            raise RulesError(
                f"{phrases} phrases do not fit into {room} {what}",
                hint=f"a phrase has at least one of them: ask for {room} phrases or fewer",
            )
        self._phrases = phrases
        self._bars = bars
        self._given_bars = given_bars
        self._given_phrases = given_phrases
        self._most_events = given_events + FREE_EVENTS
        self._chance = (phrases - 1) / max(1, room - 1)

    def durations(self, state: TuneState) -> Array | None:
        """No opinion."""
        return None

    def pitches(self, state: TuneState, length: int) -> Array | None:
        """No opinion."""
        return None

    def flags(self, state: TuneState, length: int) -> Array:
        """Phrase ends that leave the right number for what is to come."""
        ended = len(state.phrase_starts) - 1 - self._given_phrases
        wanted = self._phrases - ended - 1  # beside the one that ends the tune
        weights = np.zeros(3)
        weights[TUNE_ENDS] = 1.0 if wanted == 0 else 0.0
        if self._bars is None:
            later = self._most_events - len(state.onsets) - 2  # the last event ends the tune
            weights[GOES_ON] = 1.0 if wanted <= later else 0.0
            weights[PHRASE_ENDS] = 1.0 if wanted > 0 else 0.0
            return weights
        bar = state.bars - self._given_bars
        later = self._bars - max(1, bar) - (bar > 0)
        used = ended > 0 and state.phrase_starts[-1] > state.barline
        here = 0 < bar < self._bars and not used
        _, rest = state.place(length)
        weights[GOES_ON] = self._mass(wanted, later + (here and rest > 0))
        weights[PHRASE_ENDS] = self._mass(wanted - 1, later) if here else 0.0
        return weights

    def _mass(self, ends: int, bars: int) -> float:
        """Chance of exactly so many ends in so many bars; the last bar's is the tune's own."""
        bars = max(0, bars)
        if ends < 0 or ends > bars:
            return 0.0
        mass = float(comb(bars, ends))
        for _ in range(ends):
            mass = mass * self._chance
        for _ in range(bars - ends):
            mass = mass * (1.0 - self._chance)
        return mass
