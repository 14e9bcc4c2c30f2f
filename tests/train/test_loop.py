"""The training loop: resuming, early stop, averaged weights, checkpoints and curves."""

from __future__ import annotations

import copy
import csv
import math
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from canzona.errors import CanzonaError, UsageError, WriteError
from canzona.train import loop
from canzona.train.loop import CHECKPOINT, CURVES, PICTURE, LoopSettings, Progress, Row, train

SETTINGS = LoopSettings(epochs=3, rate=0.05, warm_up=3, patience=10, seed=5)


class Line:
    """A line through noisy points, learnt with dropout, so that every random number counts."""

    def __init__(self, scores: list[float] | None = None) -> None:
        torch.manual_seed(0)
        self.network: nn.Module = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.3), nn.Linear(8, 1))
        self.scores = scores
        self.validated: list[dict[str, Tensor]] = []

    def steps(self) -> int:
        return 5

    def batches(self, epoch: int, random: np.random.Generator) -> Iterator[Tensor]:
        for _ in range(5):
            yield torch.from_numpy(random.normal(size=(16, 3))).float()

    def loss(self, batch: Tensor) -> tuple[Tensor, dict[str, float]]:
        wanted = batch @ torch.tensor([1.0, -2.0, 0.5]) + 3
        value = (self.network(batch)[:, 0] - wanted).square().mean()
        return value, {"error": float(value.detach())}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> Row:
        assert not network.training
        self.validated.append(copy.deepcopy(network.state_dict()))
        points = torch.linspace(-1, 1, 30).view(10, 3)
        error = float((network(points)[:, 0] - points @ torch.tensor([1.0, -2.0, 0.5]) - 3).square().mean())
        epoch = len(self.validated) - 1
        return {"error": error, "score": error if self.scores is None else self.scores[epoch]}


class Interrupted(Exception):
    """In place of Ctrl-C or a power cut."""


def equal(one: nn.Module, other: nn.Module) -> bool:
    """Whether two networks have the same weights, bit for bit."""
    mine, its = one.state_dict(), other.state_dict()
    return mine.keys() == its.keys() and all(torch.equal(mine[name], its[name]) for name in mine)


def without_time(rows: list[Row]) -> list[Row]:
    """Rows without the clock's part."""
    return [{name: value for name, value in row.items() if name != "minutes"} for row in rows]


@pytest.mark.parametrize("batches", [5, 7, 12])
def test_interrupted_and_resumed_training_is_an_uninterrupted_one(tmp_path: Path, batches: int) -> None:
    whole, rows = Line(), list[Row]()
    finished = train(whole, SETTINGS, tmp_path / "whole", report=rows.append)

    done = 0

    def stop(_done: int, _all: int) -> None:
        nonlocal done
        done += 1
        if done == batches:
            raise Interrupted

    broken = tmp_path / "broken"
    first, second = list[Row](), list[Row]()
    with pytest.raises(Interrupted):
        train(Line(), SETTINGS, broken, report=first.append, tick=stop)
    resumed = Line()
    going_on = (broken / CHECKPOINT).exists()
    torch.manual_seed(99)  # whatever the new process drew before
    again = train(resumed, SETTINGS, broken, resume=going_on, report=second.append)
    assert going_on == (batches > 5)
    assert equal(whole.network, resumed.network)
    assert without_time(first + second) == without_time(rows)
    assert (again.epoch, again.step, again.best_epoch, again.best) == (
        finished.epoch,
        finished.step,
        finished.best_epoch,
        finished.best,
    )
    table = [list(csv.DictReader((tmp_path / name / CURVES).open())) for name in ("whole", "broken")]
    for each in table:
        for row in each:
            del row["minutes"]
    assert table[0] == table[1]


def test_resuming_a_finished_training_changes_nothing(tmp_path: Path) -> None:
    task, rows = Line(), list[Row]()
    train(task, SETTINGS, tmp_path)
    again = Line()
    progress = train(again, SETTINGS, tmp_path, resume=True, report=rows.append)
    assert rows == []
    assert progress.epoch == 3
    assert equal(task.network, again.network)


def test_seed_decides_the_weights(tmp_path: Path) -> None:
    one, same, other = Line(), Line(), Line()
    train(one, SETTINGS, tmp_path / "one")
    train(same, SETTINGS, tmp_path / "same")
    train(other, replace(SETTINGS, seed=6), tmp_path / "other")
    assert equal(one.network, same.network)
    assert not equal(one.network, other.network)


@pytest.mark.parametrize(
    ("scores", "epochs", "best"),
    [
        ([3, 2, 1, 2, 2, 2, 0, 0], 5, 3),  # two epochs of patience are over before the seventh
        ([3, 2, 2, 1, 1, 1, 0, 0], 6, 4),  # an equal score is no better one
        ([3, math.nan, math.nan, 1, 1, 1, 1, 1], 3, 1),
        ([8, 7, 6, 5, 4, 3, 2, 1], 8, 8),
    ],
)
def test_stops_when_nothing_improves(tmp_path: Path, scores: list[float], epochs: int, best: int) -> None:
    task = Line(scores)
    progress = train(task, replace(SETTINGS, epochs=8, patience=2), tmp_path)
    assert (progress.epoch, progress.best_epoch) == (epochs, best)
    kept = task.validated[best - 1]
    assert all(torch.equal(kept[name], value) for name, value in task.network.state_dict().items())


def test_weights_that_nothing_improves_stay(tmp_path: Path) -> None:
    """A training that starts from good weights and makes them worse, resumed or not."""
    task = Line([3, 3, 3])
    before = copy.deepcopy(task.network)
    progress = train(task, SETTINGS, tmp_path, bar=2.5)
    assert (progress.best, progress.best_epoch, progress.epoch) == (2.5, 0, 3)
    assert equal(task.network, before)
    again = Line()
    train(again, replace(SETTINGS, patience=1), tmp_path, resume=True)
    assert equal(again.network, before)


def test_averaged_weights_are_the_running_mean_of_the_weights(tmp_path: Path) -> None:
    class Watched(Line):
        def loss(self, batch: Tensor) -> tuple[Tensor, dict[str, float]]:
            self.seen = [*getattr(self, "seen", []), copy.deepcopy(self.network.state_dict())]
            return super().loss(batch)

    task = Watched()
    train(task, replace(SETTINGS, epochs=1, averaging=0.8), tmp_path)
    state = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    weights = [*task.seen[1:], state["network"]]
    mean = task.seen[0]["0.weight"].double()
    for step, row in enumerate(weights, start=1):
        keep = min(0.8, (1 + step) / (10 + step))
        mean = keep * mean + (1 - keep) * row["0.weight"].double()
    assert torch.allclose(state["averaged"]["0.weight"].double(), mean, atol=1e-6)
    assert not torch.allclose(state["averaged"]["0.weight"], state["network"]["0.weight"], atol=1e-4)
    assert torch.equal(task.validated[0]["0.weight"], state["averaged"]["0.weight"])


def test_the_rate_rises_and_falls(tmp_path: Path) -> None:
    task = Line()
    rates = []
    step = torch.optim.AdamW.step

    def watched(self: torch.optim.AdamW, *args: object) -> object:
        rates.append(self.param_groups[0]["lr"])
        return step(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", watched)
        train(task, SETTINGS, tmp_path)
    assert len(rates) == 15
    assert rates[0] == pytest.approx(0.05 / 3)
    assert rates.index(max(rates)) == 2
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert 0 < rates[-1] < 0.05 * 0.05


def test_gradients_are_clipped(tmp_path: Path) -> None:
    class Steep(Line):
        def loss(self, batch: Tensor) -> tuple[Tensor, dict[str, float]]:
            value, figures = super().loss(batch)
            return value * 1e9, figures

    task = Steep()
    train(task, replace(SETTINGS, epochs=1), tmp_path)
    norm = math.sqrt(sum(float(weight.grad.square().sum()) for weight in task.network.parameters()))
    assert norm == pytest.approx(1.0, rel=1e-3)


def test_curves_are_a_table_and_a_picture(tmp_path: Path) -> None:
    rows = list[Row]()
    train(Line(), replace(SETTINGS, epochs=2), tmp_path, report=rows.append)
    with (tmp_path / CURVES).open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert list(table[0]) == ["epoch", "train_error", "error", "score", "minutes"]
    assert [float(row["epoch"]) for row in table] == [1, 2]
    assert [float(row["error"]) for row in table] == pytest.approx([row["error"] for row in rows], abs=1e-5)
    picture = (tmp_path / PICTURE).read_bytes()
    assert picture.startswith(b"\x89PNG\r\n") and len(picture) > 5000
    assert sorted(path.name for path in tmp_path.iterdir()) == [CHECKPOINT, CURVES, PICTURE]


def test_checkpoint_is_whole_or_absent(tmp_path: Path) -> None:
    """A disk that is full at the third epoch leaves the second's checkpoint, from which it goes on."""
    resource = pytest.importorskip("resource", reason="no limits on files on this system")
    whole, folder = Line(), tmp_path / "full"
    train(whole, SETTINGS, tmp_path / "whole")

    def fill(row: Row) -> None:
        if row["epoch"] == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(WriteError, match=CHECKPOINT):
            train(Line(), SETTINGS, folder, report=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert torch.load(folder / CHECKPOINT, weights_only=True)["progress"]["epoch"] == 2
    assert sorted(path.name for path in folder.iterdir()) == [CHECKPOINT, CURVES, PICTURE]
    resumed = Line()
    train(resumed, SETTINGS, folder, resume=True)
    assert equal(whole.network, resumed.network)


def test_an_unfinished_training_is_not_overwritten(tmp_path: Path) -> None:
    train(Line(), replace(SETTINGS, epochs=1), tmp_path)
    before = (tmp_path / CHECKPOINT).read_bytes()
    with pytest.raises(UsageError, match="unfinished training") as caught:
        train(Line(), SETTINGS, tmp_path)
    assert "--resume" in str(caught.value.hint)
    assert (tmp_path / CHECKPOINT).read_bytes() == before


def test_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no training to go on with"):
        train(Line(), SETTINGS, tmp_path / "new", resume=True)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 but no more", b"\x00" * 5000])
def test_a_damaged_checkpoint_is_one_sentence(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / CHECKPOINT).write_bytes(damage)
    with pytest.raises(CanzonaError, match=CHECKPOINT):
        train(Line(), SETTINGS, tmp_path, resume=True)


def test_a_checkpoint_of_another_network_is_one_sentence(tmp_path: Path) -> None:
    train(Line(), replace(SETTINGS, epochs=1), tmp_path)
    other = Line()
    other.network = nn.Linear(3, 1)
    with pytest.raises(CanzonaError, match="another"):
        train(other, SETTINGS, tmp_path, resume=True)


def test_a_checkpoint_runs_no_code(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return (Path.write_text, (tmp_path / "trapped", "it ran"))

    torch.save({"network": Trap()}, tmp_path / CHECKPOINT)
    with pytest.raises(CanzonaError, match=CHECKPOINT):
        train(Line(), SETTINGS, tmp_path, resume=True)
    assert not (tmp_path / "trapped").exists()


def test_weight_decay_spares_biases_and_embeddings(tmp_path: Path) -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(4, 3)
            self.event_pitch = nn.Embedding(4, 3)
            self.map = nn.Linear(3, 1)

    task = Line()
    task.network = Named()
    run = loop._Run(task, SETTINGS, tmp_path)
    decayed = list(run.optimizer.param_groups[0]["params"])
    assert len(decayed) == 1 and decayed[0] is task.network.map.weight
    assert run.optimizer.param_groups[1]["weight_decay"] == 0
    assert len(run.optimizer.param_groups[1]["params"]) == 3


def test_progress_starts_at_nothing() -> None:
    assert Progress() == Progress(0, 0, math.inf, 0, 0.0, 0.0)
