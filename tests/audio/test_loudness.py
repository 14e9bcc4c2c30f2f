"""Loudness against values that the standards state (BS.1770-4, EBU Tech 3341)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.audio import LoudnessMeter, integrated_loudness, true_peak
from canzona.audio.loudness import _high_pass, _shelf
from canzona.errors import UsageError

RATE = 48000


def tone(
    level: float, seconds: float, frequency: float = 1000.0, rate: int = RATE, channels: int = 2
) -> np.ndarray:
    """A sine of a peak level in dBFS."""
    wave = 10 ** (level / 20) * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)
    return np.stack([wave] * channels)


def test_the_filters_are_those_of_the_standard_at_48_khz() -> None:
    shelf, high_pass = _shelf(48000), _high_pass(48000)
    assert shelf[0] == pytest.approx((1.53512485958697, -2.69169618940638, 1.19839281085285), abs=1e-12)
    assert shelf[1] == pytest.approx((1.0, -1.69065929318241, 0.73248077421585), abs=1e-12)
    assert high_pass[0] == (1.0, -2.0, 1.0)
    assert high_pass[1] == pytest.approx((1.0, -1.99004745483398, 0.99007225036621), abs=1e-12)


@pytest.mark.parametrize("rate", [22050, 32000, 44100, 48000, 96000])
def test_a_full_sine_of_997_hz_on_one_channel_is_3_01_below(rate: int) -> None:
    assert integrated_loudness(tone(0, 5, 997, rate, channels=1), rate) == pytest.approx(-3.01, abs=0.04)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (((-23, 20),), -23.0),  # case 1
        (((-33, 20),), -33.0),  # case 2
        (((-36, 10), (-23, 60), (-36, 10)), -23.0),  # case 3: the relative gate
        (((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)), -23.0),  # case 4: the absolute gate
        (((-26, 20), (-20, 20.1), (-26, 20)), -23.0),  # case 5
    ],
)
def test_signals_of_ebu_tech_3341(parts: tuple[tuple[float, float], ...], expected: float) -> None:
    signal = np.concatenate([tone(level, seconds) for level, seconds in parts], axis=1)
    assert integrated_loudness(signal, RATE) == pytest.approx(expected, abs=0.1)


def test_low_notes_count_less_and_high_ones_more() -> None:
    low, middle, high = (integrated_loudness(tone(-20, 3, frequency), RATE) for frequency in (30, 500, 5000))
    assert low < middle - 2
    assert high > middle + 3


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 30000), max_size=6))
def test_blocks_of_any_size_measure_the_same(sizes: list[int]) -> None:
    signal = np.random.default_rng(0).normal(size=(2, 90000)) * 0.1
    meter = LoudnessMeter(RATE, 2)
    cuts = [0, *np.minimum(np.cumsum(sizes, dtype=int), 90000).tolist(), 90000]
    for begin, end in itertools.pairwise(cuts):
        meter.add(signal[:, begin:end])
    assert meter.integrated() == pytest.approx(integrated_loudness(signal, RATE), abs=1e-9)


def test_silence_and_moments_have_no_loudness() -> None:
    assert integrated_loudness(np.zeros((2, RATE)), RATE) == float("-inf")
    assert integrated_loudness(tone(-10, 0.3), RATE) == float("-inf")
    assert integrated_loudness(np.zeros((2, 0)), RATE) == float("-inf")
    assert LoudnessMeter(RATE, 2).integrated() == float("-inf")


@pytest.mark.parametrize(("rate", "channels"), [(4000, 2), (48000, 6), (48000, 0)])
def test_what_cannot_be_measured_is_said(rate: int, channels: int) -> None:
    with pytest.raises(UsageError, match="cannot be measured"):
        LoudnessMeter(rate, channels)


def test_the_true_peak_lies_between_the_samples() -> None:
    place = np.arange(4800)
    wave = np.sin(np.pi / 2 * place + np.pi / 4) * np.hanning(4800)  # samples at 0.707 of the crests
    assert np.abs(wave).max() < 0.72
    assert true_peak(wave) == pytest.approx(1.0, abs=0.02)
    assert true_peak(np.zeros((2, 0))) == 0.0
