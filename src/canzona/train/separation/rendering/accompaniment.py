"""Accompaniments by mma (Musical MIDI Accompaniment): drawn chords in a drawn groove of its library."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from canzona.errors import CanzonaError
from canzona.train.separation.rendering.arrangement import Arrangement, Part
from canzona.train.separation.rendering.harmony import Progression, draw_melody, draw_progression
from canzona.train.separation.rendering.midi import read_midi
from canzona.train.separation.rendering.worker import RenderError

LIBRARY = Path("/usr/share/mma/lib")
PROGRAM = "mma"

_SECONDS = 20.0
_DRUMS_ALONE = ("zoom",)
_PASSED_OVER = re.compile(r"intro|end|fill|metronome|count|none|break", re.I)
_MELODY_PROGRAMS = (0, 4, 11, 12, 16, 21, 24, 25, 26, 40, 56, 60, 65, 68, 71, 73, 74, 80, 81, 84, 87)


@cache
def list_grooves() -> tuple[str, ...]:
    """Names of the grooves of mma's library that go on and on; empty where it is not installed."""
    found = set()
    for path in sorted(LIBRARY.glob("*/*.mma")):
        if path.parent.name in _DRUMS_ALONE:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found |= set(re.findall(r"^\s*DefGroove\s+(\S+)", text, re.M | re.I))
    return tuple(sorted(name for name in found if not _PASSED_OVER.search(name)))


def draw_accompaniment(random: np.random.Generator, seconds: float, folder: Path) -> Arrangement:
    """Parts that accompany drawn chords, perhaps with a melody over them.

    Parameters
    ----------
    seconds : at least this long, where mma gives as much.
    folder : a scratch folder.

    Raises
    ------
    RenderError : mma refused the groove, or took too long.
    """
    grooves = list_grooves()
    groove = grooves[random.integers(len(grooves))]
    tempo = int(random.integers(72, 150))
    progression = draw_progression(random)
    bars = int(np.ceil(seconds * tempo / 60 / 3))
    parts, beats = _run(groove, tempo, progression, bars, int(random.integers(1, 1 << 30)), folder)
    if random.random() < 0.7:
        rows = np.array(
            draw_melody(random, progression, bars, beats, centre=int(random.integers(66, 80))), float
        )
        program = int(random.choice(_MELODY_PROGRAMS))
        if len(rows):
            rows[:, :2] *= 60 / tempo
            parts = (*parts, Part("melody", "lead", program, rows))
    cut = tuple(part.cut(0.0, seconds) for part in parts)
    source = {"kind": "mma", "groove": groove, "tempo": tempo, "chords": [c.name for c in progression.chords]}
    source |= {"licence": "CC0-1.0", "credit": "drawn chords, a groove of MMA's library"}
    return Arrangement(tuple(part for part in cut if len(part.notes)), seconds, 60 / tempo, source)


def _run(
    groove: str, tempo: int, progression: Progression, bars: int, seed: int, folder: Path
) -> tuple[tuple[Part, ...], float]:
    """The parts that mma makes, named by their tracks' order, and the quarters of a bar."""
    lines = [f"RndSeed {seed}", f"Tempo {tempo}", f"Groove {groove}"]
    lines += [f"{bar + 1} {progression.at(bar).name}" for bar in range(bars)]
    song, output = folder / "chords.mma", folder / "chords.mid"
    song.write_text("\n".join(lines) + "\n", encoding="utf-8")
    output.unlink(missing_ok=True)
    program = shutil.which(PROGRAM)
    if program is None:
        raise RenderError("mma is not installed")
    words = [program, str(song), "-f", str(output)]
    try:
        subprocess.run(words, timeout=_SECONDS, check=True, capture_output=True, cwd=folder)
        parts, _ = read_midi(output)
    except subprocess.TimeoutExpired:
        raise RenderError(f"mma took longer than {_SECONDS:g} s with the groove {groove}") from None
    except (OSError, subprocess.CalledProcessError, CanzonaError) as error:
        raise RenderError(f"mma refused the groove {groove}") from error
    if not parts:
        raise RenderError(f"mma's groove {groove} has no notes")
    return tuple(replace(part, name=f"{groove}, {part.name}") for part in parts), _quarters(output)


def _quarters(path: Path) -> float:
    """Quarters of a bar, from the file's first time signature; 4 without one."""
    import mido

    for track in mido.MidiFile(path).tracks:
        for event in track:
            if event.type == "time_signature":
                return float(event.numerator * 4 / event.denominator)
    return 4.0
