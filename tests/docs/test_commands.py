"""Every command line and every Python example of the README and the documentation.

Lines with `$` in ```console blocks are run, page by page, in an empty folder that has a copy of
`examples/` and a folder `my-tunes`. A block after `<!-- parsed only -->` is only parsed: the
command and each of its options must exist.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from canzona.cli.main import cli
from small_model import write_corpus

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"(<!-- parsed only -->\n)?```(console|python)\n(.*?)```", re.DOTALL)
PROGRAM = f"{sys.executable} -c 'from canzona.cli.main import main; main()'"


def blocks(page: Path, language: str) -> list[tuple[bool, str]]:
    """(only parsed?, text) of each block of a language."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(bool(parsed), text) for parsed, kind, text in found if kind == language]


def lines(page: Path) -> list[tuple[bool, str]]:
    """(only parsed?, command) of each line that a reader is told to type."""
    return [
        (parsed, line[2:])
        for parsed, text in blocks(page, "console")
        for line in text.splitlines()
        if line.startswith("$ ")
    ]


WITH_COMMANDS = [page for page in PAGES if lines(page) and "_build" not in page.parts]
WITH_PYTHON = [page for page in PAGES if blocks(page, "python") and "_build" not in page.parts]


def check(line: str) -> None:
    """The command exists, and takes these options."""
    words = shlex.split(line.split(" < ")[0])
    if words[0] == "make":
        targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert words[1] in targets, line
        return
    if words[0] in ("pip", "apt-get", "python"):
        return
    assert words[0] == "canzona", f"{line}: whose command is this?"
    command: click.Command = cli
    # With the program's settings, which commands take over and keep: `-h` is one.
    context = click.Context(cli, info_name="canzona", **cli.context_settings)
    rest = words[1:]
    while isinstance(command, click.Group) and rest:
        name, found, rest = command.resolve_command(context, rest)
        assert found is not None, line
        command, context = found, click.Context(found, info_name=name, parent=context)
    command.make_parser(context).parse_args(list(rest))


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """An empty folder with the examples in it, and tunes to train on."""
    (tmp_path / "my-tunes").mkdir()
    write_corpus(tmp_path / "my-tunes")
    (tmp_path / "examples").mkdir()
    for ending in ("krn", "flac"):
        for path in (ROOT / "examples").glob(f"*.{ending}"):
            (tmp_path / "examples" / path.name).write_bytes(path.read_bytes())
    return tmp_path


def all_lines(only_parsed: bool | None = None) -> list:
    return [
        pytest.param(line, id=f"{page.name}: {line}")
        for page in WITH_COMMANDS
        for parsed, line in lines(page)
        if only_parsed in (None, parsed)
    ]


@pytest.mark.parametrize("line", all_lines())
def test_every_command_line_parses(line: str) -> None:
    check(line)


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.name)
def test_the_commands_of_a_page_work_one_after_the_other(page: Path, desk: Path) -> None:
    for parsed, line in lines(page):
        if parsed:
            continue
        shell = re.sub(r"^canzona\b", lambda _: PROGRAM, line)
        done = subprocess.run(["bash", "-c", shell], cwd=desk, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"$ {line}\n{done.stderr}"


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.name)
def test_the_python_of_a_page_works(page: Path, desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    names: dict[str, object] = {}
    printed: list[str] = []
    promised: list[str] = []
    names["print"] = lambda *values: printed.append(" ".join(map(str, values)))
    for parsed, text in blocks(page, "python"):
        if parsed:
            compile(text, page.name, "exec")
            continue
        promised += re.findall(r"print\(.*\)\s+# (.*)", text)
        exec(compile(text, page.name, "exec"), names)  # the examples are ours
    for said, meant in zip(printed, promised, strict=True):
        assert meant.startswith(said), f"{page.name}: '{meant}' is '{said}'"


def test_there_is_something_to_check(canzona_cli: Callable) -> None:
    assert len(all_lines(only_parsed=False)) >= 10
    with pytest.raises(click.ClickException):
        check("canzona convert --no-such-option")
    with pytest.raises(click.ClickException):
        check("canzona harmonise")
