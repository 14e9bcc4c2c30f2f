import json
import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from canzona.evaluation import Interval, flatten, report_text


def test_a_report_is_one_json_object_in_the_order_given() -> None:
    text = report_text({
        "tunes": np.int64(3),
        "bits_per_note": {"duration": np.float32(0.5), "total": Interval(2.61234567, 2.5, 2.7)},
        "unreadable": ("a.krn",),
        "blind": np.bool_(True),
        "share": math.nan,
        "curve": np.array([1, 2]),
    })  # fmt: skip
    assert json.loads(text) == {
        "tunes": 3,
        "bits_per_note": {"duration": 0.5, "total": 2.61235},
        "unreadable": ["a.krn"],
        "blind": True,
        "share": None,
        "curve": [1, 2],
        "intervals": {"bits_per_note.total": [2.5, 2.7]},
    }
    assert list(json.loads(text))[:2] == ["tunes", "bits_per_note"]
    assert text.endswith("}\n")


def test_a_report_without_intervals_has_no_such_key() -> None:
    assert report_text({"tunes": 1}) == '{\n "tunes": 1\n}\n'


def test_flatten_gives_dotted_keys() -> None:
    report = json.loads(report_text({"a": {"b": {"c": 1}, "d": 2}, "e": Interval(1.0, 0.0, 2.0)}))
    assert flatten(report) == {"a.b.c": 1, "a.d": 2, "e": 1.0}


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
))  # fmt: skip
def test_any_figures_make_strict_json(value: object) -> None:
    def refuse(name: str) -> None:
        raise ValueError(name)

    json.loads(report_text({"value": value}), parse_constant=refuse)


def test_floats_keep_six_digits() -> None:
    assert json.loads(report_text({"x": 1 / 3, "y": 123456789.0, "z": float(Fraction(1, 8))})) == {
        "x": 0.333333, "y": 123457000.0, "z": 0.125,
    }  # fmt: skip
