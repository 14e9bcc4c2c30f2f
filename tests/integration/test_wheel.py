"""The built wheel and source archive: what is in them, and that the wheel works alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import canzona


@pytest.fixture(scope="module")
def built(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    out = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "-o", out, root],
        check=True,
        capture_output=True,
    )
    return out


def names_in(built: Path) -> dict[str, list[str]]:
    (wheel,) = built.glob("*.whl")
    (sdist,) = built.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as packed, tarfile.open(sdist) as archive:
        return {"wheel": packed.namelist(), "sdist": archive.getnames()}


def test_research_models_stay_out(built: Path) -> None:
    for kind, names in names_in(built).items():
        assert not [name for name in names if "research" in name], kind
        assert any(name.endswith("canzona/py.typed") for name in names), kind
        assert any(name.endswith("LICENSE") for name in names), kind
        assert any(name.endswith("NOTICE") for name in names), kind


def test_the_wheel_holds_the_package_and_every_file_of_it(built: Path, root: Path) -> None:
    tracked = subprocess.run(
        ["git", "-C", root, "ls-files", "src/canzona"], capture_output=True, text=True, check=False
    ).stdout.split()
    if not tracked:
        pytest.skip("the tests do not run in a checkout")
    wanted = {name.removeprefix("src/") for name in tracked if (root / name).exists()}
    assert wanted <= set(names_in(built)["wheel"])


@pytest.mark.network
def test_the_wheel_works_in_an_empty_environment(built: Path, root: Path, tmp_path: Path) -> None:
    """Installed with its core dependencies alone, away from the repository and its data."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=False)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    (wheel,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-input"]
    done = subprocess.run(
        [*pip, "--retries", "1", "-c", root / "constraints.txt", wheel],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"pip cannot install the dependencies here: {done.stderr.strip().splitlines()[-1:]}")
    work = tmp_path / "work"
    work.mkdir()
    (work / "tune.krn").write_bytes((root / "examples" / "greensleeves.krn").read_bytes())
    environment = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "CANZONA_MODELS")
    }

    def run(*words: str) -> str:
        program = [str(python.parent / "canzona"), *words]
        done = subprocess.run(program, cwd=work, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("--version") == f"canzona {canzona.__version__}\n"
    for kind in ("abc", "musicxml", "mid", "svg", "png", "pdf", "wav", "ogg"):
        run("convert", "tune.krn", "-o", f"tune.{kind}")
        assert "the same" in run("explain", f"tune.{kind}", "--replay")
    run("data", "describe", ".", "-o", "plot.svg")
    run("models", "verify")
    size = sum(path.stat().st_size for path in (home / "lib").rglob("*") if path.is_file())
    assert size < 220e6, f"{size / 1e6:.0f} MB on disk"
