"""The network in torch: nothing ahead is seen, padding counts for nothing, gates and intervals add up."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from canzona.composition.counts import EVERY
from canzona.composition.events import EventList
from canzona.composition.features import trunk_features
from canzona.composition.past import distance_classes
from canzona.train.composition.data import Arrays, Batch, collate, prepare
from canzona.train.composition.network import Composer, distance_class
from canzona.train.composition.pointing import Copies, Recalls
from canzona.train.composition.sizes import (
    INTERVALS,
    NO_STEP,
    WIDEST,
    Sizes,
    interval_table,
)
from canzona.train.composition.task import new_network
from small_task import SHAPE, Small

CLOSE = {"atol": 2e-5, "rtol": 1e-5}
"""Float sums in another order; seen too early, a feature moves logits a thousand times as far."""


@torch.no_grad()
def logits(network: Composer, *tunes: Arrays) -> tuple[Tensor, ...]:
    """Duration, pitch and flag logits (tune, event, class) of padded tunes."""
    return run(network, collate(tunes))


@torch.no_grad()
def run(network: Composer, batch: Batch) -> tuple[Tensor, ...]:
    found: tuple[Tensor, ...] = network(batch["trunk"], batch["after"], batch["targets"], batch["tags"])
    return found


@pytest.mark.parametrize("kept", [0, 1, 7, 20])
def test_a_change_ahead_changes_no_earlier_logit(small: Small, networks: list[Composer], kept: int) -> None:
    """The tune goes on as another one does; up to there, and for the next duration, all stays."""
    mine, other = small.lists[3], small.lists[8]  # of the same meter
    whole = logits(networks[0], *prepare(small.vocabulary, [mine]))
    grafted = logits(networks[0], *prepare(small.vocabulary, [graft(mine, other, kept)]))
    for one, again in zip(whole, grafted, strict=True):
        assert torch.allclose(one[:, :kept], again[:, :kept], **CLOSE)
    assert torch.allclose(whole[0][:, kept], again_duration := grafted[0][:, kept], **CLOSE)
    assert again_duration.isfinite().all()
    assert not torch.allclose(whole[0][0, kept + 1], grafted[0][0, kept + 1], **CLOSE)


def graft(listed: EventList, other: EventList, kept: int) -> EventList:
    """The first events of one tune and then another's, from the same moment on, without bar lines."""
    now = listed.events[kept].onset
    events = list(listed.events[:kept])
    for event in other.events[kept:]:
        events.append(
            dataclasses.replace(event, onset=now, duration=event.duration * 3, ticks=event.ticks * 3)
        )
        now += event.ticks * 3
    start = listed.events[kept].onset
    return dataclasses.replace(
        listed, events=tuple(events), barlines=tuple(line for line in listed.barlines if line <= start)
    )


def test_no_part_of_an_event_is_seen_before_its_turn(small: Small, networks: list[Composer]) -> None:
    """Duration, then pitch given it, then the flag given both."""
    batch = collate([small.arrays[5]])
    plain = run(networks[0], batch)
    at = 9
    for part, blind, seeing in ((0, [0], [1, 2]), (1, [0, 1], [2]), (2, [0, 1, 2], [])):
        changed = {name: value.clone() for name, value in batch.items()}
        changed["targets"][0, at, part] = (changed["targets"][0, at, part] + 1) % 3
        found = run(networks[0], changed)
        for table in range(3):
            assert torch.allclose(plain[table][0, :at], found[table][0, :at], **CLOSE)
        for table in blind:
            assert torch.allclose(plain[table][0, at], found[table][0, at], **CLOSE)
        for table in seeing:
            assert not torch.allclose(plain[table][0, at], found[table][0, at], **CLOSE)
        assert not torch.allclose(plain[0][0, at + 1], found[0][0, at + 1], **CLOSE), "later it is known"


def test_padding_and_neighbours_change_nothing(small: Small, networks: list[Composer]) -> None:
    short = min(small.arrays, key=lambda tune: len(tune["targets"]))
    long = max(small.arrays, key=lambda tune: len(tune["targets"]))
    alone = logits(networks[0], short)
    padded = logits(networks[0], long, short)
    for one, other in zip(alone, padded, strict=True):
        assert torch.allclose(one[0], other[1, : len(short["targets"])], **CLOSE)


def test_what_stands_in_the_padding_changes_neither_loss_nor_gradient(
    small: Small, networks: list[Composer]
) -> None:
    task = small.task(networks[0])
    losses, gradients = [], []
    for rubbish in (0, 1):
        batch = collate([small.arrays[1], small.arrays[2]])
        padding = ~batch["mask"]
        assert padding.any()
        for name in ("trunk", "after", "targets"):
            batch[name][padding] = rubbish
        networks[0].zero_grad()
        loss, _ = task.loss(batch)
        loss.backward()
        losses.append(float(loss.detach()))
        gradients.append(torch.cat([weight.grad.flatten() for weight in networks[0].parameters()]))
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)
    assert torch.allclose(*gradients, atol=1e-6)


def test_gradients_are_finite_and_reach_every_weight(small: Small) -> None:
    network = new_network(small.vocabulary, SHAPE, 3)
    task = small.task(network)
    batch = next(iter(task.batches(0, np.random.default_rng(0))))
    loss, figures = task.loss(batch)
    loss.backward()
    assert math.isfinite(figures["total"]) and 0 < figures["total"] < 20
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.abs().max() > 0, name


def test_inferred_phrases_do_not_count_in_the_flags_loss(small: Small, networks: list[Composer]) -> None:
    """They are a loss of their own: one tune's flags weigh no less where another's are inferred."""
    task = small.task(networks[0].eval())
    marked, inferred = ({**small.arrays[place], "marked": np.array(place == 1)} for place in (1, 2))
    batch = collate([marked, inferred])
    tables = networks[0](batch["trunk"], batch["after"], batch["targets"], batch["tags"])
    costs = [cross_entropy(table.flatten(0, 1), batch["targets"][..., part].flatten(), reduction="none")
             .view(batch["mask"].shape) for part, table in enumerate(tables)]  # fmt: skip
    of_flags = [costs[2][row][batch["mask"][row]].mean() for row in (0, 1)]
    expected = sum(costs[part][batch["mask"]].mean() for part in (0, 1)) + sum(of_flags)
    assert float(task.loss(batch)[0].detach()) == pytest.approx(float(expected.detach()), rel=1e-5)


def test_gradients_stay_finite_for_extreme_weights(small: Small) -> None:
    network = new_network(small.vocabulary, SHAPE, 3)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(50)
    loss, _ = small.task(network).loss(collate(small.arrays[:3]))
    loss.backward()
    assert loss.isfinite()
    assert all(weight.grad.isfinite().all() for weight in network.parameters())


def test_one_event_and_unknown_conditions(small: Small, networks: list[Composer]) -> None:
    whole = ("tags", "marked")
    first = {name: value * 0 if name in whole else value[:1] for name, value in small.arrays[0].items()}
    found = logits(networks[0], first)
    assert [table.shape for table in found] == [
        (1, 1, len(small.vocabulary.durations) + 1),
        (1, 1, len(small.vocabulary.pitches) + 1),
        (1, 1, 3),
    ]
    assert all(table.isfinite().all() for table in found)


def test_the_word_that_is_not_given_weighs_nothing(small: Small, networks: list[Composer]) -> None:
    batch = collate([small.arrays[0]])
    assert int((batch["tags"] == 0).sum()) > 0
    assert networks[0].tags.weight[0].abs().max() == 0


def test_dropout_is_for_training_alone(small: Small, networks: list[Composer]) -> None:
    one, again = logits(networks[0], small.arrays[0]), logits(networks[0], small.arrays[0])
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    networks[0].train()
    drawn = logits(networks[0], small.arrays[0])
    networks[0].eval()
    assert not torch.equal(one[0], drawn[0])


def test_a_gate_raises_the_class_that_its_feature_names() -> None:
    copies = Copies(4, (0, 2))
    output = torch.tensor([[[0.0, 1.0, 2.0, 3.0, 10.0, 5.0]]])
    assert copies(output, torch.tensor([[[1, 9, 3]]])).tolist() == [[[0, 11, 2, 8]]]
    assert copies(output, torch.tensor([[[2, 9, 2]]])).tolist() == [[[0, 1, 17, 3]]]
    assert copies(output, torch.tensor([[[4, 0, 7]]])).tolist() == [[[0, 1, 2, 3]]], "these name none"
    assert torch.equal(Copies(4, ())(output, torch.zeros(1, 1, 3, dtype=torch.long)), output[..., :4])


def test_what_has_been_is_recalled_by_how_often() -> None:
    past = torch.tensor([[0, 2, 2, 2, 0]])
    trunk = torch.tensor([[[5], [5], [6], [6], [5]]])
    none = torch.zeros(1, 5, 3)
    seen, often = torch.zeros(1, 5, 4), torch.zeros(1, 5, 4)
    seen[..., 0], often[..., 3] = 10.0, 8.0  # of all events whether, of those alike how often
    recalls = Recalls(3, (EVERY, 0))
    assert recalls.gates == 4
    assert recalls(none, seen, trunk, past).tolist() == [
        [[0, 0, 0], [10, 0, 0], [10, 0, 10], [10, 0, 10], [10, 0, 10]]
    ]
    found = recalls(none, often, trunk, past)
    assert found[0, 2].tolist() == [0, 0, 0], "no earlier event was alike"
    assert found[0, 3].tolist() == [0, 0, 8], "log2(1 + 1)"
    assert found[0, 4].tolist() == [8, 0, 8]
    assert torch.equal(Recalls(3, ())(none, none, trunk, past), none)


def test_intervals_between_pitch_classes() -> None:
    table = interval_table((0, 2, NO_STEP, 40))
    assert table.shape == (5, 4)
    assert table[0, 1] == WIDEST + 2 and table[1, 0] == WIDEST - 2 and table[0, 0] == WIDEST
    assert table[0, 3] == 2 * WIDEST, "wider ones count as the widest"
    assert table[0, 2] == INTERVALS - 2, "to a rest"
    assert set(table[4].tolist()) == {INTERVALS - 1}, "with no pitch to count from"


def test_distances_are_classed_as_they_are_in_use() -> None:
    gaps = torch.arange(3000, 0, -1)
    assert distance_class(gaps).tolist() == distance_classes(3000).tolist()


def test_sizes_survive_as_plain_values(small: Small) -> None:
    sizes = new_network(small.vocabulary, SHAPE, 1).sizes
    assert Sizes.from_dict(sizes.to_dict()) == sizes
    assert len(sizes.trunk) == len(trunk_features(small.vocabulary))


def test_a_seed_makes_the_same_network(small: Small) -> None:
    one, same, other = (new_network(small.vocabulary, SHAPE, seed) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
