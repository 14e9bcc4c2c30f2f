"""Where the parts of a blend disagree about how loud the target is, the blend is turned down.

What only one network takes for the target is seldom the target: two agree about what they have learnt,
and err each in its own way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_EPSILON = 1e-6
"""Energy of a frame below which two estimates are equally silent."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a blend is turned down; numbers that are fitted with it.

    Attributes
    ----------
    slope : decibels of attenuation for each decibel that the parts' levels lie apart; 0 for none.
    slack : decibels that they may lie apart all the same.
    most : decibels of attenuation at most.
    seconds : how much of the song around a frame its levels are taken from.
    """

    slope: float = 0.0
    slack: float = 3.0
    most: float = 20.0
    seconds: float = 1.0

    @classmethod
    def from_dict(cls, held: Mapping[str, Any]) -> Agreement:
        """From the values of a config; TypeError or ValueError where they make no sense."""
        made = cls(**{f.name: float(held[f.name]) for f in fields(cls) if f.name in held})
        numbers = made.slope, made.slack, made.most, made.seconds
        if not (made.seconds > 0 and all(number >= 0 and math.isfinite(number) for number in numbers)):
            raise ValueError(f"agreement cannot be judged with {dict(held)}")
        return made

    def gains(self, energies: npt.ArrayLike, step: float) -> Float64:
        """What to multiply the blend with, float64 (frames,), in 0..1.

        Parameters
        ----------
        energies : energy of each part's estimate in each frame, shape (parts, frames); see `frame_products`.
        step : seconds of a frame.
        """
        around = _moving_means(np.asarray(energies, np.float64), max(1, round(self.seconds / step)))
        levels = 10 * np.log10(np.maximum(around, 0) + _EPSILON)
        apart = levels.max(axis=0) - levels.min(axis=0)
        loss = np.clip(self.slope * (apart - self.slack), 0, self.most)
        return np.asarray(10 ** (-loss / 20), np.float64)


def frame_products(one: Float32, other: Float32, hop: int) -> Float64:
    """Inner products of two signals in frames of `hop` samples, the last of which may be shorter.

    Parameters
    ----------
    one, other : shape (2, n). With itself a signal gives its energies.

    Returns
    -------
    float64 (frames,).
    """
    whole = one.shape[1] // hop * hop
    framed = (signal[:, :whole].reshape(2, -1, hop) for signal in (one, other))
    found: Float64 = np.einsum("cft,cft->f", *framed, dtype=np.float64)
    if whole < one.shape[1]:
        last = np.sum(one[:, whole:] * other[:, whole:], dtype=np.float64)
        found = np.append(found, last)
    return found


def _moving_means(values: Float64, count: int) -> Float64:
    """Means over `count` columns around each; at the ends of those that there are."""
    sums = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    places = np.arange(values.shape[1])
    first = np.maximum(places - count // 2, 0)
    last = np.minimum(places - count // 2 + count, values.shape[1])
    return np.asarray((sums[:, last] - sums[:, first]) / (last - first), np.float64)
