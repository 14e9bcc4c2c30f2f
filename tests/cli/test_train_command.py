"""`canzona train compose` from the shell: what is refused, what is said, what is left behind."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from canzona.models import load_folder
from canzona.score.format import format_named
from small_model import corpus

pytest.importorskip("torch", reason="the extra 'train' is not installed")

RECIPE = """
[model]
name = "tiny"
licence = "CC0-1.0"
description = "Tunes by a dice."

[training]
networks = 1
batch_events = 600
validation_share = 0.2

[network]
hidden = 16
width = 16
embedding = 4
heads = 1
dropout = 0.1

[loop]
epochs = 2
rate = 1e-2
warm_up = 2
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen tunes."""
    folder = tmp_path_factory.mktemp("train") / "tunes"
    folder.mkdir()
    for name, tune in list(corpus())[:16]:
        (folder / f"{name}.krn").write_bytes(format_named("kern").write([tune]).data)
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a recipe, to train in."""
    (tmp_path / "recipe.toml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def train(canzona_cli: Callable, data: Path, here: Path) -> Callable:
    """`canzona train compose --data DATA --recipe recipe.toml --device cpu WORDS`."""
    words = ("train", "compose", "--data", data, "--recipe", "recipe.toml", "--device", "cpu")
    return lambda *more: canzona_cli(*words, *more)


def test_a_model_is_trained_said_and_found(train: Callable, canzona_cli: Callable, here: Path) -> None:
    done = train("-o", "mine")
    assert (done.code, done.out) == (0, "mine\n")
    said = done.err.splitlines()
    assert said[0] == "16 tunes, 0 without a note, 0 unreadable"
    assert re.fullmatch(r"\d+ tunes to train on, \d+ to validate, \d+ families", said[1])
    assert said[2] == "network 1 of 1" and said[-1] == "saving the model"
    epochs = [line for line in said if line.startswith("epoch ")]
    assert [line.split()[1] for line in epochs] == ["1", "2"]
    assert all("total" in line and "score" not in line for line in epochs)
    assert {path.name for path in here.iterdir()} == {"recipe.toml", "mine", "mine.work"}
    curves = (here / "mine.work" / "network1" / "curves.csv").read_text().splitlines()
    assert len(curves) == 3 and curves[0].startswith("epoch,")
    made = canzona_cli("compose", "-m", "mine", "--seed", "1", "--bars", "2")
    assert made.code == 0, made.err
    folder = load_folder("mine")
    assert (folder.name, folder.licence, folder.job) == ("tiny", "CC0-1.0", "compose")
    assert folder.config["training"]["folders"] == ["tunes"]


def test_quiet_training_says_nothing(train: Callable) -> None:
    done = train("-o", "mine", "--epochs", "1", "-q")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert len((Path("mine.work") / "network1" / "curves.csv").read_text().splitlines()) == 2


def test_the_same_seed_trains_the_same_model(train: Callable) -> None:
    for name, seed in (("one", "3"), ("two", "3"), ("other", "4")):
        assert train("-o", name, "--epochs", "1", "--seed", seed, "-q").code == 0
    hashes = [load_folder(name).hash for name in ("one", "two", "other")]
    assert hashes[0] == hashes[1] != hashes[2]


def test_two_folders_of_one_name_are_trained_on_together(
    train: Callable, canzona_cli: Callable, here: Path, data: Path
) -> None:
    (here / "more" / "tunes").mkdir(parents=True)
    for name, tune in list(corpus())[16:24]:
        (here / "more" / "tunes" / f"{name}.krn").write_bytes(format_named("kern").write([tune]).data)
    done = train("--data", here / "more" / "tunes", "-o", "mine", "--epochs", "1")
    assert done.code == 0, done.err
    assert "24 tunes, " in done.err
    held = canzona_cli(
        "evaluate", "compose", data, here / "more" / "tunes", "-m", "mine", "--held-out", "--json"
    )
    assert held.code == 0, held.err
    assert 0 < json.loads(held.out)["tunes"] < 24


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("-o", "taken"), 1, "taken exists; choose another name, or replace it with --force"),
        (("-o", "recipe.toml"), 1, "recipe.toml exists"),
        (("-o", "mine", "--from", "nowhere/model"), 4, "nowhere/model is no folder"),
        (("-o", "mine", "--from", "~nobody-at-all/model"), 4, "~nobody-at-all/model is no folder"),
        (("-o", "mine", "--device", "tpu"), 2, "'tpu' is not one of 'cpu', 'cuda'"),
        (("-o", "mine", "--seed", "-1"), 2, "--seed"),
        (("-o", "mine", "--epochs", "many"), 2, "--epochs"),
        (("-o", "mine", "--work", "recipe.toml"), 1, "recipe.toml"),
        (("-o", "recipe.toml/mine", "--epochs", "1"), 1, "was not written"),
        ((), 2, "Missing option '-o'"),
    ],
    ids=str,
)
def test_wrong_usage_is_a_sentence_and_leaves_nothing(
    train: Callable, here: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    (here / "taken").mkdir()
    done = train(*words)
    assert done.code == code, done.err
    assert done.out == "" and said in done.err
    assert "Traceback" not in done.err and "should not happen" not in done.err
    assert not (here / "mine").exists() and list((here / "taken").iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[model]\nname = 'My Model'\n", "'My Model' is no plain name of a model; use a-z"),
        ("[model\n", "recipe.toml: no TOML"),
        ("[modell]\nname = 'a'\n", "has a section 'modell'; sections are"),
        ("[loop]\nepochs = 0\n", "sets 'epochs' in [loop] to 0"),
        ("[loop]\nepoch = 3\n", "has 'epoch' in [loop]; known there are"),
        ("[training]\nvalidation_share = 1.5\n", "sets 'validation_share' in [training] to 1.5"),
        ("\xff", "recipe.toml"),
    ],
    ids=str,
)
def test_a_bad_recipe_is_a_sentence_before_anything_is_read(
    train: Callable, here: Path, text: str, said: str
) -> None:
    (here / "recipe.toml").write_bytes(text.encode("latin-1"))
    done = train("-o", "mine")
    assert done.code in (1, 2) and said in done.err
    assert done.err.count("\n") == 1 and "tunes" not in done.err
    assert {path.name for path in here.iterdir()} == {"recipe.toml"}


def test_too_few_tunes_are_said(canzona_cli: Callable, here: Path, examples: Path) -> None:
    done = canzona_cli(
        "train", "compose", "--data", examples / "greensleeves.krn", "-o", "mine", "--device", "cpu"
    )
    assert done.code == 2
    assert "give more tunes" in done.err and not (here / "mine").exists()


@pytest.mark.parametrize("job", [("compose",), ("extract", "--model", "waveform"),
                                 ("extract", "--model", "blend", "--part", "a", "--part", "b")])  # fmt: skip
def test_without_the_extra_the_way_to_it_is_said(data: Path, tmp_path: Path, job: tuple[str, ...]) -> None:
    script = (
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch': raise ModuleNotFoundError(\"No module named 'torch'\", name='torch')\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "from canzona.cli.main import main\n"
        "main(sys.argv[1:])"
    )
    words = ["train", *job, "--data", str(data), "-o", str(tmp_path / "mine")]
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "canzona: training needs 'torch', which is not installed; pip install 'canzona[train]'\n"
    )


def test_ctrl_c_keeps_the_checkpoint_and_resume_goes_on(data: Path, here: Path) -> None:
    """From another shell, as a user would."""
    (here / "recipe.toml").write_text(RECIPE.replace("epochs = 2", "epochs = 40"))
    words = [
        sys.executable, "-m", "canzona", "train", "compose", "--data", str(data), "--recipe", "recipe.toml",
        "--device", "cpu", "-o", "mine",
    ]  # fmt: skip
    child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=here)
    checkpoint = here / "mine.work" / "network1" / "checkpoint.pt"
    deadline = time.monotonic() + 60
    while not checkpoint.exists() and time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (130, ""), err
    assert err.endswith("canzona: interrupted\n") and "Traceback" not in err
    assert not (here / "mine").exists()
    assert not list(here.rglob("*.part"))
    done_epochs = len(re.findall(r"^epoch ", err, re.MULTILINE))
    more = [*words, "--resume", "--epochs", str(done_epochs + 2)]
    resumed = subprocess.run(more, capture_output=True, text=True, cwd=here, check=False)
    assert resumed.returncode == 0, resumed.stderr
    first = int(re.findall(r"^epoch (\d+)", resumed.stderr, re.MULTILINE)[0])
    assert first in (done_epochs + 1, done_epochs + 2), "it goes on behind the last checkpoint"
    load_folder(here / "mine")
