"""What a model takes over from those that it was made from: what they forbid, and whom they thank."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from canzona.errors import UsageError
from canzona.models.folder import ModelFolder
from canzona.train.description import OWN_USE, described, no_card, sources, started_from


def folder(name: str, licence: str = "CC-BY-SA-4.0", data: tuple[str, ...] = (), **more: Any) -> ModelFolder:
    rows = [{"name": row, "licence": licence} for row in data]
    config = {"name": name, "licence": licence, "job": "extract", "training": {"data": rows}, **more}
    return ModelFolder(Path(name), {**config, "hash": "0" * 64, "files": {}})


def test_a_model_of_ones_own_is_for_ones_own_use() -> None:
    made = described("extract", {}, description="Mine.")
    assert (made["name"], made["licence"], made["description"]) == ("own", OWN_USE, "Mine.")
    assert made["research_only"] is False and made["acknowledgement"] == ""
    assert sources([{"name": "Tones"}]) == [{"name": "Tones"}] and started_from(None) == {}


def test_what_a_parent_forbids_stays_forbidden() -> None:
    parent = folder("essen", research_only=True, acknowledgement="Thank Schaffrath.")
    made = described("compose", {"research_only": False}, [parent], description="")
    assert made["research_only"] is True
    assert (made["licence"], made["acknowledgement"]) == ("CC-BY-SA-4.0", "Thank Schaffrath.")
    assert described("compose", {"licence": "CC0-1.0"}, [parent], description="")["licence"] == "CC0-1.0"


def test_parents_of_two_licences_ask_for_a_decision() -> None:
    parents = [folder("one", "CC0-1.0"), folder("other", "CC-BY-4.0")]
    with pytest.raises(UsageError, match=r"under CC-BY-4\.0 and CC0-1\.0"):
        described("extract", {}, parents, description="")
    chosen = described("extract", {"licence": "CC-BY-4.0"}, parents, description="")
    assert chosen["licence"] == "CC-BY-4.0"


def test_data_are_named_once_the_parents_first() -> None:
    parents = [folder("one", data=("a", "b")), folder("other", data=("b", "c"))]
    found = [row["name"] for row in sources([{"name": "c"}, {"name": "d"}], parents)]
    assert found == ["a", "b", "c", "d"]


def test_the_place_of_a_card_says_how_to_get_one() -> None:
    assert b"`canzona evaluate compose --card`" in no_card("compose")
