"""What a rule is: an automaton over events, with the backward mass of its states.

A tune is written event by event, and an event in three parts. In each part a rule weighs the
classes that may follow: 0 forbids one, and a positive weight is the backward mass of the state
that it leads to, the chance under a cheap surrogate that the tune can still be finished from
there (Pachet & Roy, Markov constraints, 2011). The decoder multiplies the weights of all rules
with the model's probabilities, so that nothing is drawn that cannot finish, and what must
happen is spread over the places where it can.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from canzona.composition.context import TuneState

Array = np.ndarray


class Rule(Protocol):
    """A rule for one tune. It is asked before each part of an event and keeps no state of its own.

    The state of the tune (`TuneState`) is what stands before the event; a rule derives its own
    state from it.
    """

    def durations(self, state: TuneState) -> Array | None:
        """Weights float64 (durations + 1,) of the coming event's duration; None: no opinion."""

    def pitches(self, state: TuneState, length: int) -> Array | None:
        """Weights float64 (pitches + 1,) given the event's length in ticks; None: no opinion."""

    def flags(self, state: TuneState, length: int) -> Array | None:
        """Weights float64 (3,) of the event's flag given its length in ticks; None: no opinion."""
