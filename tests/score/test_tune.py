"""The Tune: what it says of bars, keys, meters, phrases and pitches."""

import dataclasses
from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.score import Barline, Key, Meter, Note, Pitch, Tune
from canzona.score.tune import MODES, STEPS, alteration_text, standard_signature
from strategies import bars_are_sound, keys, pitches, tunes


def steady(count: int, length: F = F(1), **fields: object) -> Tune:
    """A tune of so many equal notes."""
    pitch = Pitch("G", F(0), 4)
    return Tune(notes=tuple(Note(n * length, length, pitch) for n in range(count))).replace(**fields)


@pytest.mark.parametrize(
    ("pitch", "midi", "height", "name"),
    [
        (Pitch("C", F(0), 4), 60, 28, "C4"),
        (Pitch("A", F(0), 4), 69, 33, "A4"),
        (Pitch("B", F(1), 3), 60, 27, "B#3"),
        (Pitch("C", F(-1), 4), 59, 28, "C-4"),
        (Pitch("E", F(-2), 5), 74, 37, "E--5"),
        (Pitch("F", F(1, 2), 4), F(131, 2), 31, "F+1/24"),
        (Pitch("B", F(-1, 2), 4), F(141, 2), 34, "B-1/24"),
        (Pitch("C", F(0), -1), 0, -7, "C-1"),
    ],
)
def test_pitches(pitch: Pitch, midi: F, height: int, name: str) -> None:
    assert (pitch.midi, pitch.height, str(pitch)) == (midi, height, name)


@given(pitches(), pitches())
def test_staff_height_and_sound_go_up_together(one: Pitch, other: Pitch) -> None:
    natural = [dataclasses.replace(pitch, alter=F(0)) for pitch in (one, other)]
    assert (natural[0].height < natural[1].height) == (natural[0].midi < natural[1].midi)
    assert one.height // 7 == one.octave
    assert STEPS[one.height % 7] == one.step


@pytest.mark.parametrize(
    ("tonic", "alter", "mode", "fifths"),
    [
        ("C", 0, "major", 0), ("G", 0, "major", 1), ("F", 0, "major", -1), ("F", 1, "major", 6),
        ("C", 1, "major", 7),
        ("C", -1, "major", -7), ("A", 0, "minor", 0), ("E", 0, "minor", 1), ("D", 0, "dorian", 0),
        ("E", 0, "phrygian", 0), ("F", 0, "lydian", 0), ("G", 0, "mixolydian", 0), ("B", 0, "locrian", 0),
        ("A", 0, "aeolian", 0), ("B", -1, "minor", -5), ("C", 0, "ionian", 0), ("G", 0, "hijaz", 1),
        ("", 0, "", 0),
    ],
)  # fmt: skip
def test_fifths_of_a_key(tonic: str, alter: int, mode: str, fifths: int) -> None:
    key = Key(tonic, alter, mode)
    assert key.fifths == fifths
    assert key.alterations == dict(standard_signature(fifths))


def test_a_written_signature_overrules_the_key() -> None:
    key = Key("C", 0, "minor", (("C", F(-1)), ("E", F(-1)), ("A", F(-1))))
    assert key.fifths == -3
    assert key.alterations == {"C": -1, "E": -1, "A": -1}
    assert Key(signature=()).fifths == 0


@pytest.mark.parametrize(
    ("fifths", "text"),
    [(0, ""), (1, "F#"), (3, "F#C#G#"), (-2, "B-E-"), (8, "F##C#G#D#A#E#B#"), (-9, "B--E--A-D-G-C-F-")],
)
def test_standard_signatures(fifths: int, text: str) -> None:
    signature = standard_signature(fifths)
    assert "".join(letter + alteration_text(alter) for letter, alter in signature) == text


@given(st.integers(-14, 14))
def test_a_standard_signature_has_as_many_signs_as_fifths(fifths: int) -> None:
    assert sum(alter for _, alter in standard_signature(fifths)) == fifths


@given(keys())
def test_a_key_shows_itself(key: Key) -> None:
    text = str(key)
    assert text.endswith(key.mode) if key.tonic else text.split()[1] in ("sharps", "flats")


def test_keys_and_meters_in_words() -> None:
    assert str(Key("B", -1, "minor")) == "B- minor"
    assert str(Key(signature=standard_signature(-2))) == "2 flats"
    assert str(Meter(6, 8)) == "6/8"
    assert str(Meter(5, 8, (3, 2))) == "3+2/8"
    assert str(Meter(0, 1)) == "free"
    assert all(mode == mode.lower() for mode in MODES)


def test_the_length_of_a_meter() -> None:
    assert Meter(6, 8).length == 3
    assert Meter(4, 2).length == 8
    assert Meter(0, 1).length == 0
    assert Meter(0, 1).is_free
    assert not Meter(3, 4).is_free


def test_bars_lie_between_bar_lines() -> None:
    tune = steady(
        9,
        barlines=(Barline(F(1), 1), Barline(F(4), 2), Barline(F(7), 3), Barline(F(9), kind="final")),
        meters=((F(0), Meter(3, 4)), (F(7), Meter(2, 4))),
    )
    assert [(bar.onset, bar.duration, bar.number, str(bar.meter)) for bar in tune.bars] == [
        (0, 1, 0, "3/4"),
        (1, 3, 1, "3/4"),
        (4, 3, 2, "3/4"),
        (7, 2, 3, "2/4"),
    ]
    assert tune.pickup == 1


def test_without_bar_lines_there_is_one_free_bar() -> None:
    tune = steady(4)
    assert [(bar.onset, bar.duration, bar.meter.is_free) for bar in tune.bars] == [(0, 4, True)]
    assert tune.pickup == 0
    assert Tune().bars == ()


def test_a_full_first_bar_is_no_pickup() -> None:
    meter = ((F(0), Meter(2, 4)),)
    assert steady(4, barlines=(Barline(F(0), 1), Barline(F(2), 2)), meters=meter).pickup == 0
    assert steady(4, barlines=(Barline(F(2), 2),), meters=meter).pickup == 0
    assert steady(1, meters=meter).pickup == 0


@given(tunes())
def test_bars_fill_the_tune(tune: Tune) -> None:
    assert bars_are_sound(tune.bars, tune.duration)
    assert tune.pickup < (tune.meter.length if tune.meter and tune.meter.length else 1)
    assert tune.duration == sum(note.duration for note in tune.notes)


@given(tunes(), st.fractions(0, 20))
def test_what_holds_at_a_time_is_the_last_change(tune: Tune, onset: F) -> None:
    before = [meter for at, meter in tune.meters if at <= onset]
    assert tune.meter_at(onset) == (before[-1] if before else None)
    assert tune.key_at(onset) == next((key for at, key in reversed(tune.keys) if at <= onset), None)
    assert tune.meter == tune.meter_at(F(0))


def test_before_the_first_key_there_is_none() -> None:
    tune = steady(4, keys=((F(2), Key("D", 0, "major")),))
    assert tune.key_at(F(1)) is None
    assert tune.key_at(F(2)) == Key("D", 0, "major")
    assert steady(1).key is None
    assert steady(1).meter is None


@given(tunes())
def test_phrases_part_the_notes(tune: Tune) -> None:
    phrases = tune.phrases()
    assert tuple(note for phrase in phrases for note in phrase) == tune.notes
    assert all(phrase for phrase in phrases)
    for phrase in phrases:
        assert not any(note.phrase_end for note in phrase[:-1])
        assert not any(note.phrase_start for note in phrase[1:])


def test_records_by_key() -> None:
    tune = Tune(records=(("OTL", "One"), ("OTL", "Two"), ("ARE", "Tirol"), ("SCT", "E1"), ("COM", "trad.")))
    assert (tune.title, tune.region, tune.catalogue, tune.composer) == ("One", "Tirol", "E1", "trad.")
    assert tune.record("AGN") == ""


def test_rests_alone_make_an_empty_tune() -> None:
    assert Tune().is_empty
    assert Tune((Note(F(0), F(1)),)).is_empty
    assert not steady(1).is_empty
    assert Note(F(0), F(1)).is_rest
    assert Note(F(1), F(1, 2)).end == F(3, 2)


def test_where_a_tune_comes_from_does_not_make_it_another() -> None:
    tune = steady(2)
    assert tune == tune.replace(source="a.krn", losses=("x",), provenance="{}")
    assert tune != tune.replace(tempo=F(60))
    assert hash(tune) == hash(tune.replace(source="b.krn"))


def test_a_tune_shows_itself() -> None:
    tune = steady(
        4,
        keys=((F(0), Key("G", 0, "major")),),
        meters=((F(0), Meter(2, 4)),),
        records=(("OTL", "Lamma bada"),),
    )
    assert repr(tune) == "<Tune Lamma bada, 4 notes, 1 bars, G major, 2/4>"
    assert repr(Tune(source="x.krn")) == "<Tune x.krn, 0 notes, 0 bars>"


def test_values_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        steady(1).notes = ()  # type: ignore[misc]
    with pytest.raises((dataclasses.FrozenInstanceError, AttributeError)):
        steady(1).notes[0].duration = F(2)  # type: ignore[misc]
