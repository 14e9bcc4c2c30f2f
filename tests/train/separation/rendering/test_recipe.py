"""Recipes: the packaged one, one's own, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.errors import CanzonaError, FormatError, UsageError
from canzona.train.separation.rendering.presets import (
    AMSYNTH_BANKS,
    LMMS_PRESETS,
    ZYN_BANKS,
    read_bank,
)
from canzona.train.separation.rendering.recipe import Recipe, read_recipe


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own.toml"


def test_ones_own_recipe_replaces_what_it_names(own: Path, recipe: Recipe) -> None:
    own.write_text('[song]\nlongest = 60\n[reserved]\nmidi = ["x*"]\n[[fonts]]\n'
                   'name = "A"\npath = "/a.sf2"\nlicence = "MIT"\nweight = 1\npackage = "a"\n')  # fmt: skip
    read = read_recipe(own)
    assert (read.song.longest, read.song.shortest) == (60, recipe.song.shortest)
    assert [font.name for font in read.fonts] == ["A"]
    assert read.reserves_midi("X1") and not read.reserves_midi("d_dm03")
    assert read.levels == recipe.levels


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[songs]\nlongest = 3\n", "has a table 'songs'; tables are song, sources"),
        ("song = 3\n", "has a 'song' that is no table; write [song] above it"),
        ("fonts = 3\n", "has a 'fonts' that is no table; write [[fonts]] above it"),
        ("fonts = [3]\n", "has a row that is none in [[fonts]]"),
        ("[song]\nlong = 3\n", "has 'long' in [song]; known there are longest, most_parts"),
        ("[song]\nlongest = 'x'\n", "sets 'longest' in [song] to 'x'; give a number"),
        ("[song]\nlongest = true\n", "sets 'longest' in [song] to True; give a number"),
        ("[song]\nlongest = nan\n", "sets 'longest' in [song] to nan; give a number"),
        ("[song]\nshortest = 0\n", "sets 'shortest' in [song] to 0; give a number above 0"),
        ("[song]\nshortest = 50\n", "sets 'shortest' above 'longest'; give 'shortest' the smaller value"),
        ("[song]\nmost_parts = 1.5\n", "sets 'most_parts' in [song] to 1.5; give a whole number"),
        ("[song]\nwithout_synth = 1.2\n", "to 1.2; give a share from 0 to 1"),
        ("[sources]\nmidi = -1\n", "to -1; give a number of 0 or more"),
        ("[sources]\nmidi = 0\nmma = 0\npatterns = 0\n", "gives no source of notes a weight"),
        ("[reserved]\nmidi = 'x'\n", "to 'x'; give a list of words"),
        ("[reserved]\nmidi = [3]\n", "to [3]; give a list of words"),
        ("[[fonts]]\nname = 'A'\n", "lacks 'licence' in [[fonts]]; give name, path"),
        ("[[collections]]\nfolder = 3\nlicence = ''\ncredit = ''\n", "to 3; give words in quotation marks"),
        ("[changes]\nslowest = 0\n", "sets 'slowest' in [changes] to 0; give a number above 0"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(own: Path, text: str, expected: str) -> None:
    own.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_recipe(own)
    assert expected in str(caught.value)
    assert str(own) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "expected"), [(b"[song\n", "no TOML"), (b"\xff\xfe", "no TOML"), (None, "no such file")]
)
def test_a_file_that_is_none(own: Path, content: bytes | None, expected: str) -> None:
    if content is not None:
        own.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        read_recipe(own)
    assert str(caught.value).startswith(f"{own}: {expected}")


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["song", "levels", "reserved", "fonts", "x"]),
        st.one_of(
            st.integers(),
            st.dictionaries(st.sampled_from(["longest", "midi", "name", "drums"]), st.integers() | st.text()),
        ),
    )
)
def test_any_tables_are_a_recipe_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, held: dict
) -> None:
    lines = []
    for name, value in held.items():
        if isinstance(value, int):
            lines.insert(0, f"{name} = {value}")
            continue
        lines.append(f"[{name}]")
        lines += [
            f"{key} = {word if isinstance(word, int) else repr(ascii(word))}" for key, word in value.items()
        ]
    path = tmp_path_factory.mktemp("toml") / "r.toml"
    path.write_text("\n".join(lines))
    try:
        assert isinstance(read_recipe(path), Recipe)
    except CanzonaError as error:
        assert error.hint or "no TOML" in str(error)


def test_licences_of_collections(recipe: Recipe) -> None:
    assert recipe.licence_of("freedoom")[0] == "BSD-3-Clause"
    assert recipe.licence_of("mine") == ("not stated", "mine")


@pytest.mark.parametrize(
    ("synthesizer", "bank", "name", "expected"),
    [
        ("amsynth", "amsynth_factory.bank", "any", True),
        ("amsynth", "BriansBank01.amSynth.bank", "Bass1", True),
        ("amsynth", "BriansBank01.amSynth.bank", "Bass10", False),
        ("zynaddsubfx", "Fantasy", "0001-x", True),
        ("zynaddsubfx", "Bass", "0001-x", False),
        ("lmms", "TripleOscillator", "DullBell", True),
        ("lmms", "TripleOscillator", "Erazzor", False),
        ("lmms", "Monstro", "Growl", True),
    ],
)
def test_held_out_presets(recipe: Recipe, synthesizer: str, bank: str, name: str, expected: bool) -> None:
    assert recipe.reserves_preset(synthesizer, bank, name) is expected


def test_every_reserved_preset_is_one_that_exists(recipe: Recipe) -> None:
    """A name with a slip of the pen would hold nothing out."""
    for folder in (AMSYNTH_BANKS, ZYN_BANKS, LMMS_PRESETS):
        if not folder.is_dir():
            pytest.skip(f"{folder} is not installed")
    known = {str(preset) for path in AMSYNTH_BANKS.glob("*.bank") for preset in read_bank(path)}
    known |= {f"zynaddsubfx: {path.parent.name} / {path.stem}" for path in ZYN_BANKS.glob("*/*.xiz")}
    known |= {f"lmms: {path.parent.name} / {path.stem}" for path in LMMS_PRESETS.glob("*/*.xpf")}
    assert set(recipe.reserved.presets) <= known
    assert {path.name for path in AMSYNTH_BANKS.iterdir()} >= set(recipe.reserved.amsynth_banks)
    assert {path.name for path in ZYN_BANKS.iterdir()} >= set(recipe.reserved.zyn_banks)


def test_nothing_of_the_validation_songs_is_trained_on(recipe: Recipe, shared: Path) -> None:
    import json

    songs = json.loads((shared / "data/stems/stems.json").read_text())
    for name in ("dm02", "dm19", "e1m3", "e2m5", "e3m8", "map10", "dm14", "map09"):
        assert recipe.reserves_midi(f"d_{name}")
        for full in songs[f"midi-{name}"].get("presets", []):
            synthesizer, rest = full.rsplit(" (", 1)[0].split(": ", 1)
            assert recipe.reserves_preset(synthesizer, *rest.split(" / ", 1)), full
