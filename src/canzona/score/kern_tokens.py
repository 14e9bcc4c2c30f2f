"""Single tokens of a `**kern` spine: a note or a bar line (interpretations: `kern_senses`).

Corpora repeat themselves: a few thousand different tokens make up thousands of files, so a
token is parsed once and kept in a bounded dictionary. A token knows nothing of its
surroundings; `kern_build` strings tokens together.

Signs of a note: duration as a reciprocal with
dots, pitch letters doubled for each octave, `#` `-` `n`, ties `[ _ ]`, phrases `{ }`, slurs
`( )`, grace notes `q` (slashed) and `qq`, and the articulations and ornaments of `SIGNS`.
Stems and beams are left out; every other sign is named in `losses`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from canzona.errors import FormatError
from canzona.score.kern_senses import HELD, BadToken, Sense, interpretation
from canzona.score.tune import Attachment, AttachmentKind, BarlineKind, Grace, Pitch, Repeat

RESOLUTION = 2**10 * 3**3 * 5 * 7 * 11
"""Ticks of a quarter note in which usual durations are whole: tuplets of 3, 5, 7, 9, 11, 27."""

MOST_TOKENS = 20_000
"""Parsed tokens that are kept."""

MOST_NOTES = 50_000
"""Notes of a file beyond which it is refused: four hours of eighth notes are no tune."""

LONGEST_TOKEN = 2_000
"""Characters of a token beyond which it is no music."""

SIGNS: dict[str, tuple[AttachmentKind, str]] = {
    "'": ("articulation", "staccato"),
    "`": ("articulation", "staccatissimo"),
    "~": ("articulation", "tenuto"),
    "^": ("articulation", "accent"),
    "^^": ("articulation", "strong-accent"),
    '"': ("articulation", "pizzicato"),
    "s": ("articulation", "spiccato"),
    ",": ("articulation", "breath-mark"),
    "z": ("articulation", "sforzando"),
    "u": ("articulation", "down-bow"),
    "v": ("articulation", "up-bow"),
    "T": ("ornament", "trill"),
    "M": ("ornament", "mordent"),
    "W": ("ornament", "inverted-mordent"),
    "S": ("ornament", "turn"),
    "$": ("ornament", "inverted-turn"),
    "O": ("ornament", "ornament"),
    ":": ("ornament", "arpeggio"),
    ";": ("fermata", "fermata"),
}
"""Kern's signs and the field's names for them; `t`, `m`, `w` are read as their capitals."""

SILENT = frozenset("/\\LJkKn")
"""Signs that only lay out the page, or that say what is so anyway."""


@dataclass(frozen=True, slots=True)
class NoteToken:
    """A note or rest. `ticks` is -1 where RESOLUTION does not hold the duration; `plain` where only
    duration, pitch, phrase marks and attachments count."""

    ticks: int
    duration: Fraction
    pitch: Pitch | None
    phrase_start: bool = False
    phrase_end: bool = False
    attachments: tuple[Attachment, ...] = ()
    tie: str = ""
    grace: Grace | None = None
    losses: tuple[str, ...] = ()
    plain: bool = True


@dataclass(frozen=True, slots=True)
class BarToken:
    """A bar line."""

    number: int
    suffix: str
    kind: BarlineKind
    repeat: Repeat
    losses: tuple[str, ...] = ()


Token = NoteToken | BarToken | Sense

_KNOWN: dict[str, Token] = {}
_VALUES: dict[str, tuple[Fraction, int]] = {}
_DURATION = re.compile(r"(\d+)(?:%(\d+))?(\.*)")
_PITCH = re.compile(r"([a-gA-G])\1*")
_BAR_NUMBER = re.compile(r"(\d+)([a-zA-Z]*)")


def refuse_too_many(count: int, what: str, source: str, most: int = MOST_NOTES) -> None:
    """FormatError where a file holds more of something than a tune has."""
    if count > most:
        raise FormatError(
            f"{count} {what} are more than a tune has",
            source=source,
            hint=f"cut the file into tunes of at most {MOST_NOTES} notes",
        )


def parse(text: str, alterations: Mapping[str, Fraction] | None = None) -> Token:
    """The token of a text.

    Parameters
    ----------
    text : a token of a `**kern` spine, neither empty nor a comment.
    alterations : private signs for parts of a semitone that the file declares.

    Raises
    ------
    BadToken : the token makes no sense.
    """
    if alterations:
        return _parse(text, alterations)
    token = _KNOWN.get(text)
    if token is None:
        if len(_KNOWN) >= MOST_TOKENS:
            _KNOWN.clear()
        token = _KNOWN[text] = _parse(text, {})
    return token


def known() -> Mapping[str, Token]:
    """Tokens parsed before, by their text."""
    return _KNOWN


def duration_of(text: str) -> Fraction | None:
    """Quarter notes of the reciprocal in a token of `**kern` or `**recip`, None without one."""
    found = _DURATION.search(text)
    return _value(found)[0] if found is not None else None


def _value(found: re.Match[str]) -> tuple[Fraction, int]:
    """A duration in quarter notes, and in ticks (-1 where RESOLUTION does not hold it)."""
    value = _VALUES.get(found[0])
    if value is None:
        number, divisor, dots = found.groups()
        if len(number) > 9 or len(divisor or "") > 9 or len(dots) > 8 or (divisor and not divisor.strip("0")):
            raise BadToken(f"'{found[0][:40]}' is no duration", "expected a value such as 4, 8. or 3%2")
        breve = not number.strip("0")
        above, below = (2 ** len(number), 1) if breve else (int(divisor or 1), int(number))
        above, below = 4 * above * (2 ** (len(dots) + 1) - 1), below * 2 ** len(dots)
        ticks, rest = divmod(above * RESOLUTION, below)
        if len(_VALUES) >= MOST_TOKENS:
            _VALUES.clear()
        value = _VALUES[found[0]] = Fraction(above, below), -1 if rest else ticks
    return value


def _parse(text: str, alterations: Mapping[str, Fraction]) -> Token:
    text = text.strip(" ") or text
    first = text[0]
    if len(text) > LONGEST_TOKEN:
        raise BadToken(f"'{text[:40]}...' is too long for a token", "check the line ends")
    if "\t" in text:
        raise BadToken("several tokens stand where one spine runs", "tokens are parted by tabulators")
    if first == "*":
        return interpretation(text[1:], alterations)
    if first == "=":
        return _barline(text)
    if text == ".":
        return HELD
    if " " in text:
        return _chord(text, alterations)
    return _note(text, alterations)


def _chord(text: str, alterations: Mapping[str, Fraction]) -> NoteToken:
    """The upper note of a chord, with the marks of all of them."""
    parts = [note for part in text.split() if isinstance(note := parse(part, alterations), NoteToken)]
    if not parts:
        return _note(text, alterations)
    upper = max(parts, key=lambda part: part.pitch.midi if part.pitch else Fraction(-1))
    marks = dict.fromkeys(mark for part in parts for mark in part.attachments)
    losses = [loss for part in parts for loss in part.losses if loss != _NO_VALUE]
    return NoteToken(
        parts[0].ticks,
        parts[0].duration,
        upper.pitch,
        any(part.phrase_start for part in parts),
        any(part.phrase_end for part in parts),
        tuple(marks),
        upper.tie,
        upper.grace,
        (*losses, *["lower note of a chord"] * (len(parts) - 1)),
        plain=False,
    )


_NO_VALUE = "duration of a note without one, read as a quarter note"


def _note(text: str, alterations: Mapping[str, Fraction]) -> NoteToken:
    letters = _PITCH.search(text)
    rest = "r" in text or (letters is None and text.rstrip(".").isdecimal())
    if letters is None and not rest:
        raise BadToken(f"'{text[:40]}' is no note name", "expected a-g, A-G or r")
    found = _DURATION.search(text)
    duration, ticks = (Fraction(1), RESOLUTION) if found is None else _value(found)
    losses = [] if letters or "r" in text else [f"name of the note '{text[:20]}', read as a rest"]
    left = text
    if found is not None:
        left = left[: found.start()] + left[found.end() :]
        # A digit after the dot ('1.5a') is a slip of the Essen files for a dotted note.
        if found[3] and (slip := re.match(r"\d+", text[found.end() :])):
            losses.append(f"digits after the dot of '{text[:20]}', read as a dotted note")
            left = left.replace(slip[0], "", 1)
    if letters is not None:
        left = left.replace(letters[0], "", 1)
    pitch = None
    if letters is not None and not rest:
        pitch, left = _pitch(letters[0], left, alterations)
    grace = None
    if "q" in left and pitch is not None:
        grace = Grace(pitch, Fraction(1, 2) if found is None else duration, slashed="qq" not in left)
        left = left.replace("q", "")
        duration, ticks = Fraction(0), 0
    elif found is None:
        losses.append(_NO_VALUE)
    attachments, marks = _attachments(left.replace("r", ""))
    starts, ends = left.count("{"), left.count("}")
    if "&{" in left and ends:
        ends = 0
        marks.append("end of an overlapping phrase")
    losses += [f"sign '{mark}'" if len(mark) == 1 else mark for mark in marks]
    tied = [sign for sign in "[_]" if sign in left]
    tie = "_" if len(tied) > 1 else "".join(tied)
    return NoteToken(
        ticks,
        duration,
        pitch,
        starts > 0,
        ends > 0,
        attachments,
        tie,
        grace,
        tuple(losses),
        plain=not (tie or grace or losses),
    )


def _pitch(letters: str, signs: str, alterations: Mapping[str, Fraction]) -> tuple[Pitch, str]:
    """The pitch, and the signs without those that belong to it."""
    octave = 3 + len(letters) if letters.islower() else 4 - len(letters)
    alter = Fraction(signs.count("#") - signs.count("-"))
    signs = signs.replace("#", "").replace("-", "")
    for sign in sorted(alterations, key=len, reverse=True):
        if sign in signs:
            alter += alterations[sign]
            signs = signs.replace(sign, "", 1)
            break
    return Pitch(letters[0].upper(), alter, octave), signs


def _attachments(signs: str) -> tuple[tuple[Attachment, ...], list[str]]:
    """Slurs, articulations and ornaments, and the signs that are none of them."""
    kept: list[Attachment] = []
    lost: list[str] = []
    depth = place = 0
    plain = {"(": 0, ")": 0}
    while place < len(signs):
        sign = signs[place]
        place += 1
        if sign == "&":
            depth += 1
            continue
        if sign in "()":
            kept.append(Attachment("slur", "start" if sign == "(" else "stop", 1 + (depth or plain[sign])))
            plain[sign] += not depth
        elif sign == "^" and signs[place : place + 1] == "^":
            place += 1
            kept.append(Attachment(*SIGNS["^^"]))
        elif (known := SIGNS.get(sign) or (SIGNS.get(sign.upper()) if sign in "tmw" else None)) is not None:
            kept.append(Attachment(*known))
        elif sign not in SILENT and sign not in "[]_{}":
            lost.append(sign)
        depth = 0
    return tuple(kept), lost


def _barline(text: str) -> BarToken:
    body = text.lstrip("=")
    double = len(text) - len(body) > 1
    number, suffix = 0, ""
    if found := _BAR_NUMBER.match(body):
        number, suffix = int(found[1][:9]), found[2]
        body = body[found.end() :]
    return BarToken(number, suffix, *_barline_style(body, double))


def _barline_style(body: str, double: bool) -> tuple[BarlineKind, Repeat, tuple[str, ...]]:
    middle = re.split(r"[|!]+", body, maxsplit=1)
    before, after = middle[0], middle[1] if len(middle) > 1 else ""
    ends, starts = ":" in before and len(middle) > 1, ":" in after
    repeat: Repeat = "both" if ends and starts else "end" if ends else "start" if starts else ""
    kind: BarlineKind = "regular"
    if double or (re.search(r"\|!", body) and not repeat):
        kind = "final"
    elif "-" in body:
        kind = "invisible"
    elif "||" in body:
        kind = "double"
    elif "." in body:
        kind = "dashed"
    odd = sorted(set(body) - set("|!:-."))
    return kind, repeat, tuple(f"sign '{sign}' of a bar line" for sign in odd)
