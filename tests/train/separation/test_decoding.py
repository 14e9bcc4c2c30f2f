"""Sound files of every kind: the whole, a part, and what is wrong with them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from canzona.audio.reading import SOUND_SUFFIXES
from canzona.errors import CanzonaError, FormatError, MissingDependencyError, UnsupportedError
from canzona.train.separation.decoding import SoundFacts, decode, measure
from stem_sets import decoded_by_ffmpeg, ffmpeg, needs_ffmpeg, noise, tone, write_sound

SAMPLES = 30000
KINDS = ["wav", "flac", "ogg", "opus", "mp3", "aiff"]
KINDS_BY_FFMPEG = ["m4a", "mka", "aac", "webm", "wma"]


@pytest.fixture(scope="session")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same noise in every kind of file."""
    folder = tmp_path_factory.mktemp("kinds")
    rates = {"opus": 48000}
    signal = noise(1, SAMPLES)
    return {kind: write_sound(folder / f"s.{kind}", signal, rates.get(kind, 44100)) for kind in KINDS}


@pytest.fixture(scope="session")
def coded(sounds: dict[str, Path]) -> dict[str, Path]:
    """The same noise in kinds that ffmpeg reads."""
    found = {}
    for kind in KINDS_BY_FFMPEG:
        found[kind] = sounds["wav"].with_name(f"t.{kind}")
        ffmpeg("-i", sounds["wav"], found[kind])
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_at_its_own_rate_and_length(sounds: dict[str, Path], kind: str) -> None:
    assert f".{kind}" in SOUND_SUFFIXES
    assert measure(sounds[kind]) == SoundFacts(48000 if kind == "opus" else 44100, SAMPLES)
    signal = decode(sounds[kind])
    assert signal.shape == (2, SAMPLES)
    assert signal.dtype == np.float32
    expected, _ = soundfile.read(sounds[kind], dtype="float32")
    assert np.allclose(signal, expected.T, atol=1e-6)


@needs_ffmpeg
@pytest.mark.parametrize("kind", KINDS_BY_FFMPEG)
def test_kinds_that_ffmpeg_reads(coded: dict[str, Path], kind: str) -> None:
    assert f".{kind}" in SOUND_SUFFIXES
    facts = measure(coded[kind])
    assert facts.sample_rate == (48000 if kind == "webm" else 44100)
    assert facts.frames / facts.sample_rate == pytest.approx(SAMPLES / 44100, abs=0.06)
    signal = decode(coded[kind])
    assert np.array_equal(signal, decoded_by_ffmpeg(coded[kind])[:, : facts.frames])


def test_mono_is_heard_from_both_sides(tmp_path: Path) -> None:
    signal = noise(2, 5000)[:1]
    path = write_sound(tmp_path / "mono.wav", signal)
    assert np.array_equal(decode(path), np.repeat(signal, 2, axis=0))


@pytest.mark.parametrize("gain", [-6.0, -12.0, 3.0])
def test_the_gain_in_an_opus_header_is_honoured(tmp_path: Path, gain: float) -> None:
    path = write_sound(tmp_path / "plain.opus", tone(440, rate=48000), 48000)
    before = decode(path)
    path.write_bytes(_with_opus_gain(path.read_bytes(), gain))
    after = decode(path)
    assert np.allclose(after, before * 10 ** (gain / 20), atol=2e-4)


def _with_opus_gain(data: bytes, decibels: float) -> bytes:
    """The header page of an Ogg Opus file with another output gain (RFC 7845, section 5.1)."""
    page = bytearray(data)
    head = page.index(b"OpusHead")
    end = head + 19
    struct.pack_into("<h", page, head + 16, round(decibels * 256))
    struct.pack_into("<I", page, 22, 0)
    checksum = 0
    for byte in page[:end]:
        checksum ^= byte << 24
        for _ in range(8):
            checksum = ((checksum << 1) ^ (0x04C11DB7 if checksum & 0x80000000 else 0)) & 0xFFFFFFFF
    struct.pack_into("<I", page, 22, checksum)
    return bytes(page)


@needs_ffmpeg
def test_an_mp3_that_does_not_say_its_length_is_read_to_its_end(tmp_path: Path) -> None:
    """libsndfile would guess it from the bit rate of the first frame, and read no further."""
    silence_then_noise = np.concatenate([np.zeros((2, 100), np.float32), noise(4, 200000, level=0.9)], axis=1)
    source = write_sound(tmp_path / "s.wav", silence_then_noise)
    path = tmp_path / "untagged.mp3"
    ffmpeg("-i", source, "-q:a", "5", "-write_xing", "0", path)
    with soundfile.SoundFile(path) as file:
        assert file.frames < 150000
    assert 200100 <= measure(path).frames <= 205000
    assert np.abs(decode(path)[:, 150000:200000]).max() > 0.5


def test_a_file_that_changes_is_measured_anew(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "s.wav", noise(1, 1000))
    assert measure(path).frames == 1000
    write_sound(path, noise(1, 2000), 48000)
    assert measure(path) == SoundFacts(48000, 2000)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"gone\.wav: cannot be read: no such file"):
        measure(tmp_path / "gone.wav")


@pytest.mark.parametrize("kind", ["wav", "mp3", "m4a"])
def test_an_empty_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"empty.{kind}"
    path.write_bytes(b"")
    with pytest.raises(FormatError, match=rf"empty\.{kind}: is empty"):
        decode(path)


@needs_ffmpeg
@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3", "m4a"])
def test_text_called_sound(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"text.{kind}"
    path.write_text("These are the lyrics.\n" * 20)
    with pytest.raises(FormatError, match=rf"text\.{kind}: is no sound file"):
        decode(path)


def test_more_than_two_channels(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "six.wav", np.zeros((6, 100), np.float32))
    with pytest.raises(UnsupportedError, match=r"six\.wav has 6 channels: mono and stereo are read"):
        measure(path)


@pytest.mark.parametrize("wild", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers(tmp_path: Path, wild: float) -> None:
    signal = noise(5, 44100)
    signal[1, 11025] = wild
    path = write_sound(tmp_path / "wild.wav", signal)
    with pytest.raises(FormatError, match=r"wild\.wav: the sample at 0\.250 s is no number"):
        decode(path)


@pytest.mark.parametrize("kind", ["flac", "wav"])
def test_a_file_that_was_cut_off(tmp_path: Path, kind: str) -> None:
    path = write_sound(tmp_path / f"cut.{kind}", noise(6, 60000))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    said = rf"cut\.{kind} is cut off or damaged after .* 1\.36 s were announced; fetch"
    with pytest.raises(FormatError, match=said):
        decode(path)


def test_without_ffmpeg_the_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "song.m4a"
    path.write_bytes(b"\0" * 100)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependencyError, match=r"song\.m4a is read through .*ffmpeg.*; install ffmpeg"):
        measure(path)


@given(data=st.binary(min_size=1, max_size=300), kind=st.sampled_from(["wav", "flac", "aiff"]))
def test_any_bytes_give_sound_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, kind: str
) -> None:
    path = tmp_path_factory.mktemp("bytes") / f"any.{kind}"
    heads = {"wav": b"RIFF\0\2\0\0WAVEfmt ", "flac": b"fLaC", "aiff": b"FORM\0\0\2\0AIFFCOMM"}
    path.write_bytes(heads[kind] + data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(path.parent))  # ffmpeg would be asked about each, and takes its time
        try:
            signal = decode(path)
        except CanzonaError as error:
            assert str(path) in str(error)
        else:
            assert signal.shape[0] == 2
