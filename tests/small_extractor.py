"""Small extractors whose graphs are built by hand, so that what they must give is known exactly.

`mask_model`: passes what lies below a frequency. `filter_model`: a fixed filter on the samples.
Presence is the energy of a frame against a mixture of level 1, times a factor, at most 1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from canzona.models import ModelFolder, save_folder

RATE = 44100
SMALL_WINDOWS = {"window": 22050, "fade": 4410}
"""Half a second, faded over a tenth."""

FFT, HOP = 512, 128


def mask_graph(mask: np.ndarray, heard: float = 1.0, *, low_bins: int | None = None) -> bytes:
    """A graph that multiplies each bin by a number.

    Parameters
    ----------
    mask : shape (bins,), what it lets through.
    heard : factor on the frame's mean power (of the lowest bins, where `low_bins` is given).
    """
    onnx = pytest.importorskip("onnx", reason="graphs are built with the package onnx")
    from onnx import TensorProto, helper, numpy_helper

    bins = len(mask)
    # A sine window's mean power of white noise of level 1 in a bin is that of the window.
    scale = heard / (0.375 * 2 * (bins - 1))
    held = {
        "real": np.array(0, np.int64), "imaginary": np.array(1, np.int64),
        "mask_row": mask.astype(np.float32).reshape(1, 1, 1, bins),
        "nothing": np.array(0, np.float32), "scale": np.array(scale, np.float32),
        "lowest": np.array(0, np.float32), "highest": np.array(1, np.float32),
        "first": np.array([0], np.int64), "after": np.array([low_bins or bins], np.int64),
        "axis": np.array([3], np.int64),
    }  # fmt: skip
    nodes = [
        helper.make_node("Gather", ["spectrum", "real"], ["re"], axis=4),
        helper.make_node("Gather", ["spectrum", "imaginary"], ["im"], axis=4),
        helper.make_node("Mul", ["re", "re"], ["re2"]),
        helper.make_node("Mul", ["im", "im"], ["im2"]),
        helper.make_node("Add", ["re2", "im2"], ["power"]),
        helper.make_node("Mul", ["power", "nothing"], ["zeros"]),
        helper.make_node("Add", ["zeros", "mask_row"], ["mask"]),
        helper.make_node("Slice", ["power", "first", "after", "axis"], ["low"]),
        helper.make_node("ReduceMean", ["low"], ["mean"], axes=[1, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "scale"], ["scaled"]),
        helper.make_node("Clip", ["scaled", "lowest", "highest"], ["presence"]),
    ]
    single = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "mask",
        [helper.make_tensor_value_info("spectrum", single, [1, 2, "frames", bins, 2])],
        [
            helper.make_tensor_value_info("mask", single, [1, 2, "frames", bins]),
            helper.make_tensor_value_info("presence", single, [1, "frames"]),
        ],
        [numpy_helper.from_array(value, name) for name, value in held.items()],
    )
    return _finished(onnx, graph)


def filter_graph(taps: np.ndarray, heard: float = 1.0, *, hop: int = HOP) -> bytes:
    """A graph that convolves both channels with an odd number of taps, centred."""
    onnx = pytest.importorskip("onnx", reason="graphs are built with the package onnx")
    from onnx import TensorProto, helper, numpy_helper

    kernel = np.repeat(taps[::-1].astype(np.float32).reshape(1, 1, -1), 2, axis=0)
    held = {
        "kernel": kernel, "scale": np.array(heard, np.float32),
        "lowest": np.array(0, np.float32), "highest": np.array(1, np.float32),
    }  # fmt: skip
    half = len(taps) // 2
    nodes = [
        helper.make_node("Conv", ["mixture", "kernel"], ["estimate"], group=2, pads=[half, half]),
        helper.make_node("Mul", ["mixture", "mixture"], ["squares"]),
        helper.make_node(
            "AveragePool",
            ["squares"],
            ["pooled"],
            kernel_shape=[hop],
            strides=[hop],
            pads=[hop // 2, hop // 2],
            ceil_mode=1,
        ),
        helper.make_node("ReduceMean", ["pooled"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Mul", ["mean", "scale"], ["scaled"]),
        helper.make_node("Clip", ["scaled", "lowest", "highest"], ["presence"]),
    ]
    single = TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "filter",
        [helper.make_tensor_value_info("mixture", single, [1, 2, "samples"])],
        [
            helper.make_tensor_value_info("estimate", single, [1, 2, "samples"]),
            helper.make_tensor_value_info("presence", single, [1, "frames"]),
        ],
        [numpy_helper.from_array(value, name) for name, value in held.items()],
    )
    return _finished(onnx, graph)


def _finished(onnx: Any, graph: Any) -> bytes:
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data


def mask_model(
    folder: Path, mask: float | np.ndarray = 0.5, heard: float = 1.0, *, low_bins: int | None = None,
    fft: int = FFT, hop: int = HOP, **behaviour: Any,
) -> ModelFolder:  # fmt: skip
    """A model of the kind 'mel-lstm'; a number for the mask lets that much of every bin through."""
    bins = np.broadcast_to(np.asarray(mask, np.float32), (fft // 2 + 1,))
    graph = mask_graph(bins, heard, low_bins=low_bins)
    return saved(folder, graph, kind="mel-lstm", fft=fft, hop=hop, **behaviour)


def filter_model(
    folder: Path, taps: Any = (0.5,), heard: float = 1.0, *, hop: int = HOP, **behaviour: Any
) -> ModelFolder:
    """A model of the kind 'waveform'."""
    graph = filter_graph(np.asarray(taps, np.float32), heard, hop=hop)
    return saved(folder, graph, kind="waveform", hop=hop, **behaviour)


def blend_model(folder: Path, *parts: tuple[ModelFolder, float], **behaviour: Any) -> ModelFolder:
    """A blend of models, each with its weight."""
    held = [{"name": part.name, "hash": part.hash, "weight": weight} for part, weight in parts]
    return saved(folder, None, kind="blend", parts=held, **behaviour)


def saved(folder: Path, graph: bytes | None, **behaviour: Any) -> ModelFolder:
    """A model folder of the job 'extract'; the name is the folder's."""
    config = {
        "name": folder.name, "version": "1", "job": "extract", "licence": "CC0-1.0",
        "description": "A graph built by hand, to test with.",
        "behaviour": {"target": "synth", "sample_rate": RATE, **SMALL_WINDOWS, **behaviour},
    }  # fmt: skip
    files = {"card.md": b"# small\n"} | ({} if graph is None else {"network.onnx": graph})
    return save_folder(folder, config, files)


def noise(seed: int, samples: int, *, channels: int = 2, level: float = 0.1) -> np.ndarray:
    """White noise of this level: float32 (channels, samples)."""
    return (np.random.default_rng(seed).normal(size=(channels, samples)) * level).astype(np.float32)


def tone(frequency: float, seconds: float, *, rate: int = RATE, level: float = 0.2) -> np.ndarray:
    """A sine, softer to the right: float32 (2, samples)."""
    wave = level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)
    return np.stack([wave, wave / 2]).astype(np.float32)
