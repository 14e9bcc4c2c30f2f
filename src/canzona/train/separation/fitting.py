"""What a blend is fitted by: the weight of its parts, and what follows where they disagree or hear nothing.

Energies of a weighted sum are quadratic in the weight, so a few inner products a frame hold all there is to
know: with `a` and `b` the estimates of the two parts and `t` the target, the blend's estimate has the energy
w^2 <a, a> + 2 w (1 - w) <a, b> + (1 - w)^2 <b, b>, and with the target the product w <a, t> + (1 - w) <b, t>.
Where the blend is turned down by a gain g, they are g^2 and g times that. All is found on grids.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from canzona.separation.agreement import Agreement
from canzona.separation.metrics import EPSILON, FLOOR
from canzona.separation.presence import Presence, PresenceSettings, presence_score

STEPS = 101
"""Weights that are tried, from 0 to 1."""

SLOPES = tuple(step / 20 for step in range(21))
"""How much a blend may be turned down where its parts disagree, from not at all to most; see `Agreement`."""

WANTED = -28.0
"""Leakage in dB, in the median of the songs without the target, from which on no steeper slope is tried."""

SECONDS = (1.0, 2.0, 4.0)
"""How much of a song the score may look at, see `presence_score`: no more than a short part of a synthesizer
lasts, which a longer mean would drown."""

MARGIN = 0.5
"""How much lower than those of the least sure song with the target the odds are with which a song counts as
without it, as a logarithm: silencing a stem that is there is the worse mistake."""

PLAIN = Agreement()
"""A blend that is not turned down."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What two parts make of a song, in so far as a blend depends on it.

    Attributes
    ----------
    name : the song.
    products : <a, a>, <a, b>, <b, b>, <a, t>, <b, t>, <t, t> and <m, m> in each frame, shape (7, frames):
        estimates of the parts, target and mixture.
    mixture_sdr : of the mixture taken as the estimate, in dB; 0 for a song without the target.
    presence : of each part the curve, shape (2, frames).
    step : seconds of a frame.
    """

    name: str
    products: npt.NDArray[np.float64]
    mixture_sdr: float
    presence: npt.NDArray[np.float32]
    step: float

    @property
    def has_target(self) -> bool:
        """Whether the target sounds anywhere."""
        return bool(self.products[5].any())

    def sdr(self, weight: float, agreement: Agreement = PLAIN) -> float:
        """SDR in dB of the blend in which the first part has this weight."""
        energy, common = self._blended(weight, agreement)
        target = float(self.products[5].sum())
        error = max(0.0, energy - 2 * common + target)
        return float(10 * np.log10((target + EPSILON) / (error + EPSILON)))

    def leakage(self, weight: float, agreement: Agreement = PLAIN) -> float:
        """Energy of the blend's estimate against the mixture's in dB, not below `FLOOR`."""
        energy, _ = self._blended(weight, agreement)
        against = (energy + EPSILON) / (float(self.products[6].sum()) + EPSILON)
        return max(FLOOR, float(10 * np.log10(against)))

    def score(self, weight: float, seconds: float) -> float:
        """How sure the blend is that the target sounds."""
        curve = (weight * self.presence[0] + (1 - weight) * self.presence[1]).astype(np.float32)
        return presence_score(Presence(curve, self.step), self.products[6], seconds)

    def _blended(self, weight: float, agreement: Agreement) -> tuple[float, float]:
        """Energy of the blend's estimate, and its product with the target."""
        one, both, other, first, second, *_ = self.products
        gains = agreement.gains((one, other), self.step)
        energy = weight**2 * one + 2 * weight * (1 - weight) * both + (1 - weight) ** 2 * other
        common = weight * first + (1 - weight) * second
        return float(gains**2 @ energy), float(gains @ common)


def best_weight(heard: Sequence[Heard]) -> float:
    """The first part's weight that gives the songs with the target the best mean SDR."""
    grid = np.linspace(0, 1, STEPS)
    songs = [song for song in heard if song.has_target]
    means = [np.mean([song.sdr(float(weight)) for song in songs]) for weight in grid]
    return round(float(grid[int(np.argmax(means))]), 2)


def fitted_agreement(heard: Sequence[Heard], weight: float) -> Agreement:
    """The least slope with which songs without the target leak `WANTED` or less in the median."""
    silent = [song for song in heard if not song.has_target]
    for slope in SLOPES if silent else SLOPES[:1]:
        found = Agreement(slope)
        if silent and np.median([song.leakage(weight, found) for song in silent]) <= WANTED:
            break
    return found


def fitted_presence(heard: Sequence[Heard], weight: float) -> PresenceSettings:
    """The verdict that tells most songs without the target, `MARGIN` below all with it; never where none."""
    found, most = PresenceSettings(), 0
    for seconds in SECONDS:
        lowest = min(song.score(weight, seconds) for song in heard if song.has_target)
        threshold = _less_likely(lowest, MARGIN)
        silent = [song.score(weight, seconds) for song in heard if not song.has_target]
        told = sum(score < threshold for score in silent)
        if told > most:
            found, most = PresenceSettings(round(threshold, 4), seconds), told
    return found


def _less_likely(probability: float, margin: float) -> float:
    """The probability whose odds are lower by a factor of e ** margin."""
    odds = probability / max(1 - probability, EPSILON) * math.exp(-margin)
    return odds / (1 + odds)


def figures(
    heard: Sequence[Heard], weight: float, agreement: Agreement, settings: PresenceSettings
) -> dict[str, float]:
    """What a fitted blend does, in dB: what its config and its card say of the fit.

    `first`, `second` and `gain` are median gains over the mixture of the parts and of the blend, `sdr` is
    the blend's median SDR, and `cost` what its being turned down takes from the mean SDR. Where there are
    songs without the target, `leakage` is theirs in the median, what is called absent counted as `FLOOR`;
    `heard` is the same without that verdict, `averaged` without being turned down either, and
    `absent` the share of them that the verdict is passed on.
    """
    songs = [song for song in heard if song.has_target]
    silent = [song for song in heard if not song.has_target]
    reached = np.array([song.sdr(weight, agreement) for song in songs])
    mixtures = np.array([song.mixture_sdr for song in songs])
    alone = [np.median([song.sdr(share) for song in songs] - mixtures) for share in (1.0, 0.0)]
    found = {
        "first": alone[0], "second": alone[1],
        "gain": np.median(reached - mixtures), "sdr": np.median(reached),
        "cost": np.mean([song.sdr(weight) for song in songs] - reached),
    }  # fmt: skip
    if silent:
        least = settings.threshold
        absent = [least is not None and song.score(weight, settings.seconds) < least for song in silent]
        leaked = [song.leakage(weight, agreement) for song in silent]
        found |= {
            "leakage": np.median(np.where(absent, FLOOR, leaked)),
            "heard": np.median(leaked),
            "averaged": np.median([song.leakage(weight) for song in silent]),
            "absent": np.mean(absent),
        }
    return {name: float(value) for name, value in found.items()}
