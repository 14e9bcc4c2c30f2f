"""Spelling and key finding over all keys and modes: what theory says must come out."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.score import Key, Pitch
from canzona.score.spelling import find_key, spelled
from canzona.score.tune import MODES, SEMITONES, STEPS, standard_signature

F = Fraction

TONICS = [(letter, alter) for letter in "CDEFGAB" for alter in (-1, 0, 1)]
USUAL = [
    (tonic, alter, mode)
    for tonic, alter in TONICS
    for mode in MODES
    if abs(Key(tonic, alter, mode).fifths) <= 7
]
"""All keys with a signature of at most seven signs."""

FORTY_CHORALE_STEPS = (0, 4, 7, 12, 11, 9, 7, 5, 4, 2, 0, -1, 0)
"""Degrees of a plain melody in major, in semitones above the tonic."""


def scale(key: Key) -> list[Pitch]:
    """The seven notes that the signature of a key gives, from its tonic in octave 4 up."""
    first = STEPS.index(key.tonic)
    signs = dict(standard_signature(key.fifths))
    return [
        Pitch(
            STEPS[(first + place) % 7], signs.get(STEPS[(first + place) % 7], F(0)), 4 + (first + place) // 7
        )
        for place in range(7)
    ]


@pytest.mark.parametrize(("tonic", "alter", "mode"), USUAL)
def test_the_notes_of_a_key_are_spelled_by_its_signature(tonic: str, alter: int, mode: str) -> None:
    """Also in Locrian, whose fifth is flat."""
    key = Key(tonic, alter, mode)
    for pitch in scale(key):
        assert spelled(pitch.midi, key) == pitch


MINORS = [key for key in USUAL if key[2] == "minor"]
BRIGHT = [key for key in USUAL if key[2] in ("major", "ionian", "mixolydian")]


@pytest.mark.parametrize("usual", MINORS)
def test_the_sixth_and_seventh_of_a_minor_key_are_raised_not_their_neighbours_lowered(
    usual: tuple[str, int, str],
) -> None:
    key = Key(*usual)
    for pitch in scale(key)[5:]:
        raised = Pitch(pitch.step, pitch.alter + 1, pitch.octave)
        assert spelled(raised.midi, key) == raised


@pytest.mark.parametrize("usual", BRIGHT)
def test_the_degrees_that_songs_borrow(usual: tuple[str, int, str]) -> None:
    """The raised fourth of major and Mixolydian (to the dominant) and the lowered seventh of major."""
    key = Key(*usual)
    fourth = scale(key)[3]
    assert spelled(fourth.midi + 1, key) == Pitch(fourth.step, fourth.alter + 1, fourth.octave)
    seventh = scale(Key(usual[0], usual[1], "mixolydian"))[6]
    assert spelled(seventh.midi, key) == seventh


@given(
    st.integers(0, 127),
    st.sampled_from("CDEFGAB"),
    st.integers(-2, 2),
    st.sampled_from([*MODES, "", "hijaz"]),
)
def test_twelve_heights_have_twelve_names_in_any_key(height: int, tonic: str, alter: int, mode: str) -> None:
    key = Key(tonic, alter, mode)
    names = {(pitch.step, pitch.alter) for pitch in (spelled(F(height + n), key) for n in range(12))}
    assert len(names) == 12
    assert all(spelled(F(height + n), key).midi == height + n for n in range(12))


@given(st.integers(0, 115), st.sampled_from(USUAL))
def test_an_octave_up_is_the_same_name(height: int, usual: tuple[str, int, str]) -> None:
    key = Key(*usual)
    low, high = spelled(F(height), key), spelled(F(height + 12), key)
    assert (high.step, high.alter, high.octave) == (low.step, low.alter, low.octave + 1)


@pytest.mark.parametrize("fifths", range(-7, 8))
def test_a_signature_alone_spells_its_own_notes(fifths: int) -> None:
    key = Key(signature=standard_signature(fifths))
    signs = dict(standard_signature(fifths))
    for letter in STEPS:
        pitch = Pitch(letter, signs.get(letter, F(0)), 4)
        assert spelled(pitch.midi, key) == pitch


@pytest.mark.parametrize(
    ("height", "pitch"),
    [
        (F(60), Pitch("C", F(0), 4)),
        (F(59), Pitch("B", F(0), 3)),
        (F(0), Pitch("C", F(0), -1)),
        (F(127), Pitch("G", F(0), 9)),
        (F(21), Pitch("A", F(0), 0)),
        (F(121, 2), Pitch("C", F(1, 2), 4)),
        (F(60) + F(4, 9), Pitch("C", F(4, 9), 4)),
        (F(60) - F(4, 9), Pitch("C", F(-4, 9), 4)),
    ],
)
def test_heights_without_a_key_are_spelled_as_in_c(height: Fraction, pitch: Pitch) -> None:
    assert spelled(height, None) == pitch


@pytest.mark.parametrize(
    ("key", "height", "name"),
    [
        (Key("F", 1, "major"), 65, "E#4"),
        (Key("C", 1, "major"), 60, "B#3"),
        (Key("C", -1, "major"), 71, "C-5"),
        (Key("G", -1, "major"), 59, "C-4"),
        (Key("A", 0, "minor"), 68, "G#4"),
        (Key("D", 0, "minor"), 61, "C#4"),
        (Key("G", 0, "major"), 65, "F4"),
        (Key("C", 0, "minor"), 71, "B4"),
    ],
)
def test_names_that_a_player_expects(key: Key, height: int, name: str) -> None:
    assert str(spelled(F(height), key)) == name


# Finding the key.


@pytest.mark.parametrize("tonic", range(12))
def test_a_melody_moved_up_is_in_the_key_moved_up(tonic: int) -> None:
    key = find_key([(60 + tonic + step, 1.0) for step in FORTY_CHORALE_STEPS])
    assert key is not None
    assert (SEMITONES[key.tonic] + key.tonic_alter) % 12 == tonic
    assert key.mode == "major"
    assert abs(key.fifths) <= 7


@pytest.mark.parametrize("tonic", range(12))
def test_a_melody_in_minor_moved_up_is_in_minor(tonic: int) -> None:
    steps = (0, 3, 7, 8, 7, 5, 3, 2, 0, -1, 0)
    key = find_key([(60 + tonic + step, 1.0) for step in steps])
    assert key is not None
    assert (SEMITONES[key.tonic] + key.tonic_alter) % 12 == tonic
    assert key.mode == "minor"


melodies = st.lists(
    st.tuples(st.integers(48, 84), st.sampled_from([0.25, 0.5, 1.0, 2.0])), min_size=1, max_size=30
)


@given(melodies, st.integers(-3, 3))
def test_octaves_do_not_matter(melody: list[tuple[int, float]], octaves: int) -> None:
    assert find_key([(height + 12 * octaves, length) for height, length in melody]) == find_key(melody)


@given(melodies, st.sampled_from([0.125, 2.0, 480.0]))
def test_the_unit_of_time_does_not_matter(melody: list[tuple[int, float]], unit: float) -> None:
    assert find_key([(height, length * unit) for height, length in melody]) == find_key(melody)


@given(melodies)
def test_only_the_last_note_has_a_place(melody: list[tuple[int, float]]) -> None:
    assert find_key([*reversed(melody[:-1]), melody[-1]]) == find_key(melody)


@given(melodies)
def test_a_found_key_can_be_written(melody: list[tuple[int, float]]) -> None:
    key = find_key(melody)
    assert key is not None
    assert key.mode in ("major", "minor")
    assert abs(key.fifths) <= 6
    assert key.signature == standard_signature(key.fifths)


@pytest.mark.parametrize("height", [0, 60, 66, 127])
def test_a_single_note_is_its_own_tonic(height: int) -> None:
    key = find_key([(height, 1.0)])
    assert key is not None
    assert (SEMITONES[key.tonic] + key.tonic_alter) % 12 == height % 12
