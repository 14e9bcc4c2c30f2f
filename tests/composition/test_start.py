"""Where a tune starts that takes notes over: what is counted, kept, closed and told."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.composition.compose import compose
from canzona.composition.context import TuneState
from canzona.composition.events import GOES_ON, PHRASE_ENDS, TICKS, EventList, encode
from canzona.composition.model import ComposerModel
from canzona.composition.samples import bars_close
from canzona.composition.settings import Settings
from canzona.composition.start import Start, start_from, start_like, start_new
from canzona.score import Barline, Key, Meter, Note, Pitch, Tune
from canzona.score.tune import FREE_METER
from melodies import jig, star
from small_model import METERS, corpus

F = Fraction
CORPUS = [tune for _, tune in corpus()]
TUNES = st.sampled_from(CORPUS[:20])


def on(model: ComposerModel, tune: Tune, **settings: Any) -> Start:
    return start_from(model, Settings(**settings), tune)


def like(model: ComposerModel, tune: Tune, **settings: Any) -> Start:
    return start_like(model, Settings(**settings), tune)


def cut(tune: Tune, notes: int) -> Tune:
    """The first notes of a tune with the bar lines up to their end."""
    kept = tune.notes[:notes]
    lines = tuple(line for line in tune.barlines if line.onset <= kept[-1].end)
    return tune.replace(notes=kept, barlines=lines)


@given(TUNES, st.integers(1, 30))
@settings(max_examples=60)
def test_bars_are_counted_as_the_rules_count_them(composer: ComposerModel, tune: Tune, notes: int) -> None:
    """Given bars and the state of the tune agree, so that as many bars are written as asked for."""
    start = on(composer, cut(tune, notes))
    opening = start.opening
    state = TuneState(
        composer.vocabulary,
        EventList((), opening.barlines, opening.meters, opening.conditions),
        writing=True,
    )
    for event in opening.events:
        state.push(event, 0, 0)
    if not start.meter.is_free:
        begun_after = state.place()[0] == 0 and state.bars > 0
        assert start.given_bars == state.bars - begun_after


@given(TUNES, st.integers(1, 30))
@settings(max_examples=60)
def test_phrases_are_counted_where_they_end(composer: ComposerModel, tune: Tune, notes: int) -> None:
    given_tune = cut(tune, notes)
    start = on(composer, given_tune)
    ends = sum(note.phrase_end for note in given_tune.notes[:-1]) + 1
    assert start.given_phrases == ends, "what is gone on from ends a phrase of its own"
    assert start.opening.events[-1].flag == PHRASE_ENDS


@pytest.mark.parametrize(("source", "tune"), [("", None), ("like", jig()), ("continue_", star())])
def test_a_tune_is_told_as_many_bars_as_it_gets(
    composer: ComposerModel, source: str, tune: Tune | None
) -> None:
    """What the network is told in writing is what it was told of training tunes."""
    asked = Settings(bars=6)
    if tune is None:
        start, taken = start_new(composer, asked, np.random.default_rng(1)), {}
    else:
        start = (start_like if source == "like" else start_from)(composer, asked, tune)
        taken = {source: tune}
    (written,) = compose(model=composer, seed=3, bars=6, **taken)
    bars = encode(written.tune).told_its_bars().conditions.bars
    assert start.told.conditions.bars == bars
    assert bars > 6 if source == "continue_" else bars == 6
    free = Start(start.key, start.opening, start.given, (), None, None)
    assert free.told.conditions.bars == 0, "a tune that ends when it likes is told nothing"


@given(TUNES)
@settings(max_examples=20)
def test_everything_given_is_kept(composer: ComposerModel, tune: Tune) -> None:
    start = on(composer, tune)
    assert start.given == tune
    assert [event.ticks for event in start.opening.events] == [note.duration * TICKS for note in tune.notes]
    assert start.opening.length == tune.duration * TICKS


@pytest.mark.parametrize(("meter", "pickup"), METERS.items(), ids=str)
def test_a_tune_like_another_takes_two_bars(composer: ComposerModel, meter: Meter, pickup: Fraction) -> None:
    (tune, *_) = [each for each in CORPUS if each.meter == meter and each.pickup == pickup]
    start = like(composer, tune)
    if meter.is_free:
        assert start.given.notes == tune.phrases()[0]
        return
    whole = [note for note in tune.notes if note.end <= pickup + 2 * meter.length]
    assert list(start.given.notes) == whole
    assert start.given_bars == 2
    assert start.bars is None and start.phrases is None


@pytest.mark.parametrize(
    ("bars", "phrases", "taken"),
    [(1, None, 0), (2, None, 1), (3, None, 2), (8, None, 2), (4, 4, 0), (4, 3, 1), (4, 2, 2), (4, 1, 2)],
)
def test_room_is_left_for_bars_and_phrases(
    composer: ComposerModel, bars: int, phrases: int | None, taken: int
) -> None:
    """Of all bars asked for at least one is new, and each phrase still to come has one."""
    start = like(composer, star(), bars=bars, phrases=phrases)
    given_bars = len(start.given.bars) if start.given.notes else 0
    assert given_bars == taken
    assert start.bars == bars - taken
    if phrases is not None:
        assert start.phrases == phrases - start.given_phrases >= 1
        assert start.phrases <= start.bars


def test_an_opening_like_a_tune_ends_no_phrase_that_goes_on(composer: ComposerModel) -> None:
    start = like(composer, star())
    assert start.opening.events[-1].flag == GOES_ON
    assert not start.given.notes[-1].phrase_end


def test_phrase_ends_beyond_those_asked_for_are_taken_away(composer: ComposerModel) -> None:
    notes = tuple(
        Note(note.onset, note.duration, note.pitch, True, True) for note in star().notes
    )  # a phrase a note
    start = like(composer, star().replace(notes=notes), phrases=3, bars=8)
    assert start.given_phrases == 2 and start.phrases == 1
    ends = [note.phrase_end for note in start.given.notes]
    assert ends[:2] == [True, True] and not any(ends[2:])
    assert [note.phrase_start for note in start.given.notes[3:]] == [False] * len(start.given.notes[3:])


@pytest.mark.parametrize("setting", [{"key": "D"}, {"mode": "minor"}, {"meter": "3/4"}], ids=str)
def test_what_the_given_tune_says_holds_and_is_told(composer: ComposerModel, setting: dict[str, str]) -> None:
    start = on(composer, star(), **setting)
    assert (str(start.key), str(start.meter)) == ("C major", "2/4")
    (name,) = setting
    assert f"{name} of the given tune holds, not those asked for" in start.warnings


def test_several_that_hold_are_told_in_one_sentence(composer: ComposerModel) -> None:
    start = on(composer, star(), key="D", meter="3/4")
    assert "key and meter of the given tune hold, not those asked for" in start.warnings


def test_a_region_of_the_given_tune_is_the_style_where_none_is_asked_for(composer: ComposerModel) -> None:
    tune = star().replace(records=(("ARE", "Europa, Polska, Nowhere"),))
    assert on(composer, tune).opening.conditions.tags == ("europa", "polska")
    assert on(composer, tune, style="china").opening.conditions.tags == ("china",)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ((), "C major"),
        (((F(0), Key("", 0, "", (("F", F(1)),))),), "G major"),
        (((F(0), Key("A", 0, "minor")), (F(4), Key("E", 0, "dorian"))), "E dorian"),
        (((F(0), Key("A", 0, "minor")), (F(10**6), Key("E", 0, "dorian"))), "A minor"),
    ],
    ids=["none", "a signature alone", "a change", "a change that never comes"],
)
def test_the_key_is_that_of_the_end(
    composer: ComposerModel, keys: tuple[tuple[Fraction, Key], ...], expected: str
) -> None:
    assert str(on(composer, star().replace(keys=keys)).key) == expected


def test_the_meter_is_that_of_the_end(composer: ComposerModel) -> None:
    changed = star().replace(meters=((F(0), Meter(4, 4)), (F(8), Meter(2, 4))))
    assert str(on(composer, changed).meter) == "2/4"
    later = star().replace(meters=((F(0), Meter(2, 4)), (F(10**6), Meter(4, 4))))
    assert str(on(composer, later).meter) == "2/4"


def test_no_meter_is_free_meter_and_bars_are_said_to_be_none(composer: ComposerModel) -> None:
    bare = star().replace(meters=(), barlines=())
    start = on(composer, bare, bars=8)
    assert start.meter == FREE_METER
    assert "the given tune is in free meter: there are no bars to count" in start.warnings
    assert start.given_bars == 0


def line(onset: Fraction) -> Barline:
    return Barline(onset, 1)


@pytest.mark.parametrize(
    ("notes", "length"),
    [(2, 2), (1, 2), (3, 4), (4, 4), (7, 8)],
    ids=["a full bar", "half a bar", "a bar and a half", "two bars", "four bars, the last one note"],
)
def test_a_bar_that_was_begun_is_filled_and_new_ones_follow(
    composer: ComposerModel, notes: int, length: int
) -> None:
    (made,) = compose(model=composer, continue_=cut(star(), notes), bars=2, seed=1)
    assert made.tune.duration == length + 2 * 2
    assert bars_close(made.tune)
    assert [each.pitch for each in made.tune.notes[:notes]] == [each.pitch for each in star().notes[:notes]]


def test_a_last_bar_that_nothing_fills_is_closed_where_it_stands(composer: ComposerModel) -> None:
    odd = Tune(
        notes=(Note(F(0), F(2), Pitch("C", F(0), 4)), Note(F(2), F(1, 7), Pitch("D", F(0), 4), False, True)),
        barlines=(line(F(2)),),
        keys=((F(0), Key("C", 0, "major")),),
        meters=((F(0), Meter(2, 4)),),
    )
    start = on(composer, odd)
    assert start.opening.barlines[-1] == start.opening.length


def test_the_pickup_is_kept(composer: ComposerModel) -> None:
    start = on(composer, jig())
    assert start.opening.conditions.pickup == TICKS
    assert like(composer, jig()).given.pickup == 1
    assert like(composer, jig()).given_bars == 2, "the pickup is no bar"
