"""Presence: the curve, and whether the target sounds at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.separation.presence import (
    FrameMeans,
    Presence,
    PresenceSettings,
    presence_score,
    song_is_absent,
)

STEP = 0.1


def curve(*values: float) -> Presence:
    return Presence(np.array(values, np.float32), STEP)


def test_times_are_the_middles_of_frames() -> None:
    np.testing.assert_allclose(curve(0, 1, 0).times, [0.05, 0.15, 0.25])
    np.testing.assert_allclose(Presence(np.zeros(2, np.float32), 0.5, 10.0).times, [10.25, 10.75])


def test_a_csv_of_the_curve() -> None:
    rows = Presence(np.array([0.25, 1.0], np.float32), 0.5, 3.0).to_csv().splitlines()
    assert rows == ["time,presence", "3.250,0.2500", "3.750,1.0000"]


def test_the_curve_says_what_it_is() -> None:
    assert repr(curve(0, 0.5, 1)) == "<Presence 0.3 s in 3 frames, mean 0.50>"
    assert Presence(np.zeros(0, np.float32), STEP).mean == 0


def test_the_score_is_the_mean_of_the_likeliest_seconds() -> None:
    found = presence_score(curve(0.1, 0.9, 0.2, 0.7, 0.0), np.ones(5), seconds=0.2)
    assert found == pytest.approx(0.8)


def test_of_equal_frames_the_first_count() -> None:
    assert presence_score(curve(0.9, 0.5, 0.5, 0.5), np.array([1, 1, 9, 9]), 0.2) == pytest.approx(0.7)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.integers(1, 40))
def test_the_score_is_that_of_sorted_frames(heights: list[int], count: int) -> None:
    values = np.array(heights, np.float32) / 5
    score = presence_score(Presence(values, STEP), np.ones(len(values)), count * STEP)
    assert score == pytest.approx(np.sort(values)[::-1][:count].mean(), abs=1e-6)


def test_loud_frames_count_for_more() -> None:
    assert presence_score(curve(0.9, 0.1), np.array([1, 9]), seconds=0.2) == pytest.approx(0.18)


def test_a_short_song_is_judged_by_all_of_it() -> None:
    assert presence_score(curve(0.6, 0.4), np.ones(2), seconds=100) == pytest.approx(0.5)


def test_silence_has_no_presence() -> None:
    assert presence_score(curve(1, 1), np.zeros(2), seconds=1) == 0


@pytest.mark.parametrize(("threshold", "absent"), [(None, False), (0.5, False), (0.7, True)])
def test_a_song_is_absent_below_the_threshold(threshold: float | None, absent: bool) -> None:
    settings = PresenceSettings(threshold, seconds=0.1)
    assert song_is_absent(curve(0.1, 0.6, 0.2), np.ones(3), settings) is absent


def test_in_a_silent_song_the_target_is_absent() -> None:
    assert song_is_absent(curve(1.0), np.zeros(1), PresenceSettings(0.01))
    assert song_is_absent(curve(1.0), np.zeros(1), PresenceSettings())
    assert not song_is_absent(curve(0.0), np.ones(1), PresenceSettings())


def test_presence_is_an_array_to_whoever_wants_one() -> None:
    found = curve(0.1, 0.9, 0.2)
    np.testing.assert_array_equal(np.asarray(found), found.values)
    assert np.asarray(found, np.float64).dtype == np.float64
    assert len(found) == 3 and found[1] == np.float32(0.9) and found[1:].tolist() == found.values[1:].tolist()
    assert max(found) == np.float32(0.9)


def test_settings_from_a_config() -> None:
    assert PresenceSettings.from_dict({}) == PresenceSettings(None, 3.0)
    assert PresenceSettings.from_dict({"threshold": 1, "seconds": 2, "fitted": "x"}) == (
        PresenceSettings(1.0, 2.0)
    )
    assert PresenceSettings.from_dict({"threshold": None}) == PresenceSettings()


@pytest.mark.parametrize(
    "held",
    [{"seconds": 0}, {"seconds": float("nan")}, {"threshold": float("inf")}, {"threshold": "high"}],
)
def test_settings_that_make_no_sense(held: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        PresenceSettings.from_dict(held)


@given(sizes=st.lists(st.integers(0, 40), max_size=8), hop=st.integers(1, 17), seed=st.integers(0, 9))
def test_means_of_frames_whatever_the_blocks(sizes: list[int], hop: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=sum(sizes))
    means = FrameMeans(hop)
    for block in np.split(values, np.cumsum(sizes)[:-1] if sizes else []):
        means.push(block)
    expected = [values[at : at + hop].mean() for at in range(0, len(values), hop)]
    np.testing.assert_allclose(means.finish(), np.array(expected, np.float32), rtol=1e-5, atol=1e-6)
