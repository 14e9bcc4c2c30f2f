"""Figures of separation: values that can be worked out, and properties that hold for any signal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.separation.metrics import EPSILON, FLOOR, ideal_ratio_mask, leakage, sdr, si_sdr
from small_extractor import noise, tone


def test_sdr_is_target_energy_over_error_energy() -> None:
    target, other = noise(1, 40000), noise(2, 40000)
    want = 10 * np.log10(np.sum(target.astype(float) ** 2) / np.sum((0.5 * other).astype(float) ** 2))
    assert sdr(target, target + 0.5 * other) == pytest.approx(want, abs=1e-4)
    assert sdr(target, np.zeros_like(target)) == pytest.approx(0, abs=1e-5)
    # Both channels count together: one that is quiet and wrong weighs little.
    wrong = target.copy()
    wrong[1] *= 0
    quiet = target * np.array([[1.0], [0.01]])
    assert sdr(quiet, wrong * np.array([[1.0], [0.01]])) == pytest.approx(40, abs=0.2)


def test_silence_has_a_finite_sdr() -> None:
    silent = np.zeros((2, 100))
    assert sdr(silent, silent) == 0
    assert sdr(silent, np.ones((2, 100))) == pytest.approx(10 * np.log10(EPSILON / 200), abs=1e-6)


@given(seed=st.integers(0, 2**32), gain=st.floats(0.1, 10))
def test_si_sdr_ignores_the_estimate_s_level(seed: int, gain: float) -> None:
    target, error = np.random.default_rng(seed).normal(size=(2, 2, 2000))
    estimate = target + 0.3 * error
    assert si_sdr(target, gain * estimate) == pytest.approx(si_sdr(target, estimate), abs=0.01)


def test_si_sdr_of_a_scaled_target_is_high_and_of_silence_is_none() -> None:
    target = noise(1, 5000)
    assert (si_sdr(target, 0.3 * target) or 0) > 60
    assert si_sdr(np.zeros((2, 100)), noise(1, 100)) is None
    assert si_sdr(noise(1, 100), np.zeros((2, 100))) is None
    # What has nothing of the target is as bad as can be, however loud.
    other = np.stack([target[1], -target[0]])
    assert (si_sdr(target, other) or 0) < -40


def test_leakage_is_energy_against_the_mixture_s() -> None:
    mixture = noise(1, 5000)
    assert leakage(0.1 * mixture, mixture) == pytest.approx(-20, abs=1e-3)
    assert leakage(np.zeros_like(mixture), mixture) == FLOOR
    assert leakage(0 * mixture, 0 * mixture) == FLOOR, "silence out of silence leaks nothing"


def test_the_oracle_parts_what_does_not_overlap() -> None:
    low, high = tone(200, 1.5), tone(5000, 1.5)
    assert sdr(low, ideal_ratio_mask(low, high)) > 35
    assert sdr(high, ideal_ratio_mask(high, low)) > 35


def test_the_oracle_halves_what_is_alike() -> None:
    sound = noise(1, 30000)
    np.testing.assert_allclose(ideal_ratio_mask(sound, sound), sound, atol=1e-5)
    np.testing.assert_allclose(ideal_ratio_mask(sound, 3 * sound), sound, atol=1e-5)


def test_the_oracle_of_a_long_song_is_that_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    target, rest = noise(1, 90000), noise(2, 90000)
    whole = ideal_ratio_mask(target, rest)
    # A whole number of hops, so that the frames of each piece stand where those of the whole do.
    monkeypatch.setattr("canzona.separation.metrics._BLOCK", 512 * 40)
    np.testing.assert_allclose(ideal_ratio_mask(target, rest), whole, atol=1e-5)
