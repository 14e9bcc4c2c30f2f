"""Silences stay short, whatever the network would like."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest

from canzona.composition.compose import compose
from canzona.composition.context import TuneState
from canzona.composition.events import REST, TICKS, EventList, build_vocabulary, encode
from canzona.composition.model import ComposerModel
from canzona.composition.rules import Rests
from canzona.composition.rules.rests import silence
from canzona.score import Tune
from melodies import jig, star
from small_model import corpus

F = Fraction
KNOWN = build_vocabulary([encode(tune) for _, tune in corpus()])


def longest_silence(tune: Tune) -> Fraction:
    longest = running = F(0)
    for note in tune.notes:
        running = running + note.duration if note.pitch is None else F(0)
        longest = max(longest, running)
    return longest


def state_after(tune: Tune) -> TuneState:
    listed = encode(tune)
    state = TuneState(KNOWN, EventList((), listed.barlines, listed.meters, listed.conditions))
    for event in listed.events:
        state.push(event, 0, 0)
    return state


def with_rests(tune: Tune, count: int) -> Tune:
    """The tune with its last notes silent."""
    notes = tune.notes[:-count] + tuple(dataclasses.replace(note, pitch=None) for note in tune.notes[-count:])
    return tune.replace(notes=notes) if count else tune


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_silence_is_counted_from_the_last_note(count: int) -> None:
    tune = with_rests(star(), count)
    wanted = sum((note.duration for note in tune.notes if note.pitch is None), F(0))
    assert silence(state_after(tune)) == wanted * TICKS


def test_a_tune_that_begins_with_rests_is_silent_from_its_beginning() -> None:
    tune = jig()
    silent = tune.replace(notes=tuple(dataclasses.replace(note, pitch=None) for note in tune.notes[:3]))
    assert silence(state_after(silent)) == silent.duration * TICKS
    assert silence(state_after(Tune())) == 0


def test_a_rest_that_is_too_long_is_forbidden_and_a_note_never() -> None:
    rule, state = Rests(KNOWN, 2 * TICKS), state_after(with_rests(star(), 1))
    here = silence(state)
    assert rule.pitches(state, 2 * TICKS - here) is None
    weights = rule.pitches(state, 2 * TICKS - here + 1)
    assert weights is not None
    assert weights[KNOWN.pitch_ids[REST]] == 0
    assert weights.sum() == len(weights) - 1


@pytest.mark.parametrize("meter", ["2/4", "6/8", "free"])
def test_composed_tunes_are_never_silent_for_a_bar(composer: ComposerModel, meter: str) -> None:
    for made in compose(model=composer, meter=meter, count=20, seed=3, temperature=2.0):
        bar = made.tune.meter.length if made.tune.meter else F(0)
        assert longest_silence(made.tune) < (bar or F(4))
