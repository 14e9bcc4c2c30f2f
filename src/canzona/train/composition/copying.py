"""The heads' short ways to classes in an ONNX graph: copies, intervals, recalls (see `pointing`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from canzona.train.composition.graph import Graph
from canzona.train.composition.pointing import LOG_STEPS, MOST_COUNTED
from canzona.train.composition.sizes import INTERVALS, Sizes, interval_table

GATE_STEPS = 1024
"""Steps a unit in which gates are rounded, so that sums of several are exact."""

LARGEST_GATE = 2**18
"""In steps; sums of up to 63 gates stay under 2**24."""


def copied(graph: Graph, output: str, named: str, classes: int, gates: int) -> str:
    """Logits with each gate added to the class that its feature names.

    Parameters
    ----------
    output : (batch, classes + gates), real.
    named : int64 (batch, gates); a class from `classes` on names nothing.
    """
    logits = _columns(graph, output, 0, classes)
    if not gates:
        return logits
    gate = _columns(graph, output, classes, classes + gates)
    levels = graph.levels(gate, 1 / GATE_STEPS, -LARGEST_GATE, LARGEST_GATE)
    inside = graph.op("Min", named, graph.constant(np.array(classes, np.int64)))
    shape = graph.op("Concat", graph.op("Shape", output, end=1), graph.axes(classes + 1), axis=0)
    spread = graph.op(
        "ScatterElements", graph.op("ConstantOfShape", shape), inside, levels, axis=1, reduction="add"
    )
    added = graph.op("Mul", _columns(graph, spread, 0, classes), graph.number(1 / GATE_STEPS))
    return graph.op("Add", logits, added)


def named(graph: Graph, features: str, columns: Sequence[int]) -> str:
    """The candidate classes of some features, int64 (batch, columns); '' where there are none."""
    return graph.op("Gather", features, graph.axes(*columns), axis=1) if columns else ""


def with_intervals(graph: Graph, output: str, features: str, sizes: Sizes) -> str:
    """(batch, pitches + all gates + intervals) -> (batch, pitches + all gates), intervals added."""
    if not sizes.pitch_steps:
        return output
    kept = sizes.pitches + len(sizes.pitch_columns) + 2 * len(sizes.pitch_recalls)
    column = graph.op("Gather", features, graph.axes(sizes.sounding_column), axis=1)
    sounding = graph.op("Squeeze", column, graph.axes(1))
    index = graph.op("Gather", graph.constant(interval_table(sizes.pitch_steps)), sounding, axis=0)
    moved = graph.op("GatherElements", _columns(graph, output, kept, kept + INTERVALS), index, axis=1)
    pitches = graph.op("Add", _columns(graph, output, 0, sizes.pitches), moved)
    return graph.op("Concat", pitches, _columns(graph, output, sizes.pitches, kept), axis=1)


def recalled(graph: Graph, logits: str, output: str, start: int, counts: str, ways: int) -> str:
    """Logits with what was before; the gates stand in the output from column `start`.

    Gates are rounded to `GATE_STEPS` a unit and bounded to 16, logarithms to `LOG_STEPS`: six
    products of both stay under 2**24.
    """
    gates = graph.levels(
        _columns(graph, output, start, start + 2 * ways),
        1 / GATE_STEPS,
        -16 * GATE_STEPS,
        16 * GATE_STEPS,
    )
    gates = graph.op("Reshape", gates, graph.axes(-1, ways, 2))
    logs = np.round(LOG_STEPS * np.log2(1 + np.arange(MOST_COUNTED + 1))).astype(np.float32)
    bounded = graph.op("Min", counts, graph.number(MOST_COUNTED))
    seen = graph.op("Mul", graph.op("Min", counts, graph.number(1)), graph.number(LOG_STEPS))
    added = graph.op(
        "Add",
        graph.op("Mul", _columns(graph, gates, 0, 1, axis=2), seen),
        graph.op("Mul", _columns(graph, gates, 1, 2, axis=2), graph.looked_up(logs, bounded)),
    )
    summed = graph.op("ReduceSum", added, graph.axes(1), keepdims=0)
    return graph.op("Add", logits, graph.op("Mul", summed, graph.number(1 / (GATE_STEPS * LOG_STEPS))))


def features_input(graph: Graph, sizes: Sizes) -> str:
    """The trunk's features as an input of another graph, where the sizes need them; else ''."""
    if not sizes.pitch_steps:
        return ""
    return graph.input("features", ["batch", len(sizes.trunk)], TensorProto.INT64)


def _columns(graph: Graph, value: str, start: int, stop: int, axis: int = 1) -> str:
    return graph.op("Slice", value, graph.axes(start), graph.axes(stop), graph.axes(axis))
