"""Progress on stderr: a counter that stays silent when stderr is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

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
