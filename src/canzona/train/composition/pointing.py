"""Short ways from what a tune has had to the classes of what comes.

A head's layers can learn to copy, but only class by class; these modules let it say "what sounded
a bar ago", "a third up", "what has often begun here" with one number each, for all classes alike
(counts as in the cache language model of Kuhn & De Mori, IEEE PAMI 12(6), 1990).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from canzona.composition.counts import EVERY
from canzona.train.composition.sizes import INTERVALS, Sizes, interval_table

LOG_STEPS = 16
"""Steps a unit in which logarithms of counts are rounded."""

MOST_COUNTED = 255


class Copies(nn.Module):
    """Lets a head raise or lower the classes that its features name, by one gate a feature.

    The head's output holds the classes' logits and then the gates.
    """

    def __init__(self, classes: int, columns: tuple[int, ...]) -> None:
        super().__init__()
        self.classes, self.columns = classes, columns
        self.gates = len(columns)

    def forward(self, output: Tensor, trunk: Tensor) -> Tensor:
        """output (batch, time, classes + gates), trunk (batch, time, features) -> logits."""
        logits = output[..., : self.classes]
        if not self.columns:
            return logits
        gates = output[..., self.classes :].float()
        named = trunk[..., list(self.columns)].clamp(max=self.classes)  # the class after the last: nothing
        spread = torch.zeros(*logits.shape[:-1], self.classes + 1, device=logits.device)
        return logits.float() + spread.scatter_add(-1, named, gates)[..., : self.classes]


class Intervals(nn.Module):
    """Lets the pitch head speak of intervals: a logit for each step up or down from the pitch that sounds."""

    table: Tensor

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.classes = INTERVALS if sizes.pitch_steps else 0
        if self.classes:
            self.register_buffer(
                "table", torch.from_numpy(interval_table(sizes.pitch_steps)), persistent=False
            )

    def forward(self, output: Tensor, trunk: Tensor) -> Tensor:
        """output (..., pitches + gates + intervals) -> (..., pitches + gates), intervals added."""
        if not self.classes:
            return output
        kept, intervals = output[..., : -self.classes], output[..., -self.classes :]
        index = self.table[trunk[..., self.sizes.sounding_column]]  # (batch, time, pitches)
        pitches = kept[..., : self.sizes.pitches] + intervals.gather(-1, index)
        return torch.cat([pitches, kept[..., self.sizes.pitches :]], -1)


class Recalls(nn.Module):
    """Lets a head raise or lower the classes that the tune has had before.

    For each column it counts, class by class, the earlier events whose feature in that column was
    what the coming event's is (`EVERY`: all of them); one gate weighs whether there are any, one the
    logarithm of how many.
    """

    def __init__(self, classes: int, columns: tuple[int, ...]) -> None:
        super().__init__()
        self.classes, self.columns = classes, columns
        self.gates = 2 * len(columns)

    def forward(self, logits: Tensor, gates: Tensor, trunk: Tensor, past: Tensor) -> Tensor:
        """Logits with what was before.

        Parameters
        ----------
        logits : (batch, time, classes).
        gates : (batch, time, gates).
        trunk : (batch, time, features).
        past : (batch, time) classes of the events.
        """
        if not self.gates:
            return logits
        hot = functional.one_hot(past, self.classes).float()
        gates = gates.float()
        logits = logits.float()
        for place, column in enumerate(self.columns):
            count = (_agreeing(trunk, column) @ hot).float().clamp(max=MOST_COUNTED)
            known = torch.round(LOG_STEPS * torch.log2(1 + count)) / LOG_STEPS
            logits = (
                logits + gates[..., 2 * place, None] * (count > 0) + gates[..., 2 * place + 1, None] * known
            )
        return logits


def _agreeing(trunk: Tensor, column: int) -> Tensor:
    """(batch, time, time) of 0 and 1: which earlier events count for which."""
    time = trunk.shape[1]
    earlier = torch.ones(time, time, device=trunk.device).tril(-1)
    if column == EVERY:
        return earlier.expand(trunk.shape[0], time, time)
    values = trunk[..., column]
    return (values[:, :, None] == values[:, None, :]) * earlier
