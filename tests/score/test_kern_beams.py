"""Beams of written kern: which notes are joined in each meter, hooks, and what parts them."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.score import Barline, Meter, Note, Pitch, Tune
from canzona.score.kern import write
from canzona.score.kern_beams import flag_count

EIGHTH, SIXTEENTH, QUARTER, DOTTED = F(1, 2), F(1, 4), F(1), F(3, 4)


def melody(
    lengths: list[F], meter: Meter | None, *, bars: tuple[F, ...] = (), rests: tuple[int, ...] = ()
) -> Tune:
    """A line on C4 with rests at some places and bar lines at some onsets."""
    notes, now = [], F(0)
    for place, length in enumerate(lengths):
        notes.append(Note(now, length, None if place in rests else Pitch("C", F(0), 4)))
        now += length
    return Tune(
        tuple(notes),
        barlines=tuple(Barline(onset, number) for number, onset in enumerate(bars, start=1)),
        meters=((F(0), meter),) if meter is not None else (),
        phrasing="none",
    )


def groups(tune: Tune) -> list[int]:
    """How many notes stand under each beam, 1 for a note or rest alone."""
    found: list[int] = []
    depth = 0
    for row in write([tune]).data.decode().splitlines():
        if row[0] in "!*=":
            continue
        if depth:
            found[-1] += 1
        else:
            found.append(1)
        depth += row.count("L") - row.count("J")
    assert depth == 0
    return found


@pytest.mark.parametrize(
    ("meter", "lengths", "expected"),
    [
        pytest.param(Meter(4, 4), [EIGHTH] * 8, [2, 2, 2, 2], id="4/4 eighths by beat"),
        pytest.param(Meter(4, 4), [SIXTEENTH] * 16, [4, 4, 4, 4], id="4/4 sixteenths by beat"),
        pytest.param(Meter(3, 4), [EIGHTH] * 6, [2, 2, 2], id="3/4"),
        pytest.param(Meter(2, 4), [EIGHTH, SIXTEENTH, SIXTEENTH, EIGHTH, EIGHTH], [3, 2], id="2/4"),
        pytest.param(Meter(2, 2), [EIGHTH] * 8, [4, 4], id="2/2 by half notes"),
        pytest.param(Meter(3, 2), [EIGHTH] * 12, [4, 4, 4], id="3/2"),
        pytest.param(Meter(6, 8), [EIGHTH] * 6, [3, 3], id="6/8"),
        pytest.param(Meter(9, 8), [EIGHTH] * 9, [3, 3, 3], id="9/8"),
        pytest.param(Meter(12, 8), [EIGHTH] * 12, [3, 3, 3, 3], id="12/8"),
        pytest.param(Meter(3, 8), [EIGHTH] * 3, [3], id="3/8 is one beat"),
        pytest.param(Meter(3, 8), [SIXTEENTH] * 6, [6], id="3/8 sixteenths too"),
        pytest.param(Meter(6, 16), [SIXTEENTH] * 6, [3, 3], id="6/16"),
        pytest.param(Meter(5, 8, (2, 3)), [EIGHTH] * 5, [2, 3], id="2+3/8"),
        pytest.param(Meter(5, 8, (3, 2)), [EIGHTH] * 5, [3, 2], id="3+2/8"),
        pytest.param(Meter(7, 8, (2, 2, 3)), [EIGHTH] * 7, [2, 2, 3], id="2+2+3/8"),
        pytest.param(Meter(8, 8, (3, 3, 2)), [EIGHTH] * 8, [3, 3, 2], id="3+3+2/8"),
        pytest.param(Meter(4, 4), [DOTTED, SIXTEENTH] * 4, [2] * 4, id="dotted pairs"),
        pytest.param(Meter(6, 8), [DOTTED, SIXTEENTH, EIGHTH] * 2, [3, 3], id="the siciliana"),
        pytest.param(Meter(4, 4), [F(1, 3)] * 12, [3] * 4, id="triplets of eighths"),
        pytest.param(Meter(4, 4), [F(1, 6)] * 6 + [F(3)], [6, 1], id="sextuplets"),
        pytest.param(Meter(4, 4), [F(1, 5)] * 5 + [F(3)], [5, 1], id="quintuplets"),
        pytest.param(Meter(4, 4), [QUARTER] * 4, [1] * 4, id="quarters have none"),
        pytest.param(Meter(4, 4), [F(2, 3)] * 6, [1] * 6, id="nor have triplets of quarters"),
        pytest.param(Meter(4, 4), [EIGHTH, QUARTER, EIGHTH, F(2)], [1, 1, 1, 1], id="a syncopation"),
        pytest.param(Meter(0, 1, symbol="X"), [EIGHTH] * 4, [2, 2], id="free meter by quarters"),
        pytest.param(None, [EIGHTH] * 4, [2, 2], id="no meter by quarters"),
    ],
)
def test_notes_are_joined_by_beat(meter: Meter | None, lengths: list[F], expected: list[int]) -> None:
    assert groups(melody(lengths, meter)) == expected


@pytest.mark.parametrize(
    ("meter", "pickup", "lengths", "expected"),
    [
        pytest.param(Meter(6, 8), EIGHTH, [EIGHTH] * 7, [1, 3, 3], id="an eighth before 6/8"),
        pytest.param(Meter(6, 8), F(1), [EIGHTH] * 8, [2, 3, 3], id="two before 6/8"),
        pytest.param(Meter(3, 4), F(3, 2), [EIGHTH] * 9, [1, 2, 2, 2, 2], id="three before 3/4"),
        pytest.param(Meter(4, 4), F(1, 4), [SIXTEENTH] * 5 + [F(3)], [1, 4, 1], id="a sixteenth before 4/4"),
    ],
)
def test_a_pickup_is_counted_from_its_end(
    meter: Meter, pickup: F, lengths: list[F], expected: list[int]
) -> None:
    assert groups(melody(lengths, meter, bars=(pickup, pickup + meter.length))) == expected


def test_a_bar_line_parts_a_beam_wherever_it_stands() -> None:
    tune = melody([EIGHTH] * 8, Meter(4, 4), bars=(F(3, 2), F(5, 2)))
    assert groups(tune) == [1, 2, 2, 2, 1]


def test_each_bar_is_beamed_in_its_own_meter() -> None:
    tune = melody([EIGHTH] * 12, Meter(6, 8), bars=(F(3),)).replace(
        meters=((F(0), Meter(6, 8)), (F(3), Meter(3, 4)))
    )
    assert groups(tune) == [3, 3, 2, 2, 2]


def test_rests_part_beams_and_carry_none() -> None:
    assert groups(melody([EIGHTH] * 6, Meter(6, 8), rests=(1,))) == [1, 1, 1, 3]
    assert groups(melody([SIXTEENTH] * 8, Meter(2, 4), rests=(2, 4))) == [2, 1, 1, 1, 3]


@pytest.mark.parametrize(
    ("lengths", "signs"),
    [
        pytest.param([DOTTED, SIXTEENTH], ["L", "Jk"], id="a hook to the left"),
        pytest.param([SIXTEENTH, DOTTED], ["LK", "J"], id="a hook to the right"),
        pytest.param([SIXTEENTH, EIGHTH, SIXTEENTH], ["LK", "", "Jk"], id="one on each side"),
        pytest.param([EIGHTH, SIXTEENTH, SIXTEENTH], ["L", "L", "JJ"], id="two at the end"),
        pytest.param([SIXTEENTH, SIXTEENTH, EIGHTH], ["LL", "J", "J"], id="two at the beginning"),
        pytest.param([F(1, 8)] * 8, ["LLL", *[""] * 6, "JJJ"], id="thirty-seconds"),
        pytest.param([SIXTEENTH] + [F(1, 8)] * 2 + [EIGHTH], ["LL", "L", "JJ", "J"], id="three levels"),
        pytest.param([F(7, 8), F(1, 8)], ["L", "Jkk"], id="two hooks"),
    ],
)
def test_inner_beams_and_hooks(lengths: list[F], signs: list[str]) -> None:
    rows = [
        row for row in write([melody(lengths, Meter(4, 4))]).data.decode().splitlines() if row[0].isdigit()
    ]
    assert [row.partition("c")[2] for row in rows] == signs


@pytest.mark.parametrize(
    ("quarters", "flags"),
    [
        (4, 0), (2, 0), (1, 0), (F(3, 2), 0), (F(1, 2), 1), (F(3, 4), 1), (F(7, 8), 1), (F(1, 4), 2),
        (F(3, 8), 2), (F(1, 8), 3), (F(1, 16), 4), (F(2, 3), 0), (F(1, 3), 1), (F(1, 6), 2), (F(1, 12), 3),
        (F(2, 5), 1), (F(1, 5), 2), (F(1, 7), 2),
    ],
)  # fmt: skip
def test_flags_of_values(quarters: F | int, flags: int) -> None:
    """A note of a tuplet has the flags of the plain value that it stands for."""
    assert flag_count(F(quarters)) == flags


@given(
    st.lists(st.sampled_from([SIXTEENTH, EIGHTH, DOTTED, QUARTER, F(3, 2), F(1, 8), F(1, 3)]), max_size=24),
    st.sampled_from([Meter(4, 4), Meter(6, 8), Meter(3, 8), Meter(2, 2), Meter(5, 8, (2, 3)), Meter(0, 1)]),
    st.sets(st.integers(0, 23)),
)
def test_a_beam_has_two_notes_or_more_all_with_flags(lengths: list[F], meter: Meter, rests: set[int]) -> None:
    tune = melody(lengths, meter, rests=tuple(rests))
    level = 0
    for row in write([tune]).data.decode().splitlines():
        if row[0] in "!*=":
            continue
        value = row.rstrip("LJKk]").lstrip("[")
        opened = row.count("L") - row.count("J")
        if level or opened:
            assert "r" not in row
            assert value.rstrip("c_.") not in ("1", "2", "4", "0")
        assert level + opened >= 0
        if opened > 0 and not level:
            assert "J" not in row
        level += opened
    assert level == 0
