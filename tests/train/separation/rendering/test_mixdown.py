"""Stems: which parts share one, and how loud they stand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.train.separation.rendering.arrangement import Part
from canzona.train.separation.rendering.casting import Cast
from canzona.train.separation.rendering.mixdown import Stem, group_stems, level_stems
from canzona.train.separation.rendering.performance import Played
from canzona.train.separation.rendering.recipe import Recipe

CLASSES = ("synth", "drums", "bass", "guitar", "piano", "strings", "other")


def played(class_name: str, role: str = "lead", level: float = 0.1, seed: int = 0) -> Played:
    sound = np.random.default_rng(seed).normal(0, level, (2, 500)).astype(np.float32)
    return Played(Cast(Part("p", role, 0, np.zeros((1, 4))), class_name), sound, {"from": class_name})


def test_synth_parts_stand_alone_and_classes_together(recipe: Recipe) -> None:
    rows = [
        played("synth", "bass"),
        played("guitar"),
        played("synth"),
        played("synth"),
        played("guitar", seed=1),
    ]
    stems = group_stems(rows, recipe)
    assert [stem.name for stem in stems] == ["synth-bass", "synth-lead", "synth-lead.2", "guitar"]
    np.testing.assert_allclose(stems[-1].sound, rows[1].sound + rows[4].sound)
    assert len(stems[-1].facts) == 2
    assert [stem.is_target for stem in stems] == [True, True, True, False]


def test_the_quietest_classes_go_into_other(recipe: Recipe) -> None:
    own = replace(recipe, song=replace(recipe.song, most_rest_stems=3, most_synth_stems=1))
    levels = {"drums": 0.5, "bass": 0.3, "piano": 0.01, "strings": 0.02}
    rows = [played(name, level=level) for name, level in levels.items()]
    stems = group_stems([*rows, played("synth", "pad"), played("synth", "arp")], own)
    assert {stem.name for stem in stems} == {"synth-pad", "drums", "bass", "other"}
    other = next(stem for stem in stems if stem.name == "other")
    assert {fact["class"] for fact in other.facts} == {"piano", "strings"}


@given(
    st.lists(st.tuples(st.sampled_from(CLASSES), st.floats(0.001, 1)), min_size=1, max_size=10),
    st.integers(1, 5),
    st.integers(1, 5),
)
def test_grouping_loses_nothing(
    recipe: Recipe, rows: list[tuple[str, float]], synths: int, rest: int
) -> None:
    own = replace(recipe, song=replace(recipe.song, most_synth_stems=synths, most_rest_stems=rest))
    parts = [played(name, level=level, seed=index) for index, (name, level) in enumerate(rows)]
    stems = group_stems(parts, own)
    for target, most in ((True, synths), (False, rest)):
        kept = [stem for stem in stems if stem.is_target is target]
        given_ = [part.sound for part in parts if (part.cast.class_name == "synth") is target]
        assert len(kept) <= most and bool(kept) is bool(given_)
        np.testing.assert_allclose(
            sum((stem.sound for stem in kept), np.zeros((2, 500))), sum(given_, np.zeros((2, 500))), atol=1e-5
        )
    assert len({stem.name for stem in stems}) == len(stems)
    assert sum(len(stem.facts) for stem in stems) == len(rows)


@given(st.integers(0, 1000), st.floats(0.001, 10), st.floats(0.001, 10))
def test_levels_are_those_of_the_recipe(recipe: Recipe, seed: int, synth: float, rest: float) -> None:
    stems = [
        Stem("synth-pad", played("synth", level=synth).sound, []),
        Stem("drums", played("drums", level=rest, seed=1).sound, []),
    ]
    facts = level_stems(stems, recipe, np.random.default_rng(seed))
    ratio = 10 * np.log10(
        np.sum(stems[0].sound.astype(float) ** 2) / np.sum(stems[1].sound.astype(float) ** 2)
    )
    assert ratio == pytest.approx(facts["mixture_sdr"], abs=0.02)
    assert recipe.levels.least_ratio - 0.01 <= ratio <= recipe.levels.largest_ratio + 0.01
    peak = np.abs(stems[0].sound + stems[1].sound).max()
    assert peak <= recipe.levels.largest_peak + 1e-4
    assert facts["has_synth"] is True


@pytest.mark.parametrize("name", ["synth-pad", "drums"])
def test_a_song_of_one_side_has_no_ratio(recipe: Recipe, name: str) -> None:
    stems = [Stem(name, played("x").sound, [])]
    facts = level_stems(stems, recipe, np.random.default_rng(0))
    assert facts["mixture_sdr"] is None and facts["has_synth"] is (name != "drums")
    assert (
        recipe.levels.least_peak - 1e-3 <= np.abs(stems[0].sound).max() <= recipe.levels.largest_peak + 1e-3
    )
