"""A tune as sound.

    samples = render_sound(tune, instrument="flute")            # (2, n) float32 at 44.1 kHz
    data = write_sound(tune, kind="ogg", instrument="piano")

The instruments of the small synthesizer (`instruments.INSTRUMENTS`) need nothing but NumPy.
Those of General MIDI sound through a sound font, when one is named or found.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from canzona.audio.files import encode_audio
from canzona.audio.tags import Tags
from canzona.errors import MissingDependencyError, UsageError
from canzona.render.instruments import INSTRUMENTS
from canzona.render.level import levelled
from canzona.render.performance import perform
from canzona.render.soundfont import find_soundfont, play_soundfont
from canzona.render.synthesizer import length_of, synthesize
from canzona.score.instruments import PROGRAMS, instrument_names, program_of
from canzona.score.tune import Tune

Samples = npt.NDArray[np.float32]

DEFAULT_INSTRUMENT = "plucked"

SAMPLE_RATES = (8000, 96000)
"""Lowest and highest sample rate."""


@dataclass(frozen=True, slots=True)
class _Sound:
    """What will sound: its length, and how its blocks are made."""

    samples: int
    make: Callable[[], Iterator[Samples]]


def render_sound(
    tune: Tune,
    *,
    instrument: str = DEFAULT_INSTRUMENT,
    tempo: float | Fraction | None = None,
    soundfont: str | Path | None = None,
    sample_rate: int = 44100,
    repeats: bool = False,
) -> Samples:
    """The sound of a tune, shape (2, samples), float32, at -16 LUFS and below -1 dBFS.

    Parameters
    ----------
    tune : a tune with at least one note.
    instrument : one of `INSTRUMENTS`, or a General MIDI name or number (0 to 127) for a sound font.
    tempo : quarter notes a minute, 5 to 1000; None takes the tune's own or a usual one of its meter.
    soundfont : an .sf2 or .sf3 file; a General MIDI instrument looks for the system's where None.
    sample_rate : samples a second, 8000 to 96000.
    repeats : play repeats and endings out.

    Raises
    ------
    EmptyTuneError : no note sounds.
    UsageError : an unknown instrument, or a tempo or sample rate out of range.
    UnsupportedError : more than an hour of sound.
    MissingDependencyError : no sound font, or no program that plays one.
    """
    sound = _sound(tune, instrument, tempo, soundfont, sample_rate, repeats)
    out = np.zeros((2, sound.samples), np.float32)
    at = 0
    for block in levelled(sound.make, sample_rate):
        out[:, at : at + block.shape[1]] = block
        at += block.shape[1]
    return out


def write_sound(
    tune: Tune,
    *,
    kind: str = "wav",
    bits: int = 16,
    instrument: str = DEFAULT_INSTRUMENT,
    tempo: float | Fraction | None = None,
    soundfont: str | Path | None = None,
    sample_rate: int = 44100,
    repeats: bool = False,
) -> bytes:
    """The bytes of a sound file of a tune, made in blocks.

    Parameters
    ----------
    kind : 'wav', 'flac', 'ogg' or 'mp3'.
    bits : 16 or 24 a sample, for wav and flac.
    others : as in `render_sound`.

    Raises as `render_sound` and `canzona.audio.files.encode_audio` do. Title, composer or
    region and provenance stand in the file's own metadata; no date does.
    """
    sound = _sound(tune, instrument, tempo, soundfont, sample_rate, repeats)
    tags = Tags(title=tune.title, artist=tune.composer or tune.region, comment=tune.provenance)
    blocks = levelled(sound.make, sample_rate)
    return encode_audio(
        blocks, samples=sound.samples, sample_rate=sample_rate, kind=kind, bits=bits, tags=tags
    )


def _sound(
    tune: Tune,
    instrument: str,
    tempo: float | Fraction | None,
    soundfont: str | Path | None,
    sample_rate: int,
    repeats: bool,
) -> _Sound:
    if not SAMPLE_RATES[0] <= sample_rate <= SAMPLE_RATES[1]:
        raise UsageError(f"{sample_rate} samples a second cannot be made", hint="give 8000 to 96000")
    name = instrument.strip().lower().replace("_", "-")
    program = instrument_program(name)
    notes = perform(tune, tempo=tempo, repeats=repeats)
    samples = length_of(notes, sample_rate)
    if soundfont is None and name in INSTRUMENTS:
        return _Sound(samples, lambda: synthesize(notes, INSTRUMENTS[name], sample_rate))
    font = find_soundfont(soundfont)
    if font is None:
        raise MissingDependencyError(
            f"no sound font was found for '{instrument}'",
            hint=f"give --soundfont FILE, or an instrument that needs none: {', '.join(INSTRUMENTS)}",
        )
    return _Sound(samples, lambda: play_soundfont(notes, program, font, sample_rate))


def instrument_program(name: str) -> int:
    """The General MIDI program (0 to 127) of an instrument's name or number; UsageError for no instrument."""
    if name in INSTRUMENTS:
        return INSTRUMENTS[name].program
    spoken = name.replace("-", " ")
    program = program_of(name) if program_of(name) is not None else program_of(spoken)
    if program is not None:
        return program
    if name.isascii() and name.isdecimal() and len(name) <= 3 and int(name) < len(PROGRAMS):
        return int(name)
    near = difflib.get_close_matches(spoken, [*INSTRUMENTS, *instrument_names()], n=1, cutoff=0.5)
    hint = f"the nearest is '{near[0]}'; " if near else ""
    hint += f"choose {', '.join(INSTRUMENTS)} or a General MIDI name"
    raise UsageError(f"'{name[:80]}' is no instrument", hint=hint)
