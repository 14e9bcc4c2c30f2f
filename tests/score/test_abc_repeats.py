"""Form in ABC: bar lines, repeats, endings, parts, numbers of bars, lines as phrases, and what is heard."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.score import Barline, Key, Meter, Note, Pitch, Section, Tune
from canzona.score.abc import read, write
from notation import abc, heard, names, phrase_lengths


def back(tune: Tune) -> Tune:
    return next(read(write([tune]).data, "", None))


def kinds(tune: Tune) -> list[tuple[str, str]]:
    return [(line.kind, line.repeat) for line in tune.barlines]


@pytest.mark.parametrize(
    ("body", "sounds"),
    [
        pytest.param("C4|D4|E4|]", "CDE", id="none"),
        pytest.param("|:C4|D4:|", "CDCD", id="all of it"),
        pytest.param("C4|D4:|", "CDCD", id="without its opening sign"),
        pytest.param("C4|D4:|E4|F4|]", "CDCDEF", id="the first part"),
        pytest.param("C4|D4:|E4|F4:|", "CDCDEFEF", id="two parts without opening signs"),
        pytest.param("|:C4|D4:||:E4|F4:|", "CDCDEFEF", id="two parts"),
        pytest.param("|:C4|D4:|\n|:E4|F4:|", "CDCDEFEF", id="two parts on two lines"),
        pytest.param("|:C4|D4::E4|F4:|", "CDCDEFEF", id="a double colon"),
        pytest.param("|:C4|D4:|:E4|F4:|", "CDCDEFEF", id="a colon on each side"),
        pytest.param("|:C4|D4:||:E4|F4:|]", "CDCDEFEF", id="a final bar that repeats"),
        pytest.param("C4|:D4|E4:|F4|]", "CDEDEF", id="what comes before is heard once"),
        pytest.param("|:C4|D4:|]", "CDCD", id="a final sign"),
        pytest.param("||:C4|D4:||", "CDCD", id="double bar lines"),
        pytest.param("[|:C4|D4:|]", "CDCD", id="a thick opening"),
        pytest.param("|: C4 | D4 :|", "CDCD", id="blanks everywhere"),
        pytest.param("C4|D4|\n|:E4:|", "CDEE", id="a line end before the sign"),
        pytest.param("|:C4:||:D4:||:E4:|", "CCDDEE", id="three parts"),
        pytest.param("|:C4|D4|", "CD", id="never closed"),
    ],
)
def test_repeats(body: str, sounds: str) -> None:
    found = abc(body)
    assert heard(found) == sounds
    assert heard(back(found)) == sounds


@pytest.mark.parametrize(
    ("body", "sounds"),
    [
        pytest.param("|:C4|1D4:|2E4|]", "CDCE", id="signs at the bar lines"),
        pytest.param("|:C4|[1D4:|[2E4|]", "CDCE", id="with brackets"),
        pytest.param("|:C4|[1 D4 :| [2 E4 |]", "CDCE", id="with blanks"),
        pytest.param("C4|1D4:|2E4|]", "CDCE", id="without an opening sign"),
        pytest.param("|:C4|1D4|E4:|2F4|G4|]", "CDECFG", id="endings of two bars"),
        pytest.param("|:C4|1D4:|2E4||F4|]", "CDCEF", id="a double bar line ends the second"),
        pytest.param("|:C4|1D4:|2E4|]\nF4|]", "CDCEF", id="a final one too"),
        pytest.param("|:C4|1D4:|2E4:|", "CDCE", id="the second ends with a repeat"),
        pytest.param("|:C4|1D4:|2E4|:F4:|", "CDCEFF", id="a repeat follows"),
        pytest.param("|:C4|1D4:|2E4:|:F4|1G4:|2A4|]", "CDCEFGFA", id="two parts with endings"),
        pytest.param("|:C4|1,3D4:|2E4:|", "CDCECD", id="a list of passes"),
        pytest.param("|:C4|1-3D4:|4E4|]", "CDCDCDCE", id="a range of passes"),
        pytest.param("|:C4|1D4:|2E4:|3F4|]", "CDCECF", id="three endings"),
        pytest.param("|:C4|[1D4:|\n[2E4|]", "CDCE", id="the second on a line of its own"),
        pytest.param("|:C4|[1D4:|[2E4|]\n|:F4|1G4:|2A4|]", "CDCEFGFA", id="on two lines"),
        pytest.param("|:C2|[1 D2:|[2 E2|]", "CDCE", id="short bars"),
        pytest.param("|:C4|1D4|2E4|]", "CDCE", id="the repeat sign is forgotten"),
        pytest.param("|:C4|1D4|2E4:|F4|]", "CDCEF", id="it stands after the second"),
        pytest.param("|:C4|1D4|2E4|3F4|]", "CDCECF", id="two are forgotten"),
        pytest.param("|:G|C4|1D3:|2E4|]", "GCDGCE", id="a pickup"),
    ],
)
def test_endings(body: str, sounds: str) -> None:
    found = abc(body)
    assert heard(found) == sounds
    assert heard(back(found)) == sounds


@pytest.mark.parametrize(
    ("order", "sounds"),
    [
        ("AB", "CDEF"),
        ("ABA", "CDEFCD"),
        ("A2B", "CDCDEF"),
        ("(AB)2", "CDEFCDEF"),
        ("BA", "EFCD"),
        ("B", "EF"),
    ],
)
def test_the_order_of_parts_is_what_is_heard(order: str, sounds: str) -> None:
    head = f"X:1\nP:{order}\nM:4/4\nL:1/4\nK:C\n"
    found = abc("P:A\nC4|D4|\nP:B\nE4|F4|]", head)
    assert heard(found) == sounds
    assert heard(back(found)) == sounds
    assert heard(abc("[P:A]C4|D4|[P:B]E4|F4|]", head)) == sounds


def test_parts_without_an_order_are_sections_and_repeats_count() -> None:
    found = abc("P:A\n|:C4|D4:|\nP:B\n|:E4|F4:|")
    assert [(section.onset, section.label) for section in found.sections] == [(0, "A"), (8, "B")]
    assert found.expansions == ()
    assert heard(found) == "CDCDEFEF"


def test_more_than_two_times_is_said() -> None:
    found = abc("|::C4|D4::|")
    assert found.losses == ("a repeat that is played more than twice",)
    assert heard(found) == "CDCD"


@pytest.mark.parametrize(
    ("sign", "kind", "repeat"),
    [
        ("|", "regular", ""), ("||", "double", ""), ("|]", "final", ""), (".|", "dashed", ""),
        ("[|]", "invisible", ""), (":|", "regular", "end"), ("|:", "regular", "start"),
        ("::", "regular", "both"), (":|:", "regular", "both"), (":||:", "regular", "both"),
        (":||", "double", "end"), ("||:", "double", "start"), (":|]", "final", "end"),
        ("| |", "regular", ""), (":| |:", "regular", "both"), ("| ||", "double", ""),
        (":|\n|:", "regular", "both"), ("|\n|", "regular", ""), ("|| |:", "double", "start"),
        ("|]|:", "final", "start"),
    ],
)  # fmt: skip
def test_bar_line_signs(sign: str, kind: str, repeat: str) -> None:
    found = abc(f"C4{sign}D4")
    assert kinds(found)[1:] == [(kind, repeat)]
    assert names(found) == "C4 D4"
    assert found.losses == ()
    assert back(found).barlines == found.barlines


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        pytest.param("C4|D4|E4|]", [1, 2, 3], id="full bars"),
        pytest.param("|C4|D4|E4|]", [1, 2, 3], id="a sign before the first"),
        pytest.param("|:C4|D4:|", [1, 2], id="a repeat before the first"),
        pytest.param("G|C4|D4|]", [0, 1, 2], id="a pickup"),
        pytest.param("G|C4|D3:|G|E4|F3|]", [0, 1, 2, 0, 3, 4], id="a bar that a repeat cuts"),
        pytest.param("C4|D2|\nE2|F4|]", [1, 2, 0, 3], id="a bar that a line end cuts"),
        pytest.param("C4|D5|E4|]", [1, 2, 3], id="a bar that is too long"),
        pytest.param("C4|D4|[M:2/4]E2|F2|]", [1, 2, 3, 4], id="a change of meter"),
        pytest.param("|:C4|1D4:|2E4|]", [1, 2, 3], id="endings"),
    ],
)
def test_bars_are_counted(body: str, numbers: list[int]) -> None:
    found = abc(body)
    assert [bar.number for bar in found.bars] == numbers
    assert [bar.number for bar in back(found).bars] == numbers


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        pytest.param("[I:setbarnb 5]C4|D4|E4|]", [5, 6, 7], id="from the first note"),
        pytest.param("%%setbarnb 5\nC4|D4|E4|]", [5, 6, 7], id="on a line of its own"),
        pytest.param("|[I:setbarnb 5]C4|D4|E4|]", [5, 6, 7], id="after a bar line"),
        pytest.param("C4|[I:setbarnb 10]D4|E4|]", [1, 10, 11], id="in the middle"),
        pytest.param("C4|D4|[I:setbarnb 2a]E4|F4|]", [1, 2, 2, 3], id="with a letter"),
    ],
)
def test_a_bar_number_is_counted_on_from(body: str, numbers: list[int]) -> None:
    found = abc(body)
    assert [bar.number for bar in found.bars] == numbers
    assert found.losses == ()
    assert back(found) == found


def test_a_bar_number_within_a_bar_is_said() -> None:
    assert abc("C2[I:setbarnb 5]D2|E4|]").losses == ("the bar number 5, which stands within a bar",)


def test_in_free_meter_every_bar_line_counts() -> None:
    found = abc("CD|EFG|A|]", "X:1\nM:none\nL:1/4\nK:C\n")
    assert [bar.number for bar in found.bars] == [1, 2, 3]
    assert found.pickup == 0


@pytest.mark.parametrize(
    ("body", "groups"),
    [
        pytest.param("CDEF|GABc|]", [8], id="one line"),
        pytest.param("CDEF|\nGABc|]", [4, 4], id="two lines"),
        pytest.param("CDEF|\\\nGABc|]", [8], id="a line that goes on"),
        pytest.param("CDEF|\n\n", [4], id="an end"),
        pytest.param("CDEF|\n%said\nGABc|]", [4, 4], id="a comment between"),
        pytest.param("CDEF|\nw:a b c d\nGABc|]", [4, 4], id="lyrics between"),
        pytest.param("CDEF:|GABc|]", [4, 4], id="a repeat"),
        pytest.param("CDEF||GABc|]", [4, 4], id="a double bar line"),
        pytest.param("CDEF|[P:B]GABc|]", [4, 4], id="a part"),
        pytest.param("CDEz|GABc|]", [4, 4], id="a rest of a beat"),
        pytest.param("CDEF|z4|GABc|]", [5, 4], id="a bar of rest"),
        pytest.param("C\nDEF|GABc|]", [8], id="a line of one note is no phrase"),
        pytest.param("G|\nCDEF|\nGABc|]", [5, 4], id="nor is a pickup on its own"),
        pytest.param("GA|CDEF|GA:|\nGA|GABc|]", [8, 6], id="a repeat at a line end"),
    ],
)
def test_lines_are_phrases_and_said_to_be_inferred(body: str, groups: list[int]) -> None:
    found = abc(body)
    assert phrase_lengths(found) == groups
    assert found.phrasing == "inferred"
    again = back(found)
    assert phrase_lengths(again) == groups
    assert again.phrasing == "inferred"


@pytest.mark.parametrize("phrasing", ["marked", "inferred", "none"])
def test_a_directive_says_whether_lines_are_phrases(phrasing: str) -> None:
    found = abc("CDEF|\nGABc|]", f"X:1\n%%canzona-phrases {phrasing}\nM:4/4\nL:1/4\nK:C\n")
    assert found.phrasing == phrasing
    assert phrase_lengths(found) == ([8] if phrasing == "none" else [4, 4])
    assert back(found) == found


def test_an_unknown_word_about_phrases_is_not_believed() -> None:
    assert abc("CDEF|\nGABc|]", "X:1\n%%canzona-phrases guessed\nL:1/4\nK:C\n").phrasing == "inferred"


def four_bars(*lines: Barline, **changes: object) -> Tune:
    notes = tuple(Note(F(4 * n), F(4), Pitch("CDEF"[n], F(0), 4)) for n in range(4))
    tune = Tune(
        notes,
        barlines=lines,
        keys=((F(0), Key("C", 0, "major", ())),),
        meters=((F(0), Meter(4, 4)),),
    )
    return tune.replace(**changes)


REPEATS = ["", "start", "end", "both"]


@given(
    st.tuples(*[st.sampled_from(REPEATS)] * 3),
    st.tuples(*[st.sampled_from(["regular", "double", "final", "dashed"])] * 3),
    st.tuples(*[st.sampled_from(["", "", "1", "2", "1,2", "1-3"])] * 3),
)
def test_any_bar_lines_survive_and_sound_alike(
    repeats: tuple[str, ...], styles: tuple[str, ...], endings: tuple[str, ...]
) -> None:
    inner = [
        Barline(F(4 * n), n + 1, "", kind, repeat, ending)  # type: ignore[arg-type]
        for n, (kind, repeat, ending) in enumerate(zip(styles, repeats, endings, strict=True), start=1)
    ]
    tune = four_bars(Barline(F(0), 1, kind="invisible"), *inner, Barline(F(16), kind="final"))
    written = write([tune])
    again = back(tune)
    assert again.barlines == tune.barlines or set(written.losses) & {"bar lines", "repeats and endings"}
    if not written.losses:
        assert again == tune
        assert heard(again) == heard(tune)


@given(
    st.lists(st.integers(0, 99), min_size=4, max_size=4),
    st.lists(st.sampled_from(["", "a"]), min_size=4, max_size=4),
)
def test_any_numbers_of_bars_survive(numbers: list[int], suffixes: list[str]) -> None:
    lines = [
        Barline(F(4 * n), number, suffix if number else "")
        for n, (number, suffix) in enumerate(zip(numbers, suffixes, strict=True))
    ]
    tune = four_bars(*lines)
    assert write([tune]).losses == ()
    assert back(tune) == tune


@given(st.lists(st.sampled_from(["A", "B", "Trio", "x y", "]", "1"]), min_size=1, max_size=3), st.booleans())
def test_any_sections_survive_with_an_order(labels: list[str], ordered: bool) -> None:
    sections = tuple(Section(F(4 * n), label) for n, label in enumerate(labels))
    order = (("", (*labels, labels[0])),) if ordered else ()
    tune = four_bars(*(Barline(F(4 * n), n + 1) for n in range(1, 4)), sections=sections, expansions=order)
    assert write([tune]).losses == ()
    assert back(tune) == tune
    assert heard(back(tune)) == heard(tune)


@given(st.lists(st.booleans(), min_size=16, max_size=16), st.lists(st.booleans(), min_size=16, max_size=16))
def test_any_phrases_survive(starts: list[bool], ends: list[bool]) -> None:
    """Also those that begin or end nowhere: remarks say so."""
    notes = tuple(
        Note(F(n), F(1), Pitch("GABCDEFGABCDEFGA"[n], F(0), 4), start, end)
        for n, (start, end) in enumerate(zip(starts, ends, strict=True))
    )
    tune = four_bars(*(Barline(F(4 * n), n + 1) for n in range(1, 4)), notes=notes, phrasing="marked")
    assert write([tune]).losses == ()
    assert back(tune) == tune


def test_what_is_written_reads_well() -> None:
    """A polka of two strains: the page looks as a player would write it."""
    found = abc("|:CDEF|G4|1A4:|2B4|]\n|:GABc|d4:|\n")
    body = write([found]).data.decode().split("\nK:C\n")[1]
    assert body.splitlines() == [
        "|: C D E F | G4 |",
        "[1 A4 :|2 B4 |]",
        "|: G A B c | d4 :|",
    ]
    assert heard(found) == "CDEFGACDEFGBGABCDGABCD"
