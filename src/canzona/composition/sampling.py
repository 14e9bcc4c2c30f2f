"""Drawing a class from logits, with the same result on every processor.

Logits come exact from the network. Everything after them is done with single additions,
multiplications and divisions in a fixed order: NumPy's own `exp` differs in its last bit
between vector widths, so the exponential here is a polynomial, and sums run from left to
right (`cumsum`), never in pairs.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray

GREEDY = 1e-6
"""Temperatures below this take the most probable class."""

_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10
_TERMS = tuple(
    1.0 / factor
    for factor in (6227020800, 479001600, 39916800, 3628800, 362880, 40320, 5040, 720, 120, 24, 6, 2, 1, 1)
)
_LOWEST = -700.0


def exact_exp(value: Array) -> Array:
    """e to the power of values <= 0, float64; relative error under 1e-14, 0 below -700.

    Range reduction to half of ln 2 on either side and a Taylor polynomial of degree 13, each step a
    single rounded operation.
    """
    rest = np.maximum(value, _LOWEST)
    whole = np.floor(rest * _LOG2_E + 0.5)
    rest -= whole * _LN2_HIGH
    rest -= whole * _LN2_LOW
    result = np.full_like(rest, _TERMS[0])
    for term in _TERMS[1:]:
        result *= rest
        result += term
    powered: Array = np.ldexp(result, whole.astype(np.int32))
    powered[value < _LOWEST] = 0.0
    return powered


def draw(logits: Array, weights: Array, uniform: Array, *, temperature: float, top_p: float) -> Array:
    """One class a row.

    Parameters
    ----------
    logits : float32 (batch, classes).
    weights : float64 (batch, classes), >= 0; what a class is worth to the rules, 0 forbids it.
        Each row has a positive one.
    uniform : float64 (batch,), numbers in [0, 1).
    temperature : >= 0; 0 takes the most probable class that is allowed.
    top_p : in (0, 1]; only the most probable classes whose probabilities sum to this are kept.

    Returns
    -------
    int64 (batch,)
    """
    allowed = weights > 0
    known = np.where(allowed, logits.astype(np.float64), -np.inf)
    top = known.max(1, keepdims=True)
    if temperature < GREEDY:
        greedy: Array = known.argmax(1)
        return greedy
    mass = exact_exp((known - top) / temperature) * weights
    if top_p < 1:
        mass = _nucleus(mass, top_p)
    summed = np.cumsum(mass, axis=1)
    goal = uniform * summed[:, -1]
    chosen: Array = (summed <= goal[:, None]).sum(1)
    bounded: Array = np.minimum(chosen, mass.shape[1] - 1)
    return bounded


def _nucleus(mass: Array, top_p: float) -> Array:
    """Mass of the most probable classes (Holtzman et al. 2020) and of any as probable as the last."""
    ranked = np.sort(mass, axis=1)[:, ::-1]
    summed = np.cumsum(ranked, axis=1)
    last = (summed < top_p * summed[:, -1:]).sum(1)
    least = ranked[np.arange(len(mass)), last]
    return np.where(mass >= least[:, None], mass, 0.0)
