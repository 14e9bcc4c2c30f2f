"""Training examples as batches: each from a generator of its own, so any number of workers gives the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from canzona.train.separation.remix import Remixer

Batch = tuple[Tensor, Tensor]
"""Mixture and target, float32 of shape (batch, 2, frames) each."""


class Examples(IterableDataset[Batch]):
    """The batches of an epoch, of which a worker of a process makes its share.

    Parameters
    ----------
    remixer : makes the examples.
    seed : with epoch, batch and place in it, what an example's generator is seeded by.
    batches, size : batches an epoch over all processes together, and examples in each.

    Attributes
    ----------
    epoch : which comes next.
    rank, processes : which of how many processes this is; each takes every so many-th batch.
    """

    def __init__(self, remixer: Remixer, *, seed: int, batches: int, size: int) -> None:
        super().__init__()
        self.remixer = remixer
        self.seed, self.batches, self.size = seed, batches, size
        self.epoch = 0
        self.rank, self.processes = 0, 1

    def __len__(self) -> int:
        return len(self._places())

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        places = self._places()
        for place in places[worker.id :: worker.num_workers] if worker else places:
            yield self.batch(place)

    def batch(self, place: int) -> Batch:
        """The batch of a place within the epoch."""
        pairs = [
            self.remixer.example(np.random.default_rng((self.seed, self.epoch, place, item)))
            for item in range(self.size)
        ]
        mixtures, targets = (np.ascontiguousarray(np.stack(side)) for side in zip(*pairs, strict=True))
        return torch.from_numpy(mixtures), torch.from_numpy(targets)

    def _places(self) -> range:
        # Whole rounds of the processes only: one that has a batch more would wait for the others for ever.
        whole = self.batches // self.processes * self.processes
        return range(self.rank, whole, self.processes)
