"""Which bars only repeat: parts that a source plays twice, endings that differ, and tunes without repeats."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.composition.events import EventList, encode
from canzona.composition.passes import second_passes
from canzona.score import Barline, Key, Meter, Note, Pitch, Tune

F = Fraction
TWO_FOUR = Meter(2, 4)


def bar(number: int) -> list[tuple[int, Fraction]]:
    """Four notes that no bar of another number has."""
    digits = [number % 7, number // 7 % 7, number // 49 % 7, 0]
    return [(digit, F(1, 2)) for digit in digits]


def tune_of(numbers: list[int], pickup: int | None = None) -> EventList:
    """A tune of numbered bars in 2/4, perhaps after a pickup of an eighth."""
    notes, onset = [], F(0)
    parts = [bar(number) for number in numbers]
    if pickup is not None:
        parts = [[(pickup, F(1, 2))], *parts]
    lines = []
    for part in parts:
        for height, length in part:
            notes.append(Note(onset, length, Pitch("CDEFGAB"[height], F(0), 4)))
            onset += length
        lines.append(Barline(onset, len(lines) + 1))
    return encode(
        Tune(
            notes=tuple(notes), barlines=tuple(lines), meters=((F(0), TWO_FOUR),),
            keys=((F(0), Key("C", 0, "major")),),
        )
    )  # fmt: skip


def repeated(numbers: list[int], pickup: int | None = None) -> list[int]:
    """Places of the bars that are second passes, the pickup not counted."""
    found = second_passes(tune_of(numbers, pickup)).tolist()
    if pickup is not None:
        assert found[0] is False
        found = found[1:]
    bars = [found[at : at + 4] for at in range(0, len(found), 4)]
    assert all(len(set(flags)) == 1 for flags in bars), "a bar is repeated as a whole"
    return [place for place, flags in enumerate(bars) if flags[0]]


A, B = list(range(1, 9)), list(range(11, 19))


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (A + A, range(8, 16)),
        (A + A + B + B, [*range(8, 16), *range(24, 32)]),
        (A[:4] + A[:4] + B[:4] + B[:4], [*range(4, 8), *range(12, 16)]),
        (A + A + B, range(8, 16)),
        (A + B, []),
        (A, []),
        (A[:4] + A[:4], range(4, 8)),
        (A[:3] + A[:3], []),
        (A + B + A, []),
        ([*A[:7], 20, *A[:7], 21], range(8, 16)),
        ([*A[:6], 20, 21, *A[:6], 22, 23], range(8, 16)),
        ([*A[:5], 20, 21, 22, *A[:5], 23, 24, 25], []),
        ([*A[:3], 20, *A[:3], 21], range(4, 8)),
        ([*A[:2], 20, 21, *A[:2], 22, 23], []),
    ],
    ids=[
        "a part twice", "two parts twice", "short parts twice", "the first part twice", "no repeat",
        "one part", "four bars twice", "three bars twice are no part", "a da capo is no second pass",
        "another last bar", "two other last bars", "three other last bars are another part",
        "short parts with another last bar", "half of a short part",
    ],
)  # fmt: skip
@pytest.mark.parametrize("pickup", [None, 3], ids=["", "pickup"])
def test_second_passes(numbers: list[int], expected: list[int], pickup: int | None) -> None:
    assert repeated(numbers, pickup) == list(expected)


NUMBERS = st.lists(st.integers(0, 342), min_size=1, max_size=20, unique=True)


@given(NUMBERS)
@settings(max_examples=20)
def test_a_tune_of_different_bars_has_no_second_pass(numbers: list[int]) -> None:
    assert repeated(numbers) == []


@given(st.lists(st.integers(0, 342), min_size=8, max_size=8, unique=True), NUMBERS)
@settings(max_examples=12)
def test_a_part_played_twice_is_found_wherever_it_stands(part: list[int], rest: list[int]) -> None:
    """After an introduction the bars that repeat are as many; where they begin is known to two bars."""
    rest = [number for number in rest if number not in part][:8]
    assert repeated(part + part + rest) == list(range(8, 16))
    found = repeated(rest + part + part)
    assert len(found) == 8
    assert len(rest) + 6 <= found[0] <= len(rest) + 8


@given(st.lists(st.integers(0, 3), max_size=40))
@settings(max_examples=25)
def test_no_more_than_half_of_a_tune_is_repeated(numbers: list[int]) -> None:
    assert 2 * len(repeated(numbers)) <= max(1, len(numbers))


def test_what_lies_ahead_makes_no_earlier_bar_a_second_pass() -> None:
    whole = second_passes(tune_of(A + A + B + B))
    part = second_passes(tune_of(A + A))
    assert whole[: len(part)].tolist() == part.tolist()


@pytest.mark.parametrize("barlines", [(), (0,), (-5,)])
def test_a_tune_without_bars_has_none(barlines: tuple[int, ...]) -> None:
    listed = tune_of(A + A)
    bare = EventList(listed.events, barlines, listed.meters, listed.conditions)
    assert not second_passes(bare).any()


def test_an_empty_tune_has_no_events_to_mark() -> None:
    found = second_passes(encode(Tune()))
    assert (found.shape, found.dtype) == ((0,), np.bool_)
