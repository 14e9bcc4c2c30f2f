"""The trained networks at use time: a window of the mixture in, the target in it and its presence out.

Graphs run in ONNX Runtime. The spectrum is taken outside the graph, since complex numbers do not
export. A session is opened once per process, however often a model is opened.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from canzona.audio.spectra import istft, stft
from canzona.errors import MissingDependencyError, ModelError, UsageError
from canzona.models.graphs import CPU, onnx_runtime, open_graph

Float32 = npt.NDArray[np.float32]

GRAPH = "network.onnx"

DEVICES = ("cpu", "cuda")
"""Where networks run; CUDA needs the package onnxruntime-gpu."""

_PROVIDERS = {"cpu": CPU, "cuda": "CUDAExecutionProvider"}
_AGAIN = "install the model again"


class Network(Protocol):
    """Anything that finds the target in a window.

    Attributes
    ----------
    hop : samples from frame to frame of presence.
    """

    hop: int

    def hear(self, mixture: Float32) -> tuple[Float32, Float32]:
        """Target and presence.

        Parameters
        ----------
        mixture : shape (2, n), at an RMS of 1.

        Returns
        -------
        Target float32 (2, n); presence float32 (frames,), 0..1, frame k centred on sample k * `hop`.
        """


class SpectralNetwork:
    """A mask for each bin and frame of the mixture's spectrum; the phase is the mixture's.

    Parameters
    ----------
    session : takes `spectrum` (1, 2, frames, bins, 2), last real and imaginary part; gives `mask`
        (1, 2, frames, bins) and `presence` (1, frames).
    size, hop : samples of a frame's window, and from frame to frame.
    """

    def __init__(self, session: Any, size: int, hop: int) -> None:
        self._session, self._size, self.hop = session, size, hop

    def hear(self, mixture: Float32) -> tuple[Float32, Float32]:
        """See `Network`."""
        spectrum = stft(mixture, self._size, self.hop)
        # Held frame by frame, which is what the graph takes: nothing is turned round or copied.
        frames = spectrum.swapaxes(1, 2)
        parts = frames.view(np.float32).reshape(1, *frames.shape, 2)
        mask, presence = _run(self._session, ("mask", "presence"), {"spectrum": parts})
        frames *= mask[0]
        target = istft(spectrum, self.hop, length=mixture.shape[1])
        return target, presence[0]


class WaveformNetwork:
    """From samples to samples.

    Parameters
    ----------
    session : takes `mixture` (1, 2, n); gives `estimate` (1, 2, n) and `presence` (1, frames).
    hop : samples from frame to frame of presence.
    """

    def __init__(self, session: Any, hop: int) -> None:
        self._session, self.hop = session, hop

    def hear(self, mixture: Float32) -> tuple[Float32, Float32]:
        """See `Network`."""
        target, presence = _run(self._session, ("estimate", "presence"), {"mixture": mixture[None]})
        return target[0], presence[0]


@lru_cache(maxsize=8)
def open_session(graph: Path, digest: str, inputs: str, outputs: tuple[str, ...], *,
                 threads: int, device: str) -> Any:  # fmt: skip
    """A session of ONNX Runtime, the same one for the same graph.

    Parameters
    ----------
    graph : the file.
    digest : its SHA-256, so that a file that was replaced is opened anew.
    inputs, outputs : names that the graph must have.
    threads : threads within an operation.
    device : of `DEVICES`.

    Raises
    ------
    ModelError : the file is no graph, or one of another kind of model.
    UsageError : no such device.
    MissingDependencyError : the device is not there, or ONNX Runtime cannot use it.
    """
    provider = require_device(device)
    session = open_graph(graph, threads=threads, provider=provider)
    if provider not in session.get_providers():
        raise MissingDependencyError(
            f"the device '{device}' cannot be used on this machine", hint="check its driver, or use cpu"
        )
    found = {value.name for value in session.get_outputs()}
    if [value.name for value in session.get_inputs()] != [inputs] or not set(outputs) <= found:
        raise ModelError(f"{graph} is the graph of another kind of model", hint=_AGAIN)
    return session


def require_device(device: str) -> str:
    """The provider of ONNX Runtime for a device; see `open_session` for what is raised."""
    if device not in _PROVIDERS:
        raise UsageError(f"there is no device '{device}'", hint=f"choose {' or '.join(DEVICES)}")
    provider = _PROVIDERS[device]
    if provider not in onnx_runtime().get_available_providers():
        raise MissingDependencyError(
            f"the ONNX Runtime that is installed knows no device '{device}'",
            hint="pip install onnxruntime-gpu in place of onnxruntime, or use cpu",
        )
    return provider


def _run(session: Any, outputs: tuple[str, str], feeds: dict[str, Float32]) -> list[Float32]:
    """Both outputs, found to be numbers."""
    try:
        made: list[Float32] = session.run(list(outputs), feeds)
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"the network stopped at a window of sound: {reason}", hint=_AGAIN) from error
    for name, values in zip(outputs, made, strict=True):
        if not np.isfinite(values).all():
            raise ModelError(f"the network's {name} holds samples that are no numbers", hint=_AGAIN)
    return made
