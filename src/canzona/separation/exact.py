"""Two stems that add up to the mixture, sample for sample.

A network's estimate is no number that a file holds. For integers it is rounded to the mixture's own
steps and kept where both stems fit, and the rest is a difference of integers. For floats the rest is
the difference as floats hold it: adding it again is off by at most one unit in the last place of the
largest of the three. What a target cannot hold exactly (fewer bits, a lossy kind) is said in a sentence.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from canzona.audio.encoding import Encoding, Native, to_float, to_native
from canzona.audio.formats import SoundFormat

Estimate = npt.NDArray[np.floating]
"""What a network takes for the target, shape (channels, n), full scale 1.0."""


def split(mixture: Native, estimate: Estimate, encoding: Encoding) -> tuple[Native, Native]:
    """The target's stem and the rest, which together are the mixture.

    Parameters
    ----------
    mixture : native samples of the encoding, shape (channels, n).
    estimate : the target in it, of the same shape, full scale 1.0, finite.
    encoding : of the mixture and of both stems.

    Returns
    -------
    Native samples of the same shape and type: stem and rest.
    """
    if encoding.kind == "integer":
        return _split_steps(mixture, estimate, encoding)
    stem = np.asarray(estimate, mixture.dtype)
    return stem, mixture - stem


def recoded(mixture: Native, source: Encoding, target: Encoding) -> tuple[Native, int]:
    """A mixture as another encoding holds it, and how many samples lay beyond what that can hold.

    More bits lose nothing. Fewer are rounded to the nearest step, and samples beyond the target's range
    are set to its end and counted. A lossy target takes the source's samples as floats.
    """
    if source.kind == target.kind == "integer" and target.bits >= source.bits:
        return mixture << (target.bits - source.bits), 0
    samples = to_float(mixture, source)
    beyond = 0
    if target.kind == "integer" and source.kind != "integer":
        beyond = int(np.count_nonzero((samples >= 1.0) | (samples < -1.0)))
    elif target.kind != "integer" and samples.dtype.itemsize > target.dtype.itemsize:
        most = np.finfo(target.dtype).max
        beyond = int(np.count_nonzero(np.abs(samples) > most))
        samples = np.clip(samples, -most, most)
    return to_native(samples, target), beyond


def is_kept(source: Encoding, target: Encoding) -> bool:
    """Whether each sample of the source can be given back from the target."""
    if target.kind == "lossy":
        return False
    if target.kind == "integer":
        return source.kind == "integer" and target.bits >= source.bits
    # A float of 32 bits has 24 for the number, one of 64 has 53.
    needed = source.bits if source.kind != "integer" else 32 if source.bits <= 24 else 64
    return target.bits >= needed


def loss_sentence(source: Encoding, form: SoundFormat) -> str:
    """What a format cannot hold of the mixture, as a sentence; empty where it holds all."""
    if form.encoding.kind == "lossy":
        return f"{form.kind} is lossy: the stems add up to the input nearly, not exactly"
    if is_kept(source, form.encoding):
        return ""
    return (
        f"the input, {_words(source)}, was rounded to {_words(form.encoding)} first; "
        "the stems add up to that exactly"
    )


def losses(source: Encoding, form: SoundFormat, beyond: int, clipped: int) -> list[str]:
    """What was lost on the way into a format, a sentence each.

    Parameters
    ----------
    source : how the input held its samples.
    form : what was written.
    beyond, clipped : samples of the input and of the stems that lay beyond full scale.
    """
    found = [loss_sentence(source, form)]
    if beyond:
        found.append(f"{beyond} samples of the input lay beyond full scale and were clipped")
    if clipped:
        found.append(f"{clipped} samples of the stems lay beyond full scale and were clipped")
    return [sentence for sentence in found if sentence]


def _split_steps(mixture: Native, estimate: Estimate, encoding: Encoding) -> tuple[Native, Native]:
    # Differences of 32 bits need more than 32; float32 holds every difference of 24 bits.
    many = encoding.bits > 24
    steps = np.asarray(mixture, np.int64 if many else np.int32)
    lowest, highest = encoding.range
    wide: Estimate = np.asarray(estimate, np.float64 if many else np.float32)
    # What lies far outside is cut here, before it is scaled beyond what its type holds.
    wanted = np.rint(np.clip(wide, -2.0, 2.0) * 2.0 ** (encoding.bits - 1))
    least, most = np.maximum(lowest, steps - highest), np.minimum(highest, steps - lowest)
    stem = np.clip(wanted, least, most).astype(steps.dtype)
    return stem.astype(np.int32, copy=False), (steps - stem).astype(np.int32, copy=False)


def _words(encoding: Encoding) -> str:
    kinds = {"integer": "integers", "float": "floats", "lossy": "floats (decoded from a lossy file)"}
    return f"{encoding.bits}-bit {kinds[encoding.kind]}"
