"""Writing when something fails at any point on the way: every call to the system, in turn."""

from __future__ import annotations

import errno
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canzona import files
from canzona.errors import WriteError
from canzona.files import make_folder, refuse_existing, write_atomic, write_together

FAILURES = [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO, errno.EDQUOT, errno.EFBIG, errno.ENAMETOOLONG]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def failing(call: Callable[..., Any], code: int, after: int = 0) -> Callable[..., Any]:
    """The call, but for the one after so many, which fails as the system would."""
    left = [after]

    def fail(*args: Any, **kwargs: Any) -> Any:
        if left[0] == 0:
            left[0] -= 1
            raise OSError(code, os.strerror(code))
        left[0] -= 1
        return call(*args, **kwargs)

    return fail


@pytest.mark.parametrize("code", FAILURES, ids=errno.errorcode.get)
@pytest.mark.parametrize("name", ["open", "replace"])
def test_a_failure_of_the_system_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int
) -> None:
    (tmp_path / "tune.krn").write_bytes(b"old")
    monkeypatch.setattr(files.os, name, failing(getattr(os, name), code))
    with pytest.raises(WriteError) as caught:
        write_atomic(tmp_path / "tune.krn", b"new", force=True)
    assert str(tmp_path / "tune.krn") in str(caught.value)
    assert os.strerror(code).lower() in str(caught.value) and caught.value.hint
    assert names(tmp_path) == ["tune.krn"]
    assert (tmp_path / "tune.krn").read_bytes() == b"old"


@pytest.mark.parametrize("after", [0, 1, 2])
def test_none_of_several_files_changes_where_one_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(b"old")
    monkeypatch.setattr(files.os, "open", failing(os.open, errno.ENOSPC, after))
    with pytest.raises(WriteError, match=rf"/{'abc'[after]} was not written: no space left"):
        write_together({tmp_path / name: b"new" for name in "abc"}, force=True)
    assert names(tmp_path) == ["a", "b", "c"]
    assert {(tmp_path / name).read_bytes() for name in "abc"} == {b"old"}


@pytest.mark.parametrize("force", [False, True])
def test_a_file_system_without_links_is_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    """FAT and some network shares know no hard links."""
    monkeypatch.setattr(files.os, "link", failing(os.link, errno.EPERM))
    write_atomic(tmp_path / "tune.krn", b"new", force=force)
    assert (names(tmp_path), (tmp_path / "tune.krn").read_bytes()) == (["tune.krn"], b"new")
    monkeypatch.setattr(files.os, "link", failing(os.link, errno.EPERM))
    with pytest.raises(WriteError, match="exists"):
        write_atomic(tmp_path / "tune.krn", b"newer")
    assert (tmp_path / "tune.krn").read_bytes() == b"new"


@pytest.mark.parametrize("interrupted", ["open", "link", "realpath"])
def test_ctrl_c_at_any_point_leaves_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, interrupted: str
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    place = files.os.path if interrupted == "realpath" else files.os
    monkeypatch.setattr(place, interrupted, stop)
    with pytest.raises(KeyboardInterrupt):
        write_together({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    monkeypatch.undo()
    assert names(tmp_path) == []


def test_ctrl_c_between_two_names_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, calls = os.link, []

    def link(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        whole(*args)

    monkeypatch.setattr(files.os, "link", link)
    with pytest.raises(KeyboardInterrupt):
        write_together({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == b"1"


def test_a_draft_that_was_taken_away_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a program that cleans up, between writing and naming."""
    whole = os.link

    def link(draft: Path, target: Path) -> None:
        Path(draft).unlink()
        whole(draft, target)

    monkeypatch.setattr(files.os, "link", link)
    with pytest.raises(WriteError, match=r"tune\.krn was not written: no such file"):
        write_atomic(tmp_path / "tune.krn", b"x")
    assert names(tmp_path) == []


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "tune.krn"
    sizes = (200_000, 300_000)
    path.write_bytes(b"a" * sizes[0])
    seen: set[int] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            data = path.read_bytes()
            assert len(set(data)) == 1
            seen.add(len(data))

    reader = threading.Thread(target=look)
    reader.start()
    for turn in range(30):
        write_atomic(path, (b"b", b"a")[turn % 2] * sizes[turn % 2], force=True)
    done.set()
    reader.join()
    assert seen <= set(sizes) and seen


def test_of_two_that_write_one_name_one_is_told(tmp_path: Path) -> None:
    path, told, barrier = tmp_path / "tune.krn", [], threading.Barrier(8)

    def write(number: int) -> None:
        barrier.wait()
        try:
            write_atomic(path, str(number) * 1000)
        except WriteError as error:
            told.append(str(error))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 7 and all("exists" in sentence for sentence in told)
    assert len(set(path.read_text())) == 1 and names(tmp_path) == ["tune.krn"]


@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=2), st.binary(max_size=20) | st.text(max_size=5), max_size=5
    )
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_what_is_read(tmp_path: Path, outputs: dict[str, bytes | str]) -> None:
    written = write_together({tmp_path / name: data for name, data in outputs.items()}, force=True)
    assert written == [tmp_path / name for name in outputs]
    for path, data in zip(written, outputs.values(), strict=True):
        assert path.read_bytes() == (data.encode() if isinstance(data, str) else data)
    assert not [name for name in names(tmp_path) if name.endswith(".part")]


def test_line_ends_are_kept(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a", "one\r\ntwo\nthree\r")
    assert (tmp_path / "a").read_bytes() == b"one\r\ntwo\nthree\r"


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_links_are_followed_or_refused(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / "there" / "new.krn")
    with pytest.raises(WriteError, match="dangling exists"):
        write_atomic(tmp_path / "dangling", b"x")
    write_atomic(tmp_path / "dangling", b"x", force=True)
    assert (tmp_path / "dangling").is_symlink()
    assert (tmp_path / "there" / "new.krn").read_bytes() == b"x"
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone" / "new.krn")
    with pytest.raises(WriteError, match=r"nowhere was not written: no such file"):
        write_atomic(tmp_path / "nowhere", b"x", force=True)
    (tmp_path / "round").symlink_to(tmp_path / "round")
    with pytest.raises(WriteError):
        write_atomic(tmp_path / "round", b"x")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_is_written_through(tmp_path: Path) -> None:
    pipe, found = tmp_path / "pipe.krn", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: found.append(pipe.read_bytes()))
    reader.start()
    write_atomic(pipe, b"**kern")
    reader.join(10)
    assert found == [b"**kern"]
    assert stat.S_ISFIFO(os.stat(pipe).st_mode)


def test_checks_ask_nothing_of_what_is_not_there(tmp_path: Path) -> None:
    refuse_existing(tmp_path / "new.krn", force=False)
    refuse_existing(tmp_path / "gone" / "new.krn", force=False)
    (tmp_path / "old.krn").write_bytes(b"")
    refuse_existing(tmp_path / "old.krn", force=True)
    with pytest.raises(WriteError, match=r"old\.krn exists; choose another name, or replace it with --force"):
        refuse_existing(tmp_path / "old.krn", force=False)
    with pytest.raises(WriteError, match="is a folder"):
        refuse_existing(tmp_path, force=True)


@pytest.mark.parametrize("name", ["a/b/c", "a", "."])
def test_folders_are_made_with_those_above(tmp_path: Path, name: str) -> None:
    assert make_folder(tmp_path / name).is_dir()
    assert make_folder(tmp_path / name).is_dir(), "a second time too"


@pytest.mark.parametrize("name", ["x" * 300, "file/below", "a\0b"])
def test_impossible_names_are_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    for action in (make_folder, lambda path: write_atomic(path / "tune.krn", b"x")):
        with pytest.raises(WriteError):
            action(tmp_path / name)
    with pytest.raises(WriteError):
        write_atomic(tmp_path / name, b"x", force=True)
    assert names(tmp_path) == ["file"]
