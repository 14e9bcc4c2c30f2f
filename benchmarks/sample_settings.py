#!/usr/bin/env python3
"""Composed tunes under several settings: how predictable, how original, how they end.

usage: sample_settings.py [--models NAME|DIR...] [--tunes N] [--json]

For each model and setting N tunes (default 300) of seed 1: bits a note under the model (unseen songs:
see the model's card), the share that ends on the tonic, the longest run shared with a training tune
(median and 90th percentile, in notes), and the least of the three overlaps with the training tunes
(pitches, intervals, durations). The last row of a model is its training tunes; no bar is set.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from canzona import compose
from canzona.composition.model import ComposerModel
from canzona.composition.samples import KINDS, sample_figures

SETTINGS: tuple[dict[str, Any], ...] = (
    {}, {"top_p": 1.0}, {"temperature": 0.9}, {"bars": 8}, {"bars": 16}, {"bars": 32},
)  # fmt: skip


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["folk", "essen"])
    parser.add_argument("--tunes", type=int, default=300)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    rows = [row for name in options.models for row in measured(ComposerModel.open(name), options.tunes)]
    print(json.dumps(rows) if options.json else table(rows))
    return 0


def measured(model: ComposerModel, tunes: int) -> Iterator[dict[str, Any]]:
    """A row for each setting, and one for the training tunes."""
    for settings in SETTINGS:
        written = compose(model=model, count=tunes, seed=1, **settings)
        found = sample_figures([each.tune for each in written], model.human, model.index)
        yield {
            "model": model.folder.name,
            "settings": " ".join(f"{name}={value}" for name, value in settings.items()) or "default",
            "bits_per_note": sum(each.bits_per_note for each in written) / tunes,
            "ends_on_tonic": found["ends_on_tonic"],
            "longest_copy": found["longest_copy"],
            "overlap": min(found[f"{kind}_overlap"] for kind in KINDS),
        }
    human = found["training"]
    yield {
        "model": model.folder.name, "settings": "training tunes", "bits_per_note": None,
        "ends_on_tonic": human["ends_on_tonic"], "longest_copy": human["longest_copy"], "overlap": 1.0,
    }  # fmt: skip


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as text."""
    names = "settings", "bits a note", "on tonic", "copy", "p90", "overlap"
    lines = ["{:8} {:16} {:>11} {:>9} {:>6} {:>4} {:>8}".format("model", *names)]
    for row in rows:
        bits = "-" if row["bits_per_note"] is None else f"{row['bits_per_note']:.2f}"
        copy = row["longest_copy"]
        lines.append(
            f"{row['model']:8} {row['settings']:16} {bits:>11} {row['ends_on_tonic']:9.1%} "
            f"{copy['median']:6.0f} {copy['p90']:4.0f} {row['overlap']:8.3f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
