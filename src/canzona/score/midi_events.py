"""The bytes of a standard MIDI file as tracks of notes and meta events, times in ticks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from canzona.errors import FormatError

MOST_NOTES = 10_000
"""Notes that a file may have; the longest tunes have some thousand."""

MOST_METAS = 2**14
"""Texts, lyrics and changes of tempo, key and meter that a track may have."""

_SYSEX = (0xF0, 0xF7)
_META = 0xFF
_SYSTEM_LENGTHS = {0xF1: 1, 0xF2: 2, 0xF3: 1}


@dataclass(slots=True)
class MidiNote:
    """A note: onset and end in ticks, MIDI number, velocity and pitch bend (-8192 to 8191)."""

    onset: int
    end: int
    number: int
    velocity: int
    bend: int = 0


@dataclass(slots=True)
class MidiTrack:
    """One track: its notes by channel (from 0), meta events (tick, type, data), programs, its end."""

    notes: dict[int, list[MidiNote]] = field(default_factory=dict)
    metas: list[tuple[int, int, bytes]] = field(default_factory=list)
    programs: dict[int, int] = field(default_factory=dict)
    end: int = 0
    unpaired: int = 0


@dataclass(frozen=True, slots=True)
class MidiFile:
    """A file: ticks of a quarter note, and its tracks."""

    division: int
    tracks: list[MidiTrack]


def parse(data: bytes, source: str) -> MidiFile:
    """Read the chunks and events of a file.

    Raises
    ------
    FormatError : no MIDI file, one timed by film frames, one of independent patterns, or one
        that breaks off in the middle of an event.
    """
    start = data.find(b"MThd", 0, 64) if data[:4] == b"RIFF" else 0
    if start < 0 or data[start : start + 4] != b"MThd" or len(data) < start + 14:
        raise FormatError(
            "is no MIDI file", source=source, hint="give a standard MIDI file (it begins with MThd)"
        )
    length = int.from_bytes(data[start + 4 : start + 8], "big")
    kind = int.from_bytes(data[start + 8 : start + 10], "big")
    division = int.from_bytes(data[start + 12 : start + 14], "big")
    if kind > 1:
        raise FormatError(
            f"is of MIDI format {kind}, independent patterns",
            source=source,
            hint="export it as format 0 or 1",
        )
    if division & 0x8000:
        raise FormatError(
            "is timed in film frames (SMPTE), not in beats",
            source=source,
            hint="export it with ticks of a quarter",
        )
    if division == 0:
        raise FormatError("has no ticks in a quarter note", source=source, hint="export it again")
    tracks: list[MidiTrack] = []
    count = 0
    for chunk in _chunks(data, start + 8 + length):
        track = _Parser(chunk, source, len(tracks) + 1).track(MOST_NOTES - count)
        count += sum(map(len, track.notes.values()))
        tracks.append(track)
    if not tracks:
        raise FormatError("has no track", source=source, hint="export it again")
    return MidiFile(division, tracks)


def _chunks(data: bytes, at: int) -> Iterator[bytes]:
    """The contents of all track chunks; chunks of other types are passed over."""
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "big")
        if data[at : at + 4] == b"MTrk":
            yield data[at + 8 : at + 8 + length]
        at += 8 + length


class _Parser:
    """Reads the events of one track."""

    def __init__(self, data: bytes, source: str, number: int) -> None:
        self._data = data
        self._at = 0
        self._source = source
        self._number = number
        self._tick = 0
        self._sounding: dict[tuple[int, int], deque[MidiNote]] = {}
        self._bends = [0] * 16
        self._track = MidiTrack()

    def track(self, most_notes: int) -> MidiTrack:
        """All events up to the end of the track."""
        try:
            self._read(most_notes)
        except IndexError as error:
            raise FormatError(
                f"track {self._number} breaks off in the middle of an event",
                source=self._source,
                hint="the file is cut off: get it again",
            ) from error
        track = self._track
        track.end = max(self._tick, track.end)
        for waiting in self._sounding.values():
            for note in waiting:
                note.end = max(track.end, note.onset + 1)
                track.unpaired += 1
        return track

    def _read(self, most_notes: int) -> None:
        data, running, notes = self._data, 0, 0
        while self._at < len(data):
            self._tick += self._variable()
            status = data[self._at]
            if status >= 0x80:
                self._at += 1
                # A meta or system event ends a running status; programs that go on with it are meant so.
                running = status if status < 0xF0 else running
            elif running:
                status = running
            else:
                self._fail("has a data byte where an event begins")
            if status == _META:
                kind = data[self._at]
                self._at += 1
                content = self._content()
                if kind == 0x2F:
                    return
                self._track.metas.append((self._tick, kind, content))
                if len(self._track.metas) > MOST_METAS:
                    self._fail(f"holds more than {MOST_METAS} texts and changes", "give one tune a file")
            elif status in _SYSEX:
                self._content()
            elif status >= 0xF0:
                self._at += _SYSTEM_LENGTHS.get(status, 0)
            else:
                notes += self._channel_event(status)
                if notes > most_notes:
                    self._fail(f"brings the file to more than {MOST_NOTES} notes", "give one tune a file")

    def _channel_event(self, status: int) -> int:
        """Read one channel event; the number of notes that it begins."""
        kind, channel, data = status & 0xF0, status & 0x0F, self._data
        first = data[self._at]
        if kind in (0xC0, 0xD0):
            self._at += 1
            if kind == 0xC0:
                self._track.programs.setdefault(channel, first & 0x7F)
            return 0
        second = data[self._at + 1]
        self._at += 2
        if kind == 0x90 and second:
            note = MidiNote(self._tick, self._tick, first & 0x7F, second & 0x7F, self._bends[channel])
            self._track.notes.setdefault(channel, []).append(note)
            self._sounding.setdefault((channel, first & 0x7F), deque()).append(note)
            return 1
        if kind in (0x80, 0x90):
            waiting = self._sounding.get((channel, first & 0x7F))
            if waiting:
                waiting.popleft().end = self._tick
        elif kind == 0xE0:
            self._bends[channel] = (first & 0x7F) + ((second & 0x7F) << 7) - 8192
        return 0

    def _content(self) -> bytes:
        length = self._variable()
        start = self._at
        self._at += length
        if self._at > len(self._data):
            raise IndexError
        return self._data[start : self._at]

    def _variable(self) -> int:
        """A number of variable length: seven bits a byte, four bytes at most."""
        value = 0
        for _ in range(4):
            byte = self._data[self._at]
            self._at += 1
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        self._fail("has a number of more than four bytes")
        return value

    def _fail(self, what: str, hint: str = "get it again, or export it anew") -> None:
        raise FormatError(f"track {self._number} {what}", source=self._source, hint=hint)
