"""One tune: a single melodic line, immutable and exact.

Time is counted in quarter notes as `fractions.Fraction`, from the first sounding or silent
moment of the tune. Ties are merged: a note that a source writes as two tied notes is one
`Note` here, and a writer splits it again where bar lines fall. Grace notes take no time and
hang on the note that they decorate. Bar lines stand where the source has them, so a pickup
is simply a first bar line that comes early.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal, TypeVar

STEPS = "CDEFGAB"
"""Letter names in the order of the octave."""

SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
"""Semitones of each natural letter above C."""

MODES = ("major", "minor", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "ionian", "locrian")
"""Modes that formats spell out; a `Key` may carry another name, kept as it is."""

_MODE_FIFTHS = {
    "major": 0, "ionian": 0, "mixolydian": -1, "dorian": -2, "minor": -3, "aeolian": -3,
    "phrygian": -4, "locrian": -5, "lydian": 1,
}  # fmt: skip
_LINE_OF_FIFTHS = "FCGDAEB"

_Value = TypeVar("_Value")

Phrasing = Literal["marked", "inferred", "none"]
AttachmentKind = Literal[
    "lyric", "chord", "slur", "ornament", "articulation", "dynamic", "fermata", "tempo", "text"
]
BarlineKind = Literal["regular", "double", "final", "dashed", "invisible"]
Repeat = Literal["", "start", "end", "both"]


@dataclass(frozen=True, slots=True, order=True)
class Pitch:
    """A spelled pitch.

    `step` is a letter C to B, `alter` the alteration in semitones (quarter tones and the
    ninths of a tone of Turkish notation are fractions), `octave` the scientific octave
    (C4 is middle C).
    """

    step: str
    alter: Fraction
    octave: int

    @property
    def midi(self) -> Fraction:
        """Height in semitones, 60 for middle C; fractional for microtones."""
        return 12 * (self.octave + 1) + SEMITONES[self.step] + self.alter

    @property
    def height(self) -> int:
        """Staff height in steps: 0 for C0, 28 for C4."""
        return 7 * self.octave + STEPS.index(self.step)

    def __str__(self) -> str:
        return f"{self.step}{alteration_text(self.alter)}{self.octave}"


@dataclass(frozen=True, slots=True)
class Key:
    """A key: tonic, mode and the signature that a source writes.

    `tonic` is a letter with `tonic_alter` semitones (an empty letter where a source gives a
    signature alone); `mode` a lower-case name or an empty string; `signature` the altered
    letters with their alterations in semitones, in the order in which they are written, or
    None where a source names the key and no signature.
    """

    tonic: str = ""
    tonic_alter: int = 0
    mode: str = ""
    signature: tuple[tuple[str, Fraction], ...] | None = None

    @property
    def fifths(self) -> int:
        """Sharps (positive) or flats (negative) of the signature, else of tonic and mode.

        A double sharp counts twice; what is no whole number of semitones counts as one sign.
        """
        if self.signature is not None:
            return sum(_signs(alter) for _, alter in self.signature)
        if not self.tonic:
            return 0
        place = _LINE_OF_FIFTHS.index(self.tonic) - 1 + 7 * self.tonic_alter
        return place + _MODE_FIFTHS.get(self.mode, 0)

    @property
    def alterations(self) -> dict[str, Fraction]:
        """Alteration of each letter that the signature changes."""
        if self.signature is not None:
            return dict(self.signature)
        return dict(standard_signature(self.fifths))

    def __str__(self) -> str:
        if not self.tonic:
            return f"{abs(self.fifths)} {'sharps' if self.fifths >= 0 else 'flats'}"
        return f"{self.tonic}{alteration_text(Fraction(self.tonic_alter))} {self.mode}".rstrip()


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter, or free meter.

    `beats` / `unit` as in 6/8; `beats` 0 means free meter. `grouping` holds the parts of an
    additive meter (3, 2 for 3+2/8). `symbol` is 'c' or 'c|' where a source writes common or
    cut time so, and for free meter the source's own word ('X', 'Z', 'FREI4/4').
    """

    beats: int
    unit: int
    grouping: tuple[int, ...] = ()
    symbol: str = ""

    @property
    def is_free(self) -> bool:
        """True where no meter holds."""
        return self.beats == 0

    @property
    def length(self) -> Fraction:
        """Length of a full bar in quarter notes; 0 in free meter."""
        return Fraction(4 * self.beats, self.unit) if self.beats else Fraction(0)

    def __str__(self) -> str:
        if self.is_free:
            return "free"
        beats = "+".join(map(str, self.grouping)) if self.grouping else str(self.beats)
        return f"{beats}/{self.unit}"


FREE_METER = Meter(0, 1, symbol="X")


@dataclass(frozen=True, slots=True)
class Grace:
    """A grace note: it has a pitch and a written value in quarter notes, and takes no time."""

    pitch: Pitch
    value: Fraction = Fraction(1, 2)
    slashed: bool = True


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something written at a note: a syllable, a chord symbol, a slur's end, an ornament.

    `text` is the syllable ('Hal-' goes on, '_' holds the one before), the chord ('Am7'),
    'start' or 'stop' of a slur, or the field's name of a sign ('trill', 'staccato', 'mf').
    `number` is the verse of a lyric or the number of a slur; `offset` the time in quarter
    notes after the note's onset.
    """

    kind: AttachmentKind
    text: str
    number: int = 1
    offset: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Note:
    """A note or a rest (`pitch` None); onset and duration in quarter notes, ties merged."""

    onset: Fraction
    duration: Fraction
    pitch: Pitch | None = None
    phrase_start: bool = False
    phrase_end: bool = False
    graces: tuple[Grace, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    @property
    def is_rest(self) -> bool:
        """True for a silence."""
        return self.pitch is None

    @property
    def end(self) -> Fraction:
        """Onset plus duration."""
        return self.onset + self.duration


@dataclass(frozen=True, slots=True)
class Barline:
    """A bar line at `onset`, opening the bar `number` (0: the source gives none).

    `suffix` is what a source adds to the number ('a' in 12a); `ending` the label of the
    ending (volta) that begins here, which lasts until a repeat ends it, the next ending
    begins or a double or final bar line comes.
    """

    onset: Fraction
    number: int = 0
    suffix: str = ""
    kind: BarlineKind = "regular"
    repeat: Repeat = ""
    ending: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar as it stands: from bar line to bar line, with the meter that holds there."""

    onset: Fraction
    duration: Fraction
    number: int
    meter: Meter


@dataclass(frozen=True, slots=True)
class Section:
    """A labelled section that begins at `onset`."""

    onset: Fraction
    label: str


@dataclass(frozen=True)
class Tune:
    """A tune.

    Attributes
    ----------
    notes : notes and rests in order of onset, without gap or overlap.
    barlines : bar lines in order; a tune in free meter may have none.
    keys, meters : changes as (onset, value), in order; the first at onset 0 if known.
    sections, expansions : labelled sections, and named orders in which they are played
        ('' the default, 'norep' the one without repeats).
    records : reference records as (Humdrum key, value): ('OTL', title), ('ARE', region).
    comments : free comments of the source.
    tempo : quarter notes a minute, or None.
    instrument : the source's name of the instrument or voice.
    phrasing : 'marked' by the source, 'inferred' by rule, or 'none'.
    provenance : one line of JSON that says how a file was made, or an empty string.
    losses : what the source held and a Tune cannot; not compared.
    source : the file, with '#n' for the n-th tune of a collection; not compared.
    """

    notes: tuple[Note, ...] = ()
    barlines: tuple[Barline, ...] = ()
    keys: tuple[tuple[Fraction, Key], ...] = ()
    meters: tuple[tuple[Fraction, Meter], ...] = ()
    sections: tuple[Section, ...] = ()
    expansions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    records: tuple[tuple[str, str], ...] = ()
    comments: tuple[str, ...] = ()
    tempo: Fraction | None = None
    instrument: str = ""
    phrasing: Phrasing = "none"
    provenance: str = dataclasses.field(default="", compare=False)
    losses: tuple[str, ...] = dataclasses.field(default=(), compare=False)
    source: str = dataclasses.field(default="", compare=False)

    def record(self, key: str) -> str:
        """The first reference record under a Humdrum key, or an empty string."""
        return next((value for name, value in self.records if name == key), "")

    @property
    def title(self) -> str:
        """The title (`OTL`)."""
        return self.record("OTL")

    @property
    def region(self) -> str:
        """The region (`ARE`)."""
        return self.record("ARE")

    @property
    def catalogue(self) -> str:
        """The catalogue or source number (`SCT`)."""
        return self.record("SCT")

    @property
    def composer(self) -> str:
        """The composer (`COM`)."""
        return self.record("COM")

    @property
    def key(self) -> Key | None:
        """The key at the start, or None."""
        return self.keys[0][1] if self.keys else None

    @property
    def meter(self) -> Meter | None:
        """The meter at the start, or None."""
        return self.meters[0][1] if self.meters else None

    @cached_property
    def duration(self) -> Fraction:
        """Total length in quarter notes."""
        return self.notes[-1].end if self.notes else Fraction(0)

    @property
    def is_empty(self) -> bool:
        """True where no note sounds."""
        return all(note.pitch is None for note in self.notes)

    @cached_property
    def bars(self) -> tuple[Bar, ...]:
        """The bars as they stand; the first is the pickup where a bar line comes early."""
        return tuple(_bars(self))

    @property
    def pickup(self) -> Fraction:
        """Length of an incomplete first bar in quarter notes, 0 without one."""
        meter = self.meter
        if meter is None or meter.is_free or not self.bars:
            return Fraction(0)
        first = self.bars[0].duration
        return first if first < meter.length and len(self.bars) > 1 else Fraction(0)

    def key_at(self, onset: Fraction) -> Key | None:
        """The key that holds at an onset, or None."""
        return _at(self.keys, onset)

    def meter_at(self, onset: Fraction) -> Meter | None:
        """The meter that holds at an onset, or None."""
        return _at(self.meters, onset)

    def phrases(self) -> tuple[tuple[Note, ...], ...]:
        """Notes grouped by phrase; the whole tune is one where no phrase is known."""
        groups: list[list[Note]] = []
        opens = True
        for note in self.notes:
            if opens or note.phrase_start:
                groups.append([])
            groups[-1].append(note)
            opens = note.phrase_end
        return tuple(tuple(group) for group in groups)

    def replace(self, **changes: object) -> Tune:
        """A copy with some attributes changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[arg-type]

    def __repr__(self) -> str:
        notes = sum(note.pitch is not None for note in self.notes)
        about = [self.title or self.source or "untitled", f"{notes} notes", f"{len(self.bars)} bars"]
        about += [str(fact) for fact in (self.key, self.meter) if fact is not None]
        return f"<Tune {', '.join(about)}>"


def alteration_text(alter: Fraction) -> str:
    """An alteration in letters: '', '#', '--', '+1/2' for a quarter tone up."""
    if alter.denominator == 1:
        return ("#" if alter > 0 else "-") * abs(int(alter))
    return f"{'+' if alter > 0 else ''}{alter}"


def standard_signature(fifths: int) -> tuple[tuple[str, Fraction], ...]:
    """The altered letters of a conventional signature of -14 to 14 fifths, in written order."""
    order = _LINE_OF_FIFTHS if fifths > 0 else _LINE_OF_FIFTHS[::-1]
    sign = 1 if fifths > 0 else -1
    whole, part = divmod(abs(fifths), 7)
    return tuple(
        (letter, Fraction(sign * (whole + (place < part))))
        for place, letter in enumerate(order)
        if whole or place < part
    )


def _signs(alter: Fraction) -> int:
    return int(alter) if alter.denominator == 1 else 1 if alter > 0 else -1


def _at(changes: tuple[tuple[Fraction, _Value], ...], onset: Fraction) -> _Value | None:
    place = bisect_right(changes, onset, key=lambda change: change[0])
    return changes[place - 1][1] if place else None


def _bars(tune: Tune) -> Iterator[Bar]:
    """Bars between bar lines; a bar line at the very start or end makes no empty bar."""
    free = FREE_METER
    onset, number = Fraction(0), 0
    for line in tune.barlines:
        if line.onset > onset:
            yield Bar(onset, line.onset - onset, number, tune.meter_at(onset) or free)
        onset, number = line.onset, line.number
    if tune.duration > onset:
        yield Bar(onset, tune.duration - onset, number, tune.meter_at(onset) or free)
