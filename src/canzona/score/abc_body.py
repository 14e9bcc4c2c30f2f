"""The body of an ABC tune as we write it: one phrase a line, its lyrics below.

Between two notes stand, in this order, the bar line, section, meter, key and bar number; at
a line's end the bar line is divided, so that ``:|`` closes the line and ``|:`` or ``[2``
opens the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from canzona.score.abc_fields import accidental, key_text, write_meter, write_tempo
from canzona.score.abc_rhythm import Part, beat_of, best_unit, cut, length_text, written
from canzona.score.abc_signs import name_of_sign
from canzona.score.abc_text import encode_text
from canzona.score.tune import Attachment, Barline, Grace, Note, Pitch, Tune

BARS_A_LINE = 4
"""Bars on a line of a tune without phrases."""

_LINES = {"regular": "|", "double": "||", "final": "|]", "dashed": ".|", "invisible": "[|]"}
_DIGITS = re.compile(r"\d{1,5}")
_ENDING = re.compile(r"\d{1,5}(?:[-,.]\d{1,5})*\Z")


class BodyWriter:
    """Writes the notes of a tune.

    Parameters
    ----------
    tune : the tune.
    numbers : labels of the bars that counting does not number rightly, by onset.
    starts_counted : whether a reader numbers the first bar though no bar line opens it.
    """

    def __init__(self, tune: Tune, numbers: dict[Fraction, str], *, starts_counted: bool) -> None:
        self._tune = tune
        self._numbers = numbers
        self._barlines = {line.onset: line for line in tune.barlines}
        first = tune.barlines[0] if tune.barlines else None
        opening = Barline(Fraction(0), 1, kind="invisible")
        if first == opening and starts_counted and opening.onset not in numbers:
            del self._barlines[opening.onset]
        self._fields = _fields_by_onset(tune)
        self._bars = list(_bars_of_parts(tune, self._fields))
        self.unit = best_unit([part for bar in self._bars for part in bar])
        self._breaks = _line_breaks(tune)
        self._spelling = _Spelling(tune)
        self._lines: list[str] = []
        self._line: list[str] = []
        self._sung: list[Part] = []
        self._wedge = "crescendo"

    def lines(self) -> list[str]:
        """The lines of the body."""
        self._between(Fraction(0), None, self._tune.notes[0] if self._tune.notes else None)
        before: Part | None = None
        for bar in self._bars:
            beat = beat_of(self._tune.meter_at(bar[0].onset), bar)
            shift = self._shift(bar)
            for part in bar:
                if before is not None:
                    self._between(part.onset, before, part.note)
                    self._space(before, part, beat, shift + part.onset - bar[0].onset)
                self._part(part)
                before = part
        if before is not None:
            self._between(self._tune.duration, before, None)
        self._end_line()
        return self._lines

    def _shift(self, bar: list[Part]) -> Fraction:
        """How far into the meter's bar this one begins: a pickup stands at its end."""
        meter = self._tune.meter_at(bar[0].onset)
        length = bar[-1].onset + bar[-1].duration - bar[0].onset
        if meter is None or meter.is_free or length >= meter.length:
            return Fraction(0)
        line = self._barlines.get(bar[0].onset)
        return Fraction(0) if line is not None and line.number else meter.length - length

    def _space(self, before: Part, part: Part, beat: Fraction, time: Fraction) -> None:
        """A space ends a beam."""
        long = part.value >= 1 or before.value >= 1
        inside = part.grouped and not part.opens
        if self._line and not self._line[-1].endswith(" ") and not inside and (long or not time % beat):
            self._line.append(" ")

    # -- between notes ------------------------------------------------------------------

    def _between(self, onset: Fraction, before: Part | None, after: Note | None) -> None:
        """What stands between two written notes, or before the first or after the last."""
        breaks = before is not None and before.is_last and after is not None and onset in self._breaks
        line = self._barlines.get(onset)
        fields = self._fields.get(onset, [])
        closing, opening = "", ""
        if line is not None:
            self._spelling.end_bar()
            closing, opening = _bar_signs(line, apart=breaks or bool(fields))
        self._add_bar(closing)
        if breaks or after is None:
            self._remark(before is not None and not before.note.phrase_end, "no phrase ends")
        if breaks:
            self._end_line()
        self._add_fields(fields, onset)
        self._add_bar(opening)
        if onset in self._numbers:
            self._line.append(f"[I:setbarnb {self._numbers[onset]}]")
        if breaks or before is None:
            self._remark(after is not None and not after.phrase_start, "no phrase begins")

    def _remark(self, needed: bool, text: str) -> None:
        """Say that a line and a phrase do not begin or end together."""
        if needed and self._tune.phrasing != "none":
            self._line.append(f"[r:{text}]")

    def _add_fields(self, fields: list[str], onset: Fraction) -> None:
        """Fields on lines of their own where a line begins, else within the line."""
        if self._line:
            self._line += [f"[{field}]" for field in fields]
        else:
            self._lines += fields
        if any(field.startswith("K:") for field in fields):
            self._spelling.change_key(onset)

    def _add_bar(self, sign: str) -> None:
        if self._line and sign and not self._line[-1].endswith(" "):
            self._line.append(" ")
        self._line += [sign, " "] if sign else []

    def _end_line(self) -> None:
        text = "".join(self._line).strip()
        if text:
            self._lines.append(text)
            self._lines += _lyrics(self._sung)
        self._line, self._sung = [], []

    # -- notes --------------------------------------------------------------------------

    def _part(self, part: Part) -> None:
        note = part.note
        slurs = [sign.text for sign in note.attachments if sign.kind == "slur"]
        before, after = part.opens, ""
        if part.is_first:
            before += "(" * slurs.count("start")
            before += self._grace_notes(note.graces)
        signs = [s for s in note.attachments if s.kind not in ("slur", "lyric") and _stands_at(s, part)]
        # A number before the first note would be the tempo of the whole tune.
        worded = self._tune.tempo is None and part.is_first and note is self._tune.notes[0]
        before += "".join(
            _tempo(s.text, worded=worded) if s.kind == "tempo" else self._sign(s) for s in signs
        )
        if part.is_last:
            after = ")" * slurs.count("stop")
        elif note.pitch is not None:
            after = "-"
        name = "z" if note.pitch is None else self._spelling.name(note.pitch)
        self._line.append(f"{before}{name}{length_text(part.value / self.unit)}{after}")
        self._sung.append(part)

    def _grace_notes(self, graces: tuple[Grace, ...]) -> str:
        text = ""
        slashed: bool | None = None
        for grace in graces:
            if grace.slashed != slashed:
                text += ("}" if text else "") + ("{/" if grace.slashed else "{")
                slashed = grace.slashed
            text += self._spelling.name(grace.pitch) + length_text(grace.value * 2)
        return text + "}" if text else ""

    def _sign(self, sign: Attachment) -> str:
        if sign.kind == "chord":
            plain = encode_text(sign.text, '"')
            return f'"\\u{ord(plain[0]):04x}{plain[1:]}"' if plain[:1] in tuple("^_<>@") else f'"{plain}"'
        name = name_of_sign(sign)
        if sign.kind == "dynamic" and sign.text in ("crescendo", "diminuendo"):
            self._wedge = sign.text
        if sign.kind == "dynamic" and sign.text == "stop":
            name = f"{self._wedge})"
        if name is None:
            return f'"^{encode_text(sign.text, chr(34))}"' if sign.kind != "fermata" else "!fermata!"
        return {"staccato": ".", "roll": "~"}.get(name, f"!{name}!")


class _Spelling:
    """Which accidentals a note needs.

    Some programs let an accidental hold in its octave, others in all octaves; one is written
    wherever either of them would go wrong.
    """

    def __init__(self, tune: Tune) -> None:
        self._tune = tune
        self._octaves: dict[tuple[str, int], Fraction] = {}
        self._steps: dict[str, Fraction] = {}
        self._key: dict[str, Fraction] = {}
        self.change_key(Fraction(0))

    def end_bar(self) -> None:
        """Forgets the accidentals of the bar."""
        self._octaves.clear()
        self._steps.clear()

    def change_key(self, onset: Fraction) -> None:
        """Takes the key that holds at an onset; the accidentals before it end with it."""
        key = self._tune.key_at(onset)
        self._key = key.alterations if key is not None else {}
        self.end_bar()

    def name(self, pitch: Pitch) -> str:
        """The note's name with the accidental that it needs here."""
        place = (pitch.step, pitch.octave)
        held = self._key.get(pitch.step, Fraction(0))
        sign = ""
        if {self._octaves.get(place, held), self._steps.get(pitch.step, held)} != {pitch.alter}:
            sign = accidental(pitch.alter)
            self._octaves[place] = self._steps[pitch.step] = pitch.alter
        if pitch.octave > 4:
            return sign + pitch.step.lower() + "'" * (pitch.octave - 5)
        return sign + pitch.step + "," * (4 - pitch.octave)


def _bars_of_parts(tune: Tune, fields: dict[Fraction, list[str]]) -> Iterator[list[Part]]:
    edges = sorted({line.onset for line in tune.barlines})
    parts = cut(tune.notes, sorted({*edges, *fields}))
    bar: list[Part] = []
    place = 0
    for part in parts:
        while place < len(edges) and edges[place] <= part.onset:
            place += 1
            if bar:
                yield list(written(bar))
                bar = []
        bar.append(part)
    if bar:
        yield list(written(bar))


def _fields_by_onset(tune: Tune) -> dict[Fraction, list[str]]:
    """Inline fields by the onset where they stand; the first key and meter stand in the header."""
    fields: dict[Fraction, list[str]] = {}
    for section in tune.sections:
        fields.setdefault(section.onset, []).append(f"P:{encode_text(section.label, ']')}")
    for onset, meter in tune.meters:
        if onset:
            fields.setdefault(onset, []).append(f"M:{write_meter(meter)}")
    for onset, key in tune.keys:
        if onset:
            fields.setdefault(onset, []).append(f"K:{key_text(key)}")
    return fields


def _line_breaks(tune: Tune) -> set[Fraction]:
    if tune.phrasing == "none":
        return {line.onset for line in tune.barlines[BARS_A_LINE::BARS_A_LINE]}
    pairs = pairwise(tune.notes)
    return {after.onset for before, after in pairs if before.phrase_end or after.phrase_start}


def _bar_signs(line: Barline, *, apart: bool) -> tuple[str, str]:
    """Signs that close a bar and that open the next, `apart` where something stands between them."""
    closing = _LINES[line.kind]
    if line.repeat in ("end", "both"):
        closing = ".:|" if line.kind == "dashed" else f":{closing}"
    opening = "|:" if line.repeat in ("start", "both") else ""
    ending = line.ending if _ENDING.match(line.ending) else ",".join(_DIGITS.findall(line.ending))
    if line.kind == "regular" and opening:
        closing = "" if line.repeat == "start" else closing if apart else "::"
        opening = "" if closing == "::" else opening
    elif line.kind == "invisible" and ending and not line.repeat:
        closing = ""
    if ending and not apart and not opening and closing in ("|", ":|"):
        return closing + ending, ""
    return closing, f"{opening} [{ending}".strip() if ending else opening


def _stands_at(sign: Attachment, part: Part) -> bool:
    """Whether a sign is written at this part of its note: the one where it stands, else the first."""
    note = part.note
    inside = note.pitch is not None and 0 <= sign.offset < note.duration
    return part.onset - note.onset == (sign.offset if inside else 0)


def _tempo(text: str, *, worded: bool) -> str:
    try:
        number = Fraction(text)
        field = write_tempo(number) if str(number) == text and not worded else None
    except (ValueError, ZeroDivisionError):
        field = None
    quoted = encode_text(text, '"]')
    return f"[Q:{field}]" if field else f'[Q:"{quoted}"]'


def _lyrics(parts: list[Part]) -> Iterator[str]:
    """w: lines for the verses of a line."""
    sung = [part for part in parts if part.note.pitch is not None]
    verses = {s.number for part in sung for s in part.note.attachments if s.kind == "lyric"}
    for verse in range(1, min(max(verses, default=0), 99) + 1):
        syllables = [_syllable(part, verse) for part in sung]
        while syllables and syllables[-1] == "*":
            syllables.pop()
        text = ""
        for syllable in syllables or ["*"]:
            text += syllable if text.endswith("-") and syllable != "-" else f" {syllable}"
        yield f"w:{text}"


def _syllable(part: Part, verse: int) -> str:
    """What a verse has under a written note: a syllable, '_' where a tie holds it, or '*'."""
    verses = [s for s in part.note.attachments if s.kind == "lyric" and s.number == verse and s.text]
    here = next((s.text for s in verses if s.offset == part.onset - part.note.onset), None)
    if here is None:
        return "_" if verses and not part.is_first else "*"
    if here in ("_", "-"):
        return here
    bare = here.removesuffix("-")
    spelled = encode_text(bare, "_*|~" + "".join(letter for letter in bare if letter.isspace()))
    return spelled.replace("\\u0020", "~").replace("-", r"\-") + "-" * (bare != here)
