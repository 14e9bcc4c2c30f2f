"""The songs of a training: a store for each folder, and what of them is held out to validate on."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from canzona.errors import UsageError
from canzona.separation.classes import DEFAULT_CLASSES, Classes
from canzona.train.loop import SILENT, Reports
from canzona.train.separation.bands import SAMPLE_RATE
from canzona.train.separation.data import read_songs
from canzona.train.separation.recipe import Training
from canzona.train.separation.songs import StemSong
from canzona.train.separation.store import Store, build_store
from canzona.train.separation.validation import ValidationSong

FEWEST_SECONDS = 1.0
"""Songs that are shorter are not validated on."""

_MOST_NOTES = 12

_VALIDATION, _TEST = "validation", "test"
"""Parts of a dataset that are not for training: what to choose by, and what is kept for the end."""


def open_stores(
    folders: Sequence[Path],
    place: Path,
    reports: Reports = SILENT,
    *,
    classes: Classes = DEFAULT_CLASSES,
    build: bool = True,
) -> list[Store]:
    """A store of each folder below `place`, decoded where it is not there yet.

    Parameters
    ----------
    folders, classes : see `read_songs`.
    place : where the stores go.
    reports : told what of the songs was taken for something else than its name says, and how far it is.
    build : decode what is missing; else another process does, and has come to its end.

    Raises
    ------
    What `read_songs` and `build_store` raise.
    """
    datasets = [read_songs(folder, classes) for folder in folders] if build else []
    _say_notes([song for songs in datasets for song in songs], reports)
    stores = []
    for number, folder in enumerate(folders):
        key = hashlib.sha256(str(folder.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:8]
        home = place / f"{folder.resolve().name}-{key}"
        if build:
            stores.append(build_store(datasets[number], home, SAMPLE_RATE, reports.tick))
        else:
            stores.append(Store.open(home))
    return stores


def target_of(stores: Sequence[Store], training: Training) -> str:
    """The class to extract: the recipe's, else `synth` where a song has it, else `other` as in MUSDB."""
    held = {track.class_name for store in stores for song in store.songs for track in song.tracks}
    for name in [training.target] if training.target else ["synth", "other"]:
        if name in held:
            return name
    raise UsageError(
        f"no song has a stem '{training.target or 'synth'}'",
        hint=f"stems there are: {', '.join(sorted(held))}; name one with --target",
    )


def held_out(stores: Sequence[Store], target: str, training: Training) -> list[ValidationSong]:
    """The songs to validate on.

    Those that the recipe names; where it names none that is there, those that the datasets say are to
    validate on; else a share of all songs by the hash of their names, with at least one that has the target.
    None is of a dataset's test set, or may hold the target without saying so.

    Raises
    ------
    UsageError : nothing would be left to train on, or no song that is held out has the target.
    """
    named = set(training.validation)
    songs = [
        (store, number)
        for store in stores
        for number, song in enumerate(store.songs)
        if song.frames >= FEWEST_SECONDS * store.sample_rate
        and song.split != _TEST
        and not song.unclear(target)
    ]
    chosen = [(store, number) for store, number in songs if store.songs[number].name in named]
    if not chosen:
        chosen = [(store, number) for store, number in songs if store.songs[number].split == _VALIDATION]
    if not chosen:
        count = max(1, math.ceil(training.validation_share * len(songs)))
        order = sorted(songs, key=lambda song: _hash(training.salt, song[0].songs[song[1]].name))
        having = [song for song in order if _has(song, target)]
        chosen = [*having[:1], *(song for song in order if song not in having[:1])][:count]
    if not any(_has(song, target) for song in chosen):
        raise UsageError(
            f"none of the songs to validate on has a stem '{target}'",
            hint="name one that has, under [training] validation",
        )
    left = [song for song in songs if song not in chosen and _has(song, target)]
    if not left:
        raise UsageError(
            f"{len(songs)} songs leave none with '{target}' to train on once some are held out",
            hint="give more songs",
        )
    return [ValidationSong(store, number, target) for store, number in chosen]


def kept_back(stores: Sequence[Store]) -> frozenset[str]:
    """Names of the songs of the datasets' validation and test sets, which no example may come from."""
    return frozenset(
        song.name for store in stores for song in store.songs if song.split in (_VALIDATION, _TEST)
    )


def _say_notes(songs: Sequence[StemSong], reports: Reports) -> None:
    """What the datasets' readers noticed, each once, with a song of which it is true."""
    first: dict[str, str] = {}
    for song in songs:
        for note in song.notes:
            first.setdefault(note, song.name)
    counts = Counter(note for song in songs for note in song.notes)
    for note, count in counts.most_common(_MOST_NOTES):
        reports.say(f"{first[note]}: {note}" + (f" (and in {count - 1} more songs)" if count > 1 else ""))
    if len(counts) > _MOST_NOTES:
        reports.say(f"and {len(counts) - _MOST_NOTES} more of the kind")


def _has(song: tuple[Store, int], target: str) -> bool:
    store, number = song
    return bool(store.songs[number].places(target))


def _hash(salt: str, name: str) -> str:
    return hashlib.sha256(f"{salt}{name}".encode("utf-8", "surrogateescape")).hexdigest()
