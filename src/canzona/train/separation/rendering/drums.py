"""A drum synthesizer: each sound of a kit is computed once from drawn parameters, then set at its strokes.

After the usual analogue circuits: a kick is a sine that falls in pitch with a click, a snare two sines
and noise, hats are filtered noise over square waves of unrelated pitch, a clap is noise in bursts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from canzona.train.separation.rendering.arrangement import Notes

Mono = npt.NDArray[np.float32]
Wave = npt.NDArray[np.float64]
"""One stroke, shape (samples,), as it is put into a song and as it is computed."""

_METAL = (205.3, 304.4, 369.6, 522.7, 540.0, 800.0)
"""Hz: unrelated pitches of the square waves in a drum machine's cymbals."""

_KEYS = {
    **dict.fromkeys((35, 36), "kick"),
    **dict.fromkeys((38, 40), "snare"),
    39: "clap",
    37: "rim",
    **dict.fromkeys((42, 44), "closed hat"),
    46: "open hat",
    **dict.fromkeys((41, 43, 45, 47, 48, 50), "tom"),
    **dict.fromkeys((49, 52, 55, 57), "crash"),
    **dict.fromkeys((51, 53, 59), "ride"),
    56: "cowbell",
    **dict.fromkeys((54, 69, 70, 82), "shaker"),
}
_TOM_SEMITONES = {41: -5, 43: -3, 45: 0, 47: 2, 48: 5, 50: 7}
_PANS = {
    "closed hat": 0.3,
    "open hat": 0.3,
    "crash": -0.4,
    "ride": 0.4,
    "cowbell": -0.2,
    "shaker": -0.3,
    "tom": 0.2,
}


def draw_kit(random: np.random.Generator) -> dict[str, float]:
    """Parameters of a kit: pitches in Hz, decays in seconds, shares 0..1."""
    ranges = {
        "kick pitch": (38.0, 62.0), "kick fall": (2.0, 9.0), "kick fall time": (0.012, 0.06),
        "kick decay": (0.09, 0.5), "kick click": (0.0, 0.5), "kick drive": (1.0, 4.0),
        "snare pitch": (150.0, 260.0), "snare tone": (0.15, 0.7), "snare decay": (0.07, 0.3),
        "snare low": (900.0, 3500.0), "hat low": (5000.0, 9500.0), "hat metal": (0.0, 0.8),
        "closed decay": (0.02, 0.08), "open decay": (0.15, 0.5), "tom pitch": (85.0, 150.0),
        "tom decay": (0.12, 0.4), "clap low": (800.0, 1800.0), "clap decay": (0.08, 0.25),
        "crash decay": (0.7, 1.8), "cowbell pitch": (480.0, 620.0), "rim pitch": (1200.0, 2100.0),
        "width": (0.0, 1.0), "perc pitch": (200.0, 900.0), "perc decay": (0.03, 0.15),
    }  # fmt: skip
    return {name: round(float(random.uniform(low, high)), 4) for name, (low, high) in ranges.items()}


def play_drums(
    notes: Notes, kit: Mapping[str, float], seconds: float, sample_rate: int, random: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Strokes of General MIDI drum keys; float32 of shape (2, samples), full scale about 1.0.

    Parameters
    ----------
    notes : onset, duration (which means nothing here), key and velocity.
    kit : parameters as `draw_kit` gives them.
    random : of the noise.
    """
    length = round(seconds * sample_rate)
    out = np.zeros((2, length), np.float32)
    sounds: dict[int, Mono] = {}
    for onset, _, key, velocity in notes:
        number = int(key)
        if number not in sounds:
            sounds[number] = _sound(number, kit, sample_rate, random)
        start = round(onset * sample_rate)
        stroke = sounds[number][: max(0, length - start)] * np.float32((velocity / 127) ** 1.4)
        pan = _PANS.get(_KEYS.get(number, ""), 0.0) * kit["width"]
        out[0, start : start + len(stroke)] += stroke * np.float32(np.sqrt((1 - pan) / 2))
        out[1, start : start + len(stroke)] += stroke * np.float32(np.sqrt((1 + pan) / 2))
    return out


def _sound(key: int, kit: Mapping[str, float], rate: int, random: np.random.Generator) -> Mono:
    kind = _KEYS.get(key, "percussion")
    made = _tom(kit, rate, key) if kind == "tom" else _SOUNDS[kind](kit, rate, random)
    fade = min(len(made), rate // 200)
    made[-fade:] *= np.linspace(1, 0, fade)
    return made.astype(np.float32)


def _time(seconds: float, rate: int) -> Wave:
    return np.arange(round(seconds * rate)) / rate


def _falling(time: Wave, pitch: float, fall: float, fall_time: float) -> Wave:
    """A sine whose pitch falls exponentially from (1 + fall) times to the pitch."""
    phase = pitch * (time + fall * fall_time * (1 - np.exp(-time / fall_time)))
    return np.sin(2 * np.pi * phase)


def _kick(kit: Mapping[str, float], rate: int, random: np.random.Generator) -> Wave:
    time = _time(kit["kick decay"] * 4, rate)
    body = _falling(time, kit["kick pitch"], kit["kick fall"], kit["kick fall time"])
    body = body * np.exp(-time / kit["kick decay"]) * np.minimum(1, time / 0.001)
    click = random.normal(size=len(time)) * np.exp(-time / 0.002) * kit["kick click"] * 0.4
    driven: Wave = np.tanh(kit["kick drive"] * (body + click)) / np.tanh(kit["kick drive"])
    return driven


def _snare(kit: Mapping[str, float], rate: int, random: np.random.Generator) -> Wave:
    time = _time(kit["snare decay"] * 5, rate)
    tone = _falling(time, kit["snare pitch"], 0.5, 0.01) + 0.6 * _falling(
        time, kit["snare pitch"] * 1.6, 0.3, 0.01
    )
    noise = _high_passed(random.normal(size=len(time)), kit["snare low"], rate) * np.exp(
        -time / kit["snare decay"]
    )
    tone *= np.exp(-time / (kit["snare decay"] * 0.5)) * kit["snare tone"]
    return 0.6 * tone + 0.45 * (1 - kit["snare tone"] * 0.5) * noise


def _clap(kit: Mapping[str, float], rate: int, random: np.random.Generator) -> Wave:
    time = _time(kit["clap decay"] * 5 + 0.03, rate)
    bursts = sum(np.where(time >= at, np.exp(-(time - at) / 0.006), 0) for at in (0, 0.011, 0.021))
    tail = np.where(time >= 0.03, np.exp(-(time - 0.03) / kit["clap decay"]), 0)
    return 0.4 * _high_passed(random.normal(size=len(time)), kit["clap low"], rate) * (bursts + 0.7 * tail)


def _hat(decay: float, kit: Mapping[str, float], rate: int, random: np.random.Generator) -> Wave:
    time = _time(decay * 5, rate)
    metal = sum(np.sign(np.sin(2 * np.pi * pitch * 1.6 * time)) for pitch in _METAL) / len(_METAL)
    mixed = (1 - kit["hat metal"]) * random.normal(size=len(time)) + 1.5 * kit["hat metal"] * metal
    return 0.4 * _high_passed(mixed, kit["hat low"], rate) * np.exp(-time / decay)


def _closed(kit: Mapping[str, float], rate: int, random: np.random.Generator) -> Wave:
    return _hat(kit["closed decay"], kit, rate, random)


def _open(kit: Mapping[str, float], rate: int, random: np.random.Generator) -> Wave:
    return _hat(kit["open decay"], kit, rate, random)


def _crash(kit: Mapping[str, float], rate: int, random: np.random.Generator) -> Wave:
    return 1.2 * _hat(kit["crash decay"], {**kit, "hat low": kit["hat low"] * 0.5}, rate, random)


def _ride(kit: Mapping[str, float], rate: int, random: np.random.Generator) -> Wave:
    metallic = {**kit, "hat metal": 0.8, "hat low": kit["hat low"] * 0.7}
    return 0.6 * _hat(kit["open decay"] * 1.5, metallic, rate, random)


def _tom(kit: Mapping[str, float], rate: int, key: int) -> Wave:
    time = _time(kit["tom decay"] * 5, rate)
    pitch = kit["tom pitch"] * 2 ** (_TOM_SEMITONES[key] / 12)
    return 0.8 * _falling(time, pitch, 0.6, 0.03) * np.exp(-time / kit["tom decay"])


def _rim(kit: Mapping[str, float], rate: int, random: np.random.Generator) -> Wave:
    time = _time(0.06, rate)
    ring = np.sin(2 * np.pi * kit["rim pitch"] * time) + 0.6 * np.sin(
        2 * np.pi * kit["rim pitch"] * 0.61 * time
    )
    return 0.5 * ring * np.exp(-time / 0.009)


def _cowbell(kit: Mapping[str, float], rate: int, random: np.random.Generator) -> Wave:
    time = _time(0.4, rate)
    pitch = kit["cowbell pitch"]
    waves = np.sign(np.sin(2 * np.pi * pitch * time)) + np.sign(np.sin(2 * np.pi * pitch * 1.48 * time))
    return 0.25 * waves * (0.6 * np.exp(-time / 0.015) + 0.4 * np.exp(-time / 0.09))


def _shaker(kit: Mapping[str, float], rate: int, random: np.random.Generator) -> Wave:
    time = _time(0.12, rate)
    shape: Wave = np.minimum(1, time / 0.02) * np.exp(-time / 0.03)
    return 0.3 * _high_passed(random.normal(size=len(time)), kit["hat low"] * 0.7, rate) * shape


def _percussion(kit: Mapping[str, float], rate: int, random: np.random.Generator) -> Wave:
    time = _time(kit["perc decay"] * 6, rate)
    return 0.5 * _falling(time, kit["perc pitch"], 0.3, 0.01) * np.exp(-time / kit["perc decay"])


def _high_passed(sound: Wave, frequency: float, rate: int) -> Wave:
    """Second order, by the spectrum: what a stroke's tail wraps around to is silent."""
    bins = np.fft.rfftfreq(2 * len(sound), 1 / rate)
    weight = 1 / np.sqrt(1 + (frequency / np.maximum(bins, 1e-3)) ** 4)
    passed: Wave = np.fft.irfft(np.fft.rfft(sound, 2 * len(sound)) * weight)
    return passed[: len(sound)]


_SOUNDS: dict[str, Callable[[Mapping[str, float], int, np.random.Generator], Wave]] = {
    "kick": _kick,
    "snare": _snare,
    "clap": _clap,
    "closed hat": _closed,
    "open hat": _open,
    "crash": _crash,
    "ride": _ride,
    "rim": _rim,
    "cowbell": _cowbell,
    "shaker": _shaker,
    "percussion": _percussion,
}
