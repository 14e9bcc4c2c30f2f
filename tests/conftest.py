"""What all tests share: the examples, the corpora beside the repository, and the command line."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from canzona.composition.model import ComposerModel

ROOT = Path(__file__).resolve().parent.parent

# Programs that tests start find the package as the tests do, installed or not.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))

# Several tests run side by side: threads of one would only wait for those of another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Tests that import the library of the networks themselves report nothing either.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# In the background of a shell Ctrl-C is ignored, and by the programs that tests start and interrupt too.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

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


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder 'small', trained in a few seconds on tunes by a dice; skips without torch."""
    pytest.importorskip("torch", reason="the extra 'train' is not installed: no small model to test with")
    from small_model import train_small_model, write_corpus

    place = tmp_path_factory.mktemp("small")
    (place / "data").mkdir()
    return train_small_model(write_corpus(place / "data"), place / "models" / "small")


@pytest.fixture(scope="session")
def composer(small_model: Path) -> ComposerModel:
    """The small model, opened."""
    from canzona.composition.model import ComposerModel

    return ComposerModel.open(small_model)


@pytest.fixture
def unburdened() -> Iterator[None]:
    """Keeps what other tests have left in memory from the garbage collector while time is taken."""
    gc.freeze()
    yield
    gc.unfreeze()
