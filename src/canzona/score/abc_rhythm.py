"""How the notes of a bar are written: lengths that a reader can draw, ties, tuplets, beams.

A note is cut where a bar line, a change or a sign falls into it, and again where no single
note value, plain or dotted, has its length. Durations that no halving of the beat gives
are written as tuplets: a group runs until its end falls on a plain part of the beat again,
``(p:q:r`` puts p of its values in the time of q for the next r notes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import lcm

from canzona.score.tune import Meter, Note

_USUAL_UNIT = Fraction(1, 2)
_DOTTED = Fraction(3, 2)


@dataclass(slots=True)
class Part:
    """One written note: a note, or a part of it that is tied to the next.

    `onset` and `duration` in quarter notes; `value` the written length in quarter notes, which
    differs in a tuplet; `opens` what opens the tuplet, '(3'; `grouped` within an open tuplet.
    """

    note: Note
    onset: Fraction
    duration: Fraction
    value: Fraction
    opens: str = ""
    grouped: bool = False

    @property
    def is_first(self) -> bool:
        """Whether the note begins here."""
        return self.onset == self.note.onset

    @property
    def is_last(self) -> bool:
        """Whether the note ends here."""
        return self.onset + self.duration == self.note.end


def cut(notes: Sequence[Note], at: Sequence[Fraction]) -> Iterator[Part]:
    """Parts of the notes, cut at the onsets `at` (sorted) and at the offsets of their signs."""
    for note in notes:
        inside = list(at[bisect_right(at, note.onset) : bisect_left(at, note.end)])
        if note.pitch is not None:
            inside += [note.onset + s.offset for s in note.attachments if 0 < s.offset < note.duration]
        edges = [note.onset, *sorted(set(inside)), note.end] if inside else [note.onset, note.end]
        for start, end in pairwise(edges):
            yield Part(note, start, end - start, end - start)


def written(bar: Sequence[Part]) -> Iterator[Part]:
    """The parts of one bar as they are written, with tuplets and ties."""
    place = 0
    while place < len(bar):
        if _plain(bar[place].duration):
            yield from _tied(bar[place], Fraction(1))
            place += 1
            continue
        end = _end_of_tuplet(bar, place)
        yield from _tuplet(bar[place:end])
        place = end


def length_text(length: Fraction) -> str:
    """A length in unit lengths: '' for 1, '3', '/2', '3/2'."""
    over = "" if length.numerator == 1 else str(length.numerator)
    return over if length.denominator == 1 else f"{over}/{length.denominator}"


def best_unit(parts: Sequence[Part]) -> Fraction:
    """The unit length in quarter notes: an eighth, or another if that needs far less writing."""
    counts = Counter(part.value for part in parts)

    def effort(unit: Fraction) -> int:
        return sum(n * len(length_text(value / unit)) for value, n in counts.items())

    other = min((Fraction(1, 4), Fraction(1)), key=effort)
    return other if effort(other) * 4 < effort(_USUAL_UNIT) * 3 - 3 * len(counts) else _USUAL_UNIT


def beat_of(meter: Meter | None, bar: Sequence[Part]) -> Fraction:
    """The stretch in quarter notes that one beam spans in a bar."""
    if meter is None or meter.is_free:
        return Fraction(1)
    if meter.beats % 3 == 0 and (meter.beats > 3 or meter.unit >= 8):
        return Fraction(12, meter.unit)
    if meter.length == 4 and meter.beats in (2, 4) and all(part.value >= Fraction(1, 2) for part in bar):
        return Fraction(2)
    return Fraction(1)


def _plain(time: Fraction) -> bool:
    return time.denominator & (time.denominator - 1) == 0


def _end_of_tuplet(bar: Sequence[Part], place: int) -> int:
    total = Fraction(0)
    for end in range(place, len(bar)):
        total += bar[end].duration
        if _plain(total):
            return end + 1
    return len(bar)


def _tuplet(group: Sequence[Part]) -> Iterator[Part]:
    p = 1
    for part in group:
        p = lcm(p, _odd(part.duration.denominator))
    q = _time_of(p, group)
    parts = [piece for part in group for piece in _tied(part, Fraction(p, q))]
    default = {3: 2, 6: 2, 8: 3, 4: 3, 2: 3}.get(p)
    if q == default and len(parts) == p:
        parts[0].opens = f"({p}"
    else:
        parts[0].opens = f"({p}:{q}:{len(parts)}"
    for part in parts:
        part.grouped = True
    yield from parts


def _time_of(p: int, group: Sequence[Part]) -> int:
    """The q of a tuplet of p: the power of two below p, or three quarters or halves of it if plainer."""
    power = 1 << (p.bit_length() - 1)
    choices = [
        q
        for q in (power, power * 3 // 4, power * 3 // 2)
        if q and all(_plain(part.duration * p / q) for part in group)
    ]
    return min(choices, key=lambda q: sum(_effort(part.duration * p / q) for part in group))


def _effort(value: Fraction) -> int:
    """How much a written length takes: dots and ties."""
    return sum(piece.numerator.bit_length() for piece in _values(value))


def _odd(number: int) -> int:
    return number // (number & -number)


def _tied(part: Part, scale: Fraction) -> Iterator[Part]:
    if part.note.pitch is None:
        yield Part(part.note, part.onset, part.duration, part.duration * scale)
        return
    onset = part.onset
    for value in _values(part.duration * scale):
        duration = value / scale
        yield Part(part.note, onset, duration, value)
        onset += duration


def _values(length: Fraction) -> Iterator[Fraction]:
    """Note values, the longest first, that add up to a length whose denominator is a power of two."""
    while length > 0:
        largest = Fraction(1)
        while largest > length:
            largest /= 2
        while largest * 2 <= length:
            largest *= 2
        value = largest * _DOTTED if largest * _DOTTED <= length else largest
        yield value
        length -= value
