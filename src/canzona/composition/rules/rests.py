"""No long rests: a voice that waits for its accompaniment is no tune of its own.

The automaton's state is how long the tune has been silent. A rest that would make it longer than
is allowed is forbidden; a note never is, so no state is a dead end and the mass is 1 everywhere.
"""

from __future__ import annotations

import numpy as np

from canzona.composition.context import TuneState
from canzona.composition.events import REST, Vocabulary

Array = np.ndarray


class Rests:
    """The rule that no silence, of one rest or several, is longer than `longest`.

    Parameters
    ----------
    vocabulary : the classes of pitches.
    longest : the longest silence in ticks, 0 or more; what the tune begins with is not judged.
    """

    def __init__(self, vocabulary: Vocabulary, longest: int) -> None:
        self._longest = longest
        self._notes_only = np.ones(len(vocabulary.pitches) + 1)
        rest = vocabulary.pitch_ids.get(REST)
        if rest is not None:
            self._notes_only[rest] = 0.0

    def durations(self, state: TuneState) -> Array | None:
        """No opinion."""
        return None

    def pitches(self, state: TuneState, length: int) -> Array | None:
        """No rest where the silence would grow too long."""
        return self._notes_only if silence(state) + length > self._longest else None

    def flags(self, state: TuneState, length: int) -> Array | None:
        """No opinion."""
        return None


def silence(state: TuneState) -> int:
    """Ticks since the last note ended, or since the tune began."""
    after = state.sounding + 1
    return state.now - state.onsets[after] if after < len(state.onsets) else 0
