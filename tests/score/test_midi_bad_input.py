"""MIDI files that are damaged, hostile or of a kind that has no beats: one sentence, and soon."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import CanzonaError, FormatError
from canzona.score import Tune
from canzona.score.midi import read_midi
from outcomes import outcome_of

SECONDS = 3.0
"""The promise is one second; a busy machine is given three."""

END = b"\x00\xff\x2f\x00"
ON_OFF = b"%c\x40%c%c\x00\x01"


def file(track: bytes, division: int = 480, kind: int = 0) -> bytes:
    head = b"MThd" + struct.pack(">IHHH", 6, kind, 1, division)
    return head + b"MTrk" + struct.pack(">I", len(track)) + track


def outcome(data: bytes) -> Tune | CanzonaError:
    """What reading gives, within the time that is promised."""
    return outcome_of(read_midi(data, "x.mid"), SECONDS)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "x.mid: is no MIDI file"),
        (b"MThd\0\0", "x.mid: is no MIDI file"),
        (b"RIFF\0\0\0\0WAVEfmt ", "x.mid: is no MIDI file"),
        (file(END, division=0xE728), "is timed in film frames (SMPTE)"),
        (file(END, division=0), "has no ticks in a quarter note"),
        (file(END, kind=2), "is of MIDI format 2"),
        (file(b"")[:14], "has no track"),
        (file(b"\x00\x90\x3c"), "track 1 breaks off in the middle of an event"),
        (file(b"\x00\xff\x01\x7fabc"), "track 1 breaks off"),
        (file(b"\x00\x3c\x40"), "track 1 has a data byte where an event begins"),
        (file(b"\xff\xff\xff\xff\xff\x00"), "a number of more than four bytes"),
        (file(b"\x00\x90\x3c\x40" + b"\x01\x3c\x40" * 20_000 + END), "more than 10000 notes"),
        (file(b"\x00\xff\x01\x01a" * 20_000 + END), "texts and changes"),
        (
            file(b"\x00\xff\x58\x04\x01\x0a\x18\x08\x00\x90\x3c\x40\xff\xff\xff\x7f\x3c\x00" + END),
            "20000 bars",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(data: bytes, message: str) -> None:
    error = outcome(data)
    assert isinstance(error, FormatError)
    assert message in str(error)
    assert error.hint


@pytest.mark.usefixtures("unburdened")
@pytest.mark.parametrize(
    "data",
    [
        file(b"\x00\x90" + b"".join(ON_OFF % (60 + n % 9, 1, 60 + n % 9) for n in range(9_900)) + END),
        file(b"\x00\x90" + b"\x3c\x40\x00" * 9_900 + b"\x3c\x00\x01" * 9_900 + END),
        file(b"\x00\x90" + b"".join(ON_OFF % (60 + n % 9, n % 99, 60 + n % 9) for n in range(9000)) + END),
        file(b"\x00\x90\x3c\x40" + b"\x3c\x3c\x00\xff\xff\xff\x7f\x3c\x40" * 9_000 + END),
        file(b"\x01\xff\x59\x02\x01\x00" * 16_000 + b"\x00\x90\x3c\x40\x01\x3c\x00" + END),
        file(b"\x01\xff\x51\x03\x07\xa1\x20" * 16_000 + b"\x00\x90\x3c\x40\x01\x3c\x00" + END),
        b"MThd" + struct.pack(">IHHH", 6, 1, 9, 480) + b"MTrk\0\0\0\0" * 120_000,
    ],
    ids=["notes", "pile", "unsteady", "silences", "keys", "tempos", "tracks"],
)  # fmt: skip
def test_a_hostile_file_ends_soon(data: bytes) -> None:
    outcome(data)


@given(st.binary(max_size=300))
def test_any_bytes_in_a_track_give_a_tune_or_an_error(data: bytes) -> None:
    result = outcome(file(data))
    if isinstance(result, Tune):
        assert all(note.duration > 0 for note in result.notes)
    outcome(data)


EVENTS = st.tuples(
    st.integers(0, 500),
    st.one_of(
        st.tuples(st.sampled_from([0x80, 0x90, 0xE0]), st.integers(40, 80), st.integers(0, 9)).map(bytes),
        st.sampled_from([0x51, 0x58, 0x59, 0x05, 0x06, 0x01]).flatmap(
            lambda kind: st.binary(max_size=6).map(lambda data: bytes((0xFF, kind, len(data))) + data)
        ),
        st.sampled_from([
            b"\xff\x01\x11canzona-score: {}", b'\xff\x01\x16canzona-score: {"a":1}',
            b"\xff\x01\x0e!!!OTL: a song", b"\xff\x06\x06phrase", b"\xff\x06\x0aphrase end",
        ]),
    ),
)  # fmt: skip


@given(st.lists(EVENTS, max_size=40), st.sampled_from([1, 24, 96, 480, 32767]))
def test_any_events_give_a_tune_or_an_error(events: list[tuple[int, bytes]], division: int) -> None:
    track = b"".join((bytes((0x80 | time >> 7, time & 0x7F))) + event for time, event in events)
    result = outcome(file(track + END, division))
    if isinstance(result, Tune):
        assert sum(note.duration for note in result.notes) == result.duration
        assert all(one.onset < two.onset for one, two in zip(result.notes, result.notes[1:], strict=False))
