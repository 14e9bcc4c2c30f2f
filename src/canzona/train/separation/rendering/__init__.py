"""Training songs rendered by software synthesizers and soundfonts, with every stem by itself (extra `stems`).

`sources` draws the notes (MIDI files, accompaniments by mma, step sequences), `casting` who plays
them, `synthesizers`, `fluidsynth` and `drums` play, `chain` and `balance` make a mix of it,
`collection` fills a folder with songs. `host` runs the plugins in a process of its own.
"""

from canzona.train.separation.rendering.collection import Rendered, render_collection
from canzona.train.separation.rendering.recipe import Recipe, read_recipe

__all__ = ["Recipe", "Rendered", "read_recipe", "render_collection"]
