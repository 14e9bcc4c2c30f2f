"""MIDI: one voice of a standard MIDI file, and a tune as one.

Reading finds exact note values, bars, key and spelling where a file holds ticks and key
numbers. Writing needs no library; what MIDI has no event for stands in a text event that
other programs pass over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from canzona.errors import UsageError
from canzona.score.format import Format, Written
from canzona.score.losses import differences
from canzona.score.midi_read import notes_checksum, read_file
from canzona.score.midi_state import state_of
from canzona.score.midi_write import file_bytes
from canzona.score.tune import Tune


def read_midi(data: bytes, source: str = "", track: str | None = None) -> Iterator[Tune]:
    """The one tune of a standard MIDI file of format 0 or 1.

    Parameters
    ----------
    data : the file's bytes.
    source : its name, for errors.
    track : the voice to read, by its number from 1 among those with notes, or its track's name.

    Raises
    ------
    FormatError : no MIDI file, or one that is not timed in beats.
    PolyphonyError : several voices, or many notes together, and no track chosen.
    """
    yield read_file(data, source, track)


def midi_bytes(tune: Tune, *, program: int | None = None) -> bytes:
    """A tune as a MIDI file of format 0.

    Parameters
    ----------
    tune : the tune; its repeats are not played out.
    program : General MIDI program, 0 to 127; None takes the one of the tune's instrument.
    """
    data = file_bytes(tune, program=program)
    state = state_of(tune, read_file(data, "", None), notes_checksum(data))
    return file_bytes(tune, state, program=program) if state else data


def write_midi(tunes: Sequence[Tune]) -> Written:
    """One tune as MIDI; `losses` names what a reader will not find again."""
    if len(tunes) != 1:
        raise UsageError(f"a MIDI file holds one tune, not {len(tunes)}", hint="write one file for each")
    data = midi_bytes(tunes[0])
    return Written(data, differences(tunes[0], read_file(data, "", None)))


FORMAT = Format("midi", (".mid", ".midi"), read_midi, write_midi)
