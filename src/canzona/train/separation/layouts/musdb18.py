"""MUSDB18: `train|test/<artist> - <title>.stem.mp4`, five stereo streams in each file.

The streams are, in this order, mixture, drums, bass, other, vocals (Rafii et al., MUSDB18, 2017).
"""

from __future__ import annotations

from pathlib import Path

from canzona.separation.classes import OTHER, Classes, class_of
from canzona.separation.multitrack import parts
from canzona.train.separation.songs import Stem, StemSong

ENDING = ".stem.mp4"
STREAMS = ("mixture", "drums", "bass", "other", "vocals")

LICENCE = "LicenseRef-MUSDB18"
"""MUSDB18 is for research and teaching; its songs have licences of their own, mostly non-commercial."""


def find_songs(folder: Path, classes: Classes) -> list[StemSong]:
    """The songs of a folder of this layout, by split and name; also of files that lie in it directly."""
    return [_song(path, split, classes) for split, part in parts(folder) for path in _files(part)]


def _files(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.name.lower().endswith(ENDING) and not path.name.startswith(".")
    )


def _song(path: Path, split: str, classes: Classes) -> StemSong:
    name = path.name[: -len(ENDING)]
    stems = tuple(
        Stem(stem, class_of(stem, classes) or OTHER, path, stream)
        for stream, stem in enumerate(STREAMS)
        if stem != "mixture"
    )
    return StemSong(name, path.parent, "musdb18", split, stems, LICENCE, artist(name))


def artist(name: str) -> str:
    """Whom a song of MUSDB18 is by: what stands before ' - ' in its name."""
    return name.partition(" - ")[0]
