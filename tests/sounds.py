"""Sounds for tests: native samples of every encoding, and MP3 files with and without a table."""

from __future__ import annotations

import io

import numpy as np
import soundfile

from canzona.audio.encoding import Encoding
from canzona.audio.mp3 import read_mp3_head

RATE = 44100

ENCODINGS = [Encoding("integer", bits) for bits in (8, 16, 24, 32)] + [
    Encoding("float", bits) for bits in (32, 64)
]
PCM8, PCM16, PCM24, PCM32, FLOAT32, FLOAT64 = ENCODINGS

SUBTYPES = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
"""What libsndfile calls the encodings in a WAV."""


def samples(encoding: Encoding, channels: int, frames: int) -> np.ndarray:
    """Native samples over the whole range, shape (channels, frames)."""
    random = np.random.default_rng(frames)
    if encoding.kind == "float":
        return random.normal(size=(channels, frames)).astype(encoding.dtype)
    held = random.integers(*encoding.range, (channels, frames), endpoint=True)
    return held.astype(np.int32)


def sound(frames: int = 30_000, channels: int = 2) -> np.ndarray:
    """A tone with a little noise, shape (channels, frames), float64."""
    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(frames) / RATE)
    return wave + 0.05 * np.random.default_rng(frames).uniform(-1, 1, (channels, frames))


def mp3(rate: int = RATE, channels: int = 2, seconds: float = 1.0, **options: object) -> bytes:
    """The bytes of an MP3."""
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", rate, channels, format="MP3", **options) as file:
        file.write(sound(round(rate * seconds), channels).T)
    return out.getvalue()


def without_table(data: bytes) -> bytes:
    """The frames of sound alone, as an encoder writes them to a pipe."""
    head = read_mp3_head(io.BytesIO(data), len(data))
    assert head is not None and head.whole_by_table
    return data[head.start :]
