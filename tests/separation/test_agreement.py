"""Turning a blend down where its parts disagree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from canzona.separation.agreement import Agreement, frame_products

ENERGIES = arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 40)), elements=st.floats(0, 1e4))


@given(ENERGIES, st.floats(0, 5), st.floats(0, 30))
def test_a_blend_is_never_made_louder_nor_turned_down_by_more_than_is_allowed(
    energies: np.ndarray, slope: float, most: float
) -> None:
    gains = Agreement(slope, most=most).gains(energies, 0.1)
    assert gains.shape == energies.shape[1:]
    assert (gains <= 1).all() and (20 * np.log10(gains) >= -most - 1e-9).all()


def test_what_both_hear_stays_and_what_one_hears_is_turned_down_by_the_slope() -> None:
    one = np.full(60, 100.0)
    other = np.where(np.arange(60) < 30, 100.0, 0.1)
    gains = 20 * np.log10(Agreement(0.5, slack=3, seconds=0.5).gains([one, other], 0.1))
    np.testing.assert_allclose(gains[:25], 0, atol=1e-9)
    np.testing.assert_allclose(gains[35:], -0.5 * (30 - 3), atol=1e-3)
    assert (np.diff(gains) <= 0).all()


def test_silence_of_both_is_agreement_and_one_part_has_none_to_disagree_with() -> None:
    assert (Agreement(1.0).gains(np.zeros((2, 5)), 0.1) == 1).all()
    assert (Agreement(1.0).gains([[0.0, 5.0]], 0.1) == 1).all()


@pytest.mark.parametrize("count", [0, 1, 10, 64, 99])
def test_products_of_frames_add_up_to_that_of_the_whole(count: int) -> None:
    one, other = np.random.default_rng(1).normal(size=(2, 2, count)).astype(np.float32)
    found = frame_products(one, other, 10)
    assert found.shape == (-(-count // 10),)
    assert found.sum() == pytest.approx(float((one * other).sum(dtype=np.float64)), abs=1e-4)
    assert count < 10 or found[0] == pytest.approx(float((one * other)[:, :10].sum()), abs=1e-5)


@pytest.mark.parametrize(
    "held", [{"slope": -1}, {"slack": -0.1}, {"most": float("inf")}, {"seconds": 0}, {"slope": float("nan")}]
)
def test_numbers_that_make_no_sense_are_refused(held: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="agreement cannot be judged"):
        Agreement.from_dict(held)
