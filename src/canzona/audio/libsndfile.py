"""Reading through libsndfile: WAV, FLAC, Ogg (Vorbis, Opus), MP3, AIFF, CAF, W64, AU and more.

Four habits of the library and of its Python binding are seen to here:

- It reads no further than the length that it guessed for an MP3. Where the table at the head does
  not cover the file (`mp3.py`), it gets the frames through a pipe, whose length nobody can guess.
- A jump within Vorbis or MP3 lands on samples a little off those of reading through. Lossy files are
  read from their start and what was not asked for is dropped, so a part is a part of the whole.
- The binding seeks after each read, which fails in FLAC of unknown length: here it never does.
- libmpg123 prints warnings about broken MP3 on the process's stderr when opening one.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from canzona.audio.encoding import LOSSY, Encoding, Native, SoundInfo
from canzona.audio.mp3 import read_mp3_head
from canzona.audio.tags import Tags
from canzona.audio.wav import stated_header
from canzona.errors import MissingDependencyError

_PCM_BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
_ALAC_BITS = {"ALAC_16": 16, "ALAC_20": 24, "ALAC_24": 24, "ALAC_32": 32}
_FLOAT_BITS = {"FLOAT": 32, "DOUBLE": 64}
_UNKNOWN_LENGTH = 1 << 62
_UNREADABLE = "\ufffd"

# What comes out of a damaged FLAC is lost by the read that meets the damage, so reads are short.
_LARGEST_READ = 1 << 14

_STDERR = threading.Lock()


def import_soundfile(kind: str) -> Any:
    """The soundfile package; MissingDependencyError where it or its library is not there."""
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise MissingDependencyError(f"{kind} files need soundfile", hint="pip install soundfile") from error
    return soundfile


def put_tags(file: Any, tags: Tags) -> None:
    """Put words into a sound file that soundfile has open for writing."""
    for name in ("title", "artist", "comment", "software"):
        if value := getattr(tags, name):
            setattr(file, name, value.encode("utf-8", "replace").decode().replace("\0", " "))


def inspect(path: Path) -> SoundInfo | None:
    """What libsndfile says about a file; None where it does not know its kind."""
    soundfile = import_soundfile("sound")
    try:
        with _quiet(), soundfile.SoundFile(_system_name(path)) as file:
            held = _encoding(file.subtype)
            frames: int | None = None if file.frames >= _UNKNOWN_LENGTH else file.frames
            tags = Tags(file.title, file.artist, file.comment)
            channels, rate = file.channels, file.samplerate
            form, exact = file.format, "MPEG" not in file.subtype
    except (RuntimeError, TypeError):
        return None
    announced = None
    if form == "MP3" and _from_frames(path) is not None:
        frames = None
    elif form in ("WAV", "WAVEX", "RF64") and held.lossless:
        # libsndfile counts what is there; the header tells of what is missing.
        with path.open("rb") as stream:
            header = stated_header(stream)
        if header is not None:
            announced = header.frames
            if _UNREADABLE in tags.title + tags.artist:
                tags = replace(header.tags, comment=tags.comment)
    return SoundInfo(str(path), rate, channels, held, frames, exact, tags, announced)


def decode(path: Path, info: SoundInfo, start: int) -> Generator[Native, None, None]:
    """Native samples from the frame `start` on, shape (channels, n), until the end or the first damage."""
    soundfile = import_soundfile("sound")

    class Unsought(soundfile.SoundFile):  # type: ignore[misc, name-defined]
        """A file whose reads are not followed by a seek."""

        def seekable(self) -> bool:
            return False

    shift = 32 - info.encoding.bits if info.encoding.kind == "integer" else 0
    dtype = info.encoding.dtype
    with contextlib.suppress(RuntimeError), _source(path, info) as source:
        with _quiet():
            file = Unsought(source, closefd=False)
        with file:
            skip = start
            if info.encoding.lossless and info.frames is not None:
                skip -= file.seek(min(start, file.frames))
            while len(read := file.read(_LARGEST_READ, dtype=dtype.name, always_2d=True)):
                kept = read[min(skip, len(read)) :]
                skip -= len(read) - len(kept)
                if len(kept):
                    block = np.ascontiguousarray(kept.T)
                    yield block >> shift if shift else block


def _encoding(subtype: str) -> Encoding:
    if bits := {**_PCM_BITS, **_ALAC_BITS}.get(subtype):
        return Encoding("integer", bits)
    if bits := _FLOAT_BITS.get(subtype):
        return Encoding("float", bits)
    return LOSSY


def _system_name(path: Path) -> str | bytes:
    """A name that soundfile opens: it encodes strings strictly, and not every name is valid UTF-8."""
    return str(path) if os.name == "nt" else os.fsencode(path)


def _from_frames(path: Path) -> int | None:
    """Where the frames of an MP3 begin whose length its head does not tell; None where it does."""
    with path.open("rb") as file:
        head = read_mp3_head(file, path.stat().st_size)
    return None if head is None or head.whole_by_table else head.start


@contextmanager
def _source(path: Path, info: SoundInfo) -> Iterator[str | bytes | int]:
    """What to open: the file's name, or the reading end of a pipe that an MP3's frames go through."""
    begin = _from_frames(path) if info.frames is None and not info.encoding.lossless else None
    # On Windows a library does not share file numbers with a program that is built otherwise.
    if begin is None or os.name == "nt":
        yield _system_name(path)
        return
    import shutil

    reading, writing = os.pipe()

    def feed() -> None:
        # Whoever reads may stop early: then the pipe is broken, and there is no more to do.
        with contextlib.suppress(OSError), os.fdopen(writing, "wb") as out, path.open("rb") as file:
            file.seek(begin)
            shutil.copyfileobj(file, out)

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    try:
        yield reading
    finally:
        os.close(reading)
        feeder.join()


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing on the process's stderr meanwhile: libmpg123 warns there of broken files, past Python."""
    with _STDERR, contextlib.ExitStack() as stack:
        try:
            kept = os.dup(2)
        except OSError:  # there is no stderr
            yield
            return
        stack.callback(os.close, kept)
        silence = os.open(os.devnull, os.O_WRONLY)
        stack.callback(os.close, silence)
        stack.callback(os.dup2, kept, 2)
        os.dup2(silence, 2)
        yield
