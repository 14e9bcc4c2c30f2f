"""Kern files that are broken, foreign or odd: one sentence with file and line, or a loss that is named."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as F
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from canzona.errors import CanzonaError, FormatError, PolyphonyError
from canzona.score import read as read_file
from canzona.score.kern import read
from notation import kern, lengths, names
from pace import within

TWO = "**kern\t**text\n*M2/4\t*\n4c\tla\n4d\tle\n=2\t=2\n2e\tlu\n*-\t*-\n"


def refusal(text: str | bytes, track: str | None = None) -> FormatError:
    """The error that a file is answered with."""
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(FormatError) as caught:
        next(read(data, "songs/bad.krn", track))
    error = caught.value
    assert error.source == "songs/bad.krn"
    assert error.message.startswith("songs/bad.krn")
    assert "\n" not in str(error)
    assert error.hint
    return error


def song(*rows: str) -> str:
    return "\n".join(["**kern", "*M4/4", *rows, "*-", ""])


@pytest.mark.parametrize(
    ("token", "problem"),
    [
        pytest.param("4", None, id="a number alone is a rest without its letter"),
        pytest.param("4h", "'4h' is no note name", id="a German h"),
        pytest.param("4x", "'4x' is no note name", id="an unknown letter"),
        pytest.param("#", "'#' is no note name", id="a sign alone"),
        pytest.param("{", "'{' is no note name", id="a phrase mark alone"),
        pytest.param("-", "'-' is no note name", id="a dash"),
        pytest.param("4%0c", "'4%0' is no duration", id="a duration that divides by zero"),
        pytest.param("4%00c", "'4%00' is no duration", id="one that divides by two zeros"),
        pytest.param("12345678901c", "'12345678901' is no duration", id="a duration of eleven digits"),
        pytest.param("4" + "." * 9 + "c", "is no duration", id="nine dots"),
        pytest.param("4c\t4e", "several tokens stand where one spine runs", id="a tabulator"),
        pytest.param("*k[x#]", "'*k[x#]' is no key signature", id="a signature of no letter"),
        pytest.param("*k[f#,c#]", "is no key signature", id="a signature with commas"),
        pytest.param("4c" + "!" * 2500, "is too long for a token", id="a token without end"),
    ],
)
def test_a_token_that_makes_no_sense_is_named_with_its_line(token: str, problem: str | None) -> None:
    text = song("4c", "4d", token, "4e")
    if problem is None:
        assert names(next(read(text.encode()))) == "C4 D4 r E4"
        return
    error = refusal(text)
    assert problem in error.message
    assert error.line == 5
    assert "line 5: " in error.message


def test_the_line_is_counted_through_comments_records_and_blank_lines() -> None:
    head = "!!!OTL: Broken\n\n!! a comment\n"
    assert refusal(head + song("! said", "", "4c", "!!!ONB: half way", "4q")).line == 10


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_the_line_is_counted_alike_for_every_line_end(ends: str) -> None:
    assert refusal(song("4c", "4h").replace("\n", ends)).line == 4


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "the file is empty"),
        ("\n\n\n", 1, "the file is empty"),
        ("\ufeff", 1, "the file has no **kern spine"),
        ("!!!OTL: A title and nothing else\n", 1, "the file has no **kern spine"),
        ("!! only comments\n!! and more\n", 1, "the file has no **kern spine"),
        ("X:1\nT:This is ABC\nK:C\nCDE|\n", 1, "'X:1' stands before any spine begins"),
        ('<?xml version="1.0"?>\n<score-partwise/>\n', 1, "stands before any spine begins"),
        ("{\\rtf1 words}\n", 1, "stands before any spine begins"),
        ("**text\nla\n*-\n", 1, "no **kern spine, only **text"),
        ("**mens\t**text\nSc\tla\n*-\t*-\n", 1, "no **kern spine, only **mens, **text"),
        ("**Kern\n4c\n*-\n", 1, "no **kern spine, only **Kern"),
        ("*M4/4\n**kern\n4c\n*-\n", 1, "before its spine begins"),
        ("**kern\n4c\n*-\n4d\n", 4, "after its spine has ended"),
        ("**kern\t**kern\n4c\t4d\n*-\t*-\n**kern\n4e\n*-\n", 4, "goes on after its spines have ended"),
        ("**kern\t**text\n4c\tla\n4d\n*-\t*-\n", 3, "the row has 1 tokens where 2 spines run"),
        ("**kern\t**text\n4c\tla\tlu\n*-\t*-\n", 2, "the row has 3 tokens where 2 spines run"),
        ("**kern\t4c\n4d\t4e\n*-\t*-\n", 1, "'4c' stands before any spine begins"),
        ("**kern\t**text\n4h\tla\n*-\t*-\n", 2, "'4h' is no note name"),
        ("**recip\t**kern\n4\t4c\n4%0\t4d\n*-\t*-\n", 3, "'4%0' is no duration"),
    ],
)
def test_a_table_that_is_none_is_refused(text: str, line: int, problem: str) -> None:
    error = refusal(text)
    assert problem in error.message
    assert error.line == line


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"MThd\0\0\0\6\0\1", b"PK\3\4\x14\0\0\0", b"RIFF\0\0\0\0WAVE",
        b"**kern\n4c\n\0\n*-\n", "**kern\n4c\n*-\n".encode("utf-16"),
    ],
    ids=["png", "midi", "zip", "wav", "a nought among notes", "utf-16"],
)  # fmt: skip
def test_a_binary_file_under_a_kern_name_is_refused(data: bytes) -> None:
    error = refusal(data)
    assert "binary" in error.message
    assert error.hint == "give a Humdrum file"
    assert error.line == data[: data.index(b"\0")].count(b"\n") + 1


@pytest.mark.parametrize("track", ["2", "0", "-1", "1.0", "9" * 30, "flute", " ", "**kern"])
def test_a_voice_that_one_spine_does_not_have_is_refused(track: str) -> None:
    with pytest.raises(PolyphonyError) as caught:
        next(read(TWO.encode(), "two.krn", track))
    assert "is none of 1 voice (1)" in caught.value.message
    assert "--track" in caught.value.hint


def test_many_voices_are_counted_and_the_first_dozen_named() -> None:
    rows = ["\t".join(cells) for cells in (["**kern"] * 20, [f'*I"Voice {n}' for n in range(1, 21)])]
    rows += ["\t".join(["4c"] * 20), "\t".join(["*-"] * 20)]
    error = refusal("\n".join(rows))
    assert isinstance(error, PolyphonyError)
    assert "20 voices" in error.message
    assert "12 Voice 12 ..." in error.message
    assert "Voice 13" not in error.message
    assert names(kern("\n".join(rows) + "\n", track="20")) == "C4"
    assert names(kern("\n".join(rows) + "\n", track="voice 17")) == "C4"


@pytest.mark.parametrize(
    ("text", "pitches"),
    [
        pytest.param("**kern\n4c\n4d\n", "C4 D4", id="no end of the spine"),
        pytest.param("**kern\n4c\n4d", "C4 D4", id="no end of the last line"),
        pytest.param("**kern\n4c\n4d\n*-\n\n\n", "C4 D4", id="blank lines at the end"),
        pytest.param("**kern\n\n4c\n   \n4d\n*-\n", "C4 D4", id="blank lines and blanks between"),
        pytest.param("  \n**kern\n4c\n4d\n*-\n \t \n", "C4 D4", id="blanks around the table"),
        pytest.param("**kern \n4c \n4d \n*-\n", "C4 D4", id="blanks after tokens"),
        pytest.param("**kern\n4c \n 4d\n*- \n", "C4 D4", id="blanks after the end"),
        pytest.param("**kern\t**text \n4c\tla \n4d\tle\n*-\t*- \n", "C4 D4", id="blanks after rows"),
        pytest.param("**kern\n*\n4c\n.\n*\n4d\n*-\n", "C4 D4", id="null tokens"),
        pytest.param("**kern\n4c\n*-\n!!!OTL: late\n!! later\n", "C4", id="records after the end"),
        pytest.param("**kern\n4c\n!\n!!\n!!!\n4d\n*-\n", "C4 D4", id="empty comments and records"),
        pytest.param("**kern\t**text\n4c\tla\n\n4d\tle\n*-\t*-\n\n", "C4 D4", id="blank lines in a table"),
        pytest.param("**kern\n*-\n", "", id="nothing between"),
        pytest.param("**kern", "", id="a name alone"),
    ],
)
def test_untidy_files_are_read(text: str, pitches: str) -> None:
    found = next(read(text.encode(), "tune.krn"))
    assert names(found) == pitches
    assert not [loss for loss in found.losses if "blank" in loss]


def test_blanks_after_interpretations_and_bar_lines_change_nothing() -> None:
    rows = [
        "*k[f#]",
        "*G:",
        "*M3/4",
        "*MM90",
        "*>A",
        '*I"Flute',
        "=1",
        "4g",
        "{4a",
        "4b}",
        "=2||",
        "[2.cc",
        "=3",
        "2.cc]",
        "==",
    ]
    tidy = kern("\n".join(rows))
    assert kern("\n".join(f"{row}  " for row in rows)) == tidy
    assert kern("\n".join(f"{row} " for row in rows)).losses == tidy.losses == ()


@pytest.mark.parametrize(
    ("token", "loss"),
    [
        ("4cX", "sign 'X'"), ("4cyy", "sign 'y', 2 times"), ("4cQ", "sign 'Q'"), ("4cp", "sign 'p'"),
        ("4c?", "sign '?'"), ("4c@", "sign '@'"), ("4cé", "sign 'é'"),
        ("*Xpos", "interpretation '*Xpos'"), ("*8va", "interpretation '*8va'"),
        ("*?:", "interpretation '*?:'"), ("=3;", "sign ';' of a bar line"),
        ("=3'", "sign ''' of a bar line"), ("2", "name of the note '2', read as a rest"),
        ("c", "duration of a note without one, read as a quarter note"),
        ("4.5c", "digits after the dot of '4.5c', read as a dotted note"),
        ("*I'Fl", "instrument abbreviation 'Fl'"), ("*ICstr", "instrument class 'Cstr'"),
    ],
)  # fmt: skip
def test_what_is_passed_over_is_named(token: str, loss: str) -> None:
    found = kern(f"4d\n{token}\n4e")
    assert found.losses == (loss,)
    assert names(found).split()[0] == "D4"
    assert names(found).split()[-1] == "E4"


def test_losses_are_counted_not_repeated() -> None:
    found = kern("\n".join(["4cX", "4dX", "4eXy", "*staff1", "*staff2", "*staff1"]))
    assert found.losses == (
        "interpretation '*staff1', 2 times",
        "interpretation '*staff2'",
        "sign 'X', 3 times",
        "sign 'y'",
    )


def test_a_loss_with_a_long_name_stays_short() -> None:
    found = kern("*" + "z" * 1500 + "\n4c")
    assert len(found.losses) == 1
    assert len(found.losses[0]) < 80


def test_a_file_with_very_fine_durations_is_counted_exactly() -> None:
    rows = [f"{n}c" for n in (13, 17, 19, 23, 29)]
    assert lengths(kern("\n".join(rows))) == [F(4, n) for n in (13, 17, 19, 23, 29)]


PIECES = st.sampled_from(
    [
        "**kern", "**text", "**recip", "**mxhm", "**dynam", "*-", "*^", "*v", "*x", "*+", "*", ".", "!", "!!",
        "!!!OTL: x", "!LO:TX:t=a", "4c", "8.dd-L", "[4e", "4e]", "4f_", "{4g", "4a}", "(4b", "4c)", "8qd",
        "4r", "0c", "3%2c", "4c 4e", "4h", "=", "=1", "==", "=:|!|:", "*M3/4", "*MX", "*k[f#]", "*G:", "*>A",
        "*>[A,B]", "*MM90", "*ending:1", "\t", "\t", "\t", "\n", "\n", "\n", "é", "*Ivox", "la-", "&#9;",
    ]
)  # fmt: skip


def judge(data: bytes) -> None:
    """A sound tune, or an error that names the file."""
    try:
        found = list(read(data, "any.krn"))
    except FormatError as error:
        assert error.source == "any.krn"
        assert "\n" not in str(error)
        return
    for tune in found:
        assert all(note.duration > 0 for note in tune.notes)
        ends = [note.end for note in tune.notes]
        assert [note.onset for note in tune.notes] == [0, *ends[:-1]][: len(ends)]
        onsets = [line.onset for line in tune.barlines]
        assert onsets == sorted(onsets)
        for changes in (tune.keys, tune.meters):
            times = [onset for onset, _ in changes]
            assert times == sorted(set(times))


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=40).map("".join))
@example("**kern\n4%0c\n*-")
@example("**kern\t**kern\n*^\t*x\n4c\t4d\t4e\n*v\t*v\t*x\n")
@example("**kern\n*+\n4c\t\n*v\t*v\n4d\n")
def test_any_string_of_tokens_is_a_tune_or_an_error(text: str) -> None:
    judge(text.encode())


@settings(max_examples=150)
@given(st.lists(st.lists(PIECES, min_size=2, max_size=3), max_size=12))
def test_any_table_under_two_spines_is_a_tune_or_an_error(rows: list[list[str]]) -> None:
    judge("\n".join(["**kern\t**text", *("\t".join(row) for row in rows)]).encode())


WIDE = "\t".join(["**kern"] + ["**text"] * 999)


@pytest.mark.usefixtures("unburdened")
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: "**kern\n" + "*^\n" * 100_000, id="splits without columns"),
        pytest.param(lambda: "**kern\n" + "=1\n" * 300_000, id="bar lines alone"),
        pytest.param(lambda: "**kern\n" + "8qc\n" * 250_000, id="grace notes alone"),
        pytest.param(lambda: "**kern\n" + "[4c\n" + "4c_\n" * 49_000, id="a tie of 49,000 notes"),
        pytest.param(lambda: "**kern\n" + "*M3/4\n*M4/4\n" * 80_000, id="meters alone"),
        pytest.param(lambda: "**kern\n" + "*MM90\n" * 160_000, id="tempos alone"),
        pytest.param(lambda: "**kern\n4c" + "(" * 1990 + "\n", id="many slurs on a note"),
        pytest.param(lambda: "**kern\n" + "*>A\n*>A1\n" * 110_000 + "4c\n", id="sections alone"),
        pytest.param(lambda: "!!!OTL: x\n" * 100_000 + "**kern\n4c\n", id="records alone"),
        pytest.param(lambda: "!!!RDF**kern: i=alteration 1/2\n" * 30_000 + "**kern\n4ci\n", id="declared"),
        pytest.param(lambda: WIDE + "\n" + ("\t".join(["4c"] + ["la"] * 999) + "\n") * 300, id="wide"),
        pytest.param(lambda: "**kern\n!LO:TX:t=a\n" * 1 + "!LO:TX:t=a\n" * 90_000 + "4c\n", id="words"),
        pytest.param(lambda: "**kern\t**text\n" + "4c\tla\n.\tle\n" * 25_000, id="syllables within notes"),
        pytest.param(lambda: "**kern\t**text\n" + "4c\tla\n.\tle\n" * 40_000, id="too many syllables"),
        pytest.param(lambda: "**kern\t**text\n" + "4c\tla\n" * 50_000, id="syllables at notes"),
        pytest.param(lambda: "**kern\n" + "!LO:TX:t=a\n4c\n" * 50_000, id="words at notes"),
        pytest.param(lambda: "**kern\n" + "".join(f"{n}c\n" for n in range(1, 130_000)), id="durations"),
        pytest.param(lambda: "**kern\n4c" + " 4e" * 600 + "\n", id="a chord of 600 notes"),
        pytest.param(lambda: "\t" * 1_000_000, id="tabulators"),
        pytest.param(lambda: "**kern" + "\t**kern" * 140_000, id="140,000 voices"),
    ],
)
def test_a_megabyte_of_one_thing_is_answered_soon(make: Callable[[], str]) -> None:
    data = make().encode()
    with within(1.5):
        try:
            next(read(data, "long.krn"))
        except CanzonaError as error:
            assert len(str(error)) < 700


def test_the_same_bytes_give_the_same_tune_and_leave_nothing_behind() -> None:
    """Tokens are kept between files: one file's private signs must not show in another."""
    declared = "!!!RDF**kern: i=alteration 1/2\n" + song("4ci")
    before, middle, after = (next(read(text.encode())) for text in (song("4ci"), declared, song("4ci")))
    assert before == after
    assert before.losses == after.losses == ("sign 'i'",)
    assert [str(note.pitch) for note in middle.notes] == ["C+1/24"]


def test_reading_from_disk_names_the_path(tmp_path: Path) -> None:
    path = tmp_path / "broken.krn"
    path.write_text(song("4c", "4h"), encoding="utf-8")
    with pytest.raises(FormatError) as caught:
        read_file(path)
    assert str(caught.value).startswith(f"{path}, line 4: '4h' is no note name; expected a-g, A-G or r")
