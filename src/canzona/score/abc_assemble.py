"""From the pieces of an ABC voice to a Tune: onsets, ties, slurs, bar numbers, phrases.

Bars are numbered as Humdrum does: a pickup has no number (0), the first full bar is 1, and a
bar that a repeat or a line end cuts in two counts once, the second half having no number. A
voice that begins with a full bar and no bar line gets an invisible one that carries the 1.
"""

from __future__ import annotations

import dataclasses
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import TypeVar

from canzona.score.abc_voice import BarMark, Piece, Voice
from canzona.score.phrases import infer_phrases
from canzona.score.tune import (
    Attachment,
    Barline,
    Key,
    Meter,
    Note,
    Phrasing,
    Section,
    Tune,
    standard_signature,
)

FINEST_TICK = 2**48
"""Parts of a quarter note that the lengths of one tune may need: a bound against nonsense."""

_Value = TypeVar("_Value")

_LAST = {"slur": 1, "lyric": 2}


@dataclass(slots=True)
class TuneParts:
    """What a tune has beside the notes of a voice, while it is read."""

    records: list[tuple[str, str]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    expansions: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    number: str = ""
    tempo: Fraction | None = None
    tempo_words: str = ""
    first_key: Key | None = None
    first_meter: Meter | None = None
    instrument: str = ""
    provenance: str = ""
    phrasing: Phrasing | None = None
    bars: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    losses: tuple[str, ...] = ()
    source: str = ""

    def add_written(self, name: str, value: object) -> None:
        """Add what a line %%canzona-record, -comment or -order holds; TypeError if it is malformed."""
        match name, value:
            case "record", [str(key), str(text)]:
                self.records.append((key, text))
            case "comment", str(text):
                self.comments.append(text)
            case "order", [str(order), [*labels]] if all(isinstance(label, str) for label in labels):
                self.expansions.append((order, tuple(map(str, labels))))
            case _:
                raise TypeError(name)


def assemble(voice: Voice, parts: TuneParts) -> Tune:
    """The Tune of a voice. ValueError where its lengths are no music."""
    onsets = _onsets(voice.pieces)
    notes, place_of = _tied(voice, onsets)
    _attach(voice, parts, notes, place_of)
    meters = _changes(voice.meters, parts.first_meter, onsets)
    keys = _changes(voice.keys, None if "unknown" in parts.keys else parts.first_key, onsets)
    if "named" in parts.keys:
        keys = tuple((onset, _unsigned(key)) for onset, key in keys)
    tune = Tune(
        notes=tuple(notes),
        barlines=_barlines(voice.bars, onsets, meters, parts.bars),
        keys=keys,
        meters=meters,
        sections=tuple(Section(onsets[place], label) for place, label in voice.sections),
        expansions=tuple(parts.expansions),
        records=_records(parts),
        comments=tuple(parts.comments),
        tempo=parts.tempo,
        instrument=parts.instrument,
        provenance=parts.provenance,
        losses=tuple(dict.fromkeys((*parts.losses, *voice.losses))),
        source=parts.source,
    )
    if parts.phrasing is None:
        return infer_phrases(tune, [onsets[place] for place in voice.line_ends])
    return _with_written_phrases(tune, voice, parts.phrasing, place_of)


def bar_numbers(
    starts: Sequence[Fraction],
    total: Fraction,
    meters: Sequence[tuple[Fraction, Meter]],
    given: dict[int, int],
    wanted: Sequence[int | None] = (),
) -> list[int]:
    """Numbers of the bars that begin at `starts` (in quarter notes, the first at 0).

    `given` holds numbers that a source states, by place; counting goes on from them. Where
    `wanted` names a number that counting does not give, it is added to `given`.
    """
    numbers: list[int] = []
    count, missing = 0, Fraction(0)
    for place, (start, end) in enumerate(zip(starts, [*starts[1:], total], strict=True)):
        changed = bisect_right(meters, start, key=lambda change: change[0])
        full = meters[changed - 1][1].length if changed else Fraction(0)
        length = end - start
        if not length or (place == 0 and length < full) or 0 < length <= missing:
            number = 0
            missing -= min(length, missing)
        else:
            number = count + 1
            missing = max(full - length, Fraction(0))
        if wanted and wanted[place] not in (None, number):
            given[place] = wanted[place] or 0
        number = given.get(place, number)
        count = number or count
        numbers.append(number)
    return numbers


def slur_signs(slurs: Sequence[tuple[int, int]]) -> list[tuple[int, Attachment]]:
    """Starts and stops of slurs given as pairs of note places; a number is free again after its stop."""
    starts: dict[int, list[int]] = {}
    for first, last in sorted(slurs, key=lambda slur: (slur[0], -slur[1])):
        starts.setdefault(first, []).append(last)
    places = sorted({place for slur in slurs for place in slur})
    running: list[tuple[int, int]] = []
    signs: list[tuple[int, Attachment]] = []
    for place in places:
        signs += [(place, Attachment("slur", "stop", n)) for n, last in sorted(running) if last == place]
        running = [(n, last) for n, last in running if last != place]
        for last in starts.get(place, ()):
            number = next(n for n in range(1, len(running) + 2) if all(n != used for used, _ in running))
            running.append((number, last))
            signs.append((place, Attachment("slur", "start", number)))
    return signs


def _onsets(pieces: Sequence[Piece]) -> list[Fraction]:
    """Onset of each piece, and the end; computed in whole ticks, which is fast."""
    durations = {piece.duration for piece in pieces}
    ticks = 1
    for duration in durations:
        ticks = lcm(ticks, duration.denominator)
        if ticks > FINEST_TICK:
            raise ValueError("the lengths of its notes divide the beat into more parts than music does")
    whole = {duration: int(duration * ticks) for duration in durations}
    onsets, now = [Fraction(0)], 0
    for piece in pieces:
        now += whole[piece.duration]
        onsets.append(Fraction(now, ticks))
    return onsets


def _tied(voice: Voice, onsets: Sequence[Fraction]) -> tuple[list[Note], list[int]]:
    """Notes with ties merged, and for each piece the place of its note."""
    notes: list[Note] = []
    place_of: list[int] = []
    held: list[Attachment] = []
    before: Piece | None = None
    onset = Fraction(0)
    for place, piece in enumerate(voice.pieces):
        goes_on = before is not None and before.tied and piece.pitch == before.pitch and not piece.graces
        if before is not None and before.tied and not goes_on:
            voice.lose("a tie that leads to no equal note")
        if not goes_on:
            onset, held = onsets[place], []
            notes.append(Note(onset, piece.duration, piece.pitch, graces=piece.graces))
        for sign in piece.attachments:
            if goes_on and sign.kind == "lyric" and sign.text == "_":
                continue
            held.append(dataclasses.replace(sign, offset=onsets[place] - onset) if goes_on else sign)
        if goes_on or held:
            duration = onsets[place + 1] - onset
            notes[-1] = dataclasses.replace(notes[-1], duration=duration, attachments=_in_order(held))
        place_of.append(len(notes) - 1)
        before = piece
    if before is not None and before.tied:
        voice.lose("a tie that leads to no equal note")
    return notes, place_of


def _attach(voice: Voice, parts: TuneParts, notes: list[Note], place_of: Sequence[int]) -> None:
    """Slurs and the words of the header's tempo."""
    signs: list[tuple[int, Attachment]] = []
    if parts.tempo_words:
        if notes:
            signs.append((0, Attachment("tempo", parts.tempo_words)))
        else:
            voice.lose(f"the tempo '{parts.tempo_words[:40]}'")
    slurs = [(place_of[first], place_of[last]) for first, last in voice.slurs]
    if any(first == last for first, last in slurs):
        voice.lose("a slur over one note")
    signs += slur_signs([slur for slur in slurs if slur[0] != slur[1]])
    for place, sign in signs:
        note = notes[place]
        first = (sign, *note.attachments) if sign.kind == "tempo" else (*note.attachments, sign)
        notes[place] = dataclasses.replace(note, attachments=_in_order(first))


def _in_order(signs: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """Signs as they are written, then slurs, then syllables."""
    if len(signs) < 2:
        return tuple(signs)
    return tuple(sorted(signs, key=lambda sign: _LAST.get(sign.kind, 0)))


def _changes(
    changes: Sequence[tuple[int, _Value]], first: _Value | None, onsets: Sequence[Fraction]
) -> tuple[tuple[Fraction, _Value], ...]:
    found = [(onsets[place], value) for place, value in changes]
    if first is not None and (not found or found[0][0]):
        found.insert(0, (Fraction(0), first))
    return tuple(found)


def _unsigned(key: Key) -> Key:
    standard = standard_signature(Key(key.tonic, key.tonic_alter, key.mode).fifths)
    return dataclasses.replace(key, signature=None) if key.tonic and key.signature == standard else key


def _barlines(
    marks: Sequence[BarMark],
    onsets: Sequence[Fraction],
    meters: tuple[tuple[Fraction, Meter], ...],
    flags: frozenset[str],
) -> tuple[Barline, ...]:
    if not marks:
        return ()
    marks = list(marks)
    opened = marks[0].position == 0
    if not opened:
        marks.insert(0, BarMark(0, "invisible"))
    given = {place: _label(mark.number) for place, mark in enumerate(marks) if mark.number}
    starts = [onsets[mark.position] for mark in marks]
    known = {place: number for place, (number, _) in given.items()}
    numbers = bar_numbers(starts, onsets[-1], meters, known)
    lines = [
        Barline(
            start,
            0 if "unnumbered" in flags else number,
            given.get(place, (0, ""))[1],
            mark.kind,
            mark.repeat,
            mark.ending,
        )
        for place, (start, number, mark) in enumerate(zip(starts, numbers, marks, strict=True))
    ]
    if not opened and (flags or not lines[0].number):
        del lines[0]
    return tuple(lines)


def _label(text: str) -> tuple[int, str]:
    found = re.match(r"(\d{1,9})(.*)", text)
    return (int(found[1]), found[2]) if found else (0, text)


def _records(parts: TuneParts) -> tuple[tuple[str, str], ...]:
    if parts.number and all(key != "SCT" for key, _ in parts.records):
        return (("SCT", parts.number), *parts.records)
    return tuple(parts.records)


def _with_written_phrases(tune: Tune, voice: Voice, phrasing: Phrasing, place_of: Sequence[int]) -> Tune:
    """Phrase marks as we write them: a phrase a line, exceptions said by remarks."""
    if phrasing == "none" or not tune.notes:
        return tune.replace(phrasing=phrasing)
    pieces = len(place_of)
    cuts = {0, pieces, *voice.line_ends}
    begins = {place_of[cut] for cut in cuts - voice.unbegun if cut < pieces}
    ends = {place_of[cut - 1] for cut in cuts - voice.unended if cut}
    notes = tuple(
        dataclasses.replace(note, phrase_start=place in begins, phrase_end=place in ends)
        for place, note in enumerate(tune.notes)
    )
    return tune.replace(notes=notes, phrasing=phrasing)
