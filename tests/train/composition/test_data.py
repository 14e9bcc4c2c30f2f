"""Batches: every tune once an epoch, bounded, and hidden conditions."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from canzona.composition.features import trunk_features
from canzona.train.composition.data import BatchPlan, batches, collate, prepare
from canzona.train.composition.network import Composer
from canzona.train.composition.task import HIDDEN
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


@pytest.mark.parametrize("name", HIDDEN)
def test_conditions_are_hidden_from_some_tunes(small: Small, networks: list[Composer], name: str) -> None:
    """From the whole tune at once, from as many tunes as is said; the tunes themselves stay."""
    told = prepare(small.vocabulary, [listed.told_its_bars() for listed in small.lists])
    task = dataclasses.replace(small, arrays=told).task(networks[0], events=600)
    place = [each for each, _ in trunk_features(small.vocabulary)].index(name)
    hidden = shown = 0
    random = np.random.default_rng(0)
    for epoch in range(30):
        for batch in task.batches(epoch, random):
            for row, kept in zip(batch["trunk"], batch["mask"], strict=True):
                zeros = (row[kept][:, place] == 0).float().mean()
                assert zeros in (0, 1)
                hidden += int(zeros == 1)
                shown += int(zeros == 0)
    assert hidden + shown == 600
    never = np.mean([not tune["trunk"][:, place].any() for tune in told[:20]])  # in free meter
    assert never < 0.5
    assert hidden / 600 == pytest.approx(never + (1 - never) * HIDDEN[name], abs=0.08)


def test_steps_are_about_the_batches_of_an_epoch(small: Small, networks: list[Composer]) -> None:
    task = small.task(networks[0], events=600)
    counted = sum(1 for _ in task.batches(0, np.random.default_rng(5)))
    assert task.steps() == pytest.approx(counted, abs=1)
