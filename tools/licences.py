#!/usr/bin/env python3
"""Fail where something that `pip install canzona` brings is GPL, AGPL or of no stated licence.

usage: licences.py [--list]

The requirements without extras are read from pyproject.toml and followed through the metadata of
the packages installed here. A licence is taken from `License-Expression`, else from the
classifiers, else from the `License` line, else from how the licence's own text begins. The LGPL
passes: Verovio is linked as a library of its own that a user can replace.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent

FREE = re.compile(
    r"""(
        0BSD | Apache.* | Artistic-2.* | BSD.* | [23]-Clause\ BSD.* | BSL-1.0 | CC0.* | HPND | ISC.* | LGPL.*
        | (GNU\ )?(Library\ or\ )?(Lesser|Library)\ General\ Public.* | MIT((-|\ ).*)? | MPL.*
        | Mozilla\ Public.* | PSF.* | Python(-|\ ).* | (The\ )?Unlicense.* | Zlib.*
    )$""",
    re.VERBOSE | re.IGNORECASE,
)
"""Licences, as SPDX names and as classifiers word them, under which a part may come along."""

TITLES = {
    "GNU AFFERO": "AGPL",
    "GNU LESSER": "LGPL",
    "GNU GENERAL": "GPL",
    "Apache License Version 2.0": "Apache-2.0",
    "Mozilla Public License Version 2.0": "MPL-2.0",
    "Permission is hereby granted, free of charge, to any": "MIT",
}
"""Words that open licence texts, and the licence that each belongs to."""

RUNTIME_EXCEPTIONS = ("GCC-exception", "Classpath-exception", "LLVM-exception")
"""Exceptions that lift copyleft from what is merely linked."""


def main(arguments: list[str]) -> int:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found = installed_requirements(project["dependencies"])
    refused = {name: licence for name, licence in found.items() if not acceptable(licence)}
    if "--list" in arguments:
        for name, licence in found.items():
            print(f"{name:24} {licence or 'no licence stated'}")
    for name, licence in refused.items():
        print(f"{name}: {licence or 'no licence stated'} may not come with the core", file=sys.stderr)
    if not refused:
        print(f"Licences of {len(found)} core packages: all free of GPL and AGPL.")
    return int(bool(refused))


def installed_requirements(requirements: list[str]) -> dict[str, str]:
    """Name and licence of all that the requirements bring, found through installed metadata."""
    found: dict[str, str] = {}
    waiting = [Requirement(line) for line in requirements]
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        extras = requirement.extras or {""}
        if name in found or (
            requirement.marker and not any(requirement.marker.evaluate({"extra": extra}) for extra in extras)
        ):
            continue
        try:
            package = distribution(name)
        except PackageNotFoundError:
            sys.exit(f"{name} is not installed here; run `make setup` first")
        found[name] = licence_of(package)
        waiting += [Requirement(line) for line in package.requires or ()]
    return dict(sorted(found.items()))


def licence_of(package: Distribution) -> str:
    """The licence as an expression, or an empty string where none is stated."""
    metadata = package.metadata
    if expression := metadata.get("License-Expression"):
        return expression
    stated = [
        line.rsplit(" :: ", 1)[-1]
        for line in metadata.get_all("Classifier") or ()
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    ]
    if stated:
        return " AND ".join(stated)
    line = (metadata.get("License") or "").strip().split("\n", 1)[0].strip()
    return line if line and line.upper() != "UNKNOWN" else _licence_by_text(package)


def _licence_by_text(package: Distribution) -> str:
    """The licence whose title opens the licence file that the package carries, or an empty string."""
    for path in package.files or ():
        if ".dist-info" in str(path) and path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING")):
            opening = " ".join(path.read_text(encoding="utf-8").split())[:400]
            for title, name in TITLES.items():
                if title in opening:
                    return name
    return ""


def acceptable(expression: str) -> bool:
    """Whether one side of each OR, and every part of each AND, is free (SPDX precedence: AND first)."""
    depth, opened, parts, joins = 0, 0, [], []
    for token in re.finditer(r"[()]|\b(?:AND|OR)\b", expression):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0 and token[0] in ("AND", "OR"):
            parts.append(expression[opened : token.start()])
            joins.append(token[0])
            opened = token.end()
    parts.append(expression[opened:])
    if not joins:
        bare = expression.strip()
        within = bare.startswith("(") and bare.endswith(")")
        return acceptable(bare[1:-1]) if within else _free(bare)
    if "OR" in joins:
        place = joins.index("OR")
        halves = [_joined(parts[: place + 1], joins[:place]), _joined(parts[place + 1 :], joins[place + 1 :])]
        return any(acceptable(half) for half in halves)
    return all(acceptable(part) for part in parts)


def _joined(parts: list[str], joins: list[str]) -> str:
    return parts[0] + "".join(f" {join} {part}" for join, part in zip(joins, parts[1:], strict=True))


def _free(part: str) -> bool:
    if " WITH " in part and any(exception in part for exception in RUNTIME_EXCEPTIONS):
        return True
    return bool(FREE.match(part.strip())) and not re.search(r"(?<!L)GPL|Affero", part)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
