"""Batches: every tune once an epoch, bounded, and hidden conditions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from canzona.composition.context import trunk_features
from canzona.train.composition.data import BatchPlan, batches, collate
from canzona.train.composition.network import Composer
from canzona.train.composition.task import HIDDEN_SHARE
from small_task import Small


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=60),
    st.integers(50, 2000),
    st.booleans(),
    st.integers(0, 9),
)
def test_every_tune_once_and_no_batch_too_large(
    lengths: list[int], events: int, shuffle: bool, seed: int
) -> None:
    tunes = [{"targets": np.zeros((length, 3), np.int64)} for length in lengths]
    groups = list(batches(tunes, BatchPlan(events, shuffle), np.random.default_rng(seed)))
    assert sorted(place for group in groups for place in group) == list(range(len(lengths)))
    for group in groups:
        padded = max(lengths[place] for place in group) * len(group)
        assert padded <= events or len(group) == 1, "a tune longer than the bound stands alone"


def test_the_order_changes_with_the_seed_and_with_nothing_else(small: Small) -> None:
    def order(seed: int, shuffle: bool = True) -> list[list[int]]:
        return list(batches(small.arrays, BatchPlan(500, shuffle), np.random.default_rng(seed)))

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert order(1, False) == order(2, False)


def test_collate_pads_behind(small: Small) -> None:
    tunes = small.arrays[:3]
    batch = collate(tunes)
    assert batch["mask"].sum(1).tolist() == [len(tune["targets"]) for tune in tunes]
    for row, tune in enumerate(tunes):
        for name in ("trunk", "after", "targets"):
            assert np.array_equal(batch[name][row, : len(tune[name])].numpy(), tune[name])
            assert not batch[name][row, len(tune[name]) :].any()
        assert np.array_equal(batch["tags"][row].numpy(), tune["tags"])
    assert all(batch[name].dtype == torch.int64 for name in ("trunk", "after", "targets", "tags"))


def test_conditions_are_hidden_from_some_tunes(small: Small, networks: list[Composer]) -> None:
    """Mode and tonic of about a tenth, from the whole tune at once; nothing else changes."""
    task = small.task(networks[0], events=600)
    mode = [name for name, _ in trunk_features(small.vocabulary)].index("mode")
    hidden = shown = 0
    random = np.random.default_rng(0)
    for epoch in range(10):
        for batch in task.batches(epoch, random):
            for row, kept in zip(batch["trunk"], batch["mask"], strict=True):
                column = row[kept][:, mode]
                assert len(column.unique()) == 1
                hidden += int(column[0] == 0)
                shown += int(column[0] != 0)
    assert hidden + shown == 200
    assert hidden / 200 == pytest.approx(HIDDEN_SHARE, abs=0.06)
    assert all(tune["trunk"][:, mode].all() for tune in small.arrays[:20]), "the tunes themselves stay"


def test_steps_are_about_the_batches_of_an_epoch(small: Small, networks: list[Composer]) -> None:
    task = small.task(networks[0], events=600)
    counted = sum(1 for _ in task.batches(0, np.random.default_rng(5)))
    assert task.steps() == pytest.approx(counted, abs=1)
