"""Progress on stderr, silent when stderr is no terminal: a counter, and a bar with the time left."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_Item = TypeVar("_Item")


def counted(items: Iterable[_Item], what: str, *, quiet: bool = False) -> Iterator[_Item]:
    """The items, counted on the terminal as they come.

    Parameters
    ----------
    items : what is worked through.
    what : the words after the number.
    quiet : count in silence.
    """
    if quiet or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed} {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        for item in items:
            yield item
            progress.advance(task)


class Bar:
    """A bar of how much is done, with the time left: called to move it, lifted while something is printed."""

    def __init__(self, progress: Progress | None = None, task: TaskID | None = None) -> None:
        self._progress, self._task = progress, task

    def __call__(self, done: float) -> None:
        """So much is done, 0..1; where it is less than before, another pass has begun."""
        if self._progress is not None and self._task is not None:
            if done < self._progress.tasks[0].completed:
                self._progress.reset(self._task)
            self._progress.update(self._task, completed=done)

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """The terminal without the bar, so that what is printed stands on lines of its own."""
        if self._progress is not None:
            self._progress.stop()
        yield
        if self._progress is not None:
            self._progress.start()


@contextmanager
def share_of_all(what: str, *, quiet: bool = False) -> Iterator[Bar]:
    """A bar on stderr as long as the block lasts.

    Parameters
    ----------
    what : the words before the bar.
    quiet : draw nothing.
    """
    if quiet or not sys.stderr.isatty():
        yield Bar()
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(),
        TimeRemainingColumn(), TextColumn("left"),
    )  # fmt: skip
    # What is printed goes where it should, to a pipe too: nothing is redirected.
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
    ) as progress:
        yield Bar(progress, progress.add_task(escape(what), total=1.0))
