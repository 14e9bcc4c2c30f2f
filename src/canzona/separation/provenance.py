"""What stems and pictures are made from, as they tell it themselves."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from pathlib import Path

import canzona
from canzona.audio.tags import Tags
from canzona.models import ModelFolder
from canzona.score.provenance import Input, Provenance


def provenance_of(
    source: Path | None, model: ModelFolder, start: float | None, end: float | None
) -> Provenance:
    """How the stems of a song are made; which one, and its format, come with `of_file`.

    Parameters
    ----------
    source : the input, named by its content where it is a file; None for samples in memory.
    model : what hears the target.
    start, end : seconds between which the song is taken; its beginning is not worth a word.
    """
    times = (("start", start), ("end", end))
    options = {name: float(time) for name, time in times if time and math.isfinite(time)}
    inputs = () if source is None else _inputs(source)
    return Provenance(canzona.__version__, "extract", model.name, model.hash, options=options, inputs=inputs)


def of_file(made: Provenance, form: str, stem: str = "") -> Provenance:
    """How one file is made: a stem in a format by its name, or the picture of both stems in that format."""
    options = {**made.options, "format": form.strip().lower().removeprefix(".")}
    return replace(made, options=options | ({"stem": stem} if stem else {}))


def stem_tags(song: Tags, made: Provenance, form: str, stem: str) -> Tags:
    """The words on a stem: the song's title and artist, and how it is made."""
    return Tags(song.title, song.artist, of_file(made, form, stem).to_json())


def _inputs(source: Path) -> tuple[Input, ...]:
    """A file by its name and content; nothing for a pipe, and for what cannot be read."""
    try:
        if not source.is_file():
            return ()
        with source.open("rb") as file:
            return (Input(source.name, hashlib.file_digest(file, "sha256").hexdigest()),)
    except OSError:
        return ()
