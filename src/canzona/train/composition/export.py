"""A trained network as ONNX graphs whose arithmetic is exact, and back.

Floating-point sums depend on the order in which a processor adds, which differs between
thread counts and vector widths; the last bits then choose another note now and then. Here
every sum is one of whole numbers that stays under 2**24, where float32 adds without any error,
in whatever order: activations are rounded to integers up to `LEVELS`, and each row of weights to
integers as large as that bound allows. Sigmoid, tanh and the attention's exponential are read
from tables. What remains are single multiplications, additions and divisions, which IEEE 754
rounds the same way everywhere.

The keys and values of earlier events come as they are multiplied, (batch, heads, width, time) and
(batch, heads, time, width), with room for events to come, which `gaps` (batch, time) masks; each
tune of a batch may have got so far as it likes.

Three graphs: `trunk` (features and state to the logits of the duration, the context and the
new state), `pitch` (given the duration) and `flag` (given both). Several networks of one
vocabulary go into the same graphs; their logits are averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from onnx import TensorProto, helper

from canzona.composition.counts import EVERY, ways_to_text
from canzona.errors import ModelError
from canzona.train.composition.copying import (
    copied,
    features_input,
    named,
    recalled,
    with_intervals,
)
from canzona.train.composition.graph import ATTENTION_LEVELS, LEVELS, SIGMOID_STEP, Graph, stored_weights
from canzona.train.composition.network import Composer
from canzona.train.composition.sizes import Sizes

Array = np.ndarray

SCORE_STEP = 1 / 64
SCORE_REACH = 12.0
WEIGHT_STEPS = 2048
MASKED = -1e4


def export(
    networks: Sequence[Composer],
    ranges: Sequence[Mapping[str, float]],
    temperatures: Sequence[float] = (1.0, 1.0, 1.0),
) -> dict[str, bytes]:
    """The three graphs of one or several networks.

    Parameters
    ----------
    networks : trained networks of one vocabulary.
    ranges : for each the magnitudes of its activations (see `calibration`).
    temperatures : of duration, pitch and flag, by which the averaged logits are divided.

    Returns
    -------
    dict of file name to ONNX bytes: `trunk.onnx`, `pitch.onnx`, `flag.onnx`.
    """
    nets = [
        _Net(place, network, seen) for place, (network, seen) in enumerate(zip(networks, ranges, strict=True))
    ]
    duration, pitch, flag = temperatures
    return {
        "trunk.onnx": _trunk(nets, duration),
        "pitch.onnx": _pitch(nets, pitch),
        "flag.onnx": _flag(nets, flag),
    }


def restore(graphs: Sequence[bytes], sizes: Sequence[Sizes]) -> list[Composer]:
    """Networks from their graphs, to go on training; ModelError where the graphs hold others."""
    stored = stored_weights(graphs)
    networks = []
    for place, size in enumerate(sizes):
        network = Composer(size)
        state = network.state_dict()
        for name in state:
            array = stored.get(f"{place}.{name}")
            if array is not None and tuple(array.shape) == tuple(state[name].shape):
                state[name] = torch.from_numpy(array).float()
            elif name.endswith("bias_hh_l0"):
                state[name] = torch.zeros_like(state[name])
            else:
                raise ModelError(
                    f"the model's graphs hold no weights '{name}' of this size", hint="train it anew"
                )
        network.load_state_dict(state)
        networks.append(network)
    return networks


class _Part(NamedTuple):
    """One of the inputs of a product: its levels, what a level is worth, its width, its largest magnitude."""

    value: str
    step: float
    width: int
    largest: int = LEVELS


class _Net:
    """The weights of one network as float64 arrays, and its parts of a graph."""

    def __init__(self, place: int, network: Composer, ranges: Mapping[str, float]) -> None:
        self.place, self.sizes = place, network.sizes
        self.inner = self.sizes.heads * self.sizes.head_width
        self.weights = {
            name: value.detach().double().cpu().numpy() for name, value in network.state_dict().items()
        }
        self._ranges = ranges

    def name(self, parameter: str) -> str:
        return f"{self.place}.{parameter}"

    def step(self, name: str) -> float:
        """What one level of an activation is worth."""
        return self._ranges[name] / (ATTENTION_LEVELS if name.startswith("attention") else LEVELS - 1)

    def bias(self, graph: Graph, value: str, parameter: str) -> str:
        return graph.op("Add", value, graph.parameter(self.name(parameter), self.weights[parameter]))

    def product(self, graph: Graph, parts: Sequence[_Part], parameter: str, gate: Array | None = None) -> str:
        """Inputs side by side times a weight."""
        weight, start, total = self.weights[parameter], 0, ""
        for value, step, width, largest in parts:
            block = weight[:, start : start + width]
            product = graph.product(value, step, largest, self.name(parameter), block, start, gate)
            total = graph.op("Add", total, product) if total else product
            start += width
        return total

    def summed(self, graph: Graph, prefix: str, classes: Sequence[int], ids: str, more: str = "") -> str:
        """Embeddings of a row of classes, mapped, rectified, as levels."""
        starts = np.cumsum([0, *classes])[:-1].astype(np.int64)
        places = graph.op("Add", ids, graph.constant(starts))
        parameter = f"{prefix}.table.weight"
        found, step = graph.embedding(places, self.name(parameter), self.weights[parameter])
        width = len(classes) * self.sizes.embedding
        flat = graph.op("Reshape", found, graph.axes(-1, width))
        total = self.bias(
            graph,
            self.product(graph, [_Part(flat, step, width)], f"{prefix}.map.weight"),
            f"{prefix}.map.bias",
        )
        total = graph.op("Add", total, more) if more else total
        return graph.levels(total, self.step(prefix), 0, LEVELS - 1)

    def region(self, graph: Graph, tags: str) -> str:
        """Sum of the region words' rows, real."""
        rows, step = graph.embedding(tags, self.name("tags.weight"), self.weights["tags.weight"])
        total = graph.op("ReduceSum", rows, graph.axes(1), keepdims=0)
        return graph.op("Mul", total, graph.number(step))

    def lstm(
        self, graph: Graph, name: str, parts: Sequence[_Part], hidden: str, cell: str
    ) -> tuple[str, str]:
        """One step; new hidden levels and cell."""
        size = self.sizes.hidden
        gate = np.full(4 * size, 1 / SIGMOID_STEP)
        gate[2 * size : 3 * size] *= 2.0  # tanh(x) = 2 sigmoid(2 x) - 1
        total = graph.op(
            "Add",
            self.product(graph, parts, f"{name}.weight_ih_l0", gate),
            self.product(graph, [_Part(hidden, 1 / LEVELS, size)], f"{name}.weight_hh_l0", gate),
        )
        bias = self.weights[f"{name}.bias_ih_l0"] + self.weights[f"{name}.bias_hh_l0"]
        stored = graph.parameter(self.name(f"{name}.bias_ih_l0"), bias)
        total = graph.op("Add", total, graph.op("Mul", stored, graph.constant(gate.astype(np.float32))))
        names = [f"{name}_{self.place}_{part}" for part in ("in", "forget", "new", "out")]
        graph.nodes.append(
            helper.make_node("Split", [graph.sigmoid(total), graph.axes(*[size] * 4)], names, axis=-1)
        )
        into, forget, new, out = names
        added = graph.op("Mul", into, graph.signed(new))
        cell = graph.op("Add", graph.op("Mul", forget, cell), added)
        squashed = graph.signed(graph.sigmoid(graph.op("Mul", cell, graph.number(2 / SIGMOID_STEP))))
        raw = graph.op("Mul", graph.op("Mul", out, squashed), graph.number(LEVELS))
        return graph.op("Round", raw), cell

    def attention(
        self, graph: Graph, name: str, state: _Part, event: Sequence[str], keys: str, values: str, gaps: str
    ) -> tuple[str, str, str]:
        """One step; keys (batch, heads, width, time) and values (batch, heads, time, width) are levels.

        The value of the event before this one is not among them yet. Gives context levels, new
        key, new value.
        """
        s = self.sizes
        query, key = (self.attended(graph, f"{name}.{part}", [state]) for part in ("query", "key"))
        embedded = [state]
        for part, ids in zip(("duration", "pitch", "flag"), event, strict=True):
            embedded.append(self.embedded(graph, f"event_{part}", ids))
        value = self.attended(graph, f"{name}.value", embedded)
        split = graph.axes(0, s.heads, 1, s.head_width)
        scale = self.step(f"{name}.query") * self.step(f"{name}.key") * s.head_width**-0.5
        scores = graph.op("MatMul", graph.op("Reshape", query, split), keys)
        scores = graph.op("Mul", scores, graph.number(scale))
        table = graph.parameter(self.name(f"{name}.bias"), self.weights[f"{name}.bias"])
        table = graph.op("Concat", table, graph.constant(np.full((1, s.heads), MASKED, np.float32)), axis=0)
        biases = graph.op("Transpose", graph.op("Gather", table, gaps, axis=0), perm=[0, 2, 1])
        scores = graph.op("Add", scores, graph.op("Unsqueeze", biases, graph.axes(2)))
        weights = self.softmax(graph, scores, f"{name}.null")
        newest = graph.op("Cast", graph.op("Equal", gaps, graph.constant(np.array(1))), to=TensorProto.FLOAT)
        share = graph.op("MatMul", weights, graph.op("Unsqueeze", newest, graph.axes(1, 3)))
        past = graph.op(
            "Add",
            graph.op("MatMul", weights, values),
            graph.op("Mul", share, graph.op("Reshape", value, split)),
        )
        past = graph.op("Reshape", past, graph.axes(0, self.inner))
        return graph.levels(past, WEIGHT_STEPS, -ATTENTION_LEVELS, ATTENTION_LEVELS), key, value

    def attended(self, graph: Graph, name: str, parts: Sequence[_Part]) -> str:
        """A query, key or value as levels."""
        value = self.bias(graph, self.product(graph, parts, f"{name}.weight"), f"{name}.bias")
        return graph.levels(value, self.step(name), -ATTENTION_LEVELS, ATTENTION_LEVELS)

    def softmax(self, graph: Graph, scores: str, null: str) -> str:
        """Softmax beside a null slot, in whole steps of 1/2048."""
        stored = graph.parameter(self.name(null), self.weights[null])
        slot = graph.op("Reshape", stored, graph.axes(1, -1, 1, 1))
        top = graph.op("Max", graph.op("ReduceMax", scores, axes=[-1], keepdims=1), slot)
        reach = round(SCORE_REACH / SCORE_STEP)
        table = np.round(4096 * np.exp(-np.arange(reach + 1) * SCORE_STEP)).astype(np.float32)
        table[-1] = 0

        def exponential(value: str) -> str:
            below = graph.op(
                "Round", graph.op("Mul", graph.op("Sub", top, value), graph.number(1 / SCORE_STEP))
            )
            return graph.looked_up(table, graph.op("Clip", below, graph.number(0), graph.number(reach)))

        risen = exponential(scores)
        wide = graph.op("Cast", risen, to=TensorProto.DOUBLE)  # of a long tune, 4096 times its events
        summed = graph.op("ReduceSum", wide, graph.axes(-1), keepdims=1)
        total = graph.op("Add", graph.op("Cast", summed, to=TensorProto.FLOAT), exponential(slot))
        return graph.op("Round", graph.op("Div", graph.op("Mul", risen, graph.number(WEIGHT_STEPS)), total))

    def embedded(self, graph: Graph, name: str, ids: str) -> _Part:
        """An event part's embedding as levels, their worth and number."""
        table = self.weights[f"{name}.weight"]
        found, step = graph.embedding(ids, self.name(f"{name}.weight"), table)
        return _Part(found, step, table.shape[1])

    def head(self, graph: Graph, name: str, parts: Sequence[_Part]) -> str:
        """Two layers; the logits."""
        value = self.bias(graph, self.product(graph, parts, f"{name}.0.weight"), f"{name}.0.bias")
        value = graph.levels(value, self.step(name), 0, LEVELS - 1)
        inputs = [_Part(value, self.step(name), self.weights[f"{name}.0.weight"].shape[0])]
        return self.bias(graph, self.product(graph, inputs, f"{name}.3.weight"), f"{name}.3.bias")

    def context_parts(self, graph: Graph, state: str, past: str, features: str) -> list[_Part]:
        """The three parts of the context with their worths."""
        return [
            _Part(state, 1 / LEVELS, self.sizes.hidden, 2 * LEVELS),
            _Part(past, self.step("attention2.value"), self.inner, ATTENTION_LEVELS),
            _Part(features, self.step("features"), self.sizes.width),
        ]

    def context_input(self, graph: Graph) -> list[_Part]:
        """The context as an input of the pitch and flag graphs."""
        names = ("state", "past", "features")
        widths = (self.sizes.hidden, self.inner, self.sizes.width)
        inputs = [graph.input(f"context_{name}_{self.place}", ["batch", width])
                  for name, width in zip(names, widths, strict=True)]  # fmt: skip
        return self.context_parts(graph, *inputs)

    def given(self, graph: Graph, duration: str, after: str) -> list[_Part]:
        """The context with the duration's embedding and the features that follow from it."""
        ends = self.summed(graph, "after", self.sizes.after, after)
        width = self.weights["after.map.bias"].shape[0]
        return [
            *self.context_input(graph),
            self.embedded(graph, "event_duration", duration),
            _Part(ends, self.step("after"), width),
        ]


def _trunk(nets: Sequence[_Net], temperature: float) -> bytes:
    graph = Graph("trunk")
    first = nets[0].sizes
    features = graph.input("features", ["batch", len(first.trunk)], TensorProto.INT64)
    tags = graph.input("tags", ["batch", 8], TensorProto.INT64)
    event = [
        graph.input(f"last_{part}", ["batch"], TensorProto.INT64) for part in ("duration", "pitch", "flag")
    ]
    gaps = graph.input("gaps", ["batch", "time"], TensorProto.INT64)
    ways = len(first.duration_recalls)
    counts = graph.input("counts", ["batch", ways, first.durations]) if ways else ""
    logits = [_trunk_of(graph, net, features, tags, event, gaps, counts) for net in nets]
    graph.output(_mean(graph, logits, temperature), "logits", ["batch", first.durations])
    recalls = {"duration_ways": first.duration_recalls, "pitch_ways": first.pitch_recalls}
    return graph.model({name: _ways(first, columns) for name, columns in recalls.items()})


def _trunk_of(
    graph: Graph, net: _Net, features: str, tags: str, event: Sequence[str], gaps: str, counts: str
) -> str:
    s, place = net.sizes, net.place
    h1, c1, h2, c2 = (
        graph.input(f"{part}_{place}", ["batch", s.hidden]) for part in ("h1", "c1", "h2", "c2")
    )
    keys: list[int | str] = ["batch", s.heads, s.head_width, "time"]
    values: list[int | str] = ["batch", s.heads, "time", s.head_width]
    k1, v1, k2, v2 = (
        graph.input(f"{part}_{place}", shape)
        for part, shape in (("k1", keys), ("v1", values), ("k2", keys), ("v2", values))
    )
    seen = net.summed(graph, "features", s.trunk, features, net.region(graph, tags))
    h1, c1 = net.lstm(graph, "lstm1", [_Part(seen, net.step("features"), s.width)], h1, c1)
    one = _Part(h1, 1 / LEVELS, s.hidden)
    past, k1, v1 = net.attention(graph, "attention1", one, event, k1, v1, gaps)
    parts = [one, _Part(past, net.step("attention1.value"), net.inner, ATTENTION_LEVELS)]
    h2, c2 = net.lstm(graph, "lstm2", parts, h2, c2)
    state = graph.op("Add", h1, h2)
    two = _Part(state, 1 / LEVELS, s.hidden, 2 * LEVELS)
    past, k2, v2 = net.attention(graph, "attention2", two, event, k2, v2, gaps)
    for value, name in ((h1, "h1"), (c1, "c1"), (h2, "h2"), (c2, "c2")):
        graph.output(value, f"new_{name}_{place}", ["batch", s.hidden])
    for value, name in ((k1, "k1"), (v1, "v1"), (k2, "k2"), (v2, "v2")):
        graph.output(value, f"new_{name}_{place}", ["batch", net.inner])
    context = net.context_parts(graph, state, past, seen)
    for (value, _, width, _), name in zip(context, ("state", "past", "features"), strict=True):
        graph.output(value, f"context_{name}_{place}", ["batch", width])
    output = net.head(graph, "duration_head", context)
    gates = len(s.duration_columns)
    logits = copied(graph, output, named(graph, features, s.duration_columns), s.durations, gates)
    ways = len(s.duration_recalls)
    return recalled(graph, logits, output, s.durations + gates, counts, ways) if ways else logits


def _pitch(nets: Sequence[_Net], temperature: float) -> bytes:
    graph = Graph("pitch")
    duration = graph.input("duration", ["batch"], TensorProto.INT64)
    after = graph.input("after", ["batch", len(nets[0].sizes.after)], TensorProto.INT64)
    first = nets[0].sizes
    features = features_input(graph, first)
    ways = len(first.pitch_recalls)
    counts = graph.input("counts", ["batch", ways, first.pitches]) if ways else ""
    averaged = []
    for net in nets:
        s = net.sizes
        found = net.head(graph, "pitch_head", net.given(graph, duration, after))
        found = with_intervals(graph, found, features, s)
        gates = len(s.pitch_columns)
        logits = copied(graph, found, named(graph, features, s.pitch_columns), s.pitches, gates)
        averaged.append(recalled(graph, logits, found, s.pitches + gates, counts, ways) if ways else logits)
    graph.output(_mean(graph, averaged, temperature), "logits", ["batch", first.pitches])
    return graph.model()


def _flag(nets: Sequence[_Net], temperature: float) -> bytes:
    graph = Graph("flag")
    duration = graph.input("duration", ["batch"], TensorProto.INT64)
    pitch = graph.input("pitch", ["batch"], TensorProto.INT64)
    after = graph.input("after", ["batch", len(nets[0].sizes.after)], TensorProto.INT64)
    logits = [
        net.head(
            graph,
            "flag_head",
            [*net.given(graph, duration, after), net.embedded(graph, "event_pitch", pitch)],
        )
        for net in nets
    ]
    graph.output(_mean(graph, logits, temperature), "logits", ["batch", 3])
    return graph.model()


def _ways(sizes: Sizes, columns: Sequence[int]) -> str:
    """By which features events are counted."""
    return ways_to_text([(column, 1 if column == EVERY else sizes.trunk[column]) for column in columns])


def _mean(graph: Graph, logits: Sequence[str], temperature: float) -> str:
    total = logits[0]
    for more in logits[1:]:
        total = graph.op("Add", total, more)
    return graph.op("Mul", total, graph.number(1 / (len(logits) * temperature)))
