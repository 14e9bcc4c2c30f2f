"""Bootstrap confidence intervals over tunes and songs.

A figure such as bits per note is a ratio of sums over tunes. Tunes, not notes, are drawn
again with replacement (Efron 1979, percentile method), since the notes of a tune hang
together; where variants of one tune are in the set, whole families are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from canzona.errors import UsageError

RESAMPLES = 1000
LEVEL = 0.95

_CELLS = 4_000_000
"""Counts held at a time: bounds the memory, not the result."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its confidence interval, `low` <= `high`."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def bootstrap_ratio(
    numerators: ArrayLike,
    denominators: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Interval:
    """Interval of a ratio of sums over tunes.

    Parameters
    ----------
    numerators, denominators : one number a tune, shape (tunes,): bits and notes, hits and notes.
        Ones as denominators make the figure a mean.
    groups : the family of each tune, drawn as a whole; None draws tunes.
    seed : the same seed gives the same interval.
    resamples : how many sets are drawn.
    level : share of the drawn figures inside the interval, 0 to 1.

    Raises
    ------
    UsageError : there is no tune, shapes differ, or the denominators sum to zero.
    """
    above, below = _summed(numerators, denominators, groups)
    drawn_above, drawn_below = _draw(np.stack([above, below]), seed, resamples)
    return _interval(above.sum() / below.sum(), drawn_above, drawn_below, level)


def bootstrap_difference(
    first: ArrayLike,
    second: ArrayLike,
    denominators: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Interval:
    """Interval of the difference `first` - `second` of two models on the same tunes.

    Both are drawn together (a paired bootstrap), so that tunes which are hard for both cancel.
    Parameters and errors as in `bootstrap_ratio`.
    """
    one, two = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if one.shape != two.shape:
        raise UsageError("two models were measured on different numbers of tunes")
    return bootstrap_ratio(
        one - two, denominators, groups=groups, seed=seed, resamples=resamples, level=level
    )


def bootstrap_median(
    values: ArrayLike, *, seed: int = 0, resamples: int = RESAMPLES, level: float = LEVEL
) -> Interval:
    """Interval of a median over songs, drawn again with replacement.

    Parameters
    ----------
    values : one number a song, shape (songs,).

    Raises
    ------
    UsageError : there is no song.
    """
    held = np.asarray(values, np.float64)
    if held.ndim != 1 or not len(held):
        raise UsageError("there is nothing to draw an interval from", hint="give songs to measure")
    places = np.random.default_rng(seed).integers(0, len(held), (resamples, len(held)))
    edge = (1.0 - level) / 2.0
    low, high = np.quantile(np.median(held[places], axis=1), [edge, 1.0 - edge])
    return Interval(float(np.median(held)), float(low), float(high))


def _summed(
    numerators: ArrayLike, denominators: ArrayLike, groups: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Numerators and denominators of what is drawn: tunes, or sums over groups."""
    above, below = np.asarray(numerators, np.float64), np.asarray(denominators, np.float64)
    if above.shape != below.shape or above.ndim != 1:
        raise UsageError("an interval wants one numerator and one denominator for each tune")
    if not len(above) or not below.sum():
        raise UsageError("there is nothing to draw an interval from", hint="give tunes that have notes")
    if groups is None:
        return above, below
    group = np.unique(np.asarray(groups), return_inverse=True)[1]
    if group.shape != above.shape:
        raise UsageError("an interval wants one group for each tune")
    return np.bincount(group, above).astype(np.float64), np.bincount(group, below).astype(np.float64)


def _draw(rows: NDArray[np.float64], seed: int, resamples: int) -> NDArray[np.float64]:
    """Sums of rows (2, n) over sets drawn with replacement: shape (2, resamples)."""
    rng = np.random.default_rng(seed)
    count = rows.shape[1]
    drawn = []
    while resamples > 0:
        size = min(resamples, max(1, _CELLS // count))
        times = rng.multinomial(count, np.full(count, 1.0 / count), size=size)
        drawn.append(rows @ times.T)
        resamples -= size
    return np.concatenate(drawn, axis=1) if drawn else np.zeros((2, 0))


def _interval(value: float, above: NDArray[np.float64], below: NDArray[np.float64], level: float) -> Interval:
    figures = above[below > 0] / below[below > 0]
    if not len(figures):
        return Interval(float(value), float(value), float(value))
    edge = (1.0 - level) / 2.0
    low, high = np.quantile(figures, [edge, 1.0 - edge])
    return Interval(float(value), float(low), float(high))
