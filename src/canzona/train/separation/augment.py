"""Changes of a signal that leave what it is: pitch and speed, colour, width, level.

Signals are float32 of shape (2, n). Every function takes its random choices from the generator
that is passed in and returns a new array.
"""

from __future__ import annotations

import numpy as np

from canzona.train.separation.decoding import Signal

LOWEST, OCTAVES = 30.0, 10
"""The equaliser's lowest frequency in Hz, and how many octaves above it have a gain of their own."""

_DEEPEST = 8.0


def resampled(signal: Signal, frames: int) -> Signal:
    """A signal stretched to another length by linear interpolation: speed and pitch change together.

    At a few semitones the interpolation's images lie 30 dB and more below the signal, which in a
    training example is one more colour.
    """
    length = signal.shape[1]
    if length == frames or length < 2:
        return signal[:, :frames] if length >= frames else np.pad(signal, ((0, 0), (0, frames - length)))
    places = np.arange(frames, dtype=np.float64) * ((length - 1) / max(frames - 1, 1))
    left = np.minimum(places.astype(np.int64), length - 2)
    part = (places - left).astype(np.float32)
    out: Signal = signal[:, left] * (1 - part) + signal[:, left + 1] * part
    return out


def equalised(signal: Signal, random: np.random.Generator) -> Signal:
    """A smooth curve of gains by octave, a random walk of 1.5 dB a step that stays within 8 dB."""
    samples = signal.shape[1]
    steps = np.cumsum(random.normal(0.0, 1.5, OCTAVES + 1))
    gains = np.clip(steps - steps.mean(), -_DEEPEST, _DEEPEST)
    # In cycles a sample: 44.1 kHz is taken for granted, at another rate the octaves shift.
    frequencies = np.fft.rfftfreq(samples, 1 / 44100)
    octaves = np.log2(np.maximum(frequencies, LOWEST) / LOWEST)
    curve = (10 ** (np.interp(octaves, np.arange(OCTAVES + 1), gains) / 20)).astype(np.float32)
    out: Signal = np.fft.irfft(np.fft.rfft(signal) * curve, samples).astype(np.float32)
    return out


def panned(signal: Signal, random: np.random.Generator) -> Signal:
    """One channel made softer, down to half."""
    side = random.uniform(-0.5, 0.5)
    gains = np.array([[1 - max(side, 0.0)], [1 + min(side, 0.0)]], np.float32)
    out: Signal = signal * gains
    return out


def level(signal: Signal) -> float:
    """RMS over both channels, not less than 1e-6."""
    return float(np.sqrt(np.square(signal).mean() + 1e-12)) if signal.size else 1e-6
