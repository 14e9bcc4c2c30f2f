"""What a new model's config says of it: the words of its recipe, and what it takes over from other models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from canzona.errors import UsageError
from canzona.models.folder import ModelFolder

OWN_USE = "LicenseRef-own-use"
"""The licence of a model whose recipe states none."""


def described(
    job: str, model: Mapping[str, Any], parents: Sequence[ModelFolder] = (), *, description: str
) -> dict[str, Any]:
    """The first fields of a config, see `canzona.models.folder`.

    Parameters
    ----------
    job : what the model is for.
    model : the section of the recipe.
    parents : models that it was made from. What they restrict stays restricted, whatever the recipe
        says; their licence and thanks hold where it says nothing.
    description : for a recipe without one.

    Raises
    ------
    UsageError : the parents' licences differ and the recipe states none.
    """
    licences = sorted({parent.licence for parent in parents}) or [OWN_USE]
    if len(licences) > 1 and "licence" not in model:
        raise UsageError(
            f"the models to start from are under {' and '.join(licences)}",
            hint="state in a recipe, [model] licence, what holds for what is made of them",
        )
    thanks = dict.fromkeys(str(parent.config.get("acknowledgement", "")) for parent in parents)
    return {
        "name": model.get("name", "own"),
        "version": model.get("version", "1"),
        "job": job,
        "licence": model.get("licence", licences[0]),
        "description": model.get("description", description),
        "research_only": bool(model.get("research_only")) or any(parent.research_only for parent in parents),
        "acknowledgement": model.get("acknowledgement", " ".join(filter(None, thanks))),
    }


def sources(rows: Sequence[Mapping[str, Any]], parents: Sequence[ModelFolder] = ()) -> list[dict[str, Any]]:
    """The data that a model has learnt: its parents', then the recipe's that are not among them."""
    learnt = [dict(row) for parent in parents for row in parent.config.get("training", {}).get("data", ())]
    found: dict[str, dict[str, Any]] = {}
    for row in (*learnt, *map(dict, rows)):
        found.setdefault(str(row.get("name", "")), row)
    return list(found.values())


def no_card(job: str) -> bytes:
    """What stands in the place of a card until there is one."""
    return f"The card is written by `canzona evaluate {job} --card`.\n".encode()


def started_from(parent: ModelFolder | None) -> dict[str, Any]:
    """The model that a training went on from, by name and hash; nothing where it began anew."""
    return {} if parent is None else {"from": {"name": parent.name, "hash": parent.hash}}
