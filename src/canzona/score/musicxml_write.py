"""A `Tune` to MusicXML 4.0, partwise.

Times are exact: the divisions of a quarter note are the least common multiple of all that the
tune needs (for each measure alone where that would be a huge number). The bytes depend on the
tune alone; no date is written that the tune does not hold.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from fractions import Fraction
from statistics import median
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from canzona.errors import UnsupportedError
from canzona.score.instruments import program_of
from canzona.score.musicxml_attributes import key_fields, write_key, write_meter
from canzona.score.musicxml_barlines import MARK
from canzona.score.musicxml_header import TEMPO_FIELD, write_header
from canzona.score.musicxml_measures import Measure, Piece, measures_of
from canzona.score.musicxml_note_write import NoteWriter, write_moment_signs
from canzona.score.tune import STEPS, Attachment, Barline, Note, Tune
from canzona.score.unfold import MOST_PASSES

LARGEST_DIVISIONS = 2**24
"""Divisions of a quarter note beyond which each measure states its own."""

_LAST_DIVISIONS = 10**11
_DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_STYLES = {"double": "light-light", "final": "light-heavy", "dashed": "dashed", "invisible": "none",
           "regular": "regular"}  # fmt: skip


def score_bytes(tune: Tune) -> bytes:
    """A tune as a MusicXML document in UTF-8.

    Raises
    ------
    UnsupportedError : durations that no reasonable division of a quarter note holds.
    """
    root = Element("score-partwise", {"version": "4.0"})
    fields = [("canzona-phrases", tune.phrasing), *key_fields(tune.keys)]
    fields += [("canzona-expansion", json.dumps([name, order])) for name, order in tune.expansions]
    if tune.tempo is None and any(sign.kind == "tempo" for sign in _first_signs(tune)):
        fields.append((TEMPO_FIELD, "at the first note"))
    write_header(root, tune, fields)
    _write_part_list(root, tune)
    _PartWriter(tune, SubElement(root, "part", {"id": "P1"})).write()
    for element in root.iter():
        if element.text and _NOT_IN_XML.search(element.text):
            element.text = _NOT_IN_XML.sub("", element.text)
        for name, text in element.attrib.items():
            element.set(name, _NOT_IN_XML.sub("", text))
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_DOCTYPE}{body}\n'.encode()


def _write_part_list(root: Element, tune: Tune) -> None:
    part = SubElement(SubElement(root, "part-list"), "score-part", {"id": "P1"})
    SubElement(part, "part-name").text = tune.instrument
    instrument = SubElement(part, "score-instrument", {"id": "P1-I1"})
    SubElement(instrument, "instrument-name").text = tune.instrument
    program = program_of(tune.instrument)
    if program is not None:
        midi = SubElement(part, "midi-instrument", {"id": "P1-I1"})
        SubElement(midi, "midi-channel").text = "1"
        SubElement(midi, "midi-program").text = str(program + 1)


class _PartWriter:
    """Writes the measures of a tune into a `<part>`."""

    def __init__(self, tune: Tune, part: Element) -> None:
        self.tune = tune
        self.part = part
        self.measures = measures_of(tune)
        common = _divisions(self.measures, tune)
        self.own_divisions = common > LARGEST_DIVISIONS
        self.divisions = common
        self.notes = NoteWriter(tune)
        self.sections = list(tune.sections)
        self.changes = sorted({onset for onset, _ in tune.keys} | {onset for onset, _ in tune.meters})
        self.closing = next((line for line in tune.barlines if line.onset == tune.duration > 0), None)
        self.ending_ends = _ending_ends(tune)

    def write(self) -> None:
        """Write all measures."""
        unnumbered = 0
        for place, measure in enumerate(self.measures):
            following = self.measures[place + 1].opening if place + 1 < len(self.measures) else self.closing
            number, implicit = _number(measure.opening, following)
            if number is None:
                unnumbered += 1
                number = f"X{unnumbered}"
            element = SubElement(self.part, "measure", {"number": number})
            if implicit:
                element.set("implicit", "yes")
            if self.own_divisions:
                self.divisions = _divisions([measure], self.tune)
            self._measure(element, measure, first=place == 0)
            _write_right(
                element,
                following,
                stops=self.ending_ends.get(measure.end, ""),
                place=place + 1,
                last=measure is self.measures[-1],
            )

    def _measure(self, element: Element, measure: Measure, *, first: bool) -> None:
        _write_left(element, measure.opening, first=first)
        if not measure.pieces:
            self._before(element, measure.onset, measure.end, first=first)
        for place, piece in enumerate(measure.pieces):
            self._before(element, piece.onset, piece.onset + piece.duration, first=first and place == 0)
            write_moment_signs(element, piece, self.divisions)
            self.notes.write(element, piece, self.divisions, bar=measure.onset)
        if measure is self.measures[-1]:
            self._before(element, measure.end, measure.end + 1, first=False)

    def _before(self, element: Element, onset: Fraction, end: Fraction, *, first: bool) -> None:
        """Attributes, tempo and section marks at an onset or inside the piece that begins there."""
        self._attributes(element, onset, first=first)
        if first and self.tune.tempo is not None:
            self.notes.write_tempo(element, self.tune.tempo, Fraction(0))
        while self.sections and self.sections[0].onset < end:
            section = self.sections.pop(0)
            direction = SubElement(element, "direction", {"placement": "above"})
            SubElement(SubElement(direction, "direction-type"), "rehearsal").text = section.label
            if section.onset != onset:
                SubElement(direction, "offset").text = str(round((section.onset - onset) * self.divisions))

    def _attributes(self, element: Element, onset: Fraction, *, first: bool) -> None:
        at = bisect_left(self.changes, onset)
        changed = at < len(self.changes) and self.changes[at] == onset
        starts_measure = self.own_divisions and len(element) <= (element.find("barline") is not None)
        if not (changed or first or starts_measure):
            return
        attributes = SubElement(element, "attributes")
        if first or starts_measure:
            SubElement(attributes, "divisions").text = str(self.divisions)
        for _, key in (change for change in self.tune.keys if change[0] == onset):
            write_key(attributes, key)
        for _, meter in (change for change in self.tune.meters if change[0] == onset):
            write_meter(attributes, meter)
        if first:
            _write_clef(attributes, self.tune.notes)


def _divisions(measures: Iterable[Measure], tune: Tune) -> int:
    """Divisions of a quarter note that hold all times of some measures exactly."""
    divisions = 1
    onsets = [section.onset for section in tune.sections]
    for measure in measures:
        times = [time for piece in measure.pieces for time in _times(piece)]
        inside = onsets[bisect_left(onsets, measure.onset) : bisect_right(onsets, measure.end)]
        times += [onset - measure.onset for onset in inside] + [measure.end - measure.onset]
        divisions = math.lcm(divisions, *(time.denominator for time in times))
        if divisions > _LAST_DIVISIONS:
            break
    if divisions > _LAST_DIVISIONS and len(list(measures)) == 1:
        raise UnsupportedError(
            "MusicXML cannot hold durations without a common division of a quarter note",
            hint="quantise the tune first",
        )
    return divisions


def _times(piece: Piece) -> Iterable[Fraction]:
    yield piece.duration
    start = piece.onset - piece.note.onset
    for sign in piece.note.attachments:
        yield sign.offset - start


def _number(line: Barline | None, following: Barline | None) -> tuple[str | None, bool]:
    """A measure's number (None: it has none of its own) and whether it counts for none."""
    if line is None:
        return str(max(following.number - 1, 0) if following is not None else 1), True
    if line.number == 0 and not line.suffix:
        return ("0", False) if line.onset == 0 else (None, True)
    return f"{line.number or ''}{line.suffix}", False


def _write_left(element: Element, line: Barline | None, *, first: bool) -> None:
    """The left edge of a measure: what begins there, and at the start of the tune its style."""
    if line is None:
        return
    begins = line.repeat in ("start", "both")
    plain = line.kind == "invisible" and line.number and not begins
    styled = first and not plain
    if not (begins or line.ending or styled):
        return
    left = SubElement(element, "barline", {"location": "left"})
    if begins:
        if first and line.kind != "regular":
            left.set("id", f"{line.kind}{MARK}start")
        SubElement(left, "bar-style").text = "heavy-light"
    elif styled:
        SubElement(left, "bar-style").text = _STYLES[line.kind]
    if line.ending:
        ending = SubElement(left, "ending", {"number": _ending_numbers(line.ending), "type": "start"})
        ending.text = line.ending
    if begins:
        SubElement(left, "repeat", {"direction": "forward"})


def _write_right(element: Element, line: Barline | None, *, stops: str, place: int, last: bool) -> None:
    """The right edge of the `place`-th measure: the style of the bar line that follows, and what ends."""
    ends = line is not None and line.repeat in ("end", "both")
    kind = line.kind if line is not None else "regular"
    if not (ends or stops or kind != "regular" or (last and line is not None)):
        return
    right = SubElement(element, "barline", {"location": "right"})
    if ends:
        if kind != ("final" if last else "regular"):
            right.set("id", f"{kind}{MARK}{place}")
        SubElement(right, "bar-style").text = "light-heavy"
    elif line is not None:
        SubElement(right, "bar-style").text = _STYLES[kind]
    if stops:
        SubElement(right, "ending", {"number": stops, "type": "stop" if ends else "discontinue"})
    if ends:
        SubElement(right, "repeat", {"direction": "backward"})


def _ending_numbers(label: str) -> str:
    """The numbers that a label names, parted by commas: a span such as '1-3' is 1, 2, 3."""
    numbers: list[int] = []
    for first, last in re.findall(r"0*([1-9][0-9]{0,3})(?:\s*-\s*([0-9]{1,4}))?", label):
        begin, end = int(first), int(last or first)
        numbers += range(begin, min(end, begin + MOST_PASSES) + 1) or [begin]
    return ", ".join(map(str, numbers)) or "1"


def _ending_ends(tune: Tune) -> dict[Fraction, str]:
    """Onsets at which an ending stops, with the numbers of that ending."""
    found: dict[Fraction, str] = {}
    current = ""
    for line in tune.barlines:
        if current and (line.repeat or line.ending or line.kind in ("double", "final")):
            found[line.onset] = current
            current = ""
        current = _ending_numbers(line.ending) if line.ending else current
    if current:
        found[tune.duration] = current
    return found


def _write_clef(attributes: Element, notes: tuple[Note, ...]) -> None:
    """The clef that keeps the tune near its staff: treble, treble an octave down, or bass."""
    heights = [note.pitch.height for note in notes if note.pitch is not None]
    middle = median(heights) if heights else 7 * 4 + STEPS.index("B")
    clef = SubElement(attributes, "clef")
    bass = middle < 7 * 3 + STEPS.index("F")
    SubElement(clef, "sign").text = "F" if bass else "G"
    SubElement(clef, "line").text = "4" if bass else "2"
    if not bass and middle < 7 * 4:
        SubElement(clef, "clef-octave-change").text = "-1"


def _first_signs(tune: Tune) -> tuple[Attachment, ...]:
    return tune.notes[0].attachments if tune.notes else ()
