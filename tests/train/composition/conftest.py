"""Two networks that learnt for a moment from a small corpus."""

from __future__ import annotations

import pytest
import torch

from canzona.train.composition.data import collate
from canzona.train.composition.network import Composer
from canzona.train.composition.task import new_network
from small_task import SHAPE, Small


@pytest.fixture(scope="session")
def small() -> Small:
    return Small.make()


@pytest.fixture(scope="session")
def networks(small: Small) -> list[Composer]:
    """Two networks after thirty steps on one batch each: neither fresh nor good."""
    found = []
    for seed in (1, 2):
        network = new_network(small.vocabulary, SHAPE, seed)
        task = small.task(network)
        optimizer = torch.optim.Adam(network.parameters(), 0.02)
        batch = collate(small.arrays[10 * seed : 10 * seed + 4])
        for _ in range(30):
            optimizer.zero_grad()
            task.loss(batch)[0].backward()
            optimizer.step()
        found.append(network.eval())
    return found
