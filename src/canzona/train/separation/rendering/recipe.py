"""A recipe of rendered songs: shares, levels, fonts and what is reserved, as a TOML file.

The packaged `stems.toml` holds every value. A recipe of one's own replaces the values that it names.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from importlib import resources
from pathlib import Path
from typing import Any

from canzona.errors import UsageError
from canzona.train.recipe_file import filled, read_toml
from canzona.train.separation.rendering.tables import (
    CastingTable,
    ChangeTable,
    Collection,
    Font,
    LevelTable,
    NameTable,
    SongTable,
    SourceTable,
    SynthesizerTable,
)

DEFAULT = "stems.toml"


_TABLES: dict[str, Any] = {
    "song": SongTable,
    "sources": SourceTable,
    "casting": CastingTable,
    "synthesizers": SynthesizerTable,
    "levels": LevelTable,
    "changes": ChangeTable,
    "reserved": NameTable,
}
_ROWS: dict[str, Any] = {"fonts": Font, "collections": Collection}
_ORDERED = (
    ("song", "shortest", "longest"),
    ("levels", "least_ratio", "largest_ratio"),
    ("levels", "least_peak", "largest_peak"),
    ("changes", "slowest", "fastest"),
    ("changes", "lowest_shift", "highest_shift"),
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A parsed recipe; its attributes are the tables of the file."""

    song: SongTable
    sources: SourceTable
    casting: CastingTable
    synthesizers: SynthesizerTable
    levels: LevelTable
    changes: ChangeTable
    reserved: NameTable
    fonts: tuple[Font, ...]
    collections: tuple[Collection, ...]

    def reserves_midi(self, name: str) -> bool:
        """Whether a MIDI file is held out, by its name without the ending; upper and lower case are one."""
        return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in self.reserved.midi)

    def reserves_preset(self, synthesizer: str, bank: str, name: str) -> bool:
        """Whether a preset is held out, by bank, plugin or full name `synthesizer: bank / name`."""
        reserved = self.reserved
        banks = {"amsynth": reserved.amsynth_banks, "zynaddsubfx": reserved.zyn_banks}.get(synthesizer, ())
        if any(fnmatchcase(bank, pattern) for pattern in banks):
            return True
        if synthesizer == "lmms" and any(fnmatchcase(f"{bank}/{name}", row) for row in reserved.lmms):
            return True
        return any(fnmatchcase(f"{synthesizer}: {bank} / {name}", row) for row in reserved.presets)

    def has_no_pitch(self, synthesizer: str, bank: str, name: str) -> bool:
        """Whether a preset is listed as one that makes no part of a song."""
        full = f"{synthesizer}: {bank} / {name}".lower()
        return any(fnmatchcase(full, pattern.lower()) for pattern in self.reserved.unpitched)

    def licence_of(self, folder: str) -> tuple[str, str]:
        """Licence and credit of the MIDI files of a folder, by its name; 'not stated' where unknown."""
        for row in self.collections:
            if row.folder == folder:
                return row.licence, row.credit
        return "not stated", folder


def read_recipe(path: Path | None = None) -> Recipe:
    """The packaged recipe, with what a file of one's own replaces.

    Raises
    ------
    FormatError : the file cannot be read or is no TOML.
    UsageError : a table or a name in it is unknown, or a value is of the wrong kind or range.
    """
    held = tomllib.loads(resources.files(__package__).joinpath(DEFAULT).read_text(encoding="utf-8"))
    where = str(path or DEFAULT)
    own = read_toml(path) if path is not None else {}
    for name, values in own.items():
        if name not in held:
            raise UsageError(f"{where} has a table '{name}'", hint=f"tables are {', '.join(held)}")
        if not isinstance(values, type(held[name])):
            brackets = f"[[{name}]]" if name in _ROWS else f"[{name}]"
            raise UsageError(f"{where} has a '{name}' that is no table", hint=f"write {brackets} above it")
        held[name] = values if name in _ROWS else {**held[name], **values}
    tables = {
        name: filled(kind, held[name], where, f"[{name}]", complete=True) for name, kind in _TABLES.items()
    }
    rows = {
        name: tuple(filled(kind, row, where, f"[[{name}]]", complete=True) for row in held[name])
        for name, kind in _ROWS.items()
    }
    for name, low, high in _ORDERED:
        if getattr(tables[name], low) > getattr(tables[name], high):
            raise UsageError(f"{where} sets '{low}' above '{high}'", hint=f"give '{low}' the smaller value")
    if not sum(asdict(tables["sources"]).values()):
        raise UsageError(f"{where} gives no source of notes a weight", hint="set one of [sources] above 0")
    parts: dict[str, Any] = {**tables, **rows}
    return Recipe(**parts)
