"""Every error that Canzona raises on purpose.

    CanzonaError                exit 1   an input could not be handled
    ├── UsageError              exit 2   an option or argument makes no sense
    ├── FormatError             exit 1   a file is not what its name says, with file and line
    │   └── PolyphonyError      exit 1   a file holds several voices and none was chosen
    ├── UnsupportedError        exit 1   a target format or program cannot do what is asked
    ├── EmptyTuneError          exit 1   a tune without a note where notes are needed
    ├── WriteError              exit 1   a target cannot be written; nothing half-written is left
    ├── MissingDependencyError  exit 1   an extra or a program is not installed
    ├── RulesError              exit 3   rules contradict one another
    └── ModelError              exit 4   a model is missing, damaged or foreign

Each carries one sentence (what and where), a hint (what to do) and the exit code of the
command line.
"""

from __future__ import annotations

from typing import ClassVar


class CanzonaError(Exception):
    """Root of all errors raised on purpose.

    Parameters
    ----------
    message : what is wrong and where, one sentence without a full stop.
    hint : what to do about it, or an empty string.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}; {self.hint}" if self.hint else self.message


class UsageError(CanzonaError):
    """An option or argument makes no sense."""

    exit_code = 2


class FormatError(CanzonaError):
    """A file is not what its name says.

    Parameters
    ----------
    message : what is wrong.
    source : the file's name; an empty string for text that came from no file.
    line : line number counted from 1, or 0 where lines mean nothing (binary formats).
    """

    def __init__(self, message: str, *, source: str = "", line: int = 0, hint: str = "") -> None:
        where = ", ".join(part for part in (source, f"line {line}" if line else "") if part)
        super().__init__(f"{where}: {message}" if where else message, hint=hint)
        self.source = source
        self.line = line


class PolyphonyError(FormatError):
    """A file holds several voices and none was chosen."""


class UnsupportedError(CanzonaError):
    """A target format or program cannot do what is asked."""


class EmptyTuneError(CanzonaError):
    """A tune without a note where notes are needed."""


class WriteError(CanzonaError):
    """A target cannot be written; nothing half-written is left."""


class MissingDependencyError(CanzonaError):
    """An extra or a program is not installed."""


class RulesError(CanzonaError):
    """Rules contradict one another."""

    exit_code = 3


class ModelError(CanzonaError):
    """A model is missing, damaged or foreign."""

    exit_code = 4
