"""One sound track of several in an mp4, by itself and as a stem."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.audio.reading import open_sound
from canzona.errors import FormatError, MissingDependencyError, UnsupportedError
from canzona.train.separation.decoding import decode, measure
from stem_sets import decoded_by_ffmpeg, ffmpeg, needs_ffmpeg, noise, tone, write_sound

pytestmark = needs_ffmpeg


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise in stereo at 44.1 kHz, and a high tone in mono at 48 kHz."""
    folder = tmp_path_factory.mktemp("streams")
    low = write_sound(folder / "1.wav", noise(1, 30000))
    high = write_sound(folder / "2.wav", tone(4000, rate=48000)[:1], 48000)
    ffmpeg("-i", low, "-i", high, "-map", "0:a", "-map", "1:a", folder / "two.mp4")
    return folder / "two.mp4"


def test_each_track_has_its_own_rate_channels_and_length(two: Path) -> None:
    found = []
    for track in (0, 1):
        with open_sound(two, track=track) as source:
            found.append((source.sample_rate, source.channels))
    assert found == [(44100, 2), (48000, 1)]
    assert measure(two, 0).frames == decoded_by_ffmpeg(two, 0).shape[1]
    # What the encoder pads the last frame with may come along.
    assert 28800 <= measure(two, 1).frames < 28800 + 1024


def test_the_samples_are_those_of_the_track(two: Path) -> None:
    assert np.array_equal(decode(two, 0), decoded_by_ffmpeg(two, 0))
    high = decode(two, 1)
    assert np.array_equal(high[0], high[1]), "mono"
    assert np.argmax(np.abs(np.fft.rfft(high[0, 4000:28000]))) == 2000, "4000 Hz"
    with open_sound(two) as first, open_sound(two, track=0) as same:
        assert first.info == same.info


@settings(max_examples=8)
@given(span=st.tuples(st.integers(0, 30000), st.integers(0, 30000)).map(sorted))
def test_a_part_is_that_part_of_the_whole(two: Path, span: list[int]) -> None:
    start, stop = span
    with open_sound(two, track=0) as source:
        part = list(source.blocks(4097, start, stop))
    held = np.concatenate([np.zeros((2, 0), np.float32), *part], axis=1)
    assert np.array_equal(held, decode(two, 0)[:, start:stop])


@pytest.mark.parametrize("name", ["-i.mp4", "concat:x.mp4", "ünï %03d.mp4", "blank .mp4"])
def test_names_that_look_like_something_else(two: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(two.read_bytes())
    assert np.array_equal(decode(path, 0), decode(two, 0))


def test_a_track_that_is_not_there(two: Path) -> None:
    with pytest.raises(FormatError, match=r"has 2 sound tracks, and track 2 \(from 0\) is asked for"):
        decode(two, 2)


def test_a_picture_has_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=black:s=16x16:d=0.2", path)
    with pytest.raises(FormatError, match="holds no sound track"):
        decode(path, 0)


def test_more_than_two_channels(tmp_path: Path) -> None:
    path = tmp_path / "six.mp4"
    ffmpeg("-i", write_sound(tmp_path / "six.wav", np.zeros((6, 9000), np.float32)), path)
    with pytest.raises(UnsupportedError, match=r"six\.mp4 has 6 channels"):
        decode(path, 0)


@pytest.mark.parametrize("facts_first", [True, False])
def test_an_mp4_that_was_cut_off(tmp_path: Path, facts_first: bool) -> None:
    path = tmp_path / "cut.stem.mp4"
    whole = write_sound(tmp_path / "whole.wav", noise(2, 44100 * 3))
    ffmpeg("-i", whole, *(["-movflags", "+faststart"] if facts_first else []), path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    said = (
        r" is cut off or damaged after 1\.\d+ s: 3\.00 s were announced"
        if facts_first
        else ": is no sound file .* damaged"
    )
    with pytest.raises(FormatError, match=rf"cut\.stem\.mp4{said}"):
        decode(path, 0)


@pytest.mark.parametrize(
    "text", ["", "These are the lyrics.\n" * 20, "#EXTM3U\n#EXTINF:1,\nhttp://localhost:9/a\n"]
)
def test_what_is_no_mp4(tmp_path: Path, text: str) -> None:
    """A playlist too, which ffmpeg would follow."""
    path = tmp_path / "a.stem.mp4"
    path.write_text(text)
    with pytest.raises(FormatError, match=r"a\.stem\.mp4"):
        decode(path, 0)


def test_without_ffmpeg(two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new.mp4"
    path.write_bytes(two.read_bytes())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        MissingDependencyError, match=r"new\.mp4 .* ffprobe, which are not installed; install"
    ):
        decode(path, 0)
