"""MUSDB18-HQ: `train|test/<artist> - <title>/` with mixture, drums, bass, other and vocals as .wav."""

from __future__ import annotations

from pathlib import Path

from canzona.separation.classes import OTHER, Classes, class_of
from canzona.separation.multitrack import parts, sound_files, subfolders
from canzona.train.separation.layouts.musdb18 import LICENCE, STREAMS, artist
from canzona.train.separation.songs import Stem, StemSong

FILES = tuple(f"{stem}.wav" for stem in STREAMS)


def find_songs(folder: Path, classes: Classes) -> list[StemSong]:
    """The songs of a folder of this layout, by split and name.

    It is of this layout if a song in one of its splits has exactly the five files. Where another
    lacks some, or has more, its notes say so.
    """
    found = [
        (split, song, sound_files(song))
        for split, part in parts(folder)
        if split
        for song in subfolders(part)
    ]
    if not any({path.name for path in files} == set(FILES) for _, _, files in found):
        return []
    songs = (_song(song, split, files, classes) for split, song, files in found)
    return [song for song in songs if song.stems]


def _song(folder: Path, split: str, files: list[Path], classes: Classes) -> StemSong:
    there = {path.name for path in files}
    stems = tuple(
        Stem(stem, class_of(stem, classes) or OTHER, folder / name)
        for stem, name in zip(STREAMS, FILES, strict=True)
        if stem != "mixture" and name in there
    )
    notes = [f"{name} is missing" for name in FILES if name not in there]
    notes += [f"{name} is no file of MUSDB18-HQ and left out" for name in sorted(there - set(FILES))]
    layout = "musdb18-hq"
    return StemSong(folder.name, folder, layout, split, stems, LICENCE, artist(folder.name), tuple(notes))
