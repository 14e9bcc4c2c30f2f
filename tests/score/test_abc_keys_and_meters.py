"""Units, meters, keys and tempos of ABC 2.1: every spelling, in the header and within the music."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.score import Attachment, Barline, Key, Meter, Tune
from canzona.score.abc import read, write
from canzona.score.tune import standard_signature
from notation import abc, lengths, names, signs


def tunes(text: str) -> list[Tune]:
    return list(read(text.encode(), "book.abc", None))


def back(tune: Tune) -> Tune:
    return next(read(write([tune]).data, "", None))


@pytest.mark.parametrize(
    ("meter", "unit"),
    [
        ("2/4", F(1, 4)), ("3/8", F(1, 4)), ("5/8", F(1, 4)), ("1/2", F(1, 4)), ("11/16", F(1, 4)),
        ("3/4", F(1, 2)), ("6/8", F(1, 2)), ("4/4", F(1, 2)), ("C", F(1, 2)), ("C|", F(1, 2)),
        ("2/2", F(1, 2)), ("12/8", F(1, 2)), ("none", F(1, 2)), ("(2+3)/8", F(1, 4)), ("3/4+2/4", F(1, 2)),
    ],
)  # fmt: skip
def test_without_a_unit_the_meter_gives_it(meter: str, unit: F) -> None:
    """ABC 2.1, 3.1.7: a sixteenth where the meter as a decimal is less than 0.75, else an eighth."""
    assert lengths(abc("C", f"X:1\nM:{meter}\nK:C\n")) == [unit]


def test_without_unit_and_meter_notes_are_eighths() -> None:
    assert lengths(abc("C2C", "X:1\nK:C\n")) == [1, F(1, 2)]


@pytest.mark.parametrize("order", [["M:2/4", "L:1/4"], ["L:1/4", "M:2/4"]])
def test_a_unit_holds_wherever_the_header_has_it(order: list[str]) -> None:
    assert lengths(abc("C", "\n".join(["X:1", *order, "K:C", ""]))) == [1]


@pytest.mark.parametrize(
    ("text", "quarters"),
    [
        ("1/4", 1),
        ("1/8", F(1, 2)),
        ("1/16", F(1, 4)),
        ("1/2", 2),
        ("1", 4),
        ("1/1", 4),
        ("2/1", 8),
        (" 1 / 8", F(1, 2)),
    ],
)
def test_units(text: str, quarters: F) -> None:
    assert lengths(abc("C", f"X:1\nL:{text}\nK:C\n")) == [quarters]


def test_a_meter_that_changes_in_the_tune_leaves_the_unit_alone() -> None:
    found = abc("C|[M:2/4]C|\nM:3/4\nC|", "X:1\nM:4/4\nK:C\n")
    assert lengths(found) == [F(1, 2)] * 3
    assert [str(meter) for _, meter in found.meters] == ["4/4", "2/4", "3/4"]


def test_a_unit_that_changes_holds_from_there() -> None:
    assert lengths(abc("C[L:1/8]CC|\nL:1/2\nC|", "X:1\nL:1/4\nK:C\n")) == [1, F(1, 2), F(1, 2), 2]


@pytest.mark.parametrize(
    ("text", "meter"),
    [
        ("2/4", Meter(2, 4)), ("6/4", Meter(6, 4)), ("9/8", Meter(9, 8)), ("C", Meter(4, 4, symbol="c")),
        ("C|", Meter(2, 2, symbol="c|")), ("none", Meter(0, 1, symbol="X")), ("", Meter(0, 1, symbol="X")),
        ("2+2+3/8", Meter(7, 8, (2, 2, 3))), ("(3+2)/8", Meter(5, 8, (3, 2))),
        ("2/4+3/8", Meter(7, 8, (4, 3))), ("3/4 ", Meter(3, 4)),
    ],
)  # fmt: skip
def test_meters(text: str, meter: Meter) -> None:
    for found in (abc("C|", f"X:1\nM:{text}\nK:C\n"), abc(f"[M:{text}]C|", "X:1\nM:7/4\nK:C\n")):
        assert found.meter == meter
        assert back(found).meters == found.meters


SHARP, FLAT = F(1), F(-1)


@pytest.mark.parametrize(
    "tonic", ["C", "D", "E", "F", "G", "A", "B", "Bb", "Eb", "Ab", "Db", "Gb", "Cb", "F#", "C#"]
)
def test_major_and_minor_keys_have_their_signatures(tonic: str) -> None:
    alter = tonic.count("#") - tonic.count("b")
    major = abc("C", f"X:1\nK:{tonic}\n").key
    minor = abc("C", f"X:1\nK:{tonic}m\n").key
    assert major is not None
    assert minor is not None
    assert (major.tonic, major.tonic_alter, major.mode) == (tonic[0], alter, "major")
    assert major.signature == standard_signature(major.fifths)
    assert minor.fifths == Key(tonic[0], alter, "major").fifths - 3


@pytest.mark.parametrize(
    ("word", "mode"),
    [
        ("", "major"), ("maj", "major"), ("major", "major"), ("M", "major"), ("m", "minor"),
        ("min", "minor"), ("minor", "minor"), ("Minor", "minor"), ("MIN", "minor"), ("dor", "dorian"),
        ("Dorian", "dorian"), ("phr", "phrygian"), ("Phrygian", "phrygian"), ("lyd", "lydian"),
        ("LYD", "lydian"), ("mix", "mixolydian"), ("Mixolydian", "mixolydian"), ("MIX", "mixolydian"),
        ("aeo", "aeolian"), ("Aeolian", "aeolian"), ("ion", "ionian"), ("loc", "locrian"),
        ("Locrian", "locrian"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("gap", ["", " "])
def test_modes_by_three_letters_in_any_case(word: str, mode: str, gap: str) -> None:
    key = abc("C", f"X:1\nK:D{gap}{word}\n").key
    assert key is not None
    assert (key.tonic, key.mode) == ("D", mode)
    assert key.fifths == Key("D", 0, mode).fifths


@pytest.mark.parametrize(
    ("field", "key"),
    [("E♭", "E- major"), ("F♯m", "F# minor"), ("B♭ mix", "B- mixolydian"), ("C♯ dor", "C# dorian")],
)
def test_keys_with_signs_of_unicode(field: str, key: str) -> None:
    found = abc("C", f"X:1\nK:{field}\n")
    assert str(found.key) == key
    assert found.key is not None
    assert found.key.signature == standard_signature(found.key.fifths)


@pytest.mark.parametrize(("field", "rest"), [("G !?", "!?"), ("D ^g 3/4", "3/4"), ("Am; slow", "; slow")])
def test_what_a_key_does_not_mean_is_said(field: str, rest: str) -> None:
    found = abc("C", f"X:1\nK:{field}\n")
    assert found.losses == (f"the clef or layout '{rest}'",)


@pytest.mark.parametrize(
    ("field", "altered"),
    [
        ("D =c", {"F": SHARP, "C": F(0)}), ("D ^g", {"F": SHARP, "C": SHARP, "G": SHARP}),
        ("Dm ^c", {"B": FLAT, "C": SHARP}), ("D exp _b", {"B": FLAT}), ("D exp", {}),
        ("Am ^G", {"G": SHARP}), ("G _e =f", {"F": F(0), "E": FLAT}), ("C _/b", {"B": F(-1, 2)}),
        ("none ^f _b", {"F": SHARP, "B": FLAT}), ("HP", {"F": SHARP, "C": SHARP}),
    ],
)  # fmt: skip
def test_accidentals_of_a_key_alter_every_octave(field: str, altered: dict[str, F]) -> None:
    found = abc("F C G B E f c g b e", f"X:1\nK:{field}\n")
    assert found.key is not None
    assert found.key.alterations == altered
    assert [note.pitch.alter for note in found.notes if note.pitch] == [
        altered.get(letter, F(0)) for letter in "FCGBE" * 2
    ]
    assert back(found).notes == found.notes


@pytest.mark.parametrize(
    ("field", "pitch"),
    [
        ("C octave=1", "C5"), ("C octave=-2", "C2"), ("octave=-1", "C3"), ("C clef=bass octave=-1", "C3"),
        ("C bass", "C4"), ("C clef=alto middle=B", "C4"),
    ],
)  # fmt: skip
def test_a_key_field_may_move_octaves(field: str, pitch: str) -> None:
    assert names(abc("C", f"X:1\nK:{field}\n")) == pitch
    assert names(abc(f"[K:{field}]C", "X:1\nK:C\n")) == pitch


@pytest.mark.parametrize(
    ("text", "pitch"),
    [
        ("X:1\nK:C\nV:1 octave=-1\nC", "C3"),
        ("X:1\nV:1 clef=bass octave=-2\nK:C\nC", "C2"),
        ("X:1\nV:1 octave=-2\nK:C octave=1\nC", "C2"),
        ("X:1\nK:C octave=1\nV:1\nC", "C5"),
        ('X:1\nK:C\nV:1 name="octave=3"\nC', "C4"),
    ],
)
def test_a_voice_field_may_move_octaves(text: str, pitch: str) -> None:
    (found,) = tunes(text + "\n")
    assert names(found) == pitch


@pytest.mark.parametrize("word", ["transpose=-2", "clef=treble-8", "clef=bass+8", "score=CA"])
def test_a_voice_that_sounds_elsewhere_than_it_is_written_is_said(word: str) -> None:
    found = abc(f"V:1 {word}\nC")
    assert names(found) == "C4"
    assert found.losses == (f"the clef or layout '{word}'",)


@pytest.mark.parametrize(
    ("field", "tempo", "words"),
    [
        ("1/4=120", F(120), ""), ("1/8=120", F(60), ""), ("3/8=100", F(150), ""), ("1/2=60", F(120), ""),
        ("1/4 = 96", F(96), ""), ('"Allegro" 1/4=120', F(120), "Allegro"),
        ('3/8=50 "Slowly"', F(75), "Slowly"), ('"Andante"', None, "Andante"), ("90", F(90), ""),
        ("C=80", F(80), ""), ("1/4 3/8 1/4 3/8=40", F(200), ""), ("1/4=72.5", F(145, 2), ""), ("", None, ""),
    ],
)  # fmt: skip
def test_tempos(field: str, tempo: F | None, words: str) -> None:
    found = abc("CD", f"X:1\nL:1/4\nQ:{field}\nK:C\n")
    assert found.tempo == tempo
    assert signs(found, "tempo") == [[words] if words else [], []]
    assert back(found).tempo == tempo


def test_a_tempo_in_the_tune_belongs_to_the_next_note() -> None:
    found = abc("CD[Q:1/4=80]EF|\nQ:1/8=80\nG", "X:1\nL:1/4\nQ:1/4=120\nK:C\n")
    assert found.tempo == 120
    assert signs(found, "tempo") == [[], [], ["80"], [], ["40"]]
    assert back(found).notes == found.notes


def test_a_tempo_before_the_first_note_is_that_of_the_tune() -> None:
    assert abc("[Q:1/4=80]CD", "X:1\nL:1/4\nK:C\n").tempo == 80


@pytest.mark.parametrize(
    ("body", "pitches"),
    [
        ("[K:G]F|[K:C]F", "F#4 F4"), ("F[K:G]F|F", "F4 F#4 F#4"), ("F\nK:G\nF", "F4 F#4"),
        ("^F[K:C]F", "F#4 F4"), ("[K:Bb]B[K:none]B", "B-4 B4"), ("[K:D exp ^g]GF", "G#4 F4"),
    ],
)  # fmt: skip
def test_a_key_changes_within_a_line_and_between_lines(body: str, pitches: str) -> None:
    assert names(abc(body)) == pitches


@pytest.mark.parametrize(
    ("line", "pitches"),
    [
        ("A:|2 B", "A4 B4"), ("c:|", "C5"), ("G::E", "G4 E4"), ("z:|C", "r C4"), ("E:|]", "E4"),
        ("B:||:C", "B4 C4"),
    ],
)  # fmt: skip
def test_a_line_of_music_that_looks_like_a_field_is_music(line: str, pitches: str) -> None:
    assert names(abc(f"CD|\n{line}|")) == f"C4 D4 {pitches}"


def test_a_unit_and_a_key_change_in_their_own_voice() -> None:
    text = "[V:1]C[L:1/8]C|\n[V:2]C[K:G]F|\n[V:1]CF|\n[V:2]CF|\n"
    assert lengths(abc(text, track="1")) == [1, F(1, 2), F(1, 2), F(1, 2)]
    assert lengths(abc(text, track="2")) == [1, 1, 1, 1]
    assert names(abc(text, track="1")) == "C4 C4 C4 F4"
    assert names(abc(text, track="2")) == "C4 F#4 C4 F#4"


@given(st.integers(1, 64), st.sampled_from([1, 2, 4, 8, 16, 32]), st.sampled_from(["header", "inline"]))
def test_any_meter_is_read_wherever_it_stands(beats: int, unit: int, where: str) -> None:
    if where == "header":
        found = abc("C|", f"X:1\nM:{beats}/{unit}\nK:C\n")
    else:
        found = abc(f"[M:{beats}/{unit}]C|", "X:1\nK:C\n")
    assert found.meter == Meter(beats, unit)
    assert back(found).meters == found.meters


def test_an_inline_field_may_hold_a_tempo_and_a_note_follows_at_once() -> None:
    found = abc('C[Q:"Fine"]D')
    assert found.notes[1].attachments == (Attachment("tempo", "Fine"),)


def test_a_pickup_after_a_field_is_still_a_pickup() -> None:
    found = abc("G|CDEF|GABc|]", "X:1\nM:4/4\nL:1/4\nK:C\n")
    assert found.pickup == 1
    assert found.barlines[0] == Barline(F(1), 1)
