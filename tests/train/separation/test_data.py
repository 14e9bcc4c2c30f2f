"""Datasets are told by what lies in a folder; what is none gives a sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from canzona.errors import FormatError, UsageError
from canzona.train.separation import StemSong, read_songs
from stem_sets import slakh_stem, tone, write_musdb_hq, write_plain, write_slakh_track

BRIEF = tone(100, seconds=0.02)


def test_layouts_are_told_apart(tmp_path: Path) -> None:
    pytest.importorskip("yaml", reason="PyYAML, which comes with the extra 'train', is not installed")
    write_musdb_hq(tmp_path / "hq", {"A - B": "test"})
    write_plain(tmp_path / "plain", {"A - B": {"synth.wav": BRIEF}})
    write_plain(tmp_path / "split", {})
    write_plain(tmp_path / "split" / "train", {"A - B": {"synth.wav": BRIEF, "mixture.wav": BRIEF}})
    stems = [slakh_stem("S00", "Bass", 33, "pop_bass.nkm")]
    write_slakh_track(tmp_path / "slakh" / "train" / "Track00001", stems, {"S00": BRIEF})
    (tmp_path / "musdb" / "train").mkdir(parents=True)
    (tmp_path / "musdb" / "train" / "A - B.stem.mp4").write_bytes(b"not looked into yet")
    layouts = {place.name: read_songs(place)[0].layout for place in tmp_path.iterdir()}
    assert layouts == {
        "hq": "musdb18-hq",
        "plain": "plain",
        "split": "plain",
        "slakh": "slakh2100",
        "musdb": "musdb18",
    }


def test_reading_twice_gives_the_same(tmp_path: Path) -> None:
    write_plain(tmp_path, {str(number): {"synth.wav": BRIEF, "b.wav": BRIEF} for number in range(12)})
    songs = read_songs(str(tmp_path))
    assert songs == read_songs(tmp_path)
    assert [song.name for song in songs] == sorted(str(number) for number in range(12))
    assert all(isinstance(song, StemSong) for song in songs)
    assert len(set(songs)) == 12


def test_links_are_followed(tmp_path: Path) -> None:
    write_plain(tmp_path / "here", {"a": {"synth.wav": BRIEF}})
    (tmp_path / "there").mkdir()
    os.symlink(tmp_path / "here" / "a", tmp_path / "there" / "b")
    assert [song.name for song in read_songs(tmp_path / "there")] == ["b"]


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere does not exist; name the folder of a stem dataset"):
        read_songs(tmp_path / "nowhere")


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "song.wav"
    path.write_bytes(b"")
    with pytest.raises(UsageError, match=r"song\.wav is no folder"):
        read_songs(path)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"the folder is empty; a dataset is MUSDB18"):
        read_songs(tmp_path)


def test_a_folder_that_is_no_dataset(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to-ann.txt").write_text("Dear Ann")
    (tmp_path / "train").mkdir()
    with pytest.raises(FormatError, match=r"no song was found in the folder; a dataset is MUSDB18"):
        read_songs(tmp_path)


def test_one_song_is_no_dataset(tmp_path: Path) -> None:
    write_plain(tmp_path, {"song": {"synth.wav": BRIEF}})
    with pytest.raises(FormatError, match="is one song, not a dataset; name the folder above it"):
        read_songs(tmp_path / "song")


def test_a_table_of_classes_that_makes_no_sense(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="class 'synth' has no list of patterns"):
        read_songs(tmp_path, {"synth": "synth*"})


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="nothing is forbidden to the superuser")
def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    write_plain(tmp_path, {"song": {"synth.wav": BRIEF}})
    (tmp_path / "song").chmod(0)
    try:
        with pytest.raises(FormatError, match="song: cannot be read: permission denied"):
            read_songs(tmp_path)
    finally:
        (tmp_path / "song").chmod(0o700)
