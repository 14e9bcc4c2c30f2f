"""A song through the networks, block by block: each piece of the mixture with the target in it.

    native blocks ─┬─────────────────── wait ──────────────────┬─▶ Piece(mixture, estimate)
                   └ stereo ▸ model's rate ▸ windows ▸ the song's rate ┘

The mixture waits as the file holds it, for as long as the windows and the filters take: about two windows
of sound, whatever the song's length.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from canzona.audio.encoding import Encoding, Native, to_float
from canzona.audio.resample import resample_blocks
from canzona.separation.model import SeparationModel
from canzona.separation.presence import FrameMeans, Presence
from canzona.separation.windows import overlap_add

Float32 = npt.NDArray[np.float32]

BLOCK = 1 << 16
"""Samples in each channel that are read at once."""

_LOUDEST = 1e10
"""What a network is shown of a float sample at most: beyond, float32 could not hold its spectrum's power."""

_FAINTEST = 1e-20
"""And at least: what lies below is shown as silence, since numbers next to nothing slow a processor down."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A stretch of the song.

    Attributes
    ----------
    mixture : native samples as the song holds them, shape (channels, n).
    estimate : the target in it, float32 (channels, n), full scale 1.0.
    """

    mixture: Native
    estimate: Float32


class Listener:
    """What was heard in a song besides its pieces: presence, and how loud the mixture was.

    It is filled while `heard_pieces` goes through the song.

    Parameters
    ----------
    model : whose frames of presence are counted.
    start : the song's second at which the listening begins.
    """

    def __init__(self, model: SeparationModel, start: float = 0.0) -> None:
        self._step, self._start = model.hop / model.sample_rate, start
        self._presence, self._levels = FrameMeans(model.hop), FrameMeans(model.hop)

    def mixture(self, blocks: Iterable[Float32]) -> Iterator[Float32]:
        """The blocks of the mixture, measured on their way."""
        for block in blocks:
            self._levels.push(np.square(block, dtype=np.float64).mean(axis=0))
            yield block

    def estimates(self, blocks: Iterable[Float32]) -> Iterator[Float32]:
        """The blocks (3, n) of estimates, their presence measured on their way."""
        for block in blocks:
            self._presence.push(block[2])
            yield block

    def finish(self) -> tuple[Presence, Float32]:
        """Presence, and the mean square of the mixture in each of its frames."""
        return Presence(self._presence.finish(), self._step, self._start), self._levels.finish()


def heard_pieces(
    blocks: Iterable[Native],
    encoding: Encoding,
    sample_rate: int,
    model: SeparationModel,
    listener: Listener,
) -> Iterator[Piece]:
    """The pieces of a song, as long together as its blocks.

    Parameters
    ----------
    blocks : native samples of the encoding, shape (channels, any n), mono or stereo.
    encoding : how the song holds samples.
    sample_rate : of the song, in Hz.
    model : what hears the target. It gets stereo at its own rate; the two channels of a mono song's
        estimate are averaged.
    listener : takes presence and levels.

    Raises
    ------
    ModelError : a graph cannot be run.
    UsageError : a sample rate that cannot be resampled.
    """
    waiting = Waiting()
    mixture = resample_blocks(_shown(blocks, encoding, waiting), sample_rate, model.sample_rate)
    estimates = _cut(overlap_add(listener.mixture(mixture), model.hear, model.windows))
    targets = (_channels(block, waiting.channels) for block in listener.estimates(estimates))
    for target in resample_blocks(targets, model.sample_rate, sample_rate):
        # Twice rounded, the length may be a sample off.
        held = waiting.take(target.shape[1])
        yield Piece(held, target[:, : held.shape[1]])
    if (held := waiting.take(None)).size:
        yield Piece(held, np.zeros(held.shape, np.float32))


def silent_pieces(blocks: Iterable[Native]) -> Iterator[Piece]:
    """The pieces of a song in which there is nothing to extract."""
    for block in blocks:
        yield Piece(block, np.zeros(block.shape, np.float32))


class Waiting:
    """Native samples that wait to be taken in other pieces than they came in.

    Attributes
    ----------
    channels, count : of the samples that came; how many wait in each channel.
    """

    def __init__(self) -> None:
        self.channels = self.count = 0
        self._held: deque[Native] = deque()

    def put(self, block: Native) -> None:
        """Let a block (channels, n) wait."""
        self.channels, self.count = len(block), self.count + block.shape[1]
        self._held.append(block)

    def take(self, count: int | None) -> Native:
        """The next samples, fewer at the end; all with None."""
        taken: list[Native] = []
        left = count
        while self._held and left != 0:
            block = self._held.popleft()
            if left is not None and block.shape[1] > left:
                self._held.appendleft(block[:, left:])
                block = block[:, :left]
            left = None if left is None else left - block.shape[1]
            self.count -= block.shape[1]
            taken.append(block)
        return np.concatenate(taken, axis=1) if taken else np.zeros((self.channels, 0), np.float32)


def _shown(blocks: Iterable[Native], encoding: Encoding, waiting: Waiting) -> Iterator[Float32]:
    """What a network sees of each block, float32 (2, n); the block itself waits."""
    for block in blocks:
        waiting.put(block)
        samples = to_float(block, encoding)
        if encoding.kind != "integer":
            samples = np.clip(samples, -_LOUDEST, _LOUDEST)
            samples = np.where(np.abs(samples) < _FAINTEST, 0, samples)
        yield np.asarray(np.broadcast_to(samples, (2, block.shape[1])), np.float32)


def _cut(blocks: Iterable[Float32]) -> Iterator[Float32]:
    """Blocks of `BLOCK` samples at most: what is made of each on its way into a file takes memory too."""
    for block in blocks:
        for at in range(0, block.shape[1], BLOCK):
            yield block[:, at : at + BLOCK].copy()
        # Gone before the next window is heard.
        del block


def _channels(block: Float32, channels: int) -> Float32:
    """Of an estimate (3, n) the target in the song's channels."""
    return block[:2].copy() if channels == 2 else block[:2].mean(axis=0, keepdims=True)
