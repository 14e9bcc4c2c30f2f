"""From a trained network to the graph of a model folder, and back to go on from it.

Weights are stored with two bytes each and widened when a model is loaded: half the size, and the
estimates change by something more than 60 dB below the signal.
"""

from __future__ import annotations

import io
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from canzona.errors import ModelError
from canzona.train.separation.mel_lstm import MelLstm
from canzona.train.separation.recipe import KINDS, Shape
from canzona.train.separation.waveform import Waveform

_OPSET = 17
_SMALLEST = 256
_PREFIX = "network."
_WIDE = ".wide"


class _Masks(nn.Module):
    """What of a `MelLstm` is exported: from spectrum to mask and presence."""

    def __init__(self, network: MelLstm) -> None:
        super().__init__()
        self.network = network

    def forward(self, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        mask, presence = self.network.masks(spectrum)
        return mask, torch.sigmoid(presence)


class _Whole(nn.Module):
    """A `Waveform` with its presence as probability."""

    def __init__(self, network: Waveform) -> None:
        super().__init__()
        self.network = network

    def forward(self, mixture: Tensor) -> tuple[Tensor, Tensor]:
        estimate, presence = self.network(mixture)
        return estimate, torch.sigmoid(presence)


def export(network: nn.Module) -> bytes:
    """The ONNX graph of a network, its weights two bytes each; any length of sound."""
    network = network.eval()
    if isinstance(network, MelLstm):
        shape = network.shape
        example = torch.randn(1, 2, 40, shape.fft // 2 + 1, 2)
        module: nn.Module = _Masks(network)
        names = {"inputs": ["spectrum"], "outputs": ["mask", "presence"]}
        axes = {"spectrum": {2: "frames"}, "mask": {2: "frames"}, "presence": {1: "frames"}}
    elif isinstance(network, Waveform):
        example = torch.randn(1, 2, 44100)
        module = _Whole(network)
        names = {"inputs": ["mixture"], "outputs": ["estimate", "presence"]}
        axes = {"mixture": {2: "samples"}, "estimate": {2: "samples"}, "presence": {1: "frames"}}
    else:
        raise TypeError(f"{type(network).__name__} is no network of ours")
    data = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Neither folded nor fused, so that every weight stands in the graph under its own name and a
        # training can go on from it; ONNX Runtime folds and fuses when the graph is loaded.
        torch.onnx.export(
            module, (example,), data,  # type: ignore[arg-type]
            input_names=names["inputs"], output_names=names["outputs"],
            dynamic_axes=axes, opset_version=_OPSET, dynamo=False, do_constant_folding=False,
            training=torch.onnx.TrainingMode.PRESERVE,
        )  # fmt: skip
    graph: bytes = _halved(onnx.load_from_string(data.getvalue())).SerializeToString()
    return graph


def restore(kind: str, shape: Shape, graph: bytes) -> nn.Module:
    """The network that a graph was exported from; ModelError where its weights do not fit the shape."""
    network = KINDS[kind][0](shape)
    held = {
        each.name.removeprefix(_PREFIX): torch.from_numpy(numpy_helper.to_array(each).astype(np.float32))
        for each in onnx.load_from_string(graph).graph.initializer
    }
    state = network.state_dict()
    missing = [
        name
        for name, value in state.items()
        if value.is_floating_point() and (name not in held or held[name].shape != value.shape)
    ]
    if missing:
        raise ModelError(
            f"the model's graph holds no '{missing[0]}' of this size",
            hint="fine-tune a model of the same kind, made by this version",
        )
    network.load_state_dict({name: held.get(name, value) for name, value in state.items()})
    return network


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """A model whose large weights are float16 and widened by a node each."""
    graph = model.graph
    kept, casts = [], []
    for each in graph.initializer:
        array = numpy_helper.to_array(each)
        if each.data_type == TensorProto.FLOAT and array.size >= _SMALLEST:
            kept.append(numpy_helper.from_array(array.astype(np.float16), each.name))
            wide = f"{each.name}{_WIDE}"
            casts.append(helper.make_node("Cast", [each.name], [wide], to=TensorProto.FLOAT))
        else:
            kept.append(each)
    renamed = {cast.input[0]: cast.output[0] for cast in casts}
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name in renamed:
                node.input[place] = renamed[name]
    nodes = [*casts, *graph.node]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    return model
