"""Sound files and single streams of them as stereo samples.

Files are read by `canzona.audio.reading`. Here every file is stereo float32, its length is known to
the sample, and one that ends too soon is refused: a stem that breaks off would teach a network that
the instrument falls silent there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from canzona.audio.encoding import to_float
from canzona.audio.reading import open_sound
from canzona.errors import FormatError

Signal = npt.NDArray[np.float32]
"""Stereo samples of shape (2, frames), full scale 1.0."""

_BLOCK = 1 << 16
_MEND = "fetch the file again, or take the song out"


@dataclass(frozen=True, slots=True)
class SoundFacts:
    """What a sound holds: samples a second, and samples a channel."""

    sample_rate: int
    frames: int


def measure(path: Path, stream: int | None = None) -> SoundFacts:
    """Rate and length of a sound file, or of one sound stream (counted from 0) of an mp4.

    Where a file does not say its length to the sample (mp3, and what needs ffmpeg) it is read through
    once; the answer is kept as long as the file's size and time of change stay.

    Raises
    ------
    FormatError : there is no such file or stream, or it is no sound.
    UnsupportedError : it is neither mono nor stereo.
    MissingDependencyError : the file needs ffmpeg, which is not installed.
    """
    try:
        state = path.stat()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FormatError(f"cannot be read: {reason}", source=str(path)) from error
    return _measured(path, stream, state.st_size, state.st_mtime_ns)


def decode(path: Path, stream: int | None = None) -> Signal:
    """All samples at the file's own rate, mono in both channels; 21 MB a minute at 44.1 kHz.

    Returns
    -------
    float32 of shape (2, n).

    Raises
    ------
    FormatError : as `measure` does; or the file is damaged, or holds samples that are no numbers.
    UnsupportedError, MissingDependencyError : as `measure` does.
    """
    signal = np.zeros((2, measure(path, stream).frames), np.float32)
    if not signal.size:
        return signal
    at = 0
    with open_sound(path, track=stream) as source:
        for block in source.blocks(_BLOCK):
            signal[:, at : at + block.shape[1]] = to_float(block, source.encoding)
            at += block.shape[1]
        if source.warning:
            raise FormatError(source.warning, hint=_MEND)
    return signal


@lru_cache(maxsize=1 << 16)
def _measured(path: Path, stream: int | None, size: int, modified: int) -> SoundFacts:
    """Measured once for each state of a file, which its size and time of change stand for."""
    with open_sound(path, track=stream) as source:
        frames = source.frames
        if frames is None or not source.info.exact:
            frames = sum(block.shape[1] for block in source.blocks(_BLOCK))
        return SoundFacts(source.sample_rate, frames)
