"""Kinds of sound files that can be written, by name: 'wav24', 'flac16', 'mp3-320' ..."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from canzona.audio.encoding import LOSSY, Encoding
from canzona.errors import UnsupportedError, UsageError

FORMAT_NAMES = (
    "wav", "wav8", "wav16", "wav24", "wav32", "wav32f", "wav64f",
    "flac", "flac8", "flac16", "flac24", "ogg", "mp3",
)  # fmt: skip
"""Names of formats. 'wav' and 'flac' take the encoding of the source; mp3 may name a bit rate: 'mp3-192'."""

BIT_RATES = (64, 320)
"""Lowest and highest bit rate of an MP3 at 32 kHz and above, in kbit/s.

Below the lowest LAME's note of delay and length fits into no frame, and a stem would come back longer.
"""

_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_MOST_HERTZ = {"wav": (1 << 32) // 16 - 1, "flac": 655350, "ogg": 192000, "mp3": 48000}


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """A kind of sound file to write.

    Parameters
    ----------
    kind : the container, which is also the file's ending.
    encoding : how it holds samples; FLAC holds 8, 16 or 24 bits, Ogg (Vorbis) and MP3 are lossy.
    bit_rate : of an MP3, constant, in kbit/s; 0 leaves the choice to the encoder (about 128 for music).

    Raises
    ------
    UsageError : an encoding that the kind does not know, or a bit rate out of range.
    """

    kind: Literal["wav", "flac", "ogg", "mp3"]
    encoding: Encoding
    bit_rate: int = 0

    def __post_init__(self) -> None:
        held = self.encoding
        fits = held.lossless if self.kind == "wav" else not held.lossless
        if self.kind == "flac":
            fits = held.kind == "integer" and held.bits <= 24
        if not fits:
            raise UsageError(f"{self.kind} holds no samples of the kind '{held.kind}' with {held.bits} bits")
        if self.bit_rate and (self.kind != "mp3" or not BIT_RATES[0] <= self.bit_rate <= BIT_RATES[1]):
            raise UsageError(
                f"{self.bit_rate} kbit/s cannot be chosen for {self.kind}",
                hint=f"an mp3 has {BIT_RATES[0]} to {BIT_RATES[1]}, as in 'mp3-192'",
            )

    @property
    def suffix(self) -> str:
        """The file name's ending, with its dot."""
        return f".{self.kind}"

    def require_rate(self, sample_rate: int) -> None:
        """Raise UnsupportedError where the kind holds no sound of this sample rate (in Hz)."""
        known = _MP3_RATES if self.kind == "mp3" else range(1, _MOST_HERTZ[self.kind] + 1)
        if sample_rate not in known:
            other = "use 44100 or 48000, or write a wav" if self.kind == "mp3" else "write a wav"
            raise UnsupportedError(f"{self.kind} holds no sound at {sample_rate} Hz", hint=other)


def sound_format(name: str, source: Encoding = LOSSY) -> SoundFormat:
    """The format of a name, as in `FORMAT_NAMES`.

    Parameters
    ----------
    name : with or without a leading dot, in any case.
    source : how the sound to be written was held; 'wav' and 'flac' alone hold it in the same way. A lossy
        source becomes 32-bit floats in WAV and 24 bits in FLAC.

    Raises
    ------
    UsageError : no such name.
    UnsupportedError : 'flac' for a source of floats or 32 bits, which it cannot hold.
    """
    word = name.strip().lower().removeprefix(".")
    if found := re.fullmatch(r"mp3(?:-(\d{1,4}))?", word):
        if found[1] and not int(found[1]):
            raise UsageError("an mp3 of 0 kbit/s holds nothing", hint="leave the rate out, or take 'mp3-192'")
        return SoundFormat("mp3", LOSSY, int(found[1] or 0))
    if word not in FORMAT_NAMES:
        raise UsageError(f"'{name}' is no format of sound", hint=f"choose {', '.join(FORMAT_NAMES)}")
    if word == "ogg":
        return SoundFormat("ogg", LOSSY)
    if word == "wav":
        return SoundFormat("wav", source if source.lossless else Encoding("float", 32))
    if word == "flac":
        return SoundFormat("flac", _in_flac(source))
    bits = int(word.strip("wavflc"))
    kind: Literal["wav", "flac"] = "flac" if word.startswith("flac") else "wav"
    return SoundFormat(kind, Encoding("float" if word.endswith("f") else "integer", bits))


def _in_flac(source: Encoding) -> Encoding:
    if not source.lossless:
        return Encoding("integer", 24)
    if source.kind == "float" or source.bits > 24:
        raise UnsupportedError(
            f"flac holds no {source.bits}-bit {'floats' if source.kind == 'float' else 'integers'}",
            hint="choose wav for an exact copy, or flac24, which rounds",
        )
    return source
