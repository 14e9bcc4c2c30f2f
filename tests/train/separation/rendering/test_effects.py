"""Effects: what each does to simple sounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.train.separation.rendering import effects
from canzona.train.separation.rendering.chain import _FUNCTIONS, _NUMBERS, apply_effects, draw_effects

RATE = 44100
KICKS = np.array([0.5, 1.0])


def tone(frequency: float, seconds: float = 2.0) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)
    return np.stack([wave, wave]).astype(np.float32)


def click(seconds: float = 2.0) -> np.ndarray:
    sound = np.zeros((2, round(seconds * RATE)), np.float32)
    sound[:, 100] = 1.0
    return sound


def rms(sound: np.ndarray) -> float:
    return float(np.sqrt(np.mean(sound.astype(float) ** 2)))


@pytest.fixture(params=sorted(_FUNCTIONS))
def effect(request: pytest.FixtureRequest) -> dict:
    """Each effect with numbers that were drawn."""
    random = np.random.default_rng(7)
    while True:
        for found in draw_effects(random, "lead", synth=True, beat=0.5, pan=0.1, ducked=True):
            if found["name"] == request.param:
                return found


def test_every_effect_keeps_shape_and_silence(effect: dict) -> None:
    for sound in (np.zeros((2, RATE), np.float32), tone(440), click(0.01)):
        made = apply_effects(sound, [effect], KICKS)
        assert made.shape == sound.shape and made.dtype == np.float32
        assert np.isfinite(made).all()
        assert made.any() == sound.any()


def test_every_effect_changes_the_sound_and_not_its_input(effect: dict) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, (2, RATE)).astype(np.float32)
    before = sound.copy()
    made = apply_effects(sound, [effect], KICKS)
    assert (sound == before).all()
    assert rms(made - sound) > 0.001
    assert 0.1 < rms(made) / rms(sound) < 10


def test_reverb_rings_on_and_falls_by_sixty_decibels() -> None:
    made = effects.reverb(click(3.0), 1.0, 0.5, 8000, seed=3)
    early, late = (rms(made[:, start : start + 4000]) for start in (6000, 6000 + RATE // 2))
    assert 20 * np.log10(early / late) == pytest.approx(30, abs=4)
    assert not np.allclose(made[0], made[1])
    assert (made == effects.reverb(click(3.0), 1.0, 0.5, 8000, seed=3)).all()


def test_echoes_come_at_their_times_and_sides() -> None:
    made = effects.echo(click(), 0.25, 0.5, 0.4)
    first, second = 100 + RATE // 4, 100 + RATE // 2
    assert made[:, first].tolist() == pytest.approx([0.4, 0.0])
    assert made[:, second].tolist() == pytest.approx([0.0, 0.2])


@pytest.mark.parametrize("order", [1, 2])
def test_filters_fall_by_six_decibels_an_octave_and_order(order: int) -> None:
    high = effects.low_pass(tone(8000), 1000, order), effects.low_pass(tone(4000), 1000, order)
    low = effects.high_pass(tone(125), 1000, order), effects.high_pass(tone(250), 1000, order)
    for far, near in (high, low):
        fall = 20 * np.log10(rms(near[:, RATE // 2 : RATE]) / rms(far[:, RATE // 2 : RATE]))
        assert fall == pytest.approx(6 * order, abs=0.6 * order)
    kept = effects.low_pass(tone(100), 1000, order)
    assert rms(kept) == pytest.approx(rms(tone(100)), rel=0.02)


def test_tilt_turns_around_one_kilohertz() -> None:
    gains = [
        20 * np.log10(rms(effects.tilt(tone(f), 1.5)[:, 9000:-9000]) / rms(tone(f)))
        for f in (250, 1000, 4000)
    ]
    assert gains == pytest.approx([-3, 0, 3], abs=0.2)


def test_drive_adds_odd_partials_and_keeps_the_peak() -> None:
    made = effects.drive(tone(1000), 6.0)
    spectrum = np.abs(np.fft.rfft(made[0, : 2 * RATE]))
    third, second = spectrum[6000], spectrum[4000]
    assert third > 0.05 * spectrum[2000] and second < 1e-3 * spectrum[2000]
    assert np.abs(made[:, 2000:-2000]).max() == pytest.approx(0.5, rel=0.05)


def test_chorus_moves_the_pitch_a_little() -> None:
    made = effects.chorus(tone(1000), 1.0, 2.0, 1.0)
    spectrum = np.abs(np.fft.rfft(made[0]))
    assert (spectrum[1900:2101] ** 2).sum() > 0.99 * (spectrum**2).sum()
    assert np.count_nonzero(spectrum > 0.02 * spectrum.max()) > 4


def test_tremolo_wavers_between_its_ends() -> None:
    made = np.abs(effects.tremolo(np.ones((2, RATE), np.float32), 4.0, 0.6, 1.0))
    assert (made.min(), made.max()) == pytest.approx((0.4, 1.0), abs=0.01)
    assert np.corrcoef(made)[0, 1] < -0.9


@pytest.mark.parametrize(("pan", "louder"), [(-0.5, 0), (0.5, 1)])
def test_a_panned_sound_keeps_its_power(pan: float, louder: int) -> None:
    made = effects.place(tone(440), 1.0, pan)
    assert rms(made[louder]) > 1.5 * rms(made[1 - louder])
    assert rms(made) == pytest.approx(rms(tone(440)), rel=1e-3)


def test_no_width_is_mono() -> None:
    sound = np.random.default_rng(0).normal(size=(2, 1000)).astype(np.float32)
    made = effects.place(sound, 0.0, 0.0)
    np.testing.assert_allclose(made[0], made[1], atol=1e-6)


def test_ducking_dips_at_each_kick_and_comes_back() -> None:
    gain = effects.duck(np.ones((2, 2 * RATE), np.float32), np.array([0.5, 1.0, 1.9999]), 0.8, 0.1)[0]
    assert gain[: RATE // 2].min() == 1
    for kick in (0.5, 1.0):
        start = int(kick * RATE)
        assert gain[start : start + 400].min() == pytest.approx(0.22, abs=0.03)
        assert gain[start + RATE // 3] > 0.95


@settings(max_examples=60)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["bass", "lead", "drums", "pad"]),
    st.booleans(),
    st.floats(0.3, 1.0),
)
def test_drawn_effects_are_within_their_ends(seed: int, role: str, synth: bool, beat: float) -> None:
    random = np.random.default_rng(seed)
    for effect in draw_effects(random, role, synth=synth, beat=beat, pan=0.0, ducked=True):
        for number, (_, low, high) in _NUMBERS[effect["name"]].items():
            assert low - 1e-3 <= effect[number] <= high + 1e-3
        if effect["name"] == "echo":
            assert effect["delay"] <= beat + 1e-3


def test_how_often_effects_come() -> None:
    random = np.random.default_rng(0)
    drawn = [draw_effects(random, "lead", synth=True, beat=0.5, pan=0, ducked=False) for _ in range(1000)]
    shares = {name: np.mean([any(e["name"] == name for e in row) for row in drawn]) for name in _FUNCTIONS}
    assert 0.36 < shares["reverb"] < 0.44 and 0.09 < shares["drive"] < 0.15 and shares["duck"] == 0
    drums = [draw_effects(random, "drums", synth=False, beat=0.5, pan=0, ducked=False) for _ in range(300)]
    assert not any(effect["name"] in ("chorus", "tremolo") for row in drums for effect in row)
