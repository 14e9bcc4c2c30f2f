"""Loudness and true peak as BS.1770 means them: what must hold of any sound, and what ffmpeg measures."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.audio import LoudnessMeter, encode_audio, integrated_loudness, true_peak

RATE = 44100
RATES = (8000, 16000, 22050, 32000, 44100, 48000, 96000)


def tone(frequency: float, *, level: float = 0.25, seconds: float = 2.0, rate: int = RATE) -> np.ndarray:
    """A sine on both channels, shape (2, samples)."""
    wave = level * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)
    return np.stack([wave, wave])


def noise(seed: int = 0, *, level: float = 0.1, seconds: float = 2.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(2, round(seconds * RATE))) * level


@settings(max_examples=10)
@given(st.integers(0, 99), st.floats(-30, 12))
def test_a_gain_in_decibels_is_as_many_units(seed: int, gain: float) -> None:
    signal = noise(seed, seconds=1)
    louder = integrated_loudness(signal * 10 ** (gain / 20), RATE)
    assert louder - integrated_loudness(signal, RATE) == pytest.approx(gain, abs=1e-6)


def test_channels_may_be_swapped_and_turned_over() -> None:
    signal = np.stack([tone(440)[0], noise()[1]])
    expected = integrated_loudness(signal, RATE)
    for other in (signal[::-1], -signal, signal * np.array([[1], [-1]])):
        assert integrated_loudness(other, RATE) == pytest.approx(expected, abs=1e-9)


def test_two_channels_are_three_decibels_more_than_one() -> None:
    signal = tone(440)
    difference = integrated_loudness(signal, RATE) - integrated_loudness(signal[:1], RATE)
    assert difference == pytest.approx(10 * np.log10(2), abs=1e-6)
    assert integrated_loudness(signal[0], RATE) == integrated_loudness(signal[:1], RATE)


def test_an_empty_channel_adds_nothing() -> None:
    signal = tone(440)
    assert integrated_loudness(np.stack([signal[0], np.zeros(signal.shape[1])]), RATE) == pytest.approx(
        integrated_loudness(signal[:1], RATE), abs=1e-9
    )


@pytest.mark.parametrize("silence", [0.5, 3.0])
@pytest.mark.parametrize("side", ["before", "after"])
def test_silence_around_a_sound_is_gated(silence: float, side: str) -> None:
    signal = noise(seconds=4)
    pause = np.zeros((2, round(silence * RATE)))
    joined = np.concatenate([pause, signal] if side == "before" else [signal, pause], axis=1)
    assert integrated_loudness(joined, RATE) == pytest.approx(integrated_loudness(signal, RATE), abs=0.35)


def test_a_sound_twice_is_as_loud_as_once() -> None:
    signal = noise(seconds=3)
    twice = np.concatenate([signal, signal], axis=1)
    assert integrated_loudness(twice, RATE) == pytest.approx(integrated_loudness(signal, RATE), abs=0.02)


def test_what_is_far_softer_does_not_count() -> None:
    """30 dB below lies under the relative gate; 6 dB below does not."""
    loud = noise(seconds=3)
    for fall, counts in ((30, False), (6, True)):
        whole = np.concatenate([loud, noise(1, seconds=3) * 10 ** (-fall / 20)], axis=1)
        lost = integrated_loudness(loud, RATE) - integrated_loudness(whole, RATE)
        assert (lost > 1) is counts


@pytest.mark.parametrize("frequency", [100, 500, 1000, 2000])
def test_the_sample_rate_does_not_matter(frequency: float) -> None:
    """At 8 kHz the shelf lies so near the end of the band that it bends a little."""
    lowest, *found = [integrated_loudness(tone(frequency, rate=rate), rate) for rate in RATES]
    assert max(found) - min(found) < 0.2
    assert lowest == pytest.approx(found[0], abs=0.5)


@pytest.mark.parametrize(
    ("frequency", "gain"),
    [(1000, 0), (38, -6.0), (20, -14.0), (100, -1.1), (500, -0.6), (2000, 2), (4000, 3.3), (10000, 3.35)],
)  # fmt: skip
def test_the_weighting_by_frequency(frequency: float, gain: float) -> None:
    """Decibels against 1 kHz, read off the standard's filters (ITU-R BS.1770-4, tables 1 and 2)."""
    difference = integrated_loudness(tone(frequency, seconds=4), RATE) - integrated_loudness(tone(1000), RATE)
    assert difference == pytest.approx(gain, abs=1.0)


@pytest.mark.parametrize("milliseconds", [0, 1, 399])
def test_less_than_a_block_has_no_loudness(milliseconds: int) -> None:
    assert integrated_loudness(tone(440)[:, : round(RATE * milliseconds / 1000)], RATE) == float("-inf")


def test_a_block_of_400_ms_has_one() -> None:
    assert integrated_loudness(tone(440)[:, : round(RATE * 0.4)], RATE) == pytest.approx(-13, abs=2)


def test_a_meter_may_be_asked_on_the_way() -> None:
    meter = LoudnessMeter(RATE, 2)
    soft, loud = tone(440, level=0.02), tone(440, level=0.5)
    meter.add(soft)
    before = meter.integrated()
    meter.add(loud)
    assert meter.integrated() > before + 10
    assert meter.integrated() == pytest.approx(
        integrated_loudness(np.concatenate([soft, loud], axis=1), RATE), abs=1e-9
    )


@settings(max_examples=10)
@given(st.integers(0, 99), st.floats(0.01, 4))
def test_a_true_peak_is_no_lower_than_the_samples_and_scales(seed: int, gain: float) -> None:
    signal = noise(seed, seconds=0.05)
    assert true_peak(signal) >= np.abs(signal).max()
    assert true_peak(signal * gain) == pytest.approx(gain * true_peak(signal))
    assert true_peak(signal) == true_peak(-signal) == true_peak(signal[::-1])


@pytest.mark.parametrize("phase", [0, 15, 30, 45, 60, 75, 90])
def test_the_crest_of_a_sine_is_found_at_any_phase(phase: float) -> None:
    """A quarter of the sample rate, where samples miss the crest by up to 3 dB; with a soft start and end."""
    place = np.arange(2000)
    wave = 0.5 * np.sin(np.pi / 2 * place + np.deg2rad(phase)) * np.hanning(2000)
    assert 20 * np.log10(true_peak(wave) / 0.5) == pytest.approx(0, abs=0.2)


def test_the_peak_of_one_channel_is_the_peak() -> None:
    signal = tone(440, level=0.1)
    signal[1, 5000] = -0.7
    assert true_peak(signal) == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("shape", ["tone", "noise", "burst"])
def test_ffmpeg_measures_the_same(tmp_path: Path, rate: int, shape: str) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("ffmpeg is not installed")
    signal = tone(440, seconds=4, rate=rate) if shape == "tone" else noise(3, level=0.08, seconds=4)
    if shape == "burst":
        signal[:, signal.shape[1] // 2 :] *= 0.02
    path = tmp_path / "sound.wav"
    data = encode_audio([signal], samples=signal.shape[1], sample_rate=rate, bits=24)
    path.write_bytes(data)
    command = [ffmpeg, "-nostats", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, check=True, timeout=60).stderr.decode()
    summary = said[said.rindex("Summary:") :]
    loudness, peak = (
        float(re.search(rf"{name}:\s+(-?[\d.]+)", summary)[1])  # type: ignore[index]
        for name in ("I", "Peak")
    )
    assert integrated_loudness(signal, rate) == pytest.approx(loudness, abs=0.15)
    assert 20 * np.log10(true_peak(signal)) == pytest.approx(peak, abs=0.35)
