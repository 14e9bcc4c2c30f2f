"""The tutorial's sixteenth-step measure and second passes, on cases reckoned by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings

from canzona.composition.events import EventList, Vocabulary, encode
from canzona.composition.model import ComposerModel
from canzona.composition.passes import second_passes
from canzona.composition.scoring import Scored, score
from canzona.composition.timesteps import DURATIONS, StepCounts, count_steps, fits
from canzona.score import Barline, Meter, Tune
from melodies import jig, melody, star
from strategies import tunes

F = Fraction

KNOWN = Vocabulary((F(1, 4), F(1, 2), F(1)), ("rest", (0, F(0)), (1, F(0))), ("4/4",), (), ())


def tune_of(words: str, meter: Meter) -> Tune:
    notes = melody(words)
    lines = tuple(Barline(meter.length * n) for n in range(int(notes[-1].end / meter.length) + 1))
    return Tune(notes=notes, meters=((F(0), meter),), barlines=lines)


def made(durations: Sequence[Sequence[float]], pitches: Sequence[int]) -> Scored:
    events = len(pitches)
    return Scored(
        np.zeros((events, 3)), np.zeros((events, 2), bool), np.array(durations, np.float32),
        np.array(pitches, np.int16),
    )  # fmt: skip


SHARES = (0.2, 0.5, 0.2, 0.1)
"""Of one, two and four sixteenths, and of the escape, which is none of these."""


@pytest.mark.parametrize(
    ("pitches", "right", "onsets_right"),
    [((1, 2), 3, 2), ((1, 1), 2, 1), ((0, 2), 2, 1), ((0, 0), 1, 0)],
)
def test_steps_by_hand(pitches: tuple[int, int], right: int, onsets_right: int) -> None:
    """An eighth C goes on with 0.7 of 0.9 after one sixteenth, with 0.2 of 0.7 after two."""
    listed = encode(tune_of("c4:1/2 d4:1/4", Meter(4, 4)))
    counts = count_steps(KNOWN, listed, made([SHARES, SHARES], pitches))
    assert counts == StepCounts(3, right, 1, 2, onsets_right, 1)


def test_a_hold_that_is_foretold_where_the_next_event_begins_is_wrong() -> None:
    listed = encode(tune_of("c4:1/4 d4:1/4", Meter(4, 4)))
    longer = (0.4, 0.6, 0.0, 0.0)
    assert count_steps(KNOWN, listed, made([longer, longer], (1, 2))) == StepCounts(2, 1, 0, 2, 1, 1)


def test_an_end_that_is_foretold_too_early_is_wrong() -> None:
    listed = encode(tune_of("c4:1", Meter(4, 4)))
    assert count_steps(KNOWN, listed, made([(0.6, 0.1, 0.3, 0.0)], (1,))) == StepCounts(4, 3, 3, 1, 1, 1)
    assert count_steps(KNOWN, listed, made([(0.1, 0.7, 0.2, 0.0)], (1,))) == StepCounts(4, 3, 3, 1, 1, 1)
    assert count_steps(KNOWN, listed, made([(0.1, 0.2, 0.7, 0.0)], (1,))) == StepCounts(4, 4, 3, 1, 1, 1)


def test_half_a_chance_to_go_on_is_a_hold() -> None:
    listed = encode(tune_of("c4:1/2", Meter(4, 4)))
    even = (0.5, 0.5, 0.0, 0.0)
    assert count_steps(KNOWN, listed, made([even], (1,))).right == 2
    short = encode(tune_of("c4:1/4 d4:1/4", Meter(4, 4)))
    assert count_steps(KNOWN, short, made([even, even], (1, 2))).onsets_right == 1


def test_steps_are_sixteenths_in_every_beat_unit() -> None:
    """A quarter of the beat unit is an eighth in 2/2 and a sixteenth in 4/4."""
    for meter, words, steps in (
        (Meter(2, 2), "c4:2", 8), (Meter(6, 8), "c4:3/2", 6), (Meter(4, 4), "c4:3", 12),
    ):  # fmt: skip
        listed = encode(tune_of(words, meter))
        assert count_steps(KNOWN, listed, made([SHARES], (1,))).steps == steps


def test_a_meter_change_changes_the_beat_unit() -> None:
    tune = tune_of("c4:1 c4:1 c4:1 c4:1 c4:1", Meter(4, 4))
    listed = encode(tune.replace(meters=((F(0), Meter(4, 4)), (F(4), Meter(2, 2)))))
    assert [event.duration for event in listed.events][-1] == F(1, 2)
    assert fits(listed)
    assert count_steps(KNOWN, listed, made([SHARES] * 5, [1] * 5)).steps == 20


@pytest.mark.parametrize(
    ("words", "passes"), [("c4:1 d4:3/2 e4:3/4 c4:4", True), ("c4:1/8", False), ("c4:1/3 c4:2", False)]
)
def test_the_filter_of_the_tutorial(words: str, passes: bool) -> None:
    listed = encode(tune_of(words, Meter(4, 4)))
    assert fits(listed) is passes
    events = len(listed.events)
    assert count_steps(KNOWN, listed, made([SHARES] * events, [1] * events)).tunes == passes


def test_nothing_has_no_steps() -> None:
    assert count_steps(KNOWN, encode(Tune()), made(np.zeros((0, 4)).tolist(), ())) == StepCounts()
    assert StepCounts(1, 2, 3, 4, 5, 6) + StepCounts() == StepCounts(1, 2, 3, 4, 5, 6)


@given(tunes())
@settings(max_examples=20)
def test_counts_of_any_tune_add_up(composer: ComposerModel, tune: Tune) -> None:
    listed = encode(tune)
    counts = count_steps(
        composer.vocabulary, listed, score(composer.network, composer.vocabulary, [listed])[0]
    )
    if not counts.tunes:
        assert counts == StepCounts()
        return
    assert counts.holds + counts.onsets == counts.steps == tune.notes[-1].end * 4
    assert 0 <= counts.onsets_right <= counts.right <= counts.steps
    assert counts.onsets == len(tune.notes)
    assert all(note.duration in DURATIONS for note in tune.notes)


def repeated(words: str, meter: Meter) -> EventList:
    return encode(tune_of(words, meter))


FOUR = "c4 d4 e4 f4 g4 f4 e4 d4 "


def test_a_part_played_twice_is_a_second_pass() -> None:
    found = second_passes(repeated(FOUR + FOUR, Meter(2, 4)))
    assert found.tolist() == [False] * 8 + [True] * 8


def test_a_second_ending_may_differ() -> None:
    found = second_passes(repeated(FOUR + FOUR[:-6] + "c4 c4", Meter(2, 4)))
    assert found.tolist() == [False] * 8 + [True] * 8
    other = second_passes(repeated(FOUR + "c4 d4 e4 f4 a4 a4 a4 a4", Meter(2, 4)))
    assert not other.any(), "half of the bars are not three quarters"


def test_parts_of_eight_bars_and_what_follows_them() -> None:
    eight = FOUR + "a4 a4 b4 b4 a4 a4 g4 g4 "
    found = second_passes(repeated(eight + eight + FOUR.replace("c4", "g4"), Meter(2, 4)))
    assert found.tolist() == [False] * 16 + [True] * 16 + [False] * 8


def test_a_third_pass_is_one_too_and_a_first_one_never() -> None:
    found = second_passes(repeated(FOUR * 3, Meter(2, 4)))
    assert found[:8].sum() == 0 and found[8:16].all()


def test_bars_are_counted_from_the_pickup() -> None:
    notes = jig().notes
    strain = notes[2:]
    tune = jig().replace(
        notes=(*notes, *(replace(note, onset=note.onset + 12) for note in strain)),
        barlines=tuple(Barline(F(1) + 3 * bar) for bar in range(9)),
    )
    found = second_passes(encode(tune))
    assert not found[: len(notes)].any()
    assert found[len(notes) :].sum() >= len(strain) - 7


@given(tunes())
@settings(max_examples=60)
def test_any_tune_has_a_first_pass(tune: Tune) -> None:
    listed = encode(tune)
    found = second_passes(listed)
    assert found.shape == (len(listed.events),) and found.dtype == bool
    assert not found[:1].any()


def test_a_tune_without_repeats_is_one_pass() -> None:
    assert not second_passes(encode(star())).any()
    assert second_passes(encode(Tune())).shape == (0,)
