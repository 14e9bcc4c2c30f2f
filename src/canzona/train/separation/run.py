"""From folders of stems to a model folder: `canzona train extract`."""

from __future__ import annotations

import logging
import os
import signal
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import nn

from canzona.errors import ModelError, UsageError
from canzona.files import make_folder
from canzona.models.folder import CARD, ModelFolder, check_target, load_folder, save_folder
from canzona.models.places import known_models
from canzona.separation.model import DEFAULT, JOB, SeparationModel
from canzona.separation.names import check_stem_name
from canzona.separation.network import GRAPH
from canzona.separation.windows import Windows
from canzona.train.description import no_card
from canzona.train.loop import SILENT, Reports, Row, check_device, check_work
from canzona.train.recipe_file import from_values
from canzona.train.separation.bands import SAMPLE_RATE
from canzona.train.separation.callbacks import Averaging, Curves, Excerpts, Newest, Ticks
from canzona.train.separation.examples import Examples
from canzona.train.separation.export import export, restore
from canzona.train.separation.extraction import Extraction
from canzona.train.separation.facts import config_of, minutes_of
from canzona.train.separation.recipe import BEST, KINDS, LAST, Recipe
from canzona.train.separation.remix import Remixer
from canzona.train.separation.stock import held_out, kept_back, open_stores, target_of
from canzona.train.separation.store import Store
from canzona.train.separation.validation import song_figures, summary

_CHECKPOINT = ".ckpt"
_DAMAGED = (AttributeError, EOFError, LookupError, RuntimeError, TypeError, ValueError, UnpicklingError)


@dataclass(frozen=True, slots=True)
class Machine:
    """What a training runs on.

    Attributes
    ----------
    device : 'cpu', 'cuda' or 'auto', which takes a GPU where there is one.
    strategy, devices : as Lightning's Trainer has them: 'ddp' and 2 train in two processes.
    workers : processes that make examples; with 0 the process that trains makes them.
    """

    device: str = "auto"
    strategy: str = "auto"
    devices: int = 1
    workers: int = 0


def train_extractor(
    folders: Sequence[Path],
    output: Path,
    recipe: Recipe,
    *,
    work: Path,
    store: Path | None = None,
    resume: bool = False,
    start: str | Path | None = None,
    machine: Machine = Machine(),
    force: bool = False,
    reports: Reports = SILENT,
) -> ModelFolder | None:
    """Train an extractor and save its model folder.

    Parameters
    ----------
    folders : datasets of stems, of any layout of `canzona.train.separation.layouts`.
    output : the model folder to make.
    recipe : see `canzona.train.separation.recipe`.
    work : where checkpoints, curves and excerpts go.
    store : where the decoded songs go, 10 MB a minute and stem; None takes `work`/store. Trainings on
        the same folders may share one.
    resume : go on where the work folder's training stopped.
    start : a model to fine-tune, of the recipe's kind; its sizes are kept. See `starting_model`.

    Returns
    -------
    The model; None in all processes but the first where several train together.

    Raises
    ------
    FormatError, UsageError : as the folders, the recipe, the work folder or `start` give reason.
    MissingDependencyError : there is no such device.
    WriteError : the output exists and `force` is not set.
    """
    last = work / f"{LAST}{_CHECKPOINT}"
    first = os.environ.get("LOCAL_RANK", "0") == "0"
    if first:
        check_target(output, recipe.model.get("name", "own"), force=force)
        check_work(last, resume=resume)
    else:
        reports = SILENT
    _check_asked(recipe, machine)
    weights = _weights(recipe, folders)
    torch.manual_seed(recipe.loop.seed)
    parent = None if start is None else starting_model(start, recipe.kind)
    network = recipe.network() if parent is None else restored(parent, recipe.kind)
    stores = open_stores(folders, store or work / "store", reports, classes=recipe.classes, build=first)
    make_folder(work)
    target = target_of(stores, recipe.training)
    task = _task(network, recipe, list(zip(stores, weights, strict=True)), target, machine)
    if resume:
        _check_checkpoint(last, task)
    _announce(task, stores, target, reports)
    before = _measured(task) if parent and first and not resume else None
    if before:
        reports.row({"epoch": 0.0, **before})
    curves = Curves(work, reports.row, before or {})
    trainer = _trainer(recipe, machine, work, curves, [Ticks(reports.tick), _excerpts(work, task)])
    _fit(trainer, task, last if resume else None)
    if not trainer.is_global_zero:
        return None
    _take(network, work / f"{recipe.training.keep}{_CHECKPOINT}")
    if curves.before:
        _say_after(curves.before, _measured(task), reports)
    reports.say("saving the model")
    config = config_of(recipe, network, stores, task, curves, folders, parent)
    files = {GRAPH: export(network), CARD: no_card(JOB)}
    save_folder(output, config, files, force=force)
    return load_folder(output)


def starting_model(start: str | Path, kind: str) -> ModelFolder:
    """The model to go on from.

    A name or a folder; of a blend its part of the kind that is asked for. Where no model is called so, the
    target of the model that comes along stands for that one: 'synth'.

    Raises
    ------
    ModelError : there is none, or it is damaged.
    """
    found = None
    if str(start) not in {model.name for model in known_models(JOB)} and not Path(start).exists():
        usual = SeparationModel.open(DEFAULT)
        found = usual if usual.stems[0] == str(start) else None
    found = found or SeparationModel.open(start)
    parts = (part for part, _ in found.parts)
    return next((part for part in parts if part.behaviour.get("kind") == kind), found.folder)


def restored(model: ModelFolder, kind: str) -> nn.Module:
    """The network of a model folder, to go on training; UsageError where it is of another kind."""
    behaviour = model.behaviour
    if behaviour.get("kind") != kind:
        raise UsageError(
            f"model '{model.name}' is a '{behaviour.get('kind')}' and '{kind}' is to be trained",
            hint=f"choose --model {behaviour.get('kind')}, or another model to start from",
        )
    try:
        shape = from_values(KINDS[kind][1], behaviour["shape"])
    except (KeyError, TypeError) as error:
        raise ModelError(
            f"{model.path} does not say how large its network is", hint="start from another model"
        ) from error
    return restore(kind, shape, model.file(GRAPH).read_bytes())


def _check_asked(recipe: Recipe, machine: Machine) -> None:
    """Refuse what could not be done, or not be used, before the songs are decoded."""
    check_device(machine.device)
    if recipe.training.target:
        check_stem_name(recipe.training.target)
    if recipe.loop.batches < machine.devices:
        raise UsageError(
            f"{recipe.loop.batches} batches an epoch leave some of {machine.devices} processes without one",
            hint="set [loop] batches to as many or more",
        )


def _check_checkpoint(path: Path, task: Extraction) -> None:
    """Refuse a checkpoint that is damaged or of another network, before Lightning takes it apart."""
    hint = "train with the recipe that it was begun with, or anew in another folder"
    try:
        held = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
        shapes = {name: tuple(value.shape) for name, value in held.items()}
    except _DAMAGED as error:
        raise UsageError(f"{path} is damaged", hint=hint) from error
    if shapes != {name: tuple(value.shape) for name, value in task.state_dict().items()}:
        raise UsageError(f"{path} is of another network than the one to train", hint=hint)


def _task(
    network: nn.Module, recipe: Recipe, weighted: list[tuple[Store, float]], target: str, machine: Machine
) -> Extraction:
    training = recipe.training
    stores = [store for store, _ in weighted]
    songs = held_out(stores, target, training)
    without = {song.name for song in songs} | kept_back(stores)
    remixer = Remixer(weighted, target, recipe.remix, without=without)
    loop = recipe.loop
    examples = Examples(remixer, seed=loop.seed, batches=loop.batches, size=loop.size)
    windows = Windows(round(training.window * SAMPLE_RATE), round(training.fade * SAMPLE_RATE))
    return Extraction(network, loop, examples, songs, windows, workers=machine.workers)


def _weights(recipe: Recipe, folders: Sequence[Path]) -> tuple[float, ...]:
    """How often examples come from each folder."""
    given = recipe.training.weights
    weights = given + given[-1:] * (len(folders) - len(given))
    if len(weights) != len(folders):
        raise UsageError(
            f"the recipe has {len(weights)} weights and there are {len(folders)} folders",
            hint="give one weight a folder, in the order of --data",
        )
    if not any(weights):
        raise UsageError("the weights of all folders are 0", hint="give one of them more")
    return weights


def _announce(task: Extraction, stores: Sequence[Store], target: str, reports: Reports) -> None:
    songs = [song for store in stores for song in store.songs]
    size = sum(weight.numel() for weight in task.network.parameters()) / 1e6
    if apart := kept_back(stores) - {song.name for song in task.songs}:
        reports.say(f"{len(apart)} songs of the datasets' own test and validation sets are left alone")
    if any(song.unclear(target) for song in songs):
        reports.say(f"'other' of MUSDB18 may hold '{target}' and is left out of the rest")
    reports.say(
        f"{len(songs)} songs, {minutes_of(songs):.0f} minutes, {len(task.songs)} held out; "
        f"target '{target}'; {size:.1f} million parameters"
    )


def _measured(task: Extraction) -> Row:
    """Figures on the validation songs outside of a training."""
    task.network.eval()
    return summary([song_figures(song, task.separate) for song in task.songs])


def _say_after(before: Row, after: Row, reports: Reports) -> None:
    reports.say(
        "before and after: "
        + ", ".join(f"{name} {before[name]:.2f} -> {after[name]:.2f} dB" for name in before if name in after)
    )


def _excerpts(work: Path, task: Extraction) -> Excerpts:
    heard = [song for song in task.songs if song.has_target]
    return Excerpts(work, (heard or task.songs)[0])


def _trainer(
    recipe: Recipe, machine: Machine, work: Path, curves: Curves, more: list[Any]
) -> lightning.Trainer:
    """Lightning's trainer without what it says and writes of its own accord."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    for talker in (r"lightning\..*", r"torch\.autograd.*"):
        warnings.filterwarnings("ignore", module=talker)
    loop = recipe.loop
    kept = ModelCheckpoint(work, filename=BEST, monitor="mean_gain", mode="max", enable_version_counter=False)
    newest = Newest(work / f"{LAST}{_CHECKPOINT}")
    return lightning.Trainer(
        accelerator=_accelerator(machine.device),
        strategy=machine.strategy,
        devices=machine.devices,
        max_epochs=loop.epochs,
        gradient_clip_val=loop.clip,
        callbacks=[Averaging(loop.averaging), curves, kept, newest, *more],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        reload_dataloaders_every_n_epochs=1,
        use_distributed_sampler=False,
    )


def _accelerator(device: str) -> str:
    """As Lightning calls it, whose own 'auto' would take a Mac's GPU too, which nobody has tried."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device


def _fit(trainer: lightning.Trainer, task: Extraction, checkpoint: Path | None) -> None:
    """Train; what interrupts it comes out as it went in, and not as Lightning's end of the process."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        trainer.fit(task, ckpt_path=None if checkpoint is None else str(checkpoint))
    except SystemExit as ended:
        if isinstance(ended.__context__, KeyboardInterrupt):
            signal.signal(signal.SIGINT, handler)
            raise ended.__context__ from None
        raise


def _take(network: nn.Module, path: Path) -> None:
    """The averaged weights of a checkpoint."""
    held = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    prefix = "network."
    network.load_state_dict(
        {name.removeprefix(prefix): value for name, value in held.items() if name.startswith(prefix)}
    )
    network.to("cpu").eval()
