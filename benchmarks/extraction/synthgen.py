"""The two SynthGen recipes, stated anew from what is known of them: networks, features, losses, use.

    mel-lstm   dB of 128 mel bands (loudest = 0) -> ten LSTM layers, hidden 128 -> dB, mean squared error;
               sound by inverting the bands and 32 rounds of Griffin-Lim
    waveform   samples, mixture and target each brought to a peak of 1 -> six convolutions of kernel 3 and
               stride 1 with a sigmoid at the end; a mean squared error normalised over the channel axis

Both work on mono at 22.05 kHz, on the first 30 seconds of each song, in batches of 4, with Adam at
1e-3. Their faults are kept: shorter songs are padded with 0, which in dB is the loudest value; the
loss of the second divides every sample by its own size; at use nothing is normalised.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from canzona.audio.resample import resample
from canzona.audio.spectra import istft, mel_filters, stft
from canzona.train.separation.decoding import Signal
from canzona.train.separation.store import Store
from extraction.songs import Songs

RATE = 22050
SECONDS = 30.0
BATCH = 4
LEARNING_RATE = 1e-3

FFT, HOP, BANDS = 2048, 512, 128
LOWEST_DECIBELS = 80.0
ROUNDS = 32

_INVERSIONS = 50
_PIECE, _REACH = 1 << 18, 6


class Original(ABC):
    """One of the two recipes.

    Attributes
    ----------
    network : under training, then in use.
    first : the weights that the sound meets first.
    at_once : clips that go through together.
    """

    network: nn.Module
    first: nn.Parameter
    at_once: int = BATCH

    @abstractmethod
    def pair(self, mixture: np.ndarray, target: np.ndarray, samples: int) -> tuple[Tensor, Tensor]:
        """What the network sees and what it should say, from mono sounds of at most so many samples."""

    @abstractmethod
    def loss(self, said: Tensor, wanted: Tensor) -> Tensor:
        """What is made small."""

    @abstractmethod
    def sound(self, mixture: np.ndarray) -> np.ndarray:
        """The estimate of a mono mixture at `RATE`, float32 (n,)."""

    def separate(self, mixture: Signal, rate: int) -> Signal:
        """The estimate of a song at its own rate, the same in both channels, float32 (2, n)."""
        mono = resample(mixture.mean(axis=0, keepdims=True), rate, RATE)[0]
        back = resample(self.sound(mono)[None], RATE, rate)[0]
        count = mixture.shape[1]
        out = np.pad(back[:count], (0, max(0, count - len(back))))
        return np.stack([out, out])


class MelLstm(Original):
    """Ten one-directional LSTM layers that regress decibels."""

    def __init__(self, layers: int = 10) -> None:
        self.network = layered = _Layers(layers)
        self.first = layered.lstm.weight_ih_l0
        self.filters = mel_filters(RATE, FFT, BANDS)

    def pair(self, mixture: np.ndarray, target: np.ndarray, samples: int) -> tuple[Tensor, Tensor]:
        frames = samples // HOP + 1
        return self._padded(mixture, frames), self._padded(target, frames)

    def loss(self, said: Tensor, wanted: Tensor) -> Tensor:
        return functional.mse_loss(said, wanted)

    def sound(self, mixture: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            said = self.network.eval()(torch.from_numpy(self.decibels(mixture).T.copy())[None])
        bands = 10 ** (said[0].numpy().T.astype(np.float64) / 10)
        return griffin_lim(magnitudes(bands, self.filters), len(mixture))

    def decibels(self, samples: np.ndarray) -> np.ndarray:
        """Float32 (bands, frames): 0 for the loudest of all, at least -80."""
        spectrum = stft(samples, FFT, HOP)
        power = self.filters @ np.square(np.abs(spectrum))
        levels = 10 * np.log10(np.maximum(power, 1e-10))
        levels -= levels.max()
        return np.maximum(levels, -LOWEST_DECIBELS).astype(np.float32)

    def _padded(self, samples: np.ndarray, frames: int) -> Tensor:
        held = self.decibels(samples)
        return torch.from_numpy(np.pad(held, ((0, 0), (0, frames - held.shape[1]))).T.copy())


class _Layers(nn.Module):
    def __init__(self, layers: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(BANDS, BANDS, layers, batch_first=True)
        self.out = nn.Linear(BANDS, BANDS)

    def forward(self, levels: Tensor) -> Tensor:
        """From and to the shape (batch, frames, bands)."""
        found: Tensor = self.out(self.lstm(levels)[0])
        return found


class Waveform(Original):
    """Six convolutions from samples to samples: 0.25 million parameters, 13 samples in view."""

    at_once = 1

    def __init__(self, channels: int = 64) -> None:
        widths = [1, channels, 2 * channels, 4 * channels, 2 * channels, channels]
        layers: list[Any] = []
        for before, after in pairwise(widths):
            layers += [nn.Conv1d(before, after, 3, padding=1), nn.BatchNorm1d(after), nn.ReLU(inplace=True)]
        self.network = nn.Sequential(*layers, nn.Conv1d(channels, 1, 3, padding=1), nn.Sigmoid())
        self.first = layers[0].weight

    def pair(self, mixture: np.ndarray, target: np.ndarray, samples: int) -> tuple[Tensor, Tensor]:
        return self._peaked(mixture, samples), self._peaked(target, samples)

    def loss(self, said: Tensor, wanted: Tensor) -> Tensor:
        # Of the shape (batch, 1, samples), axis 1 has one element: its norm is the element's own size.
        return functional.mse_loss(_of_length_one(said), _of_length_one(wanted))

    def sound(self, mixture: np.ndarray) -> np.ndarray:
        count = len(mixture)
        out = np.empty(count, np.float32)
        with torch.no_grad():
            for start in range(0, count, _PIECE):
                first, end = max(0, start - _REACH), min(count, start + _PIECE)
                seen = torch.from_numpy(mixture[first : min(count, end + _REACH)].copy())
                said = self.network.eval()(seen[None, None])[0, 0].numpy()
                out[start:end] = said[start - first : end - first]
        return out

    @staticmethod
    def _peaked(samples: np.ndarray, count: int) -> Tensor:
        peak = float(np.abs(samples).max(initial=0.0)) or 1.0
        padded = np.pad(samples / np.float32(peak), (0, count - len(samples)))
        return torch.from_numpy(padded)[None]


def _of_length_one(x: Tensor) -> Tensor:
    length = torch.linalg.vector_norm(x, dim=1, keepdim=True)
    return x / torch.where(length == 0, torch.ones_like(length), length)


def beginning(songs: Songs, song: tuple[Store, int], seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Mixture and target of a song's first seconds, mono at `RATE`, float32 (n,) each."""
    store, number = song
    frames = min(store.songs[number].frames, round(seconds * store.sample_rate))
    most = round(seconds * RATE)
    both = (songs.stem(song, names, 0, frames) for names in (songs.classes, [songs.target]))
    mixture, target = (resample(x.mean(axis=0, keepdims=True), store.sample_rate, RATE)[0] for x in both)
    return mixture[:most], target[:most]


def with_target(songs: Songs) -> Sequence[tuple[Store, int]]:
    """The training songs that have the target; SynthGen has no others."""
    return [
        (store, number)
        for store, number in songs.training
        if any(track.class_name == songs.target for track in store.songs[number].tracks)
    ]


def magnitudes(bands: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """A spectrum's magnitudes (bins, frames) whose powers in mel bands are nearest to those given.

    By multiplicative steps, which keep powers positive (Lee & Seung, "Algorithms for non-negative matrix
    factorization", NIPS 2000).
    """
    filters = filters.astype(np.float64)
    wanted = filters.T @ bands
    power = np.maximum(wanted, 1e-12)
    for _ in range(_INVERSIONS):
        power *= wanted / np.maximum(filters.T @ (filters @ power), 1e-30)
    return np.sqrt(power).astype(np.float32)


def griffin_lim(size: np.ndarray, samples: int, rounds: int = ROUNDS) -> np.ndarray:
    """A sound of so many samples whose spectrum has about these magnitudes (bins, frames).

    Griffin & Lim, "Signal estimation from modified short-time Fourier transform", 1984, from random phases,
    with the momentum of Perraudin, Balazs & Søndergaard, "A fast Griffin-Lim algorithm", WASPAA 2013.
    """
    random = np.random.default_rng(0)
    phase = np.exp(2j * np.pi * random.random(size.shape)).astype(np.complex64)
    before = np.zeros_like(phase)
    for _ in range(rounds):
        found = stft(istft(size * phase, HOP, length=samples), FFT, HOP)
        moved = found + np.float32(0.99) * (found - before)
        phase = (moved / np.maximum(np.abs(moved), 1e-12)).astype(np.complex64)
        before = found
    return istft(size * phase, HOP, length=samples)
