"""How samples are held in a file, and how they become numbers to work with.

A lossless file holds steps (integers) or floats. Whoever must give back exactly what came in
works with these native samples; `to_float` and `to_native` lead to full scale 1.0 and back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from canzona.audio.tags import Tags
from canzona.errors import UsageError

Native = npt.NDArray[Any]
"""Samples as a file holds them, shape (channels, samples): int32, float32 or float64."""

Samples = npt.NDArray[np.floating]
"""Samples of full scale 1.0, shape (channels, samples)."""

_BITS = {"integer": (8, 16, 24, 32), "float": (32, 64), "lossy": (32,)}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file holds its samples.

    Parameters
    ----------
    kind : 'integer' (PCM, also inside FLAC or ALAC), 'float', or 'lossy' (MP3, Vorbis, AAC ...).
    bits : 8, 16, 24 or 32 for integers; 32 or 64 for floats; 32 for lossy, which is handed out so.

    Raises
    ------
    UsageError : another number of bits.
    """

    kind: Literal["integer", "float", "lossy"]
    bits: int

    def __post_init__(self) -> None:
        if self.bits not in _BITS.get(self.kind, ()):
            raise UsageError(f"there are no samples of {self.bits} bits of the kind '{self.kind}'")

    @property
    def lossless(self) -> bool:
        """Whether the file gives back each sample that was put in."""
        return self.kind != "lossy"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the native samples: int32, float32 or float64."""
        return np.dtype(np.int32 if self.kind == "integer" else f"f{self.bits // 8}")

    @property
    def range(self) -> tuple[int, int]:
        """Lowest and highest step of integers: -32768 and 32767 for 16 bits."""
        return -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1


LOSSY = Encoding("lossy", 32)


@dataclass(frozen=True, slots=True)
class SoundInfo:
    """What a sound file says of itself.

    `frames` is the number of samples in each channel, or None where the file does not say. `exact`
    tells whether that number can be relied on, as far as the file is whole: those of MP3 and of what
    ffmpeg reads may be off by some hundredths of a second, so what is read counts. `announced` is what
    the head of a file that was cut short promises, where that is known at once to be more.
    """

    name: str
    sample_rate: int
    channels: int
    encoding: Encoding
    frames: int | None = None
    exact: bool = True
    tags: Tags = field(default_factory=Tags)
    announced: int | None = None


def to_float(block: Native, encoding: Encoding) -> Samples:
    """Native samples as floats of full scale 1.0, shape unchanged.

    Integers are divided by 2^(bits-1), which loses nothing: float32 up to 24 bits, float64 for 32.
    They lie in -1 to just below 1. Floats are returned as they are and may lie beyond.
    """
    if encoding.kind != "integer":
        return block
    samples: Samples = np.asarray(block, np.float64 if encoding.bits > 24 else np.float32)
    return samples * 2.0 ** (1 - encoding.bits)


def to_native(samples: Samples, encoding: Encoding) -> Native:
    """Floats of full scale 1.0 as native samples, shape unchanged; the inverse of `to_float`.

    For integers: times 2^(bits-1), rounded to the nearest step (halves to even), and what lies beyond
    the first or last step set to it. For floats: the type alone changes.
    """
    if encoding.kind != "integer":
        return np.asarray(samples, encoding.dtype)
    # A power of two scales float32 exactly, but float32 cannot hold the last of 2^31 steps.
    wide = np.float64 if encoding.bits > 24 else np.result_type(samples, np.float32)
    # What lies far outside is cut before it is scaled beyond what its type holds.
    near = np.clip(np.asarray(samples, wide), -2.0, 2.0)
    steps: Samples = np.rint(near * 2.0 ** (encoding.bits - 1))
    return np.clip(steps, *encoding.range).astype(np.int32)
