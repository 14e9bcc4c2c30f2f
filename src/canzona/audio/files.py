"""Sound files made from blocks of samples: wav, flac, ogg, mp3, with words about their making.

WAV is written here, since its INFO chunk then says what we mean in UTF-8 and the bytes depend
on no library's version; the others through libsndfile. Nothing writes a date. Ogg numbers its
streams at random: the number is set to a hash of the tags and the page checksums made anew,
so the same sound gives the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import closing

import numpy as np
import numpy.typing as npt

from canzona.audio.encoding import Encoding, Native, SoundInfo
from canzona.audio.formats import sound_format
from canzona.audio.sinks import EncoderSink, Sink, WavSink
from canzona.audio.tags import Tags
from canzona.errors import UnsupportedError, UsageError

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
"""File name endings of what can be written."""

_BITS = (16, 24)
_RIFF_LIMIT = (1 << 32) - (1 << 20)

Samples = npt.NDArray[np.floating]


def encode_audio(
    blocks: Iterable[Samples],
    *,
    samples: int,
    sample_rate: int,
    channels: int = 2,
    kind: str = "wav",
    bits: int = 16,
    tags: Tags | None = None,
) -> bytes:
    """The bytes of a sound file.

    Parameters
    ----------
    blocks : arrays of shape (channels, n), full scale 1.0; what lies beyond is clipped.
    samples : the number of samples of all blocks together.
    sample_rate : samples a second.
    channels : 1 or 2.
    kind : 'wav', 'flac', 'ogg' (Vorbis) or 'mp3', with or without a leading dot.
    bits : 16 or 24 for wav and flac; the others ignore it.
    tags : words about the file.

    Raises
    ------
    UsageError : another kind, another number of bits or channels, or blocks that do not fit them.
    UnsupportedError : a wav beyond 4 GB, a rate that the kind cannot hold, or samples that are
        no numbers.
    MissingDependencyError : the soundfile package is missing, or its library has no mp3.
    """
    kind = kind.lower().removeprefix(".")
    tags = tags or Tags()
    if f".{kind}" not in AUDIO_SUFFIXES:
        raise UsageError(f"'{kind}' is no kind of sound file", hint="choose wav, flac, ogg or mp3")
    if bits not in _BITS:
        raise UsageError(f"{bits} bits a sample are not written", hint="choose 16 or 24")
    if channels not in (1, 2):
        raise UsageError(f"sound of {channels} channels is not written", hint="give 1 or 2")
    blocks = _checked(blocks, samples, channels)
    form = sound_format(kind if kind in ("ogg", "mp3") else f"{kind}{bits}")
    form.require_rate(sample_rate)
    if kind == "wav" and samples * channels * bits // 8 > _RIFF_LIMIT:
        raise UnsupportedError("a wav file cannot be longer than 4 GB", hint="write flac or ogg")
    out = io.BytesIO()
    info = SoundInfo(kind, sample_rate, channels, form.encoding, tags=tags)
    sink: Sink = WavSink(out, info, samples, room=False) if kind == "wav" else EncoderSink(out, info, form)
    with closing(sink):
        for block in blocks:
            sink.write(_native(block, form.encoding))
        sink.finish(samples)
    return out.getvalue()


def _checked(blocks: Iterable[Samples], samples: int, channels: int) -> Iterator[Samples]:
    """The blocks, each of the right shape and of finite numbers, all together as long as was said."""
    total = 0
    for block in blocks:
        if block.ndim != 2 or block.shape[0] != channels:
            raise UsageError(f"a block of shape {block.shape} holds no {channels} channels")
        if not np.isfinite(block).all():
            raise UnsupportedError("the sound holds samples that are no numbers")
        total += block.shape[1]
        yield block
    if total != samples:
        raise UsageError(f"the blocks hold {total} samples and {samples} were announced")


def _native(block: Samples, encoding: Encoding) -> Native:
    """Steps of an integer encoding, full scale the highest of them; floats as a lossy encoder takes them."""
    if encoding.kind != "integer":
        return np.clip(np.asarray(block, np.float32), -1.0, 1.0)
    lowest, highest = encoding.range
    steps = np.rint(np.asarray(block, np.float64) * highest)
    return np.clip(steps, lowest, highest).astype(np.int32)
