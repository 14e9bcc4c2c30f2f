"""Training from end to end on a tiny set: what is left, resuming, fine-tuning, two processes, bad input."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from canzona.errors import CanzonaError, UsageError, WriteError
from canzona.models.folder import load_folder
from canzona.train.separation import BLEND, KINDS, Recipe, Reports, read_recipe, train_extractor
from canzona.train.separation.extraction import Extraction
from canzona.train.separation.facts import learnt_by, song_mark
from canzona.train.separation.rendering.recipe import read_recipe as read_rendering
from canzona.train.separation.store import Store
from conftest import Outcome
from stem_sets import noise, tone, write_plain
from tiny_extractors import tiny_recipe

RECIPE = """
[model]
name = "tiny"
licence = "CC0-1.0"

[training]
validation = ["held"]
window = 0.5
fade = 0.1

[remix]
seconds = 0.3

[network]
fft = 512
hop = 128
fine = 2
trunk = { bands = 16, channels = [3, 4, 5], features = 2, inner = 12, hidden = 8, layers = 1, dropout = 0 }

[loop]
epochs = 2
batches = 4
size = 2
half = false

[[data]]
name = "Tones"
licence = "CC0-1.0"
"""

TEXTS = {
    "procedure", "preprocessing", "get_started", "uses", "downstream", "out_of_scope", "testing_data",
    "metrics", "ethics", "risks", "failures", "maintenance", "recommendations",
}  # fmt: skip

CURVES = {"epoch", "steps", "gain", "mean_gain", "sdr", "mixture", "oracle", "train_loss", "minutes"}


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("set")
    return write_plain(
        folder,
        {
            name: {"synth.wav": tone(pitch, seconds=1.2), "drums.wav": noise(place, 52920, level=0.1)}
            for place, (name, pitch) in enumerate([("a", 440.0), ("b", 600.0), ("held", 500.0)])
        }
        | {"none": {"drums.wav": noise(9, 52920)}},
    )


def recipe(tmp_path: Path, *changes: tuple[str, str], kind: str = "mel-lstm") -> Recipe:
    text = RECIPE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    return read_recipe(path, kind)


def rows(work: Path) -> list[dict[str, str]]:
    with (work / "curves.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def weights(model: Path) -> bytes:
    return (model / "network.onnx").read_bytes()


def test_a_training_leaves_a_model_curves_and_sound(songs: Path, tmp_path: Path) -> None:
    said: list[str] = []
    seen: list[dict[str, float]] = []
    reports = Reports(said.append, seen.append)
    made = train_extractor(
        [songs], tmp_path / "tiny", recipe(tmp_path), work=tmp_path / "work", reports=reports
    )
    assert made is not None and made.name == "tiny" and made.job == "extract"
    behaviour = load_folder(tmp_path / "tiny").behaviour
    assert (behaviour["kind"], behaviour["target"]) == ("mel-lstm", "synth")
    assert (behaviour["window"], behaviour["fade"], behaviour["fft"]) == (22050, 4410, 512)
    training = made.config["training"]
    assert training["held_out"] == ["held"] and training["songs"] == 3
    (store,) = (Store.open(path) for path in (tmp_path / "work" / "store").iterdir() if path.is_dir())
    marks = {song_mark(song) for song in store.songs if song.name in ("a", "b", "none")}
    assert learnt_by(made) == marks and len(marks) == 3
    assert training["data"] == [{"name": "Tones", "licence": "CC0-1.0"}]
    assert len(seen) == 2 and set(seen[0]) >= CURVES
    assert [row["epoch"] for row in rows(tmp_path / "work")] == ["1.0", "2.0"]
    assert (tmp_path / "work" / "curves.png").read_bytes().startswith(b"\x89PNG")
    # Mixture and oracle stand beside the estimate.
    assert float(seen[0]["oracle"]) > float(seen[0]["mixture"])
    excerpts = sorted(path.name for path in (tmp_path / "work" / "audio").iterdir())
    assert excerpts == ["epoch-001.wav", "epoch-002.wav", "mixture.wav", "target.wav"]
    sound, rate = soundfile.read(tmp_path / "work" / "audio" / "mixture.wav")
    assert rate == 44100 and 0.5 < np.abs(sound).max() < 1
    assert any("4 songs" in sentence and "1 held out" in sentence for sentence in said)


class Stop(Exception):
    """Stands for whatever ends a training."""


def stopped_at(epoch: int) -> Reports:
    """Reports that end a training when an epoch is told, before it is kept."""

    def stop(row: dict[str, float]) -> None:
        if row["epoch"] == epoch:
            raise Stop

    return Reports(row=stop)


def test_a_resumed_training_ends_where_an_unbroken_one_does(songs: Path, tmp_path: Path) -> None:
    drawing = ("layers = 1, dropout = 0", "layers = 2, dropout = 0.3")
    whole = recipe(tmp_path, ("epochs = 2", "epochs = 3"), drawing)
    store = tmp_path / "store"
    train_extractor([songs], tmp_path / "one", whole, work=tmp_path / "w1", store=store)
    with pytest.raises(Stop):
        train_extractor(
            [songs], tmp_path / "two", whole, work=tmp_path / "w2", store=store, reports=stopped_at(2)
        )
    assert not (tmp_path / "two").exists()
    train_extractor([songs], tmp_path / "two", whole, work=tmp_path / "w2", store=store, resume=True)
    assert weights(tmp_path / "one") == weights(tmp_path / "two")
    kept = [row["epoch"] for row in rows(tmp_path / "w2")]
    assert kept == ["1.0", "2.0", "3.0"]


def test_the_rate_follows_the_steps_of_all_epochs(
    songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, float]] = []

    def share(step: int, done: float, warm_up: int) -> float:
        asked.append((step, done))
        return 1.0

    monkeypatch.setattr("canzona.train.separation.extraction.share_of_rate", share)
    train_extractor([songs], tmp_path / "tiny", recipe(tmp_path), work=tmp_path / "work")
    assert sorted(set(asked)) == [(step, step / 8) for step in range(9)]


def test_no_epoch_is_lost_that_was_not_the_best(songs: Path, tmp_path: Path) -> None:
    """Nothing is learnt, so the first epoch stays the best; the third is where the next run begins."""
    still = recipe(tmp_path, ("epochs = 2", "epochs = 3\nrate = 1e-12"))
    with pytest.raises(Stop):
        train_extractor([songs], tmp_path / "x", still, work=tmp_path / "work", reports=stopped_at(3))
    assert sorted(path.name for path in (tmp_path / "work").glob("*.ckpt")) == ["best.ckpt", "last.ckpt"]
    assert not list((tmp_path / "work").glob(".*.part"))
    seen: list[float] = []
    told = Reports(row=lambda row: seen.append(row["epoch"]))
    train_extractor([songs], tmp_path / "x", still, work=tmp_path / "work", resume=True, reports=told)
    assert seen == [3.0]


def test_stems_are_what_the_recipe_calls_them(songs: Path, tmp_path: Path) -> None:
    """Drums as the target: the table of classes comes before the usual one."""
    own = recipe(
        tmp_path,
        ("[remix]", '[classes]\nbeat = ["Drum*"]\n[remix]'),
        ('validation = ["held"]', 'validation = ["held"]\ntarget = "beat"'),
        ("epochs = 2", "epochs = 1"),
    )
    made = train_extractor([songs], tmp_path / "tiny", own, work=tmp_path / "work")
    assert made is not None and made.behaviour["target"] == "beat"
    assert made.behaviour["classes"]["beat"] == ["drum*"], "and the evaluation knows them by it"


def test_the_last_epoch_may_be_kept_though_it_is_not_the_best(songs: Path, tmp_path: Path) -> None:
    """With a rate that ruins the network, one way or the other."""
    wild = ("epochs = 2", "epochs = 3\nrate = 0.5\naveraging = 0.0")
    made = {}
    for keep in ("best", "last"):
        one = recipe(tmp_path, wild, ('validation = ["held"]', f'validation = ["held"]\nkeep = "{keep}"'))
        work = tmp_path / f"{keep}.work"
        model = train_extractor([songs], tmp_path / keep, one, work=work, store=tmp_path / "store")
        assert model is not None
        made[keep] = model.config["training"]
        gains = [round(float(row["mean_gain"]), 3) for row in rows(work)]
        assert made[keep]["validation"]["mean_gain"] == pytest.approx(
            gains[made[keep]["epoch"] - 1], abs=2e-3
        )
        assert made[keep]["best_epoch"] == 1 + gains.index(max(gains))
    assert made["last"]["epoch"] == 3 and made["best"]["epoch"] == made["best"]["best_epoch"]
    with pytest.raises(UsageError, match="sets 'keep' to 'first'; give best or last"):
        recipe(tmp_path, ('validation = ["held"]', 'keep = "first"'))


def test_the_other_kind_and_another_loss(songs: Path, tmp_path: Path) -> None:
    network = """[network]
kernel = 128
stride = 32
trunk = { bands = 16, channels = [3, 4, 5], features = 2, inner = 12, hidden = 8, layers = 1, halved = 2 }
"""
    text = RECIPE[: RECIPE.index("[network]")] + network + RECIPE[RECIPE.index("[loop]") :]
    path = tmp_path / "wave.toml"
    path.write_text(text.replace("epochs = 2", 'epochs = 1\nloss = "l1"'))
    made = train_extractor([songs], tmp_path / "wave", read_recipe(path, "waveform"), work=tmp_path / "work")
    assert made is not None and made.behaviour["kind"] == "waveform" and made.behaviour["hop"] == 128


def test_fine_tuning_starts_from_the_weights_and_says_before_and_after(songs: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    train_extractor([songs], tmp_path / "tiny", recipe(tmp_path), work=tmp_path / "w1", store=store)
    config = load_folder(tmp_path / "tiny").config
    config = {**config, "training": {**config["training"], "hours": 2.5}}
    (tmp_path / "tiny" / "config.json").write_text(json.dumps(config))
    said: list[str] = []
    seen: list[dict[str, float]] = []
    still = recipe(tmp_path, ("size = 2", "size = 2\nrate = 1e-9"), ('name = "tiny"', 'name = "mine"'))
    train_extractor(
        [songs], tmp_path / "mine", still, work=tmp_path / "w2", store=store, start=tmp_path / "tiny",
        reports=Reports(said.append, seen.append),
    )  # fmt: skip
    assert seen[0]["epoch"] == 0
    assert seen[0]["mean_gain"] == pytest.approx(float(rows(tmp_path / "w1")[-1]["mean_gain"]), abs=0.2)
    assert any(sentence.startswith("before and after: gain") for sentence in said)
    parent, mine = load_folder(tmp_path / "tiny"), load_folder(tmp_path / "mine")
    assert mine.config["training"]["from"] == {"name": "tiny", "hash": parent.hash}
    assert mine.config["training"]["hours"] == pytest.approx(2.5, abs=0.1)
    # A fine-tuning that was interrupted says both at its end all the same.
    again: list[str] = []
    train_extractor(
        [songs], tmp_path / "again", still, work=tmp_path / "w2", store=store, start=tmp_path / "tiny",
        resume=True, reports=Reports(again.append),
    )  # fmt: skip
    assert [s for s in again if s.startswith("before")] == [s for s in said if s.startswith("before")]
    with pytest.raises(UsageError, match="'mel-lstm' and 'waveform'"):
        train_extractor(
            [songs],
            tmp_path / "no",
            Recipe("waveform"),
            work=tmp_path / "w3",
            store=store,
            start=tmp_path / "tiny",
        )


def test_what_is_kept_is_the_running_average_of_the_weights(
    songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The average over steps n = 1, 2, ... keeps min(averaging, (1 + n) / (10 + n)) of itself."""
    one = recipe(tmp_path, ("epochs = 2", "epochs = 1\naveraging = 0.15"))
    steps: list[dict[str, torch.Tensor]] = []
    usual = Extraction.optimizer_step

    def kept(self: Extraction, *args: Any, **more: Any) -> None:
        usual(self, *args, **more)
        steps.append({name: each.detach().clone() for name, each in self.network.named_parameters()})

    monkeypatch.setattr(Extraction, "optimizer_step", kept)
    train_extractor([songs], tmp_path / "tiny", one, work=tmp_path / "work")
    average = dict(steps[0])
    for count, step in enumerate(steps[1:], start=1):
        share = min(0.15, (1 + count) / (10 + count))
        average = {name: share * average[name] + (1 - share) * step[name] for name in step}
    held = torch.load(tmp_path / "work" / "best.ckpt", weights_only=True)["state_dict"]
    for name, value in average.items():
        assert torch.allclose(held[f"network.{name}"], value, atol=1e-6), name
        assert not torch.equal(held[f"network.{name}"], steps[-1][name]), name


def test_songs_without_a_recipe_speak_for_themselves(tmp_path: Path) -> None:
    folder = write_plain(
        tmp_path / "mine",
        {n: {"synth.wav": tone(440, seconds=1.2), "drums.wav": noise(1, 52920)} for n in ("a", "b", "held")},
    )
    (folder / "stems.json").write_text(json.dumps({"a": {"licence": "CC0-1.0", "credit": "Ann"}}))
    one = recipe(tmp_path, ("epochs = 2", "epochs = 1"), (RECIPE[RECIPE.index("[[data]]") :], ""))
    made = train_extractor([folder], tmp_path / "tiny", one, work=tmp_path / "work")
    assert made is not None
    (row,) = made.config["training"]["data"]
    assert row["name"] == "2 songs of the folder 'mine'" and row["minutes"] == 0.0
    assert (row["licence"], row["credit"]) == ("CC0-1.0, not stated", "Ann")


def test_every_recipe_of_the_repository_is_known_by_a_job(root: Path) -> None:
    folder = root / "recipes"
    paths = {path.stem: path for path in folder.glob("*.toml")}
    # Those of the composer have their own test.
    assert set(paths) == {*KINDS, BLEND, "fine-tune", "essen", "folk"}
    for kind in (*KINDS, BLEND):
        found = read_recipe(paths[kind], kind)
        assert found.model["name"] == kind and found.model["licence"] == "CC-BY-SA-4.0"
        wanted = {"name", "minutes", "licence", "url", "credit"}
        assert found.data and all(wanted <= row.keys() for row in found.data)
        assert found.card.keys() >= TEXTS, "every heading of the card has its text"
    for kind in KINDS:
        assert read_recipe(paths["fine-tune"], kind).loop.rate < Recipe(kind).loop.rate
        first = read_recipe(folder / "first" / f"{kind}.toml", kind)
        assert first.model["name"] == f"{kind}-first" and first.data
        assert first.training.validation == read_recipe(paths[kind], kind).training.validation
    for path in (folder / "stems").glob("*.toml"):
        assert read_rendering(path).fonts
    assert {path.name for path in folder.rglob("*.toml")} > {"judging.toml", "without-synth.toml"}


@pytest.mark.slow
def test_two_processes_train_one_model(songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe(tmp_path)
    words: Sequence[Any] = [
        sys.executable, "-m", "canzona", "train", "extract", "--model", "mel-lstm", "--data", songs,
        "-o", tmp_path / "both", "--work", tmp_path / "work", "--recipe", tmp_path / "recipe.toml",
        "--device", "cpu", "--strategy", "ddp", "--devices", "2",
    ]  # fmt: skip
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path / "both")
    # Four batches an epoch are two steps of two processes; one process alone speaks.
    assert [row["steps"] for row in rows(tmp_path / "work")] == ["2.0", "4.0"]
    assert done.stderr.count("epoch 1 ") == done.stderr.count(" songs, ") == 1
    assert "arning" not in done.stderr
    load_folder(tmp_path / "both")


@pytest.mark.slow
def test_two_processes_have_the_same_weights_after_different_batches(songs: Path, tmp_path: Path) -> None:
    """They would not, if their gradients did not come together."""
    recipe(tmp_path, ("epochs = 2", "epochs = 1"))
    script = tmp_path / "both.py"
    script.write_text(f"""
import torch
from pathlib import Path
from canzona.train.separation import Machine, read_recipe, train_extractor
from canzona.train.separation.callbacks import Newest

here = Path({str(tmp_path)!r})
usual = Newest.on_train_epoch_end

def kept(self, trainer, module):
    torch.save(dict(module.named_parameters()), here / f"rank{{trainer.global_rank}}.pt")
    usual(self, trainer, module)

if __name__ == "__main__":
    Newest.on_train_epoch_end = kept
    train_extractor(
        [Path({str(songs)!r})], here / "model", read_recipe(here / "recipe.toml", "mel-lstm"),
        work=here / "work", machine=Machine("cpu", "ddp", 2),
    )
""")
    subprocess.run([sys.executable, script], check=True, capture_output=True, timeout=300)
    one, other = (torch.load(tmp_path / f"rank{rank}.pt", weights_only=True) for rank in (0, 1))
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_without_named_songs_a_share_is_held_out_with_the_target_in_it(songs: Path, tmp_path: Path) -> None:
    one = recipe(tmp_path, ('validation = ["held"]', ""), ("epochs = 2", "epochs = 1"))
    made = train_extractor([songs], tmp_path / "tiny", one, work=tmp_path / "work")
    assert made is not None
    (name,) = made.config["training"]["held_out"]
    assert name in ("a", "b", "held")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (('validation = ["held"]', 'target = "kazoo"'), "no song has a stem 'kazoo'"),
        (('validation = ["held"]', "weights = [1, 2]"), "2 weights and there are 1 folders"),
        (('validation = ["held"]', "weights = [0]"), "weights of all folders are 0"),
        (('validation = ["held"]', 'validation = ["a", "b", "held"]'), "leave none"),
        (('validation = ["held"]', 'validation = ["none"]'), "validate on has a stem 'synth'"),
    ],
)
def test_recipes_that_do_not_fit_the_songs(
    songs: Path, tmp_path: Path, change: tuple[str, str], word: str
) -> None:
    with pytest.raises(UsageError, match=word):
        train_extractor([songs], tmp_path / "tiny", recipe(tmp_path, change), work=tmp_path / "work")


@pytest.mark.parametrize(
    ("kind", "change", "word"),
    [
        ("mel-lstm", ("bands = 16", "bands = 20"), "multiple of 8"),
        ("mel-lstm", ("hop = 128", "hop = 300"), "half of it at most"),
        ("mel-lstm", ("fft = 512", "fft = 513"), "even fft"),
        ("mel-lstm", ("dropout = 0", "dropout = 0, halved = 2"), "set halved to 0"),
        ("mel-lstm", ("channels = [3, 4, 5]", "channels = [3, 4]"), "give channels for three"),
        ("waveform", ("stride = 32", "stride = 48"), "a quarter of the kernel"),
        ("waveform", ("halved = 2", "halved = 4"), "three halve at most"),
        ("waveform", ("[loop]", "[classes]\nsynth = 'pad'\n[loop]"), "no list of patterns"),
        ("waveform", ("[loop]", "[classes]\nsynth = 5\n[loop]"), "no list of patterns"),
        ("waveform", ("seconds = 0.3", "seconds = 0.00001"), "give 0.1 or more"),
        ("waveform", ("fade = 0.1", "fade = 0.4"), "twice as long as a fade"),
    ],
)
def test_sizes_that_make_no_network(tmp_path: Path, kind: str, change: tuple[str, str], word: str) -> None:
    tiny_recipe(kind, tmp_path)
    path = tmp_path / "tiny.toml"
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change))
    with pytest.raises(UsageError, match=word):
        read_recipe(path, kind)


def test_folders_that_are_in_the_way(songs: Path, tmp_path: Path) -> None:
    one = recipe(tmp_path, ("epochs = 2", "epochs = 1"))
    with pytest.raises(UsageError, match="no training to go on with"):
        train_extractor([songs], tmp_path / "tiny", one, work=tmp_path / "work", resume=True)
    train_extractor([songs], tmp_path / "tiny", one, work=tmp_path / "work")
    with pytest.raises(WriteError, match="exists"):
        train_extractor([songs], tmp_path / "tiny", one, work=tmp_path / "other")
    with pytest.raises(UsageError, match="unfinished training"):
        train_extractor([songs], tmp_path / "another", one, work=tmp_path / "work")
    (tmp_path / "work" / "last.ckpt").write_bytes(b"no checkpoint")
    with pytest.raises(CanzonaError, match="damaged"):
        train_extractor([songs], tmp_path / "another", one, work=tmp_path / "work", resume=True)


def test_the_command_line_says_what_is_wrong(canzona_cli: Any, songs: Path, tmp_path: Path) -> None:
    done: Outcome = canzona_cli(
        "train", "extract", "--model", "mel-lstm", "--data", songs / "nothing", "-o", tmp_path / "out"
    )
    assert done.code == 2 and "nothing" in done.err and "Traceback" not in done.err
    empty = tmp_path / "empty"
    empty.mkdir()
    done = canzona_cli("train", "extract", "--model", "waveform", "--data", empty, "-o", tmp_path / "out")
    assert done.code == 1 and str(empty) in done.err


def test_a_checkpoint_of_another_network_is_refused(songs: Path, tmp_path: Path) -> None:
    one = recipe(tmp_path, ("epochs = 2", "epochs = 1"))
    train_extractor([songs], tmp_path / "tiny", one, work=tmp_path / "work")
    wider = recipe(tmp_path, ("hidden = 8", "hidden = 12"))
    with pytest.raises(CanzonaError, match="another network"):
        train_extractor([songs], tmp_path / "wide", wider, work=tmp_path / "work", resume=True)
    assert json.loads((tmp_path / "tiny" / "config.json").read_text())["name"] == "tiny"
    assert torch.load(tmp_path / "work" / "last.ckpt", weights_only=True)["epoch"] == 0
