"""Standard MIDI files written event by event, for tests of their reader."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction

from canzona.score import Tune
from canzona.score.midi import read_midi

METER_6_8 = (0, b"\xff\x58\x04\x06\x03\x24\x08")
"""A time signature at the start."""


def variable(value: int) -> bytes:
    """A number of variable length."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.insert(0, value & 0x7F | 0x80)
    return bytes(digits)


def meta(kind: int, data: bytes) -> bytes:
    """A meta event."""
    return bytes((0xFF, kind)) + variable(len(data)) + data


def meter(tick: int, beats: int, unit: int) -> tuple[int, bytes]:
    """A time signature at a tick."""
    return tick, meta(0x58, bytes((beats, unit.bit_length() - 1, 24, 8)))


def track(events: Iterable[tuple[int, bytes]], *, end: int = 0) -> bytes:
    """A track chunk of (tick, event), which need not be in order; it ends at `end` or with the last event."""
    body, tick = b"", 0
    for at, event in sorted(events, key=lambda event: event[0]):
        body += variable(at - tick) + event
        tick = at
    body += variable(max(end - tick, 0)) + b"\xff\x2f\0"
    return b"MTrk" + struct.pack(">I", len(body)) + body


def file(*tracks: bytes, division: int = 480, kind: int | None = None) -> bytes:
    """A file of format 0, or 1 where it has several tracks."""
    kind = int(len(tracks) > 1) if kind is None else kind
    return b"MThd" + struct.pack(">IHHH", 6, kind, len(tracks), division) + b"".join(tracks)


def notes(
    spans: Sequence[tuple[int, int, int]], channel: int = 0, velocities: Sequence[int] = ()
) -> list[tuple[int, bytes]]:
    """Note events of (onset, end, number); ends come before onsets of the same tick."""
    ends = [(end, bytes((0x80 | channel, number, 0))) for _, end, number in spans]
    loud = velocities or [80] * len(spans)
    starts = [
        (onset, bytes((0x90 | channel, number, velocity)))
        for (onset, _, number), velocity in zip(spans, loud, strict=True)
    ]
    return ends + starts


def tune_of(data: bytes, chosen: str | None = None) -> Tune:
    """The one tune of a file."""
    (tune,) = read_midi(data, "song.mid", chosen)
    return tune


def times(tune: Tune) -> list[tuple[Fraction, Fraction]]:
    """Onset and duration of each note that sounds."""
    return [(note.onset, note.duration) for note in tune.notes if note.pitch is not None]
