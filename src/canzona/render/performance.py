"""How a player would sound a tune: when each note begins and ends, and how loud it is.

Time is exact: a note begins where the score and the tempo say. What a player adds is left to
dynamics and to the ends of notes: strong beats speak a little, a phrase swells to two thirds
of its length and fades, its last note is let go early for breath, slurred notes touch,
staccato notes are short. Grace notes sound before the beat, at the expense of the note before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from canzona.errors import EmptyTuneError, UnsupportedError, UsageError
from canzona.score.tune import Bar, Meter, Note, Pitch, Tune
from canzona.score.unfold import unfold

LONGEST_SECONDS = 3600
"""Sound of more than an hour is refused."""

TEMPO_RANGE = (5, 1000)
"""Quarter notes a minute that can be asked for."""

GRACE_SECONDS = 0.075
"""Time of a grace note; less where the note before is short."""

BREATH_SECONDS = 0.12
"""Silence before a new phrase, or a quarter of the note where that is less."""

_LEVELS = {"ppp": 0.16, "pp": 0.26, "p": 0.38, "mp": 0.5, "mf": 0.62, "f": 0.76, "ff": 0.88, "fff": 0.97}
_PLAIN_LEVEL = 0.62
_NOTES_A_SECOND = (1.1, 5.5)


@dataclass(frozen=True, slots=True)
class Sounding:
    """One sounding note: onset and duration in seconds, pitch in semitones (60 is middle C, fractions
    for microtones), velocity 0 to 1, and whether it is slurred to the note before."""

    onset: float
    duration: float
    pitch: float
    velocity: float
    slurred: bool = False


def perform(
    tune: Tune, *, tempo: float | Fraction | None = None, repeats: bool = False
) -> tuple[Sounding, ...]:
    """The sounding notes of a tune in order of onset.

    Parameters
    ----------
    tune : a tune with at least one note.
    tempo : quarter notes a minute; the tune's own or a usual one where None (`tempo_of`).
    repeats : play repeats and endings out.

    Raises
    ------
    EmptyTuneError : no note sounds.
    UsageError : a tempo outside 5 to 1000.
    UnsupportedError : more than an hour of sound.
    """
    if tune.is_empty:
        raise EmptyTuneError(f"{tune.source or 'the tune'} has no note to sound")
    if tempo is not None and not TEMPO_RANGE[0] <= tempo <= TEMPO_RANGE[1]:
        raise UsageError(
            f"a tempo of {float(tempo):g} quarter notes a minute cannot be played", hint="give 5 to 1000"
        )
    speed = Fraction(tempo) if tempo is not None else tempo_of(tune)
    played = unfold(tune) if repeats else tune
    quarter = 60 / speed
    if played.duration * quarter > LONGEST_SECONDS:
        raise UnsupportedError(
            f"{tune.source or 'the tune'} would sound for more than an hour", hint="give a faster tempo"
        )
    return tuple(sorted(_sounding(played, quarter), key=lambda note: note.onset))


def tempo_of(tune: Tune) -> Fraction:
    """Quarter notes a minute: the tune's own, else what its meter and its notes suggest.

    A beat of a compound meter goes at 84 a minute, of a meter in halves at 76, in eighths at
    126, of any other at 104 quarters; free meter at 84. Where this would give less than 1.1
    or more than 5.5 notes a second (by the median length of a note), it is moved there.
    """
    if tune.tempo is not None and TEMPO_RANGE[0] <= tune.tempo <= TEMPO_RANGE[1]:
        return tune.tempo
    speed = _usual_tempo(tune.meter)
    lengths = [note.duration for note in tune.notes if note.pitch is not None]
    usual = Fraction(median(lengths)) if lengths else Fraction(1)
    slowest, fastest = (Fraction(rate).limit_denominator(100) * 60 * usual for rate in _NOTES_A_SECOND)
    lowest, highest = TEMPO_RANGE
    return Fraction(min(max(round(min(max(speed, slowest), fastest)), lowest), highest))


def _usual_tempo(meter: Meter | None) -> Fraction:
    if meter is None or meter.is_free:
        return Fraction(84)
    if meter.beats % 3 == 0 and meter.beats > 3 and meter.unit >= 8:
        return Fraction(84 * 3 * 4, meter.unit)
    return {1: Fraction(240), 2: Fraction(152), 4: Fraction(104), 8: Fraction(63)}.get(
        meter.unit, Fraction(63)
    )


def _sounding(tune: Tune, quarter: Fraction) -> Iterator[Sounding]:
    arches = _phrase_arches(tune)
    accents = _Accents(tune)
    level = _PLAIN_LEVEL
    slurs: set[int] = set()
    room = 0.0
    for place, note in enumerate(tune.notes):
        level = _level(note, level)
        joined = bool(slurs)
        slurs = _slurs(note, slurs)
        if note.pitch is None:
            room = float(note.duration * quarter)
            continue
        velocity = min(max(level + accents.at(note.onset) + arches[place], 0.08), 1.0)
        onset, whole = float(note.onset * quarter), float(note.duration * quarter)
        yield from _graces(note, onset, room, velocity)
        following = tune.notes[place + 1] if place + 1 < len(tune.notes) else None
        held = _held(note, following, whole, bool(slurs))
        stolen = _grace_time(following, whole) if following is not None else 0.0
        yield Sounding(onset, max(min(held, whole - stolen), 0.02), _heard(note.pitch), velocity, joined)
        room = whole


def _held(note: Note, following: Note | None, whole: float, slurred: bool) -> float:
    """Seconds that a note is held of the seconds that are its own."""
    signs = {sign.text for sign in note.attachments if sign.kind == "articulation"}
    if signs & {"staccato", "staccatissimo", "spiccato"}:
        return whole * 0.5
    if note.phrase_end and following is not None and following.pitch is not None:
        return whole - min(BREATH_SECONDS, whole / 4)
    return whole if slurred or "tenuto" in signs else whole * 0.96


def _grace_time(note: Note, room: float) -> float:
    """Seconds that a note's graces take from the note before, at most half of it."""
    return min(GRACE_SECONDS * len(note.graces), room / 2) if note.pitch is not None else 0.0


def _graces(note: Note, onset: float, room: float, velocity: float) -> Iterator[Sounding]:
    """Grace notes end where their note begins; before a tune's first note there is no room for them."""
    taken = _grace_time(note, min(room, onset))
    if taken <= 0:
        return
    each = taken / len(note.graces)
    for place, grace in enumerate(note.graces):
        yield Sounding(onset - taken + place * each, each, _heard(grace.pitch), velocity * 0.8)


def _heard(pitch: Pitch) -> float:
    """The pitch in semitones, moved by octaves to where a note can be heard (8 Hz to 12.5 kHz)."""
    height = float(pitch.midi)
    return height if 0 <= height <= 127 else height % 12 + (0 if height < 0 else 108)


def _level(note: Note, level: float) -> float:
    for sign in note.attachments:
        if sign.kind == "dynamic" and sign.text in _LEVELS:
            level = _LEVELS[sign.text]
    return level


def _slurs(note: Note, open_now: set[int]) -> set[int]:
    for sign in note.attachments:
        if sign.kind == "slur":
            open_now = open_now | {sign.number} if sign.text == "start" else open_now - {sign.number}
    return open_now


def _phrase_arches(tune: Tune) -> list[float]:
    """What the phrase adds to each note's velocity: -0.06 at its edges, +0.06 at two thirds of it."""
    arches: list[float] = []
    for phrase in tune.phrases():
        begin, length = phrase[0].onset, max(phrase[-1].onset - phrase[0].onset, Fraction(1, 64))
        for note in phrase:
            way = float((note.onset - begin) / length)
            arches.append(0.12 * (way / 0.67 if way < 0.67 else (1 - way) / 0.33) - 0.06)
    return arches


class _Accents:
    """What the place in the bar adds to a note's velocity."""

    def __init__(self, tune: Tune) -> None:
        self.bars: tuple[Bar, ...] = tune.bars
        self.onsets = [bar.onset for bar in self.bars]

    def at(self, onset: Fraction) -> float:
        """0.1 on the first beat, 0.05 on the second strong one, 0.02 on a beat, less elsewhere."""
        bar = self.bars[bisect_right(self.onsets, onset) - 1]
        if bar.meter.is_free:
            return 0.0
        # A bar that is too short is counted from its end: a pickup leads to the next bar.
        place = onset - bar.onset + (bar.meter.length - bar.duration if bar.onset == 0 else 0)
        compound = bar.meter.beats % 3 == 0 and bar.meter.beats > 3
        beat = Fraction(4, bar.meter.unit) * (3 if compound else 1)
        if place == 0:
            return 0.1
        if place % beat:
            return -0.03
        middle = bar.meter.length / 2
        return 0.05 if place == middle and middle % beat == 0 else 0.02
