"""A model's card: Markdown with the headings of a Hugging Face model card.

(Mitchell et al., Model Cards for Model Reporting, 2019; the headings are those of the
template that the Hugging Face hub documents.) Texts come from the model's config, figures
from evaluation reports, each with the command that made it. Nothing is written by hand, so a
card cannot say more than was measured; what a config does not state is said to be not stated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from canzona.evaluation.report import flatten

NOT_STATED = "Not stated."

Headings = tuple[tuple[int, str, str], ...]
"""Level, heading and key of each part; a heading without a key has only its parts below it."""

HEADINGS: Headings = (
    (2, "Model Details", ""),
    (3, "Model Description", "description"),
    (3, "Model Sources", "sources"),
    (2, "Uses", ""),
    (3, "Direct Use", "uses"),
    (3, "Downstream Use", "downstream"),
    (3, "Out-of-Scope Use", "out_of_scope"),
    (2, "Bias, Risks, and Limitations", "risks"),
    (3, "Recommendations", "recommendations"),
    (2, "How to Get Started with the Model", "get_started"),
    (2, "Training Details", ""),
    (3, "Training Data", "data"),
    (3, "Training Procedure", "procedure"),
    (4, "Preprocessing", "preprocessing"),
    (4, "Training Hyperparameters", "hyperparameters"),
    (4, "Speeds, Sizes, Times", "sizes"),
    (2, "Evaluation", ""),
    (3, "Testing Data", "testing_data"),
    (3, "Metrics", "metrics"),
    (3, "Results", "results"),
    (2, "Environmental Impact", "impact"),
    (2, "Licence and Citation", "citation"),
)
"""Those of a Hugging Face model card."""


def model_card(
    config: Mapping[str, Any],
    reports: Sequence[Mapping[str, Any]] = (),
    *,
    model_hash: str = "",
    size: int = 0,
    headings: Headings = HEADINGS,
    tags: Sequence[str] = ("symbolic-music",),
    counted: str = "tunes",
) -> str:
    """The card of a model.

    Parameters
    ----------
    config : a model's `config.json`. Texts are taken from its `card` (key of a part -> Markdown:
        `description`, `uses`, `out_of_scope`, `risks`, `metrics` ...), facts from `name`, `job`,
        `version`, `licence`, `research_only`, `acknowledgement` and `training` (`data`: list of
        {name, licence, url, credit, and what `counted` names}; `seed`, `hours`, `hyperparameters`: a
        mapping).
    reports : reports of `canzona evaluate`, each with `command` and `title`; `intervals` are put
        beside their figures.
    model_hash : the model's hash.
    size : bytes of the model's files.
    headings : the parts in their order.
    tags : what the front matter says of the model besides its job.
    counted : what is counted of each source of data.
    """
    texts = dict(config.get("card", {}))
    facts = _facts(config, reports, model_hash, size, counted)
    texts.update({key: text for key, text in facts.items() if text})
    parts = [_front_matter(config, tags), f"# Model card for `{config.get('name', '')}`"]
    if config.get("research_only"):
        parts.append(
            "**For research only.** The data that this model was trained on allow research alone; "
            "so does the model, and what is made with it."
        )
    for level, heading, key in headings:
        parts.append(f"{'#' * level} {heading}")
        if key:
            parts.append(str(texts.get(key) or NOT_STATED).strip())
    return "\n\n".join(part for part in parts if part) + "\n"


_OPEN, _CLOSE = "<!-- evaluations: ", " -->"
"""Around a record: a comment that no word within can open or end, since those are escaped."""


def with_record(card: str, record: object) -> str:
    """A card with plain values in a comment at its end, from which it can be written again."""
    kept = json.dumps(record, sort_keys=True).replace("<", "\\u003c").replace(">", "\\u003e")
    return f"{card}\n{_OPEN}{kept}{_CLOSE}\n"


def record_of(card: str) -> Any:
    """What `with_record` put into a card; None where there is nothing, or no values."""
    begin = card.rfind(_OPEN)
    if begin < 0:
        return None
    try:
        return json.loads(card[begin + len(_OPEN) : card.rfind(_CLOSE)])
    except ValueError:
        return None


def _facts(
    config: Mapping[str, Any], reports: Sequence[Mapping[str, Any]], model_hash: str, size: int, counted: str
) -> dict[str, str]:
    """Parts that follow from config and reports, put after the config's own texts."""
    texts = config.get("card", {})
    training = config.get("training", {})
    details = {
        "Job": config.get("job"), "Version": config.get("version"), "Licence": config.get("licence"),
        "Hash": f"`{model_hash}`" if model_hash else "",
    }  # fmt: skip
    sizes = {"Size of the files": f"{size / 1e6:.1f} MB" if size else "", "Training time": _hours(training)}
    hours = training.get("hours")
    return {
        "description": _joined(texts.get("description") or config.get("description"), _list(details)),
        "data": _joined(texts.get("data"), _data_table(training.get("data", ()), counted)),
        "hyperparameters": _joined(texts.get("hyperparameters"), _list(_settings(training))),
        "sizes": _joined(texts.get("sizes"), _list(sizes)),
        "get_started": texts.get("get_started") or _get_started(config),
        "results": _joined(texts.get("results"), *map(_result, reports)),
        "impact": _joined(texts.get("impact"), f"Training took {hours:g} CPU hours." if hours else ""),
        "citation": _joined(texts.get("citation"), config.get("acknowledgement"), _licence(config)),
    }


def _front_matter(config: Mapping[str, Any], tags: Sequence[str]) -> str:
    """YAML front matter; a JSON string is a YAML string as well."""
    licence = str(config.get("licence", "other"))
    data = [str(entry.get("name", "")) for entry in config.get("training", {}).get("data", ())]
    lines = ["---", f"license: {json.dumps(licence.lower())}", "library_name: canzona"]
    lines += ["tags:", "- music", *(f"- {tag}" for tag in tags)]
    lines.append(f"- {json.dumps(str(config.get('job', '')))}")
    if config.get("research_only"):
        lines.append("- research-only")
    if data:
        lines += ["datasets:", *(f"- {json.dumps(name, ensure_ascii=False)}" for name in data)]
    return "\n".join([*lines, "---"])


def _result(report: Mapping[str, Any]) -> str:
    """One report as a table of figures with their intervals, under its title and command."""
    intervals = report.get("intervals", {})
    lines = [f"**{report.get('title', 'Evaluation')}**"]
    if report.get("command"):
        lines.append(f"\n```\n{report['command']}\n```")
    lines += ["", "| figure | value | 95 % interval |", "|---|---|---|"]
    for key, value in flatten(report).items():
        if key in ("title", "command") or value is None or isinstance(value, (list, str)):
            continue
        low_high = intervals.get(key)
        between = f"{_number(low_high[0])} to {_number(low_high[1])}" if low_high else ""
        lines.append(f"| `{key}` | {_number(value)} | {between} |")
    return "\n".join(lines)


def _data_table(data: Sequence[Mapping[str, Any]], counted: str) -> str:
    if not data:
        return ""
    lines = [f"| data | {counted} | licence | credit |", "|---|---|---|---|"]
    for entry in data:
        name = cell(entry.get("name", ""))
        title = f"[{name}]({entry['url']})" if entry.get("url") else name
        row = title, entry.get(counted, ""), entry.get("licence", ""), entry.get("credit", "")
        lines.append(f"| {' | '.join([title, *(cell(part) for part in row[1:])])} |")
    return "\n".join(lines)


def _settings(training: Mapping[str, Any]) -> dict[str, Any]:
    settings = dict(training.get("hyperparameters", {}))
    return settings | {"seed": training["seed"]} if "seed" in training else settings


def _hours(training: Mapping[str, Any]) -> str:
    hours = training.get("hours")
    return f"{hours:g} CPU hours" if hours else ""


def _get_started(config: Mapping[str, Any]) -> str:
    command = f"canzona {config.get('job', 'compose')} --model {config.get('name', '')}"
    return f"```\npip install canzona\n{command}\n```"


def _licence(config: Mapping[str, Any]) -> str:
    return f"The weights are under {config['licence']}." if config.get("licence") else ""


def _list(facts: Mapping[str, Any]) -> str:
    return "\n".join(
        f"- {name}: {_number(value)}" for name, value in facts.items() if value not in (None, "")
    )


def _joined(*parts: object) -> str:
    return "\n\n".join(str(part).strip() for part in parts if part)


def _number(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def cell(value: object) -> str:
    """A value as one cell of a Markdown table."""
    return str(value).replace("|", "\\|").replace("\n", " ")
