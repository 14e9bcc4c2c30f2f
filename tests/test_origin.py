"""Every file says how it was made, and the same bytes come out again."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

import canzona
from canzona.conversion import target_names
from canzona.errors import CanzonaError, FormatError, UnsupportedError, UsageError
from canzona.origin import _line_in

KINDS = target_names()


@pytest.fixture
def tune(examples: Path, tmp_path: Path) -> Path:
    path = tmp_path / "tune.krn"
    path.write_bytes((examples / "ah-vous-dirai-je.krn").read_bytes())
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_explains_and_replays_itself(tune: Path, tmp_path: Path, kind: str) -> None:
    target = tmp_path / f"made.{kind}"
    canzona.convert(tune, target, transpose="-M2", tempo=600)
    made = canzona.explain(target)
    assert (made.version, made.command) == (canzona.__version__, "convert")
    assert made.options == {"to": kind, "transpose": "-M2", "tempo": 600}
    assert [each.name for each in made.inputs] == [tune.as_posix()]
    assert canzona.replay(target) == target.read_bytes()


def test_a_chain_of_conversions_keeps_what_came_before(tune: Path, tmp_path: Path) -> None:
    canzona.convert(tune, tmp_path / "a.abc", transpose="G")
    canzona.convert(tmp_path / "a.abc", tmp_path / "b.musicxml")
    made = canzona.explain(tmp_path / "b.musicxml")
    assert made.earlier is not None
    assert made.earlier.options == {"to": "abc", "transpose": "G"}
    assert canzona.replay(tmp_path / "b.musicxml") == (tmp_path / "b.musicxml").read_bytes()


def test_one_tune_of_many_replays(tmp_path: Path) -> None:
    source = tmp_path / "set.abc"
    source.write_text("".join(f"X:{n}\nT:{n}\nM:2/4\nL:1/4\nK:C\n{'cdef'[n]} c|\n\n" for n in range(1, 4)))
    canzona.convert(source, tmp_path / "out", to="krn")
    for path in sorted((tmp_path / "out").iterdir()):
        assert canzona.replay(path) == path.read_bytes()


def test_a_moved_input_is_found_beside_the_file_or_where_one_says(tune: Path, tmp_path: Path) -> None:
    target = tmp_path / "out" / "made.abc"
    target.parent.mkdir()
    canzona.convert(tune, target)
    beside = tune.rename(target.parent / tune.name)
    assert canzona.replay(target) == target.read_bytes()
    (tmp_path / "elsewhere" / "deep").mkdir(parents=True)
    beside.rename(tmp_path / "elsewhere" / "deep" / tune.name)
    with pytest.raises(
        UsageError, match=r"tune\.krn, which .*made\.abc was made from, is not there; name it"
    ):
        canzona.replay(target)
    assert canzona.replay(target, inputs=[tmp_path / "elsewhere"]) == target.read_bytes()


def test_a_changed_input_is_refused(tune: Path, tmp_path: Path) -> None:
    canzona.convert(tune, tmp_path / "made.abc")
    tune.write_bytes(tune.read_bytes() + b"!! one more word\n")
    with pytest.raises(UsageError, match="its SHA-256 differs"):
        canzona.replay(tmp_path / "made.abc")


def test_what_a_python_program_wrote_is_explained_and_not_replayed(tune: Path, tmp_path: Path) -> None:
    canzona.write(canzona.read(tune), tmp_path / "made.svg")
    assert canzona.explain(tmp_path / "made.svg").command == "write"
    with pytest.raises(UnsupportedError, match="was written by a Python program"):
        canzona.replay(tmp_path / "made.svg")


def test_what_an_unknown_command_made_is_not_replayed(tune: Path, tmp_path: Path) -> None:
    signed = canzona.read(tune).replace(provenance='{"command":"harmonise","version":"7"}')
    canzona.write(signed, tmp_path / "made.krn")
    with pytest.raises(UnsupportedError, match="made by 'harmonise'"):
        canzona.replay(tmp_path / "made.krn")


@pytest.mark.parametrize("name", ["tune.krn", "a.svg", "a.png", "a.pdf", "a.wav", "a.flac", "a.ogg", "a.mp3"])
def test_a_file_of_others_says_nothing(tune: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if not path.exists():
        path.write_bytes(b"something else")
    with pytest.raises(FormatError, match=f"{name}: nothing in it says how it was made; only files"):
        canzona.explain(path)


def test_other_kinds_and_missing_files_are_said(tmp_path: Path) -> None:
    (tmp_path / "a.doc").write_bytes(b"x")
    with pytest.raises(FormatError, match=r"'\.doc' is no kind of file that says how it was made"):
        canzona.explain(tmp_path / "a.doc")
    (tmp_path / "a.presence.csv").write_text("time,presence\n")
    with pytest.raises(FormatError, match="ask the stem beside it"):
        canzona.explain(tmp_path / "a.presence.csv")
    with pytest.raises(FormatError, match=r"gone\.krn: no such file"):
        canzona.explain(tmp_path / "gone.krn")


CHUNK = st.binary(max_size=40)


@given(
    st.sampled_from(["svg", "png", "pdf", "wav", "flac", "ogg", "mp3"]),
    CHUNK,
    CHUNK,
    st.integers(0, 2**32 - 1),
)
def test_any_bytes_say_something_or_nothing(kind: str, head: bytes, tail: bytes, size: int) -> None:
    """Damaged containers: lengths that lie, places cut off."""
    openings = {
        "png": b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", size, b"tEXt") + b"canzona\0",
        "wav": b"RIFF\0\0\0\0WAVELIST" + struct.pack("<I", size) + b"INFOICMT" + struct.pack("<I", size),
        "pdf": b"/Keywords <feff00",
        "svg": b"<metadata>{",
        "flac": b"fLaC\x84",
        "ogg": b"OggS\0\x02",
        "mp3": b"ID3\x04",
    }
    with TemporaryDirectory() as desk, contextlib.suppress(CanzonaError):
        path = Path(desk) / f"a.{kind}"
        path.write_bytes(openings[kind] + head + tail)
        assert isinstance(_line_in(path), str)
