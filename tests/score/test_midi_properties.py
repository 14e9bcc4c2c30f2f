"""What may change in a MIDI file without a change of the tune, and what another reader finds in it."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from fractions import Fraction

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import strategies
from canzona.score import Barline, Key, Meter, Note, Pitch, Section, Tune
from canzona.score.midi import midi_bytes, read_midi, write_midi
from canzona.score.midi_write import ACCENTS
from canzona.score.tune import standard_signature
from melodies import jig, melody, star

F = Fraction


def read_bytes(data: bytes) -> Tune:
    (tune,) = read_midi(data, "song.mid")
    return tune


def parsed(data: bytes) -> mido.MidiFile:
    return mido.MidiFile(file=io.BytesIO(data))


def saved(file: mido.MidiFile) -> bytes:
    target = io.BytesIO()
    file.save(file=target)
    return target.getvalue()


def edited(tune: Tune, change: Callable[[mido.Message], mido.Message | None]) -> Tune:
    """What is read after each event of a written tune was changed by another program."""
    file = parsed(write_midi([tune]).data)
    for track in file.tracks:
        track[:] = [message for message in map(change, list(track)) if message is not None]
    return read_bytes(saved(file))


def at_ticks(data: bytes, *kinds: str) -> list[tuple[Fraction, mido.Message]]:
    """Messages of some kinds with their onsets in quarter notes."""
    file = parsed(data)
    found, tick = [], 0
    for message in file.tracks[0]:
        tick += message.time
        if message.type in kinds:
            found.append((F(tick, file.ticks_per_beat), message))
    return found


# Changes of the file that are none of the tune.


@given(strategies.tunes())
@settings(max_examples=40)
def test_another_program_that_saves_the_file_changes_nothing(tune: Tune) -> None:
    data = write_midi([tune]).data
    assert read_bytes(saved(parsed(data))) == read_bytes(data)


@given(strategies.tunes(), st.integers(2, 5))
@settings(max_examples=40)
def test_finer_ticks_change_nothing(tune: Tune, factor: int) -> None:
    data = write_midi([tune]).data
    file = parsed(data)
    if file.ticks_per_beat * factor > 32767:
        return
    file.ticks_per_beat *= factor
    for message in file.tracks[0]:
        message.time *= factor
    assert read_bytes(saved(file)) == read_bytes(data)


@given(strategies.tunes(), st.integers(1, 8))
@settings(max_examples=40)
def test_the_channel_and_the_way_notes_end_change_nothing(tune: Tune, channel: int) -> None:
    def other(message: mido.Message) -> mido.Message:
        if message.type == "note_off":
            message = mido.Message("note_on", note=message.note, velocity=0, time=message.time)
        return message if message.is_meta else message.copy(channel=channel)

    assert edited(tune, other) == read_bytes(write_midi([tune]).data)


@given(strategies.tunes())
@settings(max_examples=40)
def test_silent_controllers_and_unknown_metas_change_nothing(tune: Tune) -> None:
    data = write_midi([tune]).data
    file = parsed(data)
    extra = [
        mido.Message("control_change", control=7, value=100),
        mido.Message("sysex", data=(0x7E, 0x7F, 9, 1)),
        mido.MetaMessage("sequencer_specific", data=(0, 1)),
        mido.Message("polytouch", note=60, value=3),
    ]
    file.tracks[0][:] = extra + list(file.tracks[0])
    assert read_bytes(saved(file)) == read_bytes(data)


@given(strategies.plain_tunes())
@settings(max_examples=40)
def test_a_tune_in_two_tracks_is_the_same(tune: Tune) -> None:
    """Format 1: names, meters and keys in the first track, the notes in the second."""
    data = write_midi([tune]).data
    file = parsed(data)
    head, voice = mido.MidiTrack(), mido.MidiTrack()
    clocks = {id(head): 0, id(voice): 0}
    tick = 0
    for message in file.tracks[0]:
        tick += message.time
        for track in (
            (head, voice) if message.type == "end_of_track" else (head,) if message.is_meta else (voice,)
        ):
            track.append(message.copy(time=tick - clocks[id(track)]))
            clocks[id(track)] = tick
    file.tracks[:] = [head, voice]
    file.type = 1
    assert read_bytes(saved(file)) == read_bytes(data)


# Changes that the tune follows.


@given(strategies.plain_tunes(), st.sampled_from([-12, 12]))
@settings(max_examples=40)
def test_an_octave_in_the_file_is_an_octave_in_the_tune(tune: Tune, semitones: int) -> None:
    def moved(message: mido.Message) -> mido.Message:
        return message.copy(note=message.note + semitones) if message.type.startswith("note_") else message

    straight = read_bytes(write_midi([tune]).data)
    names = [
        n.pitch and dataclasses.replace(n.pitch, octave=n.pitch.octave + semitones // 12)
        for n in straight.notes
    ]
    found = edited(tune, moved)
    sounding = [n.pitch for n in found.notes if n.pitch is not None]
    assert sounding == [name for name in names if name is not None]


@given(strategies.plain_tunes())
@settings(max_examples=30)
def test_without_our_own_line_the_notes_are_the_same(tune: Tune) -> None:
    """What other programs write has no such line, and reads as well."""

    def bare(message: mido.Message) -> mido.Message | None:
        ours = message.type == "text" and message.text.startswith("canzona-score: ")
        return None if ours and not message.time else message

    straight = read_bytes(write_midi([tune]).data)
    found = edited(tune, bare)
    key = [(n.onset, n.pitch.midi) for n in straight.notes if n.pitch is not None]
    assert [(n.onset, n.pitch.midi) for n in found.notes if n.pitch is not None] == key
    assert found.title == straight.title


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.copy(note=m.note + 1) if m.type.startswith("note_") else m,
        lambda m: m.copy(time=m.time + 480) if m.type == "note_off" else m,
        lambda m: None if m.type.startswith("note_") and m.note == 67 and not m.time else m,
    ],
    ids=["pitches", "lengths", "fewer notes"],
)
def test_bar_lines_that_we_wrote_hold_only_for_the_notes_that_we_wrote(
    change: Callable[[mido.Message], mido.Message | None],
) -> None:
    assert read_bytes(write_midi([jig()]).data).barlines[-1].repeat == "end"
    assert all(not line.repeat for line in edited(jig(), change).barlines)


def test_a_change_of_the_tempo_or_the_words_keeps_the_bar_lines() -> None:
    def slower(message: mido.Message) -> mido.Message:
        return message.copy(tempo=1_000_000) if message.type == "set_tempo" else message

    found = edited(jig().replace(tempo=F(100)), slower)
    assert found.barlines == jig().barlines


# What another reader finds.


@given(strategies.tunes())
@settings(max_examples=60)
def test_no_note_sounds_twice_and_every_note_ends(tune: Tune) -> None:
    sounding: set[int] = set()
    for _, message in at_ticks(write_midi([tune]).data, "note_on", "note_off"):
        if message.type == "note_on":
            assert not sounding
            assert message.velocity in ACCENTS
            sounding.add(message.note)
        else:
            sounding.remove(message.note)
    assert not sounding


@given(strategies.tunes())
@settings(max_examples=60)
def test_the_track_is_as_long_as_the_tune(tune: Tune) -> None:
    ((end, _),) = at_ticks(write_midi([tune]).data, "end_of_track")
    assert abs(end - tune.duration) <= F(1, 20160)


@given(strategies.tunes())
@settings(max_examples=60)
def test_heights_with_their_bends_are_those_of_the_notes(tune: Tune) -> None:
    bend = F(0)
    heights = []
    for _, message in at_ticks(write_midi([tune]).data, "note_on", "pitchwheel"):
        if message.type == "pitchwheel":
            bend = F(message.pitch, 4096)
        else:
            heights.append(message.note + bend)
    assert heights == [note.pitch.midi for note in tune.notes if note.pitch is not None]


def test_signatures_and_tempos_stand_where_they_change() -> None:
    tune = star().replace(
        tempo=F(100),
        keys=((F(0), Key("C", 0, "major", ())), (F(8), Key("E", -1, "major", standard_signature(-3)))),
        meters=((F(0), Meter(2, 4)), (F(16), Meter(4, 4))),
        barlines=(*(Barline(F(2 * n), n + 1) for n in range(1, 9)), Barline(F(20), 10)),
        sections=(Section(F(8), "B"),),
    )
    data = write_midi([tune]).data
    assert [(at, m.key) for at, m in at_ticks(data, "key_signature")] == [(F(0), "C"), (F(8), "Eb")]
    meters = [(at, m.numerator, m.denominator) for at, m in at_ticks(data, "time_signature")]
    assert meters == [(F(0), 2, 4), (F(16), 4, 4)]
    assert [(at, m.tempo) for at, m in at_ticks(data, "set_tempo")] == [(F(0), 600_000)]
    assert [(at, m.text) for at, m in at_ticks(data, "marker") if "phrase" not in m.text] == [(F(8), "B")]


@pytest.mark.parametrize(
    ("meter", "clocks"),
    [
        (Meter(4, 4), 24),
        (Meter(3, 4), 24),
        (Meter(6, 8), 36),
        (Meter(9, 8), 36),
        (Meter(3, 2), 48),
        (Meter(5, 8), 12),
    ],
)
def test_the_metronome_clicks_on_the_beat(meter: Meter, clocks: int) -> None:
    """24 clocks a quarter, as the standard counts; three eighths a beat in compound meters."""
    data = write_midi([star().replace(meters=((F(0), meter),), barlines=())]).data
    assert at_ticks(data, "time_signature")[0][1].clocks_per_click == clocks


LENGTHS = st.sampled_from([F(1), F(1, 2), F(1, 2), F(1, 4), F(3, 2), F(2), F(1, 3)])


@given(st.lists(st.tuples(LENGTHS, st.one_of(st.none(), st.integers(50, 80))), min_size=4, max_size=24))
@settings(max_examples=30)
def test_what_music21_writes_is_read_as_it_was_meant(line: list[tuple[Fraction, int | None]]) -> None:
    music21 = pytest.importorskip("music21")
    from music21.midi.translate import streamToMidiFile

    part = music21.stream.Part([music21.meter.TimeSignature("3/4"), music21.key.Key("E-")])
    wanted, onset = [], F(0)
    for length, number in line:
        note = music21.note.Rest() if number is None else music21.note.Note(number)
        note.quarterLength = length
        part.append(note)
        wanted += [] if number is None else [(onset, length, number)]
        onset += length
    tune = read_bytes(streamToMidiFile(part).writestr())
    found = [(n.onset, n.duration, int(n.pitch.midi)) for n in tune.notes if n.pitch is not None]
    assert found == wanted
    assert tune.meter == Meter(3, 4)
    assert str(tune.key) == "E- major"


# Accents.


def velocities(tune: Tune) -> list[int]:
    return [message.velocity for _, message in at_ticks(write_midi([tune]).data, "note_on")]


def test_the_first_note_of_each_bar_is_the_loudest_even_of_the_first() -> None:
    """A tune that begins with a full bar may have no bar line at its start."""
    tune = Tune(
        notes=melody("c4 d4:1/2 e4:1/2 f4 g4 a4:1/2 b4:1/2 c5"),
        meters=((F(0), Meter(3, 4)),),
        barlines=(Barline(F(3), 2),),
    )
    assert velocities(tune) == [100, 90, 80, 90, 100, 90, 80, 90]


def test_a_pickup_is_not_accented_as_a_bar() -> None:
    tune = Tune(
        notes=melody("g4 c5 d5 e5 c5"),
        meters=((F(0), Meter(3, 4)),),
        barlines=(Barline(F(1), 1), Barline(F(4), 2)),
    )
    assert velocities(tune) == [90, 100, 90, 90, 100]


def test_beats_are_counted_from_their_own_bar() -> None:
    """Behind a bar of three eighths the beats of 2/4 lie off the quarters of the tune."""
    tune = Tune(
        notes=melody("c4:3/2 d4 e4 f4:1/2 g4:1/2 a4"),
        meters=((F(0), Meter(3, 8)), (F(3, 2), Meter(2, 4))),
        barlines=(Barline(F(3, 2), 2), Barline(F(7, 2), 3)),
    )
    assert velocities(tune) == [100, 100, 90, 100, 80, 90]


def test_in_free_meter_only_bar_lines_accent() -> None:
    tune = Tune(
        notes=melody("c4 d4 e4 f4"), meters=((F(0), Meter(0, 1, symbol="X")),), barlines=(Barline(F(2), 2),)
    )
    assert velocities(tune) == [100, 80, 100, 80]


# Bytes by hand.


def test_the_smallest_file_has_the_bytes_of_the_standard() -> None:
    tune = Tune(notes=(Note(F(0), F(1), Pitch("C", F(0), 4)),), phrasing="inferred")
    data = midi_bytes(tune, program=40)
    assert data[:14] == b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0"
    assert data[14:18] == b"MTrk"
    assert int.from_bytes(data[18:22], "big") == len(data) - 22
    assert b"\x00\xc0\x28" in data
    assert data.endswith(b"\x83\x60\x80\x3c\x40\x00\xff\x2f\x00")


@pytest.mark.parametrize(
    ("quarters", "delta"),
    [(F(127, 480), b"\x7f"), (F(128, 480), b"\x81\x00"), (F(16384, 480), b"\x81\x80\x00")],
)
def test_lengths_are_numbers_of_seven_bits_a_byte(quarters: Fraction, delta: bytes) -> None:
    data = midi_bytes(Tune(notes=(Note(F(0), quarters, Pitch("C", F(0), 4)),)))
    division = int.from_bytes(data[12:14], "big")
    ticks = quarters * division
    assert ticks.denominator == 1
    if division == 480:
        assert delta + b"\x80\x3c\x40" in data
    assert read_bytes(data).notes[0].duration == quarters


@pytest.mark.parametrize("program", [0, 1, 64, 127])
def test_programs_are_those_of_general_midi(program: int) -> None:
    assert [m.program for _, m in at_ticks(midi_bytes(star(), program=program), "program_change")] == [
        program
    ]
