"""Bars, pickups and meters of whole tunes, worked out by hand on real melodies and odd ones."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.score import Barline, Key, Meter, Note, Pitch, Tune
from melodies import jig, melody, star
from strategies import METERS, tunes

F = Fraction


def tune_of(lengths: str, lines: str, meter: str = "") -> Tune:
    """Equal pitches of lengths such as '1 1/2', bar lines at times, a meter such as '3/4'."""
    notes = melody(" ".join(f"g4:{length}" for length in lengths.split()))
    barlines = tuple(Barline(F(at), place + 1) for place, at in enumerate(lines.split()))
    beats, _, unit = meter.partition("/")
    return Tune(notes, barlines, meters=((F(0), Meter(int(beats), int(unit))),) if meter else ())


@pytest.mark.parametrize(
    ("meter", "length"),
    [
        (Meter(4, 4), F(4)), (Meter(3, 4), F(3)), (Meter(6, 8), F(3)), (Meter(9, 8), F(9, 2)),
        (Meter(12, 8), F(6)), (Meter(5, 16), F(5, 4)), (Meter(2, 2), F(4)), (Meter(3, 1), F(12)),
        (Meter(1, 32), F(1, 8)), (Meter(8, 8, (3, 3, 2)), F(4)), (Meter(0, 1, symbol="X"), F(0)),
    ],
    ids=str,
)  # fmt: skip
def test_lengths_of_meters_in_quarter_notes(meter: Meter, length: Fraction) -> None:
    assert meter.length == length
    assert meter.is_free == (length == 0)


@given(st.sampled_from(METERS))
def test_groups_of_an_additive_meter_make_its_beats(meter: Meter) -> None:
    assert not meter.grouping or sum(meter.grouping) == meter.beats
    assert str(meter).endswith(f"/{meter.unit}")


@pytest.mark.parametrize(
    ("lengths", "lines", "meter", "bars", "pickup"),
    [
        ("1 1 1 1", "2 4", "2/4", ["2", "2"], "0"),
        ("1 1 1 1", "0 2 4", "2/4", ["2", "2"], "0"),
        ("1 2 2", "1 3 5", "2/4", ["1", "2", "2"], "1"),
        ("1/2 2 2", "1/2 5/2", "2/4", ["1/2", "2", "2"], "1/2"),
        ("1 2 1", "1 3", "2/4", ["1", "2", "1"], "1"),
        ("3 2", "3", "2/4", ["3", "2"], "0"),
        ("2", "", "3/4", ["2"], "0"),
        ("2", "2", "3/4", ["2"], "0"),
        ("1 1 1 1", "", "", ["4"], "0"),
        ("1 1 1 1", "1", "", ["1", "3"], "0"),
        ("4", "2", "2/4", ["2", "2"], "0"),
        ("1/3 1/3 1/3 2", "1", "2/4", ["1", "2"], "1"),
        ("2 2", "2 2 4", "2/4", ["2", "2"], "0"),
    ],
    ids=[
        "full bars", "a line at the start", "a pickup", "a short pickup", "a last bar that completes",
        "a first bar that is too long", "one short bar", "one short bar with its line", "no lines no meter",
        "no meter", "a note over a line", "triplets before the bar", "two lines at one place",
    ],
)  # fmt: skip
def test_bars_between_lines(lengths: str, lines: str, meter: str, bars: list[str], pickup: str) -> None:
    tune = tune_of(lengths, lines, meter)
    assert [bar.duration for bar in tune.bars] == [F(bar) for bar in bars]
    assert tune.pickup == F(pickup)


def test_numbers_are_those_of_the_lines_that_open_the_bars() -> None:
    lines = (Barline(F(1), 12, "a"), Barline(F(3), 0), Barline(F(5), 14))
    tune = Tune(melody("g4:1 a4:2 b4:2 c5:2"), lines, meters=((F(0), Meter(2, 4)),))
    assert [bar.number for bar in tune.bars] == [0, 12, 0, 14]


def test_a_meter_change_holds_from_its_bar_on() -> None:
    meters = ((F(0), Meter(2, 4)), (F(4), Meter(3, 4)), (F(7), Meter(0, 1, symbol="X")))
    lines = tuple(Barline(F(at), place + 2) for place, at in enumerate((2, 4, 7)))
    tune = Tune(melody("g4:2 g4:2 g4:3 g4:5"), lines, meters=meters)
    assert [str(bar.meter) for bar in tune.bars] == ["2/4", "2/4", "3/4", "free"]
    assert [bar.duration for bar in tune.bars] == [2, 2, 3, 5]


def test_a_meter_that_comes_late_leaves_the_first_bars_free() -> None:
    tune = Tune(melody("g4:2 g4:3"), (Barline(F(2), 1),), meters=((F(2), Meter(3, 4)),))
    assert [str(bar.meter) for bar in tune.bars] == ["free", "3/4"]
    assert tune.meter_at(F(1)) is None


def test_dashed_and_invisible_lines_part_bars_too() -> None:
    lines = (Barline(F(2), kind="dashed"), Barline(F(4), kind="invisible"), Barline(F(6), kind="final"))
    assert [bar.duration for bar in Tune(melody("g4:2 g4:2 g4:2"), lines).bars] == [2, 2, 2]


@pytest.mark.parametrize(("tune", "bars", "pickup"), [(star(), 12, F(0)), (jig(), 5, F(1))])
def test_two_well_known_melodies(tune: Tune, bars: int, pickup: Fraction) -> None:
    assert len(tune.bars) == bars
    assert tune.pickup == pickup
    assert {bar.duration for bar in tune.bars[1:]} == {tune.meter.length}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("onset", "key", "meter"),
    [("0", "C", "4/4"), ("3", "C", "4/4"), ("4", "G", "4/4"), ("15/2", "G", "4/4"), ("8", "G", "3/4"),
     ("1000", "G", "3/4")],
)  # fmt: skip
def test_what_holds_where(onset: str, key: str, meter: str) -> None:
    tune = Tune(
        melody("g4:20"),
        keys=((F(0), Key("C", 0, "major")), (F(4), Key("G", 0, "major"))),
        meters=((F(0), Meter(4, 4)), (F(8), Meter(3, 4))),
    )
    assert tune.key_at(F(onset)).tonic == key  # type: ignore[union-attr]
    assert str(tune.meter_at(F(onset))) == meter


def test_of_two_changes_at_one_time_the_last_holds() -> None:
    tune = Tune(melody("g4:4"), meters=((F(0), Meter(4, 4)), (F(0), Meter(2, 4))))
    assert tune.meter_at(F(0)) == Meter(2, 4)


@pytest.mark.parametrize(
    ("marks", "sizes"),
    [
        ("(c4 d4) (e4 f4)", [2, 2]),
        ("(c4 d4 e4 f4)", [4]),
        ("c4 (d4 e4) f4", [1, 2, 1]),
        ("(c4 d4 (e4 f4)", [2, 2]),
        ("(c4 d4) e4 f4)", [2, 2]),
        ("c4 d4 e4 f4", [4]),
        ("(c4) (d4) (e4) (f4)", [1, 1, 1, 1]),
        ("(c4 d4) r:1 (f4)", [2, 1, 1]),
    ],
    ids=["two", "one", "loose ends", "a missing end", "a missing start", "none", "single notes", "a rest"],
)  # fmt: skip
def test_phrases_by_their_marks(marks: str, sizes: list[int]) -> None:
    assert [len(phrase) for phrase in Tune(melody(marks), phrasing="marked").phrases()] == sizes


def test_an_empty_tune_has_nothing_of_all_this() -> None:
    tune = Tune()
    assert (tune.bars, tune.pickup, tune.phrases(), tune.duration, tune.key, tune.meter) == (
        (), 0, (), 0, None, None,
    )  # fmt: skip
    assert (tune.title, tune.region, tune.catalogue, tune.composer) == ("", "", "", "")


def test_bar_lines_of_a_tune_without_notes_make_no_sound() -> None:
    tune = Tune(barlines=(Barline(F(4), 1),), meters=((F(0), Meter(4, 4)),))
    assert tune.is_empty
    assert tune.duration == 0


@settings(max_examples=30)
@given(tunes(), st.integers(1, 5))
def test_stretching_time_stretches_bars(tune: Tune, factor: int) -> None:
    stretched = tune.replace(
        notes=tuple(
            Note(note.onset * factor, note.duration * factor, note.pitch) for note in tune.notes
        ),
        barlines=tuple(Barline(line.onset * factor, line.number) for line in tune.barlines),
        meters=tuple(
            (at * factor, meter if meter.is_free else Meter(meter.beats * factor, meter.unit))
            for at, meter in tune.meters
        ),
    )  # fmt: skip
    assert [bar.duration for bar in stretched.bars] == [factor * bar.duration for bar in tune.bars]
    assert stretched.pickup == factor * tune.pickup
    assert stretched.duration == factor * tune.duration


@settings(max_examples=30)
@given(tunes())
def test_every_note_begins_in_one_bar(tune: Tune) -> None:
    for note in tune.notes:
        assert sum(bar.onset <= note.onset < bar.onset + bar.duration for bar in tune.bars) == 1


@pytest.mark.parametrize(
    ("name", "midi"),
    [("C4", 60), ("A4", 69), ("E2", 40), ("G#5", 80), ("Bb3", 58), ("Cb4", 59), ("B#4", 72), ("F##4", 67)],
)
def test_pitches_by_name(name: str, midi: int) -> None:
    signs = name[1:-1]
    pitch = Pitch(name[0], F(signs.count("#") - signs.count("b")), int(name[-1]))
    assert pitch.midi == midi
    assert str(pitch) == name.replace("b", "-")
