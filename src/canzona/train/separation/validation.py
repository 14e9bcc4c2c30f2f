"""Validation on whole songs, in the windows of use, with the mixture and the oracle beside the estimate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import nn

from canzona.separation.metrics import ideal_ratio_mask, leakage, sdr, si_sdr
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
    """

    store: Store
    number: int
    target: str

    @cached_property
    def has_target(self) -> bool:
        """Whether the target sounds in it."""
        return bool(self.signals()[1].any())

    @cached_property
    def mixture_sdr(self) -> float | None:
        """SDR of the mixture taken as the estimate; None where the song lacks the target."""
        mixture, target = self.signals()
        return sdr(target, mixture) if self.has_target else None

    @cached_property
    def oracle_sdr(self) -> float | None:
        """SDR of the ideal ratio mask; None where the song lacks the target."""
        mixture, target = self.signals()
        return sdr(target, ideal_ratio_mask(target, mixture - target)) if self.has_target else None

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


def song_figures(song: ValidationSong, separate: Callable[[Signal], Signal]) -> dict[str, float]:
    """SDR of what is separated, gain over the mixture, and the oracle's; leakage where the target is silent.

    `separate` makes of a mixture at the song's rate, float32 (2, n), the estimate of the target.
    """
    mixture, target = song.signals()
    found = separate(mixture)
    if song.mixture_sdr is None or song.oracle_sdr is None:
        return {"leakage": leakage(found, mixture)}
    reached, free = sdr(target, found), si_sdr(target, found)
    return {
        "sdr": reached,
        **({} if free is None else {"si_sdr": free}),
        "gain": reached - song.mixture_sdr,
        "mixture": song.mixture_sdr,
        "oracle": song.oracle_sdr,
    }


def summary(figures: Sequence[dict[str, float]]) -> dict[str, float]:
    """Medians over songs, and the mean gain, which is less of a lottery on few songs."""
    row: dict[str, float] = {}
    for name in ("gain", "sdr", "si_sdr", "mixture", "oracle", "leakage"):
        held = [song[name] for song in figures if name in song]
        if held:
            row[name] = float(np.median(held))
        if held and name == "gain":
            row["mean_gain"] = float(np.mean(held))
    return row
