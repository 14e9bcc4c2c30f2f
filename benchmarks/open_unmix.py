#!/usr/bin/env python3
"""Open-Unmix beside ours: the same songs, the same CPU time (bar: ours ahead).

usage: open_unmix.py [FOLDER...] [--minutes M] [--ours WORK...] [--recipes DIR] [--work DIR] [--json]

The network class and the separator are those of PyPI's openunmix. It learns by its own recipe: 6 s crops in
batches of 16, sources from different songs at random gains and with their channels swapped, mean
squared error of magnitudes, Adam at 1e-3, inputs scaled by the statistics of the songs, which cost it no
time, nor does its validation. What it estimates is the magnitude; the phase is the mixture's.

Ours learn by their recipes for the same CPU time on one core, the making of examples included:
mel-lstm, and the blend, whose two networks have half of the time each and are averaged with equal
weights; --ours takes trainings of `canzona train extract` as they stood by then instead. The figures
are medians over the held-out songs, SDR is the plain one. What was trained is kept in --work for the next
time.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from extraction.command import Row, decimals, kept, missing, parser_of, say, skipped, table

if TYPE_CHECKING:
    from extraction.songs import Songs

LIMIT_SECONDS = 4 * 3600


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    if reason := missing(options.folders, ["torch", "lightning", "openunmix"]):
        return skipped(reason, options.json)
    from extraction.songs import opened, recipe_of

    recipe = recipe_of("mel-lstm", options.recipes)
    songs = opened(options.folders, options.store or options.work / "store", recipe)
    rows = [theirs(songs, options), *ours(songs, options)]
    print(json.dumps(rows) if options.json else text(rows))
    return int(any(row["gain"] <= rows[0]["gain"] for row in rows[1:]))


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = parser_of(__doc__)
    parser.add_argument("--ours", nargs="*", default=[], type=Path, metavar="WORK", help="trainings")
    parser.add_argument("--hidden", type=int, default=512, help="units of Open-Unmix")
    parser.add_argument("--batch", type=int, default=16, help="examples in a batch of Open-Unmix")
    return parser.parse_args(arguments)


def theirs(songs: Songs, options: argparse.Namespace) -> Row:
    """Open-Unmix after its time."""
    from extraction.measure import measured
    from extraction.umx import learnt, separate

    from canzona.train.separation.validation import summary

    def make() -> Row:
        say(f"Open-Unmix: {options.minutes:g} minutes")
        diary, network = learnt(songs, options.minutes, hidden=options.hidden, size=options.batch)
        found = measured(songs.held_out, lambda mixture: separate(network, songs.target, mixture))
        size = sum(weight.numel() for weight in network.parameters())
        return {
            "kind": "Open-Unmix", "parameters": size, **diary.facts(), **summary(found), "songs": found,
        }  # fmt: skip

    setting = [songs.setting, options.minutes, options.hidden, options.batch]
    return kept(options.work, "open-unmix", setting, make)


def ours(songs: Songs, options: argparse.Namespace) -> list[Row]:
    """mel-lstm and the blend, or the trainings that are named."""
    from extraction.ours import at_minutes, blended, trained
    from extraction.songs import recipe_of

    if options.ours:
        return [at_minutes(folder, options.minutes) for folder in options.ours]
    recipes = [recipe_of(kind, options.recipes) for kind in ("mel-lstm", "waveform")]
    alone, _ = trained(recipes[0], songs, options.minutes, options.work)
    both = blended(recipes, songs, options.minutes, options.work)
    return [{**row, "kind": f"Canzona {row['kind']}"} for row in (alone, both)]


def text(rows: list[Row]) -> str:
    """The rows as a table."""
    heads = ["", "minutes", "steps", "gain, dB", "mean gain", "SDR, dB", "SI-SDR, dB", "leakage, dB"]
    names = ("gain", "mean_gain", "sdr", "si_sdr", "leakage")
    lines = [
        [row["kind"], decimals(row["minutes"]), str(row.get("steps", "-"))]
        + [decimals(row.get(name), 2) for name in names]
        for row in rows
    ]
    return table(heads, lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
