"""The trained network at use time: state in, distributions out.

The graphs run in ONNX Runtime. Their arithmetic is exact (see `canzona.train.composition.export`),
so the logits are the same bits whatever the thread count, the batch or the processor's vector
width. The tunes of a batch step together; LSTM state and attention cache are carried along.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from canzona.composition.counts import Counts, ways_from_text
from canzona.composition.events import TUNE_ENDS
from canzona.composition.past import Past
from canzona.errors import ModelError
from canzona.models.graphs import open_graph

GRAPHS = ("trunk.onnx", "pitch.onnx", "flag.onnx")
_INPUTS = (
    {"features", "tags", "gaps", "last_duration", "last_pitch", "last_flag", "h1_0", "k1_0", "v1_0"},
    {"duration", "after"},
    {"duration", "pitch", "after"},
)
"""What each graph takes at least."""

_CARRIED = ("h1_", "c1_", "h2_", "c2_", "k1_", "v1_", "k2_", "v2_")
"""What the trunk takes of each network's state besides, with the network's number."""

PARTS = ("duration", "pitch", "flag")

Array = np.ndarray


class Network:
    """The three graphs of a model folder.

    Parameters
    ----------
    folder : where `trunk.onnx`, `pitch.onnx` and `flag.onnx` lie.
    threads : threads of ONNX Runtime; the results do not depend on it.

    Attributes
    ----------
    copies : networks whose logits are averaged.
    features : features of an event that the network takes.

    Raises
    ------
    ModelError : a graph is missing, is another one, or ONNX Runtime refuses it.
    """

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        sessions = [open_graph(folder / name, threads=threads, as_written=True) for name in GRAPHS]
        for name, session, inputs in zip(GRAPHS, sessions, _INPUTS, strict=True):
            taken = {value.name for value in session.get_inputs()}
            if not inputs <= taken or "logits" not in {value.name for value in session.get_outputs()}:
                raise ModelError(f"{folder / name} is the graph of another kind of model",
                                 hint="install the model again")  # fmt: skip
        self._trunk, self._pitch, self._flag = sessions
        self._shapes = {value.name: value.shape for value in self._trunk.get_inputs()}
        strange = any(name[:3] not in _CARRIED for name in self._shapes.keys() - _INPUTS[0] - {"counts"})
        if strange or len(self._shapes["gaps"]) != 2 or len(self._shapes["k1_0"]) != 4:
            raise ModelError(f"{folder} was made for an older version", hint="train or install it again")
        self.features: int = self._shapes["features"][1]
        self._outputs = [value.name for value in self._trunk.get_outputs()]
        ways = self._trunk.get_modelmeta().custom_metadata_map
        self._ways = [ways_from_text(ways.get(f"{part}_ways", "")) for part in PARTS[:2]]
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
        carried = ("k1", "v1", "k2", "v2")
        return Past({name: shape for name, shape in self._shapes.items() if name.startswith(carried)}, batch)

    def counts(self, batch: int) -> list[Counts]:
        """Counts of durations and pitches before the first event."""
        return [Counts(ways, classes, batch) for ways, classes in zip(self._ways, self.classes, strict=False)]

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
        self._counts = network.counts(batch)
        self._begun = np.zeros(batch, bool)
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
        counts = self._counted(features, event)
        feeds = {"features": features, "tags": self._tags, **last, **self._state, **self._past.feeds()}
        if "counts" in network._shapes:
            feeds["counts"] = counts[0]
        found = dict(zip(network._outputs, network._trunk.run(network._outputs, feeds), strict=True))
        self._state = {name: found[f"new_{name}"] for name in self._state}
        self._given = {name: value for name, value in found.items() if name.startswith("context_")}
        self._given |= {"features": features, "counts": counts[1]}
        self._past.take(found)
        logits: Array = found["logits"]
        return logits

    def pitch(self, duration: Array, after: Array) -> Array:
        """Logits float32 (batch, pitches + 1) given int64 durations (batch,) and their features."""
        return self._head(0, {"duration": duration, "after": after})

    def flag(self, duration: Array, pitch: Array, after: Array) -> Array:
        """Logits float32 (batch, 3) given durations and pitches."""
        return self._head(1, {"duration": duration, "pitch": pitch, "after": after})

    def endings(self, rows: Array, duration: Array, after: Array) -> Array:
        """How much likelier each pitch would be followed by the tune's end than by anything else.

        Parameters
        ----------
        rows : int64 (rows,), places of the tunes that are asked for.
        duration, after : of all tunes of the batch, as `flag` takes them.

        Returns
        -------
        float32 (rows, pitches + 1), differences of logits.
        """
        network = self._network
        pitches = network.classes[1]
        many = np.repeat(rows, pitches)
        given = {"duration": duration, "after": after}
        held = self._given | given
        feeds = {name: held[name][many] for name in network._needs[1] if name != "pitch"}
        feeds["pitch"] = np.tile(np.arange(pitches), len(rows))
        logits = network._flag.run(["logits"], feeds)[0].reshape(len(rows), pitches, 3)
        ends: Array = logits[..., TUNE_ENDS] - logits[..., :TUNE_ENDS].max(-1)
        return ends

    def _counted(self, features: Array, event: Array) -> list[Array]:
        """Counts of durations and of pitches for the coming event, the last event taken."""
        begun = np.flatnonzero(self._begun)
        if len(begun):
            before = self._given["features"][begun]
            for part, counts in enumerate(self._counts):
                counts.push(begun, before, event[begun, part])
        self._begun[:] = True
        return [counts.so_far(features) for counts in self._counts]

    def keep(self, rows: Array) -> None:
        """Goes on with some tunes of the batch alone; `rows` their places."""
        self._begun = self._begun[rows]
        for counts in self._counts:
            counts.keep(rows)
        self._tags = self._tags[rows]
        self._state = {name: value[rows] for name, value in self._state.items()}
        self._given = {name: value[rows] for name, value in self._given.items()}
        self._past.keep(rows)

    def join(self, rows: Array, tags: Array) -> None:
        """Begins new tunes in some places of the batch; `tags` int64 (len(rows), 8)."""
        self._tags[rows] = tags
        self._begun[rows] = False
        for counts in self._counts:
            counts.join(rows)
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
