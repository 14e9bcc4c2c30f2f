"""How a file was made, as foreign and damaged files say it, and as it passes from file to file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import canzona
from canzona.conversion import Conversion, Output, convert_bytes
from canzona.errors import FormatError, UsageError
from canzona.score import format_named, formats
from canzona.score.provenance import Input, Provenance, input_of

KERN = "!!!OTL: Tune\n!!!canzona: {line}\n**kern\n*M2/4\n*k[]\n*C:\n=1\n4c\n4d\n=2\n2c\n==\n*-\n"
WRITTEN = [form.suffixes[0] for form in formats()]


def told(text: str, to: str = "abc") -> Provenance:
    """The provenance of what a kern file becomes."""
    made = list(convert_bytes(text.encode(), "tune.krn", format_named("krn"), Conversion(to)))
    [output] = [each for each in made if isinstance(each, Output)]
    [tune] = list(format_named(to).read(output.data, f"tune.{to}", None))
    return Provenance.from_json(tune.provenance)


@pytest.mark.parametrize(
    "line",
    [
        '{"version":"1","command":"c","seed":Infinity}',
        '{"version":"1","command":"c","seed":1e999}',
        '{"version":"1","command":"c","seed":NaN}',
        '{"version":"1","command":"c","options":{"x":NaN}}',
        '{"version":"1","command":"c","options":{"x":[-Infinity]}}',
        '{"version":"1","command":"c","seed":[1]}',
        '{"version":"1","command":"c","options":"x"}',
        '{"version":"1","command":"c","inputs":[{"name":"a"}]}',
        '{"version":"1","command":"c","inputs":3}',
        '{"version":"1","command":"c","earlier":{"version":"1"}}',
        '"version command"',
        "17",
        "true",
        "{}",
        '{"version":"1","command":"c"} and more',
        '{"version":"1","command":"c","options":{"a":' + "[" * 5000 + "]" * 5000 + "}}",
    ],
)
def test_lines_that_are_no_provenance(line: str) -> None:
    with pytest.raises(FormatError, match=r"^x\.mid: what says how it was made"):
        Provenance.from_json(line, source="x.mid")


@pytest.mark.parametrize(
    "line",
    [
        '{"version":"1","command":"c","options":{"x":NaN}}',
        '{"version":"1","command":"c","seed":1e999}',
        "{",
        "made with another program",
        '{"version":"1","command":"c","options":{"a":' + "[" * 990 + "]" * 990 + "}}",
        '{"version":"1","command":"c","options":{"a":' + "[" * 970 + "]" * 970 + "}}",
    ],
    ids=["a NaN", "an endless seed", "cut off", "other words", "nested deeply", "nested nearly as deeply"],
)
def test_what_cannot_be_read_is_left_out_and_the_file_is_converted(line: str) -> None:
    made = told(KERN.format(line=line))
    assert made.command == "convert"
    assert made.options["to"] == "abc"


@settings(max_examples=25)
@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S", "Zs"))))
def test_whatever_stands_in_the_place_of_provenance_the_file_is_converted(words: str) -> None:
    assert told(KERN.format(line=words)).command == "convert"


def test_an_input_that_says_how_it_was_made_is_told_with_it() -> None:
    first = Provenance("0.0.9", "compose", "folk", "ab12", 7, {"style": "Ireland"})
    second = told(KERN.format(line=first.to_json()))
    assert second.earlier == first
    assert second.version == canzona.__version__
    assert [each.name for each in second.inputs] == ["tune.krn"]


@pytest.mark.parametrize("suffix", WRITTEN)
def test_three_conversions_are_told_in_their_order(tmp_path: Path, suffix: str) -> None:
    first = tmp_path / "a.krn"
    first.write_text(KERN.replace("!!!canzona: {line}\n", ""))
    between = tmp_path / f"b{suffix}"
    canzona.convert(first, between)
    canzona.convert(between, tmp_path / "c.musicxml", transpose="M2")
    told_last = canzona.explain(tmp_path / "c.musicxml")
    assert told_last.options == {"to": "musicxml", "transpose": "M2"}
    assert told_last.earlier is not None
    assert told_last.earlier.options == {"to": suffix.removeprefix(".")}
    assert told_last.earlier.earlier is None
    assert [Path(each.name).name for each in told_last.inputs] == [between.name]


@pytest.mark.parametrize("kind", [*WRITTEN, ".svg", ".png", ".pdf", ".wav", ".flac", ".ogg", ".mp3"])
def test_every_kind_of_file_says_how_it_was_made(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "tune.krn"
    source.write_text(KERN.replace("!!!canzona: {line}\n", "").replace("Tune", "Żółć — 曲"))
    canzona.convert(source, tmp_path / f"out{kind}", tempo=900)
    made = canzona.explain(tmp_path / f"out{kind}")
    assert made.command == "convert"
    assert made.options == {"to": kind.removeprefix("."), "tempo": 900}
    assert made.inputs[0].name.endswith("tune.krn")
    assert len(made.inputs[0].sha256) == 64


def test_options_of_any_json_type_come_back() -> None:
    options = {"a": None, "b": [1, 2.5, "x"], "c": {"d": True}, "e": "ü\n\"'", "f": -0.125, "g": 10**20}
    line = Provenance("1", "c", options=options).to_json()
    assert Provenance.from_json(line).options == options
    assert json.loads(line)["options"] == options


def test_the_smallest_line_is_enough() -> None:
    assert Provenance.from_json('{"command":"x","version":"1","unknown":[1]}') == Provenance("1", "x")


def test_options_that_nest_beyond_measure_are_refused() -> None:
    nested: list[object] = []
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(UsageError, match="an option cannot be written down"):
        Provenance("1", "c", options={"x": nested}).to_json()


@pytest.mark.parametrize(
    ("given_name", "stored"),
    [("a.krn", "a.krn"), ("./a.krn", "a.krn"), ("dir/a.krn", "dir/a.krn"), ("dir//a.krn", "dir/a.krn")],
)
def test_names_of_inputs(given_name: str, stored: str) -> None:
    assert input_of(given_name, b"x").name == stored
    assert input_of(given_name, b"x") != input_of(given_name, b"y")
    assert Input("a", "b") == Input("a", "b")
