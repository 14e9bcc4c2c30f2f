"""The documentation builds without a warning, and its pages hold together."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built pages."""
    pytest.importorskip("sphinx", reason="the extra 'dev' is not installed: no documentation is built")
    place = tmp_path_factory.mktemp("site")
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-W",
        "--keep-going",
        "-q",
        "-b",
        "html",
        "-d",
        place / "trees",
    ]
    done = subprocess.run(
        [*map(str, command), str(ROOT / "docs"), str(place / "html")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return place / "html"


def test_every_page_is_there(site: Path) -> None:
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    for page in pages:
        if "_build" not in page.parts:
            assert (site / page.with_suffix(".html")).is_file(), page


def test_pictures_and_links_between_pages_exist(site: Path) -> None:
    for path in site.rglob("*.html"):
        for target in re.findall(r'(?:src|href)="([^"#:?]+)["#]', path.read_text(encoding="utf-8")):
            if not target.startswith(("http", "mailto")) and "genindex" not in target:
                assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_commands_and_public_names_are_described(site: Path) -> None:
    commands = (site / "reference" / "cli.html").read_text(encoding="utf-8")
    for name in ("compose", "convert", "explain", "evaluate", "train", "models", "data"):
        assert f"canzona-{name}" in commands
    names = (site / "reference" / "api.html").read_text(encoding="utf-8")
    for name in ("Tune", "Note", "Key", "Meter", "Composition", "CanzonaError"):
        assert f"canzona.{name}" in names or f".{name}" in names
