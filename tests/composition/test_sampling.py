from __future__ import annotations

from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from canzona.composition.sampling import draw, exact_exp

LOGITS = np.array([2.0, 1.0, 0.5, -1.0, 3.0, 0.0], np.float32)
ALL = np.ones((1, 6))


def shares(logits: np.ndarray, weights: np.ndarray, temperature: float) -> np.ndarray:
    mass = np.exp(logits.astype(float) / temperature) * weights
    return mass / mass.sum()


def drawn(
    count: int, *, weights: np.ndarray = ALL, temperature: float = 1.0, top_p: float = 1.0
) -> np.ndarray:
    uniform = np.random.default_rng(5).random(count)
    return draw(
        np.repeat(LOGITS[None], count, 0), np.repeat(weights, count, 0), uniform,
        temperature=temperature, top_p=top_p,
    )  # fmt: skip


def test_the_exponential_is_exact_to_14_digits() -> None:
    getcontext().prec = 40
    values = np.concatenate([-np.logspace(-12, np.log10(699), 400), [0.0, -0.34657359, -1.0, -700.0]])
    for value, found in zip(values.tolist(), exact_exp(values).tolist(), strict=True):
        wanted = Decimal(value).exp()
        assert abs(Decimal(found) - wanted) <= wanted * Decimal("1e-14")
    assert exact_exp(np.array([0.0]))[0] == 1.0
    assert exact_exp(np.array([-701.0, -1e9, -np.inf])).tolist() == [0.0, 0.0, 0.0]


@given(arrays(np.float64, 20, elements=st.floats(-720, 0)))
def test_the_exponential_never_falls(values: np.ndarray) -> None:
    ordered = exact_exp(np.sort(values))
    apart = np.diff(np.sort(values)) > 1e-13
    assert (np.diff(ordered)[apart] >= 0).all()
    assert (ordered >= 0).all() and (ordered <= 1).all()


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("weights", [ALL, np.array([[1.0, 0.0, 3.0, 0.5, 0.25, 0.0]])])
def test_draws_follow_the_distribution(temperature: float, weights: np.ndarray) -> None:
    """Chi-square against the analytic law; 20.5 is the 99.9th percentile at 5 degrees of freedom."""
    wanted = shares(LOGITS, weights[0], temperature) * 40_000
    counts = np.bincount(drawn(40_000, weights=weights, temperature=temperature), minlength=6)
    assert (counts[wanted == 0] == 0).all()
    seen = wanted > 0
    assert ((counts[seen] - wanted[seen]) ** 2 / wanted[seen]).sum() < 20.5


@pytest.mark.parametrize("temperature", [0.0, 1e-300, 1e-9])
def test_cold_is_greedy(temperature: float) -> None:
    assert set(drawn(50, temperature=temperature).tolist()) == {4}
    without = np.array([[1.0, 1.0, 1.0, 1.0, 0.0, 1.0]])
    assert set(drawn(50, weights=without, temperature=temperature).tolist()) == {0}


@pytest.mark.parametrize("temperature", [1e-6, 1e-4, 0.01])
def test_nearly_cold_is_greedy_too(temperature: float) -> None:
    assert set(drawn(50, temperature=temperature).tolist()) == {4}


def test_top_p_keeps_the_most_probable() -> None:
    """Shares are 0.59, 0.22, 0.08, 0.05, 0.03, 0.01 for classes 4, 0, 1, 2, 5, 3."""
    assert set(drawn(3000, top_p=0.5).tolist()) == {4}
    assert set(drawn(3000, top_p=0.75).tolist()) == {4, 0}
    assert set(drawn(3000, top_p=0.85).tolist()) == {4, 0, 1}
    assert set(drawn(3000, top_p=1e-12).tolist()) == {4}
    counts = np.bincount(drawn(20_000, top_p=0.75), minlength=6)
    assert counts[4] / 20_000 == pytest.approx(np.e / (1 + np.e), abs=0.015)


def test_classes_as_probable_as_the_last_that_is_kept_are_kept() -> None:
    even = np.zeros((400, 5), np.float32)
    weights = np.tile([1.0, 0.0, 1.0, 1.0, 0.0], (400, 1))
    uniform = (np.arange(400) + 0.5) / 400
    chosen = draw(even, weights, uniform, temperature=1.0, top_p=0.4)
    assert set(chosen.tolist()) == {0, 2, 3}


@given(
    arrays(np.float32, (3, 5), elements=st.floats(-60, 60, width=32)),
    arrays(np.float64, (3, 5), elements=st.sampled_from([0.0, 0.0, 1e-30, 0.3, 1.0])),
    arrays(np.float64, 3, elements=st.floats(0, 1, exclude_max=True)),
    st.sampled_from([0.0, 1e-9, 1e-6, 0.2, 1.0, 5.0]),
    st.sampled_from([1e-9, 0.3, 0.9, 1.0]),
)
def test_what_is_forbidden_is_never_drawn(
    logits: np.ndarray, weights: np.ndarray, uniform: np.ndarray, temperature: float, top_p: float
) -> None:
    weights[:, 2] = np.where(weights.any(1), weights[:, 2], 1.0)
    chosen = draw(logits, weights, uniform, temperature=temperature, top_p=top_p)
    assert chosen.dtype == np.int64
    assert (weights[np.arange(3), chosen] > 0).all()


def test_a_row_is_drawn_alike_alone_and_among_others() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(200, 40)).astype(np.float32)
    weights = (random.random((200, 40)) < 0.7) + 0.0
    uniform = random.random(200)
    for top_p in (0.9, 1.0):
        together = draw(logits, weights, uniform, temperature=0.8, top_p=top_p)
        alone = [
            int(
                draw(logits[k : k + 1], weights[k : k + 1], uniform[k : k + 1], temperature=0.8, top_p=top_p)[
                    0
                ]
            )
            for k in range(200)
        ]
        assert together.tolist() == alone
