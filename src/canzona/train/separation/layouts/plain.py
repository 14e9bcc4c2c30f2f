"""The plain layout: one folder a song, one sound file a stem; the file's name says what the stem is.

The songs may lie in folders `train`, `validation` and `test`. Licence and credit stand in the song's
`song.json`, or under the song's name in a `stems.json` beside the songs. A file named mix or mixture
is no stem.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from canzona.errors import FormatError
from canzona.separation.classes import OTHER, Classes, class_of
from canzona.separation.multitrack import parts, songs, stem_files
from canzona.train.separation.songs import Stem, StemSong

SONG_FACTS, COLLECTION_FACTS = "song.json", "stems.json"


def find_songs(folder: Path, classes: Classes) -> list[StemSong]:
    """The songs of a folder of this layout, by split and name; folders without sound are passed over.

    Raises
    ------
    FormatError : a song has a mixture and no stem, or a JSON file is damaged.
    """
    facts = {part: _facts(part / COLLECTION_FACTS) for _, part in parts(folder)}
    return [
        _song(place, split, (facts[folder] | facts[place.parent]).get(place.name), classes)
        for split, place in songs(folder)
    ]


def _song(place: Path, split: str, facts: Any, classes: Classes) -> StemSong:
    stems, notes = [], []
    for path in stem_files(place):
        found = class_of(path.stem, classes)
        if found is None:
            notes.append(f"'{path.stem}' counts as {OTHER}")
        stems.append(Stem(path.stem, found or OTHER, path))
    if not stems:
        raise FormatError(
            "the song has a mixture and no stem", source=str(place), hint="add its stems, or take it out"
        )
    for name, count in Counter(stem.name for stem in stems).items():
        if count > 1:
            notes.append(f"{count} files named '{name}' are added up")
    said = (facts if isinstance(facts, dict) else {}) | _facts(place / SONG_FACTS)
    licence = _words(said.get("licence", said.get("license")))
    credit = _words(said.get("credit"))
    return StemSong(place.name, place, "plain", split, tuple(stems), licence, credit, tuple(notes))


def _facts(path: Path) -> dict[str, Any]:
    """What a JSON file says, nothing where there is none."""
    if not path.is_file():
        return {}
    try:
        facts = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise FormatError(
            "the file is no JSON",
            source=str(path),
            line=getattr(error, "lineno", 0),
            hint="mend or remove it",
        ) from error
    if not isinstance(facts, dict):
        raise FormatError("the file holds no JSON object", source=str(path), hint="mend or remove it")
    return facts


def _words(said: Any) -> str:
    """One string of what was said, a list joined by commas."""
    if isinstance(said, list):
        return ", ".join(str(word) for word in said)
    return said if isinstance(said, str) else ""
