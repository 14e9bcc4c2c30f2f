"""A recipe: all that a training depends on beside its data, as a TOML file.

[model]      name, version, licence, description, research_only, acknowledgement
[training]   networks, validation_share, salt, batch_events, aliases
[network]    see `Shape`
[loop]       see `canzona.train.loop.LoopSettings`
[[data]]     name, licence, url, credit: what the card and NOTICE say of the sources
[card]       texts of the model card
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from canzona.errors import FormatError, UsageError
from canzona.train.composition.task import Shape
from canzona.train.loop import LoopSettings

_SECTIONS = ("model", "training", "network", "loop", "data", "card")
_MAY_BE_ZERO = ("seed", "decay", "dropout", "feature_dropout", "averaging")
_SHARES = ("dropout", "feature_dropout", "averaging", "validation_share")


@dataclass(frozen=True, slots=True)
class Training:
    """How the tunes are used.

    Attributes
    ----------
    networks : networks whose logits are averaged, each from its own seed.
    validation_share : share of the families that are held out, by the hash of `salt` and family.
    batch_events : events a batch, padding included.
    longest : events after which a tune is cut for training.
    aliases : names of folders -> the style that they are.
    """

    networks: int = 1
    validation_share: float = 0.05
    salt: str = "canzona-validation-1:"
    batch_events: int = 3000
    longest: int = 600
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recipe:
    """A parsed recipe; every part has a default."""

    model: Mapping[str, Any] = field(default_factory=dict)
    training: Training = field(default_factory=Training)
    shape: Shape = field(default_factory=Shape)
    loop: LoopSettings = field(default_factory=LoopSettings)
    data: tuple[Mapping[str, Any], ...] = ()
    card: Mapping[str, str] = field(default_factory=dict)


def read_recipe(path: Path) -> Recipe:
    """Read a recipe; FormatError where the file is no TOML, UsageError where a key is unknown."""
    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FormatError(error.strerror or "cannot be read", source=str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FormatError(f"no TOML: {error}", source=str(path)) from error
    for name, section in held.items():
        if name not in _SECTIONS:
            raise UsageError(f"{path} has a section '{name}'", hint=f"sections are {', '.join(_SECTIONS)}")
        rows = section if name == "data" else [section]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            brackets = "[[data]]" if name == "data" else f"[{name}]"
            raise UsageError(f"{path} has a '{name}' that is no section", hint=f"write {brackets} above it")
    for section in ("model", "card"):
        for name, value in held.get(section, {}).items():
            if not isinstance(value, bool if name == "research_only" else str):
                raise UsageError(
                    f"{path} sets '{name}' to {value!r}",
                    hint="give true or false" if name == "research_only" else "give words in quotation marks",
                )
    return Recipe(
        model=held.get("model", {}),
        training=_filled(Training, held.get("training", {}), path),
        shape=_filled(Shape, held.get("network", {}), path),
        loop=_filled(LoopSettings, held.get("loop", {}), path),
        data=tuple(held.get("data", ())),
        card=held.get("card", {}),
    )


def _filled(kind: Any, values: Mapping[str, Any], path: Path) -> Any:
    usual = kind()
    known = sorted(each.name for each in fields(kind))
    for name, value in values.items():
        if name not in known:
            raise UsageError(f"{path} sets '{name}'", hint=f"known there are {', '.join(known)}")
        if not _fits(name, value, getattr(usual, name)):
            raise UsageError(
                f"{path} sets '{name}' to {value!r}", hint=f"give a value like {_like(getattr(usual, name))}"
            )
    return kind(**values)


def _fits(name: str, value: Any, usual: Any) -> bool:
    """Whether a value is of the kind of the usual one and in its range."""
    if isinstance(value, bool) or not isinstance(usual, int | float):
        return isinstance(value, str) if isinstance(usual, str) else _is_words(value)
    if not isinstance(value, int if isinstance(usual, int) else int | float):
        return False
    return (value > 0 or (name in _MAY_BE_ZERO and value == 0)) and value < (
        1 if name in _SHARES else math.inf
    )


def _is_words(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(word, str) for word in value.values())


def _like(usual: Any) -> str:
    return str(usual) if isinstance(usual, int | float) else "'a word'" if usual != {} else "{ word = 'tag' }"
