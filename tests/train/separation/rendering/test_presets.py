"""Presets: what is listed, and what is never listed."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.train.separation.rendering import presets
from canzona.train.separation.rendering.parameters import drawn_amsynth, varied
from canzona.train.separation.rendering.presets import (
    AMSYNTH_BANKS,
    AMSYNTH_RANGES,
    LMMS_PRESETS,
    MDA_FOLDER,
    ZYN_BANKS,
    Preset,
    list_presets,
    read_bank,
    read_zyn,
)
from canzona.train.separation.rendering.recipe import Recipe

FOLDERS = {"amsynth": AMSYNTH_BANKS, "zynaddsubfx": ZYN_BANKS, "lmms": LMMS_PRESETS, "mda": MDA_FOLDER}
LEAST = {"amsynth": 2500, "zynaddsubfx": 900, "lmms": 80, "mda": 80}
BANK = "amSynth\n<preset> <name> A\n<parameter> amp_attack 0.5\n<parameter> osc_mix -1\n<preset> <name> B\n"


@pytest.fixture(params=sorted(FOLDERS))
def listed(request: pytest.FixtureRequest, recipe: Recipe) -> list[Preset]:
    if not FOLDERS[request.param].is_dir():
        pytest.skip(f"{FOLDERS[request.param]} is not installed")
    found = list_presets(request.param, recipe)
    assert len(found) > LEAST[request.param]
    return found


def test_nothing_reserved_is_listed(listed: list[Preset], recipe: Recipe) -> None:
    for preset in listed:
        assert not recipe.reserves_preset(preset.synthesizer, preset.bank, preset.name)
        assert not recipe.has_no_pitch(preset.synthesizer, preset.bank, preset.name)


def test_nothing_equal_to_what_is_reserved_is_listed(listed: list[Preset], recipe: Recipe) -> None:
    everything = list_presets(listed[0].synthesizer, replace(recipe, reserved=replace(
        recipe.reserved, amsynth_banks=(), zyn_banks=(), lmms=(), presets=())))  # fmt: skip
    held = [row for row in everything if recipe.reserves_preset(row.synthesizer, row.bank, row.name)]
    sounds = {presets._content(row) for row in held}
    assert not sounds & {presets._content(row) for row in listed}


def test_every_role_has_presets_named_for_it(listed: list[Preset]) -> None:
    for role in ("bass", "lead", "pad", "arp", "chords"):
        assert any(preset.suits(role) for preset in listed)
    assert not Preset("amsynth", "b", "Bass").suits("drums")


def test_banks_of_amsynth_stay_in_the_ranges_of_its_parameters(recipe: Recipe) -> None:
    if not AMSYNTH_BANKS.is_dir():
        pytest.skip("amsynth is not installed")
    for preset in list_presets("amsynth", recipe):
        for name, value in preset.values:
            least, largest = AMSYNTH_RANGES.get(name, (0.0, 1.0))
            assert least - 1e-4 <= value <= largest + 1e-4, (preset, name)


def test_a_bank_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.bank").write_text(BANK)
    (preset,) = read_bank(tmp_path / "x.bank")  # B has no values
    assert str(preset) == "amsynth: x.bank / A"
    assert dict(preset.values) == {"amp_attack": 0.5, "osc_mix": -1}


@settings(max_examples=60)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60), st.integers(0, len(BANK)))
def test_damaged_banks_give_finite_values(
    tmp_path_factory: pytest.TempPathFactory, text: str, at: int
) -> None:
    path = tmp_path_factory.mktemp("banks") / "x.bank"
    path.write_text(BANK[:at] + text + BANK[at:], encoding="utf-8")
    for preset in read_bank(path):
        assert preset.name and preset.values
        assert all(np.isfinite(value) for _, value in preset.values)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (gzip.compress(b"<x><INSTRUMENT>a</INSTRUMENT></x>", mtime=0), "<INSTRUMENT>a</INSTRUMENT>"),
        (b"\n<x><INSTRUMENT>a</INSTRUMENT></x>", "<INSTRUMENT>a</INSTRUMENT>"),
        (b"<x></x>", ""),
        (gzip.compress(b"<INSTRUMENT></INSTRUMENT>" * 9, mtime=0)[:-12], ""),
        (b"\x1f\x8bnothing", ""),
        (b"", ""),
        (None, ""),
    ],
)
def test_instruments_of_zynaddsubfx(tmp_path: Path, data: bytes | None, expected: str) -> None:
    path = tmp_path / "x.xiz"
    if data is not None:
        path.write_bytes(data)
    assert read_zyn(path) == expected


@given(st.integers(0, 2**32 - 1), st.sampled_from(["bass", "lead", "pad", "arp", "chords"]))
def test_drawn_values_are_in_their_ranges(seed: int, role: str) -> None:
    values = drawn_amsynth(np.random.default_rng(seed), role)
    assert len(values) >= 30
    for name, value in values.items():
        least, largest = AMSYNTH_RANGES.get(name, (0.0, 1.0))
        assert least <= value <= largest, name
    assert abs(values["osc2_detune"]) < 0.2


@given(st.integers(0, 2**32 - 1))
def test_varied_presets_keep_their_pitch_and_switches(seed: int) -> None:
    rows = {
        "osc2_pitch": 7.0,
        "osc1_waveform": 2.0,
        "osc2_range": 1.0,
        "filter_cutoff": 0.4,
        "amp_decay": 1.0,
    }
    preset = Preset("amsynth", "b", "n", tuple(rows.items()))
    moved = varied(np.random.default_rng(seed), preset, 0.1)
    assert set(moved) <= {"filter_cutoff", "amp_decay"}
    assert all(AMSYNTH_RANGES[name][0] <= value <= AMSYNTH_RANGES[name][1] for name, value in moved.items())


def test_pads_swell_and_basses_do_not() -> None:
    attacks = {
        role: np.mean([drawn_amsynth(np.random.default_rng(seed), role)["amp_attack"] for seed in range(50)])
        for role in ("bass", "pad")
    }
    assert attacks["pad"] > 5 * attacks["bass"]
