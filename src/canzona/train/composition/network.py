"""The network in torch: an LSTM over a tune's events that attends to the tune's own past.

    features ──▶ embed ──▶ LSTM ──▶ attention over earlier states ──▶ LSTM ──▶ attention ──▶ heads

Each attention asks, with the state before event t, which earlier states were like it, and
reads what followed them: the event itself and the state after it. Folk tunes say things
twice; this lets the network look up how it went on the last time. A null slot in the softmax
stands for 'nothing to repeat'. Three heads give the duration, the pitch given the duration,
and the flag given both.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from canzona.train.composition.pointing import Copies, Intervals, Recalls
from canzona.train.composition.sizes import Sizes

FARTHEST = 64
"""Distances in events that the attention's bias tells apart one by one."""

DISTANCES = FARTHEST + 6


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
        """What was found, (batch, time, inner).

        Parameters
        ----------
        states : (batch, time, hidden).
        values : (batch, time, value), at j what is known of event j from j + 1 on.
        dropout : share of the weights that are left out in training.
        """
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
        self.duration_recalls = Recalls(s.durations, s.duration_recalls)
        self.pitch_recalls = Recalls(s.pitches, s.pitch_recalls)
        durations = s.durations + self.duration_copies.gates + self.duration_recalls.gates
        pitches = s.pitches + self.pitch_copies.gates + self.pitch_recalls.gates + self.intervals.classes
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
        features = self.features(trunk, self.sizes.feature_dropout) + self.tags(tags).sum(1, keepdim=True)
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
        given = torch.cat([context, duration, torch.relu(self.after(after))], -1)
        return (
            self._durations(self.duration_head(context), trunk, targets[..., 0]),
            self._pitches(self.pitch_head(given), trunk, targets[..., 1]),
            self.flag_head(torch.cat([given, pitch], -1)),
        )

    def _durations(self, output: Tensor, trunk: Tensor, past: Tensor) -> Tensor:
        kept = self.sizes.durations + self.duration_copies.gates
        logits = self.duration_copies(output[..., :kept], trunk)
        recalled: Tensor = self.duration_recalls(logits, output[..., kept:], trunk, past)
        return recalled

    def _pitches(self, output: Tensor, trunk: Tensor, past: Tensor) -> Tensor:
        output = self.intervals(output, trunk)
        kept = self.sizes.pitches + self.pitch_copies.gates
        logits = self.pitch_copies(output[..., :kept], trunk)
        recalled: Tensor = self.pitch_recalls(logits, output[..., kept:], trunk, past)
        return recalled


def _head(inputs: int, hidden: int, classes: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, classes)
    )


def _followed(states: Tensor, event: Tensor) -> Tensor:
    """For each event the state after it (zeros after the last) beside the event itself."""
    after = torch.cat([states[:, 1:], torch.zeros_like(states[:, :1])], 1)
    return torch.cat([after, event], -1)
