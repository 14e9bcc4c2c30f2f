"""Slakh2100: what of its metadata counts, and which patches are synthesizers."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import FormatError, MissingDependencyError
from canzona.train.separation.data import DEFAULT_CLASSES, read_songs
from canzona.train.separation.layouts.slakh2100 import instrument_class
from stem_sets import slakh_stem, tone, write_slakh_track, write_sound

pytest.importorskip("yaml", reason="PyYAML, which comes with the extra 'train', is not installed")

STEMS = [
    slakh_stem("S00", "Guitar", 30, "elektrik_guitar.nkm"),
    slakh_stem("S01", "Synth Pad", 89, "ambibella.nkm"),
    slakh_stem("S02", "Drums", 128, "pop_kit.nkm"),
    slakh_stem("S03", "Bass", 38, "scarbee_pre_bass.nkm"),
    slakh_stem("S04", "Synth Lead", 80, "cheesy_lead.nkm"),
    slakh_stem("S05", "Sound effects", 122, "None", rendered=False),
    slakh_stem("S06", "Strings (continued)", 48, "string_ensemble.nkm"),
]
SOUNDS = {f"S{place:02}": tone(100.0 + 50 * place) for place in (0, 1, 2, 3, 4, 6)}


@pytest.fixture
def slakh(tmp_path: Path) -> Path:
    """Three tracks, one a split, and one of the duplicates that the redux leaves out."""
    for split, number in (("train", 2), ("validation", 1501), ("test", 1876), ("omitted", 5)):
        write_slakh_track(tmp_path / split / f"Track{number:05}", STEMS, SOUNDS)
    return tmp_path


def test_songs_splits_and_classes(slakh: Path) -> None:
    songs = read_songs(slakh)
    assert [(song.split, song.name) for song in songs] == [
        ("train", "Track00002"),
        ("validation", "Track01501"),
        ("test", "Track01876"),
    ]
    song = songs[0]
    assert (song.layout, song.licence) == ("slakh2100", "CC-BY-4.0")
    assert "Slakh" in song.credit
    assert song.notes == ()
    assert {stem.name: stem.class_name for stem in song.stems} == {
        "S00": "guitar",
        "S01": "synth",
        "S02": "drums",
        "S03": "bass",
        "S04": "synth",
        "S06": "strings",
    }
    assert np.allclose(song.read("synth"), (SOUNDS["S01"] + SOUNDS["S04"])[:1], atol=1e-3)


def test_what_the_user_says_of_an_instrument_class_counts_first(slakh: Path) -> None:
    classes = {**DEFAULT_CLASSES, "pads": ["synth pad"], "guitar": ["guitar"]}
    found = {stem.name: stem.class_name for stem in read_songs(slakh, classes)[0].stems}
    assert (found["S01"], found["S04"], found["S03"]) == ("pads", "synth", "bass")


def test_tracks_may_lie_in_the_folder_itself_and_be_wav(tmp_path: Path) -> None:
    track = write_slakh_track(tmp_path / "Track00001", STEMS[:1], {})
    write_sound(track / "stems" / "S00.wav", tone(100)[:1])
    (song,) = read_songs(tmp_path)
    assert (song.name, song.split, song.layout) == ("Track00001", "", "slakh2100")


@pytest.mark.parametrize(
    ("inst_class", "program", "plugin", "expected"),
    [
        ("Synth Lead", 81, "guitar_lead.nkm", "synth"),
        ("Synth Pad", 95, "ahoy.nkm", "synth"),
        ("Bass", 38, "scarbee_mm_bass.nkm", "bass"),
        ("Bass", 38, "FluidR3_GM.sf2", "synth"),
        ("Bass", 39, "serum.vst", "synth"),
        ("Bass", 33, "FluidR3_GM.sf2", "bass"),
        ("Strings (continued)", 50, "session_strings_pro_2_ensemble_modern.nkm", "strings"),
        ("Strings (continued)", 51, "juno.vst", "synth"),
        ("Strings (continued)", 52, "choir_a.nkm", "other"),
        ("Strings", 44, "violin_ensemble.nkm", "strings"),
        ("Brass", 62, "trumpet.nkm", "other"),
        ("Brass", 62, "prophet.vst", "synth"),
        ("Organ", 16, "tonewheel_organ_b3.nkm", "other"),
        ("Piano", 4, "scarbee_mark_I.nkm", "piano"),
        ("Chromatic Percussion", 8, "celesta.nkm", "other"),
        ("Sound Effects", 99, "some.vst", "synth"),
        ("Sound effects", 122, "some.vst", "other"),
        ("Drums", 128, "funk_kit.nkm", "drums"),
        ("Theremin", 3, "x.nkm", None),
    ],
)
def test_what_is_heard_decides(inst_class: str, program: int, plugin: str, expected: str | None) -> None:
    facts = {"inst_class": inst_class, "program_num": program, "plugin_name": plugin, "is_drum": False}
    assert instrument_class(facts) == expected


def test_a_drum_track_is_drums_whatever_its_program() -> None:
    assert instrument_class({"inst_class": "Synth Lead", "program_num": 80, "is_drum": True}) == "drums"


def test_what_counts_as_other_or_is_missing_is_said(tmp_path: Path) -> None:
    stems = [slakh_stem("S00", "Theremin", 3, "x.nkm"), slakh_stem("S02", "Bass", 33, "pop_bass.nkm")]
    write_slakh_track(tmp_path / "train" / "Track00001", stems, {"S00": tone(100), "S09": tone(200)})
    (song,) = read_songs(tmp_path)
    assert [stem.class_name for stem in song.stems] == ["other", "other"]
    assert song.notes == (
        "'S00' (Theremin) counts as other",
        "'S09' (not in metadata.yaml) counts as other",
        "'S02' stands in metadata.yaml and has no sound file",
    )


def test_classes_that_the_table_lacks_are_other(slakh: Path) -> None:
    classes = {"synth": ["synth"], "drums": ["drums"]}
    found = [stem.class_name for stem in read_songs(slakh, classes)[0].stems]
    assert found == ["other", "synth", "drums", "other", "synth", "other"]


def test_a_track_without_stems_is_named(tmp_path: Path) -> None:
    write_slakh_track(tmp_path / "train" / "Track00007", STEMS, {})
    with pytest.raises(FormatError, match="Track00007: the track has no stems"):
        read_songs(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "stems",
        "stems: [1, 2]",
        "stems: {S00: 3}",
        "UUID: 1",
        "stems:\n\t- x",
        "a: &a [*a]\nstems: *b",
        "\0",
    ],
)
def test_metadata_that_are_damaged_are_named(tmp_path: Path, text: str) -> None:
    track = write_slakh_track(tmp_path / "train" / "Track00007", STEMS, SOUNDS)
    (track / "metadata.yaml").write_text(text)
    with pytest.raises(FormatError, match=r"metadata\.yaml: no list of stems was found"):
        read_songs(tmp_path)


anything = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
)


@given(
    st.dictionaries(
        st.sampled_from(["inst_class", "program_num", "plugin_name", "is_drum", "audio_rendered"]), anything
    )
)
def test_any_facts_of_a_stem_give_a_class_or_none(facts: dict[str, Any]) -> None:
    assert instrument_class(facts) in {None, "synth", "drums", "bass", "guitar", "piano", "strings", "other"}


@given(st.text(max_size=80))
def test_any_metadata_give_songs_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    track = write_slakh_track(folder / "train" / "Track00001", [], {"S00": tone(100, seconds=0.01)})
    (track / "metadata.yaml").write_text(f"stems: {text}", encoding="utf-8")
    try:
        (song,) = read_songs(folder)
    except FormatError as error:
        assert "metadata.yaml" in str(error)
    else:
        assert song.stems[0].class_name == "other"


def test_without_pyyaml_the_sentence_says_what_to_install(
    slakh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = builtins.__import__

    def without_yaml(name: str, *rest: Any) -> Any:
        if name == "yaml":
            raise ImportError(name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_yaml)
    with pytest.raises(MissingDependencyError, match="Slakh2100 needs PyYAML"):
        read_songs(slakh)
