"""Phrases where a source marks none, by a rule.

MIDI, dance music in ABC and art songs mark no phrases. They are inferred in two steps.

1. A phrase begins wherever the source itself makes a cut: a labelled section, a repeat or an
   ending, a double bar line, the end of a written line, the first note after a rest of a
   beat or more.
2. A stretch that is still longer than eight bars is cut every four bars, counted from its
   first full bar, as dances go; the cut lies as far before the bar line as the pickup of
   the stretch reaches, where a note begins there.

A cut that would leave less than two notes on a side is dropped. The marks say that they were
inferred (`Tune.phrasing`), and evaluation does not count them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from fractions import Fraction

from canzona.score.tune import Note, Tune

LONGEST_STRETCH = 8
"""Bars that a stretch may have before it is cut."""

CUT_EVERY = 4
"""Bars between the cuts of a long stretch."""


def infer_phrases(tune: Tune, line_ends: Iterable[Fraction] = ()) -> Tune:
    """A copy of the tune with inferred phrase marks; a tune whose source marks them is returned as is.

    Parameters
    ----------
    tune : any tune.
    line_ends : onsets in quarter notes at which a written line of the source ends.
    """
    if tune.phrasing == "marked" or tune.is_empty:
        return tune
    onsets = {note.onset: place for place, note in enumerate(tune.notes)}
    cuts = {onsets[cut] for cut in _written_cuts(tune, line_ends) if cut in onsets}
    cuts |= _cuts_after_rests(tune)
    cuts |= _cuts_of_long_stretches(tune, cuts, onsets)
    return _mark(tune, _without_slivers(tune, cuts))


def _written_cuts(tune: Tune, line_ends: Iterable[Fraction]) -> set[Fraction]:
    cuts = set(line_ends) | {section.onset for section in tune.sections}
    for line in tune.barlines:
        if line.repeat or line.ending or line.kind in ("double", "final"):
            cuts.add(line.onset)
    return cuts


def _cuts_after_rests(tune: Tune) -> set[int]:
    cuts = set()
    silent = Fraction(0)
    for place, note in enumerate(tune.notes):
        if note.pitch is None:
            silent += note.duration
            continue
        meter = tune.meter_at(note.onset)
        beat = Fraction(4, meter.unit) if meter is not None and not meter.is_free else Fraction(1)
        if silent >= beat:
            cuts.add(place)
        silent = Fraction(0)
    return cuts


def _cuts_of_long_stretches(tune: Tune, cuts: set[int], onsets: dict[Fraction, int]) -> set[int]:
    """Cuts every four bars in stretches of more than eight."""
    starts = [bar.onset for bar in tune.bars]
    if not starts:
        return set()
    found: set[int] = set()
    edges = sorted({0, *cuts}) + [len(tune.notes)]
    for first, last in zip(edges, edges[1:], strict=False):
        begin = tune.notes[first].onset
        end = tune.notes[last].onset if last < len(tune.notes) else tune.duration
        inside = [start for start in starts if begin <= start < end]
        if len(inside) <= LONGEST_STRETCH:
            continue
        pickup = inside[0] - begin
        if begin == 0 and tune.pickup:
            inside, pickup = inside[1:], tune.pickup
        for start in inside[CUT_EVERY::CUT_EVERY]:
            place = onsets.get(start - pickup, onsets.get(start))
            if place is not None:
                found.add(place)
    return found


def _without_slivers(tune: Tune, cuts: set[int]) -> list[int]:
    """Cuts with two notes or more (rests not counted) on either side, the tune's start included."""
    sounding = [0]
    for note in tune.notes:
        sounding.append(sounding[-1] + (note.pitch is not None))
    kept = [0]
    for cut in sorted(cuts):
        if sounding[cut] - sounding[kept[-1]] >= 2 and sounding[-1] - sounding[cut] >= 2:
            kept.append(cut)
    return kept


def _mark(tune: Tune, starts: list[int]) -> Tune:
    begins = set(starts)
    ends = {start - 1 for start in starts if start} | {len(tune.notes) - 1}
    notes: tuple[Note, ...] = tuple(
        dataclasses.replace(note, phrase_start=place in begins, phrase_end=place in ends)
        for place, note in enumerate(tune.notes)
    )
    return tune.replace(notes=notes, phrasing="inferred")
