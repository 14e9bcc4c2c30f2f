"""One line of JSON that says how a file was made."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import CanzonaError, FormatError, UsageError
from canzona.score.provenance import Input, Provenance, input_of

COMPOSED = Provenance(
    version="0.1.0",
    command="compose",
    model="folk",
    model_hash="ab12",
    seed=7,
    options={"style": "Ireland", "bars": 16, "temperature": 0.9},
)

values = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
options = st.dictionaries(st.text(), values | st.lists(values, max_size=3), max_size=4)
provenances = st.builds(
    Provenance,
    version=st.text(),
    command=st.text(),
    model=st.text(min_size=1),
    model_hash=st.text(),
    seed=st.none() | st.integers(0, 2**63),
    options=options,
    inputs=st.lists(st.builds(Input, st.text(), st.text()), max_size=2).map(tuple),
    earlier=st.none() | st.just(COMPOSED),
)


@given(provenances)
def test_reads_back_what_it_wrote_from_one_line_of_ascii(made: Provenance) -> None:
    line = made.to_json()
    assert Provenance.from_json(line) == made
    assert line.isascii() and "\n" not in line and "\r" not in line


def test_equal_provenance_gives_equal_text_whatever_the_order_of_options() -> None:
    turned = dict(reversed(COMPOSED.options.items()))
    again = Provenance("0.1.0", "compose", "folk", "ab12", 7, turned)
    assert again.to_json() == COMPOSED.to_json()


def test_what_is_empty_is_left_out() -> None:
    assert Provenance("0.1.0", "write").to_json() == '{"command":"write","version":"0.1.0"}'


def test_what_came_before_is_kept() -> None:
    made = Provenance("0.1.0", "convert", inputs=(Input("a.krn", "00"),), earlier=COMPOSED)
    assert Provenance.from_json(made.to_json()).earlier == COMPOSED


def test_is_hashable_although_options_are_a_dict() -> None:
    assert len({COMPOSED, COMPOSED}) == 1


def test_an_input_is_named_with_forward_slashes_and_hashed() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert input_of("tunes/a.krn", b"") == Input("tunes/a.krn", empty)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version":"1"}',
        '{"version":"1","command":"c","seed":"x"}',
        '{"version":"1","command":"c","options":[1]}',
        '{"version":"1","command":"c","inputs":[1]}',
        '{"version":"1","command":"c","earlier":3}',
        "[" * 100_000,
        '{"earlier":' * 50_000,
    ],
)
def test_other_lines_are_refused_with_the_file_named(line: str) -> None:
    with pytest.raises(FormatError, match=r"tune\.krn: what says how it was made"):
        Provenance.from_json(line, source="tune.krn")


@given(st.text() | st.builds(json.dumps, options))
def test_any_text_is_provenance_or_refused(line: str) -> None:
    try:
        Provenance.from_json(line)
    except CanzonaError:
        return
    assert "version" in line


def test_an_option_that_json_cannot_hold_is_refused() -> None:
    for value in (float("nan"), {1, 2}, object()):
        with pytest.raises(UsageError, match="an option cannot be written down"):
            Provenance("0.1.0", "compose", options={"x": value}).to_json()
