"""Keys and meters of MusicXML, read from what programs write and written so that they come back."""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree

import pytest

from canzona.errors import FormatError
from canzona.score import Key, Meter, Tune
from canzona.score.musicxml import read_musicxml, write_musicxml
from canzona.score.tune import MODES, standard_signature
from melodies import melody, star
from musicxml_text import ATTRIBUTES, note, score, tune_of

F = Fraction

MAJORS = ["C-", "G-", "D-", "A-", "E-", "B-", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"]
MINORS = ["A-", "E-", "B-", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#"]


def keyed(content: str, attribute: str = "") -> Key | None:
    """The key of a `<key>`."""
    head = f"<attributes><divisions>1</divisions><key{attribute}>{content}</key></attributes>"
    return tune_of(score(head + note("C4", 4))).key


def metered(content: str, attribute: str = "") -> Meter | None:
    """The meter of a `<time>`."""
    head = f"<attributes><divisions>1</divisions><time{attribute}>{content}</time></attributes>"
    return tune_of(score(head + note("C4", 4))).meter


def beats(beats: str, unit: str) -> str:
    return f"<beats>{beats}</beats><beat-type>{unit}</beat-type>"


def back(tune: Tune) -> Tune:
    """A tune written and read again, without any loss."""
    written = write_musicxml([tune])
    assert written.losses == ()
    return next(read_musicxml(written.data))


# Keys.


@pytest.mark.parametrize("fifths", range(-7, 8))
def test_major_and_minor_keys_have_the_tonic_of_the_circle_of_fifths(fifths: int) -> None:
    for mode, tonics in (("major", MAJORS), ("minor", MINORS)):
        key = keyed(f"<fifths>{fifths}</fifths><mode>{mode}</mode>")
        assert str(key) == f"{tonics[fifths + 7]} {mode}"
        assert key is not None
        assert key.signature == standard_signature(fifths)


@pytest.mark.parametrize(
    ("mode", "tonic"),
    [
        ("ionian", "C"),
        ("dorian", "D"),
        ("phrygian", "E"),
        ("lydian", "F"),
        ("mixolydian", "G"),
        ("aeolian", "A"),
        ("locrian", "B"),
    ],
)
def test_the_modes_of_the_white_keys(mode: str, tonic: str) -> None:
    assert keyed(f"<fifths>0</fifths><mode>{mode}</mode>") == Key(tonic, 0, mode, ())


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("<fifths>1</fifths><mode>none</mode>", Key(signature=standard_signature(1))),
        ("<fifths>1</fifths><mode/>", Key(signature=standard_signature(1))),
        ("<fifths>1</fifths><mode> Major </mode>", Key("G", 0, "major", standard_signature(1))),
        ("<fifths>0</fifths><mode>hijaz</mode>", Key(mode="hijaz", signature=())),
        ("<cancel>2</cancel><fifths>-1</fifths>", Key(signature=standard_signature(-1))),
        ("<fifths> 3 </fifths>", Key(signature=standard_signature(3))),
        ("<fifths>8</fifths>", Key(signature=standard_signature(8))),
        ("", Key(signature=())),
        ("<key-step>F</key-step><key-alter>1</key-alter><key-octave number='1'>5</key-octave>",
         Key(signature=(("F", F(1)),))),
        ("<key-step>B</key-step><key-alter>-1</key-alter><key-step>F</key-step><key-alter>1</key-alter>",
         Key(signature=(("B", F(-1)), ("F", F(1))))),
    ],
)  # fmt: skip
def test_a_signature_without_a_known_mode_has_no_tonic(content: str, key: Key) -> None:
    assert keyed(content) == key


@pytest.mark.parametrize("fifths", ["x", "1.5", "15", "-15", "1e1"])
def test_fifths_that_make_no_sense_are_refused(fifths: str) -> None:
    with pytest.raises(FormatError, match="a key has no number of fifths; expected -7 to 7"):
        keyed(f"<fifths>{fifths}</fifths>")


@pytest.mark.parametrize("alter", ["x", "13", "-13", ""])
def test_a_key_that_alters_by_no_number_is_refused(alter: str) -> None:
    with pytest.raises(FormatError, match="a key alters by no number of semitones"):
        keyed(f"<key-step>F</key-step><key-alter>{alter}</key-alter>")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("tonic", "alter"), [("C", 0), ("F", 1), ("B", -1), ("E", 0), ("D", -1)])
def test_every_key_comes_back(mode: str, tonic: str, alter: int) -> None:
    key = Key(tonic, alter, mode)
    for written in (key, Key(tonic, alter, mode, standard_signature(key.fifths))):
        tune = star().replace(keys=((F(0), written),))
        assert back(tune).keys == tune.keys


@pytest.mark.parametrize(
    "key",
    [
        Key("D", 0, "minor", ()),  # Dorian signature under a minor tune
        Key("G", 0, "", standard_signature(1)),
        Key("G", 0, "hijaz", (("B", F(-1)), ("E", F(-1)), ("F", F(1)))),
        Key("", 0, "major"),
        Key("C", 2, "major"),
        Key(signature=(("B", F(-8, 9)), ("F", F(4, 9)))),
        Key(signature=(("B", F(-1, 2)),)),
        Key(signature=standard_signature(9)),
        Key("C", 0, 'a mode with <signs> & "quotes"', ()),
    ],
)
def test_unusual_keys_come_back(key: Key) -> None:
    assert back(star().replace(keys=((F(0), key),))).keys == ((F(0), key),)


def test_a_key_that_changes_within_a_bar_and_within_a_note_keeps_its_moment() -> None:
    keys = (
        (F(0), Key("C", 0, "major", ())),
        (F(1), Key("G", 0, "major", standard_signature(1))),
        (F(11, 3), Key("F", 0, "major", standard_signature(-1))),
    )
    tune = Tune(notes=melody("c4:2 d4:2 e4:2"), meters=((F(0), Meter(6, 4)),), keys=keys)
    found = back(tune)
    assert found.keys == keys
    assert found.notes == tune.notes


def test_a_key_that_begins_late_leaves_the_start_without_one() -> None:
    head = "<attributes><key><fifths>1</fifths></key></attributes>"
    tune = tune_of(score(ATTRIBUTES + note("C4", 4), head + note("D4", 4)))
    assert tune.key_at(F(0)) is None
    assert tune.key_at(F(2)) == Key(signature=standard_signature(1))


# Meters.


@pytest.mark.parametrize(
    ("content", "meter"),
    [
        (beats("3", "4"), Meter(3, 4)),
        (beats(" 12 ", " 8 "), Meter(12, 8)),
        (beats("3 + 2 + 3", "8"), Meter(8, 8, (3, 2, 3))),
        (beats("2", "4") + beats("3", "8"), Meter(7, 8, (4, 3))),
        (beats("3+2", "8") + beats("1", "4"), Meter(7, 8, (3, 2, 2))),
        (beats("1", "1"), Meter(1, 1)),
        (beats("4", "1024"), Meter(4, 1024)),
        (beats("3", "4") + "<interchangeable><time-relation>space</time-relation>" + beats("6", "8")
         + "</interchangeable>", Meter(3, 4)),
        (beats("5", "6"), Meter(5, 6)),
        ("<senza-misura/>", Meter(0, 1, symbol="X")),
        ("<senza-misura>Z</senza-misura>", Meter(0, 1, symbol="Z")),
    ],
)  # fmt: skip
def test_time_signatures(content: str, meter: Meter) -> None:
    assert metered(content) == meter


@pytest.mark.parametrize(
    ("symbol", "content", "word"),
    [
        ("common", beats("4", "4"), "c"),
        ("cut", beats("2", "2"), "c|"),
        ("normal", beats("4", "4"), ""),
        ("single-number", beats("4", "4"), ""),
        ("note", beats("4", "4"), ""),
    ],
)
def test_the_symbol_of_a_meter(symbol: str, content: str, word: str) -> None:
    meter = metered(content, f' symbol="{symbol}"')
    assert meter is not None
    assert meter.symbol == word


@pytest.mark.parametrize(
    "content",
    [
        "",
        "<beats>3</beats>",
        beats("", "4"),
        beats("3", "0"),
        beats("3", "4.5"),
        beats("0", "4"),
        beats("-3", "4"),
        beats("3++2", "8"),
        beats("3", "2048"),
        beats("5000", "4"),
        beats("3,2", "8"),
        beats("1.3", "4"),
        beats("+".join("1" * 65), "8"),
    ],
)
def test_a_time_signature_without_sense_is_refused(content: str) -> None:
    with pytest.raises(FormatError, match=r"line 1: a time signature is no meter; expected numbers such as"):
        metered(content)


@pytest.mark.parametrize(
    "meter",
    [
        Meter(2, 4),
        Meter(4, 4, symbol="c"),
        Meter(2, 2, symbol="c|"),
        Meter(7, 8, (2, 2, 3)),
        Meter(11, 8),
        Meter(1, 8),
        Meter(3, 1),
        Meter(5, 12),
        Meter(0, 1, symbol="X"),
        Meter(0, 1, symbol="Z"),
        Meter(0, 1, symbol="FREI4/4"),
    ],
)
def test_every_meter_comes_back(meter: Meter) -> None:
    tune = star().replace(meters=((F(0), meter),))
    assert back(tune).meters == tune.meters


def test_changes_of_meter_stand_at_their_measures() -> None:
    meters = ((F(0), Meter(2, 4)), (F(4), Meter(3, 4)), (F(10), Meter(0, 1, symbol="X")))
    tune = star().replace(meters=meters)
    assert back(tune).meters == meters


def test_the_order_of_the_attributes_does_not_matter() -> None:
    key, time = "<key><fifths>2</fifths></key>", f"<time>{beats('3', '4')}</time>"
    one = tune_of(score(f"<attributes><divisions>2</divisions>{key}{time}</attributes>" + note("C4", 6)))
    two = tune_of(score(f"<attributes>{time}{key}<divisions>2</divisions></attributes>" + note("C4", 6)))
    three = f"<attributes>{time}</attributes><attributes>{key}</attributes>"
    three += f"<attributes><divisions>2</divisions></attributes>{note('C4', 6)}"
    assert one == two == tune_of(score(three))


def test_a_transposition_and_a_clef_change_no_written_pitch() -> None:
    clef = "<clef><sign>G</sign><line>2</line><clef-octave-change>-1</clef-octave-change></clef>"
    tune = tune_of(score(ATTRIBUTES + f"<attributes>{clef}</attributes>" + note("C4", 4)))
    assert str(tune.notes[0].pitch) == "C4"
    assert tune.losses == ()


def test_a_key_is_written_so_that_other_programs_know_it() -> None:
    tune = star().replace(keys=((F(0), Key("D", 0, "dorian", ())),))
    root = ElementTree.fromstring(write_musicxml([tune]).data)
    key = root.find("part/measure/attributes/key")
    assert key is not None
    assert [(child.tag, child.text) for child in key] == [("fifths", "0"), ("mode", "dorian")]
    odd = star().replace(keys=((F(0), Key(signature=(("B", F(-1)), ("F", F(1))))),))
    root = ElementTree.fromstring(write_musicxml([odd]).data)
    assert [element.text for element in root.iter("key-step")] == ["B", "F"]
    assert [element.text for element in root.iter("key-accidental")] == ["flat", "sharp"]
