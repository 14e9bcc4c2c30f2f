"""Chords, progressions and melodies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.train.separation.rendering.harmony import MODES, Chord, draw_melody, draw_progression, voiced

seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(
    ("root", "steps", "name"),
    [
        (0, (4, 7), "C"), (9, (3, 7), "Am"), (11, (3, 6), "Bdim"), (7, (4, 7, 10), "G7"),
        (0, (4, 7, 11), "CM7"), (2, (3, 7, 10), "Dm7"), (11, (3, 6, 10), "Bm7b5"),
    ],
)  # fmt: skip
def test_names_of_chords(root: int, steps: tuple[int, ...], name: str) -> None:
    assert Chord(root, steps).name == name


@given(seeds)
def test_chords_are_of_their_key(seed: int) -> None:
    progression = draw_progression(np.random.default_rng(seed))
    assert progression.mode in MODES
    for bar in range(12):
        assert set(progression.at(bar).classes) <= set(progression.scale)


@given(seeds, st.integers(40, 80))
def test_a_voicing_is_near_its_centre(seed: int, centre: int) -> None:
    chord = draw_progression(np.random.default_rng(seed)).at(0)
    keys = voiced(chord, centre)
    assert keys == sorted(keys)
    assert all(abs(key - centre) <= 6 for key in keys)
    assert {key % 12 for key in keys} == set(chord.classes)


@given(seeds, st.sampled_from([2.0, 3.0, 4.0]), st.integers(1, 16))
def test_melodies_stay_in_their_key_range_and_bars(seed: int, beats: float, bars: int) -> None:
    random = np.random.default_rng(seed)
    progression = draw_progression(random)
    for onset, duration, key, velocity in draw_melody(random, progression, bars, beats, centre=72):
        assert onset >= 0 and onset + duration <= bars * beats + 1e-9
        assert key % 12 in progression.scale
        assert 55 <= key <= 90 and 1 <= velocity <= 127


def test_a_melody_prefers_the_chord_on_the_beat() -> None:
    hits = total = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        progression = draw_progression(random)
        for onset, _, key, _ in draw_melody(random, progression, 8, 4.0):
            if onset % 1 == 0:
                hits += key % 12 in progression.at(int(onset // 4)).classes
                total += 1
    assert hits / total > 0.95
