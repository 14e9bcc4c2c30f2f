"""Bits of every event of given tunes under a network, teacher-forced.

The tunes of a batch step together; since the network's arithmetic is exact, neither the batch
nor the order of the tunes changes a figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from canzona.composition.context import TuneState, tag_row
from canzona.composition.decode import class_lengths
from canzona.composition.events import ESCAPE_BITS, TICKS, Event, EventList, Vocabulary
from canzona.composition.network import Network, Steps

Array = np.ndarray


@dataclass(frozen=True)
class Scored:
    """What a network makes of one tune.

    Attributes
    ----------
    bits : float64 (events, 3), bits of duration, pitch given duration, flag given both; an
        escape's own bits included.
    right : bool (events, 2), whether the most probable duration, and pitch given the
        duration, is the one that stands.
    durations : float32 (events, durations + 1), the distribution of each duration.
    pitch_before : int16 (events,), the most probable pitch when the duration is not yet known:
        the one given the most probable duration, as if the event lasted so long.
    """

    bits: Array
    right: Array
    durations: Array
    pitch_before: Array


def score(
    network: Network, vocabulary: Vocabulary, lists: Sequence[EventList], *, batch: int = 64
) -> list[Scored]:
    """Every tune's bits, in the order of the lists."""
    found: list[Scored | None] = [None] * len(lists)
    order = sorted(range(len(lists)), key=lambda place: -len(lists[place].events))
    for start in range(0, len(order), batch):
        places = order[start : start + batch]
        for place, scored in zip(
            places, _score_batch(network, vocabulary, [lists[p] for p in places]), strict=True
        ):
            found[place] = scored
    return [scored for scored in found if scored is not None]


def log2_softmax(logits: Array) -> Array:
    """Base-2 logarithms of the distribution, float64, over the last axis."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(-1, keepdims=True)
    result: Array = (shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))) / np.log(2.0)
    return result


class _Reading:
    """One tune that is being read, and what is collected of it, event by event."""

    def __init__(self, vocabulary: Vocabulary, listed: EventList) -> None:
        events = len(listed.events)
        self.vocabulary = vocabulary
        self.events = listed.events
        self.state = TuneState(vocabulary, listed)
        self.targets = np.array([_classes(vocabulary, event) for event in listed.events], np.int64)
        self.bits = np.zeros((events, 3))
        self.right = np.zeros((events, 2), bool)
        self.durations = np.zeros((events, vocabulary.duration_escape + 1), np.float32)
        self.pitch_before = np.zeros(events, np.int16)
        self._lengths: dict[int, list[int]] = {}

    def after_class(self, duration: int) -> tuple[int, ...]:
        """Features after the coming event if it were of this class of duration."""
        unit = self.state.unit
        if unit not in self._lengths:
            self._lengths[unit] = class_lengths(self.vocabulary.durations, Fraction(unit, TICKS)).tolist()
        return self.state.after(self._lengths[unit][duration])

    def push(self, time: int) -> None:
        """Goes on behind an event."""
        duration, pitch, _ = self.targets[time].tolist()
        self.state.push(self.events[time], duration, pitch)


def _classes(vocabulary: Vocabulary, event: Event) -> tuple[int, int, int]:
    """Classes of an event's duration, pitch and flag."""
    return (
        vocabulary.duration_ids.get(event.duration, vocabulary.duration_escape),
        vocabulary.pitch_ids.get(event.pitch, vocabulary.pitch_escape),
        event.flag,
    )


def _score_batch(network: Network, vocabulary: Vocabulary, lists: Sequence[EventList]) -> Iterator[Scored]:
    """Scores of tunes given in falling order of length."""
    readings = [_Reading(vocabulary, listed) for listed in lists]
    tags = np.array([tag_row(vocabulary, listed.conditions.tags) for listed in lists], np.int64)
    steps = network.start(len(lists), tags)
    running = readings
    for time in range(max((len(listed.events) for listed in lists), default=0)):
        alive = [reading for reading in running if len(reading.events) > time]
        if len(alive) < len(running):
            steps.keep(np.arange(len(alive)))
            running = alive
        _score_step(steps, vocabulary, running, time)
        for reading in running:
            reading.push(time)
    for reading in readings:
        yield Scored(reading.bits, reading.right, reading.durations, reading.pitch_before)


def _score_step(steps: Steps, vocabulary: Vocabulary, readings: Sequence[_Reading], time: int) -> None:
    """One event of every tune that has one."""
    events = [reading.events[time] for reading in readings]
    targets = np.array([reading.targets[time] for reading in readings])
    last = np.array([reading.targets[time - 1] if time else (0, 0, 0) for reading in readings], np.int64)
    duration, pitch, flag = (np.ascontiguousarray(targets[:, part]) for part in range(3))
    features = np.array([reading.state.before() for reading in readings], np.int64)
    coming = steps.duration(features, last)
    likely = coming[:, : vocabulary.duration_escape].argmax(1)
    guessed = [each.after_class(place) for each, place in zip(readings, likely.tolist(), strict=True)]
    before = steps.pitch(likely, np.array(guessed, np.int64)).argmax(1)
    after = [each.state.after(event.ticks) for each, event in zip(readings, events, strict=True)]
    follows = np.array(after, np.int64)
    given = steps.pitch(duration, follows)
    ending = steps.flag(duration, pitch, follows)
    here = np.arange(len(readings))
    logs = [log2_softmax(table) for table in (coming, given, ending)]
    bits = np.stack(
        [-table[here, target] for table, target in zip(logs, (duration, pitch, flag), strict=True)], 1
    )
    bits[:, 0] += ESCAPE_BITS["duration"] * (duration == vocabulary.duration_escape)
    bits[:, 1] += ESCAPE_BITS["pitch"] * (pitch == vocabulary.pitch_escape)
    right = np.stack([coming.argmax(1) == duration, given.argmax(1) == pitch], 1)
    shares = np.exp2(logs[0])
    for place, reading in enumerate(readings):
        reading.bits[time], reading.right[time] = bits[place], right[place]
        reading.durations[time], reading.pitch_before[time] = shares[place], before[place]
