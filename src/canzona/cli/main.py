"""The `canzona` program: finds the commands by listing this folder, and ends on one sentence.

Exit codes: 0 done; 1 an input could not be handled; 2 wrong usage; 3 rules contradict one
another; 4 a model is missing, damaged or foreign; 130 interrupted.
"""

from __future__ import annotations

import codecs
import contextlib
import difflib
import errno
import importlib
import math
import os
import pkgutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from types import FrameType

import click

import canzona
import canzona.cli
from canzona.cli.options import wants_traceback
from canzona.errors import CanzonaError

INTERRUPTED = 130
BROKEN_PIPE = 141
"""As a shell reports a program that SIGPIPE ended."""

_IMPATIENT = 1.0
"""Seconds after a signal to end in which another is taken for the same."""

_NO_COMMANDS = ("main", "options", "progress")


class Commands(click.Group):
    """A group whose commands are the modules of this folder, imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands in alphabetical order."""
        found = (module.name for module in pkgutil.iter_modules(canzona.cli.__path__))
        return sorted(name.replace("_", "-") for name in found if name not in _NO_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"canzona.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        command.name = cmd_name  # the function is called `command` in each module
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command to call; an unknown name is answered with the nearest one."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), 1, 0.5)
            hint = (
                f"did you mean '{near[0]}'?"
                if near
                else f"choose one of {', '.join(self.list_commands(ctx))}"
            )
            raise click.UsageError(f"there is no command '{args[0]}'; {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 an input could not be handled, 2 wrong usage, 3 rules contradict "
    "one another, 4 a model is missing or damaged, 130 interrupted.",
)
@click.version_option(canzona.__version__, "-V", "--version", message="canzona %(version)s")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.")
def cli(verbose: bool) -> None:
    """Compose folk tunes, turn scores into one another, take the synth out of a mix."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line (by default the process's own) and leave with its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    _open_what_is_closed()
    codecs.register_error("canzona.json", _as_in_json)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="canzona.json")  # type: ignore[union-attr]
    _end_tidily()
    try:
        code = run(words)
    except KeyboardInterrupt:  # once more, while the first was told
        code = INTERRUPTED
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def run(words: Sequence[str]) -> int:
    """Run a command line and say what went wrong in one sentence; the exit code."""
    code = 1
    try:
        code = _invoke(list(words))
        sys.stdout.flush()
    except CanzonaError as error:
        _say(str(error))
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        _say("interrupted")
        code = error.code if isinstance(error, _EndedError) else INTERRUPTED
    except BrokenPipeError:
        # What is left in the buffer would raise once more when Python closes the stream.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = BROKEN_PIPE
    except MemoryError:
        _say("there is not enough memory for this; try a smaller input or fewer --jobs")
    except OSError as error:
        # Files that are written name themselves: where there is no room and no name, it is what is printed.
        place = error.filename or ("standard output" if error.errno == errno.ENOSPC else "")
        _say(f"{place}: {(error.strerror or str(error)).lower()}".removeprefix(": "))
    except Exception as error:
        if any(isinstance(each, KeyboardInterrupt) for each in _causes(error)):
            # An import that is interrupted may say that it failed.
            _say("interrupted")
            return INTERRUPTED
        if wants_traceback(words):
            raise
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        _say(f"an error that should not happen ({what}); please report it with what -v shows")
    return code


def _invoke(words: list[str]) -> int:
    """Call the command; unlike click's own `main`, without turning errors into others on the way."""
    if "_CANZONA_COMPLETE" in os.environ:
        cli.main(words, "canzona")
    color = False if os.environ.get("NO_COLOR") else None
    try:
        with cli.make_context("canzona", list(words), color=color, obj=tuple(words)) as context:
            result = cli.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    return result if isinstance(result, int) else 0


class _EndedError(KeyboardInterrupt):
    """The process was asked to end, by Ctrl-C or otherwise: all leave the same order."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.code = 128 + number


def _end_tidily() -> None:
    """Let signals to end raise _EndedError, but for those that were ignored or handled when we began."""
    last = -math.inf

    def end(number: int, _frame: FrameType | None) -> None:
        nonlocal last
        # Whoever presses Ctrl-C twice shall not disturb the tidying up after the first time.
        if time.monotonic() - last > _IMPATIENT:
            last = time.monotonic()
            raise _EndedError(number)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, end)


def _open_what_is_closed() -> None:
    """Give each standard stream that the caller has closed a device that holds nothing.

    Otherwise the next file that is opened would get its number, and what others write there.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115


def _as_in_json(error: UnicodeError) -> tuple[str, int]:
    """What an encoding does not hold, as JSON writes it: so that JSON stays JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    places = range(0, len(units), 2)
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in places), error.end


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those that led to it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _say(sentence: str) -> None:
    with contextlib.suppress(OSError):
        click.echo(f"canzona: {sentence}", err=True)
