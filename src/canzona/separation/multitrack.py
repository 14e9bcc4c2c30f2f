"""How songs lie on disk with their stems, for training and for evaluation alike.

One folder a song and in it one file a stem, with or without folders `train`, `validation` and `test` above.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from canzona.audio.reading import SOUND_SUFFIXES
from canzona.separation.classes import head_of

SPLITS = ("train", "validation", "test")

_MIXTURES = ("mix", "mixture")


def parts(folder: Path) -> Iterator[tuple[str, Path]]:
    """The dataset's own folder as the split '', then those of its splits that are there."""
    yield "", folder
    yield from ((split, folder / split) for split in SPLITS if (folder / split).is_dir())


def songs(folder: Path) -> Iterator[tuple[str, Path]]:
    """Split and folder of each song, by both; a folder 'train' with sound in it is a song of that name."""
    for split, part in parts(folder):
        if not (split and sound_files(part)):
            yield from ((split, place) for place in subfolders(part) if sound_files(place))


def subfolders(folder: Path) -> list[Path]:
    """The visible folders in a folder, by name."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and _is_visible(path))


def sound_files(folder: Path) -> list[Path]:
    """The visible files in a folder that end as sound does, by name."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SOUND_SUFFIXES and _is_visible(path) and path.is_file()
    )


def stem_files(folder: Path) -> list[Path]:
    """The sound files of a song but its mixture."""
    return [path for path in sound_files(folder) if not is_mixture(path.name)]


def is_mixture(name: str) -> bool:
    """Whether a sound file of this name is the mix of the others and no stem."""
    return head_of(name) in _MIXTURES


def _is_visible(path: Path) -> bool:
    # '__MACOSX' is what archives made on a Mac bring along.
    return not path.name.startswith((".", "__MACOSX"))
