import json
import re
from pathlib import Path
from typing import Any

import pytest

from canzona.evaluation import model_card

CONFIG: dict[str, Any] = {
    "name": "folk",
    "version": "1",
    "job": "compose",
    "licence": "CC-BY-SA-4.0",
    "card": {
        "description": "Writes tunes.",
        "uses": "Sketches for dances.",
        "procedure": "AdamW, early stop.",
        "out_of_scope": "Chords.",
        "risks": "It knows Irish reels best.",
        "preprocessing": "Ties are merged.",
        "metrics": "Bits per note.",
        "testing_data": "66 tunes of families that were held out.",
    },
    "training": {
        "data": [{"name": "Ceol Rince", "tunes": 1129, "licence": "Unlicense", "url": "https://example.org",
                  "credit": "Bill Black | volumes"}],
        "seed": 7,
        "hours": 1.5,
        "hyperparameters": {"hidden": 384, "dropout": 0.4},
    },
}  # fmt: skip
REPORT: dict[str, Any] = {
    "title": "Held-out dances",
    "command": "canzona evaluate compose heldout --model folk --json",
    "tunes": 66,
    "notes": 12345,
    "bits_per_note": {"total": 2.5, "phrase": None},
    "unreadable": [],
    "intervals": {"bits_per_note.total": [2.4, 2.6]},
}


def test_the_card_is_as_it_was() -> None:
    golden = Path(__file__).parent.parent / "golden" / "card.md"
    assert model_card(CONFIG, [REPORT], model_hash="0123abcd", size=12_345_678) == golden.read_text("utf-8")


@pytest.mark.parametrize("heading", [
    "Model Details", "Uses", "Out-of-Scope Use", "Bias, Risks, and Limitations", "Training Data",
    "Training Procedure", "Preprocessing", "Speeds, Sizes, Times", "Testing Data", "Metrics", "Results",
    "Environmental Impact", "How to Get Started with the Model",
])  # fmt: skip
def test_every_heading_of_a_model_card_is_there_and_is_filled(heading: str) -> None:
    text = model_card(CONFIG, [REPORT])
    found = re.search(rf"^#+ {re.escape(heading)}\n\n(.+)", text, re.MULTILINE)
    assert found
    assert found.group(1) != "Not stated."


def test_figures_stand_beside_their_interval_and_command() -> None:
    text = model_card(CONFIG, [REPORT, {"title": "Second", "tunes": 2}])
    assert "| `bits_per_note.total` | 2.5 | 2.4 to 2.6 |" in text
    assert "| `notes` | 12,345 |" in text
    assert REPORT["command"] in text
    assert text.index("**Held-out dances**") < text.index("**Second**")
    assert "phrase" not in text, "what was not measured is not in the table"


def test_what_is_not_stated_is_said_to_be() -> None:
    text = model_card({"name": "x", "job": "tag", "licence": "CC0-1.0"})
    assert "## Environmental Impact\n\nNot stated." in text
    assert "canzona tag --model x" in text


def test_a_research_model_says_so_and_acknowledges() -> None:
    acknowledged = "Essen Folksong Collection, CCARH."
    text = model_card(CONFIG | {"research_only": True, "acknowledgement": acknowledged})
    assert "**For research only.**" in text
    assert "- research-only" in text.split("---")[1]
    assert acknowledged in text
    assert "For research only" not in model_card(CONFIG)


def test_the_front_matter_is_yaml_of_strings() -> None:
    text = model_card(CONFIG | {"licence": 'odd: "licence"\n---'})
    front = text.split("\n---\n")[0].splitlines()
    assert front[0] == "---"
    licence = next(line for line in front if line.startswith("license: "))
    assert json.loads(licence.removeprefix("license: ")) == 'odd: "licence"\n---'


def test_table_cells_cannot_break_the_table() -> None:
    assert "Bill Black \\| volumes" in model_card(CONFIG)
