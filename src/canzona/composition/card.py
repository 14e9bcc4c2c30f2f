"""The card of a composer, from its evaluations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from canzona.composition.model import ComposerModel
from canzona.evaluation.card import model_card, record_of, with_record
from canzona.models.folder import CARD, ModelFolder, update_card


def write_card(
    model: ComposerModel,
    reports: Sequence[Mapping[str, Any]],
    *,
    command: str,
    seconds: Sequence[float] = (),
) -> ModelFolder:
    """Write the card from new evaluations and those that it showed before, newest of each command last.

    `seconds` of processor time that each evaluation took go into the card alone: reports repeat, times
    do not.
    """
    folder = model.folder
    card = folder.file(CARD).read_text("utf-8", errors="replace") if CARD in folder.files else ""
    held = [report for report in _held(card) if report.get("command") != command]
    held += [
        {"title": _title(report), "command": command, **report, **_speed(report, spent)}
        for report, spent in zip_longest(reports, seconds)
    ]
    size = sum((folder.path / name).stat().st_size for name in folder.files)
    text = model_card(folder.config, held, model_hash=folder.hash, size=size)
    return update_card(folder, with_record(text, held))


def _held(card: str) -> list[dict[str, Any]]:
    """The evaluations that a card carries in a comment at its end."""
    found = record_of(card)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _speed(report: Mapping[str, Any], seconds: float | None) -> dict[str, int]:
    """Notes scored, or composed and described, a second of processor time, reading included."""
    notes = report.get("notes", report.get("notes_composed", 0))
    return {"notes_per_cpu_second": round(notes / seconds)} if seconds and notes else {}


def _title(report: Mapping[str, Any]) -> str:
    if "samples" in report:
        return f"{report['samples']} composed tunes"
    return f"{report['tunes']} tunes, {report['notes']} notes"
