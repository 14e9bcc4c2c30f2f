"""A `Tune` to a standard MIDI file of one track (format 0), with bytes that depend on the tune alone.

Ticks are the least common multiple that the tune's times need, so that they stay exact; the
first note of a bar is louder than those on a beat, and these than the others. A pickup is
written as a first bar of its own length, as notation programs do.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction

from canzona.errors import UnsupportedError
from canzona.score.instruments import program_of
from canzona.score.midi_grid import COARSE_TICKS
from canzona.score.midi_metas import COPYRIGHT, INSTRUMENT, KEY, LYRIC, MARKER, METER, NAME, TEMPO, TEXT
from canzona.score.midi_read import PHRASE, PHRASE_END, PROVENANCE
from canzona.score.tune import Key, Meter, Note, Tune

LARGEST_DIVISION = 32767
"""Ticks of a quarter note that a file can state."""

USUAL_DIVISION = 480
ROUNDING_DIVISION = 20160
"""Ticks where times share no grid that a file can hold: 2^6 * 3^2 * 5 * 7."""

ACCENTS = (100, 90, 80)
"""Velocities at the start of a bar, on a beat, and elsewhere."""

_MINORS = ("minor", "aeolian", "dorian", "phrygian", "locrian")
_LONGEST = 2**28 - 1
_BEND = 4096

# Events of one tick come in this order: ends of notes, then signs and states, then notes.
_END, _SIGN, _BENT, _NOTE = range(4)

_Event = tuple[int, int, bytes]


def file_bytes(tune: Tune, state: str = "", *, program: int | None = None) -> bytes:
    """A tune as a MIDI file of format 0.

    Parameters
    ----------
    tune : the tune.
    state : a text event more, see `midi_state`.
    program : General MIDI program, 0 to 127; None takes the one of the tune's instrument.

    Raises
    ------
    UnsupportedError : the tune is longer than a MIDI file can be, or leaves the range of its pitches.
    """
    division = _division(tune)
    events = [*_head(tune, state, program), *_changes(tune, division), *_signs(tune, division)]
    events += _sounds(tune, division)
    events.sort(key=lambda event: event[:2])
    track = bytearray()
    tick = 0
    for at, _, event in [*events, (_tick(tune.duration, division), 0, _meta(0x2F, b""))]:
        track += _variable(max(0, at - tick)) + event
        tick = max(at, tick)
    header = (0).to_bytes(2, "big") + (1).to_bytes(2, "big") + division.to_bytes(2, "big")
    return b"MThd" + (6).to_bytes(4, "big") + header + b"MTrk" + len(track).to_bytes(4, "big") + bytes(track)


def _division(tune: Tune) -> int:
    """Ticks of a quarter note: all times are whole, and multiples of what no player would keep to."""
    least = 1
    for note in tune.notes:
        least = math.lcm(least, note.onset.denominator, note.duration.denominator)
        if least > LARGEST_DIVISION:
            return ROUNDING_DIVISION
    for time in _tempo_onsets(tune):
        finer = math.lcm(least, time.denominator)
        least = finer if COARSE_TICKS * finer <= LARGEST_DIVISION else least
    for division in (math.lcm(USUAL_DIVISION, COARSE_TICKS * least), COARSE_TICKS * least):
        if division <= LARGEST_DIVISION:
            return division * max(1, -(-USUAL_DIVISION // division))
    return least


def _tempo_onsets(tune: Tune) -> Iterator[Fraction]:
    for note in tune.notes:
        yield from (note.onset + sign.offset for sign in note.attachments if sign.kind == "tempo")


def _tick(time: Fraction, division: int) -> int:
    tick = round(time * division)
    if tick > _LONGEST:
        raise UnsupportedError(
            "the tune is longer than a MIDI file can be", hint="write MusicXML, kern or ABC instead"
        )
    return tick


def _head(tune: Tune, state: str, program: int | None) -> list[_Event]:
    """What stands at the start: names, texts and the instrument."""
    texts = [(NAME, tune.title), (COPYRIGHT, tune.record("YEM")), (INSTRUMENT, tune.instrument)]
    texts += [(TEXT, f"{PROVENANCE}{tune.provenance}" if tune.provenance else ""), (TEXT, state)]
    texts += [(TEXT, f"!!!{key}: {value}") for key, value in tune.records]
    texts += [(TEXT, comment) for comment in tune.comments]
    events = [(0, _SIGN, _meta(kind, _encoded(text))) for kind, text in texts if text]
    if program is None:
        program = program_of(tune.instrument)
    if program is not None:
        events.append((0, _SIGN, bytes((0xC0, program & 0x7F))))
    return events


def _changes(tune: Tune, division: int) -> list[_Event]:
    """Tempo, keys and meters."""
    events = []
    tempos = [(Fraction(0), tune.tempo)]
    for note in tune.notes:
        signs = (sign for sign in note.attachments if sign.kind == "tempo")
        tempos += [(note.onset + sign.offset, _number(sign.text)) for sign in signs]
    for onset, tempo in tempos:
        if tempo is not None and tempo > 0:
            microseconds = min(max(round(60_000_000 / tempo), 1), 2**24 - 1)
            events.append((_tick(onset, division), _SIGN, _meta(TEMPO, microseconds.to_bytes(3, "big"))))
    for onset, key in tune.keys:
        events.append((_tick(onset, division), _SIGN, _key_event(key)))
    for onset, meter in _stated_meters(tune):
        event = _meter_event(meter)
        if event:
            events.append((_tick(onset, division), _SIGN, event))
    return events


def _number(text: str) -> Fraction | None:
    top, _, bottom = text.partition("/")
    bottom = bottom or "1"
    if len(text) > 20 or not (top.isdecimal() and bottom.isdecimal() and int(bottom)):
        return None
    return Fraction(int(top), int(bottom))


def _key_event(key: Key) -> bytes:
    fifths = min(max(key.fifths, -7), 7)
    return _meta(KEY, bytes((fifths % 256, int(key.mode in _MINORS))))


def _stated_meters(tune: Tune) -> list[tuple[Fraction, Meter]]:
    """The meters, and the lengths of bars that are not whole, such that bars fall where they stand.

    Bars that together fill one (a bar cut by a repeat) need no word.
    """
    if not tune.barlines:
        return list(tune.meters)
    changes = dict(tune.meters)
    stated: list[tuple[Fraction, Meter]] = []
    held: Meter | None = None
    place, bars = 0, tune.bars
    while place < len(bars):
        bar = bars[place]
        length, place = bar.duration, place + 1
        while (
            place < len(bars)
            and length < bar.meter.length
            and length + bars[place].duration <= bar.meter.length
        ):
            length, place = length + bars[place].duration, place + 1
        is_last = place == len(bars)
        whole = bar.meter.is_free or length == bar.meter.length or (is_last and length < bar.meter.length)
        meter = bar.meter if whole else _meter_of_length(length)
        if meter is not None and (meter != held or bar.onset in changes):
            stated.append((bar.onset, meter))
            held = meter
    starts = {onset for onset, _ in stated}
    inside = [
        (onset, meter)
        for onset, meter in tune.meters
        if onset not in starts and not _is_stated(stated, onset, meter)
    ]
    return sorted([*stated, *inside], key=lambda change: change[0])


def _is_stated(stated: list[tuple[Fraction, Meter]], onset: Fraction, meter: Meter) -> bool:
    """Whether a meter is told after its onset, where its first full bar begins."""
    return any(onset < at and told == meter for at, told in stated)


def _meter_of_length(length: Fraction) -> Meter | None:
    """A meter for one bar of a length in quarter notes, where MIDI can write it."""
    share = length / 4
    unit = max(share.denominator, 4)
    beats = share * unit
    return Meter(int(beats), unit) if unit & (unit - 1) == 0 and unit <= 64 and beats <= 255 else None


def _meter_event(meter: Meter) -> bytes:
    """A time signature; nothing for free meter or a unit that is no power of two."""
    if meter.is_free or meter.unit & (meter.unit - 1) or meter.beats > 255 or meter.unit > 1024:
        return b""
    clocks = min(96 // meter.unit * (3 if meter.unit >= 8 and meter.beats % 3 == 0 else 1), 255)
    return _meta(METER, bytes((meter.beats, meter.unit.bit_length() - 1, max(clocks, 1), 8)))


def _signs(tune: Tune, division: int) -> list[_Event]:
    """Lyrics of the first verse, phrases and sections."""
    events = []
    for note in tune.notes:
        onset = _tick(note.onset, division)
        for sign in note.attachments:
            if sign.kind == "lyric" and sign.number == 1 and not sign.offset and note.pitch is not None:
                events.append((onset, _SIGN, _meta(LYRIC, _encoded(sign.text))))
        if note.phrase_start:
            events.append((onset, _SIGN, _meta(MARKER, PHRASE.encode())))
        if note.phrase_end:
            events.append((_tick(note.end, division), _END, _meta(MARKER, PHRASE_END.encode())))
    for section in tune.sections:
        events.append((_tick(section.onset, division), _SIGN, _meta(MARKER, _encoded(section.label))))
    return events


def _sounds(tune: Tune, division: int) -> list[_Event]:
    """The notes, with the pitch bends that microtones need."""
    events = []
    bars = tune.bars
    begins = [bar.onset for bar in bars]
    bent = 0
    for note in tune.notes:
        if note.pitch is None:
            continue
        bar = bars[bisect_right(begins, note.onset) - 1]
        place = note.onset - (bar.onset or tune.pickup)
        number, bend = _bent_number(note)
        onset, end = _tick(note.onset, division), _tick(note.end, division)
        if bend != bent:
            value = bend + 8192
            events.append((onset, _BENT, bytes((0xE0, value & 0x7F, value >> 7))))
            bent = bend
        velocity = ACCENTS[0 if not place else 1 if _is_on_beat(place, bar.meter) else 2]
        events.append((onset, _NOTE, bytes((0x90, number, velocity))))
        events.append((max(end, onset + 1), _END, bytes((0x80, number, 64))))
    return events


def _bent_number(note: Note) -> tuple[int, int]:
    """The nearest key, the lower at a tie, and the bend from it."""
    height = note.pitch.midi if note.pitch is not None else Fraction(60)
    number = math.ceil(height - Fraction(1, 2))
    if not 0 <= number <= 127:
        raise UnsupportedError(
            f"{note.pitch} lies outside the range of MIDI", hint="transpose the tune, or write MusicXML"
        )
    return number, round((height - number) * _BEND)


def _is_on_beat(place: Fraction, meter: Meter) -> bool:
    """Whether a place in a bar, in quarter notes from its first beat, is on a beat."""
    if meter.is_free:
        return False
    beat = Fraction(12, meter.unit) if meter.unit >= 8 and meter.beats % 3 == 0 else Fraction(4, meter.unit)
    return place % beat == 0


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _meta(kind: int, data: bytes) -> bytes:
    return bytes((0xFF, kind)) + _variable(len(data)) + data


def _variable(value: int) -> bytes:
    """A number as bytes of seven bits, all but the last with the high bit set."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))
