"""A given number of phrases in a given number of bars.

A phrase may end anywhere, at most once a bar, and the last one ends with the tune. The surrogate
lets each bar before the last hold an end with equal chance, so the backward mass of k ends in n
bars is binomial; more ends than bars are a dead end.
"""

from __future__ import annotations

from math import comb

import numpy as np

from canzona.composition.context import TuneState
from canzona.composition.events import GOES_ON, PHRASE_ENDS, TUNE_ENDS
from canzona.errors import RulesError

Array = np.ndarray


class Phrases:
    """The rule for `phrases` phrases in `bars` bars, both 1 or more.

    Raises
    ------
    RulesError : there are more phrases than bars.
    """

    def __init__(self, phrases: int, bars: int) -> None:
        if phrases > bars:
            raise RulesError(
                f"{phrases} phrases do not fit into {bars} bars",
                hint="a phrase has at least one bar: ask for fewer phrases or more bars",
            )
        self._phrases = phrases
        self._bars = bars
        self._chance = (phrases - 1) / max(1, bars - 1)

    def durations(self, state: TuneState) -> Array | None:
        """No opinion."""
        return None

    def pitches(self, state: TuneState, length: int) -> Array | None:
        """No opinion."""
        return None

    def flags(self, state: TuneState, length: int) -> Array:
        """Phrase ends that leave the right number for the bars to come."""
        bar = max(1, state.bars)
        ended = len(state.phrase_starts) - 1
        wanted = self._phrases - ended - 1  # beside the one that ends the tune
        used = ended > 0 and state.phrase_starts[-1] > state.barline
        _, rest = state.place(length)
        later = self._bars - 1 - bar
        here = not used and bar < self._bars
        weights = np.zeros(3)
        weights[GOES_ON] = self._mass(wanted, later + (here and rest > 0))
        weights[PHRASE_ENDS] = self._mass(wanted - 1, later) if here else 0.0
        weights[TUNE_ENDS] = 1.0 if wanted == 0 else 0.0
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
