"""What a model sees of a tune before each event, as a row of small integers.

`TuneState` walks along a tune, whether it is being scored or being written: `before()` gives
the features of the coming event, `push()` takes the event. One definition serves training,
evaluation and composition, and since the state holds nothing but what was pushed, no feature
can look ahead.

Besides the last event and the place in bar and phrase, the features hold what folk tunes
live on, repetition: what sounded one, two, four and eight bars ago and at the same place of earlier
phrases (the lookback of Magenta's Lookback RNN, 2016), and what followed the last time when
the tune stood in the longest matching context, compared in four ways: exactly, by rhythm,
by interval and rhythm (transposed repeats), by pitch alone (match models as in data
compression: Cleary & Witten, PPM, 1984; Mahoney, lpaq, 2007).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

import numpy as np

from canzona.composition.events import (
    GOES_ON,
    MOST_TAGS,
    REST,
    TICKS,
    Event,
    EventList,
    Vocabulary,
    beat_unit,
    major_semitones,
    ticks,
)
from canzona.composition.features import (
    GRID,
    LOOKBACK_BARS,
    MOST_BARS_LEFT,
    MOST_PLACES,
    NO_PLACE,
    PHRASES_BACK,
    after_features,
    trunk_features,
)
from canzona.composition.matching import Match
from canzona.score.tune import FREE_METER, Meter

MOST_PHRASES = 12
"""Earlier phrases that are compared with the present one."""


class TuneState:
    """A tune up to the present event.

    Parameters
    ----------
    vocabulary : the classes.
    listed : the tune whose events will be pushed, or the beginning of one: its bar lines,
        meters and conditions are free information.
    writing : bar lines go on regularly, from the last one given or from the pickup.
    """

    def __init__(self, vocabulary: Vocabulary, listed: EventList, *, writing: bool = False) -> None:
        self.vocabulary = vocabulary
        self.listed = listed
        self.writing = writing
        self.conditions = listed.conditions
        self.now = 0
        self.onsets: list[int] = []
        self.durations: list[int] = []
        self.pitches: list[int] = []
        self.steps: list[int | None] = []
        self.flags: list[int] = []
        self.semitones: list[int] = []
        self.sounding = -1
        self.phrase_starts = [0]
        self.phrase_first_event = [0]
        self._exact_match, self._rhythm_match = Match(2), Match(3)
        self._interval_match, self._pitch_match = Match(2), Match(3)
        self._nothing = vocabulary.pitch_escape + 1, vocabulary.duration_escape + 1
        self._rest = vocabulary.pitch_ids.get(REST)
        self._agreeing: dict[int, int] = {}
        self.barline = 0
        self.bars = 0
        self._next_barline = 0
        self._next_meter = 0
        self._fixed = _fixed_features(vocabulary, listed)
        self._set_meter(FREE_METER)
        self._advance()

    def _set_meter(self, meter: Meter) -> None:
        self.meter = meter
        self.unit = max(1, ticks(beat_unit(meter)))
        self.bar_length = ticks(meter.length)
        self.meter_id = self.vocabulary.meter_ids.get(str(meter), 0)
        self.beats = min(meter.beats, 12)

    def _advance(self) -> None:
        """Moves meter and bar line to the present time."""
        meters = self.listed.meters
        while self._next_meter < len(meters) and meters[self._next_meter][0] <= self.now:
            self._set_meter(meters[self._next_meter][1])
            self._next_meter += 1
        barlines = self.listed.barlines
        while self._next_barline < len(barlines) and barlines[self._next_barline] <= self.now:
            self.barline = barlines[self._next_barline]
            self._next_barline += 1
            self.bars += 1
        if self.writing and self.bar_length and self._next_barline == len(barlines):
            first = barlines[-1] if barlines else self.conditions.pickup
            passed = (self.now - first) // self.bar_length
            if passed >= 0:
                self.barline = first + passed * self.bar_length
                self.bars = max(1, len(barlines)) + passed

    def place(self, later: int = 0) -> tuple[int, int]:
        """Ticks since the bar line and ticks left to the next, `later` ticks from now (-1: no meter)."""
        if not self.bar_length:
            return self.now + later - self.barline, -1
        place = self.now + later - self.barline
        if self.bars == 0 and self.conditions.pickup:
            place += self.bar_length - self.conditions.pickup
        return place, self.bar_length - place

    def before(self) -> list[int]:
        """The features of the coming event, in the order of `trunk_features`."""
        place, left = self.place()
        no_pitch, no_duration = self._nothing
        mode, tonic, pickup = self._fixed
        if self.durations:
            last = [self.durations[-1], self.pitches[-1], self.flags[-1]]
        else:
            last = [no_duration, no_pitch, 3]
        sounding = self.sounding
        row = [
            *last,
            self.pitches[sounding] if sounding >= 0 else no_pitch,
            self._interval(),
            self._grid(place),
            self._grid(left),
            self._grid((self.now - self.conditions.pickup) % self.bar_length)
            if self.bar_length
            else NO_PLACE,
            self._metric(place),
            self.meter_id,
            mode,
            tonic,
            pickup,
            *self._phrase_features(),
            min(15, len(self.onsets).bit_length() * 2 + (len(self.onsets) >> 5 & 1)),
            min(40, self.bars),
            self._bars_left(),
        ]
        row += self._sounding_at(*self._times_ago(), *self._times_in_phrases())
        row += self._match_features()
        row += self._like_phrase()
        return row

    def after(self, length: int) -> tuple[int, ...]:
        """The features that follow once the coming event's duration (in ticks) is known."""
        place, left = self.place(length)
        return (
            self._grid(place),
            self._grid(left) if left >= 0 or not self.bar_length else 0,
            self._metric(place),
            *self._to_lengths(length),
        )

    def push(self, event: Event, duration: int, pitch: int) -> None:
        """Takes an event with its classes of duration and pitch."""
        place, _ = self.place()
        self._compare(pitch)
        steps: int | None = None
        semitone = 0
        if not isinstance(event.pitch, str):
            steps, alteration = event.pitch
            natural = major_semitones(steps)
            whole = alteration.denominator == 1  # sums of fractions take long
            semitone = natural + alteration.numerator if whole else int(natural + alteration)
        previous = self.steps[self.sounding] if self.sounding >= 0 else None
        step = None if steps is None or previous is None else steps - previous
        self._exact_match.push((duration, pitch))
        self._rhythm_match.push((duration, pitch == self._rest, place))
        self._interval_match.push((duration, step))
        self._pitch_match.push(pitch)
        if steps is not None:
            self.sounding = len(self.onsets)
        self.onsets.append(self.now)
        self.durations.append(duration)
        self.pitches.append(pitch)
        self.steps.append(steps)
        self.semitones.append(semitone)
        self.flags.append(event.flag)
        self.now += event.ticks
        self._advance()
        if event.flag != GOES_ON:
            self.phrase_starts.append(self.now)
            self.phrase_first_event.append(len(self.onsets))
            earlier = range(max(0, len(self.phrase_starts) - 1 - MOST_PHRASES), len(self.phrase_starts) - 1)
            self._agreeing = dict.fromkeys(earlier, 0)

    def _bars_left(self) -> int:
        """Bars to the end of the tune, this one included; 0 where that is not told."""
        bars = self.conditions.bars
        return max(1, min(MOST_BARS_LEFT, bars - self.bars + 1)) if bars and self.bar_length else 0

    def _grid(self, time: int) -> int:
        if time < 0:
            return NO_PLACE if not self.bar_length else 0
        return min(MOST_PLACES, (time * GRID + self.unit // 2) // self.unit)

    def _metric(self, place: int) -> int:
        return self.beats * 49 + min(48, max(0, (place * 4 + self.unit // 2) // self.unit))

    def _interval(self) -> int:
        sounding = self.sounding
        before = sounding - 1
        while before >= 0 and self.steps[before] is None:
            before -= 1
        if before < 0:
            return 25
        return max(-12, min(12, self.semitones[sounding] - self.semitones[before])) + 12

    def _phrase_features(self) -> list[int]:
        starts = self.phrase_starts
        spent = self.now - starts[-1]
        bar = self.bar_length or 4 * self.unit
        last = min(25, 2 * (starts[-1] - starts[-2]) // bar + 1) if len(starts) > 1 else 0
        return [
            min(12, spent // bar),
            min(24, len(self.onsets) - self.phrase_first_event[-1]),
            min(12, len(starts) - 1),
            min(64, 2 * spent // self.unit),
            *self._to_lengths(0),
            last,
        ]

    def _to_lengths(self, later: int) -> tuple[int, int]:
        """Time until the present phrase is as long as the last one, and the one before."""
        starts = self.phrase_starts
        spent = self.now + later - starts[-1]
        found = [49, 49]
        for back in (1, 2):
            if len(starts) > back:
                left = starts[-back] - starts[-back - 1] - spent
                found[back - 1] = max(-16, min(32, 2 * left // self.unit)) + 16
        return found[0], found[1]

    def _sounding_at(self, *times: int) -> list[int]:
        """For each time the pitch that sounds, and the duration of what begins there (none: it is held)."""
        onsets, pitches, durations = self.onsets, self.pitches, self.durations
        no_pitch, no_duration = self._nothing
        row: list[int] = []
        for time in times:
            if time < 0:
                row += (no_pitch, no_duration)
            else:
                found = bisect_right(onsets, time) - 1
                row += (pitches[found], durations[found] if onsets[found] == time else no_duration)
        return row

    def _times_ago(self) -> list[int]:
        """The time some bars ago, negative where there is none."""
        bar = self.bar_length
        return [self.now - bars * bar if bar else -1 for bars in LOOKBACK_BARS]

    def _times_in_phrases(self) -> list[int]:
        """The time at this place of earlier phrases, negative where one has no such place."""
        starts = self.phrase_starts
        present = len(starts) - 1
        spent = self.now - starts[-1]
        times: list[int] = []
        for back in PHRASES_BACK:
            which = present - back if back else 0
            there = starts[which] + spent if 0 <= which < present else -1
            times.append(there if 0 <= there < starts[which + 1] else -1)
        return times

    def _match_features(self) -> list[int]:
        exact, rhythm = self._exact_match, self._rhythm_match
        interval, pitch = self._interval_match, self._pitch_match
        no_pitch, no_duration = self._nothing
        row = [no_duration, no_pitch, 3, exact.length_class]
        if exact.pointer >= 0:
            at = exact.pointer
            row[:3] = self.durations[at], self.pitches[at], self.flags[at]
        row += (self.durations[rhythm.pointer] if rhythm.pointer >= 0 else no_duration, rhythm.length_class)
        named, duration = no_pitch, no_duration
        if interval.pointer >= 0:
            duration = self.durations[interval.pointer]
            moved: int | None = interval.symbols[interval.pointer][1]  # type: ignore[index]
            here = self.steps[self.sounding] if self.sounding >= 0 else None
            if moved is not None and here is not None:
                named = self.vocabulary.pitch_of_step.get(here + moved, no_pitch)
        row += (named, duration, interval.length_class)
        row += (self.pitches[pitch.pointer] if pitch.pointer >= 0 else no_pitch, pitch.length_class)
        return row

    def _like_phrase(self) -> list[int]:
        """What stands at this place of the earlier phrase that most agrees with the present one so far."""
        starts = self.phrase_starts
        spent = self.now - starts[-1]
        most, found = -1, -1
        for which, agreeing in self._agreeing.items():
            if agreeing >= most and starts[which] + spent < starts[which + 1]:
                most, found = agreeing, which
        if found < 0:
            return [*self._nothing, 0]
        passed = len(self.onsets) - self.phrase_first_event[-1]
        return [*self._sounding_at(starts[found] + spent), _likeness(most, passed)]

    def _compare(self, pitch: int) -> None:
        """Counts in which earlier phrases the coming event's pitch begins at the same place."""
        starts, onsets = self.phrase_starts, self.onsets
        spent = self.now - starts[-1]
        for which in self._agreeing:
            at = starts[which] + spent
            if at < starts[which + 1]:
                place = bisect_right(onsets, at) - 1
                if onsets[place] == at and self.pitches[place] == pitch:
                    self._agreeing[which] += 1


def _likeness(agreeing: int, passed: int) -> int:
    """Class of how many of a phrase's events agree with those of another."""
    if not passed:
        return 1
    share = 0 if not agreeing else 4 if agreeing == passed else 1 + min(2, 10 * agreeing // (3 * passed))
    return 2 + 3 * share + (passed > 2) + (passed > 5)


def _fixed_features(vocabulary: Vocabulary, listed: EventList) -> tuple[int, int, int]:
    conditions = listed.conditions
    unit = beat_unit(listed.meters[0][1] if listed.meters else None)
    pickup = min(97, round(Fraction(conditions.pickup, TICKS) / unit * 12))
    return vocabulary.mode_ids.get(conditions.mode, 0), conditions.tonic + 1, pickup


@cache
def _padding(length: int) -> tuple[int, ...]:
    return (0,) * length


def tag_row(vocabulary: Vocabulary, tags: Sequence[str]) -> list[int]:
    """Classes of up to eight region words, padded with 0; unknown words are left out."""
    found = (vocabulary.tag_ids[tag] for tag in tags if tag in vocabulary.tag_ids)
    known = list(dict.fromkeys(found))[:MOST_TAGS]
    return [*known, *_padding(MOST_TAGS - len(known))]


def walk(vocabulary: Vocabulary, listed: EventList) -> dict[str, np.ndarray]:
    """All features and targets of a tune, for teacher-forced scoring and training.

    Returns
    -------
    trunk : int16 (events, features of `trunk_features`).
    after : int16 (events, features of `after_features`).
    targets : int16 (events, 3): classes of duration, pitch and flag.
    tags : int16 (8,).
    marked : bool (), the flags are the source's phrase marks.
    """
    state = TuneState(vocabulary, listed)
    trunk, after, targets = [], [], []
    for event in listed.events:
        duration = vocabulary.duration_ids.get(event.duration, vocabulary.duration_escape)
        pitch = vocabulary.pitch_ids.get(event.pitch, vocabulary.pitch_escape)
        trunk.append(state.before())
        after.append(state.after(event.ticks))
        targets.append((duration, pitch, event.flag))
        state.push(event, duration, pitch)
    widths = len(trunk_features(vocabulary)), len(after_features()), 3
    arrays = [
        np.array(rows, np.int16).reshape(-1, width)
        for rows, width in zip((trunk, after, targets), widths, strict=True)
    ]
    return {
        "trunk": arrays[0],
        "after": arrays[1],
        "targets": arrays[2],
        "tags": np.array(tag_row(vocabulary, listed.conditions.tags), np.int16),
        "marked": np.array(listed.marked),
    }
