"""Slakh2100: `train|validation|test/TrackNNNNN/` with `metadata.yaml` and `stems/S00.flac`, `S01.flac`, ...

For each stem the metadata give an instrument class, a General MIDI program (from 0), whether it is
drums, and the patch that played it (Manilow et al., Cutting Music Source Separation Some Slakh,
2019). Class and program tell what was asked for, the patch what is heard: Slakh2100 plays synth
basses, synth strings and synth brass (programs 38, 39, 50, 51, 54, 62, 63) with the same sampled
basses, strings, choirs and horns as their acoustic neighbours. So these programs count as synth
only where the patch is not one of those samples, which are Kontakt patches (`.nkm`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from canzona.errors import FormatError, MissingDependencyError
from canzona.separation.classes import DEFAULT_CLASSES, OTHER, SYNTH_PROGRAMS, Classes, class_of
from canzona.separation.multitrack import parts, sound_files, subfolders
from canzona.train.separation.songs import Stem, StemSong

LICENCE, CREDIT = "CC-BY-4.0", "Slakh2100 (Manilow, Wichern, Seetharaman, Le Roux 2019)"

INSTRUMENT_CLASSES = {
    "piano": "piano",
    "chromatic percussion": OTHER,
    "organ": OTHER,
    "guitar": "guitar",
    "bass": "bass",
    "strings": "strings",
    "strings (continued)": "strings",
    "brass": OTHER,
    "reed": OTHER,
    "reeds": OTHER,
    "pipe": OTHER,
    "synth lead": "synth",
    "synth pad": "synth",
    "ethnic": OTHER,
    "percussive": OTHER,
    "sound effects": OTHER,
    "drums": "drums",
}
"""The class of each of Slakh's instrument classes, in lower case."""

# Choirs, voices and the orchestra hit stand among the strings in General MIDI.
_NO_STRINGS = range(52, 56)


def find_songs(folder: Path, classes: Classes) -> list[StemSong]:
    """The songs of a folder of this layout, by split and name; also of tracks that lie in it directly.

    Raises
    ------
    FormatError : a metadata.yaml is no YAML, or lists no stems.
    MissingDependencyError : PyYAML is not installed.
    """
    return [
        _song(track, split, classes)
        for split, part in parts(folder)
        for track in subfolders(part)
        if (track / "metadata.yaml").is_file() and (track / "stems").is_dir()
    ]


def instrument_class(facts: dict[str, Any]) -> str | None:
    """Our class for what the metadata say of a stem; None for an instrument class that the table lacks."""
    if facts.get("is_drum") is True:
        return "drums"
    program = facts.get("program_num")
    if isinstance(program, int):
        sampled = str(facts.get("plugin_name", "")).lower().endswith(".nkm")
        if program in SYNTH_PROGRAMS and not (sampled and program < 80):
            return "synth"
        if program in _NO_STRINGS:
            return OTHER
    return INSTRUMENT_CLASSES.get(str(facts.get("inst_class", "")).lower())


def _song(track: Path, split: str, classes: Classes) -> StemSong:
    listed = _metadata(track / "metadata.yaml")
    files = {path.stem: path for path in sound_files(track / "stems")}
    if not files:
        raise FormatError("the track has no stems", source=str(track), hint="fetch it again, or take it out")
    # What the user says of an instrument class counts before what we know of Slakh.
    own = {name: patterns for name, patterns in classes.items() if patterns != DEFAULT_CLASSES.get(name)}
    stems, notes = [], []
    for name, path in sorted(files.items()):
        named = str(listed.get(name, {}).get("inst_class", ""))
        found = class_of(named, own) or instrument_class(listed.get(name, {})) or class_of(named, classes)
        if found is None:
            notes.append(f"'{name}' ({named or 'not in metadata.yaml'}) counts as {OTHER}")
        stems.append(Stem(name, found if found is not None and found in classes else OTHER, path))
    for name in sorted(set(listed) - set(files)):
        if listed[name].get("audio_rendered") is not False:
            notes.append(f"'{name}' stands in metadata.yaml and has no sound file")
    return StemSong(track.name, track, "slakh2100", split, tuple(stems), LICENCE, CREDIT, tuple(notes))


def _metadata(path: Path) -> dict[str, dict[str, Any]]:
    """What a metadata.yaml says of each stem."""
    try:
        import yaml
    except ImportError as error:
        raise MissingDependencyError(
            "reading Slakh2100 needs PyYAML", hint="pip install 'canzona[train]'"
        ) from error
    # libyaml, where PyYAML was built with it, is ten times as fast: a matter of 20 s for all of Slakh2100.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        stems = yaml.load(path.read_bytes(), loader)["stems"]
        return {str(name): dict(facts) for name, facts in stems.items()}
    except (yaml.YAMLError, LookupError, AttributeError, RecursionError, TypeError, ValueError) as error:
        raise FormatError(
            "no list of stems was found", source=str(path), hint="fetch the track again, or take it out"
        ) from error
