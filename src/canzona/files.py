"""Writing files so that a target is either the whole new file or untouched.

The bytes go to a temporary name beside the target, which is then given the target's name: a
full disk, a missing permission or Ctrl-C leaves nothing half-written, and whoever reads the
target meanwhile sees the old file or the new one. What exists is kept unless `force` is set.
A target that is no regular file (a pipe, /dev/null) is written to directly.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from canzona.errors import WriteError

WAY_OUT = "choose another name, or replace it with --force (force=True)"


def write_atomic(path: str | Path, data: bytes | str, *, force: bool = False) -> Path:
    """Write one file whole or not at all; text is written as UTF-8.

    Raises
    ------
    WriteError : the target exists and `force` is not set, is a folder, or cannot be written.
    """
    return write_together({Path(path): data}, force=force)[0]


def write_together(outputs: Mapping[Path, bytes | str], *, force: bool = False) -> list[Path]:
    """Write several files that belong together: none takes its name before all are written.

    Raises as `write_atomic` does. Where an early check or a write fails, no target has changed.
    """
    with ExitStack() as waiting:
        drafts = {}
        for path, data in outputs.items():
            refuse_existing(path, force=force)
            content = data.encode("utf-8") if isinstance(data, str) else data
            if _is_device(path):
                _write_through(path, content)
            else:
                drafts[path] = waiting.enter_context(_draft(path, content))
        for path, draft in drafts.items():
            _give_name(draft, path, force=force)
    return list(outputs)


def refuse_existing(path: Path, *, force: bool) -> None:
    """Raise WriteError where a target is a folder, or exists and may not be replaced."""
    if os.path.isdir(path):
        raise WriteError(f"{path} is a folder", hint="name a file in it")
    if not force and os.path.lexists(path) and not _is_device(path):
        raise WriteError(f"{path} exists", hint=WAY_OUT)


def make_folder(path: Path) -> Path:
    """Make a folder and those above it, where they are not there yet; WriteError if that fails."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise _write_error(path, error) from error
    return path


@contextmanager
def _draft(target: Path, content: bytes) -> Iterator[Path]:
    """The content under a temporary name beside the target, removed on the way out if still there."""
    try:
        draft = Path(os.path.realpath(target)).parent / f".canzona-{secrets.token_hex(6)}.part"
    except ValueError as error:
        raise _write_error(target, error) from error
    try:
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _binary(), 0o666), "wb") as file:
                file.write(content)
        except OSError as error:
            raise _write_error(target, error) from error
        yield draft
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


def _give_name(draft: Path, target: Path, *, force: bool) -> None:
    real = Path(os.path.realpath(target))
    try:
        if not force and _link(draft, real):
            return
        refuse_existing(target, force=force)
        with contextlib.suppress(OSError):
            draft.chmod(stat.S_IMODE(real.stat().st_mode))
        os.replace(draft, real)
    except OSError as error:
        raise _write_error(target, error) from error


def _link(draft: Path, target: Path) -> bool:
    """Name the draft without ever replacing a file that came up meanwhile; False where links are unknown."""
    try:
        os.link(draft, target)
    except FileExistsError as error:
        raise WriteError(f"{target} exists", hint=WAY_OUT) from error
    except OSError:
        return False
    return True


def _write_through(path: Path, content: bytes) -> None:
    try:
        with path.open("wb") as file:
            file.write(content)
    except OSError as error:
        raise _write_error(path, error) from error


def _is_device(path: Path) -> bool:
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _binary() -> int:
    return getattr(os, "O_BINARY", 0)


def _write_error(path: Path, error: OSError | ValueError) -> WriteError:
    """The error of the system, or of a name that it cannot hold, as one of ours."""
    reason = (getattr(error, "strerror", None) or str(error) or "cannot be written").lower()
    return WriteError(f"{path} was not written: {reason}", hint="choose another folder or free some space")
