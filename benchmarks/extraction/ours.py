"""Our networks, trained by their recipes for a given CPU time instead of a number of epochs.

What differs from `canzona train extract` is the schedule alone: the learning rate falls with the time that
is spent, and the training ends when it is up. Examples, losses, optimiser and averaged weights are those of
`canzona.train.separation`; making the examples counts.
"""

from __future__ import annotations

import csv
import logging
import sys
import tempfile
import time
import warnings
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from torch import nn

from canzona.separation.windows import Windows
from canzona.train.loop import CURVES, share_of_rate
from canzona.train.separation.bands import SAMPLE_RATE
from canzona.train.separation.callbacks import Averaging
from canzona.train.separation.decoding import Signal
from canzona.train.separation.examples import Examples
from canzona.train.separation.extraction import Extraction, LoopSettings
from canzona.train.separation.recipe import Recipe
from canzona.train.separation.remix import Remixer
from canzona.train.separation.validation import estimate, summary
from canzona.train.separation.waveform import Waveform
from extraction.command import Row, digest, kept, say
from extraction.measure import Separate, measured
from extraction.songs import Songs
from extraction.training import Diary

_ENDLESS = 10**6


def trained(recipe: Recipe, songs: Songs, minutes: float, work: Path) -> tuple[Row, nn.Module]:
    """A network after so much CPU time, from the work folder where it is there; its row, and itself.

    The row has the facts of the training (`Diary.facts`), medians over the held-out songs, and the
    figures of each as `songs`.
    """
    setting = [recipe.kind, _plain(recipe), songs.setting, minutes]
    weights = work / f"{recipe.kind}-{digest(setting)}.pt"
    network = _new(recipe)

    def make() -> Row:
        say(f"{recipe.kind}, {recipe.loop.loss}: {minutes:g} minutes on {songs.minutes:.0f} of song")
        diary = _learnt(network, recipe, songs, minutes)
        work.mkdir(parents=True, exist_ok=True)
        torch.save(network.state_dict(), weights)
        found = measured(songs.held_out, separation(network, recipe))
        return {"kind": recipe.kind, **diary.facts(), **summary(found), "songs": found}

    row = kept(work, recipe.kind, setting, make)
    network.load_state_dict(torch.load(weights, weights_only=True))
    return row, network.eval()


def separation(network: nn.Module, recipe: Recipe) -> Separate:
    """How a network is used on a whole song: in the windows of its recipe."""
    training = recipe.training
    windows = Windows(round(training.window * SAMPLE_RATE), round(training.fade * SAMPLE_RATE))

    def separate(mixture: Signal) -> Signal:
        return estimate(network.eval(), mixture, windows)

    return separate


def blended(recipes: list[Recipe], songs: Songs, minutes: float, work: Path) -> Row:
    """Several of our networks, which share the time, averaged with equal weights: a row as of `trained`."""
    made = [trained(recipe, songs, minutes / len(recipes), work) for recipe in recipes]
    ways = [separation(network, recipe) for (_, network), recipe in zip(made, recipes, strict=True)]

    def separate(mixture: Signal) -> Signal:
        mean: Signal = np.mean([way(mixture) for way in ways], axis=0, dtype=np.float32)
        return mean

    def make() -> Row:
        found = measured(songs.held_out, separate)
        spent = sum(row["minutes"] for row, _ in made)
        return {"kind": "blend", "minutes": spent, **summary(found), "songs": found}

    setting = [[recipe.kind, _plain(recipe)] for recipe in recipes]
    return kept(work, "blend", [setting, songs.setting, minutes], make)


def at_minutes(folder: Path, minutes: float) -> Row:
    """What a training of `canzona train extract` had reached after so much CPU time, by its curves."""
    reached = [row for row in curve(folder) if row["cpu_minutes"] <= minutes]
    if not reached:
        sys.exit(f"{folder}: the first epoch took more than {minutes:g} minutes")
    last = reached[-1]
    figures = {name: last[name] for name in ("gain", "mean_gain", "sdr") if name in last}
    return {"kind": folder.name, "minutes": last["cpu_minutes"], "steps": int(last["steps"]), **figures}


def curve(folder: Path) -> list[Row]:
    """The rows of a training's curves, one an epoch; what has no value is left out."""
    if not (folder / CURVES).is_file():
        sys.exit(f"{folder} holds no {CURVES}: name the work folder of a training")
    with (folder / CURVES).open(newline="", encoding="utf-8") as file:
        return [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)]


class _ByTime(Callback):
    """Ends a training when its time is up, and lets the learning rate fall until then."""

    def __init__(self, loop: LoopSettings, diary: Diary, first: nn.Parameter) -> None:
        self.loop, self.diary, self.first = loop, diary, first
        self._began = 0.0

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._began = time.process_time()

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        share = share_of_rate(batch_idx, self.diary.share, self.loop.warm_up)
        for group in trainer.optimizers[0].param_groups:
            group["lr"] = self.loop.rate * share

    def on_before_optimizer_step(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, optimizer: Any
    ) -> None:
        self.diary.gradients(pl_module, self.first)

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, *args: Any
    ) -> None:
        self.diary.losses.append(float(outputs["loss"]))
        self.diary.spent = time.process_time() - self._began
        trainer.should_stop = self.diary.is_over


def _new(recipe: Recipe) -> nn.Module:
    torch.set_num_threads(1)
    torch.manual_seed(recipe.loop.seed)
    return recipe.network()


def _learnt(network: nn.Module, recipe: Recipe, songs: Songs, minutes: float) -> Diary:
    """Trains the network in place; it holds the averaged weights in the end."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"lightning\..*")
    loop = replace(recipe.loop, epochs=1, batches=_ENDLESS)
    given = recipe.training.weights
    weights = given if len(given) == len(songs.stores) else (1.0,) * len(songs.stores)
    pairs = list(zip(songs.stores, weights, strict=True))
    remixer = Remixer(pairs, songs.target, recipe.remix, without=songs.excluded)
    examples = Examples(remixer, seed=loop.seed, batches=loop.batches, size=loop.size)
    windows = Windows(round(recipe.training.window * SAMPLE_RATE), round(recipe.training.fade * SAMPLE_RATE))
    diary = Diary(minutes)
    with tempfile.TemporaryDirectory() as folder:
        trainer = lightning.Trainer(
            accelerator="cpu", max_epochs=1, limit_val_batches=0, gradient_clip_val=loop.clip, logger=False,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            callbacks=[_ByTime(loop, diary, _first(network)), Averaging(loop.averaging)],
            default_root_dir=folder,
        )  # fmt: skip
        trainer.fit(Extraction(network, loop, examples, list(songs.held_out), windows))
    return diary


def _first(network: nn.Module) -> nn.Parameter:
    """The weights that the sound meets first."""
    found: nn.Parameter = (
        network.analysis if isinstance(network, Waveform) else network.trunk.down[0][0].weight
    )
    return found


def _plain(recipe: Recipe) -> Row:
    """What of a recipe a training by time depends on."""
    loop = {name: value for name, value in asdict(recipe.loop).items() if name not in ("epochs", "batches")}
    use = {name: getattr(recipe.training, name) for name in ("weights", "window", "fade")}
    return {"loop": loop, "remix": asdict(recipe.remix), "shape": asdict(recipe.shape), "training": use}
