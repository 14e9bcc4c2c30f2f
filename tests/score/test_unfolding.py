"""What a player plays: bars, ties, keys and phrases of tunes whose repeats are written out.

The orders that are expected here are those of the textbooks (Gould, Behind Bars, pages 234 to
241): a part between signs twice, endings by their numbers, each group of endings by itself.
"""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.score import Attachment, Barline, Grace, Key, Meter, Note, Pitch, Section, Tune
from canzona.score.unfold import MOST_PASSES, playing_order, unfold
from melodies import melody
from strategies import tunes

F = Fraction
LETTERS = "CDEFGAB"
START = {"repeat": "start"}
END = {"repeat": "end"}
BOTH = {"repeat": "both"}
FIRST = {"ending": "1"}
SECOND = {"repeat": "end", "ending": "2"}


def walked(bars: int, **signs: dict[str, object]) -> Tune:
    """A bar of 4/4 for each letter from C, with signs at the bar lines: `at2` is that after two bars."""
    words = [f"{LETTERS[bar % 7].lower()}{4 + bar // 7}:4" for bar in range(bars)]
    lines = [
        Barline(F(4 * bar), bar + 1, **signs.get(f"at{bar}", {}))  # type: ignore[arg-type]
        for bar in range(bars + 1)
        if bar or "at0" in signs
    ]
    return Tune(melody(" ".join(words)), tuple(lines), meters=((F(0), Meter(4, 4)),))


def heard(tune: Tune) -> str:
    return "".join(note.pitch.step for note in unfold(tune).notes if note.pitch)


def gapless(notes: tuple[Note, ...]) -> bool:
    return notes[0].onset == 0 and all(a.end == b.onset for a, b in itertools.pairwise(notes))


@pytest.mark.parametrize(
    ("tune", "expected"),
    [
        (walked(4, at2=END, at4=END), "CDCDEFEF"),
        (walked(4, at0=START, at2=END, at4={"kind": "final"}), "CDCDEF"),
        (walked(6, at2=BOTH, at4=BOTH, at6=END), "CDCDEFEFGAGA"),
        (walked(6, at2=END, at3=START, at5=END), "CDCDEFGFGA"),
        (walked(6, at2=FIRST, at3=SECOND, at4=START, at6=END), "CDECDFGAGA"),
        (walked(6, at1=FIRST, at2=SECOND, at3={"kind": "double"}, at6=END), "CDCEFGAFGA"),
        (walked(6, at0=START, at1=FIRST, at2=SECOND, at3=START, at4=FIRST, at5=SECOND), "CDCEFGFA"),
        (walked(4, at2={"kind": "double"}, at4=END), "CDEFCDEF"),
        (walked(4, at1={"ending": "1-3"}, at2={"repeat": "end", "ending": "4"}), "CDCDCDCEF"),
        (walked(3, at1={"ending": "1, 2"}, at2={"repeat": "end", "ending": "3"}), "CDCDCE"),
        (walked(3, at1={"ending": "1."}, at2={"repeat": "end", "ending": "2."}), "CDCE"),
        (walked(3, at1={"ending": "1"}, at2=END), "CDCE"),
        (walked(1, at1=END), "CC"),
        (walked(2, at1=START), "CD"),
        (walked(2, at0=START), "CD"),
        (walked(5, at0=START, at2=START, at4=END), "CDEFEFG"),
    ],
    ids=[
        "two closing signs", "an opening sign at the start", "three parts", "a gap between repeats",
        "endings, then a repeat", "a double bar ends the endings", "two groups of endings",
        "a double bar is no sign", "three times and once", "listed endings", "labels with points",
        "a lone first ending", "one bar", "an opening sign alone", "an opening sign at 0 alone",
        "two opening signs",
    ],
)  # fmt: skip
def test_the_order_of_bars(tune: Tune, expected: str) -> None:
    assert heard(tune) == expected


def test_every_bar_of_a_repeated_tune_is_a_full_bar() -> None:
    for tune in (
        walked(4, at4=END),
        walked(4, at2=END, at4=END),
        walked(4, at0=START, at4=END),
        walked(4, at2=FIRST, at3=SECOND),
    ):
        assert {bar.duration for bar in unfold(tune).bars} == {4}
        assert len(unfold(tune).bars) == len(heard(tune))


def test_a_pickup_completes_the_last_bar_at_the_jump() -> None:
    notes = melody("g4:1 c5:4 d5:3")
    lines = (Barline(F(1), 1), Barline(F(5), 2), Barline(F(8), repeat="end"))
    unfolded = unfold(Tune(notes, lines, meters=((F(0), Meter(4, 4)),)))
    assert [bar.duration for bar in unfolded.bars] == [1, 4, 4, 4, 3]
    assert unfolded.pickup == 1


def test_a_pickup_after_a_full_last_bar_stands_alone() -> None:
    notes = melody("g4:1 c5:4 d5:4")
    lines = (Barline(F(1), 1), Barline(F(5), 2), Barline(F(9), repeat="end"))
    unfolded = unfold(Tune(notes, lines, meters=((F(0), Meter(4, 4)),)))
    assert [bar.duration for bar in unfolded.bars] == [1, 4, 4, 1, 4, 4]


def test_without_bar_lines_none_come_up() -> None:
    sections = (Section(F(0), "A"), Section(F(2), "B"))
    tune = Tune(melody("c4 d4 e4 f4"), sections=sections, expansions=(("", ("A", "B", "A")),))
    assert unfold(tune).barlines == ()
    assert heard(tune) == "CDEFCD"


def test_a_note_tied_into_a_repeat_is_struck_anew() -> None:
    """Two bars, the second repeated, a note tied over the opening sign."""
    notes = melody("c4:3 d4:2 e4:3")
    lines = (Barline(F(4), 2, repeat="start"), Barline(F(8), repeat="end"))
    unfolded = unfold(Tune(notes, lines, meters=((F(0), Meter(4, 4)),)))
    assert heard(unfolded) == "CDEDE"
    assert [(note.onset, note.duration) for note in unfolded.notes] == [
        (0, 3), (3, 2), (5, 3), (8, 1), (9, 3),
    ]  # fmt: skip


def test_what_is_struck_anew_leaves_graces_and_words_to_the_note_itself() -> None:
    sung = Note(
        F(3), F(2), Pitch("D", F(0), 4), graces=(Grace(Pitch("E", F(0), 4)),),
        attachments=(Attachment("lyric", "la"),),
    )  # fmt: skip
    notes = (melody("c4:3")[0], sung, Note(F(5), F(3), Pitch("E", F(0), 4)))
    lines = (Barline(F(4), 2, repeat="start"), Barline(F(8), repeat="end"))
    again = unfold(Tune(notes, lines)).notes[3]
    assert (again.graces, again.attachments) == ((), ())


def test_a_note_tied_over_a_closing_sign_ends_there() -> None:
    notes = melody("c4:3 d4:2 e4:3")
    lines = (Barline(F(4), 2, repeat="end"), Barline(F(8), kind="final"))
    unfolded = unfold(Tune(notes, lines, meters=((F(0), Meter(4, 4)),)))
    assert heard(unfolded) == "CDCDE"
    assert unfolded.notes[1].duration == 1
    assert unfolded.duration == 12


def test_meters_that_change_within_a_repeat_change_back() -> None:
    lines = (Barline(F(4), 2), Barline(F(7), 3, repeat="end"), Barline(F(11), kind="final"))
    meters = ((F(0), Meter(4, 4)), (F(4), Meter(3, 4)), (F(7), Meter(4, 4)))
    unfolded = unfold(Tune(melody("c4:4 d4:3 e4:4"), lines, meters=meters))
    assert [(at, str(meter)) for at, meter in unfolded.meters] == [
        (0, "4/4"), (4, "3/4"), (7, "4/4"), (11, "3/4"), (14, "4/4"),
    ]  # fmt: skip
    assert [bar.duration for bar in unfolded.bars] == [4, 3, 4, 3, 4]


def test_a_key_that_stays_is_said_once() -> None:
    tune = walked(4, at4=END).replace(keys=((F(0), Key("G", 0, "major")),))
    assert unfold(tune).keys == tune.keys


def test_the_final_bar_line_stays_final_and_loses_its_dots() -> None:
    tune = walked(2, at2={"repeat": "end", "kind": "final"})
    last = unfold(tune).barlines[-1]
    assert (last.onset, last.kind, last.repeat) == (16, "final", "")


def test_phrases_are_played_again_with_their_marks() -> None:
    notes = melody("(c4:2 d4:2) (e4:2 f4:2)")
    tune = Tune(notes, (Barline(F(8), repeat="end"),), phrasing="marked")
    assert [len(phrase) for phrase in unfold(tune).phrases()] == [2, 2, 2, 2]


def test_words_and_graces_are_sung_again() -> None:
    tune = walked(1, at1=END)
    sung = tune.replace(
        notes=(
            Note(F(0), F(4), Pitch("C", F(0), 4), attachments=(Attachment("lyric", "la"),)),
        )
    )  # fmt: skip
    assert [note.attachments[0].text for note in unfold(sung).notes] == ["la", "la"]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (("A", "A"), "CDCD"),
        (("B", "A"), "EFCD"),
        (("A", "B", "A", "B", "A"), "CDEFCDEFCD"),
        (("B",), "EF"),
        (("A", "B"), "CDEF"),
        ((), "CDEF"),
        (("A", "X"), "CDEF"),
    ],
)
def test_expansion_lists(order: tuple[str, ...], expected: str) -> None:
    tune = walked(4).replace(
        sections=(Section(F(0), "A"), Section(F(8), "B")), expansions=(("", order),) if order else ()
    )
    played = "".join(
        note.pitch.step
        for begin, end in playing_order(tune)
        for note in tune.notes
        if begin <= note.onset < end and note.pitch
    )
    assert played == expected


def test_what_stands_before_the_first_section_is_played_first() -> None:
    tune = walked(3).replace(
        sections=(Section(F(4), "A"), Section(F(8), "B")), expansions=(("", ("B", "A")),)
    )
    assert playing_order(tune) == ((0, 4), (8, 12), (4, 8))


def test_an_expansion_that_never_ends_is_not_followed() -> None:
    tune = walked(2).replace(sections=(Section(F(0), "A"),), expansions=(("", ("A",) * 65),))
    assert unfold(tune) is tune


def test_the_list_without_repeats_is_not_the_default() -> None:
    tune = walked(2, at2=END).replace(sections=(Section(F(0), "A"),), expansions=(("norep", ("A",)),))
    assert heard(tune) == "CDCD"


def test_no_label_makes_an_endless_tune() -> None:
    tune = walked(3, at1={"ending": "1-999"}, at2={"repeat": "end", "ending": "1000"})
    assert heard(tune).count("C") <= MOST_PASSES + 1


def test_labels_that_are_no_numbers_are_played_through() -> None:
    assert heard(walked(4, at1={"ending": "Da Capo"}, at3={"ending": "Fine"})) == "CDEF"


@settings(max_examples=30)
@given(tunes())
def test_unfolding_again_changes_nothing(tune: Tune) -> None:
    once = unfold(tune)
    assert unfold(once) is once


@settings(max_examples=30)
@given(tunes())
def test_nothing_is_silent_between_notes(tune: Tune) -> None:
    assert gapless(unfold(tune).notes)


@settings(max_examples=30)
@given(tunes())
def test_each_note_of_the_score_is_heard(tune: Tune) -> None:
    """Every pitch that the order passes is there, as often as the order passes it."""
    unfolded = unfold(tune)
    for note in tune.notes:
        times = sum(begin <= note.onset < end for begin, end in playing_order(tune))
        found = sum(other.pitch == note.pitch for other in unfolded.notes)
        assert found >= times


@settings(max_examples=30)
@given(tunes(), st.sampled_from(["end", "start", "both"]))
def test_bar_lines_stay_in_order_and_within_the_tune(tune: Tune, repeat: str) -> None:
    lines = tuple(
        Barline(line.onset, line.number, repeat=repeat if place % 3 == 2 else "")  # type: ignore[arg-type]
        for place, line in enumerate(tune.barlines)
    )
    unfolded = unfold(tune.replace(barlines=lines, expansions=()))
    onsets = [line.onset for line in unfolded.barlines if line.onset <= unfolded.duration]
    assert onsets == sorted(set(onsets))


@settings(max_examples=30)
@given(tunes(), st.integers(2, 4))
def test_a_whole_repeat_is_the_tune_again_and_again(tune: Tune, times: int) -> None:
    plain = tune.replace(
        barlines=(), sections=(Section(F(0), "A"),), expansions=(("", ("A",) * times),), phrasing="none"
    )
    unfolded = unfold(plain)
    pitches = [note.pitch for note in plain.notes]
    assert [note.pitch for note in unfolded.notes] == pitches * times
    assert unfolded.duration == times * plain.duration
