"""Graphs are run by a library that would report every run to its makers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from canzona.models import find_model
from canzona.models.folder import ModelFolder

SCRIPT = """
import sys
from pathlib import Path
from canzona.models.graphs import open_graph
open_graph(Path(sys.argv[1]))
"""


@pytest.fixture
def graph() -> Path:
    folk: ModelFolder = find_model("folk", job="compose")
    return next(folk.file(name) for name in folk.files if name.endswith(".onnx"))


def test_nothing_is_kept_or_sent_of_a_run(graph: Path, tmp_path: Path) -> None:
    # Where these are set the library is silent by itself.
    watched = {name: value for name, value in os.environ.items() if name not in ("CI", "GITHUB_ACTIONS")}
    watched.pop("ORT_DISABLE_TELEMETRY", None)
    places = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "USERPROFILE")}
    subprocess.run([sys.executable, "-c", SCRIPT, graph], env=watched | places, check=True, timeout=120)
    assert not list(tmp_path.rglob("*"))
