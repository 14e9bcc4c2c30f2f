"""`canzona data stems` from the shell: songs, what is printed, and bad input."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

RECIPE = "[song]\nshortest = 2\nlongest = 2\nmost_parts = 2\n[sources]\nmma = 0\n"


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe of two-second songs; skips where none can be rendered."""
    from canzona.errors import MissingDependencyError
    from canzona.train.separation.rendering import read_recipe
    from canzona.train.separation.rendering.equipment import check_equipment

    try:
        check_equipment(read_recipe())
    except MissingDependencyError as error:
        pytest.skip(f"songs cannot be rendered here: {error}")
    path = tmp_path / "short.toml"
    path.write_text(RECIPE)
    return path


def test_songs_are_rendered_and_kept(canzona_cli: Callable, recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "songs"
    done = canzona_cli("data", "stems", "--out", out, "--songs", "1", "--recipe", recipe)
    assert done.code == 0, done.err
    first, last = done.out.splitlines()
    assert first.startswith("song-1-00000  patterns   2.0 s  ")
    assert last == f"{out}: 1 songs, 1 of them new, 0.00 hours"
    again = canzona_cli("data", "stems", "--out", out, "--songs", "1", "--recipe", recipe, "--json")
    held = json.loads(again.out)
    assert (held["songs"], held["new"], held["failed"], held["seconds"]) == (1, 0, [], 2.0)


@pytest.mark.parametrize("missing", ["torch", "scipy"])
def test_rendering_needs_its_own_extra_alone(tmp_path: Path, missing: str) -> None:
    """Not torch; and what it needs is named."""
    script = (
        f"import sys; sys.modules[{missing!r}] = None\nfrom canzona.cli.main import main; sys.exit(main())"
    )
    words = [sys.executable, "-c", script, "data", "stems", "--out", "songs", "--recipe", "none.toml"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 1 and "should not happen" not in done.stderr
    assert "none.toml: no such file" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (["--songs", "0"], 2, "Invalid value for '--songs'"),
        (["--midi", "{tmp}/none"], 2, "is no folder; name a folder of MIDI files with --midi"),
        (["--midi", "{tmp}"], 2, "holds no MIDI file that may be used"),
        (["--recipe", "{tmp}/none.toml"], 1, "none.toml: no such file"),
        (["--recipe", "{tmp}/bad.toml"], 2, "bad.toml has a table 'x'; tables are song,"),
        (["--out", "{tmp}/bad.toml"], 1, "bad.toml was not written"),
    ],
)
def test_bad_input_is_one_sentence(
    canzona_cli: Callable, recipe: Path, tmp_path: Path, words: list[str], code: int, expected: str
) -> None:
    (tmp_path / "bad.toml").write_text("[x]\n")
    given = [word.format(tmp=tmp_path) for word in words]
    done = canzona_cli(
        "data", "stems", *(["--out", tmp_path / "songs"] if "--out" not in given else []), *given
    )
    assert done.code == code
    assert expected in done.err
    assert "Traceback" not in done.err and len(done.err.strip().splitlines()) <= 4
