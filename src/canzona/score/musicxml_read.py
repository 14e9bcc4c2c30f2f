"""MusicXML to a `Tune`: one part, measure by measure.

The walk keeps a cursor in exact quarter notes. Each measure ends where its longest voice
ends; what stands at a moment (tempo, words, chord symbols) is collected with its onset and
hung on the notes at the end, when the line to be read is known.
"""

from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from xml.etree.ElementTree import Element

from canzona.errors import FormatError, PolyphonyError
from canzona.score.musicxml_attributes import read_key, read_meter, stated_keys
from canzona.score.musicxml_barlines import Barlines
from canzona.score.musicxml_directions import read_direction, read_harmony, sounding_tempo
from canzona.score.musicxml_document import Document, Fault
from canzona.score.musicxml_header import TEMPO_FIELD, fields_of, records_of
from canzona.score.musicxml_line import Line, Sign, Span, notes_of
from canzona.score.musicxml_notes import ReadNote, grace_of, read_note
from canzona.score.musicxml_signs import number
from canzona.score.phrases import infer_phrases
from canzona.score.tune import Attachment, Grace, Key, Meter, Note, Section, Tune

MOST_NOTES = 2**16
"""Notes that one part may have."""

FINEST_GRID = 2**40
"""Largest denominator of an onset; a file that changes its divisions to and fro would make it grow."""


def read_score(document: Document, track: str | None) -> Tune:
    """The tune that a document holds in its only part, or in the part that `track` names.

    Raises
    ------
    FormatError : the content makes no sense, with the line.
    PolyphonyError : several parts and no track.
    """
    with document.located():
        part, name = _chosen_part(document, track)
        fields = fields_of(document.root)
        walk = _Walk(part, tempo_at_note=(TEMPO_FIELD, "at the first note") in fields)
        tune = walk.tune()
        tune = tune.replace(
            records=records_of(document.root, fields),
            comments=tuple(text for key, text in fields if key == "comment"),
            instrument=name,
            source=document.source,
            provenance=document.root.findtext("identification/encoding/encoding-description") or "",
            expansions=_expansions(fields),
            keys=stated_keys(tune.keys, fields),
        )
        return _with_phrases(tune, fields, walk.line_ends)


def _chosen_part(document: Document, track: str | None) -> tuple[Element, str]:
    listed = {part.get("id"): part for part in document.root.iterfind("part-list/score-part")}
    parts = document.root.findall("part")
    if not parts:
        raise Fault("the score has no part", document.root, "export it again")
    names = []
    for part in parts:
        about = listed.get(part.get("id"))
        names.append(((about.findtext("part-name") if about is not None else "") or "").strip())
    if track is None and len(parts) > 1:
        shown = ", ".join(f"{place} '{name}'" for place, name in enumerate(names[:12], start=1))
        raise PolyphonyError(
            f"holds {len(parts)} parts: {shown}{', ...' if len(parts) > 12 else ''}",
            source=document.source,
            hint="choose one with --track NUMBER or --track NAME",
        )
    place = _place(track, names)
    if place is None:
        shown = ", ".join(repr(name) for name in names[:12])
        raise FormatError(
            f"has no part '{track}' (its parts: {shown})",
            source=document.source,
            hint=f"choose 1 to {len(parts)} or a name",
        )
    return parts[place], names[place]


def _place(track: str | None, names: list[str]) -> int | None:
    if track is None:
        return 0
    if track in names:
        return names.index(track)
    if track.isascii() and track.isdigit() and 1 <= int(track[:9]) <= len(names):
        return int(track[:9]) - 1
    folded = [name.casefold() for name in names]
    return folded.index(track.casefold()) if track.casefold() in folded else None


class _Walk:
    """The state of reading one part from its first measure to its last."""

    def __init__(self, part: Element, *, tempo_at_note: bool) -> None:
        self.part = part
        self.tempo_at_note = tempo_at_note
        self.divisions = Fraction(1)
        self.onset = self.cursor = self.end = Fraction(0)
        self.spans: list[Span] = []
        self.lines: dict[Line, list[ReadNote]] = {}
        self.graces: dict[Line, list[tuple[Grace, list[Attachment]]]] = {}
        self.latest: ReadNote | None = None
        self.struck = False
        self.barlines = Barlines()
        self.keys: dict[Fraction, Key] = {}
        self.meters: dict[Fraction, Meter] = {}
        self.sections: list[Section] = []
        self.signs: list[Sign] = []
        self.tempo: Fraction | None = None
        self.line_ends: list[Fraction] = []
        self.dropped: Counter[str] = Counter()

    def tune(self) -> Tune:
        """Walk all measures; the tune without what stands in the header."""
        measures = self.part.findall("measure")
        if len(measures) > MOST_NOTES or sum(len(measure) for measure in measures) > 4 * MOST_NOTES:
            raise Fault("the part is longer than any tune", self.part, f"at most {MOST_NOTES} notes are read")
        has_notes = any(element.tag in ("note", "forward") for measure in measures for element in measure)
        for measure in measures:
            self._measure(measure, may_be_empty=not has_notes)
        left = sum(len(graces) for graces in self.graces.values())
        self.dropped["grace notes after the last note"] += left
        notes: tuple[Note, ...] = ()
        if has_notes:
            notes = notes_of(self.spans, self.signs, self.dropped)
        barlines = self.barlines.all(self.onset, self.dropped)
        # A second voice steps back, and an offset may lead beyond the last bar.
        sections = [Section(min(found.onset, self.onset), found.label) for found in self.sections]
        sections.sort(key=lambda section: section.onset)
        losses = tuple(f"{count} {what}" for what, count in sorted(self.dropped.items()) if count)
        return Tune(
            notes=notes, barlines=barlines, keys=tuple(sorted(self.keys.items(), key=lambda at: at[0])),
            meters=tuple(sorted(self.meters.items(), key=lambda at: at[0])), sections=tuple(sections),
            tempo=self.tempo, losses=losses,
        )  # fmt: skip

    def _measure(self, measure: Element, *, may_be_empty: bool) -> None:
        self.cursor = self.end = self.onset
        self.lines = {}
        self.latest, self.struck = None, False
        self.barlines.open_measure(measure, self.onset)
        for element in measure:
            self._content(element)
            if self.cursor > self.end:
                self.end = self.cursor
        if self.end == self.onset and not may_be_empty:
            self.end += self._full_measure()
        events = {line: [note.event for note in notes] for line, notes in self.lines.items()}
        self.spans.append(Span(self.onset, self.end, events))
        self.onset = self.end

    def _content(self, element: Element) -> None:
        tag = element.tag
        if tag == "note":
            self._note(element)
        elif tag == "backup":
            self.cursor = max(self.onset, self.cursor - self._length(element))
        elif tag == "forward":
            self._advance(self._length(element), element)
        elif tag == "attributes":
            self._attributes(element)
        elif tag == "barline":
            self.barlines.read(element, self.dropped)
        elif tag == "direction":
            self._direction(element)
        elif tag == "harmony":
            self._harmony(element)
        elif tag == "sound":
            self._sound(element, self.cursor)
        elif tag == "print" and "yes" in (element.get("new-system"), element.get("new-page")):
            self.line_ends.append(self.onset)
        elif tag == "grouping" and element.get("type") == "stop":
            self.line_ends.append(self.cursor)
        elif tag == "figured-bass":
            self.dropped["figured basses"] += 1

    def _advance(self, duration: Fraction, element: Element) -> None:
        self.cursor += duration
        if self.cursor.denominator > FINEST_GRID:
            raise Fault("its durations fit no common grid", element, "quantise it before it is exported")

    def _length(self, element: Element) -> Fraction:
        count = number(element.findtext("duration") or "")
        if count is None or count < 0:
            raise Fault(f"a <{element.tag}> has no duration", element, "expected a count of divisions")
        return count / self.divisions

    def _offset(self, element: Element) -> Fraction:
        """The time in quarter notes by which a direction stands later than the cursor."""
        offset = number(element.findtext("offset") or "0") or Fraction(0)
        return max(offset / self.divisions, self.onset - self.cursor)

    def _note(self, element: Element) -> None:
        note = read_note(element, self.divisions, self.dropped)
        grace = grace_of(note)
        if note.grace is not None:
            self._grace(note, grace)
            return
        duration = note.duration or Fraction(0)
        if note.chord and self.struck:
            self._chord(note)
            return
        self.struck, self.latest = True, None
        if note.cue or not note.pitched:
            self._silent(note)
        elif duration:
            event = note.event
            event.onset, event.duration = self.cursor, duration
            for waiting, signs in self.graces.pop(note.line, ()):
                event.graces.append(waiting)
                event.signs[:0] = signs
            _drop_grace_slurs(note, self.dropped)
            self.lines.setdefault(note.line, []).append(note)
            self.latest = note
        elif note.event.pitch is not None:
            self.dropped["notes without a length"] += 1
        self._advance(duration, element)
        if note.line_end:
            self.line_ends.append(self.cursor)

    def _grace(self, note: ReadNote, grace: Grace | None) -> None:
        if grace is None or note.cue or note.chord:
            self.dropped["grace notes in chords or cues"] += 1
            return
        slurs = [sign for sign in note.event.signs if sign.kind == "slur"]
        self.dropped["signs at grace notes"] += len(note.event.signs) - len(slurs)
        self.graces.setdefault(note.line, []).append((grace, slurs))

    def _silent(self, note: ReadNote) -> None:
        if note.cue:
            self.dropped["cue notes"] += note.event.pitch is not None
        else:
            self.dropped["unpitched notes"] += 1

    def _chord(self, note: ReadNote) -> None:
        """Keep the higher of the notes struck together, and the signs of both."""
        held = self.latest
        if note.cue or not note.pitched:
            self._silent(note)
            return
        if held is None or note.event.pitch is None:
            return
        self.dropped["lower notes of chords"] += 1
        upper, signs = note.event, note.event.signs
        if held.event.pitch is None or upper.pitch is None or upper.pitch.midi <= held.event.pitch.midi:
            held.event.signs += [sign for sign in signs if sign not in held.event.signs]
            return
        held.event.pitch = upper.pitch
        held.event.tie_start, held.event.tie_stop = upper.tie_start, upper.tie_stop
        held.event.signs += [sign for sign in signs if sign not in held.event.signs]

    def _attributes(self, element: Element) -> None:
        for child in element:
            if child.tag == "divisions":
                divisions = number(child.text or "")
                if divisions is None or divisions <= 0:
                    raise Fault(
                        "the divisions of a quarter note are no positive number", child, "expected 1 or more"
                    )
                self.divisions = divisions
            elif child.tag == "key":
                self.keys[self.cursor] = read_key(child)
            elif child.tag == "time":
                self.meters[self.cursor] = read_meter(child)
            elif child.tag == "transpose":
                self.dropped["transpositions of the instrument (pitches are as written)"] += 1
            elif child.tag == "measure-style":
                for style in child:
                    is_short = style.tag != "multiple-rest" and style.get("type") == "start"
                    self.dropped[f"<{style.tag}> abbreviations"] += is_short

    def _full_measure(self) -> Fraction:
        meter = self.meters[max(self.meters)] if self.meters else None
        return meter.length if meter is not None and not meter.is_free else Fraction(4)

    def _direction(self, element: Element) -> None:
        onset = self.cursor + self._offset(element)
        direction = read_direction(element, self.dropped)
        self.sections += [Section(onset, label) for label in direction.sections]
        self.signs += [Sign(onset, attachment) for attachment in direction.signs]
        if direction.tempo is not None:
            self._tempo(direction.tempo, onset)

    def _harmony(self, element: Element) -> None:
        chord = read_harmony(element)
        if chord:
            self.signs.append(Sign(self.cursor + self._offset(element), Attachment("chord", chord)))
        else:
            self.dropped["chord symbols without a root"] += 1

    def _sound(self, element: Element, onset: Fraction) -> None:
        tempo = sounding_tempo(element)
        if tempo is not None:
            self._tempo(tempo, onset)

    def _tempo(self, tempo: Fraction, onset: Fraction) -> None:
        if self.tempo is None and onset == 0 and not self.tempo_at_note:
            self.tempo = tempo
        else:
            self.signs.append(Sign(onset, Attachment("tempo", str(tempo))))


def _drop_grace_slurs(note: ReadNote, dropped: Counter[str]) -> None:
    """A slur from a grace note to its own note has no place in a tune."""
    if not note.event.graces:
        return
    signs = note.event.signs
    for sign in [sign for sign in signs if sign.kind == "slur" and sign.text == "start"]:
        stop = Attachment("slur", "stop", sign.number)
        if stop in signs:
            signs.remove(sign)
            signs.remove(stop)
            dropped["slurs of grace notes"] += 1


def _expansions(fields: list[tuple[str, str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = (_json(text) for key, text in fields if key == "canzona-expansion")
    return tuple(
        (entry[0], tuple(entry[1]))
        for entry in found
        if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str) and _is_words(entry[1])
    )


def _is_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _json(text: str) -> object:
    try:
        value: object = json.loads(text) if len(text) < 10_000 else None
    except (ValueError, RecursionError):
        return None
    return value


def _with_phrases(tune: Tune, fields: list[tuple[str, str]], line_ends: list[Fraction]) -> Tune:
    stated = next((text for key, text in fields if key == "canzona-phrases"), "")
    if stated == "inferred":
        return tune.replace(phrasing="inferred")
    if stated == "none":
        return tune
    if any(note.phrase_start or note.phrase_end for note in tune.notes) or stated == "marked":
        return tune.replace(phrasing="marked")
    return infer_phrases(tune, line_ends)
