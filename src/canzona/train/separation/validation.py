"""Validation on whole songs, in the windows of use, with the mixture and the oracle beside the estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from canzona.separation.metrics import ideal_ratio_mask, leakage, sdr
from canzona.separation.windows import LOWEST_LEVEL, Windows, overlap_add
from canzona.train.separation.decoding import Signal
from canzona.train.separation.store import Store


@dataclass
class ValidationSong:
    """A stored song to validate on.

    Attributes
    ----------
    store, number : where it is.
    target : the class to extract.
    mixture_sdr, oracle_sdr : of mixture and ideal ratio mask, None where the song lacks the target.
    """

    store: Store
    number: int
    target: str
    mixture_sdr: float | None = field(init=False)
    oracle_sdr: float | None = field(init=False)

    def __post_init__(self) -> None:
        """Measure mixture and oracle, which stay the same for every estimate."""
        mixture, target = self.signals()
        heard = bool(target.any())
        self.mixture_sdr = sdr(target, mixture) if heard else None
        self.oracle_sdr = sdr(target, ideal_ratio_mask(target, mixture - target)) if heard else None

    @property
    def name(self) -> str:
        """The song's name."""
        return self.store.songs[self.number].name

    def signals(self) -> tuple[Signal, Signal]:
        """Mixture and target, float32 of shape (2, frames)."""
        song = self.store.songs[self.number]
        mixture = np.zeros((2, song.frames), np.float32)
        target = np.zeros((2, song.frames), np.float32)
        for place, track in enumerate(song.tracks):
            stem = self.store.crop(self.number, place, 0, song.frames)
            mixture += stem
            if track.class_name == self.target:
                target += stem
        return mixture, target


def estimate(network: nn.Module, mixture: Signal, windows: Windows) -> Signal:
    """A network's estimate of a whole song, shape (2, frames), window by window as in use."""
    device = next(network.parameters()).device

    @torch.no_grad()
    def of_window(window: Signal) -> Signal:
        level = max(float(np.sqrt(np.square(window).mean())), LOWEST_LEVEL)
        found, _ = network(torch.from_numpy(window / np.float32(level))[None].to(device))
        signal: Signal = found[0].float().cpu().numpy() * np.float32(level)
        return signal

    return np.concatenate(list(overlap_add([mixture], of_window, windows)), axis=1)


def song_figures(network: nn.Module, song: ValidationSong, windows: Windows) -> dict[str, float]:
    """SDR, gain over the mixture and the oracle's SDR of one song; leakage where it lacks the target."""
    mixture, target = song.signals()
    found = estimate(network, mixture, windows)
    if song.mixture_sdr is None or song.oracle_sdr is None:
        return {"leakage": leakage(found, mixture)}
    reached = sdr(target, found)
    return {
        "sdr": reached,
        "gain": reached - song.mixture_sdr,
        "mixture": song.mixture_sdr,
        "oracle": song.oracle_sdr,
    }


def summary(figures: Sequence[dict[str, float]]) -> dict[str, float]:
    """Medians over songs, and the mean gain, which is less of a lottery on few songs."""
    row: dict[str, float] = {}
    for name in ("gain", "sdr", "mixture", "oracle", "leakage"):
        held = [song[name] for song in figures if name in song]
        if held:
            row[name] = float(np.median(held))
        if held and name == "gain":
            row["mean_gain"] = float(np.mean(held))
    return row
