"""Humdrum `**kern`, the format of the Essen collection: a table of tokens with records around it.

Reading: the text is UTF-8 or else DOS code page 850, as in the Essen files, or Latin-1. Records (`!!!`) and
comments (`!!`) may stand anywhere. A file of one spine, the usual case, is a token a line and
goes straight to `kern_build`; any other is taken apart by `kern_spines` first. Whatever a
Tune cannot hold is named in `losses`.

Records of our own: `!!!canzona:` says how a file was made, `!!!canzona-phrases:` whether its
phrase marks are inferred, `!!!canzona-endings:` that endings stand in `*ending:` alone, and
`!!!RDF**kern: i=alteration 1/2` declares the letter that adds half a semitone to a pitch.
"""

from __future__ import annotations

import dataclasses
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import cast

from canzona.errors import FormatError, UnsupportedError
from canzona.score.format import Format, Written
from canzona.score.kern_build import Builder, with_labelled_endings
from canzona.score.kern_marks import unescape
from canzona.score.kern_spines import Voice, is_simple, voice
from canzona.score.kern_write import ALTERATION, ENDINGS, OWN, PHRASES, PROVENANCE, kern_text
from canzona.score.losses import differences
from canzona.score.phrases import infer_phrases
from canzona.score.tune import Attachment, Note, Phrasing, Tune

_WESTERN = frozenset("äöüßÄÖÜàáâãåæçèéêëìíîïñòóôõøùúûýÀÁÂÅÆÇÈÉÊËÍÎÑÒÓÔØÚ")
_ALTERATION = re.compile(r"(\S+)\s*=\s*alteration (-?\d{1,9}(?:/[1-9]\d{0,8})?)")


@dataclasses.dataclass(slots=True)
class _Surroundings:
    """What stands around the data."""

    records: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    comments: list[tuple[int, str]] = dataclasses.field(default_factory=list)
    own: dict[str, str] = dataclasses.field(default_factory=dict)
    alterations: dict[str, Fraction] = dataclasses.field(default_factory=dict)
    layout: int = 0


def read(data: bytes, source: str = "", track: str | None = None) -> Iterator[Tune]:
    """The tune of a kern file.

    Parameters
    ----------
    data : the file's bytes, UTF-8, code page 850 or Latin-1.
    source : the file's name, for errors.
    track : which `**kern` spine to read where there are several: its number from 1, counted
        from the left, or its instrument's name.

    Raises
    ------
    FormatError : the bytes hold no Humdrum table with a `**kern` spine, or one that is broken.
    PolyphonyError : there are several `**kern` spines and `track` names none of them.
    """
    text = decode(data, source)
    lines = text.split("\n")
    around = _surroundings(lines)
    voice_ = None if track is None and is_simple(text) else voice(lines, source, track)
    builder = Builder(source, around.alterations)
    if voice_ is None:
        builder.add(_single_spine(lines, source))
    else:
        builder.add([token if token[:2] != "**" else "" for token in voice_.lines])
        _attach(builder.notes, voice_)
        builder.losses.update(voice_.losses)
        around.comments = sorted([*around.comments, *voice_.comments], key=lambda item: item[0])
    if around.layout:
        builder.losses["global layout comment '!!LO:'"] += around.layout
    yield _finished(builder.tune(), around)


def decode(data: bytes, source: str = "") -> str:
    """Text in UTF-8 or, where it is not, in the older code that makes better words; line ends as \\n.

    Raises FormatError for empty and binary files.
    """
    if not data.strip():
        raise FormatError("the file is empty", source=source, line=1, hint="give a Humdrum file")
    if b"\0" in data:
        line = data[: data.index(b"\0")].count(b"\n") + 1
        raise FormatError("the file is binary", source=source, line=line, hint="give a Humdrum file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode(_older_code(data)).replace("\xa0", " ")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text


def _older_code(data: bytes) -> str:
    """DOS code page 850 or Latin-1: the one in which more of the bytes are letters of western languages."""
    high = bytes(byte for byte in data if byte >= 0x80)
    if any(byte < 0xA0 for byte in high):
        return "cp850"  # in Latin-1 these are no characters at all
    letters = {code: sum(letter in _WESTERN for letter in high.decode(code)) for code in ("cp850", "latin-1")}
    return max(letters, key=lambda code: letters[code])


def write(tunes: Sequence[Tune]) -> Written:
    """Kern of one tune, in UTF-8.

    Raises UnsupportedError for more or less than one tune, and for durations beyond all measure.
    """
    if len(tunes) != 1:
        raise UnsupportedError(f"a kern file holds one tune, not {len(tunes)}", hint="write one file a tune")
    data = kern_text(tunes[0]).encode()
    try:
        reread = next(read(data))
    except FormatError as error:
        raise UnsupportedError(f"kern cannot hold this tune: {error.message}", hint=error.hint) from error
    return Written(data, differences(tunes[0], reread))


def _surroundings(lines: Sequence[str]) -> _Surroundings:
    around = _Surroundings()
    for place, line in enumerate(lines):
        if line[:2] != "!!":
            continue
        if line[:3] == "!!!":
            key, colon, value = line[3:].partition(":")
            if colon:
                _record(around, key.strip(), value.strip())
                continue
        if line.startswith("!!LO:"):
            around.layout += 1
        else:
            around.comments.append((place, unescape(line[2:].strip())))
    return around


def _record(around: _Surroundings, key: str, value: str) -> None:
    if key in OWN:
        around.own[key] = unescape(value)
    elif key == ALTERATION and (declared := _ALTERATION.fullmatch(value)):
        around.alterations[declared[1]] = Fraction(declared[2])
    else:
        around.records.append((unescape(key), unescape(value)))


def _single_spine(lines: list[str], source: str) -> list[str]:
    """The lines of a file of one spine, its name and its end left blank."""
    begins = lines.index("**kern")
    ends = next(
        (place for place in range(begins, len(lines)) if lines[place].rstrip(" ") == "*-"), len(lines)
    )
    for place in (*range(begins), *range(ends + 1, len(lines))):
        if lines[place].strip() and lines[place][0] != "!":
            where = "before its spine begins" if place < begins else "after its spine has ended"
            raise FormatError(
                f"the file has data {where}",
                source=source,
                line=place + 1,
                hint="keep one piece in one file, between **kern and *-",
            )
    tokens = lines[: min(ends, len(lines))]
    tokens[begins] = ""
    return tokens


def _attach(notes: list[Note], voice_: Voice) -> None:
    """Hang the marks of other spines and of comments on the notes that sound at their time."""
    # A pair of whole numbers is hashed and compared faster than a fraction.
    places = {note.onset.as_integer_ratio(): place for place, note in enumerate(notes)}
    marks: dict[int, list[Attachment]] = {}
    for moment, mark in voice_.marks:
        place = places.get(moment.as_integer_ratio(), -1)
        offset = Fraction(0)
        if place < 0:
            place = bisect_right(notes, moment, key=lambda note: note.onset) - 1
            if place < 0 or moment >= notes[place].end:
                voice_.losses[f"{mark.kind} without a note"] += 1
                continue
            offset = moment - notes[place].onset
        marks.setdefault(place, []).append(mark.at(offset))
    for place, found in marks.items():
        note = notes[place]
        values = note.onset, note.duration, note.pitch, note.phrase_start, note.phrase_end, note.graces
        notes[place] = Note(*values, note.attachments + tuple(found))  # faster than dataclasses.replace


def _finished(tune: Tune, around: _Surroundings) -> Tune:
    marked = any(note.phrase_start or note.phrase_end for note in tune.notes)
    own = around.own
    phrasing = own.get(PHRASES, "")
    if phrasing not in ("marked", "inferred", "none"):
        phrasing = "marked" if marked else ""
    tune = tune.replace(
        records=tuple(around.records),
        comments=tuple(text for _, text in around.comments),
        phrasing=cast(Phrasing, phrasing or "none"),
        provenance=own.get(PROVENANCE, ""),
    )
    if tune.sections and ENDINGS not in own:
        tune = with_labelled_endings(tune)
    return tune if phrasing else infer_phrases(tune)


FORMAT = Format("kern", (".krn", ".kern"), read, write)
