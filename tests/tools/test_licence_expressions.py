"""SPDX expressions of any shape: free where one side of each OR and every part of each AND is."""

from __future__ import annotations

from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts import loaded

ROOT = Path(__file__).resolve().parents[2]

FREE = [
    "MIT",
    "Apache-2.0",
    "BSD-3-Clause",
    "ISC",
    "MPL-2.0",
    "PSF-2.0",
    "LGPL-2.1-or-later",
    "Zlib",
    "0BSD",
    "CC0-1.0",
]
BOUND = ["GPL-3.0-only", "GPL-2.0-or-later", "AGPL-3.0-only", "LicenseRef-Proprietary", "SSPL-1.0"]
LIFTED = ["GPL-3.0-or-later WITH GCC-exception-3.1", "GPL-2.0-only WITH Classpath-exception-2.0"]


def tool() -> ModuleType:
    pytest.importorskip("packaging")
    return loaded(ROOT / "tools" / "licences.py")


LICENCES = tool()


@dataclass(frozen=True)
class Expression:
    """A text with what it means."""

    text: str
    free: bool
    joined: str = ""


LEAVES = st.one_of(
    st.sampled_from(FREE).map(lambda name: Expression(name, True)),
    st.sampled_from(BOUND).map(lambda name: Expression(name, False)),
    st.sampled_from(LIFTED).map(lambda name: Expression(name, True)),
)


def join(parts: list[Expression], word: str) -> Expression:
    """Parts in brackets where the grammar needs them: OR binds less than AND."""
    texts = [f"({part.text})" if word == "AND" and part.joined == "OR" else part.text for part in parts]
    free = any(part.free for part in parts) if word == "OR" else all(part.free for part in parts)
    return Expression(f" {word} ".join(texts), free, word)


EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(join, st.lists(inner, min_size=2, max_size=3), st.sampled_from(["AND", "OR"]))
        | inner.map(lambda part: Expression(f"({part.text})", part.free))
    ),
    max_leaves=8,
)


@given(EXPRESSIONS)
@settings(max_examples=300)
def test_any_expression_means_what_it_says(expression: Expression) -> None:
    assert LICENCES.acceptable(expression.text) is expression.free, expression.text


@given(EXPRESSIONS, EXPRESSIONS)
def test_a_choice_is_as_good_as_its_best_and_a_sum_as_its_worst(one: Expression, two: Expression) -> None:
    assert LICENCES.acceptable(f"({one.text}) OR ({two.text})") is (one.free or two.free)
    assert LICENCES.acceptable(f"({one.text}) AND ({two.text})") is (one.free and two.free)
    assert LICENCES.acceptable(f"({two.text}) OR ({one.text})") is (one.free or two.free)


@pytest.mark.parametrize(
    ("words", "free"),
    [
        ("MIT License", True),
        ("BSD License", True),
        ("Apache Software License", True),
        ("Apache 2.0", True),
        ("The Unlicense (Unlicense)", True),
        ("Python Software Foundation License", True),
        ("PSF", True),
        ("Mozilla Public License 2.0 (MPL 2.0)", True),
        ("ISC License (ISCL)", True),
        ("3-Clause BSD License", True),
        ("GNU Library or Lesser General Public License (LGPL)", True),
        ("GPL", False),
        ("LGPL-3.0-or-later", True),
        ("Other/Proprietary License", False),
        ("Free for non-commercial use", False),
        ("MITRE internal", False),
        ("BSD-3-Clause AND GPL-3.0-only", False),
    ],
)
def test_words_of_classifiers(words: str, free: bool) -> None:
    assert LICENCES.acceptable(words) is free


class Package:
    """What `importlib.metadata` tells of a package."""

    def __init__(self, *fields: tuple[str, str], text: str = "", tmp: Path | None = None) -> None:
        self.metadata = Message()
        for name, value in fields:
            self.metadata[name] = value
        self.files: list[Any] = []
        if tmp is not None:
            path = tmp / "x-1.dist-info" / "LICENSE"
            path.parent.mkdir(parents=True)
            path.write_text(text, encoding="utf-8")
            self.files = [path]


OSI = ("Classifier", "License :: OSI Approved")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([("License-Expression", "MIT"), ("License", "GPL")], "MIT"),
        ([("Classifier", "License :: OSI Approved :: MIT License"), ("License", "GPL")], "MIT License"),
        (
            [
                ("Classifier", "License :: OSI Approved :: MIT License"),
                ("Classifier", "License :: OSI Approved :: BSD License"),
            ],
            "MIT License AND BSD License",
        ),
        ([OSI, ("License", "BSD-3-Clause")], "BSD-3-Clause"),
        ([("Classifier", "Programming Language :: Python"), ("License", "  ISC  ")], "ISC"),
        ([("License", "MIT License\n\nCopyright (c) ...")], "MIT License"),
        ([("License", "UNKNOWN")], ""),
        ([("License", "")], ""),
        ([], ""),
    ],
)
def test_where_a_licence_is_taken_from(fields: list[tuple[str, str]], expected: str) -> None:
    assert LICENCES.licence_of(Package(*fields)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT License\n\nPermission is hereby granted, free of charge, to any person", "MIT"),
        ("                    GNU LESSER GENERAL PUBLIC LICENSE\n  Version 3", "LGPL"),
        ("GNU GENERAL PUBLIC LICENSE\nVersion 3", "GPL"),
        ("GNU AFFERO GENERAL PUBLIC LICENSE", "AGPL"),
        ("Apache License\n   Version 2.0, January 2004", "Apache-2.0"),
        ("All rights reserved.", ""),
    ],
)
def test_a_licence_is_known_by_how_its_text_begins(tmp_path: Path, text: str, expected: str) -> None:
    assert LICENCES.licence_of(Package(text=text, tmp=tmp_path)) == expected
    assert LICENCES.acceptable(expected) is (expected in ("MIT", "LGPL", "Apache-2.0"))


def test_a_gpl_package_is_named_and_fails_the_gate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {"numpy": "BSD-3-Clause", "evil": "GPL-3.0-only", "silent": ""}
    monkeypatch.setattr(LICENCES, "installed_requirements", lambda _: found)
    assert LICENCES.main([]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "evil: GPL-3.0-only may not come with the core",
        "silent: no licence stated may not come with the core",
    ]


def test_the_core_of_this_repository_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert LICENCES.main(["--list"]) == 0
    out = capsys.readouterr().out
    assert "numpy" in out and "all free of GPL and AGPL" in out
    assert not any(line.startswith("torch ") for line in out.splitlines()), "extras are not of the core"


def test_requirements_of_other_systems_and_pythons_are_left_out() -> None:
    found = LICENCES.installed_requirements(['numpy; python_version < "3"', 'click; sys_platform == "none"'])
    assert found == {}
    assert set(LICENCES.installed_requirements(["click"])) >= {"click"}


def test_a_requirement_that_is_not_installed_is_said() -> None:
    with pytest.raises(
        SystemExit, match="no-such-package-at-all is not installed here; run `make setup` first"
    ):
        LICENCES.installed_requirements(["no-such-package-at-all"])
