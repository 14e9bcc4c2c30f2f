"""Loudness as people hear it: ITU-R BS.1770-4, integrated, with gating.

The two filters of the K weighting (a shelf for the head, a high-pass for the ear's deafness to
rumble) are recursive in the standard. NumPy has no recursive filter, so their common impulse
response, which has decayed far below 24 bits after a third of a second, is applied by
FFT block by block. Energies of 100 ms then make the overlapping 400 ms blocks that the
gates choose from, so memory grows by ten numbers a second whatever the length.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from canzona.errors import UsageError

SILENCE = float("-inf")
"""Loudness of what lies below the absolute gate."""

ABSOLUTE_GATE = -70.0
"""LUFS below which a block does not count."""

RELATIVE_GATE = -10.0
"""LU below the mean of the blocks over the absolute gate, below which a block does not count."""

_STEPS_A_SECOND = 10
_STEPS_A_BLOCK = 4
_OFFSET = -0.691
_FFT_SIZE = 1 << 16

# Analogue prototypes that give the standard's coefficients at 48 kHz: frequency in Hz, gain in dB, Q.
_SHELF = (1681.974450955533, 3.999843853973347, 0.7071752369554196)
_HIGH_PASS = (38.13547087602444, 0.5003270373238773)

Samples = npt.NDArray[np.floating]


class LoudnessMeter:
    """Measures a stream of blocks.

    Parameters
    ----------
    sample_rate : samples a second, 8000 or more.
    channels : 1 or 2; both weigh 1, as the standard says of left and right.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        if sample_rate < 8000 or channels not in (1, 2):
            raise UsageError(
                f"loudness of {channels} channels at {sample_rate} Hz cannot be measured",
                hint="give one or two channels at 8000 Hz or more",
            )
        self._response, self._taps = _k_weighting(sample_rate)
        self._past = np.zeros((channels, self._taps - 1))
        self._open = np.zeros((channels, 0))
        self._step = round(sample_rate / _STEPS_A_SECOND)
        self._energies: list[npt.NDArray[np.float64]] = []

    def add(self, block: Samples) -> None:
        """Take in the next block, shape (channels, samples), full scale 1.0."""
        stride = _FFT_SIZE - self._taps + 1
        for start in range(0, block.shape[-1], stride):
            self._add_weighted(self._weighted(np.asarray(block[:, start : start + stride], np.float64)))

    def integrated(self) -> float:
        """Gated loudness in LUFS of all that was added; minus infinity for silence or under 400 ms."""
        if not self._energies:
            return SILENCE
        steps = np.concatenate(self._energies)
        if len(steps) < _STEPS_A_BLOCK:
            return SILENCE
        blocks = np.convolve(steps, np.full(_STEPS_A_BLOCK, 1 / _STEPS_A_BLOCK), mode="valid")
        loud = blocks[blocks > _energy(ABSOLUTE_GATE)]
        if not len(loud):
            return SILENCE
        kept = loud[loud > loud.mean() * 10 ** (RELATIVE_GATE / 10)]
        return float(_OFFSET + 10 * np.log10(kept.mean()))

    def _weighted(self, block: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """K-weighted samples, by overlap-save; the past is kept for the next block."""
        joined = np.concatenate([self._past, block], axis=1)
        self._past = joined[:, -(self._taps - 1) :]
        spectrum = np.fft.rfft(joined, _FFT_SIZE, axis=1) * self._response
        filtered = np.fft.irfft(spectrum, _FFT_SIZE, axis=1)
        return filtered[:, self._taps - 1 : joined.shape[1]]

    def _add_weighted(self, weighted: npt.NDArray[np.float64]) -> None:
        joined = np.concatenate([self._open, weighted], axis=1)
        whole = joined.shape[1] // self._step
        steps = joined[:, : whole * self._step].reshape(len(joined), whole, self._step)
        self._energies.append(np.square(steps).mean(axis=2).sum(axis=0))
        self._open = joined[:, whole * self._step :]


def integrated_loudness(samples: Samples, sample_rate: int) -> float:
    """Integrated loudness in LUFS.

    Parameters
    ----------
    samples : shape (channels, samples) or (samples,), full scale 1.0; one or two channels.
    sample_rate : samples a second.

    Returns
    -------
    Loudness after ITU-R BS.1770-4; minus infinity for silence and for less than 400 ms.
    """
    held = np.atleast_2d(np.asarray(samples))
    meter = LoudnessMeter(sample_rate, held.shape[0])
    meter.add(held)
    return meter.integrated()


def true_peak(samples: Samples) -> float:
    """Highest level between the samples as well, full scale 1.0, by fourfold oversampling.

    `samples` has the shape (channels, samples) or (samples,). Annex 2 of BS.1770-4, with a
    windowed sinc of 48 taps.
    """
    held = np.atleast_2d(np.asarray(samples, np.float64))
    if not held.size:
        return 0.0
    highest = float(np.abs(held).max())
    for shift in (0.25, 0.5, 0.75):
        places = np.arange(-24, 24) + shift
        taps = np.sinc(places) * np.cos(np.pi * places / 50) ** 2
        highest = max(highest, *(float(np.abs(np.convolve(channel, taps)).max()) for channel in held))
    return highest


def _energy(loudness: float) -> float:
    return float(10 ** ((loudness - _OFFSET) / 10))


@cache
def _k_weighting(sample_rate: int) -> tuple[npt.NDArray[np.complex128], int]:
    """Spectrum of the weighting's impulse response for `_FFT_SIZE`, and its length in samples."""
    points = 1 << 18
    z = np.exp(-2j * np.pi * np.arange(points // 2 + 1) / points)
    response = np.ones_like(z)
    for b, a in (_shelf(sample_rate), _high_pass(sample_rate)):
        response *= (b[0] + b[1] * z + b[2] * z * z) / (a[0] + a[1] * z + a[2] * z * z)
    taps = min(round(0.34 * sample_rate), _FFT_SIZE // 2)
    impulse = np.fft.irfft(response, points)[:taps]
    return np.fft.rfft(impulse, _FFT_SIZE), taps


_Biquad = tuple[tuple[float, float, float], tuple[float, float, float]]


def _shelf(sample_rate: int) -> _Biquad:
    """First stage: high shelf of 4 dB; numerator and denominator."""
    frequency, gain, q = _SHELF
    k = float(np.tan(np.pi * frequency / sample_rate))
    high = 10 ** (gain / 20)
    band = high**0.4996667741545416
    norm = 1 + k / q + k * k
    b = (high + band * k / q + k * k) / norm, 2 * (k * k - high) / norm, (high - band * k / q + k * k) / norm
    return b, (1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm)


def _high_pass(sample_rate: int) -> _Biquad:
    """Second stage: high-pass at 38 Hz; its numerator is (1, -2, 1) at every rate, as in the standard."""
    frequency, q = _HIGH_PASS
    k = float(np.tan(np.pi * frequency / sample_rate))
    norm = 1 + k / q + k * k
    return (1.0, -2.0, 1.0), (1.0, 2 * (k * k - 1) / norm, (1 - k / q + k * k) / norm)
