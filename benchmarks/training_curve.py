#!/usr/bin/env python3
"""What more training brings: SDR against minutes of training, minutes of song, and where those come from.

usage: training_curve.py [FOLDER...] [--curves WORK...] [--shares S...] [--minutes M] [--picture FILE]
                         [--recipes DIR] [--work DIR] [--json]

The first table reads the curves that `canzona train extract` writes into its work folders (--curves; by
default those of the models that come along, which lie in benchmarks/curves): median and mean gain over the
mixture on the held-out songs after a quarter, a half and all of its minutes of CPU time, and where the mean
gain was highest.

For the second, mel-lstm learns for the same CPU time from the first FOLDER and growing shares of the others,
chosen by the hash of the songs' names, each share within the next; then from the first and one of the others,
to tell what each source brings. Both are drawn into --picture. What was trained is kept in --work for the
next time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from extraction.command import ROOT, Row, decimals, missing, parser_of, skipped, table

if TYPE_CHECKING:
    from extraction.songs import Songs

    from canzona.train.separation.store import Store

LIMIT_SECONDS = 4 * 3600

SHARES = (0.125, 0.25, 0.5, 1.0)
CURVES = ROOT / "benchmarks" / "curves"
PICTURE = ROOT / "docs" / "images" / "extract-curve.png"

FIGURES = ("gain", "mean_gain", "sdr", "leakage")


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    if reason := missing([*options.folders, *options.curves], ["torch", "lightning", "matplotlib"]):
        return skipped(reason, options.json)
    from extraction.songs import opened, recipe_of

    curves = {folder.name.removesuffix(".work"): points_of(folder) for folder in options.curves}
    rows: list[Row] = []
    if options.shares:
        recipe = recipe_of("mel-lstm", options.recipes)
        songs = opened(options.folders, options.store or options.work / "store", recipe)
        rows = [*by_share(songs, options), *by_source(songs, options)]
    if any(curves.values()) or rows:
        options.picture.write_bytes(picture(curves, rows))
    found = {"curves": curves, "shares": rows}
    print(json.dumps(found) if options.json else text(curves, rows, options.minutes))
    return 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = parser_of(__doc__)
    there = sorted(path.parent for path in CURVES.glob("*/curves.csv"))
    parser.add_argument("--curves", nargs="*", type=Path, default=there, metavar="WORK", help="trainings")
    parser.add_argument("--shares", nargs="*", type=float, default=SHARES, metavar="S", help="0 to 1")
    parser.add_argument("--picture", type=Path, default=PICTURE)
    return parser.parse_args(arguments)


def points_of(folder: Path) -> list[Row]:
    """Of each epoch of a training the CPU minutes, and what it had reached by then."""
    from extraction.ours import curve

    names = ("cpu_minutes", *FIGURES)
    rows = [row for row in curve(folder) if "gain" in row]
    return [{name: row[name] for name in names if name in row} for row in rows]


def by_share(songs: Songs, options: argparse.Namespace) -> list[Row]:
    """A row for each share of the folders behind the first, or of the only one."""
    shared = songs.stores[1:] or songs.stores
    rows = []
    for share in sorted(options.shares):
        lacking = {name for store in shared for name in left_out(songs, store, share)}
        rows.append(row_of(songs, lacking, options) | {"share": share, "source": ""})
    return rows


def by_source(songs: Songs, options: argparse.Namespace) -> list[Row]:
    """A row for each folder behind the first, with the first; none where there are not several."""
    rows = []
    for folder, store in zip(options.folders[1:], songs.stores[1:], strict=True):
        if len(songs.stores) > 2:
            others = (other for other in songs.stores[1:] if other is not store)
            lacking = {name for other in others for name in left_out(songs, other, 0.0)}
            rows.append(row_of(songs, lacking, options) | {"share": None, "source": folder.resolve().name})
    return rows


def row_of(songs: Songs, lacking: set[str], options: argparse.Namespace) -> Row:
    """What is learnt without some of the songs."""
    from extraction.ours import trained
    from extraction.songs import recipe_of

    fewer = songs.without(lacking)
    row, _ = trained(recipe_of("mel-lstm", options.recipes), fewer, options.minutes, options.work)
    return {**row, "song_minutes": fewer.minutes, "songs_learnt": len(fewer.training)}


def left_out(songs: Songs, store: Store, share: float) -> set[str]:
    """Names of the songs of a folder that a share of it lacks."""
    names = sorted(
        (store.songs[number].name for each, number in songs.training if each is store),
        key=lambda name: hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest(),
    )
    return set(names[round(share * len(names)) :])


def text(curves: dict[str, list[Row]], rows: list[Row], minutes: float) -> str:
    """Both tables; what was not measured is left out."""
    parts = []
    units = ["gain, dB", "mean gain", "SDR, dB", "leakage, dB"]
    if any(curves.values()):
        lines = [
            [
                f"{name}, {word}",
                decimals(row["cpu_minutes"], 0),
                *(decimals(row.get(key), 2) for key in FIGURES),
            ]
            for name, points in curves.items()
            for word, row in landmarks(points)
        ]
        parts.append(table(["training", "CPU minutes", *units], lines))
    if rows:
        lines = [
            [row["source"] or f"{row['share']:g}", str(row["songs_learnt"]), decimals(row["song_minutes"], 0)]
            + [decimals(row.get(key), 2) for key in FIGURES]
            for row in rows
        ]
        found = table(["share, or source", "songs", "minutes of song", *units], lines)
        parts.append(f"mel-lstm after {minutes:g} minutes of CPU time\n\n{found}")
    return "\n\n".join(parts) or "nothing measured: no --curves, no --shares"


def landmarks(points: list[Row]) -> list[tuple[str, Row]]:
    """A few epochs of a training, each with its word."""
    if not points:
        return []
    last = points[-1]["cpu_minutes"]
    chosen = {
        word: min(points, key=lambda row: abs(row["cpu_minutes"] - part * last))
        for word, part in (("a quarter", 0.25), ("half", 0.5), ("all", 1.0))
    }
    return [*chosen.items(), ("highest mean gain", max(points, key=lambda row: row["mean_gain"]))]


def picture(curves: dict[str, list[Row]], rows: list[Row]) -> bytes:
    """Gain over minutes of training, and over minutes of song, as PNG; one panel where one is known."""
    import io

    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    both = ((_over_training, curves, any(curves.values())), (_over_song, rows, bool(rows)))
    drawn = [(draw, known) for draw, known, there in both if there]
    figure, panels = pyplot.subplots(
        1, len(drawn), figsize=(4.6 * len(drawn), 3.6), sharey=True, squeeze=False, layout="constrained"
    )
    for (draw, known), axes in zip(drawn, panels[0], strict=True):
        draw(axes, known)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small", frameon=False)
    panels[0][0].set_ylabel("gain over the mixture, dB")
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=150, metadata={"Software": None})
    pyplot.close(figure)
    return data.getvalue()


def _over_training(axes: Any, curves: dict[str, list[Row]]) -> None:
    for number, (name, points) in enumerate(curves.items()):
        minutes = [row["cpu_minutes"] for row in points]
        means, medians = ([row[key] for row in points] for key in ("mean_gain", "gain"))
        axes.plot(minutes, means, color=f"C{number}", label=f"{name}, mean")
        axes.plot(minutes, medians, color=f"C{number}", alpha=0.4, linewidth=1, label=f"{name}, median")
    axes.set_xlabel("CPU minutes of training")


def _over_song(axes: Any, rows: list[Row]) -> None:
    rows = [row for row in rows if not row["source"]]
    sizes = [row["song_minutes"] for row in rows]
    axes.plot(sizes, [row["mean_gain"] for row in rows], "o-", color="C7", label="mel-lstm, mean")
    axes.plot(sizes, [row["gain"] for row in rows], "o:", color="C7", alpha=0.6, label="mel-lstm, median")
    axes.set_xlabel("minutes of song to learn from")
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:.0f}" for size in sizes])
    axes.set_xticks([], minor=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
