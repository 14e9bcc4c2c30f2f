"""What a model sees before an event depends on what came before it, and on nothing else."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.composition.context import TuneState, tag_row, walk
from canzona.composition.events import TICKS, EventList, Vocabulary, build_vocabulary, encode
from canzona.composition.features import after_features, trunk_features
from canzona.score import Barline, Meter, Note, Pitch, Tune
from melodies import jig, star
from small_model import corpus
from strategies import tunes

F = Fraction


def vocabulary() -> Vocabulary:
    return build_vocabulary([encode(tune, ("europa",)) for _, tune in corpus()])


KNOWN = vocabulary()
NAMES = [name for name, _ in trunk_features(KNOWN)]


def column(listed: EventList, name: str) -> list[int]:
    found: list[int] = walk(KNOWN, listed)["trunk"][:, NAMES.index(name)].tolist()
    return found


@given(tunes(), tunes(), st.integers(0, 20), st.booleans())
@settings(max_examples=150)
def test_what_lies_ahead_changes_no_row(tune: Tune, other: Tune, kept: int, append: bool) -> None:
    """The rest is taken away or replaced by that of another tune, bar lines and meters included."""
    listed = encode(tune, ("europa",))
    kept = min(kept, len(listed.events))
    now = listed.events[kept].onset if kept < len(listed.events) else listed.length
    changed = _graft(listed, encode(other), kept, now) if append else _cut(listed, kept, now)
    whole, again = walk(KNOWN, listed), walk(KNOWN, changed)
    for name in ("trunk", "after", "targets"):
        assert np.array_equal(whole[name][:kept], again[name][:kept])
    if kept < min(len(listed.events), len(changed.events)):
        assert np.array_equal(whole["trunk"][kept], again["trunk"][kept]), "the row of the next event itself"


def _cut(listed: EventList, kept: int, now: int) -> EventList:
    return dataclasses.replace(
        listed,
        events=listed.events[:kept],
        barlines=tuple(line for line in listed.barlines if line <= now),
        meters=tuple(change for change in listed.meters if change[0] <= now),
    )


def _graft(listed: EventList, other: EventList, kept: int, now: int) -> EventList:
    cut = _cut(listed, kept, now)
    later = tuple(dataclasses.replace(event, onset=event.onset + now) for event in other.events)
    lines = tuple(line + now for line in other.barlines if line > 0)
    meters = tuple((onset + now, meter) for onset, meter in other.meters if onset > 0)
    return EventList(cut.events + later, cut.barlines + lines, cut.meters + meters, cut.conditions)


@given(tunes())
@settings(max_examples=150)
def test_every_feature_stays_below_its_number_of_classes(tune: Tune) -> None:
    arrays = walk(KNOWN, encode(tune))
    for name, table in (("trunk", trunk_features(KNOWN)), ("after", after_features())):
        assert arrays[name].shape == (len(tune.notes), len(table))
        assert (arrays[name] >= 0).all()
        for values, (feature, classes) in zip(arrays[name].T, table, strict=True):
            assert values.max() < classes, feature


@pytest.mark.parametrize("meter", [Meter(1, 2**20), Meter(64, 1), Meter(999, 32), Meter(3, 5)])
def test_strange_meters_have_features(meter: Meter) -> None:
    tune = star().replace(meters=((F(0), meter),))
    walk(KNOWN, encode(tune))


def test_a_walk_of_nothing() -> None:
    assert [array.shape for array in walk(KNOWN, encode(Tune())).values()] == [
        (0, len(NAMES)), (0, 5), (0, 3), (8,), (),
    ]  # fmt: skip


def test_places_in_the_bar_count_from_the_pickup() -> None:
    listed = encode(jig())
    assert column(listed, "place")[:4] == [4 * 24, 5 * 24, 0, 24]
    assert column(listed, "left")[:4] == [2 * 24, 24, 6 * 24, 5 * 24]
    assert column(listed, "bars")[:3] == [0, 0, 1]


def test_lookback_names_what_sounded_a_bar_ago() -> None:
    listed = encode(star())
    pitch = column(listed, "pitch_1_bars_ago")
    targets = walk(KNOWN, listed)["targets"]
    assert pitch[0] == pitch[1] == KNOWN.pitch_escape + 1, "nothing sounded before the tune"
    assert pitch[2] == targets[0, 1]
    assert pitch[4] == targets[2, 1]


def test_a_repeated_phrase_is_foretold() -> None:
    notes = star().notes[:7]
    again = tuple(dataclasses.replace(note, onset=note.onset + 8) for note in notes)
    lines = tuple(Barline(F(2 * bar)) for bar in range(8))
    tune = star().replace(notes=notes + again, barlines=lines)
    listed = encode(tune)
    targets = walk(KNOWN, listed)["targets"]
    assert column(listed, "exact_pitch")[9:14] == targets[9:14, 1].tolist()
    assert column(listed, "exact_length")[8] == 0
    assert 0 < column(listed, "exact_length")[9] <= column(listed, "exact_length")[13]
    assert column(listed, "pitch_phrase_1_back")[7:14] == targets[7:14, 1].tolist()


def test_the_phrase_that_agrees_most_is_looked_at() -> None:
    """Phrases a, b, a' of which the last begins as a: its second note is expected to be a's."""
    listed = encode(phrases("CDEF", "GFED", "CDGG"))
    targets = walk(KNOWN, listed)["targets"]
    assert column(listed, "likeness")[:4] == [0] * 4, "no phrase stands before the first"
    foretold = column(listed, "pitch_like_phrase")
    assert foretold[8] == targets[4, 1], "at its beginning the last one"
    assert foretold[9:12] == targets[1:4, 1].tolist(), "then the first"
    likeness = column(listed, "likeness")[8:]
    assert likeness[0] == 1 < likeness[1] <= likeness[2] > likeness[3], "which agrees until the third note"


def phrases(*lines: str) -> Tune:
    """Quarter notes of one bar a phrase."""
    notes = [
        Note(F(4 * line + place), F(1), Pitch(letter, F(0), 4), place == 0, place + 1 == len(letters))
        for line, letters in enumerate(lines)
        for place, letter in enumerate(letters)
    ]
    barlines = tuple(Barline(F(4 * bar)) for bar in range(len(lines)))
    return star().replace(notes=tuple(notes), barlines=barlines, meters=((F(0), Meter(4, 4)),))


def test_bars_to_the_end_are_seen_where_they_are_told() -> None:
    listed = encode(phrases("CDEF", "GFED", "CDGG"))
    assert set(column(listed, "bars_left")) == {0}
    assert column(listed.told_its_bars(), "bars_left") == [3] * 4 + [2] * 4 + [1] * 4
    with_pickup = encode(jig()).told_its_bars()
    left = column(with_pickup, "bars_left")
    assert left[0] == with_pickup.conditions.bars + 1, "the pickup's bar is one more"
    assert left[-1] == 1 and sorted(left, reverse=True) == left


def test_a_meter_that_begins_later_is_not_known_before() -> None:
    tune = star().replace(meters=((F(8), Meter(3, 4)),))
    assert column(encode(tune), "meter")[:3] == [KNOWN.meter_ids["free"]] * 3
    assert column(encode(tune), "meter")[-1] == KNOWN.meter_ids["3/4"]


def test_bar_lines_go_on_while_writing() -> None:
    opening = EventList((), (TICKS,), ((0, Meter(3, 4)),), encode(jig()).conditions)
    state = TuneState(KNOWN, opening, writing=True)
    note = encode(Tune(notes=(Note(F(0), F(1), star().notes[0].pitch),))).events[0]
    found = []
    for _ in range(8):
        found.append((state.bars, state.place()))
        state.push(note, 0, 0)
    beat = TICKS
    assert found == [
        (0, (2 * beat, beat)),
        (1, (0, 3 * beat)), (1, (beat, 2 * beat)), (1, (2 * beat, beat)),
        (2, (0, 3 * beat)), (2, (beat, 2 * beat)), (2, (2 * beat, beat)),
        (3, (0, 3 * beat)),
    ]  # fmt: skip


def test_unknown_regions_are_left_out() -> None:
    assert tag_row(KNOWN, ("nowhere", "europa", "europa")) == [KNOWN.tag_ids["europa"], *[0] * 7]
