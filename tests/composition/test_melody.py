"""Melodies as rows of steps: exact ratios, rests, transposition, and runs compared without hashing."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import gcd

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.composition.melody import UNITS_A_SEMITONE, gram_ranks, melody_of, ranks
from canzona.score import Barline, Grace, Meter, Note, Pitch, Tune
from canzona.score.transpose import transpose
from melodies import jig, melody, star

F = Fraction
Pair = tuple[Pitch | None, Fraction]

LENGTHS = st.sampled_from(
    [F(1, 12), F(1, 8), F(1, 6), F(1, 4), F(1, 3), F(1, 2), F(3, 4), F(1), F(3, 2), F(4)]
)
PITCHES = st.builds(
    Pitch, st.sampled_from("CDEFGAB"), st.sampled_from([F(-1), F(0), F(1)]), st.integers(2, 6)
)
PAIRS = st.lists(st.tuples(st.none() | PITCHES, LENGTHS), max_size=30)


def tune_of(pairs: Sequence[Pair]) -> Tune:
    notes, onset = [], F(0)
    for pitch, length in pairs:
        notes.append(Note(onset, length, pitch))
        onset += length
    return Tune(notes=tuple(notes))


def steps(pairs: Sequence[Pair]) -> list[int]:
    found: list[int] = melody_of(tune_of(pairs)).steps.tolist()
    return found


C, D = Pitch("C", F(0), 4), Pitch("D", F(0), 4)


def test_the_steps_of_the_first_bars_of_a_song() -> None:
    """c c g g a a g of Ah! vous dirai-je: intervals 0 7 0 2 0 -2, the last note twice as long."""
    whole = melody_of(star())
    semitones = [int(step) for step in np.diff(whole.heights)[:6] // UNITS_A_SEMITONE]
    assert semitones == [0, 7, 0, 2, 0, -2]
    assert whole.lengths[:7].tolist() == [1, 1, 1, 1, 1, 1, 2]
    assert whole.moves[:3].tolist() == [7 * UNITS_A_SEMITONE, 2 * UNITS_A_SEMITONE, -2 * UNITS_A_SEMITONE]
    assert len(whole.steps) == len(whole.heights) - 1


def test_no_two_ratios_of_durations_are_one_step() -> None:
    """All ratios of durations of 1 to 192 192nds: as many steps as reduced fractions."""
    unit = F(1, 48)
    found: dict[int, tuple[int, int]] = {}
    for above in range(1, 193):
        pairs = [pair for below in range(1, 193) for pair in ((C, below * unit), (C, above * unit))]
        row = steps(pairs)[::2]
        for below, step in enumerate(row, start=1):
            shared = gcd(above, below)
            ratio = above // shared, below // shared
            assert found.setdefault(step, ratio) == ratio
    assert len(found) == sum(gcd(a, b) == 1 for a in range(1, 193) for b in range(1, 193))


@given(st.tuples(LENGTHS, LENGTHS), st.sampled_from([F(1, 2), F(2), F(1, 3), F(3), F(4, 3), F(5, 7)]))
def test_a_ratio_is_the_same_in_any_note_values(pair: tuple[Fraction, Fraction], scale: Fraction) -> None:
    first, second = pair
    assert steps([(C, first), (D, second)]) == steps([(C, first * scale), (D, second * scale)])


@given(PAIRS)
def test_rests_lengthen_the_note_before(pairs: list[Pair]) -> None:
    merged: list[Pair] = []
    for pitch, length in pairs:
        if pitch is None and merged:
            merged[-1] = merged[-1][0], merged[-1][1] + length
        elif pitch is not None:
            merged.append((pitch, length))
    whole = melody_of(tune_of(pairs))
    again = melody_of(tune_of(merged))
    assert whole.heights.tolist() == again.heights.tolist()
    assert whole.lengths == pytest.approx(again.lengths)
    assert [pairs[place][0] for place in whole.places.tolist()] == [pitch for pitch, _ in merged]


@given(PAIRS, st.sampled_from(["M2", "-m3", "P5", "-P8", "A4"]))
def test_transposing_changes_no_step(pairs: list[Pair], interval: str) -> None:
    tune = tune_of(pairs)
    assert melody_of(transpose(tune, interval)).steps.tolist() == melody_of(tune).steps.tolist()


@given(PAIRS)
def test_a_melody_backwards_has_the_steps_backwards_and_upside_down(pairs: list[Pair]) -> None:
    sounding = [pair for pair in pairs if pair[0] is not None]
    assert melody_of(tune_of(sounding[::-1])).steps.tolist() == [-step for step in steps(sounding)[::-1]]


@given(PAIRS, PAIRS)
def test_joined_melodies_share_all_but_one_step(first: list[Pair], second: list[Pair]) -> None:
    second = [(C, F(1)), *second]
    whole, one, two = steps(first + second), steps(first), steps(second)
    assert whole[len(whole) - len(two) :] == two
    if first and first[-1][0] is not None:
        assert whole[: len(one)] == one


def test_spelling_is_no_difference() -> None:
    sharp, flat = Pitch("C", F(1), 4), Pitch("D", F(-1), 4)
    assert steps([(C, F(1)), (sharp, F(1))]) == steps([(C, F(1)), (flat, F(1))])


@pytest.mark.parametrize("alter", [F(1, 2), F(-1, 2), F(4, 9), F(-5, 9), F(8, 9), F(1, 9), F(2, 9)], ids=str)
def test_quarter_tones_and_commas_are_intervals_of_their_own(alter: Fraction) -> None:
    near = [steps([(C, F(1)), (Pitch("C", other, 4), F(1))]) for other in (F(0), F(1), F(-1), alter)]
    assert near[3] not in near[:3]
    (height,) = np.diff(melody_of(tune_of([(C, F(1)), (Pitch("C", alter, 4), F(1))])).heights)
    assert Fraction(int(height), UNITS_A_SEMITONE) == alter


def test_graces_bars_and_words_are_no_part_of_a_melody() -> None:
    bare = tune_of([(C, F(1)), (D, F(1, 2)), (C, F(1, 2))])
    notes = tuple(
        Note(note.onset, note.duration, note.pitch, True, True, (Grace(D), Grace(C))) for note in bare.notes
    )
    dressed = bare.replace(
        notes=notes, barlines=(Barline(F(1), 1),), meters=((F(0), Meter(3, 8)),), records=(("OTL", "A"),)
    )
    assert melody_of(dressed).steps.tolist() == melody_of(bare).steps.tolist()


@pytest.mark.parametrize("text", ["", "r:1 r:2", "c4:1", "r:1 c4:1 r:3"])
def test_what_has_no_two_notes_has_no_step(text: str) -> None:
    whole = melody_of(Tune(notes=melody(text)))
    assert whole.steps.tolist() == whole.moves.tolist() == []
    assert len(whole.heights) == text.count("c4")


def test_rests_before_the_first_note_are_no_part_of_it() -> None:
    with_rest, without = Tune(notes=melody("r:3 c4:1 d4:1")), Tune(notes=melody("c4:1 d4:1"))
    assert melody_of(with_rest).lengths.tolist() == melody_of(without).lengths.tolist() == [1, 1]
    assert melody_of(with_rest).places.tolist() == [1, 2]


@pytest.mark.parametrize(
    "length", [F(1, 10**9), F(10**9), F(1, 2**100), F(2**60)], ids=["1e-9", "1e9", "2^-100", "2^60"]
)
def test_absurd_durations_have_steps(length: Fraction) -> None:
    row = steps([(C, F(1)), (D, length), (C, F(1)), (D, length)])
    assert len(row) == 3 and row[0] == row[2] != row[1]


def test_repeated_notes_are_no_moves() -> None:
    whole = melody_of(jig())
    assert len(whole.moves) == len(whole.steps) - sum(
        before.pitch == after.pitch for before, after in pairwise(jig().notes)
    )
    assert not (whole.moves == 0).any()


SMALL = st.lists(st.integers(0, 2), max_size=40)


@given(SMALL, st.integers(1, 6))
def test_ranks_of_runs_are_equal_where_the_runs_are_and_in_their_order(row: list[int], size: int) -> None:
    found = gram_ranks(np.array(row, np.int64), size).tolist()
    runs = [tuple(row[at : at + size]) for at in range(len(row) - size + 1)]
    assert len(found) == max(0, len(runs))
    order = {run: place for place, run in enumerate(sorted(set(runs)))}
    assert found == [order[run] for run in runs]


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 2)), min_size=1, max_size=30))
def test_ranks_of_several_rows_are_those_of_their_pairs(rows: list[tuple[int, int]]) -> None:
    one, two = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    order = {pair: place for place, pair in enumerate(sorted(set(rows)))}
    assert ranks(one, two).tolist() == [order[pair] for pair in rows]


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=20))
@settings(max_examples=40)
def test_ranks_take_numbers_of_any_size(row: list[int]) -> None:
    order = sorted(set(row))
    assert ranks(np.array(row, np.int64)).tolist() == [order.index(value) for value in row]
