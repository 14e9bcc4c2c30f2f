"""A song: drawn from (recipe, seed, index), rendered part by part, levelled, and saved as a folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from canzona.audio import encode_audio
from canzona.errors import WriteError
from canzona.train.separation.rendering.casting import cast_parts
from canzona.train.separation.rendering.equipment import Equipment
from canzona.train.separation.rendering.host import SAMPLE_RATE
from canzona.train.separation.rendering.mixdown import Stem, group_stems, level_stems
from canzona.train.separation.rendering.performance import Performance
from canzona.train.separation.rendering.recipe import Recipe
from canzona.train.separation.rendering.sources import draw_arrangement
from canzona.train.separation.rendering.synthesizers import Studio
from canzona.train.separation.rendering.worker import RenderError

ENTRY = "song.json"

_ATTEMPTS = 3
_LEAST_STEMS = 2


@dataclass
class Song:
    """A rendered song: its stems, and its entry in the manifest."""

    stems: list[Stem]
    entry: dict[str, Any]


def song_name(seed: int, index: int) -> str:
    """The folder of a song."""
    return f"song-{seed}-{index:05d}"


def render_song(
    recipe: Recipe, seed: int, index: int, *, equipment: Equipment, midi: Sequence[Path], studio: Studio
) -> Song:
    """Draw and render a song; the same recipe, seed, index, files and presets give the same song.

    All that is drawn is then the same. Samples may differ: ZynAddSubFX draws phases of its own, and
    a preset that takes too long on one machine is replaced there by the next.

    Raises
    ------
    RenderError : three attempts in a row gave less than two stems.
    """
    failed: list[dict[str, str]] = []
    for attempt in range(_ATTEMPTS):
        notes, casting, playing = np.random.default_rng((seed, index, attempt)).spawn(3)
        arrangement = draw_arrangement(notes, recipe, equipment, midi, studio.folder)
        casts = cast_parts(casting, arrangement, recipe, equipment)
        performance = Performance(arrangement, studio, playing)
        stems = group_stems(performance.play(casts), recipe)
        failed += performance.failed
        if len(stems) >= _LEAST_STEMS:
            entry = {"id": song_name(seed, index), "seed": seed, "index": index, "attempt": attempt}
            entry |= {"licence": arrangement.source["licence"], "credit": arrangement.source["credit"]}
            entry |= {"seconds": arrangement.seconds, "sample_rate": SAMPLE_RATE}
            entry |= level_stems(stems, recipe, playing)
            entry |= {"source": dict(arrangement.source), "failed": failed}
            entry["stems"] = {stem.name: stem.facts for stem in stems}
            return Song(stems, entry)
    raise RenderError(f"{song_name(seed, index)} gave no two stems in {_ATTEMPTS} attempts")


def save_song(song: Song, folder: Path) -> Path:
    """Write a song's FLAC files and its entry into a new folder, which appears when all is there.

    Raises
    ------
    WriteError : the folder cannot be written; nothing half-written is left under its name.
    """
    draft = folder.with_name(f".{folder.name}.part")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for stem in song.stems:
            data = encode_audio(
                [stem.sound], samples=stem.sound.shape[1], sample_rate=SAMPLE_RATE, kind="flac", bits=16
            )
            (draft / f"{stem.name}.flac").write_bytes(data)
        text = json.dumps(song.entry, indent=1, ensure_ascii=False)
        (draft / ENTRY).write_text(text + "\n", encoding="utf-8")
        draft.rename(folder)
    except BaseException as error:
        shutil.rmtree(draft, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
        reason = (error.strerror or str(error)).lower()
        raise WriteError(
            f"{folder} was not written: {reason}", hint="free some space, or choose another folder"
        ) from error
    return folder
