"""Random walks of a network over events, for tests of its carried state."""

from __future__ import annotations

import numpy as np

from canzona.composition.features import after_features, trunk_features
from canzona.composition.model import ComposerModel

Array = np.ndarray
EVENTS = 75
"""More than two times the room that is made at once."""


class Walk:
    """Random features and events of one tune, and what a network makes of them."""

    def __init__(self, composer: ComposerModel, seed: int) -> None:
        random = np.random.default_rng(seed)
        known = composer.vocabulary

        def rows(classes: list[int]) -> Array:
            return np.stack([random.integers(0, count, EVENTS) for count in classes], 1)

        self.features = rows([count for _, count in trunk_features(known)])
        self.after = rows([count for _, count in after_features()])
        self.events = rows([len(known.durations), len(known.pitches), 3])
        self.tags = np.zeros((1, 8), np.int64)
        self.tags[0, 0] = seed % (len(known.tags) + 1)
        self.time = 0
        self.found: list[Array] = []
