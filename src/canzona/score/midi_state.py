"""What a `Tune` holds and MIDI has no event for, as one line of JSON in a text event.

MIDI has no bar lines, no repeats, no modes and no free meter. A file that Canzona writes says
them in a text event that begins with `canzona-score:`, and only those that the events
themselves do not give back. The line also holds a checksum of the notes: after an edit that
moves one it does not fit any more and is passed over.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from canzona.score.midi_events import MidiNote
from canzona.score.tune import STEPS, Barline, Key, Meter, Note, Section, Tune

PREFIX = "canzona-score: "

_LONGEST = 2**20
_MOST_SEMITONES = 12
_MOST_BEATS = 2**16
_LETTERS = tuple(STEPS)
_SENSELESS = (ValueError, TypeError, KeyError, IndexError, AttributeError, ZeroDivisionError)

State = dict[str, Any]


def checksum(line: Sequence[MidiNote], division: int) -> str:
    """What an edit of the notes changes: CRC-32 of their times in quarter notes and their numbers."""
    notes = [f"{Fraction(n.onset, division)} {Fraction(n.end, division)} {n.number}" for n in line]
    return f"{zlib.crc32(' '.join(notes).encode()):08x}"


def state_of(tune: Tune, reread: Tune, notes: str) -> str:
    """The line for a tune that comes back from its events as `reread`; '' where nothing is missing.

    `notes` is the checksum of the file's notes.
    """
    state = {
        name: encode(getattr(tune, name))
        for name, (encode, _) in _FIELDS.items()
        if getattr(tune, name) != getattr(reread, name)
    }
    ours, theirs = ([(note.onset, note.end, note.is_rest) for note in each.notes] for each in (tune, reread))
    if ours != theirs and sum(not row[2] for row in ours) == sum(not row[2] for row in theirs):
        state["times"] = [[str(onset), str(end), int(silent)] for onset, end, silent in ours]
    if not state:
        return ""
    return PREFIX + json.dumps({"notes": notes, **state}, separators=(",", ":"))


def parsed_state(line: str, notes: str) -> State:
    """What the line that `state_of` made says; nothing where it is damaged or not of these notes."""
    try:
        state = json.loads(line.removeprefix(PREFIX)) if len(line) <= _LONGEST else None
    except (ValueError, RecursionError):
        return {}
    return state if isinstance(state, dict) and state.get("notes") == notes else {}


def with_times(tune: Tune, state: State) -> Tune:
    """A tune with the exact times and the rests that a state holds, where it holds any."""
    if "times" not in state:
        return tune
    try:
        return tune.replace(notes=_with_times(tune.notes, state["times"]))
    except _SENSELESS:
        return tune


def with_fields(tune: Tune, state: State) -> Tune:
    """A tune with the bar lines, keys, meters and so on that a state holds."""
    for name, (_, decode) in _FIELDS.items():
        if name in state:
            try:
                tune = tune.replace(**{name: decode(state[name])})
            except _SENSELESS:
                continue
    return tune


def _with_times(notes: tuple[Note, ...], rows: Any) -> tuple[Note, ...]:
    """The notes at their exact times, and the rests between them as they were divided."""
    sounding = iter([note for note in notes if note.pitch is not None])
    found: list[Note] = []
    reached = Fraction(0)
    for row in rows:
        onset, end, silent = _fraction(row[0]), _fraction(row[1]), row[2]
        if onset != reached or end <= onset:
            raise ValueError(row)
        reached = end
        if silent:
            found.append(Note(onset, end - onset))
        else:
            note = next(sounding, None)
            if note is None:
                raise ValueError(row)
            found.append(replace(note, onset=onset, duration=end - onset))
    if next(sounding, None) is not None:
        raise ValueError("notes without a time")
    return tuple(found)


def _fraction(text: Any) -> Fraction:
    if not isinstance(text, str) or len(text) > 40 or "e" in text.lower():
        raise ValueError(text)
    return Fraction(text)


def _onsets(texts: Iterable[Any]) -> list[Fraction]:
    """Onsets of what stands in the order of time."""
    onsets = [_fraction(text) for text in texts]
    if any(onset < 0 for onset in onsets[:1]) or any(one > two for one, two in pairwise(onsets)):
        raise ValueError(onsets)
    return onsets


def _within(value: int | Fraction, lowest: int, highest: int) -> None:
    if not lowest <= value <= highest:
        raise ValueError(value)


def _strings(*texts: Any) -> None:
    if not all(isinstance(text, str) for text in texts):
        raise TypeError(texts)


def _encode_barlines(lines: tuple[Barline, ...]) -> list[Any]:
    return [
        [str(line.onset), line.number, line.suffix, line.kind, line.repeat, line.ending] for line in lines
    ]


def _decode_barlines(rows: Any) -> tuple[Barline, ...]:
    lines = []
    for onset, (_, number, suffix, kind, repeat, ending) in zip(
        _onsets(r[0] for r in rows), rows, strict=True
    ):
        _strings(suffix, kind, repeat, ending)
        if kind not in ("regular", "double", "final", "dashed", "invisible"):
            raise ValueError(kind)
        if repeat not in ("", "start", "end", "both"):
            raise ValueError(repeat)
        _within(int(number), 0, 10**9)
        lines.append(Barline(onset, int(number), suffix, kind, repeat, ending))
    return tuple(lines)


def _encode_keys(keys: tuple[tuple[Fraction, Key], ...]) -> list[Any]:
    return [[str(onset), key.tonic, key.tonic_alter, key.mode, _signature(key)] for onset, key in keys]


def _signature(key: Key) -> list[list[str]] | None:
    return None if key.signature is None else [[letter, str(alter)] for letter, alter in key.signature]


def _decode_keys(rows: Any) -> tuple[tuple[Fraction, Key], ...]:
    keys = []
    for onset, (_, tonic, alter, mode, signature) in zip(_onsets(r[0] for r in rows), rows, strict=True):
        _strings(tonic, mode)
        if tonic and tonic not in _LETTERS:
            raise ValueError(tonic)
        if signature is not None:
            signature = tuple((letter, _fraction(sign)) for letter, sign in signature)
            for letter, sign in signature:
                _within(sign, -_MOST_SEMITONES, _MOST_SEMITONES)
                if letter not in _LETTERS:
                    raise ValueError(letter)
        _within(int(alter), -2, 2)
        keys.append((onset, Key(tonic, int(alter), mode, signature)))
    return tuple(keys)


def _encode_meters(meters: tuple[tuple[Fraction, Meter], ...]) -> list[Any]:
    return [[str(onset), meter.beats, meter.unit, meter.grouping, meter.symbol] for onset, meter in meters]


def _decode_meters(rows: Any) -> tuple[tuple[Fraction, Meter], ...]:
    meters = []
    for onset, (_, beats, unit, grouping, symbol) in zip(_onsets(r[0] for r in rows), rows, strict=True):
        _strings(symbol)
        parts = tuple(int(part) for part in grouping)
        _within(int(beats), 0, _MOST_BEATS)
        for part in (int(unit), *parts):
            _within(part, 1, _MOST_BEATS)
        meters.append((onset, Meter(int(beats), int(unit), parts, symbol)))
    return tuple(meters)


def _encode_sections(sections: tuple[Section, ...]) -> list[Any]:
    return [[str(section.onset), section.label] for section in sections]


def _decode_sections(rows: Any) -> tuple[Section, ...]:
    _strings(*(label for _, label in rows))
    onsets = _onsets(onset for onset, _ in rows)
    return tuple(Section(onset, label) for onset, (_, label) in zip(onsets, rows, strict=True))


def _encode_pairs(pairs: tuple[tuple[str, Any], ...]) -> list[Any]:
    return [list(pair) for pair in pairs]


def _decode_expansions(rows: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    _strings(*(word for name, order in rows for word in (name, *order)))
    return tuple((name, tuple(order)) for name, order in rows)


def _decode_records(rows: Any) -> tuple[tuple[str, str], ...]:
    _strings(*(word for row in rows for word in row))
    return tuple((key, value) for key, value in rows)


def _decode_comments(rows: Any) -> tuple[str, ...]:
    _strings(*rows)
    return tuple(rows)


def _decode_tempo(text: Any) -> Fraction | None:
    if text is None:
        return None
    tempo = _fraction(text)
    if tempo <= 0:
        raise ValueError(text)
    return tempo


def _decode_phrasing(text: Any) -> str:
    if text not in ("marked", "inferred", "none"):
        raise ValueError(text)
    return str(text)


_FIELDS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "barlines": (_encode_barlines, _decode_barlines),
    "keys": (_encode_keys, _decode_keys),
    "meters": (_encode_meters, _decode_meters),
    "sections": (_encode_sections, _decode_sections),
    "expansions": (_encode_pairs, _decode_expansions),
    "records": (_encode_pairs, _decode_records),
    "comments": (list, _decode_comments),
    "tempo": (lambda tempo: None if tempo is None else str(tempo), _decode_tempo),
    "phrasing": (str, _decode_phrasing),
}
