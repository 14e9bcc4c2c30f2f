"""What the trunk's attention sees of a tune's own past: keys and values of the events so far.

Keys lie as (batch, heads, width, room) and values as (batch, heads, room, width), as they are
multiplied. The room follows the tune of the batch that has got farthest; what is not yet filled
is masked by its distance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

NEAREST = 64
"""Distances in events that are told apart one by one."""

MASKED_DISTANCE = NEAREST + 6

_ROOM = 32
"""Events by which the room grows."""

Array = np.ndarray


class Past:
    """The past of a batch of tunes, each as far as it has got.

    Parameters
    ----------
    shapes : of the trunk's inputs `k1_0`, `v1_0`, ...
    batch : tunes.
    """

    def __init__(self, shapes: Mapping[str, Sequence[Any]], batch: int) -> None:
        self._times = np.zeros(batch, np.int64)
        self._room = _ROOM
        self._gaps = _gap_rows(_ROOM)
        self._arrays = {
            name: np.zeros(
                [batch, *(_ROOM if isinstance(size, str) else size for size in shape[1:])], np.float32
            )
            for name, shape in shapes.items()
        }

    def feeds(self) -> dict[str, Array]:
        """Inputs of the trunk for the coming event."""
        needed = (int(self._times.max(initial=0)) // _ROOM + 1) * _ROOM
        if needed > self._room or 2 * needed < self._room:
            self._resize(needed)
        return {"gaps": self._gaps[self._room - self._times], **self._arrays}

    def take(self, found: Mapping[str, Array]) -> None:
        """Takes an event's new key, and the new value of the one before, from the trunk's outputs."""
        rows = np.arange(len(self._times))
        begun = np.flatnonzero(self._times)
        for name, array in self._arrays.items():
            new = found[f"new_{name}"].reshape(len(array), array.shape[1], -1)
            if name[0] == "k":
                array[rows, :, :, self._times] = new
            else:
                array[begun, :, self._times[begun] - 1] = new[begun]
        self._times += 1

    def keep(self, rows: Array) -> None:
        """Goes on with some tunes alone, by their places; only those that change theirs are copied."""
        self._times = self._times[rows]
        moved = np.flatnonzero(rows != np.arange(len(rows)))
        if (rows < np.arange(len(rows))).any():  # some row would be written to before it is read
            self._arrays = {name: value[rows] for name, value in self._arrays.items()}
            return
        for name, array in self._arrays.items():
            for place in moved.tolist():
                array[place] = array[rows[place]]
            self._arrays[name] = array[: len(rows)]

    def join(self, rows: Array) -> None:
        """Forgets the events of some rows; a value that is not there yet has to be 0."""
        self._times[rows] = 0
        for array in self._arrays.values():
            array[rows] = 0

    def _resize(self, room: int) -> None:
        kept = min(room, self._room)
        self._room = room
        self._gaps = _gap_rows(room)
        for name, array in self._arrays.items():
            axis = 3 if name[0] == "k" else 2
            shape = list(array.shape)
            shape[axis] = room
            filled = (*[slice(None)] * axis, slice(kept))
            self._arrays[name] = np.zeros(shape, array.dtype)
            self._arrays[name][filled] = array[filled]


def distance_classes(length: int) -> Array:
    """Classes of the distances from the coming event to each of `length` earlier ones, oldest first."""
    gap = np.arange(length, 0, -1, dtype=np.int64)
    far = sum((gap >= NEAREST * 2**k).astype(np.int64) for k in range(1, 6))
    return np.where(gap < NEAREST, gap, NEAREST + far)


_FARTHEST = NEAREST * 2**5
_CLASS_OF_GAP = np.concatenate([[MASKED_DISTANCE], distance_classes(_FARTHEST)[::-1]])
"""The class of each distance up to the one from which all are alike; 0 is no event."""


def _gap_rows(room: int) -> Array:
    """Classes of the distances to `room` events, (room + 1, room), views of one line.

    The first row is of a tune that has got to `room`, each other of one that is an event behind.
    """
    line = _CLASS_OF_GAP[np.clip(room - np.arange(2 * room), 0, _FARTHEST)]
    return np.lib.stride_tricks.sliding_window_view(line, room)
