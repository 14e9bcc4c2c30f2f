"""The config of a trained extractor: how it is used, and how it was made."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from torch import nn

import canzona
from canzona.errors import ModelError
from canzona.models.folder import ModelFolder
from canzona.separation.classes import DEFAULT_CLASSES
from canzona.separation.model import JOB
from canzona.train.description import described, sources, started_from
from canzona.train.separation.bands import SAMPLE_RATE
from canzona.train.separation.callbacks import Curves
from canzona.train.separation.extraction import Extraction
from canzona.train.separation.recipe import BEST, Recipe
from canzona.train.separation.stock import kept_back
from canzona.train.separation.store import Store, StoredSong

LEARNT = "learnt"
"""Where a config names the songs that were learnt, each by its mark."""


def config_of(
    recipe: Recipe,
    network: nn.Module,
    stores: Sequence[Store],
    task: Extraction,
    curves: Curves,
    folders: Sequence[Path],
    parent: ModelFolder | None,
) -> dict[str, Any]:
    """What a model folder says of a training that has come to its end; `parent` is what it went on from."""
    parents = () if parent is None else (parent,)
    held_out = sorted(song.name for song in task.songs)
    spared = {*held_out, *kept_back(stores)}
    learnt = [[song for song in store.songs if song.name not in spared] for store in stores]
    best = max(curves.rows, key=lambda row: row.get("mean_gain", 0.0))
    kept = best if recipe.training.keep == BEST else curves.rows[-1]
    return {
        **described(JOB, recipe.model, parents, description="An extractor trained on one's own stems."),
        "behaviour": _behaviour(recipe, network, task),
        "training": {
            "canzona": canzona.__version__,
            **started_from(parent),
            "data": sources(recipe.data or _own_rows(folders, learnt), parents),
            "folders": [folder.resolve().name for folder in folders],
            "songs": sum(map(len, learnt)),
            "minutes": minutes_of(list(chain(*learnt))),
            "seed": recipe.loop.seed,
            "held_out": held_out,
            LEARNT: " ".join(
                sorted({song_mark(song) for song in chain(*learnt)}.union(*map(learnt_by, parents)))
            ),
            "hours": round(curves.cpu_minutes / 60 + sum(map(_hours_of, parents)), 2),
            "parameters": sum(weight.numel() for weight in network.parameters()),
            "hyperparameters": {**dataclasses.asdict(recipe.remix), **dataclasses.asdict(recipe.loop)},
            "epoch": int(kept["epoch"]),
            "best_epoch": int(best["epoch"]),
            "validation": {name: round(kept[name], 3) for name in ("gain", "mean_gain") if name in kept},
            "date": time.strftime("%Y-%m-%d"),
        },
        "card": dict(recipe.card),
    }


def _own_rows(folders: Sequence[Path], learnt: Sequence[Sequence[StoredSong]]) -> list[dict[str, Any]]:
    """What the songs of folders say of themselves, where no recipe speaks for them."""
    return [
        {
            "name": f"{len(songs)} songs of the folder '{folder.resolve().name}'",
            "minutes": minutes_of(songs),
            "licence": ", ".join(sorted({song.licence or "not stated" for song in songs})),
            "credit": ", ".join(sorted({song.credit for song in songs} - {""})),
        }
        for folder, songs in zip(folders, learnt, strict=True)
        if songs
    ]


def minutes_of(songs: Sequence[StoredSong]) -> float:
    """How long songs last together, in minutes."""
    return round(sum(song.frames for song in songs) / SAMPLE_RATE / 60, 1)


def _hours_of(model: ModelFolder) -> float:
    """CPU hours that a model's trainings took; 0 where it does not say."""
    hours = model.config.get("training", {}).get("hours")
    return float(hours) if isinstance(hours, int | float) else 0.0


def song_mark(song: StoredSong) -> str:
    """Name and length of a song in eight digits, by which a model knows what it has learnt wherever it lies.

    The length, in whole seconds, tells apart what many call by the same name: `Track00001`.
    """
    words = f"{song.name} {round(song.frames / SAMPLE_RATE)}"
    return hashlib.sha256(words.encode("utf-8", "surrogateescape")).hexdigest()[:8]


def learnt_by(model: ModelFolder) -> frozenset[str]:
    """Marks of the songs that a model, or one that it was made from, has learnt.

    Raises
    ------
    ModelError : the model does not say.
    """
    try:
        return frozenset(str(model.config["training"][LEARNT]).split())
    except (KeyError, TypeError) as error:
        raise ModelError(
            f"{model.path} does not say which songs it has learnt", hint="train it anew with this version"
        ) from error


def _behaviour(recipe: Recipe, network: nn.Module, task: Extraction) -> dict[str, Any]:
    target = task.songs[0].target
    given = {name: list(patterns) for name, patterns in recipe.classes.items()}
    own = {} if recipe.classes == DEFAULT_CLASSES else {"classes": given}
    shape = dataclasses.asdict(network.shape)  # type: ignore[call-overload]
    sizes = {"fft": shape["fft"], "hop": shape["hop"]} if "fft" in shape else {"hop": network.hop}
    return {
        "target": target,
        **own,
        "kind": recipe.kind,
        "sample_rate": SAMPLE_RATE,
        "window": task.windows.length,
        "fade": task.windows.fade,
        **sizes,
        "shape": shape,
        "presence": {},
    }
