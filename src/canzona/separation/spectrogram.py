"""The spectrogram of a song of any length, for a picture: some hundred columns, taken while it goes by.

Rows are evenly spaced in the logarithm of frequency. Columns that become too many are joined two by two,
so memory does not grow with the song.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from canzona.audio.spectra import hann

LOWEST, HIGHEST = 40.0, 16000.0
"""Frequencies of the first and the last row in Hz."""

ROWS = 216

MOST_COLUMNS = 2048

_WINDOW_SECONDS = 0.18
_HOPS_A_WINDOW = 8

# What is half a window away from the first or the last sample still shows in its column.
_SOFTEST = 1e-12

# Floats hold more than their power does.
_LOUDEST = 1e10


class Spectrogram:
    """Power over frequency and time, against a sine of full scale.

    Parameters
    ----------
    sample_rate : in Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        size = 1 << max(5, round(np.log2(sample_rate * _WINDOW_SECONDS)))
        self._size, self._hop = size, size // _HOPS_A_WINDOW
        self._weights = _row_weights(sample_rate, size)
        self._held = np.zeros(size // 2, np.float32)
        self._taken = 0
        self._columns = np.zeros((ROWS, 0), np.float32)
        self._frames_a_column = 1
        self._open: list[npt.NDArray[np.float32]] = []

    def push(self, block: npt.NDArray[np.floating]) -> None:
        """Take the next samples, shape (channels, n); channels are averaged."""
        self._taken += block.shape[1]
        self._take(np.asarray(np.clip(block, -_LOUDEST, _LOUDEST).mean(axis=0), np.float32))

    def finish(self) -> npt.NDArray[np.float32]:
        """Levels in dB, float32 (ROWS, columns), lowest frequency first; at least one column."""
        self._take(np.zeros(self._size // 2 + self._hop, np.float32))
        if self._open:
            self._join(np.stack(self._open, axis=1).mean(axis=1, keepdims=True))
            self._open = []
        wanted = max(1, -(-self._taken // (self._hop * self._frames_a_column)))
        levels: npt.NDArray[np.float32] = 10 * np.log10(np.maximum(self._columns[:, :wanted], _SOFTEST))
        return levels

    def _take(self, samples: npt.NDArray[np.float32]) -> None:
        held = np.concatenate([self._held, samples])
        count = max(0, (len(held) - self._size) // self._hop + 1)
        if count:
            frames = np.lib.stride_tricks.sliding_window_view(held, self._size)[:: self._hop][:count]
            spectrum = np.fft.rfft(frames * hann(self._size), axis=1)
            power = np.square(np.abs(spectrum)).astype(np.float32) * np.float32((4 / self._size) ** 2)
            self._open += list(power @ self._weights.T)
            self._close_columns()
        self._held = held[count * self._hop :]

    def _close_columns(self) -> None:
        whole = len(self._open) // self._frames_a_column * self._frames_a_column
        if whole:
            frames = np.stack(self._open[:whole], axis=1)
            self._open = self._open[whole:]
            self._join(frames.reshape(ROWS, -1, self._frames_a_column).mean(axis=2))

    def _join(self, columns: npt.NDArray[np.float32]) -> None:
        self._columns = np.concatenate([self._columns, columns], axis=1)
        while self._columns.shape[1] >= MOST_COLUMNS:
            even = self._columns.shape[1] // 2 * 2
            left = self._columns[:, even:]
            self._columns = self._columns[:, :even].reshape(ROWS, -1, 2).mean(axis=2)
            self._open[:0] = [each for each in left.T for _ in range(self._frames_a_column)]
            self._frames_a_column *= 2


def row_frequencies() -> npt.NDArray[np.float64]:
    """The frequency of each row in Hz, float64 (ROWS,)."""
    rows: npt.NDArray[np.float64] = np.geomspace(LOWEST, HIGHEST, ROWS)
    return rows


@lru_cache(maxsize=1)
def _row_weights(sample_rate: int, size: int) -> npt.NDArray[np.float32]:
    """What each bin gives to each row, shape (ROWS, bins); the panels of a picture share it.

    Where bins are wide, a row lies between two; where they are narrow, it is a sum of some, so that a
    sine has its level at any frequency. Rows above half the sample rate get nothing.
    """
    weights = np.zeros((ROWS, size // 2 + 1), np.float32)
    bins = np.arange(size // 2 + 1)
    ratio = (HIGHEST / LOWEST) ** (0.5 / (ROWS - 1))
    for row, middle in zip(weights, row_frequencies() * size / sample_rate, strict=True):
        if middle > size / 2:
            break
        # A triangle as wide as the row, and at least as wide as from bin to bin.
        reach = max(1.0, middle * (ratio - 1 / ratio))
        shares = np.maximum(0, 1 - np.abs(bins - middle) / reach)
        # Hann's window spreads a sine over bins whose powers add up to 1.5.
        row[:] = shares / np.clip(shares.sum(), 1e-9, 1.5)
    weights.flags.writeable = False
    return weights
