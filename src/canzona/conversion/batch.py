"""Many files at once: where each output goes, processes at work, and what came of each input."""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from canzona.conversion.targets import Output, target_named
from canzona.conversion.tune_file import Conversion, convert_bytes
from canzona.errors import CanzonaError, UsageError
from canzona.files import make_folder, refuse_existing, write_together
from canzona.score.format import find_scores, format_of, formats

_NUMBER = re.compile(r"(?<=.)-\d{3,}$")


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one input.

    Attributes
    ----------
    source : the input.
    outputs : the files written.
    losses : what the targets cannot hold, each in a few words.
    errors : what could not be done; empty where all went well.
    """

    source: Path
    outputs: tuple[Path, ...] = ()
    losses: tuple[str, ...] = ()
    errors: tuple[CanzonaError, ...] = ()


@dataclass(frozen=True, slots=True)
class _Job:
    source: Path
    target: Path


def convert(
    source: str | Path,
    target: str | Path,
    *,
    to: str = "",
    transpose: str = "",
    track: str = "",
    unfold: bool = False,
    tempo: float | None = None,
    instrument: str = "",
    soundfont: str = "",
    split: bool = False,
    force: bool = False,
    jobs: int = 1,
) -> list[Report]:
    """Convert a file, or all scores of a folder.

    Parameters
    ----------
    source : a file or folder.
    target : the folder to write to; without `to`, a file whose ending says what is made.
    to : the kind to make: 'krn', 'abc', 'musicxml', 'mid', 'svg', 'png', 'pdf', 'wav' ...
    transpose ... split : see `Conversion`.
    force : replace files that exist.
    jobs : processes at work.

    Returns
    -------
    A report for each input file. Of a folder, files that could not be handled say so in
    their report.

    Raises
    ------
    CanzonaError : an option makes no sense, or `source` is a file and could not be handled.
    """
    source, target = Path(source), Path(target)
    kind = to or target_named(target.suffix, source=str(target)).name
    conversion = Conversion(kind, transpose, track, unfold, tempo, instrument, soundfont, split)
    if to:
        reports = list(convert_all([source], target, conversion, force=force, jobs=jobs))
    elif source.is_dir():
        raise UsageError(
            f"{source} is a folder and {target} a file", hint="name a folder and the kind with `to`"
        )
    else:
        reports = [convert_file(source, target, conversion, force=force)]
    if not source.is_dir() and reports and reports[0].errors:
        raise reports[0].errors[0]
    return reports


def convert_all(
    sources: Iterable[Path], folder: Path, conversion: Conversion, *, force: bool = False, jobs: int = 1
) -> Iterator[Report]:
    """Convert files and folders (recursively, keeping their subfolders) into a folder, in order.

    What is to be converted is looked up at once, each file converted when its report is asked for.

    Parameters
    ----------
    sources : files and folders; those that do not exist are reported, not raised.
    folder : where the outputs go; made if needed.
    conversion : what to make.
    force : replace files that exist.
    jobs : processes at work.

    Raises
    ------
    UsageError : the conversion makes no sense, or `jobs` is less than 1.
    WriteError : the folder cannot be made.
    """
    if jobs < 1:
        raise UsageError(f"{jobs} processes do no work", hint="give 1 or more")
    target = conversion.target
    make_folder(folder)
    planned: list[_Job | Report] = []
    for source in sources:
        planned += _plan(source, folder, target.suffix)
    tasks = _told_apart(
        list(dict.fromkeys(each for each in planned if isinstance(each, _Job))),
        numbered=conversion.split or not target.many,
    )
    failed = [each for each in planned if isinstance(each, Report)]
    return chain(failed, _converted(tasks, conversion, force, jobs))


def _converted(tasks: Sequence[_Job], conversion: Conversion, force: bool, jobs: int) -> Iterator[Report]:
    """The report of each task, in order."""
    if jobs == 1 or len(tasks) < 2:
        for task in tasks:
            yield _convert_job(task, conversion, force)
        return
    with ProcessPoolExecutor(min(jobs, len(tasks)), initializer=_leave_ctrl_c_to_the_parent) as pool:
        waiting = [pool.submit(_convert_job, task, conversion, force) for task in tasks]
        try:
            for each in waiting:
                yield each.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def convert_file(
    source: Path, target: Path, conversion: Conversion, *, data: bytes | None = None, force: bool = False
) -> Report:
    """Convert one file into one that is named; whatever goes wrong with it stands in the report.

    Parameters
    ----------
    source : the input.
    target : the output; where there are several, the others get a number before its ending.
    conversion : what to make.
    data : the input's bytes, where they come from elsewhere.
    force : replace files that exist.
    """
    try:
        refuse_existing(target, force=force)
        made = list(convert_bytes(read_input(source, data), str(source), format_of(source), conversion))
        outputs = [each for each in made if isinstance(each, Output)]
        written = write_together(
            {target.with_name(target.stem + each.tail + target.suffix): each.data for each in outputs},
            force=force,
        )
    except UsageError:
        raise
    except CanzonaError as error:
        return Report(source, errors=(error,))
    losses = dict.fromkeys(loss for output in outputs for loss in output.losses)
    errors = tuple(each for each in made if isinstance(each, CanzonaError))
    return Report(source, tuple(written), tuple(losses), errors)


def read_input(path: Path, data: bytes | None = None) -> bytes:
    """The bytes of an input, unless they are there already; CanzonaError where it cannot be read."""
    if data is not None:
        return data
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise CanzonaError(f"{path}: {reason}", hint="check the path and its permissions") from error


def _convert_job(job: _Job, conversion: Conversion, force: bool) -> Report:
    try:
        make_folder(job.target.parent)
        return convert_file(job.source, job.target, conversion, force=force)
    except UsageError:
        raise
    except CanzonaError as error:
        return Report(job.source, errors=(error,))


def _leave_ctrl_c_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _plan(source: Path, folder: Path, suffix: str) -> list[_Job | Report]:
    if not source.is_dir():
        return [_Job(source, folder / f"{source.stem}{suffix}")]
    found = find_scores(source)
    if not found:
        error = CanzonaError(
            f"{source} holds no score", hint="give a folder with .krn, .abc, .musicxml or .mid files"
        )
        return [Report(source, errors=(error,))]
    return [_Job(path, (folder / path.relative_to(source)).with_suffix(suffix)) for path in found]


def _told_apart(tasks: list[_Job], *, numbered: bool) -> list[_Job]:
    """Inputs of one name (tune.krn, tune.abc) get outputs of different names (tune-krn, tune-abc).

    Where the tunes of a collection become files of their own (`numbered`), an input that is
    named as one of those (set-001.krn beside set.abc) gets another name too.
    """
    names = Counter(task.target for task in tasks)
    sets = {task.target for task in tasks if numbered and _holds_many(task.source)}
    taken: set[Path] = set()
    apart = []
    for task in tasks:
        target = task.target
        if names[target] > 1 or target.with_stem(_NUMBER.sub("", target.stem)) in sets - {target}:
            kind = task.source.suffix.lower().removeprefix(".")
            target = target.with_stem(f"{target.stem}-{kind}")
        number = 2
        while target in taken:
            target = task.target.with_stem(f"{task.target.stem}-{number}")
            number += 1
        taken.add(target)
        apart.append(_Job(task.source, target))
    return apart


def _holds_many(source: Path) -> bool:
    return any(known.many and source.suffix.lower() in known.suffixes for known in formats())
