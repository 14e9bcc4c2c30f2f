"""Parts: cutting, transposing and stretching them, and what sounds when."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.train.separation.rendering.arrangement import BEND, NO_NOTES, Part, overlap, sounding

times = st.floats(0, 60, allow_nan=False)
rows = st.lists(st.tuples(times, st.floats(0.03, 5), st.integers(0, 127), st.integers(1, 127)), min_size=1)
parts = rows.map(lambda held: Part("p", "lead", 80, np.array(sorted(held), float)))


@given(parts, times, st.floats(1, 40))
def test_a_stretch_holds_what_sounds_in_it(part: Part, start: float, seconds: float) -> None:
    cut = part.cut(start, seconds)
    assert (cut.notes[:, 0] >= 0).all()
    assert (cut.notes[:, 0] + cut.notes[:, 1] <= seconds + 1e-9).all()
    ends = part.notes[:, 0] + part.notes[:, 1]
    inside = np.minimum(ends, start + seconds) - np.maximum(part.notes[:, 0], start)
    assert cut.notes[:, 1].sum() == pytest.approx(inside[inside > 0.02].sum(), abs=1e-6)


@given(parts, st.integers(-12, 12))
def test_transposing_keeps_all_but_the_pitch(part: Part, semitones: int) -> None:
    moved = part.transposed(semitones)
    assert ((moved.notes[:, 2] >= 0) & (moved.notes[:, 2] <= 127)).all()
    assert ((moved.notes[:, 2] - part.notes[:, 2] - semitones) % 12 == 0).all()
    assert (moved.notes[:, [0, 1, 3]] == part.notes[:, [0, 1, 3]]).all()


@pytest.mark.parametrize("role", ["drums", "percussion"])
def test_drums_are_not_transposed(role: str) -> None:
    part = Part("d", role, 0, np.array([[0, 0.1, 36, 100.0]]))
    assert not part.pitched
    assert part.transposed(5) is part


@given(parts, st.floats(0.5, 2))
def test_a_faster_part_is_as_long_in_beats(part: Part, factor: float) -> None:
    faster = part.faster(factor)
    np.testing.assert_allclose(faster.notes[:, :2] * factor, part.notes[:, :2], atol=1e-9)
    assert (faster.notes[:, 2:] == part.notes[:, 2:]).all()


def test_controllers_from_before_a_stretch_still_hold() -> None:
    controls = np.array([[0.0, 1, 10], [1.0, 1, 20], [1.5, BEND, -2], [2.5, 64, 127], [9.0, 1, 99]])
    cut = Part("p", "lead", 80, np.array([[2.0, 1.0, 60, 90]]), controls).cut(2.0, 3.0)
    assert cut.controls.tolist() == [[0.0, 1, 20], [0.0, BEND, -2], [0.5, 64, 127]]


def test_when_a_part_sounds() -> None:
    notes = np.array([[0.0, 0.4, 60, 90], [1.1, 0.2, 60, 90], [1.2, 1.0, 64, 90]])
    assert sounding(notes, 3.0).tolist() == [True, False, True, True, True, False]
    assert not sounding(NO_NOTES, 2.0).any()


@pytest.mark.parametrize(("keys", "expected"), [(1, 1.0), (3, 3.0)])
def test_how_many_notes_sound_together(keys: int, expected: float) -> None:
    notes = np.array([[onset, 0.5, 60 + key, 90] for onset in (0.0, 1.0) for key in range(keys)])
    assert overlap(notes) == pytest.approx(expected, rel=0.1)
    assert overlap(NO_NOTES) == 0
