"""TOML recipes: sections into dataclasses, every unknown key and every wrong value a sentence."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from canzona.errors import FormatError, UsageError

ROWS = "data"
"""The section that is a list: what the card and NOTICE say of the sources."""

BASE = "base"
"""The key above all sections that names a recipe beside this one, whose values hold where this has none."""

_WORDS = ("model", "card")
_FLAGS = ("research_only",)


def read_sections(path: Path, known: Sequence[str]) -> dict[str, Any]:
    """The sections of a recipe, key by key upon those of its base where it names one.

    Raises
    ------
    FormatError : the file, or its base, is missing or no TOML.
    UsageError : a section is unknown, is none, or holds something else than words where words belong; or
        a base has a base.
    """
    held = _read(path, known)
    base = held.pop(BASE, None)
    if base is None:
        return held
    usual = _read(path.parent / base, known)
    if BASE in usual:
        raise UsageError(
            f"{path} builds on {base}, which builds on another", hint="name that one as the base"
        )
    return {
        name: held.get(name, usual.get(name)) if name == ROWS else usual.get(name, {}) | held.get(name, {})
        for name in (usual | held)
    }


def read_toml(path: Path) -> dict[str, Any]:
    """The values of a TOML file; FormatError where it is missing or no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError((error.strerror or "cannot be read").lower(), source=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"no TOML: {error}", source=str(path)) from error


def _read(path: Path, known: Sequence[str]) -> dict[str, Any]:
    """What a file holds: its sections, and the name of its base."""
    held = read_toml(path)
    if not isinstance(held.get(BASE, ""), str):
        raise UsageError(
            f"{path} sets '{BASE}' to {held[BASE]!r}", hint="give the name of a recipe beside it"
        )
    for name, section in held.items():
        if name == BASE:
            continue
        if name not in known:
            raise UsageError(f"{path} has a section '{name}'", hint=f"sections are {', '.join(known)}")
        rows = section if name == ROWS else [section]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            brackets = f"[[{ROWS}]]" if name == ROWS else f"[{name}]"
            raise UsageError(f"{path} has a '{name}' that is no section", hint=f"write {brackets} above it")
    for section in _WORDS:
        for name, value in held.get(section, {}).items():
            if not isinstance(value, bool if name in _FLAGS else str):
                raise UsageError(
                    f"{path} sets '{name}' to {value!r}",
                    hint="give true or false" if name in _FLAGS else "give words in quotation marks",
                )
    return held


def filled(kind: Any, values: Any, where: object, table: str, *, complete: bool = False) -> Any:
    """A dataclass with the values of a table put in.

    Parameters
    ----------
    kind : the dataclass. Class variables of these names list its numbers: `shares` lie from 0 to 1,
        `fractions` from 0 to less than 1, `not_negative` are 0 or more, `any_number` anything; all others are
        above 0. A field that is a dataclass itself takes a table of its own.
    values : the table.
    where, table : the file and the table's name, for what is said of errors.
    complete : every field has to be there; without it the dataclass's defaults hold for the others.

    Raises
    ------
    UsageError : a name is unknown or missing, or a value is of another type or out of range.
    """
    known = {each.name: str(each.type) for each in fields(kind)}
    if not isinstance(values, Mapping) or set(values) - set(known):
        odd = f"'{min(set(values) - set(known))}'" if isinstance(values, Mapping) else "a row that is none"
        raise UsageError(f"{where} has {odd} in {table}", hint=f"known there are {', '.join(sorted(known))}")
    if complete and (lacking := set(known) - set(values)):
        raise UsageError(f"{where} lacks '{min(lacking)}' in {table}", hint=f"give {', '.join(known)}")
    given = {}
    for name, value in values.items():
        usual = None if complete else getattr(kind(), name)
        if usual is not None and is_dataclass(usual) and isinstance(value, Mapping):
            given[name] = filled(type(usual), value, where, f"'{name}' of {table}")
        elif wanted := _wanted(kind, name, known[name], value):
            such = (
                f", such as {usual}" if isinstance(usual, int | float) and not isinstance(usual, bool) else ""
            )
            raise UsageError(f"{where} sets '{name}' in {table} to {value!r}", hint=f"give {wanted}{such}")
        else:
            given[name] = tuple(value) if isinstance(value, list) else value
    return kind(**given)


def _wanted(kind: Any, name: str, expected: str, value: Any) -> str:
    """What should stand in the place of a value, by its field's annotation; '' where it fits."""
    if expected == "bool":
        return "" if isinstance(value, bool) else "true or false"
    if expected == "str":
        return "" if isinstance(value, str) else "words in quotation marks"
    if expected.startswith("Mapping"):
        fits = isinstance(value, dict) and all(isinstance(word, str) for word in value.values())
        return "" if fits else "a table of words: { word = 'tag' }"
    if expected.startswith("tuple["):
        of = expected.removeprefix("tuple[").partition(",")[0]
        if isinstance(value, list) and not any(_wanted(kind, name, of, each) for each in value):
            return ""
        return (
            'a list of words: ["...", "..."]' if of == "str" else f"a list of {_numbers(kind, name, of, 's')}"
        )
    if expected not in ("int", "float"):
        return "a table"
    right = isinstance(value, int if expected == "int" else int | float) and not isinstance(value, bool)
    return "" if right and _in_range(kind, name, value) else f"a {_numbers(kind, name, expected)}"


def _in_range(kind: Any, name: str, value: float) -> bool:
    if not math.isfinite(value) or name in getattr(kind, "any_number", ()):
        return math.isfinite(value)
    if name in getattr(kind, "shares", ()):
        return 0 <= value <= 1
    if name in getattr(kind, "fractions", ()):
        return 0 <= value < 1
    return value > 0 or (value == 0 and name in getattr(kind, "not_negative", ()))


def _numbers(kind: Any, name: str, of: str, plural: str = "") -> str:
    """The numbers that a field may hold, in words."""
    noun = f"whole number{plural}" if of == "int" else f"number{plural}"
    if name in getattr(kind, "any_number", ()):
        return noun
    if name in getattr(kind, "shares", ()):
        return f"share{plural} from 0 to 1"
    if name in getattr(kind, "fractions", ()):
        return f"share{plural} from 0 to less than 1"
    return f"{noun} of 0 or more" if name in getattr(kind, "not_negative", ()) else f"{noun} above 0"


def from_values(kind: Any, values: Mapping[str, Any]) -> Any:
    """A dataclass from what `dataclasses.asdict` made of it, lists where it had tuples."""
    usual = kind()
    given: dict[str, Any] = {}
    for each in fields(kind):
        value, default = values[each.name], getattr(usual, each.name)
        if is_dataclass(default):
            given[each.name] = from_values(type(default), value)
        else:
            given[each.name] = tuple(value) if isinstance(default, tuple) else value
    return kind(**given)
