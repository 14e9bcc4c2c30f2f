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


def filled(
    kind: Any,
    values: Mapping[str, Any],
    path: Path,
    *,
    may_be_zero: Sequence[str] = (),
    shares: Sequence[str] = (),
    any_sign: Sequence[str] = (),
) -> Any:
    """A dataclass of defaults with the values of a section put in.

    Parameters
    ----------
    kind : the dataclass; a field that is one itself takes a table of its own.
    may_be_zero, shares, any_sign : numbers that may be 0, that have to be under 1, that may be negative;
        all others are above 0.

    Raises
    ------
    UsageError : a key is unknown, or a value is of another kind than the default or out of range.
    """
    usual = kind()
    known = sorted(each.name for each in fields(kind))
    given = {}
    for name, value in values.items():
        if name not in known:
            raise UsageError(f"{path} sets '{name}'", hint=f"known there are {', '.join(known)}")
        default = getattr(usual, name)
        if is_dataclass(default) and isinstance(value, dict):
            rules = {"may_be_zero": may_be_zero, "shares": shares, "any_sign": any_sign}
            given[name] = filled(type(default), value, path, **rules)
            continue
        low = -math.inf if name in any_sign else 0.0
        if not _fits(value, default, low, 1.0 if name in shares else math.inf, name in may_be_zero):
            raise UsageError(f"{path} sets '{name}' to {value!r}", hint=f"give a value like {_like(default)}")
        given[name] = tuple(value) if isinstance(default, tuple) else value
    return kind(**given)


def _fits(value: Any, usual: Any, low: float, high: float, zero: bool) -> bool:
    """Whether a value is of the kind of the usual one and in its range."""
    if isinstance(usual, bool):
        return isinstance(value, bool)
    if isinstance(usual, tuple):
        like = usual[0] if usual else ""
        return isinstance(value, list) and all(_fits(each, like, low, high, zero) for each in value)
    if isinstance(value, bool) or not isinstance(usual, int | float):
        return isinstance(value, str) if isinstance(usual, str) else _is_words(value)
    if not isinstance(value, int if isinstance(usual, int) else int | float):
        return False
    return (value > low or (zero and value == 0)) and value < high


def _is_words(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(word, str) for word in value.values())


def _like(usual: Any) -> str:
    if isinstance(usual, bool):
        return "true"
    if isinstance(usual, tuple):
        return str(list(usual)) if usual else "['a word']"
    return str(usual) if isinstance(usual, int | float) else "'a word'" if usual != {} else "{ word = 'tag' }"


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
