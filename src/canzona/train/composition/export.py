"""A trained network as ONNX graphs whose arithmetic is exact.

Floating-point sums depend on the order in which a processor adds, which differs between
thread counts and vector widths; the last bits then choose another note now and then. Here
every sum is one of whole numbers: activations are rounded to integers up to `LEVELS`, weights
to one or two bytes, and float64 adds such products without any error, in whatever order; the
short sums of the attention stay under 2**24, where float32 does. Sigmoid, tanh and the
attention's exponential are read from tables. What remains are single multiplications,
additions and divisions, which IEEE 754 rounds the same way everywhere.

Three graphs: `trunk` (features and state to the logits of the duration, the context and the
new state), `pitch` (given the duration) and `flag` (given both). Several networks of one
vocabulary go into the same graphs; their logits are averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from canzona.train.composition.network import Composer

LEVELS = 4096
"""Largest magnitude of an activation."""

ATTENTION_LEVELS = 511
"""Largest magnitude of a query, key or value: 32 products of two stay under 2**24."""

SIGMOID_STEP = 1 / 512
SIGMOID_REACH = 10.0
SCORE_STEP = 1 / 64
SCORE_REACH = 12.0
WEIGHT_STEPS = 2048
TABLE_FINER = 8
"""Table rows are kept this much finer than the activation that their sum becomes."""

OPSET = 17
MASKED = -1e4


@dataclass(frozen=True)
class Ranges:
    """Largest magnitudes seen on training tunes, by the name of the activation."""

    values: dict[str, float]

    def step(self, name: str) -> float:
        """Value of one integer level."""
        levels = ATTENTION_LEVELS if name.startswith("attention") else LEVELS - 1
        return self.values[name] / levels


class _Graph:
    """Collects nodes and initializers of one ONNX graph."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self._constants: dict[tuple[str, bytes], str] = {}
        self._count = 0

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        self._count += 1
        output = f"{kind.lower()}_{self._count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, array: np.ndarray) -> str:
        array = np.ascontiguousarray(array)
        key = (f"{array.dtype}{array.shape}", array.tobytes())
        if key not in self._constants:
            name = f"constant_{len(self.initializers)}"
            self.initializers.append(numpy_helper.from_array(array, name))
            self._constants[key] = name
        return self._constants[key]

    def number(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def integers(self, array: np.ndarray, used: int = TensorProto.FLOAT) -> str:
        """Whole-number weights, stored in the smallest type and used as float32 or float64."""
        largest = int(np.abs(array).max(initial=0))
        kind = np.int8 if largest < 128 else np.int16 if largest < 2**15 else np.int32
        return self.op("Cast", self.constant(array.astype(kind)), to=used)

    def input(self, name: str, shape: Sequence[int | str], kind: int = TensorProto.FLOAT) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def output(self, value: str, name: str, shape: Sequence[int | str]) -> None:
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))

    def model(self) -> bytes:
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="canzona")
        model.ir_version = 8
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())

    def product(self, value: str, weight: np.ndarray, largest_weight: int) -> str:
        """value (..., inputs) of integers times weight (outputs, inputs), exact, in real units."""
        scale = np.maximum(np.abs(weight).max(1), 1e-9) / largest_weight
        rows = self.integers(np.round(weight / scale[:, None]).T, TensorProto.DOUBLE)
        product = self.op("MatMul", self.op("Cast", value, to=TensorProto.DOUBLE), rows)
        real = self.op("Mul", product, self.constant(scale))
        return self.op("Cast", real, to=TensorProto.FLOAT)

    def levels(self, value: str, step: float, low: float = -LEVELS + 1, high: float = LEVELS - 1) -> str:
        """Real values as integer levels."""
        scaled = self.op("Round", self.op("Mul", value, self.number(1 / step)))
        return self.op("Clip", scaled, self.number(low), self.number(high))

    def attention_levels(self, value: str, step: float) -> str:
        """Real values as the coarser levels of an attention."""
        return self.levels(value, step, -ATTENTION_LEVELS, ATTENTION_LEVELS)

    def sigmoid(self, value: str) -> str:
        """Sigmoid from a table."""
        reach = round(SIGMOID_REACH / SIGMOID_STEP)
        places = np.arange(-reach, reach + 1) * SIGMOID_STEP
        table = np.round(4096 / (1 + np.exp(-places))) / 4096
        index = self.op("Round", self.op("Mul", value, self.number(1 / SIGMOID_STEP)))
        index = self.op("Clip", index, self.number(-reach), self.number(reach))
        index = self.op("Cast", self.op("Add", index, self.number(reach)), to=TensorProto.INT32)
        return self.op("Gather", self.constant(table.astype(np.float32)), index, axis=0)

    def doubled_sigmoid(self, value: str) -> str:
        """2 sigmoid(value) - 1, which is the tanh of half the value."""
        return self.op("Sub", self.op("Mul", self.sigmoid(value), self.number(2)), self.number(1))


class _Net:
    """The weights of one network as float64 arrays, and its graph parts."""

    def __init__(self, network: Composer, ranges: Ranges, largest_weight: int) -> None:
        self.sizes = network.sizes
        self.weights = {name: value.detach().double().cpu().numpy() for name, value in network.state_dict().items()}
        self.ranges = ranges
        self.largest = largest_weight

    def tables(self, prefix: str, classes: Sequence[int], step: float) -> tuple[np.ndarray, np.ndarray]:
        """Merged embedding and map: integer rows by class, and the bias, `TABLE_FINER` to a level."""
        table, mapped = self.weights[f"{prefix}.table.weight"], self.weights[f"{prefix}.map.weight"]
        width = table.shape[1]
        starts = np.cumsum([0, *classes])
        rows = [
            table[starts[i] : starts[i + 1]] @ mapped[:, i * width : (i + 1) * width].T for i in range(len(classes))
        ]
        fine = step / TABLE_FINER
        return np.round(np.concatenate(rows) / fine), np.round(self.weights[f"{prefix}.map.bias"] / fine)

    def summed(self, graph: _Graph, prefix: str, classes: Sequence[int], ids: str, more: str | None = None) -> str:
        """relu of a sum of table rows, as levels."""
        rows, bias = self.tables(prefix, classes, self.ranges.step(prefix))
        starts = np.cumsum([0, *classes])[:-1].astype(np.int64)
        places = graph.op("Add", ids, graph.constant(starts))
        found = graph.op("Gather", graph.integers(rows), places, axis=0)
        total = graph.op("ReduceSum", found, graph.constant(np.array([1], np.int64)), keepdims=0)
        total = graph.op("Add", total, graph.constant(bias.astype(np.float32)))
        if more is not None:
            total = graph.op("Add", total, more)
        return graph.levels(total, TABLE_FINER, low=0)

    def lstm(self, graph: _Graph, name: str, inputs: str, steps: np.ndarray, hidden: str, cell: str) -> tuple[str, str]:
        """One step; `steps` holds the real value of a level of each input. Returns new hidden levels and cell."""
        size = self.sizes.hidden
        double = np.ones(4 * size)
        double[2 * size : 3 * size] = 2.0
        w_in = self.weights[f"{name}.weight_ih_l0"] * steps * double[:, None]
        w_rec = self.weights[f"{name}.weight_hh_l0"] / LEVELS * double[:, None]
        bias = (self.weights[f"{name}.bias_ih_l0"] + self.weights[f"{name}.bias_hh_l0"]) * double
        total = graph.op(
            "Add",
            graph.product(inputs, w_in, self.largest),
            graph.product(hidden, w_rec, self.largest),
        )
        total = graph.op("Add", total, graph.constant(bias.astype(np.float32)))
        gates = graph.sigmoid(total)
        parts = graph.constant(np.full(4, size, np.int64))
        names = [f"{name}_{graph.name}_{len(graph.nodes)}_{gate}" for gate in "ifgo"]
        graph.nodes.append(helper.make_node("Split", [gates, parts], names, axis=-1))
        into, forget, new, out = names
        new = graph.op("Sub", graph.op("Mul", new, graph.number(2)), graph.number(1))
        cell = graph.op("Add", graph.op("Mul", forget, cell), graph.op("Mul", into, new))
        squashed = graph.doubled_sigmoid(graph.op("Mul", cell, graph.number(2)))
        raw = graph.op("Mul", graph.op("Mul", out, squashed), graph.number(LEVELS))
        return graph.op("Round", raw), cell

    def attention(
        self, graph: _Graph, name: str, state: str, event_ids: str, keys: str, values: str, gaps: str
    ) -> tuple[str, str, str]:
        """One step; keys and values are (time, batch, inner) levels. Returns context levels, new key, new value."""
        s = self.sizes
        size, inner = s.hidden, s.heads * s.head_width
        real = 1 / LEVELS  # of one level of a state, in either layer
        out = {}
        for part in ("query", "key"):
            weight = self.weights[f"{name}.{part}.weight"] * real
            value = graph.product(state, weight, self.largest)
            value = graph.op("Add", value, graph.constant(self.weights[f"{name}.{part}.bias"].astype(np.float32)))
            out[part] = graph.attention_levels(value, self.ranges.step(f"{name}.{part}"))
        weight = self.weights[f"{name}.value.weight"]
        value = graph.product(state, weight[:, :size] * real, self.largest)
        value = graph.op("Add", value, self.event_rows(graph, name, weight[:, size:], event_ids))
        value = graph.attention_levels(value, self.ranges.step(f"{name}.value"))
        one = graph.constant(np.array([0], np.int64))
        all_values = graph.op("Concat", values, graph.op("Unsqueeze", value, one), axis=0)
        split = graph.constant(np.array([0, 0, s.heads, s.head_width], np.int64))
        query = graph.op("Reshape", out["query"], graph.constant(np.array([0, s.heads, 1, s.head_width], np.int64)))
        keys4 = graph.op("Transpose", graph.op("Reshape", keys, split), perm=[1, 2, 3, 0])
        values4 = graph.op("Transpose", graph.op("Reshape", all_values, split), perm=[1, 2, 0, 3])
        scale = self.ranges.step(f"{name}.query") * self.ranges.step(f"{name}.key") * s.head_width**-0.5
        scores = graph.op("Mul", graph.op("MatMul", query, keys4), graph.number(scale))
        bias = np.concatenate([self.weights[f"{name}.bias"], np.full((1, s.heads), MASKED)])
        biases = graph.op("Transpose", graph.op("Gather", graph.constant(bias.astype(np.float32)), gaps, axis=0), perm=[1, 0])
        scores = graph.op("Add", scores, graph.op("Unsqueeze", biases, graph.constant(np.array([0, 2], np.int64))))
        weights = self.exact_softmax(graph, scores, self.weights[f"{name}.null"])
        past = graph.op("Reshape", graph.op("MatMul", weights, values4), graph.constant(np.array([0, inner], np.int64)))
        past = graph.attention_levels(past, WEIGHT_STEPS)
        return past, out["key"], value

    def event_rows(self, graph: _Graph, name: str, weight: np.ndarray, event_ids: str) -> str:
        """What the last event adds to its value: three table rows (classes after the last are zero rows)."""
        parts = [self.weights[f"event_{part}.weight"] for part in ("duration", "pitch", "flag")]
        rows, starts, place, column = [], [], 0, 0
        for table in parts:
            mapped = table @ weight[:, column : column + table.shape[1]].T
            rows += [mapped, np.zeros((1, len(weight)))]
            starts.append(place)
            place += len(table) + 1
            column += table.shape[1]
        fine = self.ranges.step(f"{name}.value") / TABLE_FINER
        found = graph.op(
            "Gather",
            graph.integers(np.round(np.concatenate(rows) / fine)),
            graph.op("Add", event_ids, graph.constant(np.array(starts, np.int64))),
            axis=0,
        )
        total = graph.op("ReduceSum", found, graph.constant(np.array([1], np.int64)), keepdims=0)
        total = graph.op("Mul", total, graph.number(fine))
        return graph.op("Add", total, graph.constant(self.weights[f"{name}.value.bias"].astype(np.float32)))

    def exact_softmax(self, graph: _Graph, scores: str, null: np.ndarray) -> str:
        """Softmax beside a null slot, in whole steps of 1/2048."""
        slot = graph.constant(null.astype(np.float32).reshape(1, -1, 1, 1))
        top = graph.op("Max", graph.op("ReduceMax", scores, axes=[-1], keepdims=1), slot)
        reach = round(SCORE_REACH / SCORE_STEP)
        table = np.round(4096 * np.exp(-np.arange(reach + 1) * SCORE_STEP))
        table[-1] = 0

        def exponential(value: str) -> str:
            below = graph.op("Round", graph.op("Mul", graph.op("Sub", top, value), graph.number(1 / SCORE_STEP)))
            index = graph.op("Cast", graph.op("Clip", below, graph.number(0), graph.number(reach)), to=TensorProto.INT32)
            return graph.op("Gather", graph.constant(table.astype(np.float32)), index, axis=0)

        risen = exponential(scores)
        total = graph.op("ReduceSum", risen, graph.constant(np.array([-1], np.int64)), keepdims=1)
        total = graph.op("Add", total, exponential(slot))
        share = graph.op("Div", graph.op("Mul", risen, graph.number(WEIGHT_STEPS)), total)
        return graph.op("Round", share)

    def head(self, graph: _Graph, name: str, inputs: str, steps: np.ndarray) -> str:
        """Two layers; returns logits."""
        value = graph.product(inputs, self.weights[f"{name}.0.weight"] * steps, self.largest)
        value = graph.op("Add", value, graph.constant(self.weights[f"{name}.0.bias"].astype(np.float32)))
        step = self.ranges.step(name)
        value = graph.levels(value, step, low=0)
        value = graph.product(value, self.weights[f"{name}.3.weight"] * step, self.largest)
        return graph.op("Add", value, graph.constant(self.weights[f"{name}.3.bias"].astype(np.float32)))

    def context_steps(self) -> np.ndarray:
        """Real value of a level of each part of the context."""
        s = self.sizes
        inner = s.heads * s.head_width
        return np.concatenate([
            np.full(s.hidden, 1 / LEVELS),
            np.full(inner, self.ranges.step("attention2.value")),
            np.full(s.width, self.ranges.step("features")),
        ])  # fmt: skip

    def given(self, graph: _Graph, context: str, duration: str, after: str) -> tuple[str, np.ndarray]:
        """The context with the duration's embedding and the features that follow from it."""
        ends = self.summed(graph, "after", self.sizes.after, after)
        value = graph.op("Concat", context, self.embedded(graph, "event_duration", duration), ends, axis=-1)
        width = self.weights["event_duration.weight"].shape[1]
        steps = [self.context_steps(), np.full(width, self.ranges.step("event_duration"))]
        return value, np.concatenate([*steps, np.full(64, self.ranges.step("after"))])

    def embedded(self, graph: _Graph, name: str, ids: str) -> str:
        """An embedding as levels."""
        table = np.clip(np.round(self.weights[f"{name}.weight"] / self.ranges.step(name)), -LEVELS + 1, LEVELS - 1)
        return graph.op("Gather", graph.integers(table), ids, axis=0)


def export(networks: Sequence[Composer], ranges: Sequence[Ranges], *, largest_weight: int = 127) -> dict[str, bytes]:
    """The three graphs of one or several networks.

    Parameters
    ----------
    networks : trained networks of one vocabulary.
    ranges : for each the magnitudes of its activations (see `calibrate`).
    largest_weight : 127 stores weights in one byte, 32767 in two.

    Returns
    -------
    dict of file name to ONNX bytes: `trunk.onnx`, `pitch.onnx`, `flag.onnx`.
    """
    nets = [_Net(network, seen, largest_weight) for network, seen in zip(networks, ranges, strict=True)]
    return {"trunk.onnx": _trunk(nets), "pitch.onnx": _pitch(nets), "flag.onnx": _flag(nets)}


def _trunk(nets: Sequence[_Net]) -> bytes:
    graph = _Graph("trunk")
    first = nets[0].sizes
    features = graph.input("features", ["batch", len(first.trunk)], TensorProto.INT64)
    tags = graph.input("tags", ["batch", 8], TensorProto.INT64)
    event_ids = graph.input("event", ["batch", 3], TensorProto.INT64)
    gaps = graph.input("gaps", ["time"], TensorProto.INT64)
    logits = []
    for place, net in enumerate(nets):
        s = net.sizes
        inner = s.heads * s.head_width
        states = [graph.input(f"{part}_{place}", ["batch", s.hidden]) for part in ("h1", "c1", "h2", "c2")]
        caches = [graph.input(f"{part}_{place}", [axis, "batch", inner])
                  for part, axis in (("k1", "time"), ("v1", "before"), ("k2", "time"), ("v2", "before"))]  # fmt: skip
        fine = net.ranges.step("features") / TABLE_FINER
        rows = graph.op("Gather", graph.integers(np.round(net.weights["tags.weight"] / fine)), tags, axis=0)
        region = graph.op("ReduceSum", rows, graph.constant(np.array([1], np.int64)), keepdims=0)
        seen = net.summed(graph, "features", s.trunk, features, region)
        steps = np.full(s.width, net.ranges.step("features"))
        h1, c1 = net.lstm(graph, "lstm1", seen, steps, states[0], states[1])
        past, k1, v1 = net.attention(graph, "attention1", h1, event_ids, caches[0], caches[1], gaps)
        steps = np.concatenate([np.full(s.hidden, 1 / LEVELS), np.full(inner, net.ranges.step("attention1.value"))])
        h2, c2 = net.lstm(graph, "lstm2", graph.op("Concat", h1, past, axis=-1), steps, states[2], states[3])
        both = graph.op("Add", h1, h2)
        past, k2, v2 = net.attention(graph, "attention2", both, event_ids, caches[2], caches[3], gaps)
        context = graph.op("Concat", both, past, seen, axis=-1)
        logits.append(net.head(graph, "duration_head", context, net.context_steps()))
        graph.output(context, f"context_{place}", ["batch", s.hidden + inner + s.width])
        for value, name in ((h1, "h1"), (c1, "c1"), (h2, "h2"), (c2, "c2")):
            graph.output(value, f"new_{name}_{place}", ["batch", s.hidden])
        for value, name in ((k1, "k1"), (v1, "v1"), (k2, "k2"), (v2, "v2")):
            graph.output(value, f"new_{name}_{place}", ["batch", inner])
    graph.output(_mean(graph, logits), "logits", ["batch", first.durations])
    return graph.model()


def _pitch(nets: Sequence[_Net]) -> bytes:
    graph = _Graph("pitch")
    duration = graph.input("duration", ["batch"], TensorProto.INT64)
    after = graph.input("after", ["batch", len(nets[0].sizes.after)], TensorProto.INT64)
    logits = []
    for place, net in enumerate(nets):
        context = graph.input(f"context_{place}", ["batch", len(net.context_steps())])
        value, steps = net.given(graph, context, duration, after)
        logits.append(net.head(graph, "pitch_head", value, steps))
    graph.output(_mean(graph, logits), "logits", ["batch", nets[0].sizes.pitches])
    return graph.model()


def _flag(nets: Sequence[_Net]) -> bytes:
    graph = _Graph("flag")
    duration = graph.input("duration", ["batch"], TensorProto.INT64)
    pitch = graph.input("pitch", ["batch"], TensorProto.INT64)
    after = graph.input("after", ["batch", len(nets[0].sizes.after)], TensorProto.INT64)
    logits = []
    for place, net in enumerate(nets):
        context = graph.input(f"context_{place}", ["batch", len(net.context_steps())])
        value, steps = net.given(graph, context, duration, after)
        value = graph.op("Concat", value, net.embedded(graph, "event_pitch", pitch), axis=-1)
        steps = np.concatenate([steps, np.full(net.weights["event_pitch.weight"].shape[1], net.ranges.step("event_pitch"))])
        logits.append(net.head(graph, "flag_head", value, steps))
    graph.output(_mean(graph, logits), "logits", ["batch", 3])
    return graph.model()


def _mean(graph: _Graph, logits: Sequence[str]) -> str:
    total = logits[0]
    for more in logits[1:]:
        total = graph.op("Add", total, more)
    return graph.op("Mul", total, graph.number(1 / len(logits)))


def calibrate(network: Composer, batches: Sequence[dict[str, Any]]) -> Ranges:
    """Largest magnitudes of a network's activations over some batches of training tunes."""
    import torch

    seen: dict[str, float] = {}

    def watch(name: str, relu: bool) -> Any:
        def hook(_module: Any, _inputs: Any, output: torch.Tensor) -> None:
            value = output.clamp(min=0) if relu else output.abs()
            seen[name] = max(seen.get(name, 1e-6), float(value.max()))

        return hook

    watched = [("features", network.features, True), ("after", network.after, True)]
    watched += [(f"{head}_head", getattr(network, f"{head}_head")[0], True) for head in ("duration", "pitch", "flag")]
    for name in ("attention1", "attention2"):
        watched += [(f"{name}.{part}", getattr(getattr(network, name), part), False) for part in ("query", "key", "value")]
    handles = [module.register_forward_hook(watch(name, relu)) for name, module, relu in watched]
    network.eval()
    with torch.no_grad():
        for batch in batches:
            network(batch["trunk"], batch["after"], batch["targets"], batch["tags"])
        tags = network.tags.weight.abs().sum(1).max()
    for handle in handles:
        handle.remove()
    seen["features"] += float(tags)
    for name in ("event_duration", "event_pitch"):
        seen[name] = float(getattr(network, name).weight.detach().abs().max())
    return Ranges(seen)
