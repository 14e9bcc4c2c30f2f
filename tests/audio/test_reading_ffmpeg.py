"""What libsndfile does not know, read through the ffmpeg program where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canzona.audio.encoding import LOSSY, Encoding, to_float
from canzona.audio.reading import open_sound
from canzona.errors import FormatError, UnsupportedError
from sounds import PCM8, PCM16, PCM24, RATE, samples, sound

pytestmark = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="ffmpeg is not installed"
)


def convert(target: Path, *options: str, source: Path | None = None) -> Path:
    """A file made by ffmpeg, of low noise where no source is named."""
    if source is None:
        source = target.with_name("source.wav")
        soundfile.write(source, sound(3 * RATE).T, RATE)
    command = ["ffmpeg", "-v", "error", "-y", "-i", source, *options, f"file:{target}"]
    subprocess.run(command, check=True, capture_output=True)
    return target


def read(path: Path, *where: int) -> np.ndarray:
    with open_sound(path) as source:
        return np.concatenate(list(source.blocks(*(where or (4096,)))), axis=1)


@pytest.mark.parametrize(
    ("name", "codec", "encoding"),
    [
        ("song.m4a", "alac", PCM16),
        ("song.m4a", "alac", PCM24),
        ("song.wv", "wavpack", PCM16),
        ("song.tta", "tta", PCM24),
        ("song.mkv", "flac", PCM16),
        ("song.mka", "pcm_s24le", PCM24),
        ("song.nut", "pcm_u8", PCM8),
    ],
)
def test_lossless_tracks_give_their_own_steps(
    tmp_path: Path, name: str, codec: str, encoding: Encoding
) -> None:
    held = samples(encoding, 2, 20_000)
    source = tmp_path / "source.wav"
    subtype = "PCM_U8" if encoding == PCM8 else f"PCM_{encoding.bits}"
    soundfile.write(source, to_float(held, encoding).T, RATE, subtype)
    path = convert(tmp_path / name, "-c:a", codec, source=source)
    with open_sound(path) as opened:
        assert opened.encoding == encoding
        assert (opened.sample_rate, opened.channels) == (RATE, 2)
        np.testing.assert_array_equal(np.concatenate(list(opened.blocks(3000)), axis=1), held)
        np.testing.assert_array_equal(next(opened.blocks(100, 12_345)), held[:, 12_345:12_445])
        assert opened.warning == ""


@pytest.mark.parametrize(
    ("name", "options"),
    [("song.m4a", ("-c:a", "aac")), ("song.mka", ("-c:a", "libopus", "-ar", "48000")), ("song.wma", ())],
)
def test_lossy_tracks_give_floats(tmp_path: Path, name: str, options: tuple[str, ...]) -> None:
    path = convert(tmp_path / name, *options, "-metadata", "title=Łąka", "-metadata", "artist=Ana")
    with open_sound(path) as source:
        found = np.concatenate(list(source.blocks(5000)), axis=1)
        assert source.encoding == LOSSY and found.dtype == np.float32
        assert source.sample_rate == (48000 if "48000" in options else RATE)
        assert abs(found.shape[1] / source.sample_rate - 3) < 0.1
        assert source.frames == pytest.approx(3 * source.sample_rate, rel=0.02)
        assert (source.tags.title, source.tags.artist) == ("Łąka", "Ana")
        assert source.warning == ""
    assert np.abs(found).max() == pytest.approx(0.35, abs=0.1)


def test_the_sound_track_of_a_video(tmp_path: Path) -> None:
    path = convert(
        tmp_path / "clip.mp4", "-f", "lavfi", "-i", "testsrc=d=3:s=64x64", "-map", "0:a", "-map", "1:v"
    )
    assert read(path).shape[1] == pytest.approx(3 * RATE, rel=0.02)


def test_a_video_without_sound(tmp_path: Path) -> None:
    path = convert(tmp_path / "clip.mp4", "-f", "lavfi", "-i", "testsrc=d=1:s=64x64", "-map", "1:v")
    with pytest.raises(FormatError, match=r"clip\.mp4: holds no sound track"):
        read(path)


def test_surround_sound_is_refused(tmp_path: Path) -> None:
    path = convert(tmp_path / "song.m4a", "-ac", "6")
    with pytest.raises(UnsupportedError, match="has 6 channels: mono and stereo are read"):
        read(path)


def test_an_odd_name_is_only_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = convert(tmp_path / "song.m4a")
    for name in ("-i.m4a", "concat:a|b.m4a", "http: x.m4a", "Zażółć%d\n.m4a"):
        shutil.copy(path, tmp_path / name)
        assert read(Path(name)).shape[0] == 2


def test_a_playlist_fetches_nothing(tmp_path: Path) -> None:
    path = tmp_path / "song.m3u8"
    path.write_text("#EXTM3U\n#EXTINF:3,\nhttp://127.0.0.1:9/song.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(FormatError):
        read(path)


def test_a_wav_with_a_strange_codec_goes_the_same_way(tmp_path: Path) -> None:
    path = convert(tmp_path / "song.wav", "-c:a", "wmav2")
    assert read(path).shape[1] == pytest.approx(3 * RATE, rel=0.05)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 3 * RATE), frames=st.integers(500, 50_000))
def test_a_part_is_a_part_of_the_whole(tmp_path: Path, start: int, frames: int) -> None:
    path = tmp_path / "song.m4a"
    if not path.exists():
        convert(path)
    with open_sound(path) as source:
        whole = np.concatenate(list(source.blocks(1 << 20)), axis=1)
        part = np.concatenate([np.zeros((2, 0), np.float32), *source.blocks(frames, start)], axis=1)
    np.testing.assert_array_equal(part, whole[:, start:])


def test_what_is_there_of_a_file_cut_short_is_read(tmp_path: Path) -> None:
    path = convert(tmp_path / "song.m4a", "-c:a", "aac", "-movflags", "faststart")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with open_sound(path) as source:
        seconds = sum(block.shape[1] for block in source.blocks(4096)) / RATE
        assert 1 < seconds < 2
        assert source.warning == f"{path} is cut off or damaged after {seconds:.2f} s: 3.00 s were announced"


def test_a_file_that_was_never_finished(tmp_path: Path) -> None:
    path = convert(tmp_path / "song.m4a", "-c:a", "aac")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(FormatError, match="is no sound file that can be read, or is damaged"):
        read(path)


def test_no_program_is_left_behind(tmp_path: Path) -> None:
    path = convert(tmp_path / "long.m4a", "-af", "aloop=20:size=132300")
    with open_sound(path) as source:
        next(source.blocks(10))
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=False).stdout
    assert str(path) not in running


def test_ffmpeg_and_libsndfile_agree_on_rf64(tmp_path: Path) -> None:
    path = convert(tmp_path / "song.wav", "-rf64", "always")
    assert path.read_bytes()[:4] == b"RF64"
    np.testing.assert_array_equal(read(path), soundfile.read(path, dtype="int16")[0].T)
    asked = ["ffprobe", "-v", "error", "-show_entries", "stream=duration_ts", "-of", "json", path]
    told = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
    with open_sound(path) as source:
        assert source.frames == told["streams"][0]["duration_ts"] == 3 * RATE
