"""How near an estimate is to the stem that it should be.

SDR here is the plain one: target energy over error energy, both channels together, no filter allowed
for, no frames. museval's reads higher (BSS Eval v4 forgives a filter of 512 taps). The
oracle is the ideal ratio mask, per channel and bin, on the phase of the mixture: what no mask-based
network can be expected to pass.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from canzona.audio.spectra import istft, stft

EPSILON = 1e-7
"""Added to both energies, so that silence has a finite figure."""

FLOOR = -100.0
"""Decibels; no leakage is called lower."""

_SIZE, _HOP = 2048, 512
_BLOCK = 1 << 20

Samples = npt.NDArray[np.floating]


def sdr(target: Samples, estimate: Samples) -> float:
    """Plain signal-to-distortion ratio in dB: 10 log10 of target energy over error energy.

    Parameters
    ----------
    target, estimate : shape (channels, n), equal.
    """
    return _decibels(_energy(target) + EPSILON, _difference(target, estimate) + EPSILON)


def si_sdr(target: Samples, estimate: Samples) -> float | None:
    """Scale-invariant SDR in dB (Le Roux et al., "SDR - half-baked or well done?", ICASSP 2019, eq. 5).

    None where the target or the estimate is silent: no scale of it means anything.
    """
    energy = _energy(target)
    if min(energy, _energy(estimate)) <= EPSILON:
        return None
    scale = sum(float(np.sum(a * b, dtype=np.float64)) for a, b in _blocks(target, estimate)) / energy
    return _decibels(scale**2 * energy + EPSILON, _difference(scale * target, estimate) + EPSILON)


def leakage(estimate: Samples, mixture: Samples) -> float:
    """Energy of an estimate against the mixture's in dB, not below -100: for songs without the target."""
    leaked = _energy(estimate)
    return max(FLOOR, _decibels(leaked + 1e-12, _energy(mixture) + 1e-12)) if leaked else FLOOR


def ideal_ratio_mask(target: Samples, rest: Samples) -> npt.NDArray[np.float32]:
    """The target as the ideal ratio mask extracts it from target + rest: shape (channels, n), float32.

    The mask is |target| / (|target| + |rest|) per channel and bin of an STFT of 2048 samples every 512
    (Liutkus & Badeau, "Generalized Wiener filtering with fractional power spectrograms", ICASSP 2015,
    with an exponent of 1). It works through pieces of the song, so memory stays flat but for the result.
    """
    samples = target.shape[1]
    out = np.zeros(target.shape, np.float32)
    for start in range(0, samples, _BLOCK):
        # Each piece with a margin of a window on both sides, so that its edges are those of the whole.
        first, last = max(0, start - 4 * _SIZE), min(samples, start + _BLOCK + 4 * _SIZE)
        mine = stft(np.asarray(target[:, first:last], np.float32), _SIZE, _HOP)
        theirs = stft(np.asarray(rest[:, first:last], np.float32), _SIZE, _HOP)
        size = np.abs(mine)
        share = size / np.maximum(size + np.abs(theirs), np.float32(1e-12))
        piece = istft(share * (mine + theirs), _HOP, length=last - first)
        end = min(samples, start + _BLOCK)
        out[:, start:end] = piece[:, start - first : end - first]
    return out


def _energy(samples: Samples) -> float:
    return sum(float(np.sum(np.square(a), dtype=np.float64)) for a, _ in _blocks(samples, samples))


def _difference(target: Samples, estimate: Samples) -> float:
    return sum(float(np.sum(np.square(a - b), dtype=np.float64)) for a, b in _blocks(target, estimate))


def _blocks(left: Samples, right: Samples) -> Iterator[tuple[Samples, Samples]]:
    """Pieces of both in double precision, small enough not to double the memory of a long song."""
    for start in range(0, left.shape[1], _BLOCK):
        part = slice(start, start + _BLOCK)
        yield left[:, part].astype(np.float64), right[:, part].astype(np.float64)


def _decibels(over: float, under: float) -> float:
    return float(10 * np.log10(over / under))
