#!/usr/bin/env python3
"""Kern files read in a second of CPU time, beside music21 (bar: 25 times as many; goal: 40).

usage: kern_reading.py [FOLDER] [--files N]

Both read the same files from disk, in turns of twenty-five, in one process and on one thread;
music21 without its cache of parsed files, Canzona with an empty table of tokens. Both results
are compared: the length in quarter notes of every file has to agree. FOLDER holds .krn files
(default: the Essen collection in `shared` beside the repository); N of them, evenly spread, are
read by both (default 300), and all of them by Canzona alone. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from canzona import __version__
from canzona.score import format_named, read

BAR = 25
TURN = 25
ESSEN = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "essen"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ESSEN)
    parser.add_argument("--files", type=int, default=300)
    options = parser.parse_args(arguments)
    paths = sorted(options.folder.rglob("*.krn"))
    if not paths:
        print(json.dumps({"skipped": f"no .krn files under {options.folder.name}"}))
        return 0
    try:
        import music21
    except ImportError:
        print(json.dumps({"skipped": "music21 is not installed"}))
        return 0
    warnings.simplefilter("ignore")
    logging.disable()

    def peer(path: Path) -> float:
        return float(music21.converter.parse(str(path), forceSource=True).duration.quarterLength)

    def ours(path: Path) -> float:
        return float(read(path).duration)

    format_named("kern")
    peer(paths[0])
    chosen = paths[:: max(1, len(paths) // options.files)][: options.files]
    result = beside(chosen, ours, peer)
    begin = time.process_time()
    for path in paths:
        read(path)
    result["canzona_whole_folder"] = round(len(paths) / (time.process_time() - begin))
    versions = {"canzona": __version__, "music21": music21.__version__}
    print(json.dumps({"files": len(chosen), **result, "folder_files": len(paths), "versions": versions}))
    return int(result["times"] < BAR or result["lengths_differ"] > 0)


def beside(
    paths: list[Path], ours: Callable[[Path], float], peer: Callable[[Path], float]
) -> dict[str, float]:
    """Files a second of both readers, how many times as many, and the files whose lengths differ."""
    spent = {"canzona": 0.0, "music21": 0.0}
    differ = 0
    for first in range(0, len(paths), TURN):
        turn = paths[first : first + TURN]
        lengths = {}
        for name, reader in (("canzona", ours), ("music21", peer)):
            begin = time.process_time()
            lengths[name] = [reader(path) for path in turn]
            spent[name] += time.process_time() - begin
        pairs = zip(lengths["canzona"], lengths["music21"], strict=True)
        differ += sum(abs(one - other) > 1e-3 for one, other in pairs)
    rates = {name: len(paths) / seconds for name, seconds in spent.items()}
    return {
        "canzona_files_per_s": round(rates["canzona"]),
        "music21_files_per_s": round(rates["music21"], 1),
        "times": round(rates["canzona"] / rates["music21"], 1),
        "lengths_differ": differ,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
