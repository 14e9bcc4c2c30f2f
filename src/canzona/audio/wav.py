"""WAV: its header made and read, its samples packed and unpacked.

libsndfile reads WAV files; this module reads those that come through a pipe, and writes all of them,
since tags then are UTF-8 and bytes depend on no library's version. Sizes beyond 4 GB stand in a
`ds64` chunk and the file is called RF64 (EBU Tech 3306). Room for that chunk is kept in every header
as a chunk `JUNK`, so a header has the same length before and after the size is known.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from canzona.audio.encoding import Encoding, Native, SoundInfo
from canzona.audio.tags import Tags
from canzona.errors import CanzonaError, FormatError, UnsupportedError

RIFF_LIMIT = (1 << 32) - 2
"""Largest size that a RIFF chunk states; the next number means that it is not known."""

_UNKNOWN = (1 << 32) - 1
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_DS64_SIZE = 28
_WORDS = {b"INAM": "title", b"IART": "artist"}

# sox and others that write to a pipe announce as much as 31 bits hold, less a header.
_ENDLESS = range(0x7FFFE000, 0x80000001)

# A fmt or INFO chunk beyond this is no such chunk; larger ones are passed over.
_LARGEST_CHUNK = 1 << 20


def wav_header(
    info: SoundInfo, frames: int | None, *, room: bool = True, riff_limit: int = RIFF_LIMIT
) -> bytes:
    """All that stands before the samples of a WAV or RF64 file.

    Parameters
    ----------
    info : rate, channels, encoding (integer or float) and tags; its own `frames` are not looked at.
    frames : the number of samples in each channel; None for a length that is not known, whose
        sizes are written as 0xFFFFFFFF, as ffmpeg and sox read them.
    room : leave room for the sizes of an RF64, so that the header is as long for any `frames`.
    riff_limit : the size in bytes beyond which the file is RF64.
    """
    bits, channels, rate = info.encoding.bits, info.channels, info.sample_rate
    frame = channels * bits // 8
    size = 0 if frames is None else frames * frame
    tag = _PCM if info.encoding.kind == "integer" else _FLOAT
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits)
    words = info_words(info.tags)
    # Before the samples: WAVE, JUNK or ds64, fmt, fact (floats only), LIST, and the head of data.
    before = 4 + (8 + _DS64_SIZE if room else 0) + 24 + (12 if tag == _FLOAT else 0) + len(words) + 8
    riff = before + size + size % 2
    long = room and riff > riff_limit
    known = frames is not None and not long
    first = struct.pack("<QQQI", riff, size, frames or 0, 0) if long else bytes(_DS64_SIZE)
    fact = _chunk(b"fact", struct.pack("<I", frames or 0 if known else _UNKNOWN))
    return b"".join(
        (
            (b"RF64" if long else b"RIFF") + struct.pack("<I", riff if known else _UNKNOWN) + b"WAVE",
            _chunk(b"ds64" if long else b"JUNK", first) if room else b"",
            _chunk(b"fmt ", form),
            fact if tag == _FLOAT else b"",
            words,
            b"data" + struct.pack("<I", size if known else _UNKNOWN),
        )
    )


def info_words(tags: Tags) -> bytes:
    """The LIST chunk of a file's words, in UTF-8."""
    words = {"INAM": tags.title, "IART": tags.artist, "ICMT": tags.comment, "ISFT": tags.software}
    info = b"".join(
        _chunk(key.encode(), value.encode("utf-8", "replace").replace(b"\0", b" ") + b"\0")
        for key, value in words.items()
        if value
    )
    return _chunk(b"LIST", b"INFO" + info)


def _chunk(key: bytes, data: bytes) -> bytes:
    return key + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def pack(block: Native, encoding: Encoding) -> bytes:
    """Native samples of shape (channels, n) as the bytes of a WAV file, little-endian.

    Eight bits are unsigned in the file: step 0 is the byte 128.
    """
    samples = np.ascontiguousarray(block.T)
    if encoding.kind != "integer":
        return samples.astype(f"<f{encoding.bits // 8}", copy=False).tobytes()
    if encoding.bits == 8:
        return (samples + 128).astype(np.uint8).tobytes()
    if encoding.bits == 24:
        return samples.astype("<i4", copy=False).reshape(-1, 1).view(np.uint8)[:, :3].tobytes()
    return samples.astype(f"<i{encoding.bits // 8}", copy=False).tobytes()


def unpack(data: bytes, channels: int, encoding: Encoding) -> Native:
    """The bytes of whole frames as native samples, shape (channels, n); the inverse of `pack`."""
    samples: Native
    if encoding.kind != "integer":
        samples = np.frombuffer(data, f"<f{encoding.bits // 8}").astype(encoding.dtype, copy=False)
    elif encoding.bits == 8:
        samples = np.frombuffer(data, np.uint8).astype(np.int32) - 128
    elif encoding.bits == 24:
        bytes_of = np.zeros((len(data) // 3, 4), np.uint8)
        bytes_of[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        samples = bytes_of.view("<i4")[:, 0].astype(np.int32, copy=False) >> 8
    else:
        samples = np.frombuffer(data, f"<i{encoding.bits // 8}").astype(np.int32)
    return np.ascontiguousarray(samples.reshape(-1, channels).T)


def read_wav_header(stream: BinaryIO, name: str) -> SoundInfo:
    """Read a WAV, RF64 or BW64 header, up to the first sample; the stream need not be seekable.

    Raises
    ------
    FormatError : the stream is empty, or is no WAV.
    UnsupportedError : its samples are neither PCM nor floats.
    """
    head = _exactly(stream, 12)
    if not head:
        raise FormatError("there is nothing in it", source=name, hint="give a wav")
    if head[:4] not in (b"RIFF", b"RF64", b"BW64") or head[8:] != b"WAVE":
        raise FormatError("is no wav", source=name, hint="pipe a wav, or name the file instead")
    info: SoundInfo | None = None
    tags, size64 = Tags(), None
    # What the whole states to follow behind the chunks that were read.
    behind = struct.unpack("<I", head[4:8])[0] - 4
    while len(chunk := _exactly(stream, 8)) == 8:
        key, size = struct.unpack("<4sI", chunk)
        behind -= 8 + size + size % 2
        if key == b"data":
            if info is None:
                break
            known = size64 if size == _UNKNOWN else size
            # 0 is what a recorder leaves that crashed; where other chunks follow, there are no samples.
            open_end = not known and not 0 < behind < min(_ENDLESS)
            frames = None if known is None or open_end or known in _ENDLESS else known // _frame(info)
            return replace(info, frames=frames, tags=tags)
        content = _content(stream, size)
        if key == b"ds64" and len(content) >= 16:
            (size64,) = struct.unpack("<Q", content[8:16])
        elif key == b"fmt ":
            info = _form(content, name)
        elif key == b"LIST" and content[:4] == b"INFO":
            tags = _tags(content[4:])
    raise FormatError("its header breaks off", source=name, hint="the file is damaged: make it anew")


def stated_header(stream: BinaryIO) -> SoundInfo | None:
    """What a WAV states at its head, its length however much of that is there; None where it states none."""
    try:
        return read_wav_header(stream, "")
    except (CanzonaError, OSError):
        return None


def read_wav_samples(stream: BinaryIO, info: SoundInfo, frames: int) -> Iterator[Native]:
    """Native samples of shape (channels, up to `frames`), from behind the header to the end."""
    frame, left = _frame(info), info.frames
    while left is None or left:
        wanted = frames if left is None else min(frames, left)
        data = _exactly(stream, wanted * frame)
        whole = len(data) // frame
        if whole:
            yield unpack(data[: whole * frame], info.channels, info.encoding)
        if whole < wanted:
            return
        left = None if left is None else left - whole


def _frame(info: SoundInfo) -> int:
    return info.channels * info.encoding.bits // 8


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """So many bytes, fewer only at the end: a raw pipe gives what it has just now."""
    data = stream.read(size)
    while data and len(data) < size:
        more = stream.read(size - len(data))
        if not more:
            break
        data += more
    return data or b""


def _content(stream: BinaryIO, size: int) -> bytes:
    """A chunk's content with its padding read over; what is too large to be of use is passed over."""
    whole = size + size % 2
    if size <= _LARGEST_CHUNK:
        return _exactly(stream, whole)[:size]
    while whole and (part := stream.read(min(whole, _LARGEST_CHUNK))):
        whole -= len(part)
    return b""


def _form(content: bytes, name: str) -> SoundInfo:
    """What a fmt chunk says."""
    if len(content) < 16:
        raise FormatError("its header breaks off", source=name, hint="the file is damaged: make it anew")
    tag, channels, rate, _, frame, bits = struct.unpack("<HHIIHH", content[:16])
    if tag == _EXTENSIBLE and len(content) >= 26:
        (tag,) = struct.unpack("<H", content[24:26])
    if not channels or not rate:
        raise FormatError(f"says {channels} channels at {rate} Hz", source=name, hint="make the file anew")
    # The container counts: 20 bits of sound stand at the top of 24.
    held = 8 * frame // channels
    if tag == _PCM and held in (8, 16, 24, 32) and bits <= held:
        return SoundInfo(name, rate, channels, Encoding("integer", held))
    if tag == _FLOAT and held in (32, 64):
        return SoundInfo(name, rate, channels, Encoding("float", held))
    raise UnsupportedError(
        f"{name} holds samples of a kind (format {tag}, {bits} bits) that is not read from a pipe",
        hint="give a wav of 8, 16, 24 or 32 bits or of floats, or name the file instead",
    )


def _tags(info: bytes) -> Tags:
    """Title and artist of an INFO list."""
    found, at = {}, 0
    while at + 8 <= len(info):
        key, size = struct.unpack("<4sI", info[at : at + 8])
        if key in _WORDS:
            found[_WORDS[key]] = _decoded(info[at + 8 : at + 8 + size].split(b"\0")[0]).strip()
        at += 8 + size + size % 2
    return Tags(**found)


def _decoded(word: bytes) -> str:
    """UTF-8, or else what old programs write."""
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError:
        return word.decode("cp1252", "replace")
