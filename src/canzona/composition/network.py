"""The trained network at use time: state in, distributions out.

The graphs run in ONNX Runtime. Their arithmetic is exact (see `canzona.train.composition.export`),
so the logits are the same bits whatever the thread count, the batch or the processor's vector
width. The tunes of a batch step together; LSTM state and attention cache are carried along.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from canzona.errors import ModelError

GRAPHS = ("trunk.onnx", "pitch.onnx", "flag.onnx")
PARTS = ("duration", "pitch", "flag")
NEAREST = 64
MASKED_DISTANCE = NEAREST + 6
_GROWTH = 128

Array = np.ndarray


class Network:
    """The three graphs of a model folder.

    Parameters
    ----------
    folder : where `trunk.onnx`, `pitch.onnx` and `flag.onnx` lie.
    threads : threads of ONNX Runtime; the results do not depend on it.

    Raises
    ------
    ModelError : a graph is missing or ONNX Runtime refuses it.
    """

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
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
        self._trunk, self._pitch, self._flag = sessions
        shapes = {value.name: value.shape for value in self._trunk.get_inputs()}
        self.copies = sum(name.startswith("h1_") for name in shapes)
        self.widths = {
            name: int(shape[-1])
            for name, shape in shapes.items()
            if name[:2] in ("h1", "c1", "h2", "c2", "k1", "v1", "k2", "v2")
        }

    def start(self, batch: int, tags: Array) -> Steps:
        """A fresh state for a batch of tunes; `tags` int64 (batch, 8)."""
        return Steps(self, batch, tags)


class Steps:
    """The carried state of a batch of tunes: one event a step, in three calls."""

    def __init__(self, network: Network, batch: int, tags: Array) -> None:
        self._network = network
        self._tags = np.ascontiguousarray(tags, np.int64)
        self._batch = batch
        self._time = 0
        self._state = {
            name: np.zeros((batch, width), np.float32)
            for name, width in network.widths.items()
            if name[0] in "hc"
        }
        self._cache = {
            name: np.zeros((_GROWTH, batch, width), np.float32)
            for name, width in network.widths.items()
            if name[0] in "kv"
        }
        self._context: dict[str, Array] = {}

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
        network, time = self._network, self._time
        past = max(1, time)
        gaps = distance_classes(time) if time else np.array([MASKED_DISTANCE])
        last = {f"last_{part}": np.ascontiguousarray(event[:, place]) for place, part in enumerate(PARTS)}
        feeds: dict[str, Any] = {
            "features": features,
            "tags": self._tags,
            "gaps": gaps,
            **last,
            **self._state,
        }
        for name, cache in self._cache.items():
            feeds[name] = cache[: past if name[0] == "k" else past - 1]
        names = [value.name for value in network._trunk.get_outputs()]
        found = dict(zip(names, network._trunk.run(names, feeds), strict=True))
        self._state = {name: found[f"new_{name}"] for name in self._state}
        self._context = {name: value for name, value in found.items() if name.startswith("context_")}
        self._keep(found)
        self._time += 1
        logits: Array = found["logits"]
        return logits

    def pitch(self, duration: Array, after: Array) -> Array:
        """Logits float32 (batch, pitches + 1) given int64 durations (batch,) and their features."""
        feeds = {"duration": duration, "after": after, **self._context}
        logits: Array = self._network._pitch.run(["logits"], feeds)[0]
        return logits

    def flag(self, duration: Array, pitch: Array, after: Array) -> Array:
        """Logits float32 (batch, 3) given durations and pitches."""
        feeds = {"duration": duration, "pitch": pitch, "after": after, **self._context}
        logits: Array = self._network._flag.run(["logits"], feeds)[0]
        return logits

    def keep(self, rows: Array) -> None:
        """Goes on with some tunes of the batch alone; `rows` their places."""
        self._tags = self._tags[rows]
        self._state = {name: value[rows] for name, value in self._state.items()}
        self._context = {name: value[rows] for name, value in self._context.items()}
        self._cache = {name: np.ascontiguousarray(value[:, rows]) for name, value in self._cache.items()}
        self._batch = len(rows)

    def _keep(self, found: dict[str, Array]) -> None:
        """Stores the new key of this event and the new value of the one before."""
        for name, cache in self._cache.items():
            place = self._time if name[0] == "k" else self._time - 1
            if place < 0:
                continue
            if place >= len(cache):
                more = np.zeros((max(_GROWTH, len(cache)), *cache.shape[1:]), np.float32)
                cache = self._cache[name] = np.concatenate([cache, more])
            cache[place] = found[f"new_{name}"]


def distance_classes(length: int) -> Array:
    """Classes of the distances from the coming event to each of `length` earlier ones, oldest first."""
    gap = np.arange(length, 0, -1, dtype=np.int64)
    far = sum((gap >= NEAREST * 2**k).astype(np.int64) for k in range(1, 6))
    return np.where(gap < NEAREST, gap, NEAREST + far)
