"""The gate that keeps copyleft out of the core."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from scripts import loaded


@pytest.fixture(scope="module")
def gate(root: Path) -> ModuleType:
    return loaded(root / "tools" / "licences.py")


@pytest.mark.parametrize(
    ("expression", "passes"),
    [
        ("MIT", True),
        ("BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0", True),
        ("Apache-2.0 OR GPL-2.0-only", True),
        ("(MIT OR GPL-2.0-only) AND BSD-3-Clause", True),
        ("MIT AND (GPL-3.0-only OR AGPL-3.0-only)", False),
        ("MIT OR GPL-3.0-only AND BSD-3-Clause", True),
        ("LGPL-3.0-only", True),
        ("GNU Lesser General Public License v3 (LGPLv3)", True),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", True),
        ("GPL-3.0-or-later", False),
        ("GPLv2", False),
        ("GNU General Public License v3 (GPLv3)", False),
        ("GNU Affero General Public License v3", False),
        ("MIT and GPLv3", False),
        ("Proprietary", False),
        ("see the file", False),
        ("", False),
    ],
)
def test_what_may_come_along(gate: ModuleType, expression: str, passes: bool) -> None:
    assert gate.acceptable(expression) is passes


def test_the_installed_core_passes(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, root / "tools" / "licences.py", "--list"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "verovio" in done.stdout and "LGPL" in done.stdout
    assert "torch" not in done.stdout


def test_a_package_under_the_gpl_or_without_a_word_is_refused(
    gate: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Real metadata of three packages that are not ours."""
    for name, line in {
        "free": "License-Expression: MIT",
        "left": "License: GPL-3.0",
        "mute": "Author: x",
    }.items():
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        requires = "Requires-Dist: left\n" if name == "free" else ""
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{line}\n{requires}"
        )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = gate.installed_requirements(["free>=1", "mute"])
    assert found == {"free": "MIT", "left": "GPL-3.0", "mute": ""}
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["free", "mute"]\n')
    monkeypatch.setattr(gate, "ROOT", tmp_path)
    assert gate.main([]) == 1
    said = capsys.readouterr().err
    assert "left: GPL-3.0 may not come with the core" in said
    assert "mute: no licence stated may not come with the core" in said
