"""A song as its stems: which files they are, and their samples at any rate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from canzona.audio.resample import RATES, resample, resampled_length
from canzona.errors import UsageError
from canzona.train.separation.decoding import Signal, decode, measure


@dataclass(frozen=True, slots=True)
class Stem:
    """One part of a song.

    Attributes
    ----------
    name : as in the dataset ('synth-lead', 'S03').
    class_name : the class that the name, or the dataset's own table, gives it.
    path : its sound file.
    stream : which sound stream of the file, counted from 0; None for a file that holds but one.
    """

    name: str
    class_name: str
    path: Path
    stream: int | None = None


@dataclass(frozen=True, slots=True)
class StemSong:
    """A song of a dataset; nothing of its sound is read before it is asked for.

    The mixture is the sum of the stems, also where the dataset has a mixture of its own. All stems
    start together; the shorter are silent at the end.

    Attributes
    ----------
    name : the song's name within its dataset.
    folder : where it lies.
    layout : 'musdb18', 'musdb18-hq', 'slakh2100' or 'plain'.
    split : 'train', 'validation' or 'test' where the dataset says so, else ''.
    stems : its parts, in a fixed order.
    licence, credit : what the dataset says, '' where it says nothing.
    notes : what was taken for something else than its name says, or was left out.
    """

    name: str
    folder: Path
    layout: str
    split: str
    stems: tuple[Stem, ...]
    licence: str = ""
    credit: str = ""
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> frozenset[str]:
        """The classes that the song has a stem of."""
        return frozenset(stem.class_name for stem in self.stems)

    def length(self, sample_rate: int = 44100) -> int:
        """Samples a channel of the longest stem at a rate; raises as `read` does."""
        _check_rate(sample_rate)
        return max((_length(stem, sample_rate) for stem in self.stems), default=0)

    def read(self, class_name: str | None = None, sample_rate: int = 44100) -> Signal:
        """The sum of the stems of a class, or of all, which is the mixture.

        It is held in memory together with one stem: 21 MB a minute each at 44.1 kHz.

        Parameters
        ----------
        class_name : which stems; None for all. A class that the song lacks is silent.
        sample_rate : samples a second of what is returned.

        Returns
        -------
        float32 of shape (2, n), not limited to -1..1, as long as the longest stem.

        Raises
        ------
        FormatError : a stem's file is missing, damaged or no sound.
        UnsupportedError : a stem has more than two channels.
        MissingDependencyError : a stem's file needs ffmpeg, which is not installed.
        UsageError : the rate makes no sense.
        """
        return self._sum((stem for stem in self.stems if class_name in (None, stem.class_name)), sample_rate)

    def read_stem(self, stem: Stem, sample_rate: int = 44100) -> Signal:
        """One of the stems, as long as the song; otherwise as `read`."""
        return self._sum((stem,), sample_rate)

    def _sum(self, stems: Iterable[Stem], rate: int) -> Signal:
        total = np.zeros((2, self.length(rate)), np.float32)
        for stem in stems:
            own = measure(stem.path, stem.stream).sample_rate
            sound = resample(decode(stem.path, stem.stream), own, rate)[:, : total.shape[1]]
            total[:, : sound.shape[1]] += sound
        return total


def _length(stem: Stem, rate: int) -> int:
    facts = measure(stem.path, stem.stream)
    return resampled_length(facts.frames, facts.sample_rate, rate)


def _check_rate(rate: int) -> None:
    if not RATES[0] <= rate <= RATES[1]:
        raise UsageError(f"songs are not read at {rate} Hz", hint=f"{RATES[0]} to {RATES[1]} Hz are known")
