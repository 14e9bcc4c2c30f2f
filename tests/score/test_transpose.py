"""Transposition keeps what a pitch means in its key."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import UsageError
from canzona.score import Attachment, Grace, Key, Note, Pitch, Tune, read
from canzona.score.transpose import Interval, parse_interval, transpose
from canzona.score.tune import standard_signature


def pitch(text: str) -> Pitch:
    """'F#4', 'Bb3'."""
    signs = text[1:-1]
    return Pitch(text[0], Fraction(signs.count("#") - signs.count("b")), int(text[-1]))


def tune_of(text: str, key: Key | None = None, **more: object) -> Tune:
    notes = tuple(
        Note(Fraction(place), Fraction(1), pitch(word), **more)  # type: ignore[arg-type]
        for place, word in enumerate(text.split())
    )
    return Tune(notes=notes, keys=() if key is None else ((Fraction(0), key),))


def spelled(tune: Tune) -> str:
    return " ".join(str(note.pitch).replace("-", "b") for note in tune.notes)


@pytest.mark.parametrize(
    ("name", "steps", "semitones"),
    [
        ("P1", 0, 0), ("m2", 1, 1), ("M2", 1, 2), ("m3", 2, 3), ("M3", 2, 4), ("P4", 3, 5), ("A4", 3, 6),
        ("d5", 4, 6), ("P5", 4, 7), ("m6", 5, 8), ("M6", 5, 9), ("d7", 6, 9), ("m7", 6, 10), ("M7", 6, 11),
        ("P8", 7, 12), ("M9", 8, 14), ("P15", 14, 24), ("-m3", -2, -3), ("+P5", 4, 7), ("A1", 0, 1),
    ],
)  # fmt: skip
def test_interval_names(name: str, steps: int, semitones: int) -> None:
    assert parse_interval(name) == Interval(steps, semitones)


@pytest.mark.parametrize("name", ["P3", "M5", "m4", "P0", "P99", "X2", "M", "", "3M", "P37", "--M2", "M2 "])
def test_what_is_no_interval_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="no interval"):
        parse_interval(name)


def test_leading_notes_stay_leading_notes() -> None:
    a_minor = tune_of("A4 G#4 A4 F4 E4 D#4 E4", Key("A", 0, "minor"))
    assert spelled(transpose(a_minor, "m3")) == "C5 B4 C5 Ab4 G4 F#4 G4"
    assert spelled(transpose(a_minor, "-M2")) == "G4 F#4 G4 Eb4 D4 C#4 D4"


@pytest.mark.parametrize(
    ("key", "to", "expected"),
    [
        (Key("G", 0, "major"), "Bb", "B- major"),
        (Key("G", 0, "major"), "F#", "F# major"),
        (Key("A", 0, "minor"), "Em", "E minor"),
        (Key("A", 0, "aeolian"), "em", "E aeolian"),
        (Key("D", 0, "dorian"), "G dorian", "G dorian"),
        (Key("C", 1, "major"), "M3", "F major"),
        (Key("C", 0, "major"), "+1", "D- major"),
        (Key("C", 0, "major"), "-1", "B major"),
        (Key("E", 0, "minor"), "+1", "F minor"),
        (Key("G", 0, ""), "Es", "E- "),
    ],
)
def test_keys(key: Key, to: str, expected: str) -> None:
    moved = transpose(tune_of("C4", key), to).key
    assert moved is not None
    assert str(moved) == expected.rstrip()


def test_a_key_is_reached_by_the_shorter_way() -> None:
    tune = tune_of("C4", Key("C", 0, "major"))
    assert spelled(transpose(tune, "G")) == "G3"
    assert spelled(transpose(tune, "F")) == "F4"
    assert spelled(transpose(tune, "F#")) == "F#4"
    assert spelled(transpose(tune, "Cb")) == "Cb4"
    low = tune_of("B3", Key("B", 0, "major"))
    assert spelled(transpose(low, "C")) == "C4"


def test_signatures_move_even_out_of_order() -> None:
    turkish = (("B", Fraction(-1, 2)), ("F", Fraction(1)))
    tune = tune_of("B4", Key("G", 0, "", turkish))
    moved = transpose(tune, "M2").key
    assert moved is not None
    assert moved.signature == (("F", Fraction(1)), ("C", Fraction(1, 2)), ("G", Fraction(1)))


def test_common_signatures_keep_their_order() -> None:
    tune = tune_of("C4", Key("C", 0, "major", ()))
    for interval, fifths in (("M2", 2), ("-m2", 5), ("m2", -5), ("P4", -1), ("A4", 6)):
        moved = transpose(tune, interval).key
        assert moved is not None
        assert moved.signature == standard_signature(fifths)


def test_a_signature_alone_stays_without_a_tonic() -> None:
    moved = transpose(tune_of("F#4", Key(signature=standard_signature(1))), "M2").key
    assert moved == Key(signature=standard_signature(3))


def test_graces_quarter_tones_and_chord_symbols_move_along() -> None:
    chords = tuple(Attachment("chord", text) for text in ("Am7", "F#m/C#", "Bb", "N.C.", "D7/F♯"))
    note = Note(
        Fraction(0),
        Fraction(1),
        Pitch("E", Fraction(-1, 2), 4),
        graces=(Grace(pitch("D#4")),),
        attachments=(*chords, Attachment("lyric", "Am")),
    )
    moved = transpose(Tune(notes=(note,)), "M2").notes[0]
    assert moved.pitch == Pitch("F", Fraction(1, 2), 4)
    assert moved.graces[0].pitch == Pitch("E", Fraction(1), 4)
    assert [each.text for each in moved.attachments] == ["Bm7", "G#m/D#", "C", "N.C.", "E7/G#", "Am"]


def test_a_note_that_would_need_a_triple_sharp_takes_its_neighbours_letter() -> None:
    assert spelled(transpose(tune_of("F##4"), "A1")) == "G#4"


def test_real_tune_there_and_back(examples: Path) -> None:
    tune = read(examples / "greensleeves.krn")
    there = transpose(tune, "D")
    assert str(there.key) == "D minor"
    assert there.notes[0].pitch == pitch("D5")
    assert transpose(there, "A") == tune
    assert [note.onset for note in there.notes] == [note.onset for note in tune.notes]


def test_unison_is_the_same_tune(examples: Path) -> None:
    tune = read(examples / "greensleeves.krn")
    assert transpose(tune, "P1") is tune
    assert transpose(tune, "+0") is tune


@pytest.mark.parametrize(
    ("key", "to", "message"),
    [
        (None, "G", "names no key to go to G from; give an interval"),
        (Key(signature=()), "G", "names no key"),
        (
            Key("C", 0, "major"),
            "Am",
            "transposing keeps the mode: C major cannot become 'Am'; name the tonic",
        ),
        (Key("C", 0, "major"), "H", "'H' is no interval; give an interval"),
        (Key("C", 0, "major"), "", "is no interval"),
        (Key("C", 0, "major"), "P3", "there is no interval 'P3'"),
    ],
)
def test_what_cannot_be_done_is_said(key: Key | None, to: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        transpose(tune_of("C4", key), to)


pitches = st.builds(Pitch, st.sampled_from("CDEFGAB"), st.integers(-2, 2).map(Fraction), st.integers(1, 7))
intervals = st.sampled_from(["m2", "M2", "m3", "M3", "P4", "A4", "d5", "P5", "m6", "M6", "m7", "M7", "P8"])


@given(st.lists(pitches, min_size=1, max_size=8), intervals, st.booleans())
def test_every_pitch_sounds_the_interval_higher(found: list[Pitch], name: str, down: bool) -> None:
    notes = tuple(Note(Fraction(place), Fraction(1), each) for place, each in enumerate(found))
    interval = -parse_interval(name) if down else parse_interval(name)
    moved = transpose(Tune(notes=notes), interval)
    for before, after in zip(notes, moved.notes, strict=True):
        assert before.pitch is not None and after.pitch is not None
        assert after.pitch.midi == before.pitch.midi + interval.semitones
        assert abs(after.pitch.alter) <= 2


@given(st.integers(-99, 99), st.sampled_from("CDEFGAB"), st.sampled_from(["major", "minor", "dorian"]))
def test_semitones_give_keys_that_can_be_read(semitones: int, tonic: str, mode: str) -> None:
    moved = transpose(tune_of("C4", Key(tonic, 0, mode)), f"{semitones:+d}")
    assert moved.key is not None and abs(moved.key.fifths) <= 7
    assert moved.notes[0].pitch is not None
    assert moved.notes[0].pitch.midi == 60 + semitones
