"""`canzona train extract` from the shell: what is refused, Ctrl-C, and going on afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from canzona.models import load_folder
from conftest import Outcome
from stem_sets import noise, tone, write_plain

pytest.importorskip("torch", reason="the extra 'train' is not installed")


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    stems = {
        name: {"synth.wav": tone(pitch, seconds=1.2), "drums.wav": noise(place, 52920, level=0.1)}
        for place, (name, pitch) in enumerate([("a", 440.0), ("held", 500.0)])
    }
    return write_plain(tmp_path_factory.mktemp("train") / "songs", stems)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the recipe of a tiny network in it."""
    from tiny_extractors import tiny_recipe

    tiny_recipe("mel-lstm", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-m", "blend", "--resume"), "--resume means nothing to it"),
        (("-m", "blend", "--from", "synth"), "--from means nothing to it"),
        (("-m", "blend", "--devices", "3"), "--devices means nothing to it"),
        (("-m", "blend", "--epochs", "3"), "--epochs means nothing to it"),
        (("-m", "blend", "--seed", "3"), "--seed means nothing to it"),
        (("-m", "blend", "--target", "drums"), "--target means nothing to it"),
        (("-m", "mel-lstm", "--part", "waveform"), "a mel-lstm has no parts"),
        (("-m", "mel-lstm", "--recipe", "tiny.toml", "--resume"), "holds no training to go on with"),
        (("-m", "kazoo"), "'kazoo' is not one of"),
    ],
    ids=str,
)
def test_options_that_would_be_ignored_are_refused(
    canzona_cli: Callable[..., Outcome], songs: Path, here: Path, words: tuple[str, ...], said: str
) -> None:
    done = canzona_cli("train", "extract", "--data", songs, "-o", "mine", *words)
    assert (done.code, done.out) == (2, ""), done.err
    assert said in done.err and "should not happen" not in done.err


def test_a_gpu_that_is_not_there_is_said(
    canzona_cli: Callable[..., Outcome], songs: Path, here: Path
) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one here")
    words = ("-m", "mel-lstm", "--data", songs, "--recipe", "tiny.toml", "--device", "cuda", "-o", "mine")
    done = canzona_cli("train", "extract", *words)
    assert done.code == 1 and "torch finds no GPU" in done.err and "leave out --device" in done.err
    assert {path.name for path in here.iterdir()} == {"tiny.toml"}


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_keeps_the_epochs_and_resume_goes_on(songs: Path, here: Path) -> None:
    """From another shell, as a user would."""
    recipe = (here / "tiny.toml").read_text()
    (here / "tiny.toml").write_text(recipe.replace("epochs = 1", "epochs = 900"))
    words = [
        sys.executable, "-m", "canzona", "train", "extract", "-m", "mel-lstm", "--data", str(songs),
        "-o", "mine", "--recipe", "tiny.toml", "--device", "cpu",
    ]  # fmt: skip
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    limit = time.monotonic() + 120
    while not (here / "mine.work" / "last.ckpt").exists() and time.monotonic() < limit:
        time.sleep(0.1)
    running.send_signal(signal.SIGINT)
    out, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert out == "" and said.splitlines()[-1] == "canzona: interrupted"
    assert "Traceback" not in said and not (here / "mine").exists()
    begun = len((here / "mine.work" / "curves.csv").read_text().splitlines())
    more = subprocess.run(
        [*words, "--resume", "--epochs", str(begun + 1)], capture_output=True, text=True, timeout=120
    )
    assert (more.returncode, more.stdout) == (0, "mine\n"), more.stderr
    assert load_folder(here / "mine").config["training"]["best_epoch"] >= 1
