"""`mel-lstm`: from log-mel energies of mid and side to a mask over every bin of the complex mixture.

What the mixture's phase and a mask in 0..1 can reach is the oracle's SDR (`canzona.separation.metrics`). The
mask is predicted for each bin and channel, not for each band: a mask in 128 bands alone costs 3 dB. It is a
smooth curve over the bands plus a term of each bin's own, drawn from the mixture around it where `fine`
is set, so that a partial can be kept and the noise beside it left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from canzona.errors import UsageError
from canzona.train.separation.bands import band_filters, bin_weights, side_energies
from canzona.train.separation.trunk import Trunk, TrunkShape


@dataclass(frozen=True, slots=True)
class MelLstmShape:
    """Sizes of the network.

    Attributes
    ----------
    fft, hop : samples of a frame, and from one to the next.
    fine, reach : channels of the convolutions over bins, and how many of the lowest bins they work on;
        with 0 channels the mask stays as smooth as the bands.
    trunk : see `TrunkShape`; `halved` has to be 0.
    """

    not_negative: ClassVar[tuple[str, ...]] = ("fine",)
    fft: int = 4096
    hop: int = 1024
    fine: int = 6
    reach: int = 768
    trunk: TrunkShape = field(default_factory=TrunkShape)

    def __post_init__(self) -> None:
        """Refuse sizes that do not fit together."""
        if self.fft % 2 or self.hop > self.fft // 2:
            raise UsageError(
                f"frames of {self.fft} samples, one every {self.hop}, cannot be put together again",
                hint="take an even fft, and a hop of half of it at most",
            )
        if self.trunk.halved:
            raise UsageError("a mask needs each frame of the trunk", hint="set halved to 0 in its trunk")


class MelLstm(nn.Module):
    """The network; `masks` is what is exported, the transforms around it are done outside."""

    window: Tensor
    filters: Tensor
    spread: Tensor

    def __init__(self, shape: MelLstmShape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or MelLstmShape()
        self.hop = shape.hop
        bins = shape.fft // 2 + 1
        filters = band_filters(shape.fft, shape.trunk.bands)
        # So that white noise of level 1 has energies around 1.
        self.register_buffer("filters", filters / shape.fft, persistent=False)
        self.register_buffer("spread", bin_weights(filters), persistent=False)
        self.register_buffer("window", torch.hann_window(shape.fft), persistent=False)
        self.trunk = Trunk(shape.trunk)
        self.curve = nn.Conv2d(shape.trunk.features, 2 + shape.fine, 1)
        if shape.fine:
            self.near = nn.Conv2d(shape.fine + 2, shape.fine, (5, 1), padding=(2, 0))
            self.detail = nn.Conv2d(shape.fine, 2, (5, 1), padding=(2, 0))
        self.bias = nn.Parameter(torch.full((2, bins, 1), -0.5))

    def forward(self, mixture: Tensor) -> tuple[Tensor, Tensor]:
        """The estimate of mixtures of shape (batch, 2, n), and logits of presence, shape (batch, frames)."""
        batch, channels, samples = mixture.shape
        spectrum = torch.stft(
            mixture.reshape(-1, samples), self.shape.fft, self.hop, window=self.window,
            pad_mode="constant", return_complex=True,
        )  # fmt: skip
        frames = spectrum.reshape(batch, channels, *spectrum.shape[1:]).transpose(2, 3)
        mask, presence = self.masks(torch.view_as_real(frames))
        masked = (mask.float() * frames).transpose(2, 3).flatten(0, 1)
        estimate = torch.istft(masked, self.shape.fft, self.hop, window=self.window, length=samples)
        return estimate.reshape(mixture.shape), presence

    def masks(self, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        """Mask and presence, in the order in which a transform gives and takes frames.

        Parameters
        ----------
        spectrum : left and right, frame by frame, real and imaginary: shape (batch, 2, frames, bins, 2).

        Returns
        -------
        Mask in 0..1, shape (batch, 2, frames, bins), and logits of presence, shape (batch, frames).
        """
        energies = torch.matmul(side_energies(*spectrum.unbind(1), axis=3), self.filters.T)
        curves, presence = self.trunk(energies.transpose(2, 3), self.curve)
        curves = curves.transpose(2, 3)
        logits = torch.matmul(curves[:, :2], self.spread.T)
        if self.shape.fine:
            reach = self.shape.reach
            levels = (spectrum[:, :, :, :reach].square().sum(4) / self.shape.fft + 1e-6).log() * 0.2
            around = torch.cat([torch.matmul(curves[:, 2:], self.spread[:reach].T), levels], dim=1)
            detail = _along(self.detail, functional.relu(_along(self.near, around)))
            logits = torch.cat([logits[..., :reach] + detail, logits[..., reach:]], dim=3)
        return torch.sigmoid(logits + self.bias.squeeze(2).unsqueeze(1)), presence


def _along(convolution: nn.Conv2d, frames: Tensor) -> Tensor:
    """A convolution over the last axis whose weights stand for the one before."""
    height = convolution.weight.shape[2]
    kernel = convolution.weight.transpose(2, 3)
    return functional.conv2d(frames, kernel, convolution.bias, padding=(0, height // 2))
