"""How datasets of stems lie on disk, one module a layout; each says whether a folder is of its kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from canzona.separation.classes import Classes
from canzona.train.separation.layouts import musdb18, musdb18_hq, plain, slakh2100
from canzona.train.separation.songs import StemSong

LAYOUTS: tuple[Callable[[Path, Classes], list[StemSong]], ...] = (
    musdb18.find_songs,
    slakh2100.find_songs,
    musdb18_hq.find_songs,
    plain.find_songs,
)
"""Each gives the songs of a folder, none where it is of another layout; plain takes what is left."""
