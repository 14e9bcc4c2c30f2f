"""The training loop that all jobs share: averaged weights, checkpoints, resuming, early stop, curves.

Each epoch seeds its own generators from (seed, epoch), so a training that was interrupted and
resumed goes the same way as one that was not.
"""

from __future__ import annotations

import copy
import csv
import io
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from canzona.errors import MissingDependencyError, UsageError
from canzona.files import make_folder, write_atomic, write_together

CHECKPOINT, CURVES, PICTURE = "checkpoint.pt", "curves.csv", "curves.png"

Row = dict[str, float]


class Task(Protocol):
    """What is trained: a network, its batches, its loss and its validation."""

    network: nn.Module

    def batches(self, epoch: int, random: np.random.Generator) -> Iterable[Any]:
        """The training batches of an epoch."""

    def steps(self) -> int:
        """About how many batches an epoch has."""

    def loss(self, batch: Any) -> tuple[Tensor, dict[str, float]]:
        """Loss of a batch, and figures to average over the epoch."""

    def validate(self, network: nn.Module) -> Row:
        """Figures on validation data; `score` is what counts, less is better."""


@dataclass(frozen=True)
class Reports:
    """Callbacks for progress: a sentence, an epoch's row, batches or songs done."""

    say: Callable[[str], None] = lambda _: None
    row: Callable[[Row], None] = lambda _: None
    tick: Callable[[int, int], None] = lambda _done, _all: None


SILENT = Reports()
"""Says nothing."""


def check_device(device: str | None) -> None:
    """Raise MissingDependencyError where a GPU is asked for and torch finds none."""
    if device == "cuda" and not torch.cuda.is_available():
        raise MissingDependencyError(
            "torch finds no GPU on this machine", hint="leave out --device, or install a torch for CUDA"
        )


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """How a training runs.

    Attributes
    ----------
    epochs : most epochs; the learning rate falls to nothing by a cosine over them.
    rate, decay : learning rate and weight decay of AdamW (Loshchilov & Hutter 2019).
    warm_up : steps over which the rate rises.
    averaging : decay of the running average of the weights that is validated and kept.
    clip : largest norm of the gradient.
    patience : epochs without improvement after which it stops.
    seed : of everything that is drawn.
    """

    fractions: ClassVar[tuple[str, ...]] = ("averaging",)
    not_negative: ClassVar[tuple[str, ...]] = ("decay", "seed")
    epochs: int = 16
    rate: float = 2e-3
    decay: float = 0.02
    warm_up: int = 200
    averaging: float = 0.998
    clip: float = 1.0
    patience: int = 4
    seed: int = 1


@dataclass
class Progress:
    """Where a training stands: rows of figures by epoch, the best score, seconds and CPU seconds spent."""

    epoch: int = 0
    step: int = 0
    best: float = math.inf
    best_epoch: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0


def train(
    task: Task,
    settings: LoopSettings,
    folder: Path,
    *,
    resume: bool = False,
    bar: float = math.inf,
    report: Callable[[Row], None] | None = None,
    tick: Callable[[int, int], None] | None = None,
) -> Progress:
    """Train until the epochs are over or nothing improves; the task's network ends with the best weights.

    Parameters
    ----------
    folder : where checkpoint and curves go.
    resume : go on from the folder's checkpoint.
    bar : the score of the weights that it starts from, which stay where none are better.
    report : called with each epoch's figures.
    tick : called with (batches done, batches in all) of the epoch.

    Raises
    ------
    UsageError : there is a checkpoint and `resume` is not set, or none and it is; it is damaged or
        of another network.
    WriteError : the folder cannot be written; the last checkpoint stays.
    """
    check_work(folder / CHECKPOINT, resume=resume)
    make_folder(folder)
    run = _Run(task, settings, folder)
    run.progress.best = bar
    if resume:
        run.load()
    while run.progress.epoch < settings.epochs and run.progress.epoch - run.progress.best_epoch < max(
        1, settings.patience
    ):
        row = run.epoch(tick)
        run.save(row)
        if report is not None:
            report(row)
    task.network.load_state_dict(run.best_weights)
    return run.progress


def check_work(checkpoint: Path, *, resume: bool) -> None:
    """UsageError where there is a checkpoint and `resume` is not set, or none and it is."""
    if resume and not checkpoint.exists():
        raise UsageError(f"{checkpoint.parent} holds no training to go on with", hint="leave out --resume")
    if not resume and checkpoint.exists():
        raise UsageError(
            f"{checkpoint.parent} holds an unfinished training",
            hint="go on with --resume, or choose another folder",
        )


def share_of_rate(step: int, done: float, warm_up: int) -> float:
    """The learning rate as a part of its highest: a linear rise, then a cosine down to 3 %.

    Parameters
    ----------
    step : of the training, from 0.
    done : how much of it is over, 0..1.
    warm_up : steps of the rise.
    """
    falling = 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    return min(1.0, (step + 1) / warm_up) * (0.97 * falling + 0.03)


def kept_of_average(decay: float, count: int) -> float:
    """How much of a running average of the weights stays after so many steps.

    It follows closely at first and takes its full length after some hundred steps, so that the first
    epochs are not measured on random weights.
    """
    return min(decay, (1 + count) / (10 + count))


class _Run:
    """One training under way."""

    def __init__(self, task: Task, settings: LoopSettings, folder: Path) -> None:
        self.task, self.settings, self.folder = task, settings, folder
        self.progress = Progress()
        self.rows: list[Row] = []
        self.averaged = copy.deepcopy(task.network).eval().requires_grad_(False)
        self.best_weights = copy.deepcopy(task.network.state_dict())
        decayed = [
            w
            for n, w in task.network.named_parameters()
            if w.ndim > 1 and "table" not in n and "event_" not in n
        ]
        kept = {id(weight) for weight in decayed}
        others = [weight for weight in task.network.parameters() if id(weight) not in kept]
        groups = [
            {"params": decayed, "weight_decay": settings.decay},
            {"params": others, "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.99))

    def rate(self) -> float:
        """The learning rate of the coming step."""
        settings, step = self.settings, self.progress.step
        total = max(1, self.task.steps() * settings.epochs)
        return settings.rate * share_of_rate(step, step / total, settings.warm_up)

    def epoch(self, tick: Callable[[int, int], None] | None) -> Row:
        """Train on every batch once, validate the averaged weights and keep the best; its row of figures."""
        progress, settings = self.progress, self.settings
        began, cpu = time.monotonic(), time.process_time()
        torch.manual_seed(settings.seed * 100_003 + progress.epoch)
        random = np.random.default_rng((settings.seed, progress.epoch))
        self.task.network.train()
        sums: dict[str, float] = {}
        count = 0
        for count, batch in enumerate(self.task.batches(progress.epoch, random), start=1):
            for name, value in self._step(batch).items():
                sums[name] = sums.get(name, 0.0) + value
            if tick is not None:
                tick(count, self.task.steps())
        progress.epoch += 1
        found = self.task.validate(self.averaged)
        progress.seconds += time.monotonic() - began
        progress.cpu_seconds += time.process_time() - cpu
        if found["score"] < progress.best:
            progress.best, progress.best_epoch = found["score"], progress.epoch
            self.best_weights = copy.deepcopy(self.averaged.state_dict())
        row = {
            "epoch": float(progress.epoch),
            **{f"train_{name}": value / max(1, count) for name, value in sums.items()},
        }
        return {**row, **found, "minutes": progress.seconds / 60}

    def _step(self, batch: Any) -> dict[str, float]:
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        loss, figures = self.task.loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.task.network.parameters(), self.settings.clip)
        self.optimizer.step()
        self.progress.step += 1
        keep = kept_of_average(self.settings.averaging, self.progress.step)
        with torch.no_grad():
            for average, weight in zip(
                self.averaged.parameters(), self.task.network.parameters(), strict=True
            ):
                average.lerp_(weight, 1 - keep)
        return figures

    def save(self, row: Row) -> None:
        """Checkpoint and curves, each whole or not at all."""
        self.rows.append(row)
        state = {
            "network": self.task.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "best_weights": self.best_weights,
            "optimizer": self.optimizer.state_dict(),
            "progress": {name: float(value) for name, value in vars(self.progress).items()},
            "rows": self.rows,
        }
        data = io.BytesIO()
        torch.save(state, data)
        write_atomic(self.folder / CHECKPOINT, data.getvalue(), force=True)
        write_curves(self.rows, self.folder)

    def load(self) -> None:
        """Go on from the folder's checkpoint; UsageError where it is not of this network."""
        path = self.folder / CHECKPOINT
        try:
            self._take(torch.load(path, weights_only=True, map_location="cpu"))
        except (EOFError, LookupError, RuntimeError, TypeError, ValueError, UnpicklingError) as error:
            raise UsageError(
                f"{path} is damaged, or of another network than the one to train",
                hint="train with the recipe and data that it was begun with, or anew in another folder",
            ) from error

    def _take(self, state: dict[str, Any]) -> None:
        self.task.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.best_weights = state["best_weights"]
        self.optimizer.load_state_dict(state["optimizer"])
        held = state["progress"]
        counts = {name: int(held[name]) for name in ("epoch", "step", "best_epoch")}
        self.progress = Progress(**{**held, **counts})
        self.rows = list(state["rows"])


def write_curves(rows: list[Row], folder: Path, *, unit: str = "bits a note") -> None:
    """The figures of all epochs as CSV and PNG; `unit` is what the picture's axis says."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, names)
    writer.writeheader()
    writer.writerows({name: round(value, 5) for name, value in row.items()} for row in rows)
    drawn = [name for name in names if name not in ("epoch", "minutes", "score")]
    picture = _picture(rows, drawn, unit)
    write_together({folder / CURVES: table.getvalue(), folder / PICTURE: picture}, force=True)


def _picture(rows: list[Row], names: list[str], unit: str) -> bytes:
    """Lines over the epochs, as PNG."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    epochs = [row["epoch"] for row in rows]
    for name in names:
        values = [row.get(name, math.nan) for row in rows]
        axes.plot(epochs, values, marker=".", label=name.replace("_", " "))
    axes.set_xlabel("epoch")
    axes.set_ylabel(unit)
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", frameon=False)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=150)
    pyplot.close(figure)
    return data.getvalue()
