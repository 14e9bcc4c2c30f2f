"""WAV headers and samples: what is written is read by others, and what others write is read."""

from __future__ import annotations

import contextlib
import io
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.audio.encoding import Encoding, SoundInfo, to_float
from canzona.audio.reading import open_sound
from canzona.audio.tags import Tags
from canzona.audio.wav import pack, read_wav_header, read_wav_samples, stated_header, unpack, wav_header
from canzona.errors import CanzonaError, FormatError, UnsupportedError
from sounds import ENCODINGS, PCM8, PCM16, PCM24, SUBTYPES, samples


def info(encoding: Encoding, channels: int = 2, **others: object) -> SoundInfo:
    return SoundInfo("test", 44100, channels, encoding, **others)  # type: ignore[arg-type]


class Slow(io.RawIOBase):
    """A pipe that gives a few bytes at a time and cannot be sought."""

    def __init__(self, data: bytes, step: int) -> None:
        self._inner, self._step = io.BytesIO(data), step

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self._inner.read(min(self._step, len(buffer)))
        buffer[: len(part)] = part
        return len(part)


@settings(max_examples=60)
@given(
    encoding=st.sampled_from(ENCODINGS),
    channels=st.sampled_from([1, 2]),
    frames=st.integers(0, 300),
    known=st.booleans(),
    step=st.integers(1, 5000),
    block=st.integers(1, 400),
    title=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9),
)
def test_a_pipe_gives_back_what_was_written(
    encoding: Encoding, channels: int, frames: int, known: bool, step: int, block: int, title: str
) -> None:
    held = samples(encoding, channels, frames)
    header = wav_header(info(encoding, channels, tags=Tags(title, "Ana")), frames if known else None)
    stream = Slow(header + pack(held, encoding), step)
    found = read_wav_header(stream, "pipe")  # type: ignore[arg-type]
    assert (found.sample_rate, found.channels, found.encoding) == (44100, channels, encoding)
    assert found.frames == (frames if known and frames else None)
    assert (found.tags.title, found.tags.artist) == (title.strip(), "Ana")
    blocks = list(read_wav_samples(stream, found, block))  # type: ignore[arg-type]
    assert all(0 < part.shape[1] <= block for part in blocks)
    back = np.concatenate([np.zeros((channels, 0), held.dtype), *blocks], axis=1)
    assert back.dtype == encoding.dtype
    np.testing.assert_array_equal(back, held)


@pytest.mark.parametrize(("encoding", "subtype"), [*zip(ENCODINGS, SUBTYPES, strict=True)])
@pytest.mark.parametrize("channels", [1, 2])
def test_libsndfile_reads_what_we_write_and_writes_what_we_read(
    encoding: Encoding, subtype: str, channels: int
) -> None:
    held = samples(encoding, channels, 101)
    tags = Tags("Zażółć", "Łucja", "words")
    data = wav_header(info(encoding, channels, tags=tags), 101) + pack(held, encoding)
    data += bytes(len(data) % 2)
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert (file.subtype, file.frames, file.samplerate) == (subtype, 101, 44100)
        assert (file.title, file.artist, file.comment) == (tags.title, tags.artist, tags.comment)
        np.testing.assert_array_equal(file.read(always_2d=True).T, to_float(held, encoding))
    theirs = io.BytesIO()
    soundfile.write(theirs, to_float(held, encoding).T, 44100, subtype, format="WAV")
    theirs.seek(0)
    found = read_wav_header(theirs, "theirs")
    assert (found.encoding, found.frames) == (encoding, 101)
    np.testing.assert_array_equal(next(read_wav_samples(theirs, found, 200)), held)


def test_the_standard_library_reads_it() -> None:
    data = wav_header(info(PCM24), 10) + pack(samples(PCM24, 2, 10), PCM24)
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getnframes()) == (2, 3, 10)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("tags", [Tags(), Tags("odd"), Tags("even", software="")])
def test_the_header_keeps_its_length(encoding: Encoding, tags: Tags) -> None:
    lengths = {
        len(wav_header(info(encoding, tags=tags), frames, riff_limit=limit))
        for frames in (None, 0, 5, 10**9, 10**12)
        for limit in (100, 2**32 - 2)
    }
    assert len(lengths) == 1


def test_rf64_by_the_letter() -> None:
    """EBU Tech 3306: ds64 comes first and holds the sizes, whose old places hold 0xFFFFFFFF."""
    frames = 2**31
    data = wav_header(info(PCM16), frames)
    assert (data[:4], data[8:12]) == (b"RF64", b"WAVE")
    assert data[4:8] == b"\xff\xff\xff\xff"
    key, size, riff, held, count, table = struct.unpack("<4sIQQQI", data[12:48])
    assert (key, size, held, count, table) == (b"ds64", 28, frames * 4, frames, 0)
    assert riff == len(data) - 8 + held
    assert data[-8:] == b"data\xff\xff\xff\xff"
    found = read_wav_header(io.BytesIO(data), "long")
    assert found.frames == frames


def test_a_wav_of_nearly_4_gb_is_no_rf64() -> None:
    frames = (2**32 - 2 - 200) // 4
    data = wav_header(info(PCM16), frames)
    assert data[:4] == b"RIFF" and data[12:16] == b"JUNK"
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8 + frames * 4
    assert wav_header(info(PCM16), frames + 50)[:4] == b"RF64"


def chunks(*parts: tuple[bytes, bytes]) -> bytes:
    body = b"".join(key + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for key, data in parts)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


PCM = struct.pack("<HHIIHH", 1, 2, 8000, 32000, 4, 16)


def test_chunks_that_say_nothing_to_us_are_passed_over() -> None:
    form = struct.pack("<HHIIHHHHIH", 0xFFFE, 2, 8000, 48000, 6, 20, 22, 20, 3, 1) + bytes(14)
    others = (b"bext", bytes(601)), (b"huge", bytes(1 << 21))
    data = chunks(*others, (b"fmt ", form), (b"data", bytes(12)))
    found = read_wav_header(io.BytesIO(data), "x")
    assert (found.encoding, found.frames) == (Encoding("integer", 24), 2), "the container of 20 bits counts"


@pytest.mark.parametrize("size", [0, 0x7FFFF000 - 44, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF])
def test_sizes_of_programs_that_cannot_know_them(size: int) -> None:
    data = chunks((b"fmt ", PCM)) + b"data" + struct.pack("<I", size) + bytes(range(40))
    stream = io.BytesIO(data)
    found = read_wav_header(stream, "x")
    assert found.frames is None
    assert sum(part.shape[1] for part in read_wav_samples(stream, found, 3)) == 10


def test_a_file_whose_recorder_crashed_is_read_to_its_end(tmp_path: Path) -> None:
    """Its sizes are still 0, as they were when the recording began."""
    path = tmp_path / "take.wav"
    samples = np.arange(-3000, 3000, dtype=np.int16).reshape(-1, 2)
    soundfile.write(path, samples, 44100, "PCM_16")
    data = bytearray(path.read_bytes())
    at = data.index(b"data")
    data[4:8] = data[at + 4 : at + 8] = bytes(4)
    path.write_bytes(data)
    with open_sound(path) as source:
        assert (source.frames, source.sample_rate) == (None, 44100)
        for start in (0, 1, 2999):
            found = np.concatenate(list(source.blocks(700, start)), axis=1)
            np.testing.assert_array_equal(found, samples[start:].T)
    path.write_bytes(data[: at + 8])
    with open_sound(path) as source, pytest.raises(FormatError, match="holds no sound"):
        list(source.blocks(700))


def test_what_follows_the_samples_is_no_sound() -> None:
    stream = io.BytesIO(chunks((b"fmt ", PCM), (b"data", bytes(40)), (b"LIST", b"INFOxxxx")))
    found = read_wav_header(stream, "x")
    assert sum(part.shape[1] for part in read_wav_samples(stream, found, 3)) == 10


def test_a_frame_that_breaks_off_is_left_out() -> None:
    stream = io.BytesIO(chunks((b"fmt ", PCM), (b"data", bytes(40)))[:-2])
    found = read_wav_header(stream, "x")
    assert sum(part.shape[1] for part in read_wav_samples(stream, found, 3)) == 9


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "x: there is nothing in it; give a wav"),
        (b"fLaC" + bytes(100), "x: is no wav; pipe a wav, or name the file instead"),
        (b"RIFF\0\0\0\0AVI " + bytes(100), "is no wav"),
        (b"RIFF\0\0\0\0WAVE", "its header breaks off"),
        (chunks((b"data", bytes(8))), "its header breaks off"),
        (chunks((b"fmt ", PCM[:10])), "its header breaks off"),
        (chunks((b"fmt ", PCM)), "its header breaks off"),
        (chunks((b"fmt ", PCM[:2] + b"\0\0" + PCM[4:])), "says 0 channels at 8000 Hz"),
        (chunks((b"fmt ", b"\x55\0" + PCM[2:])), r"format 85, 16 bits\) that is not read from a pipe"),
        (chunks((b"fmt ", PCM[:12] + b"\0\0\0\0")), "not read from a pipe"),
    ],
)
def test_what_is_no_wav_is_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises((FormatError, UnsupportedError), match=sentence):
        read_wav_header(io.BytesIO(data), "x")
    assert stated_header(io.BytesIO(data)) is None


@settings(max_examples=200)
@given(st.binary(max_size=60), st.integers(0, 90), st.binary(max_size=8))
def test_any_damage_is_a_sentence_or_sound(noise: bytes, at: int, patch: bytes) -> None:
    whole = chunks((b"fmt ", PCM), (b"LIST", b"INFOINAM\4\0\0\0abc\0"), (b"data", bytes(24)))
    for data in (b"RIFF\0\0\0\0WAVE" + noise, whole[:at], whole[:at] + patch + whole[at + len(patch) :]):
        stream = io.BytesIO(data)
        with contextlib.suppress(CanzonaError):
            found = read_wav_header(stream, "x")
            for part in read_wav_samples(stream, found, 7):
                assert part.shape[0] == found.channels


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_bytes_and_samples(encoding: Encoding) -> None:
    held = samples(encoding, 2, 33)
    data = pack(held, encoding)
    assert len(data) == 33 * 2 * encoding.bits // 8
    np.testing.assert_array_equal(unpack(data, 2, encoding), held)
    assert pack(unpack(data, 2, encoding), encoding) == data


def test_eight_bits_are_unsigned_in_the_file() -> None:
    assert pack(np.array([[-128, 0, 127]], np.int32), PCM8) == b"\x00\x80\xff"


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_words_of_old_programs_are_read_too(tmp_path: Path, encoding: str) -> None:
    word = "Stück für Łucja" if encoding == "utf-8" else "Stück für José"
    held = word.encode(encoding) + b"\0" * (2 - len(word.encode(encoding)) % 2)
    info = b"INFOINAM" + struct.pack("<I", len(held)) + held
    data = chunks((b"fmt ", PCM), (b"LIST", info), (b"data", bytes(24)))
    assert read_wav_header(io.BytesIO(data), "").tags.title == word
    (tmp_path / "song.wav").write_bytes(data)
    with open_sound(tmp_path / "song.wav") as source:
        assert source.tags.title == word
