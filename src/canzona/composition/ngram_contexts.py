"""What the n-gram sees of an event: named columns, and chains of contexts made of them.

Columns are `duration` (of the event itself, known when its pitch is coded), `meter`, `place`
(in the bar), `ended` (a phrase has just ended) and the earlier events as `duration-1`,
`pitch-3` ... A context is the values of some columns; it is kept as a 32-bit hash.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from canzona.composition.events import GOES_ON, EventList, Vocabulary, ticks
from canzona.composition.melody import Ints

PARTS = ("duration", "pitch")

FARTHEST = {"duration": 8, "pitch": 6}
"""Earlier events that the longest contexts hold."""

_NONE = -1
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def chain(part: str) -> list[tuple[str, ...]]:
    """Contexts of a part as names of columns, from the empty one to the longest."""
    earlier = [f"{part}-{distance}" for distance in range(1, FARTHEST[part] + 1)]
    if part == "pitch":
        contexts: list[tuple[str, ...]] = [()]
        for order in range(1, len(earlier) + 1):
            contexts += [tuple(earlier[:order]), ("duration", *earlier[:order])]
        return contexts
    bar = ("meter", "place")
    first = [(), ("duration-1",), bar, (*bar, "duration-1")]
    return first + [(*bar, "ended", *earlier[:order]) for order in range(1, len(earlier) + 1)]


@dataclass(frozen=True)
class Rows:
    """Events of many tunes end to end.

    Attributes
    ----------
    columns : `duration`, `pitch`, `meter`, `place`, `ended`, `within` (events before it in its
        tune), (events,) each.
    starts : place of each tune's first event, and the end, (tunes + 1,).
    """

    columns: dict[str, Ints]
    starts: Ints
    _earlier: dict[str, Ints] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return int(self.starts[-1])

    def column(self, name: str) -> Ints:
        """A column by its name, of earlier events too ('pitch-2'), (events,)."""
        if name in self.columns:
            return self.columns[name]
        if name not in self._earlier:
            part, _, back = name.partition("-")
            distance, values = int(back), self.columns[part]
            earlier = np.full(len(values), _NONE, np.int64)
            earlier[distance:] = values[: max(0, len(values) - distance)]
            earlier[self.columns["within"] < distance] = _NONE
            self._earlier[name] = earlier
        return self._earlier[name]

    def contexts(self, names: Sequence[str]) -> NDArray[np.uint32]:
        """Hashes of the values of some columns, (events,)."""
        mixed = np.zeros(len(self), np.uint64)
        for name in names:
            mixed = (mixed + (self.column(name) + 2).astype(np.uint64)) * _MULTIPLIER
            mixed ^= mixed >> np.uint64(29)
        return (mixed >> np.uint64(16)).astype(np.uint32)

    def of_tunes(self, chosen: NDArray[np.bool_]) -> Rows:
        """The rows of some tunes, `chosen` (tunes,)."""
        lengths = np.diff(self.starts)
        kept = np.repeat(chosen, lengths)
        columns = {name: column[kept] for name, column in self.columns.items()}
        return Rows(columns, np.cumsum(np.append(0, lengths[chosen])))


def rows_of(vocabulary: Vocabulary, tunes: Sequence[EventList]) -> Rows:
    """The rows of tunes; nothing in a row comes from later events."""
    names = ("duration", "pitch", "meter", "place", "ended", "within")
    tables = [_columns(vocabulary, tune) for tune in tunes]
    empty = np.zeros(0, np.int64)
    columns = {name: np.concatenate([empty, *(table[name] for table in tables)]) for name in names}
    return Rows(columns, np.cumsum([0, *(len(table["duration"]) for table in tables)]))


def classes(vocabulary: Vocabulary, part: str) -> int:
    """Number of classes of a part, its escape (the last one) included."""
    return 1 + (vocabulary.duration_escape if part == "duration" else vocabulary.pitch_escape)


def _columns(vocabulary: Vocabulary, tune: EventList) -> dict[str, Ints]:
    events = tune.events
    durations = [vocabulary.duration_ids.get(event.duration, vocabulary.duration_escape) for event in events]
    pitches = [vocabulary.pitch_ids.get(event.pitch, vocabulary.pitch_escape) for event in events]
    ended = [True, *(event.flag != GOES_ON for event in events)][: len(events)]
    meter, place = _metrical(tune)
    return {
        "duration": np.array(durations, np.int64),
        "pitch": np.array(pitches, np.int64),
        "meter": meter,
        "place": place,
        "ended": np.array(ended, np.int64),
        "within": np.arange(len(events)),
    }


def _metrical(tune: EventList) -> tuple[Ints, Ints]:
    """Meter and place in the bar at each event; a pickup stands at the end of the bar that it lacks."""
    onsets = np.array([event.onset for event in tune.events], np.int64)
    meter = np.zeros(len(onsets), np.int64)
    length = np.zeros(len(onsets), np.int64)
    for begin, value in tune.meters:
        after = onsets >= begin
        meter[after] = zlib.crc32(str(value).encode())
        length[after] = 0 if value.is_free else ticks(value.length)
    lines = np.array([0, *tune.barlines], np.int64)
    place = onsets - lines[np.searchsorted(lines, onsets, side="right") - 1]
    pickup = tune.conditions.pickup
    short = (onsets < pickup) & (length > 0)
    place[short] += length[short] - pickup
    return meter, np.where(length > 0, place, _NONE)
