import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import UsageError
from canzona.evaluation import Interval, bootstrap_difference, bootstrap_median, bootstrap_ratio


def tunes(seed: int, size: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Bits and notes of tunes whose bits per note scatter around 3."""
    rng = np.random.default_rng(seed)
    notes = rng.integers(20, 80, size)
    return notes * rng.normal(3.0, 0.5, size), notes


def test_the_value_is_the_ratio_of_sums() -> None:
    assert bootstrap_ratio([1, 2, 6], [1, 1, 1]).value == 3.0
    assert bootstrap_ratio([10, 2], [5, 1]).value == 2.0


def test_the_interval_is_as_wide_as_the_normal_theory_says() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(0.0, 1.0, 2000)
    interval = bootstrap_ratio(values, np.ones(2000), resamples=4000)
    assert (interval.high - interval.low) / 2 == pytest.approx(1.96 / np.sqrt(2000), rel=0.07)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    covered = 0
    for seed in range(200):
        bits, notes = tunes(seed, 150)
        interval = bootstrap_ratio(bits, notes, resamples=300, seed=seed)
        covered += interval.low <= 3.0 <= interval.high
    assert 0.89 <= covered / 200 <= 0.99


def test_the_seed_decides() -> None:
    bits, notes = tunes(1)
    assert bootstrap_ratio(bits, notes, seed=5) == bootstrap_ratio(bits, notes, seed=5)
    assert bootstrap_ratio(bits, notes, seed=5) != bootstrap_ratio(bits, notes, seed=6)


def test_families_are_drawn_as_wholes() -> None:
    bits, notes = tunes(2, 100)
    copied = np.repeat(bits, 10), np.repeat(notes, 10)
    apart = bootstrap_ratio(*copied)
    together = bootstrap_ratio(*copied, groups=np.repeat(np.arange(100), 10))
    assert together.value == pytest.approx(apart.value)
    assert together.high - together.low == pytest.approx(np.sqrt(10) * (apart.high - apart.low), rel=0.15)


def test_a_paired_difference_is_narrower_than_either() -> None:
    bits, notes = tunes(3)
    better = bits - 0.1 * notes
    difference = bootstrap_difference(bits, better, notes)
    assert difference.value == pytest.approx(0.1)
    assert difference.high - difference.low < 1e-6
    assert bootstrap_ratio(bits, notes).high - bootstrap_ratio(bits, notes).low > 0.01


@given(
    st.lists(st.tuples(st.floats(-100, 100), st.integers(0, 50)), min_size=1, max_size=30), st.integers(0, 9)
)
def test_bounds_are_in_order(rows: list[tuple[float, int]], seed: int) -> None:
    above, below = [row[0] for row in rows], [row[1] for row in rows]
    if not sum(below):
        with pytest.raises(UsageError):
            bootstrap_ratio(above, below)
        return
    interval = bootstrap_ratio(above, below, seed=seed, resamples=50)
    assert np.isfinite([interval.value, interval.low, interval.high]).all()
    assert interval.low <= interval.high


def test_one_tune_gives_no_width() -> None:
    interval = bootstrap_ratio([6], [2])
    assert (interval.value, interval.low, interval.high) == (3.0, 3.0, 3.0)


@pytest.mark.parametrize(("above", "below", "groups"), [
    ([], [], None), ([1, 2], [1], None), ([1], [0], None), ([[1]], [[1]], None), ([1, 2], [1, 1], [0]),
])  # fmt: skip
def test_what_has_no_interval_is_refused(
    above: list[int], below: list[int], groups: list[int] | None
) -> None:
    with pytest.raises(UsageError):
        bootstrap_ratio(above, below, groups=groups)


def test_models_measured_on_other_tunes_are_refused() -> None:
    with pytest.raises(UsageError, match="different numbers"):
        bootstrap_difference([1, 2], [1], [1, 1])


def test_an_interval_reads_well() -> None:
    assert str(Interval(2.6, 2.51, 2.7)) == "2.600 (2.510 to 2.700)"


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=30), st.integers(0, 100))
def test_a_median_lies_in_its_interval_and_that_among_the_values(values: list[float], seed: int) -> None:
    interval = bootstrap_median(values, seed=seed, resamples=200)
    assert interval.value == np.median(values)
    assert min(values) <= interval.low <= interval.high <= max(values)
    assert interval == bootstrap_median(values, seed=seed, resamples=200)


def test_intervals_of_medians_cover_the_truth_about_as_often_as_they_say() -> None:
    covered = 0
    for seed in range(300):
        interval = bootstrap_median(np.random.default_rng(seed).normal(2.0, 1.0, 41), resamples=300)
        covered += interval.low <= 2.0 <= interval.high
    assert 0.88 <= covered / 300 <= 0.99


def test_a_median_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing to draw"):
        bootstrap_median([])
