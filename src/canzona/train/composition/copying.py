"""The heads' gates and intervals in an ONNX graph (see `Copies` and `Intervals` in `network`)."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from canzona.train.composition.graph import Graph
from canzona.train.composition.network import INTERVALS, Sizes, class_of_step, interval_table

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
    if not gates:
        return output
    logits = _columns(graph, output, 0, classes)
    gate = _columns(graph, output, classes, classes + gates)
    levels = graph.levels(gate, 1 / GATE_STEPS, -LARGEST_GATE, LARGEST_GATE)
    inside = graph.op("Min", named, graph.constant(np.array(classes, np.int64)))
    depth, marks = (
        graph.constant(np.array(classes + 1, np.int64)),
        graph.constant(np.array([0, 1], np.float32)),
    )
    where = graph.op("OneHot", inside, depth, marks, axis=-1)
    spread = graph.op(
        "ReduceSum",
        graph.op("Mul", where, graph.op("Unsqueeze", levels, graph.axes(2))),
        graph.axes(1),
        keepdims=0,
    )
    added = graph.op("Mul", _columns(graph, spread, 0, classes), graph.number(1 / GATE_STEPS))
    return graph.op("Add", logits, added)


def named_durations(graph: Graph, features: str, sizes: Sizes) -> str:
    """The candidate durations of the features, int64 (batch, gates)."""
    return (
        graph.op("Gather", features, graph.axes(*sizes.duration_columns), axis=1)
        if sizes.duration_columns
        else ""
    )


def named_pitches(graph: Graph, features: str, sizes: Sizes) -> str:
    """The candidate pitches of the features, int64 (batch, gates); a step names its most frequent pitch."""
    if not sizes.pitch_columns:
        return ""
    classes = graph.constant(class_of_step(sizes))
    parts = []
    for column in sizes.pitch_columns:
        ids = graph.op("Gather", features, graph.axes(column), axis=1)
        parts.append(graph.op("Gather", classes, ids, axis=0) if column == sizes.step_column else ids)
    return graph.op("Concat", *parts, axis=1)


def with_intervals(graph: Graph, output: str, features: str, sizes: Sizes) -> str:
    """(batch, pitches + gates + intervals) -> (batch, pitches + gates), intervals added to the pitches."""
    if not sizes.pitch_steps:
        return output
    kept = sizes.pitches + len(sizes.pitch_columns)
    column = graph.op("Gather", features, graph.axes(sizes.sounding_column), axis=1)
    sounding = graph.op("Squeeze", column, graph.axes(1))
    index = graph.op("Gather", graph.constant(interval_table(sizes.pitch_steps)), sounding, axis=0)
    moved = graph.op("GatherElements", _columns(graph, output, kept, kept + INTERVALS), index, axis=1)
    pitches = graph.op("Add", _columns(graph, output, 0, sizes.pitches), moved)
    return graph.op("Concat", pitches, _columns(graph, output, sizes.pitches, kept), axis=1)


def features_input(graph: Graph, sizes: Sizes) -> str:
    """The trunk's features as an input of another graph, where the sizes need them; else ''."""
    if not sizes.pitch_steps:
        return ""
    return graph.input("features", ["batch", len(sizes.trunk)], TensorProto.INT64)


def _columns(graph: Graph, value: str, start: int, stop: int) -> str:
    return graph.op("Slice", value, graph.axes(start), graph.axes(stop), graph.axes(1))
