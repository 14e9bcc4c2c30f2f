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
from canzona.composition.network import Network

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
    best : int16 (events, 2), those most probable classes.
    """

    bits: Array
    right: Array
    best: Array


def score(network: Network, vocabulary: Vocabulary, lists: Sequence[EventList], *, batch: int = 64) -> list[Scored]:
    """Every tune's bits, in the order of the lists."""
    found: list[Scored | None] = [None] * len(lists)
    order = sorted(range(len(lists)), key=lambda place: -len(lists[place].events))
    for start in range(0, len(order), batch):
        places = order[start : start + batch]
        for place, scored in zip(places, _score_batch(network, vocabulary, [lists[p] for p in places]), strict=True):
            found[place] = scored
    return [scored for scored in found if scored is not None]


def log2_softmax(logits: Array) -> Array:
    """Base-2 logarithms of the distribution, float64, over the last axis."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(-1, keepdims=True)
    result: Array = (shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))) / np.log(2.0)
    return result


def _score_batch(network: Network, vocabulary: Vocabulary, lists: Sequence[EventList]) -> Iterator[Scored]:
    """Scores of tunes given in falling order of length."""
    walked = [walk(vocabulary, listed) for listed in lists]
    lengths = np.array([len(listed.events) for listed in lists])
    tables = [np.zeros((length, 5)) for length in lengths]
    best = [np.zeros((length, 2), np.int16) for length in lengths]
    running = int((lengths > 0).sum())
    steps = network.start(len(lists), np.stack([arrays["tags"] for arrays in walked]))
    if running < len(lists):
        steps.keep(np.arange(running))
    escapes = ((vocabulary.duration_escape, ESCAPE_BITS["duration"]), (vocabulary.pitch_escape, ESCAPE_BITS["pitch"]))
    for time in range(int(lengths.max(initial=0))):
        alive = int((lengths > time).sum())
        if alive < running:
            steps.keep(np.arange(alive))
            running = alive
        trunk, after, targets = (
            np.stack([arrays[name][time] for arrays in walked[:alive]]).astype(np.int64)
            for name in ("trunk", "after", "targets")
        )
        last = np.stack([arrays["targets"][max(0, time - 1)] for arrays in walked[:alive]]).astype(np.int64)
        duration, pitch, flag = (np.ascontiguousarray(targets[:, part]) for part in range(3))
        logits = (steps.duration(trunk, last), steps.pitch(duration, after), steps.flag(duration, pitch, after))
        rows = np.arange(alive)
        for part, (table, target) in enumerate(zip(logits, (duration, pitch, flag), strict=True)):
            bits = -log2_softmax(table)[rows, target]
            if part < 2:
                escape, cost = escapes[part]
                bits = bits + cost * (target == escape)
                top = table.argmax(-1)
            for row in range(alive):
                tables[row][time, part] = bits[row]
                if part < 2:
                    best[row][time, part] = top[row]
                    tables[row][time, 3 + part] = top[row] == target[row]
    for table, classes in zip(tables, best, strict=True):
        yield Scored(table[:, :3], table[:, 3:] > 0, classes)
