"""How near estimates are to the stems of the held-out songs, whoever made them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from canzona.separation.metrics import leakage, sdr, si_sdr
from canzona.train.separation.decoding import Signal
from canzona.train.separation.validation import ValidationSong, summary
from extraction.command import Row

Separate = Callable[[Signal], Signal]
"""From a mixture at the song's rate, float32 (2, n), to the estimate of the target, of the same shape."""


def measured(songs: Iterable[ValidationSong], separate: Separate) -> list[Row]:
    """Figures of each song: SDRs in dB, or how much leaks where the song lacks the target."""
    return [_figures(song, separate) for song in songs]


def _figures(song: ValidationSong, separate: Separate) -> Row:
    mixture, target = song.signals()
    found = separate(mixture)
    if song.mixture_sdr is None:
        return {"song": song.name, "leakage": leakage(found, mixture)}
    reached = sdr(target, found)
    return {
        "song": song.name,
        "sdr": reached,
        "si_sdr": si_sdr(target, found),
        "gain": reached - song.mixture_sdr,
        "mixture": song.mixture_sdr,
        "oracle": song.oracle_sdr,
    }


def medians(rows: Sequence[Row]) -> Row:
    """Medians over songs, and the mean gain."""
    numbers = [{name: value for name, value in row.items() if name != "song"} for row in rows]
    free = [row["si_sdr"] for row in rows if row.get("si_sdr") is not None]
    return {**summary(numbers), **({"si_sdr": median(free)} if free else {})}
