"""Repeats and endings played out."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given

from canzona.score import Barline, Key, Meter, Section, Tune
from canzona.score.unfold import playing_order, unfold
from melodies import jig, melody, star
from pace import within
from strategies import tunes

F = Fraction
SECOND = Barline(F(8), repeat="end", ending="2")
FOUR_BARS = melody("c4:4 d4:4 e4:4 f4:4")


def letters(tune: Tune) -> str:
    return "".join(note.pitch.step for note in tune.notes if note.pitch)


def four_bars(*directed: Barline) -> Tune:
    plain = {F(4 * bar): Barline(F(4 * bar), bar + 1) for bar in range(1, 5)}
    lines = plain | {line.onset: line for line in directed}
    return Tune(
        FOUR_BARS, tuple(sorted(lines.values(), key=lambda line: line.onset)), meters=((F(0), Meter(4, 4)),)
    )


@pytest.mark.parametrize(
    ("directed", "heard"),
    [
        ((), "CDEF"),
        ((Barline(F(16), repeat="end"),), "CDEFCDEF"),
        ((Barline(F(8), repeat="end"),), "CDCDEF"),
        ((Barline(F(8), repeat="both"), Barline(F(16), repeat="end")), "CDCDEFEF"),
        ((Barline(F(4), repeat="start"), Barline(F(12), repeat="end")), "CDEDEF"),
        ((Barline(F(8), ending="1"), Barline(F(12), repeat="end", ending="2")), "CDECDF"),
        (
            (Barline(F(4), ending="1"), SECOND, Barline(F(12), kind="double")),
            "CDCEF",
        ),
        ((Barline(F(4), ending="1-2"), Barline(F(8), repeat="end", ending="3")), "CDCDCEF"),
        (
            (Barline(F(4), ending="1,3"), SECOND, Barline(F(12), repeat="end")),
            "CDCECDF",
        ),
        ((Barline(F(12), ending="1"), Barline(F(16), repeat="end")), "CDEFCDE"),
        ((Barline(F(4), ending="Fine"),), "CDEF"),
    ],
)  # fmt: skip
def test_bar_lines_say_what_is_heard(directed: tuple[Barline, ...], heard: str) -> None:
    assert letters(unfold(four_bars(*directed))) == heard


def test_a_default_expansion_list_comes_before_bar_lines() -> None:
    tune = four_bars(Barline(F(16), repeat="end")).replace(
        sections=(Section(F(0), "A"), Section(F(8), "B")),
        expansions=(("", ("A", "B", "A")), ("norep", ("A", "B"))),
    )
    assert letters(unfold(tune)) == "CDEFCD"


def test_an_expansion_list_that_names_the_unknown_is_left_alone() -> None:
    tune = four_bars().replace(sections=(Section(F(0), "A"),), expansions=(("", ("A", "Z")),))
    assert letters(unfold(tune)) == "CDEF"


def test_what_is_unfolded_is_a_sound_tune() -> None:
    tune = unfold(jig())
    assert tune.duration == 2 * jig().duration
    assert all(a.end == b.onset for a, b in zip(tune.notes, tune.notes[1:], strict=False))
    assert not any(line.repeat or line.ending for line in tune.barlines)
    assert sorted(line.onset for line in tune.barlines) == [line.onset for line in tune.barlines]


def test_keys_and_meters_are_said_again_where_they_jump_back() -> None:
    tune = four_bars(Barline(F(16), repeat="end")).replace(
        keys=((F(0), Key("C", 0, "major")), (F(8), Key("G", 0, "major")))
    )
    assert [str(key) for _, key in unfold(tune).keys] == ["C major", "G major", "C major", "G major"]


def test_a_tune_without_repeats_is_itself() -> None:
    tune = star()
    assert unfold(tune) is tune
    assert playing_order(tune) == ((F(0), F(24)),)
    assert playing_order(Tune()) == ()


def test_many_repeats_take_no_time() -> None:
    notes = melody(" ".join(["c4:1"] * 800))
    tune = Tune(notes, tuple(Barline(F(n), repeat="both", ending="1-16") for n in range(1, 800)))
    with within(3):
        unfold(tune)


@given(tunes())
def test_any_tune_unfolds_into_a_line_without_gaps(tune: Tune) -> None:
    order = playing_order(tune)
    assert all(0 <= begin < end <= tune.duration for begin, end in order)
    unfolded = unfold(tune)
    assert unfolded.duration == sum((end - begin for begin, end in order), F(0))
    assert all(a.end <= b.onset for a, b in zip(unfolded.notes, unfolded.notes[1:], strict=False))
