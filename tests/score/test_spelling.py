"""Finding keys and spelling pitches."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.score import Key, Pitch, read
from canzona.score.spelling import find_key, spelled
from canzona.score.tune import SEMITONES

F = Fraction
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11, 12, 7, 4, 0)


@pytest.mark.parametrize(
    ("tonic", "name"), [(60, "C"), (62, "D"), (63, "E- major"), (66, "F# major"), (70, "B- major")]
)
def test_a_scale_is_in_its_key(tonic: int, name: str) -> None:
    assert str(find_key([(tonic + step, 1.0) for step in MAJOR_SCALE])).startswith(name)


def test_a_minor_tune_and_no_tune() -> None:
    found = find_key([(69 + step, 1.0) for step in (0, 2, 3, 5, 7, 8, 7, 5, 3, 2, -1, 0)])
    assert found is not None
    assert (found.tonic, found.mode, found.fifths) == ("A", "minor", 0)
    assert find_key([]) is None


@pytest.mark.parametrize(
    ("key", "names"),
    [
        (Key("C", 0, "major"), "C C# D Eb E F F# G Ab A Bb B"),
        (Key("A", 0, "minor"), "C C# D Eb E F F# G G# A Bb B"),
        (Key("E", -1, "major"), "C Db D Eb E F Gb G Ab A Bb Cb"),
        (Key("F", 1, "minor"), "B# C# D D# E E# F# G G# A A# B"),
    ],
)
def test_spelling_in_a_key(key: Key, names: str) -> None:
    found = [spelled(F(60 + step), key) for step in range(12)]
    signs = {-1: "b", 0: "", 1: "#"}
    spelled_names = [pitch.step + signs[int(pitch.alter)] for pitch in found]
    at_odds = [pair for pair in zip(spelled_names, names.split(), strict=True) if pair[0] != pair[1]]
    assert len(at_odds) <= 1, at_odds  # the tritone above or below the window's edge is a matter of taste


@given(st.fractions(0, 127, max_denominator=9), st.sampled_from("CDEFGAB"), st.integers(-1, 1), st.booleans())
def test_a_spelled_pitch_sounds_as_it_was(height: Fraction, tonic: str, alter: int, minor: bool) -> None:
    pitch = spelled(height, Key(tonic, alter, "minor" if minor else "major"))
    assert pitch.midi == height
    assert abs(pitch.alter) < 3


def test_microtones_lean_on_the_nearest_semitone() -> None:
    assert spelled(F(121, 2), None) == Pitch("C", F(1, 2), 4)


def test_folk_songs_are_spelled_as_their_editors_spelled_them(shared: Path) -> None:
    files = sorted((shared / "data/essen/europa").rglob("*.krn"))[::60]
    right = wrong = keys = known = 0
    for path in files:
        tune = read(path)
        sounding = [note for note in tune.notes if note.pitch is not None]
        found = find_key([(int(n.pitch.midi), float(n.duration)) for n in sounding if n.pitch is not None])
        if found is None or tune.key is None or not tune.key.tonic:
            continue
        tonics = [SEMITONES[key.tonic] + key.tonic_alter for key in (found, tune.key)]
        keys, known = keys + (tonics[0] % 12 == tonics[1] % 12), known + 1
        for note in sounding:
            if note.pitch is not None:
                same = spelled(note.pitch.midi, found) == note.pitch
                right, wrong = right + same, wrong + (not same)
    assert wrong < 0.01 * right
    assert keys > 0.85 * known
