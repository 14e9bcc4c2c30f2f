"""Sound files opened for reading block by block, so that their length never sets memory.

    with open_sound("song.flac") as source:
        for block in source.blocks(65536):                   # (channels, up to 65536), as in the file
            samples = to_float(block, source.encoding)       # full scale 1.0

Samples are handed out as the file holds them: steps of integers, floats, or float32 of what a lossy
codec makes. libsndfile reads most kinds, ffmpeg the rest, and a WAV may come through a pipe.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO
from weakref import WeakSet

import numpy as np

from canzona.audio import ffmpeg, libsndfile
from canzona.audio.encoding import Encoding, Native, SoundInfo
from canzona.audio.tags import Tags
from canzona.audio.wav import read_wav_header, read_wav_samples, stated_header
from canzona.errors import FormatError, UnsupportedError, UsageError

Decoder = Callable[[int], Generator[Native, None, None]]
"""Native samples from a frame on, in pieces of any length."""

STDIN = "standard input"

_READ_BY_LIBSNDFILE = ".aif .aifc .aiff .au .caf .flac .mp3 .oga .ogg .opus .rf64 .snd .w64 .wav .wave"
SOUND_SUFFIXES = ffmpeg.SUFFIXES | frozenset(_READ_BY_LIBSNDFILE.split())
"""Endings, in lower case, of files that are taken for sound in a folder."""

_MOST_CHANNELS = 2
_PIPED_FRAMES = 1 << 14

# What a length that is not exact may be off by before it is called a loss: seconds, and the part of it.
_SLACK_SECONDS, _SLACK_PART = 0.5, 0.01


class SoundSource:
    """A sound open for reading.

    Attributes
    ----------
    info : SoundInfo, all that the file says of itself.
    warning : str, a sentence where less was read than the file announces; empty otherwise. It is known
        once `blocks` has come to its end.
    """

    def __init__(
        self,
        info: SoundInfo,
        decode: Decoder,
        *,
        once: bool = False,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self.info = info
        self.warning = ""
        self._decode = decode
        self._once = once
        self._on_close = on_close
        self._used = False
        self._running: WeakSet[Generator[Native, None, None]] = WeakSet()

    @property
    def name(self) -> str:
        """The file's path, or 'standard input'."""
        return self.info.name

    @property
    def sample_rate(self) -> int:
        """Samples a second, in Hz."""
        return self.info.sample_rate

    @property
    def channels(self) -> int:
        """1 or 2."""
        return self.info.channels

    @property
    def frames(self) -> int | None:
        """Samples in each channel, as far as the file tells (see `SoundInfo`); None where it does not."""
        return self.info.frames

    @property
    def encoding(self) -> Encoding:
        """How samples are held, and so of what type and range the blocks are."""
        return self.info.encoding

    @property
    def tags(self) -> Tags:
        """Title and artist, where the file has them."""
        return self.info.tags

    def blocks(self, frames: int, start: int = 0, stop: int | None = None) -> Iterator[Native]:
        """Native samples in blocks: the same samples whatever the size of blocks and the start.

        Parameters
        ----------
        frames : samples in each channel of a block; the last block may hold fewer.
        start, stop : the first sample and the one after the last, as in a slice.

        Yields
        ------
        Arrays of shape (channels, n). Integers: int32 in -2^(bits-1) to 2^(bits-1) - 1 (8 bits too, which
        stand unsigned in a WAV: there the byte 128 is step 0). Floats: float32 or float64, finite. Lossy:
        float32. Full scale is 1.0 for the latter two, and may be exceeded.

        Raises
        ------
        UsageError : a size or place out of range, or a pipe that is read a second time.
        FormatError : the file holds no sound, or a sample that is no number (when it is reached).
        """
        if frames < 1 or start < 0 or (stop is not None and stop < start):
            raise UsageError(f"blocks of {frames} samples from {start} to {stop} cannot be read")
        if self._once and self._used:
            raise UsageError(f"{self.name} can be read once only", hint="save it as a file first")
        self._used = True
        blocks = self._blocks(frames, start, stop)
        self._running.add(blocks)
        return blocks

    def close(self) -> None:
        """End all reading that is under way."""
        for running in list(self._running):
            running.close()
        if self._on_close is not None:
            self._on_close()

    def _blocks(self, frames: int, start: int, stop: int | None) -> Generator[Native, None, None]:
        at = start
        with closing(self._decode(start)) as pieces:
            for block in _regular(pieces, frames, None if stop is None else stop - start):
                self._refuse_no_numbers(block, at)
                at += block.shape[1]
                yield block
        if at == 0 and stop != 0:
            raise FormatError("holds no sound", source=self.name, hint="the file is empty or damaged")
        self._look_for_losses(at, start, stop)

    def _refuse_no_numbers(self, block: Native, at: int) -> None:
        if block.dtype.kind == "f" and not np.isfinite(block).all():
            second = (at + int(np.argmin(np.isfinite(block).all(axis=0)))) / self.sample_rate
            raise FormatError(
                f"the sample at {second:.3f} s is no number (NaN or infinite)",
                source=self.name,
                hint="write the file anew with the program that made it",
            )

    def _look_for_losses(self, at: int, start: int, stop: int | None) -> None:
        """Set `warning` where the end came sooner than announced."""
        announced = max(self.info.announced or 0, self.frames or 0)
        if not announced:
            return
        slack = 0.0
        if not self.info.exact:
            slack = max(_SLACK_SECONDS * self.sample_rate, _SLACK_PART * announced)
        wanted = announced if stop is None else min(stop, announced)
        if at < wanted - slack:
            when = "after" if at > start or not start else "before"
            self.warning = (
                f"{self.name} is cut off or damaged {when} {at / self.sample_rate:.2f} s: "
                f"{announced / self.sample_rate:.2f} s were announced"
            )


@contextmanager
def open_sound(source: str | Path | BinaryIO, *, track: int | None = None) -> Iterator[SoundSource]:
    """Open a sound for reading; what is under way ends with the `with` block.

    Parameters
    ----------
    source : a path; or '-' (standard input) or a binary stream, from which a WAV is read as it comes.
    track : which of a file's sound tracks, counted from 0, read through ffmpeg; None takes the first.

    Raises
    ------
    FormatError : there is no such file or track, or it is a folder, empty, no sound, or damaged at its head.
    UnsupportedError : more than two channels.
    MissingDependencyError : it is read through ffmpeg (M4A, video, a track ...), which is not installed.
    """
    opened = _opened(source, track)
    try:
        if opened.channels > _MOST_CHANNELS:
            raise UnsupportedError(
                f"{opened.name} has {opened.channels} channels: mono and stereo are read",
                hint="mix it down to two channels first",
            )
        yield opened
    finally:
        opened.close()


def _opened(source: str | Path | BinaryIO, track: int | None) -> SoundSource:
    if not isinstance(source, str | Path):
        return _piped(source, str(getattr(source, "name", "the stream")))
    if str(source) == "-":
        return _piped(sys.stdin.buffer, STDIN)
    path = Path(source)
    try:
        if path.is_dir():
            raise FormatError("is a folder", source=str(path), hint="name a file in it")
        size = path.stat().st_size
        if path.is_file() and not size:
            raise FormatError("is empty (0 bytes)", source=str(path), hint="give a file with sound")
        return _from_file(path, track) if path.is_file() else _from_device(path)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "cannot be read").lower()
        raise FormatError(reason, source=str(path), hint="check the path and its permissions") from error


def _from_file(path: Path, track: int | None) -> SoundSource:
    with path.open("rb") as file:  # a missing permission is said as such
        head = file.read(12)
    if track is None and (info := libsndfile.inspect(path)):
        if info.frames == 0 and (own := _unfinished(path)):
            return own
        return SoundSource(info, partial(libsndfile.decode, path, info))
    if ffmpeg.installed() and (info := ffmpeg.inspect(path, track or 0)):
        return SoundSource(info, partial(ffmpeg.decode, path, info, track=track or 0))
    if track is not None or path.suffix.lower() in ffmpeg.SUFFIXES or head[4:8] == b"ftyp":
        ffmpeg.require_ffmpeg(str(path))
    raise FormatError(
        "is no sound file that can be read, or is damaged at its start",
        source=str(path),
        hint="give a wav, flac, ogg, mp3, aiff or another sound file",
    )


def _unfinished(path: Path) -> SoundSource | None:
    """A WAV whose header tells no length, as a recorder leaves it that crashed: all that is there."""
    with path.open("rb") as stream:
        info = stated_header(stream)
        if info is None or info.frames is not None or not stream.read(1):
            return None

    def decode(start: int) -> Generator[Native, None, None]:
        with path.open("rb") as stream:
            read_wav_header(stream, str(path))
            yield from _from(start, read_wav_samples(stream, info, _PIPED_FRAMES))

    return SoundSource(replace(info, name=str(path)), decode)


def _from_device(path: Path) -> SoundSource:
    """A named pipe, or what a shell puts for `<(command)`."""
    stream = path.open("rb")
    try:
        return _piped(stream, str(path), stream.close)
    except BaseException:
        stream.close()
        raise


def _piped(stream: BinaryIO, name: str, on_close: Callable[[], None] | None = None) -> SoundSource:
    info = read_wav_header(stream, name)

    def decode(start: int) -> Generator[Native, None, None]:
        yield from _from(start, read_wav_samples(stream, info, _PIPED_FRAMES))

    return SoundSource(info, decode, once=True, on_close=on_close)


def _from(start: int, pieces: Iterator[Native]) -> Generator[Native, None, None]:
    """The pieces without their first `start` samples."""
    for piece in pieces:
        kept = piece[:, min(start, piece.shape[1]) :]
        start -= piece.shape[1] - kept.shape[1]
        if kept.shape[1]:
            yield kept


def _regular(pieces: Iterator[Native], frames: int, length: int | None) -> Iterator[Native]:
    """Pieces of any length joined or cut to blocks of `frames`, the last one shorter, `length` in all."""
    held: list[Native] = []
    count = 0
    left = length
    while left is None or left:
        wanted = frames if left is None else min(frames, left)
        while count < wanted and (piece := next(pieces, None)) is not None:
            held.append(piece)
            count += piece.shape[1]
        if not count:
            return
        joined = held[0] if len(held) == 1 else np.concatenate(held, axis=1)
        yield np.ascontiguousarray(joined[:, :wanted])
        held, count = ([joined[:, wanted:]], count - wanted) if count > wanted else ([], 0)
        left = None if left is None else max(0, left - wanted)
