"""The songs that every separator of these benchmarks is trained on, and those that it is measured by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from canzona.train.separation.decoding import Signal
from canzona.train.separation.recipe import Recipe, default_recipe, read_recipe
from canzona.train.separation.stock import held_out, kept_back, open_stores, target_of
from canzona.train.separation.store import Store
from canzona.train.separation.validation import ValidationSong
from extraction.command import say


@dataclass(frozen=True)
class Songs:
    """Stored songs, split as a recipe splits them.

    Attributes
    ----------
    stores : of each folder.
    target : the class to extract.
    held_out : the songs to measure by; nobody trains on them.
    left_out : names of further songs that nobody trains on.
    """

    stores: tuple[Store, ...]
    target: str
    held_out: tuple[ValidationSong, ...]
    left_out: frozenset[str] = frozenset()

    @cached_property
    def excluded(self) -> frozenset[str]:
        """Names of all songs that nobody trains on."""
        return self.left_out | {song.name for song in self.held_out} | kept_back(self.stores)

    @cached_property
    def training(self) -> list[tuple[Store, int]]:
        """The songs to train on, by store and number."""
        return [
            (store, number)
            for store in self.stores
            for number, song in enumerate(store.songs)
            if song.frames and song.name not in self.excluded
        ]

    @property
    def minutes(self) -> float:
        """Minutes of song to train on."""
        return sum(store.songs[n].frames / store.sample_rate for store, n in self.training) / 60

    @property
    def setting(self) -> list[object]:
        """What a training depends on, as plain values: names of what is learnt and of what is measured."""
        learnt = sorted(store.songs[number].name for store, number in self.training)
        return [self.target, learnt, sorted(song.name for song in self.held_out)]

    def without(self, names: Collection[str]) -> Songs:
        """The same with some songs not trained on."""
        return replace(self, left_out=self.left_out | frozenset(names))

    def stem(self, song: tuple[Store, int], names: Collection[str], start: int, frames: int) -> Signal:
        """The sum of a song's stems of some classes, float32 (2, frames); silence where it has none."""
        store, number = song
        total = np.zeros((2, frames), np.float32)
        for place, track in enumerate(store.songs[number].tracks):
            if track.class_name in names:
                total += store.crop(number, place, start, frames)
        return total

    @cached_property
    def classes(self) -> list[str]:
        """The classes of all stems, sorted."""
        return sorted({track.class_name for store, n in self.training for track in store.songs[n].tracks})


def opened(folders: Sequence[Path], place: Path, recipe: Recipe) -> Songs:
    """The songs of some folders, decoded below `place` where they are not yet."""
    stores = open_stores(folders, place)
    target = target_of(stores, recipe.training)
    songs = Songs(tuple(stores), target, tuple(held_out(stores, target, recipe.training)))
    say(f"{len(songs.training)} songs, {songs.minutes:.0f} minutes; {len(songs.held_out)} to measure by")
    return songs


def recipe_of(kind: str, folder: Path) -> Recipe:
    """The recipe of a kind of network in a folder; where there is none, the one with nothing set."""
    path = folder / f"{kind}.toml"
    return read_recipe(path, kind) if path.exists() else default_recipe(kind)
