"""What a `Tune` holds and MIDI has no event for, as one line of JSON in a text event.

MIDI has no bar lines, no repeats, no modes and no free meter. A file that Canzona writes says
them in a text event that begins with `canzona-score:`, and only those that the events
themselves do not give back. The line also says how long the tune is: after an edit that moves
notes it does not fit any more and is passed over.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from canzona.score.tune import Barline, Key, Meter, Section, Tune

PREFIX = "canzona-score: "

_LONGEST = 2**20


def state_of(tune: Tune, reread: Tune) -> str:
    """The line for a tune that comes back from its events as `reread`; '' where nothing is missing."""
    state = {
        name: encode(getattr(tune, name))
        for name, (encode, _) in _FIELDS.items()
        if getattr(tune, name) != getattr(reread, name)
    }
    if not state:
        return ""
    return PREFIX + json.dumps({"duration": str(tune.duration), **state}, separators=(",", ":"))


def with_state(tune: Tune, line: str) -> Tune:
    """A tune completed by the line that `state_of` made; as it is where the line makes no sense."""
    try:
        state = json.loads(line.removeprefix(PREFIX)) if len(line) <= _LONGEST else None
        if not isinstance(state, dict) or state.get("duration") != str(tune.duration):
            return tune
        return tune.replace(**{name: _FIELDS[name][1](state[name]) for name in _FIELDS if name in state})
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, ZeroDivisionError):
        return tune


def _fraction(text: Any) -> Fraction:
    if not isinstance(text, str) or len(text) > 40 or "e" in text.lower():
        raise ValueError(text)
    return Fraction(text)


def _strings(*texts: Any) -> None:
    if not all(isinstance(text, str) for text in texts):
        raise TypeError(texts)


def _encode_barlines(lines: tuple[Barline, ...]) -> list[Any]:
    return [
        [str(line.onset), line.number, line.suffix, line.kind, line.repeat, line.ending] for line in lines
    ]


def _decode_barlines(rows: Any) -> tuple[Barline, ...]:
    lines = []
    for onset, number, suffix, kind, repeat, ending in rows:
        _strings(suffix, kind, repeat, ending)
        if kind not in ("regular", "double", "final", "dashed", "invisible"):
            raise ValueError(kind)
        if repeat not in ("", "start", "end", "both"):
            raise ValueError(repeat)
        lines.append(Barline(_fraction(onset), int(number), suffix, kind, repeat, ending))
    return tuple(lines)


def _encode_keys(keys: tuple[tuple[Fraction, Key], ...]) -> list[Any]:
    return [[str(onset), key.tonic, key.tonic_alter, key.mode, _signature(key)] for onset, key in keys]


def _signature(key: Key) -> list[list[str]] | None:
    return None if key.signature is None else [[letter, str(alter)] for letter, alter in key.signature]


def _decode_keys(rows: Any) -> tuple[tuple[Fraction, Key], ...]:
    keys = []
    for onset, tonic, alter, mode, signature in rows:
        _strings(tonic, mode)
        if tonic and tonic not in list("CDEFGAB"):
            raise ValueError(tonic)
        if signature is not None:
            signature = tuple((letter, _fraction(sign)) for letter, sign in signature)
            _strings(*(letter for letter, _ in signature))
        keys.append((_fraction(onset), Key(tonic, int(alter), mode, signature)))
    return tuple(keys)


def _encode_meters(meters: tuple[tuple[Fraction, Meter], ...]) -> list[Any]:
    return [[str(onset), meter.beats, meter.unit, meter.grouping, meter.symbol] for onset, meter in meters]


def _decode_meters(rows: Any) -> tuple[tuple[Fraction, Meter], ...]:
    meters = []
    for onset, beats, unit, grouping, symbol in rows:
        _strings(symbol)
        if int(beats) < 0 or int(unit) < 1:
            raise ValueError(unit)
        parts = tuple(int(part) for part in grouping)
        meters.append((_fraction(onset), Meter(int(beats), int(unit), parts, symbol)))
    return tuple(meters)


def _encode_sections(sections: tuple[Section, ...]) -> list[Any]:
    return [[str(section.onset), section.label] for section in sections]


def _decode_sections(rows: Any) -> tuple[Section, ...]:
    _strings(*(label for _, label in rows))
    return tuple(Section(_fraction(onset), label) for onset, label in rows)


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
    return None if text is None else _fraction(text)


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
