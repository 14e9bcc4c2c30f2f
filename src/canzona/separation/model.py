"""A model folder opened for extraction: what it was made for, and its networks at work.

    config.json, `behaviour`
      target        what is extracted: "synth"
      stems         patterns of stem names that the recipe calls so, beside its own; often none
      kind          "mel-lstm" (a mask on spectra), "waveform" (samples to samples) or "blend"
      sample_rate   in Hz; songs of another rate are resampled for the model alone
      window, fade  samples of a window, and over which it gives way to the next
      presence      see `PresenceSettings`
      fft, hop      mel-lstm: samples of a frame's window, and from frame to frame
      hop           waveform: samples from frame to frame of presence
      parts         blend: name, hash and weight of each model
      agreement     blend: see `Agreement`

A network sees every window at an RMS of 1; the estimate is brought back to the window's level.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from canzona.errors import ModelError, UsageError
from canzona.models import ModelFolder, find_model, load_folder
from canzona.models.folder import CONFIG
from canzona.separation.agreement import Agreement, frame_products
from canzona.separation.classes import DEFAULT_CLASSES, Classes, check_classes
from canzona.separation.names import REST, check_stem_name
from canzona.separation.network import (
    GRAPH,
    Network,
    SpectralNetwork,
    WaveformNetwork,
    open_session,
    require_device,
)
from canzona.separation.presence import PresenceSettings
from canzona.separation.windows import LOWEST_LEVEL, Windows

JOB = "extract"
DEFAULT = "blend"
KINDS = ("mel-lstm", "waveform", "blend")

SHORTEST = 1.0
"""Seconds of sound that a network is shown at least; what is shorter is followed by silence."""

_PIECE = 1 << 16
"""Samples that are worked on at once where a whole window would take memory for nothing."""

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SeparationModel:
    """A model folder opened for extraction.

    Attributes
    ----------
    folder : the model's folder.
    parts : the folders whose networks are heard, each with its weight; the folder itself unless it is
        a blend.
    threads : threads of ONNX Runtime.
    device : where networks run, of `canzona.separation.network.DEVICES`.
    """

    folder: ModelFolder
    parts: tuple[tuple[ModelFolder, float], ...]
    threads: int = 1
    device: str = "cpu"

    @classmethod
    def open(
        cls, model: str | Path = DEFAULT, *, threads: int = 1, device: str | None = None
    ) -> SeparationModel:
        """By name or folder; the networks are opened when the first window is heard.

        Raises
        ------
        ModelError : there is none, it is damaged or for another job, or a part of a blend is another
            model than it was made from.
        UsageError, MissingDependencyError : the device cannot be used.
        """
        require_device(device or "cpu")
        folder = find_model(model, job=JOB)
        try:
            opened = cls(folder, _parts(folder), threads, device or "cpu")
            opened._check()
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, UsageError) as error:
            raise ModelError(
                f"{folder.path} is no extractor that this version can read",
                hint="train or install it again",
            ) from error
        return opened

    @property
    def name(self) -> str:
        """The model's name."""
        return self.folder.name

    @property
    def stems(self) -> tuple[str, str]:
        """Names of the two stems: the target's, and 'rest'."""
        return str(self.folder.behaviour["target"]), REST

    @cached_property
    def classes(self) -> Classes:
        """By which names the training knew the stems."""
        found: Classes = self.parts[0][0].behaviour.get("classes", DEFAULT_CLASSES)
        check_classes(found)
        return found

    @property
    def sample_rate(self) -> int:
        """Samples a second that the networks work at, in Hz."""
        return int(self.folder.behaviour["sample_rate"])

    @property
    def hop(self) -> int:
        """Samples, at the model's rate, of a frame of presence."""
        return int(self.parts[0][0].behaviour["hop"])

    @cached_property
    def windows(self) -> Windows:
        """Where the windows stand."""
        return Windows(int(self.folder.behaviour["window"]), int(self.folder.behaviour["fade"]))

    @cached_property
    def presence(self) -> PresenceSettings:
        """What is judged from presence."""
        return PresenceSettings.from_dict(self.folder.behaviour.get("presence") or {})

    @cached_property
    def agreement(self) -> Agreement:
        """How a blend is turned down where its parts disagree."""
        return Agreement.from_dict(self.folder.behaviour.get("agreement") or {})

    @cached_property
    def networks(self) -> tuple[tuple[Network, float], ...]:
        """The networks with their weights."""
        return tuple((_network(part, self.threads, self.device), weight) for part, weight in self.parts)

    def hear(self, window: Float32) -> Float32:
        """The target in a window, and where it sounds.

        Parameters
        ----------
        window : the mixture, shape (2, n), full scale 1.0. A silent one is not shown to the networks.

        Returns
        -------
        float32 (3, n): the target's left and right channel, and its presence, 0..1.

        Raises
        ------
        ModelError : a graph cannot be run, or gives what is no number.
        """
        count = window.shape[1]
        heard = np.zeros((3, count), np.float32)
        if not window.any():
            return heard
        level = max(math.sqrt(_energy(window) / window.size), LOWEST_LEVEL)
        mixture = np.zeros((2, max(count, round(SHORTEST * self.sample_rate))), np.float32)
        mixture[:, :count] = window / np.float32(level)
        total = sum(weight for _, weight in self.networks)
        energies = []
        for network, weight in self.networks:
            target, presence = network.hear(mixture)
            target = target[:, :count]
            if self.agreement.slope:
                energies.append(frame_products(target, target, self.hop))
            heard[:2] += target * np.float32(weight * level)
            _add_curve(heard[2], np.clip(presence, 0, 1) * (weight / total), network.hop)
        if energies:
            gains = self.agreement.gains(energies, self.hop / self.sample_rate)
            for part, places in _pieces(count):
                heard[:2, part] *= np.interp(places, (np.arange(len(gains)) + 0.5) * self.hop, gains)
        return heard

    def _check(self) -> None:
        """ValueError, or what else a strange config makes, where this version cannot use the model."""
        for folder in (self.folder, *(part for part, _ in self.parts)):
            held = folder.behaviour
            if held["kind"] not in KINDS or any(held[key] != self.folder.behaviour[key] for key in _COMMON):
                raise ValueError(f"{folder.path} does not fit")
            if held["kind"] == "mel-lstm":
                size = int(held["fft"])
                if size % 2 or not 1 <= int(held["hop"]) <= size // 2:
                    raise ValueError(f"no spectra of {size} samples")
        if self.hop < 1 or self.sample_rate < 1:
            raise ValueError("no frames")
        check_stem_name(self.stems[0])
        self.windows, self.presence, self.agreement, self.classes  # noqa: B018


def _energy(sound: Float32) -> float:
    parts = (sound[:, part] for part, _ in _pieces(sound.shape[1]))
    return sum(float(np.sum(np.square(part, dtype=np.float64))) for part in parts)


def _add_curve(total: Float32, presence: npt.NDArray[np.floating], hop: int) -> None:
    """Add presence, frame k of which is centred on sample k * hop, to the samples of a window."""
    centres = np.arange(len(presence)) * hop
    for part, places in _pieces(len(total)):
        total[part] += np.interp(places, centres, presence).astype(np.float32)


def _pieces(count: int) -> Iterator[tuple[slice, npt.NDArray[np.intp]]]:
    """The samples of a window, some at once: where they stand, as a slice and one by one."""
    for at in range(0, count, _PIECE):
        part = slice(at, min(at + _PIECE, count))
        yield part, np.arange(part.start, part.stop)


_COMMON = ("target", "sample_rate", "window", "fade")
"""What the parts of a blend have in common with it."""


def _parts(folder: ModelFolder) -> tuple[tuple[ModelFolder, float], ...]:
    if folder.behaviour["kind"] != "blend":
        return ((folder, 1.0),)
    parts = tuple((_part(folder, held), float(held["weight"])) for held in folder.behaviour["parts"])
    if not parts or not sum(weight for _, weight in parts) > 0:
        raise ValueError("nothing to blend")
    if any(part.behaviour["kind"] == "blend" for part, _ in parts):
        raise ValueError("a blend of blends")
    return parts


def _part(blend: ModelFolder, held: dict[str, Any]) -> ModelFolder:
    """The model that a blend names: beside the blend, or found as any model is."""
    name, digest = str(held["name"]), held["hash"]
    beside = blend.path.parent / name
    if Path(name).name == name and (beside / CONFIG).is_file():
        part = load_folder(beside, job=JOB)
    else:
        part = find_model(name, job=JOB)
    if part.hash != digest:
        raise ModelError(
            f"{part.path} is not the '{name}' that '{blend.name}' was made from",
            hint="install both models again, of one version",
        )
    return part


def _network(folder: ModelFolder, threads: int, device: str) -> Network:
    held = folder.behaviour
    graph, digest = folder.file(GRAPH), folder.files[GRAPH]
    hop = int(held["hop"])
    if held["kind"] == "mel-lstm":
        names = "spectrum", ("mask", "presence")
        session = open_session(graph.resolve(), digest, *names, threads=threads, device=device)
        return SpectralNetwork(session, int(held["fft"]), hop)
    names = "mixture", ("estimate", "presence")
    session = open_session(graph.resolve(), digest, *names, threads=threads, device=device)
    return WaveformNetwork(session, hop)
