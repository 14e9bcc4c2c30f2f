"""Transposing as music theory has it: what must hold for any tune, and tables of the textbooks."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from canzona.errors import UsageError
from canzona.score import Attachment, Key, Note, Pitch, Tune
from canzona.score.describe import degree
from canzona.score.transpose import Interval, parse_interval, transpose
from canzona.score.tune import MODES, SEMITONES, STEPS, standard_signature
from melodies import melody, star
from strategies import tunes

F = Fraction
INTERVALS = [
    "m2", "M2", "m3", "M3", "P4", "A4", "d5", "P5", "m6", "M6", "m7", "M7", "P8", "m9", "M10", "P12",
]  # fmt: skip
MAJOR_KEYS = {
    "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5, "F#": 6, "C#": 7, "F": -1, "Bb": -2, "Eb": -3,
    "Ab": -4, "Db": -5, "Gb": -6, "Cb": -7,
}  # fmt: skip
names = st.sampled_from(INTERVALS)


def key_of(name: str, mode: str = "major") -> Key:
    alter = name[1:].count("#") - name[1:].count("b")
    return Key(name[0], alter, mode)


def scale(name: str) -> Tune:
    """An octave of a major scale upwards, spelled by its signature."""
    key = key_of(name)
    signs = dict(standard_signature(key.fifths))
    first = STEPS.index(name[0])
    notes = tuple(
        Note(
            F(place),
            F(1),
            Pitch(
                STEPS[(first + place) % 7],
                signs.get(STEPS[(first + place) % 7], F(0)),
                4 + (first + place) // 7,
            ),
        )
        for place in range(8)
    )
    return Tune(notes, keys=((F(0), key),))


def heights(tune: Tune) -> list[Fraction]:
    return [note.pitch.midi for note in tune.notes if note.pitch]


@pytest.mark.parametrize(("there", "here"), list(itertools.product(MAJOR_KEYS, ["C", "Eb", "F#"])))
def test_a_scale_becomes_the_scale_of_the_other_key(here: str, there: str) -> None:
    moved = transpose(scale(here), there)
    assert moved.key == key_of(there)
    assert abs(heights(moved)[0] - heights(scale(here))[0]) <= 6
    for note, own in zip(moved.notes, scale(there).notes, strict=True):
        assert note.pitch and own.pitch
        assert (note.pitch.step, note.pitch.alter) == (own.pitch.step, own.pitch.alter)


@pytest.mark.parametrize(("name", "fifths"), MAJOR_KEYS.items())
def test_signatures_on_the_circle_of_fifths(name: str, fifths: int) -> None:
    c_major = star().replace(keys=((F(0), Key("C", 0, "major", ())),))
    moved = transpose(c_major, name).key
    assert moved is not None
    assert moved.signature == standard_signature(fifths)


@pytest.mark.parametrize(
    "written", ["Bb", "B-", "B♭", "bb", "b-", "Bes", "Bb major", "BbM", "Bb maj", "Bb_ionian"]
)
def test_ways_to_name_b_flat_major(written: str) -> None:
    moved = transpose(star(), written).key
    assert str(moved) == "B- major"


@pytest.mark.parametrize("written", ["B-flat", "Bbb minor", "B dur", "G dorian"])
def test_another_mode_is_no_transposition(written: str) -> None:
    with pytest.raises(UsageError, match="transposing keeps the mode: C major cannot become"):
        transpose(star(), written)


@pytest.mark.parametrize("written", ["Am", "a minor", "A min", "a aeolian", "Amin", "A"])
def test_ways_to_name_a_minor(written: str) -> None:
    tune = star().replace(keys=((F(0), Key("D", 0, "minor")),))
    assert str(transpose(tune, written).key) == "A minor"


@pytest.mark.parametrize("written", ["GM", "G major", "Gmaj", "G ionian", "G maj"])
def test_a_minor_tune_does_not_go_to_a_major_key(written: str) -> None:
    tune = star().replace(keys=((F(0), Key("A", 0, "minor")),))
    with pytest.raises(UsageError, match="A minor cannot become"):
        transpose(tune, written)
    assert str(transpose(star(), written).key) == "G major"


@pytest.mark.parametrize("mode", MODES)
def test_the_tonic_alone_keeps_the_mode(mode: str) -> None:
    tune = star().replace(keys=((F(0), Key("D", 0, mode)),))
    assert str(transpose(tune, "F").key) == f"F {mode}"
    assert str(transpose(tune, f"F {mode}").key) == f"F {mode}"


def test_all_keys_of_a_tune_move_by_the_interval_of_the_first() -> None:
    changes = ((F(0), Key("C", 0, "major")), (F(8), Key("A", 0, "minor")), (F(16), Key("G", 0, "major")))
    moved = transpose(star().replace(keys=changes), "D").keys
    assert [(at, str(key)) for at, key in moved] == [(0, "D major"), (8, "B minor"), (16, "A major")]


@pytest.mark.parametrize(
    ("chord", "to", "expected"),
    [
        ("C", "M2", "D"), ("Am7", "m3", "Cm7"), ("F#dim", "M2", "G#dim"), ("Bb", "M2", "C"),
        ("G7/B", "P4", "C7/E"), ("D/F#", "-M2", "C/E"), ("Ebmaj7", "P5", "Bbmaj7"), ("Csus4", "P1", "Csus4"),
        ("N.C.", "M2", "N.C."), ("A♭6", "M2", "Bb6"), ("", "M2", ""), ("G7(b9)", "M2", "A7(b9)"),
        ("Bdim", "m2", "Cdim"), ("E#", "M2", "G"),
    ],
)  # fmt: skip
def test_chord_symbols(chord: str, to: str, expected: str) -> None:
    note = Note(F(0), F(1), Pitch("C", F(0), 4), attachments=(Attachment("chord", chord),))
    moved = transpose(Tune((note,)), to).notes[0].attachments[0].text
    assert moved == expected


def test_only_chords_are_taken_for_chords() -> None:
    kinds = ("lyric", "text", "dynamic", "ornament", "tempo", "fermata")
    signs = tuple(Attachment(kind, "A") for kind in kinds)  # type: ignore[arg-type]
    note = Note(F(0), F(1), Pitch("C", F(0), 4), attachments=signs)
    assert transpose(Tune((note,)), "M2").notes[0].attachments == signs


@pytest.mark.parametrize(
    ("pitch", "to", "expected"),
    [
        (Pitch("E", F(0), 4), "A1", "E#4"), (Pitch("E", F(1), 4), "A1", "E##4"),
        (Pitch("F", F(2), 4), "A1", "G#4"), (Pitch("B", F(-2), 4), "-A1", "A-4"),
        (Pitch("B", F(0), 3), "m2", "C4"), (Pitch("C", F(0), 4), "-m2", "B3"),
        (Pitch("C", F(-1), 4), "-M2", "B--3"), (Pitch("B", F(1), 4), "M2", "C##5"),
        (Pitch("A", F(1, 2), 4), "M2", "B+1/24"), (Pitch("F", F(-3, 2), 4), "P5", "C-3/25"),
        (Pitch("C", F(0), 0), "-P8", "C-1"), (Pitch("G", F(0), 9), "P8", "G10"),
    ],
)  # fmt: skip
def test_spelling_of_single_notes(pitch: Pitch, to: str, expected: str) -> None:
    moved = transpose(Tune((Note(F(0), F(1), pitch),)), to).notes[0].pitch
    assert str(moved) == expected


@pytest.mark.parametrize(
    "written", ["M2 ", " M2", "\tM2\n"], ids=["a blank behind", "a blank before", "other blanks"]
)
def test_blanks_around_an_interval_do_not_matter(written: str) -> None:
    assert transpose(star(), written) == transpose(star(), "M2")


@pytest.mark.parametrize("written", ["100", "+-3", "3.5", "--3", "+", "M", "PP5", "octave", "₂", "M٢"])
def test_what_is_no_way_to_transpose_is_refused(written: str) -> None:
    with pytest.raises(UsageError) as error:
        transpose(star(), written)
    assert error.value.hint


@given(names)
def test_an_interval_and_its_inversion_make_an_octave(name: str) -> None:
    interval = parse_interval(name)
    quality = {"m": "M", "M": "m", "A": "d", "d": "A", "P": "P"}[name[0]]
    simple = (int(name[1:]) - 1) % 7
    inversion = parse_interval(f"{quality}{8 - simple}")
    octaves = -(-(interval.steps + inversion.steps) // 7)
    assert (interval.steps + inversion.steps) % 7 == 0
    assert interval.semitones + inversion.semitones == 12 * octaves


@settings(max_examples=25)
@given(tunes(), names, st.booleans())
def test_there_and_back_again(tune: Tune, name: str, down: bool) -> None:
    interval = -parse_interval(name) if down else parse_interval(name)
    there = transpose(tune, interval)
    back = transpose(there, -interval)
    assert heights(back) == heights(tune)
    assert [note.onset for note in back.notes] == [note.onset for note in tune.notes]
    moved = [(a.pitch, b.pitch) for a, b in zip(tune.notes, there.notes, strict=True) if a.pitch and b.pitch]
    if all(after.height - before.height == interval.steps for before, after in moved):
        assert [note.pitch for note in back.notes] == [note.pitch for note in tune.notes]


@settings(max_examples=25)
@given(tunes(), names, names)
def test_two_steps_are_one(tune: Tune, one: str, other: str) -> None:
    first, second = parse_interval(one), parse_interval(other)
    together = Interval(first.steps + second.steps, first.semitones + second.semitones)
    twice = transpose(transpose(tune, first), second)
    assert heights(twice) == heights(transpose(tune, together))


@settings(max_examples=25)
@given(tunes(), names)
def test_melodic_intervals_rhythm_and_phrases_stay(tune: Tune, name: str) -> None:
    moved = transpose(tune, name)
    steps = [b - a for a, b in itertools.pairwise(heights(tune))]
    assert [b - a for a, b in itertools.pairwise(heights(moved))] == steps
    for before, after in zip(tune.notes, moved.notes, strict=True):
        assert (before.onset, before.duration, before.is_rest) == (after.onset, after.duration, after.is_rest)
        assert (before.phrase_start, before.phrase_end) == (after.phrase_start, after.phrase_end)
        assert len(before.graces) == len(after.graces)
    unmoved = moved.replace(notes=tune.notes, keys=tune.keys)
    assert unmoved == tune


@given(st.sampled_from(sorted(MAJOR_KEYS)), st.sampled_from(sorted(MAJOR_KEYS)))
def test_degrees_stay_degrees(here: str, there: str) -> None:
    moved = transpose(scale(here), there)
    assert moved.key is not None
    degrees = [degree(note.pitch, moved.key) for note in moved.notes if note.pitch]
    assert degrees == ["1", "2", "3", "4", "5", "6", "7", "1"]


@settings(max_examples=25)
@given(tunes(), st.integers(-24, 24))
def test_semitones_move_every_pitch_by_themselves(tune: Tune, semitones: int) -> None:
    moved = transpose(tune, f"{semitones:+d}")
    assert heights(moved) == [height + semitones for height in heights(tune)]
    for before, after in zip(tune.notes, moved.notes, strict=True):
        assert [grace.pitch.midi + semitones for grace in before.graces] == [
            grace.pitch.midi for grace in after.graces
        ]


@given(st.sampled_from("CDEFGAB"), st.integers(-1, 1), st.integers(1, 11))
def test_a_key_is_spelled_with_the_fewest_signs(tonic: str, alter: int, semitones: int) -> None:
    key = Key(tonic, alter, "major")
    assume(abs(key.fifths) <= 7)
    moved = transpose(Tune(melody("c4"), keys=((F(0), key),)), f"+{semitones}").key
    assert moved is not None
    assert abs(moved.fifths) <= 6
    sound = (SEMITONES[moved.tonic] + moved.tonic_alter - SEMITONES[tonic] - alter) % 12
    assert sound == semitones
