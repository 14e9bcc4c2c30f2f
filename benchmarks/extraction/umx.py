"""Open-Unmix by its own recipe: its network class and its separator from PyPI, its training stated anew.

From openunmix 1.3.0 and its repository's scripts/train.py: crops of 6 s, batches of 16; each source from a
song drawn for it, at a gain of 0.25 to 1.25, channels swapped every other time; mean squared error of
magnitudes, STFT 4096 / 1024 under Hann without padding; Adam at 1e-3 with weight decay 1e-5, times 0.3
where the validation loss stays flat for 80 epochs of 64 crops a song; the network sees 16 kHz of
bandwidth, scaled by mean and deviation of the training songs' spectra. At use the magnitudes take the
phase of the mixture.

A song here need not have every source, which MUSDB's do: one that it lacks is silent.
"""

from __future__ import annotations

import copy
import importlib
import math
import sys
import types
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from canzona.train.separation.decoding import Signal
from extraction.songs import Songs
from extraction.training import Diary

SECONDS, BATCH, CROPS = 6.0, 16, 64
FFT, HOP, BANDWIDTH = 4096, 1024, 16_000
GAINS = 0.25, 1.25
RATE, DECAY, FALL, PATIENCE, COOLDOWN = 1e-3, 1e-5, 0.3, 80, 10


def imported() -> types.ModuleType:
    """The module `openunmix.model`, with something in the place of torchaudio while it is loaded.

    openunmix imports it, needs it for nothing that is done here, and it does not load beside newer torch.
    """
    there = sys.modules.get("torchaudio")
    sys.modules["torchaudio"] = types.ModuleType("torchaudio")
    try:
        return importlib.import_module("openunmix.model")
    finally:
        if there is None:
            del sys.modules["torchaudio"]
        else:
            sys.modules["torchaudio"] = there


def new_network(songs: Songs, hidden: int) -> nn.Module:
    """The network class of openunmix at its default sizes, for what the training songs look like."""
    mean, deviation = statistics(songs)
    limit = BANDWIDTH * FFT // songs.stores[0].sample_rate + 1
    network: nn.Module = imported().OpenUnmix(
        nb_bins=FFT // 2 + 1,
        nb_channels=2,
        hidden_size=hidden,
        input_mean=mean,
        input_scale=deviation,
        max_bin=limit,
    )
    return network


def learnt(songs: Songs, minutes: float, *, hidden: int = 512, size: int = BATCH) -> tuple[Diary, nn.Module]:
    """Train a network for so much CPU time; statistics and validation cost it none.

    Parameters
    ----------
    hidden, size : of the recurrent layers, and examples a batch.
    """
    torch.set_num_threads(1)
    torch.manual_seed(42)
    network = new_network(songs, hidden)
    optimizer = torch.optim.Adam(network.parameters(), RATE, weight_decay=DECAY)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=FALL, patience=PATIENCE, cooldown=COOLDOWN
    )
    random = np.random.default_rng(42)
    diary, steps = Diary(minutes), math.ceil(len(songs.training) * CROPS / size)
    best, weights = math.inf, copy.deepcopy(network.state_dict())
    while not diary.is_over:
        network.train()
        for _ in range(steps):
            with diary.running():
                _step(network, songs, random, size, optimizer, diary)
            if diary.is_over:
                break
        loss = validation_loss(network.eval(), songs)
        plateau.step(loss)
        if loss < best:
            best, weights = loss, copy.deepcopy(network.state_dict())
    network.load_state_dict(weights)
    return diary, network.eval()


def _step(
    network: nn.Module, songs: Songs, random: np.random.Generator, size: int, optimizer: Any, diary: Diary
) -> None:
    pairs = [example(songs, random) for _ in range(size)]
    mixture, target = (magnitude(torch.from_numpy(np.stack(side))) for side in zip(*pairs, strict=True))
    loss = nn.functional.mse_loss(network(mixture), target)
    optimizer.zero_grad()
    loss.backward()
    diary.gradients(network, network.fc1.weight)
    optimizer.step()
    diary.losses.append(float(loss.detach()))


def example(songs: Songs, random: np.random.Generator) -> tuple[Signal, Signal]:
    """Mixture and target, float32 (2, n) each: every source from another song, or from the same by chance."""
    chosen = songs.training
    frames = round(SECONDS * songs.stores[0].sample_rate)
    mixture, target = np.zeros((2, frames), np.float32), np.zeros((2, frames), np.float32)
    for source in songs.classes:
        song = chosen[int(random.integers(len(chosen)))]
        start = int(random.integers(max(1, song[0].songs[song[1]].frames - frames)))
        signal = songs.stem(song, [source], start, frames) * np.float32(random.uniform(*GAINS))
        if random.random() < 0.5:
            signal = signal[::-1]
        mixture += signal
        if source == songs.target:
            target = np.ascontiguousarray(signal)
    return mixture, target


def magnitude(signals: Tensor) -> Tensor:
    """Of signals (batch, 2, n) the magnitudes, shape (batch, 2, bins, frames)."""
    window = torch.hann_window(FFT)
    spectrum = torch.stft(signals.flatten(0, 1), FFT, HOP, window=window, center=False, return_complex=True)
    return spectrum.abs().unflatten(0, signals.shape[:2])


def statistics(songs: Songs) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each bin over all frames of the training mixtures, channels averaged."""
    count, total, squares = 0, np.zeros(FFT // 2 + 1), np.zeros(FFT // 2 + 1)
    for store, number in songs.training:
        mixture = songs.stem((store, number), songs.classes, 0, max(FFT, store.songs[number].frames))
        size = magnitude(torch.from_numpy(mixture)[None])[0].mean(0).double().numpy()
        count += size.shape[1]
        total += size.sum(axis=1)
        squares += np.square(size).sum(axis=1)
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return mean, np.maximum(deviation, 1e-4 * deviation.max())


def validation_loss(network: nn.Module, songs: Songs) -> float:
    """The mean over the whole held-out songs."""
    losses = []
    for song in songs.held_out:
        mixture, target = (magnitude(torch.from_numpy(signal)[None]) for signal in song.signals())
        with torch.no_grad():
            losses.append(float(nn.functional.mse_loss(network(mixture), target)))
    return float(np.mean(losses))


def separate(network: nn.Module, target: str, mixture: Signal) -> Signal:
    """The estimate of a song by openunmix' own separator, without its Wiener filter: float32 (2, n)."""
    separator = imported().Separator({target: network}, niter=0, n_fft=FFT, n_hop=HOP).eval()
    with torch.no_grad():
        found: Signal = separator(torch.from_numpy(mixture)[None])[0, 0].numpy()
    return found
