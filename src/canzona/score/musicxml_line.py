"""One line out of the voices of a MusicXML part.

The voice with the most notes is read; in a bar where it is silent and another sings, that
other one. Of notes struck together the highest is read. Gaps become rests and tied notes
become one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from canzona.score.musicxml_notes import Event
from canzona.score.tune import Attachment, Note

Line = tuple[str, str]
"""Staff and voice."""

_RANKS = ("chord", "text", "tempo", "dynamic", "ornament", "articulation", "fermata", "slur", "lyric")
"""The order of signs at one moment, from the top of the page down."""


@dataclass(frozen=True, slots=True)
class Span:
    """One measure: its onset and end in quarter notes, and the events of each line in it."""

    onset: Fraction
    end: Fraction
    lines: dict[Line, list[Event]]


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign that stands at a moment rather than at a note."""

    onset: Fraction
    attachment: Attachment


def notes_of(spans: Sequence[Span], signs: Sequence[Sign], dropped: Counter[str]) -> tuple[Note, ...]:
    """The notes of the line that is read, with the signs of the part hung on them."""
    main = _main_line(spans)
    events: list[Event] = []
    for span in spans:
        line = _line_in(span, main)
        for other, left_out in span.lines.items():
            if other != line:
                dropped["notes of other voices"] += sum(event.pitch is not None for event in left_out)
        events.extend(_filled(span, span.lines.get(line, []), dropped))
    merged = list(_without_ties(events))
    _hang(merged, signs)
    return tuple(map(_note, merged))


def _main_line(spans: Sequence[Span]) -> Line:
    counts: Counter[Line] = Counter()
    for span in spans:
        for line, events in span.lines.items():
            counts[line] += sum(event.pitch is not None for event in events)
    return min(counts, key=lambda line: (-counts[line], line), default=("1", "1"))


def _line_in(span: Span, main: Line) -> Line:
    """The main line, or where it is silent the line that sounds most."""
    if any(event.pitch is not None for event in span.lines.get(main, ())):
        return main
    counts = {line: sum(event.pitch is not None for event in events) for line, events in span.lines.items()}
    best = min(counts, key=lambda line: (-counts[line], line), default=main)
    return best if counts.get(best) else main


def _filled(span: Span, events: list[Event], dropped: Counter[str]) -> Iterator[Event]:
    """The events of one measure without overlap, and rests where there is none."""
    reached = span.onset
    for event in sorted(events, key=lambda event: event.onset):
        if event.onset < reached:
            dropped["notes that overlap in their own voice"] += 1
            continue
        if event.onset > reached:
            yield Event(reached, event.onset - reached, None)
        yield event
        reached = event.onset + event.duration
    if reached < span.end:
        yield Event(reached, span.end - reached, None)


def _without_ties(events: list[Event]) -> Iterator[Event]:
    held: Event | None = None
    for event in events:
        if held is not None:
            if held.tie_start and event.tie_stop and held.pitch == event.pitch:
                _join(held, event)
                continue
            yield held
        held = event
    if held is not None:
        yield held


def _join(held: Event, event: Event) -> None:
    """Add what `event` continues to the note that is held."""
    for sign in event.signs:
        held.signs.append(Attachment(sign.kind, sign.text, sign.number, held.duration + sign.offset))
    held.duration += event.duration
    held.graces += event.graces
    held.tie_start = event.tie_start
    held.phrase_start |= event.phrase_start
    held.phrase_end |= event.phrase_end


def _hang(events: list[Event], signs: Sequence[Sign]) -> None:
    onsets = [event.onset for event in events]
    for sign in signs if events else ():
        event = events[max(0, bisect_right(onsets, sign.onset) - 1)]
        found = sign.attachment
        event.signs.append(Attachment(found.kind, found.text, found.number, sign.onset - event.onset))


def _note(event: Event) -> Note:
    signs = event.signs
    if len(signs) > 1:
        signs = sorted(signs, key=lambda sign: (sign.offset, _RANKS.index(sign.kind), sign.number))
    return Note(
        event.onset, event.duration, event.pitch, event.phrase_start, event.phrase_end,
        tuple(event.graces), tuple(signs),
    )  # fmt: skip
