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
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import canzona
from canzona.composition.composition import Composition
from canzona.composition.decode import Plan, Sampling, Written, class_lengths, write_tunes
from canzona.composition.events import TICKS, EventList, absolute_pitch, beat_unit, ticks, tonic_pitch
from canzona.composition.model import DEFAULT, ComposerModel
from canzona.composition.rules import Bars, Phrases, Rests, Rule
from canzona.composition.rules.bars import FREE_BARS
from canzona.composition.settings import MOST_TUNES, Settings
from canzona.composition.start import Start, start_from, start_like, start_new
from canzona.conversion import Conversion
from canzona.errors import EmptyTuneError, FormatError, UnsupportedError, UsageError
from canzona.models import require_hash
from canzona.score.format import read
from canzona.score.provenance import Input, Provenance
from canzona.score.tune import Barline, Key, Note, Tune, standard_signature

BATCH = 64
"""Most tunes that are written side by side; how many changes no tune."""

MOST_HELD = 64 * 1024
"""Events of all tunes that may be held at once, at about 2 kB each, by all networks together."""

FREE_SILENCE = 4 * TICKS
"""Silences are shorter than this in free meter; elsewhere shorter than a bar."""


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
    like : a tune, or a score file, as whose first two bars the new ones open; `bars` and `phrases`
        count the whole tune.
    continue_ : a tune, or a score file, that the new ones go on from; `bars` and `phrases` count what
        is new.
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
    if not isinstance(count, int) or not 1 <= count <= MOST_TUNES:
        raise UsageError(f"{count} tunes cannot be written", hint=f"ask for 1 to {MOST_TUNES}")
    if seed is not None and (not isinstance(seed, int) or seed < 0):
        raise UsageError(f"{seed} is no seed", hint="give a whole number, 0 or more")
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
        """What `like` or `continue_` names, read where it is a file; EmptyTuneError where no note sounds."""
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


_LOOK = {"tempo", "instrument", "soundfont"}
"""Options of a file, beside those of the tune."""


def replay(made: Provenance, *, suffix: str, inputs: dict[str, Path]) -> bytes:
    """The bytes of a file that `compose` wrote, made once more.

    Parameters
    ----------
    made : what the file says of itself.
    suffix : the file's ending, with its dot.
    inputs : where the files lie that it was made from, by their names.
    """
    options = dict(made.options)
    try:
        number, look = int(options.pop("number", 1)), dict(options.pop("file", {}))
        goes_on, like = options.pop("continue", None), options.pop("like", None)
        seed = int(made.seed or 0)
        if not 1 <= number <= MOST_TUNES or seed < 0 or not look.keys() <= _LOOK:
            raise ValueError("no tune has this number, seed or look")
        settings = Settings(**options)
        Conversion.from_dict({"to": "krn", **look})
    except (TypeError, ValueError, OverflowError) as error:
        raise FormatError("what the file says of how it was made is none of this version's") from error
    opened = ComposerModel.open(made.model)
    require_hash(opened.folder, made.model_hash)
    name = like if goes_on is None else goes_on
    if name is not None and (name not in inputs or not made.inputs):
        raise UnsupportedError("it was made from a tune that no file held", hint="compose from a file")
    place = None if name is None else inputs[name]
    source = _Source.of(None if goes_on is not None else place, None if goes_on is None else place)
    if source.file is not None:
        source = replace(source, file=made.inputs[0])
    written = _compose(opened, settings, seed, [number], source, None)
    return written[0].to_bytes(suffix, **look)


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
        Plan(start.told, _rules(model, settings, start), (seed, number))
        for start, number in zip(starts, numbers, strict=True)
    ]
    sampling = Sampling(settings.temperature, settings.top_p)
    batch = _batch(model, settings, starts)
    written = write_tunes(model.network, model.vocabulary, plans, sampling, batch=batch, progress=progress)
    found = []
    model_hash = model.folder.hash
    for number, start, result in zip(numbers, starts, written, strict=True):
        options = {**settings.to_dict(), "number": number}
        if source.tune is not None:
            options["continue" if source.goes_on else "like"] = source.file.name if source.file else ""
        made = Provenance(
            canzona.__version__, "compose", model.folder.name, model_hash, seed, options,
            (source.file,) if source.file else (),
        )  # fmt: skip
        tune = _tune(model, start, result, source, f"{seed}.{number}").replace(provenance=made.to_json())
        found.append(Composition(
            tune=tune, given=source.tune, provenance=made, warnings=start.warnings,
            bits_per_note=float(result.bits.mean()) if len(result.bits) else 0.0,
            copied=model.index.longest_copy(tune), percentile=0.0, model=model,
        ))  # fmt: skip
    return [replace(each, percentile=model.index.percentile(each.copied.length)) for each in found]


def _start(model: ComposerModel, settings: Settings, seed: int, number: int, source: _Source) -> Start:
    """Draws what is left out, or takes it from the given tune."""
    if source.tune is not None:
        return (start_from if source.goes_on else start_like)(model, settings, source.tune)
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, number, 1))))
    return start_new(model, settings, random)


def _batch(model: ComposerModel, settings: Settings, starts: Sequence[Start]) -> int:
    """How many tunes are written side by side, so that long ones fit into memory too."""
    given = max(len(start.opening.events) for start in starts)
    longest = given + 8 * (settings.bars or FREE_BARS)
    return max(1, min(BATCH, MOST_HELD // model.network.copies // longest))


def _rules(model: ComposerModel, settings: Settings, start: Start) -> tuple[Rule, ...]:
    meter = start.meter
    given_bars, given_events = start.given_bars, len(start.opening.events)
    found: list[Rule] = [
        Bars(
            class_lengths(model.vocabulary.durations, beat_unit(meter)),
            bar_length=ticks(meter.length),
            pickup=start.opening.conditions.pickup,
            bars=start.bars,
            given_bars=given_bars,
            given_events=given_events,
        )
    ]
    found.append(Rests(model.vocabulary, (ticks(meter.length) or FREE_SILENCE) - 1))
    if start.phrases is not None:
        found.append(
            Phrases(
                start.phrases,
                None if meter.is_free else start.bars,
                given_bars=given_bars,
                given_phrases=start.given_phrases,
                given_events=given_events,
            )
        )
    return tuple(found)


def _tune(model: ComposerModel, start: Start, written: Written, source: _Source, name: str) -> Tune:
    """The written events as a Tune, after the notes that were given."""
    tonic = tonic_pitch(start.key)
    given = start.given
    shift = given.duration - Fraction(start.opening.length, TICKS)
    notes = _given_notes(given, ends=bool(written.given) and written.events[written.given - 1].flag != 0)
    begins = not notes or notes[-1].phrase_end
    for event in written.events[written.given :]:
        pitch = None if isinstance(event.pitch, str) else absolute_pitch(event.pitch, tonic)
        ends = event.flag != 0
        onset = _quarters(event.onset)
        notes.append(Note(onset + shift if shift else onset, _quarters(event.ticks), pitch, begins, ends))
        begins = ends
    meters = given.meters or tuple((Fraction(onset, TICKS), meter) for onset, meter in start.opening.meters)
    key = Key(start.key.tonic, start.key.tonic_alter, start.key.mode,
              start.key.signature or standard_signature(start.key.fifths))  # fmt: skip
    about = f"Written by Canzona {canzona.__version__} with the model '{model.folder.name}'"
    if model.folder.research_only:
        about += " (for research only)"
    title = f"Canzona {name}"
    if given.title and given.notes:
        title = f"{given.title}, continued" if source.goes_on else f"After {given.title}"
    return Tune(
        notes=tuple(notes),
        barlines=_barlines(given, notes[-1].end, start.opening),
        keys=given.keys or ((Fraction(0), key),),
        meters=meters,
        records=(("OTL", title), ("ONB", about)),
        phrasing="marked",
    )


@lru_cache(maxsize=4096)
def _quarters(time: int) -> Fraction:
    """Ticks as quarter notes."""
    return Fraction(time, TICKS)


def _given_notes(given: Tune, *, ends: bool) -> list[Note]:
    """The given notes, whose last phrase ends or goes on; the first opens one."""
    notes = list(given.notes)
    if notes:
        notes[0] = replace(notes[0], phrase_start=True)
        notes[-1] = replace(notes[-1], phrase_end=ends)
    return notes


def _barlines(given: Tune, end: Fraction, opening: EventList) -> tuple[Barline, ...]:
    """The given bar lines, then one a bar, and a final one at the end."""
    meter = opening.meters[-1][1]
    lines = [
        replace(line, kind="double") if line.kind == "final" else line
        for line in given.barlines
        if line.onset < given.duration
    ]
    last = next((line for line in given.barlines if line.onset == given.duration), None)
    repeats = last is not None and last.repeat in ("end", "both")
    closed = opening.barlines[-1:] == (opening.length,)
    if closed:
        at = given.duration
    else:
        at = lines[-1].onset + meter.length if lines else Fraction(opening.conditions.pickup, TICKS)
    number = lines[-1].number + 1 if lines else 1
    if not meter.is_free:
        while at < end:
            ends_repeat = repeats and at == given.duration
            lines.append(Barline(at, number, repeat="end" if ends_repeat else ""))
            at, number = at + meter.length, number + 1
    if not closed:
        lines = _without_open_repeat(lines)
    return (*lines, Barline(end, kind="final"))


def _without_open_repeat(lines: list[Barline]) -> list[Barline]:
    """The bar lines without the start of a repeat that nothing ends any more."""
    for place in reversed(range(len(lines))):
        repeat = lines[place].repeat
        if repeat == "end":
            break
        if repeat:
            lines[place] = replace(lines[place], repeat="end" if repeat == "both" else "")
            break
    return lines
