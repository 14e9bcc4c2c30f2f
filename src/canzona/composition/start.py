"""Where a new tune starts: its key, meter and pickup, and the notes that it takes over.

What a user leaves out is drawn from the openings of the training tunes; what a given tune says
is taken from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache

import numpy as np

from canzona.composition.decode import class_lengths
from canzona.composition.events import (
    GOES_ON,
    PHRASE_ENDS,
    TICKS,
    Conditions,
    EventList,
    beat_unit,
    encode,
    region_tags,
    ticks,
    tonic_pitch,
)
from canzona.composition.model import ComposerModel, Opening
from canzona.composition.rules import Bars
from canzona.composition.settings import Settings, key_named
from canzona.score.tune import FREE_METER, Key, Meter, Tune

LIKE_BARS = 2
"""Bars that a tune made with `like` takes over."""


@dataclass(frozen=True)
class Start:
    """Where one tune starts.

    Attributes
    ----------
    key : the key that holds where the new notes begin.
    opening : conditions, meters, bar lines and the events that are given.
    given : the notes that stand at the beginning, as a tune; an empty one where none are given.
    warnings : what to tell the user.
    bars, phrases : how many to write behind what is given, or None.
    """

    key: Key
    opening: EventList
    given: Tune
    warnings: tuple[str, ...]
    bars: int | None
    phrases: int | None

    @property
    def meter(self) -> Meter:
        """The meter that holds where the new notes begin."""
        return self.opening.meters[-1][1]

    @property
    def given_bars(self) -> int:
        """Bars begun in what is given, as `TuneState` counts them."""
        opening, length = self.opening, self.opening.length
        bar = ticks(self.meter.length)
        if not opening.events or not bar:
            return 0
        begun = [line for line in opening.barlines if line < length]
        if len(begun) < len(opening.barlines):
            return len(begun)
        first = begun[-1] if begun else opening.conditions.pickup
        return max(1, len(begun)) + (length - 1 - first) // bar if length > first else 0

    @property
    def told(self) -> EventList:
        """The opening, whose conditions say how many bars the whole tune will have, where that is settled."""
        bars = 0 if self.bars is None or self.meter.is_free else self.given_bars + self.bars
        return replace(self.opening, conditions=replace(self.opening.conditions, bars=bars))

    @property
    def given_phrases(self) -> int:
        """Phrases that end in what is given."""
        return sum(event.flag != GOES_ON for event in self.opening.events)


def start_new(model: ComposerModel, settings: Settings, random: np.random.Generator) -> Start:
    """A start without a note; what the settings leave out is drawn from the training tunes' openings.

    Parameters
    ----------
    model : the model.
    settings : what the user asks for.
    random : a generator for this tune alone.

    Raises
    ------
    UsageError : the model does not know the style.
    """
    tags = model.style_tags(settings.style)
    warnings = []
    meter, key, mode = settings.parsed_meter(), settings.parsed_key(), settings.wanted_mode
    rows = _rows_of_style(model, tags)
    if mode:
        if not any(row.mode == mode for row in model.openings):
            warnings.append(
                f"model '{model.folder.name}' has never seen the mode {mode}: it writes as in no mode"
            )
        rows = [row for row in rows if row.mode == mode] or rows
    if meter is not None:
        warnings += _unseen(model, meter)
        rows = [row for row in rows if row.meter == str(meter)] or [
            replace(row, pickup=Fraction(0)) for row in rows
        ]
    elif settings.bars is not None:
        rows = [row for row in rows if row.meter != "free"] or [
            replace(row, meter="4/4", pickup=Fraction(0)) for row in rows
        ]
    drawn = _draw(rows, random)
    meter = meter or _meter_of(drawn)
    key = key or key_named(drawn.tonic)
    key = Key(key.tonic, key.tonic_alter, mode or drawn.mode or "major")
    pickup = ticks(drawn.pickup) if drawn.pickup < meter.length else 0
    if pickup and not _fills(model, meter, pickup):
        pickup = 0
    known = Conditions(drawn.tags, key.mode, int(tonic_pitch(key).midi) % 12, pickup)
    barlines = () if meter.is_free else (pickup,)
    opening = EventList((), barlines, ((0, meter),), known)
    return Start(key, opening, Tune(), tuple(warnings), settings.bars, settings.phrases)


def start_like(model: ComposerModel, settings: Settings, tune: Tune) -> Start:
    """The start of a tune that opens as a given one: with two bars of it, or as many as leave room.

    The bars and phrases that are asked for are the whole tune's, and each phrase needs a bar.
    """
    most, phrases = LIKE_BARS, settings.phrases
    if settings.bars is not None:
        most = min(LIKE_BARS, settings.bars - (phrases or 1))
    start = start_from(model, settings, _first_bars(tune, max(1, most)), ends=False)
    if not start.meter.is_free:
        start = start if _full_bars(start.given) <= most else _without_notes(start)
        start = replace(start, bars=settings.bars and settings.bars - _full_bars(start.given))
    if phrases is not None:
        start = _with_phrases(start, phrases - 1)
        start = replace(start, phrases=phrases - start.given_phrases)
    return start


def start_from(model: ComposerModel, settings: Settings, tune: Tune, *, ends: bool = True) -> Start:
    """The start that a given tune makes, whose last phrase `ends` with it or goes on where it does not say.

    The bars and phrases that are asked for come behind it.
    """
    tags = model.style_tags(settings.style)
    tags = tags or tuple(tag for tag in region_tags(tune) if tag in model.vocabulary.tag_ids)
    listed = encode(tune, tags)
    ends = ends or tune.notes[-1].phrase_end
    last = replace(listed.events[-1], flag=PHRASE_ENDS if ends else GOES_ON)
    meters = tuple(change for change in listed.meters if change[0] <= listed.length)
    conditions = replace(listed.conditions, pickup=ticks(tune.pickup))
    opening = EventList((*listed.events[:-1], last), (), meters or ((0, FREE_METER),), conditions)
    opening = replace(opening, barlines=_lines(model, opening, tune, listed.barlines))
    key = tune.key_at(tune.duration) or Key("C", 0, "major")
    if not key.tonic:
        tonic = tonic_pitch(key)
        key = Key(tonic.step, int(tonic.alter), key.mode or "major", key.signature)
    meter = opening.meters[-1][1]
    warnings = _unseen(model, meter)
    held = [name for name in ("key", "mode", "meter") if getattr(settings, name)]
    if held:
        warnings.append(
            f"{' and '.join(held)} of the given tune hold{'s' * (len(held) == 1)}, not those asked for"
        )
    if meter.is_free and settings.bars is not None:
        warnings.append("the given tune is in free meter: there are no bars to count")
    return Start(key, opening, tune, tuple(warnings), settings.bars, settings.phrases)


def _full_bars(tune: Tune) -> int:
    """Bars of a tune beside its pickup; the last may be unfinished."""
    return len(tune.bars) - bool(tune.pickup) if tune.notes else 0


def _without_notes(start: Start) -> Start:
    """A start in the key and meter of the given tune that takes nothing else over."""
    meter, known = start.opening.meters[0][1], start.opening.conditions
    opening = EventList((), () if meter.is_free else (known.pickup,), ((0, meter),), known)
    return replace(start, opening=opening, given=Tune())


def _with_phrases(start: Start, most: int) -> Start:
    """The start with no more than so many phrase ends, the first ones."""
    places = [place for place, event in enumerate(start.opening.events) if event.flag != GOES_ON][most:]
    events, notes = list(start.opening.events), list(start.given.notes)
    for place in places:
        events[place] = replace(events[place], flag=GOES_ON)
        notes[place] = replace(notes[place], phrase_end=False)
        if place + 1 < len(notes):
            notes[place + 1] = replace(notes[place + 1], phrase_start=False)
    opening = replace(start.opening, events=tuple(events))
    return replace(start, opening=opening, given=start.given.replace(notes=tuple(notes)))


def _rows_of_style(model: ComposerModel, tags: Sequence[str]) -> list[Opening]:
    """Openings of the tunes that have every word of a style, by whatever name of it."""
    if not tags:
        return list(model.openings)
    ids = model.vocabulary.tag_ids
    wanted = {ids[tag] for tag in tags}
    rows = [row for row in model.openings if wanted <= {ids[tag] for tag in row.tags if tag in ids}]
    return rows or [replace(row, tags=tuple(tags)) for row in model.openings]


def _unseen(model: ComposerModel, meter: Meter) -> list[str]:
    if str(meter) in model.vocabulary.meter_ids:
        return []
    return [f"model '{model.folder.name}' has never seen the meter {meter}: it does what it can"]


def _meter_of(row: Opening) -> Meter:
    return _meter_named(row.meter)


@cache
def _meter_named(name: str) -> Meter:
    """The meter that `str` writes so: '3/4', '3+2/8' or 'free'."""
    if name == "free":
        return FREE_METER
    beats, unit = name.split("/")
    parts = tuple(map(int, beats.split("+")))
    return Meter(sum(parts), int(unit), parts if len(parts) > 1 else ())


def _draw(rows: Sequence[Opening], random: np.random.Generator) -> Opening:
    summed = np.cumsum([row.count for row in rows])
    return rows[int(np.searchsorted(summed, random.integers(int(summed[-1])), side="right"))]


def _lines(model: ComposerModel, opening: EventList, kept: Tune, lines: Sequence[int]) -> tuple[int, ...]:
    """Bar lines of what is given, with one at its end where its last bar is over.

    A last bar that is not full goes on, so that every bar closes; one that no durations fill is
    closed where it stands.
    """
    meter, length = opening.meters[-1][1], opening.length
    bar = ticks(meter.length)
    if not bar:
        return tuple(line for line in lines if line <= length)
    before = tuple(line for line in lines if line < length)
    first = before[-1] if before else opening.conditions.pickup
    meter_changes = 0 < length == opening.meters[-1][0]
    if meter_changes or (before and length - first >= bar):
        return (*before, length)
    left = (first - length) % bar
    on_grid = Fraction(length, TICKS) == kept.duration
    return before if on_grid and _fills(model, meter, left) else (*before, length)


def _fills(model: ComposerModel, meter: Meter, left: int) -> bool:
    """Whether durations that the model knows fill so many ticks."""
    lengths = class_lengths(model.vocabulary.durations, beat_unit(meter))
    rule = Bars(lengths, bar_length=ticks(meter.length), pickup=0, bars=None)
    return rule.fills(left)


def _first_bars(tune: Tune, count: int) -> Tune:
    """The first full bars (and the pickup), or in free meter the first phrase."""
    bars = tune.bars[: count + bool(tune.pickup)]
    free = tune.meter is None or tune.meter.is_free or not bars
    end = tune.phrases()[0][-1].end if free else bars[-1].onset + bars[-1].duration
    notes = tuple(note for note in tune.notes if note.end <= end) or tune.notes[:1]
    end = notes[-1].end
    return tune.replace(
        notes=notes,
        barlines=tuple(
            replace(line, kind="regular", repeat="", ending="") for line in tune.barlines if line.onset <= end
        ),
        meters=tuple(change for change in tune.meters if change[0] < end),
        keys=tuple(change for change in tune.keys if change[0] < end),
        sections=(), expansions=(), phrasing="marked" if tune.phrasing == "none" else tune.phrasing,
    )  # fmt: skip
