"""Standard MIDI files as parts, and parts as MIDI files for the instruments that play them.

A part of a file is what one channel plays with one program. Controllers that shape a note are kept
(modulation, expression, pedal, bend); volume and pan become the part's own, since stems are
levelled afterwards. Bends are held in semitones, whatever range the file has set.
"""

from __future__ import annotations

import io
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from canzona.errors import FormatError, MissingDependencyError
from canzona.train.separation.rendering.arrangement import BEND, NO_NOTES, Controls, Notes, Part, overlap

KEPT_CONTROLLERS = (1, 11, 64)
"""Modulation, expression and the sustain pedal."""

DRUM_CHANNEL = 9
DEFAULT_RANGE = 2.0
"""Semitones of the pitch wheel that instruments begin with."""

_TICKS = 960
_TEMPO = 500_000
_TICKS_A_SECOND = _TICKS * 1_000_000 / _TEMPO
_LONGEST = 4 * 3600.0
_STROKE = 0.1
_PERCUSSION = range(112, 120)


@dataclass
class _Channel:
    """What a channel has been told so far."""

    program: int = 0
    pan: int = 64
    bend_range: float = DEFAULT_RANGE
    selected: tuple[int, int] = (127, 127)
    sounding: dict[int, list[tuple[float, int, int]]] = field(default_factory=lambda: defaultdict(list))
    controls: list[tuple[float, int, float]] = field(default_factory=list)


def read_midi(path: Path) -> tuple[tuple[Part, ...], float]:
    """The parts of a MIDI file and its seconds a quarter note at the beginning.

    Raises
    ------
    FormatError : the file cannot be read, is no MIDI file, or lasts longer than four hours.
    MissingDependencyError : the package mido is not installed.
    """
    mido = _mido()
    try:
        file = mido.MidiFile(path, clip=True)
        events = list(file)
    except (OSError, EOFError, ValueError, LookupError, TypeError) as error:
        reason = (getattr(error, "strerror", None) or "").lower() or "no MIDI file, or a damaged one"
        raise FormatError(reason, source=str(path)) from error
    channels = [_Channel() for _ in range(16)]
    notes: dict[tuple[int, int], list[tuple[float, float, int, int]]] = defaultdict(list)
    now, beat = 0.0, 0.0
    for event in events:
        now += event.time
        if now > _LONGEST:
            raise FormatError("lasts longer than four hours", source=str(path))
        if event.type == "set_tempo":
            beat = beat or event.tempo / 1e6
        elif not event.is_meta and hasattr(event, "channel"):
            _take(event, now, channels[event.channel], notes)
    for index, channel in enumerate(channels):
        _end_all(channel, now, notes, index)
    found = (_part(key, rows, channels[key[0]]) for key, rows in sorted(notes.items()))
    return tuple(found), beat or 0.5


def _take(event: Any, now: float, channel: _Channel, notes: Any) -> None:
    if event.type == "note_on" and event.velocity:
        channel.sounding[event.note].append((now, event.velocity, channel.program))
    elif event.type in ("note_on", "note_off"):
        if channel.sounding[event.note]:
            began, velocity, program = channel.sounding[event.note].pop(0)
            notes[event.channel, program].append((began, now - began, event.note, velocity))
    elif event.type == "program_change":
        channel.program = event.program
    elif event.type == "pitchwheel":
        channel.controls.append((now, BEND, event.pitch / 8192 * channel.bend_range))
    elif event.type == "control_change":
        _control(event, now, channel)


def _control(event: Any, now: float, channel: _Channel) -> None:
    number, value = event.control, event.value
    if number in KEPT_CONTROLLERS:
        channel.controls.append((now, number, value))
    elif number == 10:
        channel.pan = value
    elif number in (101, 100):
        high, low = channel.selected
        channel.selected = (value, low) if number == 101 else (high, value)
    elif number == 6 and channel.selected == (0, 0):
        channel.bend_range = float(np.clip(value, 1, 24))


def _end_all(channel: _Channel, now: float, notes: Any, index: int) -> None:
    """Notes that were never released end with the file."""
    for key, waiting in channel.sounding.items():
        for began, velocity, program in waiting:
            notes[index, program].append((began, now - began, key, velocity))


def _part(key: tuple[int, int], rows: list[tuple[float, float, int, int]], channel: _Channel) -> Part:
    index, program = key
    notes = np.array(sorted(rows), float).reshape(-1, 4)
    drums = index == DRUM_CHANNEL or program in _PERCUSSION
    if drums:  # some programs write strokes without a length
        notes[:, 1] = np.maximum(notes[:, 1], _STROKE)
    notes = notes[notes[:, 1] > 0]
    controls = np.array(channel.controls, float).reshape(-1, 3)
    name = f"channel {index + 1}, program {program}"
    role = "drums" if index == DRUM_CHANNEL else "percussion" if drums else role_of(program, notes)
    return Part(name, role, program, notes, controls, (channel.pan - 64) / 64)


def role_of(program: int, notes: Notes) -> str:
    """What a pitched part does, from its General MIDI program and its notes."""
    if not len(notes):
        return "lead"
    low, together = float(np.median(notes[:, 2])), overlap(notes)
    length = float(np.median(notes[:, 1]))
    if 32 <= program <= 39 or (low < 47 and together < 1.5):
        return "bass"
    if 88 <= program <= 95 or (together > 1.8 and length > 0.9):
        return "pad"
    if together > 1.8:
        return "chords"
    return "arp" if length < 0.16 and len(notes) > 40 else "lead"


def write_midi(part: Part, *, channel: int = 0, program: int | None = None, lead_in: float = 0.0) -> bytes:
    """A MIDI file of one part, one channel, 120 quarters a minute.

    Parameters
    ----------
    channel : 0..15; 9 for drums.
    program : sent before the first note, where given.
    lead_in : seconds of silence before the part's time 0.
    """
    mido = _mido()
    rows = _messages(mido, part.notes, part.controls, channel, lead_in)
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("set_tempo", tempo=_TEMPO))
    if program is not None:
        track.append(mido.Message("program_change", program=program, channel=channel))
    past = 0
    for tick, _, message in sorted(rows, key=lambda row: row[:2]):
        message.time = tick - past
        track.append(message)
        past = tick
    file = mido.MidiFile(type=0, ticks_per_beat=_TICKS, tracks=[track])
    data = io.BytesIO()
    file.save(file=data)
    return data.getvalue()


def _messages(
    mido: Any, notes: Notes, controls: Controls, channel: int, lead_in: float
) -> list[tuple[int, int, Any]]:
    """Rows of tick, rank within the tick (ends, then controllers, then onsets) and message."""
    rows = []
    for seconds, number, value in controls:
        tick = round((seconds + lead_in) * _TICKS_A_SECOND)
        if number == BEND:
            pitch = int(np.clip(round(value / DEFAULT_RANGE * 8192), -8192, 8191))
            message = mido.Message("pitchwheel", pitch=pitch, channel=channel)
        else:
            message = mido.Message("control_change", control=int(number), value=int(value), channel=channel)
        rows.append((tick, 1, message))
    for onset, duration, key, velocity in notes if len(notes) else NO_NOTES:
        begin = round((onset + lead_in) * _TICKS_A_SECOND)
        end = max(begin + 1, round((onset + duration + lead_in) * _TICKS_A_SECOND))
        words = {"note": int(key), "channel": channel}
        rows.append((begin, 2, mido.Message("note_on", velocity=int(velocity), **words)))
        rows.append((end, 0, mido.Message("note_off", velocity=64, **words)))
    return rows


def _mido() -> Any:
    try:
        import mido
    except ImportError as error:
        raise MissingDependencyError(
            "MIDI files of songs are read with mido", hint="pip install 'canzona[stems]'"
        ) from error
    return mido
