"""`canzona convert` from the shell."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import canzona

PROGRAM = [sys.executable, "-c", "from canzona.cli.main import main; main()"]


@pytest.fixture
def tune(examples: Path) -> Path:
    return examples / "greensleeves.krn"


def test_a_file_into_a_file(tune: Path, tmp_path: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("convert", tune, "-o", tmp_path / "a.abc")
    assert (done.code, done.out) == (0, f"{tmp_path / 'a.abc'}\n")
    assert canzona.read(tmp_path / "a.abc").title == "Greensleeves"


def test_a_folder_into_a_folder_as_json(examples: Path, tmp_path: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("convert", examples, "-o", tmp_path, "--to", "mid", "--jobs", "2", "--json")
    held = json.loads(done.out)
    assert (done.code, held["inputs"], held["failed"]) == (0, 3, 0)
    assert [Path(path).name for file in held["files"] for path in file["outputs"]] == [
        "ah-vous-dirai-je.mid",
        "auld-lang-syne.mid",
        "greensleeves.mid",
    ]


def test_several_kinds_at_once(examples: Path, tmp_path: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("convert", examples, "-o", tmp_path, "--to", "mid, abc", "--json")
    held = json.loads(done.out)
    assert (done.code, held["inputs"], held["failed"], len(held["files"])) == (0, 3, 0, 6)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".abc"] * 3 + [".mid"] * 3


def test_what_one_kind_makes_is_no_input_of_the_next(
    tune: Path, tmp_path: Path, canzona_cli: Callable
) -> None:
    shutil.copy(tune, tmp_path / "a.krn")
    done = canzona_cli("convert", tmp_path, "-o", tmp_path, "--to", "abc,svg")
    assert (done.code, done.out) == (0, f"{tmp_path / 'a.abc'}\n{tmp_path / 'a.svg'}\n")


def test_quiet_says_nothing(tune: Path, tmp_path: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("convert", tune, "-o", tmp_path, "--to", "mid", "-q")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_losses_are_said_on_stderr(tmp_path: Path, canzona_cli: Callable) -> None:
    (tmp_path / "song.abc").write_text('X:1\nT:Song\nM:2/4\nL:1/4\nK:C\n"Am"c ~d|\n')
    done = canzona_cli("convert", tmp_path / "song.abc", "-o", tmp_path / "song.mid")
    assert done.code == 0
    assert "lost " in done.err and "song.mid" in done.err


def test_a_failed_input_is_summed_up_and_the_others_are_done(
    tune: Path, tmp_path: Path, canzona_cli: Callable
) -> None:
    (tmp_path / "bad.krn").write_bytes(b"\0")
    done = canzona_cli("convert", tmp_path / "bad.krn", tune, "-o", tmp_path / "out", "--to", "abc")
    assert done.code == 1
    assert done.out == f"{tmp_path / 'out' / 'greensleeves.abc'}\n"
    lines = done.err.splitlines()
    assert lines[0].startswith(f"canzona: {tmp_path / 'bad.krn'}, line 1: ")
    assert lines[-1] == "canzona: 1 of 2 inputs could not be handled"


def test_pipes(tune: Path, tmp_path: Path) -> None:
    command = [*PROGRAM, "convert", "-", "--from", "krn", "--to", "abc", "-o", "-"]
    done = subprocess.run(command, input=tune.read_bytes(), capture_output=True, check=True)
    assert b"T:Greensleeves" in done.stdout
    (tmp_path / "piped.abc").write_bytes(done.stdout)
    assert canzona.explain(tmp_path / "piped.abc").inputs[0].name == "stdin.krn"
    assert canzona.replay(tmp_path / "piped.abc", inputs=[tune]) == done.stdout


def test_stdin_into_a_folder(tune: Path, tmp_path: Path) -> None:
    command = [*PROGRAM, "convert", "-", "--from", "krn", "--to", "mid", "-o", str(tmp_path)]
    subprocess.run(command, input=tune.read_bytes(), capture_output=True, check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["stdin.mid"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["{tune}", "-o", "{tmp}"], "say with --to what to make"),
        (["{tune}", "-o", "-"], "say with --to what to make"),
        (["{tune}", "{tune}", "-o", "{tmp}/a.abc"], "one file cannot hold all inputs"),
        (["{tune}", "{tune}", "-o", "-", "--to", "abc"], "stdout holds one output"),
        (["{tune}", "-o", "-", "--to", "abc,mid"], "stdout holds one output"),
        (["{tune}", "-o", "{tmp}", "--to", "abc,gif"], "'gif' is no kind of file to write"),
        (["{tune}", "-o", "{tmp}", "--to", " ,"], "--to names no kind of file"),
        (["-", "-o", "-", "--to", "abc"], "--from says its format"),
        (["-", "--from", "doc", "-o", "-", "--to", "abc"], "'doc' is no score format"),
        (["{tune}", "-o", "{tmp}", "--to", "gif"], "'gif' is no kind of file to write"),
        (["{tune}", "-o", "{tmp}/a.gif"], "no kind of file that Canzona writes"),
        (["{tune}", "-o", "{tmp}", "--to", "mid", "--transpose", "P3"], "there is no interval 'P3'"),
        (["{tune}", "-o", "{tmp}", "--to", "mid", "--transpose", "G major"], "transposing keeps the mode"),
        (["{tune}", "-o", "{tmp}", "--to", "mid", "--tempo", "1"], "makes no music"),
        (["{tune}", "-o", "{tmp}", "--to", "wav", "--instrument", "tubaphone"], "tubaphone"),
        (["{examples}", "-o", "-", "--to", "mid"], "a folder does not fit into stdout"),
        (["{tune}"], "Missing option '-o'"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage_is_code_2_and_one_sentence(
    words: list[str], sentence: str, tune: Path, examples: Path, tmp_path: Path, canzona_cli: Callable
) -> None:
    done = canzona_cli(
        "convert", *(word.format(tune=tune, tmp=tmp_path, examples=examples) for word in words)
    )
    assert done.code == 2
    assert sentence in done.err
    assert list(tmp_path.iterdir()) == []


def test_what_exists_is_kept_without_force(tune: Path, tmp_path: Path, canzona_cli: Callable) -> None:
    target = tmp_path / "greensleeves.mid"
    target.write_bytes(b"mine")
    done = canzona_cli("convert", tune, "-o", tmp_path, "--to", "mid")
    assert (done.code, target.read_bytes()) == (1, b"mine")
    assert "exists; choose another name, or replace it with --force" in done.err
    assert canzona_cli("convert", tune, "-o", tmp_path, "--to", "mid", "--force").code == 0
    assert target.read_bytes().startswith(b"MThd")


def test_an_unwritable_target_is_said(tune: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("convert", tune, "-o", "/proc/canzona", "--to", "mid")
    assert done.code == 1
    assert done.err.startswith("canzona: /proc/canzona was not written: ")


def test_a_full_disk_leaves_nothing(tune: Path, tmp_path: Path) -> None:
    """The kernel's limit on the size of files stands for the full disk."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    command = [*PROGRAM, "convert", str(tune), "-o", str(tmp_path), "--to", "wav"]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit, check=False)
    assert done.returncode == 1
    assert "greensleeves.wav was not written: file too large" in done.stderr
    assert os.listdir(tmp_path) == []


def test_a_full_stdout_is_one_sentence(tune: Path) -> None:
    with open("/dev/full", "wb") as full:
        command = [*PROGRAM, "convert", str(tune), "-o", "-", "--to", "krn"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "canzona: standard output: no space left on device\n"
