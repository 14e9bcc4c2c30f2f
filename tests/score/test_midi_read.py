"""Reading MIDI: note values from ticks, pickups, keys and spelling, voices, and the corpus."""

from __future__ import annotations

import csv
import random
import struct
from fractions import Fraction
from pathlib import Path

import pytest

from canzona.errors import FormatError, PolyphonyError
from canzona.score import Attachment, Barline, Key, Meter, Pitch, Section
from canzona.score.tune import SEMITONES, standard_signature
from midi_chunks import METER_6_8, file, meta, notes, times, track, tune_of

F = Fraction


def test_notes_rests_and_bars() -> None:
    tune = tune_of(
        file(track([METER_6_8, *notes([(0, 240, 60), (240, 480, 62), (960, 1440, 64), (1440, 2160, 65)])]))
    )
    assert times(tune) == [(F(0), F(1, 2)), (F(1, 2), F(1, 2)), (F(2), F(1)), (F(3), F(3, 2))]
    assert [note.onset for note in tune.notes if note.is_rest] == [1]
    assert tune.meter == Meter(6, 8)
    assert tune.barlines == (Barline(F(0), 1, kind="invisible"), Barline(F(3), 2))


def test_rests_are_divided_at_bar_lines() -> None:
    tune = tune_of(file(track(notes([(0, 480, 60), (480 * 9, 480 * 10, 60)]))))
    assert [(note.onset, note.duration) for note in tune.notes if note.is_rest] == [(1, 3), (4, 4), (8, 1)]


def test_onsets_a_tick_late_are_on_the_beat() -> None:
    tune = tune_of(
        file(track(notes([(1, 240, 60), (241, 320, 62), (321, 400, 64), (401, 480, 62), (481, 960, 60)])))
    )
    assert times(tune) == [
        (F(0), F(1, 2)),
        (F(1, 2), F(1, 6)),
        (F(2, 3), F(1, 6)),
        (F(5, 6), F(1, 6)),
        (F(1), F(1)),
    ]


TRUTH = [
    (F(0), F(1)), (F(1), F(1, 2)), (F(3, 2), F(1, 2)), (F(2), F(1, 3)), (F(7, 3), F(1, 3)),
    (F(8, 3), F(1, 3)), (F(3), F(1)), (F(4), F(3, 2)), (F(11, 2), F(1, 2)), (F(6), F(1, 4)),
    (F(25, 4), F(1, 4)),
    (F(13, 2), F(1, 2)), (F(7), F(1)),
]  # fmt: skip


@pytest.mark.parametrize("gate", [1.0, 0.95, 0.8, 0.5])
@pytest.mark.parametrize("unsteadiness", [0, 4, 9])
def test_played_notes_are_fitted_to_a_grid_and_gates_are_no_rests(gate: float, unsteadiness: int) -> None:
    chance = random.Random(3)
    played = []
    for place, (onset, length) in enumerate(TRUTH):
        start = max(0, round(480 * onset + chance.gauss(0, unsteadiness)))
        played.append((start, round(480 * (onset + length * gate)), 60 + place % 5))
    tune = tune_of(file(track(notes(played))))
    assert [onset for onset, _ in times(tune)] == [onset for onset, _ in TRUTH]
    assert times(tune)[:-1] == TRUTH[:-1]
    assert bool(tune.losses) == (unsteadiness > 0)


def test_grace_notes_stay_short_notes() -> None:
    tune = tune_of(file(track(notes([(0, 480, 60), (480, 490, 64), (490, 960, 62), (960, 1440, 60)]))))
    assert times(tune) == [(F(0), F(1)), (F(1), F(1, 48)), (F(49, 48), F(47, 48)), (F(2), F(1))]


def test_running_status_velocity_zero_and_unfinished_notes() -> None:
    body = b"\x00\x90\x3c\x40\x83\x60\x3c\x00\x00\x3e\x40\x83\x60\x3e\x00\x00\x40\x40\x83\x60\xff\x2f\x00"
    tune = tune_of(file(b"MTrk" + struct.pack(">I", len(body)) + body))
    assert times(tune) == [(F(0), F(1)), (F(1), F(1)), (F(2), F(1))]
    assert tune.losses == ("1 notes without an end",)


def test_system_exclusive_events_and_foreign_chunks_are_passed_over() -> None:
    events = [(0, b"\xf0\x05\x7e\x7f\x09\x01\xf7"), *notes([(0, 480, 60)])]
    data = file(track(events))
    assert times(tune_of(data[:14] + b"XFIH\0\0\0\x02ab" + data[14:])) == [(F(0), F(1))]
    assert times(tune_of(b"RIFF\0\0\0\0RMIDdata\0\0\0\0" + data)) == [(F(0), F(1))]


def test_a_short_first_signature_is_a_pickup() -> None:
    signatures = [(0, meta(0x58, bytes((1, 2, 24, 8)))), (480, meta(0x58, bytes((3, 2, 24, 8))))]
    tune = tune_of(file(track([*signatures, *notes([(480 * n, 480 * n + 480, 60) for n in range(7)])])))
    assert tune.pickup == 1
    assert tune.meters == ((F(0), Meter(3, 4)),)
    assert tune.barlines == (Barline(F(1), 1), Barline(F(4), 2))


def test_accents_tell_the_pickup() -> None:
    spans = [(240 * n, 240 * n + 240, 60 + n % 7) for n in range(31)]
    loud = [105 if n % 6 == 1 else 80 for n in range(31)]
    tune = tune_of(file(track([METER_6_8, *notes(spans, velocities=loud)])))
    assert tune.pickup == F(1, 2)
    assert len(tune.bars) == 6
    assert tune_of(file(track([METER_6_8, *notes(spans)]))).pickup == 0


def test_key_tempo_names_lyrics_and_markers() -> None:
    events = [
        (0, meta(0x03, b"The Song")), (0, meta(0x02, b"1900")), (0, meta(0x01, b"sung softly")),
        (0, meta(0x04, b"Flute")), (0, meta(0x51, (375000).to_bytes(3, "big"))),
        (0, meta(0x59, bytes((0xFE, 1)))), (0, meta(0x05, b"Hal-")),
        (480, meta(0x05, b"lo")), (480, meta(0x51, (333333).to_bytes(3, "big"))), (480, meta(0x06, b"Trio")),
        *notes([(0, 480, 66), (480, 960, 67)]),
    ]  # fmt: skip
    tune = tune_of(file(track(events)))
    assert tune.records == (("OTL", "The Song"), ("YEM", "1900"))
    assert (tune.comments, tune.instrument, tune.tempo) == (("sung softly",), "Flute", 160)
    assert tune.key == Key("G", 0, "minor", standard_signature(-2))
    assert [note.pitch for note in tune.notes] == [Pitch("F", F(1), 4), Pitch("G", F(0), 4)]
    assert tune.notes[0].attachments == (Attachment("lyric", "Hal-"),)
    assert tune.notes[1].attachments == (Attachment("lyric", "lo"), Attachment("tempo", "180"))
    assert tune.sections == (Section(F(1), "Trio"),)


def test_without_a_signature_the_key_is_found() -> None:
    scale = [
        (480 * n, 480 * n + 480, number)
        for n, number in enumerate([62, 64, 66, 67, 69, 71, 73, 74, 69, 66, 62])
    ]
    tune = tune_of(file(track(notes(scale))))
    assert tune.key is not None
    assert (tune.key.tonic, tune.key.mode) == ("D", "major")
    assert str(tune.notes[2].pitch) == "F#4"


def test_pitch_bends_are_microtones() -> None:
    tune = tune_of(file(track([(0, b"\xe0\x00\x50"), *notes([(0, 480, 60)])])))
    assert tune.notes[0].pitch == Pitch("C", F(1, 2), 4)


def test_programs_name_the_instrument() -> None:
    assert tune_of(file(track([(0, b"\xc0\x28"), *notes([(0, 480, 60)])]))).instrument == "violin"


TWO = [track([(0, meta(0x03, b"Song"))]), track([(0, meta(0x03, b"Flute")), *notes([(0, 480, 72)])]),
       track([(0, meta(0x03, b"Bass")), *notes([(0, 480, 40)], 1), *notes([(0, 480, 35)], 9)])]  # fmt: skip


def test_several_voices_are_refused_by_name_until_one_is_chosen() -> None:
    with pytest.raises(
        PolyphonyError, match=r"song\.mid: holds 2 voices: 1 'Flute' \(1 notes\), 2 'Bass'.*--track"
    ):
        tune_of(file(*TWO))
    assert str(tune_of(file(*TWO), "bass").notes[0].pitch) == "E2"
    tune = tune_of(file(*TWO), "1")
    assert str(tune.notes[0].pitch) == "C5"
    assert tune.title == "Song"
    assert tune.losses == ("1 notes of other voices", "1 notes of percussion")
    with pytest.raises(FormatError, match="no track '3'"):
        tune_of(file(*TWO), "3")


def test_chords_are_refused_unless_they_are_few_or_the_voice_is_chosen() -> None:
    chords = [(480 * n, 480 * n + 480, number) for n in range(8) for number in (60, 64, 67)]
    with pytest.raises(PolyphonyError, match=r"16 of its 24 notes sound together.*--track 1"):
        tune_of(file(track(notes(chords))))
    upper = tune_of(file(track(notes(chords))), "1")
    assert {str(note.pitch) for note in upper.notes} == {"G4"}
    few = [(480 * n, 480 * n + 480, 67) for n in range(12)] + [(0, 480, 60)]
    assert tune_of(file(track(notes(few)))).losses == ("1 notes below the upper line",)


def test_legato_overlaps_are_trimmed() -> None:
    tune = tune_of(file(track(notes([(0, 500, 60), (480, 985, 62), (960, 1440, 64)]))))
    assert times(tune) == [(F(0), F(1)), (F(1), F(1)), (F(2), F(1))]
    assert tune.losses == ()


def test_accompaniment_of_abc2midi_is_passed_over() -> None:
    chords = track([(0, meta(0x01, b"gchord track")), *notes([(0, 480, 48), (0, 480, 52)], 1)])
    tune = tune_of(file(track(notes([(0, 480, 60)])), chords))
    assert times(tune) == [(F(0), F(1))]
    assert tune.losses == ("2 notes of accompaniment",)


def test_irish_dances_read_whole_and_in_their_key(shared: Path) -> None:
    folder = shared / "data/scores/cre-midi"
    files = sorted(folder.glob("*.mid"))[::20]
    with (folder / "roots.csv").open(encoding="utf-8") as lines:
        roots = {row[0]: row[1] for row in csv.reader(lines)}
    agreed = whole = 0
    for path in files:
        tune = tune_of(path.read_bytes())
        assert all(one.end == two.onset for one, two in zip(tune.notes, tune.notes[1:], strict=False))
        assert tune.key is not None and tune.meter is not None
        tonic = (SEMITONES[tune.key.tonic] + tune.key.tonic_alter) % 12
        agreed += str(tonic) == roots.get(path.stem, str(tonic))
        whole += tune.bars[-1].duration in (tune.meter.length, tune.meter.length - tune.pickup)
    assert agreed >= 0.95 * len(files)
    assert whole >= 0.8 * len(files)
