"""Composing: settings and a seed in, tunes out.

Each tune of a request is drawn from (seed, number) alone, so that tune 7 of 100 is the same
as tune 7 of 10, and every file can be made again from what it says of itself.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import canzona
from canzona.composition.composition import Composition
from canzona.composition.decode import Plan, Sampling, Written, class_lengths, write_tunes
from canzona.composition.events import (
    PHRASE_ENDS,
    REST,
    TICKS,
    TUNE_ENDS,
    Conditions,
    Event,
    EventList,
    absolute_pitch,
    beat_unit,
    encode,
    region_tags,
    ticks,
    tonic_pitch,
)
from canzona.composition.model import DEFAULT, ComposerModel, Opening
from canzona.composition.rules import Bars, Phrases, Rule
from canzona.composition.settings import MOST_TUNES, Settings, key_named, meter_named
from canzona.errors import EmptyTuneError, UsageError
from canzona.score.format import read
from canzona.score.provenance import Input, Provenance
from canzona.score.tune import Barline, Key, Meter, Note, Tune, standard_signature

LIKE_BARS = 2
"""Bars that a tune made with `like` takes over."""


@dataclass(frozen=True)
class _Start:
    """Where one tune starts: its key and meter, the given tune if any, and what to tell the user."""

    key: Key
    opening: EventList
    given: Tune
    warnings: tuple[str, ...]


def compose(
    *,
    model: str | Path | ComposerModel = DEFAULT,
    count: int = 1,
    seed: int | None = None,
    like: Tune | str | Path | None = None,
    continue_: Tune | str | Path | None = None,
    progress: Callable[[int], None] | None = None,
    **settings: Any,
) -> list[Composition]:
    """Write new tunes.

    Parameters
    ----------
    model : a model's name or folder, or one already opened.
    count : how many tunes, 1 to 100,000.
    seed : the same seed gives the same tunes; None draws one, which every result names.
    like : a tune, or a score file, as whose first two bars the new ones open.
    continue_ : a tune, or a score file, that the new ones go on from.
    progress : called with the number of tunes done.
    settings : see `Settings`: style, key, mode, meter, bars, phrases, temperature, top_p.

    Raises
    ------
    UsageError : a setting makes no sense.
    RulesError : settings contradict one another.
    ModelError : the model is missing, damaged or foreign.
    EmptyTuneError : the tune to go on from has no note.
    """
    wanted = Settings(**settings)
    if not 1 <= count <= MOST_TUNES:
        raise UsageError(f"{count} tunes cannot be written", hint=f"ask for 1 to {MOST_TUNES}")
    if like is not None and continue_ is not None:
        raise UsageError(
            "a tune cannot both open like one and continue one", hint="give like or continue, not both"
        )
    seed = secrets.randbelow(2**32) if seed is None else seed
    opened = model if isinstance(model, ComposerModel) else ComposerModel.open(model)
    return _compose(opened, wanted, seed, range(1, count + 1), _Source.of(like, continue_), progress)


@dataclass(frozen=True)
class _Source:
    """The tune that new ones start from, how, and the file that it came from."""

    tune: Tune | None = None
    goes_on: bool = False
    file: Input | None = None

    @classmethod
    def of(cls, like: Tune | str | Path | None, continue_: Tune | str | Path | None) -> _Source:
        source = like if continue_ is None else continue_
        if source is None:
            return cls()
        file = None
        if isinstance(source, str | Path):
            path = Path(source)
            tune = read(path)
            file = Input(str(path), hashlib.sha256(path.read_bytes()).hexdigest())
        else:
            tune = source
        if tune.is_empty:
            raise EmptyTuneError(
                f"{tune.source or 'the tune'} has no note to start from", hint="give a tune with notes"
            )
        return cls(tune, continue_ is not None, file)


def replay(made: Provenance, *, suffix: str, inputs: dict[str, Path]) -> bytes:
    """The bytes of a file that `compose` wrote, made once more.

    Parameters
    ----------
    made : what the file says of itself.
    suffix : the file's ending, with its dot.
    inputs : where the files lie that it was made from, by their names.
    """
    options = dict(made.options)
    number, file = int(options.pop("number", 1)), options.pop("file", {})
    goes_on, like = options.pop("continue", None), options.pop("like", None)
    opened = ComposerModel.open(made.model)
    if opened.folder.hash != made.model_hash:
        raise UsageError(
            f"it was made with another version of model '{made.model}'",
            hint=f"install the model whose hash begins with {made.model_hash[:12]}",
        )
    place = inputs.get(str(goes_on or like))
    source = _Source.of(None if goes_on else place, place if goes_on else None)
    if source.file is not None:
        source = replace(source, file=made.inputs[0])
    written = _compose(opened, Settings(**options), int(made.seed or 0), [number], source, None)
    return written[0].to_bytes(suffix, **file)


def _compose(
    model: ComposerModel,
    settings: Settings,
    seed: int,
    numbers: Sequence[int],
    source: _Source,
    progress: Callable[[int], None] | None,
) -> list[Composition]:
    starts = [_start(model, settings, seed, number, source) for number in numbers]
    plans = [
        Plan(start.opening, _rules(model, settings, start), (seed, number))
        for start, number in zip(starts, numbers, strict=True)
    ]
    sampling = Sampling(settings.temperature, settings.top_p)
    written = write_tunes(model.network, model.vocabulary, plans, sampling, progress=progress)
    found = []
    for number, start, result in zip(numbers, starts, written, strict=True):
        options = {**settings.to_dict(), "number": number}
        if source.tune is not None:
            options["continue" if source.goes_on else "like"] = source.file.name if source.file else ""
        made = Provenance(
            canzona.__version__, "compose", model.folder.name, model.folder.hash, seed, options,
            (source.file,) if source.file else (),
        )  # fmt: skip
        tune = _tune(model, start, result, f"{seed}.{number}").replace(provenance=made.to_json())
        found.append(Composition(
            tune=tune, given=source.tune, provenance=made, warnings=start.warnings,
            bits_per_note=float(result.bits.mean()) if len(result.bits) else 0.0,
            copied=model.index.longest_copy(tune), percentile=0.0, model=model,
        ))  # fmt: skip
    return [replace(each, percentile=model.index.percentile(each.copied.length)) for each in found]


def _start(model: ComposerModel, settings: Settings, seed: int, number: int, source: _Source) -> _Start:
    """Draws what is left out, or takes it from the given tune."""
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, number, 1))))
    tags = model.style_tags(settings.style)
    if source.tune is not None:
        return _start_from(model, source.tune, tags, whole=source.goes_on)
    warnings = []
    meter, key, mode = settings.parsed_meter(), settings.parsed_key(), settings.wanted_mode
    rows = [row for row in model.openings if set(tags) <= set(row.tags)] or list(model.openings)
    if mode:
        if not any(row.mode == mode for row in model.openings):
            warnings.append(
                f"model '{model.folder.name}' has never seen the mode {mode}: it writes as in no mode"
            )
        rows = [row for row in rows if row.mode == mode] or rows
    if meter is not None:
        if str(meter) not in model.vocabulary.meter_ids:
            warnings.append(
                f"model '{model.folder.name}' has never seen the meter {meter}: it does what it can"
            )
        rows = [row for row in rows if row.meter == str(meter)] or [
            replace(row, pickup=Fraction(0)) for row in rows
        ]
    drawn = _draw(rows, random)
    meter = (
        meter_named(drawn.meter.replace("+", ""))
        if meter is None and "+" not in drawn.meter
        else meter or Meter(4, 4)
    )
    if key is None:
        key = key_named(drawn.tonic)
    key = Key(key.tonic, key.tonic_alter, mode or drawn.mode or "major")
    pickup = drawn.pickup if drawn.pickup < meter.length else Fraction(0)
    tonic = tonic_pitch(key)
    known = Conditions(drawn.tags, key.mode, int(tonic.midi) % 12, ticks(pickup))
    barlines = (ticks(pickup),) if pickup else (0,)
    listed = EventList((), barlines if not meter.is_free else (), ((0, meter),), known)
    return _Start(key, listed, Tune(), tuple(warnings))


def _draw(rows: Sequence[Opening], random: np.random.Generator) -> Opening:
    summed = np.cumsum([row.count for row in rows])
    return rows[int(np.searchsorted(summed, random.integers(int(summed[-1])), side="right"))]


def _start_from(model: ComposerModel, tune: Tune, tags: tuple[str, ...], *, whole: bool) -> _Start:
    """The opening that a given tune makes: its first two bars, or all of it."""
    kept = tune if whole else _first_bars(tune)
    own = tuple(tag for tag in region_tags(tune) if tag in model.vocabulary.tag_ids)
    listed = encode(kept, tags or own)
    events = list(listed.events)
    if events and events[-1].flag == TUNE_ENDS:
        ends = whole or kept.notes[-1].phrase_end
        events[-1] = replace_flag(events[-1], PHRASE_ENDS if ends else 0)
    length = listed.length
    meters = listed.meters or ((0, Meter(0, 1, symbol="X")),)
    bars = tuple(line for line in listed.barlines if line <= length)
    last_meter = meters[-1][1]
    if (
        not last_meter.is_free
        and (not bars or bars[-1] < length)
        and _closes(bars, length, last_meter, listed.conditions.pickup)
    ):
        bars = (*bars, length)
    key = tune.key_at(kept.duration) or Key("C", 0, "major")
    if not key.tonic:
        tonic = tonic_pitch(key)
        key = Key(tonic.step, int(tonic.alter), key.mode or "major", key.signature)
    conditions = replace(listed.conditions, pickup=ticks(tune.pickup))
    warnings = () if str(last_meter) in model.vocabulary.meter_ids else (
        f"model '{model.folder.name}' has never seen the meter {last_meter}: it does what it can",
    )  # fmt: skip
    return _Start(key, EventList(tuple(events), bars, meters, conditions), kept, warnings)


def replace_flag(event: Event, flag: int) -> Event:
    """The event with another flag."""
    return Event(event.onset, event.ticks, event.duration, event.pitch, flag)


def _closes(bars: Sequence[int], length: int, meter: Meter, pickup: int) -> bool:
    """Whether a bar line stands at the end: the last bar is full, or was cut short by the pickup."""
    rest = length - (bars[-1] if bars else 0)
    return rest in (ticks(meter.length), ticks(meter.length) - pickup)


def _first_bars(tune: Tune) -> Tune:
    """The first two full bars (and the pickup), or in free meter the first phrase."""
    bars = tune.bars[: LIKE_BARS + bool(tune.pickup)]
    free = tune.meter is None or tune.meter.is_free or not bars
    end = tune.phrases()[0][-1].end if free else bars[-1].onset + bars[-1].duration
    notes = tuple(note for note in tune.notes if note.end <= end) or tune.notes[:1]
    end = notes[-1].end
    return tune.replace(
        notes=notes,
        barlines=tuple(line for line in tune.barlines if line.onset <= end),
        meters=tuple(change for change in tune.meters if change[0] < end),
        keys=tuple(change for change in tune.keys if change[0] < end),
        sections=(), expansions=(), phrasing="marked" if tune.phrasing == "none" else tune.phrasing,
    )  # fmt: skip


def _rules(model: ComposerModel, settings: Settings, start: _Start) -> tuple[Rule, ...]:
    meter = start.opening.meters[-1][1]
    pickup = start.opening.conditions.pickup
    lengths = class_lengths(model.vocabulary, beat_unit(meter))
    bars = settings.bars
    if bars is not None and start.opening.events:
        bars += len([line for line in start.opening.barlines if line < start.opening.length])
    found: list[Rule] = [
        Bars(lengths, model.chances, bar_length=ticks(meter.length), pickup=pickup, bars=bars)
    ]
    if settings.phrases is not None and settings.bars is not None and not start.opening.events:
        found.append(Phrases(settings.phrases, settings.bars))
    return tuple(found)


def _tune(model: ComposerModel, start: _Start, written: Written, name: str) -> Tune:
    """The written events as a Tune, after the notes that were given."""
    tonic = tonic_pitch(start.key)
    given = start.given
    shift = given.duration - Fraction(start.opening.length, TICKS) if written.given else Fraction(0)
    notes = list(given.notes)
    if notes and written.given:
        last = notes[-1]
        ends = written.events[written.given - 1].flag != 0
        notes[-1] = Note(
            last.onset, last.duration, last.pitch, last.phrase_start, ends, last.graces, last.attachments
        )
    begins = not notes or notes[-1].phrase_end
    for event in written.events[written.given :]:
        pitch = None if event.pitch == REST else absolute_pitch(event.pitch, tonic)  # type: ignore[arg-type]
        ends = event.flag != 0
        notes.append(
            Note(Fraction(event.onset, TICKS) + shift, Fraction(event.ticks, TICKS), pitch, begins, ends)
        )
        begins = ends
    meters = given.meters or tuple((Fraction(onset, TICKS), meter) for onset, meter in start.opening.meters)
    key = Key(start.key.tonic, start.key.tonic_alter, start.key.mode,
              start.key.signature or standard_signature(start.key.fifths))  # fmt: skip
    about = f"Written by Canzona {canzona.__version__} with the model '{model.folder.name}'"
    if model.folder.research_only:
        about += " (for research only)"
    title = f"{given.title}, continued" if given.title and len(given.notes) else f"Canzona {name}"
    return Tune(
        notes=tuple(notes),
        barlines=_barlines(given, notes[-1].end, start.opening),
        keys=given.keys or ((Fraction(0), key),),
        meters=meters,
        records=(("OTL", title), ("ONB", about)),
        phrasing="marked",
    )


def _barlines(given: Tune, end: Fraction, opening: EventList) -> tuple[Barline, ...]:
    """The given bar lines, then one a bar, and a final one at the end."""
    meter = opening.meters[-1][1]
    lines = [line for line in given.barlines if line.onset < given.duration and line.kind != "final"]
    if not meter.is_free:
        if lines:
            at, number = lines[-1].onset + meter.length, lines[-1].number + 1
        else:
            at, number = Fraction(opening.conditions.pickup, TICKS), 1
        known = [Fraction(line, TICKS) for line in opening.barlines if given.notes]
        if known and lines and known[-1] > lines[-1].onset:
            at = known[-1]
        while at < end:
            lines.append(Barline(at, number))
            at, number = at + meter.length, number + 1
    return (*lines, Barline(end, kind="final"))
