"""What a store of decoded songs looks like on disk: its files, what they say, and whether they are whole."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canzona.errors import CanzonaError, FormatError
from canzona.separation.classes import OTHER

INDEX, SOUND, ACTIVITY, FACTS = "index.json", "sound.pcm", "activity.npy", "song.json"
VERSION = 1
"""Of what is written; another version's songs are decoded anew."""

_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class StoredTrack:
    """One stem: its name, its class, and the factor that brings its stored samples to its own level."""

    name: str
    class_name: str
    gain: float


@dataclass(frozen=True, slots=True)
class StoredSong:
    """What a store knows of a song; `frames` are samples a channel, `folder` is where its files lie."""

    name: str
    layout: str
    split: str
    licence: str
    credit: str
    frames: int
    tracks: tuple[StoredTrack, ...]
    folder: Path

    def places(self, class_name: str) -> tuple[int, ...]:
        """Where the tracks of a class stand."""
        return tuple(place for place, track in enumerate(self.tracks) if track.class_name == class_name)

    def unclear(self, target: str) -> tuple[int, ...]:
        """The tracks that may hold the target without saying so.

        MUSDB18's `other` is all that is no voice, drum or bass: synthesizers too.
        """
        if not self.layout.startswith("musdb18") or self.places(target):
            return ()
        return self.places(OTHER)


def read_store(folder: Path) -> tuple[int, tuple[StoredSong, ...]]:
    """The sample rate and the songs of a finished store; FormatError where it is none, or is damaged."""
    path = folder / INDEX
    try:
        index = json.loads(path.read_bytes())
        rate, keys = index["sample_rate"], index["songs"]
        sound = index["canzona_store"] == VERSION and isinstance(rate, int) and all(map(_is_key, keys))
    except FileNotFoundError as error:
        raise FormatError(
            "the folder holds no finished store", source=str(folder), hint="build it; what is stored stays"
        ) from error
    except _UNREADABLE as error:
        raise damaged(path) from error
    if not sound:
        raise damaged(path)
    songs = []
    for key in keys:
        song = stored_song(folder / key, rate)
        if song is None:
            raise damaged(folder / key)
        songs.append(song)
    return rate, tuple(songs)


def stored_song(place: Path, rate: int) -> StoredSong | None:
    """The song in a folder; None where it is not there, not whole, or of another rate or version."""
    facts = stored_facts(place)
    try:
        if (facts["version"], facts["sample_rate"]) != (VERSION, rate):
            return None
        tracks = tuple(
            StoredTrack(str(track["name"]), str(track["class"]), float(track["gain"]))
            for track in facts["tracks"]
        )
        words = {name: str(facts[name]) for name in ("name", "layout", "split", "licence", "credit")}
        song = StoredSong(**words, frames=int(facts["frames"]), tracks=tracks, folder=place)
        whole = (place / SOUND).stat().st_size == 4 * song.frames * len(tracks)
        return song if whole and (place / ACTIVITY).is_file() else None
    except _UNREADABLE:
        return None


def stored_facts(place: Path) -> dict[str, Any]:
    """What the song's JSON file says, nothing where it is missing or damaged."""
    try:
        facts = json.loads((place / FACTS).read_bytes())
    except (OSError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def as_json(facts: dict[str, Any]) -> str:
    """As the store's files have it."""
    return json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def damaged(path: Path) -> CanzonaError:
    """The error to raise for a file of a store that is missing or makes no sense."""
    return FormatError("the store is damaged", source=str(path), hint="build it anew in the same folder")


def _is_key(key: Any) -> bool:
    """Whether it is a folder name of ours, which leads nowhere else."""
    return isinstance(key, str) and re.fullmatch(r"[a-z0-9-]+", key) is not None
