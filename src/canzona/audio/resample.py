"""Another sample rate, block by block.

The filter is soxr's at its very high quality (linear phase, 28 bits): flat up to 0.91 of the lower
Nyquist frequency, and what lies above that frequency does not fold back (below -150 dB). Nothing is
delayed, and the samples are the same whatever the blocks: soxr keeps the filter's state between them,
which is all that is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from canzona.audio.encoding import Samples
from canzona.errors import MissingDependencyError, UsageError

Float32 = npt.NDArray[np.float32]

RATES = (1000, 1_000_000)
"""Lowest and highest sample rate in Hz."""

_BLOCK = 1 << 16


def resampled_length(frames: int, source_rate: int, target_rate: int) -> int:
    """Samples after resampling: `frames` times the ratio of the rates, rounded exactly (halves to even)."""
    return round(Fraction(frames * target_rate, source_rate))


def resample(samples: Samples, source_rate: int, target_rate: int) -> Float32:
    """A whole sound at another rate.

    Parameters
    ----------
    samples : shape (channels, n), full scale 1.0.
    source_rate, target_rate : in Hz.

    Returns
    -------
    float32 of shape (channels, `resampled_length(n, source_rate, target_rate)`).

    Raises
    ------
    UsageError : another shape, or a rate out of range.
    MissingDependencyError : the soxr package is missing.
    """
    if samples.ndim != 2:
        raise UsageError(f"sound of shape {samples.shape} cannot be resampled", hint="give (channels, n)")
    cut = (samples[:, at : at + _BLOCK] for at in range(0, samples.shape[1], _BLOCK))
    found = list(resample_blocks(cut, source_rate, target_rate))
    return np.concatenate(found, axis=1) if found else np.zeros((len(samples), 0), np.float32)


def resample_blocks(blocks: Iterable[Samples], source_rate: int, target_rate: int) -> Iterator[Float32]:
    """Blocks at another rate, as soon as they are known.

    Parameters
    ----------
    blocks : arrays of shape (channels, n), full scale 1.0, all of the same number of channels.
    source_rate, target_rate : in Hz.

    Yields
    ------
    float32 arrays of shape (channels, m), none of them empty; the m add up to `resampled_length` of all
    samples. Sizes are as they come.

    Raises as `resample` does.
    """
    resampler: Resampler | None = None
    for block in blocks:
        if resampler is None:
            resampler = Resampler(source_rate, target_rate, len(block))
        if (made := resampler.push(block)).shape[1]:
            yield made
    if resampler is not None and (made := resampler.finish()).shape[1]:
        yield made


class Resampler:
    """Resampling by hand: `push` each block, then `finish`.

    Parameters
    ----------
    source_rate, target_rate : in Hz.
    channels : 1 or more.

    Raises
    ------
    UsageError : a rate out of range, or no channel.
    MissingDependencyError : the soxr package is missing.
    """

    def __init__(self, source_rate: int, target_rate: int, channels: int) -> None:
        for rate in (source_rate, target_rate):
            if not RATES[0] <= rate <= RATES[1]:
                raise UsageError(f"{rate} Hz cannot be resampled", hint=f"{RATES[0]} to {RATES[1]} Hz can")
        if channels < 1:
            raise UsageError(f"sound of {channels} channels cannot be resampled")
        self._rates = source_rate, target_rate
        self._channels = channels
        self._taken = self._given = 0
        self._stream = None if source_rate == target_rate else _stream(source_rate, target_rate, channels)

    def push(self, block: Samples) -> Float32:
        """What is known after the next block, shape (channels, m); none at first: the filter looks ahead."""
        if block.ndim != 2 or len(block) != self._channels:
            raise UsageError(f"a block of shape {block.shape} holds no {self._channels} channels")
        self._taken += block.shape[1]
        return self._made(block, last=False)

    def finish(self) -> Float32:
        """The remaining samples; nothing can be pushed after them."""
        made = self._made(np.zeros((self._channels, 0), np.float32), last=True)
        missing = resampled_length(self._taken, *self._rates) - self._given
        # soxr counts nearly as we do: half a sample may be one for it and none for us, or the other way.
        return made[:, :missing] if missing < 0 else np.pad(made, ((0, 0), (0, missing)))

    def _made(self, block: Samples, *, last: bool) -> Float32:
        held = np.asarray(block, np.float32)
        if self._stream is not None:
            made = self._stream.resample_chunk(np.ascontiguousarray(held.T), last=last)
            held = np.ascontiguousarray(made.T)
        self._given += held.shape[1]
        return held


def _stream(source_rate: int, target_rate: int, channels: int) -> Any:
    try:
        import soxr
    except ImportError as error:
        raise MissingDependencyError("sound is resampled by soxr", hint="pip install soxr") from error
    return soxr.ResampleStream(source_rate, target_rate, channels, dtype="float32", quality="VHQ")
