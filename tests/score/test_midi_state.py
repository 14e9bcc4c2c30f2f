"""The line of our own in a MIDI file: what it says is believed only where it makes sense."""

from __future__ import annotations

import io
import json
from fractions import Fraction
from typing import Any

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.errors import CanzonaError
from canzona.score import Barline, Key, Meter, Section, Tune, formats
from canzona.score.midi import read_midi, write_midi
from canzona.score.midi_state import PREFIX
from canzona.score.tune import standard_signature
from melodies import jig, melody

F = Fraction


def rich() -> Tune:
    """A tune whose repeats, mode, free meter and expansion MIDI has no event for."""
    return jig().replace(
        keys=((F(0), Key("G", 0, "mixolydian", standard_signature(1))),),
        sections=(Section(F(0), "A"),),
        expansions=(("", ("A", "A")),),
        comments=("heard in 1790",),
    )


def line_of(tune: Tune) -> dict[str, Any]:
    """What our line says in the file of a tune."""
    file = mido.MidiFile(file=io.BytesIO(write_midi([tune]).data))
    texts = [message.text for message in file.tracks[0] if message.type == "text"]
    (line,) = (text for text in texts if text.startswith(PREFIX))
    found: dict[str, Any] = json.loads(line.removeprefix(PREFIX))
    return found


def with_line(tune: Tune, line: str) -> Tune:
    """A tune read from its file after our line was replaced."""
    file = mido.MidiFile(file=io.BytesIO(write_midi([tune]).data))
    for message in file.tracks[0]:
        if message.type == "text" and message.text.startswith(PREFIX):
            message.text = PREFIX + line
    target = io.BytesIO()
    file.save(file=target)
    (found,) = read_midi(target.getvalue(), "song.mid")
    return found


def stated(tune: Tune, **fields: object) -> Tune:
    """A tune read from its file after some fields of our line were changed."""
    return with_line(tune, json.dumps({**line_of(tune), **fields}))


def is_sound(tune: Tune) -> bool:
    """Whether what a tune says of its bars, keys and meters is in order."""
    timed = [
        [line.onset for line in tune.barlines],
        [onset for onset, _ in tune.keys],
        [onset for onset, _ in tune.meters],
        [section.onset for section in tune.sections],
        [note.onset for note in tune.notes],
    ]
    return all(onsets == sorted(onsets) and (not onsets or onsets[0] >= 0) for onsets in timed)


def test_only_what_midi_lacks_is_stated() -> None:
    def texts(tune: Tune) -> list[str]:
        file = mido.MidiFile(file=io.BytesIO(write_midi([tune]).data))
        return [message.text for message in file.tracks[0] if message.type == "text"]

    assert {"barlines", "keys", "expansions"} <= set(line_of(rich()))
    assert "comments" not in line_of(rich())
    plain = Tune(
        notes=melody("(c4 d4 e4 c4)"),
        barlines=(Barline(F(0), 1, kind="invisible"),),
        keys=((F(0), Key("C", 0, "major", ())),),
        meters=((F(0), Meter(4, 4)),),
        phrasing="marked",
    )
    assert texts(plain) == []


def test_what_is_stated_comes_back() -> None:
    assert next(read_midi(write_midi([rich()]).data)) == rich()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "null",
        "1",
        '"x"',
        "{}",
        '{"notes": "00000000"}',
        '{"notes": null}',
        "[" * 5000,
        "{" * 5000,
    ],
)
def test_a_line_that_is_none_is_passed_over(line: str) -> None:
    tune = with_line(jig(), line)
    assert [n.pitch for n in tune.notes] == [n.pitch for n in jig().notes]
    assert all(not found.repeat for found in tune.barlines)
    assert (tune.comments, tune.title) == ((), jig().title)


@pytest.mark.parametrize(
    "rows",
    [
        None,
        7,
        "x",
        [7],
        [["0"]],
        [["x", 1, "", "regular", "", ""]],
        [["1/0", 1, "", "regular", "", ""]],
        [["-1", 1, "", "regular", "", ""]],
        [["3", 1, "", "regular", "", ""], ["1", 2, "", "regular", "", ""]],
        [["1", 1, "", "wavy", "", ""]],
        [["1", 1, "", "regular", "thrice", ""]],
        [["1", 1, 7, "regular", "", ""]],
        [["1", "x", "", "regular", "", ""]],
        [["1", -5, "", "regular", "", ""]],
        [[1.5, 1, "", "regular", "", ""]],
    ],
)
def test_bar_lines_without_sense_are_passed_over(rows: object) -> None:
    tune = stated(rich(), barlines=rows)
    assert is_sound(tune)
    assert all(line.kind == "regular" for line in tune.barlines if line.onset)
    assert tune.keys == rich().keys  # what else the line says still holds


@pytest.mark.parametrize(
    "rows",
    [
        [["0", "H", 0, "major", None]],
        [["0", "C", 10**9, "major", None]],
        [["0", "C", 3, "major", None]],
        [["0", "C", "x", "major", None]],
        [["0", "C", 0, 7, None]],
        [["0", "C", 0, "major", 7]],
        [["0", "C", 0, "major", [["F", "1e9"]]]],
        [["0", "C", 0, "major", [["F", "9" * 30]]]],
        [["0", "C", 0, "major", [["F", "13"]]]],
        [["0", "C", 0, "major", [["F"]]]],
        [["0", "C", 0, "major", [["Fis", "1"]]]],
        [["4", "C", 0, "major", None], ["0", "D", 0, "major", None]],
        [["-4", "C", 0, "major", None]],
    ],
)
def test_keys_without_sense_are_passed_over(rows: object) -> None:
    tune = stated(rich(), keys=rows)
    assert is_sound(tune)
    assert str(tune.key) == "G major"  # what the key signature of the file says
    assert all(len(str(key)) < 40 for _, key in tune.keys)
    assert tune.barlines == rich().barlines


@pytest.mark.parametrize(
    "rows",
    [
        [["0", -1, 4, [], ""]],
        [["0", 3, 0, [], ""]],
        [["0", 3, -4, [], ""]],
        [["0", "x", 4, [], ""]],
        [["0", 10**30, 4, [], ""]],
        [["0", 3, 10**30, [], ""]],
        [["0", 3, 4, ["x"], ""]],
        [["0", 3, 4, [3, -1], ""]],
        [["0", 3, 4, 7, ""]],
        [["0", 3, 4, [], 7]],
        [["8", 3, 4, [], ""], ["0", 2, 4, [], ""]],
    ],
)
def test_meters_without_sense_are_passed_over(rows: object) -> None:
    tune = stated(rich(), meters=rows)
    assert is_sound(tune)
    assert tune.meters == jig().meters


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sections", [["0", 7]]),
        ("sections", [["-1", "A"]]),
        ("sections", [["4", "A"], ["0", "B"]]),
        ("expansions", [["", "AB"], 7]),
        ("expansions", [["", ["A", 7]]]),
        ("records", [["OTL"]]),
        ("records", [["OTL", 7]]),
        ("records", 7),
        ("comments", [7]),
        ("comments", 7),
        ("tempo", 7),
        ("tempo", "0"),
        ("tempo", "-60"),
        ("tempo", "fast"),
        ("phrasing", "sometimes"),
        ("phrasing", 7),
        ("times", 7),
        ("times", [["0", "1", 0]]),
        ("times", [["0", "x", 0]]),
        ("unheard", [1, 2]),
    ],
)
def test_other_fields_without_sense_are_passed_over(field: str, value: object) -> None:
    tune = stated(rich(), **{field: value})
    straight = next(read_midi(write_midi([rich()]).data))
    assert is_sound(tune)
    assert tune.tempo is None
    assert tune.phrasing in ("marked", "inferred", "none")
    assert [(n.onset, n.pitch) for n in tune.notes] == [(n.onset, n.pitch) for n in straight.notes]
    assert tune.barlines == straight.barlines


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False)
    | st.sampled_from(["0", "1", "1/3", "-2", "C", "major", "regular", "end", "", "x", "9" * 40]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=20,
)
FIELDS = (
    "barlines",
    "keys",
    "meters",
    "sections",
    "expansions",
    "records",
    "comments",
    "tempo",
    "phrasing",
    "times",
)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON, min_size=1, max_size=3))
@settings(max_examples=120)
def test_whatever_the_line_says_the_tune_is_sound_and_can_be_written(fields: dict[str, Any]) -> None:
    tune = stated(rich(), **fields)
    assert is_sound(tune)
    assert len(repr(tune)) < 500
    for form in formats():
        try:
            form.write([tune])
        except CanzonaError as error:
            assert "\n" not in str(error)


def test_a_bar_line_that_we_wrote_by_hand_is_believed() -> None:
    rows = [["1", 1, "", "double", "", ""], ["4", 2, "a", "regular", "both", "1"]]
    tune = stated(rich(), barlines=rows)
    assert tune.barlines == (
        Barline(F(1), 1, kind="double"),
        Barline(F(4), 2, "a", repeat="both", ending="1"),
    )
