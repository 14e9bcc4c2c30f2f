"""The network in torch: an LSTM over a tune's events that attends to the tune's own past.

    features ──▶ embed ──▶ LSTM ──▶ attention over earlier states ──▶ LSTM ──▶ attention ──▶ heads

Each attention asks, with the state before event t, which earlier states were like it, and
reads what followed them: the event itself and the state after it. Folk tunes say things
twice; this lets the network look up how it went on the last time. A null slot in the softmax
stands for 'nothing to repeat'. Three heads give the duration, the pitch given the duration,
and the flag given both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

FARTHEST = 64
"""Distances in events that the attention's bias tells apart one by one."""

DISTANCES = FARTHEST + 6

NO_STEP = -99
"""In place of a staff step, for a rest and for the escape."""

WIDEST = 12
"""Intervals in steps that the pitch head tells apart."""

INTERVALS = 2 * WIDEST + 3
"""Its classes: the intervals, a rest or escape, and no pitch to count from."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """All sizes of a network.

    `trunk` and `after` are the numbers of classes of each feature, in order.
    `duration_columns` and `pitch_columns` say which trunk features name a candidate to copy,
    `step_column` which names a step, `sounding_column` which holds the pitch that sounds;
    `pitch_steps` are the staff steps of the pitch classes, `NO_STEP` for rest and escape. Where
    they are empty, the heads do without copying and intervals.
    """

    trunk: tuple[int, ...]
    after: tuple[int, ...]
    durations: int
    pitches: int
    tags: int
    embedding: int = 16
    width: int = 320
    hidden: int = 384
    heads: int = 4
    head_width: int = 32
    head_hidden: int = 256
    dropout: float = 0.4
    duration_columns: tuple[int, ...] = ()
    pitch_columns: tuple[int, ...] = ()
    step_column: int = -1
    sounding_column: int = -1
    lowest_step: int = 0
    pitch_steps: tuple[int, ...] = ()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Sizes:
        """From the values of `to_dict`."""
        held: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list | tuple) else value for name, value in values.items()
        }
        return cls(**held)

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


class SumOfFeatures(nn.Module):
    """A row of class numbers to a vector: small embeddings side by side, then one linear map."""

    offsets: Tensor

    def __init__(self, classes: tuple[int, ...], embedding: int, width: int) -> None:
        super().__init__()
        starts = torch.tensor([0, *classes]).cumsum(0)
        self.register_buffer("offsets", starts[:-1], persistent=False)
        self.table = nn.Embedding(int(starts[-1]), embedding)
        self.map = nn.Linear(len(classes) * embedding, width)

    def forward(self, rows: Tensor, drop: float = 0.0) -> Tensor:
        """(batch, time, features) of class numbers to (batch, time, width)."""
        found = self.table(rows + self.offsets)  # (batch, time, features, embedding)
        if drop and self.training:
            keep = torch.rand(found.shape[:-1], device=found.device).ge_(drop)
            found = found * keep.unsqueeze(-1) / (1 - drop)
        mapped: Tensor = self.map(found.flatten(-2))
        return mapped


class PastAttention(nn.Module):
    """Attention of each state over the earlier states of its tune; values are what followed them."""

    distance: Tensor

    def __init__(self, hidden: int, value: int, heads: int, head_width: int) -> None:
        super().__init__()
        self.heads, self.head_width = heads, head_width
        inner = heads * head_width
        self.query = nn.Linear(hidden, inner)
        self.key = nn.Linear(hidden, inner)
        self.value = nn.Linear(value, inner)
        self.bias = nn.Parameter(torch.zeros(DISTANCES, heads))
        self.null = nn.Parameter(torch.zeros(heads))

    def forward(self, states: Tensor, values: Tensor, dropout: float) -> Tensor:
        """states (batch, time, hidden), values[:, j] of event j known from j+1 on -> (batch, time, inner)."""
        batch, time, _ = states.shape
        split = (batch, time, self.heads, self.head_width)
        query = self.query(states).view(split).transpose(1, 2)
        key = self.key(states).view(split).transpose(1, 2)
        value = self.value(values).view(split).transpose(1, 2)
        scores = query @ key.transpose(-1, -2) * self.head_width**-0.5  # (batch, heads, time, time)
        steps = torch.arange(time, device=states.device)
        gap = steps[:, None] - steps[None, :]
        scores = scores.float() + self.bias[distance_class(gap)].permute(2, 0, 1)
        scores = scores.masked_fill(gap <= 0, -1e9)
        null = self.null.float().view(1, -1, 1, 1).expand(batch, -1, time, 1)
        weights = torch.softmax(torch.cat([scores, null], -1), -1)[..., :-1]
        weights = functional.dropout(weights, dropout, self.training).to(value.dtype)
        found: Tensor = (weights @ value).transpose(1, 2).reshape(batch, time, -1)
        return found


def distance_class(gap: Tensor) -> Tensor:
    """Class of a distance in events: one each up to 64, then by doubling."""
    far = (gap.clamp(min=1).float() / FARTHEST).log2().floor().long().clamp(0, 5)
    return torch.where(gap < FARTHEST, gap.clamp(min=0), FARTHEST + far)


class Composer(nn.Module):
    """The whole network; `forward` gives the logits of every event of padded tunes."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        s = sizes
        inner = s.heads * s.head_width
        self.features = SumOfFeatures(s.trunk, s.embedding, s.width)
        self.tags = nn.Embedding(s.tags + 1, s.width, padding_idx=0)
        self.lstm1 = nn.LSTM(s.width, s.hidden, batch_first=True)
        self.event_duration = nn.Embedding(s.durations, 32)
        self.event_pitch = nn.Embedding(s.pitches, 32)
        self.event_flag = nn.Embedding(3, 16)
        self.attention1 = PastAttention(s.hidden, s.hidden + 80, s.heads, s.head_width)
        self.lstm2 = nn.LSTM(s.hidden + inner, s.hidden, batch_first=True)
        self.attention2 = PastAttention(s.hidden, s.hidden + 80, s.heads, s.head_width)
        context = s.hidden + inner + s.width
        self.after = SumOfFeatures(s.after, s.embedding, 64)
        self.duration_copies = Copies(s.durations, s.duration_columns)
        self.pitch_copies = Copies(s.pitches, s.pitch_columns)
        self.intervals = Intervals(s)
        durations = s.durations + len(s.duration_columns)
        pitches = s.pitches + self.pitch_copies.gates + self.intervals.classes
        self.duration_head = _head(context, s.head_hidden, durations, s.dropout)
        self.pitch_head = _head(context + 32 + 64, s.head_hidden, pitches, s.dropout)
        self.flag_head = _head(context + 32 + 64 + 32, s.head_hidden // 2, 3, s.dropout)

    def forward(
        self, trunk: Tensor, after: Tensor, targets: Tensor, tags: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of duration, pitch and flag.

        Parameters
        ----------
        trunk : (batch, time, features) class numbers.
        after : (batch, time, features) class numbers.
        targets : (batch, time, 3) classes of duration, pitch, flag.
        tags : (batch, 8) region words.
        """
        drop = self.sizes.dropout
        features = self.features(trunk, 0.1 * drop) + self.tags(tags).sum(1, keepdim=True)
        features = torch.relu(features)
        one, _ = self.lstm1(functional.dropout(features, drop * 0.5, self.training))
        duration = self.event_duration(targets[..., 0])
        pitch = self.event_pitch(targets[..., 1])
        event = torch.cat([duration, pitch, self.event_flag(targets[..., 2])], -1)
        one_dropped = functional.dropout(one, drop, self.training)
        past = self.attention1(one_dropped, _followed(one_dropped, event), 0.5 * drop)
        two, _ = self.lstm2(torch.cat([one_dropped, past], -1))
        two = functional.dropout(two + one, drop, self.training)
        seen = self.attention2(two, _followed(two, event), 0.5 * drop)
        context = torch.cat([two, functional.dropout(seen, drop * 0.5, self.training), features], -1)
        ends = torch.relu(self.after(after))
        given = torch.cat([context, duration, ends], -1)
        pitch_logits = self.pitch_copies(
            self.intervals(self.pitch_head(given), trunk), self.intervals.named(trunk)
        )
        return (
            self.duration_copies(self.duration_head(context), trunk),
            pitch_logits,
            self.flag_head(torch.cat([given, pitch], -1)),
        )


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
    of_step: Tensor

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.classes = INTERVALS if sizes.pitch_steps else 0
        if self.classes:
            self.register_buffer(
                "table", torch.from_numpy(interval_table(sizes.pitch_steps)), persistent=False
            )
            self.register_buffer("of_step", torch.from_numpy(class_of_step(sizes)), persistent=False)

    def forward(self, output: Tensor, trunk: Tensor) -> Tensor:
        """output (..., pitches + gates + intervals) -> (..., pitches + gates), intervals added."""
        if not self.classes:
            return output
        kept, intervals = output[..., : -self.classes], output[..., -self.classes :]
        index = self.table[trunk[..., self.sizes.sounding_column]]  # (batch, time, pitches)
        pitches = kept[..., : self.sizes.pitches] + intervals.gather(-1, index)
        return torch.cat([pitches, kept[..., self.sizes.pitches :]], -1)

    def named(self, trunk: Tensor) -> Tensor:
        """The trunk features with the step column as a pitch class."""
        if not self.classes:
            return trunk
        trunk = trunk.clone()
        column = self.sizes.step_column
        trunk[..., column] = self.of_step[trunk[..., column]]
        return trunk


def interval_table(steps: Sequence[int]) -> np.ndarray:
    """Interval class of each pitch class (columns) from each sounding one, and from none (last rows)."""
    table = np.full((len(steps) + 1, len(steps)), INTERVALS - 1, np.int64)
    for here, low in enumerate(steps):
        for there, high in enumerate(steps):
            if high == NO_STEP:
                table[here, there] = INTERVALS - 2
            elif low != NO_STEP:
                table[here, there] = max(-WIDEST, min(WIDEST, high - low)) + WIDEST
    return table


def class_of_step(sizes: Sizes) -> np.ndarray:
    """The most frequent pitch class of each class of the step column; the number of classes for none."""
    found = np.full(sizes.trunk[sizes.step_column], sizes.pitches, np.int64)
    for place, step in reversed(list(enumerate(sizes.pitch_steps))):
        if step != NO_STEP and 0 <= step - sizes.lowest_step < len(found) - 1:
            found[step - sizes.lowest_step] = place
    return found


def _head(inputs: int, hidden: int, classes: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, classes)
    )


def _followed(states: Tensor, event: Tensor) -> Tensor:
    """For each event the state after it (zeros after the last) beside the event itself."""
    after = torch.cat([states[:, 1:], torch.zeros_like(states[:, :1])], 1)
    return torch.cat([after, event], -1)
