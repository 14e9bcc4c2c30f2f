"""Every tune of some folders, whatever its format, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from canzona.composition.events import folders_below, region_tags
from canzona.errors import CanzonaError, FormatError
from canzona.score.format import find_scores, format_of
from canzona.score.tune import Tune


@dataclass(frozen=True)
class Corpus:
    """Tunes with a note, in order of their paths.

    Attributes
    ----------
    names : path below the folder's parent, with '#n' for the n-th tune of a file; of folders with
        one name, as much more of their paths as tells them apart.
    tunes : the tunes.
    tags : words of each tune's region (`ARE` record, else the folders of its path).
    empty : names of files without a note, which are passed over.
    unreadable : what could not be read, and why.
    """

    names: tuple[str, ...] = ()
    tunes: tuple[Tune, ...] = ()
    tags: tuple[tuple[str, ...], ...] = ()
    empty: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()


@dataclass
class _Found:
    names: list[str] = field(default_factory=list)
    tunes: list[Tune] = field(default_factory=list)
    tags: list[tuple[str, ...]] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)


def read_corpus(folders: Iterable[Path], *, blind: bool = False) -> Corpus:
    """All tunes below some folders (or of single files), recursively, in every score format.

    A file that is found in two of them is read once.

    Parameters
    ----------
    folders : folders or files.
    blind : leave out the words of the regions.

    Raises
    ------
    CanzonaError : a folder does not exist, or holds no file of a score format.
    """
    found = _Found()
    given = sorted(set(folders))
    labels = _labels(map(_root, given))
    seen: set[Path] = set()
    for folder in given:
        paths = find_scores(folder)
        if not paths:
            raise CanzonaError(
                f"{folder} holds no score",
                hint="give a folder with .krn, .abc, .musicxml, .mxl or .mid files",
            )
        for path in paths:
            real = path.resolve()
            if real not in seen:
                seen.add(real)
                _read_file(path, folder, labels, found, blind)
    return Corpus(*(tuple(values) for values in vars(found).values()))


def read_each(path: Path) -> Iterator[Tune | CanzonaError]:
    """The tunes of a file; in place of one that cannot be read, its error."""
    try:
        known = format_of(path)
        data = path.read_bytes()
        if known.read_each is not None:
            yield from known.read_each(data, str(path), None)
        else:
            yield from known.read(data, str(path), None)
    except CanzonaError as error:
        yield error
    except OSError as error:
        yield FormatError(error.strerror or "cannot be read", source=str(path))


def _root(given: Path) -> Path:
    """The folder that was given, or that a given file lies in."""
    return given if given.is_dir() else given.parent


def _labels(roots: Iterable[Path]) -> dict[Path, str]:
    """What the names of tunes begin with: each root's own name, with those above it where two are alike."""
    distinct = sorted({root.resolve() for root in roots})
    found = {}
    for root in distinct:
        size = 1
        while any(other.parts[-size:] == root.parts[-size:] for other in distinct if other != root):
            size += 1
        found[root] = root.name if size == 1 else "/".join(root.parts[-size:])
    return found


def _read_file(path: Path, given: Path, labels: dict[Path, str], found: _Found, blind: bool) -> None:
    root = _root(given)
    base = f"{labels[root.resolve()]}/{path.relative_to(root).as_posix()}"
    folders: Sequence[str] = folders_below(str(path.resolve()), str(root.resolve()))
    each = list(read_each(path))
    for number, tune in enumerate(each, start=1):
        name = f"{base}#{number}" if len(each) > 1 else base
        if isinstance(tune, CanzonaError):
            found.unreadable.append(str(tune))
        elif tune.is_empty:
            found.empty.append(name)
        else:
            found.names.append(name)
            found.tunes.append(tune)
            found.tags.append(() if blind else region_tags(tune, folders))
