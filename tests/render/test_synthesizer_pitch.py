"""The instruments by ear, in numbers: each octave in tune, decays, envelopes, loudness, no aliasing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from canzona.audio import integrated_loudness, true_peak
from canzona.render import render_sound
from canzona.render.instruments import INSTRUMENTS, Blown, Player, Struck
from canzona.render.level import levelled
from canzona.render.performance import Sounding
from canzona.render.synthesizer import TAIL_SECONDS, synthesize
from canzona.score import Tune
from melodies import melody

RATE = 44100
OCTAVES = (36, 48, 60, 72, 84, 96)
"""C2 to C7."""

names = pytest.mark.parametrize("name", INSTRUMENTS)
struck = pytest.mark.parametrize("name", [n for n, i in INSTRUMENTS.items() if isinstance(i, Struck)])
blown = pytest.mark.parametrize("name", [n for n, i in INSTRUMENTS.items() if isinstance(i, Blown)])


def frequency(pitch: float) -> float:
    return float(440 * 2 ** ((pitch - 69) / 12))


def tone(
    name: str, pitch: float, seconds: float = 1.0, velocity: float = 0.7, rate: int = RATE
) -> np.ndarray:
    return Player(INSTRUMENTS[name], rate).sound(Sounding(0.0, seconds, pitch, velocity))


def partial(wave: np.ndarray, near: float, rate: int = RATE, width: float = 0.04) -> tuple[float, float]:
    """Frequency and strength of the strongest partial near a frequency, between the bins by a parabola."""
    size = 1 << 18
    spectrum = np.abs(np.fft.rfft(wave * np.blackman(len(wave)), size))
    bins = np.arange(len(spectrum)) * rate / size
    inside = np.nonzero((bins > near * (1 - width)) & (bins < near * (1 + width)))[0]
    top = inside[np.argmax(spectrum[inside])]
    left, middle, right = np.log(spectrum[top - 1 : top + 2] + 1e-30)
    shift = 0.5 * (left - right) / (left - 2 * middle + right)
    return float((top + shift) * rate / size), float(spectrum[top])


def cents(found: float, wanted: float) -> float:
    return float(1200 * np.log2(found / wanted))


def levels(wave: np.ndarray, hop: float = 0.05, rate: int = RATE) -> np.ndarray:
    """Level in dB of stretches of `hop` seconds."""
    size = round(hop * rate)
    parts = wave[: len(wave) // size * size].reshape(-1, size)
    return np.asarray(10 * np.log10(np.square(parts).mean(axis=1) + 1e-12))


@names
@pytest.mark.parametrize("pitch", OCTAVES)
def test_every_octave_is_in_tune_within_five_cents(name: str, pitch: int) -> None:
    wave = tone(name, pitch, 1.2)[: round(1.2 * RATE)]
    found, _ = partial(wave, frequency(pitch))
    assert cents(found, frequency(pitch)) == pytest.approx(0, abs=5)


@names
@pytest.mark.parametrize("fifth", [0.25, 0.5, -0.5, 4 / 9])
def test_microtones_lie_between_the_keys(name: str, fifth: float) -> None:
    wave = tone(name, 69 + fifth, 1.2)[: round(1.2 * RATE)]
    found, _ = partial(wave, frequency(69 + fifth), width=0.02)
    assert cents(found, 440) == pytest.approx(100 * fifth, abs=5)


@struck
def test_strings_stretch_their_partials_and_never_flatten_them(name: str) -> None:
    if INSTRUMENTS[name].ratios:  # type: ignore[union-attr]
        pytest.skip("a bar has no harmonic partials")
    wave = tone(name, 48, 1.0)
    stretched = [cents(partial(wave, n * frequency(48), width=0.03)[0], n * frequency(48)) for n in (2, 3, 4)]
    assert all(-3 < stretch < 40 for stretch in stretched)


@blown
def test_pipes_have_harmonic_partials(name: str) -> None:
    wave = tone(name, 57, 1.0)
    for number in (1, 2, 3):
        found, strength = partial(wave, number * frequency(57), width=0.03)
        assert cents(found, number * frequency(57)) == pytest.approx(0, abs=8)
        assert strength > 0


@names
def test_the_lowest_partial_carries_the_pitch(name: str) -> None:
    """Nothing sounds below the fundamental that could be taken for the note."""
    wave = tone(name, 69, 1.0)[:RATE]
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    assert spectrum[20:400].max() < 0.05 * spectrum.max()


@struck
def test_struck_tones_decay_and_do_not_swell(name: str) -> None:
    found = levels(tone(name, 60, 3.0)[: 3 * RATE], hop=0.25)
    assert all(after < before + 0.5 for before, after in itertools.pairwise(found[1:]))
    assert found[-1] < found[1] - 8


@struck
def test_high_strings_fade_sooner(name: str) -> None:
    def lost(pitch: float) -> float:
        found = levels(tone(name, pitch, 2.0)[: 2 * RATE], hop=0.25)
        return float(found[1] - found[-1])

    assert lost(84) > lost(48) + 3


@struck
def test_the_treble_of_a_tone_fades_before_its_bass(name: str) -> None:
    def centre(wave: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(wave * np.hanning(len(wave)))) ** 2
        return float((power * np.fft.rfftfreq(len(wave), 1 / RATE)).sum() / power.sum())

    wave = tone(name, 48, 2.0)
    assert centre(wave[RATE : RATE * 3 // 2]) < centre(wave[1000 : 1000 + RATE // 2])


@blown
def test_blown_tones_hold_their_level(name: str) -> None:
    """The two reeds of a note beat, as those of an accordion do."""
    found = levels(tone(name, 67, 2.0)[: 2 * RATE], hop=0.1)
    assert max(found[3:]) - min(found[3:]) < (5 if name == "reed" else 1.5)


@names
def test_a_note_is_over_soon_after_its_end(name: str) -> None:
    wave = tone(name, 60, 0.5)
    held, after = wave[: RATE // 2], wave[RATE // 2 :]
    release = INSTRUMENTS[name].release
    assert len(after) / RATE <= min(release, 1.0) + 0.01
    assert levels(after, 0.02)[-1] < levels(held, 0.02)[-3] - 9


@names
def test_attacks_are_quick(name: str) -> None:
    """Half of the full level is reached within a twentieth of a second."""
    wave = np.abs(tone(name, 69, 1.0))
    peak = wave[: RATE // 2].max()
    assert np.argmax(wave > peak / 2) / RATE < 0.05


@names
@pytest.mark.parametrize("pitch", [24, 60, 96, 108])
def test_no_tone_clicks(name: str, pitch: int) -> None:
    """At its onset and at its end a tone bends no faster than its own waves do."""
    wave = tone(name, pitch, 0.4)
    assert abs(wave[0]) < 2e-3
    assert abs(wave[-1]) < 2e-3
    assert np.isfinite(wave).all()
    assert np.abs(wave).max() < 1.5
    jump = np.abs(np.diff(wave))
    assert jump[-20:].max() <= 0.02 * max(jump.max(), 1e-6) + 1e-4


@names
def test_the_highest_notes_do_not_fold_back(name: str) -> None:
    """Partials of C8 beyond half the sample rate are left out, not mirrored."""
    wave = tone(name, 108, 0.5)[: RATE // 2]
    spectrum = np.abs(np.fft.rfft(wave * np.blackman(len(wave)))) ** 2
    bins = np.fft.rfftfreq(len(wave), 1 / RATE)
    below = spectrum[(bins > 200) & (bins < 0.9 * frequency(108))].sum()
    assert below < 0.05 * spectrum.sum()


@names
@pytest.mark.parametrize("rate", [8000, 16000, 96000])
def test_other_sample_rates_are_in_tune(name: str, rate: int) -> None:
    wave = tone(name, 72, 1.0, rate=rate)[:rate]
    found, _ = partial(wave, frequency(72), rate)
    assert cents(found, frequency(72)) == pytest.approx(0, abs=5)


@names
def test_octaves_are_about_as_loud_as_one_another(name: str) -> None:
    loud = []
    for pitch in (48, 60, 72, 84):
        wave = tone(name, pitch, 1.0)[:RATE]
        loud.append(integrated_loudness(np.stack([wave, wave]), RATE))
    assert max(loud) - min(loud) < 14


@names
@pytest.mark.parametrize("velocity", [0.1, 0.5, 1.0])
def test_velocity_changes_level_and_not_pitch(name: str, velocity: float) -> None:
    wave = tone(name, 60, 1.0, velocity)
    assert cents(partial(wave, frequency(60))[0], frequency(60)) == pytest.approx(0, abs=5)
    rms = float(np.sqrt(np.mean(wave[:RATE] ** 2)))
    assert 0 < rms < 0.7


@names
def test_a_tune_of_four_notes_is_level_and_clean(name: str) -> None:
    notes = [Sounding(0.4 * n, 0.38, pitch, 0.7) for n, pitch in enumerate((60, 67, 72, 55))]
    whole = np.concatenate(list(levelled(lambda: synthesize(notes, INSTRUMENTS[name], RATE), RATE)), axis=1)
    assert integrated_loudness(whole, RATE) == pytest.approx(-16, abs=1)
    assert true_peak(whole) < 10 ** (-1 / 20)
    assert np.isfinite(whole).all()
    assert abs(float(whole.mean())) < 2e-3
    assert whole.shape[1] == round((1.58 + TAIL_SECONDS) * RATE)


@names
def test_the_notes_of_a_tune_are_heard_where_they_are_written(name: str) -> None:
    """Four notes of a melody, each found by its pitch in its own stretch of the sound."""
    samples = render_sound(Tune(melody("c5 e5 g5 b5")), tempo=120, instrument=name).mean(axis=0)
    for place, pitch in enumerate((72, 76, 79, 83)):
        part = samples[round((0.5 * place + 0.1) * RATE) : round((0.5 * place + 0.45) * RATE)]
        strengths = {other: partial(part, frequency(other), width=0.02)[1] for other in (72, 76, 79, 83)}
        assert max(strengths, key=lambda other: strengths[other]) == pitch


def test_low_strings_lie_left_and_high_ones_right() -> None:
    def balance(pitch: float) -> float:
        blocks = list(synthesize([Sounding(0.0, 0.4, pitch, 0.7)], INSTRUMENTS["harp"], RATE))
        left, right = np.concatenate(blocks, axis=1)[:, : RATE // 4]
        return float(np.square(right).sum() / np.square(left).sum())

    assert balance(45) < 0.9 < 1.1 < balance(93)


@pytest.mark.parametrize("name", ["flute", "organ"])
def test_vibrato_comes_late_and_only_where_it_belongs(name: str) -> None:
    depth = INSTRUMENTS[name].vibrato  # type: ignore[union-attr]
    wave = tone(name, 69, 1.6)
    found = [
        cents(partial(wave[start : start + 4096], 440, width=0.03)[0], 440)
        for start in range(RATE, round(1.5 * RATE), 2048)
    ]
    assert abs(cents(partial(wave[1000:9000], 440, width=0.03)[0], 440)) < 5
    if depth:
        assert depth / 2 < max(found) - min(found) < 3 * depth
    else:
        assert max(found) - min(found) < 2


def test_short_notes_have_no_vibrato() -> None:
    wave = tone("flute", 69, 0.3)
    assert cents(partial(wave[4000:12000], 440, width=0.03)[0], 440) == pytest.approx(0, abs=2)
