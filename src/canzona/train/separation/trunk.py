"""What both networks share: from levels in mel bands to features in the same bands, with a BiLSTM in between.

    levels (mid, side, band) -> three strided convolutions over band and time
                             -> BiLSTM over time -> three transposed ones, each with its skip

The convolutions are the same at every pitch, so a sound that was learnt in one octave is known in the
next; the LSTM sees all bands at once and the whole window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from canzona.errors import UsageError

_FLOOR = 1e-5


@dataclass(frozen=True, slots=True)
class TrunkShape:
    """Sizes of the trunk.

    Attributes
    ----------
    bands : mel bands, a multiple of 8.
    channels : of the three convolutions.
    features : of the output, a band.
    inner, hidden, layers : width before the LSTM, and its units a direction and layers.
    dropout : between the LSTM's layers.
    halved : how many of the convolutions halve the number of frames too.
    """

    fractions: ClassVar[tuple[str, ...]] = ("dropout",)
    not_negative: ClassVar[tuple[str, ...]] = ("halved",)
    bands: int = 256
    channels: tuple[int, int, int] = (16, 32, 48)
    features: int = 16
    inner: int = 320
    hidden: int = 256
    layers: int = 2
    dropout: float = 0.1
    halved: int = 0

    def __post_init__(self) -> None:
        """Refuse sizes that do not fit together."""
        if self.bands % 8:
            raise UsageError(f"{self.bands} bands cannot be halved three times", hint="take a multiple of 8")
        if len(self.channels) != 3 or self.halved > 3:
            raise UsageError(
                f"{len(self.channels)} convolutions, {self.halved} of which halve, are no trunk",
                hint="give channels for three, of which three halve at most",
            )


class Trunk(nn.Module):
    """Features in every band and the logit of presence, from the energies of mid and side in mel bands."""

    position: Tensor

    def __init__(self, shape: TrunkShape) -> None:
        super().__init__()
        self.shape = shape
        first, second, third = shape.channels
        self.normalise = nn.BatchNorm1d(2 * shape.bands)
        self.down = nn.ModuleList(
            [
                _down(3, first, 5, shape.halved > 0),
                _down(first, second, 5, shape.halved > 1),
                _down(second, third, 3, shape.halved > 2),
            ]
        )
        width = third * (shape.bands // 8)
        self.enter = nn.Sequential(nn.Linear(width, shape.inner), nn.LayerNorm(shape.inner), nn.ReLU())
        self.lstm = nn.LSTM(
            shape.inner, shape.hidden, shape.layers, batch_first=True, bidirectional=True,
            dropout=shape.dropout if shape.layers > 1 else 0.0,
        )  # fmt: skip
        self.leave = nn.Linear(2 * shape.hidden, width)
        self.presence = nn.Linear(2 * shape.hidden, 1)
        self.up = nn.ModuleList(
            [
                _Up(2 * third, second, shape.halved > 2),
                _Up(2 * second, first, shape.halved > 1),
                _Up(2 * first, shape.features, shape.halved > 0),
            ]
        )
        self.register_buffer(
            "position", torch.linspace(-1, 1, shape.bands).reshape(1, 1, -1, 1), persistent=False
        )

    def forward(self, energies: Tensor, head: nn.Module) -> tuple[Tensor, Tensor]:
        """What is made of the features, and presence.

        Parameters
        ----------
        energies : shape (batch, 2, bands, frames); the frames a multiple of 2 ** `halved`.
        head : from features, shape (batch, features, ...), to fewer channels, each place by itself.

        Returns
        -------
        The head's channels, shape (batch, channels, bands, frames), and logits of presence, shape
        (batch, frames / 2 ** halved).
        """
        batch, _, bands, frames = energies.shape
        levels = (energies + _FLOOR).log().reshape(batch, 2 * bands, frames)
        held = self.normalise(levels).reshape(batch, 2, bands, frames)
        held = torch.cat([held, self.position.expand(batch, 1, bands, frames)], dim=1)
        skips = []
        for layer in self.down:
            held = layer(held)
            skips.append(held)
        _, channels, rows, steps = held.shape
        flat = held.permute(0, 3, 1, 2).reshape(batch, steps, channels * rows)
        # In single precision: a recurrent sum over hundreds of frames loses too much in half.
        said, _ = self.lstm(self.enter(flat).float())
        held = functional.relu(self.leave(said)).reshape(batch, steps, channels, rows).permute(0, 2, 3, 1)
        *rising, last = self.up
        for layer in rising:
            held = layer(torch.cat([held, skips.pop()], dim=1))
        return last(torch.cat([held, skips.pop()], dim=1), head), self.presence(said).squeeze(-1)


def _down(inputs: int, outputs: int, height: int, halve: bool) -> nn.Module:
    """Half as many bands, and half as many frames where `halve` is set."""
    width, stride = (4, 2) if halve else (3, 1)
    convolution = nn.Conv2d(inputs, outputs, (height, width), stride=(2, stride), padding=(height // 2, 1))
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU())


class _Up(nn.Sequential):
    """Twice as many bands, and twice as many frames where `double` is set; normalised, made positive.

    A transposed convolution of kernel 4 and stride 2 is a convolution of kernel 2 that gives the odd and
    the even places of its output as channels of their own (Shi et al., "Real-time single image and video
    super-resolution", CVPR 2016, section 3.2), and those run twice as fast on a processor. The places
    are woven together at the very end, when `after` has made few of the many channels.
    """

    def __init__(self, inputs: int, outputs: int, double: bool) -> None:
        width, stride = (4, 2) if double else (3, 1)
        transposed = nn.ConvTranspose2d(inputs, outputs, (4, width), stride=(2, stride), padding=(1, 1))
        super().__init__(transposed, nn.BatchNorm2d(outputs), nn.ReLU())
        self.ways, self.outputs = 2 * stride, outputs

    def forward(self, held: Tensor, after: nn.Module | None = None) -> Tensor:
        """`after` of what comes out, if it is given; it must see each place by itself."""
        transposed, *others = self
        weight, bias = transposed.parameters()
        kernel = _odd_and_even(weight.transpose(0, 1), 2)
        kernel = _odd_and_even(kernel, 3) if self.ways == 4 else kernel.flip(3)
        places = functional.conv2d(held, kernel, bias.repeat(self.ways), padding=1)
        places = places.reshape(-1, self.outputs, *places.shape[2:])
        for layer in (*others, after):
            places = places if layer is None else layer(places)
        return self._woven(places)

    def _woven(self, places: Tensor) -> Tensor:
        """From (batch * ways, channels, rows, columns) to one picture, without what lies beyond its edges."""
        _, channels, rows, columns = places.shape
        if self.ways == 2:
            apart = places.reshape(-1, 2, channels, rows, columns).permute(0, 2, 3, 1, 4)
            return apart.reshape(-1, channels, 2 * rows, columns)[:, :, 1:-1]
        apart = places.reshape(-1, 2, 2, channels, rows, columns).permute(0, 3, 4, 2, 5, 1)
        return apart.reshape(-1, channels, 2 * rows, 2 * columns)[:, :, 1:-1, 1:-1]


def _odd_and_even(kernel: Tensor, axis: int) -> Tensor:
    """Of transposed kernels (outputs, inputs, ...) of length 4 those of the odd places, then of the even."""
    backward = kernel.flip(axis)
    size = backward.shape[axis]
    every = torch.arange(size)
    return torch.cat([backward.index_select(axis, every[1::2]), backward.index_select(axis, every[::2])])
