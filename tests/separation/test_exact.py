"""Two stems that add up: in integers exactly, in floats within one unit in the last place."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from canzona.audio.encoding import LOSSY, Encoding, to_float
from canzona.audio.formats import sound_format
from canzona.separation.exact import is_kept, loss_sentence, recoded, split
from sounds import ENCODINGS, FLOAT32, FLOAT64, PCM8, PCM16, PCM24, PCM32, samples

INTEGERS = [PCM8, PCM16, PCM24, PCM32]
FLOATS = [FLOAT32, FLOAT64]
WILD = st.floats(-3, 3, width=32)


@st.composite
def steps_and_estimates(draw: st.DrawFn) -> tuple[Encoding, np.ndarray, np.ndarray]:
    """Steps with the ends of the range among them, and estimates that may lie beyond it."""
    encoding = draw(st.sampled_from(INTEGERS))
    lowest, highest = encoding.range
    shape = draw(st.sampled_from([(1, 5), (2, 7)]))
    ends = st.sampled_from([lowest, lowest + 1, -1, 0, 1, highest - 1, highest])
    mixture = draw(arrays.arrays(np.int32, shape, elements=ends | st.integers(lowest, highest)))
    return encoding, mixture, draw(arrays.arrays(np.float32, shape, elements=WILD))


@given(steps_and_estimates())
def test_integers_add_up_exactly_and_fit(drawn: tuple[Encoding, np.ndarray, np.ndarray]) -> None:
    encoding, mixture, estimate = drawn
    synth, rest = split(mixture, estimate, encoding)
    lowest, highest = encoding.range
    for stem in (synth, rest):
        assert stem.dtype == np.int32
        assert stem.min() >= lowest and stem.max() <= highest
    np.testing.assert_array_equal(synth.astype(np.int64) + rest, mixture)


@given(steps_and_estimates())
def test_the_estimate_is_kept_to_half_a_step_where_both_stems_fit(
    drawn: tuple[Encoding, np.ndarray, np.ndarray],
) -> None:
    encoding, mixture, estimate = drawn
    synth, _ = split(mixture, estimate, encoding)
    lowest, highest = encoding.range
    wanted = estimate.astype(np.float64) * 2.0 ** (encoding.bits - 1)
    fits = (np.abs(wanted) < highest) & (mixture - wanted < highest) & (mixture - wanted > lowest)
    assert np.abs(synth - wanted)[fits].max(initial=0) <= 0.5


@pytest.mark.parametrize("encoding", INTEGERS, ids=str)
def test_an_estimate_out_of_bounds_is_limited_as_little_as_needed(encoding: Encoding) -> None:
    lowest, highest = encoding.range
    mixture = np.array([[highest, lowest, 100, -100]], np.int32)
    estimate = np.array([[-0.5, 0.5, 2.0, -2.0]], np.float32)
    synth, rest = split(mixture, estimate, encoding)
    # A peak of the mixture leaves no room for a stem of the other sign: the rest would lie beyond the range.
    assert synth.tolist() == [[0, 0, highest, lowest]]
    assert rest.tolist() == [[highest, lowest, 100 - highest, -100 - lowest]]


@pytest.mark.parametrize("encoding", ENCODINGS, ids=str)
def test_no_estimate_is_silence_and_the_mixture(encoding: Encoding) -> None:
    mixture = samples(encoding, 2, 1000)
    synth, rest = split(mixture, np.zeros((2, 1000), np.float32), encoding)
    assert not synth.any() and synth.dtype == mixture.dtype
    np.testing.assert_array_equal(rest, mixture)


@given(st.data())
def test_floats_add_up_within_one_unit_of_the_largest(data: st.DataObject) -> None:
    encoding = data.draw(st.sampled_from(FLOATS))
    number = st.floats(-1e10, 1e10, width=encoding.bits)  # type: ignore[arg-type]
    mixture = data.draw(arrays.arrays(encoding.dtype, (2, 6), elements=number | st.just(0.0)))
    estimate = data.draw(arrays.arrays(np.float32, (2, 6), elements=st.floats(-1e10, 1e10, width=32)))
    synth, rest = split(mixture, estimate, encoding)
    assert synth.dtype == rest.dtype == encoding.dtype
    largest = np.maximum(np.maximum(np.abs(synth), np.abs(rest)), np.abs(mixture))
    assert (np.abs((synth + rest) - mixture) <= np.spacing(largest)).all()


@pytest.mark.parametrize("source", [*ENCODINGS, LOSSY], ids=str)
@pytest.mark.parametrize("target", ENCODINGS, ids=str)
def test_what_is_called_kept_comes_back_to_the_step(source: Encoding, target: Encoding) -> None:
    mixture = samples(source, 2, 500) if source != LOSSY else samples(FLOAT32, 2, 500)
    if source.kind == "integer":
        mixture[:, :2] = source.range
    made, beyond = recoded(mixture, source, target)
    assert made.dtype == target.dtype
    there_and_back, _ = recoded(made, target, source) if source != LOSSY else (made, 0)
    if is_kept(source, target):
        np.testing.assert_array_equal(there_and_back, mixture)
        assert beyond == 0
    else:
        assert not np.array_equal(there_and_back, mixture)


def test_more_bits_are_the_same_sound() -> None:
    mixture = samples(PCM16, 1, 300)
    made, _ = recoded(mixture, PCM16, PCM24)
    np.testing.assert_array_equal(to_float(made, PCM24), to_float(mixture, PCM16))


def test_samples_beyond_full_scale_are_clipped_and_counted() -> None:
    mixture = np.array([[0.5, 1.0, -1.0, 1.5, -1.25, 0.99999]], np.float32)
    made, beyond = recoded(mixture, FLOAT32, PCM16)
    assert made.tolist() == [[16384, 32767, -32768, 32767, -32768, 32767]]
    assert beyond == 3, "1.0 has no step of its own, -1.0 has"
    assert recoded(mixture, FLOAT32, FLOAT64)[1] == 0


@pytest.mark.parametrize(
    ("source", "name", "said"),
    [
        (PCM16, "wav", ""),
        (PCM16, "wav24", ""),
        (PCM24, "wav32f", ""),
        (LOSSY, "wav", ""),
        (FLOAT32, "wav64f", ""),
        (PCM24, "wav16", "the input, 24-bit integers, was rounded to 16-bit integers first"),
        (PCM32, "wav32f", "the input, 32-bit integers, was rounded to 32-bit floats first"),
        (FLOAT32, "flac24", "the input, 32-bit floats, was rounded to 24-bit integers first"),
        (LOSSY, "flac", "decoded from a lossy file"),
        (PCM16, "ogg", "ogg is lossy: the stems add up to the input nearly, not exactly"),
        (PCM16, "mp3-320", "mp3 is lossy"),
    ],
)
def test_what_a_format_cannot_hold_is_one_sentence(source: Encoding, name: str, said: str) -> None:
    sentence = loss_sentence(source, sound_format(name, source))
    assert said in sentence and bool(sentence) == bool(said)
