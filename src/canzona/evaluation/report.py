"""An evaluation's figures as one JSON object.

Keys stay in the order in which they were put in, floats are rounded to six significant
digits, NumPy's numbers become Python's, and what is no number (NaN, infinity) becomes null, so
that any JSON reader takes the report. An `Interval` stands in a report as its value; all
intervals stand together under `intervals`, by dotted key, as [low, high].
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from canzona.evaluation.bootstrap import Interval

DIGITS = 6


def report_text(figures: Mapping[str, Any]) -> str:
    """The report as JSON text with a newline at its end.

    Parameters
    ----------
    figures : nested mappings and sequences of numbers, texts, None and `Interval`.
    """
    return json.dumps(report_values(figures), ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def report_values(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The report as plain JSON values, with `intervals` at the end where there are any."""
    values = {str(key): _plain(value) for key, value in figures.items()}
    intervals = {
        key: [_plain(value.low), _plain(value.high)]
        for key, value in _leaves(figures, "")
        if isinstance(value, Interval)
    }
    return values | {"intervals": intervals} if intervals else values


def flatten(report: Mapping[str, Any]) -> dict[str, Any]:
    """Figures of a report by dotted key ('bits_per_note.total'), `intervals` left out."""
    return {key: value for key, value in _leaves(report, "") if not key.startswith("intervals.")}


def _leaves(value: object, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from _leaves(part, f"{key}.{name}" if key else str(name))
    else:
        yield key, value


def _plain(value: object) -> Any:
    if isinstance(value, Interval):
        return _plain(value.value)
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return _rounded(float(value))
    return value


def _rounded(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
