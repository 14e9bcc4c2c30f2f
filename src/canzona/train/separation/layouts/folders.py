"""What the layouts share: parts of a dataset, folders and sound files in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from canzona.audio.reading import SOUND_SUFFIXES

SPLITS = ("train", "validation", "test")


def parts(folder: Path) -> Iterator[tuple[str, Path]]:
    """The dataset's own folder as the split '', then those of its splits that are there."""
    yield "", folder
    yield from ((split, folder / split) for split in SPLITS if (folder / split).is_dir())


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


def _is_visible(path: Path) -> bool:
    # '__MACOSX' is what archives made on a Mac bring along.
    return not path.name.startswith((".", "__MACOSX"))
