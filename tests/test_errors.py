"""The tree of errors: drawn as it is, each with its exit code, a sentence and what to do."""

from __future__ import annotations

import ast
import builtins
import copy
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import canzona
from canzona import errors
from canzona.errors import CanzonaError, FormatError, ModelError, PolyphonyError, RulesError, UsageError

SOURCE = Path(canzona.__file__).parent
DRAWN = re.compile(r"^ {4}([│├└─ ]*)(\w+) +exit (\d) +(\S.*)$", re.MULTILINE)
ALL = [
    value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, CanzonaError)
]
NAMES = {kind.__name__ for kind in ALL}


def drawn() -> Iterator[tuple[str, str, int]]:
    """Name, parent and exit code of each line of the drawing, by its indentation."""
    above: list[str] = []
    for branch, name, code, _ in DRAWN.findall(errors.__doc__ or ""):
        depth = len(branch) // 4
        del above[depth:]
        yield name, above[-1] if above else "Exception", int(code)
        above.append(name)


def test_the_drawing_is_the_tree() -> None:
    assert sorted(drawn()) == sorted(
        (kind.__name__, kind.__mro__[1].__name__, kind.exit_code) for kind in ALL
    )
    assert len(ALL) >= 8, "the tree is not empty"


def test_every_kind_says_what_it_is_for() -> None:
    assert all(kind.__doc__ for kind in ALL)
    assert {kind.exit_code for kind in ALL} == {1, 2, 3, 4}, "0 is done, 130 is an interrupt"


def test_the_exit_codes_of_the_help_are_those_of_the_tree(canzona_cli: Callable) -> None:
    words = " ".join(canzona_cli("--help").out.split())
    for kind, meaning in (
        (UsageError, "wrong usage"),
        (RulesError, "rules contradict"),
        (ModelError, "a model is"),
    ):
        assert f"{kind.exit_code} {meaning}" in words


@given(st.text(), st.text())
def test_a_hint_follows_the_sentence(message: str, hint: str) -> None:
    error = CanzonaError(message, hint=hint)
    assert (error.message, error.hint) == (message, hint)
    assert str(error) == (f"{message}; {hint}" if hint else message)


@pytest.mark.parametrize(
    ("source", "line", "expected"),
    [
        ("a.krn", 14, "a.krn, line 14: '4h' is no note; write a-g"),
        ("a.mid", 0, "a.mid: '4h' is no note; write a-g"),
        ("", 3, "line 3: '4h' is no note; write a-g"),
        ("", 0, "'4h' is no note; write a-g"),
    ],
)
@pytest.mark.parametrize("kind", [FormatError, PolyphonyError])
def test_a_format_error_says_where(kind: type[FormatError], source: str, line: int, expected: str) -> None:
    error = kind("'4h' is no note", source=source, line=line, hint="write a-g")
    assert (str(error), error.source, error.line) == (expected, source, line)


def test_one_net_catches_all() -> None:
    for kind in ALL:
        with pytest.raises(canzona.CanzonaError):
            raise kind("a sentence")


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_errors_come_back_from_other_processes(kind: type[CanzonaError]) -> None:
    """`--jobs 2` hands errors from one process to another."""
    error = kind("a sentence", hint="a way out")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is kind
        assert (str(again), again.hint, again.exit_code) == (str(error), error.hint, error.exit_code)


def test_an_error_with_its_place_comes_back_too() -> None:
    error = PolyphonyError("four voices", source="a.krn", line=3, hint="choose one with --track")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.source, again.line) == (str(error), "a.krn", 3)


def raised() -> Iterator[tuple[str, ast.Call]]:
    """Every `raise OurError(...)` and `return OurError(...)` of the source, with its place."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            call = (
                node.exc
                if isinstance(node, ast.Raise)
                else node.value
                if isinstance(node, ast.Return)
                else None
            )
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Name)
                and call.func.id in NAMES
                and call.args
            ):
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", call


def words_of(node: ast.expr) -> str:
    """The fixed words of a text, with a word for each value put in."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(words_of(part) for part in node.values)
    return "X"


def test_every_sentence_of_the_source_can_have_a_hint_after_it() -> None:
    """No full stop, no line break, no blanks at an end: 'what and where; what to do'."""
    found = [(place, words_of(call.args[0])) for place, call in raised()]
    assert len(found) > 150, "the search finds the errors"
    for place, words in found:
        assert words == words.strip() and "\n" not in words, place
        assert not words.endswith((".", "!", ";", ":")), (place, words)


def test_every_hint_of_the_source_says_what_to_do() -> None:
    hints = [
        (place, words_of(keyword.value))
        for place, call in raised()
        for keyword in call.keywords
        if keyword.arg == "hint"
    ]
    for place, words in hints:
        assert words.strip(), place
        assert not words.endswith(".") or words.endswith("..."), (place, words)
    assert len(hints) > 0.6 * len(list(raised())), "most errors say what to do"


def test_nothing_else_is_raised_at_a_user() -> None:
    """ValueError and friends stay inside the module that catches them; others are not raised at all."""
    allowed = {
        "AttributeError",
        "StopIteration",
        "NotImplementedError",
        "KeyboardInterrupt",
        "ValueError",
        "TypeError",
    }
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Raise)
                and isinstance(node.exc, ast.Call)
                and isinstance(node.exc.func, ast.Name)
            ):
                name = node.exc.func.id
                builtin = name in vars(builtins)
                assert not builtin or name in allowed, f"{path}:{node.lineno} raises {name}"


def test_the_module_costs_nothing_to_import() -> None:
    script = "import sys, canzona.errors; print([n for n in ('numpy', 'click', 're') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True)
    assert "numpy" not in done.stdout and "click" not in done.stdout
