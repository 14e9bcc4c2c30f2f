"""Every kind of sound file at every rate, as libsndfile, the standard library and ffmpeg read it."""

from __future__ import annotations

import io
import json
import shutil
import struct
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.audio import AUDIO_SUFFIXES, Tags, encode_audio
from canzona.errors import UnsupportedError, UsageError

KINDS = [suffix.removeprefix(".") for suffix in AUDIO_SUFFIXES]
LOSSLESS = [("wav", 16), ("wav", 24), ("flac", 16), ("flac", 24)]
RATES = (8000, 11025, 16000, 22050, 32000, 44100, 48000)

every_kind = pytest.mark.parametrize("kind", KINDS)


def sine(rate: int = 44100, seconds: float = 0.5, frequency: float = 440.0, level: float = 0.5) -> np.ndarray:
    """Stereo, the right ear a fifth higher and softer; shape (2, samples)."""
    time = np.arange(round(rate * seconds)) / rate
    left = np.sin(2 * np.pi * frequency * time)
    return np.stack([level * left, level / 2 * np.sin(2 * np.pi * 1.5 * frequency * time)])


def encoded(signal: np.ndarray, kind: str, rate: int = 44100, **options: object) -> bytes:
    return encode_audio(
        [signal], samples=signal.shape[1], sample_rate=rate, channels=signal.shape[0], kind=kind, **options
    )  # type: ignore[arg-type]


def decoded(data: bytes) -> tuple[np.ndarray, int]:
    """Samples of shape (channels, n), and the rate."""
    samples, rate = soundfile.read(io.BytesIO(data), always_2d=True)
    return samples.T, rate


def strongest(wave_form: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(wave_form * np.hanning(len(wave_form))))
    return float(np.argmax(spectrum) * rate / len(wave_form))


@every_kind
@pytest.mark.parametrize("rate", RATES)
def test_rate_length_channels_and_pitch_come_back(kind: str, rate: int) -> None:
    signal = sine(rate)
    samples, found = decoded(encoded(signal, kind, rate))
    assert found == rate
    assert samples.shape == signal.shape
    assert strongest(samples[0], rate) == pytest.approx(440, abs=3)
    assert strongest(samples[1], rate) == pytest.approx(660, abs=3)
    level = np.sqrt(np.mean(samples**2, axis=1)) / np.sqrt(np.mean(signal**2, axis=1))
    assert level == pytest.approx([1, 1], abs=0.06)


@every_kind
def test_one_channel_stays_one(kind: str) -> None:
    samples, _ = decoded(encoded(sine()[:1], kind))
    assert samples.shape == (1, 22050)


@pytest.mark.parametrize(("kind", "bits"), LOSSLESS)
def test_steps_of_a_lossless_kind_are_exact(kind: str, bits: int) -> None:
    """Whole steps of the scale come back as the integers that they are."""
    steps = np.array([[0, 1, -1, 2, 1000, -1000, 32767, -32767, 32766, 5]])
    full = 2 ** (bits - 1) - 1
    signal = steps / full if bits == 24 else steps / 32767
    data = encoded(signal, kind, bits=bits)
    found, _ = soundfile.read(io.BytesIO(data), dtype="int32", always_2d=True)
    assert (found[:, 0] >> (32 - bits)).tolist() == steps[0].tolist()


@pytest.mark.parametrize(("kind", "bits"), LOSSLESS)
def test_the_subtype_says_the_bits(kind: str, bits: int) -> None:
    info = soundfile.info(io.BytesIO(encoded(sine(), kind, bits=bits)))
    assert info.subtype == f"PCM_{bits}"
    assert info.format == kind.upper()


def test_lossy_kinds_name_their_codec() -> None:
    assert soundfile.info(io.BytesIO(encoded(sine(), "ogg"))).subtype == "VORBIS"
    assert soundfile.info(io.BytesIO(encoded(sine(), "mp3"))).subtype == "MPEG_LAYER_III"


def test_noise_of_rounding_is_that_of_the_bits() -> None:
    signal = sine(level=0.9)
    for kind, bits in LOSSLESS:
        error = (
            decoded(encoded(signal, kind, bits=bits))[0] * 2 ** (bits - 1) / (2 ** (bits - 1) - 1) - signal
        )
        assert 20 * np.log10(np.sqrt(np.mean(error**2))) == pytest.approx(-6.02 * bits - 4.77, abs=1.5)


@every_kind
def test_full_scale_does_not_wrap_around(kind: str) -> None:
    """A sine of twice full scale is a flattened sine: its sign never changes where it should not."""
    signal = sine(frequency=100, level=2.0)
    samples, _ = decoded(encoded(signal, kind))
    strong = np.abs(signal[0]) > 1.2
    assert (np.sign(samples[0][strong]) == np.sign(signal[0][strong])).mean() > 0.999
    assert np.abs(samples[0]).max() > 0.95


@every_kind
def test_silence_is_silent(kind: str) -> None:
    samples, _ = decoded(encoded(np.zeros((2, 5000)), kind))
    assert np.abs(samples).max() < 1e-4


@every_kind
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(kind: str, value: float) -> None:
    signal = np.zeros((2, 3000))
    signal[1, 1234] = value
    with pytest.raises(UnsupportedError, match="no numbers"):
        encoded(signal, kind)


@every_kind
@pytest.mark.parametrize(
    ("shapes", "options"),
    [
        ([(1, 10)], {"channels": 2, "samples": 10}), ([(2, 10)], {"channels": 1, "samples": 10}),
        ([(3, 10)], {"channels": 3, "samples": 10}), ([(0, 10)], {"channels": 0, "samples": 10}),
        ([(10,)], {"channels": 1, "samples": 10}), ([(2, 10), (1, 10)], {"channels": 2, "samples": 20}),
        ([(2, 10)], {"channels": 2, "samples": 11}), ([(2, 10), (2, 4)], {"channels": 2, "samples": 10}),
        ([], {"channels": 2, "samples": 5}),
    ],
    ids=str,
)  # fmt: skip
def test_blocks_that_are_not_what_was_said_are_refused(
    kind: str, shapes: list[tuple[int, ...]], options: dict[str, int]
) -> None:
    with pytest.raises(UsageError):
        encode_audio(map(np.zeros, shapes), sample_rate=44100, kind=kind, **options)


def test_a_rate_of_no_mp3_is_refused_with_one_that_is() -> None:
    for rate in (12345, 88200, 96000):
        with pytest.raises(UnsupportedError, match=f"{rate} Hz; use 44100 or 48000"):
            encoded(sine(), "mp3", rate)


@pytest.mark.parametrize("rate", [12345, 88200, 96000])
@pytest.mark.parametrize("kind", ["wav", "flac", "ogg"])
def test_the_others_take_any_rate(kind: str, rate: int) -> None:
    assert decoded(encoded(sine(rate, 0.1), kind, rate))[1] == rate


@every_kind
@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("Żółć", "Żółć"), ("曲 🎵", "曲 🎵"), ("two\nlines", "two\nlines"), ("=", "="), ("a\0b", "a b"),
        ("half\ud800", "half?"), ("x" * 400, "x" * 400), (" blanks ", None),
    ],
    ids=["Polish", "beyond", "lines", "an equals sign", "a NUL", "half a pair", "long", "blanks"],
)  # fmt: skip
def test_titles_of_any_kind(kind: str, words: str, read: str | None) -> None:
    with soundfile.SoundFile(io.BytesIO(encoded(sine(), kind, tags=Tags(title=words)))) as file:
        assert (file.title == read) if read else (file.title.strip() == words.strip())
        assert file.artist == ""


@every_kind
def test_a_long_comment_is_kept(kind: str) -> None:
    line = json.dumps({"options": {str(n): "x" * 20 for n in range(150)}})
    data = encoded(sine(), kind, tags=Tags(comment=line))
    assert line.encode() in data.replace(b"\0", b"") or soundfile.SoundFile(io.BytesIO(data)).comment == line
    assert decoded(data)[0].shape == (2, 22050)


@every_kind
def test_no_tags_no_words(kind: str) -> None:
    with soundfile.SoundFile(io.BytesIO(encoded(sine(), kind, tags=Tags(software="")))) as file:
        assert (file.title, file.artist, file.comment) == ("", "", "")


def test_a_wav_by_the_standard_library() -> None:
    """16 bits, an odd number of bytes of data and of words."""
    signal = sine(8000, 0.2)[:1, :801]
    with wave.open(io.BytesIO(encoded(signal, "wav", 8000, tags=Tags("odd")))) as file:
        assert file.getparams()[:4] == (1, 2, 8000, 801)
        found = np.frombuffer(file.readframes(801), "<i2")
    assert np.abs(found / 32767 - signal[0]).max() <= 0.5 / 32767 + 1e-9


def test_chunks_of_a_wav_lie_on_even_places() -> None:
    data = encoded(sine(8000, 0.1)[:1, :333], "wav", 8000, bits=24, tags=Tags("odd", "even", "c"))
    at, names = 12, []
    while at < len(data):
        assert at % 2 == 0
        names.append(data[at : at + 4])
        size = struct.unpack("<I", data[at + 4 : at + 8])[0]
        at += 8 + size + size % 2
    assert names == [b"fmt ", b"LIST", b"data"]
    assert at == len(data)


def test_flac_and_ogg_begin_with_their_marks() -> None:
    assert encoded(sine(), "flac")[:4] == b"fLaC"
    assert encoded(sine(), "ogg")[:4] == b"OggS"
    assert encoded(sine(), "mp3")[:3] == b"ID3" or encoded(sine(), "mp3")[0] == 0xFF


def test_smaller_kinds_are_smaller() -> None:
    sizes = {kind: len(encoded(sine(seconds=2), kind)) for kind in KINDS}
    assert sizes["flac"] < sizes["wav"]
    assert sizes["ogg"] < sizes["wav"] / 3
    assert sizes["mp3"] < sizes["wav"] / 3


@settings(max_examples=10)
@given(st.integers(1, 3000), st.sampled_from(["wav", "flac"]), st.integers(0, 2**32 - 1))
def test_noise_of_any_length_comes_back(samples: int, kind: str, seed: int) -> None:
    signal = np.random.default_rng(seed).uniform(-1, 1, (2, samples))
    found, _ = decoded(encoded(signal, kind))
    assert found.shape == signal.shape
    assert np.abs(found - signal).max() <= 1.5 * 2.0**-15, "rounding, and a scale of one step less"


@pytest.fixture
def ffmpeg() -> str:
    found = shutil.which("ffmpeg")
    if found is None:
        pytest.skip("ffmpeg is not installed")
    return found


@every_kind
@pytest.mark.parametrize("rate", [22050, 48000])
def test_ffmpeg_hears_the_same(ffmpeg: str, tmp_path: Path, kind: str, rate: int) -> None:
    path = tmp_path / f"sound.{kind}"
    path.write_bytes(encoded(sine(rate), kind, rate))
    command = [ffmpeg, "-v", "error", "-i", str(path), "-f", "f32le", "-acodec", "pcm_f32le", "-"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert done.stderr == b"", "no complaint"
    found = np.frombuffer(done.stdout, "<f4").reshape(-1, 2).T
    ours = decoded(path.read_bytes())[0]
    assert abs(found.shape[1] - ours.shape[1]) <= 2400
    assert strongest(found[0], rate) == pytest.approx(440, abs=4)
    if kind in ("wav", "flac"):
        assert np.abs(found - ours).max() < 1e-6
