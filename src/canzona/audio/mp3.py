"""What stands at the head of an MP3 file: its words, and a table without which its length is not known.

An MP3 is a row of frames without a header of its own. Encoders put a table into the first frame (Xing,
Info or VBRI) that counts the frames and bytes. Without it libsndfile guesses the length from the
first frame's bit rate and stops reading there: a file of variable bit rate then loses half its sound
without a word. The same happens to files joined end to end, whose first table speaks of the first
part alone. `whole_by_table` tells which files can be read by their table.

Words stand before the first frame in an ID3 tag. It is made here, since LAME marks any words as Latin-1,
as which most of the world's names cannot be read.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from canzona.audio.tags import Tags

_WINDOW = 4096
_SEARCHED = 1 << 16

# Of a joined file the table covers a part; tags at the end (ID3v1, APE) are a few kilobytes.
_COVERED = 0.95

# Side information before the table: MPEG-1 and others, mono and else (ISO 11172-3, 13818-3).
_SIDE = {(True, True): 17, (True, False): 32, (False, True): 9, (False, False): 17}
_RATES = (44100, 48000, 32000)
_BIT_RATES = {
    True: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


@dataclass(frozen=True, slots=True)
class Mp3Head:
    """Where the frames of sound begin (bytes from the start), and whether the table covers them all."""

    start: int
    whole_by_table: bool


def id3_tag(tags: Tags) -> bytes:
    """The words as an ID3 tag of version 2.3, in UTF-16 where ASCII does not hold them; nothing of none."""
    frames = b"".join(
        _id3_frame(name, words)
        for name, words in (
            (b"TSSE", tags.software), (b"TIT2", tags.title), (b"TPE1", tags.artist), (b"COMM", tags.comment),
        )
        if words
    )  # fmt: skip
    if not frames:
        return b""
    size = bytes(len(frames) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + size + frames


def _id3_frame(name: bytes, words: str) -> bytes:
    words = words.replace("\0", " ")
    mark, text, end = (
        (b"\0", words.encode(), b"\0")
        if words.isascii()
        else (b"\1", b"\xff\xfe" + words.encode("utf-16-le", "replace"), b"\0\0")
    )
    if name == b"COMM":
        # The language, and what the comment is about: nothing.
        start = b"eng" + (b"\xff\xfe" if mark == b"\1" else b"") + end
        text = start + text
    return struct.pack(">4sIH", name, 1 + len(text), 0) + mark + text


def read_mp3_head(file: BinaryIO, size: int) -> Mp3Head | None:
    """The head of an MP3 file of `size` bytes, open for reading and seeking; None where no frame is found."""
    begin = _after_id3(file)
    file.seek(begin)
    data = file.read(_SEARCHED + _WINDOW)
    for at in range(min(_SEARCHED, len(data) - 4)):
        length = _frame_length(data[at : at + 4]) if data[at] == 0xFF else 0
        after = data[at + length : at + length + 4]
        # Two headers in a row: one alone comes up in any noise.
        if length and len(after) == 4 and _frame_length(after):
            break
    else:
        return None
    start = begin + at
    frame = data[at : at + length]
    covered = _bytes_by_table(frame)
    if covered is None:
        return Mp3Head(start, whole_by_table=False)
    return Mp3Head(start + length, whole_by_table=covered >= _COVERED * (size - start))


def _after_id3(file: BinaryIO) -> int:
    """Where the ID3v2 tags at the start end: their sizes are written in seven bits a byte."""
    at = 0
    while True:
        file.seek(at)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3":
            return at
        size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        at += 10 + size + (10 if head[5] & 0x10 else 0)


def _frame_length(head: bytes) -> int:
    """Bytes of the layer-III frame with this header; 0 where it is none."""
    word = int.from_bytes(head, "big")
    version, layer, rate, sampling = word >> 19 & 3, word >> 17 & 3, word >> 12 & 15, word >> 10 & 3
    if word >> 21 != 0x7FF or version == 1 or layer != 1 or rate in (0, 15) or sampling == 3:
        return 0
    first = version == 3
    hertz = _RATES[sampling] >> (0 if first else 1 if version == 2 else 2)
    return (144 if first else 72) * 1000 * _BIT_RATES[first][rate - 1] // hertz + (word >> 9 & 1)


def _bytes_by_table(frame: bytes) -> float | None:
    """The size of the sound in bytes as a Xing, Info or VBRI table states it; None without a table.

    A table that counts no bytes is believed.
    """
    first, mono = frame[1] >> 3 & 3 == 3, frame[3] >> 6 == 3
    at = 4 + _SIDE[first, mono]
    if frame[at : at + 4] in (b"Xing", b"Info") and len(frame) >= at + 16:
        (flags,) = struct.unpack(">I", frame[at + 4 : at + 8])
        if not flags & 1:
            return None
        place = at + 12
        return float(struct.unpack(">I", frame[place : place + 4])[0]) if flags & 2 else float("inf")
    if frame[36:40] == b"VBRI" and len(frame) >= 50:
        return float(struct.unpack(">I", frame[46:50])[0])
    return None
