"""Where a song's notes come from: a stretch of a MIDI file, an accompaniment by mma, or step sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import numpy as np

from canzona.errors import CanzonaError, UsageError
from canzona.separation.classes import SYNTH_PROGRAMS
from canzona.train.separation.rendering.accompaniment import draw_accompaniment
from canzona.train.separation.rendering.arrangement import Arrangement, Part, sounding
from canzona.train.separation.rendering.equipment import Equipment
from canzona.train.separation.rendering.midi import read_midi
from canzona.train.separation.rendering.patterns import draw_pattern
from canzona.train.separation.rendering.recipe import Recipe
from canzona.train.separation.rendering.worker import RenderError

MIDI_SUFFIXES = (".mid", ".midi", ".kar")

_TRIES = 8
_LEAST_PARTS = 2
_STEP = 0.5


def list_midi(folders: Sequence[Path], recipe: Recipe) -> list[Path]:
    """The MIDI files of folders, sorted, less those that are reserved.

    Raises
    ------
    UsageError : a folder is none, or no file is left.
    """
    found: list[Path] = []
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder", hint="name a folder of MIDI files with --midi")
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in MIDI_SUFFIXES)
        kept = [path for path in files if path.is_file() and not recipe.reserves_midi(path.stem)]
        if not kept:
            raise UsageError(
                f"{folder} holds no MIDI file that may be used", hint="name another folder with --midi"
            )
        found += kept
    return found


def draw_arrangement(
    random: np.random.Generator, recipe: Recipe, equipment: Equipment, midi: Sequence[Path], folder: Path
) -> Arrangement:
    """The notes of a song, from a source drawn by the recipe's shares of those that are there.

    Parameters
    ----------
    midi : files to choose from; may be empty.
    folder : a scratch folder.
    """
    seconds = round(float(random.uniform(recipe.song.shortest, recipe.song.longest)), 2)
    shares = (
        asdict(recipe.sources) | ({} if midi else {"midi": 0.0}) | ({} if equipment.mma else {"mma": 0.0})
    )
    total = sum(shares.values())
    kind = (
        str(random.choice(list(shares), p=[share / total for share in shares.values()]))
        if total
        else "patterns"
    )
    for _ in range(_TRIES):
        try:
            if kind == "midi":
                found = draw_excerpt(random, midi[int(random.integers(len(midi)))], seconds, recipe)
            elif kind == "mma":
                found = draw_accompaniment(random, seconds, folder)
            else:
                found = draw_pattern(random, seconds)
        except CanzonaError:
            continue
        if sum(part.pitched for part in found.parts) >= _LEAST_PARTS:
            return _longest_parts(found, recipe.song.most_parts)
    return _longest_parts(draw_pattern(random, seconds), recipe.song.most_parts)


def draw_excerpt(random: np.random.Generator, path: Path, seconds: float, recipe: Recipe) -> Arrangement:
    """A stretch of a MIDI file in which nearly as many parts sound as anywhere, in another key and tempo.

    Raises
    ------
    RenderError : the file has no notes.
    FormatError : the file cannot be read.
    """
    parts, beat = _read(path)
    changes = recipe.changes
    factor = round(float(random.uniform(changes.slowest, changes.fastest)), 3)
    shift = int(random.integers(changes.lowest_shift, changes.highest_shift + 1))
    parts = tuple(part.faster(factor) for part in parts if len(part.notes))
    if not parts:
        raise RenderError(f"{path} has no notes")
    start = _draw_start(random, parts, seconds)
    cut = [part.cut(start, seconds).transposed(shift) for part in parts]
    licence, credit = recipe.licence_of(path.parent.name)
    source = {"kind": "midi", "file": path.name, "from_second": round(start * factor, 2), "semitones": shift}
    source |= {"tempo_factor": factor, "licence": licence, "credit": credit}
    kept = tuple(part for part in cut if len(part.notes))
    return Arrangement(kept, seconds, beat / factor, source)


@cache
def _read(path: Path) -> tuple[tuple[Part, ...], float]:
    return read_midi(path)


def _draw_start(random: np.random.Generator, parts: Sequence[Part], seconds: float) -> float:
    """The beginning of a stretch whose parts sound for nearly as long as in the best one."""
    end = max(float(np.max(part.notes[:, 0] + part.notes[:, 1])) for part in parts)
    if end <= seconds:
        return 0.0
    # A synth part counts double: it is what the song is rendered for.
    weights = [2.0 if part.program in SYNTH_PROGRAMS and part.pitched else 1.0 for part in parts]
    rows = np.array(
        [sounding(part.notes, end, _STEP) * weight for part, weight in zip(parts, weights, strict=True)]
    )
    window = round(seconds / _STEP)
    sums = np.concatenate([[0.0], np.cumsum(rows.sum(axis=0))])
    scores = sums[window:] - sums[:-window]
    good = np.flatnonzero(scores >= 0.85 * scores.max())
    return float(good[random.integers(len(good))] * _STEP)


def _longest_parts(arrangement: Arrangement, most: int) -> Arrangement:
    """The arrangement with its parts that sound longest, in their old order."""
    lengths = [sounding(part.notes, arrangement.seconds).sum() for part in arrangement.parts]
    kept = sorted(np.argsort(lengths, kind="stable")[::-1][:most])
    return replace(arrangement, parts=tuple(arrangement.parts[index] for index in kept))
