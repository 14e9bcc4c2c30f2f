"""Second passes: where a source plays its repeats out, which events only repeat.

Dance tunes as MIDI play each part twice. A group of four or eight bars is a second pass where
at least three quarters of its bars equal those of the group just before it (endings differ).
"""

from __future__ import annotations

import numpy as np

from canzona.composition.events import EventList

GROUPS = (8, 4)
SAME = 0.75


def second_passes(listed: EventList) -> np.ndarray:
    """Bool (events,): True for events of second passes."""
    edges = np.array([0, *(line for line in listed.barlines if line > 0)])
    bar_of = np.searchsorted(edges, [event.onset for event in listed.events], side="right") - 1
    pickup = 1 if listed.conditions.pickup else 0
    bars: list[list[tuple[object, object]]] = [[] for _ in range(int(bar_of.max(initial=0)) + 1)]
    for event, bar in zip(listed.events, bar_of.tolist(), strict=True):
        bars[bar].append((event.duration, event.pitch))
    repeated = np.zeros(len(bars), bool)
    at = pickup
    while at < len(bars):
        for size in GROUPS:
            first = at - size
            if first >= pickup and at + size <= len(bars) and not repeated[first:at].any():
                same = sum(bars[first + k] == bars[at + k] for k in range(size))
                if same >= SAME * size:
                    repeated[at : at + size] = True
                    at += size
                    break
        else:
            at += 1
    found: np.ndarray = repeated[bar_of] if len(bar_of) else np.zeros(0, bool)
    return found
