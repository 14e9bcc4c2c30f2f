"""What a set of composed tunes is like, beside the tunes that the model was trained on.

Histograms are compared by their overlapping area (Yang & Lerch, On the evaluation of
generative models in music, 2020): the sum over all values of the smaller of the two shares,
1 where they are equal and 0 where they have nothing in common. Pitches are counted in
semitones above the tonic, intervals in semitones between successive notes, durations in the
beat unit of the meter, as the network's events are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from canzona.composition.events import beat_unit, tonic_pitch
from canzona.composition.melody import melody_of
from canzona.composition.originality import OriginalityIndex, run_figures
from canzona.errors import ModelError, UsageError
from canzona.score.tune import Note, Tune

KINDS = ("pitch", "interval", "duration")

Histogram = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CorpusFigures:
    """What is kept of a training corpus to compare samples with.

    Attributes
    ----------
    tunes : tunes with a note.
    ends_on_tonic, bars_close : shares of them, 0 to 1.
    histograms : for 'pitch', 'interval' and 'duration' how often each value occurs.
    """

    tunes: int
    ends_on_tonic: float
    bars_close: float
    histograms: Mapping[str, Histogram]

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "tunes": self.tunes,
            "ends_on_tonic": self.ends_on_tonic,
            "bars_close": self.bars_close,
            "histograms": {kind: dict(self.histograms[kind]) for kind in KINDS},
        }

    @classmethod
    def from_dict(cls, values: object) -> CorpusFigures:
        """From the values of `to_dict`; ModelError where they are none."""
        try:
            histograms = {
                kind: {str(value): int(count) for value, count in values["histograms"][kind].items()}  # type: ignore[index]
                for kind in KINDS
            }
            tonic, close = float(values["ends_on_tonic"]), float(values["bars_close"])  # type: ignore[index]
            return cls(int(values["tunes"]), tonic, close, histograms)  # type: ignore[index]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = "the model's figures of its training corpus are damaged"
            raise ModelError(message, hint="install the model again") from error


def corpus_figures(tunes: Iterable[Tune]) -> CorpusFigures:
    """Figures of a training corpus; empty tunes are passed over."""
    histograms: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    count = tonic = close = 0
    for tune in tunes:
        if tune.is_empty:
            continue
        count += 1
        tonic += ends_on_tonic(tune)
        close += bars_close(tune)
        _add(histograms, tune)
    ordered = {kind: dict(sorted(counted.items())) for kind, counted in histograms.items()}
    return CorpusFigures(count, tonic / max(count, 1), close / max(count, 1), ordered)


def sample_figures(
    samples: Sequence[Tune], training: CorpusFigures, index: OriginalityIndex
) -> dict[str, Any]:
    """Figures of composed tunes, as `canzona evaluate compose --samples` prints them.

    Parameters
    ----------
    samples : composed tunes.
    training : figures of the training corpus.
    index : its index of runs.

    Returns
    -------
    `samples`, `notes_composed`, `ends_on_tonic`, `bars_close`, `longest_copy` {median, p90, max} in notes,
    `pitch_overlap`, `interval_overlap`, `duration_overlap`, `distinct` (share of different
    melodies), and under `training` the same of the training tunes where it means something
    (`longest_copy` of each against all other families).

    Raises
    ------
    UsageError : no sample has a note.
    """
    figures = corpus_figures(samples)
    if not figures.tunes:
        raise UsageError("there is no sample with a note to describe", hint="compose one tune or more")
    runs = np.array([index.longest_copy(tune).length for tune in samples], np.int64)
    found: dict[str, Any] = {
        "samples": len(samples),
        "notes_composed": sum(len(tune.notes) for tune in samples),
        "ends_on_tonic": figures.ends_on_tonic,
        "bars_close": figures.bars_close,
        "longest_copy": run_figures(runs),
    }
    for kind in KINDS:
        found[f"{kind}_overlap"] = overlap(figures.histograms[kind], training.histograms[kind])
    found["distinct"] = len({_melody_key(tune) for tune in samples}) / len(samples)
    found["training"] = {
        "tunes": training.tunes,
        "ends_on_tonic": training.ends_on_tonic,
        "bars_close": training.bars_close,
        "longest_copy": index.human_runs(),
    }
    return found


def overlap(first: Histogram, second: Histogram) -> float:
    """Overlapping area of two histograms, 0 to 1; 0 where one is empty."""
    one, two = sum(first.values()), sum(second.values())
    if not one or not two:
        return 0.0
    return sum(min(count / one, second.get(value, 0) / two) for value, count in first.items())


def ends_on_tonic(tune: Tune) -> bool:
    """Whether the last sounding note is the tonic, in whatever octave."""
    last = next((note for note in reversed(tune.notes) if note.pitch is not None), None)
    if last is None or last.pitch is None:
        return False
    return (last.pitch.midi - tonic_pitch(tune.key_at(last.onset)).midi) % 12 == 0


def bars_close(tune: Tune) -> bool:
    """Whether every bar is full: but for a pickup, and a last bar that it completes.

    In free meter any bar is full.
    """
    bars = tune.bars
    for place, bar in enumerate(bars):
        full = bar.meter.length
        if bar.meter.is_free or bar.duration == full:
            continue
        is_pickup = place == 0 and bar.duration < full
        completes = place == len(bars) - 1 and bar.duration + tune.pickup == full
        if not is_pickup and not completes:
            return False
    return True


def _add(histograms: Mapping[str, Counter[str]], tune: Tune) -> None:
    before: Note | None = None
    for note in tune.notes:
        unit = beat_unit(tune.meter_at(note.onset))
        histograms["duration"][str(note.duration / unit)] += 1
        if note.pitch is None:
            continue
        tonic = tonic_pitch(tune.key_at(note.onset))
        histograms["pitch"][str(note.pitch.midi - tonic.midi)] += 1
        if before is not None and before.pitch is not None:
            histograms["interval"][str(note.pitch.midi - before.pitch.midi)] += 1
        before = note


def _melody_key(tune: Tune) -> tuple[bytes, bytes]:
    """Equal for tunes of the same pitches and the same rhythm."""
    melody = melody_of(tune)
    return melody.steps.tobytes(), melody.heights[:1].tobytes()
