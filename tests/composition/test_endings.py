"""A tune that has to end at a bar is led to a note that ends tunes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from canzona.composition.decode import Plan, Sampling, write_tunes
from canzona.composition.events import TUNE_ENDS
from canzona.composition.model import ComposerModel
from canzona.composition.sampling import draw
from canzona.score.tune import Meter
from tiny_rules import Stubborn, bars_rule, opening, vocabulary, write
from walks import Walk

F = Fraction
KNOWN = vocabulary(1, 2)


class Cadence(Stubborn):
    """A network that ends tunes on one pitch and likes another better."""

    ending, liked = 1, 3

    def pitch(self, duration: np.ndarray, after: np.ndarray) -> np.ndarray:
        table = self.logits(1)
        table[:, self.liked] = 10.0
        return table

    def endings(self, rows: np.ndarray, duration: np.ndarray, after: np.ndarray) -> np.ndarray:
        table = np.full((len(rows), self.sizes[1]), -30.0, np.float32)
        table[:, self.ending] = 0.0
        return table


def test_the_last_note_alone_is_one_that_ends_tunes() -> None:
    rule = bars_rule(KNOWN, Meter(2, 4), F(0), 4)
    done = write(KNOWN, opening(Meter(2, 4)), [rule], Cadence(KNOWN))
    pitches = [KNOWN.pitch_ids[event.pitch] for event in done.events]
    assert pitches[-1] == Cadence.ending
    assert pitches.count(Cadence.liked) >= len(pitches) - 2


def test_the_bits_are_still_those_of_the_model_alone() -> None:
    rule = bars_rule(KNOWN, Meter(1, 4), F(0), 1)
    done = write(KNOWN, opening(Meter(1, 4)), [rule], Cadence(KNOWN))
    assert len(done.events) == 1
    table = np.zeros(5)
    table[Cadence.liked] = 10.0
    wanted = np.log2(np.exp(table).sum()) + np.log2(3)  # three classes of duration, all alike
    assert done.bits[0] == pytest.approx(wanted)


def test_greedy_tunes_are_led_as_well() -> None:
    rule = bars_rule(KNOWN, Meter(2, 4), F(0), 2)
    plan = Plan(opening(Meter(2, 4)), (rule,), (0, 1))
    done = write_tunes(Cadence(KNOWN), KNOWN, [plan], Sampling(temperature=0))[0]  # type: ignore[arg-type]
    assert KNOWN.pitch_ids[done.events[-1].pitch] == Cadence.ending


def test_endings_are_what_the_flag_says_of_each_pitch(composer: ComposerModel) -> None:
    walks = [Walk(composer, seed) for seed in range(3)]
    steps = composer.network.start(3, np.concatenate([walk.tags for walk in walks]))
    for time in range(3):
        last = np.stack([walk.events[max(0, time - 1)] for walk in walks])
        steps.duration(np.stack([walk.features[time] for walk in walks]), last)
    duration = np.array([walk.events[2, 0] for walk in walks])
    after = np.stack([walk.after[2] for walk in walks])
    found = steps.endings(np.array([2, 0]), duration, after)
    pitches = composer.vocabulary.pitch_escape + 1
    assert found.shape == (2, pitches)
    for pitch in range(pitches):
        logits = steps.flag(duration, np.full(3, pitch), after)
        ends = logits[:, TUNE_ENDS] - logits[:, :TUNE_ENDS].max(1)
        assert found[:, pitch].tolist() == ends[[2, 0]].tolist(), "the same bits"


def test_nothing_that_is_forbidden_is_led_to() -> None:
    led = np.array([[0.0, 50.0, 0.0]])
    chosen = draw(led, np.array([[1.0, 0.0, 1.0]]), np.array([0.7]), temperature=1.0, top_p=1.0)
    assert chosen.tolist() == [2]
