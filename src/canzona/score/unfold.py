"""Repeats and endings played out.

A tune keeps its repeats as its source writes them. The order in which they sound follows from
the source's own default expansion list, where it has one, else from the bar lines: a part
between repeat signs is played twice, or as often as the highest number of its endings says.
"""

from __future__ import annotations

import dataclasses
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from canzona.score.tune import Barline, Key, Meter, Note, Tune

MOST_PASSES = 16
"""No ending is counted beyond this number; a typing error shall not make an endless tune."""

MOST_TIMES = 64
"""An expansion list that plays a tune longer than this many times is not followed."""

_Value = TypeVar("_Value")
_Timed = TypeVar("_Timed", Note, Barline)
Span = tuple[Fraction, Fraction]


@dataclass(slots=True)
class _Part:
    """A stretch between two bar lines that direct the player."""

    begin: Fraction
    end: Fraction
    opens: bool
    closes: bool = False
    passes: frozenset[int] = frozenset()


def playing_order(tune: Tune) -> tuple[Span, ...]:
    """Stretches (begin, end) in quarter notes, in the order in which they sound.

    Neighbours that follow one another in the score are joined, so a tune without repeats is
    one stretch; an empty tune has none.
    """
    if not tune.notes:
        return ()
    return _joined(_expanded(tune) or _walked(_parts(tune)))


def unfold(tune: Tune) -> Tune:
    """The tune as it sounds: repeats and endings written out, their signs and sections gone.

    A tune without repeats is returned as it is.
    """
    order = playing_order(tune)
    if order in ((), ((0, tune.duration),)):
        return tune
    notes: list[Note] = []
    barlines: list[Barline] = []
    keys: list[tuple[Fraction, Key]] = []
    meters: list[tuple[Fraction, Meter]] = []
    now = Fraction(0)
    for begin, end in order:
        shift = now - begin
        notes += [_moved(note, shift, begin, end) for note in _sounding(tune.notes, begin, end)]
        if _fills_a_bar(tune, barlines, now, begin):
            barlines.append(Barline(now))
        barlines += [_plain(line, shift) for line in _between(tune.barlines, begin, end)]
        _carry(keys, tune.key_at(begin), now)
        _carry(meters, tune.meter_at(begin), now)
        keys += [(at + shift, key) for at, key in tune.keys if begin < at < end]
        meters += [(at + shift, meter) for at, meter in tune.meters if begin < at < end]
        now += end - begin
    if tune.barlines and tune.barlines[-1].onset >= tune.duration:
        barlines.append(dataclasses.replace(tune.barlines[-1], onset=now, repeat="", ending=""))
    return tune.replace(
        notes=tuple(notes),
        barlines=tuple(barlines),
        keys=tuple(keys),
        meters=tuple(meters),
        sections=(),
        expansions=(),
    )


def _expanded(tune: Tune) -> list[Span]:
    """The default expansion list as stretches; nothing where there is none or it names the unknown."""
    order = dict(tune.expansions).get("", ())
    begins = [section.onset for section in tune.sections]
    ends = {
        section.label: end for section, end in zip(tune.sections, [*begins[1:], tune.duration], strict=False)
    }
    starts = {section.label: section.onset for section in tune.sections}
    if not order or any(label not in starts for label in order):
        return []
    before = [(Fraction(0), begins[0])] if begins[0] > 0 else []
    spans = before + [(starts[label], ends[label]) for label in order if ends[label] > starts[label]]
    return spans if sum(end - begin for begin, end in spans) <= MOST_TIMES * tune.duration else []


def _parts(tune: Tune) -> list[_Part]:
    """The tune cut at each bar line that repeats, begins an ending or ends one."""
    parts = [_Part(Fraction(0), tune.duration, opens=True)]
    for line in tune.barlines:
        last = parts[-1]
        ends_ending = bool(last.passes) and line.kind in ("double", "final")
        if not (line.repeat or line.ending or ends_ending):
            continue
        closes, opens = line.repeat in ("end", "both"), line.repeat in ("start", "both")
        if line.onset <= last.begin:
            last.opens |= opens
            last.passes = _numbers(line.ending) or last.passes
        elif line.onset >= tune.duration:
            last.closes |= closes
        else:
            last.end, last.closes = line.onset, closes
            parts.append(_Part(line.onset, tune.duration, opens, passes=_numbers(line.ending)))
    return parts


def _walked(parts: list[_Part]) -> list[Span]:
    """The walk of a player who counts passes and jumps back at each closing repeat."""
    order: list[Span] = []
    times = _times(parts)
    start, number, at = 0, 1, 0
    while at < len(parts):
        part = parts[at]
        if at != start and _begins_anew(parts, at):
            start, number = at, 1
        if part.passes and number not in part.passes:
            if _lacks_its_repeat(parts, at, number):
                at, number = start, number + 1
            else:
                at += 1
            continue
        order.append((part.begin, part.end))
        if part.closes and number < times[at]:
            at, number = start, number + 1
        else:
            at += 1
    return order


def _lacks_its_repeat(parts: list[_Part], at: int, number: int) -> bool:
    """Whether the ending before was played, no sign jumps back, and this one is for the next pass."""
    before = parts[at - 1] if at else parts[at]
    follows = number in before.passes and not before.closes and not parts[at].opens
    return follows and number + 1 in parts[at].passes


def _begins_anew(parts: list[_Part], at: int) -> bool:
    """Whether what is repeated begins here: at an opening sign, or where a repeat or its endings are over."""
    before = parts[at - 1]
    return parts[at].opens or (not parts[at].passes and (before.closes or bool(before.passes)))


def _times(parts: list[_Part]) -> list[int]:
    """For each part, how often a repeat that closes there is played: by its group of endings, else twice."""
    times = [2] * len(parts)
    first = 0
    for at, part in enumerate(parts):
        if not part.passes or part.opens:
            first = at
        if at + 1 == len(parts) or not parts[at + 1].passes or parts[at + 1].opens:
            group = range(first, at + 1)
            highest = max(max(parts[each].passes, default=2) for each in group)
            for each in group:
                times[each] = max(2, highest)
    return times


def _numbers(label: str) -> frozenset[int]:
    """The passes that an ending's label names: '1', '1,2', '1-3'."""
    found: set[int] = set()
    for first, last in re.findall(r"([0-9]{1,3})(?:\s*-\s*([0-9]{1,3}))?", label[:200]):
        found.update(range(int(first), min(int(last or first), MOST_PASSES) + 1))
    return frozenset(number for number in found if 1 <= number <= MOST_PASSES)


def _joined(order: Iterable[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for begin, end in order:
        if joined and joined[-1][1] == begin:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((begin, end))
    return tuple(joined)


def _between(timed: tuple[_Timed, ...], begin: Fraction, end: Fraction) -> tuple[_Timed, ...]:
    """What begins in a stretch."""
    first, last = (bisect_left(timed, edge, key=lambda each: each.onset) for edge in (begin, end))
    return timed[first:last]


def _sounding(notes: tuple[Note, ...], begin: Fraction, end: Fraction) -> tuple[Note, ...]:
    """What sounds in a stretch: a note that is tied into it too."""
    first = bisect_right(notes, begin, key=lambda note: note.end)
    return notes[first : bisect_left(notes, end, key=lambda note: note.onset)]


def _moved(note: Note, shift: Fraction, begin: Fraction, end: Fraction) -> Note:
    """The note elsewhere; one that is tied across the jump ends there, or is struck anew."""
    onset = max(note.onset, begin)
    if onset > note.onset:
        note = dataclasses.replace(note, graces=(), attachments=())
    return dataclasses.replace(note, onset=onset + shift, duration=min(note.end, end) - onset)


def _fills_a_bar(tune: Tune, played: list[Barline], now: Fraction, begin: Fraction) -> bool:
    """Whether a bar line is due where the player jumps to `begin` and none is written there.

    None is where the bar before the jump and the one after it make one: a last bar that lacks
    what the pickup has.
    """
    place = bisect_left(tune.barlines, begin, key=lambda line: line.onset)
    after = tune.barlines[place].onset if place < len(tune.barlines) else tune.duration
    if not now or not tune.barlines or after == begin:
        return False
    meter = tune.meter_at(begin)
    before = now - (played[-1].onset if played else Fraction(0))
    return meter is None or meter.is_free or before + after - begin > meter.length


def _plain(line: Barline, shift: Fraction) -> Barline:
    return dataclasses.replace(line, onset=line.onset + shift, kind="regular", repeat="", ending="")


def _carry(changes: list[tuple[Fraction, _Value]], value: _Value | None, onset: Fraction) -> None:
    """Say a key or meter again where the one that held before is another."""
    if value is not None and (not changes or changes[-1][1] != value):
        changes.append((onset, value))
