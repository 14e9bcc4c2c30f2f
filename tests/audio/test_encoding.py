"""Native samples to numbers and back: nothing is lost on the way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from canzona.audio.encoding import LOSSY, Encoding, to_float, to_native
from canzona.errors import UsageError

BITS = (8, 16, 24, 32)


@st.composite
def steps(draw: st.DrawFn) -> tuple[np.ndarray, Encoding]:
    encoding = Encoding("integer", draw(st.sampled_from(BITS)))
    shape = (draw(st.integers(1, 2)), draw(st.integers(0, 50)))
    held = draw(arrays.arrays(np.int32, shape, elements=st.integers(*encoding.range)))
    return held, encoding


@given(steps())
def test_steps_come_back(case: tuple[np.ndarray, Encoding]) -> None:
    held, encoding = case
    samples = to_float(held, encoding)
    assert samples.dtype == (np.float64 if encoding.bits == 32 else np.float32)
    assert ((samples >= -1) & (samples < 1)).all()
    back = to_native(samples, encoding)
    assert back.dtype == np.int32
    np.testing.assert_array_equal(back, held)


@pytest.mark.parametrize("bits", BITS)
def test_the_ends_of_the_scale(bits: int) -> None:
    encoding = Encoding("integer", bits)
    lowest, highest = encoding.range
    assert (lowest, highest) == (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    beyond = np.array([[-2.0, -1.0, 0.0, 1.0, 2.0]])
    assert to_native(beyond, encoding).tolist() == [[lowest, lowest, 0, highest, highest]]
    assert to_float(np.array([[lowest]], np.int32), encoding)[0, 0] == -1.0


def test_halves_go_to_the_even_step() -> None:
    found = to_native(np.array([[0.5, 1.5, 2.5, -0.5, -1.5]]) / 32768, Encoding("integer", 16))
    assert found.tolist() == [[0, 2, 2, 0, -2]]


@pytest.mark.parametrize(
    ("encoding", "dtype"), [(Encoding("float", 32), "f4"), (Encoding("float", 64), "f8"), (LOSSY, "f4")]
)
def test_floats_are_what_they_are(encoding: Encoding, dtype: str) -> None:
    held = np.array([[1.5, -3.0, 1e-30]], dtype)
    assert encoding.dtype == dtype
    assert to_float(held, encoding) is held
    np.testing.assert_array_equal(to_native(held, encoding), held)
    assert encoding.lossless == (encoding is not LOSSY)


@pytest.mark.parametrize(("kind", "bits"), [("integer", 12), ("float", 16), ("lossy", 16), ("fixed", 16)])
def test_other_encodings_are_refused(kind: str, bits: int) -> None:
    with pytest.raises(UsageError, match=f"{bits} bits of the kind '{kind}'"):
        Encoding(kind, bits)  # type: ignore[arg-type]
