"""From folders of scores to a model folder: `canzona train compose`."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import canzona
from canzona.composition.corpus import Corpus, read_corpus
from canzona.composition.events import EventList, Vocabulary, build_vocabulary, encode, tonic_pitch
from canzona.composition.families import Families, Split, find_families, split
from canzona.composition.model import HUMAN, INDEX, JOB, NGRAM, ComposerModel, count_openings
from canzona.composition.ngram import fit_ngram
from canzona.composition.originality import build_index
from canzona.composition.samples import corpus_figures
from canzona.errors import EmptyTuneError, UsageError
from canzona.models.folder import CARD, ModelFolder, check_target, save_folder
from canzona.score.tune import Tune, alteration_text
from canzona.train.composition.calibration import calibrate, fit_temperatures
from canzona.train.composition.data import Arrays, BatchPlan, collate, prepare
from canzona.train.composition.export import export, restore
from canzona.train.composition.network import Composer
from canzona.train.composition.recipe import Recipe, Training
from canzona.train.composition.sizes import Sizes
from canzona.train.composition.task import ComposerTask, new_network
from canzona.train.description import described, no_card, sources, started_from
from canzona.train.loop import CHECKPOINT, SILENT, LoopSettings, Progress, Reports, check_device, train

CALIBRATION_TUNES = 800
FEWEST_HELD_OUT, LARGEST_SHARE = 5, 0.3
"""Tunes to validate on that a small corpus gives up, and the largest share of its families."""


@dataclass(frozen=True)
class Prepared:
    """A corpus ready for training: tunes, families, split, vocabulary, arrays."""

    corpus: Corpus
    families: Families
    split: Split
    vocabulary: Vocabulary
    training: list[EventList]
    validation: list[EventList]
    training_tunes: list[tuple[str, Tune]]


def train_composer(
    folders: Sequence[Path],
    output: Path,
    recipe: Recipe,
    *,
    work: Path,
    resume: bool = False,
    start: str | Path | None = None,
    device: str | None = None,
    force: bool = False,
    reports: Reports = SILENT,
) -> ModelFolder:
    """Train a composer and save its model folder.

    Parameters
    ----------
    folders : folders of scores, read recursively.
    output : the model folder to make.
    recipe : see `canzona.train.composition.recipe`.
    work : where checkpoints and curves go, one folder a network.
    resume : go on where the work folder's training stopped.
    start : a model to fine-tune; its vocabulary and sizes are kept.
    device : 'cpu' or 'cuda'; None takes a GPU where there is one.

    Raises
    ------
    EmptyTuneError : the folders hold no tune with a note.
    WriteError : the output exists and `force` is not set.
    UsageError, ModelError : as the recipe, the work folder or `start` give reason.
    MissingDependencyError : there is no such device.
    """
    check_target(output, recipe.model.get("name", "own"), force=force)
    check_device(device)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    parent = ComposerModel.open(start) if start is not None else None
    prepared = prepare_corpus(folders, recipe, parent.vocabulary if parent else None, reports)
    told = [_cut(listed.told_its_bars(), recipe.training.longest) for listed in prepared.training]
    training = prepare(prepared.vocabulary, told)
    validation = prepare(prepared.vocabulary, prepared.validation)
    networks: list[Composer] = []
    spent: list[Progress] = []
    before = _parent_networks(parent) if parent else []
    count = len(before) or recipe.training.networks
    for place in range(count):
        reports.say(f"network {place + 1} of {count}")
        loop = dataclasses.replace(recipe.loop, seed=recipe.loop.seed + place)
        network = before[place] if before else new_network(prepared.vocabulary, recipe.shape, loop.seed)
        network = network.to(device)
        task = ComposerTask(
            network,
            prepared.vocabulary,
            training,
            validation,
            BatchPlan(recipe.training.batch_events),
            device,
        )
        bar = math.inf
        if parent:
            row = task.validate(network)
            reports.row({"epoch": 0.0, **row})
            bar = row["score"]
        spent.append(_train_one(task, loop, work / f"network{place + 1}", resume, bar, reports))
        networks.append(network.to("cpu"))
    reports.say("saving the model")
    temperatures = fit_temperatures(networks, validation, recipe.training.batch_events)
    made = _Trained(networks, spent, temperatures, parent.folder if parent else None)
    return _save(output, recipe, prepared, made, training, folders, force)


def prepare_corpus(
    folders: Sequence[Path], recipe: Recipe, vocabulary: Vocabulary | None, reports: Reports
) -> Prepared:
    """Read, group into families, split and encode."""
    corpus = read_corpus(folders)
    reports.say(
        f"{len(corpus.tunes)} tunes, {len(corpus.empty)} without a note, {len(corpus.unreadable)} unreadable"
    )
    if not corpus.tunes:
        raise EmptyTuneError("the folders hold no tune with a note", hint="give folders with scores")
    families = find_families(zip(corpus.names, corpus.tunes, strict=True))
    divided = _divided(families, recipe.training)
    out = set(divided.held_out)
    if len(out) == len(corpus.tunes) or not out:
        raise UsageError(
            f"{len(corpus.tunes)} tunes in {divided.families} families leave none to train or validate on",
            hint="give more tunes",
        )
    lists = {
        name: encode(tune, tags)
        for name, tune, tags in zip(corpus.names, corpus.tunes, corpus.tags, strict=True)
    }
    training = [
        (name, tune) for name, tune in zip(corpus.names, corpus.tunes, strict=True) if name not in out
    ]
    encoded = [lists[name] for name, _ in training]
    if vocabulary is None:
        vocabulary = build_vocabulary(encoded, tuple(recipe.training.aliases.items()))
    reports.say(f"{len(encoded)} tunes to train on, {len(out)} to validate, {divided.families} families")
    return Prepared(
        corpus, families, divided, vocabulary, encoded, [lists[name] for name in sorted(out)], training
    )


def _divided(families: Families, training: Training) -> Split:
    """The split of the recipe; a larger share of a small corpus, so that something is validated on."""
    share = training.validation_share
    divided = split(families, training.salt, share)
    while len(divided.held_out) < FEWEST_HELD_OUT and share < LARGEST_SHARE:
        share = min(LARGEST_SHARE, share * 1.5)
        divided = split(families, training.salt, share)
    return divided


def _cut(listed: EventList, longest: int) -> EventList:
    return (
        listed
        if len(listed.events) <= longest
        else dataclasses.replace(listed, events=listed.events[:longest])
    )


def _train_one(
    task: ComposerTask, loop: LoopSettings, folder: Path, resume: bool, bar: float, reports: Reports
) -> Progress:
    """One network; one whose checkpoint has all epochs is only loaded."""
    going_on = resume and (folder / CHECKPOINT).exists()
    return train(task, loop, folder, resume=going_on, bar=bar, report=reports.row, tick=reports.tick)


def _parent_networks(parent: ComposerModel) -> list[Composer]:
    folder = parent.folder
    sizes = [Sizes.from_dict(row) for row in folder.behaviour["sizes"]]
    return restore([folder.file(f"{name}.onnx").read_bytes() for name in ("trunk", "pitch", "flag")], sizes)


@dataclass(frozen=True)
class _Trained:
    """Networks, what each took, the temperatures of their average, and the model that they went on from."""

    networks: Sequence[Composer]
    spent: Sequence[Progress]
    temperatures: Sequence[float]
    parent: ModelFolder | None


def _save(
    output: Path,
    recipe: Recipe,
    prepared: Prepared,
    trained: _Trained,
    training: Sequence[Arrays],
    folders: Sequence[Path],
    force: bool,
) -> ModelFolder:
    chosen = np.random.default_rng(0).permutation(len(training))[:CALIBRATION_TUNES]
    batches = [
        collate([training[place] for place in chosen[at : at + 32]]) for at in range(0, len(chosen), 32)
    ]
    ranges = [calibrate(network, batches) for network in trained.networks]
    files: dict[str, bytes] = dict(export(trained.networks, ranges, trained.temperatures))
    names = [name for name, _ in prepared.training_tunes]
    of = {name: prepared.families.of[name] for name in names}
    files[INDEX] = build_index(prepared.training_tunes, of).to_bytes()
    files[NGRAM] = fit_ngram(prepared.vocabulary, prepared.training, [of[name] for name in names]).to_bytes()
    figures = corpus_figures(tune for _, tune in prepared.training_tunes)
    files[HUMAN] = (json.dumps(figures.to_dict(), sort_keys=True) + "\n").encode()
    files[CARD] = no_card(JOB)
    config = _config(recipe, prepared, trained, folders)
    return save_folder(output, config, files, force=force)


def _config(
    recipe: Recipe,
    prepared: Prepared,
    trained: _Trained,
    folders: Sequence[Path],
) -> dict[str, Any]:
    networks, spent = trained.networks, trained.spent
    openings = count_openings(
        prepared.vocabulary,
        (
            (listed, _tonic_name(tune))
            for listed, (_, tune) in zip(prepared.training, prepared.training_tunes, strict=True)
        ),
    )
    parents = () if trained.parent is None else (trained.parent,)
    return {
        **described(JOB, recipe.model, parents, description="A composer trained on one's own tunes."),
        "behaviour": {
            "vocabulary": prepared.vocabulary.to_dict(),
            "sizes": [network.sizes.to_dict() for network in networks],
            "openings": [row.to_list() for row in openings],
        },
        "training": {
            "canzona": canzona.__version__,
            **started_from(trained.parent),
            "data": sources(_data(recipe, prepared, folders), parents),
            "folders": [folder.name for folder in folders],
            "tunes": len(prepared.training),
            "events": sum(len(listed.events) for listed in prepared.training),
            "seed": recipe.loop.seed,
            "split": {**prepared.split.to_dict(), "held_out": len(prepared.split.held_out)},
            "hours": round(sum(progress.cpu_seconds for progress in spent) / 3600, 2),
            "parameters": sum(weight.numel() for network in networks for weight in network.parameters()),
            "hyperparameters": {
                **dataclasses.asdict(recipe.shape), **dataclasses.asdict(recipe.loop),
                "networks": len(networks), "batch_events": recipe.training.batch_events,
            },
            "best_epochs": [progress.best_epoch for progress in spent],
            "temperatures": list(trained.temperatures),
            "validation_bits": [round(progress.best, 4) for progress in spent],
            "date": time.strftime("%Y-%m-%d"),
        },
        "card": dict(recipe.card),
    }  # fmt: skip


def _data(recipe: Recipe, prepared: Prepared, folders: Sequence[Path]) -> list[dict[str, Any]]:
    """The recipe's sources; where there is one for each folder, with the tunes that it gave."""
    rows = [dict(row) for row in recipe.data]
    if len(rows) == len(folders):
        for row, folder in zip(rows, folders, strict=True):
            start = f"{folder.resolve().name}/"
            row["tunes"] = sum(name.startswith(start) for name in prepared.corpus.names)
    return rows


def _tonic_name(tune: Tune) -> str:
    tonic = tonic_pitch(tune.key)
    return f"{tonic.step}{alteration_text(tonic.alter).replace('-', 'b')}"
