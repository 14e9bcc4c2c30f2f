#!/usr/bin/env python3
"""museval's figures (BSS Eval version 4) beside our plain SDR, for a model's estimates of songs held out.

usage: museval_beside.py [FOLDER...] [--model NAME|DIR] [--recipes DIR] [--work DIR] [--store DIR] [--json]

museval forgives a distortion filter of 512 taps and takes the median over frames of one second; ours is
target energy over error energy of the whole song, both channels, nothing forgiven. The two sources are
the model's target and the rest, the songs those that its training held out, each extracted by
`canzona.extract`. Frames in which a source is silent have no figure, nor has a song that was judged to
lack the target. What was measured is kept in --work for the next time.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from extraction.command import RECIPES, STEMS, WORK, Row, decimals, kept, missing, say, skipped, table

if TYPE_CHECKING:
    from canzona.separation.model import SeparationModel
    from canzona.train.separation.recipe import Recipe
    from canzona.train.separation.validation import ValidationSong

FIGURES = ("sdr", "museval_sdr", "museval_isr", "museval_sir", "museval_sar")


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    if reason := missing(options.folders, ["torch", "lightning", "museval"]):
        return skipped(reason, options.json)
    from extraction.songs import opened, recipe_of

    from canzona.errors import CanzonaError
    from canzona.separation.model import SeparationModel

    try:
        model = SeparationModel.open(options.model)
    except CanzonaError as error:
        return skipped(error.message, options.json)
    recipe = split_of(model, recipe_of("mel-lstm", options.recipes))
    songs = opened(options.folders, options.store or options.work / "store", recipe)
    rows = [row for row in (figures(song, model, options.work) for song in songs.held_out) if row]
    print(json.dumps(rows) if options.json else text(rows))
    return 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path, default=[STEMS], help="folders of stems")
    parser.add_argument("--model", default="blend")
    parser.add_argument("--recipes", type=Path, default=RECIPES, help="where the model names no songs")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args(arguments)


def split_of(model: SeparationModel, recipe: Recipe) -> Recipe:
    """The recipe with the songs held out that the model's training held out."""
    held = [set(part.config.get("training", {}).get("held_out", ())) for part, _ in model.parts]
    names = tuple(sorted(set.intersection(*held))) or recipe.training.validation
    return replace(recipe, training=replace(recipe.training, target=model.stems[0], validation=names))


def figures(song: ValidationSong, model: SeparationModel, work: Path) -> Row | None:
    """Both kinds of figures of a song; None where it lacks the target."""
    if song.mixture_sdr is None:
        return None
    return kept(work, "museval", [model.folder.hash, song.name], lambda: measured(song, model))


def measured(song: ValidationSong, model: SeparationModel) -> Row:
    import museval
    import numpy as np

    import canzona
    from canzona.separation.metrics import sdr

    mixture, target = song.signals()
    rate = song.store.sample_rate
    say(f"{song.name}: {mixture.shape[1] / rate:.0f} s")
    found = canzona.extract(mixture, sample_rate=rate, model=model)
    row: Row = {"song": song.name, "status": found.status, "mixture": song.mixture_sdr}
    row |= {"sdr": sdr(target, found.synth)}
    if found.status == "absent":
        return row
    references = np.stack([target.T, (mixture - target).T]).astype(np.float64)
    estimates = np.stack([found.synth.T, found.rest.T]).astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frames = museval.evaluate(references, estimates, win=rate, hop=rate)
    for name, values in zip(("sdr", "isr", "sir", "sar"), frames, strict=True):
        known = values[0][np.isfinite(values[0])]
        row[f"museval_{name}"] = float(np.median(known)) if len(known) else None
    return row


def text(rows: list[Row]) -> str:
    """The rows as a table, with the medians over songs below."""
    heads = ["song", "SDR, dB", "museval SDR", "ISR", "SIR", "SAR", "status"]
    lines = [[row["song"], *(decimals(row.get(name), 2) for name in FIGURES), row["status"]] for row in rows]
    known = {name: [row[name] for row in rows if row.get(name) is not None] for name in FIGURES}
    middle = [decimals(median(values), 2) if values else "-" for values in known.values()]
    return table(heads, [*lines, [f"median of {len(rows)}", *middle, ""]])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
