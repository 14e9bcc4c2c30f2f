"""Decoded songs: their samples, their activity, and a store that is whole or not there."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import FormatError, UsageError, WriteError
from canzona.train.separation import StemSong, Store, build_store, read_songs
from canzona.train.separation.store import activity_of
from stem_sets import noise, tone, write_plain

LONG, SHORT = 70000, 40000


def write_songs(folder: Path) -> list[StemSong]:
    """Two songs: noise, a short tone, silence; and a stem that is louder than full scale."""
    quiet = {"synth.wav": noise(1, LONG, level=0.01), "bass.wav": tone(100)[:, :SHORT]}
    quiet["vocals.wav"] = np.zeros((2, 1000), np.float32)
    write_plain(folder, {"a": quiet, "b": {"synth.wav": noise(2, SHORT, level=1.7)}})
    (folder / "stems.json").write_text('{"a": {"licence": "CC0-1.0", "credit": "Ann"}}')
    return read_songs(folder)


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> list[StemSong]:
    return write_songs(tmp_path_factory.mktemp("set"))


@pytest.fixture(scope="module")
def store(songs: list[StemSong], tmp_path_factory: pytest.TempPathFactory) -> Store:
    return build_store(songs, tmp_path_factory.mktemp("store"))


def states(store: Store) -> dict[str, int]:
    """When the sound of each song was written."""
    return {song.name: (song.folder / "sound.pcm").stat().st_mtime_ns for song in store.songs}


def test_what_a_store_knows_of_its_songs(store: Store, songs: list[StemSong]) -> None:
    first, second = store.songs
    assert (first.name, first.layout, first.split) == ("a", "plain", "")
    assert (first.licence, first.credit, second.licence) == ("CC0-1.0", "Ann", "")
    assert (first.frames, second.frames) == (LONG, SHORT)
    assert store.sample_rate == 44100
    assert [track.name for track in first.tracks] == ["bass", "synth", "vocals"]
    assert [track.class_name for track in first.tracks] == ["bass", "synth", "vocals"]
    assert repr(store) == f"Store({str(store.folder)!r}, 2 songs at 44100 Hz)"


def test_samples_come_back_within_half_a_step(store: Store, songs: list[StemSong]) -> None:
    for place, song in enumerate(songs):
        for track, stem in enumerate(song.stems):
            expected = song.read_stem(stem)
            found = store.crop(place, track, 0, store.songs[place].frames)
            assert found.dtype == np.float32
            assert found.flags.c_contiguous
            step = store.songs[place].tracks[track].gain / 32767
            assert np.abs(found - expected).max() <= step * 0.51
            assert step <= np.abs(expected).max() / 0.9 / 32766


def test_a_stem_lies_at_nine_tenths_of_full_scale_and_silence_at_nothing(store: Store) -> None:
    held = np.fromfile(store.songs[0].folder / "sound.pcm", "<i2").reshape(3, LONG, 2)
    assert np.abs(held).max(axis=(1, 2)).tolist() == [29490, 29490, 0]
    gains = [track.gain for track in store.songs[0].tracks]
    assert gains == pytest.approx([0.2 / 0.9, 0.01 / 0.9, 0], rel=0.01)
    assert not store.crop(0, 2, 0, 500).any()


@given(start=st.integers(-2 * LONG, 2 * LONG), frames=st.integers(0, 3 * LONG), track=st.integers(0, 2))
def test_beyond_its_ends_a_song_is_silent(store: Store, start: int, frames: int, track: int) -> None:
    whole = store.crop(0, track, 0, LONG)
    padded = np.zeros((2, frames), np.float32)
    for place in range(max(start, 0), min(start + frames, LONG), 7000):
        end = min(place + 7000, start + frames, LONG)
        padded[:, place - start : end - start] = whole[:, place:end]
    assert np.array_equal(store.crop(0, track, start, frames), padded)


def test_a_crop_is_its_own(store: Store) -> None:
    store.crop(0, 0, 0, 100)[:] = 7
    assert np.abs(store.crop(0, 0, 0, 100)).max() < 1


def test_activity_is_the_rms_of_half_seconds_at_the_stems_level(store: Store, songs: list[StemSong]) -> None:
    for track, stem in enumerate(songs[0].stems):
        signal = songs[0].read_stem(stem).astype(np.float64)
        windows = [signal[:, at : at + 22050] for at in range(0, LONG, 22050)]
        expected = [np.sqrt(np.mean(window**2)) for window in windows]
        found = store.activity(0, track)
        assert found.dtype == np.float32
        assert found.shape == (4,)
        assert np.allclose(found, expected, rtol=1e-5)
    assert store.activity(0, 0)[0] > 0.1
    assert store.activity(0, 0)[-1] == 0
    with pytest.raises(ValueError, match="read-only"):
        store.activity(0, 0)[0] = 1


@given(st.integers(0, 300), st.sampled_from([1, 7, 100, 44100]))
def test_activity_of_any_length(samples: int, rate: int) -> None:
    signal = noise(3, samples)
    size = max(round(rate / 2), 1)
    found = activity_of(signal, rate)
    assert found.shape == (-(-samples // size),)
    assert found.max(initial=0) <= np.abs(signal).max(initial=0) * (1 + 1e-6)


def test_another_rate(songs: list[StemSong], tmp_path: Path) -> None:
    store = build_store(songs, tmp_path, 16000)
    assert store.sample_rate == 16000
    assert store.songs[0].frames == songs[0].length(16000)
    expected = songs[0].read("synth", 16000)
    assert np.allclose(store.crop(0, 1, 0, store.songs[0].frames), expected, atol=1e-6)
    again = build_store(songs, tmp_path, 22050)
    assert again.songs[0].frames == songs[0].length(22050)


def test_a_second_build_decodes_only_what_has_changed(tmp_path: Path) -> None:
    songs = write_songs(tmp_path / "set")
    first = states(build_store(songs, tmp_path / "store"))
    assert states(build_store(songs, tmp_path / "store")) == first

    write_plain(tmp_path / "set", {"b": {"synth.wav": noise(9, SHORT + 1)}})
    changed = build_store(read_songs(tmp_path / "set"), tmp_path / "store")
    assert states(changed)["a"] == first["a"]
    assert states(changed)["b"] > first["b"]
    assert np.allclose(changed.crop(1, 0, 0, SHORT + 1), noise(9, SHORT + 1), atol=1e-5)

    write_plain(tmp_path / "set", {"b": {"drums.wav": tone(200)}})
    grown = build_store(read_songs(tmp_path / "set"), tmp_path / "store")
    assert [track.name for track in grown.songs[1].tracks] == ["drums", "synth"]


def test_other_classes_and_licences_are_taken_over_without_decoding(tmp_path: Path) -> None:
    songs = write_songs(tmp_path / "set")
    first = states(build_store(songs, tmp_path / "store"))
    classes = {"low": ["bass"], "synth": ["synth"]}
    relabelled = [dataclasses.replace(song, licence="MIT") for song in read_songs(tmp_path / "set", classes)]
    store = build_store(relabelled, tmp_path / "store")
    assert states(store) == first
    assert [track.class_name for track in store.songs[0].tracks] == ["low", "synth", "other"]
    assert store.songs[0].licence == "MIT"
    assert np.allclose(store.crop(0, 1, 0, LONG), songs[0].read("synth"), atol=1e-6)


def test_the_songs_of_a_store_are_those_that_were_given(tmp_path: Path) -> None:
    songs = write_songs(tmp_path / "set")
    build_store(songs, tmp_path / "store")
    assert [song.name for song in build_store(songs[1:], tmp_path / "store").songs] == ["b"]
    assert [song.name for song in build_store(songs[::-1], tmp_path / "store").songs] == ["b", "a"]
    assert len(build_store(songs + songs, tmp_path / "store").songs) == 2


def test_songs_of_one_name_from_two_datasets(tmp_path: Path) -> None:
    songs = write_songs(tmp_path / "one") + write_songs(tmp_path / "two")
    store = build_store(songs, tmp_path / "store")
    assert [song.name for song in store.songs] == ["a", "b", "a", "b"]
    assert len({song.folder for song in store.songs}) == 4


def test_progress(songs: list[StemSong], tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    build_store(songs, tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_a_store_travels_to_other_processes(store: Store) -> None:
    store.crop(0, 0, 0, 10)
    data = pickle.dumps(store)
    assert len(data) < 2000
    assert np.array_equal(pickle.loads(data).crop(0, 1, 5, 100), store.crop(0, 1, 5, 100))


KILLED = """
import os, signal, sys
import numpy
from canzona.train.separation import build_store, read_songs
saved = numpy.save
def die_at_the_second(path, array):
    saved(path, array)
    if len(array) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
numpy.save = die_at_the_second
build_store(read_songs(sys.argv[1]), sys.argv[2])
"""


def test_a_build_that_was_killed_goes_on_and_leaves_no_half_song(tmp_path: Path) -> None:
    songs = write_songs(tmp_path / "set")
    place = tmp_path / "store"
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "set", place], check=False)
    assert done.returncode < 0
    left = sorted(path.name for path in place.iterdir())
    assert [name[:2] for name in left] == [".d", "a-"], "a draft and one whole song"
    with pytest.raises(FormatError, match="holds no finished store; build it"):
        Store.open(place)
    before = (place / left[1] / "sound.pcm").stat().st_mtime_ns
    store = build_store(songs, place)
    assert states(store)["a"] == before
    assert not [path for path in place.iterdir() if path.name.startswith(".")]
    assert np.allclose(store.crop(1, 0, 0, SHORT), songs[1].read(), atol=1e-4)


BUILT = """
import sys
from canzona.train.separation import build_store, read_songs
print(len(build_store(read_songs(sys.argv[1]), sys.argv[2]).songs))
"""


def test_several_processes_may_ask_for_one_store(tmp_path: Path) -> None:
    write_songs(tmp_path / "set")
    command = [sys.executable, "-c", BUILT, tmp_path / "set", tmp_path / "store"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[0] for process in running] == ["2\n"] * 3


FULL = """
import resource, sys
from canzona.errors import WriteError
from canzona.train.separation import build_store, read_songs
songs = read_songs(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    build_store(songs, sys.argv[2])
except WriteError as error:
    print(error)
"""


def test_a_full_disk_is_said_and_leaves_what_is_whole(tmp_path: Path) -> None:
    songs = write_songs(tmp_path / "set")
    command = [sys.executable, "-c", FULL, tmp_path / "set", tmp_path / "store"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert "'a' was not stored in" in done.stdout
    assert "free some space" in done.stdout
    assert not list((tmp_path / "store").iterdir())
    assert len(build_store(songs, tmp_path / "store").songs) == 2


def test_a_stem_that_cannot_be_read_is_named_and_the_songs_before_it_stay(tmp_path: Path) -> None:
    songs = write_songs(tmp_path / "set")
    broken = tmp_path / "set" / "b" / "synth.wav"
    whole = broken.read_bytes()
    broken.write_text("no sound")
    with pytest.raises(FormatError, match=r"b.synth\.wav: is no sound file"):
        build_store(songs, tmp_path / "store")
    (kept,) = (tmp_path / "store").iterdir()
    assert kept.name.startswith("a-")
    broken.write_bytes(whole)
    before = (kept / "sound.pcm").stat().st_mtime_ns
    assert states(build_store(songs, tmp_path / "store"))["a"] == before
    broken.unlink()
    with pytest.raises(FormatError, match=r"b.synth\.wav: cannot be read: no such file"):
        build_store(songs, tmp_path / "store")


def test_no_songs(tmp_path: Path, songs: list[StemSong]) -> None:
    with pytest.raises(UsageError, match="no song to store"):
        build_store([], tmp_path)
    with pytest.raises(UsageError, match="without stems"):
        build_store([dataclasses.replace(songs[0], stems=())], tmp_path)


def test_a_song_without_a_sample(tmp_path: Path) -> None:
    write_plain(tmp_path / "set", {"a": {"synth.wav": np.zeros((2, 0), np.float32)}})
    store = build_store(read_songs(tmp_path / "set"), tmp_path / "store")
    assert store.songs[0].frames == 0
    assert store.activity(0, 0).shape == (0,)
    assert not store.crop(0, 0, -5, 10).any()


def test_a_target_that_is_a_file(tmp_path: Path, songs: list[StemSong]) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(WriteError, match="store was not written"):
        build_store(songs, tmp_path / "store")


def test_a_folder_with_the_index_of_something_else(tmp_path: Path, songs: list[StemSong]) -> None:
    for text in ("{}", "[]", "index", "3"):
        (tmp_path / "index.json").write_text(text)
        with pytest.raises(UsageError, match=r"index\.json is not of a store; choose another folder"):
            build_store(songs, tmp_path)
        assert (tmp_path / "index.json").read_text() == text


@pytest.mark.parametrize(
    ("song", "track", "frames"), [(-1, 0, 1), (2, 0, 1), (0, -1, 1), (0, 3, 1), (0, 0, -1)]
)
def test_places_that_are_not_there(store: Store, song: int, track: int, frames: int) -> None:
    with pytest.raises(UsageError):
        store.crop(song, track, 0, frames)
    if frames > 0:
        with pytest.raises(UsageError):
            store.activity(song, track)


@pytest.fixture
def copied(store: Store, tmp_path: Path) -> Path:
    return Path(shutil.copytree(store.folder, tmp_path / "copy"))


def test_no_store(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="holds no finished store"):
        Store.open(tmp_path)


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"canzona_store": 1}', '{"canzona_store": 9, "sample_rate": 44100, "songs": []}']
    + [json.dumps({"canzona_store": 1, "sample_rate": 44100, "songs": [key]}) for key in ("../x", 3, "gone")],
)
def test_an_index_that_is_damaged(copied: Path, text: str) -> None:
    (copied / "index.json").write_text(text)
    with pytest.raises(FormatError, match="the store is damaged; build it anew"):
        Store.open(copied)


@pytest.mark.parametrize("name", ["sound.pcm", "song.json", "activity.npy"])
def test_a_song_that_is_damaged_is_seen_and_mended(copied: Path, songs: list[StemSong], name: str) -> None:
    (place,) = copied.glob(f"b-*/{name}")
    if name == "activity.npy":
        place.unlink()
    else:
        os.truncate(place, place.stat().st_size - 9)
    with pytest.raises(FormatError, match=r"b-[0-9a-f]+: the store is damaged"):
        Store.open(copied)
    assert np.allclose(build_store(songs, copied).crop(1, 0, 0, SHORT), songs[1].read(), atol=1e-4)


def test_files_that_go_while_the_store_is_open(copied: Path) -> None:
    store = Store.open(copied)
    (place,) = copied.glob("b-*")
    (place / "activity.npy").write_bytes(b"no array")
    with pytest.raises(FormatError, match=r"activity\.npy: the store is damaged"):
        store.activity(1, 0)
    (place / "sound.pcm").unlink()
    with pytest.raises(FormatError, match=r"sound\.pcm: the store is damaged"):
        store.crop(1, 0, 0, 10)
