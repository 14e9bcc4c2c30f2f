"""The table of a written kern file: one row for each note value, with what stands beside it.

Notes are cut into pieces where a bar line or a change falls into them, where a sign hangs on
their middle, and where no single note value holds their length; the pieces are tied.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from canzona.errors import UnsupportedError
from canzona.score.kern_beams import beams
from canzona.score.kern_marks import cell, layout_line
from canzona.score.kern_tokens import SIGNS
from canzona.score.tune import Attachment, Grace, Note, Pitch, Tune

MOST_VERSES = 30
"""Lyric spines that are written; verses beyond stand in layout comments."""

_LONGEST_SPLIT = 64
_MOST_LETTERS = 30
_TEMPO = re.compile(r"[1-9]\d{0,5}(?:/[1-9]\d{0,5})?")
_LETTERS = {known: sign for sign, known in SIGNS.items()}
Changes = Sequence[tuple[Fraction, str]]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a note with a single note value."""

    onset: Fraction
    duration: Fraction
    note: Note
    first: bool
    last: bool


@dataclass(slots=True)
class _Beside:
    """What stands beside the notes, by time: cells of spines (in order of their keys), layout comments."""

    spines: dict[tuple[str, int], dict[Fraction, str]] = field(default_factory=dict)
    comments: dict[Fraction, list[str]] = field(default_factory=lambda: defaultdict(list))

    def times(self) -> set[Fraction]:
        """Moments at which something stands."""
        return {*self.comments, *(time for cells in self.spines.values() for time in cells)}


@dataclass(frozen=True, slots=True)
class _Columns:
    """Columns before and after that of the notes."""

    before: int
    after: int

    def row(self, token: str, others: str) -> str:
        """A row with one token in the notes' column and another in all others."""
        return "\t".join([others] * self.before + [token] + [others] * self.after)

    def change(self, text: str) -> str:
        """A row with a bar line or section label, which stand in every column, or an interpretation."""
        return self.row(text, text if text[0] == "=" or text.startswith("*>") else "*")


def table(tune: Tune, opening: Iterable[str], changes: Changes, signs: dict[Fraction, str]) -> Iterator[str]:
    """The lines of the table, from `**kern` to `*-`.

    Parameters
    ----------
    opening : interpretations at the head.
    changes : bar lines and interpretations with their onsets in quarter notes, in order.
    signs : private signs for parts of a semitone.
    """
    beside = _beside(tune)
    pieces = list(_pieces(tune, changes))
    tokens = dict(zip((piece.onset for piece in pieces), _tokens(tune, pieces, signs), strict=True))
    graces = {note.onset: note.graces for note in tune.notes if note.graces}
    spines = [beside.spines[key] for key in sorted(beside.spines)]
    times = sorted({*tokens, *(time for time in beside.times() if time < tune.duration)})
    timed = len(times) > len(tokens)
    columns = _Columns(int(timed), len(spines))
    names = [f"**{name[1:]}" for name, _ in sorted(beside.spines)]
    yield "\t".join(["**recip"] * timed + ["**kern"] + names)
    yield from (columns.change(text) for text in opening)
    coming = 0
    for time, until in pairwise([*times, tune.duration]):
        while coming < len(changes) and changes[coming][0] <= time:
            yield columns.change(changes[coming][1])
            coming += 1
        yield from (columns.row(comment, "!") for comment in beside.comments.get(time, ()))
        for grace in graces.get(time, ()):
            yield "\t".join(["q"] * timed + [_grace(grace, signs)] + ["."] * len(spines))
        cells = [spine.get(time, ".") for spine in spines]
        yield "\t".join([recip(until - time)] * timed + [tokens.get(time, ".")] + cells)
    yield from (columns.change(text) for _, text in changes[coming:])
    yield columns.row("*-", "*-")


def recip(duration: Fraction) -> str:
    """The kern value of a duration in quarter notes: '4', '8.', '0', or a ratio such as '3%2'."""
    whole = duration / 4
    for dots in range(3):
        base = whole / (2 - Fraction(1, 2**dots))
        if base.numerator == 1:
            return _digits(base.denominator) + "." * dots
        if base in (2, 4, 8):
            return "0" * (base.numerator.bit_length() - 1) + "." * dots
    return f"{_digits(whole.denominator)}%{_digits(whole.numerator)}"


def accidental(alter: Fraction, signs: dict[Fraction, str]) -> str:
    """The signs of an alteration in semitones; '' for none."""
    return ("#" if alter > 0 else "-") * abs(int(alter)) + signs.get(part_of_semitone(alter), "")


def part_of_semitone(alter: Fraction) -> Fraction:
    """What is left of an alteration without its whole semitones."""
    return alter - int(alter)


def states_tempo(mark: Attachment) -> bool:
    """Whether a tempo is a number that `*MM` gives back unchanged."""
    if mark.kind != "tempo" or mark.offset or mark.number != 1:
        return False
    return _TEMPO.fullmatch(mark.text) is not None and mark.text == str(Fraction(mark.text))


def _digits(number: int) -> str:
    if number > 999_999_999:
        raise UnsupportedError("kern cannot hold so fine or long a duration", hint="quantize the tune first")
    return str(number)


# Pieces


def _pieces(tune: Tune, changes: Changes) -> Iterator[_Piece]:
    """The notes cut at changes and signs that fall into them, and into single note values."""
    edges = sorted({onset for onset, _ in changes})
    for note in tune.notes:
        if note.duration <= 0:
            continue
        cuts = set(edges[bisect_right(edges, note.onset) : bisect_left(edges, note.end)])
        cuts |= {
            note.onset + mark.offset
            for mark in note.attachments
            if _has_letter(mark) and 0 < mark.offset < note.duration
        }
        bounds = [note.onset, *sorted(cuts), note.end]
        for begin, end in pairwise(bounds):
            onset = begin
            for value in _values(end - begin):
                yield _Piece(onset, value, note, onset == note.onset, onset + value == note.end)
                onset += value


def _values(duration: Fraction) -> list[Fraction]:
    """Values with up to two dots that add up to a duration; a lone ratio where they are too many."""
    whole = duration / 4
    if whole.denominator & (whole.denominator - 1) or whole > _LONGEST_SPLIT:
        return [duration]
    values = []
    while whole:
        base = min(Fraction(2) ** _power(whole), Fraction(8))
        if whole in (base * 3 / 2, base * 7 / 4):
            base = whole
        values.append(4 * base)
        whole -= base
    return values


def _power(whole: Fraction) -> int:
    """Exponent of the largest power of two that is not above a fraction of powers of two."""
    return whole.numerator.bit_length() - whole.denominator.bit_length()


# Tokens


def _tokens(tune: Tune, pieces: Sequence[_Piece], signs: dict[Fraction, str]) -> Iterator[str]:
    joined = beams(
        tune,
        [piece.onset for piece in pieces],
        [piece.duration for piece in pieces],
        [piece.note.is_rest for piece in pieces],
    )
    for piece, beam in zip(pieces, joined, strict=True):
        yield _token(tune, piece, beam, signs)


def _token(tune: Tune, piece: _Piece, beam: str, signs: dict[Fraction, str]) -> str:
    note = piece.note
    starts = "{" if piece.first and note.phrase_start else ""
    stops = "}" if piece.last and note.phrase_end else ""
    letters = ""
    if note.attachments:
        starts += _slurs(note, "start", "(") if piece.first else ""
        stops = (_slurs(note, "stop", ")") if piece.last else "") + stops
        here = (m for m in note.attachments if _has_letter(m) and note.onset + m.offset == piece.onset)
        letters = "".join(_LETTERS[mark.kind, mark.text] for mark in here)
    tie = "" if piece.first and piece.last else "[" if piece.first else "]" if piece.last else "_"
    starts, stops = (starts + tie, stops) if tie == "[" else (starts, tie + stops)
    name = "r" if note.pitch is None else _name(tune, note.onset, note.pitch, signs)
    return f"{starts}{recip(piece.duration)}{name}{letters}{beam}{stops}"


def _name(tune: Tune, onset: Fraction, pitch: Pitch, signs: dict[Fraction, str]) -> str:
    """Letters and alteration; a natural is spelled out where the signature alters the letter."""
    altered = accidental(pitch.alter, signs)
    if not altered:
        key = tune.key_at(onset)
        altered = "n" if key is not None and pitch.step in key.alterations else ""
    return _letters(pitch) + altered


def _letters(pitch: Pitch) -> str:
    if pitch.octave >= 4:
        return pitch.step.lower() * min(pitch.octave - 3, _MOST_LETTERS)
    return pitch.step * min(4 - pitch.octave, _MOST_LETTERS)


def _grace(grace: Grace, signs: dict[Fraction, str]) -> str:
    value = recip(grace.value) if grace.value > 0 else ""
    name = _letters(grace.pitch) + accidental(grace.pitch.alter, signs)
    return f"{value}{name}{'q' if grace.slashed else 'qq'}"


def _slurs(note: Note, text: str, sign: str) -> str:
    slurs = (mark for mark in note.attachments if mark.text == text and _is_slur(mark))
    return "".join("&" * (mark.number - 1) + sign for mark in slurs)


def _is_slur(mark: Attachment) -> bool:
    plain = not mark.offset and 1 <= mark.number < 10
    return plain and mark.kind == "slur" and mark.text in ("start", "stop")


def _has_letter(mark: Attachment) -> bool:
    return (mark.kind, mark.text) in _LETTERS and mark.number == 1


# What stands beside the notes


def _beside(tune: Tune) -> _Beside:
    beside = _Beside()
    hyphens: set[int] = set()
    for place, note in enumerate(tune.notes):
        for mark in note.attachments:
            if _is_slur(mark) or (place and states_tempo(mark)) or not 0 <= mark.offset < note.duration:
                continue
            if _has_letter(mark):
                continue
            time = note.onset + mark.offset
            if not _put(beside, mark, time, hyphens):
                beside.comments[time].append(layout_line(mark))
    for verse in range(1, max((number for name, number in beside.spines if name == "1text"), default=0)):
        beside.spines.setdefault(("1text", verse), {})
    return beside


def _put(beside: _Beside, mark: Attachment, time: Fraction, hyphens: set[int]) -> bool:
    """Write a mark into a spine's cell; False where there is no such spine or the cell is taken."""
    if mark.kind == "lyric" and 1 <= mark.number <= MOST_VERSES and mark.text:
        verse = beside.spines.setdefault(("1text", mark.number), {})
        if time in verse:
            return False
        verse[time] = ("-" if mark.number in hyphens else "") + cell(mark.text)
        (hyphens.add if mark.text.endswith("-") else hyphens.discard)(mark.number)
        return True
    if mark.number != 1 or not mark.text or mark.kind not in ("chord", "dynamic"):
        return False
    spine = beside.spines.setdefault(("2mxhm" if mark.kind == "chord" else "3dynam", 1), {})
    if time not in spine:
        spine[time] = cell(mark.text, " ")
        return True
    if mark.kind == "dynamic":
        spine[time] += " " + cell(mark.text, " ")
    return mark.kind == "dynamic"
