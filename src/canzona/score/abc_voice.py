"""One voice of an ABC tune while it is read: pieces, and what stands between them.

A piece is one written note, chord or rest. Lengths are only final when the whole voice is
read (broken rhythm reaches back, a tuplet reaches ahead), so bar lines, keys, meters and
line ends are kept by the number of pieces before them; `abc_assemble` turns numbers into
onsets and ties pieces into notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import TypeVar

from canzona.score.abc_fields import alteration, number
from canzona.score.abc_text import decode_text
from canzona.score.tune import Attachment, BarlineKind, Grace, Key, Meter, Pitch, Repeat

MOST_PIECES = 20_000
"""Notes and rests that one voice may have: a bound against files that are no music."""

DEEPEST_SLURS = 16
"""Slurs that may be open at once."""

_Value = TypeVar("_Value")

_MOST_VERSES = 99
_GRACE_UNIT = Fraction(1, 2)
_SYLLABLE = re.compile(r"[ \t]+|[-_*|]|(?:\\.|[^\\ \t_*|-])+|\\")


@dataclass(slots=True)
class Piece:
    """One written note (the upper one of a chord) or rest."""

    duration: Fraction
    pitch: Pitch | None
    bar: int
    tied: bool = False
    graces: tuple[Grace, ...] = ()
    attachments: list[Attachment] = field(default_factory=list)


@dataclass(slots=True)
class BarMark:
    """Bar line signs that stand together, with the number of pieces before them."""

    position: int
    kind: BarlineKind
    repeat: Repeat = ""
    ending: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """What a tune's header says about each of its voices."""

    key: Key
    meter: Meter | None
    unit: Fraction
    octave: int = 0
    propagate: str = "octave"


class Voice:
    """Pieces and marks of one voice, and what holds at the place that is read."""

    def __init__(self, name: str, label: str, start: Start, losses: dict[str, None]) -> None:
        self.name, self.label = name, label
        self.pieces: list[Piece] = []
        self.bars: list[BarMark] = []
        self.keys: list[tuple[int, Key]] = []
        self.meters: list[tuple[int, Meter]] = []
        self.sections: list[tuple[int, str]] = []
        self.line_ends: list[int] = []
        self.unbegun: set[int] = set()
        self.unended: set[int] = set()
        self.slurs: list[tuple[int, int]] = []
        self.unit, self.octave, self.propagate = start.unit, start.octave, start.propagate
        self.meter = start.meter
        self.losses = losses
        self._altered: dict[object, Fraction] = {}
        self._key: dict[str, Fraction] = start.key.alterations
        self._open: list[int] = []
        self._opening = 0
        self._next = Fraction(1)
        self._tuplet, self._tuplet_left = Fraction(1), 0
        self._pending: list[Attachment] = []
        self._graces: list[Grace] = []
        self._line_from = 0
        self._verse = 0
        self._sung: _Verse | None = None

    # -- what holds from here on --------------------------------------------------------

    def set_key(self, key: Key) -> None:
        """A key change; accidentals of the bar end with it."""
        _put(self.keys, len(self.pieces), key)
        self._key = key.alterations
        self._altered.clear()

    def set_meter(self, meter: Meter) -> None:
        """A meter change."""
        _put(self.meters, len(self.pieces), meter)
        self.meter = meter

    # -- notes --------------------------------------------------------------------------

    def pitch(self, sign: str, size: str, letter: str, marks: str) -> Pitch:
        """The pitch of a written note, with the accidentals of its bar and key."""
        step = letter.upper()
        octave = 4 + (letter > "Z") + marks.count("'") - marks.count(",") + self.octave
        if not -5 <= octave <= 14:
            raise ValueError(f"the note {letter}{marks[:12]} lies outside of every octave")
        place: object = step if self.propagate == "pitch" else (step, octave)
        if sign:
            alter = alteration(sign, size)
            if self.propagate != "not":
                self._altered[place] = alter
            return _pitch(step, alter, octave)
        held = self.pieces[-1] if self.pieces and not self._graces else None
        if held and held.tied and held.pitch and (held.pitch.step, held.pitch.octave) == (step, octave):
            return held.pitch
        alter = self._altered.get(place, self._key.get(step, _NATURAL))
        return _pitch(step, alter, octave)

    def add(self, pitch: Pitch | None, length: Fraction, tied: bool = False) -> None:
        """A note or rest of a length in unit lengths."""
        if len(self.pieces) >= MOST_PIECES:
            raise ValueError(f"a voice of more than {MOST_PIECES} notes is no tune")
        duration = self.unit * length
        if self._next != 1:
            duration *= self._next
            self._next = Fraction(1)
        if self._tuplet_left:
            duration *= self._tuplet
            self._tuplet_left -= 1
        piece = Piece(duration, pitch, len(self.bars), tied)
        if self._pending:
            piece.attachments, self._pending = self._pending, []
        if self._graces:
            piece.graces, self._graces = tuple(self._graces), []
        if self._opening:
            self._open += [len(self.pieces)] * self._opening
            self._opening = 0
        self.pieces.append(piece)

    def add_bars_of_rest(self, count: int) -> None:
        """Whole bars of rest, with bar lines between."""
        meter = self.meter
        length = meter.length if meter is not None else Fraction(0)
        if not length:
            self.lose("bars of rest in free meter, read as whole notes")
            length = Fraction(4)
        for place in range(count):
            if place:
                self.bar("regular")
            self.add(None, length / self.unit)

    def tie(self) -> None:
        """A tie from the last note to the next."""
        if self.pieces and self.pieces[-1].pitch is not None:
            self.pieces[-1].tied = True
        else:
            self.lose("a tie without a note")

    def broken(self, signs: str) -> None:
        """Broken rhythm between the last note and the next: '>' dots the first, '<' the second."""
        if not self.pieces or len(signs) > 3:
            self.lose(f"broken rhythm '{signs[:4]}' without a note")
            return
        short = Fraction(1, 2 ** len(signs))
        first, second = (2 - short, short) if signs[0] == ">" else (short, 2 - short)
        self.pieces[-1].duration *= first
        self._next = second

    def tuplet(self, notes: str, time: str, over: str) -> None:
        """The next `over` notes are played `notes` in the time of `time` (defaults by meter)."""
        p = number(notes)
        compound = self.meter is not None and self.meter.beats > 3 and self.meter.beats % 3 == 0
        q = number(time) if time else {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(p, 3 if compound else 2)
        r = number(over) if over else p
        if not p or not q or not r:
            raise ValueError(f"({notes}:{time}:{over} is no tuplet")
        self._tuplet, self._tuplet_left = Fraction(q, p), r

    def grace(self, pitch: Pitch, length: Fraction, slashed: bool) -> None:
        """A grace note before the next note; its length counts in eighths."""
        if not length:
            raise ValueError("a grace note without length")
        self._graces.append(Grace(pitch, _GRACE_UNIT * length, slashed))

    # -- signs --------------------------------------------------------------------------

    def attach(self, sign: Attachment) -> None:
        """A sign, chord symbol or text for the next note."""
        self._pending.append(sign)

    def open_slur(self) -> None:
        """A slur that begins on the next note."""
        if len(self._open) + self._opening < DEEPEST_SLURS:
            self._opening += 1
        else:
            self.lose(f"more than {DEEPEST_SLURS} slurs at once")

    def close_slur(self) -> None:
        """A slur that ends on the last note: the latest that does not begin on it, else that one."""
        last = len(self.pieces) - 1
        earlier = [place for place, start in enumerate(self._open) if start < last]
        place = earlier[-1] if earlier else len(self._open) - 1
        if place < 0:
            self._opening = max(0, self._opening - 1)
            self.lose("a slur without a beginning")
            return
        self.slurs.append((self._open.pop(place), last))

    def bar(self, kind: BarlineKind, repeat: Repeat = "", ending: str = "") -> None:
        """A bar line; signs that stand together with nothing between are one line."""
        self._altered.clear()
        here = len(self.pieces)
        if not self.bars or self.bars[-1].position != here:
            self.bars.append(BarMark(here, kind, repeat, ending))
            return
        line = self.bars[-1]
        line.kind = max(line.kind, kind, key=_KINDS.index)
        line.repeat = repeat if not line.repeat else line.repeat if repeat in ("", line.repeat) else "both"
        line.ending = ending or line.ending

    def ending(self, label: str) -> None:
        """An ending that begins here."""
        here = len(self.pieces)
        if self.bars and self.bars[-1].position == here:
            self.bars[-1].ending = label
        else:
            self.bars.append(BarMark(here, "invisible", ending=label))

    def number_bar(self, label: str) -> None:
        """The number of the bar that begins here."""
        here = len(self.pieces)
        if self.bars and self.bars[-1].position == here:
            self.bars[-1].number = label
        elif not here:
            self.bars.append(BarMark(0, "invisible", number=label))
        else:
            self.lose(f"the bar number {label[:12]}, which stands within a bar")

    def end_line(self) -> None:
        """The end of a written line of music."""
        here = len(self.pieces)
        if not self.line_ends or self.line_ends[-1] != here:
            self.line_ends.append(here)

    def finish(self) -> None:
        """The end of the voice: what still waits for a note is lost."""
        if self._graces:
            self.lose("grace notes without a note")
        for sign in self._pending:
            self.lose(f"{sign.kind} '{sign.text[:40]}' after the last note")
        if self._open or self._opening:
            self.lose("a slur without an end")

    def lose(self, what: str) -> None:
        """Something that a Tune cannot hold."""
        self.losses[what] = None

    # -- lyrics -------------------------------------------------------------------------

    def begin_line(self) -> None:
        """The first note of a line of music, to which lyrics below are aligned."""
        self._line_from, self._verse, self._sung = len(self.pieces), 0, None

    def lyrics(self, text: str) -> None:
        """A w: line below the last line of music; the next such line is the next verse."""
        self._verse += 1
        if self._verse > _MOST_VERSES:
            self.lose(f"verses after the {_MOST_VERSES}th")
            return
        notes = [piece for piece in self.pieces[self._line_from :] if piece.pitch is not None]
        self._sung = _Verse(notes, self._verse)
        self.more_lyrics(text)

    def more_lyrics(self, text: str) -> None:
        """What a +: line adds to the w: line before it."""
        if self._sung is not None and not self._sung.sing(_SYLLABLE.findall(text)):
            self.lose("syllables beyond the last note of their line")


_KINDS: tuple[BarlineKind, ...] = ("invisible", "dashed", "regular", "double", "final")
_NATURAL = Fraction(0)


@lru_cache(maxsize=4096)
def _pitch(step: str, alter: Fraction, octave: int) -> Pitch:
    return Pitch(step, alter, octave)


def _put(changes: list[tuple[int, _Value]], place: int, value: _Value) -> None:
    if changes and changes[-1][0] == place:
        changes.pop()
    changes.append((place, value))


class _Verse:
    """A verse under the notes of one written line, and how far it has come."""

    def __init__(self, notes: Sequence[Piece], number: int) -> None:
        self._notes, self._number = notes, number
        self._place = 0
        self._last = -1
        self._bar = notes[0].bar - 1 if notes else 0

    def sing(self, tokens: Iterable[str]) -> bool:
        """Give syllables to notes; False where there are more syllables than notes."""
        before = " "
        for token in tokens:
            if token == "-" and before.strip(" \t-_*|"):
                last = self._notes[self._last].attachments[-1]
                self._notes[self._last].attachments[-1] = Attachment("lyric", last.text + "-", self._number)
            elif token == "|":
                self._next_bar()
            elif token.strip(" \t") and not self._give(token):
                return False
            before = token
        return True

    def _next_bar(self) -> None:
        """Go on in the bar after that of the last syllable, or after the one skipped before."""
        self._bar += 1
        while self._place < len(self._notes) and self._notes[self._place].bar < self._bar:
            self._place += 1

    def _give(self, token: str) -> bool:
        if self._place >= len(self._notes):
            return False
        note = self._notes[self._place]
        if token != "*":
            text = token if token in "-_" else decode_text(_with_spaces(token))
            note.attachments.append(Attachment("lyric", text, self._number))
            self._last = self._place
        self._bar = note.bar
        self._place += 1
        return True


def _with_spaces(token: str) -> str:
    """A syllable with '~' read as a space, unless a backslash stands before it."""
    return re.sub(r"(\\.)|~", lambda found: found[1] or " ", token)
