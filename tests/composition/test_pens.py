"""Writing many tunes side by side: rows end, others take their places, none hears of its neighbours."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.composition.context import tag_row
from canzona.composition.decode import Plan, Sampling, Written, class_lengths, write_tunes
from canzona.composition.events import (
    GOES_ON,
    PHRASE_ENDS,
    TICKS,
    TUNE_ENDS,
    Conditions,
    Event,
    EventList,
    Vocabulary,
)
from canzona.score.tune import FREE_METER, Meter
from tiny_rules import Stubborn, bars_rule, opening, vocabulary

F = Fraction
TWO_FOUR = Meter(2, 4)
KNOWN = vocabulary(1, F(1, 2), F(1, 4), 2)
TAGGED = Vocabulary(KNOWN.durations, KNOWN.pitches, KNOWN.meters, KNOWN.modes, ("north", "south"))


class Echo(Stubborn):
    """A network whose distributions follow from the tags and all events of the row's own tune, and counts."""

    def __init__(self, known: Vocabulary) -> None:
        super().__init__(known)
        self.states: list[int] = []
        self.steps = 0
        self.events = 0
        self.widest = 0

    def start(self, batch: int, tags: np.ndarray) -> Echo:
        self.states = [zlib.crc32(row.tobytes()) for row in tags]
        return self

    def duration(self, features: np.ndarray, event: np.ndarray) -> np.ndarray:
        self.steps += 1
        self.events += len(event)
        self.widest = max(self.widest, len(event))
        assert len(event) == len(self.states) == len(features)
        self.states = [
            zlib.crc32(last.tobytes(), state) for last, state in zip(event, self.states, strict=True)
        ]
        return self.said(0, self.states)

    def pitch(self, duration: np.ndarray, after: np.ndarray) -> np.ndarray:
        return self.said(1, [state + 7 * int(d) for state, d in zip(self.states, duration, strict=True)])

    def flag(self, duration: np.ndarray, pitch: np.ndarray, after: np.ndarray) -> np.ndarray:
        return self.said(2, [state + 11 * int(p) for state, p in zip(self.states, pitch, strict=True)])

    def endings(self, rows: np.ndarray, duration: np.ndarray, after: np.ndarray) -> np.ndarray:
        pitches = range(self.sizes[1])
        states = [[self.states[row] + 11 * pitch for pitch in pitches] for row in rows.tolist()]
        flags = np.array([self.said(2, row) for row in states]).reshape(len(rows), len(pitches), 3)
        return np.asarray(flags[..., TUNE_ENDS] - flags[..., :TUNE_ENDS].max(-1))

    def said(self, part: int, states: Sequence[int]) -> np.ndarray:
        rows = [np.random.default_rng(state).normal(0, 2, self.sizes[part]) for state in states]
        return np.array(rows, np.float32)

    def keep(self, rows: np.ndarray) -> None:
        self.states = [self.states[row] for row in rows.tolist()]

    def join(self, rows: np.ndarray, tags: np.ndarray) -> None:
        for row, tag in zip(rows.tolist(), tags, strict=True):
            self.states[row] = zlib.crc32(tag.tobytes())


def plan(seed: int, bars: int | None, *, tags: tuple[str, ...] = (), given_bars: int = 0) -> Plan:
    """A tune in 2/4 of so many bars, after so many given ones of two quarters each."""
    start = opening(TWO_FOUR)
    conditions = Conditions(tags=tags)
    events = tuple(
        Event(TICKS * place, TICKS, F(1), (place % 2, F(0)), GOES_ON) for place in range(2 * given_bars)
    )
    lines = tuple(2 * TICKS * bar for bar in range(given_bars + 1))
    rule = bars_rule(KNOWN, TWO_FOUR, F(0), None if bars is None else given_bars + bars)
    return Plan(EventList(events, lines, start.meters, conditions), (rule,), (seed, 1))


def write(plans: Sequence[Plan], batch: int = 64, network: Echo | None = None) -> list[Written]:
    return write_tunes(network or Echo(TAGGED), TAGGED, plans, Sampling(), batch=batch)  # type: ignore[arg-type]


def same(one: Written, two: Written) -> bool:
    return one.events == two.events and one.given == two.given and one.bits.tolist() == two.bits.tolist()


PLANS = st.lists(
    st.builds(
        plan,
        st.integers(0, 50),
        st.integers(1, 5),
        tags=st.sampled_from([(), ("north",), ("south", "north")]),
        given_bars=st.integers(0, 2),
    ),
    max_size=9,
)


@given(PLANS, st.integers(1, 6))
@settings(max_examples=40)
def test_a_tune_is_the_same_alone_and_among_any_others(plans: list[Plan], batch: int) -> None:
    together = write(plans, batch)
    assert len(together) == len(plans)
    for each, found in zip(plans, together, strict=True):
        assert same(found, write([each])[0])


@given(PLANS, st.integers(1, 6))
@settings(max_examples=25)
def test_results_stand_in_the_order_of_the_plans(plans: list[Plan], batch: int) -> None:
    backwards = write(plans[::-1], batch)[::-1]
    assert all(same(one, two) for one, two in zip(write(plans, batch), backwards, strict=True))


@given(PLANS, st.integers(1, 6))
@settings(max_examples=25)
def test_no_row_waits_and_no_batch_is_wider_than_allowed(plans: list[Plan], batch: int) -> None:
    network = Echo(TAGGED)
    found = write(plans, batch, network)
    assert network.widest <= batch
    assert network.events == sum(len(each.events) for each in found), "a row is asked once for each event"


def test_tunes_that_are_done_make_room_at_once() -> None:
    """One long tune and twenty short ones in two rows take no longer than the short ones one by one."""
    plans = [plan(0, 60), *(plan(seed, 1) for seed in range(1, 21))]
    network = Echo(TAGGED)
    found = write(plans, 2, network)
    long, short = len(found[0].events), sum(len(each.events) for each in found[1:])
    assert network.steps == max(long, short)


def test_nothing_to_write() -> None:
    network = Echo(TAGGED)
    assert write([], 4, network) == []
    assert network.steps == 0


def test_progress_rises_to_the_number_of_tunes() -> None:
    seen: list[int] = []
    write_tunes(
        Echo(TAGGED), TAGGED, [plan(seed, 1 + seed % 3) for seed in range(7)], Sampling(), batch=3,  # type: ignore[arg-type]
        progress=seen.append,
    )  # fmt: skip
    assert seen == sorted(set(seen)) and seen[-1] == 7


def test_tags_reach_the_network_for_rows_that_begin_later_too() -> None:
    plans = [plan(1, 2, tags=tags) for tags in ((), ("north",), ("south",), ("north",))]
    found = write(plans, 1)
    assert same(found[1], found[3])
    assert len({each.events for each in found}) == 3
    assert tag_row(TAGGED, ("south",)) != tag_row(TAGGED, ("north",))


def test_only_the_seed_tells_tunes_apart() -> None:
    assert same(*write([plan(4, 3), plan(4, 3)]))
    assert len({each.events for each in write([plan(seed, 3) for seed in range(10)])}) == 10


def test_what_is_given_stands_first_and_costs_nothing() -> None:
    (found,) = write([plan(2, 3, given_bars=2)])
    assert found.given == 4
    assert [(event.onset, event.duration, event.pitch) for event in found.events[:4]] == [
        (0, 1, (0, 0)), (TICKS, 1, (1, 0)), (2 * TICKS, 1, (0, 0)), (3 * TICKS, 1, (1, 0)),
    ]  # fmt: skip
    assert len(found.bits) == len(found.events) - 4


def test_events_follow_one_another_without_a_gap_and_end_once() -> None:
    for found in write([plan(seed, 1 + seed % 4, given_bars=seed % 3) for seed in range(12)], 5):
        onset = 0
        for event in found.events:
            assert (event.onset, event.ticks) == (onset, event.duration * TICKS)
            onset += event.ticks
        assert [event.flag == TUNE_ENDS for event in found.events] == [False] * (len(found.events) - 1) + [
            True
        ]
        assert onset % (2 * TICKS) == 0


def test_given_events_that_the_vocabulary_lacks_are_kept_as_they_are() -> None:
    strange = (
        Event(0, TICKS // 3, F(1, 3), (9, F(1, 2)), PHRASE_ENDS),
        Event(TICKS // 3, 5 * TICKS // 3, F(5, 3), "rest", GOES_ON),
    )
    each = plan(3, 2)
    listed = EventList(strange, (0, 2 * TICKS), each.opening.meters, each.opening.conditions)
    rule = bars_rule(KNOWN, TWO_FOUR, F(0), 3)
    (found,) = write([Plan(listed, (rule,), (3,))])
    assert found.events[:2] == strange
    assert {event.duration for event in found.events[2:]} <= set(KNOWN.durations), "no escape is written"


def test_a_given_tune_that_has_ended_is_left_alone() -> None:
    ended = (Event(0, 2 * TICKS, F(2), (0, F(0)), TUNE_ENDS),)
    listed = EventList(ended, (0,), ((0, TWO_FOUR),), Conditions())
    (found,) = write([Plan(listed, (), (1,))])
    assert (found.events, found.given, len(found.bits)) == (ended, 1, 0)


def test_a_given_end_in_the_middle_is_no_end() -> None:
    """Of a tune that goes on, an earlier last note may still carry the flag."""
    events = (Event(0, TICKS, F(1), (0, F(0)), TUNE_ENDS), Event(TICKS, TICKS, F(1), (1, F(0)), GOES_ON))
    listed = EventList(events, (0, 2 * TICKS), ((0, TWO_FOUR),), Conditions())
    (found,) = write([Plan(listed, (bars_rule(KNOWN, TWO_FOUR, F(0), 2),), (1,))])
    assert found.events[:2] == events and found.events[-1].flag == TUNE_ENDS
    assert len(found.events) > 2


def test_bits_of_a_network_without_an_opinion_are_those_of_its_classes() -> None:
    """The rules' weights are no part of the figure: it is the model's alone, escapes among its classes."""
    (found,) = write_tunes(Stubborn(TAGGED), TAGGED, [plan(1, 2)], Sampling())  # type: ignore[arg-type]
    expected = np.log2(len(TAGGED.durations) + 1) + np.log2(len(TAGGED.pitches) + 1)
    assert found.bits == pytest.approx(np.full(len(found.events), expected))


@pytest.mark.parametrize("sampling", [Sampling(0.0), Sampling(1e-9), Sampling(1.0, 1e-9)], ids=str)
def test_without_chance_the_seed_decides_nothing(sampling: Sampling) -> None:
    plans = [plan(seed, 3) for seed in range(4)]
    found = write_tunes(Echo(TAGGED), TAGGED, plans, sampling)  # type: ignore[arg-type]
    assert len({each.events for each in found}) == 1


def test_free_meter_ends_too() -> None:
    listed = EventList((), (), ((0, FREE_METER),), Conditions())
    rule = bars_rule(KNOWN, FREE_METER, F(0), None)
    for found in write([Plan(listed, (rule,), (seed,)) for seed in range(5)], 2):
        assert found.events[-1].flag == TUNE_ENDS


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (F(1), [TICKS, TICKS // 2, TICKS // 4, 2 * TICKS, 0]),
        (F(1, 2), [TICKS // 2, TICKS // 4, TICKS // 8, TICKS, 0]),
    ],
)
def test_classes_of_durations_are_ticks_of_the_beat(unit: Fraction, expected: list[int]) -> None:
    lengths = class_lengths(KNOWN.durations, unit)
    assert lengths.tolist() == expected
    with pytest.raises(ValueError, match="read-only"):
        lengths[0] = 1


def test_a_duration_between_the_ticks_is_never_drawn() -> None:
    assert class_lengths([F(1), F(1, 11)], F(1)).tolist() == [TICKS, 0, 0]
