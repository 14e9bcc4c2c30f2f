"""Names of formats, and what each can hold."""

from __future__ import annotations

import pytest

from canzona.audio.encoding import LOSSY, Encoding
from canzona.audio.formats import FORMAT_NAMES, SoundFormat, sound_format
from canzona.errors import UnsupportedError, UsageError

PCM16, PCM24, PCM32 = (Encoding("integer", bits) for bits in (16, 24, 32))
FLOAT = Encoding("float", 32)


@pytest.mark.parametrize(
    ("name", "kind", "encoding"),
    [
        ("wav8", "wav", Encoding("integer", 8)),
        ("WAV24", "wav", PCM24),
        ("wav32", "wav", PCM32),
        ("wav32f", "wav", FLOAT),
        ("wav64f", "wav", Encoding("float", 64)),
        (".flac16", "flac", PCM16),
        ("flac8", "flac", Encoding("integer", 8)),
        (" ogg ", "ogg", LOSSY),
        ("mp3", "mp3", LOSSY),
    ],
)
def test_names(name: str, kind: str, encoding: Encoding) -> None:
    assert sound_format(name, PCM16) == SoundFormat(kind, encoding)  # type: ignore[arg-type]
    assert sound_format(name).suffix == f".{kind}"


@pytest.mark.parametrize("name", FORMAT_NAMES)
def test_each_name_that_is_offered_is_known(name: str) -> None:
    assert name.startswith(sound_format(name, PCM16).kind)


@pytest.mark.parametrize("source", [PCM16, PCM24, PCM32, FLOAT, Encoding("float", 64)])
def test_a_bare_wav_holds_the_source_exactly(source: Encoding) -> None:
    assert sound_format("wav", source).encoding == source


def test_bare_names_for_other_sources() -> None:
    assert sound_format("flac", PCM24).encoding == PCM24
    assert sound_format("wav", LOSSY).encoding == FLOAT
    assert sound_format("flac", LOSSY).encoding == PCM24
    for source, word in ((PCM32, "32-bit integers"), (FLOAT, "32-bit floats")):
        with pytest.raises(UnsupportedError, match=f"flac holds no {word}; choose wav"):
            sound_format("flac", source)


def test_bit_rates() -> None:
    assert sound_format("mp3-192") == SoundFormat("mp3", LOSSY, 192)
    for name in ("mp3-16", "mp3-999"):
        with pytest.raises(UsageError, match="an mp3 has 64 to 320"):
            sound_format(name)
    with pytest.raises(UsageError, match="cannot be chosen for wav"):
        SoundFormat("wav", PCM16, 128)


@pytest.mark.parametrize("name", ["", "aiff", "wav12", "wavf", "flac32", "mp3-", "mp3-x", "ogg-128"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="choose wav, wav8"):
        sound_format(name)


@pytest.mark.parametrize(
    ("kind", "encoding"), [("flac", PCM32), ("flac", FLOAT), ("wav", LOSSY), ("ogg", PCM16), ("mp3", FLOAT)]
)
def test_what_a_kind_cannot_hold(kind: str, encoding: Encoding) -> None:
    with pytest.raises(UsageError, match=f"{kind} holds no samples"):
        SoundFormat(kind, encoding)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "rate"), [("mp3", 96000), ("mp3", 44000), ("ogg", 400000), ("flac", 700000)]
)
def test_rates_that_a_kind_cannot_hold(name: str, rate: int) -> None:
    with pytest.raises(UnsupportedError, match=rf"at {rate} Hz; .*write a wav"):
        sound_format(name).require_rate(rate)
    sound_format("wav").require_rate(rate)
