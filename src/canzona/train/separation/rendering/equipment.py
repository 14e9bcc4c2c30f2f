"""What is installed: synthesizers, soundfonts and programs, checked before a song is begun."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from canzona.errors import MissingDependencyError
from canzona.train.separation.rendering.accompaniment import PROGRAM as MMA
from canzona.train.separation.rendering.accompaniment import list_grooves
from canzona.train.separation.rendering.fluidsynth import is_soundfont
from canzona.train.separation.rendering.presets import Preset, list_presets
from canzona.train.separation.rendering.recipe import Recipe
from canzona.train.separation.rendering.synthesizers import AMSYNTH, ZYNADDSUBFX
from canzona.train.separation.rendering.tables import Font
from canzona.train.separation.rendering.worker import require_dawdreamer

PACKAGES = {
    "amsynth": "amsynth",
    "zynaddsubfx": "zynaddsubfx-vst zynaddsubfx-data",
    "lmms": "lmms",
    "mda": "mda-lv2",
}
"""Synthesizer -> Debian packages that hold it and its presets."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What songs can be made with.

    Attributes
    ----------
    presets : synthesizer -> its presets that may be used; 'drawn' is not among them.
    fonts : soundfonts that are there.
    mma : whether accompaniments can be made.
    notes : a sentence for each optional thing that is missing.
    """

    presets: dict[str, list[Preset]]
    fonts: tuple[Font, ...]
    mma: bool
    notes: tuple[str, ...]


def check_equipment(recipe: Recipe) -> Equipment:
    """What is installed.

    Raises
    ------
    MissingDependencyError : dawdreamer, mido or soxr, fluidsynth, every soundfont or every synthesizer
        is missing; the sentence names the packages.
    """
    require_dawdreamer()
    for module in ("mido", "soxr"):
        if importlib.util.find_spec(module) is None:
            raise MissingDependencyError(f"{module} is not installed", hint="pip install 'canzona[stems]'")
    presets = {name: list_presets(name, recipe) for name in PACKAGES if _is_there(name)}
    presets = {name: rows for name, rows in presets.items() if rows}
    fonts = tuple(font for font in recipe.fonts if is_soundfont(Path(font.path)))
    _require(recipe, presets, fonts)
    missing = [f"{name} (package {PACKAGES[name]})" for name in PACKAGES if name not in presets]
    missing += [
        f"the font {font.name} (package {font.package})" for font in recipe.fonts if font not in fonts
    ]
    mma = shutil.which(MMA) is not None and bool(list_grooves())
    missing += [] if mma else ["accompaniments by mma (package mma)"]
    return Equipment(
        presets, fonts, mma, tuple(f"{what} is not installed and passed over" for what in missing)
    )


def _is_there(synthesizer: str) -> bool:
    if synthesizer == "lmms":
        return shutil.which("lmms") is not None
    # mda-lv2 has no file of one name: its presets tell.
    return {"amsynth": AMSYNTH, "zynaddsubfx": ZYNADDSUBFX, "mda": Path("/")}[synthesizer].exists()


def _require(recipe: Recipe, presets: dict[str, list[Preset]], fonts: Sequence[Font]) -> None:
    lacking, packages = [], []
    if shutil.which("fluidsynth") is None:
        lacking.append("the program fluidsynth")
        packages.append("fluidsynth")
    if not fonts:
        lacking.append("a soundfont")
        packages += [font.package for font in recipe.fonts[:1]]
    if not presets:
        lacking.append("a synthesizer")
        packages.append("amsynth")
    if lacking:
        raise MissingDependencyError(
            f"songs cannot be rendered without {' and '.join(lacking)}",
            hint=f"on Debian: apt install {' '.join(packages)}",
        )
