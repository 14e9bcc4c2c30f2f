"""What a separation network is trained to make small: five losses of one signature.

Each takes the estimate, the target and the mixture, shape (batch, channels, samples), and gives
one number, smaller where the estimate is nearer to the target. Each is finite and has a finite
gradient where target, mixture or both are silent: a song without the target is what teaches a
network to stay quiet, so silence must be neither a division by zero nor without effect. All
divide by the level of the mixture in one way or another, so a quiet song counts as much as a loud one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from canzona.audio.spectra import mel_filters

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]

SILENCE_SHARE = 0.03
"""Share of the mixture's energy that is added to the target's: what a silent target is measured against."""

ERROR_SHARE = 1e-3
"""Share of the mixture's energy under which an error counts as none: -30 dB."""

PRESENT = 1e-4
"""Power of the target, as a part of the mixture's, from which on it counts as present."""

_TINY = 1e-8
_RESOLUTIONS = ((512, 128), (1024, 256), (2048, 512))
_MEL_SIZE, _MEL_HOP, _MEL_BANDS = 2048, 512, 80
_SAMPLE_RATE = 44100


def l1(estimate: Tensor, target: Tensor, mixture: Tensor) -> Tensor:
    """Mean absolute error over the mean absolute mixture, per item, averaged over the batch."""
    level = _mean(mixture.abs()).clamp_min(_TINY)
    return (_mean((estimate - target).abs()) / level).mean()


def normalised_mse(estimate: Tensor, target: Tensor, mixture: Tensor) -> Tensor:
    """Error energy over target energy, each item by itself, averaged over the batch.

    To the target's energy a share of the mixture's is added (`SILENCE_SHARE`): a quiet target
    does not outweigh all others, and a silent one still asks for silence. The normalisation runs
    over channels and time together; over an axis of one element it would have no gradient.
    """
    return (_mean((estimate - target).square()) / _reference(target, mixture)).mean()


def log_error(estimate: Tensor, target: Tensor, mixture: Tensor) -> Tensor:
    """The normalised error in decibels: minus the plain SDR, bounded where the target is silent.

    A step that halves the error counts the same in an easy item and in a hard one, so that no item
    rules the batch (Heitkaemper et al., "Demystifying TasNet", ICASSP 2020, section 3).
    """
    error = _mean((estimate - target).square()) + ERROR_SHARE * _mean(mixture.square()) + _TINY
    return 10 * (error / _reference(target, mixture)).log10().mean()


def multi_resolution_stft(estimate: Tensor, target: Tensor, mixture: Tensor) -> Tensor:
    """Spectral convergence and log-magnitude error over three resolutions.

    After Yamamoto, Song & Kim, "Parallel WaveGAN", ICASSP 2020, section 2.2, with the level of the
    mixture as what a magnitude is measured against. Phase is free: the loss alone brings no SDR.
    """
    total = estimate.new_zeros(())
    for size, hop in _RESOLUTIONS:
        mine, theirs, whole = (_magnitude(x, size, hop) for x in (estimate, target, mixture))
        level = whole.mean(dim=(1, 2, 3), keepdim=True).clamp_min(_TINY)
        energy = (theirs / level).square().sum(dim=(1, 2, 3))
        floor = SILENCE_SHARE * (whole / level).square().sum(dim=(1, 2, 3)) + _TINY
        converged = (((mine - theirs) / level).square().sum(dim=(1, 2, 3)) / (energy + floor) + _TINY).sqrt()
        logs = ((mine / level + 0.01).log() - (theirs / level + 0.01).log()).abs().mean()
        total = total + converged.mean() + logs
    return total / len(_RESOLUTIONS)


def log_mel(estimate: Tensor, target: Tensor, mixture: Tensor) -> Tensor:
    """Mean absolute difference of log-mel energies, with a floor 40 dB below the mixture's mean."""
    filters = _filters(estimate.device)
    mine, theirs, whole = (
        torch.matmul(filters, _magnitude(x, _MEL_SIZE, _MEL_HOP).square())
        for x in (estimate, target, mixture)
    )
    floor = 1e-4 * whole.mean(dim=(1, 2, 3), keepdim=True) + _TINY
    return ((mine + floor).log() - (theirs + floor).log()).abs().mean()


def presence_loss(logits: Tensor, target: Tensor, hop: int) -> Tensor:
    """Cross-entropy of the presence of the target, frame by frame.

    It counts as present where its level around the frame is within 40 dB of the mixture's, which is
    1 in every example. `logits` has the shape (batch, frames), a frame every `hop` samples.
    """
    power = target.square().mean(dim=1, keepdim=True)
    frames = logits.shape[1]
    around = functional.avg_pool1d(
        functional.pad(power, (2 * hop, 2 * hop + max(0, frames * hop - power.shape[-1]))), 4 * hop, hop
    )
    present = (around[:, 0, :frames] > PRESENT).float()
    return functional.binary_cross_entropy_with_logits(logits, present)


LOSSES: dict[str, Loss] = {
    loss.__name__.replace("_", "-"): loss
    for loss in (l1, normalised_mse, log_error, multi_resolution_stft, log_mel)
}
"""The losses by the name that a recipe gives them."""


def _mean(x: Tensor) -> Tensor:
    """Over channels and time, one number an item."""
    return x.mean(dim=(1, 2))


def _reference(target: Tensor, mixture: Tensor) -> Tensor:
    return _mean(target.square()) + SILENCE_SHARE * _mean(mixture.square()) + _TINY


def _magnitude(x: Tensor, size: int, hop: int) -> Tensor:
    """Shape (batch, channels, bins, frames); smooth at zero, so that silence has a gradient."""
    batch, channels, samples = x.shape
    window = torch.hann_window(size, device=x.device)
    spectrum = torch.stft(x.reshape(-1, samples), size, hop, window=window, return_complex=True)
    power = spectrum.real.square() + spectrum.imag.square()
    return (power + _TINY).sqrt().reshape(batch, channels, *power.shape[1:])


@cache
def _filters(device: torch.device) -> Tensor:
    """Mel filters, shape (bands, bins)."""
    return torch.from_numpy(mel_filters(_SAMPLE_RATE, _MEL_SIZE, _MEL_BANDS)).to(device)
