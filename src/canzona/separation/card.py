"""The card of an extractor, from its evaluations.

Its headings are those of the two model cards that this job grew out of, so that whoever reads them side by
side finds the same questions answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from canzona.evaluation.card import Headings, cell, model_card, record_of, with_record
from canzona.models.folder import CARD, ModelFolder, update_card

HEADINGS: Headings = (
    (2, "Model Details", "description"),
    (3, "How it works", "procedure"),
    (3, "Preprocessing", "preprocessing"),
    (3, "Settings of the training", "hyperparameters"),
    (3, "Sizes and times", "sizes"),
    (2, "Intended Use", "uses"),
    (3, "How to get started", "get_started"),
    (3, "How to fine-tune", "downstream"),
    (3, "Out-of-scope uses", "out_of_scope"),
    (2, "Training Data", "data"),
    (2, "Evaluation Data", "testing_data"),
    (2, "Performance Measures", "metrics"),
    (3, "Results", "results"),
    (3, "Songs", "songs"),
    (3, "Side by side", "comparisons"),
    (2, "Ethical Considerations", "ethics"),
    (2, "Limitations and Biases", "risks"),
    (3, "Known failures", "failures"),
    (2, "Maintenance", "maintenance"),
    (2, "Caveats and Recommendations", "recommendations"),
    (2, "Licence and Citation", "citation"),
)

_FEW = 3
"""Songs that are named as examples of a kind of failure."""


def write_card(
    model: ModelFolder, report: Mapping[str, Any], *, command: str, tables: Sequence[str] = ()
) -> ModelFolder:
    """Write the card from a new evaluation and those that it showed before, the newest of each command.

    Parameters
    ----------
    model : the model's folder.
    report : plain values of `canzona.separation.evaluate.evaluate`.
    command : what made the report.
    tables : Markdown to show as comparisons instead of what the card showed; none leaves that as it is.
    """
    card = model.file(CARD).read_text("utf-8", errors="replace") if CARD in model.files else ""
    found = record_of(card)
    kept = found if isinstance(found, dict) else {}
    reports = [row for row in kept.get("reports", []) if row.get("command") != command]
    reports.append({"title": _title(report), "command": command, **report})
    shown = list(tables) or list(kept.get("tables", []))
    size = sum((model.path / name).stat().st_size for name in model.files)
    texts = {**model.config.get("card", {}), "songs": "\n\n".join(map(_songs, reports))}
    texts["failures"] = "\n\n".join(filter(None, (texts.get("failures"), *map(_worst, reports))))
    texts["hyperparameters"] = _fit(model.config.get("training", {}))
    if shown:
        texts["comparisons"] = "\n\n".join(shown)
    text = model_card(
        {**model.config, "card": texts},
        [{key: value for key, value in row.items() if key != "songs"} for row in reports],
        model_hash=model.hash,
        size=size,
        headings=HEADINGS,
        tags=("audio", "source-separation"),
        counted="minutes",
    )
    return update_card(model, with_record(text, {"reports": reports, "tables": shown}))


def _fit(training: Mapping[str, Any]) -> str:
    """What a blend does on the songs that it is fitted on, with what it costs; nothing for a network."""
    found = training.get("validation", {})
    if "cost" not in found:
        return ""
    said = (
        f"On {len(training['fitted_on'])} songs that the parts have not learnt, with their rests: median gain"
        f" {found['gain']:.1f} dB, of the parts alone {found['first']:.1f} and {found['second']:.1f} dB."
    )
    if "leakage" not in found:
        return said
    return (
        f"{said} Leakage without the target, in the median: averaged {found['averaged']:.1f} dB; turned down"
        f" where the parts disagree {found['heard']:.1f} dB, for {found['cost']:.2f} dB of mean SDR where the"
        f" target sounds; with the verdict 'absent', passed on {found['absent']:.0%} of them,"
        f" {found['leakage']:.1f} dB. No song with the target is called absent."
    )


def _title(report: Mapping[str, Any]) -> str:
    count = len(report["songs"])
    return f"{count} songs, {report['with_target']} of them with '{report['target']}'"


def _worst(report: Mapping[str, Any]) -> str:
    """The songs in which least was won and most leaked, by name: what a failure sounds like."""
    gains, leaks = [], []
    for song in report["songs"]:
        if song["mixture"]["sdr"] is not None:
            gains.append((song["estimate"]["sdr"] - song["mixture"]["sdr"], song["name"]))
        if song["leakage_db"] is not None:
            leaks.append((song["leakage_db"], song["name"]))
    said = [
        f"{words} in " + ", ".join(f"`{name}` ({value:.1f} dB)" for value, name in found[:_FEW])
        for words, found in (("least was gained", sorted(gains)), ("most leaked", sorted(leaks)[::-1]))
        if found
    ]
    return f"Of the {_title(report)}, {'; '.join(said)}." if said else ""


def _songs(report: Mapping[str, Any]) -> str:
    """A row a song."""
    lines = [
        f"`{report['command']}`",
        "",
        "| song | mixture SDR | estimate SDR | SI-SDR | oracle SDR | leakage | status |",
        "|---|---|---|---|---|---|---|",
    ]
    for song in report["songs"]:
        figures = (
            song["mixture"]["sdr"], song["estimate"]["sdr"], song["estimate"]["si_sdr"],
            song["oracle_irm"]["sdr"], song["leakage_db"],
        )  # fmt: skip
        cells = ["" if value is None else f"{value:.1f}" for value in figures]
        lines.append(f"| {cell(' '.join(song['name'].split()))} | {' | '.join(cells)} | {song['status']} |")
    return "\n".join(lines)
