"""Many songs at once: what is done already stays, and a song that fails does not stop the others."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

from canzona.errors import CanzonaError, ModelError, UnsupportedError, UsageError
from canzona.separation.done import left_to_do
from canzona.separation.model import SeparationModel
from canzona.separation.processes import reports_of
from canzona.separation.report import STDIN, STDOUT, Options, Report, Song
from canzona.separation.song import extract_song

Progress = Callable[[float], None]
"""Called with how much of all songs is done, 0..1, each song counted by the size of its file."""


def extract_songs(
    planned: Sequence[Song | Report],
    model: SeparationModel,
    options: Options,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Generator[Report, None, None]:
    """A report for each song in order, as soon as it is done; a song that fails does not stop the others.

    What an earlier run made of the same song in the same way stays, and what is missing is made.

    Parameters
    ----------
    planned : of `canzona.separation.planning.plan_songs`.
    model : what hears the target; with several jobs each process opens it for itself.
    options : as for `plan_songs`.
    jobs : processes at work.
    progress : see above.

    Raises
    ------
    ModelError : the model cannot be run. Interrupted, it leaves nothing half-written.
    """
    songs = [each for each in planned if isinstance(each, Song)]
    shares = _Shares([_bytes_of(song) for song in songs], progress)
    with closing(_reports(songs, model, options, jobs, shares)) as reports:
        yield from (each if isinstance(each, Report) else next(reports) for each in planned)


def _reports(
    songs: Sequence[Song], model: SeparationModel, options: Options, jobs: int, shares: _Shares
) -> Generator[Report, None, None]:
    """The reports in order, of processes side by side where several songs allow it."""
    # A pipe of ours is none of another process.
    apart = [(place, song) for place, song in enumerate(songs) if _is_file(song)]
    if jobs < 2 or len(apart) < 2:
        apart = []
    elsewhere, early = {place for place, _ in apart}, dict[int, Report]()
    with closing(reports_of(apart, _report, model, options, jobs, shares.moved)) as others:
        for place, song in enumerate(songs):
            while place in elsewhere and place not in early:
                early.update([next(others)])
            if place in early:
                report = early.pop(place)
            else:
                report = _report(song, model, options, partial(shares.moved, place))
            if report.status == "skipped":
                shares.leave_out(place)
            yield report


def _is_file(song: Song) -> bool:
    return song.source != STDIN and song.source.is_file() and STDOUT not in dict(song.stems).values()


def _report(
    song: Song,
    model: SeparationModel,
    options: Options,
    progress: Callable[[float], None],
    cancel: Callable[[], bool] | None = None,
) -> Report:
    """What came of a song; all that goes wrong, but for a model that cannot be run, is in it."""
    try:
        left = left_to_do(song, model, options)
        if isinstance(left, Report):
            return left
        report = extract_song(left, model, options, progress=progress, cancel=cancel)
        # What was there already is an output as well.
        return replace(report, outputs=song.targets)
    except (ModelError, BrokenPipeError):  # nobody reads standard output: no fault of the song
        raise
    except CanzonaError as error:
        return Report(song.source, "failed", error=_named(error, song))
    except MemoryError:
        short = CanzonaError(f"{song.source}: there is not enough memory for it", hint="try fewer --jobs")
        return Report(song.source, "failed", error=short)
    except Exception as error:
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        wrong = CanzonaError(
            f"{song.source}: an error that should not happen ({what})",
            hint="please report it with what -v shows",
        )
        wrong.add_note(traceback.format_exc())
        return Report(song.source, "failed", error=wrong)
    finally:
        progress(1.0)


def _named(error: CanzonaError, song: Song) -> CanzonaError:
    """The error with the song's name in it, as one of an input: what was asked of it made sense."""
    if song.source != STDIN and not any(str(path) in error.message for path in (song.source, *song.targets)):
        error.message = f"{song.source}: {error.message}"
    return UnsupportedError(error.message, hint=error.hint) if isinstance(error, UsageError) else error


def _bytes_of(song: Song) -> int:
    try:
        return max(1, song.source.stat().st_size)
    except OSError:
        return 1


class _Shares:
    """How much of all songs is done."""

    def __init__(self, sizes: Sequence[int], progress: Progress | None) -> None:
        self._sizes, self._parts, self._progress = list(sizes), [0.0] * len(sizes), progress

    def leave_out(self, place: int) -> None:
        """A song that took no time says nothing of how long the others take."""
        self._sizes[place] = 0

    def moved(self, place: int, part: float) -> None:
        """So much of a song is done."""
        self._parts[place] = part
        if self._progress is not None:
            done = sum(size * share for size, share in zip(self._sizes, self._parts, strict=True))
            self._progress(done / max(1, sum(self._sizes)))
