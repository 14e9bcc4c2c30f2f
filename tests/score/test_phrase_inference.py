"""Where phrases are inferred in music as it comes: dances, songs with rests, files without lines."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.score import Barline, Meter, Note, Pitch, Section, Tune, format_named, infer_phrases
from canzona.score.phrases import BARS_A_PHRASE
from melodies import melody
from strategies import tunes

F = Fraction


def of_words(text: str, meter: Meter = Meter(4, 4), pickup: str = "0", **more: object) -> Tune:  # noqa: B008
    """A melody with a bar line at each full bar after the pickup."""
    notes = melody(text)
    lines, at, number = [], F(pickup), 1
    while meter.length and at <= notes[-1].end:
        lines.append(Barline(at, number))
        at, number = at + meter.length, number + 1
    return Tune(notes, tuple(lines), meters=((F(0), meter),)).replace(**more)


def begins(tune: Tune) -> list[Fraction]:
    return [phrase[0].onset for phrase in tune.phrases()]


def moved_by(pitch: Pitch, octaves: int) -> Pitch:
    return dataclasses.replace(pitch, octave=pitch.octave + octaves)


def bare(tune: Tune) -> Tune:
    notes = tuple(dataclasses.replace(n, phrase_start=False, phrase_end=False) for n in tune.notes)
    return tune.replace(notes=notes, phrasing="none")


BAR = "c4 d4 e4 f4"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{BAR} g4:3 r:1 {BAR}", [0, 8]),
        (f"{BAR} g4:7/2 r:1/2 {BAR}", [0]),
        (f"{BAR} g4:2 r:2 r:4 {BAR}", [0, 12]),
        (f"r:4 {BAR} {BAR}", [0]),
        (f"{BAR} {BAR} r:4", [0]),
        ("c4 r:1 d4 r:1 e4 r:1 f4 g4", [0, 4]),
        ("c4 d4 r:2 e4 r:2 f4 g4", [0, 4]),
        (f"{BAR} r:1/2 r:1/2 {BAR}", [0, 5]),
    ],
    ids=[
        "a rest of a beat", "a breath of half a beat", "a rest over a bar line", "a rest at the start",
        "a rest at the end", "single notes between rests", "a single note is no phrase", "two half rests",
    ],
)  # fmt: skip
def test_rests_cut(text: str, expected: list[int]) -> None:
    assert begins(infer_phrases(of_words(text))) == expected


@pytest.mark.parametrize(
    ("meter", "rest", "cuts"),
    [
        (Meter(4, 4), "1", True), (Meter(4, 4), "3/4", False), (Meter(2, 2), "1", False),
        (Meter(2, 2), "2", True), (Meter(6, 8), "1/2", True), (Meter(6, 8), "1/4", False),
        (Meter(3, 16), "1/4", True), (Meter(0, 1), "1", True), (Meter(0, 1), "1/2", False),
        (Meter(4, 1), "2", False),
    ],
    ids=str,
)  # fmt: skip
def test_a_beat_is_what_the_meter_says(meter: Meter, rest: str, cuts: bool) -> None:
    found = infer_phrases(of_words(f"c4 d4 r:{rest} e4 f4", meter))
    assert (len(found.phrases()) == 2) is cuts


def test_a_rest_belongs_to_the_phrase_before_it() -> None:
    found = infer_phrases(of_words(f"{BAR} r:4 {BAR}"))
    assert [note.phrase_end for note in found.notes] == [False] * 4 + [True] + [False] * 3 + [True]


@pytest.mark.parametrize("repeat", ["start", "end", "both"])
def test_a_repeat_sign_cuts(repeat: str) -> None:
    lines = (Barline(F(4), 2, repeat=repeat), Barline(F(8), 3))  # type: ignore[arg-type]
    assert begins(infer_phrases(of_words(f"{BAR} {BAR}").replace(barlines=lines))) == [0, 4]


@pytest.mark.parametrize(
    ("kind", "cuts"),
    [("regular", False), ("double", True), ("final", True), ("dashed", False), ("invisible", False)],
)
def test_kinds_of_bar_lines(kind: str, cuts: bool) -> None:
    lines = (Barline(F(4), 2, kind=kind),)  # type: ignore[arg-type]
    found = infer_phrases(of_words(f"{BAR} {BAR}").replace(barlines=lines))
    assert (begins(found) == [0, 4]) is cuts


def test_sections_cut_where_a_note_begins() -> None:
    sections = (Section(F(0), "A"), Section(F(4), "B"), Section(F(13, 2), "C"))
    assert begins(infer_phrases(of_words(f"{BAR} {BAR}", sections=sections))) == [0, 4]


@pytest.mark.parametrize(
    ("line_ends", "expected"),
    [([], [0]), ([4], [0, 4]), ([4, 4, 4], [0, 4]), ([8, 4], [0, 4, 8]), ([99], [0]), ([0], [0])],
    ids=["none", "one", "repeated", "in any order", "beyond", "at the start"],
)  # fmt: skip
def test_line_ends(line_ends: list[int], expected: list[int]) -> None:
    tune = of_words(f"{BAR} {BAR} {BAR}")
    assert begins(infer_phrases(tune, [F(end) for end in line_ends])) == expected


def test_lines_may_come_from_an_iterator() -> None:
    tune = of_words(f"{BAR} {BAR}")
    assert begins(infer_phrases(tune, iter([F(4)]))) == [0, 4]


@pytest.mark.parametrize(
    ("bars", "expected"), [(3, [0]), (4, [0]), (5, [0, 16]), (8, [0, 16]), (9, [0, 16, 32])]
)  # fmt: skip
def test_without_lines_every_four_bars(bars: int, expected: list[int]) -> None:
    assert BARS_A_PHRASE == 4
    assert begins(infer_phrases(of_words(" ".join([BAR] * bars)), None)) == expected


def test_without_lines_a_pickup_goes_with_what_follows() -> None:
    found = infer_phrases(of_words("g4 " + " ".join([BAR] * 7) + " c4 d4 e4", pickup="1"), None)
    assert begins(found) == [0, 16]
    assert found.phrases()[1][0].onset + found.pickup == 17


def test_a_held_note_over_the_cut_moves_it_to_the_bar_line() -> None:
    """The pickup's place is within a note, so the phrase begins with the bar."""
    text = "g4 " + " ".join([BAR] * 3) + " c4 d4 e4:2 " + " ".join([BAR] * 3)
    assert begins(infer_phrases(of_words(text, pickup="1"), None)) == [0, 17]


def test_after_a_cut_by_a_rest_four_bars_are_counted_anew() -> None:
    text = f"{BAR} g4:3 r:1 " + " ".join([BAR] * 5)
    assert begins(infer_phrases(of_words(text), None)) == [0, 8, 24]


def test_free_meter_without_lines_is_one_phrase_but_for_rests() -> None:
    free = Tune(melody(" ".join([BAR] * 10)), meters=((F(0), Meter(0, 1, symbol="X")),))
    assert begins(infer_phrases(free, None)) == [0]
    assert begins(infer_phrases(free.replace(notes=melody(f"{BAR} r:1 {BAR}")), None)) == [0, 5]


def test_marks_of_the_source_are_never_touched() -> None:
    tune = of_words("c4 (d4) e4 f4", phrasing="marked")
    assert infer_phrases(tune, [F(2)]) is tune
    assert infer_phrases(tune, None) is tune


DANCE = "X:1\nT:Dance\nM:2/4\nL:1/4\nK:C\n|: c d | e f |\ng a | b c' :|\nc' b | a g | f e |\nd2 | c2 |]\n"


def test_a_dance_in_abc_is_cut_at_lines_and_repeats() -> None:
    [tune] = format_named("abc").read(DANCE.encode(), "dance.abc", None)
    assert tune.phrasing == "inferred"
    assert begins(tune) == [0, 4, 8, 14]


@settings(max_examples=30)
@given(tunes(), st.lists(st.integers(0, 40).map(F), max_size=5), st.integers(1, 19))
def test_what_comes_later_changes_no_earlier_phrase(tune: Tune, ends: list[Fraction], keep: int) -> None:
    whole = bare(tune)
    part = whole.replace(notes=whole.notes[:keep])
    if part.is_empty:
        return
    long, short = infer_phrases(whole, ends), infer_phrases(part, ends)
    assert [note.phrase_start for note in short.notes] == [n.phrase_start for n in long.notes[:keep]]


@settings(max_examples=30)
@given(tunes(), st.lists(st.integers(0, 40).map(F), max_size=5))
def test_phrases_have_two_notes_or_are_the_last(tune: Tune, ends: list[Fraction]) -> None:
    found = infer_phrases(bare(tune), ends)
    for phrase in found.phrases()[:-1]:
        assert sum(note.pitch is not None for note in phrase) >= 2


@settings(max_examples=30)
@given(tunes(), st.integers(-3, 3))
def test_pitches_do_not_matter(tune: Tune, octaves: int) -> None:
    plain = bare(tune)
    moved = plain.replace(
        notes=tuple(
            Note(n.onset, n.duration, n.pitch and moved_by(n.pitch, octaves))
            for n in plain.notes
        )
    )  # fmt: skip
    assert begins(infer_phrases(moved, None)) == begins(infer_phrases(plain, None))
