"""MUSDB18 and MUSDB18-HQ, generated in their exact form, and a real song of MUSDB18."""

from __future__ import annotations

import importlib.metadata
import shutil
from pathlib import Path

import numpy as np
import pytest

from canzona.errors import FormatError
from canzona.train.separation.data import read_songs
from canzona.train.separation.decoding import measure
from stem_sets import (
    MUSDB_STEMS,
    RATE,
    decoded_by_ffmpeg,
    ffmpeg,
    needs_ffmpeg,
    tone,
    write_musdb,
    write_musdb_hq,
    write_sound,
)

SONGS = {"Zed - Last": "train", "A Band - First": "train", "Ünï - Song.2": "test"}


@pytest.fixture(scope="module")
def musdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_musdb(tmp_path_factory.mktemp("musdb18"), SONGS)


@pytest.fixture(scope="module")
def musdb_hq(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_musdb_hq(tmp_path_factory.mktemp("musdb18hq"), SONGS)


@pytest.fixture(scope="session")
def falcon() -> Path:
    """Seven seconds of The Easton Ellises' Falcon 69 as MUSDB18 has it, which stempeg's wheel carries."""
    try:
        files = importlib.metadata.files("stempeg") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("stempeg, whose wheel carries a song of MUSDB18, is not installed")
    return next(Path(str(file.locate())) for file in files if file.name.endswith(".stem.mp4"))


@needs_ffmpeg
def test_musdb18(musdb: Path) -> None:
    songs = read_songs(musdb)
    assert [(song.split, song.name) for song in songs] == [
        ("train", "A Band - First"),
        ("train", "Zed - Last"),
        ("test", "Ünï - Song.2"),
    ]
    song = songs[0]
    assert (song.layout, song.credit) == ("musdb18", "A Band")
    assert song.licence
    assert [(stem.name, stem.class_name, stem.stream) for stem in song.stems] == [
        ("drums", "drums", 1),
        ("bass", "bass", 2),
        ("other", "other", 3),
        ("vocals", "vocals", 4),
    ]
    # What the encoder pads the last frame with may come along.
    assert 0 <= song.length() - round(0.6 * RATE) < 1024
    for place, stem in enumerate(MUSDB_STEMS):
        expected = tone(100.0 * (1 + place))
        inner = slice(4000, 20000)
        assert np.allclose(song.read(stem)[:, inner], expected[:, inner], atol=0.02), stem


def test_musdb18_hq(musdb_hq: Path) -> None:
    songs = read_songs(musdb_hq)
    assert [(song.split, song.name) for song in songs] == [
        ("train", "A Band - First"),
        ("train", "Zed - Last"),
        ("test", "Ünï - Song.2"),
    ]
    song = songs[2]
    assert (song.layout, song.credit, song.notes) == ("musdb18-hq", "Ünï", ())
    for place, stem in enumerate(MUSDB_STEMS):
        assert np.allclose(song.read(stem), tone(100.0 * (1 + place)), atol=1e-4)
    assert np.allclose(song.read(), sum(tone(100.0 * (1 + place)) for place in range(4)), atol=1e-3)


def test_a_song_of_hq_that_lacks_a_file_says_so(tmp_path: Path) -> None:
    folder = write_musdb_hq(tmp_path, {"A - 1": "train", "B - 2": "train", "C - 3": "train"})
    (folder / "train" / "B - 2" / "vocals.wav").unlink()
    write_sound(folder / "train" / "B - 2" / "synth.wav", tone(100))
    shutil.rmtree(folder / "train" / "C - 3")
    (folder / "train" / "C - 3").mkdir()
    first, second = read_songs(folder)
    assert first.notes == ()
    assert second.layout == "musdb18-hq"
    assert [stem.name for stem in second.stems] == ["drums", "bass", "other"]
    assert second.notes == ("vocals.wav is missing", "synth.wav is no file of MUSDB18-HQ and left out")


@needs_ffmpeg
def test_classes_may_be_others(musdb: Path) -> None:
    song = read_songs(musdb, {"beat": ["drums", "bass"], "singing": ["vocals"]})[0]
    assert [stem.class_name for stem in song.stems] == ["beat", "beat", "other", "singing"]
    assert song.read("beat").any()


@needs_ffmpeg
def test_an_mp4_with_one_stream_is_named(tmp_path: Path, musdb: Path) -> None:
    path = tmp_path / "train" / "X - Y.stem.mp4"
    path.parent.mkdir()
    source = next(iter((musdb / "train").iterdir()))
    ffmpeg("-i", source, "-map", "0:a:0", "-c", "copy", path)
    song = read_songs(tmp_path)[0]
    with pytest.raises(FormatError, match=r"X - Y\.stem\.mp4: has 1 sound tracks.*five: mixture"):
        song.read("drums")


@needs_ffmpeg
def test_a_broken_mp4_is_named(tmp_path: Path, musdb: Path) -> None:
    path = tmp_path / "test" / "X - Y.stem.mp4"
    path.parent.mkdir()
    path.write_bytes(next(iter((musdb / "train").iterdir())).read_bytes()[:4000])
    with pytest.raises(FormatError, match=r"X - Y\.stem\.mp4: is no sound file .* damaged"):
        read_songs(tmp_path)[0].read()


@needs_ffmpeg
def test_a_real_song(falcon: Path, tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    shutil.copy(falcon, tmp_path / "train")
    (song,) = read_songs(tmp_path)
    assert (song.name, song.credit, song.split) == (
        "The Easton Ellises - Falcon 69",
        "The Easton Ellises",
        "train",
    )
    assert measure(song.stems[0].path, 4).frames == song.length() == 268288
    for stream, stem in enumerate(MUSDB_STEMS, start=1):
        assert np.array_equal(song.read(stem), decoded_by_ffmpeg(falcon, stream))
    assert np.abs(song.read("other")).max() > 0.1
    # The five were coded with loss each by itself: the sum of four is near the first, not equal to it.
    mixture = decoded_by_ffmpeg(falcon, 0)
    error = song.read() - mixture
    assert 10 * np.log10(np.sum(mixture**2) / np.sum(error**2)) > 15


@needs_ffmpeg
def test_a_real_song_as_stempeg_reads_it(falcon: Path, tmp_path: Path) -> None:
    stempeg = pytest.importorskip("stempeg", reason="stempeg is not installed")
    shutil.copy(falcon, tmp_path)
    (song,) = read_songs(tmp_path)
    expected, rate = stempeg.read_stems(str(falcon))
    assert rate == RATE
    for stream, stem in enumerate(MUSDB_STEMS, start=1):
        ours = song.read(stem)
        assert np.allclose(ours, expected[stream].T[:, : ours.shape[1]], atol=1e-4)
