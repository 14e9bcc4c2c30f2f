"""Tests of training need torch, use one thread, and networks of a few thousand weights."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from canzona.train.composition.network import Composer
    from small_task import Small

HAS_TORCH = importlib.util.find_spec("torch") is not None

if HAS_TORCH:
    import torch

    torch.set_num_threads(1)  # two take twice the time on networks as small as these


class WithoutTorch(pytest.Module):
    """A module whose tests cannot run."""

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        pytest.skip("the extra 'train' is not installed", allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Skips every module of this folder where torch is missing."""
    return None if HAS_TORCH else WithoutTorch.from_parent(parent, path=module_path)


@pytest.fixture(scope="session")
def small() -> Small:
    """Sixty tunes as training arrays."""
    from small_task import Small

    return Small.make()


@pytest.fixture(scope="session")
def networks(small: Small) -> list[Composer]:
    """Two networks after thirty steps on one batch each: neither fresh nor good."""
    from canzona.train.composition.data import collate
    from canzona.train.composition.task import new_network
    from small_task import SHAPE

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
