"""Mel bands over the bins of a transform: averages of bins, and the way back to every bin."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from canzona.audio.spectra import mel_filters

SAMPLE_RATE = 44100
LOWEST, HIGHEST = 20.0, 18_000.0

_FINER = 8


def band_filters(size: int, bands: int) -> Tensor:
    """Averages of the bins in each mel band: shape (bands, size / 2 + 1), each row sums to one.

    Low bands can be narrower than the bins are apart; such a band is interpolated between the two bins
    beside it, and none is empty.
    """
    fine = mel_filters(SAMPLE_RATE, size * _FINER, bands, low=LOWEST, high=HIGHEST, area=False)
    places = np.arange(fine.shape[1]) / _FINER
    left = np.minimum(places.astype(np.int64), size // 2 - 1)
    part = places - left
    filters = np.zeros((size // 2 + 1, bands))
    np.add.at(filters, left, ((1 - part) * fine).T)
    np.add.at(filters, left + 1, (part * fine).T)
    return torch.from_numpy((filters / filters.sum(axis=0)).T.astype(np.float32))


def bin_weights(filters: Tensor) -> Tensor:
    """What spreads values in bands over the bins, linear between the bands' centres: shape (bins, bands)."""
    bands, bins = filters.shape
    places = np.arange(bins)
    centres = (filters.numpy().astype(np.float64) * places).sum(axis=1)
    right = np.clip(np.searchsorted(centres, places), 1, bands - 1)
    gap = np.maximum(centres[right] - centres[right - 1], 1e-9)
    part = np.clip((places - centres[right - 1]) / gap, 0.0, 1.0)
    weights = np.zeros((bins, bands), np.float32)
    weights[places, right - 1] = 1 - part
    weights[places, right] += part
    return torch.from_numpy(weights)


def side_energies(left: Tensor, right: Tensor, *, axis: int) -> Tensor:
    """Energies of mid (left + right) and side (left - right), stacked on axis 1.

    `axis` holds real and imaginary parts (or cosine and sine), and is summed over. From |l|^2 + |r|^2 and
    their inner product, so that neither mid nor side is ever held.
    """
    total = (left.square() + right.square()).sum(axis)
    cross = 2 * (left * right).sum(axis)
    return torch.stack([total + cross, total - cross], dim=1).clamp_min(0)
