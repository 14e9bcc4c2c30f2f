"""Phrases where a source marks none, by a rule.

MIDI, dance music in ABC and art songs mark no phrases. They are inferred.

1. A phrase begins wherever the source itself makes a cut: a labelled section, a repeat or an
   ending, a double bar line, the end of a written line, the first note after a rest of a
   beat or more.
2. A source that has no lines (MIDI) is also cut four bars after the last cut, as dances go;
   the cut lies before the bar line by the length of the pickup, where a note begins there.

A cut that would leave a phrase with less than two notes is dropped. Each cut depends on what
stands before it alone, so a tune that changes later keeps its earlier phrases. The marks say
that they were inferred (`Tune.phrasing`), and no figure of a model counts them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from fractions import Fraction

from canzona.score.tune import Tune

BARS_A_PHRASE = 4
"""Bars after which a source without lines is cut."""


def infer_phrases(tune: Tune, line_ends: Iterable[Fraction] | None = ()) -> Tune:
    """A copy of the tune with inferred phrase marks; a tune whose source marks them is returned as is.

    Parameters
    ----------
    tune : any tune.
    line_ends : onsets in quarter notes at which a written line of the source ends; None for a
        source that has no lines, which is then cut every four bars.
    """
    if tune.phrasing == "marked" or tune.is_empty:
        return tune
    places = {note.onset: place for place, note in enumerate(tune.notes)}
    written = {places[cut] for cut in _written_cuts(tune, line_ends or ()) if cut in places}
    cuts = written | _cuts_after_rests(tune)
    if line_ends is None:
        cuts |= _cuts_by_bars(tune, cuts, places)
    return _mark(tune, _without_slivers(tune, cuts))


def _written_cuts(tune: Tune, line_ends: Iterable[Fraction]) -> set[Fraction]:
    cuts = set(line_ends) | {section.onset for section in tune.sections}
    cuts |= {
        line.onset for line in tune.barlines if line.repeat or line.ending or line.kind in ("double", "final")
    }
    return cuts


def _cuts_after_rests(tune: Tune) -> set[int]:
    cuts = set()
    silent = Fraction(0)
    for place, note in enumerate(tune.notes):
        if note.pitch is None:
            silent += note.duration
            continue
        if silent:
            meter = tune.meter_at(note.onset)
            beat = Fraction(4, meter.unit) if meter is not None and not meter.is_free else Fraction(1)
            if silent >= beat:
                cuts.add(place)
            silent = Fraction(0)
    return cuts


def _cuts_by_bars(tune: Tune, cuts: set[int], places: dict[Fraction, int]) -> set[int]:
    """Cuts four bars after the last cut of any kind, before the bar line by the pickup's length."""
    found: set[int] = set()
    pickup = tune.pickup
    passed = 0
    for bar in tune.bars[1 if pickup else 0 :]:
        here = places.get(bar.onset - pickup, places.get(bar.onset))
        if here in cuts or places.get(bar.onset) in cuts:
            passed = 0
        elif passed == BARS_A_PHRASE and here is not None:
            found.add(here)
            passed = 0
        passed += 1
    return found


def _without_slivers(tune: Tune, cuts: set[int]) -> list[int]:
    """Cuts with two notes or more (rests not counted) since the one before."""
    kept = [0]
    sounding = 0
    for place, note in enumerate(tune.notes):
        if place in cuts and sounding >= 2:
            kept.append(place)
            sounding = 0
        sounding += note.pitch is not None
    return kept


def _mark(tune: Tune, starts: list[int]) -> Tune:
    begins = set(starts)
    ends = {start - 1 for start in starts if start} | {len(tune.notes) - 1}
    notes = tuple(
        dataclasses.replace(note, phrase_start=place in begins, phrase_end=place in ends)
        if (note.phrase_start, note.phrase_end) != (place in begins, place in ends)
        else note
        for place, note in enumerate(tune.notes)
    )
    return tune.replace(notes=notes, phrasing="inferred")
