"""Humdrum `**kern`: reading one melodic line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from canzona.errors import FormatError, UnsupportedError
from canzona.score.format import Format, Written
from canzona.score.kern_build import Builder
from canzona.score.tune import Tune


def read(data: bytes, source: str = "", track: str | None = None) -> Iterator[Tune]:
    """The tune of a kern file."""
    text = decode(data)
    if "\0" in text or not data.strip():
        raise FormatError("the file holds no text", source=source, line=1, hint="give a Humdrum file")
    lines = text.split("\n")
    builder = Builder(source, {})
    spines = 0
    records: list[tuple[str, str]] = []
    comments: list[str] = []
    for place, line in enumerate(lines):
        first = line[:1]
        if first == "!":
            if line.startswith("!!!"):
                key, colon, value = line[3:].partition(":")
                if colon:
                    records.append((key.strip(), value.strip()))
                    continue
            comments.append(line.lstrip("!").strip())
        elif line.startswith("**"):
            spines = place + 1
    if not spines:
        raise FormatError("no **kern spine was found", source=source, line=1, hint="give a Humdrum file")
    builder.add(["" if line[:2] in ("**", "*-") else line for line in lines])
    tune = builder.tune()
    marked = any(note.phrase_start or note.phrase_end for note in tune.notes)
    yield tune.replace(
        records=tuple(records), comments=tuple(comments), phrasing="marked" if marked else "none"
    )


def decode(data: bytes) -> str:
    """Text of a file in UTF-8 or, where it is not, in DOS code page 850 with 0xFF as a space."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp850").replace("\xa0", " ")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def write(tunes: Sequence[Tune]) -> Written:
    """Kern of a tune."""
    raise UnsupportedError("kern cannot be written yet")


FORMAT = Format("kern", (".krn", ".kern"), read, write)
