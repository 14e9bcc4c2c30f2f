"""Sound files written block by block; they take their names only when all is written.

    target = Target(Path("synth.wav"), 44100, 2, sound_format("wav24"))
    with open_targets([target, other]) as (synth, rest):
        synth.write(block)                       # (channels, n): steps, or floats of full scale 1.0

WAV is written here, and becomes RF64 beyond 4 GB; FLAC, Ogg and MP3 through libsndfile. No date is
written: the same sound, format and words give the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from canzona.audio.encoding import Native, SoundInfo, to_native
from canzona.audio.formats import SoundFormat
from canzona.audio.sinks import EncoderSink, Sink, WavSink
from canzona.audio.tags import Tags
from canzona.errors import UnsupportedError, UsageError, WriteError
from canzona.files import errors_told, open_together


@dataclass(frozen=True, slots=True)
class Target:
    """A sound file to write.

    Parameters
    ----------
    path : the file, or a device such as /dev/stdout.
    sample_rate : samples a second, in Hz.
    channels : 1 or 2.
    format : what to write, of `sound_format`.
    tags : words put into the file.
    """

    path: Path
    sample_rate: int
    channels: int
    format: SoundFormat
    tags: Tags = field(default_factory=Tags)


class SoundWriter:
    """A sound file under way.

    Attributes
    ----------
    frames : samples written so far in each channel.
    clipped : samples, of all channels, that lay beyond full scale and were set to it.
    """

    def __init__(self, target: Target, sink: Sink) -> None:
        self.target = target
        self.frames = 0
        self.clipped = 0
        self._sink = sink

    def write(self, block: Native) -> None:
        """Write the next samples, shape (channels, n).

        Integers are steps of the target's encoding and stand in the file as they are. Floats have full
        scale 1.0: they are rounded to the nearest step of an integer target, and clipped to -1..1 there
        and for lossy kinds; float targets hold them as they are.

        Raises
        ------
        UsageError : another shape, steps that the target's bits do not hold, or steps for a target of floats.
        UnsupportedError : a sample that is no number.
        WriteError : the disk is full, or the like.
        """
        held = np.asarray(block)
        if held.ndim != 2 or held.shape[0] != self.target.channels:
            raise UsageError(f"a block of shape {held.shape} holds no {self.target.channels} channels")
        native = self._steps(held) if held.dtype.kind in "iu" else self._rounded(held)
        if native.shape[1]:
            with errors_told(self.target.path):
                self._sink.write(native)
        self.frames += native.shape[1]

    def finish(self) -> None:
        """Write what stands at the end, and the sizes at the start; `open_targets` calls it."""
        if not self.frames and self.target.format.kind != "wav":
            raise UnsupportedError(
                f"there is no sound to write to {self.target.path}", hint="only a wav can be empty"
            )
        with errors_told(self.target.path):
            self._sink.finish(self.frames)

    def _steps(self, block: Native) -> Native:
        encoding = self.target.format.encoding
        if encoding.kind != "integer":
            raise UsageError(f"integers cannot be written to {self.target.path}", hint="use `to_float` first")
        lowest, highest = encoding.range
        if block.size and (block.min() < lowest or block.max() > highest):
            raise UsageError(f"{encoding.bits} bits hold steps from {lowest} to {highest} only")
        return block.astype(np.int32, copy=False)

    def _rounded(self, block: Native) -> Native:
        encoding = self.target.format.encoding
        if block.dtype.kind != "f":
            raise UsageError(f"a block of {block.dtype} is no sound", hint="give integers or floats")
        if not np.isfinite(block).all():
            raise UnsupportedError(f"the sound for {self.target.path} holds samples that are no numbers")
        if encoding.kind != "float":
            # Up to half a step beyond the first and the last, a sample is rounded and not clipped.
            half = 0.0 if encoding.kind == "lossy" else 2.0**-encoding.bits
            self.clipped += int(np.count_nonzero((block > 1 - half) | (block < -1 - half)))
            block = np.clip(block, -1.0, 1.0)
        return to_native(block, encoding)


@contextmanager
def open_target(target: Target, *, force: bool = False) -> Iterator[SoundWriter]:
    """One sound file, as `open_targets` opens several."""
    with open_targets([target], force=force) as (writer,):
        yield writer


@contextmanager
def open_targets(targets: Sequence[Target], *, force: bool = False) -> Iterator[list[SoundWriter]]:
    """Sound files that belong together: none takes its name before all are written whole.

    They are written under temporary names beside their targets. Where the block ends with an error
    (Ctrl-C and a full disk too), nothing is left of them, and what was there before is untouched.

    Raises
    ------
    WriteError : a target exists and `force` is not set, is a folder or cannot be written, or two
        targets are the same.
    UsageError : channels other than 1 or 2.
    UnsupportedError : a format that does not hold the sample rate, or cannot be written to a pipe.
    MissingDependencyError : the soundfile package is missing, or its library writes no such format.
    """
    check_targets(targets)
    with (
        open_together([target.path for target in targets], force=force) as files,
        open_writers(targets, files) as writers,
    ):
        yield writers


@contextmanager
def open_writers(targets: Sequence[Target], files: Sequence[BinaryIO]) -> Iterator[list[SoundWriter]]:
    """Targets that `check_targets` knows, on files that are open: whole when the block ends well, still open.

    Raises as `open_targets` does.
    """
    with ExitStack() as closing:
        pairs = list(zip(targets, files, strict=True))
        writers = [SoundWriter(target, closing.enter_context(_sink(file, target))) for target, file in pairs]
        yield writers
        for writer in writers:
            writer.finish()


@contextmanager
def _sink(stream: BinaryIO, target: Target) -> Iterator[Sink]:
    form = target.format
    info = SoundInfo(str(target.path), target.sample_rate, target.channels, form.encoding, tags=target.tags)
    with errors_told(target.path):
        sink: Sink = WavSink(stream, info) if form.kind == "wav" else EncoderSink(stream, info, form)
    try:
        yield sink
    finally:
        sink.close()


def check_targets(targets: Sequence[Target]) -> None:
    """Raise as `open_targets` does where targets cannot be written at all, before any is opened."""
    places = set()
    for target in targets:
        target.format.require_rate(target.sample_rate)
        if target.channels not in (1, 2):
            raise UsageError(f"sound of {target.channels} channels is not written", hint="give 1 or 2")
        place = os.path.realpath(target.path)
        if place in places:
            raise WriteError(f"{target.path} would be written twice", hint="give each sound its own name")
        places.add(place)
        if target.format.kind != "wav" and _is_pipe(target.path):
            raise UnsupportedError(
                f"{target.format.kind} cannot be written to a pipe", hint="write wav, or to a file"
            )


def _is_pipe(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()
