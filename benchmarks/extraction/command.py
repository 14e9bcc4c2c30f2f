"""Options of these benchmarks, what they skip, what they keep, and how they print.

Imported before NumPy and torch, it sets one thread for all of them: times are those of one core.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"

ROOT = Path(__file__).resolve().parent.parent.parent
STEMS = ROOT.parent / "shared" / "data" / "stems"
RECIPES = ROOT / "recipes" / "first"
WORK = ROOT / "benchmarks" / "extraction.work"
MINUTES = 15.0

Row = dict[str, Any]


def parser_of(words: str | None) -> argparse.ArgumentParser:
    """A parser with the options that all trainings share."""
    parser = argparse.ArgumentParser(description=words, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "folders",
        nargs="*",
        type=Path,
        default=[STEMS],
        help="folders of stems, rendered ones after the others",
    )
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of CPU time for each training")
    parser.add_argument(
        "--recipes",
        type=Path,
        default=RECIPES,
        help="folder of mel-lstm.toml and waveform.toml, if they are there",
    )
    parser.add_argument(
        "--work", type=Path, default=WORK, help="what is done already, kept for the next time"
    )
    parser.add_argument("--store", type=Path, help="decoded songs (default: in the work folder)")
    parser.add_argument("--json", action="store_true")
    return parser


def missing(folders: Iterable[Path], packages: Sequence[str]) -> str:
    """Why a benchmark cannot be run; empty where it can."""
    for name in packages:
        if importlib.util.find_spec(name) is None:
            return f"{name} is not installed"
    for folder in folders:
        if not folder.is_dir():
            return f"there is no folder {folder}"
    return ""


def skipped(reason: str, as_json: bool) -> int:
    """Print that nothing was measured; the exit code."""
    print(json.dumps({"skipped": reason}) if as_json else f"skipped: {reason}")
    return 0


def say(words: str) -> None:
    """What goes on, for whoever waits."""
    print(words, file=sys.stderr)


def kept(work: Path, name: str, setting: object, make: Callable[[], Row]) -> Row:
    """What was measured with the same setting before, or is measured now and kept."""
    path = work / f"{name}-{digest(setting)}.json"
    if path.exists():
        held: Row = json.loads(path.read_text(encoding="utf-8"))
        return held
    found = make()
    work.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(found), encoding="utf-8")
    draft.replace(path)
    return found


def digest(setting: object) -> str:
    """Twelve letters that stand for a setting."""
    return hashlib.sha256(json.dumps(setting, sort_keys=True).encode()).hexdigest()[:12]


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with its columns aligned, the first to the left."""
    lines = [list(heads), *(list(row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines.insert(1, rule)
    return "\n".join(
        "| " + " | ".join(cell.rjust(width) if place else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(line, widths, strict=True))) + " |"
        for line in lines
    )  # fmt: skip


def decimals(value: float | None, places: int = 1) -> str:
    """A number with so many decimals, a sign where it is below zero; '-' for none."""
    if value is None:
        return "-"
    return f"{value:.{places}f}" if math.isfinite(value) else str(value)


def short(value: float | None) -> str:
    """A number of any size with three digits; '-' for none."""
    return "-" if value is None else f"{value:.3g}"
