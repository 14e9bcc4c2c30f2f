"""What one `<note>` of MusicXML says: its pitch, its exact duration and the signs at it.

Durations are counted in divisions of a quarter note. Where a program rounded them (a triplet
eighth as one of two divisions), the written value with its dots and its tuplet says what was
meant, and is believed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from xml.etree.ElementTree import Element

from canzona.score.musicxml_document import Fault
from canzona.score.musicxml_signs import (
    ACCIDENTALS,
    ARTICULATIONS,
    ORNAMENTS,
    TECHNICAL,
    VALUES,
    dynamics_of,
    number,
)
from canzona.score.tune import SEMITONES, Attachment, Grace, Pitch

_DOTS = (Fraction(1), Fraction(3, 2), Fraction(7, 4), Fraction(15, 8), Fraction(31, 16))
_DRAWN = frozenset({"tied", "tuplet"})
"""Notations that only draw what durations and ties say."""

_EIGHTH = Fraction(1, 2)


@dataclass(slots=True)
class Event:
    """One note or rest as a voice has it, before ties are merged; times in quarter notes."""

    onset: Fraction
    duration: Fraction
    pitch: Pitch | None
    signs: list[Attachment] = field(default_factory=list)
    graces: list[Grace] = field(default_factory=list)
    tie_start: bool = False
    tie_stop: bool = False
    phrase_start: bool = False
    phrase_end: bool = False


@dataclass(slots=True)
class ReadNote:
    """The content of one `<note>`; `duration` is None where it has none (grace notes)."""

    event: Event
    duration: Fraction | None = None
    grace: Element | None = None
    chord: bool = False
    cue: bool = False
    pitched: bool = True
    line_end: bool = False
    line: tuple[str, str] = ("1", "1")
    value: Fraction | None = None
    accidental: str = ""


def read_note(element: Element, divisions: Fraction, dropped: Counter[str]) -> ReadNote:
    """Read a `<note>`; what of it no Tune holds is counted in `dropped`.

    Raises
    ------
    Fault : no pitch, rest or duration can be made of it.
    """
    note = ReadNote(Event(Fraction(0), Fraction(0), None))
    event = note.event
    staff, voice, dots = "1", "1", 0
    divided: Fraction | None = None
    kind: str | None = None
    tuplet: Element | None = None
    for child in element:
        tag = child.tag
        if tag == "pitch":
            event.pitch = _pitch(child)
        elif tag == "duration":
            divided = _divided(child, divisions)
        elif tag == "voice":
            voice = (child.text or "1").strip()
        elif tag == "staff":
            staff = (child.text or "1").strip()
        elif tag == "type":
            kind = (child.text or "").strip()
        elif tag == "dot":
            dots += 1
        elif tag == "time-modification":
            tuplet = child
        elif tag == "lyric":
            _read_lyric(child, note, dropped)
        elif tag == "notations":
            _read_notations(child, event, dropped)
        elif tag == "tie":
            event.tie_start |= child.get("type") == "start"
            event.tie_stop |= child.get("type") == "stop"
        elif tag == "chord":
            note.chord = True
        elif tag == "grace":
            note.grace = child
        elif tag == "cue":
            note.cue = True
        elif tag == "accidental":
            note.accidental = (child.text or "").strip()
        elif tag == "unpitched":
            note.pitched = False
    note.line = (staff, voice)
    note.value = _value(kind, dots, tuplet)
    if note.grace is None:
        note.duration = _duration(divided, note.value, divisions, element)
    _complete_pitch(note, dropped)
    return note


def grace_of(note: ReadNote) -> Grace | None:
    """The grace note that a `<note>` with `<grace>` is; None for one without a pitch."""
    if note.event.pitch is None or note.grace is None:
        return None
    return Grace(note.event.pitch, note.value or _EIGHTH, note.grace.get("slash") == "yes")


def _pitch(element: Element) -> Pitch:
    step = (element.findtext("step") or "").strip()
    octave = number(element.findtext("octave") or "")
    alter = number(element.findtext("alter") or "0")
    if step not in SEMITONES or octave is None or octave.denominator != 1 or abs(octave) > 20:
        raise Fault(
            f"a pitch of step '{step[:20]}' has no letter or octave", element, "expected A to G and 0 to 9"
        )
    if alter is None or abs(alter) > 12:
        raise Fault("a pitch is altered by no number of semitones", element, "expected -2 to 2")
    return Pitch(step, alter, int(octave))


def _complete_pitch(note: ReadNote, dropped: Counter[str]) -> None:
    """Take a microtone from its sign where a program wrote no `<alter>` for want of a number."""
    pitch = note.event.pitch
    meant = ACCIDENTALS.get(note.accidental)
    if pitch is not None and not pitch.alter and meant is not None and meant.denominator > 1:
        note.event.pitch = Pitch(pitch.step, meant, pitch.octave)
        dropped["accidentals without an alteration, read by their names"] += 1


def _divided(element: Element, divisions: Fraction) -> Fraction:
    count = number(element.text or "")
    if count is None or count < 0:
        raise Fault("a duration is no positive number", element, "expected a count of divisions")
    return count / divisions


def _value(kind: str | None, dots: int, tuplet: Element | None) -> Fraction | None:
    """The written value with dots and tuplet in quarter notes, None where it is not written or unknown."""
    if kind is None or kind not in VALUES or dots >= len(_DOTS):
        return None
    value = VALUES[kind] * _DOTS[dots]
    if tuplet is None:
        return value
    actual = number(tuplet.findtext("actual-notes") or "")
    normal = number(tuplet.findtext("normal-notes") or "")
    if actual is None or normal is None or not 0 < actual <= 1024 or not 0 < normal <= 1024:
        return None
    return value * normal / actual


def _duration(
    divided: Fraction | None, value: Fraction | None, divisions: Fraction, element: Element
) -> Fraction:
    if divided is None:
        if value is None:
            raise Fault("a note has neither a duration nor a value", element, "add <duration>")
        return value
    if value is None or value == divided:
        return divided
    rounded = abs(value - divided) * divisions < 1 and (value * divisions).denominator > 1
    return value if rounded else divided


def _read_lyric(element: Element, note: ReadNote, dropped: Counter[str]) -> None:
    digits = re.findall("[0-9]{1,4}", element.get("number", ""))
    verse = max(int(digits[-1]), 1) if digits else 1  # 'part1verse2' is verse 2
    text = syllabic = ""
    extends = False
    for child in element:
        if child.tag == "text":
            text += child.text or ""
        elif child.tag == "elision":
            text += (child.text or "").strip() or "\u203f"
        elif child.tag == "syllabic":
            syllabic = (child.text or "").strip()
        elif child.tag == "extend":
            extends = True
        elif child.tag in ("humming", "laughing"):
            dropped[f"<{child.tag}> lyrics"] += 1
        elif child.tag in ("end-line", "end-paragraph"):
            note.line_end = True
    text = text.strip()
    if text and (syllabic in ("begin", "middle") or text.endswith("-")):
        text = (text.rstrip("- \xa0") or text) + "-"
    elif (text == "." and not syllabic) or (extends and not text):
        text = "_"  # the dot stands for 'held' in the Turkish collection
    if text:
        note.event.signs.append(Attachment("lyric", text, verse))


def _read_notations(element: Element, event: Event, dropped: Counter[str]) -> None:
    for child in element:
        tag = child.tag
        if tag == "slur":
            _read_slur(child, event)
        elif tag == "fermata":
            shape = "inverted" if child.get("type") == "inverted" else (child.text or "").strip()
            event.signs.append(Attachment("fermata", shape or "fermata"))
        elif tag == "dynamics":
            event.signs += [Attachment("dynamic", text) for text in dynamics_of(child)]
        elif tag == "other-notation":
            _read_other(child, event, dropped)
        elif tag == "articulations":
            _read_signs(child, event, "articulations", dropped)
        elif tag == "ornaments":
            _read_signs(child, event, "ornaments", dropped)
        elif tag == "technical":
            _read_signs(child, event, "technical", dropped)
        elif tag not in _DRAWN:
            dropped[f"<{tag}> signs"] += 1


def _read_slur(element: Element, event: Event) -> None:
    kind = element.get("type", "")
    if kind in ("start", "stop"):
        slur = number(element.get("number", "1"))
        event.signs.append(Attachment("slur", kind, int(slur) if slur is not None else 1))


def _read_other(element: Element, event: Event, dropped: Counter[str]) -> None:
    """Phrase marks, and the seams of rests that a writer had to divide."""
    text, kind = (element.text or "").strip(), element.get("type")
    if text == "phrase":
        event.phrase_start |= kind in ("start", "single")
        event.phrase_end |= kind in ("stop", "single")
    elif text == "rest":
        event.tie_start |= kind == "start"
        event.tie_stop |= kind == "stop"
    else:
        dropped["signs of a program's own"] += 1


def _read_signs(element: Element, event: Event, family: str, dropped: Counter[str]) -> None:
    for child in element:
        if child.tag in ARTICULATIONS or child.tag in TECHNICAL:
            name = child.tag
        elif child.tag in ORNAMENTS:
            name = ORNAMENTS[child.tag]
        elif child.tag in ("other-articulation", "other-ornament"):
            name = (child.text or "").strip()
        else:
            name = ""
        if name and family == "ornaments":
            event.signs.append(Attachment("ornament", name))
        elif name:
            event.signs.append(Attachment("articulation", name))
        else:
            dropped[f"<{child.tag}> signs"] += 1
