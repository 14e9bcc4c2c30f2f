"""Progress on stderr, silent when stderr is no terminal: a counter, and a bar with the time left."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from tqdm import tqdm

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
    from tqdm import tqdm

    yield from tqdm(items, what, total=0, leave=False, file=sys.stderr, bar_format="{n_fmt} {desc} {elapsed}")


class Bar:
    """A bar of how much is done, with the time left: called to move it, lifted while something is printed."""

    def __init__(self, drawn: tqdm[Any] | None = None, *, passes: bool = False) -> None:
        self._drawn, self._passes = drawn, passes

    def __call__(self, done: float) -> None:
        """So much is done, 0..1; less than before where more is left than was thought, or in another pass."""
        if self._drawn is not None:
            if self._passes and done < self._drawn.n:
                self._drawn.reset()
            self._drawn.update(done - self._drawn.n)

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """The terminal without the bar, so that what is printed stands on lines of its own."""
        if self._drawn is not None:
            self._drawn.clear()
        yield
        if self._drawn is not None:
            self._drawn.refresh()


@contextmanager
def share_of_all(what: str, *, passes: bool = False, quiet: bool = False) -> Iterator[Bar]:
    """A bar on stderr as long as the block lasts.

    Parameters
    ----------
    what : the words before the bar.
    passes : it is filled many times, each with a time of its own.
    quiet : draw nothing.
    """
    if quiet or not sys.stderr.isatty():
        yield Bar()
        return
    from tqdm import tqdm

    form = "{desc} {bar} {percentage:3.0f}% {remaining} left"
    with tqdm(desc=what, total=1.0, leave=False, file=sys.stderr, bar_format=form, ascii=" ━") as drawn:
        yield Bar(drawn, passes=passes)
