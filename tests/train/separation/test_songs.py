"""A song as the sum of its stems, at any rate."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from canzona.errors import CanzonaError, FormatError, UsageError
from canzona.train.separation.songs import Stem, StemSong
from stem_sets import noise, tone, write_sound

LONG, SHORT = 30000, 22000


def song_of(*stems: Stem, layout: str = "plain") -> StemSong:
    return StemSong("song", stems[0].path.parent, layout, "", stems)


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> StemSong:
    """Two synths, a bass in mono, drums that end before the others; all at 44.1 kHz."""
    folder = tmp_path_factory.mktemp("song")
    sounds = {"synth": noise(1, LONG), "synth-2": noise(2, LONG), "bass": noise(3, LONG)[:1]}
    sounds["drums"] = noise(4, SHORT)
    stems = [
        Stem(name, name.partition("-")[0], write_sound(folder / f"{name}.wav", signal))
        for name, signal in sounds.items()
    ]
    return song_of(*stems)


@pytest.fixture(scope="module")
def mixed_rates(tmp_path_factory: pytest.TempPathFactory) -> StemSong:
    """Stems at 48, 44.1 and 22.05 kHz, of several kinds."""
    folder = tmp_path_factory.mktemp("rates")
    parts = {"synth": (48000, "flac"), "bass": (44100, "wav"), "drums": (22050, "ogg")}
    stems = [
        Stem(name, name, write_sound(folder / f"{name}.{kind}", noise(rate, rate), rate))
        for name, (rate, kind) in parts.items()
    ]
    return song_of(*stems)


def test_a_class_is_the_sum_of_its_stems(song: StemSong) -> None:
    synth = song.read("synth")
    assert synth.shape == (2, LONG)
    assert synth.dtype == np.float32
    assert np.array_equal(synth, noise(1, LONG) + noise(2, LONG))


def test_all_classes_make_the_mixture(song: StemSong) -> None:
    mixture = song.read()
    assert np.allclose(sum(song.read(name) for name in song.classes), mixture, atol=1e-6)
    expected = noise(1, LONG) + noise(2, LONG) + noise(3, LONG)[:1]
    expected[:, :SHORT] += noise(4, SHORT)
    assert np.allclose(mixture, expected, atol=1e-6)


def test_a_shorter_stem_is_silent_at_the_end(song: StemSong) -> None:
    drums = song.read("drums")
    assert drums.shape == (2, LONG)
    assert np.array_equal(drums[:, :SHORT], noise(4, SHORT))
    assert not drums[:, SHORT:].any()


def test_a_missing_class_is_silent(song: StemSong) -> None:
    assert song.classes == {"synth", "bass", "drums"}
    assert song.read("vocals").shape == (2, LONG)
    assert not song.read("vocals").any()


def test_one_stem_is_as_long_as_the_song(song: StemSong) -> None:
    assert np.array_equal(song.read_stem(song.stems[1]), noise(2, LONG))
    assert song.read_stem(song.stems[3]).shape == (2, LONG)


def test_every_stem_is_brought_to_the_rate_by_itself(tmp_path: Path) -> None:
    """The same tone at three rates: what comes out is three times the tone, away from the ends."""
    stems = [
        Stem(
            str(rate), "synth", write_sound(tmp_path / f"{rate}.wav", tone(1000, seconds=1, rate=rate), rate)
        )
        for rate in (22050, 44100, 96000)
    ]
    song = song_of(*stems)
    for rate in (16000, 44100, 48000):
        inner = slice(rate // 10, -rate // 10)
        expected = 3 * tone(1000, seconds=1, rate=rate)
        assert song.length(rate) == rate
        assert np.allclose(song.read(sample_rate=rate)[:, inner], expected[:, inner], atol=2e-4)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_the_length_is_that_of_what_is_read(song: StemSong, rate: int) -> None:
    assert song.length(rate) == round(LONG * rate / 44100)
    assert song.read(None, rate).shape == (2, song.length(rate))


@pytest.mark.parametrize("rate", [44100, 48000, 32000, 44099])
def test_stems_of_several_rates_and_kinds_are_of_one_length(mixed_rates: StemSong, rate: int) -> None:
    sounds = [mixed_rates.read(name, rate) for name in (None, "synth", "bass", "drums")]
    assert {sound.shape for sound in sounds} == {(2, rate)}
    assert np.allclose(sum(sounds[1:]), sounds[0], atol=1e-6)


@pytest.mark.parametrize("rate", [0, -44100, 10**9])
def test_rates_that_make_no_sense(song: StemSong, rate: int) -> None:
    with pytest.raises(UsageError):
        song.read("synth", rate)


def test_a_stem_that_has_gone_is_named(tmp_path: Path) -> None:
    there = Stem("bass", "bass", write_sound(tmp_path / "bass.wav", noise(1, 100)))
    song = song_of(there, Stem("synth", "synth", tmp_path / "synth.wav"))
    with pytest.raises(FormatError, match=r"synth\.wav: cannot be read: no such file"):
        song.read("bass")


def test_a_stem_without_samples_is_silent(tmp_path: Path) -> None:
    empty = Stem("synth", "synth", write_sound(tmp_path / "synth.wav", np.zeros((2, 0), np.float32)))
    full = Stem("bass", "bass", write_sound(tmp_path / "bass.wav", noise(1, 100)))
    assert not song_of(empty, full).read("synth").any()
    assert song_of(empty).read().shape == (2, 0)


def test_errors_are_ours(tmp_path: Path) -> None:
    folder = tmp_path / "synth.wav"
    folder.mkdir()
    with pytest.raises(CanzonaError):
        song_of(Stem("synth", "synth", folder)).read()
