"""Composing with a small real model: what a seed fixes, what always holds, what settings do."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import canzona
from canzona.composition import Composition, compose
from canzona.composition.compose import _rules
from canzona.composition.composition import joined_bytes
from canzona.composition.decode import Plan, Sampling, write_tunes
from canzona.composition.model import ComposerModel
from canzona.composition.scoring import score
from canzona.composition.settings import Settings
from canzona.composition.start import start_new
from canzona.errors import RulesError, UsageError
from canzona.score import Tune
from canzona.score.tune import Key, Meter

F = Fraction


def written(made: list[Composition]) -> list[tuple[Any, ...]]:
    return [(each.tune.notes, each.tune.key, each.tune.meters, each.tune.title) for each in made]


def assert_whole(tune: Tune, *, bars: int | None = None, phrases: int | None = None) -> None:
    """Every bar line is met by a note, bars are full, and the tune ends with a phrase."""
    notes, meter = tune.notes, tune.meter
    assert notes[0].onset == 0
    assert all(note.end == after.onset for note, after in pairwise(notes)), "no gap"
    assert notes[0].phrase_start and notes[-1].phrase_end
    ends = [note.phrase_end for note in notes]
    assert [note.phrase_start for note in notes] == [True, *ends[:-1]]
    if phrases is not None:
        assert sum(ends) == phrases
    if meter is None or meter.is_free:
        assert bars is None
        return
    met = {note.onset for note in notes} | {notes[-1].end}
    lines = [line.onset for line in tune.barlines]
    assert set(lines) <= met, "no note crosses a bar line"
    assert lines == sorted(set(lines)) and lines[-1] == tune.duration
    lengths = [bar.duration for bar in tune.bars]
    pickup = tune.pickup
    full = lengths[1:-1] if pickup else lengths[:-1]
    assert all(length == meter.length for length in full)
    assert lengths[-1] in (meter.length, meter.length - pickup)
    if bars is not None:
        assert len(lengths) - bool(pickup) == bars


def test_the_same_seed_writes_the_same_tunes(composer: ComposerModel) -> None:
    first = compose(model=composer, seed=4, count=3, bars=8)
    assert written(first) == written(compose(model=composer, seed=4, count=3, bars=8))
    assert len({each.tune.notes for each in first}) == 3
    other = compose(model=composer, seed=5, count=3, bars=8)
    assert not {each.tune.notes for each in first} & {each.tune.notes for each in other}


def test_a_seed_is_drawn_where_none_is_given_and_named(composer: ComposerModel) -> None:
    one, two = (compose(model=composer, bars=2)[0] for _ in range(2))
    assert one.seed != two.seed
    assert written([one]) == written(compose(model=composer, bars=2, seed=one.seed))


def test_tune_k_of_n_is_tune_k_of_many(composer: ComposerModel) -> None:
    many = compose(model=composer, seed=9, count=70, bars=3)
    assert written(compose(model=composer, seed=9, count=5, bars=3)) == written(many[:5])
    assert [each.number for each in many] == list(range(1, 71))


def test_batch_and_threads_change_no_tune(composer: ComposerModel, small_model: Path) -> None:
    wanted = Settings(bars=4, phrases=2)
    plans = []
    for number in range(9):
        start = start_new(composer, wanted, np.random.default_rng(number))
        plans.append(Plan(start.opening, _rules(composer, wanted, start), (7, number)))
    nets = [ComposerModel.open(small_model, threads=threads).network for threads in (1, 3)]
    expected = write_tunes(nets[0], composer.vocabulary, plans, Sampling(), batch=9)
    for network, batch in ((nets[0], 1), (nets[0], 4), (nets[1], 9), (nets[1], 2)):
        found = write_tunes(network, composer.vocabulary, plans, Sampling(), batch=batch)
        assert [each.events for each in found] == [each.events for each in expected]
        assert all(np.array_equal(a.bits, b.bits) for a, b in zip(found, expected, strict=True))


METERS = ["2/4", "3/4", "4/4", "6/8", "3/8", "9/8", "12/8", "5/8", "7/16", "2/2", "3/1", "1/32", "11/4", "c|"]


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize(("bars", "phrases"), [(1, None), (1, 1), (7, 3)])
def test_bars_close_in_any_meter(composer: ComposerModel, meter: str, bars: int, phrases: int | None) -> None:
    for each in compose(model=composer, seed=1, count=3, meter=meter, bars=bars, phrases=phrases):
        assert_whole(each.tune, bars=bars, phrases=phrases)


@given(
    st.builds("{}/{}".format, st.integers(1, 16), st.sampled_from([1, 2, 4, 8, 16, 32])),
    st.integers(1, 6), st.integers(1, 6), st.sampled_from([0.0, 1.0, 5.0]), st.integers(0, 2**63 - 1),
)  # fmt: skip
@settings(max_examples=25)
def test_what_is_asked_for_holds(
    composer: ComposerModel, meter: str, bars: int, phrases: int, temperature: float, seed: int
) -> None:
    phrases = min(phrases, bars)
    asked = {"meter": meter, "bars": bars, "phrases": phrases, "temperature": temperature}
    for each in compose(model=composer, seed=seed, count=2, **asked):
        assert_whole(each.tune, bars=bars, phrases=phrases)
        assert str(each.tune.meter) == meter


def test_a_tune_of_any_length_ends(composer: ComposerModel) -> None:
    for each in compose(model=composer, seed=2, count=6, temperature=3.0):
        assert_whole(each.tune)


def test_free_meter_has_no_bars(composer: ComposerModel) -> None:
    for each in compose(model=composer, seed=2, count=3, meter="free", phrases=5, temperature=2.0):
        assert each.tune.meter is not None and each.tune.meter.is_free
        assert_whole(each.tune, phrases=5)
        assert [line.kind for line in each.tune.barlines] == ["final"]


def test_phrases_alone_have_four_bars_each(composer: ComposerModel) -> None:
    for each in compose(model=composer, seed=3, count=4, phrases=2):
        assert_whole(each.tune, bars=8, phrases=2)


def test_the_longest_tune(composer: ComposerModel) -> None:
    made = compose(model=composer, seed=1, bars=512, meter="2/4", phrases=512)[0]
    assert_whole(made.tune, bars=512, phrases=512)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("temperature", [0, 0.0, 1e-300, 1e-9, 1e-6, 1e-5, 5.0])
@pytest.mark.parametrize("top_p", [1.0, 0.5, 1e-12])
def test_cold_and_hot_tunes_are_tunes(composer: ComposerModel, temperature: float, top_p: float) -> None:
    made = compose(model=composer, seed=1, bars=4, phrases=2, temperature=temperature, top_p=top_p)[0]
    assert_whole(made.tune, bars=4, phrases=2)
    assert math.isfinite(made.bits_per_note) and made.bits_per_note >= 0


@pytest.mark.parametrize("cold", [{"temperature": 0}, {"temperature": 1e-9}])
def test_cold_tunes_take_the_most_probable_event(composer: ComposerModel, cold: dict[str, float]) -> None:
    """The seed decides no more than how the tune begins: its pickup here."""
    same = {"model": composer, "meter": "3/4", "key": "G", "bars": 6, "style": "china"}
    greedy: dict[Fraction, set[Any]] = {}
    for seed in range(6):
        made = compose(seed=seed, **same, **cold)[0]
        greedy.setdefault(made.tune.pickup, set()).add(made.tune.notes)
    assert all(len(found) == 1 for found in greedy.values())
    wanted = Settings(bars=6, meter="3/4", key="G")
    start = start_new(composer, wanted, np.random.default_rng(1))
    plan = Plan(start.opening, _rules(composer, wanted, start), (1, 1))
    done = write_tunes(composer.network, composer.vocabulary, [plan], Sampling(cold["temperature"]))[0]
    scored = score(composer.network, composer.vocabulary, [replace(start.opening, events=done.events)])[0]
    assert scored.right[:2, 1].all(), "no rule speaks of pitches, so that the likeliest one is taken"


def test_a_small_top_p_is_greedy(composer: ComposerModel) -> None:
    """Where no rule speaks: the pitches. Durations are weighed by what fills the bar."""
    same = {"model": composer, "seed": 6, "bars": 4, "meter": "1/4", "key": "G"}
    assert written(compose(**same, top_p=1e-9)) != written(compose(**same))
    entropies = [np.mean([each.bits_per_note for each in compose(**same, count=10, top_p=p)])
                 for p in (1e-9, 0.5, 1.0)]  # fmt: skip
    assert entropies == sorted(entropies)


def test_what_is_asked_for_is_written(composer: ComposerModel) -> None:
    for asked, key in {
        ("G", ""): Key("G", 0, "major"), ("Am", ""): Key("A", 0, "minor"), ("a", ""): Key("A", 0, "minor"),
        ("F# dorian", ""): Key("F", 1, "dorian"), ("Bb", "minor"): Key("B", -1, "minor"),
    }.items():  # fmt: skip
        tune = compose(model=composer, seed=1, bars=2, key=asked[0], mode=asked[1])[0].tune
        assert tune.key is not None
        assert (tune.key.tonic, tune.key.tonic_alter, tune.key.mode) == (key.tonic, key.tonic_alter, key.mode)
    for mode in ("major", "minor", "dorian"):
        for each in compose(model=composer, seed=1, count=5, bars=2, mode=mode):
            assert each.tune.key is not None and each.tune.key.mode == mode
            assert each.warnings == ()


def test_what_is_left_out_is_drawn_from_the_training_tunes(composer: ComposerModel) -> None:
    made = compose(model=composer, seed=1, count=40, bars=1)
    meters = {str(each.tune.meter) for each in made}
    assert meters == {"2/4", "3/4", "4/4", "6/8"}, "all but free meter, which has no bars"
    assert {each.tune.key.mode for each in made if each.tune.key} == {"major", "minor", "dorian"}
    assert {each.tune.pickup for each in made} == {F(0), F(1), F(1, 2)}
    free = compose(model=composer, seed=1, count=12, temperature=5.0)
    assert any(each.tune.meter is not None and each.tune.meter.is_free for each in free)


def test_a_style_is_words_that_the_model_knows(composer: ComposerModel) -> None:
    one = compose(model=composer, seed=1, bars=4, style="China")[0]
    assert one.provenance.options["style"] == "China"
    same = {"seed": 1, "bars": 4, "meter": "3/4", "key": "G"}
    styles = ("", "china", "europa, polska", "irlandia")
    assert len({compose(model=composer, style=each, **same)[0].bits_per_note for each in styles}) > 1


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ("irlandi", "model 'small' knows no style 'irlandi'; the nearest is 'irlandia'; it knows europa, "),
        ("qqq", "model 'small' knows no style 'qqq'; it knows europa, irlandia, polska, asia, china"),
        ("asia qqq", "model 'small' knows no style 'qqq'"),
    ],
)
def test_an_unknown_style_is_answered_with_the_known_ones(
    composer: ComposerModel, style: str, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        compose(model=composer, style=style)
    assert str(caught.value).startswith(message)


def test_what_the_model_has_never_seen_is_said(composer: ComposerModel) -> None:
    made = compose(model=composer, seed=1, bars=2, meter="13/16", mode="locrian")[0]
    assert made.warnings == (
        "model 'small' has never seen the mode locrian: it writes as in no mode",
        "model 'small' has never seen the meter 13/16: it does what it can",
    )
    assert made.tune.meter == Meter(13, 16)
    assert_whole(made.tune, bars=2)


def test_more_phrases_than_bars_contradict_one_another(composer: ComposerModel) -> None:
    with pytest.raises(RulesError, match=r"5 phrases do not fit into 4 bars; .* ask for 4 phrases or fewer"):
        compose(model=composer, bars=4, phrases=5)


@pytest.mark.parametrize("count", [0, -1, 100_001, 1.5, "two"])
def test_no_tunes_or_too_many_are_refused(composer: ComposerModel, count: int) -> None:
    with pytest.raises(UsageError, match=f"{count} tunes cannot be written; ask for 1 to 100000"):
        compose(model=composer, count=count)


@pytest.mark.parametrize("seed", [-1, 0.5, "seven"])
def test_a_seed_is_a_whole_number(composer: ComposerModel, seed: int) -> None:
    with pytest.raises(UsageError, match=f"{seed} is no seed; give a whole number, 0 or more"):
        compose(model=composer, seed=seed)


def test_one_file_for_several_tunes(composer: ComposerModel) -> None:
    made = compose(model=composer, seed=1, count=2, bars=2)
    assert joined_bytes(made, "abc", tempo=90).count(b"T:Canzona 1.") == 2
    assert joined_bytes(made[:1], "krn") == made[0].to_bytes("krn")
    with pytest.raises(UsageError, match="one mid holds one tune and there are 2; write a file for each"):
        joined_bytes(made, "mid")


def test_progress_counts_to_the_end(composer: ComposerModel) -> None:
    seen: list[int] = []
    compose(model=composer, seed=1, count=5, bars=1, progress=seen.append)
    assert seen == sorted(seen) and seen[-1] == 5


def test_it_is_part_of_the_public_api(small_model: Path) -> None:
    made = canzona.compose(model=small_model, seed=1, bars=2)
    assert isinstance(made[0], Composition)
    assert written(made) == written(compose(model=str(small_model), seed=1, bars=2))
