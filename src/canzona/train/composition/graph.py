"""Building an ONNX graph whose sums are exact, and reading its weights back.

Weights are stored as they were trained, rounded to whole multiples of a scale a row, under
names that say which parameter they are; whatever else the arithmetic needs (levels, doubled
gates) stands in factors beside them. So a graph is also the record of its weights, from which
a training can go on.

A row's scale is as fine as exactness allows: the magnitudes of its whole numbers add up to no
more than 2**24 over the largest input, so that every partial sum, whatever the order, is a
whole number that float32 holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LEVELS = 1024
"""Largest magnitude of an activation; more would leave less of `LARGEST_SUM` to the weights."""

LARGEST_SUM = 2**24 - 1
"""Whole numbers up to here are exact in float32."""

ATTENTION_LEVELS = 511
"""Largest magnitude of a query, key or value: 32 products of two stay under 2**24."""

SIGMOID_STEP = 1 / 512
SIGMOID_REACH = 10.0
LARGEST_WEIGHT = 32767
OPSET = 17

Array = np.ndarray


class Graph:
    """Collects nodes and initializers of one ONNX graph."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self._constants: dict[tuple[str, bytes], str] = {}
        self._renamed: dict[str, str] = {}
        self._count = 0

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """A node with one output; its name."""
        self._count += 1
        output = f"{kind.lower()}_{self._count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, array: Array) -> str:
        """An unnamed constant, kept once."""
        array = np.asarray(array, order="C")
        key = (f"{array.dtype}{array.shape}", array.tobytes())
        if key not in self._constants:
            self._constants[key] = self.named(f"constant_{len(self.initializers)}", array)
        return self._constants[key]

    def named(self, name: str, array: Array) -> str:
        """A named initializer."""
        self.initializers.setdefault(name, numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def number(self, value: float) -> str:
        """A float32 scalar."""
        return self.constant(np.array(value, np.float32))

    def axes(self, *axes: int) -> str:
        """A list of axes or a shape."""
        return self.constant(np.array(axes, np.int64))

    def input(self, name: str, shape: Sequence[int | str], kind: int = TensorProto.FLOAT) -> str:
        """A graph input."""
        self.inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def output(
        self, value: str, name: str, shape: Sequence[int | str], kind: int = TensorProto.FLOAT
    ) -> None:
        """A graph output: a value that a node gives, which goes by this name in the model."""
        self._renamed[value] = name
        self.outputs.append(helper.make_tensor_value_info(name, kind, list(shape)))

    def model(self, about: Mapping[str, str] | None = None) -> bytes:
        """The checked model's bytes; `about` goes into its metadata."""
        for node in self.nodes:
            for held in (node.input, node.output):
                held[:] = [self._renamed.get(value, value) for value in held]
        graph = helper.make_graph(
            self.nodes, self.name, self.inputs, self.outputs, list(self.initializers.values())
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="canzona"
        )
        model.ir_version = 8
        helper.set_model_props(model, dict(about or {}))
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())

    def parameter(self, name: str, array: Array) -> str:
        """A parameter kept as float32, under its own name."""
        return self.named(f"float:{name}", array.astype(np.float32))

    def product(
        self,
        value: str,
        step: float,
        largest: int,
        name: str,
        weight: Array,
        start: int = 0,
        gate: Array | None = None,
    ) -> str:
        """Integers (batch, inputs) worth `step` each, times columns of a weight; exact sums, real units.

        Parameters
        ----------
        value : name of the integers, whose magnitudes are at most `largest`.
        name : of the parameter, of which `weight` (outputs, inputs) is the part from column `start`.
        gate : a further factor for each output.
        """
        scale = row_scales(weight, largest)
        rows = self.named(f"rows:{name}:{start}", np.round(weight / scale[:, None]).astype(np.int16))
        scales = self.named(f"scale:{name}:{start}", scale)
        turned = self.op("Cast", self.op("Transpose", rows, perm=[1, 0]), to=TensorProto.FLOAT)
        summed = self.op("MatMul", value, turned)
        factor = np.full(len(weight), step) if gate is None else gate * step
        factors = self.op("Cast", self.op("Mul", scales, self.constant(factor)), to=TensorProto.FLOAT)
        return self.op("Mul", summed, factors)

    def embedding(self, ids: str, name: str, table: Array) -> tuple[str, float]:
        """Rows of an embedding as integers, and what one is worth."""
        step = max(float(np.abs(table).max()), 1e-9) / (LEVELS - 1)
        rows = self.named(f"table:{name}", np.round(table / step).astype(np.int16))
        self.named(f"step:{name}", np.array(step))
        return self.op("Gather", self.op("Cast", rows, to=TensorProto.FLOAT), ids, axis=0), step

    def levels(self, value: str, step: float, low: float, high: float) -> str:
        """Real values as whole levels within bounds."""
        scaled = self.op("Round", self.op("Mul", value, self.number(1 / step)))
        return self.op("Clip", scaled, self.number(low), self.number(high))

    def sigmoid(self, value: str) -> str:
        """Sigmoid from a table, of values in steps of `SIGMOID_STEP`."""
        reach = round(SIGMOID_REACH / SIGMOID_STEP)
        places = np.arange(-reach, reach + 1) * SIGMOID_STEP
        table = (np.round(4096 / (1 + np.exp(-places))) / 4096).astype(np.float32)
        bounded = self.op("Clip", self.op("Round", value), self.number(-reach), self.number(reach))
        return self.looked_up(np.roll(table, -reach), bounded)  # what is below 0 is counted from the end

    def looked_up(self, table: Array, index: str) -> str:
        """Entries of a table at whole real numbers; those below 0 count from its end.

        GatherElements takes a sixth of the time that Gather takes for single numbers.
        """
        places = self.op("Cast", index, to=TensorProto.INT32)
        flat = self.op("Reshape", places, self.axes(-1))
        found = self.op("GatherElements", self.constant(table), flat, axis=0)
        return self.op("Reshape", found, self.op("Shape", index))

    def signed(self, value: str) -> str:
        """2 x - 1: a sigmoid as the tanh of half its argument."""
        return self.op("Sub", self.op("Mul", value, self.number(2)), self.number(1))


def row_scales(weight: Array, largest: int) -> Array:
    """What one whole number is worth in each row, so that sums with inputs up to `largest` stay exact.

    Rounding adds at most a half a column, for which room is left.
    """
    room = LARGEST_SUM // largest - weight.shape[1] / 2
    by_sum = np.abs(weight).sum(1) / room
    by_type = np.abs(weight).max(1) / LARGEST_WEIGHT
    scales: Array = np.maximum(np.maximum(by_sum, by_type), 1e-12)
    return scales


def stored_weights(models: Sequence[bytes]) -> dict[str, Array]:
    """All parameters that graphs hold, by their names, float64."""
    blocks: dict[str, dict[int, Array]] = {}
    found: dict[str, Array] = {}
    for data in models:
        held = {
            tensor.name: numpy_helper.to_array(tensor)
            for tensor in onnx.load_from_string(data).graph.initializer
        }
        for name, array in held.items():
            kind, _, rest = name.partition(":")
            if kind == "float":
                found[rest] = array.astype(np.float64)
            elif kind == "table":
                found[rest] = array * held[f"step:{rest}"].item()
            elif kind == "rows":
                parameter, _, start = rest.rpartition(":")
                blocks.setdefault(parameter, {})[int(start)] = array * held[f"scale:{rest}"][:, None]
    for parameter, parts in blocks.items():
        found[parameter] = np.concatenate([parts[start] for start in sorted(parts)], axis=1)
    return found
