"""The sounds of the small synthesizer that needs no font.

Two ways of making a tone, both from physics books rather than from samples.

*Struck and plucked*: a string or bar rings in modes, each a decaying sine (Fletcher & Rossing,
The Physics of Musical Instruments, chapters 2, 9 and 12). Where it is struck takes out modes
that have a node there, a soft or hard finger sets how bright it is, stiffness sharpens high
modes, and two polarisations, a little out of tune and unequally damped, give the quick decay
followed by a slow one. A sum of P decaying sines over n samples is the product of two small
matrices, rows of 256 samples apart by modes times modes by 256 samples, so it costs next to
nothing.

*Blown*: harmonics of one phase with vibrato that comes late, each harmonic growing with the
breath at its own rate, and noise around the tone. Harmonics follow from one cosine by the
recurrence cos kx = 2 cos x cos (k-1)x - cos (k-2)x.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

from canzona.render.performance import Sounding

Mono = npt.NDArray[np.float64]

LONGEST_TONE = 20.0
"""Seconds after which a player runs out of breath, however long the note."""

_ROW = 256
_HIGHEST = 15000.0
_SILENT = 60.0
"""Decibels by which a tone has decayed when it is cut."""


@dataclass(frozen=True, slots=True)
class Struck:
    """A plucked or struck sound.

    Attributes
    ----------
    program : the nearest General MIDI program, from 0.
    decay : seconds in which the fundamental of A3 falls by 60 dB.
    damping : how much faster modes decay for each kHz.
    cutoff : brightness in Hz, at which the finger or hammer takes a factor e, at full velocity.
    position : place of the stroke as a part of the string's length.
    slope : exponent by which the mode number weakens a mode.
    stiffness : inharmonicity B in f = n f0 sqrt(1 + B n²).
    detune : cents between the two polarisations.
    attack, release : seconds of the onset's ramp; seconds to fall by 60 dB after the note's end.
    noise : level of the stroke's own noise.
    ratios : frequencies of the modes of a bar or tine, instead of a string's harmonics.
    body : resonances of the body as (Hz, decibels, width in octaves).
    wet : share of the room.
    """

    program: int
    decay: float
    damping: float
    cutoff: float
    position: float
    slope: float = 1.0
    stiffness: float = 0.0
    detune: float = 0.6
    attack: float = 0.002
    release: float = 0.3
    noise: float = 0.0
    ratios: tuple[tuple[float, float], ...] = ()
    body: tuple[tuple[float, float, float], ...] = ()
    wet: float = 0.16


@dataclass(frozen=True, slots=True)
class Blown:
    """A sustained sound.

    Attributes
    ----------
    program : the nearest General MIDI program, from 0.
    harmonics : amplitude of each harmonic of each rank at full breath.
    ranks : frequency ratio and share of each rank of pipes or reeds.
    attack, release : seconds.
    breath : level of the noise around the tone.
    vibrato : depth in cents, reached after half a second; its rate is 5.1 Hz.
    bloom : how much later high harmonics come than low ones.
    swell : how much the tone sinks after its onset.
    wet : share of the room.
    """

    program: int
    harmonics: tuple[float, ...]
    ranks: tuple[tuple[float, float], ...] = ((1.0, 1.0),)
    attack: float = 0.04
    release: float = 0.06
    breath: float = 0.0
    vibrato: float = 0.0
    bloom: float = 0.2
    swell: float = 0.15
    wet: float = 0.2


Instrument = Struck | Blown

INSTRUMENTS: dict[str, Instrument] = {
    "plucked": Struck(
        program=24, decay=4.2, damping=0.85, cutoff=3600, position=0.19, slope=1.05, stiffness=4e-5,
        detune=0.8, attack=0.0015, release=0.35, noise=0.035,
        body=((105, 4.0, 0.4), (205, 3.5, 0.4), (420, 2.0, 0.5), (2600, 2.5, 0.8)),
    ),
    "piano": Struck(
        program=0, decay=9.0, damping=0.9, cutoff=2300, position=0.122, slope=0.75, stiffness=3.5e-4,
        detune=1.1, attack=0.003, release=0.18, noise=0.03, body=((180, 3.0, 0.8), (1100, -2.0, 0.8)),
        wet=0.14,
    ),
    "harp": Struck(
        program=46, decay=5.5, damping=0.7, cutoff=2100, position=0.38, slope=1.15, stiffness=2e-5,
        detune=0.5, attack=0.003, release=1.2, noise=0.012, body=((160, 3.0, 0.6), (320, 2.5, 0.6)), wet=0.24,
    ),
    "music-box": Struck(
        program=10, decay=3.0, damping=0.12, cutoff=9000, position=0.5, detune=0.3, attack=0.0008,
        release=1.5,
        noise=0.05, ratios=((1.0, 1.0), (2.0, 0.16), (3.01, 0.12), (6.27, 0.2), (11.6, 0.05)), wet=0.22,
    ),
    "flute": Blown(
        program=73, harmonics=(1.0, 0.42, 0.24, 0.085, 0.045, 0.02, 0.01), attack=0.05, release=0.07,
        breath=0.05, vibrato=9.0, bloom=0.35, wet=0.26,
    ),
    "reed": Blown(
        program=21, ranks=((1.0, 0.6), (1.0038, 0.4)),
        harmonics=(1.0, 0.62, 0.7, 0.42, 0.4, 0.3, 0.22, 0.18, 0.13, 0.1, 0.075, 0.055, 0.04, 0.03, 0.02),
        attack=0.03, release=0.05, bloom=0.1, swell=0.05, breath=0.004, wet=0.16,
    ),
    "organ": Blown(
        program=19, harmonics=(1.0, 0.32, 0.12, 0.05), attack=0.025, release=0.09, bloom=0.0, swell=0.0,
        ranks=((1.0, 1.0), (2.0, 0.5), (3.0, 0.22), (4.0, 0.24)), breath=0.012, wet=0.34,
    ),
}  # fmt: skip
"""The instruments by name, the default first."""


@dataclass(slots=True)
class Player:
    """Sounds notes of one instrument at a sample rate.

    Struck tones of one pitch and strength differ only in their end, so they are kept for the
    next time; what is kept stays under 40 MB.
    """

    instrument: Instrument
    sample_rate: int
    _rung: dict[tuple[float, int, float], Mono] = field(default_factory=dict)

    def sound(self, note: Sounding) -> Mono:
        """The samples of a note from its onset on, release included, shape (samples,)."""
        if isinstance(self.instrument, Blown):
            return _blow(note, self.instrument, self.sample_rate)
        return self._strike(note, self.instrument)

    def _strike(self, note: Sounding, instrument: Struck) -> Mono:
        strength = max(1, round(note.velocity * 16))
        seconds = min(note.duration, LONGEST_TONE) + min(instrument.release, 1.0)
        needed = 2.0 ** np.ceil(np.log2(max(seconds, 0.25)))
        key = note.pitch, strength, float(needed)
        if key not in self._rung:
            if len(self._rung) >= 24 or needed > 8:
                self._rung.clear()
            self._rung[key] = _ring(note.pitch, strength / 16, instrument, float(needed), self.sample_rate)
        rung = self._rung[key]
        count = min(len(rung), round(seconds * self.sample_rate))
        held = min(count, round(note.duration * self.sample_rate))
        tone = rung[:count].copy()
        tone[held:] *= _fall(count - held, instrument.release * self.sample_rate)
        return tone


def _ring(pitch: float, velocity: float, instrument: Struck, seconds: float, sample_rate: int) -> Mono:
    """A struck tone left to ring."""
    fundamental = _frequency(pitch)
    frequencies, amplitudes = _modes(fundamental, velocity, instrument, sample_rate)
    reach = instrument.decay * (220 / fundamental) ** 0.35
    decays = np.clip(reach / (1 + instrument.damping * (frequencies - fundamental) / 1000), 0.03, 20.0)
    split = 2 ** (instrument.detune / 2400)
    tone = _decaying_sines(
        np.concatenate([frequencies / split, frequencies * split]),
        np.concatenate([decays * 0.55, decays * 1.25]),
        np.concatenate([amplitudes * 0.62, amplitudes * 0.38]),
        round(min(seconds, decays.max() * 1.25) * sample_rate),
        sample_rate,
    )
    ramp = min(len(tone), max(2, round(instrument.attack * sample_rate)))
    tone[:ramp] *= np.sin(np.linspace(0, np.pi / 2, ramp)) ** 2
    if instrument.noise:
        knock = _knock(sample_rate)
        count = min(len(knock), len(tone))
        tone[:count] += instrument.noise * velocity * knock[:count]
    return np.asarray(tone * velocity**1.4)


def _modes(fundamental: float, velocity: float, instrument: Struck, sample_rate: int) -> tuple[Mono, Mono]:
    """Frequencies in Hz and amplitudes of the modes below the highest that is heard."""
    if instrument.ratios:
        ratios, amplitudes = (np.array(column) for column in zip(*instrument.ratios, strict=True))
        frequencies = fundamental * ratios
    else:
        number = np.arange(1, 61)
        frequencies = fundamental * number * np.sqrt(1 + instrument.stiffness * number**2)
        amplitudes = np.sin(np.pi * number * instrument.position) / number**instrument.slope
    audible = frequencies < min(_HIGHEST, 0.45 * sample_rate)
    audible[0] = True
    frequencies, amplitudes = frequencies[audible], amplitudes[audible]
    cutoff = instrument.cutoff * (0.35 + 0.65 * velocity)
    gain = np.exp(-(frequencies - fundamental) / (cutoff + 0.6 * fundamental))
    for centre, decibels, width in instrument.body:
        gain *= 10 ** (decibels / 20 * np.exp(-((np.log2(frequencies / centre) / width) ** 2)))
    amplitudes = amplitudes * gain
    return frequencies, amplitudes / np.sqrt(np.sum(amplitudes**2)) * 0.5


def _decaying_sines(frequencies: Mono, decays: Mono, amplitudes: Mono, count: int, sample_rate: int) -> Mono:
    """Sum of A exp(-kt) sin(2πft) over `count` samples; the decay is to -60 dB in `decays` seconds."""
    step = (-np.log(1000) / decays + 2j * np.pi * frequencies) / sample_rate
    rows = max(1, -(-count // _ROW))
    outer = amplitudes * np.exp(np.outer(np.arange(rows) * _ROW, step))
    inner = np.exp(np.outer(step, np.arange(_ROW)))
    # The imaginary part of the complex product, without computing the real one.
    sines = outer.real @ inner.imag + outer.imag @ inner.real
    return np.asarray(sines.reshape(-1)[:count])


def _blow(note: Sounding, instrument: Blown, sample_rate: int) -> Mono:
    """A sustained tone."""
    seconds = min(note.duration, LONGEST_TONE)
    held = max(1, round(seconds * sample_rate))
    count = held + round(instrument.release * sample_rate)
    time = np.arange(count) / sample_rate
    breath = _breath(note, instrument, held, count, sample_rate)
    bend = _bend(note, instrument, time)
    fundamental = _frequency(note.pitch)
    tone = np.zeros(count)
    for ratio, share in instrument.ranks:
        phase = 2 * np.pi * fundamental * ratio * (time + bend)
        tone += share * _harmonics(phase, breath, instrument, fundamental * ratio, sample_rate)
    if instrument.breath:
        start = round(note.onset * sample_rate) % 40000
        noise = np.resize(np.roll(_air(sample_rate), -start), count)
        chiff = 1 + 3 * np.exp(-time / 0.03) * (not note.slurred)
        tone += instrument.breath * noise * breath * chiff * (0.6 + np.cos(2 * np.pi * fundamental * time))
    loudness = sum(amplitude**2 for amplitude in instrument.harmonics) ** 0.5
    return np.asarray(tone * (0.45 * note.velocity**1.2 / loudness))


def _breath(note: Sounding, instrument: Blown, held: int, count: int, sample_rate: int) -> Mono:
    """The envelope: a smooth rise, a slight sinking, a smooth fall after the note's end."""
    breath = np.ones(count)
    attack = min(held, max(2, round(instrument.attack * (0.6 if note.slurred else 1.0) * sample_rate)))
    time = np.arange(count) / sample_rate
    breath -= instrument.swell * (1 - np.exp(-time / 0.4))
    breath[:attack] *= np.sin(np.linspace(0, np.pi / 2, attack)) ** 2
    breath[held:] *= np.cos(np.linspace(0, np.pi / 2, count - held)) ** 2
    return breath


def _bend(note: Sounding, instrument: Blown, time: Mono) -> Mono:
    """Seconds by which vibrato moves the phase: the integral of the relative change of frequency."""
    if not instrument.vibrato or note.duration < 0.35:
        return np.zeros_like(time)
    depth = (2 ** (instrument.vibrato / 1200) - 1) * np.clip((time - 0.2) / 0.5, 0, 1)
    pace = 2 * np.pi * 5.1
    return np.asarray(depth * (1 - np.cos(pace * time)) / pace)


def _harmonics(phase: Mono, breath: Mono, instrument: Blown, frequency: float, sample_rate: int) -> Mono:
    first = np.cos(phase)
    # Sines, so that a tone begins at zero: sin kx = 2 cos x sin (k-1)x - sin (k-2)x.
    before, now = np.zeros_like(phase), np.sin(phase)
    tone = np.zeros_like(phase)
    swelling = breath.copy()
    limit = min(_HIGHEST, 0.45 * sample_rate)
    rise = breath**instrument.bloom if instrument.bloom else None
    for number, amplitude in enumerate(instrument.harmonics, start=1):
        if number > 1 and number * frequency >= limit:
            break
        tone += amplitude * swelling * now
        before, now = now, 2 * first * now - before
        if rise is not None:
            swelling *= rise
    return tone


def _fall(count: int, decay: float) -> Mono:
    """An exponential fall by 60 dB in `decay` samples that ends at zero after `count`."""
    place = np.arange(count)
    return np.asarray(np.exp(-np.log(1000) * place / decay) * np.cos(np.pi / 2 * place / max(count, 1)))


def _frequency(pitch: float) -> float:
    return float(440 * 2 ** ((pitch - 69) / 12))


@cache
def _knock(sample_rate: int) -> Mono:
    """The noise of a finger or hammer: 25 ms, dull."""
    count = round(0.025 * sample_rate)
    noise = np.random.default_rng(1).normal(size=count)
    soft = np.convolve(noise, np.hanning(max(3, round(sample_rate / 4000))), mode="same")
    soft *= np.exp(-np.arange(count) / (0.004 * sample_rate)) * np.sin(np.linspace(0, np.pi, count)) ** 0.5
    return np.asarray(soft / np.abs(soft).max())


@cache
def _air(sample_rate: int) -> Mono:
    """A second of noise below 3 kHz, of unit power."""
    spectrum = np.fft.rfft(np.random.default_rng(2).normal(size=sample_rate))
    frequencies = np.arange(len(spectrum))
    spectrum *= np.exp(-((frequencies / 1800) ** 2))
    noise = np.fft.irfft(spectrum, sample_rate)
    return np.asarray(noise / noise.std())
