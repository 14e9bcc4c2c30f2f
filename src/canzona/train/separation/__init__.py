"""Training of the extractor: datasets of stems, examples, networks, and what makes a model of them."""

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
