"""Which notes of a MIDI file are the tune.

A voice is what one track has on one channel. Percussion is no voice, and of the files that
abc2midi writes its own accompaniment tracks are passed over. A voice that is almost wholly a
single line is read with its upper notes; anything more has to be chosen.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from canzona.errors import FormatError, PolyphonyError
from canzona.score.midi_events import MidiFile, MidiNote, MidiTrack

PERCUSSION = 9
"""The channel of percussion in General MIDI, counted from 0."""

MOST_TOGETHER = 8
"""A voice is a single line if fewer than one in so many of its notes sounds with another."""

_ACCOMPANIMENTS = (b"gchord track", b"drum track")
_TEXT, _NAME = 0x01, 0x03


@dataclass(frozen=True, slots=True)
class Voice:
    """The notes of one track on one channel."""

    track: MidiTrack
    channel: int
    name: str

    @property
    def notes(self) -> list[MidiNote]:
        """The notes in order of onset."""
        return self.track.notes[self.channel]


def chosen_voice(file: MidiFile, track: str | None, source: str, dropped: Counter[str]) -> Voice | None:
    """The voice to read: the only one, or the one that `track` names; None where no note sounds.

    Raises
    ------
    PolyphonyError : several voices and no track chosen.
    FormatError : no voice of that number or name.
    """
    voices = _voices(file, dropped)
    if track is not None:
        place = _place(track, voices)
        if place is None:
            raise FormatError(
                f"has no track '{track}' with notes (its tracks: {_listed(voices)})",
                source=source,
                hint=f"choose 1 to {len(voices)} or a name",
            )
        left_out = [voice for voice in voices if voice is not voices[place]]
        dropped["notes of other voices"] += sum(len(voice.notes) for voice in left_out)
        return voices[place]
    tunes = [voice for voice in voices if not _is_accompaniment(voice.track)]
    dropped["notes of accompaniment"] += sum(len(voice.notes) for voice in voices if voice not in tunes)
    if len(tunes) > 1:
        raise PolyphonyError(
            f"holds {len(tunes)} voices: {_listed(tunes)}",
            source=source,
            hint="choose one with --track NUMBER or --track NAME",
        )
    return tunes[0] if tunes else None


def single_line(
    voice: Voice, division: int, source: str, dropped: Counter[str], *, chosen: bool
) -> list[MidiNote]:
    """The upper line of a voice: onsets strictly increasing, no note longer than up to the next.

    Raises
    ------
    PolyphonyError : many notes sound together, and the voice was not chosen.
    """
    line: list[MidiNote] = []
    together = 0
    for note in sorted(voice.notes, key=lambda note: (note.onset, -note.number)):
        if note.end <= note.onset:
            dropped["notes without a length"] += 1
            continue
        held = line[-1] if line else None
        if held is None or held.end <= note.onset:
            line.append(MidiNote(note.onset, note.end, note.number, note.velocity, note.bend))
            continue
        struck_together = (note.onset - held.onset) * 64 < division
        overlap = min(held.end, note.end) - note.onset
        if struck_together or (overlap * 8 > division and note.number < held.number):
            together += 1
            if struck_together and note.number > held.number:
                line[-1] = MidiNote(held.onset, note.end, note.number, note.velocity, note.bend)
            continue
        together += overlap * 8 > division and note.number > held.number
        held.end = note.onset
        line.append(MidiNote(note.onset, note.end, note.number, note.velocity, note.bend))
    if together * MOST_TOGETHER > len(voice.notes) and not chosen:
        raise PolyphonyError(
            f"{together} of its {len(voice.notes)} notes sound together with others",
            source=source,
            hint="read the upper line with --track 1",
        )
    dropped["notes below the upper line"] += together
    return line


def text_of(data: bytes) -> str:
    """The text of a meta event: UTF-8, or else Latin-1."""
    try:
        return data.decode("utf-8").strip("\0 \r\n\t")
    except UnicodeDecodeError:
        return data.decode("latin-1").strip("\0 \r\n\t")


def track_name(track: MidiTrack) -> str:
    """The name that a track gives itself, or an empty string."""
    return next((text_of(data) for _, kind, data in track.metas if kind == _NAME), "")


def _voices(file: MidiFile, dropped: Counter[str]) -> list[Voice]:
    voices = []
    for track in file.tracks:
        for channel in sorted(track.notes):
            if channel == PERCUSSION:
                dropped["notes of percussion"] += len(track.notes[channel])
                continue
            name = track_name(track) or f"channel {channel + 1}"
            voices.append(Voice(track, channel, name))
    return voices


def _is_accompaniment(track: MidiTrack) -> bool:
    return any(kind == _TEXT and data in _ACCOMPANIMENTS for _, kind, data in track.metas[:8])


def _place(track: str, voices: list[Voice]) -> int | None:
    names = [voice.name.casefold() for voice in voices]
    if track.casefold() in names:
        return names.index(track.casefold())
    if track.isascii() and track.isdigit() and 1 <= int(track[:9]) <= len(voices):
        return int(track[:9]) - 1
    return None


def _listed(voices: list[Voice]) -> str:
    shown = [
        f"{place} '{voice.name}' ({len(voice.notes)} notes)"
        for place, voice in enumerate(voices[:12], start=1)
    ]
    return ", ".join(shown) + (", ..." if len(voices) > 12 else "")
