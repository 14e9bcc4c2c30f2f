"""Sound files: what is written is read again, with its tags, and is the same each time."""

from __future__ import annotations

import io
import itertools
import struct
import wave

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.audio import AUDIO_SUFFIXES, Tags, encode_audio
from canzona.errors import UnsupportedError, UsageError

RATE = 44100
TAGS = Tags("Zażółć", "Łucja", '{"seed":5,"version":"0.1.0"}')


def sound(samples: int = 22050, channels: int = 2) -> np.ndarray:
    wave = np.sin(2 * np.pi * 440 * np.arange(samples) / RATE)
    return np.stack([wave * 0.5, wave * -0.25][:channels])


def encode(signal: np.ndarray, **options: object) -> bytes:
    options = {
        "samples": signal.shape[1],
        "sample_rate": RATE,
        "channels": signal.shape[0],
        "tags": TAGS,
    } | options
    return encode_audio([signal], **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "bits", "error"),
    [("wav", 16, 2e-5), ("wav", 24, 1e-6), (".FLAC", 16, 3.1e-5), ("flac", 24, 1e-6)],
)
def test_lossless_kinds_give_the_samples_back(kind: str, bits: int, error: float) -> None:
    read, rate = soundfile.read(io.BytesIO(encode(sound(), kind=kind, bits=bits)), always_2d=True)
    assert rate == RATE
    assert read.T.shape == (2, 22050)
    # A reader divides by 2^(bits-1), we multiply by one less.
    assert np.abs(read.T - sound()).max() < error + 2.0 ** (1 - bits)


@pytest.mark.parametrize("kind", ["ogg", "mp3"])
def test_lossy_kinds_keep_length_and_wave(kind: str) -> None:
    read, _ = soundfile.read(io.BytesIO(encode(sound(), kind=kind)), always_2d=True)
    assert abs(len(read) - 22050) < 2400
    assert np.abs(read[2000:20000, 0]).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("suffix", AUDIO_SUFFIXES)
def test_tags_stand_in_the_file(suffix: str) -> None:
    with soundfile.SoundFile(io.BytesIO(encode(sound(), kind=suffix))) as file:
        assert (file.title, file.artist, file.comment) == (TAGS.title, TAGS.artist, TAGS.comment)


@pytest.mark.parametrize("suffix", AUDIO_SUFFIXES)
def test_the_same_sound_gives_the_same_bytes(suffix: str) -> None:
    assert encode(sound(), kind=suffix) == encode(sound(), kind=suffix)


def test_ogg_pages_have_sound_checksums() -> None:
    first, second = (encode(sound(), kind="ogg", tags=Tags(comment=word)) for word in ("a", "b"))
    assert first[14:18] != second[14:18], "streams of other tags have other numbers"
    soundfile.read(io.BytesIO(first))


def test_a_wav_is_one_by_the_standard_library_too() -> None:
    with wave.open(io.BytesIO(encode(sound(22051, 1), bits=24))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes()) == (
            1,
            3,
            RATE,
            22051,
        )


@pytest.mark.parametrize("tags", [Tags(), Tags(title="odd"), Tags(title="even"), Tags(comment="a\0b")])
def test_riff_sizes_add_up(tags: Tags) -> None:
    data = encode(sound(101, 1), bits=24, tags=tags)
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    at = 12
    while at < len(data):
        size = struct.unpack("<I", data[at + 4 : at + 8])[0]
        at += 8 + size + size % 2
    assert at == len(data)


def test_too_loud_is_clipped_and_not_wrapped() -> None:
    read, _ = soundfile.read(io.BytesIO(encode(np.array([[2.0, -2.0, 0.0]]))))
    assert read[0] > 0.99
    assert read[1] <= -1.0


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3000), max_size=5), st.sampled_from([16, 24]))
def test_blocks_of_any_size_make_the_same_file(sizes: list[int], bits: int) -> None:
    signal = sound(5000)
    cuts = [0, *np.minimum(np.cumsum(sizes, dtype=int), 5000).tolist(), 5000]
    blocks = [signal[:, begin:end] for begin, end in itertools.pairwise(cuts)]
    data = encode_audio(blocks, samples=5000, sample_rate=RATE, bits=bits, tags=TAGS)
    assert data == encode(signal, bits=bits)


@pytest.mark.parametrize("options", [{"kind": "aiff"}, {"bits": 8}, {"kind": ""}])
def test_unknown_kinds_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError) as error:
        encode(sound(10), **options)
    assert error.value.hint


def test_what_a_kind_cannot_hold_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="96000"):
        encode(sound(10), kind="mp3", sample_rate=96000)
    with pytest.raises(UnsupportedError, match="4 GB"):
        encode(sound(10), samples=1 << 31)
