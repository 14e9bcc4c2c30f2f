"""The notes that a MIDI file sounds, read by mido."""

from __future__ import annotations

from pathlib import Path

import mido

Heard = list[tuple[float, float, int]]
"""Onset and duration in quarter notes, and MIDI number."""


def heard_in(path: Path) -> Heard:
    """All notes of all tracks in order of time."""
    midi = mido.MidiFile(path)
    notes: Heard = []
    for track in midi.tracks:
        now, begun = 0, {}
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                begun[message.note] = now
            elif message.type in ("note_on", "note_off") and message.note in begun:
                since = begun.pop(message.note)
                notes.append((since / midi.ticks_per_beat, (now - since) / midi.ticks_per_beat, message.note))
    return sorted(notes)
