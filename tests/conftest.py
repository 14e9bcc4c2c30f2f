"""What all tests share: the examples, the corpora beside the repository, and the command line."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# Programs that tests start find the package as the tests do, installed or not.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))

settings.register_profile(
    "canzona", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("canzona")


@dataclass(frozen=True)
class Outcome:
    """What a command line did."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def examples() -> Path:
    """The folder of public-domain melodies."""
    return ROOT / "examples"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `shared` beside the repository, with corpora for tests; skips where it is missing."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("there is no folder 'shared' with corpora beside the repository")
    return folder


@pytest.fixture
def canzona_cli(capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run a command line in this process: `canzona_cli("convert", path, "-o", folder)`."""
    from canzona.cli.main import run

    def call(*words: str | os.PathLike[str]) -> Outcome:
        capfd.readouterr()
        code = run([os.fspath(word) for word in words])
        out, err = capfd.readouterr()
        return Outcome(code, out, err)

    return call
