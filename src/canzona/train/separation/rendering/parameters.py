"""Parameters of synthesizers drawn at random: amsynth without a preset, and presets varied a little."""

from __future__ import annotations

import numpy as np

from canzona.train.separation.rendering.presets import AMSYNTH_RANGES, Preset

Values = dict[str, float]

DRAWN = "drawn"
"""Stands for the bank where there is no preset."""

# Attack, decay and release in amsynth's raw values (cube root of seconds), sustain 0..1: low and high ends.
_SHAPES = {
    "bass": ((0.0, 0.12), (0.4, 1.1), (0.2, 1.0), (0.2, 0.5)),
    "lead": ((0.0, 0.35), (0.3, 1.2), (0.4, 1.0), (0.3, 0.8)),
    "pad": ((0.3, 1.1), (0.5, 1.5), (0.5, 1.0), (0.7, 1.4)),
    "arp": ((0.0, 0.12), (0.3, 0.9), (0.0, 0.6), (0.3, 0.8)),
    "chords": ((0.0, 0.3), (0.3, 1.2), (0.1, 1.0), (0.3, 0.9)),
}
_UNTUNED = ("tun", "octave", "coarse", "fine", "osc2_range", "osc2_pitch", "osc2_detune")
_CHOICES = (
    "waveform",
    "keyboard_mode",
    "filter_type",
    "filter_slope",
    "sync",
    "osc_mod",
    "freq_mod_osc",
    "_mode",
)


def drawn_amsynth(random: np.random.Generator, role: str) -> Values:
    """Raw values of amsynth for a sound of a role: tuned, with one or two oscillators, mostly a low-pass."""
    attack, decay, sustain, release = _SHAPES.get(role, _SHAPES["chords"])
    values: Values = {}
    for part in ("amp", "filter"):
        values[f"{part}_attack"] = random.uniform(*attack)
        values[f"{part}_decay"] = random.uniform(*decay)
        values[f"{part}_sustain"] = random.uniform(*sustain)
        values[f"{part}_release"] = random.uniform(*release)
    values |= _oscillators(random) | _filter(random, role) | _movement(random, role)
    values |= {"master_vol": 0.6, "amp_vel_sens": random.uniform(0.3, 1.0)}
    values |= {"filter_vel_sens": random.uniform(0.0, 1.0), "filter_kbd_track": random.uniform(0.0, 1.0)}
    return {name: round(float(value), 4) for name, value in values.items()}


def _oscillators(random: np.random.Generator) -> Values:
    return {
        "osc1_waveform": random.choice([0, 1, 1, 2, 2]),
        "osc2_waveform": random.choice([0, 1, 1, 2, 2]),
        "osc1_pulsewidth": random.uniform(0.0, 0.95),
        "osc2_pulsewidth": random.uniform(0.0, 0.95),
        "osc2_range": random.choice([-1, 0, 0, 0, 1, 2]),
        "osc2_pitch": random.choice([0, 0, 0, 0, 0, 7, -5, 12]),
        # 1.25 to this power is the ratio of pitches: 0.03 is 12 cents.
        "osc2_detune": random.normal(0, 0.025),
        "osc_mix": random.choice([-1.0, random.uniform(-0.7, 0.7), random.uniform(-0.7, 0.7)]),
        "osc_mix_mode": random.choice([0.0, 0.0, 0.0, random.uniform(0, 1)]),
        "osc2_sync": random.choice([0, 0, 0, 0, 0, 0, 1]),
    }


def _filter(random: np.random.Generator, role: str) -> Values:
    return {
        "filter_type": random.choice([0, 0, 0, 0, 0, 0, 1, 2, 3]) if role != "bass" else 0,
        "filter_slope": random.integers(2),
        "filter_cutoff": random.uniform(-0.25, 1.3),
        "filter_resonance": 0.9 * random.random() ** 1.5,
        "filter_env_amount": random.choice(
            [0.0, random.uniform(0, 14), random.uniform(0, 14), random.uniform(-6, 0)]
        ),
    }


def _movement(random: np.random.Generator, role: str) -> Values:
    """Low-frequency oscillator, glide, distortion and the synthesizer's own reverb."""
    mono = role in ("bass", "lead") and random.random() < 0.35
    return {
        "lfo_freq": random.uniform(0.3, 2.8),
        "lfo_waveform": random.choice([0, 0, 0, 1, 2, 5, 6]),
        # 0 is none; from 1 on the pitch wavers by octaves.
        "freq_mod_amount": random.choice([0.0, 0.0, random.uniform(0.0, 0.22)]),
        "filter_mod_amount": random.choice([-1.0, -1.0, random.uniform(-1.0, 0.2)]),
        "amp_mod_amount": random.choice([-1.0, -1.0, -1.0, random.uniform(-1.0, 0.2)]),
        "keyboard_mode": random.choice([1, 2]) if mono else 0,
        "portamento_time": random.uniform(0.0, 0.12) if mono else 0.0,
        "distortion_crunch": random.choice([0.0, 0.0, 0.0, random.uniform(0.0, 0.6)]),
        "reverb_wet": random.choice([0.0, 0.0, random.uniform(0.0, 0.35)]),
        "reverb_roomsize": random.uniform(0.1, 0.9),
        "reverb_damp": random.uniform(0.0, 0.9),
    }


def varied(random: np.random.Generator, preset: Preset, amount: float) -> Values:
    """A preset's continuous values moved a little, its pitch and its switches left alone.

    Parameters
    ----------
    amount : standard deviation as a share of each parameter's range.
    """
    values = {}
    for name, value in preset.values:
        lowered = name.lower()
        if any(word in lowered for word in (*_UNTUNED, *_CHOICES)) or random.random() < 0.4:
            continue
        least, largest = AMSYNTH_RANGES.get(name, (0.0, 1.0))
        moved = value + random.normal(0, amount) * (largest - least)
        values[name] = round(float(np.clip(moved, least, largest)), 4)
    return values
