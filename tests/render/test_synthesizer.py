"""The small synthesizer, by numbers: pitch, onsets, clicks, silence, level, time."""

from __future__ import annotations

import numpy as np
import pytest

from canzona.audio import integrated_loudness, true_peak
from canzona.render.instruments import INSTRUMENTS, Blown, Player
from canzona.render.level import levelled
from canzona.render.performance import Sounding
from canzona.render.synthesizer import BLOCK, TAIL_SECONDS, length_of, synthesize
from pace import within

RATE = 44100
names = pytest.mark.parametrize("name", INSTRUMENTS)


def played(notes: list[Sounding], name: str, rate: int = RATE) -> np.ndarray:
    return np.concatenate(list(synthesize(notes, INSTRUMENTS[name], rate)), axis=1)


def tone(name: str, pitch: float = 69, seconds: float = 1.0, velocity: float = 0.7) -> np.ndarray:
    return Player(INSTRUMENTS[name], RATE).sound(Sounding(0.0, seconds, pitch, velocity))


def scale(count: int = 8, step: float = 0.5) -> list[Sounding]:
    return [Sounding(place * step, step * 0.96, 60 + 2 * place, 0.7) for place in range(count)]


@names
@pytest.mark.parametrize("pitch", [48, 60.5, 69, 84])
def test_a_tone_has_its_pitch(name: str, pitch: float) -> None:
    wave = tone(name, pitch, 1.5)[: RATE * 3 // 2]
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 1 << 18))
    fundamental = 440 * 2 ** ((pitch - 69) / 12)
    bins = np.arange(len(spectrum)) * RATE / (1 << 18)
    near = (bins > fundamental * 0.94) & (bins < fundamental * 1.06)
    found = bins[near][np.argmax(spectrum[near])]
    assert 1200 * np.log2(found / fundamental) == pytest.approx(0, abs=8)
    assert spectrum[near].max() > 0.05 * spectrum.max()


@names
def test_tones_begin_and_end_at_zero_without_a_click(name: str) -> None:
    wave = tone(name)
    steepest = np.abs(np.diff(wave)).max()
    assert abs(wave[0]) < 1e-3
    assert abs(wave[-1]) < 1e-3 * np.abs(wave).max()
    end = RATE
    around = np.abs(np.diff(wave, 2))[end - 30 : end + 30].max()
    before = np.abs(np.diff(wave, 2))[end - 2000 : end - 100].max()
    assert around <= 1.1 * before + 1e-6, "the release bends the wave no more than the tone itself"
    assert steepest < 0.6


@names
def test_onsets_are_exact_to_the_sample(name: str) -> None:
    early, late = (played([Sounding(onset, 0.5, 69, 0.7)], name) for onset in (0.0, 0.25))
    shift = round(0.25 * RATE)
    if not isinstance(INSTRUMENTS[name], Blown):  # breath noise differs from note to note
        assert np.allclose(late[:, shift : shift + 20000], early[:, :20000], atol=1e-6)
    assert np.abs(late[:, : shift - 1]).max() < 1e-6, "nothing sounds before a note"
    assert np.abs(late[:, shift : shift + 4410]).max() > 0.02


@names
def test_louder_is_louder(name: str) -> None:
    soft, loud = (np.sqrt(np.mean(tone(name, velocity=velocity) ** 2)) for velocity in (0.3, 0.9))
    assert loud > 1.8 * soft


@pytest.mark.parametrize("name", ["plucked", "piano", "harp"])
def test_a_hard_stroke_is_brighter(name: str) -> None:
    def centroid(wave: np.ndarray) -> float:
        spectrum = np.abs(np.fft.rfft(wave))
        return float((spectrum * np.fft.rfftfreq(len(wave), 1 / RATE)).sum() / spectrum.sum())

    assert centroid(tone(name, velocity=0.9)) > centroid(tone(name, velocity=0.3))


@names
def test_instruments_sound_unlike_one_another(name: str) -> None:
    def colour(other: str) -> np.ndarray:
        spectrum = np.abs(np.fft.rfft(tone(other)[:RATE]))[:8800].reshape(-1, 220).sum(axis=1)
        return np.asarray(spectrum / np.linalg.norm(spectrum))

    others = [other for other in INSTRUMENTS if other != name]
    assert max(float(colour(name) @ colour(other)) for other in others) < 0.999


def test_blocks_do_not_show_in_the_sound() -> None:
    notes = scale(12, 0.4)
    whole = played(notes, "flute")
    edges = range(BLOCK, whole.shape[1] - 100, BLOCK)
    bend = np.abs(np.diff(whole, 2, axis=1)).max(axis=0)
    for edge in edges:
        assert bend[edge - 3 : edge + 2].max() <= bend[edge - 2000 : edge + 2000].max()
    assert whole.shape == (2, length_of(notes, RATE))
    assert whole.dtype == np.float32


def test_the_end_is_silent_and_the_tail_as_long_as_said() -> None:
    notes = scale(2)
    whole = played(notes, "organ")
    assert whole.shape[1] == round((0.5 + 0.48 + TAIL_SECONDS) * RATE)
    assert np.abs(whole[:, -10:]).max() < 1e-4
    assert np.abs(whole[:, -RATE // 4 :]).max() < 0.02


def test_sound_has_no_offset_and_two_ears() -> None:
    whole = played(scale(), "harp")
    assert abs(whole.mean()) < 1e-3
    correlation = np.corrcoef(whole)[0, 1]
    assert 0.5 < correlation < 0.9999


def test_the_same_notes_make_the_same_samples() -> None:
    assert np.array_equal(played(scale(), "flute"), played(scale(), "flute"))


@pytest.mark.parametrize("rate", [8000, 22050, 48000, 96000])
def test_other_rates_sound_at_the_same_pitch(rate: int) -> None:
    wave = played([Sounding(0.0, 1.0, 69, 0.7)], "plucked", rate)[0, :rate]
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(rate)))
    assert np.argmax(spectrum[300:600]) + 300 == pytest.approx(440, abs=1)


def test_an_endless_note_runs_out_of_breath() -> None:
    assert len(tone("flute", seconds=1000)) < 21 * RATE
    assert len(tone("plucked", seconds=1000)) < 33 * RATE


@names
def test_levelled_sound_is_at_sixteen_and_under_the_ceiling(name: str) -> None:
    notes = scale(12, 0.3)
    whole = np.concatenate(list(levelled(lambda: synthesize(notes, INSTRUMENTS[name], RATE), RATE)), axis=1)
    assert integrated_loudness(whole, RATE) == pytest.approx(-16, abs=0.5)
    assert true_peak(whole) < 10 ** (-1 / 20)


def test_thirty_seconds_take_well_under_one() -> None:
    notes = scale(16, 30 / 16)
    with within(3):  # 0.4 s on an idle core
        list(levelled(lambda: synthesize(notes, INSTRUMENTS["plucked"], RATE), RATE))
