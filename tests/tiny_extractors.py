"""Recipes of extractors so small that they are trained within a second."""

from __future__ import annotations

from pathlib import Path

from canzona.train.separation import Recipe, read_recipe

_TRUNK = "bands = 16, channels = [3, 4, 5], features = 2, inner = 12, hidden = 8, layers = 1, dropout = 0"

TINY = {
    "mel-lstm": f"fft = 512\nhop = 128\nfine = 2\ntrunk = {{ {_TRUNK} }}",
    "waveform": f"kernel = 128\nstride = 32\ntrunk = {{ {_TRUNK}, halved = 2 }}",
}
"""The section [network] of each kind."""

_RECIPE = """
[model]
name = "{name}"
licence = "CC0-1.0"

[training]
validation = ["held"]
window = 0.5
fade = {fade}

[remix]
seconds = 0.3

[network]
{network}

[loop]
epochs = 1
batches = 3
size = 2
half = false
"""


def tiny_recipe(kind: str, folder: Path, *, name: str = "tiny", fade: str = "0.1") -> Recipe:
    """A recipe that holds out the song 'held'."""
    path = folder / f"{name}.toml"
    path.write_text(_RECIPE.format(name=name, fade=fade, network=TINY[kind]))
    return read_recipe(path, kind)
