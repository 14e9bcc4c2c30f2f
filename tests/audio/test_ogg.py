"""Stream numbers of Ogg files."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.audio.ogg import set_stream_number


def checksum(data: bytes) -> int:
    """Of an Ogg page, bit by bit as RFC 3533 says it."""
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
    return value


def numbered(data: bytes, number: int) -> bytes:
    file = io.BytesIO(data)
    set_stream_number(file, number)
    return file.getvalue()


def page(number: int, segments: list[int], filling: int) -> bytes:
    body = bytes([filling]) * sum(segments)
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, 2, 0, number, 0, 0, len(segments)) + bytes(segments)
    return head[:22] + struct.pack("<I", checksum(head + body)) + head[26:] + body


pages = st.lists(st.tuples(st.lists(st.integers(0, 255), max_size=4), st.integers(0, 255)), max_size=4)
numbers = st.integers(0, 2**32 - 1)


@given(pages, numbers, numbers)
@settings(max_examples=40)
def test_checksums_stay_right(parts: list[tuple[list[int], int]], old: int, new: int) -> None:
    before = b"".join(page(old, *part) for part in parts)
    assert numbered(before, new) == b"".join(page(new, *part) for part in parts)


@pytest.mark.parametrize("kind", ["VORBIS", "OPUS"])
def test_a_real_file_is_still_read(kind: str) -> None:
    out = io.BytesIO()
    sound = np.random.default_rng(0).normal(size=(48000, 2)) * 0.1
    soundfile.write(out, sound, 48000, format="OGG", subtype=kind)
    before, _ = soundfile.read(io.BytesIO(out.getvalue()))
    set_stream_number(out, 77)
    after, _ = soundfile.read(io.BytesIO(out.getvalue()))
    np.testing.assert_array_equal(after, before)
    assert out.getvalue()[14:18] == b"\x4d\0\0\0"


@pytest.mark.parametrize("data", [b"", b"RIFF", b"OggS"])
def test_what_is_no_ogg_stays_as_it_is(data: bytes) -> None:
    assert numbered(data, 5)[:4] == data
