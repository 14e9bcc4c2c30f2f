"""A tune as the events that the network predicts.

Each note or rest is one event of three parts, coded in this order:

1. its duration, counted in the beat unit of the meter (a quarter in 2/4 and a half in 2/2
   are the same event, so that notations of one tune agree),
2. its pitch given the duration: steps above the tonic and the alteration against the major
   scale on the tonic, or a rest,
3. a flag given both: nothing, the end of a phrase, or the end of the tune.

What a vocabulary lacks is coded as an escape, the last class of each part, which costs a
fixed number of bits on top (`ESCAPE_BITS`), so that figures of different models compare.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import PurePath
from typing import Any

from canzona.score.tune import SEMITONES, STEPS, Key, Meter, Pitch, Tune

TICKS = 10080
"""Ticks a quarter note in which positions are kept: divides by 32, 9, 5 and 7."""

ESCAPE_BITS = {"duration": 16.0, "pitch": 7.0}
"""What an event outside the vocabulary costs on top of the escape's own probability."""

GOES_ON, PHRASE_ENDS, TUNE_ENDS = 0, 1, 2
"""The three flags."""

REST = "rest"
"""The pitch class of a silence."""

MOST_TAGS = 8
"""Words of a region that are kept."""

Relative = tuple[int, Fraction]
"""A pitch against the tonic: staff steps above the tonic in octave 4, alteration against its major scale."""


@dataclass(frozen=True)
class Vocabulary:
    """The classes of each part; the escape is the class after the last.

    Attributes
    ----------
    durations : in beat units, most frequent first.
    pitches : `REST` or (steps, alteration) against the tonic, most frequent first.
    meters, modes, tags : values that conditions may take; class 0 is 'not given'.
    aliases : other words for a tag, as (word, tag): names of folders for what they hold.
    """

    durations: tuple[Fraction, ...]
    pitches: tuple[str | Relative, ...]
    meters: tuple[str, ...]
    modes: tuple[str, ...]
    tags: tuple[str, ...]
    aliases: tuple[tuple[str, str], ...] = ()
    duration_ids: dict[Fraction, int] = field(init=False, repr=False, compare=False)
    pitch_ids: dict[str | Relative, int] = field(init=False, repr=False, compare=False)
    meter_ids: dict[str, int] = field(init=False, repr=False, compare=False)
    mode_ids: dict[str, int] = field(init=False, repr=False, compare=False)
    tag_ids: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "duration_ids", {value: place for place, value in enumerate(self.durations)})
        put(self, "pitch_ids", {value: place for place, value in enumerate(self.pitches)})
        put(self, "meter_ids", {value: place for place, value in enumerate(self.meters, start=1)})
        put(self, "mode_ids", {value: place for place, value in enumerate(self.modes, start=1)})
        tag_ids = {value: place for place, value in enumerate(self.tags, start=1)}
        put(self, "tag_ids", tag_ids | {word: tag_ids[tag] for word, tag in self.aliases if tag in tag_ids})

    @property
    def duration_escape(self) -> int:
        """Class of a duration that the vocabulary lacks."""
        return len(self.durations)

    @property
    def pitch_escape(self) -> int:
        """Class of a pitch that the vocabulary lacks."""
        return len(self.pitches)

    @cached_property
    def pitch_of_step(self) -> dict[int, int]:
        """The most frequent pitch class of each staff step."""
        found: dict[int, int] = {}
        for place, pitch in enumerate(self.pitches):
            if not isinstance(pitch, str):
                found.setdefault(pitch[0], place)
        return found

    def known_tags(self, words: Iterable[str]) -> tuple[str, ...]:
        """The tags that some words stand for; unknown words are left out."""
        named = dict(self.aliases)
        tags = (named.get(word, word) for word in words)
        return tuple(dict.fromkeys(tag for tag in tags if tag in self.tag_ids))

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "durations": [str(value) for value in self.durations],
            "pitches": [
                value if isinstance(value, str) else [value[0], str(value[1])] for value in self.pitches
            ],
            "meters": list(self.meters),
            "modes": list(self.modes),
            "tags": list(self.tags),
            "aliases": [list(pair) for pair in self.aliases],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Vocabulary:
        """From the values of `to_dict`."""
        return cls(
            durations=tuple(Fraction(value) for value in values["durations"]),
            pitches=tuple(
                value if isinstance(value, str) else (int(value[0]), Fraction(value[1]))
                for value in values["pitches"]
            ),
            meters=tuple(values["meters"]),
            modes=tuple(values["modes"]),
            tags=tuple(values["tags"]),
            aliases=tuple((str(word), str(tag)) for word, tag in values.get("aliases", ())),
        )


@dataclass(frozen=True, slots=True)
class Event:
    """One event, exact: times in ticks, pitch as written and against the tonic."""

    onset: int
    ticks: int
    duration: Fraction
    pitch: str | Relative
    flag: int


@dataclass(frozen=True)
class Conditions:
    """What a model is told of a tune beforehand; every part may be left out.

    `tonic` is a pitch class of 0-11 with C = 0, or -1; `pickup` in ticks; `bars` counts the bars begun
    in the whole tune, the pickup's not among them, and is 0 where the tune ends when it likes.
    """

    tags: tuple[str, ...] = ()
    mode: str = ""
    tonic: int = -1
    pickup: int = 0
    bars: int = 0


@dataclass(frozen=True)
class EventList:
    """A tune's events with all that a model may see for free.

    Attributes
    ----------
    events : the events in order.
    barlines : onsets of bar lines in ticks.
    meters : meter changes as (onset in ticks, Meter).
    conditions : what is known beforehand.
    marked : the flags are the source's phrase marks, and not inferred.
    """

    events: tuple[Event, ...]
    barlines: tuple[int, ...]
    meters: tuple[tuple[int, Meter], ...]
    conditions: Conditions
    marked: bool = True

    @cached_property
    def length(self) -> int:
        """Total length in ticks."""
        return self.events[-1].onset + self.events[-1].ticks if self.events else 0

    def told_its_bars(self) -> EventList:
        """The same tune with the number of its bars among the conditions."""
        bars = sum(line < self.length for line in self.barlines)
        return replace(self, conditions=replace(self.conditions, bars=bars))


def beat_unit(meter: Meter | None) -> Fraction:
    """The note value that a meter counts in, in quarter notes; a quarter in free meter."""
    return Fraction(1) if meter is None or meter.is_free else Fraction(4, meter.unit)


def ticks(time: Fraction) -> int:
    """A time in quarter notes as ticks, rounded where the tick grid is too coarse."""
    return round(time * TICKS)


def tonic_pitch(key: Key | None) -> Pitch:
    """The tonic in octave 4; of a bare signature its major tonic; C where nothing is known."""
    if key is None:
        return Pitch("C", Fraction(0), 4)
    if key.tonic:
        return Pitch(key.tonic, Fraction(key.tonic_alter), 4)
    fifths = max(-7, min(7, key.fifths))
    letter = "FCGDAEB"[(fifths + 1) % 7]
    return Pitch(letter, Fraction((fifths + 1) // 7), 4)


@lru_cache(maxsize=4096)
def relative_pitch(pitch: Pitch, tonic: Pitch) -> Relative:
    """A pitch as (steps above the tonic, alteration against the tonic's major scale)."""
    steps = pitch.height - tonic.height
    return steps, pitch.midi - tonic.midi - major_semitones(steps)


@lru_cache(maxsize=4096)
def absolute_pitch(relative: Relative, tonic: Pitch) -> Pitch:
    """The inverse of `relative_pitch`."""
    steps, alteration = relative
    octave, letter = divmod(tonic.height + steps, 7)
    natural = Pitch(STEPS[letter], Fraction(0), octave)
    wanted = tonic.midi + major_semitones(steps) + alteration
    return Pitch(natural.step, wanted - natural.midi, octave)


def major_semitones(steps: int) -> int:
    """Semitones that a number of steps up (or down) the major scale spans."""
    octave, degree = divmod(steps, 7)
    return 12 * octave + SEMITONES[STEPS[degree]]


def region_tags(tune: Tune, folders: Sequence[str] = ()) -> tuple[str, ...]:
    """Words of a tune's region: of its `ARE` record, else the names of the folders that it lies in."""
    text = tune.region or " ".join(folders)
    words = (word.lower() for word in re.findall(r"[^\W\d_]{2,}(?:[-'][^\W\d_]+)*", text))
    return tuple(dict.fromkeys(words))[:MOST_TAGS]


def folders_below(path: str, root: str) -> tuple[str, ...]:
    """Names of the folders between a root and a file, the root's own name first."""
    below = PurePath(path)
    try:
        return (PurePath(root).name, *below.relative_to(root).parent.parts)
    except ValueError:
        return below.parent.parts[-2:]


def encode(tune: Tune, tags: Sequence[str] = ()) -> EventList:
    """A tune's events.

    Parameters
    ----------
    tune : any tune; an empty one gives no events.
    tags : words of its region or collection (see `region_tags`), none to hide it.
    """
    notes = tune.notes
    events = []
    for place, note in enumerate(notes):
        key = tune.key_at(note.onset)
        pitch: str | Relative = REST
        if note.pitch is not None:
            pitch = relative_pitch(note.pitch, tonic_pitch(key))
        last = place + 1 == len(notes)
        ends = note.phrase_end or (not last and notes[place + 1].phrase_start)
        flag = TUNE_ENDS if last else PHRASE_ENDS if ends else GOES_ON
        onset = ticks(note.onset)
        unit = beat_unit(tune.meter_at(note.onset))
        events.append(Event(onset, ticks(note.end) - onset, note.duration / unit, pitch, flag))
    tonic = tonic_pitch(tune.key)
    return EventList(
        events=tuple(events),
        barlines=tuple(ticks(line.onset) for line in tune.barlines),
        meters=tuple((ticks(onset), meter) for onset, meter in tune.meters),
        conditions=Conditions(
            tags=tuple(tags),
            mode=tune.key.mode if tune.key is not None else "",
            tonic=int(tonic.midi) % 12 if tune.key is not None else -1,
            pickup=ticks(tune.pickup),
        ),
        marked=tune.phrasing == "marked",
    )


def build_vocabulary(
    lists: Iterable[EventList],
    aliases: Sequence[tuple[str, str]] = (),
    *,
    least_event: int = 2,
    least_tag: int = 8,
    least_meter: int = 3,
) -> Vocabulary:
    """The vocabulary of a corpus: what occurs at least so often.

    Parameters
    ----------
    lists : the tunes.
    aliases : (word, tag) pairs; the tag stands for the word in the vocabulary.
    least_event, least_tag, least_meter : how often an event, a region word, a meter or mode has
        to occur; rarer events are escapes, rarer conditions 'not given'.
    """
    named = dict(aliases)
    durations: Counter[Fraction] = Counter()
    pitches: Counter[str | Relative] = Counter()
    meters: Counter[str] = Counter()
    modes: Counter[str] = Counter()
    tags: Counter[str] = Counter()
    for listed in lists:
        durations.update(event.duration for event in listed.events)
        pitches.update(event.pitch for event in listed.events)
        meters.update({str(meter) for _, meter in listed.meters})
        modes[listed.conditions.mode] += 1
        tags.update({named.get(tag, tag) for tag in listed.conditions.tags})

    def ranked(counts: Counter[Any], least: int) -> tuple[Any, ...]:
        kept = [
            (-count, str(value), value) for value, count in counts.items() if count >= least and value != ""
        ]
        return tuple(value for _, _, value in sorted(kept, key=lambda row: row[:2]))

    return Vocabulary(
        durations=ranked(durations, least_event),
        pitches=ranked(pitches, least_event),
        meters=ranked(meters, least_meter),
        modes=ranked(modes, least_meter),
        tags=ranked(tags, least_tag),
        aliases=tuple(aliases),
    )
