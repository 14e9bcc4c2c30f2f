"""How often a tune has had each class before, in the places that are like the coming one.

The heads of a network recall what has been (counts as in the cache language model of Kuhn & De
Mori, IEEE PAMI 12(6), 1990): in all, or where a feature was what it is now. The counts are kept
from step to step, so that a step costs the same however long the tune.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Array = np.ndarray

EVERY = -1
"""In place of a column of the trunk's features: every earlier event counts."""

Way = tuple[int, int]
"""A column of the trunk's features or `EVERY`, and its number of classes, 1 for `EVERY`."""


def ways_to_text(ways: Sequence[Way]) -> str:
    """Ways of counting as a graph's metadata hold them: '6:290 -1:1'."""
    return " ".join(f"{column}:{classes}" for column, classes in ways)


def ways_from_text(text: str) -> list[Way]:
    """The inverse of `ways_to_text`."""
    pairs = (way.split(":") for way in text.split())
    return [(int(column), int(classes)) for column, classes in pairs]


class Counts:
    """Counts of one part's classes for a batch of tunes.

    Parameters
    ----------
    ways : by which feature events are counted, one way each.
    classes : of the part that is counted.
    batch : tunes.
    """

    def __init__(self, ways: Sequence[Way], classes: int, batch: int) -> None:
        self._columns = [column for column, _ in ways]
        self._tables = [np.zeros((batch, values, classes), np.uint16) for _, values in ways]
        self._shape = len(ways), classes

    def so_far(self, features: Array) -> Array:
        """Counts for the coming event, float32 (batch, ways, classes); features int64 (batch, features)."""
        found = np.empty((len(features), *self._shape), np.float32)
        rows = np.arange(len(features))
        for way, (column, table) in enumerate(zip(self._columns, self._tables, strict=True)):
            found[:, way] = table[rows, features[:, column]] if column != EVERY else table[:, 0]
        return found

    def push(self, rows: Array, features: Array, classes: Array) -> None:
        """Takes an event of some tunes: features (rows, features) before it and its class (rows,)."""
        for column, table in zip(self._columns, self._tables, strict=True):
            table[rows, features[:, column] if column != EVERY else 0, classes] += 1

    def keep(self, rows: Array) -> None:
        """Goes on with some tunes alone, by their places."""
        self._tables = [table[rows] for table in self._tables]

    def join(self, rows: Array) -> None:
        """Forgets the events of some tunes."""
        for table in self._tables:
            table[rows] = 0
