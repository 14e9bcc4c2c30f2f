"""Directions and chord symbols of MusicXML: what stands above and below the staff."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from canzona.score.musicxml_signs import VALUES, WEDGES, chord_sign, chord_suffix, number
from canzona.score.tune import Attachment, AttachmentKind


@dataclass(slots=True)
class Direction:
    """One `<direction>`: section labels, signs for the note at its moment, and the tempo."""

    sections: list[str] = field(default_factory=list)
    signs: list[Attachment] = field(default_factory=list)
    tempo: Fraction | None = None


def read_direction(element: Element, dropped: Counter[str]) -> Direction:
    """Read a `<direction>`; what no Tune holds is counted in `dropped`."""
    direction = Direction()
    words = ""
    for child in element.iterfind("direction-type/*"):
        tag = child.tag
        if tag == "words":
            words += child.text or ""
        elif tag == "rehearsal":
            label = (child.text or "").strip()
            direction.sections += [label] if label else []
        elif tag == "dynamics":
            direction.signs += [Attachment("dynamic", text) for text in map(_dynamic, child) if text]
        elif tag == "wedge":
            if child.get("type") in WEDGES:
                direction.signs.append(Attachment("dynamic", child.get("type", "")))
        elif tag == "metronome":
            direction.tempo = _metronome(child) or direction.tempo
        elif tag in ("segno", "coda"):
            direction.signs.append(Attachment("text", tag))
        else:
            dropped[f"<{tag}> directions"] += 1
    if words.strip():
        kind: AttachmentKind = "tempo" if element.get("directive") == "yes" else "text"
        direction.signs.append(Attachment(kind, words.strip()))
    sound = element.find("sound")
    if sound is not None:
        direction.tempo = number(sound.get("tempo", "")) or direction.tempo
    return direction


def read_harmony(element: Element) -> str:
    """The text of a chord symbol: 'Am7', 'C/G', or what a `<kind>` without a chord says."""
    kind = element.find("kind")
    name = (kind.text or "").strip() if kind is not None else ""
    text = kind.get("text") if kind is not None else None
    if name == "none":
        return text or "N.C."
    suffix = text
    if suffix is None:
        suffix = chord_suffix(name) + "".join(map(_degree, element.iterfind("degree")))
    chord = _pitch_text(element, "root") + suffix
    bass = _pitch_text(element, "bass")
    return f"{chord}/{bass}" if bass else chord


def _dynamic(element: Element) -> str:
    return (element.text or "").strip() if element.tag == "other-dynamics" else element.tag


def _metronome(element: Element) -> Fraction | None:
    """Quarter notes a minute of '(half) = 60'; None for other equations."""
    value = VALUES.get((element.findtext("beat-unit") or "").strip())
    beats = number(element.findtext("per-minute") or "")
    if value is None or not beats or len(element.findall("beat-unit")) > 1:
        return None
    dots = len(element.findall("beat-unit-dot"))
    return beats * value * (2 - Fraction(1, 2 ** min(dots, 4)))


def _pitch_text(element: Element, part: str) -> str:
    step = (element.findtext(f"{part}/{part}-step") or "").strip()
    alter = number(element.findtext(f"{part}/{part}-alter") or "0") or Fraction(0)
    return step + chord_sign(alter) if abs(alter) <= 2 else step


def _degree(element: Element) -> str:
    value = (element.findtext("degree-value") or "").strip()
    alter = number(element.findtext("degree-alter") or "0") or Fraction(0)
    kind = (element.findtext("degree-type") or "").strip()
    return f"({'no' if kind == 'subtract' else ''}{chord_sign(alter) if abs(alter) <= 2 else ''}{value})"
