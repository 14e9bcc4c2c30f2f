"""Bar lines in MusicXML: their numbers, styles, repeats and endings, read and written."""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree

import pytest

from canzona.score import Barline, Meter, Tune
from canzona.score.musicxml import read_musicxml, write_musicxml
from canzona.score.unfold import unfold
from melodies import melody
from musicxml_text import ATTRIBUTES, attributes, names, note, score, tune_of

F = Fraction

FORWARD = '<barline location="left"><bar-style>heavy-light</bar-style><repeat direction="forward"/></barline>'
BACKWARD = (
    '<barline location="right"><bar-style>light-heavy</bar-style><repeat direction="backward"/></barline>'
)
NO_NUMBER = 'width="9"'
BAR = note("C4", 4)


def right(style: str = "", more: str = "") -> str:
    """A right bar line of a style."""
    look = f"<bar-style>{style}</bar-style>" if style else ""
    return f'<barline location="right">{look}{more}</barline>'


def left(style: str = "", more: str = "") -> str:
    """A left bar line of a style."""
    return right(style, more).replace("right", "left")


def ending(number: str, kind: str, text: str = "") -> str:
    """An `<ending>`."""
    return f'<ending number="{number}" type="{kind}">{text}</ending>'


def lines(*measures: str) -> list[tuple[Fraction, str, str, str]]:
    """Onset, kind, repeat and ending of the bar lines of measures in 2/4, the first with attributes."""
    tune = tune_of(score(ATTRIBUTES + measures[0], *measures[1:]))
    return [(line.onset, line.kind, line.repeat, line.ending) for line in tune.barlines]


@pytest.mark.parametrize(
    ("style", "kind"),
    [
        ("regular", "regular"),
        ("light-light", "double"),
        ("light-heavy", "final"),
        ("heavy", "final"),
        ("heavy-heavy", "final"),
        ("dashed", "dashed"),
        ("dotted", "dashed"),
        ("none", "invisible"),
        ("tick", "regular"),
        ("short", "regular"),
    ],
)
def test_the_style_of_a_bar_line_is_its_kind(style: str, kind: str) -> None:
    found = lines(BAR + right(style), BAR)
    assert found[1] == (F(2), kind, "", "")


def test_the_left_edge_says_the_style_where_the_right_one_does_not() -> None:
    assert lines(BAR, left("light-light") + BAR)[1] == (F(2), "double", "", "")
    assert lines(BAR + right("regular"), left("light-light") + BAR)[1] == (F(2), "double", "", "")
    assert lines(BAR + right("light-light"), left("regular") + BAR)[1] == (F(2), "double", "", "")


def test_a_bar_line_without_a_location_stands_at_the_right() -> None:
    assert lines(BAR + "<barline><bar-style>dashed</bar-style></barline>", BAR)[1][1] == "dashed"


def test_a_bar_line_in_the_middle_of_a_measure_is_said_to_be_left_out() -> None:
    middle = '<barline location="middle"><bar-style>dashed</bar-style></barline>'
    tune = tune_of(score(ATTRIBUTES + note("C4", 2) + middle + note("D4", 2), BAR))
    assert len(tune.bars) == 2
    assert tune.losses == ("1 bar lines inside a measure",)


def test_nothing_is_made_up_at_the_end_of_a_part() -> None:
    assert lines(BAR, BAR) == [(F(0), "invisible", "", ""), (F(2), "regular", "", "")]
    assert lines(BAR, BAR + right("light-heavy"))[-1] == (F(4), "final", "", "")


def test_a_repeat_between_two_measures_is_one_line_of_both_sides() -> None:
    assert lines(FORWARD + BAR + BACKWARD, FORWARD + BAR + BACKWARD) == [
        (F(0), "regular", "start", ""),
        (F(2), "regular", "both", ""),
        (F(4), "final", "end", ""),
    ]


def test_repeats_need_no_style() -> None:
    bare = [right(more='<repeat direction="backward"/>'), left(more='<repeat direction="forward"/>')]
    assert lines(BAR + bare[0], bare[1] + BAR)[1] == (F(2), "regular", "both", "")


def test_a_repeat_of_three_times_is_said_to_be_lost() -> None:
    thrice = right("light-heavy", '<repeat direction="backward" times="3"/>')
    tune = tune_of(score(ATTRIBUTES + BAR + thrice, BAR))
    assert tune.barlines[1].repeat == "end"
    assert tune.losses == ("1 repeats played more than twice",)
    twice = right("light-heavy", '<repeat direction="backward" times="2"/>')
    assert tune_of(score(ATTRIBUTES + BAR + twice, BAR)).losses == ()


# Endings.


@pytest.mark.parametrize(
    ("number", "text", "label"),
    [
        ("1", "", "1"),
        ("1", "1.", "1"),
        ("1, 2", "", "1, 2"),
        ("1,2", "1.-2.", "1,2"),
        ("2", "Fine", "Fine"),
        ("1", "for repeat", "for repeat"),
        ("", "1.", "1."),
        (" ", "1.", "1."),
    ],
)
def test_an_ending_is_called_by_its_text_or_its_numbers(number: str, text: str, label: str) -> None:
    start = left(more=ending(number, "start", text))
    stop = right("light-heavy", ending(number, "stop") + '<repeat direction="backward"/>')
    assert lines(BAR, start + BAR + stop, BAR)[1] == (F(2), "regular", "", label)


def test_an_ending_without_number_or_text_is_said_to_be_lost() -> None:
    start = left(more=ending(" ", "start"))
    tune = tune_of(score(ATTRIBUTES + BAR, start + BAR + BACKWARD, BAR))
    assert [line.ending for line in tune.barlines] == ["", "", ""]
    assert tune.losses == ("1 endings without a label",)


def test_an_ending_of_two_measures_begins_once() -> None:
    first = left(more=ending("1", "start"))
    close = right("light-heavy", ending("1", "stop") + '<repeat direction="backward"/>')
    second = left(more=ending("2", "start"))
    open_end = right(more=ending("2", "discontinue"))
    found = lines(BAR, first + BAR, BAR + close, second + BAR + open_end, BAR)
    assert [line[3] for line in found] == ["", "1", "", "2", ""]
    assert [line[2] for line in found] == ["", "", "", "end", ""]


def test_where_an_ending_stops_at_a_plain_line_is_said_to_be_lost() -> None:
    second = left(more=ending("2", "start"))
    tune = tune_of(score(ATTRIBUTES + BAR, second + BAR + right(more=ending("2", "discontinue")), BAR))
    assert tune.losses == ("1 endings that stop at a plain bar line",)
    double = right("light-light", ending("2", "discontinue"))
    assert tune_of(score(ATTRIBUTES + BAR, second + BAR + double, BAR)).losses == ()


def test_a_tune_with_two_endings_plays_as_it_says() -> None:
    bars = [note(name, 4) for name in ("C4", "D4", "E4", "F4", "G4")]
    first = left(more=ending("1", "start"))
    close = right("light-heavy", ending("1", "stop") + '<repeat direction="backward"/>')
    second = left(more=ending("2", "start"))
    double = right("light-light", ending("2", "stop"))
    tune = tune_of(
        score(
            ATTRIBUTES + FORWARD + bars[0],
            bars[1],
            first + bars[2] + close,
            second + bars[3] + double,
            bars[4],
        )
    )
    assert names(unfold(tune)) == ["C4", "D4", "E4", "C4", "D4", "F4", "G4"]


# Numbers.


@pytest.mark.parametrize(
    ("written", "number", "suffix"),
    [
        ('number="7"', 7, ""),
        ('number="07"', 7, ""),
        ('number="7b"', 7, "b"),
        ('number="7-8"', 7, "-8"),
        ('number="X1" implicit="yes"', 0, ""),
        ('number="x"', 0, "x"),
        ('number="7" implicit="yes"', 7, ""),
        ("", 0, ""),
    ],
)
def test_numbers_of_measures(written: str, number: int, suffix: str) -> None:
    tune = tune_of(score(ATTRIBUTES + BAR, f"{written or NO_NUMBER}|{BAR}"))
    assert (tune.barlines[-1].number, tune.barlines[-1].suffix) == (number, suffix)


@pytest.mark.parametrize("number", ["0", "1", "X0", ""])
def test_an_implicit_first_measure_has_no_bar_line_before_it(number: str) -> None:
    tune = tune_of(score(f'number="{number}" implicit="yes"|{ATTRIBUTES}{note("C4", 1)}', BAR, BAR))
    assert [line.onset for line in tune.barlines] == [F(1, 2), F(5, 2)]
    assert tune.pickup == F(1, 2)


def test_a_pickup_that_counts_as_measure_one_is_one_all_the_same() -> None:
    tune = tune_of(score(f'number="1"|{ATTRIBUTES}{note("C4", 1)}', BAR, BAR))
    assert tune.pickup == F(1, 2)
    assert [line.number for line in tune.barlines] == [1, 2, 3]


def test_numbers_need_not_run_on() -> None:
    numbers = ["5", "7", "7", "3"]
    tune = tune_of(score(*(f'number="{n}"|{ATTRIBUTES if n == "5" else ""}{BAR}' for n in numbers)))
    assert [line.number for line in tune.barlines] == [5, 7, 7, 3]


# Writing.


def bars_of(*barlines: Barline, notes: str = "c4:2 d4:2 e4:2 f4:2") -> Tune:
    """Four bars of 2/4 with some bar lines."""
    return Tune(notes=melody(notes), barlines=barlines, meters=((F(0), Meter(2, 4)),), phrasing="none")


def written(tune: Tune) -> ElementTree.Element:
    """The document of a tune, which has to come back."""
    result = write_musicxml([tune])
    assert result.losses == ()
    assert next(read_musicxml(result.data)) == tune
    return ElementTree.fromstring(result.data)


def test_measures_are_numbered_as_the_bar_lines_say() -> None:
    tune = bars_of(Barline(F(2), 1), Barline(F(4), 2, "a"), Barline(F(6), 0))
    measures = written(tune).findall("part/measure")
    assert [(m.get("number"), m.get("implicit")) for m in measures] == [
        ("0", "yes"),
        ("1", None),
        ("2a", None),
        ("X1", "yes"),
    ]


def test_a_right_repeat_of_a_double_line_is_drawn_as_a_repeat() -> None:
    tune = bars_of(Barline(F(2), 2, kind="double", repeat="end"), Barline(F(4), 3))
    (line,) = written(tune).findall("part/measure/barline")
    assert (line.get("location"), line.findtext("bar-style")) == ("right", "light-heavy")
    assert [child.tag for child in line] == ["bar-style", "repeat"]


def test_endings_are_opened_on_the_left_and_closed_on_the_right() -> None:
    tune = bars_of(
        Barline(F(2), 2, ending="1"),
        Barline(F(4), 3, repeat="end", ending="2"),
        Barline(F(6), 4, kind="double"),
    )
    found = [
        (place, line.get("location"), end.get("number"), end.get("type"))
        for place, measure in enumerate(written(tune).findall("part/measure"), start=1)
        for line in measure.findall("barline")
        for end in line.findall("ending")
    ]
    assert found == [
        (2, "left", "1", "start"),
        (2, "right", "1", "stop"),
        (3, "left", "2", "start"),
        (3, "right", "2", "discontinue"),
    ]


@pytest.mark.parametrize(
    ("label", "numbers"),
    [("1", "1"), ("1,3", "1, 3"), ("1-3", "1, 2, 3"), ("Fine", "1"), ("007", "7")],
)
def test_the_numbers_of_an_ending_are_those_of_its_label(label: str, numbers: str) -> None:
    tune = bars_of(Barline(F(2), 2, ending=label), Barline(F(4), 3, repeat="end"))
    starts = [end for end in written(tune).iter("ending") if end.get("type") == "start"]
    assert [end.get("number") for end in starts] == [numbers]


def test_no_two_elements_of_a_document_share_an_id() -> None:
    tune = bars_of(
        Barline(F(0), 1, kind="invisible", repeat="start"),
        Barline(F(2), 1, "a", kind="double", repeat="both"),
        Barline(F(4), 1, kind="double", repeat="both"),
        Barline(F(6), 0, kind="double", repeat="both"),
        Barline(F(8), 0, kind="double", repeat="end"),
    )
    ids = [element.get("id") for element in written(tune).iter() if element.get("id")]
    names_of_things = [name for name in ids if name not in ("P1", "P1-I1")]
    assert len(set(names_of_things)) == len(names_of_things) == 5


def test_a_final_line_in_the_middle_is_kept() -> None:
    written(
        bars_of(
            Barline(F(2), 2, kind="final"), Barline(F(4), 3, kind="dashed"), Barline(F(8), 0, kind="final")
        )
    )


def test_a_last_repeat_of_a_tune_closes_it() -> None:
    tune = bars_of(Barline(F(0), 1), Barline(F(8), 0, kind="final", repeat="end"))
    (line,) = (line for line in written(tune).iter("barline") if line.get("location") == "right")
    assert [child.tag for child in line] == ["bar-style", "repeat"]
    assert line.get("id") is None


def test_bar_lines_in_free_meter_are_written_where_they_stand() -> None:
    tune = bars_of(Barline(F(3), 2), Barline(F(4), 3)).replace(meters=((F(0), Meter(0, 1, symbol="X")),))
    root = written(tune)
    assert len(root.findall("part/measure")) == 3
    assert root.find("part/measure/attributes/time/senza-misura") is not None


def test_a_meter_that_changes_at_a_bar_line_stands_in_that_measure() -> None:
    tune = bars_of(Barline(F(2), 2), Barline(F(4), 3)).replace(
        meters=((F(0), Meter(2, 4)), (F(4), Meter(4, 4, symbol="c")))
    )
    measures = written(tune).findall("part/measure")
    assert [measure.findtext("attributes/time/beats") for measure in measures] == ["2", None, "4"]


def test_attributes_may_be_said_twice_in_one_place() -> None:
    tune = tune_of(score(attributes(2) + attributes(4) + note("C4", 4)))
    assert tune.notes[0].duration == 1
