"""Writing MIDI: what comes back, what another reader finds, and what is said to be lost."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path

import mido
import pytest
from hypothesis import given, settings

import strategies
from canzona.errors import UnsupportedError, UsageError
from canzona.score import Attachment, Barline, Grace, Key, Meter, Note, Pitch, Tune
from canzona.score.midi import midi_bytes, read_midi, write_midi
from canzona.score.tune import standard_signature
from melodies import jig, melody, star

F = Fraction
GOLDEN = Path(__file__).parent.parent / "golden"
SIGNS = {
    "articulations", "chord symbols", "directions in words", "dynamics", "fermatas", "grace notes", "lyrics",
    "ornaments", "tempo changes", "enharmonic spelling",
}  # fmt: skip
"""What MIDI has no place for."""


def by_mido(data: bytes) -> tuple[list[tuple[Fraction, Fraction, int]], mido.MidiFile]:
    """Notes as (onset, duration, number) by an independent reader."""
    file = mido.MidiFile(file=io.BytesIO(data))
    found: list[tuple[Fraction, Fraction, int]] = []
    sounding: dict[int, int] = {}
    tick = 0
    for message in mido.merge_tracks(file.tracks):
        tick += message.time
        if message.type == "note_on" and message.velocity:
            sounding[message.note] = tick
        elif message.type in ("note_on", "note_off"):
            start = sounding.pop(message.note)
            ticks = file.ticks_per_beat
            found.append((Fraction(start, ticks), Fraction(tick - start, ticks), message.note))
    return sorted(found), file


def heard(tune: Tune) -> list[tuple[Fraction, Fraction, int]]:
    sounding = (note for note in tune.notes if note.pitch is not None)
    return sorted((n.onset, n.duration, int(n.pitch.midi)) for n in sounding if n.pitch is not None)


@given(strategies.tunes())
@settings(max_examples=120)
def test_any_tune_comes_back_but_for_what_midi_has_no_place_for(tune: Tune) -> None:
    written = write_midi([tune])
    (reread,) = read_midi(written.data)
    assert set(written.losses) <= SIGNS
    assert (reread == tune) == (not written.losses)


@given(strategies.plain_tunes())
@settings(max_examples=60)
def test_another_reader_finds_the_same_notes(tune: Tune) -> None:
    found, _ = by_mido(write_midi([tune]).data)
    assert found == heard(tune)


@pytest.mark.parametrize("name", ["star", "jig"])
def test_golden_files(name: str) -> None:
    data = write_midi([{"star": star, "jig": jig}[name]()]).data
    assert data == bytes.fromhex((GOLDEN / f"{name}.mid.hex").read_text())
    assert by_mido(data)[0] == heard({"star": star, "jig": jig}[name]())


def test_meta_events_that_another_reader_understands() -> None:
    tune = star().replace(tempo=F(90), instrument="Flute", records=(("OTL", "Star"), ("YEM", "1761")))
    metas = {
        message.type: message for message in by_mido(write_midi([tune]).data)[1].tracks[0] if message.is_meta
    }
    assert metas["track_name"].name == "Star"
    assert metas["copyright"].text == "1761"
    assert metas["set_tempo"].tempo == 666667
    assert metas["key_signature"].key == "C"
    assert (metas["time_signature"].numerator, metas["time_signature"].denominator) == (2, 4)
    programs = [
        m.program for m in by_mido(write_midi([tune]).data)[1].tracks[0] if m.type == "program_change"
    ]
    assert programs == [73]
    texts = [m.text for m in by_mido(write_midi([tune]).data)[1].tracks[0] if m.type == "text"]
    assert texts[0] == f"canzona: {tune.provenance}"
    assert next(read_midi(write_midi([tune]).data)).provenance == tune.provenance


def test_a_program_can_be_chosen() -> None:
    programs = [
        m.program for m in by_mido(midi_bytes(star(), program=40))[1].tracks[0] if m.type == "program_change"
    ]
    assert programs == [40]


def test_a_pickup_is_a_short_first_bar() -> None:
    signatures = [m for m in by_mido(write_midi([jig()]).data)[1].tracks[0] if m.type == "time_signature"]
    assert [(m.numerator, m.denominator) for m in signatures] == [(1, 4), (6, 8)]


def test_bars_cut_by_a_repeat_keep_their_meter_and_odd_bars_get_their_own() -> None:
    def signatures(*onsets: int) -> list[tuple[int, int]]:
        tune = Tune(
            notes=melody(" ".join(["c4:1"] * 12)),
            meters=((F(0), Meter(4, 4)),),
            barlines=tuple(Barline(F(onset), place) for place, onset in enumerate(onsets, start=1)),
        )
        written = write_midi([tune])
        assert next(read_midi(written.data)) == tune.replace(
            notes=next(read_midi(written.data)).notes,
            keys=next(read_midi(written.data)).keys,
            phrasing="none",
        )
        found = (m for m in by_mido(written.data)[1].tracks[0] if m.type == "time_signature")
        return [(m.numerator, m.denominator) for m in found]

    assert signatures(0, 4, 7, 8) == [(4, 4)]
    assert signatures(0, 4, 9) == [(4, 4), (5, 4), (4, 4)]


def test_ticks_are_whole_for_tuplets() -> None:
    tune = Tune(notes=melody("c4:1/7 d4:6/7 e4:1/9 f4:8/9 g4:1"), meters=((F(0), Meter(3, 4)),))
    assert by_mido(write_midi([tune]).data)[0] == heard(tune)


def test_times_without_a_common_tick_are_rounded_for_others_and_exact_for_us() -> None:
    tune = Tune(notes=melody("c4:1/31 d4:1/37 e4:1/41 f4:1"), meters=((F(0), Meter(3, 4)),))
    data = write_midi([tune]).data
    assert struct.unpack(">H", data[12:14]) == (20160,)
    assert [(note.onset, note.duration) for note in next(read_midi(data)).notes] == [
        (note.onset, note.duration) for note in tune.notes
    ]


def test_an_edit_of_the_notes_makes_what_we_wrote_beside_them_void() -> None:
    data = write_midi([jig()]).data
    file = mido.MidiFile(file=io.BytesIO(data))
    assert next(read_midi(data)).barlines[-1].repeat == "end"
    for message in file.tracks[0]:
        if message.type in ("note_on", "note_off"):
            message.note += 1
    edited = io.BytesIO()
    file.save(file=edited)
    assert all(not line.repeat for line in next(read_midi(edited.getvalue())).barlines)


def test_microtones_are_bent() -> None:
    quarter = Tune(
        notes=(Note(F(0), F(1), Pitch("D", F(1, 2), 4)), Note(F(1), F(1), Pitch("E", F(-8, 9), 4)))
    )
    data = write_midi([quarter]).data
    bends = [m.pitch for m in by_mido(data)[1].tracks[0] if m.type == "pitchwheel"]
    assert bends == [2048, round(4096 / 9)]
    assert [n.pitch.midi for n in next(read_midi(data)).notes if n.pitch] == [F(125, 2), F(64) - F(8, 9)]


def test_what_is_lost_is_said_once() -> None:
    grace = Grace(Pitch("C", F(0), 5))
    signs = (Attachment("ornament", "trill"), Attachment("chord", "Am"))
    notes = (Note(F(0), F(1), Pitch("A", F(0), 4), graces=(grace,), attachments=signs),)
    notes += (Note(F(1), F(1), Pitch("F", F(-1), 5)), Note(F(2), F(1), Pitch("C", F(-1), 5)))
    key = Key("A", 0, "minor", standard_signature(0))
    tune = Tune(notes=notes, keys=((F(0), key),), meters=((F(0), Meter(3, 4)),))
    assert write_midi([tune]).losses == ("enharmonic spelling", "grace notes", "chord symbols", "ornaments")


def test_modes_free_meter_and_repeats_come_back() -> None:
    dorian = Key("D", 0, "dorian", standard_signature(0))
    tune = jig().replace(keys=((F(0), dorian),), meters=((F(0), Meter(0, 1, symbol="X")),))
    assert next(read_midi(write_midi([tune]).data)) == tune


def test_what_no_midi_file_holds_is_refused() -> None:
    high = Tune(notes=(Note(F(0), F(1), Pitch("C", F(0), 12)),))
    with pytest.raises(UnsupportedError, match="C12 lies outside the range"):
        write_midi([high])
    long = Tune(notes=(Note(F(0), F(10**9), Pitch("C", F(0), 4)),))
    with pytest.raises(UnsupportedError, match="longer than a MIDI file"):
        write_midi([long])
    with pytest.raises(UsageError, match="holds one tune, not 0"):
        write_midi([])


def test_an_empty_tune_and_one_of_rests() -> None:
    for tune in (Tune(), Tune(notes=(Note(F(0), F(4)),), meters=((F(0), Meter(4, 4)),))):
        written = write_midi([tune])
        assert written.losses == ()
        assert next(read_midi(written.data)) == tune


def test_irish_dances_come_back(shared: Path) -> None:
    for path in sorted((shared / "data/scores/cre-midi").glob("*.mid"))[::60]:
        (tune,) = read_midi(path.read_bytes())
        written = write_midi([tune])
        assert written.losses == ()
        assert next(read_midi(written.data)) == tune
        assert by_mido(written.data)[0] == heard(tune)
