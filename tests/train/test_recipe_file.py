"""Recipes that build on others."""

from __future__ import annotations

from pathlib import Path

import pytest

from canzona.errors import CanzonaError, FormatError, UsageError
from canzona.train.recipe_file import read_sections

KNOWN = ("model", "loop", "data", "card")


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_base_gives_what_the_recipe_does_not_say(tmp_path: Path) -> None:
    write(tmp_path, "one.toml", "[loop]\nepochs = 3\nseed = 1\n[[data]]\nname = 'a'\n[card]\nuses = 'u'\n")
    path = write(tmp_path, "two.toml", "base = 'one.toml'\n[model]\nname = 'two'\n[loop]\nseed = 2\n")
    assert read_sections(path, KNOWN) == {
        "loop": {"epochs": 3, "seed": 2},
        "data": [{"name": "a"}],
        "card": {"uses": "u"},
        "model": {"name": "two"},
    }


def test_rows_of_data_replace_those_of_the_base(tmp_path: Path) -> None:
    write(tmp_path, "one.toml", "[[data]]\nname = 'a'\n")
    path = write(tmp_path, "two.toml", "base = 'one.toml'\n[[data]]\nname = 'b'\n")
    assert read_sections(path, KNOWN) == {"data": [{"name": "b"}]}


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ("base = 3\n", UsageError, "sets 'base' to 3"),
        ("base = 'two.toml'\n", UsageError, "builds on another"),
        ("base = 'none.toml'\n", FormatError, "no such file"),
        ("base = 'wrong.toml'\n", FormatError, "no TOML"),
    ],
)
def test_a_wrong_base_is_one_sentence(tmp_path: Path, text: str, kind: type[CanzonaError], said: str) -> None:
    write(tmp_path, "one.toml", "")
    write(tmp_path, "wrong.toml", "[[[")
    write(tmp_path, "two.toml", "base = 'one.toml'\n")
    with pytest.raises(kind, match=said):
        read_sections(write(tmp_path, "three.toml", text), KNOWN)
