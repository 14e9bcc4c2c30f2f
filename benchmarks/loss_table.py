#!/usr/bin/env python3
"""Five losses, each training the same mel-lstm from the same seed for the same CPU time: which gains most.

usage: loss_table.py [FOLDER...] [--minutes M] [--losses NAME...] [--recipes DIR] [--work DIR] [--json]

The losses are those of `canzona.train.separation.losses`; all else is the recipe's, examples included.
`gain` is the plain SDR over the mixture's, median and mean over the held-out songs; SI-SDR forgives a
wrong level; leakage is what is heard where there is nothing to extract. `train` is the loss itself and the
loss of presence with it, the mean over the first and the last tenth of the steps. What was trained is
kept in --work for the next time.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from extraction.command import Row, decimals, missing, parser_of, skipped, table

if TYPE_CHECKING:
    from canzona.train.separation.recipe import Recipe

LIMIT_SECONDS = 4 * 3600

LOSSES = ("log-error", "normalised-mse", "l1", "multi-resolution-stft", "log-mel")


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    if reason := missing(options.folders, ["torch", "lightning"]):
        return skipped(reason, options.json)
    from extraction.ours import trained
    from extraction.songs import opened, recipe_of

    recipe = recipe_of("mel-lstm", options.recipes)
    songs = opened(options.folders, options.store or options.work / "store", recipe)
    rows = []
    for loss in options.losses:
        row, _ = trained(with_loss(recipe, loss), songs, options.minutes, options.work)
        rows.append({**row, "loss": loss})
    rows.sort(key=lambda row: -row["gain"])
    print(json.dumps(rows) if options.json else text(rows))
    return 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--losses", nargs="+", choices=LOSSES, default=LOSSES, metavar="NAME")
    return parser.parse_args(arguments)


def with_loss(recipe: Recipe, loss: str) -> Recipe:
    """The same recipe with another loss."""
    return replace(recipe, loop=replace(recipe.loop, loss=loss))


def text(rows: list[Row]) -> str:
    """The rows as a table, the best first."""
    heads = [
        "loss",
        "steps",
        "train: first",
        "last",
        "gain, dB",
        "mean gain",
        "SDR, dB",
        "SI-SDR, dB",
        "leakage, dB",
    ]
    lines = [
        [
            row["loss"], str(row["steps"]), decimals(row["first_loss"], 2), decimals(row["last_loss"], 2),
            *(decimals(row.get(name), 2) for name in ("gain", "mean_gain", "sdr", "si_sdr", "leakage")),
        ]
        for row in rows
    ]  # fmt: skip
    return table(heads, lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
