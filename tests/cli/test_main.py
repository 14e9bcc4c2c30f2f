"""The program itself: commands found by listing, one sentence for an error, exit codes."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pytest
import soundfile

import canzona.cli
from canzona.cli import convert as convert_module
from canzona.cli.main import Commands, cli, run
from canzona.errors import CanzonaError, ModelError, RulesError, UsageError
from small_extractor import filter_model

NAMES = [
    m.name
    for m in pkgutil.iter_modules(canzona.cli.__path__)
    if m.name not in ("main", "options", "progress")
]
PROGRAM = [sys.executable, "-c", "from canzona.cli.main import main; main()"]


def commands(
    command: click.Command, path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], click.Command]]:
    """A command and all below it, with the words that lead there."""
    if not isinstance(command, click.Group):
        return [(path, command)]
    context = click.Context(command)
    below = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [found for name, each in below if each for found in commands(each, (*path, name))]


ALL = commands(cli)


def test_every_module_of_the_folder_is_a_command(canzona_cli: Callable) -> None:
    listed = canzona_cli("--help").out
    for name in NAMES:
        assert f"  {name.replace('_', '-')} " in listed


@pytest.mark.parametrize("path", [path for path, _ in ALL], ids=" ".join)
def test_every_command_has_help(path: tuple[str, ...], canzona_cli: Callable) -> None:
    done = canzona_cli(*path, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: canzona {' '.join(path)}")


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) for path, _ in ALL])
def test_shared_options_mean_the_same_everywhere(path: tuple[str, ...], command: click.Command) -> None:
    short = {"-o": "--output", "-j": "--jobs", "-m": "--model", "-q": "--quiet", "-v": "--verbose"}
    for option in (each for each in command.params if isinstance(each, click.Option)):
        assert option.help, option.opts
        assert all(word == word.lower() and "_" not in word for word in option.opts)
        for letter, word in short.items():
            assert (letter in option.opts) == (word in option.opts), option.opts
        if "--force" in option.opts or "--json" in option.opts or "--quiet" in option.opts:
            assert option.is_flag


@pytest.mark.parametrize("name", NAMES)
def test_a_command_imports_nothing_but_click_at_its_top(name: str) -> None:
    script = (
        f"import sys, canzona.cli.{name}\n"
        "heavy = {'numpy', 'tqdm', 'verovio', 'onnxruntime', 'torch', 'soundfile', 'canzona.score'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_the_invoked_command_is_imported() -> None:
    script = (
        "import sys; from canzona.cli.main import run; run(['models', 'list'])\n"
        "print('canzona.cli.convert' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip().endswith("False")


def test_version(canzona_cli: Callable) -> None:
    assert canzona_cli("--version").out == f"canzona {canzona.__version__}\n"


def test_an_unknown_command_is_answered_with_the_nearest(canzona_cli: Callable) -> None:
    done = canzona_cli("convrt")
    assert done.code == 2
    assert "there is no command 'convrt'; did you mean 'convert'?" in done.err
    assert "choose one of compose, convert, " in canzona_cli("zzz").err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CanzonaError("tune.krn is no tune", hint="give one that is"), 1),
        (UsageError("0 bars make no tune", hint="give 1 or more"), 2),
        (RulesError("the rules contradict one another"), 3),
        (ModelError("there is no model"), 4),
        (KeyboardInterrupt(), 130),
        (MemoryError(), 1),
        (ZeroDivisionError("deep\ninside"), 1),
    ],
)
def test_an_error_is_one_sentence_and_an_exit_code(
    error: BaseException, code: int, canzona_cli: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command()
    def failing() -> None:
        raise error

    monkeypatch.setattr(convert_module, "command", failing)
    done = canzona_cli("convert")
    assert done.code == code
    assert done.err.startswith("canzona: ")
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err
    if isinstance(error, CanzonaError):
        assert done.err == f"canzona: {error}\n"


def test_verbose_shows_where_an_unexpected_error_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    @click.option("-v", "--verbose", is_flag=True)
    def failing(verbose: bool) -> None:
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr(convert_module, "command", failing)
    for words in (["-v", "convert"], ["convert", "-v"]):
        with pytest.raises(ZeroDivisionError):
            run(words)


def test_a_reader_that_goes_away_is_no_error() -> None:
    shell = f"{sys.executable} -c 'from canzona.cli.main import main; main()' convert --help | head -n 1"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_a_closed_pipe_while_printing() -> None:
    script = (
        "from canzona.cli import data; import click\n"
        "import canzona.cli.main as m\n"
        "@click.command()\n"
        "def flood():\n"
        "    for n in range(100000): click.echo('line %d' % n)\n"
        "data.command = flood\n"
        "m.main(['data'])\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None and child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait(20) == 141


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_ends_a_run_with_130_and_leaves_nothing_half_written(
    jobs: str, examples: Path, tmp_path: Path
) -> None:
    for number in range(60):
        (tmp_path / f"{number}.krn").write_bytes((examples / "greensleeves.krn").read_bytes())
    out = tmp_path / "out"
    command = [*PROGRAM, "convert", str(tmp_path), "-o", str(out), "--to", "wav", "-j", jobs]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 20
    while not list(out.glob("*.wav")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to all processes of the group
    _, err = child.communicate(timeout=20)
    assert child.returncode == 130
    assert err == "canzona: interrupted\n"
    assert 0 < len(list(out.iterdir())) < 60
    assert not list(out.glob("*.part"))
    assert all(path.read_bytes()[:4] == b"RIFF" for path in out.iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_run_that_is_asked_to_end_leaves_nothing_half_written(
    number: signal.Signals, jobs: str, tmp_path: Path
) -> None:
    model = filter_model(tmp_path / "half", [0.5]).path
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, np.zeros((44100 * 600, 2), np.int16), 44100)
    words = [
        "extract",
        tmp_path / "a.wav",
        tmp_path / "b.wav",
        "-o",
        tmp_path / "out",
        "-m",
        model,
        "-j",
        jobs,
    ]
    child = subprocess.Popen(
        [*PROGRAM, *map(str, words)], stderr=subprocess.PIPE, text=True,
        # Whoever runs the tests may have been told to ignore it.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not list((tmp_path / "out").glob(".canzona-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    child.send_signal(number)
    _, err = child.communicate(timeout=30)
    assert (child.returncode, err) == (128 + number, "canzona: interrupted\n")
    assert list((tmp_path / "out").iterdir()) == []


def test_what_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """A run under nohup outlives its terminal."""
    script = (
        "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from canzona.cli.main import main\n"
        "try: main(['--version'])\n"
        "finally: print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("True\n")


def test_an_import_that_is_interrupted_is_no_error_of_ours(
    canzona_cli: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command()
    def failing() -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise ImportError("numpy could not be imported") from error

    monkeypatch.setattr(convert_module, "command", failing)
    done = canzona_cli("convert")
    assert (done.code, done.err) == (130, "canzona: interrupted\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_error(closed: str, tmp_path: Path, examples: Path) -> None:
    tune, out = examples / "greensleeves.krn", tmp_path / "out.wav"
    shell = f"{sys.executable} -m canzona convert '{tune}' -o '{out}' {closed}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert out.read_bytes()[:4] == b"RIFF" and b"canzona:" not in out.read_bytes()


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-8"])
def test_json_is_json_in_every_encoding(encoding: str, tmp_path: Path) -> None:
    name = "\u3072\x81\U0001f3b9\xe9.wav"
    (tmp_path / name).write_text("no song")
    model = filter_model(tmp_path / "half", [0.5]).path
    words = ["extract", str(tmp_path / name), "-o", str(tmp_path / "out"), "-m", str(model), "--json"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([*PROGRAM, *words], capture_output=True, env=environment, check=False)
    assert json.loads(done.stdout.decode(encoding))["songs"][0]["input"] == str(tmp_path / name)


def test_empty_names_are_refused(canzona_cli: Callable, tmp_path: Path) -> None:
    for words in (["", "-o", tmp_path], ["a.wav", "-o", ""], ["a.wav", "-o", tmp_path, "-m", ""]):
        done = canzona_cli("extract", *words)
        assert done.code == 2 and "an empty name" in done.err


def test_a_file_called_like_standard_input(
    canzona_cli: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write(tmp_path / "-", np.zeros(3000, np.int16), 44100, format="WAV")
    model = filter_model(tmp_path / "half", [0.5]).path
    assert canzona_cli("extract", "./-", "-o", "out", "-m", model).code == 0
    assert sorted(path.name for path in Path("out").iterdir()) == ["-.rest.wav", "-.synth.wav"]


def test_no_color_is_respected(tmp_path: Path) -> None:
    environment = {**os.environ, "NO_COLOR": "1", "FORCE_COLOR": ""}
    done = subprocess.run(
        [*PROGRAM, "convert", "gone.krn"], capture_output=True, env=environment, check=False
    )
    assert b"\x1b[" not in done.stderr


def test_file_names_that_are_no_text_do_not_break_the_sentence(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\xfe.krn"
    with open(name, "wb") as file:
        file.write(b"\0")
    done = subprocess.run(
        [*PROGRAM, "convert", name, "-o", tmp_path, "--to", "abc"], capture_output=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(b"canzona: ")
    assert b"Traceback" not in done.stderr


def test_start_up_is_quick(root: Path) -> None:
    """Twice the bars, for the noise of a busy machine; the figures themselves are benchmarks/startup.py's."""
    done = subprocess.run(
        [sys.executable, root / "benchmarks" / "startup.py", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    times = json.loads(done.stdout)
    assert times["import canzona"] < 2 * 60
    assert times["canzona --help"] < 2 * 250


def test_commands_are_the_modules_and_nothing_else() -> None:
    assert isinstance(cli, Commands)
    for name in NAMES:
        assert isinstance(importlib.import_module(f"canzona.cli.{name}").command, click.Command)
