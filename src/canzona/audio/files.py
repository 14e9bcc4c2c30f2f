"""Sound files made from blocks of samples: wav, flac, ogg, mp3, with words about their making.

WAV is written here, since its INFO chunk then says what we mean in UTF-8 and the bytes depend
on no library's version; the others through libsndfile. Nothing writes a date. Ogg numbers its
streams at random: the number is set to a hash of the tags and the page checksums made anew,
so the same sound gives the same bytes.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from canzona.errors import MissingDependencyError, UnsupportedError, UsageError

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
"""File name endings of what can be written."""

_FULL_SCALE = {16: 32767, 24: 8388607}
_SUBTYPES = {"ogg": "VORBIS", "mp3": "MPEG_LAYER_III"}
_RIFF_LIMIT = (1 << 32) - (1 << 20)
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)

Samples = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Tags:
    """Words put into a file, each left out where empty; `comment` holds the provenance."""

    title: str = ""
    artist: str = ""
    comment: str = ""
    software: str = "Canzona"


def encode_audio(
    blocks: Iterable[Samples],
    *,
    samples: int,
    sample_rate: int,
    channels: int = 2,
    kind: str = "wav",
    bits: int = 16,
    tags: Tags | None = None,
) -> bytes:
    """The bytes of a sound file.

    Parameters
    ----------
    blocks : arrays of shape (channels, n), full scale 1.0; what lies beyond is clipped.
    samples : the number of samples of all blocks together.
    sample_rate : samples a second.
    channels : 1 or 2.
    kind : 'wav', 'flac', 'ogg' (Vorbis) or 'mp3', with or without a leading dot.
    bits : 16 or 24 for wav and flac; the others ignore it.
    tags : words about the file.

    Raises
    ------
    UsageError : another kind, another number of bits or channels, or blocks that do not fit them.
    UnsupportedError : a wav beyond 4 GB, a rate that the kind cannot hold, or samples that are
        no numbers.
    MissingDependencyError : the soundfile package is missing, or its library has no mp3.
    """
    kind = kind.lower().removeprefix(".")
    tags = tags or Tags()
    if f".{kind}" not in AUDIO_SUFFIXES:
        raise UsageError(f"'{kind}' is no kind of sound file", hint="choose wav, flac, ogg or mp3")
    if bits not in _FULL_SCALE:
        raise UsageError(f"{bits} bits a sample are not written", hint="choose 16 or 24")
    if channels not in (1, 2):
        raise UsageError(f"sound of {channels} channels is not written", hint="give 1 or 2")
    blocks = _checked(blocks, samples, channels)
    if kind == "wav":
        return b"".join(_wav(blocks, samples, sample_rate, channels, bits, tags))
    if kind == "mp3" and sample_rate not in _MP3_RATES:
        raise UnsupportedError(f"mp3 holds no sound at {sample_rate} Hz", hint="use 44100 or 48000")
    data = _through_libsndfile(blocks, sample_rate, channels, kind, bits, tags)
    return _with_stream_number(data, zlib.crc32(repr(tags).encode())) if kind == "ogg" else data


def _checked(blocks: Iterable[Samples], samples: int, channels: int) -> Iterator[Samples]:
    """The blocks, each of the right shape and of finite numbers, all together as long as was said."""
    total = 0
    for block in blocks:
        if block.ndim != 2 or block.shape[0] != channels:
            raise UsageError(f"a block of shape {block.shape} holds no {channels} channels")
        if not np.isfinite(block).all():
            raise UnsupportedError("the sound holds samples that are no numbers")
        total += block.shape[1]
        yield block
    if total != samples:
        raise UsageError(f"the blocks hold {total} samples and {samples} were announced")


def _wav(
    blocks: Iterable[Samples], samples: int, sample_rate: int, channels: int, bits: int, tags: Tags
) -> Iterator[bytes]:
    frame = channels * bits // 8
    size = samples * frame
    words = {"INAM": tags.title, "IART": tags.artist, "ICMT": tags.comment, "ISFT": tags.software}
    info = b"INFO" + b"".join(_info(key, value) for key, value in words.items() if value)
    body = 4 + 24 + 8 + len(info) + 8 + size + size % 2
    if body > _RIFF_LIMIT:
        raise UnsupportedError("a wav file cannot be longer than 4 GB", hint="write flac or ogg")
    yield b"RIFF" + struct.pack("<I", body) + b"WAVE"
    yield b"fmt " + struct.pack("<IHHIIHH", 16, 1, channels, sample_rate, sample_rate * frame, frame, bits)
    yield b"LIST" + struct.pack("<I", len(info)) + info
    yield b"data" + struct.pack("<I", size)
    for block in blocks:
        whole = _quantised(block, bits)
        if bits == 16:
            yield whole.astype("<i2").tobytes()
        else:
            yield whole.astype("<i4").reshape(-1, 1).view(np.uint8)[:, :3].tobytes()
    yield b"\0" * (size % 2)


def _info(key: str, value: str) -> bytes:
    data = value.encode("utf-8", "replace").replace(b"\0", b" ") + b"\0"
    return key.encode() + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _quantised(block: Samples, bits: int) -> npt.NDArray[np.int32]:
    """Integers of shape (n, channels)."""
    scaled = np.rint(np.asarray(block, np.float64).T * _FULL_SCALE[bits])
    return np.clip(scaled, -_FULL_SCALE[bits] - 1, _FULL_SCALE[bits]).astype(np.int32)


def _through_libsndfile(
    blocks: Iterable[Samples], sample_rate: int, channels: int, kind: str, bits: int, tags: Tags
) -> bytes:
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise MissingDependencyError(f"{kind} files need soundfile", hint="pip install soundfile") from error
    if kind.upper() not in soundfile.available_formats():
        raise MissingDependencyError(
            f"this libsndfile writes no {kind}", hint="pip install --upgrade soundfile"
        )
    subtype = _SUBTYPES.get(kind, f"PCM_{bits}")
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", sample_rate, channels, subtype, format=kind.upper()) as file:
        for name in ("title", "artist", "comment", "software"):
            if value := getattr(tags, name):
                setattr(file, name, value.encode("utf-8", "replace").decode().replace("\0", " "))
        for block in blocks:
            # Integers for flac, so that rounding is ours; lossy codecs take what they are given.
            if kind == "flac":
                file.write(_quantised(block, bits) << (32 - bits))
            else:
                file.write(np.clip(np.asarray(block, np.float32).T, -1.0, 1.0))
    return out.getvalue()


def _with_stream_number(data: bytes, number: int) -> bytes:
    """An Ogg file whose pages carry another stream number, with their checksums."""
    out = bytearray(data)
    table = _ogg_table()
    at = 0
    while out[at : at + 4] == b"OggS":
        segments = out[at + 26]
        end = at + 27 + segments + sum(out[at + 27 : at + 27 + segments])
        out[at + 14 : at + 18] = struct.pack("<I", number)
        out[at + 22 : at + 26] = bytes(4)
        checksum = 0
        for byte in memoryview(out)[at:end]:
            checksum = ((checksum << 8) & 0xFFFFFFFF) ^ table[(checksum >> 24) ^ byte]
        out[at + 22 : at + 26] = struct.pack("<I", checksum)
        at = end
    return bytes(out)


@cache
def _ogg_table() -> tuple[int, ...]:
    """Remainders of each byte by Ogg's polynomial, 0x04c11db7, highest bit first."""

    def remainder(value: int) -> int:
        value <<= 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        return value & 0xFFFFFFFF

    return tuple(remainder(byte) for byte in range(256))
