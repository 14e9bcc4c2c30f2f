"""`waveform`: from samples to samples, by strided convolutions, a BiLSTM, and transposed ones with skips.

The lineage is Demucs' (Défossez et al., "Music source separation in the waveform domain", 2019): no
spectrogram, no phase borrowed, a linear output. Two things differ, both so that it learns within
hours on a laptop. The first convolution is long (kernel 1024, stride 256) and starts as windowed cosines and
sines, its counterpart as their inverse, so that the untrained network already passes sound
through; both learn on from there. And the outermost skip is gated: what the decoder says decides how
much of each channel of the first convolution passes, as in Conv-TasNet (Luo & Mesgarani 2019).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from canzona.errors import UsageError
from canzona.train.separation.bands import band_filters, bin_weights, side_energies
from canzona.train.separation.trunk import Trunk, TrunkShape


@dataclass(frozen=True, slots=True)
class WaveformShape:
    """Sizes of the network.

    Attributes
    ----------
    kernel, stride : of the first convolution and of its counterpart; the stride a quarter of the kernel.
    trunk : see `TrunkShape`.
    """

    kernel: int = 1024
    stride: int = 256
    trunk: TrunkShape = field(default_factory=lambda: TrunkShape(bands=128, channels=(24, 40, 48), halved=2))

    def __post_init__(self) -> None:
        """Refuse sizes that do not fit together."""
        if self.kernel != 4 * self.stride:
            raise UsageError(
                f"a kernel of {self.kernel} every {self.stride} samples does not give the sound back",
                hint="take a stride that is a quarter of the kernel",
            )


class Waveform(nn.Module):
    """The network; the whole of it is exported."""

    spread: Tensor

    def __init__(self, shape: WaveformShape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or WaveformShape()
        self.hop = shape.stride << shape.trunk.halved
        analysis, synthesis = _sines(shape.kernel, shape.stride)
        self.analysis = nn.Parameter(analysis)
        self.synthesis = nn.Parameter(synthesis)
        filters = band_filters(shape.kernel, shape.trunk.bands)
        self.pool = nn.Parameter(filters.clone())
        self.register_buffer("spread", bin_weights(filters), persistent=False)
        self.trunk = Trunk(shape.trunk)
        self.curve = nn.Conv2d(shape.trunk.features, 2, 1)
        self.bias = nn.Parameter(torch.full((2, 1, shape.kernel // 2 + 1), -0.5))

    def forward(self, mixture: Tensor) -> tuple[Tensor, Tensor]:
        """The estimate of mixtures of shape (batch, 2, n), and logits of presence, shape (batch, frames)."""
        batch, _, samples = mixture.shape
        kernel, stride = self.shape.kernel, self.shape.stride
        overlap = kernel - stride
        extra = (-samples - overlap) % self.hop
        padded = functional.pad(mixture, (overlap, extra + overlap))
        # Shape (batch, 2, steps, cosine and sine, bins): as the product leaves it, so that nothing large is
        # turned round.
        channels = functional.linear(self._frames(padded.flatten(0, 1)), self.analysis)
        steps = channels.shape[1]
        pairs = channels.reshape(batch, 2, steps, 2, -1)
        # In single precision: in half, what little a nearly central sound has in the side would be lost.
        sides = side_energies(*pairs.float().unbind(1), axis=2)
        energies = torch.matmul(sides, self.pool.abs().T)
        curves, presence = self.trunk(energies.transpose(2, 3), self.curve)
        gates = torch.matmul(curves.transpose(2, 3), self.spread.T)
        gated = pairs * torch.sigmoid(gates + self.bias).unsqueeze(3)
        spoken = functional.linear(gated.reshape(channels.shape), self.synthesis)
        return self._added(spoken.float(), samples).reshape(mixture.shape), presence

    def _frames(self, rows: Tensor) -> Tensor:
        """Frames of `kernel` samples every `stride`: from (rows, samples) to (rows, frames, kernel)."""
        # Neighbouring blocks side by side: unlike `unfold`, this exports with any number of samples.
        parts = self.shape.kernel // self.shape.stride
        blocks = rows.reshape(rows.shape[0], -1, self.shape.stride)
        steps = blocks.shape[1] - parts + 1
        return torch.cat([blocks[:, part : part + steps] for part in range(parts)], dim=-1)

    def _added(self, frames: Tensor, samples: int) -> Tensor:
        """Overlap-add of frames, shape (rows, frames, kernel), without what was padded: (rows, samples)."""
        rows, steps, kernel = frames.shape
        stride = self.shape.stride
        parts = kernel // stride
        rows_of = frames.reshape(rows, steps, parts, stride).unbind(2)
        total = functional.pad(rows_of[0].reshape(rows, -1), (0, (parts - 1) * stride))
        for part in range(1, parts):
            row = rows_of[part].reshape(rows, -1)
            total = total + functional.pad(row, (part * stride, (parts - 1 - part) * stride))
        return total[:, kernel - stride : kernel - stride + samples]


def _sines(kernel: int, stride: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines under a sine window, (kernel + 2, kernel), and the transpose of what undoes them."""
    time = np.arange(kernel)
    window = np.sin(np.pi * (time + 0.5) / kernel)
    phase = 2 * np.pi * np.outer(np.arange(kernel // 2 + 1) / kernel, time)
    bank = np.concatenate([window * np.cos(phase), -window * np.sin(phase)])
    analysis = bank * np.sqrt(2 / kernel)
    # All bins but the first and the last stand for two of the whole transform; windows overlap.
    twice = np.full(kernel // 2 + 1, 2.0)
    twice[[0, -1]] = 1.0
    synthesis = analysis * np.tile(twice, 2)[:, None] * (stride / kernel)
    return torch.tensor(analysis, dtype=torch.float32), torch.tensor(synthesis.T, dtype=torch.float32)
