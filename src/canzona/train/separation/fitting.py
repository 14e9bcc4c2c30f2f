"""What a blend is fitted by: the weight of its parts, and from when the target counts as absent.

Energies of a weighted sum are quadratic in the weight, so a few inner products a song hold all there is to
know: with `a` and `b` the estimates of the two parts and `t` the target, the blend's estimate has the energy
w^2 <a, a> + 2 w (1 - w) <a, b> + (1 - w)^2 <b, b>, and with the target the product w <a, t> + (1 - w) <b, t>.
The weight is found on a grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from canzona.separation.metrics import EPSILON, FLOOR
from canzona.separation.presence import Presence, PresenceSettings, presence_score

STEPS = 101
"""Weights that are tried, from 0 to 1."""

SECONDS = (1.0, 2.0, 4.0)
"""How much of a song the score may look at, see `presence_score`: no more than a short part of a synthesizer
lasts, which a longer mean would drown."""

MARGIN = 0.25
"""Where the threshold stands between the surest song without the target that is told apart, and the least
sure song with it: nearer to the former, since silencing a stem that is there is the worse mistake."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What two parts make of a song, in so far as a blend depends on it.

    Attributes
    ----------
    name : the song.
    products : <a, a>, <a, b>, <b, b>, <a, t>, <b, t>, <t, t> and <m, m>: estimates of the parts, target and
        mixture.
    mixture_sdr : of the mixture taken as the estimate, in dB; 0 for a song without the target.
    presence, levels : of each part the curve, shape (2, frames), and the mixture's energy in each frame.
    step : seconds of a frame.
    """

    name: str
    products: tuple[float, ...]
    mixture_sdr: float
    presence: npt.NDArray[np.float32]
    levels: npt.NDArray[np.float32]
    step: float

    @property
    def has_target(self) -> bool:
        """Whether the target sounds anywhere."""
        return self.products[5] > 0

    def sdr(self, weight: float) -> float:
        """SDR in dB of the blend in which the first part has this weight."""
        *_, first, second, target, _ = self.products
        common = weight * first + (1 - weight) * second
        error = max(0.0, self._energy(weight) - 2 * common + target)
        return float(10 * np.log10((target + EPSILON) / (error + EPSILON)))

    def leakage(self, weight: float) -> float:
        """Energy of the blend's estimate against the mixture's in dB, not below `FLOOR`."""
        against = (self._energy(weight) + EPSILON) / (self.products[6] + EPSILON)
        return max(FLOOR, float(10 * np.log10(against)))

    def score(self, weight: float, seconds: float) -> float:
        """How sure the blend is that the target sounds."""
        curve = (weight * self.presence[0] + (1 - weight) * self.presence[1]).astype(np.float32)
        return presence_score(Presence(curve, self.step), self.levels, seconds)

    def _energy(self, weight: float) -> float:
        one, both, other = self.products[:3]
        return weight**2 * one + 2 * weight * (1 - weight) * both + (1 - weight) ** 2 * other


def best_weight(heard: Sequence[Heard]) -> float:
    """The first part's weight that gives the songs with the target the best mean SDR."""
    grid = np.linspace(0, 1, STEPS)
    songs = [song for song in heard if song.has_target]
    means = [np.mean([song.sdr(float(weight)) for song in songs]) for weight in grid]
    return round(float(grid[int(np.argmax(means))]), 2)


def fitted_presence(heard: Sequence[Heard], weight: float) -> PresenceSettings:
    """The verdict that tells most songs without the target from all with it; where it tells none, never."""
    best: tuple[int, float, PresenceSettings] | None = None
    for seconds in SECONDS:
        lowest = min(song.score(weight, seconds) for song in heard if song.has_target)
        told = [s for song in heard if not song.has_target and (s := song.score(weight, seconds)) < lowest]
        if told:
            threshold = max(told) + MARGIN * (lowest - max(told))
            found = PresenceSettings(round(threshold, 4), seconds)
            if best is None or (len(told), lowest - max(told)) > best[:2]:
                best = (len(told), lowest - max(told), found)
    return best[2] if best else PresenceSettings()


def figures(heard: Sequence[Heard], weight: float, settings: PresenceSettings) -> dict[str, float]:
    """What a fitted blend does, in dB: what its config and its card say of the fit.

    `first`, `second` and `gain` are median gains over the mixture of the parts and of the blend, `sdr` is
    the blend's median SDR. Where there are songs without the target, `leakage` is theirs in the median, what
    is called absent counted as `FLOOR`; `heard` is the same without that verdict, and `absent` the share
    of them that it is passed on.
    """
    songs = [song for song in heard if song.has_target]
    silent = [song for song in heard if not song.has_target]
    medians = {
        "first": _median_gain(songs, 1.0), "second": _median_gain(songs, 0.0),
        "gain": _median_gain(songs, weight), "sdr": float(np.median([song.sdr(weight) for song in songs])),
    }  # fmt: skip
    if not silent:
        return medians
    least = settings.threshold
    absent = [least is not None and song.score(weight, settings.seconds) < least for song in silent]
    leaked = [song.leakage(weight) for song in silent]
    return medians | {
        "leakage": float(np.median(np.where(absent, FLOOR, leaked))),
        "heard": float(np.median(leaked)),
        "absent": float(np.mean(absent)),
    }


def _median_gain(songs: Sequence[Heard], weight: float) -> float:
    return float(np.median([song.sdr(weight) - song.mixture_sdr for song in songs]))
