"""Training one composer network: its batches, its loss in bits, its validation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from canzona.composition.counts import EVERY
from canzona.composition.events import ESCAPE_BITS, Vocabulary
from canzona.composition.features import LOOKBACK_BARS, after_features, trunk_features
from canzona.train.composition.data import Arrays, Batch, BatchPlan, batches, collate
from canzona.train.composition.network import Composer
from canzona.train.composition.sizes import NO_STEP, Sizes
from canzona.train.loop import Row

HIDDEN = {"mode": 0.1, "tonic": 0.1, "bars_left": 0.6}
"""Shares of tunes from which a condition is hidden, so that a model can do without it."""

HIDDEN_TAGS = 0.1
"""Share of tunes from which all region words are hidden, and of words from the others."""

_AGO = (*(f"{bars}_bars_ago" for bars in LOOKBACK_BARS), "phrase_1_back", "phrase_2_back", "first_phrase")
DURATION_CANDIDATES = (
    "last_duration", *(f"duration_{ago}" for ago in _AGO),
    "exact_duration", "rhythm_duration", "interval_duration", "duration_like_phrase",
)  # fmt: skip
PITCH_CANDIDATES = (*(f"pitch_{ago}" for ago in _AGO), "exact_pitch", "interval_pitch", "pitch_pitch",
                    "pitch_like_phrase")  # fmt: skip
"""Features that name a class which the heads may copy."""

DURATION_RECALLS = ("every", "regular_place", "last_duration")
PITCH_RECALLS = ("every", "sounding_pitch", "regular_place")
"""By what feature earlier events are counted."""

_PARTS = ("duration", "pitch", "flag")


@dataclass(frozen=True, slots=True)
class Shape:
    """What of a network's sizes a recipe chooses."""

    fractions: ClassVar[tuple[str, ...]] = ("dropout", "feature_dropout")
    hidden: int = 384
    width: int = 320
    embedding: int = 16
    heads: int = 4
    dropout: float = 0.45
    feature_dropout: float = 0.15


def new_network(vocabulary: Vocabulary, shape: Shape, seed: int) -> Composer:
    """A fresh network for a vocabulary."""
    torch.manual_seed(seed)
    columns = {name: place for place, (name, _) in enumerate(trunk_features(vocabulary))}
    steps = [pitch[0] if not isinstance(pitch, str) else NO_STEP for pitch in vocabulary.pitches]
    return Composer(
        Sizes(
            trunk=tuple(classes for _, classes in trunk_features(vocabulary)),
            after=tuple(classes for _, classes in after_features()),
            durations=len(vocabulary.durations) + 1,
            pitches=len(vocabulary.pitches) + 1,
            tags=len(vocabulary.tags),
            hidden=shape.hidden,
            width=shape.width,
            embedding=shape.embedding,
            heads=shape.heads,
            dropout=shape.dropout,
            feature_dropout=shape.feature_dropout,
            duration_columns=tuple(columns[name] for name in DURATION_CANDIDATES),
            pitch_columns=tuple(columns[name] for name in PITCH_CANDIDATES),
            sounding_column=columns["sounding_pitch"],
            pitch_steps=(*steps, NO_STEP),
            duration_recalls=tuple(columns.get(name, EVERY) for name in DURATION_RECALLS),
            pitch_recalls=tuple(columns.get(name, EVERY) for name in PITCH_RECALLS),
        )
    )


class ComposerTask:
    """One network on training and validation tunes.

    Parameters
    ----------
    network : the network, on its device.
    vocabulary : the classes.
    training, validation : arrays of each tune (`canzona.composition.context.walk`).
    plan : how tunes are batched.
    device : 'cpu' or 'cuda'.
    """

    def __init__(
        self,
        network: Composer,
        vocabulary: Vocabulary,
        training: Sequence[Arrays],
        validation: Sequence[Arrays],
        plan: BatchPlan,
        device: str = "cpu",
    ) -> None:
        self.network: nn.Module = network
        self._training, self._validation, self._plan, self._device = training, validation, plan, device
        names = [name for name, _ in trunk_features(vocabulary)]
        self._hideable = {names.index(name): share for name, share in HIDDEN.items()}
        self._steps = sum(1 for _ in batches(training, plan, np.random.default_rng(0)))
        self._half = device != "cpu" or has_fast_bfloat16()

    def steps(self) -> int:
        """Batches an epoch."""
        return self._steps

    def batches(self, epoch: int, random: np.random.Generator) -> Iterable[Batch]:
        """Batches in a new order, conditions hidden from some tunes."""
        for group in batches(self._training, self._plan, random):
            batch = collate([self._training[place] for place in group])
            for column, share in self._hideable.items():
                batch["trunk"][torch.from_numpy(random.random(len(group)) < share), :, column] = 0
            batch["tags"][torch.from_numpy(random.random(len(group)) < HIDDEN_TAGS)] = 0
            batch["tags"][torch.from_numpy(random.random(tuple(batch["tags"].shape)) < HIDDEN_TAGS)] = 0
            yield batch

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Cross-entropy of the three parts, added; figures in bits a note.

        The flag's counts the tunes whose source marks phrases. Inferred phrases are a task of their
        own beside it, so that a model of a collection without marks can phrase what it writes; no
        figure counts them.
        """
        tables, targets, mask = self._logits(self.network, batch)
        marked = batch["marked"].to(mask.device)[:, None]
        counted = [(0, mask), (1, mask), (2, mask & marked), (2, mask & ~marked)]
        losses = [
            functional.cross_entropy(tables[part][places], targets[..., part][places])
            for part, places in counted
            if places.any()
        ]
        bits = [float(value.detach()) / math.log(2) for value in losses]
        return torch.stack(losses).sum(), {"total": bits[0] + bits[1]}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Row:
        """Bits a note of each part, escapes included; `score` is duration and pitch together.

        The flag's are those of the tunes whose source marks phrases (0 where there is none).
        """
        network.eval()
        sums, notes = torch.zeros(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
        plan = BatchPlan(2 * self._plan.events, shuffle=False)
        for group in batches(self._validation, plan, np.random.default_rng(0)):
            batch = collate([self._validation[place] for place in group])
            tables, targets, mask = self._logits(network, batch)
            marked = mask & batch["marked"].to(mask.device)[:, None]
            for part, table in enumerate(tables):
                counted = marked if _PARTS[part] == "flag" else mask
                wanted = targets[..., part][counted]
                bits = functional.cross_entropy(table[counted], wanted, reduction="sum").double()
                bits /= math.log(2)
                if _PARTS[part] in ESCAPE_BITS:
                    bits += ESCAPE_BITS[_PARTS[part]] * int((wanted == table.shape[-1] - 1).sum())
                sums[part] += bits.cpu()
                notes[part] += int(counted.sum())
        duration, pitch, flag = (sums / notes.clamp(min=1)).tolist()
        total = duration + pitch
        return {"duration": duration, "pitch": pitch, "flag": flag, "total": total, "score": total}

    def _logits(self, network: nn.Module, batch: Batch) -> tuple[list[Tensor], Tensor, Tensor]:
        batch = {name: value.to(self._device) for name, value in batch.items()}
        with torch.autocast(self._device, dtype=torch.bfloat16, enabled=self._half):
            tables: Any = network(batch["trunk"], batch["after"], batch["targets"], batch["tags"])
        return [table.float() for table in tables], batch["targets"], batch["mask"]


def has_fast_bfloat16() -> bool:
    """True where the processor multiplies bfloat16 itself; elsewhere it is slower than float32."""
    capability = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(capability.get("amx_bf16") or capability.get("avx512_bf16"))
