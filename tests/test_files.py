"""A target is the whole new file or untouched, whatever happens on the way."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from canzona import files
from canzona.errors import WriteError
from canzona.files import make_folder, open_together, write_atomic, write_together


def drafts(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.endswith(".part")]


def test_writes_bytes_and_text(tmp_path: Path) -> None:
    assert write_atomic(tmp_path / "a", b"\0\xff") == tmp_path / "a"
    write_atomic(tmp_path / "b", "Lied für Ödön\n")
    assert (tmp_path / "a").read_bytes() == b"\0\xff"
    assert (tmp_path / "b").read_bytes() == "Lied für Ödön\n".encode()
    assert drafts(tmp_path) == []


def test_mode_follows_the_umask_and_survives_replacing(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        path = write_atomic(tmp_path / "tune.krn", b"one")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o600)
    write_atomic(path, b"two", force=True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keeps_what_exists_without_force(tmp_path: Path) -> None:
    path = tmp_path / "tune.krn"
    path.write_bytes(b"mine")
    with pytest.raises(WriteError, match=r"tune\.krn exists; .*--force"):
        write_atomic(path, b"yours")
    assert path.read_bytes() == b"mine"
    write_atomic(path, b"yours", force=True)
    assert path.read_bytes() == b"yours"


def test_does_not_replace_a_file_that_comes_up_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "tune.krn"
    opened = os.open

    def open_and_race(*args: object, **kwargs: object) -> int:
        path.write_bytes(b"theirs")
        return opened(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(files.os, "open", open_and_race)
    with pytest.raises(WriteError, match="exists"):
        write_atomic(path, b"ours")
    assert path.read_bytes() == b"theirs"
    assert drafts(tmp_path) == []


def test_a_link_keeps_being_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.krn"
    real.write_bytes(b"old")
    link = tmp_path / "link.krn"
    link.symlink_to(real)
    write_atomic(link, b"new", force=True)
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="is a folder; name a file in it"):
        write_atomic(tmp_path, b"", force=True)


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(WriteError, match=r"gone/tune\.krn was not written: no such file"):
        write_atomic(tmp_path / "gone" / "tune.krn", b"x")


def test_a_file_in_the_way_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WriteError, match=r"file/below was not written"):
        make_folder(tmp_path / "file" / "below")


def test_a_name_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 251 + ".krn")
    write_atomic(path, b"x")
    assert path.read_bytes() == b"x"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_folder_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(WriteError, match="permission denied"):
        write_atomic(tmp_path / "tune.krn", b"x")


def test_a_read_only_place_is_said() -> None:
    with pytest.raises(WriteError, match=r"/proc/tune\.krn was not written"):
        write_atomic("/proc/tune.krn", b"x")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_device_is_said() -> None:
    with pytest.raises(WriteError, match="no space left"):
        write_atomic("/dev/full", b"x")


def test_a_device_is_written_to_and_not_replaced() -> None:
    write_atomic("/dev/null", b"x")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_full_disk_leaves_nothing_and_keeps_the_old_file(tmp_path: Path) -> None:
    """A real limit of the kernel on the size of files stands for the full disk."""
    old = tmp_path / "old.wav"
    old.write_bytes(b"old")
    script = (
        "import resource, sys; from canzona.errors import WriteError\n"
        "from canzona.files import write_atomic\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "for name in ('old.wav', 'new.wav'):\n"
        "    try:\n        write_atomic(f'{sys.argv[1]}/{name}', bytes(9000), force=True)\n"
        "    except WriteError as error:\n        print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("was not written: file too large") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["old.wav"]
    assert old.read_bytes() == b"old"


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Path:
    """A file system of 64 kB, where the machine lets us mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a small file system")
    yield disk
    subprocess.run(["umount", disk], check=False)


def test_a_really_full_disk(tiny_disk: Path) -> None:
    write_atomic(tiny_disk / "small.krn", b"x" * 1000)
    with pytest.raises(WriteError, match="no space left on device; choose another folder or free some space"):
        write_together({tiny_disk / "a.wav": b"x" * 30_000, tiny_disk / "b.wav": b"y" * 60_000})
    assert [path.name for path in tiny_disk.iterdir()] == ["small.krn"]


def test_ctrl_c_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tune.krn").write_bytes(b"old")

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "tune.krn", b"new", force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["tune.krn"]
    assert (tmp_path / "tune.krn").read_bytes() == b"old"


def test_files_that_belong_together_come_together_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"mine")
    with pytest.raises(WriteError, match="b exists"):
        write_together({tmp_path / "a": b"1", tmp_path / "b": b"2", tmp_path / "c": b"3"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b"]
    written = write_together({tmp_path / "a": b"1", tmp_path / "b": b"2"}, force=True)
    assert [path.read_bytes() for path in written] == [b"1", b"2"]


def test_where_one_of_several_cannot_have_its_name_none_has(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    with pytest.raises(WriteError, match="other exists"), open_together([one, other]) as files:
        for file in files:
            file.write(b"x")
        other.write_bytes(b"came up meanwhile")
    assert other.read_bytes() == b"came up meanwhile"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other"]
