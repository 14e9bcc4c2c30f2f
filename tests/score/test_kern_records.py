"""What stands around the notes of a kern file: records, comments, encodings, provenance, private signs."""

from __future__ import annotations

import json
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.score import Key, Note, Pitch, Tune
from canzona.score.kern import decode, read, write
from notation import kern, names

BODY = "**kern\n*M2/4\n4c\n4d\n*-\n"


def headed(*records: str, after: tuple[str, ...] = ()) -> Tune:
    """The tune of a small table with lines before and after it."""
    text = "\n".join([*records, BODY.rstrip(), *after, ""])
    return next(read(text.encode(), "tune.krn"))


def back(tune: Tune) -> Tune:
    return next(read(write([tune]).data))


def small(**changes: object) -> Tune:
    return Tune((Note(F(0), F(1), Pitch("C", F(0), 4)),), phrasing="none").replace(**changes)


@pytest.mark.parametrize(
    ("line", "record"),
    [
        ("!!!OTL: Der Mond ist aufgegangen", ("OTL", "Der Mond ist aufgegangen")),
        ("!!!OTL:no blank", ("OTL", "no blank")),
        ("!!!OTL:   many blanks   ", ("OTL", "many blanks")),
        ("!!! OTL : blanks around", ("OTL", "blanks around")),
        ("!!!OTL@@DE: Originaltitel", ("OTL@@DE", "Originaltitel")),
        ("!!!OTL@EN: a translation", ("OTL@EN", "a translation")),
        ("!!!COM2: a second composer", ("COM2", "a second composer")),
        ("!!!ONB: with: colons: in it", ("ONB", "with: colons: in it")),
        ("!!!URL: https://kern.example/a?b=c", ("URL", "https://kern.example/a?b=c")),
        ("!!!AMT: ", ("AMT", "")),
        ("!!!title: Essen has this", ("title", "Essen has this")),
        ("!!!!SEGMENT: song.krn", ("!SEGMENT", "song.krn")),
        ("!!!ONB: 100% & <more> \"quoted\" 'text'", ("ONB", "100% & <more> \"quoted\" 'text'")),
        ("!!!ONB: a\ttab", ("ONB", "a\ttab")),
    ],
)
def test_a_record_is_read_and_written_again(line: str, record: tuple[str, str]) -> None:
    found = headed(line)
    assert found.records == (record,)
    assert back(found).records == (record,)
    assert found.comments == ()


def test_records_stand_anywhere_and_keep_their_order() -> None:
    text = "!!!A: 1\n**kern\n!!!B: 2\n4c\n!!!C: 3\n4d\n*-\n!!!D: 4\n"
    found = next(read(text.encode()))
    assert [key for key, _ in found.records] == ["A", "B", "C", "D"]
    assert names(found) == "C4 D4"


def test_the_first_of_two_equal_keys_is_the_title_and_both_are_kept() -> None:
    found = headed("!!!OTL: First", "!!!OTL: Second", "!!!OTL: First")
    assert found.title == "First"
    assert [value for _, value in found.records] == ["First", "Second", "First"]
    assert back(found) == found


@pytest.mark.parametrize(
    ("line", "comment"),
    [
        ("!! a comment", "a comment"), ("!!no blank", "no blank"), ("!!", ""),
        ("!!!without a colon", "!without a colon"),
        ("!!   blanks   ", "blanks"), ("!! !!! OTL", "!!! OTL"), ("!! ** kern", "** kern"),
    ],
)  # fmt: skip
def test_a_comment_is_kept(line: str, comment: str) -> None:
    found = headed(line)
    assert found.comments == (comment,)
    assert found.records == ()
    assert back(found).comments == found.comments


def test_comments_before_within_and_after_keep_their_order() -> None:
    text = "!! one\n**kern\n!! two\n4c\n!! three\n*-\n!! four\n"
    assert next(read(text.encode())).comments == ("one", "two", "three", "four")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Żółta gęś", "utf-8"), ("Tučná žába", "utf-8"), ("Ελληνικά", "utf-8"), ("Zhōngguó 中国", "utf-8"),
        ("Plain ASCII", "ascii"), ("Müller", "cp850"), ("Jäger aus Kurpfalz", "cp850"), ("Größe", "cp850"),
        ("Žádné", "utf-8"), ("ma chère", "latin-1"), ("niño", "latin-1"), ("Ångström", "latin-1"),
        ("für Größe", "latin-1"), ("Schön ist die Mühle", "cp850"), ("Übermut", "cp850"),
    ],
)  # fmt: skip
def test_records_in_the_codes_that_files_have(text: str, code: str) -> None:
    data = f"!!!OTL: {text}\n!! {text}\n{BODY}".encode(code)
    found = next(read(data))
    assert found.title == text
    assert found.comments == (text,)


def test_utf_8_with_a_mark_and_every_line_end() -> None:
    for ends in ("\n", "\r\n", "\r"):
        data = b"\xef\xbb\xbf" + f"!!!OTL: Ö\n{BODY}".replace("\n", ends).encode()
        found = next(read(data))
        assert (found.title, names(found)) == ("Ö", "C4 D4")


def test_what_is_written_is_utf_8_without_a_mark_and_ends_with_a_line_end() -> None:
    data = write([headed("!!!OTL: Żółć")]).data
    assert "Żółć" in data.decode("utf-8")
    assert not data.startswith(b"\xef\xbb\xbf")
    assert data.endswith(b"*-\n")
    assert b"\r" not in data


@given(st.text(st.characters(codec="cp850", exclude_categories=("Cc",)), min_size=1, max_size=30))
def test_decoding_never_fails_and_ascii_is_the_same_in_every_code(text: str) -> None:
    for code in ("cp850", "utf-8"):
        found = decode(f"!!!ONB: {text}\n".encode(code))
        assert found.startswith("!!!ONB: ")
        if text.isascii():
            assert found == f"!!!ONB: {text}\n"


KEYS = st.text(st.characters(codec="ascii", categories=("Lu", "Nd")), min_size=1, max_size=5)
VALUES = st.text(max_size=25)


@given(st.lists(st.tuples(KEYS, VALUES), max_size=5), st.lists(VALUES, max_size=3))
def test_any_records_and_comments_survive(records: list[tuple[str, str]], comments: list[str]) -> None:
    tune = small(records=tuple(records), comments=tuple(comments))
    assert write([tune]).losses == ()
    assert back(tune) == tune
    data = write([tune]).data.decode()
    assert all(row[:1] in "!*4" for row in data.split("\n"))


@pytest.mark.parametrize(
    "value",
    [
        "&#10;",
        "&colon;",
        "&#x41;",
        "&amp;",
        "&",
        "&#;",
        "&#38;#10;",
        "&#9999999;",
        "a\nb",
        "\u2028",
        "\x1c",
        "\x85x",
    ],
)
def test_values_that_look_like_our_own_spelling_survive(value: str) -> None:
    tune = small(records=(("ONB", value),), comments=(value,), instrument=value)
    assert back(tune).records == tune.records
    assert back(tune).comments == tune.comments


def test_how_a_file_was_made_is_one_record_and_comes_back() -> None:
    made = json.dumps({"command": "compose", "seed": 7, "options": {"style": "Irland", "title": "a: b & c"}})
    data = write([small(provenance=made)]).data
    assert f"!!!canzona: {made}" in data.decode().splitlines()
    assert next(read(data)).provenance == made
    assert next(read(data)).records == ()


def test_without_provenance_there_is_no_record_of_ours() -> None:
    assert b"canzona" not in write([small()]).data.replace(b"!!!canzona-phrases: none\n", b"")


def test_records_that_other_programs_read_come_first_and_ours_before_the_notes() -> None:
    tune = small(records=(("OTL", "T"), ("COM", "C")), provenance="{}", comments=("said",))
    lines = write([tune]).data.decode().splitlines()
    assert lines[:3] == ["!!!OTL: T", "!!!COM: C", "!!!canzona: {}"]
    assert lines.index("!! said") < lines.index("**kern")


@pytest.mark.parametrize(
    ("line", "alter"),
    [
        ("!!!RDF**kern: i=alteration 1/2", F(1, 2)), ("!!!RDF**kern: i=alteration -1/2", F(-1, 2)),
        ("!!!RDF**kern: i = alteration 4/9", F(4, 9)), ("!!!RDF**kern:i=alteration 1", F(1)),
    ],
)  # fmt: skip
def test_a_declared_sign_alters_its_notes(line: str, alter: F) -> None:
    found = kern("4c\n4ci\n4c#i\n4c-i\n4cLi\n8qci\n4d", f"{line}\n")
    assert [note.pitch.alter for note in found.notes if note.pitch] == [
        0,
        alter,
        1 + alter,
        alter - 1,
        alter,
        0,
    ]
    assert found.notes[-1].graces[0].pitch.alter == alter
    assert found.losses == ()
    assert back(found).notes == found.notes


@pytest.mark.parametrize(
    "line",
    [
        "!!!RDF**kern: i=editorial accidental", "!!!RDF**kern: i=alteration", "!!!RDF**kern: i=alteration x",
        "!!!RDF**kern: i=alteration 1/0", "!!!RDF**kern: =alteration 1/2",
    ],
)  # fmt: skip
def test_other_declarations_are_records(line: str) -> None:
    found = kern("4ci", f"{line}\n")
    assert [note.pitch.alter for note in found.notes if note.pitch] == [0]
    assert found.losses == ("sign 'i'",)
    assert back(found).records == found.records == (("RDF**kern", line.split(": ", 1)[1]),)


def test_two_declared_signs_of_which_one_begins_the_other() -> None:
    head = "!!!RDF**kern: i=alteration 1/2\n!!!RDF**kern: ii=alteration 1/4\n"
    found = kern("4ci\n4cii", head)
    assert [note.pitch.alter for note in found.notes if note.pitch] == [F(1, 2), F(1, 4)]


def test_a_declared_sign_in_a_signature() -> None:
    found = kern("*k[bif#]\n*D:\n4bi", "!!!RDF**kern: i=alteration -1/2\n")
    assert found.key == Key("D", 0, "major", (("B", F(-1, 2)), ("F", F(1))))
    assert back(found) == found


@pytest.mark.parametrize(
    ("rows", "name", "losses"),
    [
        (["*Ivioln"], "violn", ()),
        (['*I"Violin'], "Violin", ()),
        (['*I"Violin', "*Ivioln"], "Violin", ("instrument code 'violn'",)),
        (["*Ivioln", '*I"Violin'], "Violin", ("instrument code 'violn'",)),
        (["*I'Vln"], "", ("instrument abbreviation 'Vln'",)),
        (["*ICstr"], "", ("instrument class 'Cstr'",)),
        (["*ICvox", "*Ivox"], "vox", ()),
        (['*I"Singende Säge'], "Singende Säge", ()),
        (["*I"], "", ()),
        (['*I"'], "", ()),
        (['*I"  blanks  '], "blanks", ()),
    ],
)
def test_instruments(rows: list[str], name: str, losses: tuple[str, ...]) -> None:
    found = kern("\n".join([*rows, "4c", "4d"]))
    assert found.instrument == name
    assert found.losses == losses
    assert back(found).instrument == name


def test_an_instrument_that_changes_is_said() -> None:
    found = kern("*Iflt\n4c\n*Ioboe\n4d")
    assert found.instrument == "flt"
    assert found.losses == ("later instrument 'oboe'",)
