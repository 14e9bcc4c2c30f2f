"""Windows over a song: no seam, no trace of the blocks, and the song's own length."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import UsageError
from canzona.separation.windows import Windows, overlap_add
from small_extractor import noise

WINDOWS = Windows(1000, 300)


def cut(sound: np.ndarray, size: int) -> list[np.ndarray]:
    return [sound[:, at : at + size] for at in range(0, sound.shape[1], size)]


@pytest.mark.parametrize(("length", "fade"), [(0, 0), (100, 0), (100, 51), (100, -1), (1, 1)])
def test_windows_that_cannot_fade_are_refused(length: int, fade: int) -> None:
    with pytest.raises(UsageError, match="cannot fade"):
        Windows(length, fade)


@given(samples=st.integers(1, 5000), size=st.integers(1, 3000))
def test_a_network_that_passes_all_gives_the_song(samples: int, size: int) -> None:
    """Weights of neighbouring windows add up to one, and nothing is moved or lost."""
    sound = noise(samples, samples)
    made = np.concatenate(list(overlap_add(cut(sound, size), lambda window: window, WINDOWS)), axis=1)
    np.testing.assert_allclose(made, sound, atol=1e-7)


@given(samples=st.integers(1, 5000), size=st.integers(1, 3000))
def test_windows_stand_at_fixed_places_whatever_the_blocks(samples: int, size: int) -> None:
    """The network's answer depends on where the window stands: still, blocks leave no trace."""

    def odd(window: np.ndarray) -> np.ndarray:
        return np.cumsum(window, axis=1) * np.float32(window.shape[1])

    sound = noise(samples, samples)
    whole = list(overlap_add([sound], odd, WINDOWS))
    made = list(overlap_add(cut(sound, size), odd, WINDOWS))
    np.testing.assert_array_equal(np.concatenate(made, axis=1), np.concatenate(whole, axis=1))


@given(st.integers(1, 5000))
def test_no_window_is_longer_than_it_should_be_and_the_last_reaches_over_the_fade(samples: int) -> None:
    lengths: list[int] = []

    def listening(window: np.ndarray) -> np.ndarray:
        lengths.append(window.shape[1])
        return window

    list(overlap_add(cut(noise(1, samples), 700), listening, WINDOWS))
    assert set(lengths[:-1]) <= {1000}
    assert lengths[-1] <= 1000 and (len(lengths) == 1 or lengths[-1] > WINDOWS.fade)


def test_windows_that_disagree_give_way_smoothly() -> None:
    """A network that says 0 and 1 by turns: the estimate goes over without a step."""
    turn = iter([0, 1] * 10)
    sound = np.ones((1, 4000), np.float32)
    made = np.concatenate(list(overlap_add([sound], lambda window: window * next(turn), WINDOWS)), axis=1)[0]
    assert made.min() == 0 and made.max() == 1
    assert np.abs(np.diff(made)).max() < 1.6 / WINDOWS.fade


def test_no_sound_gives_nothing() -> None:
    assert list(overlap_add([], lambda window: window, WINDOWS)) == []
    assert list(overlap_add([np.zeros((2, 0), np.float32)], lambda window: window, WINDOWS)) == []
