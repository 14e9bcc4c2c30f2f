"""Note values from ticks: exact grids, late onsets, gates, played rhythm, rests, bars and pickups."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.score import Barline, Meter, Tune
from midi_chunks import METER_6_8, file, meter, notes, times, track, tune_of

F = Fraction
NOUGHT, WHOLE = F(0), F(1)

DIVISIONS = (24, 48, 96, 120, 192, 240, 384, 480, 960, 1024, 1920)
"""Ticks of a quarter note that programs use."""

GRIDS = {
    "quarters": [F(1)] * 10,
    "eighths": [F(1, 2)] * 12,
    "dotted": [F(3, 2), F(1, 2)] * 5,
    "sixteenths": [F(1, 4), F(1, 4), F(1, 2)] * 5,
    "triplets": [F(1, 3)] * 6 + [F(1), F(2, 3), F(1, 3)],
    "sextuplets": [F(1, 6)] * 6 + [F(1)] * 4,
    "scotch": [F(1, 4), F(3, 4)] * 5,
    "syncopes": [F(1, 2), F(1), F(1), F(1), F(1, 2)] * 2,
    "long": [F(4), F(8), F(6), F(2)] * 3,
}


def played(
    lengths: list[Fraction], division: int, *, gate: Fraction = WHOLE, start: Fraction = NOUGHT, late: int = 0
) -> list[tuple[int, int, int]]:
    """Spans of notes one after another; each sounds for `gate` of its length."""
    spans, onset = [], start
    for place, length in enumerate(lengths):
        begin, end = onset * division, (onset + length * gate) * division
        spans.append((int(begin) + late, max(int(end), int(begin) + 1) + late, 60 + place % 5))
        onset += length
    return spans


def truth(lengths: list[Fraction], start: Fraction = NOUGHT) -> list[tuple[Fraction, Fraction]]:
    """Onset and duration of notes one after another."""
    return [(start + sum(lengths[:place], F(0)), length) for place, length in enumerate(lengths)]


def read_spans(spans: list[tuple[int, int, int]], division: int = 480, *more: tuple[int, bytes]) -> Tune:
    return tune_of(file(track([*more, *notes(spans)]), division=division))


# Exact grids.


ON_GRID = [
    (grid, division)
    for grid, lengths in GRIDS.items()
    for division in DIVISIONS
    if all((length * division).denominator == 1 for length in lengths)
]


@pytest.mark.parametrize(("grid", "division"), ON_GRID)
def test_ticks_on_a_grid_are_exact(grid: str, division: int) -> None:
    lengths = GRIDS[grid]
    tune = read_spans(played(lengths, division), division)
    assert times(tune) == truth(lengths)
    assert tune.losses == ()


@pytest.mark.parametrize("division", [96, 480, 960])
@pytest.mark.parametrize("grid", ["eighths", "triplets", "dotted", "syncopes"])
def test_a_tune_that_begins_later_begins_with_rests(grid: str, division: int) -> None:
    lengths = GRIDS[grid]
    tune = read_spans(played(lengths, division, start=F(5, 2)), division)
    assert times(tune) == truth(lengths, F(5, 2))
    assert [(n.onset, n.duration) for n in tune.notes if n.is_rest] == [(F(0), F(5, 2))]


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("division", [480, 960])
def test_onsets_that_all_come_a_tick_late_are_on_their_beat(grid: str, division: int) -> None:
    lengths = GRIDS[grid]
    assert times(read_spans(played(lengths, division, late=1), division)) == truth(lengths)


@pytest.mark.parametrize("grid", ["quarters", "eighths", "dotted", "triplets", "syncopes", "long"])
@pytest.mark.parametrize("gate", [F(19, 20), F(9, 10), F(4, 5), F(1, 2)])
def test_the_gate_of_a_sequencer_is_no_rest(grid: str, gate: Fraction) -> None:
    lengths = GRIDS[grid]
    assert times(read_spans(played(lengths, 480, gate=gate))) == truth(lengths)


@pytest.mark.parametrize("count", range(2, 8))
@pytest.mark.parametrize("gate", [F(19, 20), F(9, 10)])
def test_the_gate_of_a_short_tune_shortens_not_even_its_last_note(count: int, gate: Fraction) -> None:
    lengths = [F(1, 2), F(1, 2), F(1), F(1, 2), F(1, 2), F(2), F(1)][-count:]
    assert times(read_spans(played(lengths, 480, gate=gate))) == truth(lengths)


def test_one_tick_between_notes_is_no_rest() -> None:
    spans = [(480 * n, 480 * n + 479, 60 + n) for n in range(8)]
    assert times(read_spans(spans)) == [(F(n), F(1)) for n in range(8)]


@pytest.mark.parametrize("rest", [F(1, 4), F(1, 2), F(1), F(2)])
def test_a_rest_of_a_written_value_stays_one(rest: Fraction) -> None:
    spans, onset = [], F(0)
    for place in range(8):
        spans.append((int(onset * 480), int((onset + 1) * 480), 60 + place))
        onset += 1 + (rest if place % 3 == 2 else 0)
    tune = read_spans(spans)
    sums: dict[Fraction, Fraction] = {}
    for note in tune.notes:  # rests are divided at bar lines
        if note.is_rest:
            begin = next((at for at, length in sums.items() if at + length == note.onset), note.onset)
            sums[begin] = sums.get(begin, F(0)) + note.duration
    assert sums == {F(3): rest, F(6) + rest: rest}


@pytest.mark.parametrize("length", [F(1), F(2), F(4), F(8)])
@pytest.mark.parametrize("rest", [F(1, 4), F(1, 3), F(1, 2)])
def test_a_short_rest_behind_a_long_note_is_no_gate(length: Fraction, rest: Fraction) -> None:
    spans = played([F(1)] * 10, 480) + played([length - rest], 480, start=F(10))
    spans += played([F(1)] * 10, 480, start=10 + length)
    tune = read_spans(spans)
    assert (F(10), length - rest) in times(tune)


def test_staccato_of_a_single_note_is_a_rest() -> None:
    spans = [(480 * n, 480 * n + (120 if n == 2 else 480), 60) for n in range(6)]
    assert [(n.onset, n.duration) for n in read_spans(spans).notes[2:4]] == [
        (F(2), F(1, 4)),
        (F(9, 4), F(3, 4)),
    ]


# Played rhythm.


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("grid", ["quarters", "eighths", "dotted", "sixteenths", "triplets", "syncopes"])
def test_a_steady_player_is_understood(grid: str, seed: int) -> None:
    """Onsets that stray by a hundredth of a quarter are put where they were meant."""
    chance = random.Random(seed)
    lengths = GRIDS[grid] * 2
    spans = [
        (max(0, begin + round(chance.gauss(0, 5))), end - 20, number)
        for begin, end, number in played(lengths, 480)
    ]
    tune = read_spans(spans)
    assert [onset for onset, _ in times(tune)] == [onset for onset, _ in truth(lengths)]
    assert tune.losses == ("onsets between the lines of any grid, moved to the nearest note value",)


@given(
    st.lists(
        st.tuples(st.integers(0, 900), st.integers(1, 900), st.integers(40, 80)), min_size=1, max_size=25
    ),
    st.sampled_from([24, 96, 480, 1000]),
)
@settings(max_examples=150)
def test_whatever_is_played_becomes_a_line_in_its_order(
    steps: list[tuple[int, int, int]], division: int
) -> None:
    spans, onset = [], 0
    for gap, length, number in steps:
        spans.append((onset + gap, onset + gap + length, number))
        onset += gap + length
    tune = read_spans(spans, division)
    sounding = [n for n in tune.notes if n.pitch is not None]
    assert [int(n.pitch.midi) for n in sounding if n.pitch is not None] == [number for _, _, number in steps]
    assert all(one.end == two.onset for one, two in zip(tune.notes, tune.notes[1:], strict=False))
    assert tune.notes[0].onset == 0
    strays = [
        abs(note.onset - F(begin, division)) for note, (begin, _, _) in zip(sounding, spans, strict=True)
    ]
    assert max(strays) <= F(1, 2)


@given(
    st.lists(st.sampled_from([F(1), F(1, 2), F(3, 2), F(1, 4), F(2), F(1, 3)]), min_size=2, max_size=30),
    st.sampled_from([96, 192, 480]),
    st.integers(1, 8),
)
@settings(max_examples=100)
def test_the_same_rhythm_on_a_finer_clock_is_the_same(
    lengths: list[Fraction], division: int, factor: int
) -> None:
    coarse = played(lengths, division)
    fine = [(begin * factor, end * factor, number) for begin, end, number in coarse]
    assert read_spans(fine, division * factor).notes == read_spans(coarse, division).notes


@given(st.lists(st.sampled_from([F(1), F(1, 2), F(3, 2), F(2)]), min_size=2, max_size=20), st.integers(1, 4))
@settings(max_examples=60)
def test_a_tune_that_begins_bars_later_is_the_same_tune_later(lengths: list[Fraction], bars: int) -> None:
    now = read_spans(played(lengths, 480))
    later = read_spans(played(lengths, 480, start=F(4 * bars)))
    assert times(later) == [(onset + 4 * bars, length) for onset, length in times(now)]
    assert len(later.bars) == len(now.bars) + bars


# The end of a track.


@pytest.mark.parametrize(
    ("end", "rests"),
    [(1920, [(F(2), F(2))]), (960, []), (1000, []), (0, []), (1200, [(F(2), F(1, 2))])],
)
def test_a_track_that_ends_later_ends_with_a_rest(end: int, rests: list[tuple[Fraction, Fraction]]) -> None:
    tune = tune_of(file(track(notes([(0, 480, 60), (480, 960, 62)]), end=end)))
    assert [(n.onset, n.duration) for n in tune.notes if n.is_rest] == rests


# Bars.


@pytest.mark.parametrize(
    ("beats", "unit"), [(2, 4), (3, 4), (4, 4), (6, 8), (9, 8), (3, 2), (5, 4), (7, 8), (12, 16), (1, 4)]
)
def test_bars_follow_from_the_meter(beats: int, unit: int) -> None:
    tune = read_spans(played([F(1, 2)] * 48, 480), 480, meter(0, beats, unit))
    length = F(4 * beats, unit)
    assert tune.meters == ((F(0), Meter(beats, unit)),)
    assert all(bar.duration == length for bar in tune.bars[:-1])
    assert tune.bars[-1].duration == 24 - length * (len(tune.bars) - 1)


def test_without_a_meter_it_is_four_four() -> None:
    tune = read_spans(played([F(1)] * 8, 480))
    assert tune.meter == Meter(4, 4)
    assert [bar.duration for bar in tune.bars] == [4, 4]


def test_before_the_first_time_signature_it_is_four_four() -> None:
    """The standard: where no time signature is given, 4/4 holds."""
    tune = read_spans(played([F(1)] * 14, 480), 480, meter(480 * 8, 3, 4))
    assert tune.meters == ((F(0), Meter(4, 4)), (F(8), Meter(3, 4)))
    assert [bar.duration for bar in tune.bars] == [4, 4, 3, 3]


def test_a_meter_that_changes_begins_a_bar_there() -> None:
    tune = read_spans(
        played([F(1)] * 13, 480), 480, meter(0, 4, 4), meter(480 * 4, 3, 4), meter(480 * 10, 2, 4)
    )
    assert tune.meters == ((F(0), Meter(4, 4)), (F(4), Meter(3, 4)), (F(10), Meter(2, 4)))
    assert [bar.duration for bar in tune.bars] == [4, 3, 3, 2, 1]
    assert [bar.number for bar in tune.bars] == [1, 2, 3, 4, 5]


def test_a_meter_that_is_said_again_is_no_change() -> None:
    again = [meter(1920 * bar, 4, 4) for bar in range(4)]
    tune = read_spans(played([F(1)] * 16, 480), 480, *again)
    assert tune.meters == ((F(0), Meter(4, 4)),)
    assert [bar.duration for bar in tune.bars] == [4, 4, 4, 4]


def test_of_two_meters_at_one_moment_the_later_holds() -> None:
    tune = read_spans(played([F(1)] * 6, 480), 480, meter(0, 4, 4), meter(0, 3, 4))
    assert tune.meters == ((F(0), Meter(3, 4)),)


def test_a_damaged_time_signature_is_passed_over() -> None:
    for data in (b"", b"\x03", b"\x00\x02\x18\x08", b"\x03\x20\x18\x08"):
        event = (0, b"\xff\x58" + bytes((len(data),)) + data)
        assert read_spans(played([F(1)] * 4, 480), 480, event).meter == Meter(4, 4)


@pytest.mark.parametrize(
    ("pickup", "beats", "unit"), [(F(1), 3, 4), (F(1, 2), 6, 8), (F(2), 4, 4), (F(3, 2), 6, 8)]
)
def test_a_short_first_signature_is_the_pickup_of_the_next(pickup: Fraction, beats: int, unit: int) -> None:
    count = pickup / F(4, 8)
    tune = read_spans(
        played([F(1, 2)] * 25, 480), 480, meter(0, int(count), 8), meter(int(pickup * 480), beats, unit)
    )
    assert tune.pickup == pickup
    assert tune.meters == ((F(0), Meter(beats, unit)),)
    assert tune.barlines[0] == Barline(pickup, 1)


def test_a_first_bar_in_another_meter_is_no_pickup_when_it_is_longer() -> None:
    tune = read_spans(played([F(1)] * 10, 480), 480, meter(0, 4, 4), meter(1920, 3, 4))
    assert tune.pickup == 0
    assert len(tune.meters) == 2


@pytest.mark.parametrize("place", range(1, 6))
def test_the_place_of_the_accents_is_the_length_of_the_pickup(place: int) -> None:
    spans = played([F(1, 2)] * 36, 480)
    loud = [100 if n % 6 == place else 80 for n in range(36)]
    tune = tune_of(file(track([METER_6_8, *notes(spans, velocities=loud)])))
    assert tune.pickup == F(place, 2)
    assert tune.bars[1].number == 1


@pytest.mark.parametrize(
    "loud",
    [[80] * 36, [100] * 36, [100 if n % 5 == 1 else 80 for n in range(36)], [80] * 33 + [100] * 3],
    ids=["none", "all", "wandering", "few"],
)
def test_accents_that_say_nothing_make_no_pickup(loud: list[int]) -> None:
    tune = tune_of(file(track([METER_6_8, *notes(played([F(1, 2)] * 36, 480), velocities=loud)])))
    assert tune.pickup == 0


def test_a_long_note_of_another_length_than_its_ticks_say_is_not_made_up() -> None:
    tune = read_spans([(0, 480 * 7, 60), (480 * 7, 480 * 8, 62)])
    assert times(tune) == [(F(0), F(7)), (F(7), F(1))]
