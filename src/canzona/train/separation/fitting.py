"""What a blend is fitted by: the weight of its parts, its gate, and from when the target counts as absent.

Energies of a weighted sum are quadratic in the weight, so a few inner products a window hold all there is to
know: with `a` and `b` the estimates of the two parts and `t` the target, the blend's estimate has the energy
w^2 <a, a> + 2 w (1 - w) <a, b> + (1 - w)^2 <b, b>, and with the target the product w <a, t> + (1 - w) <b, t>.
Weight and gate are found on grids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from canzona.separation.metrics import EPSILON, FLOOR
from canzona.separation.presence import Presence, PresenceSettings, gate_gain, presence_score

Row = npt.NDArray[np.float64]

OPEN = PresenceSettings()

STEPS = 101
"""Weights that are tried, from 0 to 1."""

SECONDS = (1.0, 2.0, 4.0)
"""How much of a song the score may look at, see `presence_score`: no more than a short part of a synthesizer
lasts, which a longer mean would drown."""

GATES = tuple(float(level) for level in range(-24, -3))
"""Levels of the gate that are tried, in dB."""

COST = 0.25
"""What the gate may take from the mean SDR of songs with the target, in dB."""

WORTH = 20.0
"""By how many dB the gate has to lower the leakage for each dB that it takes from the SDR."""

MARGIN = 0.25
"""Where the threshold stands between the surest song without the target that is told apart, and the least
sure song with it: nearer to the former, since silencing a stem that is there is the worse mistake."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What two parts make of a song, in so far as a blend depends on it.

    Attributes
    ----------
    name : the song.
    windows : of each window as the parts heard it <a, a>, <a, b>, <b, b> and <m, m>: estimates of the parts
        and mixture; shape (windows, 4). The gate judges by these.
    products : the same and <a, t>, <b, t> and <t, t>, with the target, of what comes of each window into
        the song, crossfades done; shape (windows, 7). A crossfade is counted with the window that it leads
        into, though the one before has a gate of its own: the figures are off by some hundredths of a dB.
    presence, levels : of each part the curve, shape (2, frames), and the mixture's energy in each frame.
    step : seconds of a frame.
    """

    name: str
    windows: npt.NDArray[np.float64]
    products: npt.NDArray[np.float64]
    presence: npt.NDArray[np.float32]
    levels: npt.NDArray[np.float32]
    step: float

    @property
    def has_target(self) -> bool:
        """Whether the target sounds anywhere."""
        return bool(self.products[:, 6].any())

    def sdr(self, weight: float, settings: PresenceSettings = OPEN) -> float:
        """SDR of the blend in which the first part has this weight, behind the settings' gate."""
        gains, estimate, common = self._gated(weight, settings)
        target = float(self.products[:, 6].sum())
        error = float((gains**2 * estimate - 2 * gains * common).sum()) + target
        return float(10 * np.log10((target + EPSILON) / (max(error, 0.0) + EPSILON)))

    def leakage(self, weight: float, settings: PresenceSettings = OPEN) -> float:
        """Energy of the blend's estimate against the mixture's in dB, not below `FLOOR`."""
        gains, estimate, _ = self._gated(weight, settings)
        leaked, mixture = float((gains**2 * estimate).sum()), float(self.products[:, 3].sum())
        return max(FLOOR, float(10 * np.log10((leaked + EPSILON) / (mixture + EPSILON))))

    def is_heard(self, weight: float, settings: PresenceSettings) -> bool:
        """Whether the gate lets anything pass."""
        return bool(self._gated(weight, settings)[0].any())

    def _gated(self, weight: float, settings: PresenceSettings) -> tuple[Row, Row, Row]:
        """Of each window the gate's gain, the estimate's energy, and its product with the target."""
        pairs = zip(_energy(self.windows, weight), self.windows[:, 3], strict=True)
        gains = np.array([gate_gain(float(e), float(m), settings) for e, m in pairs])
        first, second = self.products[:, 4], self.products[:, 5]
        return gains, _energy(self.products, weight), weight * first + (1 - weight) * second

    def score(self, weight: float, seconds: float) -> float:
        """How sure the blend is that the target sounds."""
        curve = (weight * self.presence[0] + (1 - weight) * self.presence[1]).astype(np.float32)
        return presence_score(Presence(curve, self.step), self.levels, seconds)


def _energy(products: Row, weight: float) -> Row:
    """Of each window the energy of the weighted sum, from the first three of its products."""
    one, both, other = products[:, :3].T
    return np.asarray(weight**2 * one + 2 * weight * (1 - weight) * both + (1 - weight) ** 2 * other)


def best_weight(heard: Sequence[Heard]) -> float:
    """The first part's weight that gives the songs with the target the best mean SDR."""
    grid = np.linspace(0, 1, STEPS)
    means = [mean_sdr(heard, float(weight), OPEN) for weight in grid]
    return round(float(grid[int(np.argmax(means))]), 2)


def fitted_gate(heard: Sequence[Heard], weight: float) -> float | None:
    """The gate that is worth its cost most, see `COST` and `WORTH`; None where none is.

    Leakage is the median of songs without the target. No gate may silence a song with it.
    """
    silent = [song for song in heard if not song.has_target]
    having = [song for song in heard if song.has_target]
    if not silent:
        return None
    whole = mean_sdr(heard, weight, OPEN)
    tried: dict[float | None, float] = {None: median_leakage(silent, weight, OPEN)}
    for gate in GATES:
        settings = PresenceSettings(gate=gate)
        cost = whole - mean_sdr(heard, weight, settings)
        if cost <= COST and all(song.is_heard(weight, settings) for song in having):
            tried[gate] = median_leakage(silent, weight, settings) + WORTH * max(0.0, cost)
    return min(tried, key=lambda gate: tried[gate])


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


def mean_sdr(heard: Sequence[Heard], weight: float, settings: PresenceSettings) -> float:
    """Mean SDR of the songs with the target in dB."""
    return float(np.mean([song.sdr(weight, settings) for song in heard if song.has_target]))


def median_leakage(silent: Sequence[Heard], weight: float, settings: PresenceSettings) -> float:
    """Median leakage of songs without the target in dB."""
    return float(np.median([song.leakage(weight, settings) for song in silent]))


def figures(heard: Sequence[Heard], weight: float, settings: PresenceSettings) -> dict[str, float]:
    """What a fitted blend does, in dB: what its config and its card say of the fit.

    `first`, `second` and `sdr` are median SDRs of the parts and of the blend; where there are songs without
    the target, `leakage` is theirs in the median, `leakage_ungated` what it was without the gate, `gate_cost`
    what the gate takes from the mean SDR, and `absent` the share of them that is called so.
    """
    songs = [song for song in heard if song.has_target]
    silent = [song for song in heard if not song.has_target]
    medians = {
        "first": _median_sdr(songs, 1.0, OPEN), "second": _median_sdr(songs, 0.0, OPEN),
        "sdr": _median_sdr(songs, weight, settings),
    }  # fmt: skip
    if not silent:
        return medians
    least = settings.threshold
    absent = [least is not None and song.score(weight, settings.seconds) < least for song in silent]
    return medians | {
        "leakage": median_leakage(silent, weight, settings),
        "leakage_ungated": median_leakage(silent, weight, OPEN),
        "gate_cost": mean_sdr(heard, weight, OPEN) - mean_sdr(heard, weight, settings),
        "absent": float(np.mean(absent)),
    }


def _median_sdr(songs: Sequence[Heard], weight: float, settings: PresenceSettings) -> float:
    return float(np.median([song.sdr(weight, settings) for song in songs]))
