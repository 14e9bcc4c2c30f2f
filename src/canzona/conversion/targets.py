"""The kinds of file that a tune can become: every score format, pages and sound."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from canzona.errors import UsageError
from canzona.score.format import format_named, formats
from canzona.score.instruments import PROGRAMS, program_of
from canzona.score.tune import Tune

PAGES = ("svg", "png", "pdf")
"""Pictures of the score."""

SOUNDS = ("wav", "flac", "ogg", "mp3")
"""Kinds of sound file."""

_COMPRESSED = ".mxl"


@dataclass(frozen=True, slots=True)
class Target:
    """A kind of file to make.

    Attributes
    ----------
    name : what `--to` takes: a score format's written ending without its dot, or the kind.
    suffix : the ending of the files, with its dot.
    family : 'score', 'page' or 'sound'.
    many : whether one file may hold many tunes.
    """

    name: str
    suffix: str
    family: Literal["score", "page", "sound"]
    many: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """One file made: what its name has after the common stem ('-002'), its bytes, what it cannot hold."""

    data: bytes
    losses: tuple[str, ...] = ()
    tail: str = ""


def target_names() -> list[str]:
    """Names of all targets: scores, pages, sounds."""
    return [known.suffixes[0].removeprefix(".") for known in formats()] + [*PAGES, *SOUNDS]


def target_named(name: str, *, source: str = "") -> Target:
    """The target of a name or an ending, whatever its case: 'abc', '.MID', 'kern'.

    Parameters
    ----------
    name : the name.
    source : the file whose ending it is, for the error.

    Raises
    ------
    UsageError : there is none.
    """
    wanted = name.lower().removeprefix(".")
    if wanted in PAGES:
        return Target(wanted, f".{wanted}", "page", many=wanted == "pdf")
    if wanted in SOUNDS:
        return Target(wanted, f".{wanted}", "sound")
    endings = {suffix for known in formats() for suffix in known.suffixes} - {_COMPRESSED}
    if f".{wanted}" in endings or wanted in {known.name for known in formats()}:
        known = format_named(wanted)
        return Target(known.suffixes[0].removeprefix("."), known.suffixes[0], "score", known.many)
    what = (
        f"{source}: no kind of file that Canzona writes"
        if source
        else f"'{name}' is no kind of file to write"
    )
    near = difflib.get_close_matches(wanted, target_names(), 1)
    listed = ", ".join(target_names())
    raise UsageError(what, hint=f"did you mean '{near[0]}'?" if near else f"choose one of {listed}")


def encode(
    tunes: Sequence[Tune], target: Target, *, instrument: str = "", soundfont: str | Path = ""
) -> list[Output]:
    """The bytes of tunes as a target: one file, or one for each page of a picture.

    Parameters
    ----------
    tunes : one tune, or several where the target holds many.
    target : what to make.
    instrument : the instrument that plays, for sound and MIDI; an empty string for the default.
    soundfont : a .sf2 or .sf3 file, for sound; an empty string for none.

    Raises
    ------
    EmptyTuneError : a tune without a note cannot sound.
    UnsupportedError, MissingDependencyError, UsageError : as the target's writer says.
    """
    if target.family == "page":
        return _pages(tunes, target)
    if target.family == "sound":
        return [_sound(tunes[0], target, instrument, soundfont)]
    if target.suffix == ".mid" and instrument:
        tunes = _played_by(tunes, instrument)
    written = format_named(target.suffix).write(tunes)
    losses = dict.fromkeys(loss for tune in tunes for loss in tune.losses)
    return [Output(written.data, tuple(losses | dict.fromkeys(written.losses)))]


def _played_by(tunes: Sequence[Tune], instrument: str) -> list[Tune]:
    """The tunes with an instrument that MIDI knows: one of our own by the nearest of General MIDI."""
    from canzona.render.sound import instrument_program

    known = PROGRAMS[instrument_program(instrument)]
    return [
        tune.replace(instrument=instrument if program_of(instrument) is not None else known) for tune in tunes
    ]


def _pages(tunes: Sequence[Tune], target: Target) -> list[Output]:
    """A file for each page, or one document that holds every tune on pages of its own."""
    from canzona.render.engrave import Layout, engrave, engrave_pages
    from canzona.render.pdf import write_pdf

    losses = tuple(dict.fromkeys(loss for tune in tunes for loss in tune.losses))
    if len(tunes) == 1:
        pages = engrave(tunes[0], target.name)
    else:
        drawn = [page for tune in tunes for page in engrave_pages(tune, Layout(paper="a4"))]
        title = f"{tunes[0].title or 'Untitled'} and {len(tunes) - 1} more"
        pages = (write_pdf(drawn, title=title, provenance=tunes[0].provenance),)
    tails = ["", *(f"-{number}" for number in range(2, len(pages) + 1))]
    return [Output(data, losses, tail) for data, tail in zip(pages, tails, strict=True)]


def _sound(tune: Tune, target: Target, instrument: str, soundfont: str | Path) -> Output:
    from canzona.render.sound import DEFAULT_INSTRUMENT, write_sound

    data = write_sound(
        tune, kind=target.name, instrument=instrument or DEFAULT_INSTRUMENT, soundfont=soundfont or None
    )
    return Output(data, tune.losses)
