"""Interpretations of a `**kern` spine, the tokens that begin with a star: meter, key, section, tempo.

What they say is a `Sense`; a clef, which a writer chooses anew, says nothing. An interpretation
that is not known here is named in its losses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from canzona.score.kern_marks import unescape
from canzona.score.tune import Key, Meter

MODES = {
    "": "", "dor": "dorian", "phr": "phrygian", "lyd": "lydian", "mix": "mixolydian", "aeo": "aeolian",
    "ion": "ionian", "loc": "locrian",
}  # fmt: skip
"""Suffixes of a key interpretation."""


class BadToken(Exception):
    """A token that cannot be read; its two arguments are the message and a hint."""


@dataclass(frozen=True, slots=True)
class Sense:
    """An interpretation: what it is about ('meter', 'key', ...), its value, what of it is lost."""

    about: str
    value: object = None
    losses: tuple[str, ...] = ()


NOTHING = Sense("nothing")
HELD = Sense("held")
"""A null token: what sounded before goes on."""

_METER = re.compile(r"(\d+(?:\+\d+)*)[/\\](\d+)(?:%([1-9]\d{0,5}))?(?:%%%(\d+(?:\+\d+)+))?")
_KEY = re.compile(r"([A-Ga-g])([#-]*):(.*)")
_SIGNATURE = re.compile(r"([A-Ga-g])(#+|-+|n?)")
_EXPANSION = re.compile(r">([^\[]*)\[(.*)\]?")
_TEMPO = re.compile(r"MM(\d+(?:\.\d+)?(?:/\d+)?)")


def interpretation(text: str, alterations: Mapping[str, Fraction]) -> Sense:
    """What an interpretation without its star says.

    `alterations` are the private signs for parts of a semitone that the file declares. Raises
    BadToken where a key signature makes no sense.
    """
    if not text or text.startswith("clef"):
        return NOTHING
    if text.startswith("met("):
        return Sense("met", text[4:].removesuffix(")"))
    if text.startswith("MM"):
        return _tempo(text)
    if re.match(r"M(?:\d|X|Z|FREI)", text):
        return _meter(text[1:])
    if text.startswith("k["):
        return Sense("signature", _signature(text[2:].removesuffix("]"), alterations))
    if found := _KEY.fullmatch(text):
        return _key(*found.groups())
    if text.startswith(">"):
        return _section(text)
    if text.startswith("I"):
        return _instrument(text[1:])
    if text.startswith("ending:"):
        return Sense("ending", unescape(text[7:]))
    return Sense("nothing", None, (f"interpretation '*{text[:40]}'",))


def _meter(text: str) -> Sense:
    found = _METER.match(text)
    if found is None or text[0] not in "0123456789":
        return Sense("meter", Meter(0, 1, symbol=text))
    parts = tuple(int(part[:6]) for part in found[1].split("+"))
    unit = int(found[2][:6])
    losses: list[str] = []
    if found[0] != text or "\\" in text or "%" in text:
        losses.append(f"spelling of the meter '*M{text[:40]}'")
    grouping = parts if len(parts) > 1 else ()
    if found[4]:
        grouping = tuple(int(part[:6]) for part in found[4].split("+"))
        grouping = grouping if sum(grouping) == sum(parts) else ()
    beats = sum(parts)
    if found[3]:
        # A rational unit as in mensural music: 3/3%2 is three times two thirds of a whole note.
        beats, grouping = beats * int(found[3]), ()
    if unit == 0 and beats:
        # A unit of 0 is the breve: 3/0 is six whole notes.
        beats, unit, grouping = 2 * beats, 1, ()
    if beats == 0:
        return Sense("meter", Meter(0, 1, symbol=text), tuple(losses))
    return Sense("meter", Meter(beats, unit, grouping), tuple(losses))


def _signature(text: str, alterations: Mapping[str, Fraction]) -> tuple[tuple[str, Fraction], ...]:
    altered = []
    place = 0
    while place < len(text):
        found = _SIGNATURE.match(text, place)
        if found is None:
            raise BadToken(f"'*k[{text[:40]}]' is no key signature", "expected letters with # or -")
        place = found.end()
        alter = Fraction(found[2].count("#") - found[2].count("-"))
        for sign in sorted(alterations, key=len, reverse=True):
            if text.startswith(sign, place):
                alter += alterations[sign]
                place += len(sign)
                break
        altered.append((found[1].upper(), alter))
    return tuple(altered)


def _key(letter: str, accidentals: str, suffix: str) -> Sense:
    alter = accidentals.count("#") - accidentals.count("-")
    if suffix in MODES:
        mode = MODES[suffix] or ("major" if letter.isupper() else "minor")
    else:
        mode = "" if suffix == "?" else suffix
    return Sense("key", Key(letter.upper(), alter, mode))


def _section(text: str) -> Sense:
    if found := _EXPANSION.fullmatch(text):
        labels = (label.strip() for label in found[2].removesuffix("]").split(","))
        return Sense("expansion", (unescape(found[1]), tuple(unescape(label) for label in labels if label)))
    return Sense("section", unescape(text[1:]))


def _instrument(text: str) -> Sense:
    if text.startswith('"'):
        return Sense("instrument name", unescape(text[1:].strip()))
    if text.startswith("'"):
        return Sense("instrument abbreviation", text[1:].strip())
    if text.startswith(("C", "G")):
        return Sense("instrument class", text)
    return Sense("instrument", text.strip())


def _tempo(text: str) -> Sense:
    found = _TEMPO.match(text)
    if found is None:
        return Sense("tempo text", text[2:].strip("[]"))
    over, _, under = found[1].partition("/")
    number = Fraction(over) / int(under or 1) if (under or "1").strip("0") else Fraction(0)
    if not number:
        return Sense("nothing", None, (f"tempo '*{text[:40]}'",))
    return Sense("tempo", number, () if found[0] == text else (f"spelling of the tempo '*{text[:40]}'",))
