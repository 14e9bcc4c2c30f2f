"""What a user may ask for, and the sentence where it makes no sense."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.composition import Settings
from canzona.composition.settings import key_named, meter_named, mode_named
from canzona.errors import UsageError
from canzona.score.tune import MODES, Key, Meter


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"bars": 0}, "a tune cannot have 0 bars; ask for 1 to 512"),
        ({"bars": -3}, "a tune cannot have -3 bars; ask for 1 to 512"),
        ({"bars": 10_000}, "a tune cannot have 10000 bars; ask for 1 to 512"),
        ({"bars": 2.5}, "2.5 bars are no whole number; give 1, 2, 3 ..."),
        ({"bars": "4"}, "'4' bars are no whole number"),
        ({"bars": True}, "True bars are no whole number"),
        ({"phrases": 0}, "a tune cannot have 0 phrases; ask for 1 or more"),
        ({"phrases": -1, "bars": 4}, "a tune cannot have -1 phrases"),
        ({"phrases": 129}, "a tune cannot have 516 bars"),
        ({"phrases": 1.0}, "1.0 phrases are no whole number"),
        ({"temperature": -0.1}, "temperature -0.1 is out of range; choose 0 to 5; 1 is the model's own"),
        ({"temperature": 5.1}, "temperature 5.1 is out of range"),
        ({"temperature": float("nan")}, "temperature nan is out of range"),
        ({"temperature": float("inf")}, "temperature inf is out of range"),
        ({"temperature": "hot"}, "temperature 'hot' is no number"),
        ({"top_p": 0}, "top-p 0 is out of range; choose more than 0 and at most 1"),
        ({"top_p": 1.01}, "top-p 1.01 is out of range"),
        ({"top_p": -1}, "top-p -1 is out of range"),
        ({"top_p": float("nan")}, "top-p nan is out of range"),
        ({"top_p": None}, "top_p None is no number"),
        ({"key": "H"}, "'H' is no key; write it as in G, F#, Bb, Am or 'D dorian'"),
        ({"key": "C###"}, "'C###' is no key"),
        ({"key": "C blues"}, "'C blues' is no key"),
        ({"key": "  "}, "'  ' is no key"),
        ({"key": 3}, "key 3 is no text; leave out what is open"),
        ({"mode": "blues"}, "'blues' is no mode; choose one of major, minor, "),
        ({"mode": " "}, "' ' is no mode"),
        ({"mode": None}, "mode None is no text"),
        ({"meter": "3"}, "'3' is no meter; write it as in 3/4 or 6/8, the lower number a power of two, or"),
        ({"meter": "0/4"}, "'0/4' is no meter"),
        ({"meter": "3/0"}, "'3/0' is no meter"),
        ({"meter": "3/5"}, "'3/5' is no meter"),
        ({"meter": "65/4"}, "'65/4' is no meter"),
        ({"meter": "4/64"}, "'4/64' is no meter"),
        ({"meter": "-3/4"}, "'-3/4' is no meter"),
        ({"meter": "３/4x"}, "'３/4x' is no meter"),
        ({"meter": "waltz"}, "'waltz' is no meter"),
        ({"style": None}, "style None is no text"),
        ({"key": "Am", "mode": "major"}, "key 'Am' and mode 'major' contradict each other; give one of them"),
        ({"key": "a", "mode": "dorian"}, "key 'a' and mode 'dorian' contradict each other"),
        ({"meter": "free", "bars": 4}, "free meter has no bars to count; leave out the bars or the meter"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(bad: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Settings(**bad)
    assert str(caught.value).startswith(message)
    assert caught.value.exit_code == 2
    assert caught.value.hint


@pytest.mark.parametrize(
    "good",
    [
        {"bars": 1}, {"bars": 512}, {"phrases": 128}, {"phrases": 600, "bars": 4}, {"temperature": 0},
        {"temperature": 5}, {"top_p": 1e-300}, {"top_p": 1}, {"key": "Am", "mode": "minor"},
        {"key": "D", "mode": "dorian"}, {"meter": "free", "phrases": 3}, {"meter": "64/32"}, {"style": "any"},
    ],
    ids=str,
)  # fmt: skip
def test_the_ends_of_every_range_are_in_it(good: dict[str, Any]) -> None:
    Settings(**good)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("G", Key("G", 0, "")), ("g", Key("G", 0, "minor")), ("F#", Key("F", 1, "")),
        ("f♯", Key("F", 1, "minor")),
        ("Bb", Key("B", -1, "")), ("B-", Key("B", -1, "")), ("E♭ major", Key("E", -1, "major")),
        ("Am", Key("A", 0, "minor")), ("AM", Key("A", 0, "major")), ("Cmin", Key("C", 0, "minor")),
        ("C maj", Key("C", 0, "major")), (" D  dorian ", Key("D", 0, "dorian")),
        ("dDOR", Key("D", 0, "dorian")),
        ("C##", Key("C", 2, "")), ("Cbb mix", Key("C", -2, "mixolydian")), ("bb", Key("B", -1, "minor")),
    ],
)  # fmt: skip
def test_keys_are_written_in_many_ways(text: str, key: Key) -> None:
    assert key_named(text) == key


def test_modes_are_known_by_name_and_by_three_letters() -> None:
    for mode in MODES:
        assert mode_named(mode.upper()) == mode_named(f" {mode[:3]}") == mode
    assert mode_named("m") == "minor"


def test_meters() -> None:
    assert (meter_named("6/8"), meter_named(" 12 / 16 ")) == (Meter(6, 8), Meter(12, 16))
    assert meter_named("C") == Meter(4, 4, symbol="c")
    assert meter_named("c|") == Meter(2, 2, symbol="c|")
    assert meter_named("FREE").is_free and meter_named("none").is_free


def test_the_mode_that_is_wanted() -> None:
    wanted = {
        ("", ""): "", ("G", ""): "major", ("g", ""): "minor", ("", "dor"): "dorian",
        ("G", "dorian"): "dorian",
    }  # fmt: skip
    assert {pair: Settings(key=pair[0], mode=pair[1]).wanted_mode for pair in wanted} == wanted


def test_phrases_alone_ask_for_four_bars_each() -> None:
    assert Settings(phrases=3).bars == 12
    assert Settings(phrases=3, bars=5).bars == 5
    assert Settings(phrases=3, meter="free").bars is None


def test_what_is_left_out_is_not_told() -> None:
    assert Settings().to_dict() == {"temperature": 1.0, "top_p": 0.97}
    full = Settings(style="irish", key="D", bars=8, temperature=0.5)
    assert Settings(**full.to_dict()) == full


@given(st.sampled_from(["key", "mode", "meter", "style"]), st.text(max_size=12))
def test_any_words_are_settings_or_refused_in_a_sentence(name: str, text: str) -> None:
    try:
        Settings(**{name: text})
    except UsageError as error:
        assert "\n" not in error.hint


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=3), st.booleans())
            for name in ("style", "key", "mode", "meter", "bars", "phrases", "temperature", "top_p")
        },
    )
)
def test_any_values_are_settings_or_refused(values: dict[str, Any]) -> None:
    try:
        held = Settings(**values)
    except UsageError:
        return
    assert held.bars is None or 1 <= held.bars <= 512
    assert 0 <= held.temperature <= 5 and 0 < held.top_p <= 1
