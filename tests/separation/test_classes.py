"""What a stem is by its name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import UsageError
from canzona.separation.classes import DEFAULT_CLASSES, check_classes, class_of
from canzona.separation.multitrack import head_of

WORD = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHäöü0123456789", min_size=1)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("synth.wav", "synth"), ("Synth 2.flac", "synth"), ("synth-lead.left.ogg", "synth"),
        ("SYNTH_pad", "synth"), ("synthesizer.wav", "synthesizer"), ("", ""), (".wav", ""),
        ("drums", "drums"),
    ],
)  # fmt: skip
def test_the_head_of_a_name(name: str, head: str) -> None:
    assert head_of(name) == head


@given(WORD, st.sampled_from("-. _"), st.text())
def test_what_stands_behind_the_head_does_not_count(word: str, mark: str, rest: str) -> None:
    assert head_of(f"{word}{mark}{rest}") == head_of(word) == word.lower()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("synth", "synth"),
        ("Synth", "synth"),
        ("synth-lead", "synth"),
        ("synth.2", "synth"),
        ("synth-pad.2", "synth"),
        ("SYNTH pad", "synth"),
        ("synth bass", "synth"),
        ("bass_synth", "synth"),
        ("synthesiser", "synth"),
        ("bass", "bass"),
        ("bass-guitar", "bass"),
        ("electric bass", "bass"),
        ("electric guitar", "guitar"),
        ("drums", "drums"),
        ("drums-kick", "drums"),
        ("piano_left", "piano"),
        ("strings", "strings"),
        ("lead vocals", "vocals"),
        ("other-celesta", "other"),
        ("other", "other"),
        ("bassoon", None),
        ("synthetic birds", None),
        ("lead", None),
        ("", None),
    ],
)
def test_names_as_people_write_them(name: str, expected: str | None) -> None:
    assert class_of(name) == expected


@given(st.sampled_from(list(DEFAULT_CLASSES)), st.sampled_from("-. _"), st.text(max_size=12))
def test_what_follows_the_head_may_be_anything(head: str, separator: str, rest: str) -> None:
    """The head decides, unless the whole name belongs to a class of its own."""
    found = class_of(f"{head}{separator}{rest}")
    assert found is not None
    whole = {"only": ["nothing"]} | {head: [head]}
    assert class_of(f"{head.upper()}{separator}{rest}", whole) == head


def test_the_whole_name_comes_first() -> None:
    classes = {"bells": ["synth-bells"], "synth": ["synth"]}
    assert class_of("synth-bells", {"synth": ["synth"], "bells": ["synth-bells"]}) == "bells"
    assert class_of("synth-bells", classes) == "bells"
    assert class_of("synth-choir", classes) == "synth"


@pytest.mark.parametrize("classes", [{}, {"synth": "synth*"}, {"synth": [3]}])
def test_tables_that_make_no_sense(classes: dict[str, list[str]]) -> None:
    with pytest.raises(UsageError):
        check_classes(classes)
