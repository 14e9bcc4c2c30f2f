import json
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.composition.events import (
    GOES_ON,
    MOST_TAGS,
    PHRASE_ENDS,
    REST,
    TICKS,
    TUNE_ENDS,
    Vocabulary,
    absolute_pitch,
    beat_unit,
    build_vocabulary,
    encode,
    folders_below,
    region_tags,
    relative_pitch,
    tonic_pitch,
)
from canzona.score import Key, Meter, Pitch, Tune
from melodies import jig, star
from strategies import keys, pitches, tunes

F = Fraction


@given(pitches(), keys())
def test_a_pitch_against_the_tonic_and_back(pitch: Pitch, key: Key) -> None:
    tonic = tonic_pitch(key)
    assert absolute_pitch(relative_pitch(pitch, tonic), tonic) == pitch


@pytest.mark.parametrize(
    ("pitch", "key", "relative"),
    [
        (Pitch("G", F(0), 4), Key("G", 0, "major"), (0, F(0))),
        (Pitch("F", F(1), 5), Key("G", 0, "major"), (6, F(0))),
        (Pitch("F", F(0), 5), Key("G", 0, "mixolydian"), (6, F(-1))),
        (Pitch("B", F(-1), 3), Key("G", 0, "minor"), (-5, F(-1))),
        (Pitch("D", F(0), 4), Key("E", -1, "major"), (-1, F(0))),
    ],
)
def test_degrees_are_counted_up_the_major_scale_on_the_tonic(
    pitch: Pitch, key: Key, relative: tuple[int, Fraction]
) -> None:
    assert relative_pitch(pitch, tonic_pitch(key)) == relative


def test_a_bare_signature_has_its_major_tonic_and_no_key_has_c() -> None:
    two_sharps = Key(signature=(("F", F(1)), ("C", F(1))))
    assert tonic_pitch(two_sharps) == Pitch("D", F(0), 4)
    assert tonic_pitch(None) == tonic_pitch(Key()) == Pitch("C", F(0), 4)
    three_flats = Key(signature=(("B", F(-1)), ("E", F(-1)), ("A", F(-1))))
    assert tonic_pitch(three_flats) == Pitch("E", F(-1), 4)


@given(tunes())
def test_events_say_what_the_notes_are(tune: Tune) -> None:
    listed = encode(tune)
    assert len(listed.events) == len(tune.notes)
    for event, note in zip(listed.events, tune.notes, strict=True):
        assert event.duration * beat_unit(tune.meter_at(note.onset)) == note.duration
        assert (event.pitch == REST) == note.is_rest
        if not isinstance(event.pitch, str):
            assert absolute_pitch(event.pitch, tonic_pitch(tune.key_at(note.onset))) == note.pitch
        assert abs(event.onset - note.onset * TICKS) <= 1
    flags = [event.flag for event in listed.events]
    assert flags[-1] == TUNE_ENDS and TUNE_ENDS not in flags[:-1]
    ends = [sum(map(len, tune.phrases()[: n + 1])) - 1 for n in range(len(tune.phrases()))]
    assert [place for place, flag in enumerate(flags) if flag] == ends


def test_the_events_of_a_jig() -> None:
    listed = encode(jig(), ("irlandia",))
    first, second, *_, last = listed.events
    assert (first.duration, first.pitch, first.flag) == (F(1), (4, F(0)), GOES_ON)
    assert second.onset == TICKS // 2
    assert last.flag == TUNE_ENDS
    assert listed.conditions.mode == "major"
    assert listed.conditions.tonic == 7
    assert listed.conditions.pickup == TICKS
    assert listed.conditions.tags == ("irlandia",)
    assert listed.barlines[0] == TICKS
    assert listed.length == 13 * TICKS


def test_phrases_end_where_the_next_begins() -> None:
    flags = [event.flag for event in encode(star()).events]
    assert [place for place, flag in enumerate(flags) if flag == PHRASE_ENDS] == [6, 13]


def test_a_half_in_cut_time_is_a_quarter_in_common_time() -> None:
    common = star().replace(meters=((F(0), Meter(2, 4)),))
    doubled = tuple(
        type(note)(note.onset * 2, note.duration * 2, note.pitch, note.phrase_start, note.phrase_end)
        for note in common.notes
    )
    halves = common.replace(notes=doubled, meters=((F(0), Meter(2, 2)),))
    assert [e.duration for e in encode(halves).events] == [e.duration for e in encode(common).events]


def test_an_empty_tune_has_no_events() -> None:
    listed = encode(Tune())
    assert (listed.events, listed.length, listed.conditions.tonic) == ((), 0, -1)


@given(st.lists(tunes(), max_size=5), st.integers(1, 3))
@settings(max_examples=50)
def test_a_vocabulary_survives_json(found: list[Tune], least: int) -> None:
    lists = [encode(tune, ("europa", "polska")) for tune in found]
    vocabulary = build_vocabulary(
        lists, (("lieder", "europa"),), least_event=least, least_tag=least, least_meter=least
    )
    again = Vocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict())))
    assert again == vocabulary
    assert again.tag_ids == vocabulary.tag_ids
    assert len(set(vocabulary.durations)) == vocabulary.duration_escape
    held = [event.duration for listed in lists for event in listed.events]
    for duration in set(held):
        assert (duration in vocabulary.duration_ids) == (held.count(duration) >= least)


def test_aliases_stand_for_their_style() -> None:
    lists = [encode(star(), ("lieder",))] * 8
    vocabulary = build_vocabulary(lists, (("lieder", "art-song"),))
    assert vocabulary.tags == ("art-song",)
    assert vocabulary.tag_ids == {"art-song": 1, "lieder": 1}


def test_words_of_a_region() -> None:
    tune = Tune(records=(("ARE", "Europa, Mitteleuropa, Deutschland: Großherzogtum-Baden 1890"),))
    assert region_tags(tune, ("ignored",)) == (
        "europa", "mitteleuropa", "deutschland", "großherzogtum-baden",
    )  # fmt: skip
    assert region_tags(Tune(), ("irish", "irish", "McNeill")) == ("irish", "mcneill")
    assert (
        len(region_tags(Tune(records=(("ARE", " ".join(f"w{'x' * n}" for n in range(1, 20))),)))) == MOST_TAGS
    )


def test_folders_between_a_root_and_a_file() -> None:
    assert folders_below("/a/b/c/d.krn", "/a/b") == ("b", "c")
    assert folders_below("/a/b/d.krn", "/elsewhere") == ("a", "b")[-2:]
