"""The fields of ABC that mean something exact: key, meter, unit length, tempo, play order.

Each has a `parse_` function and one that writes; what one writes the other reads. A field
that makes no sense raises `ValueError` with what is wrong, and the reader says in which line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from canzona.score.tune import FREE_METER, MODES, Key, Meter, standard_signature

MAX_DIGITS = 5
"""Digits that a number may have: a longer one is no music."""

LONGEST_ORDER = 500
"""Sections that a play order may name."""

_LONGEST = 500
"""Characters of a field that are looked at."""

_MODES = {mode[:3]: mode for mode in MODES} | {"m": "minor", "": "major"}
_TONIC = re.compile(r"([A-G])([#b]{0,2})[ \t]*([A-Za-z]*)")
_SIGNATURE = re.compile(r"(\^\^|__|[\^_=])(\d{1,4}(?:/\d{1,4})?|/+)?([A-Ga-g])")
_OCTAVE = re.compile(r"octave=[ ]*([+-]?\d)(?!\d)")
_SHIFT = re.compile(r"(?:\b(?:transpose|score|sound)=[ ]*\S+|\b(?:clef=)?[a-z]+\d?[+-](?:8|15)\b)")
_CLEF = re.compile(
    r"(?<![A-Za-z-])(?:(?!exp=)[a-z][a-z-]{2,20}=[ ]*(?:\"[^\"]*\"|\S+)"
    r"|(?:treble|bass|alto|tenor|soprano|mezzo|baritone|perc|none|clef)\S*)"
)
_SIGNS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
_BAGPIPE: dict[str, tuple[tuple[str, Fraction], ...]] = {
    "HP": (("F", Fraction(1)), ("C", Fraction(1))),
    "Hp": (("F", Fraction(1)), ("C", Fraction(1)), ("G", Fraction(0))),
}
_METER = re.compile(r"(?:\(?\d+(?:\+\d+)*\)?/\d+)(?:\+\(?\d+(?:\+\d+)*\)?/\d+)*")
_METER_PART = re.compile(r"(\d+(?:\+\d+)*)\)?/(\d+)")
_TEMPO = re.compile(
    r"((?:\d{1,5}/\d{1,5}[ \t]*)+|C?\d{0,5}(?:/\d{1,5})?)[ \t]*=[ \t]*(\d{1,6}(?:\.\d{1,6})?)"
)


@dataclass(frozen=True, slots=True)
class KeyField:
    """What a K: field says: the key (None where it names a clef only), an octave shift, the rest."""

    key: Key | None
    octave: int | None = None
    ignored: str = ""


def number(digits: str) -> int:
    """A written number; ValueError where it is longer than any in music."""
    if len(digits) > MAX_DIGITS:
        raise ValueError(f"the number {digits[:12]} is too large")
    return int(digits)


def alteration(sign: str, size: str | None) -> Fraction:
    """Semitones of an accidental: ^ with 1/2 is a quarter tone up, ^/ the same."""
    if not size:
        return Fraction(_SIGNS[sign])
    if size.startswith("/"):
        return Fraction(_SIGNS[sign], 2 ** min(len(size), 8))
    over, _, under = size.partition("/")
    if under and not int(under):
        raise ValueError(f"the accidental {sign}{size} divides by zero")
    return _SIGNS[sign] * Fraction(int(over), int(under or 1))


def accidental(alter: Fraction) -> str:
    """The accidental of an alteration in semitones: '=', '^', '__', '^1/2'."""
    if alter.denominator == 1 and abs(alter) <= 2:
        return ("_" if alter < 0 else "^") * abs(int(alter)) or "="
    size = abs(alter)
    return f"{'_' if alter < 0 else '^'}{size.numerator}/{size.denominator}"


@lru_cache(maxsize=512)
def parse_key(text: str) -> KeyField:
    """A K: field: tonic and mode, explicit accidentals, bagpipes, 'none', and clefs beside them."""
    text = text.strip()[:_LONGEST].replace("\u266d", "b").replace("\u266f", "#")
    shift = octave_shift(text)
    layout = [found[0] for found in _CLEF.finditer(text)]
    ignored = " ".join(word for word in layout if not word.startswith("octave"))
    rest = text
    if rest[:4].lower() == "none" and not rest[4:5].isalpha():
        return KeyField(_signature_only(rest[4:]), shift, ignored.removeprefix("none").strip())
    rest = _CLEF.sub(" ", rest).strip()
    if rest[:2] in _BAGPIPE and not rest[2:3].isalpha():
        return KeyField(Key("A", 0, "mixolydian", _BAGPIPE[rest[:2]]), shift, ignored)
    found = _TONIC.match(rest)
    if found is None:
        if text and not layout and not _SIGNATURE.match(rest.removeprefix("exp").strip()):
            raise ValueError(f"'{text[:40]}' is no key")
        only_clef = layout and not _SIGNATURE.search(rest)
        return KeyField(None if only_clef else _signature_only(rest), shift, ignored)
    left = _SIGNATURE.sub(" ", re.sub(r"\bexp\b", " ", rest[found.end() :])).split()
    return KeyField(_tonal(found, rest), shift, " ".join([ignored, *left]).strip())


def octave_shift(text: str) -> int | None:
    """The number of a K: or V: field's octave=, None without one."""
    found = _OCTAVE.search(text[:_LONGEST])
    return int(found[1]) if found else None


def transposing(text: str) -> str:
    """What of a V: field makes the voice sound elsewhere than it is written, '' for nothing."""
    return " ".join(_SHIFT.findall(text[:_LONGEST]))


def _signature_only(text: str) -> Key:
    return Key("", 0, "", _explicit(text, ()))


def _tonal(found: re.Match[str], rest: str) -> Key:
    letter, sign, word = found.groups()
    alter = len(sign) if "#" in sign else -len(sign)
    if len(set(sign)) > 1:
        raise ValueError(f"'{found.group()[:40]}' is no key")
    end = found.end()
    explicit = word.lower() == "exp"
    if word and not explicit and word != "M" and word[:3].lower() not in _MODES:
        raise ValueError(f"'{found.group()[:40]}' is no key that ABC knows")
    mode = "" if explicit else _MODES[word[:3].lower() if word != "M" else "maj"]
    tail = rest[end:].strip()
    if tail[:3].lower() == "exp":
        explicit, tail = True, tail[3:]
    base = () if explicit else standard_signature(Key(letter, alter, mode).fifths)
    return Key(letter, alter, mode, _explicit(tail, base))


def _explicit(text: str, base: tuple[tuple[str, Fraction], ...]) -> tuple[tuple[str, Fraction], ...]:
    signature = dict(base)
    for found in _SIGNATURE.finditer(text):
        signature[found[3].upper()] = alteration(found[1], found[2])
    return tuple(signature.items())


def _write_key(key: Key) -> str:
    if not key.tonic:
        return " ".join(["none", *_spelled(key.signature or ())])
    name = key.tonic + ("#" if key.tonic_alter > 0 else "b") * abs(key.tonic_alter)
    name += {"major": "", "minor": "m"}.get(key.mode, key.mode[:3])
    standard = standard_signature(Key(key.tonic, key.tonic_alter, key.mode).fifths)
    if key.mode and (key.signature is None or key.signature == standard):
        return name
    spelled = _spelled(key.signature or ())
    return " ".join([name + "maj" * (key.mode == "major"), "exp", *spelled])


def key_text(key: Key) -> str:
    """A K: field's text. `parse_key` gives the key back with its signature spelled out.

    A mode that ABC does not know is left out, its signature kept.
    """
    text = _write_key(key)
    try:
        parse_key(text)
    except ValueError:
        return _write_key(Key(key.tonic, key.tonic_alter, "", tuple(key.alterations.items())))
    return text


def _spelled(signature: tuple[tuple[str, Fraction], ...]) -> list[str]:
    return [accidental(alter) + letter.lower() for letter, alter in signature]


@lru_cache(maxsize=512)
def parse_meter(text: str) -> Meter:
    """An M: field: 'C', 'C|', 'none', '6/8', '3+2/8', '(3+2)/8', '2/4+3/8'."""
    word = text.strip()[:_LONGEST]
    if word in ("C", "c"):
        return Meter(4, 4, symbol="c")
    if word in ("C|", "c|"):
        return Meter(2, 2, symbol="c|")
    if word.lower() in ("none", "free", ""):
        return FREE_METER
    found = _METER.match(re.sub(r"[ ]*\+[ ]*", "+", word))
    parts = [] if found is None else _METER_PART.findall(found[0])
    units = [number(unit) for _, unit in parts]
    beats = [[number(count) for count in counts.split("+")] for counts, _ in parts]
    shared = max(units, default=0)
    if not shared or not all(units) or any(shared % unit for unit in units) or not all(map(all, beats)):
        raise ValueError(f"'{word[:40]}' is no meter")
    counts = tuple(n * shared // unit for group, unit in zip(beats, units, strict=True) for n in group)
    return Meter(sum(counts), shared, counts if len(counts) > 1 else ())


def write_meter(meter: Meter) -> str:
    """An M: field's text."""
    if meter.is_free:
        return "none"
    if (meter.beats, meter.unit, meter.symbol) in ((4, 4, "c"), (2, 2, "c|")):
        return meter.symbol.upper()
    return str(meter)


def default_unit(meter: Meter | None) -> Fraction:
    """The unit length in quarter notes where no L: stands: a sixteenth below 3/4, else an eighth."""
    if meter is not None and not meter.is_free and meter.length < 3:
        return Fraction(1, 4)
    return Fraction(1, 2)


def parse_unit(text: str) -> Fraction:
    """An L: field in quarter notes."""
    found = re.match(r"\s*(\d+)(?:\s*/\s*(\d+))?", text)
    if found is None or not number(found[1]) or not number(found[2] or "1"):
        raise ValueError(f"'{text.strip()[:40]}' is no note length")
    return Fraction(4 * number(found[1]), number(found[2] or "1"))


@lru_cache(maxsize=512)
def parse_tempo(text: str, unit: Fraction) -> tuple[Fraction | None, str]:
    """A Q: field: quarter notes a minute (None where it gives none) and its words.

    `unit` is the unit length in quarter notes, which old forms (Q:120, Q:C=120) count in.
    """
    text = text[:_LONGEST]
    words = " ".join(re.findall(r'"([^"]*)"', text)).strip()
    bare = re.sub(r'"[^"]*"', " ", text).strip()
    if found := _TEMPO.search(bare):
        beat = _beat(found[1].strip(), unit)
        tempo = beat * Fraction(found[2])
    elif re.fullmatch(r"\d{1,6}", bare):
        tempo = unit * int(bare)
    else:
        return None, words or bare
    if not tempo:
        raise ValueError(f"'{text.strip()[:40]}' is no tempo")
    return tempo, words


def _beat(text: str, unit: Fraction) -> Fraction:
    if text.startswith("C") or not text:
        over, _, under = text[1:].partition("/")
        return unit * Fraction(number(over or "1"), _not_zero(under or "1"))
    parts = (part.partition("/") for part in text.split())
    return sum((Fraction(4 * number(over), _not_zero(under or "4")) for over, _, under in parts), Fraction(0))


def _not_zero(digits: str) -> int:
    if not number(digits):
        raise ValueError("a length divides by zero")
    return number(digits)


def write_tempo(tempo: Fraction) -> str | None:
    """A Q: field's text, or None where no whole number of beats a minute says it exactly."""
    for beat in (1, 2, 4, 8):
        count = tempo * beat
        if count.denominator == 1 and 0 < count < 10**6:
            return f"1/{4 * beat}={count.numerator}"
    return None


def parse_order(text: str) -> tuple[str, ...]:
    """A play order: 'AABA', 'A2B', '(AB)3C' as its labels. ValueError where it is none."""
    groups: list[list[str]] = [[]]
    last = 0
    for token in re.findall(r"[A-Za-z]|\d+|[()]|[^\s.]", text[: 2 * LONGEST_ORDER]):
        if token == "(":
            groups.append([])
        elif token == ")" and len(groups) > 1:
            group = groups.pop()
            groups[-1] += group
            last = len(group)
        elif token.isdigit():
            _repeat(groups[-1], last, number(token))
            last = 0
        elif token.isalpha():
            groups[-1].append(token)
            last = 1
        else:
            raise ValueError(f"'{text[:40]}' is no play order")
        if len(groups[-1]) > LONGEST_ORDER or len(groups) > LONGEST_ORDER:
            raise ValueError("the play order is too long")
    if len(groups) > 1:
        raise ValueError(f"'{text[:40]}' is no play order")
    return tuple(groups[0])


def _repeat(labels: list[str], last: int, times: int) -> None:
    if last * times > LONGEST_ORDER:
        raise ValueError("the play order is too long")
    tail = labels[len(labels) - last :]
    labels += tail * (times - 1)
