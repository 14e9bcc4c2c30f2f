"""Words that a sound file carries about itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tags:
    """Words put into a file, each left out where empty; `comment` holds the provenance."""

    title: str = ""
    artist: str = ""
    comment: str = ""
    software: str = "Canzona"
