"""Resampling: the length is exact, nothing is delayed, and blocks leave no trace."""

from __future__ import annotations

import itertools
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.audio.resample import Resampler, resample, resample_blocks, resampled_length
from canzona.errors import MissingDependencyError, UsageError

RATES = (8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000)
PAIRS = [(a, b) for a, b in itertools.permutations((8000, 44100, 48000, 96000, 192000), 2)]


def noise(frames: int, channels: int = 2) -> np.ndarray:
    return (np.random.default_rng(frames).normal(size=(channels, frames)) * 0.2).astype(np.float32)


def cut(sound: np.ndarray, sizes: list[int]) -> list[np.ndarray]:
    """In blocks of these sizes, over and over."""
    ends = itertools.accumulate(itertools.cycle(sizes))
    return np.split(sound, list(itertools.takewhile(lambda end: end < sound.shape[1], ends)), axis=1)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_tone_keeps_its_pitch_level_and_place(source: int, target: int) -> None:
    """Compared with the same tone made at the target rate, away from its ends: a delay would show."""
    made = resample(np.sin(2 * np.pi * 997 * np.arange(source) / source)[None] * 0.5, source, target)
    wanted = np.sin(2 * np.pi * 997 * np.arange(target) / target) * 0.5
    edge = target // 10
    np.testing.assert_allclose(made[0, edge:-edge], wanted[edge:-edge], atol=1e-5)


@settings(max_examples=80)
@given(frames=st.integers(0, 5000), source=st.sampled_from(RATES), target=st.sampled_from(RATES))
def test_the_length_is_exact(frames: int, source: int, target: int) -> None:
    made = resample(noise(frames), source, target)
    assert made.shape == (2, round(Fraction(frames * target, source)))
    assert made.shape[1] == resampled_length(frames, source, target)
    assert made.dtype == np.float32


@settings(max_examples=40)
@given(
    sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=5).filter(lambda sizes: sum(sizes) > 200),
    pair=st.sampled_from(PAIRS),
    channels=st.sampled_from([1, 2]),
)
def test_blocks_of_any_size_give_the_same(sizes: list[int], pair: tuple[int, int], channels: int) -> None:
    sound = noise(20_000, channels)
    made = list(resample_blocks(iter(cut(sound, sizes)), *pair))
    assert all(block.shape[1] for block in made)
    np.testing.assert_allclose(np.concatenate(made, axis=1), resample(sound, *pair), atol=1e-6)


def test_there_and_back_is_the_same_sound() -> None:
    place = np.arange(44100) / 44100
    sound = np.sin(2 * np.pi * np.array([[3000], [12000]]) * place) * np.hanning(44100)
    back = resample(resample(sound, 44100, 48000), 48000, 44100)
    np.testing.assert_allclose(back, sound, atol=1e-5)


def test_what_lies_above_the_lower_half_rate_does_not_fold_back() -> None:
    sound = np.sin(2 * np.pi * 30000 * np.arange(96000) / 96000)[None]
    made = resample(sound, 96000, 44100)[:, 2000:-2000]
    assert np.abs(made).max() < 1e-6


def test_an_equal_rate_changes_nothing() -> None:
    sound = noise(1000)
    np.testing.assert_array_equal(resample(sound, 44100, 44100), sound)
    np.testing.assert_array_equal(
        np.concatenate(list(resample_blocks([sound[:, :10], sound[:, 10:]], 8000, 8000)), axis=1), sound
    )


def test_nothing_gives_nothing() -> None:
    assert list(resample_blocks([], 44100, 48000)) == []
    assert resample(np.zeros((2, 0)), 44100, 48000).shape == (2, 0)


def test_blocks_come_as_soon_as_they_are_known() -> None:
    """So that the memory held is the filter's: what is known lags by less than a tenth of a second."""
    resampler = Resampler(44100, 48000, 2)
    given = 0
    for count, block in enumerate(cut(noise(200_000), [10_000]), start=1):
        given += resampler.push(block).shape[1]
        assert count * 10_000 / 44100 - given / 48000 < 0.1
    assert given + resampler.finish().shape[1] == resampled_length(200_000, 44100, 48000)


def test_what_cannot_be_resampled_is_said() -> None:
    with pytest.raises(UsageError, match="0 Hz cannot be resampled; 1000 to 1000000 Hz can"):
        resample(noise(10), 0, 44100)
    with pytest.raises(UsageError, match=r"shape \(10,\) cannot be resampled; give \(channels, n\)"):
        resample(np.zeros(10), 8000, 44100)
    with pytest.raises(UsageError, match="0 channels"):
        Resampler(8000, 44100, 0)
    with pytest.raises(UsageError, match="holds no 2 channels"):
        Resampler(8000, 44100, 2).push(noise(10, 1))


def test_without_soxr_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "soxr", None)
    with pytest.raises(MissingDependencyError, match="soxr; pip install soxr"):
        resample(noise(10), 8000, 44100)
    assert resample(noise(10), 8000, 8000).shape == (2, 10), "it is not needed for an equal rate"


@pytest.mark.skipif(sys.platform == "win32", reason="memory is measured by the resource module")
def test_memory_does_not_grow_with_length() -> None:
    script = (
        "import resource, numpy as np\n"
        "from canzona.audio.resample import resample_blocks\n"
        "block = np.ones((2, 65536), np.float32)\n"
        "def most(count):\n"
        "    for _ in resample_blocks((block for _ in range(count)), 44100, 48000): pass\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "first = most(20); print(most(400) - first)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 4000, "kB between half a minute and ten"
