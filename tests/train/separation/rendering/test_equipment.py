"""What is installed, and what is said where something is missing."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from canzona.errors import MissingDependencyError
from canzona.train.separation.rendering import equipment as module
from canzona.train.separation.rendering.equipment import PACKAGES, Equipment, check_equipment
from canzona.train.separation.rendering.recipe import Recipe

find_spec = importlib.util.find_spec


def without(*names: str) -> Callable[[str], Any]:
    return lambda name: None if name in names else find_spec(name)


@pytest.mark.parametrize("name", ["dawdreamer", "mido", "soxr"])
def test_missing_packages_name_the_extra(recipe: Recipe, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    pytest.importorskip("dawdreamer")
    monkeypatch.setattr(importlib.util, "find_spec", without(name))
    with pytest.raises(MissingDependencyError) as caught:
        check_equipment(recipe)
    assert name in str(caught.value) and "pip install 'canzona[stems]'" in str(caught.value)


def test_missing_programs_name_their_packages(
    equipment: Equipment, recipe: Recipe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "list_presets", lambda name, recipe: [])
    monkeypatch.setenv("PATH", str(tmp_path))
    own = replace(recipe, fonts=tuple(replace(font, path=str(tmp_path / "x.sf2")) for font in recipe.fonts))
    with pytest.raises(MissingDependencyError) as caught:
        check_equipment(own)
    assert str(caught.value) == (
        "songs cannot be rendered without the program fluidsynth and a soundfont and a synthesizer; "
        "on Debian: apt install fluidsynth fluid-soundfont-gm amsynth"
    )


def test_what_is_missing_and_not_needed_is_noted(
    equipment: Equipment, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    synthesizer = next(iter(equipment.presets))
    listing = module.list_presets
    monkeypatch.setattr(
        module, "list_presets", lambda name, recipe: listing(name, recipe) if name == synthesizer else []
    )
    monkeypatch.setattr(module, "list_grooves", tuple)
    own = replace(recipe, fonts=(*recipe.fonts, replace(recipe.fonts[0], name="Other", path="/none.sf2")))
    found = check_equipment(own)
    assert set(found.presets) == {synthesizer} and not found.mma
    assert found.fonts == equipment.fonts
    for name in set(PACKAGES) - {synthesizer}:
        assert any(
            note.startswith(f"{name} (package {PACKAGES[name]}) is not installed") for note in found.notes
        )
    assert "the font Other (package fluid-soundfont-gm) is not installed and passed over" in found.notes
    assert "accompaniments by mma (package mma) is not installed and passed over" in found.notes
