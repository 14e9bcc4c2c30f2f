"""Which effects a stem gets, drawn by its role and by whether it is a synthesizer, and their application."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from canzona.train.separation.rendering import effects
from canzona.train.separation.rendering.effects import Sound

Effect = dict[str, Any]
"""`name` of a function of `effects`, and its numbers by name."""

_FUNCTIONS: Mapping[str, Callable[..., Sound]] = {
    "drive": effects.drive,
    "high_pass": effects.high_pass,
    "low_pass": effects.low_pass,
    "tilt": effects.tilt,
    "chorus": effects.chorus,
    "tremolo": effects.tremolo,
    "echo": effects.echo,
    "reverb": effects.reverb,
    "place": effects.place,
    "duck": effects.duck,
}

# In the order of a mixing desk. Chance of each effect: of a synth, of another pitched stem, of drums.
_CHANCES = {
    "drive": (0.12, 0.06, 0.10),
    "high_pass": (0.10, 0.10, 0.04),
    "low_pass": (0.12, 0.06, 0.04),
    "tilt": (0.25, 0.25, 0.25),
    "chorus": (0.15, 0.10, 0.0),
    "tremolo": (0.07, 0.06, 0.0),
    "echo": (0.16, 0.06, 0.02),
    "reverb": (0.40, 0.45, 0.30),
    "place": (0.50, 0.70, 0.40),
}
_SELDOM_ON_BASS = ("high_pass", "chorus", "echo", "reverb", "place")
_BASS_FACTOR = 0.3

# How each number is drawn: evenly, evenly by ratio, or as a whole number; between two ends.
_NUMBERS: Mapping[str, Mapping[str, tuple[str, float, float]]] = {
    "drive": {"amount": ("ratio", 1.5, 9.0)},
    "high_pass": {"frequency": ("ratio", 80, 700), "order": ("whole", 1, 2)},
    "low_pass": {"frequency": ("ratio", 1200, 12000), "order": ("whole", 1, 2)},
    "tilt": {"decibels": ("even", -1.5, 1.5)},
    "chorus": {"rate": ("even", 0.1, 2.0), "depth": ("even", 0.5, 4.0), "wet": ("even", 0.3, 1.0)},
    "tremolo": {"depth": ("even", 0.2, 0.8), "spread": ("even", 0.0, 1.0)},
    "echo": {"feedback": ("even", 0.1, 0.6), "wet": ("even", 0.1, 0.5)},
    "reverb": {
        "seconds": ("ratio", 0.3, 3.5),
        "wet": ("even", 0.05, 0.45),
        "damping": ("ratio", 2500, 14000),
        "seed": ("whole", 0, 2**31 - 1),
    },
    "place": {"width": ("even", 0.3, 1.3)},
    "duck": {"depth": ("even", 0.4, 0.95), "seconds": ("even", 0.06, 0.2)},
}
_DIVISIONS = (0.25, 0.5, 0.75, 1.0)
"""Of a beat, for what goes with the tempo."""

_PAN_SPREAD, _FURTHEST_PAN = 0.25, 0.8


def draw_effects(
    random: np.random.Generator, role: str, *, synth: bool, beat: float, pan: float, ducked: bool
) -> tuple[Effect, ...]:
    """Effects in the order in which they are applied.

    Parameters
    ----------
    role : of the part; a bass stays mostly dry and in the middle.
    synth : whether a synthesizer plays it.
    beat : seconds of a quarter note, which echoes and tremolos follow.
    pan : where the part sits by itself, -1..1.
    ducked : whether the kick pushes the stem down.
    """
    column = 0 if synth else 2 if role in ("drums", "percussion") else 1
    chosen = []
    for name, chances in _CHANCES.items():
        seldom = role == "bass" and name in _SELDOM_ON_BASS
        if random.random() < chances[column] * (_BASS_FACTOR if seldom else 1.0):
            chosen.append(_draw(random, name, beat, pan))
    if ducked:
        chosen.append(_draw(random, "duck", beat, pan))
    return tuple(chosen)


def _draw(random: np.random.Generator, name: str, beat: float, pan: float) -> Effect:
    effect: Effect = {"name": name}
    for number, (manner, low, high) in _NUMBERS[name].items():
        if manner == "whole":
            effect[number] = int(random.integers(int(low), int(high) + 1))
        elif manner == "ratio":
            effect[number] = round(float(np.exp(random.uniform(np.log(low), np.log(high)))), 3)
        else:
            effect[number] = round(float(random.uniform(low, high)), 3)
    if name == "echo":
        effect["delay"] = round(beat * float(random.choice(_DIVISIONS)), 4)
    elif name == "tremolo":
        effect["rate"] = round(1 / (beat * float(random.choice(_DIVISIONS))), 3)
    elif name == "place":
        moved = pan + random.normal(0, _PAN_SPREAD)
        effect["pan"] = round(float(np.clip(moved, -_FURTHEST_PAN, _FURTHEST_PAN)), 3)
    return effect


def apply_effects(sound: Sound, chosen: Sequence[Effect], kicks: npt.NDArray[np.float64]) -> Sound:
    """The sound after all effects; `kicks` are the onsets in seconds that `duck` follows."""
    for effect in chosen:
        numbers = {name: value for name, value in effect.items() if name != "name"}
        if effect["name"] == "duck":
            numbers["onsets"] = kicks
        sound = _FUNCTIONS[effect["name"]](sound, **numbers)
    return sound
