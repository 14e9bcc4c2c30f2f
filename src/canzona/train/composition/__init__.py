"""Training of the composer: data, network, task, recipe, export, and `run`, which does it all."""

from canzona.train.composition.recipe import Recipe, read_recipe
from canzona.train.composition.run import train_composer
from canzona.train.loop import Reports

__all__ = ["Recipe", "Reports", "read_recipe", "train_composer"]
