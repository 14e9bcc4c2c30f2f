"""What a score format is, and the list of those that this package holds.

Each format is one module of `canzona.score` with a module-level `FORMAT`. A module that is
added to the folder is found here by its name: reading, writing, conversion, the command line
and the contract tests know it from then on.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from canzona.errors import CanzonaError, FormatError, UsageError
from canzona.score.tune import Tune


@dataclass(frozen=True, slots=True)
class Written:
    """What a writer made: the file's bytes, and what of the tunes the format cannot hold."""

    data: bytes
    losses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """One score format.

    Attributes
    ----------
    name : short name as given to `--to`, which is also the module's name.
    suffixes : file name endings in lower case with their dot; the first is the one written.
    read : (data, source, track) -> iterator of Tunes. `source` names the file in errors,
        `track` chooses a voice by its number from 1 or its name, None where there is one only.
    write : (tunes) -> Written. Only formats with `many` take more than one tune.
    many : whether one file may hold many tunes.
    read_each : as `read`, but a tune that cannot be read is yielded as its error and the next
        one follows; None where a file holds one tune.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[bytes, str, str | None], Iterator[Tune]]
    write: Callable[[Sequence[Tune]], Written]
    many: bool = False
    read_each: Callable[[bytes, str, str | None], Iterator[Tune | FormatError]] | None = None


@cache
def formats() -> tuple[Format, ...]:
    """All formats, in alphabetical order of their names."""
    package = importlib.import_module("canzona.score")
    modules = (
        importlib.import_module(f"canzona.score.{found.name}")
        for found in pkgutil.iter_modules(package.__path__)
    )
    held = (vars(module).get("FORMAT") for module in modules)
    return tuple(sorted((f for f in held if isinstance(f, Format)), key=lambda f: f.name))


def format_named(name: str) -> Format:
    """The format of a name ('abc') or a suffix ('.mid'), whatever its case."""
    wanted = name.lower()
    for known in formats():
        if wanted == known.name or f".{wanted.removeprefix('.')}" in known.suffixes:
            return known
    names = ", ".join(known.name for known in formats())
    raise UsageError(f"'{name}' is no score format that Canzona knows", hint=f"choose one of {names}")


def format_of(path: Path) -> Format:
    """The format of a file by its ending; FormatError where none fits."""
    suffix = path.suffix.lower()
    for known in formats():
        if suffix in known.suffixes:
            return known
    endings = ", ".join(suffix for known in formats() for suffix in known.suffixes)
    raise FormatError(
        f"'{suffix}' is no ending of a score that Canzona reads",
        source=str(path),
        hint=f"give a file that ends in {endings}",
    )


def read_tunes(path: str | Path, *, track: str | None = None) -> Iterator[Tune]:
    """All tunes of a file, lazily.

    Parameters
    ----------
    path : a .krn, .abc, .musicxml, .mxl or .mid file.
    track : the voice to read, by its number from 1 or its name, where a file holds several.

    Raises
    ------
    FormatError : the file cannot be read or is not what its ending says.
    PolyphonyError : it holds several voices and no track was chosen.
    """
    path = Path(path)
    known = format_of(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise FormatError(reason, source=str(path), hint="check the path and its permissions") from error
    return known.read(data, str(path), track)


def read(path: str | Path, *, track: str | None = None, number: int = 1) -> Tune:
    """One tune of a file: the first, or the `number`-th (from 1) of a collection.

    Raises as `read_tunes` does; UsageError where the file holds fewer tunes.
    """
    found = 0
    for found, tune in enumerate(read_tunes(path, track=track), start=1):
        if found == number:
            return tune
    raise UsageError(
        f"{path} holds {found} tunes and number {number} was asked for",
        hint=f"choose 1 to {found}" if found else "give a file that holds a tune",
    )


def find_scores(folder: Path) -> list[Path]:
    """All files under a folder (or the file itself) that a format reads, sorted by path."""
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise CanzonaError(f"{folder} is neither a file nor a folder", hint="check the path")
    endings = {suffix for known in formats() for suffix in known.suffixes}
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings and path.is_file())
