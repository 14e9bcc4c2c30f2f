"""A tune cut into what a staff shows: measures of note pieces with values, tuplets and beams.

A note is cut where a bar line, a change of key or meter, or a sign inside it falls, and then
into pieces that have a written value. Pieces of one note are tied.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from canzona.score.musicxml_signs import VALUES, written_value
from canzona.score.tune import Barline, Meter, Note, Tune

LONGEST_WRITTEN = Fraction(128)
"""Quarter notes; what is longer is written without a value rather than as a chain of ties."""

LARGEST_TUPLET = 1023

_AT_MOMENTS = frozenset({"chord", "dynamic", "tempo", "text"})
_BEAMS = {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4, "128th": 5, "256th": 6, "512th": 7, "1024th": 8}
_DOTTED = sorted(
    (value * ratio for value in VALUES.values() for ratio in (Fraction(1), Fraction(3, 2), Fraction(7, 4))),
    reverse=True,
)


@dataclass(slots=True)
class Piece:
    """A part of a note that one symbol shows.

    `value` is the written value and its dots, None where there is none; `tuplet` (actual,
    normal) notes or None; `beams` the state of each beam level from the first.
    """

    onset: Fraction
    duration: Fraction
    note: Note
    first: bool = True
    last: bool = True
    value: tuple[str, int] | None = None
    tuplet: tuple[int, int] | None = None
    tuplet_starts: bool = False
    tuplet_stops: bool = False
    beams: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Measure:
    """A measure with the bar line that opens it (None at a start without one)."""

    onset: Fraction
    end: Fraction
    opening: Barline | None
    pieces: list[Piece] = field(default_factory=list)


def measures_of(tune: Tune) -> list[Measure]:
    """All measures of a tune; one without notes where the tune has none."""
    lines = {line.onset: line for line in tune.barlines if 0 <= line.onset < tune.duration}
    starts = sorted({Fraction(0), *lines})
    ends = [*starts[1:], tune.duration]
    measures = [Measure(start, end, lines.get(start)) for start, end in zip(starts, ends, strict=True)]
    changes = {onset for onset, _ in tune.keys} | {onset for onset, _ in tune.meters}
    cuts = sorted(changes | set(starts))
    place = at = 0
    for note in tune.notes:
        while at < len(cuts) and cuts[at] <= note.onset:
            at += 1
        inner = at
        while inner < len(cuts) and cuts[inner] < note.end:
            inner += 1
        for piece in _pieces(note, cuts[at:inner]):
            while place + 1 < len(measures) and measures[place].end <= piece.onset:
                place += 1
            measures[place].pieces.append(piece)
    for measure in measures:
        if bisect_right(cuts, measure.onset) == bisect_left(cuts, measure.end):
            _show_whole_rests(measure)
        _mark_tuplets(measure.pieces)
        _beam(measure, tune.meter_at(measure.onset))
    return measures


def _pieces(note: Note, cuts: list[Fraction]) -> list[Piece]:
    edges = sorted({note.onset, note.end, *cuts, *_inner_signs(note)})
    pieces = []
    for start, end in pairwise(edges):
        at = start
        for length in _written_lengths(end - start):
            pieces.append(Piece(at, length, note, first=False, last=False))
            at += length
    if pieces:
        pieces[0].first = pieces[-1].last = True
    for piece in pieces:
        piece.tuplet = _tuplet(piece.duration)
        actual, normal = piece.tuplet or (1, 1)
        piece.value = written_value(piece.duration * actual / normal)
    return pieces


def _inner_signs(note: Note) -> set[Fraction]:
    """Onsets inside a note at which a sign stands that only a note can carry."""
    at_note = (sign.offset for sign in note.attachments if sign.kind not in _AT_MOMENTS)
    return {note.onset + offset for offset in at_note if 0 < offset < note.duration}


def _tuplet(duration: Fraction) -> tuple[int, int] | None:
    """(3, 2) for thirds, (5, 4) for fifths: the denominator's odd part over the power of two below it."""
    odd = duration.denominator
    while odd % 2 == 0:
        odd //= 2
    return (odd, 1 << (odd.bit_length() - 1)) if 1 < odd <= LARGEST_TUPLET else None


def _written_lengths(duration: Fraction) -> Iterator[Fraction]:
    """A duration as a sum of lengths with a written value, the longest first; whole where there is none."""
    actual, normal = _tuplet(duration) or (1, 1)
    rest = duration * actual / normal
    if duration > LONGEST_WRITTEN or rest.denominator > VALUES["1024th"].denominator:
        yield duration
        return
    for length in _DOTTED:
        while length <= rest:
            yield length * normal / actual
            rest -= length
    if rest:  # finer than the shortest value
        yield rest * normal / actual


def _show_whole_rests(measure: Measure) -> None:
    """A rest that fills its measure is one symbol, whatever the meter."""
    if measure.pieces and all(piece.note.pitch is None for piece in measure.pieces):
        first, last = measure.pieces[0], measure.pieces[-1]
        if all(piece.note is first.note for piece in measure.pieces) and not _inner_signs(first.note):
            whole = Piece(first.onset, measure.end - measure.onset, first.note, first.first, last.last)
            measure.pieces = [whole]


def _mark_tuplets(pieces: list[Piece]) -> None:
    """Open and close brackets: a group closes where its sum has an ordinary value again."""
    length = Fraction(0)
    begun: Piece | None = None
    for place, piece in enumerate(pieces):
        if piece.tuplet is None or piece.value is None:
            continue
        if begun is None:
            begun, length = piece, Fraction(0)
            piece.tuplet_starts = True
        length += piece.duration
        following = pieces[place + 1].tuplet if place + 1 < len(pieces) else None
        if length.denominator & (length.denominator - 1) == 0 or following != piece.tuplet:
            piece.tuplet_stops, begun = True, None


def _beam(measure: Measure, meter: Meter | None) -> None:
    """Join the pieces of one beat that have flags, if no rest stands between them."""
    beat_of = _beats(meter)
    length = measure.end - measure.onset
    full = meter.length if meter is not None else length
    pickup = max(full - length, Fraction(0)) if measure.onset == 0 else Fraction(0)
    group: list[Piece] = []
    beat = -1
    for piece in measure.pieces:
        flags = _flags(piece)
        its_beat = beat_of(piece.onset - measure.onset + pickup)
        if flags and its_beat == beat:
            group.append(piece)
            continue
        _join(group)
        group, beat = ([piece], its_beat) if flags else ([], -1)
    _join(group)


def _flags(piece: Piece) -> int:
    if piece.note.pitch is None or piece.value is None:
        return 0
    return _BEAMS.get(piece.value[0], 0)


def _beats(meter: Meter | None) -> Callable[[Fraction], int]:
    """The beat of a place: dotted in compound meters, by group in additive ones, else a quarter."""
    if meter is not None and meter.grouping:
        groups = range(1, len(meter.grouping) + 1)
        ends = [Fraction(4 * sum(meter.grouping[:place]), meter.unit) for place in groups]
        return lambda place: bisect_right(ends, place)
    compound = meter is not None and meter.unit >= 8 and meter.beats % 3 == 0
    beat = Fraction(12, meter.unit) if meter is not None and compound else Fraction(1)
    return lambda place: place // beat


def _join(group: list[Piece]) -> None:
    """Beam states of one group, level by level; a lone level is a hook towards its beat."""
    if len(group) < 2:
        return
    flags = [_flags(piece) for piece in group]
    for place, piece in enumerate(group):
        for level in range(1, flags[place] + 1):
            before = place > 0 and flags[place - 1] >= level
            after = place + 1 < len(group) and flags[place + 1] >= level
            names = {(False, True): "begin", (True, True): "continue", (True, False): "end"}
            hook = "backward hook" if place else "forward hook"
            piece.beams.append(names.get((before, after), hook))
