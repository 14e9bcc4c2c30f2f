"""Sound fonts, for who wants the instruments of General MIDI: through fluidsynth or tinysoundfont.

Neither is needed and neither is installed with Canzona. fluidsynth runs as a program of its
own; tinysoundfont is a Python package. What they play is a MIDI file made here from the same
performance that the small synthesizer sounds, in ticks of a tenth of a millisecond.
"""

from __future__ import annotations

import importlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from canzona.errors import CanzonaError, MissingDependencyError, UsageError
from canzona.render.performance import Sounding

Samples = npt.NDArray[np.float32]

_FOLDERS = (
    "/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/share/soundfonts",
    "/usr/local/share/soundfonts",
    "/opt/homebrew/share/soundfonts", "~/.local/share/soundfonts", "~/Library/Audio/Sounds/Banks",
    "C:/soundfonts",
)  # fmt: skip
_SUFFIXES = {".sf2", ".sf3"}
_TICKS_A_SECOND = 10_000
_BEND_RANGE = 2
_TAIL_SECONDS = 1.6
_INAUDIBLE = 1e-4
_TIME_LIMIT = 600
_BLOCK = 1 << 16


def find_soundfont(chosen: str | Path | None = None) -> Path | None:
    """The sound font to use: the one chosen, that of `CANZONA_SOUNDFONT`, else one of the system's.

    A font whose name says General MIDI comes before others. None where there is none;
    UsageError where the chosen one is no sound font.
    """
    if chosen is None and (named := os.environ.get("CANZONA_SOUNDFONT")):
        chosen = named
    if chosen is not None:
        path = Path(os.path.expanduser(chosen))
        if not path.is_file():
            raise UsageError(f"there is no sound font {path}", hint="give an .sf2 or .sf3 file")
        with path.open("rb") as file:
            head = file.read(12)
        if head[:4] != b"RIFF" or head[8:] != b"sfbk":
            raise UsageError(f"{path} is no sound font", hint="give an .sf2 or .sf3 file")
        return path
    found = [
        path
        for folder in map(Path, _FOLDERS)
        for path in (sorted(folder.expanduser().glob("*")) if folder.expanduser().is_dir() else [])
        if path.suffix.lower() in _SUFFIXES
    ]
    return min(found, key=lambda path: (not _is_general(path), found.index(path)), default=None)


def play_soundfont(
    notes: Sequence[Sounding], program: int, font: Path, sample_rate: int
) -> Iterator[Samples]:
    """Blocks of stereo sound, shape (2, n), level as it comes.

    Parameters
    ----------
    notes : in order of onset.
    program : General MIDI program, from 0.
    font : an .sf2 or .sf3 file.
    sample_rate : samples a second.

    Raises
    ------
    MissingDependencyError : neither fluidsynth nor tinysoundfont is there.
    CanzonaError : the program failed, or the font holds no such instrument and stays silent.
    """
    midi = _midi(notes, program)
    seconds = max(note.onset + note.duration for note in notes) + _TAIL_SECONDS
    if fluidsynth := shutil.which("fluidsynth"):
        blocks = _through_fluidsynth(fluidsynth, midi, font, seconds, sample_rate)
    else:
        blocks = _through_tinysoundfont(midi, font, seconds, sample_rate)
    highest = 0.0
    for block in blocks:
        highest = max(highest, float(np.abs(block).max(initial=0.0)))
        yield block
    if highest < _INAUDIBLE:
        raise CanzonaError(
            f"{font} is silent for program {program}", hint="choose another font or instrument"
        )


def _is_general(path: Path) -> bool:
    name = path.stem.lower()
    return "gm" in name or "general" in name


def _through_fluidsynth(
    program: str, midi: bytes, font: Path, seconds: float, sample_rate: int
) -> Iterator[Samples]:
    import soundfile

    with tempfile.TemporaryDirectory(prefix="canzona-") as folder:
        score, sound = Path(folder, "tune.mid"), Path(folder, "tune.wav")
        score.write_bytes(midi)
        command = [program, "-ni", "-q", "-g", "0.6", "-r", str(sample_rate), "-O", "float", "-F", str(sound)]
        # Without this, fluidsynth plays its default font when ours is broken, and says nothing.
        command += ["-o", "synth.default-soundfont=", str(font.absolute()), str(score)]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_TIME_LIMIT, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CanzonaError(f"fluidsynth could not play {font}: {error}") from error
        if done.returncode or not sound.is_file():
            raise CanzonaError(f"fluidsynth could not play {font}", hint="check that it is a sound font")
        with soundfile.SoundFile(sound) as file:
            blocks = (block.T for block in file.blocks(_BLOCK, dtype="float32", always_2d=True))
            yield from _of_length(blocks, round(seconds * sample_rate), sample_rate)


def _through_tinysoundfont(midi: bytes, font: Path, seconds: float, sample_rate: int) -> Iterator[Samples]:
    try:
        tinysoundfont = importlib.import_module("tinysoundfont")
    except (ImportError, OSError) as error:
        raise MissingDependencyError(
            "a sound font needs the program fluidsynth or the package tinysoundfont",
            hint=_install_hint(),
        ) from error
    synth = tinysoundfont.Synth(samplerate=sample_rate)
    try:
        number = synth.sfload(str(font))
    except Exception as error:
        raise CanzonaError(
            f"tinysoundfont could not load {font}", hint="check that it is a sound font"
        ) from error
    synth.program_select(0, number, 0, midi[midi.index(b"\xc0") + 1])
    sequencer = tinysoundfont.Sequencer(synth)
    with tempfile.TemporaryDirectory(prefix="canzona-") as folder:
        score = Path(folder, "tune.mid")
        score.write_bytes(midi)
        sequencer.midi_load(str(score))
    step = 64

    def blocks() -> Iterator[Samples]:
        for _ in range(round(seconds * sample_rate) // _BLOCK + 1):
            parts = []
            for _ in range(_BLOCK // step):
                sequencer.process(step / sample_rate)
                parts.append(np.frombuffer(bytes(synth.generate(step)), np.float32).reshape(-1, 2))
            yield np.concatenate(parts).T.copy()

    yield from _of_length(blocks(), round(seconds * sample_rate), sample_rate)


def _install_hint() -> str:
    if sys.platform == "darwin":
        return "brew install fluid-synth, or leave --soundfont out"
    if sys.platform == "win32":
        return "install fluidsynth and put it on PATH, or leave --soundfont out"
    return "apt install fluidsynth, or leave --soundfont out"


def _of_length(blocks: Iterator[Samples], total: int, sample_rate: int) -> Iterator[Samples]:
    """Exactly `total` samples: cut with a fade of 200 ms, or filled with silence."""
    fade = round(0.2 * sample_rate)
    start = 0
    for block in blocks:
        block = block[:, : total - start].copy()
        if not block.shape[1]:
            return
        place = np.arange(start, start + block.shape[1])
        block *= np.clip((total - 1 - place) / fade, 0, 1).astype(np.float32)
        start += block.shape[1]
        yield block
    while start < total:
        count = min(_BLOCK, total - start)
        yield np.zeros((2, count), np.float32)
        start += count


def _midi(notes: Sequence[Sounding], program: int) -> bytes:
    """A one-track MIDI file of the performance; microtones by pitch bend."""
    events: list[tuple[int, int, bytes]] = []
    for note in notes:
        key = min(max(round(note.pitch), 0), 127)
        bend = 8192 + round((note.pitch - round(note.pitch)) / _BEND_RANGE * 8192)
        on = round(note.onset * _TICKS_A_SECOND)
        off = max(round((note.onset + note.duration) * _TICKS_A_SECOND), on + 1)
        velocity = min(max(round(note.velocity * 127), 1), 127)
        events.append((off, 0, bytes((0x80, key, 0))))
        events.append((on, 1, bytes((0xE0, bend & 127, bend >> 7))))
        events.append((on, 2, bytes((0x90, key, velocity))))
    end = max(note.onset + note.duration for note in notes) + _TAIL_SECONDS
    track = bytearray(b"\0\xff\x51\3" + (1_000_000).to_bytes(3, "big") + b"\0" + bytes((0xC0, program)))
    now = 0
    for tick, _, message in sorted(events):
        track += _variable(tick - now) + message
        now = tick
    track += _variable(max(0, round(end * _TICKS_A_SECOND) - now)) + b"\xff\x2f\0"
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, _TICKS_A_SECOND)
    return head + b"MTrk" + struct.pack(">I", len(track)) + bytes(track)


def _variable(number: int) -> bytes:
    """A number in MIDI's variable length: seven bits a byte, all but the last with the high bit."""
    out = [number & 127]
    while number := number >> 7:
        out.append(number & 127 | 128)
    return bytes(reversed(out))
