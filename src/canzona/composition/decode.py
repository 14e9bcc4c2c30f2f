"""Writing tunes: the network's distributions times the rules' weights, a batch of tunes at a time.

Each tune has its own random generator, made from the seed and the tune's number, so that a
tune is the same whether it is written alone or among others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from canzona.composition.context import TuneState, tag_row
from canzona.composition.events import TICKS, TUNE_ENDS, Event, EventList, Vocabulary, beat_unit
from canzona.composition.network import Network, Steps
from canzona.composition.rules.base import Rule
from canzona.composition.sampling import draw

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Sampling:
    """How classes are drawn: temperature >= 0 (0: the most probable), top_p in (0, 1]."""

    temperature: float = 1.0
    top_p: float = 1.0


@dataclass(frozen=True)
class Plan:
    """One tune to write.

    Attributes
    ----------
    opening : conditions, meter and bar lines of the tune, and the events it begins with (none:
        it begins at the first).
    rules : what must hold.
    seed : what the tune's random generator is made from.
    """

    opening: EventList
    rules: tuple[Rule, ...]
    seed: tuple[int, ...]


@dataclass(frozen=True)
class Written:
    """A tune as written.

    Attributes
    ----------
    events : all events, the opening's first.
    given : how many of them the opening gave.
    bits : float64 (events written,), bits of duration and pitch under the model alone.
    """

    events: tuple[Event, ...]
    given: int
    bits: Array


def write_tunes(
    network: Network,
    vocabulary: Vocabulary,
    plans: Sequence[Plan],
    sampling: Sampling,
    *,
    batch: int = 64,
    progress: Callable[[int], None] | None = None,
) -> list[Written]:
    """One tune for each plan, in order.

    Parameters
    ----------
    batch : tunes that step together; the tunes do not depend on it.
    progress : called with the number of tunes that are done.
    """
    found: list[Written | None] = [None] * len(plans)
    waiting = list(reversed(range(len(plans))))
    running: list[_Pen] = []
    done = 0
    while waiting or running:
        if not running:
            running = _begin(vocabulary, plans, waiting, batch)
            steps = network.start(len(running), _tags(vocabulary, running))
        _step(steps, vocabulary, running, sampling)
        over = [row for row, pen in enumerate(running) if pen.finished]
        if not over:
            continue
        for row in over:
            found[running[row].number] = running[row].written()
        fresh = _begin(vocabulary, plans, waiting, len(over))
        for row, pen in zip(over, fresh, strict=False):
            running[row] = pen
        if fresh:
            steps.join(np.array(over[: len(fresh)], np.int64), _tags(vocabulary, fresh))
        if len(fresh) < len(over):
            left = _closed_up([not pen.finished for pen in running])
            running = [running[row] for row in left]
            steps.keep(np.array(left, np.int64))
        done += len(over)
        if progress is not None:
            progress(done)
    return [written for written in found if written is not None]


class _Pen:
    """One tune under way."""

    def __init__(self, vocabulary: Vocabulary, plan: Plan, number: int) -> None:
        opening = plan.opening
        self.plan = plan
        self.number = number
        bare = EventList((), opening.barlines, opening.meters, opening.conditions)
        self.state = TuneState(vocabulary, bare, writing=True)
        self._random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(plan.seed)))
        self._drawn: list[float] = []
        self.events: list[Event] = []
        self.bits: list[float] = []
        self.last = (0, 0, 0)
        unit = beat_unit(opening.meters[-1][1] if opening.meters else None)
        self.lengths = class_lengths(vocabulary.durations, unit)

    def uniform(self) -> float:
        """The tune's next random number; some are drawn at once, since a draw takes long."""
        if not self._drawn:
            self._drawn = self._random.random(96).tolist()[::-1]
        return self._drawn.pop()

    @property
    def given(self) -> Event | None:
        """The opening's event that comes next, or None where the pen is free."""
        events = self.plan.opening.events
        return events[len(self.events)] if len(self.events) < len(events) else None

    def push(self, event: Event, duration: int, pitch: int) -> None:
        """Takes an event with its classes of duration and pitch."""
        self.state.push(event, duration, pitch)
        self.events.append(event)
        self.last = (duration, pitch, event.flag)

    @property
    def finished(self) -> bool:
        """True once the tune has ended behind all that was given."""
        return bool(self.events) and self.events[-1].flag == TUNE_ENDS and self.given is None

    def written(self) -> Written:
        """The tune so far."""
        return Written(tuple(self.events), len(self.plan.opening.events), np.array(self.bits, np.float64))


def class_lengths(durations: Sequence[Fraction], unit: Fraction) -> Array:
    """Ticks of each duration class for a beat unit in quarter notes; 0 for the escape; read-only."""
    return _class_lengths(tuple(durations), unit)


@lru_cache(maxsize=64)
def _class_lengths(durations: tuple[Fraction, ...], unit: Fraction) -> Array:
    lengths = [value * unit * TICKS for value in durations]
    found = np.array([int(length) if length.denominator == 1 else 0 for length in lengths] + [0])
    found.flags.writeable = False
    return found


def _begin(vocabulary: Vocabulary, plans: Sequence[Plan], waiting: list[int], most: int) -> list[_Pen]:
    """Up to so many of the tunes that wait, the last of the list first."""
    count = min(most, len(waiting))
    return [_Pen(vocabulary, plans[number], number) for number in (waiting.pop() for _ in range(count))]


def _closed_up(kept: Sequence[bool]) -> list[int]:
    """Rows that are kept, those from the end in the gaps before, so that few of them move."""
    count = sum(kept)
    last = [row for row in range(count, len(kept)) if kept[row]]
    return [row if kept[row] else last.pop() for row in range(count)]


def _tags(vocabulary: Vocabulary, pens: Sequence[_Pen]) -> Array:
    return np.array([tag_row(vocabulary, pen.plan.opening.conditions.tags) for pen in pens], np.int64)


def _step(steps: Steps, vocabulary: Vocabulary, pens: Sequence[_Pen], sampling: Sampling) -> None:
    """One event for every tune of the batch."""
    features = np.array([pen.state.before() for pen in pens], np.int64)
    logits = steps.duration(features, np.array([pen.last for pen in pens], np.int64))
    given = [pen.given for pen in pens]
    weights = _weights(
        pens, given, vocabulary.duration_escape, lambda rule, pen, _: rule.durations(pen.state)
    )
    duration = _chosen(
        logits,
        weights,
        pens,
        given,
        sampling,
        [
            vocabulary.duration_ids.get(event.duration, vocabulary.duration_escape) if event else 0
            for event in given
        ],
    )
    lengths = [
        event.ticks if event else int(pen.lengths[chosen])
        for pen, event, chosen in zip(pens, given, duration.tolist(), strict=True)
    ]
    bits = _surprise(logits, duration)

    after = np.array([pen.state.after(length) for pen, length in zip(pens, lengths, strict=True)], np.int64)
    logits = steps.pitch(duration, after)
    weights = _weights(
        pens,
        given,
        vocabulary.pitch_escape,
        lambda rule, pen, length: rule.pitches(pen.state, length),
        lengths,
    )
    flags = _weights(pens, given, 3, lambda rule, pen, length: rule.flags(pen.state, length), lengths)
    pitch = _chosen(
        _led_to_an_end(steps, logits, flags, duration, after),
        weights,
        pens,
        given,
        sampling,
        [vocabulary.pitch_ids.get(event.pitch, vocabulary.pitch_escape) if event else 0 for event in given],
    )
    bits = bits + _surprise(logits, pitch)

    logits = steps.flag(duration, pitch, after)
    flag = _chosen(logits, flags, pens, given, sampling, [event.flag if event else 0 for event in given])

    for row, pen in enumerate(pens):
        event = given[row]
        if event is None:
            chosen = int(duration[row])
            event = Event(
                pen.state.now,
                lengths[row],
                vocabulary.durations[chosen],
                vocabulary.pitches[int(pitch[row])],
                int(flag[row]),
            )
            pen.bits.append(float(bits[row]))
        pen.push(event, int(duration[row]), int(pitch[row]))


def _led_to_an_end(steps: Steps, logits: Array, flags: Array, duration: Array, after: Array) -> Array:
    """Logits of the pitch, given that the tune ends with it where the rules allow nothing else.

    By Bayes' rule the chance of a pitch, once the end is certain, is its chance times that of an end after
    it. The latter is taken in logits, against the likelier of the other flags, without an exponential.
    """
    rows = np.flatnonzero((flags[:, TUNE_ENDS] > 0) & (flags.sum(1) == flags[:, TUNE_ENDS]))
    if not len(rows):
        return logits
    led = logits.copy()
    led[rows] += np.minimum(steps.endings(rows, duration, after), 0)
    return led


def _weights(
    pens: Sequence[_Pen],
    given: Sequence[Event | None],
    escape: int,
    ask: Callable[[Rule, _Pen, int], Array | None],
    lengths: Sequence[int] | None = None,
) -> Array:
    """Product of all rules' weights, (batch, classes); escapes are never drawn."""
    classes = escape + 1 if escape != 3 else 3
    table = np.ones((len(pens), classes))
    if escape != 3:
        table[:, escape] = 0.0
    for row, pen in enumerate(pens):
        if given[row] is None:
            for rule in pen.plan.rules:
                weights = ask(rule, pen, lengths[row] if lengths is not None else 0)
                if weights is not None:
                    table[row] *= weights
    return table


def _chosen(
    logits: Array,
    weights: Array,
    pens: Sequence[_Pen],
    given: Sequence[Event | None],
    sampling: Sampling,
    fixed: Sequence[int],
) -> Array:
    """Drawn classes, and the given ones where the opening is not yet over."""
    free = [row for row, event in enumerate(given) if event is None]
    chosen = np.array(fixed, np.int64)
    if len(free) == len(pens):
        uniform = np.array([pen.uniform() for pen in pens])
        return draw(logits, weights, uniform, temperature=sampling.temperature, top_p=sampling.top_p)
    if free:
        uniform = np.array([pens[row].uniform() for row in free])
        chosen[free] = draw(
            logits[free], weights[free], uniform, temperature=sampling.temperature, top_p=sampling.top_p
        )
    return chosen


def _surprise(logits: Array, chosen: Array) -> Array:
    """Bits of the chosen classes under the model alone."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(1, keepdims=True)
    total = np.log2(np.exp(shifted).sum(1))
    result: Array = total - shifted[np.arange(len(chosen)), chosen] / np.log(2.0)
    return result
