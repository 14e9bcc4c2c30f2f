"""Where native samples go on their way into a file: our own WAV, or an encoder of libsndfile."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO, Protocol, TypeVar

import numpy as np

from canzona.audio.encoding import Native, SoundInfo
from canzona.audio.formats import SoundFormat
from canzona.audio.libsndfile import import_soundfile, put_tags
from canzona.audio.mp3 import id3_tag
from canzona.audio.ogg import set_stream_number
from canzona.audio.wav import RIFF_LIMIT, pack, wav_header
from canzona.errors import MissingDependencyError, UnsupportedError

Result = TypeVar("Result")

_SUBTYPES = {8: "PCM_S8", 16: "PCM_16", 24: "PCM_24"}

# What an encoder is given at once, always: libvorbis keeps it on its stack, and makes other bytes of
# other sizes.
_FRAMES = 1 << 14

# LAME's constant rates between which libsndfile reads its compression level from 0 to 1: above 32 kHz,
# from 16 kHz, below (MPEG-1, 2 and 2.5).
_BIT_RATES = ((32000, 320, 32), (16000, 160, 8), (0, 64, 8))


class Sink(Protocol):
    """What takes native samples, shape (channels, n), and makes a file of them."""

    def write(self, block: Native) -> None:
        """Take the next samples; OSError where they cannot be written."""

    def finish(self, frames: int) -> None:
        """Write what stands at the end, and at the start; `frames` samples went in."""

    def close(self) -> None:
        """Let go of what the sink holds, finished or not."""


class WavSink:
    """A WAV written to a file or a pipe.

    Parameters
    ----------
    stream : open for writing; where it can be sought, the header is made anew at the end.
    info : what to write in the header.
    frames : the length, where it is known for sure: what a pipe's header says.
    room : leave room for the sizes of an RF64; without it `frames` has to be known, and fit a WAV.
    riff_limit : the size in bytes beyond which the file is RF64.
    """

    def __init__(
        self,
        stream: BinaryIO,
        info: SoundInfo,
        frames: int | None = None,
        *,
        room: bool = True,
        riff_limit: int = RIFF_LIMIT,
    ) -> None:
        self._stream = stream
        self._header = partial(wav_header, info, room=room, riff_limit=riff_limit)
        self._encoding, self._frame = info.encoding, info.channels * info.encoding.bits // 8
        # A device may say that it can be sought and take no notice; drafts can be read as well.
        self._patched = stream.readable() and stream.seekable()
        stream.write(self._header(frames))

    def write(self, block: Native) -> None:
        """The next samples."""
        self._stream.write(pack(block, self._encoding))

    def finish(self, frames: int) -> None:
        """The padding of an odd length, and the sizes."""
        self._stream.write(bytes(frames * self._frame % 2))
        if self._patched:
            self._stream.seek(0)
            self._stream.write(self._header(frames))
        self._stream.flush()

    def close(self) -> None:
        """Nothing is held but the stream, which is its owner's to close."""


class EncoderSink:
    """FLAC, Ogg or MP3, by libsndfile, into a file that can be sought.

    libsndfile calls back into Python to write. An exception in such a call is printed and lost,
    KeyboardInterrupt too; so the encoder works in a thread of its own, which no signal reaches, and
    the stream keeps the error that it met.
    """

    def __init__(self, stream: BinaryIO, info: SoundInfo, form: SoundFormat) -> None:
        from concurrent.futures import ThreadPoolExecutor

        soundfile = import_soundfile(form.kind)
        if form.kind.upper() not in soundfile.available_formats():
            raise MissingDependencyError(
                f"this libsndfile writes no {form.kind}", hint="pip install --upgrade soundfile"
            )
        self._form, self._info, self._stream = form, info, stream
        head = id3_tag(info.tags) if form.kind == "mp3" else b""
        stream.write(head)
        self._guarded = _Guarded(stream, len(head))
        self._shift = 32 - form.encoding.bits
        self._held: Native = np.zeros((info.channels, 0), form.encoding.dtype)
        self._thread = ThreadPoolExecutor(1, "canzona-encoder")
        try:
            self._file = self._run(lambda: _open_encoder(soundfile, self._guarded, info, form))
        except BaseException:
            self._thread.shutdown()
            raise

    def write(self, block: Native) -> None:
        """The next samples."""
        held = np.concatenate([self._held, block], axis=1)
        whole = held.shape[1] - held.shape[1] % _FRAMES
        for at in range(0, whole, _FRAMES):
            self._encode(held[:, at : at + _FRAMES])
        self._held = held[:, whole:]

    def finish(self, frames: int) -> None:
        """What is still held here and in the encoder, the file's head, and the stream's number in Ogg."""
        self._encode(self._held)
        self._run(self._file.close)
        if self._form.kind == "ogg":
            set_stream_number(self._stream, zlib.crc32(repr(self._info.tags).encode()))

    def close(self) -> None:
        """Let the encoder go; what it still writes then counts no more."""
        self._thread.submit(self._file.close)
        self._thread.shutdown()

    def _encode(self, part: Native) -> None:
        steps = np.ascontiguousarray(part.T)
        self._run(self._file.write, steps << self._shift if self._shift else steps)

    def _run(self, step: Callable[..., Result], *arguments: Any) -> Result:
        try:
            result = self._thread.submit(step, *arguments).result()
        except (RuntimeError, AssertionError) as error:
            # soundfile asserts that all was written.
            if self._guarded.failure is None:
                raise UnsupportedError(f"{self._form.kind} could not be written: {error}") from error
            raise self._guarded.failure from None
        if self._guarded.failure is not None:
            raise self._guarded.failure
        return result


class _Guarded:
    """A stream for libsndfile that keeps the first error and takes nothing after it.

    A seek writes too: what the buffer holds.

    Parameters
    ----------
    stream : where it all goes.
    start : bytes at the stream's start that are not libsndfile's.
    """

    def __init__(self, stream: BinaryIO, start: int) -> None:
        self._stream, self._start = stream, start
        self.failure: OSError | None = None

    def write(self, data: bytes) -> int:
        return self._guard(self._stream.write, data) or 0

    def seek(self, offset: int, whence: int = 0) -> int:
        at = self._guard(self._stream.seek, offset + (0 if whence else self._start), whence)
        return (at or self._start) - self._start

    def tell(self) -> int:
        return (self._guard(self._stream.tell) or self._start) - self._start

    def read(self, size: int = -1) -> bytes:
        return self._guard(self._stream.read, size) or b""

    def _guard(self, step: Callable[..., Result], *arguments: Any) -> Result | None:
        if self.failure is None:
            try:
                return step(*arguments)
            except OSError as error:
                self.failure = error
        return None


def _open_encoder(soundfile: Any, stream: _Guarded, info: SoundInfo, form: SoundFormat) -> Any:
    subtype = {"ogg": "VORBIS", "mp3": "MPEG_LAYER_III"}.get(form.kind) or _SUBTYPES[form.encoding.bits]
    options: dict[str, Any] = {}
    if form.bit_rate:
        _, highest, lowest = next(row for row in _BIT_RATES if info.sample_rate >= row[0])
        rate = min(max(form.bit_rate, lowest), highest)
        # A level of 1 itself is refused, so the lowest rate is asked for by a hair less.
        level = min((highest - rate) / (highest - lowest), 0.999)
        options = {"bitrate_mode": "CONSTANT", "compression_level": level}
    file = soundfile.SoundFile(
        stream, "w", info.sample_rate, info.channels, subtype, format=form.kind.upper(), **options
    )
    if form.kind != "mp3":
        put_tags(file, info.tags)
    return file
