"""Stem datasets: the songs of a folder, whose layout is recognised by what lies in it.

    MUSDB18      train|test/*.stem.mp4
    MUSDB18-HQ   train|test/<song>/{mixture,drums,bass,other,vocals}.wav
    Slakh2100    train|validation|test/TrackNNNNN/metadata.yaml, stems/S00.flac ...
    plain        <song>/<stem>.<any sound>, also within train|validation|test

A layout is a module of `layouts`. What of a song is the target is said by the class of its stems
(`classes`); `songs` reads them, and `store` keeps them decoded for quick random access.
"""

from __future__ import annotations

from pathlib import Path

from canzona.errors import CanzonaError, FormatError, UsageError
from canzona.separation.classes import DEFAULT_CLASSES, OTHER, Classes, check_classes, class_of
from canzona.separation.multitrack import sound_files
from canzona.train.separation.layouts import LAYOUTS
from canzona.train.separation.songs import Stem, StemSong

__all__ = [
    "DEFAULT_CLASSES",
    "OTHER",
    "Classes",
    "Stem",
    "StemSong",
    "class_of",
    "read_songs",
]


def read_songs(folder: str | Path, classes: Classes = DEFAULT_CLASSES) -> list[StemSong]:
    """The songs of a dataset, by split (none, train, validation, test) and name; no sound is read.

    Parameters
    ----------
    folder : a dataset of one of the layouts above.
    classes : for each class the patterns of the stem names that belong to it.

    Raises
    ------
    UsageError : there is no such folder, or the table of classes makes no sense.
    FormatError : the folder is no dataset, or a song's metadata are damaged.
    MissingDependencyError : Slakh2100's metadata need PyYAML, which is not installed.
    """
    folder = Path(folder)
    check_classes(classes)
    if not folder.is_dir():
        said = "is no folder" if folder.exists() else "does not exist"
        raise UsageError(f"{folder} {said}", hint="name the folder of a stem dataset")
    try:
        for find_songs in LAYOUTS:
            if songs := find_songs(folder, classes):
                return songs
        raise _no_dataset(folder)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FormatError(f"cannot be read: {reason}", source=str(error.filename or folder)) from error


def _no_dataset(folder: Path) -> CanzonaError:
    if sound_files(folder):
        return FormatError(
            "the folder is one song, not a dataset", source=str(folder), hint="name the folder above it"
        )
    said = "no song was found in the folder" if any(folder.iterdir()) else "the folder is empty"
    return FormatError(
        said,
        source=str(folder),
        hint="a dataset is MUSDB18, MUSDB18-HQ, Slakh2100, or one folder a song with one sound file a stem",
    )
