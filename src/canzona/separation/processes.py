"""Songs side by side in processes of their own, which may be told to stop, or be ended from outside.

Each process has a pipe to this one: a song goes in, how far it is and a report come out. A pipe that is
closed at our end, by us or by our own end, tells a process to leave its song at the next piece. A process
that is ended from outside costs the song that it had; another takes its place.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection, resource_tracker
from typing import Any

from canzona.errors import CanzonaError, ModelError
from canzona.files import remove_drafts
from canzona.separation.model import SeparationModel
from canzona.separation.report import Options, Report, Song

Moved = Callable[[int, float], None]
"""Called with the place of a song and how much of it is done."""

_PATIENCE = 60.0
"""Seconds that a process is given to leave its song."""

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@dataclass(frozen=True, slots=True)
class _Opening:
    """What a process needs to open the model for itself."""

    folder: str
    threads: int
    device: str


def reports_of(
    songs: Sequence[tuple[int, Song]],
    work: Callable[..., Report],
    model: SeparationModel,
    options: Options,
    jobs: int,
    moved: Moved,
) -> Generator[tuple[int, Report], None, None]:
    """The reports of songs, each with the place that came with it, as soon as they are there.

    Parameters
    ----------
    songs : each with a place, by which it is known.
    work : makes a report of (song, model, options, progress, cancel); a function of a module.
    model : each process opens it for itself.
    options : how the stems are written.
    jobs : processes at work at once.
    moved : see above.

    Raises
    ------
    ModelError : the model cannot be run.
    """
    crew = _Crew(_Opening(str(model.folder.path.resolve()), model.threads, model.device), work, options)
    waiting = deque(songs)
    try:
        while waiting or crew.busy:
            while waiting and len(crew.busy) < jobs:
                crew.give(*waiting.popleft())
            for place, found in crew.told():
                if isinstance(found, float):
                    moved(place, found)
                elif isinstance(found, Report):
                    yield place, found
                else:
                    raise found
    finally:
        crew.dismiss()


class _Crew:
    """The processes and what each has to do."""

    def __init__(self, opening: _Opening, work: Callable[..., Report], options: Options) -> None:
        # Fresh processes: a copy of this one might copy a lock that one of its threads holds.
        self._context = multiprocessing.get_context("spawn")
        self._begun_with = opening, work, options
        self._idle: list[_Worker] = []
        self.busy: dict[connection.Connection, tuple[_Worker, int, Song]] = {}

    def give(self, place: int, song: Song) -> None:
        """A song for a process that has none."""
        worker = self._idle.pop() if self._idle else self._begin()
        self.busy[worker.pipe] = worker, place, song
        with suppress(OSError):  # it has ended: `told` sees that
            worker.pipe.send((place, song))

    def told(self) -> Iterator[tuple[int, float | Report | ModelError]]:
        """What the processes have to tell of their songs; waits until one has."""
        for pipe in connection.wait(list(self.busy)):
            worker, place, song = self.busy[pipe]  # type: ignore[index]
            try:
                found = worker.pipe.recv()
            except (EOFError, OSError):
                found = self._lost(worker, song)
            else:
                worker.spoke = True
                if not isinstance(found, float):
                    self._idle.append(worker)
            if not isinstance(found, float):
                del self.busy[worker.pipe]
            yield place, found

    def dismiss(self) -> None:
        """End all processes; whoever is interrupted here ends them at once."""
        workers = [*self._idle, *(worker for worker, _, _ in self.busy.values())]
        try:
            for worker in workers:
                worker.pipe.close()
            for worker in workers:
                worker.process.join(_PATIENCE)
        finally:
            with _signals_later():
                for worker in workers:
                    worker.process.kill()
                    worker.process.join()
                for worker, _, song in self.busy.values():
                    worker.clean(song)

    def _begin(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, *self._begun_with))
        if hasattr(signal, "pthread_sigmask"):
            # Begun by the first process otherwise, it would let the signals in again.
            resource_tracker.ensure_running()
        with _signals_later():
            process.start()
        theirs.close()
        return _Worker(process, ours)

    def _lost(self, worker: _Worker, song: Song) -> Report:
        worker.process.join()
        worker.clean(song)
        what, hint = "was ended from outside", "try fewer --jobs: memory may be short"
        if not worker.spoke:
            what = "ended before it began"
            hint = 'try --jobs 1; a script has to ask for more below `if __name__ == "__main__":`'
        error = CanzonaError(f"{song.source}: the process at work on it {what}", hint=hint)
        return Report(song.source, "failed", error=error)


@dataclass(slots=True, eq=False)
class _Worker:
    process: Any
    pipe: connection.Connection
    spoke: bool = False

    def clean(self, song: Song) -> None:
        """Take away what the process, which has ended, left of a song."""
        for folder in {target.parent for target in song.targets}:
            remove_drafts(folder, self.process.pid)


@contextmanager
def _signals_later() -> Iterator[None]:
    """Ctrl-C waits meanwhile; processes that are begun never see it, not while they still import either."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(
    pipe: connection.Connection, opening: _Opening, work: Callable[..., Report], options: Options
) -> None:
    """In a process of its own: a song, a report, until the pipe is closed."""
    for number in _SIGNALS:
        # What reaches all processes of a terminal, the first one handles: it closes the pipes.
        signal.signal(number, signal.SIG_IGN)
    model: SeparationModel | None = None
    with suppress(EOFError, OSError):
        while True:
            _, song = pipe.recv()
            try:
                if model is None:
                    model = SeparationModel.open(
                        opening.folder, threads=opening.threads, device=opening.device
                    )
                pipe.send(work(song, model, options, pipe.send, pipe.poll))
            except ModelError as error:
                pipe.send(error)
