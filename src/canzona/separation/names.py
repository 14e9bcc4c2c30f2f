"""Names of the files that stems are written to: a pattern, and a song's words put into it.

    '{track}.{stem}.{ext}'          song.synth.wav, song.rest.wav
    '{track}/{stem}.{ext}'          song/synth.wav, song/rest.wav
    '{artist}/{title} ({stem})'     Anna/Song (synth).wav ...

`track` is the input's name without its ending, `title` and `artist` are its tags. What tags hold that
file names should not (slashes, colons ...) becomes an underscore; a name longer than file systems take
is cut, and told apart by six digits of its hash.
"""

from __future__ import annotations

import hashlib
import os
import re
import string
from dataclasses import dataclass
from pathlib import Path, PurePath

from canzona.audio.tags import Tags
from canzona.errors import UsageError

FIELDS = ("track", "stem", "ext", "title", "artist")
DEFAULT_PATTERN = "{track}.{stem}.{ext}"

LONGEST_NAME = 255
"""Bytes of a file's or folder's name that all file systems take."""

_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
REST = "rest"
"""Name of the stem that holds all but the target."""

LONGEST_STEM = 24
"""Letters of a stem's name at most."""

_LONGEST_WORDS = {"stem": "s" * LONGEST_STEM, "ext": "flac"}


def check_stem_name(name: str) -> None:
    """Raise UsageError where a model's target cannot be called so, since files and Python name it too."""
    if not name.isidentifier() or name == REST or len(name) > LONGEST_STEM:
        raise UsageError(
            f"'{name}' is no name for the stem to extract",
            hint=f"take up to {LONGEST_STEM} letters, digits and underscores, and not '{REST}'",
        )


@dataclass(frozen=True, slots=True)
class Pattern:
    """How files are named, relative to the target folder.

    Parameters
    ----------
    text : words and `FIELDS` in braces; without `{ext}` the ending is added.

    Raises
    ------
    UsageError : a field that is not known, a brace too many, or a place outside the target folder.
    """

    text: str = DEFAULT_PATTERN

    def __post_init__(self) -> None:
        """Refuse what cannot become a name."""
        hint = f"use {', '.join(f'{{{name}}}' for name in FIELDS)}, as in '{DEFAULT_PATTERN}'"
        try:
            parts = list(string.Formatter().parse(self.text))
        except ValueError as error:
            raise UsageError(f"'{self.text}' is no pattern of file names: {error}", hint=hint) from error
        for _, field, spec, conversion in parts:
            if field is not None and (field not in FIELDS or spec or conversion):
                raise UsageError(f"'{self.text}' asks for '{field}', which no stem has", hint=hint)
        place = PurePath(self.text)
        if "\0" in self.text or self.text.endswith("/") or not place.name:
            raise UsageError(f"'{self.text}' names no file", hint=hint)
        if place.is_absolute() or ".." in place.parts:
            raise UsageError(f"'{self.text}' leads out of the target folder", hint="name the folder with -o")

    def holds(self, field: str) -> bool:
        """Whether a field stands in the pattern."""
        return any(name == field for _, name, _, _ in string.Formatter().parse(self.text))

    def path(self, track: str, stem: str, ext: str, tags: Tags) -> Path:
        """The place of one file.

        Parameters
        ----------
        track : the input's name without its ending.
        stem : 'synth', 'rest' ...
        ext : the ending without its dot.
        tags : of the input; `title` falls back on the track, `artist` on 'unknown artist'.

        Raises
        ------
        UsageError : the pattern's own words are too long for a name.
        """
        words = {
            "track": track,
            "title": _fit(tags.title) or track,
            "artist": _fit(tags.artist) or "unknown artist",
        }
        while (beyond := self._beyond(words)) > 0:
            longest = max(words, key=lambda name: _size(words[name]) if self.holds(name) else 0)
            if _size(words[longest]) <= 16 or not self.holds(longest):
                raise UsageError(f"'{self.text}' makes names that are too long", hint="take a shorter one")
            words[longest] = shortened(words[longest], max(16, _size(words[longest]) - beyond))
        return self._filled(words | {"stem": stem, "ext": ext})

    def _filled(self, words: dict[str, str]) -> Path:
        ended = self.holds("ext") or self.text.lower().endswith(f".{words['ext']}")
        text = self.text if ended else f"{self.text}.{{ext}}"
        # './{stem}' is no folder, but a song may be called '.'.
        parts = [part.format(**words) for part in text.split("/") if part not in ("", ".")]
        return Path(*("_" if part in ("", ".", "..") else part for part in parts))

    def _beyond(self, words: dict[str, str]) -> int:
        """Bytes by which the longest of a song's names is too long; the same for all its stems."""
        return max(_size(part) for part in self._filled(words | _LONGEST_WORDS).parts) - LONGEST_NAME


def shortened(name: str, size: int) -> str:
    """A name cut to so many bytes at most, its end a part of the whole name's hash."""
    mark = "~" + hashlib.sha256(os.fsencode(name)).hexdigest()[:6]
    kept = name
    while _size(kept) + len(mark) > size:
        kept = kept[:-1]
    return kept + mark


def _fit(tag: str) -> str:
    return _UNFIT.sub("_", " ".join(tag.split())).strip(" .")


def _size(name: str) -> int:
    return len(os.fsencode(name))
