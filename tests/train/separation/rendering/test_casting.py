"""Casting: who plays what, over many draws."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from canzona.separation.classes import SYNTH_PROGRAMS
from canzona.train.separation.rendering.arrangement import Arrangement, Part
from canzona.train.separation.rendering.casting import Cast, cast_parts
from canzona.train.separation.rendering.equipment import Equipment
from canzona.train.separation.rendering.instruments import (
    class_of,
    family_of,
    hard_negatives,
)
from canzona.train.separation.rendering.patterns import draw_pattern
from canzona.train.separation.rendering.recipe import Recipe
from canzona.train.separation.rendering.tables import Font

FONT = Font("A", "/a.sf2", "MIT", 1.0, "a")
NOTES = np.array([[0.0, 1.0, 60, 100]])
PARTS = (
    Part("lead", "lead", 81, NOTES), Part("strings", "pad", 48, NOTES), Part("guitar", "chords", 29, NOTES),
    Part("bass", "bass", 33, NOTES), Part("drums", "drums", 16, NOTES),
    Part("taiko", "percussion", 116, NOTES),
)  # fmt: skip


@pytest.fixture(scope="module")
def band(recipe: Recipe) -> Equipment:
    """Presets by name alone: nothing is rendered here."""
    from canzona.train.separation.rendering.presets import Preset

    names = ("Deep Bass", "Warm Pad", "Saw Lead", "Pluck", "Organ")
    presets = {
        synthesizer: [Preset(synthesizer, "bank", name, (("filter_cutoff", 0.5),)) for name in names]
        for synthesizer in ("amsynth", "zynaddsubfx", "lmms", "mda")
    }
    return Equipment(presets, (FONT,), False, ())


def drawn(recipe: Recipe, band: Equipment, kind: str, count: int = 400) -> list[list[Cast]]:
    song = Arrangement(PARTS, 2.0, 0.5, {"kind": kind})
    return [cast_parts(np.random.default_rng(seed), song, recipe, band) for seed in range(count)]


def test_a_share_of_the_songs_has_no_synth(recipe: Recipe, band: Equipment) -> None:
    songs = drawn(recipe, band, "midi")
    with_synth = [any(cast.class_name == "synth" for cast in song) for song in songs]
    assert 0.81 < np.mean(with_synth) < 0.89
    # In these, a program that asks for a synthesizer gets one.
    assert all(song[0].class_name == "synth" for song, found in zip(songs, with_synth, strict=True) if found)


def test_the_rest_never_plays_a_synths_program(recipe: Recipe, band: Equipment) -> None:
    for kind in ("midi", "mma", "patterns"):
        for song in drawn(recipe, band, kind, 150):
            for cast in song:
                assert (cast.class_name == "synth") == bool(cast.choices)
                if cast.font is not None and cast.part.pitched:
                    assert cast.program not in SYNTH_PROGRAMS
                    assert cast.class_name == class_of(cast.program)
                if not cast.part.pitched:
                    assert cast.class_name == "drums"


def test_synthesizers_come_by_their_shares(recipe: Recipe, band: Equipment) -> None:
    counts: Counter[str] = Counter()
    for song in drawn(recipe, band, "patterns"):
        for cast in song:
            counts.update(
                "drawn" if choice.preset.bank == "drawn" else choice.preset.synthesizer
                for choice in cast.choices
            )
    total = counts.total()
    shares = {name: counts[name] / total for name in ("amsynth", "zynaddsubfx", "lmms", "drawn", "mda")}
    assert shares == pytest.approx(
        {"amsynth": 0.40, "zynaddsubfx": 0.35, "lmms": 0.10, "drawn": 0.10, "mda": 0.05}, abs=0.02
    )


def test_presets_suit_their_roles_more_often_than_not(recipe: Recipe, band: Equipment) -> None:
    found = [
        choice.preset.name == "Deep Bass"
        for song in drawn(recipe, band, "patterns")
        for cast in song
        if cast.part.role == "bass"
        for choice in cast.choices
        if choice.preset.bank != "drawn"
    ]
    assert 0.62 < np.mean(found) < 0.82  # 0.65 by name, and a fifth of the rest by chance


def test_layers_are_played_by_other_presets_and_lower(recipe: Recipe, band: Equipment) -> None:
    layered = 0
    for song in drawn(recipe, band, "midi"):
        for one, other in pairwise(song):
            if one.part.name == other.part.name:
                layered += 1
                assert other.class_name == "synth" and other.level <= one.level
    assert layered > 20


def test_levels_stay_around_their_roles(recipe: Recipe, band: Equipment) -> None:
    for song in drawn(recipe, band, "midi", 100):
        assert abs(song[0].level - recipe.levels.lead) <= recipe.levels.spread


@pytest.mark.parametrize(("share", "expected"), [(0.0, False), (1.0, True)])
def test_shares_of_the_recipe_count(recipe: Recipe, band: Equipment, share: float, expected: bool) -> None:
    casting = replace(recipe.casting, drum_synthesizer=share, others_to_synths=share)
    own = replace(recipe, casting=casting, song=replace(recipe.song, without_synth=0.0))
    for song in drawn(own, band, "midi", 30):
        kinds = {cast.part.name: cast for cast in song}
        assert (kinds["drums"].kit is not None) is expected
        assert (kinds["strings"].class_name == "synth") is expected


def test_one_synth_at_least_where_there_are_to_be_some(recipe: Recipe, band: Equipment) -> None:
    own = replace(
        recipe,
        casting=replace(recipe.casting, others_to_synths=0.0),
        song=replace(recipe.song, without_synth=0.0),
    )
    song = Arrangement(PARTS[1:], 2.0, 0.5, {"kind": "midi"})
    for seed in range(20):
        casts = cast_parts(np.random.default_rng(seed), song, own, band)
        assert len({cast.part.name for cast in casts if cast.class_name == "synth"}) == 1


def test_kicks_push_synths_down_in_pattern_songs(recipe: Recipe, band: Equipment) -> None:
    ducked = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        for cast in cast_parts(random, draw_pattern(random, 10.0), recipe, band):
            if any(effect["name"] == "duck" for effect in cast.effects):
                ducked += 1
                assert cast.class_name == "synth" or cast.part.role == "bass"
    assert ducked > 15


def test_the_same_generator_casts_the_same(recipe: Recipe, band: Equipment) -> None:
    first, second = (drawn(recipe, band, "mma", 5) for _ in range(2))
    assert [[replace(c, part=PARTS[0]) for c in song] for song in first] == [
        [replace(c, part=PARTS[0]) for c in song] for song in second
    ]


def test_families_and_hard_negatives_hold_no_synth() -> None:
    for program in range(128):
        assert program in family_of(program)
        if program not in SYNTH_PROGRAMS:
            assert not set(family_of(program)) & SYNTH_PROGRAMS
    for role in ("bass", "lead", "pad", "arp", "chords", "other"):
        assert not set(hard_negatives(role)) & SYNTH_PROGRAMS


def test_what_is_taken_for_a_synthesizer_is_among_the_rest() -> None:
    """Celesta, vibraphone, tremolo strings, organs, distorted guitars, accordion, brass section."""
    roles = ("bass", "lead", "pad", "arp", "chords")
    assert {8, 11, 44, 16, 17, 18, 19, 29, 30, 21, 61} <= {
        each for role in roles for each in hard_negatives(role)
    }


def test_shares_of_the_rest_act(recipe: Recipe, band: Equipment) -> None:
    """The strings are program 48 of the pad's role; the font stays the same."""

    def programs(**shares: float) -> set[int | None]:
        still = {"hard_negative": 0.0, "other_program": 0.0, "others_to_synths": 0.0, "layered": 0.0}
        casting = replace(recipe.casting, **{**still, **shares})
        songs = drawn(replace(recipe, casting=casting), band, "midi", 120)
        return {c.program for song in songs for c in song if c.part.name == "strings"} - {None}

    assert programs() == {48}
    assert programs(other_program=1.0) == {44, 48, 49}
    assert programs(hard_negative=1.0) == set(hard_negatives("pad"))


def test_octaves_presets_and_rooms_are_varied(recipe: Recipe, band: Equipment) -> None:
    def leads(moved: float, varied: float) -> list[Cast]:
        still = replace(
            recipe,
            casting=replace(recipe.casting, octave_moved=moved),
            synthesizers=replace(recipe.synthesizers, varied=varied, mda=0.0, drawn=0.0),
        )
        return [c for song in drawn(still, band, "midi", 120) for c in song if c.part.name == "lead"]

    assert {c.part.notes[0, 2] for c in leads(0.0, 0.0)} == {60}
    assert {c.part.notes[0, 2] for c in leads(1.0, 0.0)} >= {48, 72}
    assert not any(choice.values for c in leads(0.0, 0.0) for choice in c.choices)
    assert any(choice.values for c in leads(0.0, 1.0) for choice in c.choices)
    assert len({c.room for song in drawn(recipe, band, "midi", 40) for c in song}) > 10


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        (0, "piano"),
        (8, "other"),
        (19, "other"),
        (30, "guitar"),
        (33, "bass"),
        (48, "strings"),
        (56, "other"),
        (118, "drums"),
    ],
)
def test_classes_of_programs(program: int, expected: str) -> None:
    assert class_of(program) == expected
