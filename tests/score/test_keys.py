"""Keys as theory has them: the circle of fifths, modes of one signature, odd signatures, names."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.score import Key
from canzona.score.tune import MODES, SEMITONES, STEPS, alteration_text, standard_signature

F = Fraction
CIRCLE = ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"]
"""Tonics of the major keys of seven flats to seven sharps."""

RELATIVES = [
    ("C major", "A minor"), ("G major", "E minor"), ("D major", "B minor"), ("A major", "F# minor"),
    ("E major", "C# minor"), ("B major", "G# minor"), ("F# major", "D# minor"), ("C# major", "A# minor"),
    ("F major", "D minor"), ("Bb major", "G minor"), ("Eb major", "C minor"), ("Ab major", "F minor"),
    ("Db major", "Bb minor"), ("Gb major", "Eb minor"), ("Cb major", "Ab minor"),
]  # fmt: skip

WHITE_KEYS = [
    ("C", "ionian"), ("D", "dorian"), ("E", "phrygian"), ("F", "lydian"), ("G", "mixolydian"),
    ("A", "aeolian"), ("B", "locrian"),
]  # fmt: skip


def named(text: str) -> Key:
    tonic, mode = text.split()
    return Key(tonic[0], tonic[1:].count("#") - tonic[1:].count("b"), mode)


@pytest.mark.parametrize(("tonic", "fifths"), list(zip(CIRCLE, range(-7, 8), strict=True)))
def test_the_circle_of_fifths(tonic: str, fifths: int) -> None:
    key = named(f"{tonic} major")
    assert key.fifths == fifths
    assert len(key.alterations) == abs(fifths)
    assert set(key.alterations.values()) <= {F(1) if fifths > 0 else F(-1)}


@pytest.mark.parametrize(("major", "minor"), RELATIVES)
def test_relative_keys_share_a_signature(major: str, minor: str) -> None:
    assert named(major).fifths == named(minor).fifths
    assert named(major).alterations == named(minor).alterations


@pytest.mark.parametrize(("tonic", "mode"), WHITE_KEYS)
def test_each_white_key_has_a_mode_without_signs(tonic: str, mode: str) -> None:
    assert Key(tonic, 0, mode).alterations == {}


@pytest.mark.parametrize(
    ("key", "altered"),
    [
        ("D dorian", ""), ("E dorian", "F# C#"), ("G dorian", "Bb"), ("A mixolydian", "F# C#"),
        ("D mixolydian", "F#"), ("Bb lydian", "Bb"), ("F# phrygian", "F# C#"), ("C phrygian", "Bb Eb Ab Db"),
        ("C locrian", "Bb Eb Ab Db Gb"), ("E minor", "F#"), ("C# major", "F# C# G# D# A# E# B#"),
        ("Cb major", "Bb Eb Ab Db Gb Cb Fb"), ("G# major", "F## C# G# D# A# E# B#"),
        ("Fb major", "Bbb Eb Ab Db Gb Cb Fb"),
    ],
)  # fmt: skip
def test_signatures_by_key(key: str, altered: str) -> None:
    found = " ".join(
        letter + alteration_text(alter).replace("-", "b") for letter, alter in named(key).alterations.items()
    )
    assert found == altered


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_raises_all_tonics_alike(mode: str) -> None:
    for lower, higher in itertools.pairwise(CIRCLE):
        assert named(f"{higher} {mode}").fifths - named(f"{lower} {mode}").fifths == 1


def test_modes_from_bright_to_dark() -> None:
    order = ["lydian", "major", "mixolydian", "dorian", "minor", "phrygian", "locrian"]
    fifths = [Key("C", 0, mode).fifths for mode in order]
    assert fifths == [1, 0, -1, -2, -3, -4, -5]


@given(st.sampled_from(MODES), st.sampled_from(STEPS), st.integers(-1, 1))
def test_the_scale_of_a_key_has_the_steps_of_its_mode(mode: str, tonic: str, alter: int) -> None:
    """Rotations of whole and half steps, from the tonic upwards."""
    rotation = {
        "major": 0, "ionian": 0, "dorian": 1, "phrygian": 2, "lydian": 3, "mixolydian": 4, "minor": 5,
        "aeolian": 5, "locrian": 6,
    }[mode]  # fmt: skip
    key = Key(tonic, alter, mode)
    first = STEPS.index(tonic)
    letters = [STEPS[(first + place) % 7] for place in range(8)]
    sounds = [SEMITONES[letter] + key.alterations.get(letter, F(0)) for letter in letters]
    steps = [(after - before) % 12 for before, after in itertools.pairwise(sounds)]
    plain = [2, 2, 1, 2, 2, 2, 1]
    assert steps == plain[rotation:] + plain[:rotation]
    assert sounds[0] == SEMITONES[tonic] + alter


@given(st.integers(-14, 14))
def test_a_signature_counts_its_own_fifths(fifths: int) -> None:
    assert Key(signature=standard_signature(fifths)).fifths == fifths


@given(st.integers(-7, 6))
def test_one_fifth_more_raises_one_letter(fifths: int) -> None:
    before, after = (Key(signature=standard_signature(count)).alterations for count in (fifths, fifths + 1))
    changed = {letter for letter in STEPS if before.get(letter, F(0)) != after.get(letter, F(0))}
    assert len(changed) == 1
    [letter] = changed
    assert after.get(letter, F(0)) - before.get(letter, F(0)) == 1


@pytest.mark.parametrize(
    ("signature", "fifths", "words"),
    [
        ((), 0, "0 sharps"),
        ((("F", F(1)),), 1, "1 sharps"),
        ((("B", F(-1)), ("F", F(1))), 0, "0 sharps"),
        ((("B", F(-1, 2)),), -1, "1 flats"),
        ((("B", F(-1, 2)), ("E", F(-1, 2))), -2, "2 flats"),
        ((("F", F(4, 9)),), 1, "1 sharps"),
        ((("F", F(2)),), 2, "2 sharps"),
        ((("C", F(0)),), 0, "0 sharps"),
    ],
    ids=["none", "a sharp", "one of each", "a quarter flat", "two of them", "a comma", "a double", "natural"],
)
def test_signatures_out_of_the_common_order(
    signature: tuple[tuple[str, Fraction], ...], fifths: int, words: str
) -> None:
    key = Key(signature=signature)
    assert key.fifths == fifths
    assert str(key) == words
    assert key.alterations == dict(signature)


def test_an_unknown_mode_counts_as_major() -> None:
    assert Key("D", 0, "hijaz").fifths == 2
    assert str(Key("D", 0, "hijaz")) == "D hijaz"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (Key("C", 0, "major"), "C major"), (Key("F", 1, "minor"), "F# minor"), (Key("B", -1, ""), "B-"),
        (Key("F", 2, "major"), "F## major"), (Key("B", -2, "lydian"), "B-- lydian"), (Key(), "0 sharps"),
        (Key(signature=standard_signature(-3)), "3 flats"),
    ],
)  # fmt: skip
def test_keys_in_words(key: Key, words: str) -> None:
    assert str(key) == words


def test_a_source_without_a_signature_is_not_one_with_none() -> None:
    assert Key("G", 0, "major") != Key("G", 0, "major", ())
    assert Key("G", 0, "major").alterations == {"F": 1}
    assert Key("G", 0, "major", ()).alterations == {}
    assert len({Key("G", 0, "major"), Key("G", 0, "major", ()), Key("G", 0, "major")}) == 2
