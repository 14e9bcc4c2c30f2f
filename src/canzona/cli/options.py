"""Options that mean the same in every command."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])
Decorator = Callable[[_Command], _Command]


class _PathType(click.Path):
    """A file or folder; '-' is standard input or output, and './-' a file of that name."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        if not os.fspath(value):
            self.fail("an empty name is no file or folder", param, ctx)
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        is_file = path == Path("-") and os.fspath(value) != "-"
        return Path.cwd() / path if is_file else path


def _no_empty_name(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value == "":
        raise click.BadParameter("an empty name names no model")
    return value


PATH = _PathType(readable=False, path_type=Path)
"""Type of an argument or option that names a file or folder; whether it can be read is seen later."""

as_json: Decorator[Any] = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
quiet: Decorator[Any] = click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
force: Decorator[Any] = click.option("--force", is_flag=True, help="Replace files that exist.")
seed: Decorator[Any] = click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    help="Seed of the random generator; the same seed, the same result.",
)
model: Decorator[Any] = click.option(
    "-m",
    "--model",
    default=None,
    callback=_no_empty_name,
    metavar="NAME|DIR",
    help="A model by name or folder.",
)


def output(help_text: str, *, required: bool = False, metavar: str = "PATH") -> Decorator[Any]:
    """The option -o/--output with a command's own words about it."""
    return click.option("-o", "--output", type=PATH, required=required, metavar=metavar, help=help_text)


def verbose(command: _Command) -> _Command:
    """The option -v, accepted after the command too; the program's end looks at it."""
    return click.option(
        "-v", "--verbose", is_flag=True, expose_value=False, help="Show the traceback of an error."
    )(command)


def wants_traceback(words: Sequence[str] | None = None) -> bool:
    """Whether -v stands among the words of a command line, by default of the one at work."""
    if words is None:
        words = click.get_current_context().find_root().obj or ()
    return "-v" in words or "--verbose" in words


def jobs(command: _Command) -> _Command:
    """The option -j/--jobs: processes at work, 0 for one a core."""
    return click.option(
        "-j",
        "--jobs",
        type=click.IntRange(0, 256),
        default=1,
        show_default=True,
        callback=lambda ctx, option, value: value or os.cpu_count() or 1,
        help="Processes at work; 0 for one a core.",
    )(command)
