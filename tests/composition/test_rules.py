"""What bars and phrases allow, beside every sequence of events that there is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest

from canzona.composition.context import TuneState
from canzona.composition.decode import class_lengths
from canzona.composition.events import (
    GOES_ON,
    PHRASE_ENDS,
    TICKS,
    TUNE_ENDS,
    Event,
    EventList,
    Vocabulary,
    beat_unit,
    ticks,
)
from canzona.composition.rules import Phrases, Rule
from canzona.errors import RulesError
from canzona.score.tune import FREE_METER, Meter
from tiny_rules import Stubborn, bars_rule, fillings, opening, vocabulary, write

F = Fraction
Row = tuple[tuple[Fraction, int], ...]
"""Durations in quarter notes with their flags."""


def allowed(known: Vocabulary, start: EventList, asked: Sequence[Rule], longest: Fraction) -> Iterator[Row]:
    """Every sequence up to a length that the product of some rules lets a decoder write; no dead end."""
    unit = beat_unit(start.meters[0][1])
    lengths = class_lengths(known.durations, unit)

    def go(events: list[tuple[int, int]]) -> Iterator[Row]:
        state = TuneState(known, start, writing=True)
        for place, flag in events:
            event = Event(state.now, int(lengths[place]), known.durations[place], "rest", flag)
            state.push(event, place, 0)
        if events and events[-1][1] == TUNE_ENDS:
            yield tuple((known.durations[place] * unit, flag) for place, flag in events)
            return
        weights = _product([rule.durations(state) for rule in asked])
        assert (weights[:-1] > 0).any(), f"no duration may follow {events}"
        for place in np.flatnonzero(weights[:-1] > 0).tolist():
            if state.now + lengths[place] > longest * TICKS:
                continue
            flags = _product([rule.flags(state, int(lengths[place])) for rule in asked])
            assert (flags > 0).any(), f"no flag may follow {events} and {place}"
            for flag in np.flatnonzero(flags > 0).tolist():
                yield from go([*events, (place, flag)])

    yield from go([])


def _product(weights: Sequence[np.ndarray | None]) -> np.ndarray:
    table = np.ones(1)
    for each in weights:
        if each is not None:
            assert (each >= 0).all() and np.isfinite(each).all()
            table = table * each
    return table


def every(known: Vocabulary, meter: Meter, longest: Fraction) -> Iterator[Row]:
    """Every sequence of durations up to a length, with every flag; the last one ends the tune."""
    values = [value * beat_unit(meter) for value in known.durations]

    def rows(left: Fraction) -> Iterator[tuple[Fraction, ...]]:
        for value in values:
            if value <= left:
                yield (value,)
                for rest in rows(left - value):
                    yield (value, *rest)

    for row in rows(longest):
        for flags in product((GOES_ON, PHRASE_ENDS), repeat=len(row) - 1):
            yield tuple(zip(row, (*flags, TUNE_ENDS), strict=True))


def closes(sequence: Row, meter: Meter, pickup: Fraction, bars: int | None, fills: set[Fraction]) -> bool:
    """The definition: no note crosses a bar line, and the last bar is full or short by the pickup."""
    ends = list(np.cumsum([duration for duration, _ in sequence]))
    lines = [pickup + meter.length * number for number in range(12)]
    if any(begin < line < end for begin, end in pairwise([F(0), *ends]) for line in lines):
        return False
    short = meter.length - pickup in fills and pickup
    last = ends[-1] - pickup  # what is filled behind the pickup
    full, rest = divmod(last + (pickup if short else 0), meter.length)
    if bars is not None:
        return rest == 0 and full == bars and last > (bars - 1) * meter.length
    return last > 0 and (last % meter.length == 0 or (bool(short) and rest == 0))


CASES = [
    (Meter(2, 4), 0, 1, (1, F(1, 2), 2)),
    (Meter(2, 4), 0, 2, (1, F(3, 2), F(1, 2))),
    (Meter(2, 4), 1, 1, (1, F(1, 2), 2)),
    (Meter(3, 4), 0, 2, (1, 2, 3, 6)),
    (Meter(3, 4), 1, 2, (1, 2, 3)),
    (Meter(3, 4), 2, 2, (1, 2)),
    (Meter(3, 4), 1, 2, (1, 2, 4)),
    (Meter(3, 4), F(1, 2), 1, (1, F(1, 2))),
    (Meter(6, 8), F(1, 2), 1, (1, 2, 3)),
    (Meter(5, 4), 0, 1, (2, 3)),
    (Meter(5, 4), 2, 2, (2, 3)),
    (Meter(5, 4), 1, 1, (2, 1)),
    (Meter(4, 4), 2, 1, (3, 1, 2)),
    (Meter(4, 4), 1, 1, (1, 4)),
    (Meter(2, 2), 2, 1, (1, F(1, 2))),
    (Meter(7, 8), 0, 1, (2, 3)),
    (Meter(2, 4), 0, None, (1, 2)),
    (Meter(2, 4), 1, None, (1, 2)),
    (Meter(3, 4), 2, None, (1, 3)),
    (Meter(3, 8), F(1, 2), None, (1, 2)),
]


@pytest.mark.parametrize(("meter", "pickup", "bars", "durations"), CASES)
def test_bars_allow_exactly_what_closes(
    meter: Meter, pickup: Fraction, bars: int | None, durations: tuple[Fraction, ...]
) -> None:
    known, pickup = vocabulary(*durations), F(pickup)
    longest = pickup + meter.length * (bars or 2)
    fills = fillings(known, meter, meter.length)
    expected = {row for row in every(known, meter, longest) if closes(row, meter, pickup, bars, fills)}
    rule = bars_rule(known, meter, pickup, bars)
    found = list(allowed(known, opening(meter, pickup), [rule], longest))
    assert expected, "the case is worth nothing"
    assert set(found) == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize("durations", [(1, F(1, 2), 2), (2, 3), (F(3, 2), 2), (F(1, 3), F(1, 2))])
def test_a_rest_of_a_bar_can_be_filled_where_some_durations_add_up_to_it(
    durations: tuple[Fraction, ...],
) -> None:
    known = vocabulary(*durations)
    rule = bars_rule(known, Meter(6, 4), F(0), 1)
    reachable = fillings(known, Meter(6, 4), F(6))
    for left in range(0, 6 * TICKS + 1, TICKS // 12):
        assert rule.fills(left) == (F(left, TICKS) in reachable)


def test_durations_weigh_alike_where_the_rest_can_be_filled_and_nothing_elsewhere() -> None:
    known = vocabulary(1, 2, F(3, 4), 4)
    rule = bars_rule(known, Meter(2, 4), F(0), 2)
    weights = rule.durations(TuneState(known, opening(Meter(2, 4)), writing=True))
    assert weights.tolist() == [1.0, 1.0, 0.0, 0.0, 0.0], "nothing fills the 5/4 behind a 3/4"


def test_a_large_bar_of_small_notes_can_be_filled() -> None:
    known = vocabulary(F(1, 32), F(1, 24), F(7, 8))
    assert bars_rule(known, Meter(64, 1), F(0), 1).fills(ticks(F(256)))


@pytest.mark.parametrize(
    ("meter", "durations"),
    [(Meter(3, 4), (2,)), (Meter(5, 4), (4, F(3, 2))), (Meter(1, 4), (2, 3)), (Meter(1, 2**20), (1, 2))],
)
def test_a_bar_that_nothing_fills_is_refused(meter: Meter, durations: tuple[Fraction, ...]) -> None:
    with pytest.raises(RulesError, match="fill a bar of this meter; choose another meter"):
        bars_rule(vocabulary(*durations), meter, F(0), 2)


@pytest.mark.parametrize(("meter", "most"), [(Meter(1, 4), 64), (FREE_METER, 400)])
def test_a_tune_of_free_length_ends_at_last(meter: Meter, most: int) -> None:
    known = vocabulary(1)
    rule = bars_rule(known, meter, F(0), None)
    done = write(known, opening(meter), [rule], Stubborn(known, (9.0, 0.0, -50.0)))
    assert len(done.events) == most


PHRASE_CASES = [
    (Meter(2, 4), 0, 1, 1, (1, 2)), (Meter(2, 4), 0, 3, 1, (1, 2)), (Meter(2, 4), 0, 3, 2, (1, 2)),
    (Meter(2, 4), 0, 3, 3, (1, 2)), (Meter(2, 4), 1, 3, 2, (1, 2)), (Meter(2, 4), 1, 3, 3, (1, 2)),
    (Meter(3, 4), 2, 2, 2, (1, 2)), (Meter(1, 4), 0, 5, 3, (1, F(1, 2))), (Meter(3, 4), 0, 2, 2, (3, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("meter", "pickup", "bars", "phrases", "durations"), PHRASE_CASES)
def test_phrases_are_as_many_as_asked_for_one_a_bar(
    meter: Meter, pickup: int, bars: int, phrases: int, durations: tuple[Fraction, ...]
) -> None:
    known, first = vocabulary(*durations), F(pickup)
    longest = first + meter.length * bars
    fills = fillings(known, meter, meter.length)

    def phrased(row: Row) -> bool:
        ends = np.cumsum([duration for duration, _ in row])
        at = [-((first - end) // meter.length) for end, (_, flag) in zip(ends, row, strict=True) if flag]
        return len(at) == phrases and len(set(at)) == phrases and at[0] > 0

    rows = (row for row in every(known, meter, longest) if closes(row, meter, first, bars, fills))
    expected = {row for row in rows if phrased(row)}
    asked = [bars_rule(known, meter, first, bars), Phrases(phrases, bars)]
    assert expected
    assert set(allowed(known, opening(meter, first), asked, longest)) == expected


@pytest.mark.parametrize(("phrases", "bars"), [(1, 3), (2, 3), (2, 5), (3, 5), (5, 5), (4, 9)])
def test_the_mass_of_phrase_ends_is_that_of_all_ways_to_place_them(phrases: int, bars: int) -> None:
    """At the end of each bar before the last, whatever ended before."""
    known, start = vocabulary(1), opening(Meter(1, 4))
    chance, rule = (phrases - 1) / (bars - 1), Phrases(phrases, bars)
    for flags in product((GOES_ON, PHRASE_ENDS), repeat=bars - 2):
        state = TuneState(known, start, writing=True)
        for flag in flags:
            left = bars - 2 - len(state.onsets)
            wanted = phrases - 1 - sum(state.flags)
            ways = [sum(way) for way in product((0, 1), repeat=left)]
            mass = {
                ends: sum(chance**n * (1 - chance) ** (left - n) for n in ways if n == ends)
                for ends in (wanted, wanted - 1)
            }
            weights = rule.flags(state, TICKS)
            assert weights[GOES_ON] == pytest.approx(mass[wanted])
            assert weights[PHRASE_ENDS] == pytest.approx(mass[wanted - 1])
            state.push(Event(state.now, TICKS, F(1), "rest", flag), 0, 0)


@pytest.mark.parametrize(("phrases", "bars"), [(5, 4), (2, 1), (401, None)])
def test_more_phrases_than_room_are_refused(phrases: int, bars: int | None) -> None:
    with pytest.raises(RulesError, match=f"{phrases} phrases do not fit into"):
        Phrases(phrases, bars)
