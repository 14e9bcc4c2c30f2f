"""Teacher-forced bits: distributions that sum to 1, what may change them and what must not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.composition.compose import _rules
from canzona.composition.context import TuneState, tag_row
from canzona.composition.decode import Plan, Sampling, write_tunes
from canzona.composition.events import TICKS, TUNE_ENDS, Event, EventList, encode, region_tags
from canzona.composition.model import ComposerModel
from canzona.composition.scoring import Scored, log2_softmax, score
from canzona.composition.settings import Settings
from canzona.composition.start import start_new
from canzona.score import Tune
from melodies import jig, star
from small_model import corpus
from strategies import tunes

F = Fraction

LISTS = [encode(tune, region_tags(tune)) for _, tune in list(corpus())[:7]] + [encode(star()), encode(jig())]


def scored(composer: ComposerModel, lists: list[EventList], batch: int = 64) -> list[Scored]:
    return score(composer.network, composer.vocabulary, lists, batch=batch)


def same(one: Scored, two: Scored, events: int | None = None) -> bool:
    """The same bits for the first events."""
    return all(
        np.array_equal(getattr(one, name)[:events], getattr(two, name)[:events])
        for name in ("bits", "right", "durations", "pitch_before")
    )


@given(st.integers(0, len(LISTS) - 1), st.integers(0, 12), st.integers(1, 30))
@settings(max_examples=12)
def test_every_step_sums_to_one_with_the_escape(
    composer: ComposerModel, which: int, events: int, bend: int
) -> None:
    """All classes of each part are scored in turn; less the escape's own cost they are a distribution."""
    known, listed = composer.vocabulary, LISTS[which]
    events = min(events, len(listed.events) - 1)
    before, here = listed.events[:events], listed.events[events]

    def bits(part: int, others: list[Event]) -> np.ndarray:
        lists = [replace(listed, events=(*before, other)) for other in others]
        return np.array([each.bits[events, part] for each in scored(composer, lists)])

    unknown = F(bend, 997)
    unit = F(here.ticks, TICKS) / here.duration
    durations = [replace(here, duration=d, ticks=int(d * unit * TICKS)) for d in (*known.durations, unknown)]
    pitches = [replace(here, pitch=p) for p in (*known.pitches, (99, F(bend, 7)))]
    flags = [replace(here, flag=flag) for flag in range(3)]
    for part, others, cost in ((0, durations, 16.0), (1, pitches, 7.0), (2, flags, 0.0)):
        found = bits(part, others)
        found[-1] -= cost
        assert np.exp2(-found).sum() == pytest.approx(1, abs=1e-9)


def test_probabilities_of_durations_are_those_of_the_bits(composer: ComposerModel) -> None:
    for listed, each in zip(LISTS, scored(composer, LISTS), strict=True):
        assert np.allclose(each.durations.sum(1), 1, atol=1e-5)
        ids = [composer.vocabulary.duration_ids[event.duration] for event in listed.events]
        own = each.durations[np.arange(len(ids)), ids]
        assert np.allclose(-np.log2(own), each.bits[:, 0], atol=1e-4)
        assert np.array_equal(each.right[:, 0], each.durations.argmax(1) == ids)


def test_escapes_cost_sixteen_and_seven_bits(composer: ComposerModel) -> None:
    """Two unknown values of a class are one to the network: the difference to its share is the cost."""
    listed = LISTS[0]
    first = replace(listed.events[0], duration=F(1, 997), pitch=(77, F(1, 3)), flag=TUNE_ENDS)
    found = scored(composer, [replace(listed, events=(first,))])[0]
    assert found.bits[0, 0] == pytest.approx(16 - np.log2(found.durations[0, -1]), abs=1e-4)
    state = TuneState(composer.vocabulary, listed)
    tags = np.array([tag_row(composer.vocabulary, listed.conditions.tags)])
    steps = composer.network.start(1, tags)
    steps.duration(np.array([state.before()]), np.zeros((1, 3), np.int64))
    logits = steps.pitch(
        np.array([composer.vocabulary.duration_escape]), np.array([state.after(first.ticks)], np.int64)
    )
    assert found.bits[0, 1] == pytest.approx(7 - log2_softmax(logits)[0, -1])


@given(tunes(), tunes(), st.integers(0, 12))
@settings(max_examples=30)
def test_what_lies_ahead_changes_no_earlier_probability(
    composer: ComposerModel, tune: Tune, other: Tune, kept: int
) -> None:
    """The rest is taken away, or replaced by another tune with its bar lines and meters."""
    listed, its = encode(tune, ("europa",)), encode(other)
    kept = min(kept, len(listed.events))
    now = listed.events[kept].onset if kept < len(listed.events) else listed.length
    cut = replace(
        listed,
        events=listed.events[:kept],
        barlines=tuple(line for line in listed.barlines if line <= now),
        meters=tuple(change for change in listed.meters if change[0] <= now),
    )
    grafted = replace(
        cut,
        events=cut.events + tuple(replace(event, onset=event.onset + now) for event in its.events),
        barlines=cut.barlines + tuple(line + now for line in its.barlines if line),
        meters=cut.meters + tuple((onset + now, meter) for onset, meter in its.meters if onset),
    )
    whole, short, long = scored(composer, [listed, cut, grafted])
    assert same(whole, short, kept) and same(whole, long, kept)
    if kept < min(len(listed.events), len(grafted.events)):
        assert np.array_equal(whole.durations[kept], long.durations[kept]), "the next event is foreseen alike"
        assert whole.pitch_before[kept] == long.pitch_before[kept]


def test_order_and_batch_change_not_one_bit(composer: ComposerModel) -> None:
    expected = scored(composer, LISTS)
    for batch in (1, 2, 5):
        assert all(map(same, scored(composer, LISTS, batch), expected))
    backwards = scored(composer, LISTS[::-1], 4)[::-1]
    assert all(map(same, backwards, expected))
    assert all(map(same, scored(composer, [LISTS[3], LISTS[3], LISTS[8]]), expected[3:4] * 2 + expected[8:]))


def test_nothing_is_learnt_from_what_is_scored(composer: ComposerModel) -> None:
    once = scored(composer, LISTS[:2])
    scored(composer, LISTS[:2] * 5)
    assert all(map(same, scored(composer, LISTS[:2]), once))


def test_empty_tunes_have_no_bits(composer: ComposerModel) -> None:
    assert scored(composer, []) == []
    found = scored(composer, [encode(Tune()), LISTS[0], encode(Tune())])
    assert [len(each.bits) for each in found] == [0, len(LISTS[0].events), 0]
    assert same(found[1], scored(composer, [LISTS[0]])[0])


@pytest.mark.parametrize("meter", ["3/4", "6/8", "free", "5/16"])
@pytest.mark.parametrize("style", ["", "china", "europa irlandia"])
def test_bits_of_a_written_tune_are_those_it_was_written_with(
    composer: ComposerModel, meter: str, style: str
) -> None:
    wanted = Settings(meter=meter, style=style, phrases=3, bars=None if meter == "free" else 6, temperature=2)
    start = start_new(composer, wanted, np.random.default_rng(3))
    plan = Plan(start.opening, _rules(composer, wanted, start), (5, 1))
    done = write_tunes(composer.network, composer.vocabulary, [plan], Sampling(2.0))[0]
    bar = int(start.meter.length * TICKS)
    last = done.events[-1].onset + done.events[-1].ticks
    first = start.opening.conditions.pickup
    lines = tuple(range(first, last + 1, bar)) if bar else ()
    found = scored(composer, [replace(start.opening, events=done.events, barlines=lines)])[0]
    assert np.allclose(found.bits[:, :2].sum(1), done.bits, rtol=0, atol=1e-9)


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=2, max_size=6))
def test_logarithms_of_a_distribution(logits: list[float]) -> None:
    logs = log2_softmax(np.array([logits], np.float32))
    assert (logs <= 0).all()
    assert np.exp2(logs).sum() == pytest.approx(1)
