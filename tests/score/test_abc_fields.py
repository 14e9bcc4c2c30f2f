"""Fields of ABC 2.1, section 3: where each may stand, what it means there, and what is written again."""

from __future__ import annotations

import re
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import FormatError
from canzona.score import Attachment, Barline, Key, Meter, Note, Pitch, Tune
from canzona.score.abc import read, read_each, write
from canzona.score.tune import standard_signature
from notation import abc, lengths, names, signs

RECORDS = {
    "A": "ARE", "B": "PTL", "C": "COM", "D": "RTL", "F": "URL", "G": "ACO", "H": "HAO", "N": "ONB",
    "O": "ARE", "R": "AGN", "S": "SMS", "Z": "ENC",
}  # fmt: skip


def tunes(text: str) -> list[Tune]:
    return list(read(text.encode(), "book.abc", None))


def header(*fields: str) -> Tune:
    return abc("CDEF|", "\n".join(["X:1", *fields, "K:C", ""]))


def back(tune: Tune) -> Tune:
    return next(read(write([tune]).data, "", None))


@pytest.mark.parametrize("letter", RECORDS)
def test_a_field_of_information_is_a_record_and_comes_back_as_its_field(letter: str) -> None:
    found = header("T:Try", f"{letter}: said of it ")
    assert (RECORDS[letter], "said of it") in found.records
    assert found.losses == ()
    assert back(found) == found
    shown = "O" if letter == "A" else letter
    assert re.search(rf"(?m)^[{letter}{shown}]:said of it$", write([found]).data.decode())


def test_records_keep_their_order_and_may_come_twice() -> None:
    found = header("T:One", "C:first", "N:a", "C:second", "N:b", "T:Two", "T:Three")
    assert found.records == (
        ("OTL", "One"), ("COM", "first"), ("ONB", "a"), ("COM", "second"), ("ONB", "b"),
        ("OTA", "Two"), ("OTA", "Three"),
    )  # fmt: skip
    assert (found.title, found.composer) == ("One", "first")
    assert back(found) == found


def test_an_empty_field_is_no_record() -> None:
    found = header("T:", "C:", "N:   ", "H:")
    assert found.records == ()
    assert found.title == ""


@pytest.mark.parametrize(
    ("fields", "record"),
    [
        (["T:Long title", "+:that goes on"], ("OTL", "Long title that goes on")),
        (["N:one", "+:two", "+:three"], ("ONB", "one two three")),
        (
            ["H:first line", "of a history", "in three lines"],
            ("HAO", "first line of a history in three lines"),
        ),
        (["N:first line", "and a second"], ("ONB", "first line and a second")),
    ],
)
def test_a_field_may_go_on(fields: list[str], record: tuple[str, str]) -> None:
    assert record in header("R:reel", *fields).records


@pytest.mark.parametrize("field", ["M:4/4", "L:1/8", "Q:1/4=90", "P:AB", "V:1"])
def test_what_goes_on_after_a_field_that_cannot_is_no_part_of_another(field: str) -> None:
    found = header("T:Title", field, "+:and more")
    assert found.title == "Title"
    assert found.losses == ("the continuation 'and more' of a field that has none",)


def test_a_field_within_the_music_is_a_record_too() -> None:
    found = abc("CD[N:half way]EF|\nR:reel\nGABc|")
    assert ("ONB", "half way") in found.records
    assert ("AGN", "reel") in found.records
    assert names(found) == "C4 D4 E4 F4 G4 A4 B4 C5"


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
    ("text", "order"),
    [
        ("AB", "AB"), ("ABA", "ABA"), ("A2B2", "AABB"), ("(AB)2", "ABAB"), ("(AB)3C", "ABABABC"),
        ("((AB)2C)2", "ABABCABABC"), ("A.B.A", "ABA"), ("A2(BC)2A", "AABCBCA"), ("ABCDEFGHIJ", "ABCDEFGHIJ"),
    ],
)  # fmt: skip
def test_orders_of_parts(text: str, order: str) -> None:
    found = header(f"P:{text}")
    assert found.expansions == (("", tuple(order)),)
    assert back(found).expansions == found.expansions


@pytest.mark.parametrize("text", ["(AB", "A)B", "A+B", "A999", "((((A9)9)9)9)9"])
def test_an_order_that_is_none_is_said_and_the_tune_read(text: str) -> None:
    found = header(f"P:{text}")
    assert found.expansions == ()
    assert len(found.losses) == 1
    assert found.losses[0].startswith("the play order: ")
    assert len(found.notes) == 4


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (["I:linebreak $"], "linebreak $"), (["%%scale 0.7"], "scale 0.7"),
        (["I:decoration +"], "decoration +"),
        (["%%MIDI program 73"], "MIDI program 73"), (["%%measurenb 1"], "measurenb 1"),
    ],
)  # fmt: skip
def test_directives_that_we_do_not_follow_are_said(lines: list[str], value: str) -> None:
    assert header(*lines).losses == (f"the directive {value}",)


def test_directives_about_the_file_itself_are_no_loss() -> None:
    found = header("%%abc-charset utf-8", "%%abc-version 2.1", "I:abc-charset utf-8")
    assert found.losses == ()


def test_comments_are_kept_and_remarks_are_not() -> None:
    found = abc("CD % a comment\n%another\n[r:a remark]EF|\nr:and one more\n")
    assert found.comments == ("a comment", "another")
    assert names(found) == "C4 D4 E4 F4"
    assert found.losses == ()


def test_a_percent_sign_in_a_field_begins_a_comment_unless_it_is_escaped() -> None:
    found = header("T:Half % of it", "N:100\\% wool")
    assert found.title == "Half"
    assert found.record("ONB") == "100% wool"
    assert found.comments == ("of it",)


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


def test_the_number_of_a_tune_is_its_catalogue_number_where_counting_does_not_give_it() -> None:
    one, two, three = tunes("X:1\nK:C\nC\n\nX:7\nK:C\nC\n\nX:3\nK:C\nC\n")
    assert (one.catalogue, two.catalogue, three.catalogue) == ("", "7", "")
    again = list(read(write([one, two, three]).data, "", None))
    assert [tune.catalogue for tune in again] == ["", "7", ""]


def test_tunes_end_at_a_blank_line_and_begin_at_a_number() -> None:
    text = (
        "free text\n\nX:1\nT:One\nK:C\nC\n\nfree CDE text between | tunes\n\n"
        "X:2\nT:Two\nK:C\nD\n\n\n\nX:3\nT:Three\nK:C\nE\nX:4\nT:Four\nK:C\nF\n"
    )
    assert [(tune.title, names(tune)) for tune in tunes(text)] == [
        ("One", "C4"), ("Two", "D4"), ("Three", "E4"), ("Four", "F4"),
    ]  # fmt: skip


def test_a_field_of_the_file_holds_for_each_tune_that_has_none_of_its_own() -> None:
    text = "M:6/8\nL:1/4\nO:Ireland\nZ:me\n\nX:1\nK:G\nF\n\nX:2\nM:2/4\nL:1/8\nK:D\nF\n"
    first, second = tunes(text)
    assert (first.meter, lengths(first), first.region) == (Meter(6, 8), [1], "Ireland")
    assert (second.meter, lengths(second), second.region) == (Meter(2, 4), [F(1, 2)], "Ireland")
    assert first.record("ENC") == second.record("ENC") == "me"


def test_a_field_in_one_tune_does_not_reach_the_next() -> None:
    text = "X:1\nM:3/4\nL:1/2\nQ:60\nU:n=!tenuto!\nm:k=C\nK:G\nnF|\n\nX:2\nK:C\nF|\n"
    _, second = tunes(text)
    assert (second.meter, second.tempo, lengths(second), names(second)) == (None, None, [F(1, 2)], "F4")


def test_a_tune_without_a_number_is_read_where_the_file_holds_no_other() -> None:
    (found,) = tunes("T:Alone\nM:2/4\nK:C\nCD|\n")
    assert (found.title, names(found)) == ("Alone", "C4 D4")


@pytest.mark.parametrize(
    ("text", "voices"),
    [
        ("V:1\nCD|\nV:2\nEF|\n", ["C4 D4", "E4 F4"]),
        ("[V:1]CD|\n[V:2]EF|\n[V:1]GA|\n[V:2]Bc|\n", ["C4 D4 G4 A4", "E4 F4 B4 C5"]),
        ("V:1\nCD|\nV:2\nEF|\nV:1\nGA|\n", ["C4 D4 G4 A4", "E4 F4"]),
        ("V:T1\nCD|\nV:B\nK:D\nF|\n", ["C4 D4", "F#4"]),
        ("V:1\nL:1/8\nCD|\nV:2\nE|\n", ["C4 D4", "E4"]),
    ],
)
def test_voices_go_on_where_they_left_off(text: str, voices: list[str]) -> None:
    for number, expected in enumerate(voices, start=1):
        assert names(abc(text, track=str(number))) == expected


def test_a_unit_and_a_key_change_in_their_own_voice() -> None:
    text = "[V:1]C[L:1/8]C|\n[V:2]C[K:G]F|\n[V:1]CF|\n[V:2]CF|\n"
    assert lengths(abc(text, track="1")) == [1, F(1, 2), F(1, 2), F(1, 2)]
    assert lengths(abc(text, track="2")) == [1, 1, 1, 1]
    assert names(abc(text, track="1")) == "C4 C4 C4 F4"
    assert names(abc(text, track="2")) == "C4 F#4 C4 F#4"


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('1 name="Tin whistle"', "Tin whistle"),
        ("1 nm=Flute", "Flute"),
        ("Fiddle", "Fiddle"),
        ("1", ""),
        ("T1", "T1"),
    ],
)
def test_a_voice_names_the_instrument(field: str, name: str) -> None:
    for found in (abc(f"V:{field}\nCD"), abc("CD", f"X:1\nV:{field}\nK:C\n")):
        assert found.instrument == name
        assert back(found).instrument == name


FIELD_VALUES = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=20
)


@given(
    st.lists(st.tuples(st.sampled_from(sorted({*RECORDS.values(), "OTL", "OTA", "YEM", "X!"})), FIELD_VALUES))
)
def test_any_records_survive_in_their_order(records: list[tuple[str, str]]) -> None:
    tune = Tune(
        (Note(F(0), F(4), Pitch("C", F(0), 4)),),
        keys=((F(0), Key("C", 0, "major", ())),),
        meters=((F(0), Meter(4, 4)),),
        records=tuple((key, value.strip() or "x") for key, value in records),
    )
    assert write([tune]).losses == ()
    assert back(tune).records == tune.records


@given(st.integers(1, 64), st.sampled_from([1, 2, 4, 8, 16, 32]), st.sampled_from(["header", "inline"]))
def test_any_meter_is_read_wherever_it_stands(beats: int, unit: int, where: str) -> None:
    if where == "header":
        found = abc("C|", f"X:1\nM:{beats}/{unit}\nK:C\n")
    else:
        found = abc(f"[M:{beats}/{unit}]C|", "X:1\nK:C\n")
    assert found.meter == Meter(beats, unit)
    assert back(found).meters == found.meters


@given(
    st.permutations(["T:Title", "C:Composer", "M:3/4", "L:1/8", "Q:1/4=100", "R:waltz", "O:Poland", "P:AB"])
)
def test_the_order_of_header_fields_changes_nothing_but_that_of_records(fields: list[str]) -> None:
    found = header(*fields)
    usual = header(*sorted(fields))
    assert sorted(found.records) == sorted(usual.records)
    assert found.replace(records=()) == usual.replace(records=())


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ("K:H", "'H' is no key"), ("K:Cfoo", "'Cfoo' is no key that ABC knows"), ("M:4", "'4' is no meter"),
        ("M:4/0", "'4/0' is no meter"), ("M:0/4", "'0/4' is no meter"), ("L:0", "'0' is no note length"),
        ("L:1/0", "'1/0' is no note length"), ("L:x", "'x' is no note length"),
        ("Q:1/4=0", "'1/4=0' is no tempo"), ("Q:1/0=60", "a length divides by zero"),
        ("U:T", "'T' defines no sign"), ("U:C=!trill!", "'C=!trill!' defines no sign"),
        ("m:abc", "'abc' is no macro"), ("M:123456/4", "the number 123456 is too large"),
    ],
)  # fmt: skip
def test_a_field_that_makes_no_sense_is_named_with_its_line(field: str, problem: str) -> None:
    in_header = f"X:1\nT:t\n{field}\nK:C\nCD|\n"
    in_body = f"X:1\nT:t\nK:C\nC\n{field}\nD|\n"
    inline = f"X:1\nT:t\nK:C\nC[{field}]D|\n"
    for text, line in ((in_header, 3), (in_body, 5), (inline, 4)):
        (error,) = read_each(text.encode(), "bad.abc")
        assert isinstance(error, FormatError), text
        assert (error.source, error.line) == ("bad.abc", line)
        assert problem in error.message


def test_a_bar_number_may_be_set() -> None:
    found = abc("CDEF|%\n%%setbarnb 10\nGABc|[I:setbarnb 20]cBAG|")
    assert [line.number for line in found.barlines] == [1, 10, 20, 0]
    assert back(found).barlines == found.barlines


def test_an_inline_field_may_hold_a_tempo_and_a_note_follows_at_once() -> None:
    found = abc('C[Q:"Fine"]D')
    assert found.notes[1].attachments == (Attachment("tempo", "Fine"),)


def test_a_pickup_after_a_field_is_still_a_pickup() -> None:
    found = abc("G|CDEF|GABc|]", "X:1\nM:4/4\nL:1/4\nK:C\n")
    assert found.pickup == 1
    assert found.barlines[0] == Barline(F(1), 1)
