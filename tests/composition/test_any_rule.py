"""What holds for every rule there is: no dead end under any network, and bars that close."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, get_type_hints

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from canzona.composition import rules
from canzona.composition.context import TuneState
from canzona.composition.decode import class_lengths
from canzona.composition.events import TICKS, TUNE_ENDS, Vocabulary, beat_unit, ticks
from canzona.composition.rules import Bars, Phrases, Rests, Rule
from canzona.errors import RulesError
from canzona.score.tune import FREE_METER, Meter
from tiny_rules import Adversary, Stubborn, bars_rule, fillings, opening, vocabulary, write

F = Fraction


class _Watched:
    """Rules together, each looked at whenever it is asked."""

    def __init__(self, known: Vocabulary, asked: Sequence[Rule]) -> None:
        self.sizes = {"durations": len(known.durations) + 1, "pitches": len(known.pitches) + 1, "flags": 3}
        self.asked = asked

    def _ask(self, part: str, *words: Any) -> np.ndarray:
        table = np.ones(self.sizes[part])
        for rule in self.asked:
            weights = getattr(rule, part)(*words)
            if weights is not None:
                assert weights.dtype == np.float64 and weights.shape == table.shape
                assert (weights >= 0).all() and np.isfinite(weights).all()
                table = table * weights
        drawn = table if part == "flags" else table[:-1]
        assert (drawn > 0).any(), f"a dead end: no {part}"
        return table

    def durations(self, state: TuneState) -> np.ndarray:
        return self._ask("durations", state)

    def pitches(self, state: TuneState, length: int) -> np.ndarray:
        return self._ask("pitches", state, length)

    def flags(self, state: TuneState, length: int) -> np.ndarray:
        return self._ask("flags", state, length)


RULES = [
    each for name in rules.__all__ if isinstance(each := getattr(rules, name), type) and each is not Rule
]
WIDE = vocabulary(1, F(1, 2), 2, F(3, 2), F(1, 4), 3, F(3, 4), 4, F(1, 3))


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """A meter with pickup and bars: what parameters of rules are called, and their values."""
    meters = [Meter(2, 4), Meter(3, 4), Meter(4, 4), Meter(6, 8), Meter(5, 8), Meter(7, 16), FREE_METER]
    meter = draw(st.sampled_from(meters))
    unit = beat_unit(meter)
    beats = draw(st.integers(0, max(0, meter.beats - 1)))
    bars = None if meter.is_free else draw(st.none() | st.integers(1, 12))
    lengths = class_lengths(WIDE.durations, unit)
    return {
        "meter": meter, "lengths": lengths,
        "bar_length": ticks(meter.length), "pickup": ticks(beats * unit), "bars": bars,
        "given_bars": 0, "given_phrases": 0, "given_events": 0,
        "phrases": draw(st.integers(1, 12)), "vocabulary": WIDE,
    }  # fmt: skip


def build(draw: Any, rule: type, request: dict[str, Any]) -> Rule:
    """A rule from values of its parameters' names, else of their types."""
    types = get_type_hints(rule.__init__)
    names = list(inspect.signature(rule).parameters)
    values = {
        name: request[name] if name in request else draw(st.from_type(types[name]), label=name)
        for name in names
    }
    try:
        made: Rule = rule(**values)
    except RulesError:
        assume(False)
    return made


@pytest.mark.parametrize("longest", [0, 1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_no_silence_is_longer_than_it_may_be(longest: int, seed: int) -> None:
    """Of one rest or of several; a network that wants nothing but rests has its way as far as it may."""
    asked = [bars_rule(WIDE, Meter(4, 4), F(0), 12), Rests(WIDE, longest * TICKS)]
    done = write(WIDE, opening(Meter(4, 4)), [_Watched(WIDE, asked)], _Silent(WIDE, seed))
    silences, now = [0], 0
    for event in done.events:
        now = now + event.ticks if event.pitch == "rest" else 0
        silences.append(now)
    assert max(silences) <= longest * TICKS
    assert longest == 0 or max(silences) > 0


class _Silent(Adversary):
    """A network that wants to rest."""

    def pitch(self, duration: np.ndarray, after: np.ndarray) -> np.ndarray:
        return np.tile(np.array([[9.0, 0, 0, 0, -9.0]], np.float32), (self.rows, 1))


@pytest.mark.parametrize("kinds", [(Bars, each) for each in RULES] + [tuple(RULES)])
@given(request=requests(), data=st.data(), seed=st.none() | st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_any_rule_can_be_kept_by_any_network(
    kinds: tuple[type, ...], request: dict[str, Any], data: st.DataObject, seed: int | None
) -> None:
    """Each beside the bars, and all of them together."""
    if Phrases in kinds and request["bars"] is None and not request["meter"].is_free:
        request["bars"] = 12  # phrases are counted in bars
    asked = [build(data.draw, each, request) for each in dict.fromkeys(kinds)]
    start = opening(request["meter"], F(request["pickup"], TICKS))
    network = Stubborn(WIDE) if seed is None else Adversary(WIDE, seed)
    done = write(WIDE, start, [_Watched(WIDE, asked)], network)
    assert [event.flag == TUNE_ENDS for event in done.events] == [False] * (len(done.events) - 1) + [True]
    if not request["meter"].is_free:
        fills = fillings(WIDE, request["meter"], request["meter"].length)
        assert_closed([F(event.ticks, TICKS) for event in done.events], request, fills)


def assert_closed(durations: Sequence[Fraction], request: dict[str, Any], fills: set[Fraction]) -> None:
    bar, pickup = request["meter"].length, F(request["pickup"], TICKS)
    ends = np.cumsum(durations)
    lines = {pickup + bar * number for number in range(math.ceil(ends[-1] / bar) + 1)}
    assert {line for line in lines if line < ends[-1]} <= {F(0), *ends}, "every bar line is met"
    over = (ends[-1] - pickup) % bar
    assert over == 0 or (over == bar - pickup and over in fills)
    if request["bars"] is not None:
        assert math.ceil((ends[-1] - pickup) / bar) == request["bars"]
