"""ABC notation, version 2.1 (abcnotation.com), many tunes in one file.

A file is an optional header, whose fields hold for every tune, and tunes apart by blank
lines, each from its X: field on. Text between tunes is no part of any. `read_each` goes on
after a broken tune; `read` stops there.

What ABC has no place for stands in directives that other programs pass over: `%%canzona`
(how the file was made), `%%canzona-phrases` (one phrase a line), `%%canzona-record`,
`%%canzona-comment`, `%%canzona-order`, `%%canzona-bars`, `%%canzona-keys`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from canzona.errors import FormatError, UnsupportedError
from canzona.score.abc_read import Line, TuneReader
from canzona.score.abc_text import decode_bytes
from canzona.score.abc_write import written_tune
from canzona.score.format import Format, Written
from canzona.score.losses import differences
from canzona.score.tune import Tune

_TUNE = re.compile(r"X:")
_KEY = re.compile(r"K:")
_LINE_END = re.compile(r"\r\n|\n|\r")


def read(data: bytes, source: str, track: str | None) -> Iterator[Tune]:
    """The tunes of an ABC file, lazily.

    Parameters
    ----------
    data : the file.
    source : its name, for errors.
    track : the voice to read, by its number from 1 or its name, where a tune has several.

    Raises
    ------
    FormatError : at the first tune that cannot be read, with its line.
    PolyphonyError : at a tune of several voices where `track` is None.
    """
    for found in read_each(data, source, track):
        if isinstance(found, FormatError):
            raise found
        yield found


def read_each(data: bytes, source: str, track: str | None = None) -> Iterator[Tune | FormatError]:
    """The tunes of an ABC file, lazily; in place of a tune that cannot be read, its error.

    Parameters are those of `read`.
    """
    lines = [(number, line) for number, line in enumerate(_LINE_END.split(decode_bytes(data)), start=1)]
    header, tunes = _divided(lines)
    if not tunes:
        yield FormatError(
            "the file holds no tune",
            source=source,
            line=1,
            hint="a tune in ABC begins with a line such as X:1 and has a line such as K:C",
        )
    for place, tune in enumerate(tunes, start=1):
        name = f"{source}#{place}" if len(tunes) > 1 else source
        try:
            yield _read_tune(header, tune, source, place, name, track)
        except FormatError as error:
            yield error


def write(tunes: Sequence[Tune]) -> Written:
    """Tunes as one ABC file, UTF-8.

    What was written is read again, and what differs stands in the losses, with the tune's
    title where there are several.

    Raises
    ------
    UnsupportedError : a tune that ABC cannot hold at all, such as one with 20,001 notes.
    """
    if not tunes:
        return Written(b"%abc-2.1\n")
    texts = [written_tune(tune, place) for place, tune in enumerate(tunes, start=1)]
    data = ("%abc-2.1\n" + "\n".join(texts)).encode("utf-8", "replace")
    losses: list[str] = []
    for tune, found in zip(tunes, read_each(data, ""), strict=True):
        if isinstance(found, FormatError):
            reason = found.message.removeprefix(f"line {found.line}: ")
            raise UnsupportedError(f"ABC cannot hold the tune '{tune.title}': {reason}")
        about = f"{tune.title or tune.source or 'untitled'}: " if len(tunes) > 1 else ""
        losses += [about + loss for loss in differences(tune, found)]
    return Written(data, tuple(dict.fromkeys(losses)))


def _read_tune(
    header: list[Line], lines: list[Line], source: str, place: int, name: str, track: str | None
) -> Tune:
    if not any(_KEY.match(line) for _, line in lines):
        raise FormatError(
            "the tune has no K: field, which ends its header",
            source=source,
            line=lines[0][0],
            hint="add a line such as K:C before the music",
        )
    reader = TuneReader(source, place)
    reader.parts.source = name
    reader.read(header)
    reader.read(lines)
    return reader.tune(lines[0][0], track)


def _divided(lines: list[Line]) -> tuple[list[Line], list[list[Line]]]:
    """The file's header, and the lines of each tune."""
    header: list[Line] = []
    tunes: list[list[Line]] = []
    inside, has_key = False, False
    for number, line in lines:
        if _TUNE.match(line):
            if tunes and len(tunes[-1]) == 1:  # a number and nothing else is no tune
                del tunes[-1]
            tunes.append([])
            inside, has_key = True, False
        elif inside and has_key and not line.strip():
            inside = False
        if inside:
            has_key = has_key or _KEY.match(line) is not None
            tunes[-1].append((number, line))
        elif not tunes and re.match(r"[A-Z]:|%%|[a-z]:", line):
            header.append((number, line))
    if not tunes and any(_KEY.match(line) for _, line in header):
        return [], [[(number, line) for number, line in lines if line.strip()]]
    return header, tunes


FORMAT = Format("abc", (".abc",), read, write, many=True, read_each=read_each)
