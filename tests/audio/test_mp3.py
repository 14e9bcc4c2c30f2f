"""Heads of MP3 files: with and without the table that tells their length."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.audio.files import encode_audio
from canzona.audio.mp3 import Mp3Head, id3_tag, read_mp3_head
from canzona.audio.tags import Tags
from sounds import RATE, mp3, without_table


def head_of(data: bytes) -> Mp3Head | None:
    return read_mp3_head(io.BytesIO(data), len(data))


@pytest.mark.parametrize("rate", [16000, 22050, 32000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_the_table_of_an_encoder_is_found(rate: int, channels: int, mode: str) -> None:
    data = mp3(rate, channels, bitrate_mode=mode, compression_level=0.5)
    head = head_of(data)
    assert head is not None and head.whole_by_table
    bare = head_of(data[head.start :])
    assert bare == Mp3Head(0, whole_by_table=False)


def test_tags_before_and_after_are_passed_over() -> None:
    data = mp3()
    start = read_mp3_head(io.BytesIO(data), len(data)).start
    size = 70_000
    id3 = b"ID3\4\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + b"\xff\xfb" * (size // 2)
    assert head_of(id3 + data) == Mp3Head(len(id3) + start, whole_by_table=True)
    assert head_of(id3 + id3 + data) == Mp3Head(2 * len(id3) + start, whole_by_table=True)
    assert head_of(data + b"TAG" + bytes(125)) == Mp3Head(start, whole_by_table=True)


def test_a_table_that_covers_a_part_is_not_believed() -> None:
    data = mp3()
    assert head_of(data + data) == Mp3Head(head_of(data).start, whole_by_table=False)
    assert head_of(data[: len(data) // 2]).whole_by_table, "cut short, it still tells how long it was"


def test_a_vbri_table_is_one() -> None:
    frame = bytearray(417)
    frame[:4] = b"\xff\xfb\x90\x00"
    frame[36:50] = b"VBRI" + struct.pack(">HHHI", 1, 0, 75, 3 * 417)
    data = bytes(frame) + (b"\xff\xfb\x90\x00" + bytes(413)) * 2
    assert head_of(data) == Mp3Head(417, whole_by_table=True)


@pytest.mark.parametrize("data", [b"", b"ID3", b"\xff\xfb\x90\x00", b"text " * 500, b"\xff" * 5000])
def test_what_is_no_mp3_has_no_head(data: bytes) -> None:
    assert head_of(data) is None


@settings(max_examples=100)
@given(st.binary(max_size=200), st.integers(0, 900))
def test_damage_is_no_failure(noise: bytes, at: int) -> None:
    whole = mp3(seconds=0.1)
    for data in (noise, whole[:at] + noise, whole[:at] + noise + whole[at:]):
        head = head_of(data)
        assert head is None or 0 <= head.start <= len(data)


def test_libsndfile_still_needs_this(tmp_path: Path) -> None:
    """It stops at the length that it guessed: when it no longer does, `mp3.py` can go."""
    loud = np.random.default_rng(0).normal(size=44100 * 4) * 0.3
    out = io.BytesIO()
    with soundfile.SoundFile(
        out, "w", 44100, 1, format="MP3", bitrate_mode="VARIABLE", compression_level=0.3
    ) as file:
        file.write(np.concatenate([np.zeros(44100 * 2), loud]))
    path = tmp_path / "bare.mp3"
    path.write_bytes(without_table(out.getvalue()))
    assert soundfile.info(path).frames != pytest.approx(44100 * 6, rel=0.05)


def read_words(tags: Tags) -> dict[str, str]:
    """The words of an MP3 as libmpg123 reads them."""
    data = encode_audio([np.zeros((2, 3000))], samples=3000, sample_rate=RATE, kind="mp3", tags=tags)
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert file.frames == 3000
        return {name: getattr(file, name) for name in ("title", "artist", "comment", "software")}


# Blanks at the end, lines and what no line holds: readers differ in those.
words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=40).map(str.strip)


@given(title=words, artist=words, comment=words)
@settings(max_examples=40)
def test_words_in_any_script_are_read_by_others(title: str, artist: str, comment: str) -> None:
    found = read_words(Tags(title, artist, comment))
    assert found == {"title": title, "artist": artist, "comment": comment, "software": "Canzona"}


def test_what_words_cannot_hold_is_left_out() -> None:
    assert read_words(Tags("a\0b", "\ud800x")) | {"software": ""} == {
        "title": "a b", "artist": "?x", "comment": "", "software": "",
    }  # fmt: skip
    assert id3_tag(Tags(software="")) == b""


def test_a_tag_of_any_length_states_its_size() -> None:
    for count in (1, 100, 200, 20_000, 300_000):
        tag = id3_tag(Tags(comment="x" * count))
        size = sum(byte << shift for byte, shift in zip(tag[6:10], (21, 14, 7, 0), strict=True))
        assert tag[:3] == b"ID3" and len(tag) == 10 + size and max(tag[6:10]) < 128
