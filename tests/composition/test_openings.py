"""How a tune opens where nothing says so: key, meter and pickup are drawn as the training tunes have them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.composition.compose import compose
from canzona.composition.events import TICKS, Vocabulary, encode
from canzona.composition.model import ComposerModel, Opening, count_openings
from canzona.composition.settings import Settings
from canzona.composition.start import Start, start_new
from canzona.errors import ModelError, UsageError
from canzona.score import Tune
from melodies import jig, star
from sealed_model import changed_copy

F = Fraction
DRAWS = 1500

OPENINGS = [
    ["europa irlandia", "major", "D", "6/8", "1/2", 30],
    ["europa irlandia", "dorian", "E", "4/4", "0", 10],
    ["europa polska", "minor", "F#", "3/4", "1", 40],
    ["asia china", "major", "Bb", "free", "0", 20],
]


@pytest.fixture(scope="module")
def opened(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ComposerModel]:
    """The small model with other openings: `opened(row, row ...)`."""

    def make(*rows: list[Any]) -> ComposerModel:
        target = tmp_path_factory.mktemp("openings") / "small"
        return ComposerModel.open(changed_copy(small_model, target, behaviour={"openings": list(rows)}))

    return make


@pytest.fixture(scope="module")
def model(opened: Callable[..., ComposerModel]) -> ComposerModel:
    return opened(*OPENINGS)


def starts(model: ComposerModel, count: int = DRAWS, **settings: Any) -> list[Start]:
    random = np.random.default_rng(11)
    wanted = Settings(**settings)
    return [start_new(model, wanted, random) for _ in range(count)]


def assert_shares(counts: Counter[Any], expected: dict[Any, float]) -> None:
    """Each share within five standard deviations of a draw with this chance, and no other value."""
    assert set(counts) == set(expected)
    total = counts.total()
    for value, share in expected.items():
        room = 5 * (total * share * (1 - share)) ** 0.5
        assert abs(counts[value] - total * share) <= room, (value, counts)


def meters(found: list[Start]) -> Counter[str]:
    return Counter(str(start.meter) for start in found)


def test_openings_are_drawn_as_often_as_they_were_counted(model: ComposerModel) -> None:
    found = starts(model)
    assert_shares(meters(found), {"6/8": 0.3, "4/4": 0.1, "3/4": 0.4, "free": 0.2})
    keys = {"D major": 0.3, "E dorian": 0.1, "F# minor": 0.4, "B- major": 0.2}
    assert_shares(Counter(str(start.key) for start in found), keys)


def test_key_meter_and_pickup_are_drawn_together(model: ComposerModel) -> None:
    rows = {
        (str(start.key), str(start.meter), F(start.opening.conditions.pickup, TICKS))
        for start in starts(model)
    }
    assert rows == {
        ("D major", "6/8", F(1, 2)), ("E dorian", "4/4", F(0)),
        ("F# minor", "3/4", F(1)), ("B- major", "free", F(0)),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("irlandia", {"6/8": 0.75, "4/4": 0.25}),
        ("IRLANDIA", {"6/8": 0.75, "4/4": 0.25}),
        ("Europa, Irlandia", {"6/8": 0.75, "4/4": 0.25}),
        ("europa", {"6/8": 0.375, "4/4": 0.125, "3/4": 0.5}),
        ("china", {"free": 1.0}),
        ("", {"6/8": 0.3, "4/4": 0.1, "3/4": 0.4, "free": 0.2}),
    ],
)
def test_a_style_draws_among_its_own_tunes(
    model: ComposerModel, style: str, expected: dict[str, float]
) -> None:
    assert_shares(meters(starts(model, 600, style=style)), expected)


def test_words_of_a_style_that_no_tune_has_together_are_all_told_to_the_model(model: ComposerModel) -> None:
    found = starts(model, 600, style="china irlandia")
    assert {start.opening.conditions.tags for start in found} == {("china", "irlandia")}
    assert_shares(meters(found), {"6/8": 0.3, "4/4": 0.1, "3/4": 0.4, "free": 0.2})


def test_a_mode_draws_among_tunes_in_it(model: ComposerModel) -> None:
    found = starts(model, 600, mode="major")
    assert_shares(meters(found), {"6/8": 0.6, "free": 0.4})
    assert all(start.key.mode == "major" and not start.warnings for start in found)


@pytest.mark.parametrize(
    ("key", "mode"), [("G", "major"), ("Gm", "minor"), ("g", "minor"), ("G dorian", "dorian")]
)
def test_a_key_says_its_mode(model: ComposerModel, key: str, mode: str) -> None:
    rows = {"major": {"6/8", "free"}, "minor": {"3/4"}, "dorian": {"4/4"}}
    found = starts(model, 100, key=key)
    assert {(start.key.tonic, start.key.tonic_alter, start.key.mode) for start in found} == {("G", 0, mode)}
    assert {str(start.meter) for start in found} == rows[mode]
    assert {start.opening.conditions.tonic for start in found} == {7}


@pytest.mark.parametrize(
    ("key", "tonic"), [("C", 0), ("F#", 6), ("Gb", 6), ("B#", 0), ("Cb", 11), ("Ebb", 2), ("Fx", None)]
)
def test_a_tonic_is_a_class_of_pitch_whatever_its_name(
    model: ComposerModel, key: str, tonic: int | None
) -> None:
    if tonic is None:
        with pytest.raises(UsageError, match=f"'{key}' is no key"):
            starts(model, 1, key=key)
    else:
        assert starts(model, 1, key=key)[0].opening.conditions.tonic == tonic


def test_a_mode_that_the_style_lacks_holds_all_the_same(model: ComposerModel) -> None:
    found = starts(model, 50, style="polska", mode="dorian")
    assert {(start.key.mode, str(start.meter)) for start in found} == {("dorian", "3/4")}
    assert not any(start.warnings for start in found), "the model knows dorian from other tunes"


def test_a_mode_that_the_model_lacks_is_said(model: ComposerModel) -> None:
    found = starts(model, 50, mode="locrian")
    assert {start.warnings for start in found} == {
        ("model 'small' has never seen the mode locrian: it writes as in no mode",)
    }
    assert {start.key.mode for start in found} == {"locrian"}


def test_a_known_meter_brings_its_pickups(model: ComposerModel) -> None:
    (pickups,) = {start.opening.conditions.pickup for start in starts(model, 50, meter="3/4")}
    assert pickups == TICKS
    assert starts(model, 1, meter="3/4")[0].opening.barlines == (TICKS,)


def test_a_meter_of_other_tunes_has_no_pickup_of_theirs(model: ComposerModel) -> None:
    found = starts(model, 50, style="polska", meter="2/4")
    assert {(str(start.meter), start.opening.conditions.pickup) for start in found} == {("2/4", 0)}
    assert not any(start.warnings for start in found), "the vocabulary has 2/4"


def test_a_meter_that_the_model_lacks_is_said_and_taken(model: ComposerModel) -> None:
    found = starts(model, 20, meter="7/8")
    assert {start.warnings for start in found} == {
        ("model 'small' has never seen the meter 7/8: it does what it can",)
    }
    assert {(str(start.meter), start.opening.conditions.pickup) for start in found} == {("7/8", 0)}


def test_bars_are_counted_in_a_meter(model: ComposerModel) -> None:
    assert_shares(meters(starts(model, 800, bars=8)), {"6/8": 0.375, "4/4": 0.125, "3/4": 0.5})
    found = starts(model, 20, bars=8, style="china")
    assert {(str(start.meter), start.bars) for start in found} == {("4/4", 8)}


def test_free_meter_has_no_bar_line_and_no_pickup(model: ComposerModel) -> None:
    for start in starts(model, 20, meter="free"):
        assert start.meter.is_free
        assert (start.opening.barlines, start.opening.conditions.pickup) == ((), 0)


@pytest.mark.parametrize(
    ("meter", "pickup", "kept"),
    [
        ("3/4", "2", "2"),
        ("3/4", "3", "0"),
        ("3/4", "7/2", "0"),
        ("6/8", "5/2", "5/2"),
        ("4/4", "1/7", "0"),
        ("free", "1", "0"),
    ],
)
def test_a_pickup_is_shorter_than_a_bar_and_can_be_filled(
    opened: Callable[..., ComposerModel], meter: str, pickup: str, kept: str
) -> None:
    model = opened(["europa", "major", "C", meter, pickup, 1])
    (start,) = starts(model, 1)
    assert F(start.opening.conditions.pickup, TICKS) == F(kept)


def test_an_additive_meter_is_drawn_with_its_parts(opened: Callable[..., ComposerModel]) -> None:
    model = opened(["europa", "major", "C", "3+2/8", "0", 1])
    (start,) = starts(model, 1)
    assert (start.meter.beats, start.meter.unit, start.meter.grouping) == (5, 8, (3, 2))
    (made,) = compose(model=model, seed=1, bars=2)
    assert (str(made.tune.meter), made.tune.duration) == ("3+2/8", 5)


def test_a_tune_without_a_mode_is_written_in_major(opened: Callable[..., ComposerModel]) -> None:
    (start,) = starts(opened(["europa", "", "A", "2/4", "0", 1]), 1)
    assert str(start.key) == "A major"


def test_the_same_generator_draws_the_same_start(model: ComposerModel) -> None:
    settings = Settings()
    first, second = (
        [start_new(model, settings, np.random.default_rng(seed)) for seed in range(30)] for _ in range(2)
    )
    assert first == second
    assert len({str(start.key) for start in first}) > 1


def test_composed_tunes_open_as_their_openings_say(model: ComposerModel) -> None:
    for made in compose(model=model, seed=3, count=12, bars=2):
        key, tune = str(made.tune.key), made.tune
        row = {"D major": ("6/8", F(1, 2)), "E dorian": ("4/4", F(0)), "F# minor": ("3/4", F(1))}[key]
        assert (str(tune.meter), tune.pickup) == row


def test_an_unknown_style_names_the_nearest_and_all(model: ComposerModel) -> None:
    with pytest.raises(
        UsageError, match=r"knows no style 'polka'; the nearest is 'polska'; it knows .*china"
    ):
        starts(model, 1, style="polka")


@st.composite
def openings(draw: st.DrawFn) -> Opening:
    word = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=6)
    return Opening(
        tags=tuple(draw(st.lists(word, max_size=4))),
        mode=draw(st.sampled_from(["", "major", "dorian"])),
        tonic=draw(st.from_regex(r"[A-G](#{1,2}|b{1,2})?", fullmatch=True)),
        meter=draw(st.sampled_from(["free", "2/4", "6/8", "12/8", "3+2+2/16"])),
        pickup=draw(st.fractions(0, 4, max_denominator=24)),
        count=draw(st.integers(1, 10**6)),
    )


@given(openings())
def test_an_opening_survives_json(opening: Opening) -> None:
    assert Opening.from_list(json.loads(json.dumps(opening.to_list()))) == opening


@pytest.mark.parametrize(
    "row",
    [
        ["", "major", "H", "3/4", "0", 1],
        ["", "major", "c", "3/4", "0", 1],
        ["", "major", "C###", "3/4", "0", 1],
        ["", "major", "C", "3/0", "0", 1],
        ["", "major", "C", "0/4", "0", 1],
        ["", "major", "C", "3/4/8", "0", 1],
        ["", "major", "C", "", "0", 1],
        ["", "major", "C", "3/4", "-1", 1],
        ["", "major", "C", "3/4", "long", 1],
        ["", "major", "C", "3/4", "0", 0],
        ["", "major", "C", "3/4", "0", -3],
        ["", "major", "C", "3/4", "0"],
    ],
    ids=str,
)
def test_a_row_that_is_no_opening_is_refused(opened: Callable[..., ComposerModel], row: list[Any]) -> None:
    with pytest.raises(ModelError, match="is no composer that this version can read"):
        opened(OPENINGS[0], row)


def counted(*tunes: tuple[Tune, str], tags: tuple[str, ...] = ("irish",)) -> list[Opening]:
    vocabulary = Vocabulary((F(1),), ("rest",), ("2/4",), ("major",), ("irish",), (("cre", "irish"),))
    return count_openings(vocabulary, [(encode(tune, tags), tonic) for tune, tonic in tunes])


def test_openings_are_counted_the_most_frequent_first() -> None:
    found = counted((star(), "C"), (jig(), "G"), (jig(), "G"))
    assert [(row.tonic, row.meter, row.pickup, row.count) for row in found] == [
        ("G", "6/8", F(1), 2), ("C", "2/4", F(0), 1),
    ]  # fmt: skip
    assert counted() == []


def test_folder_names_are_counted_as_the_style_that_they_are_and_unknown_words_not() -> None:
    (row,) = counted((star(), "C"), tags=("cre", "unheard"))
    assert row.tags == ("irish",)


def test_a_tune_that_names_nothing_is_counted_as_free_and_without_mode() -> None:
    (row,) = counted((star().replace(meters=(), keys=(), barlines=()), "C"))
    assert (row.mode, row.meter, row.pickup) == ("", "free", F(0))


@given(st.permutations([(star(), "C"), (jig(), "G"), (star(), "D"), (jig(), "G")]))
def test_the_order_of_the_tunes_counts_nothing(tunes: list[tuple[Tune, str]]) -> None:
    assert counted(*tunes) == counted((star(), "C"), (jig(), "G"), (jig(), "G"), (star(), "D"))


def test_the_small_model_counts_its_own_training_tunes(composer: ComposerModel) -> None:
    assert sum(row.count for row in composer.openings) == composer.folder.config["training"]["tunes"]
    counts = [row.count for row in composer.openings]
    assert counts == sorted(counts, reverse=True)
    assert {row.tonic for row in composer.openings} == set("GDA")
    assert {"2/4", "free"} <= {row.meter for row in composer.openings}
