"""Recipes: what stands in one is taken, what is wrong in one is a sentence."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import CanzonaError, FormatError, UsageError
from canzona.train.composition import Recipe, read_recipe
from canzona.train.composition.recipe import Training
from canzona.train.composition.task import Shape
from canzona.train.loop import LoopSettings

WHOLE = """
[model]
name = "mine"
research_only = true

[training]
networks = 2
validation_share = 0.1
aliases = { "polish-kern" = "polish" }

[network]
hidden = 64
dropout = 0

[loop]
rate = 1
seed = 0

[[data]]
name = "One"
[[data]]
name = "Two"

[card]
uses = "Singing."
"""


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "recipe.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_everything_that_stands_there_is_taken(tmp_path: Path) -> None:
    found = read_recipe(written(tmp_path, WHOLE))
    assert found == Recipe(
        model={"name": "mine", "research_only": True},
        training=Training(networks=2, validation_share=0.1, aliases={"polish-kern": "polish"}),
        shape=Shape(hidden=64, dropout=0),
        loop=LoopSettings(rate=1, seed=0),
        data=({"name": "One"}, {"name": "Two"}),
        card={"uses": "Singing."},
    )


def test_an_empty_recipe_is_the_usual_one(tmp_path: Path) -> None:
    assert read_recipe(written(tmp_path, "")) == Recipe()


def test_the_recipes_of_the_repository_read(root: Path) -> None:
    for path in (root / "recipes" / f"{name}.toml" for name in ("essen", "folk")):
        recipe = read_recipe(path)
        assert recipe.model["name"] == path.stem
        assert recipe.data and all({"name", "licence", "credit"} <= row.keys() for row in recipe.data)
    assert read_recipe(root / "recipes" / "essen.toml").model["research_only"] is True


@pytest.mark.parametrize(
    ("text", "named", "hint"),
    [
        ("[nets]\nhidden = 3", "nets", "sections are model, training"),
        ("hidden = 3", "hidden", "sections are"),
        (
            "[network]\nhiden = 3",
            "hiden",
            "there are dropout, embedding, feature_dropout, heads, hidden",
        ),
        ("[loop]\nhidden = 3", "hidden", "known there are averaging"),
        ("[network]\nhidden = 'wide'", "hidden", "a whole number above 0, such as 384"),
        ("[network]\nhidden = 12.5", "hidden", "a whole number above 0, such as 384"),
        ("[network]\nhidden = 0", "hidden", "a whole number above 0, such as 384"),
        ("[network]\nhidden = true", "hidden", "a whole number above 0, such as 384"),
        ("[network]\ndropout = 1.0", "dropout", "a share from 0 to less than 1, such as 0.45"),
        ("[loop]\nrate = -1e-3", "rate", "a number above 0, such as 0.002"),
        ("[loop]\nrate = nan", "rate", "a number above 0, such as 0.002"),
        ("[loop]\nrate = inf", "rate", "a number above 0, such as 0.002"),
        ("[loop]\nepochs = [1]", "epochs", "a whole number above 0, such as 16"),
        ("[loop]\nseed = -1", "seed", "a whole number of 0 or more, such as 1"),
        ("[training]\nsalt = 3", "salt", "words in quotation marks"),
        ("[training]\naliases = 3", "aliases", "a table of words"),
        ("[training]\naliases = { a = 1 }", "aliases", "a table of words"),
        ("training = 3", "training", "[training]"),
        ("[data]\nname = 'one'", "data", "[[data]]"),
        ("data = ['one']", "data", "[[data]]"),
        ("[model]\nname = 3", "name", "words in quotation marks"),
        ("[model]\nresearch_only = 'yes'", "research_only", "true or false"),
        ("[card]\nuses = 3", "uses", "words in quotation marks"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, text: str, named: str, hint: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read_recipe(path)
    sentence = str(caught.value)
    assert str(path) in sentence and f"'{named}'" in sentence and hint in sentence
    assert "\n" not in sentence and caught.value.exit_code == 2


@pytest.mark.parametrize("data", [b"[loop", b"= 3", b"a = 1\na = 2", b"\xff\xfe", b"\x00"])
def test_no_toml(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(FormatError, match="no TOML") as caught:
        read_recipe(written(tmp_path, data))
    assert "recipe.toml" in str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"absent\.toml"):
        read_recipe(tmp_path / "absent.toml")
    with pytest.raises(FormatError):
        read_recipe(tmp_path)


NAMES = [each.name for kind in (Training, Shape, LoopSettings) for each in fields(kind)]
VALUES = st.one_of(
    st.booleans(),
    st.integers(-3, 3),
    st.floats().map(lambda value: str(value)),
    st.sampled_from(["'word'", "[]", "{}", "{ a = 1 }", "1979-05-27", "[[1]]"]),
)


@given(st.sampled_from(["training", "network", "loop"]), st.sampled_from(NAMES), VALUES)
def test_any_value_is_taken_or_is_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, section: str, name: str, value: object
) -> None:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    path = written(tmp_path_factory.mktemp("recipe"), f"[{section}]\n{name} = {text}\n")
    try:
        found = read_recipe(path)
    except CanzonaError as error:
        assert "\n" not in str(error)
    else:
        parts = {"training": found.training, "network": found.shape, "loop": found.loop}
        usual = {"training": Training(), "network": Shape(), "loop": LoopSettings()}
        kind = type(getattr(usual[section], name))
        assert isinstance(getattr(parts[section], name), (int, float) if kind is float else kind)
