"""Fields of ABC 2.1, section 3: where each may stand, what it means there, and what is written again."""

from __future__ import annotations

import re
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import FormatError
from canzona.score import Key, Meter, Note, Pitch, Tune
from canzona.score.abc import read, read_each, write
from notation import abc, lengths, names

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
