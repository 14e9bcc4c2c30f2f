"""From folders of scores to a model folder: `train_composer` and `canzona train compose`."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from canzona.composition.corpus import read_corpus
from canzona.composition.families import find_families, split
from canzona.composition.model import HUMAN, INDEX, NGRAM, ComposerModel
from canzona.composition.network import GRAPHS
from canzona.errors import EmptyTuneError, UsageError, WriteError
from canzona.models import ModelFolder, load_folder
from canzona.score import Barline, Key, Meter, Note, Pitch, Tune
from canzona.score.format import format_named
from canzona.score.transpose import transpose
from canzona.train.composition import Recipe, Reports, train_composer
from canzona.train.composition.recipe import Training
from canzona.train.composition.run import prepare_corpus
from canzona.train.composition.task import Shape
from canzona.train.loop import CHECKPOINT, CURVES, PICTURE, LoopSettings, Row
from small_model import corpus, write_corpus

Run = Callable[..., object]

SMALL = Recipe(
    model={"name": "tiny", "licence": "CC0-1.0"},
    training=Training(networks=2, batch_events=500, validation_share=0.2),
    shape=Shape(hidden=16, width=16, embedding=4, heads=1, dropout=0.2),
    loop=LoopSettings(epochs=2, rate=1e-2, warm_up=2),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-four tunes, an empty one and a file that is none."""
    folder = tmp_path_factory.mktemp("data") / "tunes"
    folder.mkdir()
    for name, tune in list(corpus())[:24]:
        (folder / f"{name}.krn").write_bytes(format_named("kern").write([tune]).data)
    (folder / "empty.krn").write_text("**kern\n*M2/4\n*-\n")
    (folder / "broken.krn").write_bytes(b"\x00\x01 no score")
    return folder


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelFolder, list[Row], list[str]]:
    """A model of two networks trained at one go, its rows, and what was said."""
    place, rows, said = tmp_path_factory.mktemp("whole"), list[Row](), list[str]()
    reports = Reports(said.append, rows.append)
    model = train_composer([data], place / "tiny", SMALL, work=place / "work", device="cpu", reports=reports)
    return model, rows, said


def test_the_folder_is_a_model_with_all_its_parts(whole: tuple[ModelFolder, list[Row], list[str]]) -> None:
    model = load_folder(whole[0].path, job="compose")
    assert set(model.files) == {*GRAPHS, INDEX, NGRAM, HUMAN, "card.md"}
    opened = ComposerModel.open(model.path)
    assert opened.network.copies == 2
    assert opened.openings and sum(row.count for row in opened.openings) == model.config["training"]["tunes"]
    assert np.isfinite(
        np.concatenate([bits.ravel() for bits in opened.ngram.bits([])] or [np.zeros(1)])
    ).all()
    assert json.loads(model.file(HUMAN).read_text())
    assert (model.path / "card.md").read_text().strip()
    training = model.config["training"]
    assert training["folders"] == ["tunes"] and training["seed"] == 1
    assert len(training["best_epochs"]) == len(training["validation_bits"]) == 2
    assert training["hyperparameters"]["hidden"] == 16 and training["hours"] >= 0
    assert str(model.path.parent) not in json.dumps(model.config), "no path of the machine"


def test_the_index_knows_the_training_tunes(
    data: Path, whole: tuple[ModelFolder, list[Row], list[str]]
) -> None:
    """Each is found whole, or as much of it as is distinct; none of the held-out families is in it."""
    opened = ComposerModel.open(whole[0].path)
    read = read_corpus([data])
    made = whole[0].config["training"]["split"]
    held = set(
        split(find_families(zip(read.names, read.tunes, strict=True)), made["salt"], made["share"]).held_out
    )
    copied = {
        name: opened.index.longest_copy(tune).length / len(tune.notes)
        for name, tune in zip(read.names, read.tunes, strict=True)
    }
    assert min(share for name, share in copied.items() if name not in held) > 0.5
    assert max(copied[name] for name in held) < 0.4


def test_the_split_is_stored_by_its_hash_and_parts_no_family(
    data: Path, whole: tuple[ModelFolder, list[Row], list[str]]
) -> None:
    read = read_corpus([data])
    families = find_families(zip(read.names, read.tunes, strict=True))
    made = whole[0].config["training"]["split"]
    again = split(families, made["salt"], made["share"])
    assert again.digest == made["digest"] and len(made["digest"]) == 64
    assert (made["tunes"], made["families"], made["held_out"]) == (
        24,
        len(families.members()),
        len(again.held_out),
    )
    assert whole[0].config["training"]["tunes"] == 24 - len(again.held_out)
    held = set(again.held_out)
    assert all(len({name in held for name in family}) == 1 for family in families.members())


def test_variants_stay_on_one_side(tmp_path: Path) -> None:
    """Every tune of the folder comes twice, the second time in another key."""
    for name, tune in list(corpus())[:12]:
        for copy, interval in (("a", "P1"), ("b", "M2")):
            moved = transpose(tune, interval)
            (tmp_path / f"{name}{copy}.krn").write_bytes(format_named("kern").write([moved]).data)
    prepared = prepare_corpus([tmp_path], SMALL, None, Reports())
    held = {Path(name).stem for name in prepared.split.held_out}
    assert prepared.split.families == 12
    assert held and {name[:-1] + "a" for name in held} | {name[:-1] + "b" for name in held} == held
    trained = {Path(name).stem for name, _ in prepared.training_tunes}
    assert not held & trained and len(held | trained) == 24


def test_what_is_said(whole: tuple[ModelFolder, list[Row], list[str]]) -> None:
    _, rows, said = whole
    assert said[0] == "24 tunes, 1 without a note, 1 unreadable"
    assert re.fullmatch(r"\d+ tunes to train on, \d+ to validate, 24 families", said[1])
    assert [line for line in said if line.startswith("network")] == ["network 1 of 2", "network 2 of 2"]
    assert [row["epoch"] for row in rows] == [1, 2, 1, 2]
    for row in rows:
        assert row["total"] == pytest.approx(row["duration"] + row["pitch"])
        assert row["flag"] > 0 and row["train_total"] > 0


def test_curves_and_checkpoints_of_each_network(whole: tuple[ModelFolder, list[Row], list[str]]) -> None:
    for number in (1, 2):
        folder = whole[0].path.parent / "work" / f"network{number}"
        assert {CHECKPOINT, CURVES, PICTURE} <= {path.name for path in folder.iterdir()}
        table = list(csv.DictReader((folder / CURVES).open()))
        assert [float(row["epoch"]) for row in table] == [1, 2]
        assert {"duration", "pitch", "flag", "total", "train_total"} <= table[0].keys()


@pytest.mark.parametrize("ticks", [2, 7, 12])
def test_interrupted_and_resumed_training_gives_the_same_model(
    data: Path, whole: tuple[ModelFolder, list[Row], list[str]], tmp_path: Path, ticks: int
) -> None:
    """In the first epoch, in the second, or in the second network."""
    done = 0

    def stop(_done: int, _all: int) -> None:
        nonlocal done
        done += 1
        if done == ticks:
            raise KeyboardInterrupt

    target, work = tmp_path / "tiny", tmp_path / "work"
    with pytest.raises(KeyboardInterrupt):
        train_composer([data], target, SMALL, work=work, device="cpu", reports=Reports(tick=stop))
    assert not target.exists()
    resumed = train_composer([data], target, SMALL, work=work, resume=True, device="cpu")
    for name in (*GRAPHS, INDEX, NGRAM, HUMAN):
        assert resumed.file(name).read_bytes() == whole[0].file(name).read_bytes(), name
    assert resumed.hash == whole[0].hash


def test_too_few_families(tmp_path: Path) -> None:
    name, tune = next(corpus())
    for number in range(3):
        (tmp_path / f"{name}-{number}.krn").write_bytes(format_named("kern").write([tune]).data)
    with pytest.raises(UsageError, match="3 tunes in 1 families leave none") as caught:
        train_composer([tmp_path], tmp_path / "model", SMALL, work=tmp_path / "work")
    assert "more tunes" in caught.value.hint
    assert not (tmp_path / "model").exists()


def test_no_tune_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "empty.krn").write_text("**kern\n*M2/4\n*-\n")
    with pytest.raises(EmptyTuneError, match="no tune with a note"):
        train_composer([tmp_path], tmp_path / "model", SMALL, work=tmp_path / "work")


def test_an_existing_model_is_refused_before_the_training(data: Path, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    said = list[str]()
    with pytest.raises(WriteError, match="exists"):
        train_composer(
            [data], tmp_path / "model", SMALL, work=tmp_path / "work", reports=Reports(said.append)
        )
    assert said == [] and not (tmp_path / "work").exists()


def test_a_name_that_is_not_plain_is_refused_before_the_training(data: Path, tmp_path: Path) -> None:
    recipe = dataclasses.replace(SMALL, model={"name": "My Model!"})
    with pytest.raises(UsageError, match="no plain name"):
        train_composer([data], tmp_path / "model", recipe, work=tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_a_long_tune_is_cut_for_training_alone(data: Path, tmp_path: Path) -> None:
    recipe = dataclasses.replace(
        SMALL,
        training=dataclasses.replace(SMALL.training, longest=10, networks=1),
        loop=dataclasses.replace(SMALL.loop, epochs=1),
    )
    model = train_composer([data], tmp_path / "cut", recipe, work=tmp_path / "work", device="cpu")
    assert model.config["training"]["events"] > 24 * 10, "the index and the baseline have all of them"


def marches(folder: Path) -> Path:
    """Twenty tunes unlike those of the small model: quarters and halves alone, by leaps."""
    random = np.random.default_rng(7)
    folder.mkdir()
    for number in range(20):
        notes = []
        for place in range(32):
            height = 30 + 2 * int(random.integers(-2, 3))
            pitch = Pitch("CDEFGAB"[height % 7], Fraction(0), height // 7)
            long = place % 4 == 3
            onset = Fraction(place // 4 * 5 + place % 4)
            ends = place % 8 == 7
            notes.append(Note(onset, Fraction(2 if long else 1), pitch, place % 8 == 0, ends))
        lines = [Barline(Fraction(5 * bar), bar + 1) for bar in range(8)]
        tune = Tune(
            notes=tuple(notes),
            barlines=(*lines, Barline(Fraction(40), kind="final")),
            keys=((Fraction(0), Key("C", 0, "major")),),
            meters=((Fraction(0), Meter(5, 4)),),
            records=(("OTL", f"March {number}"),),
            phrasing="marked",
        )  # fmt: skip
        (folder / f"march{number}.krn").write_bytes(format_named("kern").write([tune]).data)
    return folder


RECIPE = """
[training]
batch_events = 500
validation_share = 0.2
[network]
hidden = 16
width = 16
embedding = 4
heads = 1
[loop]
rate = 0.02
warm_up = 2
epochs = 1
"""


def totals(text: str) -> dict[int, float]:
    """Bits a note by epoch, as they were printed."""
    return {int(epoch): float(bits) for epoch, bits in re.findall(r"epoch (\d+) .*\btotal (\d+\.\d+)", text)}


def test_fine_tuning_prints_before_and_after_and_improves(
    canzona_cli: Run, small_model: Path, tmp_path: Path
) -> None:
    folder = marches(tmp_path / "marches")
    (tmp_path / "recipe.toml").write_text(RECIPE)
    done = canzona_cli(
        "train", "compose", "--data", folder, "-o", tmp_path / "tuned", "--from", small_model,
        "--recipe", tmp_path / "recipe.toml", "--epochs", "3", "--device", "cpu",
    )  # fmt: skip
    assert done.code == 0, done.err
    printed = totals(done.err)
    assert list(printed) == [0, 1, 2, 3]
    assert min(printed[epoch] for epoch in (1, 2, 3)) < printed[0] - 0.3
    tuned, parent = ComposerModel.open(tmp_path / "tuned"), ComposerModel.open(small_model)
    assert tuned.vocabulary == parent.vocabulary
    assert tuned.folder.behaviour["sizes"] == parent.folder.behaviour["sizes"]
    assert tuned.folder.hash != parent.folder.hash
    assert {row.meter for row in tuned.openings} == {"5/4"}


def test_fine_tuning_that_makes_it_worse_keeps_the_model(
    canzona_cli: Run, small_model: Path, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE.replace("rate = 0.02", "rate = 5.0"))
    done = canzona_cli(
        "train", "compose", "--data", data, "-o", tmp_path / "tuned", "--from", small_model,
        "--recipe", tmp_path / "recipe.toml", "--device", "cpu",
    )  # fmt: skip
    assert done.code == 0, done.err
    printed = totals(done.err)
    assert printed[1] > printed[0]
    made = load_folder(tmp_path / "tuned").config["training"]
    assert made["best_epochs"] == [0] and made["validation_bits"] == pytest.approx([printed[0]], abs=1e-3)


def test_training_by_command(canzona_cli: Run, data: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    words = [
        "train",
        "compose",
        "--data",
        data,
        "-o",
        tmp_path / "mine",
        "--recipe",
        tmp_path / "recipe.toml",
    ]
    done = canzona_cli(
        *words, "--seed", "5", "--networks", "1", "--work", tmp_path / "work", "--device", "cpu"
    )
    assert done.code == 0, done.err
    assert done.out == f"{tmp_path / 'mine'}\n"
    assert list(totals(done.err)) == [1]
    assert load_folder(tmp_path / "mine").config["training"]["seed"] == 5
    composed = canzona_cli("compose", "--model", tmp_path / "mine", "--seed", "1", "-o", tmp_path / "new.krn")
    assert composed.code == 0, composed.err

    again = canzona_cli(*words, "--work", tmp_path / "work", "--device", "cpu")
    assert again.code == 1 and again.err.count("\n") == 1 and "exists" in again.err and "--force" in again.err
    unfinished = canzona_cli(*words, "--force", "--work", tmp_path / "work", "--device", "cpu", "-q")
    assert unfinished.code == 2 and unfinished.err.count("\n") == 1 and "--resume" in unfinished.err
    resumed = canzona_cli(*words, "--force", "--work", tmp_path / "work", "--device", "cpu", "-q", "--resume")
    assert resumed.code == 0 and resumed.err == ""


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--data", "{tmp}/absent"], 1, "absent"),
        (["--data", "{tmp}"], 1, "no score"),
        (["--data", "{data}", "--recipe", "{tmp}/absent.toml"], 1, "absent.toml"),
        (["--data", "{data}", "--from", "no-such-model"], 4, "no-such-model"),
        (["--data", "{data}", "--epochs", "0"], 2, "--epochs"),
        (["--data", "{data}", "--networks", "9"], 2, "--networks"),
        ([], 2, "--data"),
    ],
)
def test_wrong_usage_is_one_sentence(
    canzona_cli: Run, data: Path, tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    filled = [word.format(tmp=tmp_path, data=data) for word in words]
    done = canzona_cli("train", "compose", *filled, "-o", tmp_path / "model")
    assert done.code == code
    assert said in done.err and "Traceback" not in done.err
    assert not (tmp_path / "model").exists() and not (tmp_path / "model.work").exists()


def test_the_corpus_of_the_small_model_can_be_written(tmp_path: Path) -> None:
    assert len(list(write_corpus(tmp_path).glob("*.krn"))) == 75


def test_a_model_trained_on_a_gpu_runs_and_goes_on_without_one(data: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    work = tmp_path / "work"
    model = train_composer([data], tmp_path / "tiny", SMALL, work=work, device="cuda")
    assert ComposerModel.open(model.path).network.copies == 2
    longer = dataclasses.replace(SMALL, loop=dataclasses.replace(SMALL.loop, epochs=3))
    rows = list[Row]()
    train_composer(
        [data],
        tmp_path / "on",
        longer,
        work=work,
        resume=True,
        device="cpu",
        reports=Reports(row=rows.append),
    )
    assert [row["epoch"] for row in rows] == [3, 3]
