"""MusicXML's words for what a `Tune` holds: note values, accidentals, keys, meters, chords, signs.

Each table is read both ways, so that the reader and the writer cannot disagree.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from xml.etree.ElementTree import Element

from canzona.score.tune import MODES, Key, Meter, standard_signature

VALUES = {
    "maxima": Fraction(32), "long": Fraction(16), "breve": Fraction(8), "whole": Fraction(4),
    "half": Fraction(2), "quarter": Fraction(1), "eighth": Fraction(1, 2), "16th": Fraction(1, 4),
    "32nd": Fraction(1, 8), "64th": Fraction(1, 16), "128th": Fraction(1, 32),
    "256th": Fraction(1, 64), "512th": Fraction(1, 128), "1024th": Fraction(1, 256),
}  # fmt: skip
"""Note values in quarter notes, the longest first."""

_NAMES = {value: name for name, value in VALUES.items()}

ACCIDENTALS = {
    "sharp": Fraction(1), "flat": Fraction(-1), "natural": Fraction(0),
    "double-sharp": Fraction(2), "flat-flat": Fraction(-2), "sharp-sharp": Fraction(2),
    "triple-sharp": Fraction(3), "triple-flat": Fraction(-3),
    "natural-sharp": Fraction(1), "natural-flat": Fraction(-1),
    "quarter-flat": Fraction(-1, 2), "quarter-sharp": Fraction(1, 2),
    "three-quarters-flat": Fraction(-3, 2), "three-quarters-sharp": Fraction(3, 2),
    "slash-flat": Fraction(-8, 9), "slash-quarter-sharp": Fraction(10, 9),
}  # fmt: skip
"""Semitones of an accidental. The slashed ones are Turkish (Arel, Ezgi, Uzdilek): four commas
down and five up, where nine commas make a whole tone."""

ACCIDENTAL_NAMES = {semitones: name for name, semitones in reversed(ACCIDENTALS.items())}
"""The usual name of each alteration."""

ARTICULATIONS = frozenset((
    "staccato", "accent", "strong-accent", "tenuto", "detached-legato", "staccatissimo", "spiccato",
    "breath-mark", "caesura", "stress", "unstress", "soft-accent", "scoop", "plop", "doit", "falloff",
))  # fmt: skip
TECHNICAL = frozenset((
    "up-bow", "down-bow", "open-string", "stopped", "snap-pizzicato", "harmonic", "thumb-position",
))  # fmt: skip
ORNAMENTS = {
    "trill-mark": "trill", "mordent": "mordent", "inverted-mordent": "inverted-mordent", "turn": "turn",
    "inverted-turn": "inverted-turn", "delayed-turn": "delayed-turn", "shake": "shake",
    "schleifer": "schleifer", "tremolo": "tremolo",
}  # fmt: skip
DYNAMICS = frozenset((
    "p", "pp", "ppp", "pppp", "ppppp", "pppppp", "f", "ff", "fff", "ffff", "fffff", "ffffff", "mp", "mf",
    "sf", "sfp", "sfpp", "fp", "rf", "rfz", "sfz", "sffz", "fz", "n", "pf", "sfzp",
))  # fmt: skip
WEDGES = ("crescendo", "diminuendo", "stop")
FERMATAS = ("normal", "angled", "square", "double-angled", "double-square", "half-curve", "curlew")

CREATORS = {"composer": "COM", "lyricist": "LYR", "poet": "LYR", "arranger": "LAR", "translator": "TRN"}
"""Humdrum record of each kind of creator."""

_CHORD_KINDS = {
    "": "major", "m": "minor", "min": "minor", "7": "dominant", "maj7": "major-seventh",
    "m7": "minor-seventh", "dim": "diminished", "dim7": "diminished-seventh", "o": "diminished",
    "o7": "diminished-seventh", "aug": "augmented", "+": "augmented", "6": "major-sixth",
    "m6": "minor-sixth", "9": "dominant-ninth",
    "m9": "minor-ninth", "maj9": "major-ninth", "sus4": "suspended-fourth", "sus2": "suspended-second",
    "m7b5": "half-diminished", "5": "power", "11": "dominant-11th", "13": "dominant-13th",
    "aug7": "augmented-seventh", "mM7": "major-minor",
}  # fmt: skip
_CHORD_SUFFIXES = {kind: suffix for suffix, kind in reversed(_CHORD_KINDS.items())}
_CHORD = re.compile(r"([A-G])(##?|bb?)?([^/]*)(?:/([A-G])(##?|bb?)?)?")
_NUMBER = re.compile(r"[+-]?\d{1,12}(?:\.\d{0,12})?|[+-]?\.\d{1,12}")
_LONG_DECIMALS = 8


@lru_cache(maxsize=4096)
def number(text: str) -> Fraction | None:
    """The exact value of a decimal number, or None where the text is none.

    A number of eight decimals or more is the rounding of a ratio, and read as that ratio.
    """
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        return None
    value = Fraction(text)
    if len(text.partition(".")[2]) >= _LONG_DECIMALS:
        ratio = value.limit_denominator(1000)
        if abs(ratio - value) <= Fraction(1, 10**_LONG_DECIMALS):
            return ratio
    return value


def decimal(value: Fraction) -> str:
    """A number as decimals: exact where ten of them suffice, else rounded to ten."""
    if value.denominator == 1:
        return str(value.numerator)
    scaled = round(abs(value) * 10**10)
    whole, rest = divmod(scaled, 10**10)
    sign = "-" if value < 0 else ""
    exact = Fraction(scaled, 10**10) == abs(value)
    decimals = f"{rest:010d}"
    return f"{sign}{whole}.{(decimals.rstrip('0') or '0') if exact else decimals}"


def dynamics_of(element: Element) -> list[str]:
    """The signs of a `<dynamics>`: 'mf', or a program's own word."""
    texts = ((sign.text or "").strip() if sign.tag == "other-dynamics" else sign.tag for sign in element)
    return [text for text in texts if text]


def written_value(duration: Fraction) -> tuple[str, int] | None:
    """Note value and dots (two at most) of a duration in quarter notes, None where no single one fits."""
    for dots, ratio in ((0, Fraction(1)), (1, Fraction(3, 2)), (2, Fraction(7, 4))):
        name = _NAMES.get(duration / ratio)
        if name is not None:
            return name, dots
    return None


def key_of(fifths: int, mode: str) -> Key:
    """The key of a conventional signature; without a known mode it has no tonic."""
    signature = standard_signature(fifths)
    if mode not in MODES:
        return Key(mode="" if mode == "none" else mode, signature=signature)
    for alter in range(-2, 3):
        for letter in "FCGDAEB":
            key = Key(letter, alter, mode, signature)
            if Key(letter, alter, mode).fifths == fifths:
                return key
    return Key(mode=mode, signature=signature)


def is_conventional(key: Key) -> bool:
    """Whether the key's signature is one of 0 to 7 sharps or flats, in the usual order."""
    return abs(key.fifths) <= 7 and key.signature in (None, standard_signature(key.fifths))


def meter_parts(meter: Meter) -> str:
    """The content of `<beats>`: '6', or '3+2'."""
    return "+".join(map(str, meter.grouping)) if meter.grouping else str(meter.beats)


def meter_of(pairs: list[tuple[str, str]], symbol: str) -> Meter | None:
    """The meter of pairs of beats ('3+2') and beat type ('8'); None where they are no numbers."""
    parts: list[Fraction] = []
    units: list[int] = []
    for beats, beat_unit in pairs:
        counts = [number(part) for part in beats.split("+")]
        beat_type = number(beat_unit)
        if beat_type is None or beat_type.denominator != 1 or not 1 <= beat_type <= 1024:
            return None
        if any(count is None or count <= 0 or count > 1024 for count in counts) or len(counts) > 64:
            return None
        units.append(int(beat_type))
        parts += [count / beat_type for count in counts if count is not None]
    if not parts:
        return None
    unit = max(units)
    groups = [part * unit for part in parts]
    if any(group.denominator != 1 for group in groups):
        return None
    grouping = tuple(int(group) for group in groups) if len(groups) > 1 else ()
    word = {"common": "c", "cut": "c|"}.get(symbol, "")
    return Meter(int(sum(groups)), unit, grouping, word)


def chord_parts(text: str) -> tuple[str, Fraction, str, str, str, Fraction] | None:
    """Root letter, its alteration, kind, suffix, bass letter and alteration of 'F#m7/C#'; None else."""
    found = _CHORD.fullmatch(text)
    if found is None:
        return None
    root, sign, suffix, bass, bass_sign = found.groups()
    kind = _CHORD_KINDS.get(suffix, "other")
    return root, _alter(sign), kind, suffix, bass or "", _alter(bass_sign)


def chord_suffix(kind: str) -> str:
    """What a chord of a kind is written with: 'm7' for 'minor-seventh'; '' for kinds without a sign."""
    return _CHORD_SUFFIXES.get(kind, "")


def chord_sign(alter: Fraction) -> str:
    """Sharps or flats of a chord's root or bass."""
    return ("#" if alter > 0 else "b") * abs(int(alter))


def _alter(sign: str | None) -> Fraction:
    return Fraction(0) if not sign else Fraction(len(sign) if sign[0] == "#" else -len(sign))
