#!/usr/bin/env python3
"""The two original SynthGen recipes beside ours: the same songs, the same CPU time each.

usage: synthgen_recipes.py [FOLDER...] [--minutes M] [--ours WORK...] [--recipes DIR] [--work DIR] [--json]

SynthGen's mel LSTM stacks ten one-directional LSTM layers and regresses decibels with a mean squared
error; its sound comes from Griffin-Lim. Its encoder and decoder are six convolutions of stride 1 with a
sigmoid at the end, under a loss that is normalised over an axis of one element. Both are stated anew
from their description, faults included, and learn from the first 30 seconds of each training song in batches
of 4 with Adam at 1e-3; reading the songs costs them no time. A step of the convolutions takes
two minutes; their clips go through one by one in 5 GB of memory, and batch normalisation sees one at a time.

Ours are trained by their recipes for the same CPU time on one core; --ours takes trainings of
`canzona train extract` as they stood by then instead. The loss is each recipe's own, the mean over the
first and the last tenth of the steps; the gradients are median norms over the steps, before clipping, of
all weights and of the first layer's. SDR is the plain one, median over the held-out songs, and what says
nothing at all has 0 dB; SI-SDR, for which the level does not count, tells who says something. What was
trained is kept in --work for the next time.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extraction.command import Row, decimals, kept, missing, parser_of, say, short, skipped, table

if TYPE_CHECKING:
    from extraction.songs import Songs
    from extraction.synthgen import Original
    from extraction.training import Diary

LIMIT_SECONDS = 4 * 3600


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    if reason := missing(options.folders, ["torch", "lightning"]):
        return skipped(reason, options.json)
    from extraction.songs import opened, recipe_of

    recipe = recipe_of("mel-lstm", options.recipes)
    songs = opened(options.folders, options.store or options.work / "store", recipe)
    rows = [*theirs(songs, options), *ours(songs, options)]
    print(json.dumps(rows) if options.json else text(rows))
    return int(max(row["gain"] for row in rows[:2]) >= min(row["gain"] for row in rows[2:]))


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--ours", nargs="*", default=[], type=Path, metavar="WORK", help="trainings")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each song that SynthGen learns from")
    return parser.parse_args(arguments)


def theirs(songs: Songs, options: argparse.Namespace) -> list[Row]:
    """A row for each of the two original recipes."""
    import torch
    from extraction.synthgen import MelLstm, Waveform

    torch.set_num_threads(1)
    rows = []
    for name, make in (("SynthGen mel LSTM", MelLstm), ("SynthGen waveform", Waveform)):
        setting = [songs.setting, options.minutes, options.seconds]

        def measure(name: str = name, make: type[Original] = make) -> Row:
            torch.manual_seed(1)
            return {"kind": name, **learnt_and_measured(make(), songs, options)}

        rows.append(kept(options.work, name.lower().replace(" ", "-"), setting, measure))
    return rows


def learnt_and_measured(recipe: Original, songs: Songs, options: argparse.Namespace) -> Row:
    from extraction.measure import measured

    from canzona.train.separation.validation import summary

    say(f"{type(recipe).__name__} of SynthGen: {options.minutes:g} minutes")
    diary = learnt(recipe, songs, options.minutes, options.seconds)
    rate = songs.stores[0].sample_rate
    found = measured(songs.held_out, lambda mixture: recipe.separate(mixture, rate))
    return {**diary.facts(), **summary(found), "songs": found}


def learnt(recipe: Original, songs: Songs, minutes: float, seconds: float) -> Diary:
    """Train one of the original recipes in place."""
    import numpy as np
    import torch
    from extraction.synthgen import BATCH, LEARNING_RATE, with_target
    from extraction.training import Diary

    optimizer = torch.optim.Adam(recipe.network.parameters(), LEARNING_RATE)
    random = np.random.default_rng(1)
    diary = Diary(minutes)
    chosen = with_target(songs)
    while not diary.is_over:
        order = [chosen[place] for place in random.permutation(len(chosen))]
        for first in range(0, len(order), BATCH):
            step(recipe, songs, order[first : first + BATCH], seconds, optimizer, diary)
            if diary.is_over:
                break
    return diary


def step(
    recipe: Original, songs: Songs, batch: list[Any], seconds: float, optimizer: Any, diary: Diary
) -> None:
    """One step, the clips going through as many at once as the recipe's memory allows."""
    import torch
    from extraction.synthgen import RATE, beginning

    recipe.network.train()
    optimizer.zero_grad()
    total = 0.0
    for first in range(0, len(batch), recipe.at_once):
        part = batch[first : first + recipe.at_once]
        pairs = [recipe.pair(*beginning(songs, song, seconds), round(seconds * RATE)) for song in part]
        seen, wanted = (torch.stack(side) for side in zip(*pairs, strict=True))
        with diary.running():
            loss = recipe.loss(recipe.network(seen), wanted) * (len(part) / len(batch))
            loss.backward()
            total += float(loss.detach())
    with diary.running():
        diary.gradients(recipe.network, recipe.first)
        optimizer.step()
    diary.losses.append(total)


def ours(songs: Songs, options: argparse.Namespace) -> list[Row]:
    """A row for each of our networks, or for each training that is named."""
    from extraction.ours import at_minutes, trained
    from extraction.songs import recipe_of

    if options.ours:
        return [at_minutes(folder, options.minutes) for folder in options.ours]
    kinds = ("mel-lstm", "waveform")
    found = [
        trained(recipe_of(kind, options.recipes), songs, options.minutes, options.work)[0] for kind in kinds
    ]
    return [{**row, "kind": f"Canzona {row['kind']}"} for row in found]


def text(rows: list[Row]) -> str:
    """The rows as a table, with silence, the mixture and the oracle for comparison."""
    heads = [
        "", "minutes", "steps", "loss: first", "last", "gradient", "first layer",
        "SDR, dB", "SI-SDR, dB", "gain, dB",
    ]  # fmt: skip
    lines = [
        [
            row["kind"], decimals(row["minutes"]), str(row["steps"]),
            *(short(row.get(name)) for name in ("first_loss", "last_loss", "gradient", "first_gradient")),
            *(decimals(row.get(name)) for name in ("sdr", "si_sdr", "gain")),
        ]
        for row in rows
    ]  # fmt: skip
    mixture, oracle = rows[0]["mixture"], rows[0]["oracle"]
    for name, sdr, gain in (
        ("silence", 0.0, -mixture),
        ("mixture", mixture, 0.0),
        ("ideal ratio mask", oracle, None),
    ):
        lines.append([name, *"------", decimals(sdr), "-", decimals(gain)])
    return table(heads, lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
