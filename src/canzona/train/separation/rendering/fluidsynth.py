"""Parts played by soundfonts through the fluidsynth program: all that is no synthesizer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from canzona.train.separation.rendering.arrangement import Part
from canzona.train.separation.rendering.host import SAMPLE_RATE
from canzona.train.separation.rendering.midi import DRUM_CHANNEL, write_midi
from canzona.train.separation.rendering.synthesizers import Sound, run_to_sound
from canzona.train.separation.rendering.tables import Font


@dataclass(frozen=True, slots=True)
class Room:
    """fluidsynth's own reverb and chorus: size 0..1, level 0..1 (0 is off), chorus level 0..10 (0 is off)."""

    size: float = 0.2
    level: float = 0.0
    chorus: float = 0.0


def is_soundfont(path: Path) -> bool:
    """Whether a file begins as a soundfont does."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head[:4] == b"RIFF" and head[8:] == b"sfbk"


def play_font(
    part: Part, program: int, font: Font, room: Room, seconds: float, *, folder: Path, time_limit: float
) -> Sound:
    """A part played by a program of a font.

    Raises
    ------
    RenderError : fluidsynth failed or took too long.
    """
    midi, output = folder / "font.mid", folder / "font.wav"
    channel = DRUM_CHANNEL if part.role == "drums" else 0
    midi.write_bytes(write_midi(part, channel=channel, program=program))
    output.unlink(missing_ok=True)
    settings = {
        "synth.default-soundfont": "",  # no other font in the place of one that cannot be read
        "synth.dynamic-sample-loading": 1,  # a font is then read in a tenth of the time
        "synth.polyphony": 128,
        "synth.reverb.active": int(room.level > 0),
        "synth.reverb.level": room.level,
        "synth.reverb.room-size": room.size,
        "synth.chorus.active": int(room.chorus > 0),
        "synth.chorus.level": room.chorus,
    }
    words = ["fluidsynth", "-ni", "-q", "-r", str(SAMPLE_RATE), "-g", "0.5", "-O", "float", "-T", "wav"]
    words += [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    sound = run_to_sound([*words, "-F", str(output), str(font.path), str(midi)], output, folder, time_limit)
    length = round(seconds * SAMPLE_RATE)
    out = np.zeros((2, length), np.float32)
    out[:, : sound.shape[1]] = sound[:, :length]
    return out
