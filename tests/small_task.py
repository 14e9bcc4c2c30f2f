"""A small corpus as training arrays, for tests of training that need no model folder."""

from __future__ import annotations

from dataclasses import dataclass

from canzona.composition.events import EventList, Vocabulary, build_vocabulary, encode, region_tags
from canzona.train.composition.data import Arrays, BatchPlan, prepare
from canzona.train.composition.network import Composer
from canzona.train.composition.task import ComposerTask, Shape
from small_model import corpus

SHAPE = Shape(hidden=24, width=20, embedding=4, heads=2, dropout=0.1)


@dataclass(frozen=True)
class Small:
    """Sixty tunes, encoded."""

    vocabulary: Vocabulary
    lists: list[EventList]
    arrays: list[Arrays]

    @classmethod
    def make(cls) -> Small:
        """From the tunes of the small model."""
        lists = [encode(tune, region_tags(tune)) for _, tune in corpus()][:60]
        vocabulary = build_vocabulary(lists)
        return cls(vocabulary, lists, prepare(vocabulary, lists))

    def task(self, network: Composer, *, events: int = 1500) -> ComposerTask:
        """Twenty tunes to train on, ten to validate, in float32 on every processor."""
        task = ComposerTask(network, self.vocabulary, self.arrays[:20], self.arrays[20:30], BatchPlan(events))
        task._half = False
        return task
