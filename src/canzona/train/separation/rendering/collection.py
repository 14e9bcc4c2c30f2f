"""A collection of rendered songs in a folder: what is there is kept, what is missing is rendered."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import tempfile
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from itertools import islice
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from canzona.errors import UsageError, WriteError
from canzona.files import make_folder, write_atomic
from canzona.train.separation.rendering.equipment import Equipment, check_equipment
from canzona.train.separation.rendering.recipe import Recipe
from canzona.train.separation.rendering.song import ENTRY, render_song, save_song, song_name
from canzona.train.separation.rendering.sources import list_midi
from canzona.train.separation.rendering.synthesizers import Studio
from canzona.train.separation.rendering.worker import PluginHost, RenderError

MANIFEST = "manifest.jsonl"

_SONGS_A_MANIFEST = 25
"""A manifest is written after so many songs, besides at the end."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What became of a run.

    Attributes
    ----------
    songs : songs in the folder, of this run and earlier ones.
    new : songs that this run rendered.
    failed : name and reason of those that it could not.
    seconds : length of all songs in the folder.
    notes : what is not installed and was done without.
    """

    songs: int
    new: int
    failed: tuple[tuple[str, str], ...]
    seconds: float
    notes: tuple[str, ...]


def render_collection(
    folder: Path,
    recipe: Recipe,
    *,
    songs: int,
    seed: int = 1,
    midi: Sequence[Path] = (),
    jobs: int = 1,
    report: Callable[[dict[str, Any]], None] | None = None,
) -> Rendered:
    """Render songs 0 to `songs` - 1 of a seed that the folder does not hold yet, and its manifest.

    Parameters
    ----------
    midi : folders of multitrack MIDI files.
    jobs : processes at work.
    report : called with the manifest entry of each new song.

    Raises
    ------
    UsageError : a MIDI folder is none or empty, or the folder's songs are of another recipe or other files.
    MissingDependencyError : a program or package is missing without which nothing can be rendered.
    WriteError : the folder cannot be written; finished songs stay.
    """
    task = _prepared(folder, recipe, seed, midi)
    missing = [index for index in range(songs) if not (folder / song_name(seed, index) / ENTRY).is_file()]
    failed, new = [], 0
    try:
        with closing(_render(task, missing, jobs)) as rendered:
            for index, entry in rendered:
                if isinstance(entry, str):
                    failed.append((song_name(seed, index), entry))
                    continue
                new += 1
                if report is not None:
                    report(entry)
                if new % _SONGS_A_MANIFEST == 0:
                    write_manifest(folder)
    finally:
        entries = write_manifest(folder)
    length = sum(entry["seconds"] for entry in entries)
    return Rendered(len(entries), new, tuple(failed), length, task.equipment.notes)


def read_entries(folder: Path) -> list[dict[str, Any]]:
    """The entries of all finished songs of a folder, sorted by name; damaged ones are passed over."""
    found = []
    for path in sorted(folder.glob(f"*/{ENTRY}")):
        try:
            entry = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(entry, dict) and "seconds" in entry and not path.parent.name.startswith("."):
            found.append(entry)
    return found


def write_manifest(folder: Path) -> list[dict[str, Any]]:
    """Write one line a finished song; the entries."""
    entries = read_entries(folder)
    lines = [json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries]
    write_atomic(folder / MANIFEST, "".join(lines), force=True)
    return entries


def fingerprint(recipe: Recipe, midi: Sequence[Path]) -> str:
    """A hash of all that a song depends on beside seed and index: the recipe and the MIDI files' names."""
    text = json.dumps([asdict(recipe), [path.name for path in midi]], default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _prepared(folder: Path, recipe: Recipe, seed: int, midi: Sequence[Path]) -> _Task:
    """What the songs need, checked before any is begun."""
    equipment = check_equipment(recipe)
    files = list_midi(midi, recipe)
    make_folder(folder)
    origin = fingerprint(recipe, files)
    for entry in read_entries(folder):
        if entry.get("seed") == seed and entry.get("origin") != origin:
            raise UsageError(
                f"{folder} holds songs of seed {seed} from another recipe or other MIDI files",
                hint="choose another folder or another --seed",
            )
    return _Task(folder, recipe, seed, origin, equipment, tuple(files))


@dataclass(frozen=True, slots=True)
class _Task:
    """What is the same for all songs of a run."""

    folder: Path
    recipe: Recipe
    seed: int
    origin: str
    equipment: Equipment
    midi: tuple[Path, ...]


def _render(
    task: _Task, missing: Sequence[int], jobs: int
) -> Generator[tuple[int, dict[str, Any] | str], None, None]:
    """Each song's index with its entry, or with the reason why there is none."""
    if jobs <= 1 or len(missing) <= 1:
        with _Session(task) as session:
            for index in missing:
                yield index, session.render(index)
        return
    context = multiprocessing.get_context("spawn")
    coming = iter(missing)
    with ProcessPoolExecutor(min(jobs, len(missing)), context, _enter, (task,)) as pool:
        # No song waits inside the pool, which would render it after an interruption too.
        at_work = {pool.submit(_render_one, index): index for index in islice(coming, jobs)}
        try:
            while at_work:
                for done in wait(at_work, return_when=FIRST_COMPLETED).done:
                    index = at_work.pop(done)
                    at_work |= {
                        pool.submit(_render_one, following): following for following in islice(coming, 1)
                    }
                    yield index, done.result()
        except BrokenProcessPool as error:
            raise RenderError("a process that renders songs was ended", hint="try fewer --jobs") from error


class _Session:
    """A process's plugin host and scratch folder, in which it renders song after song."""

    def __init__(self, task: _Task) -> None:
        self._task = task
        self._stack = ExitStack()
        scratch = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="canzona-stems-")))
        host = self._stack.enter_context(PluginHost(scratch))
        self._studio = Studio(host, scratch, task.recipe.synthesizers.seconds)

    def __enter__(self) -> _Session:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def render(self, index: int) -> dict[str, Any] | str:
        """Render and save a song; its entry, or why it could not be rendered."""
        task = self._task
        try:
            song = render_song(
                task.recipe, task.seed, index, equipment=task.equipment, midi=task.midi, studio=self._studio
            )
        except RenderError as error:
            return str(error)
        song.entry["origin"] = task.origin
        save_song(song, task.folder / song_name(task.seed, index))
        return song.entry


_session: _Session | None = None


def _enter(task: _Task) -> None:
    global _session
    _session = _Session(task)
    # Processes of a pool leave without atexit.
    Finalize(None, _session.__exit__, exitpriority=1)


def _render_one(index: int) -> dict[str, Any] | str:
    if _session is None:
        raise WriteError("a process that renders songs was not set up", hint="try --jobs 1")
    return _session.render(index)
