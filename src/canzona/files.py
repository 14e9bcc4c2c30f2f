"""Writing files so that a target is either the whole new file or untouched.

The bytes go to a temporary name beside the target, which is then given the target's name: a
full disk, a missing permission or Ctrl-C leaves nothing half-written, and whoever reads the
target meanwhile sees the old file or the new one. What exists is kept unless `force` is set.
A target that is no regular file (a pipe, /dev/null) is written to directly.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

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
                drafts[path], file = waiting.enter_context(_draft(path))
                with errors_told(path), file:
                    file.write(content)
        _give_names(drafts, force=force)
    return list(outputs)


@contextmanager
def open_together(paths: Sequence[Path], *, force: bool = False) -> Iterator[list[BinaryIO]]:
    """Several files that belong together, open for writing, reading and seeking, for content made bit by bit.

    They take their names when the block ends well, all or none as in `write_together`. What is no
    regular file is written to directly, and can be neither read nor sought. Whoever writes puts
    `errors_told` around it.

    Raises
    ------
    WriteError : as `write_atomic` does.
    """
    with ExitStack() as waiting:
        drafts, opened = {}, []
        for path in paths:
            refuse_existing(path, force=force)
            if _is_device(path):
                with errors_told(path):
                    file: BinaryIO = path.open("wb")
                waiting.callback(_close, file)
            else:
                drafts[path], file = waiting.enter_context(_draft(path))
            opened.append(file)
        yield opened
        for path, file in zip(paths, opened, strict=True):
            with errors_told(path):
                file.close()
        _give_names(drafts, force=force)


@contextmanager
def errors_told(path: Path) -> Iterator[None]:
    """Errors of the system met while a target is written, as WriteError that names it."""
    try:
        yield
    except OSError as error:
        raise _write_error(path, error) from error


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
    except FileExistsError as error:
        hint = "choose another folder"
        raise WriteError(f"{path} was not written: what is there is no folder", hint=hint) from error
    except (OSError, ValueError) as error:
        raise _write_error(path, error) from error
    return path


def remove_drafts(folder: Path, process: int) -> None:
    """Take away what a process left half-written in a folder, where it was ended from outside."""
    for draft in folder.glob(f"{_draft_name(process)}*"):
        _remove(draft)


@contextmanager
def _draft(target: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """An open file under a temporary name beside the target, removed on the way out if still there."""
    try:
        folder = Path(os.path.realpath(target)).parent
        draft = folder / f"{_draft_name(os.getpid())}{secrets.token_hex(6)}.part"
    except ValueError as error:
        raise _write_error(target, error) from error
    with ExitStack() as stack:
        stack.callback(_remove, draft)
        with errors_told(target):
            descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | _binary(), 0o666)
            file = open(descriptor, "w+b")  # noqa: SIM115
        stack.callback(_close, file)
        yield draft, file


def _draft_name(process: int) -> str:
    """How drafts of a process begin; several machines may write into one folder."""
    import platform
    import zlib

    return f".canzona-{process}-{zlib.crc32(platform.node().encode()):08x}-"


def _remove(draft: Path) -> None:
    with contextlib.suppress(OSError):
        draft.unlink()


def _close(file: BinaryIO) -> None:
    # What it still holds may not fit the disk: by now that is told, or nobody wants it.
    with contextlib.suppress(OSError):
        file.close()


def _give_names(drafts: Mapping[Path, Path], *, force: bool) -> None:
    """Give each draft its target's name; where one cannot have it, those that came before lose theirs."""
    named: list[Path] = []
    try:
        for path, draft in drafts.items():
            _give_name(draft, path, force=force)
            named.append(path)
    except WriteError:
        # With `force` something else may have stood there, which is gone by now.
        for path in () if force else named:
            _remove(path)
        raise


def _give_name(draft: Path, target: Path, *, force: bool) -> None:
    real = Path(os.path.realpath(target))
    with errors_told(target):
        if not force and _link(draft, real):
            return
        refuse_existing(target, force=force)
        with contextlib.suppress(OSError):
            draft.chmod(stat.S_IMODE(real.stat().st_mode))
        os.replace(draft, real)


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
    with errors_told(path), path.open("wb") as file:
        file.write(content)


def _is_device(path: Path) -> bool:
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _binary() -> int:
    return getattr(os, "O_BINARY", 0)


def _write_error(path: Path, error: OSError | ValueError) -> WriteError:
    """The error of the system, or of a name that it cannot hold, as one of ours."""
    reason = (getattr(error, "strerror", None) or str(error) or "cannot be written").lower()
    full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    hint = "choose another folder or free some space" if full else "choose another name or folder"
    return WriteError(f"{path} was not written: {reason}", hint=hint)
