"""What is asked of a song and what came of it: plain values that travel between processes."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from canzona.audio.formats import SoundFormat, sound_format
from canzona.audio.reading import SoundSource
from canzona.errors import CanzonaError, UsageError
from canzona.separation.names import DEFAULT_PATTERN, Pattern

STDIN = Path("-")
"""The input that stands for standard input, from which a WAV is read."""

STDOUT = Path("-")
"""The target that stands for standard output, to which WAV alone is written."""

ABSENT = "nothing of it was heard: its stem is silence, and the rest is the input"

Status = Literal["done", "absent", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class Options:
    """What is written of each song, and how.

    Parameters
    ----------
    format : a name of `canzona.audio.formats.FORMAT_NAMES`; 'wav' and 'flac' keep the input's encoding.
    only : the one stem to write; an empty string for both.
    filename : how files are named, see `canzona.separation.names`.
    start, end : seconds of the song between which it is taken; None for its beginning and its end.
    presence : write NAME.presence.csv too.
    plot : write NAME.png too.
    force : replace files that exist, and do again what is done.

    Raises
    ------
    UsageError : no such format, no such pattern, or times that make no part of a song.
    """

    format: str = "wav"
    only: str = ""
    filename: str = DEFAULT_PATTERN
    start: float | None = None
    end: float | None = None
    presence: bool = False
    plot: bool = False
    force: bool = False

    def __post_init__(self) -> None:
        """Refuse what makes no sense before any song is opened."""
        for name in ("format", "only", "filename"):
            if not isinstance(getattr(self, name), str):
                raise UsageError(f"{name} is {getattr(self, name)!r}", hint="give words")
        sound_format(self.format)
        Pattern(self.filename)
        check_span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Song:
    """A song, and the files that become of it.

    Attributes
    ----------
    source : the input; `STDIN` for standard input.
    stems : name and file of each stem that is written; `STDOUT` for standard output.
    presence, picture : files of the presence curve and of the picture, or None.
    others : name and file of the stem that is not asked for, where it would lie beside the other.
    kept : name and file of a stem of an earlier run that stays; what is written has to add up with it.
    """

    source: Path
    stems: tuple[tuple[str, Path], ...]
    presence: Path | None = None
    picture: Path | None = None
    others: tuple[tuple[str, Path], ...] = ()
    kept: tuple[tuple[str, Path], ...] = ()

    @property
    def extras(self) -> tuple[Path, ...]:
        """The files that are no stems."""
        return tuple(path for path in (self.presence, self.picture) if path is not None)

    @property
    def targets(self) -> tuple[Path, ...]:
        """All files that are written, the stems first."""
        return (*(path for _, path in self.stems if path != STDOUT), *self.extras)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of one input.

    Attributes
    ----------
    source : the input.
    status : 'done'; 'absent' where the target was not heard; 'skipped' where all was there; 'failed'.
    outputs : the files that were written, or are there.
    seconds : how much of the song was handled.
    elapsed : seconds that it took.
    presence : mean of the presence curve; None where nothing was listened to.
    warnings : what the user should know, a sentence each.
    error : what went wrong.
    """

    source: Path
    status: Status
    outputs: tuple[Path, ...] = ()
    seconds: float = 0.0
    elapsed: float = 0.0
    presence: float | None = None
    warnings: tuple[str, ...] = ()
    error: CanzonaError | None = None

    @property
    def reason(self) -> str:
        """Why there is less than one hopes for, a sentence; empty where all is well."""
        if self.error is not None:
            return str(self.error)
        return {"absent": ABSENT, "skipped": "all of it is there already"}.get(self.status, "")

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values; `speed` is seconds of sound handled in a second."""
        speed = round(self.seconds / self.elapsed, 2) if self.seconds and self.elapsed else None
        return {
            "input": str(self.source),
            "outputs": [str(path) for path in self.outputs],
            "status": self.status,
            "seconds": round(self.seconds, 3),
            "speed": speed,
            "presence": None if self.presence is None else round(self.presence, 4),
            "reason": self.reason,
            "warnings": list(self.warnings),
        }


def check_span(start: float | None, end: float | None) -> None:
    """Raise UsageError where two times, in seconds, make no part of a song."""
    for time in (start, end):
        if time is not None and not is_number(time):
            raise UsageError(f"{time!r} is no time", hint="give seconds, as a number")
    first, last = start or 0.0, math.inf if end is None else end
    if not 0 <= first < last:
        until = "the end" if end is None else f"{end:g} s"
        raise UsageError(f"from {first:g} s to {until} is no part of a song", hint="start before the end")


def is_number(value: object) -> bool:
    """Whether a value is a real number, of Python or NumPy."""
    return isinstance(value, numbers.Real)


def span(start: float | None, end: float | None, sample_rate: int) -> tuple[int, int | None]:
    """The first sample of a part of a song, and the one after its last: None for the song's end."""
    first = round((start or 0.0) * sample_rate)
    return first, None if end is None or math.isinf(end) else max(first + 1, round(end * sample_rate))


def length_of(source: SoundSource, first: int, last: int | None) -> int | None:
    """Samples between two places as far as the source announces them; None where it does not."""
    if source.frames is None:
        return None
    return max(0, min(source.frames, source.frames if last is None else last) - first)


def check_stem(only: str, stems: tuple[str, str]) -> None:
    """Raise UsageError where a stem is asked for that the model does not make."""
    if only and only not in stems:
        raise UsageError(f"there is no stem '{only}'", hint=f"choose {' or '.join(stems)}")


def ending(form: SoundFormat) -> str:
    """The file name's ending of a format, without its dot."""
    return form.suffix.removeprefix(".")
