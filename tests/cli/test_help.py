"""What every command has in common: help, wrong words, quiet, verbose, streams; over all that are found."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

import canzona
from canzona.cli.main import cli
from pace import within

PROGRAM = [sys.executable, "-m", "canzona"]
Path_ = tuple[str, ...]


def every(command: click.Command, path: Path_ = ()) -> list[tuple[Path_, click.Command]]:
    """A command and all below it, groups too."""
    found = [(path, command)]
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            found += every(below, (*path, name))
    return found


ALL = every(cli)
LEAVES = [(path, command) for path, command in ALL if not isinstance(command, click.Group)]
GROUPS = [(path, command) for path, command in ALL if isinstance(command, click.Group)]
OPTIONS = [
    (path, option) for path, command in ALL for option in command.params if isinstance(option, click.Option)
]


def ids(rows: list[tuple[Path_, click.Command]]) -> list[str]:
    return [" ".join(path) or "canzona" for path, _ in rows]


def option_ids() -> list[str]:
    return [f"{' '.join(path)} {option.opts[-1]}" for path, option in OPTIONS]


def test_the_commands_that_are_promised_are_there() -> None:
    leaves = {" ".join(path) for path, _ in LEAVES}
    assert {
        "compose", "convert", "explain", "data describe", "models list", "models show", "models verify",
        "train compose", "evaluate compose",
    } <= leaves  # fmt: skip


@pytest.mark.parametrize(("path", "command"), ALL, ids=ids(ALL))
def test_help_begins_with_one_sentence(path: Path_, command: click.Command, canzona_cli: Callable) -> None:
    done = canzona_cli(*path, "--help")
    assert (done.code, done.err) == (0, "")
    first = (command.help or "").split("\n\n")[0]
    assert re.fullmatch(r"[A-Z].*[.]", first, re.DOTALL), first
    assert " ".join(first.split()) in " ".join(done.out.split())


@pytest.mark.parametrize(("path", "command"), ALL, ids=ids(ALL))
def test_minus_h_is_help(path: Path_, command: click.Command, canzona_cli: Callable) -> None:
    assert canzona_cli(*path, "-h").out == canzona_cli(*path, "--help").out


@pytest.mark.parametrize(("path", "command"), ALL, ids=ids(ALL))
def test_help_fits_a_terminal(path: Path_, command: click.Command, canzona_cli: Callable) -> None:
    for line in canzona_cli(*path, "--help").out.splitlines():
        assert len(line) <= 100, line


@pytest.mark.parametrize(("path", "command"), GROUPS, ids=ids(GROUPS))
def test_a_group_lists_its_commands_with_what_they_do(
    path: Path_, command: click.Command, canzona_cli: Callable
) -> None:
    listed = canzona_cli(*path, "--help").out.split("Commands:\n")[1]
    rows = re.findall(r"^  (\S+)  +(\S.*)$", listed, re.MULTILINE)
    context = click.Context(command)
    assert [name for name, _ in rows] == command.list_commands(context)  # type: ignore[attr-defined]
    assert all(about[0].isupper() and about.endswith((".", "...")) for _, about in rows), rows


@pytest.mark.parametrize(("path", "option"), OPTIONS, ids=option_ids())
def test_an_option_says_what_it_does(path: Path_, option: click.Option, canzona_cli: Callable) -> None:
    words = " ".join(canzona_cli(*path, "--help").out.split())
    assert option.help
    assert option.help == option.help.strip()
    assert option.opts[-1] in words
    assert " ".join(option.help.split())[:30] in words


@pytest.mark.parametrize(("path", "command"), ALL, ids=ids(ALL))
def test_an_unknown_option_is_wrong_usage(path: Path_, command: click.Command, canzona_cli: Callable) -> None:
    done = canzona_cli(*path, "--no-such-option")
    assert (done.code, done.out) == (2, "")
    assert "No such option" in done.err and "--no-such-option" in done.err
    assert f"Usage: {' '.join(('canzona', *path))}" in done.err


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (("compose", "--sed", "3"), "--seed"),
        (("convert", "--transpos", "M2"), "--transpose"),
        (("evaluate", "compose", "--sample", "3"), "--samples"),
    ],
)
def test_a_mistyped_option_is_answered_with_the_nearest(
    words: tuple[str, ...], near: str, canzona_cli: Callable
) -> None:
    done = canzona_cli(*words)
    assert done.code == 2 and near in done.err


@pytest.mark.parametrize(("path", "command"), GROUPS, ids=ids(GROUPS))
def test_a_group_without_a_command_shows_its_help(
    path: Path_, command: click.Command, canzona_cli: Callable
) -> None:
    done = canzona_cli(*path)
    assert "Commands:" in done.out + done.err
    assert done.code == 2
    assert canzona_cli(*path, "no-such-command").code == 2


@pytest.mark.parametrize(("path", "command"), LEAVES, ids=ids(LEAVES))
def test_a_word_too_many_is_wrong_usage(path: Path_, command: click.Command, canzona_cli: Callable) -> None:
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    if any(each.nargs == -1 for each in arguments):
        return
    required = [
        word
        for option in command.params
        if isinstance(option, click.Option) and option.required
        for word in (option.opts[-1], *(getattr(option.type, "choices", None) or ("x",))[:1])
    ]
    done = canzona_cli(*path, *required, *["word"] * (len(arguments) + 1))
    assert done.code == 2
    assert "Got unexpected extra argument" in done.err


@pytest.mark.parametrize(("path", "option"), OPTIONS, ids=option_ids())
def test_an_option_that_wants_a_value_gets_one(
    path: Path_, option: click.Option, canzona_cli: Callable
) -> None:
    if option.is_flag or option.count:
        return
    done = canzona_cli(*path, option.opts[0])
    assert done.code == 2
    assert f"Option '{option.opts[0]}' requires an argument" in done.err


@pytest.mark.parametrize(
    ("path", "option"),
    [
        row
        for row in OPTIONS
        if isinstance(row[1].type, click.types.IntParamType | click.types.FloatParamType)
    ],
)
@pytest.mark.parametrize("value", ["many", "", "1e400x", "½"])
def test_a_number_is_a_number(path: Path_, option: click.Option, value: str, canzona_cli: Callable) -> None:
    done = canzona_cli(*path, option.opts[-1], value)
    assert (done.code, done.out) == (2, "")
    assert option.opts[-1] in done.err and "is not a valid" in done.err


@pytest.mark.parametrize("words", [("--version",), ("-V",), ("-v", "--version"), ("--version", "compose")])
def test_the_version_is_one_line(words: tuple[str, ...], canzona_cli: Callable) -> None:
    done = canzona_cli(*words)
    assert (done.code, done.out, done.err) == (0, f"canzona {canzona.__version__}\n", "")


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([*PROGRAM, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"canzona {canzona.__version__}\n")


def test_help_costs_little_and_loads_nothing_heavy() -> None:
    """Work is counted, not seconds: no module of the heavy ones, and few modules at all."""
    script = (
        "import sys\nfrom canzona.cli.main import run\nrun(['--help'])\n"
        "heavy = {'numpy', 'onnxruntime', 'verovio', 'soundfile', 'tqdm', 'torch', 'platformdirs'}\n"
        "print(sorted(heavy & set(sys.modules)), len(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded, count = done.stderr.rsplit(" ", 1)
    assert loaded == "[]"
    assert int(count) < 400


def test_help_of_every_command_is_quick(canzona_cli: Callable) -> None:
    with within(0.1 * len(ALL)):
        for path, _ in ALL:
            canzona_cli(*path, "--help")


def test_quiet_and_force_and_json_mean_one_thing() -> None:
    said: dict[str, set[str]] = {}
    for path, option in OPTIONS:
        # Where a model is made, --model says of which kind.
        if (path, option.opts[-1]) != (("train", "extract"), "--model"):
            said.setdefault(option.opts[-1], set()).add(option.help or "")
    for name in ("--quiet", "--force", "--json", "--seed", "--model", "--jobs", "--verbose"):
        assert len(said[name]) == 1, said[name]


def test_every_command_that_writes_asks_before_it_replaces() -> None:
    for path, command in LEAVES:
        names = {name for option in command.params for name in option.opts}
        assert "--output" not in names or "--force" in names, path


def test_every_command_takes_verbose_behind_its_name() -> None:
    for path, command in LEAVES:
        assert any("--verbose" in option.opts for option in command.params), path


@pytest.mark.parametrize("variable", ["LANG", "LC_ALL"])
def test_help_needs_no_locale(variable: str) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        variable: "C",
        "PYTHONPATH": str(Path(canzona.__file__).parents[1]),
    }
    done = subprocess.run([*PROGRAM, "compose", "--help"], capture_output=True, env=environment, check=False)
    assert done.returncode == 0 and done.stderr == b""


@pytest.mark.parametrize(("shell", "place"), [("bash", "1"), ("zsh", "1"), ("fish", "co")])
def test_a_shell_can_ask_what_may_follow(shell: str, place: str) -> None:
    words = {"_CANZONA_COMPLETE": f"{shell}_complete", "COMP_WORDS": "canzona co", "COMP_CWORD": place}
    done = subprocess.run(PROGRAM, capture_output=True, text=True, env={**os.environ, **words}, check=False)
    assert "compose" in done.stdout and "convert" in done.stdout
    assert "explain" not in done.stdout and done.stderr == ""
