"""Form in **kern: bar lines, repeats, endings, sections, expansion lists, phrases, and what is heard."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.score import Barline, Meter, Note, Pitch, Section, Tune
from canzona.score.kern import read, write
from canzona.score.unfold import playing_order
from notation import heard, kern, phrase_lengths


def bars(*directed: str, letters: str = "cdefgab") -> str:
    """A bar of each letter, each after its own bar line: bars('=1', '=2', '=3:|!')."""
    rows = ["*M4/4"]
    for place, token in enumerate(directed):
        rows.append(token)
        if place < len(letters) and place < len(directed) - 1:
            rows.append(f"1{letters[place]}")
    return "\n".join(rows)


def back(tune: Tune) -> Tune:
    return next(read(write([tune]).data))


@pytest.mark.parametrize(
    ("directed", "sounds"),
    [
        pytest.param(("=1", "=2", "=3", "=="), "CDE", id="no repeat"),
        pytest.param(("=1", "=2", "=3", "==:|!"), "CDECDE", id="all of it twice"),
        pytest.param(("=1", "=2", "=3:|!", "=="), "CDCDE", id="a repeat back to the beginning"),
        pytest.param(("=1", "=2!|:", "=3", "==:|!"), "CDEDE", id="from an opening sign"),
        pytest.param(("=1!|:", "=2", "=3:|!", "=="), "CDCDE", id="an opening sign at the beginning"),
        pytest.param(("=1", "=2:|!|:", "=3:|!", "=="), "CCDDE", id="one sign for both"),
        pytest.param(("=1!|:", "=2:|!", "=3!|:", "==:|!"), "CCDEE", id="two repeats apart"),
        pytest.param(("=1", "=2:||:", "=3", "==:||"), "CCDEDE", id="double bar lines that repeat"),
        pytest.param(("=1!|:", "=2", "=3", "=="), "CDE", id="an opening sign that nothing closes"),
    ],
)
def test_repeats_are_heard_as_they_stand(directed: tuple[str, ...], sounds: str) -> None:
    found = kern(bars(*directed))
    assert heard(found) == sounds
    assert heard(back(found)) == sounds
    assert back(found) == found


@pytest.mark.parametrize(
    ("body", "sounds"),
    [
        pytest.param("*>A\n=1\n1c\n*>A1\n=2\n1d\n*>A2\n=3:|!\n1e\n==", "CDCE", id="labels of endings"),
        pytest.param("*>A\n=1\n1c\n*>A1\n=2\n1d\n*>A2\n=3\n1e\n==", "CDCE", id="labels without signs"),
        pytest.param("=1\n1c\n*ending:1\n=2\n1d\n*ending:2\n=3:|!\n1e\n==", "CDCE", id="our own sign"),
        pytest.param(
            "*>A\n=1\n1c\n*>A1\n=2\n1d\n*>A2\n=3:|!\n1e\n*>B\n=4!|:\n1f\n==:|!", "CDCEFF",
            id="a second strain after endings",
        ),
        pytest.param(
            "*>A\n=1!|:\n1c\n*>A1\n=2\n1d\n=3\n1e\n*>A2\n=4:|!\n1f\n=5\n1g\n==", "CDECFG",
            id="endings of two bars",
        ),
        pytest.param(
            "*>A\n=1\n1c\n*>A1\n=2\n1d\n*>A2\n=3:|!\n1e\n*>A3\n=4:|!\n1f\n==", "CDCECF", id="three endings"
        ),
    ],
)  # fmt: skip
def test_endings_are_heard_each_in_its_pass(body: str, sounds: str) -> None:
    found = kern(f"*M4/4\n{body}")
    assert heard(found) == sounds
    assert back(found) == found


@pytest.mark.parametrize(
    ("order", "sounds"),
    [
        ("*>[A,B]", "CDEF"), ("*>[A,A,B]", "CDCDEF"), ("*>[A,B,A]", "CDEFCD"), ("*>[B,A]", "EFCD"),
        ("*>[A,A,B,B]", "CDCDEFEF"), ("*>[B]", "EF"), ("*>[ A , B , A ]", "CDEFCD"), ("*>[A,Z]", "CDEF"),
        ("*>[]", "CDEF"), ("*>norep[A]", "CDEF"),
    ],
)  # fmt: skip
def test_the_default_expansion_list_is_the_order_of_the_sections(order: str, sounds: str) -> None:
    found = kern(f"{order}\n*>norep[A,B]\n*M4/4\n*>A\n=1\n1c\n=2\n1d\n=3\n*>B\n1e\n=4\n1f\n==")
    assert heard(found) == sounds
    assert [section.label for section in found.sections] == ["A", "B"]


def test_a_list_and_repeat_signs_do_not_repeat_twice() -> None:
    """Verovio and the Humdrum tools follow the list where there is one."""
    found = kern("*>[A,A,B]\n*>norep[A,B]\n*M4/4\n*>A\n=1!|:\n1c\n=2:|!\n*>B\n1d\n==")
    assert heard(found) == "CCD"
    assert found.duration == 8


def test_what_stands_before_the_first_section_is_heard_once() -> None:
    found = kern("*>[A,A]\n*M4/4\n4g\n=1\n*>A\n1c\n=2\n1d\n==")
    assert heard(found) == "GCDCD"


def test_labels_may_be_words_with_signs() -> None:
    labels = ["verse 1", "Refrain'", "A:1", "Ü", "a b c"]
    body = "\n".join(f"*>{label}\n1c" for label in labels)
    found = kern(f"*>[{','.join(labels)}]\n{body}")
    assert [section.label for section in found.sections] == labels
    assert found.expansions == (("", tuple(labels)),)
    assert back(found) == found


@pytest.mark.parametrize(
    "label", ["[", "a[b]", "x,y", "]", " ", "*", "=1", "!", "tab\there", "two\nlines", "&#91;"]
)
def test_any_label_survives_in_sections_and_in_lists(label: str) -> None:
    note = Note(F(0), F(4), Pitch("C", F(0), 4))
    tune = Tune((note,), sections=(Section(F(0), label),), expansions=(("", (label, label)),))
    assert back(tune) == tune.replace(phrasing=back(tune).phrasing)


def test_a_list_that_is_cut_off_is_read_as_far_as_it_goes() -> None:
    assert kern("*>[A,B\n*>A\n1c").expansions == (("", ("A", "B")),)


def test_sections_in_every_spine_count_once() -> None:
    found = kern("**kern\t**text\n*>[A,A]\t*>[A,A]\n*>A\t*>A\n4c\tla\n=2\t=2\n*>B\t*>B\n4d\tle\n*-\t*-\n")
    assert [section.label for section in found.sections] == ["A", "B"]
    assert found.expansions == (("", ("A", "A")),)


@pytest.mark.parametrize(
    ("labels", "endings"),
    [
        (["A", "A1", "A2"], ["", "1", "2"]),
        (["A", "A1", "A1", "A2"], ["", "1", "1", "2"]),
        (["A", "B1", "B2"], ["", "", ""]),
        (["A1", "A2"], ["", ""]),
        (["A", "A", "A1"], ["", "", "1"]),
        (["verse", "verse1", "verse2"], ["", "1", "2"]),
        (["A", "A12"], ["", "12"]),
        (["1", "2", "3"], ["", "", ""]),
    ],
)
def test_labels_mean_endings_only_after_their_section(labels: list[str], endings: list[str]) -> None:
    body = "\n".join(f"*>{label}\n={n}\n1c" for n, label in enumerate(labels, start=1))
    assert [line.ending for line in kern(f"*M4/4\n{body}\n==").barlines][:-1] == endings


STYLES = [
    ("=", "regular", ""), ("=||", "double", ""), ("==", "final", ""), ("=|!", "final", ""),
    ("=-", "invisible", ""), ("=.", "dashed", ""), ("=!|:", "regular", "start"), ("=:|!", "regular", "end"),
    ("=:|!|:", "regular", "both"), ("=||:", "double", "start"), ("=:||", "double", "end"),
    ("=:||:", "double", "both"), ("=|:", "regular", "start"), ("=:|", "regular", "end"),
    ("=|!:", "regular", "start"), ("=:!|:", "regular", "both"), ("=:!!:", "regular", "both"),
]  # fmt: skip


@pytest.mark.parametrize(("token", "kind", "repeat"), STYLES)
@pytest.mark.parametrize("number", ["", "7", "12a"])
def test_bar_lines_of_every_style_with_and_without_a_number(
    token: str, kind: str, repeat: str, number: str
) -> None:
    marks = len(token) - len(token.lstrip("="))
    found = kern(f"4c\n{token[:marks]}{number}{token[marks:]}\n4d")
    (line,) = found.barlines
    assert (line.kind, line.repeat) == (kind, repeat)
    assert f"{line.number or ''}{line.suffix}" == number
    assert found.losses == ()
    assert back(found).barlines == found.barlines


@given(
    st.sampled_from(["regular", "double", "final", "dashed", "invisible"]),
    st.sampled_from(["", "start", "end", "both"]),
    st.integers(0, 300),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["", "1", "2", "1,2", "1-3", "Fine"]),
)  # fmt: skip
def test_any_bar_line_survives(kind: str, repeat: str, number: int, suffix: str, ending: str) -> None:
    line = Barline(F(4), number, suffix if number else "", kind, repeat, ending)  # type: ignore[arg-type]
    notes = tuple(Note(F(4 * n), F(4), Pitch("C", F(0), 4)) for n in range(2))
    tune = Tune(notes, barlines=(line, Barline(F(8), kind="final")), meters=((F(0), Meter(4, 4)),))
    assert back(tune).barlines == tune.barlines
    assert write([tune]).losses == ()


def test_bar_numbers_are_those_of_the_source() -> None:
    found = kern("*M2/4\n4g\n=1\n2c\n=2\n2d\n=2a\n2e\n=\n2f\n=10\n2g\n==")
    assert [bar.number for bar in found.bars] == [0, 1, 2, 2, 0, 10]
    assert [line.suffix for line in found.barlines] == ["", "", "a", "", "", ""]


def test_two_bar_lines_at_one_moment_are_both_kept() -> None:
    found = kern("*M2/4\n2c\n=2:|!\n=2!|:\n2d\n==:|!")
    assert [(line.onset, line.repeat) for line in found.barlines[:2]] == [(2, "end"), (2, "start")]
    assert heard(found) == "CCDD"
    assert back(found) == found


def test_a_bar_that_a_repeat_cuts_is_two_bars() -> None:
    found = kern("*M2/4\n4g\n=1\n2c\n=2\n4d\n=:|!|:\n4e\n=3\n2f\n=4\n4g\n==:|!")
    assert [bar.duration for bar in found.bars] == [1, 2, 1, 1, 2, 1]
    assert heard(found) == "GCDGCDEFGEFG"


@pytest.mark.parametrize(
    ("body", "groups"),
    [
        pytest.param("{4c\n4d}\n{4e\n4f}", [2, 2], id="plain"),
        pytest.param("{4c\n4d\n{4e\n4f}", [2, 2], id="an end is missing"),
        pytest.param("{4c\n4d}\n4e\n4f}", [2, 2], id="a start is missing"),
        pytest.param("4c\n4d\n{4e\n4f}", [2, 2], id="the first start is missing"),
        pytest.param("{4c\n4d}\n{4e\n4f", [2, 2], id="the last end is missing"),
        pytest.param("{4c}\n{4d}\n{4e\n4f}", [1, 1, 2], id="phrases of one note"),
        pytest.param("{4c\n4d\n4r}\n{4e\n4f}", [3, 2], id="a rest ends a phrase"),
        pytest.param("{4c\n4d}\n4r\n{4e\n4f}", [2, 1, 2], id="a rest between phrases"),
        pytest.param("{4c\n4d}\n=2\n{4e\n4f}", [2, 2], id="over a bar line"),
        pytest.param("{{4c\n4d}}\n{4e\n4f}", [2, 2], id="doubled signs"),
        pytest.param("4c{\n}4d\n4e{\n}4f", [2, 2], id="signs in any place of the token"),
        pytest.param("{8qg\n4c\n4d}\n{4e\n4f}", [2, 2], id="opened on a grace note"),
        pytest.param("{4c 4e\n4d 4f}\n{4e\n4f}", [2, 2], id="on chords"),
    ],
)
def test_phrases_are_where_the_marks_say(body: str, groups: list[int]) -> None:
    found = kern(f"*M2/4\n{body}")
    assert found.phrasing == "marked"
    assert phrase_lengths(found) == groups
    assert back(found) == found


def test_marked_phrases_are_not_cut_again_at_sections_or_rests() -> None:
    found = kern("*M4/4\n*>A\n{2c\n2d\n=2||\n1r\n=3\n*>B\n2e\n2f}\n==")
    assert phrase_lengths(found) == [5]


@pytest.mark.parametrize(
    ("body", "groups"),
    [
        pytest.param("4c\n4d\n4e\n4f", [4], id="nothing to go by"),
        pytest.param("*>A\n4c\n4d\n*>B\n4e\n4f", [2, 2], id="sections"),
        pytest.param("4c\n4d\n=2:|!\n4e\n4f", [2, 2], id="a repeat"),
        pytest.param("4c\n4d\n=2||\n4e\n4f", [2, 2], id="a double bar line"),
        pytest.param("4c\n4d\n4r\n4e\n4f", [3, 2], id="a rest of a beat belongs to what it ends"),
        pytest.param("4c\n4d\n8r\n4e\n4f", [5], id="a shorter rest"),
        pytest.param("4c\n=2||\n4d\n4e\n4f", [4], id="a cut after one note is none"),
    ],
)
def test_phrases_that_nobody_marked_are_inferred_and_said_to_be(body: str, groups: list[int]) -> None:
    found = kern(f"*M2/4\n{body}")
    assert found.phrasing == "inferred"
    assert phrase_lengths(found) == groups
    again = back(found)
    assert (again, again.phrasing) == (found, "inferred")


def test_our_record_of_phrases_is_believed_and_another_word_is_not() -> None:
    body = "*M2/4\n{4c\n4d}\n4e\n4f"
    assert kern(body, "!!!canzona-phrases: inferred\n").phrasing == "inferred"
    assert kern(body, "!!!canzona-phrases: perhaps\n").phrasing == "marked"
    assert kern("4c\n4d", "!!!canzona-phrases: none\n").phrasing == "none"


def test_a_tune_with_sections_lists_and_endings_is_read_whole() -> None:
    """A polka in the way of the Humdrum user guide: nothing is lost and every bar counts."""
    found = kern(
        "*>[A,A1,A,A2,B,B1,B,B2]\n*>norep[A,A2,B,B2]\n*M2/4\n*k[f#]\n*G:\n"
        "*>A\n=1!|:\n8g\n8b\n8dd\n8b\n=2\n4g\n4g\n*>A1\n=3\n2a\n*>A2\n=4:|!\n2g\n"
        "*>B\n=5!|:\n4b\n4dd\n=6\n4cc\n4a\n*>B1\n=7\n2dd\n*>B2\n=8:|!\n2g\n==\n"
    )
    assert found.losses == ()
    assert [line.ending for line in found.barlines] == ["", "", "1", "2", "", "", "1", "2", ""]
    assert heard(found) == "GBDBGG" + "A" + "GBDBGG" + "G" + "BDCA" + "D" + "BDCA" + "G"
    assert len(found.bars) == 8
    assert back(found) == found
    without_lists = found.replace(expansions=())
    assert heard(without_lists) == heard(found)


@given(st.lists(st.sampled_from("ABC"), min_size=1, max_size=8))
def test_any_order_of_three_sections_sounds_as_long_as_its_parts(order: list[str]) -> None:
    body = f"*>[{','.join(order)}]\n*M2/4\n*>A\n2c\n=2\n*>B\n2d\n2e\n=4\n*>C\n2f\n2g\n2a\n=="
    found = kern(body)
    assert sum(end - begin for begin, end in playing_order(found)) == sum(
        {"A": 2, "B": 4, "C": 6}[label] for label in order
    )
    assert heard(found) == "".join({"A": "C", "B": "DE", "C": "FGA"}[label] for label in order)
    assert back(found) == found
