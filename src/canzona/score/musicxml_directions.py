"""Directions and chord symbols of MusicXML: what stands above and below the staff."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from canzona.score.musicxml_signs import VALUES, WEDGES, chord_sign, chord_suffix, dynamics_of, number
from canzona.score.tune import Attachment, AttachmentKind

_NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII")


@dataclass(slots=True)
class Direction:
    """One `<direction>`: section labels, signs for the note at its moment, and the tempo."""

    sections: list[str] = field(default_factory=list)
    signs: list[Attachment] = field(default_factory=list)
    tempo: Fraction | None = None


def read_direction(element: Element, dropped: Counter[str]) -> Direction:
    """Read a `<direction>`; what no Tune holds is counted in `dropped`."""
    direction = Direction()
    runs: list[str] = []
    unread = 0
    for kind in element.iterfind("direction-type"):
        runs.append("".join(words.text or "" for words in kind.iterfind("words")).strip())
    for child in element.iterfind("direction-type/*"):
        tag = child.tag
        if tag == "words":
            continue
        elif tag == "rehearsal":
            label = (child.text or "").strip()
            direction.sections += [label] if label else []
        elif tag == "dynamics":
            direction.signs += [Attachment("dynamic", text) for text in dynamics_of(child)]
        elif tag == "wedge":
            if child.get("type") in WEDGES:
                direction.signs.append(Attachment("dynamic", child.get("type", "")))
        elif tag == "metronome":
            tempo = _metronome(child)
            unread += tempo is None
            direction.tempo = tempo or direction.tempo
        elif tag in ("segno", "coda"):
            direction.signs.append(Attachment("text", tag))
        else:
            dropped[f"<{tag}> directions"] += 1
    words = " ".join(filter(None, runs))
    if words:
        meant: AttachmentKind = "tempo" if element.get("directive") == "yes" else "text"
        direction.signs.append(Attachment(meant, words))
    sound = element.find("sound")
    if sound is not None:
        direction.tempo = sounding_tempo(sound) or direction.tempo
    dropped["metronome marks without a number"] += unread if direction.tempo is None else 0
    return direction


def sounding_tempo(sound: Element) -> Fraction | None:
    """Quarter notes a minute of a `<sound>`, None where it states none above 0."""
    tempo = number(sound.get("tempo", ""))
    return tempo if tempo is not None and tempo > 0 else None


def read_harmony(element: Element) -> str:
    """The text of a chord symbol: 'Am7', 'C/G', 'V7', or what a `<kind>` without a chord says.

    It is empty where the element names no chord.
    """
    kind = element.find("kind")
    name = (kind.text or "").strip() if kind is not None else ""
    text = kind.get("text") if kind is not None else None
    if name == "none":
        return text or "N.C."
    root = _pitch_text(element, "root") or _function(element)
    if not root:
        return ""
    suffix = text
    if suffix is None or (kind is not None and kind.get("use-symbols") == "yes"):
        suffix = chord_suffix(name) + "".join(map(_degree, element.iterfind("degree")))
    chord = root + suffix
    bass = _pitch_text(element, "bass")
    return f"{chord}/{bass}" if bass else chord


def _metronome(element: Element) -> Fraction | None:
    """Quarter notes a minute of '(half) = 60'; None for other equations."""
    value = VALUES.get((element.findtext("beat-unit") or "").strip())
    beats = number(element.findtext("per-minute") or "")
    if value is None or beats is None or beats <= 0 or len(element.findall("beat-unit")) > 1:
        return None
    dots = len(element.findall("beat-unit-dot"))
    return beats * value * (2 - Fraction(1, 2 ** min(dots, 4)))


def _pitch_text(element: Element, part: str) -> str:
    step = (element.findtext(f"{part}/{part}-step") or "").strip()
    alter = number(element.findtext(f"{part}/{part}-alter") or "0") or Fraction(0)
    return step + chord_sign(alter) if abs(alter) <= 2 else step


def _function(element: Element) -> str:
    """The degree of a chord that is given by its function in the key."""
    numeral = number(element.findtext("numeral/numeral-root") or "")
    if numeral is not None and numeral in range(1, len(_NUMERALS) + 1):
        return _NUMERALS[int(numeral) - 1]
    return (element.findtext("function") or "").strip()


def _degree(element: Element) -> str:
    value = (element.findtext("degree-value") or "").strip()
    alter = number(element.findtext("degree-alter") or "0") or Fraction(0)
    kind = (element.findtext("degree-type") or "").strip()
    return f"({'no' if kind == 'subtract' else ''}{chord_sign(alter) if abs(alter) <= 2 else ''}{value})"
