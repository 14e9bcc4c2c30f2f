"""Which songs there are in files and folders, and which files are to become of each."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from canzona.audio import AUDIO_SUFFIXES
from canzona.audio.formats import SoundFormat, sound_format
from canzona.audio.reading import SOUND_SUFFIXES, open_sound
from canzona.audio.tags import Tags
from canzona.errors import CanzonaError, FormatError, UsageError
from canzona.separation.done import maker_of
from canzona.separation.model import SeparationModel
from canzona.separation.names import Pattern, shortened
from canzona.separation.report import STDIN, STDOUT, Options, Report, Song, check_stem, ending

_LONGEST_TRACK = 240


def plan_songs(
    sources: Iterable[Path], folder: Path, model: SeparationModel, options: Options
) -> list[Song | Report]:
    """The songs of files and folders (with all below them), and the files that are to become of each.

    A folder's shape is kept in the target folder. Stems that Canzona wrote are no songs of a folder. Songs
    that differ in their endings alone keep them in the names of their stems.

    Parameters
    ----------
    sources : files and folders; '-' is standard input. What is not there comes back as a failed report.
    folder : where the stems go; '-' for standard output.

    Raises
    ------
    UsageError : there is no such stem, two songs would be written to one file, a file would replace a
        song, or the target folder is a file.
    """
    check_stem(options.only, model.stems)
    if folder == STDOUT:
        return [_to_stdout(list(sources), model, options)]
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is no folder, and stems go into one", hint="name another with -o")
    names = [options.only] if options.only else list(model.stems)
    if len(names) > 1 and not Pattern(options.filename).holds("stem"):
        raise UsageError(
            f"'{options.filename}' gives both stems one name",
            hint="put {stem} into it, or choose with --only",
        )
    firsts: dict[str, _Found | Report] = {}
    for source in {_place(source): source for source in sources}.values():
        for each in _found(source, folder, options):
            # A folder and a file in it name one song.
            firsts.setdefault(_place(each.source), each)
    found = list(firsts.values())
    twins = _twins([each for each in found if isinstance(each, _Found)], names[0], options)
    planned = [
        _song(each, names, model.stems, options, whole=each in twins) if isinstance(each, _Found) else each
        for each in found
    ]
    _refuse_clashes([each for each in planned if isinstance(each, Song)])
    return planned


@dataclass(frozen=True, slots=True)
class _Found:
    """A song, the folder that its stems go to, and its tags where they name files."""

    source: Path
    folder: Path
    tags: Tags

    def track(self, *, whole: bool) -> str:
        """The song's name in those of its files; `whole` keeps its ending."""
        return "stdin" if self.source == STDIN else self.source.name if whole else self.source.stem

    def stem(self, name: str, form: SoundFormat, options: Options, *, whole: bool) -> Path:
        """The file of a stem; for `whole` see `track`."""
        named = Pattern(options.filename).path(self.track(whole=whole), name, ending(form), self.tags)
        return self.folder / named


def _to_stdout(sources: list[Path], model: SeparationModel, options: Options) -> Song:
    if len(sources) != 1 or sources[0].is_dir():
        raise UsageError("standard output holds one stem of one song", hint="name a folder with -o")
    if options.presence or options.plot:
        raise UsageError("standard output holds sound alone", hint="name a folder with -o for the others")
    if sound_format(options.format).kind != "wav":
        raise UsageError(f"standard output gets wav, and no {options.format}", hint="name a folder with -o")
    return Song(sources[0], ((options.only or model.stems[0], STDOUT),))


def _found(source: Path, folder: Path, options: Options) -> list[_Found | Report]:
    """The songs of one input."""
    if source == STDIN or not source.is_dir():
        return [_Found(source, folder, _tags(source, options))]
    failed: list[Report] = []
    kept = [
        _Found(path, folder / path.parent.relative_to(source), _tags(path, options))
        for path in _sounds_in(source, failed)
        if path.suffix.lower() not in AUDIO_SUFFIXES or maker_of(path) is None
    ]
    if not kept and not failed:
        error = FormatError("holds no song", source=str(source), hint="give a folder with sound files")
        failed.append(Report(source, "failed", error=error))
    return [*failed, *kept]


def _sounds_in(folder: Path, failed: list[Report]) -> list[Path]:
    """Files below a folder that may be songs; a report is added for each folder that cannot be read."""

    def refused(error: OSError) -> None:
        reason = (error.strerror or "cannot be read").lower()
        place = Path(error.filename or folder)
        wrong = FormatError(reason, source=str(place), hint="check its permissions, or leave it out")
        failed.append(Report(place, "failed", error=wrong))

    paths = (Path(home, name) for home, _, names in os.walk(folder, onerror=refused) for name in names)
    return sorted(
        path
        for path in paths
        if path.suffix.lower() in SOUND_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def _tags(source: Path, options: Options) -> Tags:
    """A song's tags where they name files, none where it cannot be read: that is said when its turn comes."""
    pattern = Pattern(options.filename)
    named = pattern.holds("title") or pattern.holds("artist")
    if not named or source == STDIN or not source.is_file():
        return Tags()
    try:
        with open_sound(source) as sound:
            return sound.tags
    except CanzonaError:
        return Tags()


def _twins(songs: Sequence[_Found], name: str, options: Options) -> frozenset[_Found]:
    """The songs whose stems would have one name, and would not if the songs' endings stood in it."""
    form = sound_format(options.format)
    alike: defaultdict[str, list[_Found]] = defaultdict(list)
    for song in songs:
        alike[_place(song.stem(name, form, options, whole=False))].append(song)
    return frozenset(
        song
        for group in alike.values()
        if len({each.source.name for each in group}) == len(group) > 1
        for song in group
    )


def _song(
    found: _Found, names: Sequence[str], all_names: Sequence[str], options: Options, *, whole: bool
) -> Song:
    form = sound_format(options.format)
    places = {name: found.stem(name, form, options, whole=whole) for name in all_names}
    stems = tuple((name, places[name]) for name in names)
    taken = {path for _, path in stems}
    others = tuple((name, path) for name, path in places.items() if path not in taken)
    track = found.track(whole=whole)
    short = shortened(track, _LONGEST_TRACK) if len(os.fsencode(track)) > _LONGEST_TRACK else track
    beside = stems[0][1].parent
    return Song(
        found.source,
        stems,
        beside / f"{short}.presence.csv" if options.presence else None,
        beside / f"{short}.png" if options.plot else None,
        others,
    )


def _refuse_clashes(songs: Sequence[Song]) -> None:
    sources = {_place(song.source): song.source for song in songs if song.source != STDIN}
    taken: dict[str, Path] = {}
    for path, song in _targets(songs):
        place = _place(path)
        if place in sources:
            raise UsageError(
                f"{path} would replace the song {sources[place]}",
                hint="choose another folder with -o, or other names with --filename",
            )
        if place in taken:
            raise UsageError(
                f"{taken[place]} and {song.source} would both become {path}",
                hint=f"extract {_above(taken[place], song.source)}, the folder of both, whose shape is kept, "
                "or each into a folder of its own",
            )
        taken[place] = song.source


def _above(*paths: Path) -> Path:
    """The folder in which all of them lie; '.' where it is the one that one stands in."""
    common = Path(os.path.commonpath([path.resolve() for path in paths]))
    with suppress(ValueError):
        return common.relative_to(Path.cwd())
    return common


def _targets(songs: Sequence[Song]) -> Iterator[tuple[Path, Song]]:
    return ((path, song) for song in songs for path in song.targets)


def _place(path: Path) -> str:
    """One word for a file, however it is spelt; standard input is none."""
    if path == STDIN:
        return "-"
    place = os.path.normcase(os.path.realpath(path))
    # The usual file system of a Mac takes Song and song for one name, however their letters are put together.
    return unicodedata.normalize("NFC", place).casefold() if sys.platform == "darwin" else place
