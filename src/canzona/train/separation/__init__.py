"""Training of the extractor: datasets of stems, examples, networks, and what makes a model of them.

Names are bound when they are first used: rendering songs lies below, and needs no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from canzona.train.loop import Reports
    from canzona.train.separation.blending import make_blend
    from canzona.train.separation.data import DEFAULT_CLASSES, Stem, StemSong, read_songs
    from canzona.train.separation.recipe import BLEND, KINDS, Recipe, default_recipe, read_recipe
    from canzona.train.separation.run import Machine, train_extractor
    from canzona.train.separation.store import Store, build_store

__all__ = [
    "BLEND",
    "DEFAULT_CLASSES",
    "KINDS",
    "Machine",
    "Recipe",
    "Reports",
    "Stem",
    "StemSong",
    "Store",
    "build_store",
    "default_recipe",
    "make_blend",
    "read_recipe",
    "read_songs",
    "train_extractor",
]

_HOMES = {
    "BLEND": "recipe", "DEFAULT_CLASSES": "data", "KINDS": "recipe", "Machine": "run", "Recipe": "recipe",
    "Stem": "data", "StemSong": "data", "Store": "store", "build_store": "store", "default_recipe": "recipe",
    "make_blend": "blending", "read_recipe": "recipe", "read_songs": "data", "train_extractor": "run",
}  # fmt: skip


def __getattr__(name: str) -> object:
    """Bind a public name on its first use (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    home = f"{__name__}.{_HOMES[name]}" if name in _HOMES else "canzona.train.loop"
    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value
