"""A recipe: all that a training depends on beside its data, as a TOML file.

[model]      name, version, licence, description, research_only, acknowledgement
[training]   networks, validation_share, salt, batch_events, aliases
[network]    see `Shape`
[loop]       see `canzona.train.loop.LoopSettings`
[[data]]     name, licence, url, credit: what the card and NOTICE say of the sources
[card]       texts of the model card
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from canzona.train.composition.task import Shape
from canzona.train.loop import LoopSettings
from canzona.train.recipe_file import filled, read_sections

_SECTIONS = ("model", "training", "network", "loop", "data", "card")


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

    shares: ClassVar[tuple[str, ...]] = ("validation_share",)
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
    held = read_sections(path, _SECTIONS)

    def part(kind: Any, section: str) -> Any:
        return filled(kind, held.get(section, {}), path, f"[{section}]")

    return Recipe(
        model=held.get("model", {}),
        training=part(Training, "training"),
        shape=part(Shape, "network"),
        loop=part(LoopSettings, "loop"),
        data=tuple(held.get("data", ())),
        card=held.get("card", {}),
    )
