"""The trained network at use time: state in, distributions out.

The graphs run in ONNX Runtime. Their arithmetic is exact (see `canzona.train.composition.export`),
so the logits are the same bits whatever the thread count, the batch or the processor's vector
width. The tunes of a batch step together; LSTM state and attention cache are carried along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from canzona.errors import ModelError

GRAPHS = ("trunk.onnx", "pitch.onnx", "flag.onnx")
_INPUTS = (
    {"features", "tags", "gaps", "last_duration", "last_pitch", "last_flag", "h1_0", "k1_0", "v1_0"},
    {"duration", "after"},
    {"duration", "pitch", "after"},
)
"""What each graph takes at least."""
PARTS = ("duration", "pitch", "flag")
NEAREST = 64
MASKED_DISTANCE = NEAREST + 6
_ROOM = 32
"""Events by which the room for keys and values grows."""

Array = np.ndarray


class Network:
    """The three graphs of a model folder.

    Parameters
    ----------
    folder : where `trunk.onnx`, `pitch.onnx` and `flag.onnx` lie.
    threads : threads of ONNX Runtime; the results do not depend on it.

    Attributes
    ----------
    joins : whether a tune may join a batch that is under way (the first models' graphs count the
        events of all tunes together).
    copies : networks whose logits are averaged.

    Raises
    ------
    ModelError : a graph is missing, is another one, or ONNX Runtime refuses it.
    """

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that wait in a loop take five times the processor time, and more wall time where
        # another program wants a core.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.log_severity_level = 3
        try:
            sessions = [
                onnxruntime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])
                for name in GRAPHS
            ]
        except Exception as error:  # ONNX Runtime raises many kinds, none of them public
            raise ModelError(
                f"{folder} holds no network that can be run", hint="install the model again"
            ) from error
        for name, session, inputs in zip(GRAPHS, sessions, _INPUTS, strict=True):
            taken = {value.name for value in session.get_inputs()}
            if not inputs <= taken or "logits" not in {value.name for value in session.get_outputs()}:
                raise ModelError(f"{folder / name} is the graph of another kind of model",
                                 hint="install the model again")  # fmt: skip
        self._trunk, self._pitch, self._flag = sessions
        self._shapes = {value.name: value.shape for value in self._trunk.get_inputs()}
        self.joins = len(self._shapes["gaps"]) == 2
        self._outputs = [value.name for value in self._trunk.get_outputs()]
        self._needs = [[value.name for value in session.get_inputs()] for session in sessions[1:]]
        self.classes = tuple(
            next(value.shape[-1] for value in session.get_outputs() if value.name == "logits")
            for session in sessions
        )
        self.copies: int = sum(name.startswith("h1_") for name in self._shapes)

    def state(self, batch: int) -> dict[str, Array]:
        """Hidden states and cells before the first event."""
        return {
            name: np.zeros((batch, shape[-1]), np.float32)
            for name, shape in self._shapes.items()
            if name[:2] in ("h1", "c1", "h2", "c2")
        }

    def past(self, batch: int) -> Past:
        """Keys and values before the first event."""
        shapes = {name: shape for name, shape in self._shapes.items() if name[:2] in ("k1", "v1", "k2", "v2")}
        if any(len(shape) == 3 for shape in shapes.values()):
            return FlatPast(shapes, batch)
        return HeadsPast(shapes, batch, alike=not self.joins)

    def start(self, batch: int, tags: Array) -> Steps:
        """A fresh state for a batch of tunes; `tags` int64 (batch, 8)."""
        return Steps(self, batch, tags)


class Steps:
    """The carried state of a batch of tunes: one event a step, in three calls."""

    def __init__(self, network: Network, batch: int, tags: Array) -> None:
        self._network = network
        self._tags = np.array(tags, np.int64, order="C")
        self._state = network.state(batch)
        self._past = network.past(batch)
        self._given: dict[str, Array] = {}

    def duration(self, features: Array, event: Array) -> Array:
        """Logits of the coming event's duration.

        Parameters
        ----------
        features : int64 (batch, trunk features).
        event : int64 (batch, 3), classes of the event before; anything before the first.

        Returns
        -------
        float32 (batch, durations + 1)
        """
        network = self._network
        last = {f"last_{part}": np.ascontiguousarray(event[:, place]) for place, part in enumerate(PARTS)}
        feeds = {"features": features, "tags": self._tags, **last, **self._state, **self._past.feeds()}
        found = dict(zip(network._outputs, network._trunk.run(network._outputs, feeds), strict=True))
        self._state = {name: found[f"new_{name}"] for name in self._state}
        self._given = {name: value for name, value in found.items() if name.startswith("context_")}
        self._given["features"] = features
        self._past.take(found)
        logits: Array = found["logits"]
        return logits

    def pitch(self, duration: Array, after: Array) -> Array:
        """Logits float32 (batch, pitches + 1) given int64 durations (batch,) and their features."""
        return self._head(0, {"duration": duration, "after": after})

    def flag(self, duration: Array, pitch: Array, after: Array) -> Array:
        """Logits float32 (batch, 3) given durations and pitches."""
        return self._head(1, {"duration": duration, "pitch": pitch, "after": after})

    def keep(self, rows: Array) -> None:
        """Goes on with some tunes of the batch alone; `rows` their places."""
        self._tags = self._tags[rows]
        self._state = {name: value[rows] for name, value in self._state.items()}
        self._given = {name: value[rows] for name, value in self._given.items()}
        self._past.keep(rows)

    def join(self, rows: Array, tags: Array) -> None:
        """Begins new tunes in some places of the batch; `tags` int64 (len(rows), 8)."""
        self._tags[rows] = tags
        for value in self._state.values():
            value[rows] = 0
        self._past.join(rows)

    def _head(self, which: int, given: dict[str, Array]) -> Array:
        network = self._network
        held = self._given | given
        feeds = {name: held[name] for name in network._needs[which]}
        session = (network._pitch, network._flag)[which]
        logits: Array = session.run(["logits"], feeds)[0]
        return logits


class Past(Protocol):
    """Keys and values of the events so far, as the attention takes them."""

    def feeds(self) -> dict[str, Array]:
        """Inputs of the trunk for the coming event."""

    def take(self, found: Mapping[str, Array]) -> None:
        """Takes the new key of an event and the new value of the one before from the trunk's outputs."""

    def keep(self, rows: Array) -> None:
        """Goes on with some tunes of the batch alone."""

    def join(self, rows: Array) -> None:
        """Forgets the events of some rows."""


class HeadsPast:
    """Keys (batch, heads, width, room) and values (batch, heads, room, width), multiplied as they lie.

    The room follows the tune that has got farthest; what is not yet filled is masked.

    Parameters
    ----------
    shapes : of the trunk's inputs for keys and values.
    alike : the graph takes one row of distances for all tunes, which have then got equally far.
    """

    def __init__(self, shapes: Mapping[str, Sequence[Any]], batch: int, *, alike: bool) -> None:
        self._times = np.zeros(batch, np.int64)
        self._alike = alike
        self._room = _ROOM
        self._arrays = {
            name: np.zeros(
                [batch, *(_ROOM if isinstance(size, str) else size for size in shape[1:])], np.float32
            )
            for name, shape in shapes.items()
        }

    def feeds(self) -> dict[str, Array]:
        """Everything, and the distances."""
        needed = (int(self._times.max(initial=0)) // _ROOM + 1) * _ROOM
        if needed > self._room or 2 * needed < self._room:
            self._resize(needed)
        times = self._times[:1] if self._alike else self._times[:, None]
        gaps = _CLASS_OF_GAP[np.clip(times - np.arange(self._room), 0, _FARTHEST)]
        return {"gaps": gaps, **self._arrays}

    def take(self, found: Mapping[str, Array]) -> None:
        """Into the next free places."""
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
        """Moves rows to the front where they lie; only those that change their place are copied."""
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
        """Empties the rows: a value that is not there yet has to be 0."""
        self._times[rows] = 0
        for array in self._arrays.values():
            array[rows] = 0

    def _resize(self, room: int) -> None:
        kept = min(room, self._room)
        self._room = room
        for name, array in self._arrays.items():
            keys = name[0] == "k"
            shape = list(array.shape)
            shape[3 if keys else 2] = room
            self._arrays[name] = np.zeros(shape, np.float32)
            if keys:
                self._arrays[name][..., :kept] = array[..., :kept]
            else:
                self._arrays[name][:, :, :kept] = array[:, :, :kept]


class FlatPast:
    """Keys and values (time, batch, heads x width), as the first models' graphs take them."""

    def __init__(self, shapes: Mapping[str, Sequence[Any]], batch: int) -> None:
        self._time = 0
        self._arrays = {
            name: np.zeros((_ROOM, batch, shape[-1]), np.float32) for name, shape in shapes.items()
        }

    def feeds(self) -> dict[str, Array]:
        """What is filled, and the distances."""
        past = max(1, self._time)
        gaps = distance_classes(self._time) if self._time else np.array([MASKED_DISTANCE])
        filled = {name: array[: past - (name[0] == "v")] for name, array in self._arrays.items()}
        return {"gaps": gaps, **filled}

    def take(self, found: Mapping[str, Array]) -> None:
        """Behind the last ones."""
        for name, array in self._arrays.items():
            place = self._time if name[0] == "k" else self._time - 1
            if place == len(array):
                array = self._arrays[name] = np.concatenate([array, np.zeros_like(array)])
            if place >= 0:
                array[place] = found[f"new_{name}"]
        self._time += 1

    def keep(self, rows: Array) -> None:
        """Copies the rows."""
        self._arrays = {name: value[:, rows] for name, value in self._arrays.items()}

    def join(self, rows: Array) -> None:
        """These graphs cannot."""
        raise NotImplementedError("all tunes of a batch of this model begin together")


def distance_classes(length: int) -> Array:
    """Classes of the distances from the coming event to each of `length` earlier ones, oldest first."""
    gap = np.arange(length, 0, -1, dtype=np.int64)
    far = sum((gap >= NEAREST * 2**k).astype(np.int64) for k in range(1, 6))
    return np.where(gap < NEAREST, gap, NEAREST + far)


_FARTHEST = NEAREST * 2**5
_CLASS_OF_GAP = np.concatenate([[MASKED_DISTANCE], distance_classes(_FARTHEST)[::-1]])
"""The class of each distance up to the one from which all are alike; 0 is no event."""
