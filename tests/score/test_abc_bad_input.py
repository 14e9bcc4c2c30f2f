"""ABC that is broken, foreign or odd: one sentence with file and line, or a loss that is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from canzona.errors import CanzonaError, FormatError, PolyphonyError
from canzona.score import Tune, read_tunes
from canzona.score import read as read_file
from canzona.score.abc import read, read_each, write
from notation import abc, lengths, names
from pace import within

HEAD = "X:1\nM:4/4\nL:1/4\nK:C\n"


def answers(text: str | bytes, track: str | None = None) -> list[Tune | FormatError]:
    return list(read_each(text if isinstance(text, bytes) else text.encode(), "songs/bad.abc", track))


def refusal(text: str | bytes, track: str | None = None) -> FormatError:
    """The error that a file of one tune is answered with."""
    (error,) = answers(text, track)
    assert isinstance(error, FormatError)
    assert error.source == "songs/bad.abc"
    assert error.message.startswith(f"songs/bad.abc, line {error.line}: ")
    assert error.line > 0
    assert "\n" not in str(error)
    assert len(str(error)) < 700
    return error


@pytest.mark.parametrize(
    ("music", "problem"),
    [
        pytest.param("C999999", "the number 999999 is too large", id="a length of six digits"),
        pytest.param("C/0", "the length /0 divides by zero", id="a length that divides by zero"),
        pytest.param("C3/0", "the length 3/0 divides by zero", id="another"),
        pytest.param("C" + "/" * 9, "is too short", id="nine halvings"),
        pytest.param("[CE]/0", "the length /0 divides by zero", id="of a chord"),
        pytest.param("z/0", "the length /0 divides by zero", id="of a rest"),
        pytest.param("^1/0C", "the accidental ^1/0 divides by zero", id="an accidental"),
        pytest.param("C" + "," * 20, "lies outside of every octave", id="a note too low"),
        pytest.param("c" + "'" * 20, "lies outside of every octave", id="a note too high"),
        pytest.param("(0CDE", "is no tuplet", id="a tuplet of nothing"),
        pytest.param("(3:0:3CDE", "is no tuplet", id="in no time"),
        pytest.param("Z1000", "1000 bars of rest are more than a tune has", id="a thousand bars of rest"),
        pytest.param("{C0}D", "a grace note without length", id="a grace note of no length"),
        pytest.param("[K:H]", "'H' is no key", id="a key that is none"),
        pytest.param("[M:3]", "'3' is no meter", id="a meter that is none"),
        pytest.param("[L:]", "'' is no note length", id="an empty unit"),
    ],
)
def test_music_that_makes_no_sense_is_named_with_its_line(music: str, problem: str) -> None:
    error = refusal(f"{HEAD}CDEF|\n% a comment\n{music} D|\nEFGA|\n")
    assert problem in error.message
    assert error.line == 7


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("", 1, "the file holds no tune"),
        ("\n\n", 1, "the file holds no tune"),
        ("%abc-2.1\n", 1, "the file holds no tune"),
        ("M:4/4\nL:1/8\n", 1, "the file holds no tune"),
        ("just words\nand more\n", 1, "the file holds no tune"),
        ("**kern\n4c\n*-\n", 1, "the file holds no tune"),
        ("<score-partwise/>", 1, "the file holds no tune"),
        ("X:1\nT:No key\nM:4/4\n", 1, "the tune has no K: field, which ends its header"),
        ("\n\nX:1\nT:No key\nCDEF|\n", 3, "the tune has no K: field, which ends its header"),
        ("X:1\nT:t\nCDEF|\nK:C\n", 3, "'CDEF|' stands before K: and is no field"),
        ("X:1\nT:t\nw:la la\nK:C\n", 3, "music stands before the K: field that ends the header"),
    ],
)
def test_a_file_that_holds_no_tune_is_refused(text: str, line: int, problem: str) -> None:
    error = refusal(text)
    assert problem in error.message
    assert error.line == line


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"MThd\0\0\0\6",
        b"PK\3\4",
        b"\0" * 50,
        b"\xff\xfe\0\0",
        b"\xff\xfe",
        b"%PDF-1.7",
    ],
    ids=["png", "midi", "zip", "noughts", "utf-32", "a mark alone", "pdf"],
)
def test_a_binary_file_under_an_abc_name_is_refused(data: bytes) -> None:
    assert "holds no tune" in refusal(data).message
    assert refusal(data).hint


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_the_line_is_counted_alike_for_every_line_end(ends: str) -> None:
    assert refusal(f"{HEAD}CD|\nC/0|\n".replace("\n", ends)).line == 6


def test_each_broken_tune_of_a_book_is_told_and_the_others_are_read() -> None:
    book = "X:1\nK:C\nC\n\nX:2\nK:H\nD\n\nX:3\nM:5\nK:C\nE\n\nX:4\nK:C\nF/0\n\nX:5\nK:C\nG\n"
    found = answers(book)
    assert [type(each) for each in found] == [Tune, FormatError, FormatError, FormatError, Tune]
    assert [each.line for each in found if isinstance(each, FormatError)] == [6, 10, 16]
    assert [names(each) for each in found if isinstance(each, Tune)] == ["C4", "G4"]
    assert [each.source for each in found if isinstance(each, Tune)] == ["songs/bad.abc#1", "songs/bad.abc#5"]


def test_reading_stops_at_the_first_broken_tune_and_was_lazy_before(tmp_path: Path) -> None:
    path = tmp_path / "book.abc"
    path.write_text("X:1\nK:C\nC\n\nX:2\nK:H\nD\n\nX:3\nK:C\nE\n", encoding="utf-8")
    tunes = read_tunes(path)
    assert names(next(tunes)) == "C4"
    with pytest.raises(FormatError, match="line 6: 'H' is no key"):
        next(tunes)
    assert names(read_file(path)) == "C4"
    with pytest.raises(FormatError, match="line 6"):
        read_file(path, number=3)


@pytest.mark.parametrize(
    ("music", "loss", "pitches"),
    [
        ("C#D", "the character '#' in the music", "C4 D4"),
        ("C D€", "the character '€' in the music", "C4 D4"),
        ('C "unclosed', "the character '\"' in the music", None),
        ("[CEG D", "the end of a chord, which has no ']'", "G4"),
        ("[CE|D", "the end of a chord, which has no ']'", "E4 D4"),
        ("C]D", "a ']' without a chord", "C4 D4"),
        ("[]C", "a chord without notes", "C4"),
        ("C)D", "a slur without a beginning", "C4 D4"),
        ("(CD", "a slur without an end", "C4 D4"),
        ("(C)D", "a slur over one note", "C4 D4"),
        ("-CD", "a tie without a note", "C4 D4"),
        ("z-C", "a tie without a note", "r C4"),
        (">CD", "broken rhythm '>' without a note", "C4 D4"),
        ("C0D", "a note without length", "D4"),
        ("jC", "the letter 'j', which no U: field defines", "C4"),
        ("C !trill!", "ornament 'trill' after the last note", "C4"),
        ("C {D}", "grace notes without a note", "C4"),
        ("C & E | D", "a second voice within the staff (&)", "C4 D4"),
        ("C|::D::|", "a repeat that is played more than twice", "C4 D4"),
    ],
)  # fmt: skip
def test_what_is_passed_over_is_named(music: str, loss: str, pitches: str | None) -> None:
    found = abc(music)
    assert loss in found.losses
    if pitches is not None:
        assert names(found) == pitches


def test_losses_are_said_once() -> None:
    assert abc("C#D#E#[K:G clef=bass]F#").losses == (
        "the character '#' in the music", "the clef or layout 'clef=bass'",
    )  # fmt: skip


def test_a_closing_brace_may_be_missing_and_ends_with_its_line() -> None:
    found = abc("C{gD|\nEF|")
    assert names(found) == "C4 E4 F4"


@pytest.mark.parametrize("track", ["0", "3", "alto", "", "-1"])
def test_a_voice_that_is_not_there_is_refused(track: str) -> None:
    with pytest.raises(PolyphonyError, match=f"no voice '{track}'; choose one of 1 'S', 2 'B'"):
        next(read(b"X:1\nK:C\nV:S\nCD|\nV:B\nEF|\n", "two.abc", track))


def test_more_voices_than_any_score_has_are_refused() -> None:
    text = "X:1\nK:C\n" + "".join(f"V:{n}\nC|\n" for n in range(1, 66))
    assert "more than 64 voices" in refusal(text).message


def test_voices_without_notes_do_not_count() -> None:
    found = abc("V:1\nCDEF|\nV:2\n|\nV:3\n%\n")
    assert names(found) == "C4 D4 E4 F4"


@pytest.mark.parametrize("field", ["record", "comment", "order"])
@pytest.mark.parametrize(
    "value", ["", "[", '["a"]', "[1, 2]", "{}", '"x" y', "[" * 5000, "null", '["a", ["b", 1]]']
)
def test_a_damaged_line_of_ours_is_refused_with_its_line(field: str, value: str) -> None:
    error = refusal(f"X:1\n%%canzona-{field} {value}\nK:C\nC|\n")
    assert error.line == 2
    assert f"%%canzona-{field} is damaged" in error.message


@pytest.mark.parametrize(
    "line", ["%%canzona-nonesuch x", "%%canzona-phrases", "%%canzona-bars x", "%%canzona-keys y"]
)
def test_an_unknown_word_of_ours_is_passed_over(line: str) -> None:
    assert names(abc("CD|", f"X:1\n{line}\nK:C\n")) == "C4 D4"


def test_forged_provenance_is_text_and_nothing_else() -> None:
    found = abc("CD|", 'X:1\n%%canzona {"command": "rm -rf"}\nK:C\n')
    assert found.provenance == '{"command": "rm -rf"}'
    assert next(read(write([found]).data, "", None)).provenance == found.provenance


@pytest.mark.parametrize(
    ("text", "tunes"),
    [
        pytest.param("X:1\nK:C\nCD|", 1, id="no end of the last line"),
        pytest.param("\n\n  \nX:1\nK:C\nCD|\n", 1, id="blank lines before"),
        pytest.param("X:1\nT:t\n\nK:C\nCD|\n", 1, id="a blank line in the header"),
        pytest.param("X:1\nX:2\nK:C\nCD|\n", 1, id="two numbers"),
        pytest.param("X:\nK:C\nCD|\n", 1, id="no number"),
        pytest.param("X: one\nK:C\nCD|\n", 1, id="a word for a number"),
        pytest.param("X:1 \nK: C \nCD|  \n", 1, id="blanks at the ends"),
        pytest.param("X:1\nK:C\nCD|\n   \nEF|\n", 1, id="a line of blanks ends a tune"),
        pytest.param("K:C\nCD|\n", 1, id="neither number nor title"),
        pytest.param("X:1\nK:C\nCD|\nX:2\nK:C\nCD|\n", 2, id="no blank line between"),
        pytest.param("\ufeffX:1\nK:C\nCD|\n", 1, id="a mark of UTF-8"),
    ],
)
def test_untidy_files_are_read(text: str, tunes: int) -> None:
    found = answers(text)
    assert len(found) == tunes
    assert all(isinstance(each, Tune) and names(each) == "C4 D4" for each in found)


PIECES = st.sampled_from(
    [
        "X:1\n", "K:C\n", "K:\n", "M:3/4\n", "M:none\n", "L:1/16\n", "Q:1/4=90\n", "V:1\n",
        "V:2 octave=-1\n", "P:A\n", "w:la-la|lu\n", "+:more\n", "w: ||a\n", "U:T=!turn!\n", 'U:p="^x"\n',
        "m:~n=nmn\n", "%%setbarnb 4\n", "C", "^f'", "_B,", "=c", "[CE]", "[c", "]", "z", "Z2", "x", "2",
        "/", "3/2", "0", "|", "||", "|]", ":|", "|:", "::", "[1", "|2", "[|]", "(3", "(5:4:5", "(", ")",
        "-", ">", "<<", "{", "}", "{/", '"Am"', '"^words"', '"', "!trill!", "!", ".", "~", "T", "&", "\\\n",
        "\n", "\n\n", " ", "%", "[K:G]", "[M:2/4]", "[V:2]", "[P:B]", "[r:no phrase ends]",
        "[I:setbarnb 7a]", "%%canzona-bars unnumbered\n", "%%canzona-keys named\n",
        "%%canzona-phrases marked\n", "é", "\x00", "\\'e",
    ]
)  # fmt: skip


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=40).map("".join))
@example("w: ||a\n")
@example("C\nw:a\n\nX:2\nK:C\n+:b\n")
@example("{(3C}D(3EFG")
def test_any_string_of_signs_is_tunes_or_errors_and_can_be_written_again(text: str) -> None:
    for found in answers(HEAD + text):
        if isinstance(found, FormatError):
            assert found.source == "songs/bad.abc"
            assert "\n" not in str(found)
            continue
        ends = [note.end for note in found.notes]
        assert [note.onset for note in found.notes] == [0, *ends[:-1]][: len(ends)]
        assert all(note.duration > 0 for note in found.notes)
        onsets = [line.onset for line in found.barlines]
        assert onsets == sorted(onsets)
        (again,) = read(write([found]).data, "", None)
        assert again.duration == found.duration


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: "CDEF|\nw:" + "a-" * 400_000, id="syllables"),
        pytest.param(lambda: "CDEF|\nw:" + "|" * 900_000, id="bar signs in lyrics"),
        pytest.param(lambda: "CDEF|\n" + "w:a b c d\n" * 90_000, id="verses"),
        pytest.param(lambda: "CDEF|\nw:a\n" + "+:b\n" * 200_000, id="verses that go on"),
        pytest.param(lambda: "(3:2:1C" * 19_000, id="tuplets"),
        pytest.param(lambda: "[V:1]C[V:2]D" * 19_000, id="voices in turn"),
        pytest.param(lambda: 'U:p="^x"\n' * 100_000 + "pC", id="definitions"),
        pytest.param(lambda: "C|[M:3/4]" * 19_000, id="meters"),
        pytest.param(lambda: "C[K:G]" * 19_000, id="keys"),
        pytest.param(lambda: "N:x\n" * 200_000 + "C", id="records"),
        pytest.param(lambda: "N:x\n" + "+:y\n" * 200_000 + "C", id="a record that goes on"),
        pytest.param(lambda: "C" + "{g}" * 300_000 + "D", id="grace notes"),
        pytest.param(lambda: "(" * 900_000, id="slurs"),
        pytest.param(lambda: '"Am"' * 200_000 + "C", id="chord symbols"),
        pytest.param(lambda: "C\nX:2\nK:C\n" * 5_000, id="tunes"),
        pytest.param(lambda: "V:1 name=" + "a" * 900_000 + "\nC", id="a long name"),
        pytest.param(lambda: "K:" + "^f" * 400_000 + "\nC", id="a long key"),
    ],
)
def test_a_megabyte_of_one_thing_is_answered_soon(make: Callable[[], str]) -> None:
    data = (HEAD + make()).encode()
    with within(2):
        for found in read_each(data, "long.abc"):
            if isinstance(found, CanzonaError):
                assert len(str(found)) < 700


def test_what_one_tune_defines_does_not_reach_another_reading() -> None:
    odd = "U:T=!turn!\nm:k=CCC\n%%propagate-accidentals not\n^FFkT"
    before, _, after = abc("^FFT C"), abc(f"{odd}C"), abc("^FFT C")
    assert before == after
    assert lengths(before) == [1, 1, 1]
