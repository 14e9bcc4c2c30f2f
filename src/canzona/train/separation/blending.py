"""Making a blend of two models: both are heard on songs that neither has learnt."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

import canzona
from canzona.errors import UsageError
from canzona.models.folder import CARD, ModelFolder, check_target, load_folder, save_folder
from canzona.separation.agreement import Agreement, frame_products
from canzona.separation.metrics import sdr
from canzona.separation.model import JOB, SeparationModel
from canzona.separation.presence import FrameMeans, PresenceSettings
from canzona.separation.windows import overlap_add
from canzona.train.description import described, no_card, sources
from canzona.train.loop import SILENT, Reports
from canzona.train.separation.decoding import Signal
from canzona.train.separation.facts import learnt_by, song_mark
from canzona.train.separation.fitting import Heard, best_weight, figures, fitted_agreement, fitted_presence
from canzona.train.separation.recipe import BLEND, Recipe
from canzona.train.separation.stock import open_stores
from canzona.train.separation.store import Store
from canzona.train.separation.validation import ValidationSong


def make_blend(
    parts: Sequence[str | Path],
    folders: Sequence[Path],
    output: Path,
    recipe: Recipe,
    *,
    store: Path,
    force: bool = False,
    reports: Reports = SILENT,
) -> ModelFolder:
    """Fit a blend of two models and save its folder.

    Parameters
    ----------
    parts : two models of the same target, rate and windows.
    folders : datasets; of those that the parts were trained on only the songs that they held out count.
    output : the model folder to make. The parts are named in it by name and hash.
    recipe : what it says of the model and its card.
    store : where decoded songs go.

    Raises
    ------
    UsageError : not two parts, parts that do not fit, or no song that both have not learnt.
    ModelError, FormatError, WriteError : as models, folders and output give reason.
    """
    name = recipe.model.get("name", "own")
    check_target(output, name, force=force)
    opened = [SeparationModel.open(part) for part in parts]
    _check_parts(opened)
    models = [model.folder for model in opened]
    words = " and ".join(model.name for model in models)
    about = described(JOB, recipe.model, models, description=f"{words}, averaged.")
    learnt = frozenset[str]().union(*map(learnt_by, models))
    stores = open_stores(folders, store, reports, classes=recipe.classes)
    songs = fresh_songs(stores, learnt, opened[0].stems[0])
    left = sum(bool(song.frames) for each in stores for song in each.songs) - len(songs)
    reports.say(f"{len(songs)} songs that no part has learnt" + (f"; {left} left out" if left else ""))
    heard: list[Heard] = []
    for done, song in enumerate(songs, start=1):
        heard += _song_and_rest(opened, song)
        reports.tick(done, len(songs))
    weight = best_weight(heard)
    agreement = fitted_agreement(heard, weight)
    presence = fitted_presence(heard, weight)
    found = figures(heard, weight, agreement, presence)
    _report(found, weight, agreement, presence, reports.say)
    behaviour = {key: models[0].behaviour[key] for key in ("target", "sample_rate", "window", "fade")}
    shares = list(zip(models, (weight, round(1 - weight, 2)), strict=True))
    behaviour |= {
        "kind": BLEND,
        "parts": [{"name": part.name, "hash": part.hash, "weight": share} for part, share in shares],
        "agreement": asdict(agreement),
        "presence": asdict(presence),
    }
    training = {
        "canzona": canzona.__version__,
        "data": sources(recipe.data, models),
        "hyperparameters": {
            **{f"weight of {part.name}": share for part, share in shares},
            **{f"agreement: {key}": value for key, value in asdict(agreement).items()},
            **{f"absent: {key}": value for key, value in asdict(presence).items()},
        },
        "fitted_on": [song.name for song in songs],
        "validation": {key: round(value, 3) for key, value in found.items()},
        "date": time.strftime("%Y-%m-%d"),
    }
    config = {**about, "behaviour": behaviour, "training": training, "card": dict(recipe.card)}
    save_folder(output, config, {CARD: no_card(JOB)}, force=force)
    return load_folder(output)


def fresh_songs(stores: Sequence[Store], learnt: Collection[str], target: str) -> list[ValidationSong]:
    """The songs that are not marked as learnt, see `song_mark`."""
    songs = [
        ValidationSong(store, number, target)
        for store in stores
        for number, song in enumerate(store.songs)
        if song.frames and song_mark(song) not in learnt and not song.unclear(target)
    ]
    if not any(song.has_target for song in songs):
        raise UsageError(
            f"the folders hold no song with '{target}' that the parts have not learnt",
            hint="give the folders of their training, or songs of your own",
        )
    return songs


def _song_and_rest(parts: Sequence[SeparationModel], song: ValidationSong) -> list[Heard]:
    """What two parts make of a song, and of its rest alone: one more song without the target."""
    mixture, target = song.signals()
    rest = mixture - target
    pairs = [(mixture, target)]
    if target.any() and rest.any():
        pairs.append((rest, np.zeros_like(rest)))
    return [hear(parts, song.name, *pair) for pair in pairs]


def hear(parts: Sequence[SeparationModel], name: str, mixture: Signal, target: Signal) -> Heard:
    """What two parts make of a song of this name, mixture and target of shape (2, frames)."""
    # At use the presence of both is framed by the first part's hop.
    hop = parts[0].hop
    heard = [np.concatenate(list(overlap_add([mixture], part.hear, part.windows)), axis=1) for part in parts]
    curves = [_frames(hop, found[2]) for found in heard]
    one, other = (found[:2] for found in heard)
    pairs = ((one, one), (one, other), (other, other), (one, target), (other, target), (target, target))
    products = np.stack([frame_products(a, b, hop) for a, b in (*pairs, (mixture, mixture))])
    return Heard(
        name,
        products,
        sdr(target, mixture) if target.any() else 0.0,
        np.stack(curves),
        hop / parts[0].sample_rate,
    )


def _check_parts(parts: Sequence[SeparationModel]) -> None:
    if len(parts) != 2:
        raise UsageError(f"a blend has two parts and {len(parts)} were given", hint="name two with --part")
    if any(part.folder.behaviour["kind"] == "blend" for part in parts):
        raise UsageError("a blend cannot be part of a blend", hint="name the models that it is made of")
    for key in ("target", "sample_rate", "window", "fade"):
        one, other = (part.folder.behaviour[key] for part in parts)
        if one != other:
            raise UsageError(
                f"the parts differ in '{key}': {one} and {other}", hint="train both with the same settings"
            )


def _report(
    found: Mapping[str, float],
    weight: float,
    agreement: Agreement,
    presence: PresenceSettings,
    say: Callable[[str], None],
) -> None:
    say(
        f"weight {weight:.2f}; median gain {found['first']:.2f} and {found['second']:.2f} dB alone, "
        f"{found['gain']:.2f} dB together"
    )
    if found["gain"] < max(found["first"], found["second"]):
        say("in the median one part alone is better than the blend on these songs")
    if agreement.slope:
        say(
            f"turned down by {agreement.slope:g} dB for each dB that the parts lie apart: "
            f"leakage {found['averaged']:.1f} -> {found['heard']:.1f} dB in the median, "
            f"mean SDR {found['cost']:.2f} dB less"
        )
    if presence.threshold is None:
        say("no song without the target can be told from those with it: none will be called absent")
        return
    say(
        f"absent below {presence.threshold:.3f} over {presence.seconds:g} s: "
        f"{found['absent']:.0%} of the songs without the target; "
        f"leakage {found['leakage']:.1f} dB in the median"
    )


def _frames(hop: int, values: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    means = FrameMeans(hop)
    means.push(values)
    return means.finish()
