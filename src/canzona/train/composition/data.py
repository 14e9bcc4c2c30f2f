"""Tunes to training arrays: padded batches of whole tunes of like length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from canzona.composition.context import walk
from canzona.composition.events import EventList, Vocabulary

IGNORED = -100
"""Target class of padding."""

Arrays = dict[str, np.ndarray]
Batch = dict[str, Tensor]


@dataclass(frozen=True)
class BatchPlan:
    """How tunes are put together.

    `events` bounds the events of a batch, padding included; `shuffle` orders tunes anew for
    each seed, those of like length still side by side.
    """

    events: int = 3000
    shuffle: bool = True


def prepare(vocabulary: Vocabulary, lists: Sequence[EventList]) -> list[Arrays]:
    """Features and targets of each tune (see `canzona.composition.context.walk`)."""
    return [walk(vocabulary, listed) for listed in lists]


def batches(tunes: Sequence[Arrays], plan: BatchPlan, generator: np.random.Generator) -> Iterator[list[int]]:
    """Places of tunes, grouped into batches of like length."""
    lengths = np.array([len(tune["targets"]) for tune in tunes])
    jitter = generator.uniform(0.85, 1.15, len(tunes)) if plan.shuffle else np.ones(len(tunes))
    order = np.argsort(lengths * jitter, kind="stable")
    groups: list[list[int]] = []
    group: list[int] = []
    longest = 0
    for place in order.tolist():
        longest = max(longest, int(lengths[place]))
        if group and longest * (len(group) + 1) > plan.events:
            groups.append(group)
            group, longest = [], int(lengths[place])
        group.append(place)
    if group:
        groups.append(group)
    if plan.shuffle:
        generator.shuffle(groups)
    yield from groups


def collate(tunes: Sequence[Arrays]) -> Batch:
    """Padded tensors: `trunk`, `after`, `targets` (batch, time, ...), `tags`, `marked` (batch,), `mask`."""
    longest = max(len(tune["targets"]) for tune in tunes)
    batch: Batch = {}
    for name in ("trunk", "after", "targets"):
        padded = np.zeros((len(tunes), longest, tunes[0][name].shape[1]), np.int64)
        for row, tune in enumerate(tunes):
            padded[row, : len(tune[name])] = tune[name]
        batch[name] = torch.from_numpy(padded)
    batch["tags"] = torch.from_numpy(np.stack([tune["tags"] for tune in tunes]).astype(np.int64))
    batch["marked"] = torch.from_numpy(np.array([bool(tune["marked"]) for tune in tunes]))
    lengths = torch.tensor([len(tune["targets"]) for tune in tunes])
    batch["mask"] = torch.arange(longest)[None, :] < lengths[:, None]
    return batch
