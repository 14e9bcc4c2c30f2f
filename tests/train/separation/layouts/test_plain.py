"""The plain layout: names, what is passed over, licences, splits, and the stems beside the repository."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import FormatError
from canzona.train.separation.data import read_songs
from stem_sets import decoded_by_ffmpeg, ffmpeg, needs_ffmpeg, tone, write_plain, write_sound

BRIEF = tone(100, seconds=0.02)


def decibels(signal: np.ndarray, error: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(signal**2) / np.sum(error**2)))


def test_songs_stems_and_classes(tmp_path: Path) -> None:
    stems = ["synth-lead.wav", "synth.2.flac", "Bass.ogg", "drums.mp3", "lead vocals.aiff", "flute.wav"]
    write_plain(tmp_path, {"b song": dict.fromkeys(stems, BRIEF), "a song": {"synth.wav": BRIEF}})
    first, second = read_songs(tmp_path)
    assert (first.name, second.name) == ("a song", "b song")
    assert (second.layout, second.split) == ("plain", "")
    assert {stem.name: stem.class_name for stem in second.stems} == {
        "synth-lead": "synth",
        "synth.2": "synth",
        "Bass": "bass",
        "drums": "drums",
        "lead vocals": "vocals",
        "flute": "other",
    }
    assert second.notes == ("'flute' counts as other",)
    assert np.allclose(second.read("synth"), 2 * BRIEF, atol=1e-3)


@needs_ffmpeg
def test_stems_that_ffmpeg_reads(tmp_path: Path) -> None:
    source = write_sound(tmp_path / "source.wav", tone(300))
    (tmp_path / "set" / "song").mkdir(parents=True)
    ffmpeg("-i", source, tmp_path / "set" / "song" / "synth.m4a")
    (song,) = read_songs(tmp_path / "set")
    size = tone(300).shape[1]
    assert size <= song.length() < size + 1024, "the encoder's padding stays"
    assert decibels(tone(300), song.read("synth")[:, :size] - tone(300)) > 15


def test_mixtures_hidden_files_and_other_files_are_passed_over(tmp_path: Path) -> None:
    stems = ["synth.wav", "mix.wav", "Mixture.flac", "mixture-44k.wav", ".hidden.wav", "._synth.wav"]
    write_plain(tmp_path, {"song": dict.fromkeys(stems, BRIEF), ".trash": {"synth.wav": BRIEF}})
    write_plain(tmp_path, {"__MACOSX": {"synth.wav": BRIEF}})
    for name in ("notes.txt", "cover.png", "synth.json", "synth.mid"):
        (tmp_path / "song" / name).write_text("{}")
    (tmp_path / "song" / "drums.wav").mkdir()
    (tmp_path / "scans").mkdir()
    (tmp_path / "readme.txt").write_text("hello")
    (song,) = read_songs(tmp_path)
    assert [stem.name for stem in song.stems] == ["synth"]


def test_splits(tmp_path: Path) -> None:
    write_plain(tmp_path / "validation", {"b": {"synth.wav": BRIEF}})
    write_plain(tmp_path / "train", {"c": {"synth.wav": BRIEF, "mix.wav": BRIEF}})
    write_plain(tmp_path, {"test": {"synth.wav": BRIEF}, "z": {"synth.wav": BRIEF}})
    found = [(song.split, song.name) for song in read_songs(tmp_path)]
    assert found == [("", "test"), ("", "z"), ("train", "c"), ("validation", "b")], "'test' is a song here"


def test_the_same_stem_twice_is_said(tmp_path: Path) -> None:
    write_plain(tmp_path, {"song": {"synth.wav": BRIEF, "synth.flac": BRIEF}})
    (song,) = read_songs(tmp_path)
    assert song.notes == ("2 files named 'synth' are added up",)


def test_licence_and_credit_of_a_collection_and_of_a_song(tmp_path: Path) -> None:
    songs = {name: {"synth.wav": BRIEF} for name in ("a", "b", "c")}
    write_plain(tmp_path, songs)
    write_plain(tmp_path / "train", {"d": {"synth.wav": BRIEF}})
    collection = {"a": {"licence": "CC0-1.0", "credit": "Ann"}, "b": {"licence": "CC-BY-4.0", "credit": "Bo"}}
    (tmp_path / "stems.json").write_text(json.dumps(collection | {"d": {"licence": "MIT"}}))
    (tmp_path / "b" / "song.json").write_text('{"credit": ["Bö", "Cy"], "seed": 3}', encoding="utf-8")
    (tmp_path / "c" / "song.json").write_text('{"license": "BSD-3-Clause", "credit": 7}')
    found = {song.name: (song.licence, song.credit) for song in read_songs(tmp_path)}
    assert found == {
        "a": ("CC0-1.0", "Ann"),
        "b": ("CC-BY-4.0", "Bö, Cy"),
        "c": ("BSD-3-Clause", ""),
        "d": ("MIT", ""),
    }


@pytest.mark.parametrize(
    ("text", "said"), [("{", "is no JSON"), ("[1]", "holds no JSON object"), ("[" * 99999, "is no JSON")]
)
@pytest.mark.parametrize("place", ["stems.json", "song/song.json"])
def test_a_damaged_json_file_is_named(tmp_path: Path, place: str, text: str, said: str) -> None:
    write_plain(tmp_path, {"song": {"synth.wav": BRIEF}})
    (tmp_path / place).write_text(text)
    with pytest.raises(FormatError, match=rf"{place}.*{said}"):
        read_songs(tmp_path)


def test_a_song_with_nothing_but_its_mixture_is_named(tmp_path: Path) -> None:
    write_plain(tmp_path, {"a": {"synth.wav": BRIEF}, "b": {"mix.wav": BRIEF}})
    with pytest.raises(FormatError, match=r"b: the song has a mixture and no stem"):
        read_songs(tmp_path)


names = st.text(
    st.characters(blacklist_characters='/\\\0:*?"<>|', blacklist_categories=("Cs", "Cc")),
    min_size=1,
    max_size=20,
).filter(lambda name: not name.startswith((".", "__MACOSX")))


@given(song=names, stem=names)
def test_any_name_is_kept(tmp_path_factory: pytest.TempPathFactory, song: str, stem: str) -> None:
    folder = tmp_path_factory.mktemp("names")
    path = folder / song / f"{stem}.wav"
    path.parent.mkdir()
    path.write_bytes(b"RIFF")
    other = write_sound(folder / song / "synth.flac", BRIEF)
    if not stem.lower().startswith(("mix", "mixture")):
        (found,) = read_songs(folder)
        assert found.name == song
        assert sorted(each.path for each in found.stems) == sorted([path, other])


def test_the_stems_beside_the_repository(shared: Path) -> None:
    songs = read_songs(shared / "data" / "stems")
    assert len(songs) == 52
    assert sum("synth" in song.classes for song in songs) == 48
    assert all(song.licence and song.credit and not song.notes for song in songs)
    assert sum(song.length() for song in songs) / 44100 / 60 == pytest.approx(44.5, abs=0.2)


@needs_ffmpeg
def test_a_synth_that_was_turned_down_in_its_header(shared: Path) -> None:
    """The renders from MIDI have an output gain in their Opus header, which ffmpeg honours too."""
    songs = {song.name: song for song in read_songs(shared / "data" / "stems")}
    facts = json.loads((shared / "data" / "stems" / "stems.json").read_text(encoding="utf-8"))
    song = songs["midi-dm02"]
    assert facts["midi-dm02"]["synth_gain_db"] < -1
    (stem,) = [stem for stem in song.stems if stem.name == "synth"]
    ours, theirs = song.read("synth", 48000), decoded_by_ffmpeg(stem.path)
    size = min(ours.shape[1], theirs.shape[1])
    assert decibels(ours, ours[:, :size] - theirs[:, :size]) > 30, "two decoders, one level"
