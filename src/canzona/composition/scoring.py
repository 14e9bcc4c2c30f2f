"""Bits of every event of given tunes under a network, teacher-forced.

The tunes of a batch step together; since the network's arithmetic is exact, neither the batch
nor the order of the tunes changes a figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from canzona.composition.context import walk
from canzona.composition.events import ESCAPE_BITS, EventList, Vocabulary
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
        the one given the most probable duration.
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


class _Rows:
    """What is collected of one tune, event by event."""

    def __init__(self, events: int, durations: int) -> None:
        self.bits = np.zeros((events, 3))
        self.right = np.zeros((events, 2), bool)
        self.durations = np.zeros((events, durations), np.float32)
        self.pitch_before = np.zeros(events, np.int16)


def _score_batch(network: Network, vocabulary: Vocabulary, lists: Sequence[EventList]) -> Iterator[Scored]:
    """Scores of tunes given in falling order of length."""
    walked = [walk(vocabulary, listed) for listed in lists]
    lengths = np.array([len(listed.events) for listed in lists])
    rows = [_Rows(length, vocabulary.duration_escape + 1) for length in lengths.tolist()]
    steps = network.start(len(lists), np.stack([arrays["tags"] for arrays in walked]))
    running = len(lists)
    for time in range(int(lengths.max(initial=0))):
        alive = int((lengths > time).sum())
        if alive < running:
            steps.keep(np.arange(alive))
            running = alive
        at = {name: np.stack([arrays[name][time] for arrays in walked[:alive]]).astype(np.int64)
              for name in ("trunk", "after", "targets")}  # fmt: skip
        at["last"] = np.stack([arrays["targets"][max(0, time - 1)] for arrays in walked[:alive]]).astype(
            np.int64
        )
        _score_step(steps, vocabulary, at, rows[:alive], time)
    for row in rows:
        yield Scored(row.bits, row.right, row.durations, row.pitch_before)


def _score_step(
    steps: Steps, vocabulary: Vocabulary, at: dict[str, Array], rows: Sequence[_Rows], time: int
) -> None:
    """One event of every tune that has one."""
    duration, pitch, flag = (np.ascontiguousarray(at["targets"][:, part]) for part in range(3))
    coming = steps.duration(at["trunk"], at["last"])
    likely = coming[:, : vocabulary.duration_escape].argmax(1)
    before = steps.pitch(likely, at["after"]).argmax(1)
    given = steps.pitch(duration, at["after"])
    ending = steps.flag(duration, pitch, at["after"])
    here = np.arange(len(rows))
    logs = [log2_softmax(table) for table in (coming, given, ending)]
    bits = np.stack(
        [-table[here, target] for table, target in zip(logs, (duration, pitch, flag), strict=True)], 1
    )
    bits[:, 0] += ESCAPE_BITS["duration"] * (duration == vocabulary.duration_escape)
    bits[:, 1] += ESCAPE_BITS["pitch"] * (pitch == vocabulary.pitch_escape)
    right = np.stack([coming.argmax(1) == duration, given.argmax(1) == pitch], 1)
    shares = np.exp2(logs[0])
    for place, row in enumerate(rows):
        row.bits[time], row.right[time] = bits[place], right[place]
        row.durations[time], row.pitch_before[time] = shares[place], before[place]
