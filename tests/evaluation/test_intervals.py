"""Bootstrap intervals as laws, and reports that any JSON reader takes."""

from __future__ import annotations

import json
from collections import OrderedDict
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.errors import UsageError
from canzona.evaluation import bootstrap
from canzona.evaluation.bootstrap import Interval, bootstrap_difference, bootstrap_ratio
from canzona.evaluation.card import model_card
from canzona.evaluation.report import DIGITS, flatten, report_text, report_values

FEW = settings(max_examples=40)
ROWS = st.lists(st.tuples(st.floats(0, 1000), st.integers(1, 200)), min_size=2, max_size=30)


def ratio(rows: list[tuple[float, int]], **options: Any) -> Interval:
    above, below = zip(*rows, strict=True)
    return bootstrap_ratio(above, below, **{"resamples": 200, **options})


@given(ROWS)
@FEW
def test_the_value_lies_between_the_least_and_the_largest_tune(rows: list[tuple[float, int]]) -> None:
    found = ratio(rows)
    shares = [above / below for above, below in rows]
    for figure in (found.low, found.value, found.high):
        assert min(shares) - 1e-9 <= figure <= max(shares) + 1e-9
    assert found.low <= found.high


@given(ROWS, st.sampled_from([0.5, 2.0, 1024.0]))
@FEW
def test_twice_the_bits_are_twice_the_interval(rows: list[tuple[float, int]], scale: float) -> None:
    one, two = ratio(rows), ratio([(above * scale, below) for above, below in rows])
    assert (two.value, two.low, two.high) == pytest.approx(
        (one.value * scale, one.low * scale, one.high * scale), abs=1e-9
    )


@given(ROWS, st.floats(0.1, 0.98))
@FEW
def test_a_lower_level_is_a_narrower_interval(rows: list[tuple[float, int]], level: float) -> None:
    wide, narrow = ratio(rows, level=0.99), ratio(rows, level=level)
    assert wide.low <= narrow.low <= narrow.high <= wide.high


@given(st.floats(0.5, 5), st.lists(st.integers(1, 50), min_size=1, max_size=10))
@FEW
def test_tunes_that_are_all_alike_have_no_width(share: float, notes: list[int]) -> None:
    found = ratio([(share * count, count) for count in notes])
    assert (found.low, found.high) == pytest.approx((share, share))


@given(ROWS)
@FEW
def test_a_model_is_no_better_than_itself(rows: list[tuple[float, int]]) -> None:
    above, below = zip(*rows, strict=True)
    found = bootstrap_difference(above, above, below, resamples=50)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


@given(ROWS, st.floats(0.1, 3))
@FEW
def test_a_constant_gain_is_known_exactly(rows: list[tuple[float, int]], gain: float) -> None:
    above, below = (np.array(column, float) for column in zip(*rows, strict=True))
    found = bootstrap_difference(above + gain * below, above, below, resamples=50)
    assert (found.value, found.low, found.high) == pytest.approx((gain,) * 3, abs=1e-9)


@given(ROWS)
@FEW
def test_families_of_one_tune_are_tunes(rows: list[tuple[float, int]]) -> None:
    alone = ratio(rows, groups=list(range(len(rows))))
    assert (alone.value, alone.low, alone.high) == pytest.approx(tuple(vars_of(ratio(rows))))


def vars_of(interval: Interval) -> tuple[float, float, float]:
    return interval.value, interval.low, interval.high


def test_one_family_has_no_width() -> None:
    found = ratio([(1.0, 2), (9.0, 3), (4.0, 1)], groups=["a", "a", "a"])
    assert found.low == found.high == found.value == pytest.approx(14 / 6)


def test_names_of_families_may_be_anything_and_in_any_order() -> None:
    rows = [(1.0, 2), (9.0, 3), (4.0, 1), (2.0, 2)]
    assert ratio(rows, groups=["b", "a", "b", "a"]).value == ratio(rows, groups=[0, 7, 0, 7]).value


def test_memory_is_bounded_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(float(place % 7), 1 + place % 3) for place in range(100)]
    whole = ratio(rows, resamples=300)
    monkeypatch.setattr(bootstrap, "_CELLS", 1000)
    blocks = ratio(rows, resamples=300)
    assert vars_of(blocks) == vars_of(whole)


@pytest.mark.parametrize(
    ("above", "below", "groups", "said"),
    [
        ([], [], None, "nothing to draw an interval from"),
        ([1.0], [0], None, "nothing to draw an interval from"),
        ([1.0, 2.0], [1], None, "one numerator and one denominator"),
        ([[1.0]], [[1]], None, "one numerator and one denominator"),
        ([1.0, 2.0], [1, 1], [0], "one group for each tune"),
    ],
)
def test_what_has_no_interval_is_a_sentence(above: Any, below: Any, groups: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        bootstrap_ratio(above, below, groups=groups)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats() | st.text(max_size=5)
    | st.builds(Interval, st.floats(), st.floats(), st.floats())
    | st.floats(width=32).map(np.float32) | st.integers(0, 100).map(np.int64) | st.booleans().map(np.bool_)
    | st.lists(st.floats(), max_size=3).map(np.array),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), PLAIN, max_size=5))
def test_any_figures_are_strict_json_in_their_order(figures: dict[str, Any]) -> None:
    def no_constant(name: str) -> None:
        raise AssertionError(name)

    text = report_text(figures)
    held = json.loads(text, parse_constant=no_constant, object_pairs_hook=OrderedDict)
    assert [key for key in held if key != "intervals"] == list(figures)
    assert text.endswith("}\n")
    assert report_values(held) == held, "a report of a report is the report"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_keep_their_first_digits(value: float) -> None:
    kept = report_values({"figure": value})["figure"]
    assert kept == pytest.approx(value, rel=10 ** (1 - DIGITS), abs=0)


def test_intervals_stand_together_by_their_places() -> None:
    figures = {
        "bits": {"total": Interval(2.5, 2.25, 2.75), "pitch": 1.5},
        "accuracy": Interval(0.5, 0.25, 0.75),
    }
    assert report_values(figures) == {
        "bits": {"total": 2.5, "pitch": 1.5},
        "accuracy": 0.5,
        "intervals": {"bits.total": [2.25, 2.75], "accuracy": [0.25, 0.75]},
    }


def test_any_mapping_is_one() -> None:
    assert report_values(MappingProxyType({"a": MappingProxyType({"b": 1})})) == {"a": {"b": 1}}
    assert flatten({"a": MappingProxyType({"b": 1}), "intervals": {"a.b": [0, 2]}}) == {"a.b": 1}


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers() | st.dictionaries(
    st.text("xyz", min_size=1, max_size=2), st.integers(), min_size=1, max_size=2), max_size=4))  # fmt: skip
def test_flat_keys_lead_back_to_their_figures(figures: dict[str, Any]) -> None:
    for key, value in flatten(figures).items():
        place: Any = figures
        for part in key.split("."):
            place = place[part]
        assert place == value
    assert len(flatten(figures)) == sum(len(v) if isinstance(v, dict) else 1 for v in figures.values())


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12)


@given(WORDS, WORDS, st.booleans())
@FEW
def test_any_words_make_a_card_with_all_its_headings(name: str, description: str, research: bool) -> None:
    config = {
        "name": "folk", "job": "compose", "version": "1", "licence": "CC0-1.0", "description": description,
        "research_only": research, "training": {"data": [{"name": name, "licence": description, "tunes": 3}]},
    }  # fmt: skip
    card = model_card(config, [{"command": "c", "title": "t", "figure": 1.5}])
    headings = [line for line in card.splitlines() if line.startswith("#")]
    assert "## Uses" in headings and "### Training Data" in headings and "# Model card for `folk`" in headings
    assert ("**For research only.**" in card) is research
    assert "| `figure` | 1.5 |  |" in card


def test_a_card_says_no_more_than_it_was_told() -> None:
    card = model_card({"name": "folk", "job": "compose"})
    assert card.count("Not stated.") >= 10
    assert "None" not in card and "{" not in card
