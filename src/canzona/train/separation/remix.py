"""Training examples made on the fly: crops of stems, changed, mixed anew, balanced anew.

An example is a pure function of the stores, the settings and the generator that is passed in;
training seeds one generator an example, so neither the number of workers nor an interruption
changes what is heard. The ways of mixing follow what open systems found to matter (random mixing
of songs, gains, channel swap: Uhlich et al., "Improving music source separation based on deep
neural networks through data augmentation and network blending", ICASSP 2017, section 2.2),
with silent targets added, since songs without the target have to be told apart too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from canzona.errors import UsageError
from canzona.train.separation.augment import equalised, level, panned, resampled
from canzona.train.separation.decoding import Signal
from canzona.train.separation.store import WINDOW, Store

_SILENT = 1e-4
_TRIES = 6


@dataclass(frozen=True, slots=True)
class RemixSettings:
    """How examples are made; the shares are probabilities.

    Attributes
    ----------
    seconds : length of an example.
    silent, bare : share of examples without the target, and with nothing else.
    own_rest : how often the rest comes from the target's own song, at the same time; else from another song.
    more_rest, more_target : how often another song's rest, or target, is added.
    dropped : how often a stem is left out.
    repitched, semitones : how often the speed of a song's stems is changed, and by how much at most.
    balanced, balance, balance_spread : how often the level of the target against the rest is drawn anew,
        from a normal distribution (dB) cut at -14 and 12.
    equalised, panned : how often the colour of target or rest, or the place of a stem, is changed.
    stem_spread : standard deviation of each stem's gain in dB.
    """

    shares: ClassVar[tuple[str, ...]] = (
        "silent", "bare", "own_rest", "more_rest", "more_target", "dropped", "repitched", "balanced",
        "equalised", "panned",
    )  # fmt: skip
    not_negative: ClassVar[tuple[str, ...]] = ("semitones", "balance_spread", "stem_spread")
    any_number: ClassVar[tuple[str, ...]] = ("balance",)
    seconds: float = 5.0
    silent: float = 0.1
    bare: float = 0.03
    own_rest: float = 0.6
    more_rest: float = 0.15
    more_target: float = 0.12
    dropped: float = 0.12
    repitched: float = 0.4
    semitones: float = 4.0
    balanced: float = 0.7
    balance: float = -2.0
    balance_spread: float = 5.0
    equalised: float = 0.3
    panned: float = 0.15
    stem_spread: float = 2.5


@dataclass(frozen=True, slots=True)
class _Song:
    """A song of a store with the tracks that are target and those that are not."""

    store: Store
    number: int
    target: tuple[int, ...]
    rest: tuple[int, ...]

    @property
    def frames(self) -> int:
        return self.store.songs[self.number].frames


class Remixer:
    """Draws examples from stores.

    Parameters
    ----------
    stores : stores with the weight at which each is drawn from; all of one sample rate.
    target : the class of the stems to extract.
    without : names of songs that no example may come from.

    Raises
    ------
    UsageError : no store, differing rates, or no song with a stem of the target.
    """

    def __init__(
        self,
        stores: Sequence[tuple[Store, float]],
        target: str,
        settings: RemixSettings | None = None,
        *,
        without: Collection[str] = (),
    ) -> None:
        if not stores or len({store.sample_rate for store, _ in stores}) > 1:
            raise UsageError("training needs stores of one sample rate", hint="build them anew at one rate")
        self.settings = settings or RemixSettings()
        self.sample_rate = stores[0][0].sample_rate
        self.frames = round(self.settings.seconds * self.sample_rate)
        groups = [(_songs(store, target, without), weight) for store, weight in stores]
        self._targets = _Drawer([([song for song in songs if song.target], w) for songs, w in groups])
        self._rests = _Drawer([([song for song in songs if song.rest], w) for songs, w in groups])
        if not self._targets:
            raise UsageError(
                f"no song has a stem of the class '{target}'", hint="name a target that the data have"
            )
        if not self._rests:
            raise UsageError("no song has a stem beside the target", hint="add songs with other stems")

    def example(self, random: np.random.Generator) -> tuple[Signal, Signal]:
        """A mixture of RMS 1 and the target in it, float32 of shape (2, frames) each."""
        settings = self.settings
        kind = random.random()
        target = np.zeros((2, self.frames), np.float32)
        rest = np.zeros((2, self.frames), np.float32)
        if kind < settings.silent:
            rest = self._part(random, self._rests.draw(random), "rest")
        else:
            song = self._targets.draw(random)
            own = kind >= settings.silent + settings.bare and bool(song.rest)
            target, rest = self._of_one_song(random, song, own and random.random() < settings.own_rest)
            if random.random() < settings.more_target:
                target = target + self._part(random, self._targets.draw(random), "target")
        if kind < settings.silent or kind >= settings.silent + settings.bare:
            rest = self._filled(random, rest)
        return self._mixed(random, self._coloured(random, target), self._coloured(random, rest))

    def _of_one_song(
        self, random: np.random.Generator, song: _Song, with_rest: bool
    ) -> tuple[Signal, Signal]:
        """The target of a song, and its rest of the same moment, or silence."""
        length = self._length(random)
        start = _start(random, song, song.target, length)
        target = self._sum(random, song, song.target, start, length)
        if not with_rest:
            return target, np.zeros_like(target)
        return target, self._sum(random, song, song.rest, start, length)

    def _part(self, random: np.random.Generator, song: _Song, which: str) -> Signal:
        tracks = song.target if which == "target" else song.rest
        length = self._length(random)
        return self._sum(random, song, tracks, _start(random, song, tracks, length), length)

    def _filled(self, random: np.random.Generator, rest: Signal) -> Signal:
        """The rest with another song's beside it, always where it is silent."""
        if level(rest) > _SILENT and random.random() >= self.settings.more_rest:
            return rest
        more = self._part(random, self._rests.draw(random), "rest")
        if level(rest) <= _SILENT:
            return more
        return rest + more * np.float32(level(rest) / level(more) * 10 ** (random.normal(-3.0, 4.0) / 20))

    def _mixed(self, random: np.random.Generator, target: Signal, rest: Signal) -> tuple[Signal, Signal]:
        settings = self.settings
        mine, theirs = level(target), level(rest)
        if mine > _SILENT and theirs > _SILENT and random.random() < settings.balanced:
            wanted = np.clip(random.normal(settings.balance, settings.balance_spread), -14.0, 12.0)
            target = target * np.float32(theirs / mine * 10 ** (wanted / 20))
        mixture = target + rest
        scale = np.float32(1 / max(level(mixture), _SILENT))
        return mixture * scale, target * scale

    def _coloured(self, random: np.random.Generator, signal: Signal) -> Signal:
        if random.random() < 0.5:
            signal = signal[::-1]
        return equalised(signal, random) if random.random() < self.settings.equalised else signal

    def _length(self, random: np.random.Generator) -> int:
        """Samples to read for an example: more or fewer where the speed changes."""
        if random.random() >= self.settings.repitched:
            return self.frames
        shift = random.uniform(-self.settings.semitones, self.settings.semitones)
        return round(self.frames * 2 ** (shift / 12))

    def _sum(
        self, random: np.random.Generator, song: _Song, tracks: tuple[int, ...], start: int, length: int
    ) -> Signal:
        settings = self.settings
        kept = [track for track in tracks if random.random() >= settings.dropped] or list(tracks[:1])
        total = np.zeros((2, self.frames), np.float32)
        for track in kept:
            signal = resampled(song.store.crop(song.number, track, start, length), self.frames)
            gain = 10 ** (random.normal(0.0, settings.stem_spread) / 20) * random.choice((-1.0, 1.0))
            if random.random() < settings.panned:
                signal = panned(signal, random)
            total += signal * np.float32(gain)
        return total


class _Drawer:
    """Songs in groups of given weights; within a group a song counts by the root of its length."""

    def __init__(self, groups: Sequence[tuple[list[_Song], float]]) -> None:
        kept = [(songs, weight) for songs, weight in groups if songs and weight > 0]
        self._groups = [songs for songs, _ in kept]
        self._weights = _shares([weight for _, weight in kept])
        self._songs = [_shares([song.frames**0.5 for song in songs]) for songs in self._groups]

    def __bool__(self) -> bool:
        return bool(self._groups)

    def draw(self, random: np.random.Generator) -> _Song:
        group = int(random.choice(len(self._groups), p=self._weights))
        songs = self._groups[group]
        return songs[int(random.choice(len(songs), p=self._songs[group]))]


def _shares(weights: list[float]) -> list[float]:
    total = sum(weights)
    return [weight / total for weight in weights]


def _songs(store: Store, target: str, without: Collection[str]) -> list[_Song]:
    songs = []
    for number, song in enumerate(store.songs):
        if not song.frames or song.name in without:
            continue
        mine = song.places(target)
        apart = {*mine, *song.unclear(target)}
        songs.append(_Song(store, number, mine, tuple(t for t in range(len(song.tracks)) if t not in apart)))
    return songs


def _start(random: np.random.Generator, song: _Song, tracks: tuple[int, ...], length: int) -> int:
    """Where to begin so that something of the tracks sounds, if some tries find such a place."""
    room = song.frames - length
    if room <= 0:
        return 0
    activity = np.max([song.store.activity(song.number, track) for track in tracks], axis=0)
    sounding = activity > 0.2 * activity.max(initial=0.0)
    step = round(WINDOW * song.store.sample_rate)
    start = 0
    for _ in range(_TRIES):
        start = int(random.integers(0, room))
        heard = sounding[start // step : (start + length) // step]
        if heard.size and heard.mean() > 0.4:
            break
    return start
