"""Lines of music in ABC, sign by sign.

One regular expression cuts a line into signs; each kind of sign has a function that tells the
voice. What stands in brackets (a chord), braces (grace notes) or after ``&`` (an overlay) is
gathered here until it ends. ABC 2.1, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

from canzona.score.abc_fields import number
from canzona.score.abc_signs import SHORTHANDS, is_sign_name, sign_named
from canzona.score.abc_text import decode_text
from canzona.score.abc_voice import Voice
from canzona.score.tune import Attachment, BarlineKind, Pitch, Repeat

MOST_SIGNS = 200_000
"""Signs that one tune may have: a bound against files that are no music."""

_MOST_BARS_OF_REST = 999
_NOT_IN_CHORDS = frozenset({"bar", "barsofrest", "ending", "field", "tuplet", "overlay"})
_LENGTH = r"\d*/*\d*"
_SIGN = re.compile(
    r"(?P<space>[ \t`\xa0]+)"
    r"|(?P<note>(?:(?P<acc>\^{1,2}|_{1,2}|=)(?P<size>\d{1,4}(?:/\d{1,4})?|/{1,8})?)?"
    rf"(?P<letter>[A-Ga-g])(?P<marks>[,']*)(?P<len>{_LENGTH}))"
    rf"|(?P<rest>[zx](?P<restlen>{_LENGTH}))"
    r"|(?P<barsofrest>[ZX](?P<count>\d*))"
    rf"|(?P<spacer>y{_LENGTH})"
    r"|(?P<field>\[(?P<name>[A-Za-z]):(?P<value>[^\]]{0,300})\])"
    r"|(?P<bar>\.?(?P<line>:+\|[|:]*\]?:*|\[\|[|:]*\]?:*|\|[|:]*\]?:*|::+)(?P<volta>\d+(?:[-,.]\d+)*)?)"
    r"|(?P<ending>\[[ \t]*(?P<label>\d+(?:[-,.]\d+)*))"
    r"|(?P<chord>\[)"
    rf"|(?P<chordend>\](?P<chordlen>{_LENGTH}))"
    r"|(?P<grace>\{(?P<slash>/?))"
    r"|(?P<graceend>\})"
    r"|(?P<tuplet>\((?P<p>\d+)(?::(?P<q>\d*))?(?::(?P<r>\d*))?)"
    r"|(?P<slur>\.?\()"
    r"|(?P<slurend>\))"
    r"|(?P<tie>\.?-)"
    r"|(?P<broken>>+|<+)"
    r'|(?P<quote>"(?P<text>[^"]*)")'
    r"|(?P<named>!(?P<sign>[^!\s|\[\]\"]{1,40})!|\+(?P<old>[A-Za-z0-9.<>()]{1,20})\+)"
    r"|(?P<letters>[.~H-Wh-w])"
    r"|(?P<overlay>&+)"
    r"|(?P<ignored>[!$*;?@\\])"
    r"|(?P<unknown>.)"
)

FieldHandler = Callable[[str, str], Voice]
"""Told an inline field's letter and text; gives the voice that goes on."""


class MusicReader:
    """Reads lines of music into voices."""

    def __init__(self, field: FieldHandler) -> None:
        self._field = field
        self._left = MOST_SIGNS
        self._shorthands: dict[str, Attachment | None] = {
            letter: sign_named(name) for letter, name in SHORTHANDS.items()
        }
        self._chord: list[tuple[Pitch | None, Fraction, bool]] | None = None
        self._grace: bool | None = None
        self._overlaid = False

    def read(self, line: str, voice: Voice) -> Voice:
        """Read one line into a voice; gives the voice that holds at its end."""
        for found in _SIGN.finditer(line):
            kind = found.lastgroup
            if kind == "space":
                continue
            self._left -= 1
            if self._left < 0:
                raise ValueError(f"a tune of more than {MOST_SIGNS} signs is no tune")
            if self._overlaid and kind not in ("bar", "field"):
                continue
            if self._chord is not None and kind in _NOT_IN_CHORDS:
                self._break_chord(voice)
            if kind == "field":
                voice = self._field(found["name"], found["value"])
            else:
                _READERS[str(kind)](self, found, voice)
        self._end_line(voice)
        return voice

    def define(self, text: str) -> None:
        """A U: field: a letter that stands for a sign."""
        found = re.match(r"\s*([~H-Yh-y])\s*=\s*(?:\"([^\"]+)\"|[!+]?([^!+]{1,40})[!+]?)", text[:100])
        if found is None or not (found[2] or is_sign_name(found[3].strip())):
            raise ValueError(f"'{text.strip()[:40]}' defines no sign")
        if found[2]:
            self._shorthands[found[1]] = _quoted(found[2])
            return
        name = found[3].strip()
        self._shorthands[found[1]] = None if name in ("nil", "none") else sign_named(name)

    def _end_line(self, voice: Voice) -> None:
        if self._chord is not None:
            self._break_chord(voice)
        self._grace = None
        self._overlaid = False

    def _note(self, found: re.Match[str], voice: Voice) -> None:
        pitch = voice.pitch(found["acc"] or "", found["size"] or "", found["letter"], found["marks"])
        length = note_length(found["len"])
        if self._grace is not None:
            voice.grace(pitch, length, self._grace)
        elif self._chord is not None:
            self._chord.append((pitch, length, False))
        else:
            _add(voice, pitch, length)

    def _rest(self, found: re.Match[str], voice: Voice) -> None:
        length = note_length(found["restlen"])
        if self._chord is not None:
            self._chord.append((None, length, False))
        elif self._grace is None:
            _add(voice, None, length)

    def _bars_of_rest(self, found: re.Match[str], voice: Voice) -> None:
        count = number(found["count"] or "1")
        if count > _MOST_BARS_OF_REST:
            raise ValueError(f"{count} bars of rest are more than a tune has")
        voice.add_bars_of_rest(count)

    def _bar(self, found: re.Match[str], voice: Voice) -> None:
        self._overlaid = False
        line = found["line"]
        voice.bar(_bar_kind(found["bar"], line, voice), _repeat(line), found["volta"] or "")
        if "|::" in line or "::|" in line:
            voice.lose("a repeat that is played more than twice")

    def _ending(self, found: re.Match[str], voice: Voice) -> None:
        voice.ending(found["label"])

    def _begin_chord(self, found: re.Match[str], voice: Voice) -> None:
        if self._chord is None:
            self._chord = []

    def _end_chord(self, found: re.Match[str], voice: Voice) -> None:
        if self._chord is None:
            voice.lose("a ']' without a chord")
        else:
            self._finish_chord(voice, note_length(found["chordlen"]))

    def _finish_chord(self, voice: Voice, length: Fraction) -> None:
        notes, self._chord = self._chord or [], None
        if not notes:
            voice.lose("a chord without notes")
            return
        sounding = [(pitch, tied) for pitch, _, tied in notes if pitch is not None]
        if len(sounding) > 1:
            voice.lose("lower notes of chords")
        pitch, tied = max(sounding, key=lambda n: (n[0].midi, n[0].height)) if sounding else (None, False)
        _add(voice, pitch, notes[0][1] * length, tied)

    def _break_chord(self, voice: Voice) -> None:
        voice.lose("the end of a chord, which has no ']'")
        self._finish_chord(voice, Fraction(1))

    def _begin_grace(self, found: re.Match[str], voice: Voice) -> None:
        self._grace = bool(found["slash"])

    def _end_grace(self, found: re.Match[str], voice: Voice) -> None:
        self._grace = None

    def _tuplet(self, found: re.Match[str], voice: Voice) -> None:
        if self._grace is None:
            voice.tuplet(found["p"], found["q"] or "", found["r"] or "")

    def _slur(self, found: re.Match[str], voice: Voice) -> None:
        if self._grace is None:
            voice.open_slur()

    def _end_slur(self, found: re.Match[str], voice: Voice) -> None:
        if self._grace is None:
            voice.close_slur()

    def _tie(self, found: re.Match[str], voice: Voice) -> None:
        if self._chord:
            pitch, length, _ = self._chord[-1]
            self._chord[-1] = (pitch, length, True)
        elif self._grace is None:
            voice.tie()

    def _broken(self, found: re.Match[str], voice: Voice) -> None:
        if self._grace is None and self._chord is None:
            voice.broken(found["broken"])

    def _quote(self, found: re.Match[str], voice: Voice) -> None:
        if found["text"]:
            self._attach(voice, _quoted(found["text"]))

    def _named(self, found: re.Match[str], voice: Voice) -> None:
        name = found["sign"] or found["old"]
        if is_sign_name(name):
            self._attach(voice, sign_named(name))
        else:
            voice.lose(f"the sign !{name}!")

    def _shorthand(self, found: re.Match[str], voice: Voice) -> None:
        letter = found["letters"]
        sign = self._shorthands.get(letter)
        if sign is not None:
            self._attach(voice, sign)
        elif letter not in self._shorthands:
            voice.lose(f"the letter '{letter}', which no U: field defines")

    def _attach(self, voice: Voice, sign: Attachment) -> None:
        if self._grace is None:
            voice.attach(sign)
        else:
            voice.lose("a sign on a grace note")

    def _overlay(self, found: re.Match[str], voice: Voice) -> None:
        self._overlaid = True
        voice.lose("a second voice within the staff (&)")

    def _ignored(self, found: re.Match[str], voice: Voice) -> None:
        """Layout alone: a space, a line break of the page."""

    def _unknown(self, found: re.Match[str], voice: Voice) -> None:
        voice.lose(f"the character '{found['unknown']}' in the music")


_READERS: dict[str, Callable[[MusicReader, re.Match[str], Voice], None]] = {
    "note": MusicReader._note, "rest": MusicReader._rest, "barsofrest": MusicReader._bars_of_rest,
    "spacer": MusicReader._ignored, "bar": MusicReader._bar, "ending": MusicReader._ending,
    "chord": MusicReader._begin_chord, "chordend": MusicReader._end_chord,
    "grace": MusicReader._begin_grace, "graceend": MusicReader._end_grace,
    "tuplet": MusicReader._tuplet, "slur": MusicReader._slur, "slurend": MusicReader._end_slur,
    "tie": MusicReader._tie, "broken": MusicReader._broken, "quote": MusicReader._quote,
    "named": MusicReader._named, "letters": MusicReader._shorthand, "overlay": MusicReader._overlay,
    "ignored": MusicReader._ignored, "unknown": MusicReader._unknown,
}  # fmt: skip


@lru_cache(maxsize=1024)
def note_length(text: str) -> Fraction:
    """A length as a multiple of the unit: '' is 1, '3/2', '/' a half, '//' a quarter."""
    over, slashes, under = re.fullmatch(r"(\d*)(/*)(\d*)", text).groups()  # type: ignore[union-attr]
    if len(slashes) > 8:
        raise ValueError(f"the length {text[:12]} is too short")
    below = number(under) if under else 2 ** len(slashes)
    if not below:
        raise ValueError(f"the length {text[:12]} divides by zero")
    return Fraction(number(over or "1"), below)


def _quoted(text: str) -> Attachment:
    """Quoted text: words, where a sign says their place, else a chord symbol."""
    if text[0] not in "^_<>@":
        return Attachment("chord", decode_text(text))
    placed = re.sub(r"^@\s*-?\d+(?:\.\d+)?\s*,\s*-?\d+(?:\.\d+)?\s*", "@", text)
    return Attachment("text", decode_text(placed[1:]))


def _add(voice: Voice, pitch: Pitch | None, length: Fraction, tied: bool = False) -> None:
    if length:
        voice.add(pitch, length, tied)
    else:
        voice.lose("a note without length")


def _bar_kind(token: str, line: str, voice: Voice) -> BarlineKind:
    if line == "[|]":
        return "invisible"
    if line.startswith("[|"):
        voice.lose("a thick bar line before a thin one, read as a double one")
        return "double"
    if "]" in line:
        return "final"
    if "||" in line and not (line.startswith(":") and line.endswith(":")):
        return "double"
    return "dashed" if token.startswith(".") else "regular"


def _repeat(line: str) -> Repeat:
    bare = line.strip("[]")
    if bare.startswith(":"):
        return "both" if bare.endswith(":") else "end"
    return "start" if ":" in bare else ""
