"""What a corpus holds: counts of pitches, degrees, durations, keys, meters, rests, phrases.

The counts are those that matter for learning from it: a degree is a pitch as a letter above the
tonic with its alteration against the major scale ('1', 'b3', '#4'), so that tunes in all keys
add up; durations are in quarter notes as exact fractions; phrases are counted in notes and in
full bars. A file that cannot be read, or holds no note, is counted and named.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from canzona.errors import CanzonaError, EmptyTuneError
from canzona.score.format import find_scores, read_tunes
from canzona.score.tune import SEMITONES, STEPS, Key, Note, Pitch, Tune


@dataclass
class Description:
    """Counts over a corpus; each Counter maps a label to how often it occurs.

    Attributes
    ----------
    files, tunes, empty : files read, tunes with a note, tunes without.
    notes, rests, bars : totals over all tunes.
    unreadable : (file, reason) of each file that could not be read.
    pitches : MIDI numbers of notes (quarter tones as fractions).
    degrees : '1' to '7' above the tonic with '#' and 'b' against the major scale; tunes that
        name no tonic are left out.
    intervals : semitones from a note to the next, rests passed over.
    durations : quarter notes, of notes and rests.
    rest_durations : quarter notes, of rests.
    keys, modes, meters : as they stand at the start of each tune ('none' where nothing does).
    phrase_notes : notes a phrase, where phrases are marked or inferred.
    phrase_bars : bars a phrase, rounded to halves, where a meter holds.
    phrasing : tunes whose phrases are 'marked', 'inferred' or 'none'.
    regions : tunes by region, 'none' where none is stated.
    """

    files: int = 0
    tunes: int = 0
    empty: int = 0
    notes: int = 0
    rests: int = 0
    bars: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    pitches: Counter[Fraction] = field(default_factory=Counter)
    degrees: Counter[str] = field(default_factory=Counter)
    intervals: Counter[Fraction] = field(default_factory=Counter)
    durations: Counter[Fraction] = field(default_factory=Counter)
    rest_durations: Counter[Fraction] = field(default_factory=Counter)
    keys: Counter[str] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    meters: Counter[str] = field(default_factory=Counter)
    phrase_notes: Counter[int] = field(default_factory=Counter)
    phrase_bars: Counter[Fraction] = field(default_factory=Counter)
    phrasing: Counter[str] = field(default_factory=Counter)
    regions: Counter[str] = field(default_factory=Counter)

    def add(self, tune: Tune) -> None:
        """Count one tune."""
        if tune.is_empty:
            self.empty += 1
            return
        self.tunes += 1
        self.bars += len(tune.bars)
        self.keys[str(tune.key) if tune.key else "none"] += 1
        self.modes[(tune.key.mode if tune.key else "") or "none"] += 1
        self.meters[str(tune.meter) if tune.meter else "none"] += 1
        self.phrasing[tune.phrasing] += 1
        self.regions[tune.region or "none"] += 1
        self._add_notes(tune)
        if tune.phrasing != "none":
            self._add_phrases(tune)

    def to_dict(self) -> dict[str, Any]:
        """The counts in JSON's own types; numeric labels in order, others by how often they occur."""
        held: dict[str, Any] = {}
        for name, value in vars(self).items():
            if isinstance(value, Counter):
                held[name] = {str(label): count for label, count in ordered(value)}
            elif name == "unreadable":
                held[name] = [{"file": file, "reason": reason} for file, reason in value]
            else:
                held[name] = value
        return held

    def tables(self) -> dict[str, Counter[Any]]:
        """The counts by the title under which they are printed."""
        return {
            name.replace("_", " "): value for name, value in vars(self).items() if isinstance(value, Counter)
        }

    def _add_notes(self, tune: Tune) -> None:
        sounding = [note for note in tune.notes if note.pitch is not None]
        self.notes += len(sounding)
        self.rests += len(tune.notes) - len(sounding)
        self.durations.update(note.duration for note in tune.notes)
        self.rest_durations.update(note.duration for note in tune.notes if note.pitch is None)
        heights = [note.pitch.midi for note in sounding if note.pitch is not None]
        self.pitches.update(heights)
        self.intervals.update(after - before for before, after in pairwise(heights))
        self.degrees.update(_degrees(tune, sounding))

    def _add_phrases(self, tune: Tune) -> None:
        for phrase in tune.phrases():
            sounding = sum(note.pitch is not None for note in phrase)
            if not sounding:
                continue
            self.phrase_notes[sounding] += 1
            meter = tune.meter_at(phrase[0].onset)
            if meter is not None and not meter.is_free:
                length = (phrase[-1].end - phrase[0].onset) / meter.length
                self.phrase_bars[Fraction(round(2 * length), 2)] += 1


def describe(source: Tune | str | Path | Iterable[Tune]) -> Description:
    """Count what a tune, a file, a folder of scores or an iterable of tunes holds.

    Files that cannot be read are named in `unreadable` and passed over.

    Raises
    ------
    CanzonaError : the path is neither a file nor a folder.
    EmptyTuneError : a folder holds no score.
    """
    found = Description()
    if isinstance(source, Tune):
        found.add(source)
    elif isinstance(source, str | Path):
        _add_files(found, Path(source))
    else:
        for tune in source:
            found.add(tune)
    return found


def degree(pitch: Pitch, key: Key) -> str:
    """A pitch against the tonic of a key: '1', 'b3', '#4'; quarter tones as '+1/2' before the number.

    Raises EmptyTuneError where the key names no tonic.
    """
    if not key.tonic:
        raise EmptyTuneError(f"{key} names no tonic")
    place = (STEPS.index(pitch.step) - STEPS.index(key.tonic)) % 7
    sound = (SEMITONES[pitch.step] + pitch.alter) - (SEMITONES[key.tonic] + key.tonic_alter)
    sound += 12 * (STEPS.index(pitch.step) < STEPS.index(key.tonic))
    alter = sound - SEMITONES[STEPS[place]]
    if alter.denominator != 1:
        return f"{'+' if alter > 0 else ''}{alter} {place + 1}"
    return ("#" if alter > 0 else "b") * abs(int(alter)) + str(place + 1)


def ordered(counts: Counter[Any]) -> list[tuple[Any, int]]:
    """Labels and counts: numbers in their order, words by how often they occur, then by name."""
    if all(isinstance(label, int | Fraction) for label in counts):
        return sorted(counts.items())
    return sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))


def _degrees(tune: Tune, sounding: list[Note]) -> Iterator[str]:
    changes = deque(tune.keys)
    key: Key | None = None
    for note in sounding:
        while changes and changes[0][0] <= note.onset:
            key = changes.popleft()[1]
        if key is not None and key.tonic and note.pitch is not None:
            yield degree(note.pitch, key)


def _add_files(found: Description, folder: Path) -> None:
    paths = find_scores(folder)
    if not paths:
        raise EmptyTuneError(
            f"{folder} holds no score", hint="give a folder with .krn, .abc, .musicxml or .mid"
        )
    for path in paths:
        found.files += 1
        try:
            for tune in read_tunes(path):
                found.add(tune)
        except CanzonaError as error:
            found.unreadable.append((str(path), str(error)))
