"""How near estimates are to the stems of the held-out songs, whoever made them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from canzona.train.separation.decoding import Signal
from canzona.train.separation.validation import ValidationSong, song_figures
from extraction.command import Row

Separate = Callable[[Signal], Signal]
"""From a mixture at the song's rate, float32 (2, n), to the estimate of the target, of the same shape."""


def measured(songs: Iterable[ValidationSong], separate: Separate) -> list[Row]:
    """Figures of each song: SDRs in dB, or how much leaks where the song lacks the target."""
    return [{"song": song.name, **song_figures(song, separate)} for song in songs]
