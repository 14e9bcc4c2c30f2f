"""All sizes of a composer network, and the tables that follow from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

NO_STEP = -99
"""In place of a staff step, for a rest and for the escape."""

WIDEST = 12
"""Intervals in steps that the pitch head tells apart."""

INTERVALS = 2 * WIDEST + 3
"""Its classes: the intervals, a rest or escape, and no pitch to count from."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """All sizes of a network.

    `trunk` and `after` are the numbers of classes of each feature, in order.
    `duration_columns` and `pitch_columns` say which trunk features name a candidate to copy,
    `sounding_column` which holds the pitch that sounds;
    `pitch_steps` are the staff steps of the pitch classes, `NO_STEP` for rest and escape.
    `duration_recalls` and `pitch_recalls` say by which trunk feature earlier events are counted,
    `EVERY` for all of them. Where they are empty, the heads do without.
    """

    trunk: tuple[int, ...]
    after: tuple[int, ...]
    durations: int
    pitches: int
    tags: int
    embedding: int = 16
    width: int = 320
    hidden: int = 384
    heads: int = 4
    head_width: int = 32
    head_hidden: int = 256
    dropout: float = 0.4
    feature_dropout: float = 0.04
    duration_columns: tuple[int, ...] = ()
    pitch_columns: tuple[int, ...] = ()
    sounding_column: int = -1
    pitch_steps: tuple[int, ...] = ()
    duration_recalls: tuple[int, ...] = ()
    pitch_recalls: tuple[int, ...] = ()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Sizes:
        """From the values of `to_dict`."""
        held: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list | tuple) else value for name, value in values.items()
        }
        return cls(**held)

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def interval_table(steps: Sequence[int]) -> np.ndarray:
    """Interval class of each pitch class (columns) from each sounding one, and from none (last rows)."""
    table = np.full((len(steps) + 1, len(steps)), INTERVALS - 1, np.int64)
    for here, low in enumerate(steps):
        for there, high in enumerate(steps):
            if high == NO_STEP:
                table[here, there] = INTERVALS - 2
            elif low != NO_STEP:
                table[here, there] = max(-WIDEST, min(WIDEST, high - low)) + WIDEST
    return table
