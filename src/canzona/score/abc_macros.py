"""Macros (m: fields) of ABC 2.1, section 9: text that stands for other text in the music.

A static macro replaces text by text. A transposing macro has an ``n`` for any note, and the
letters h to z of its replacement are notes above and below that one, n being the note itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_MACROS = 50
"""Macros that a tune may have."""

LONGEST_LINE = 100_000
"""Characters that a line may have when its macros are written out."""

_NOTE = r"([A-Ga-g])([,']{0,6})"
_LETTERS = "CDEFGABcdefgab"


@dataclass(frozen=True, slots=True)
class Macro:
    """What is replaced, by what, and whether an `n` in it stands for any note."""

    target: re.Pattern[str]
    replacement: str
    transposing: bool


def parse_macro(text: str) -> Macro:
    """An m: field; ValueError where it is none."""
    target, equals, replacement = (part.strip() for part in text.partition("="))
    if not target or not equals or len(target) > 30 or len(replacement) > 200:
        raise ValueError(f"'{text[:40]}' is no macro")
    transposing = target.count("n") == 1
    pattern = re.escape(target).replace("n", _NOTE) if transposing else re.escape(target)
    return Macro(re.compile(pattern), replacement, transposing)


def expand(line: str, macros: list[Macro]) -> str:
    """A line of music with its macros written out, each once."""
    if len(macros) > MOST_MACROS:
        raise ValueError(f"more than {MOST_MACROS} macros")
    for macro in macros:
        line = macro.target.sub(lambda found, macro=macro: _written_out(macro, found), line)  # type: ignore[misc]
        if len(line) > LONGEST_LINE:
            raise ValueError(f"macros make a line of more than {LONGEST_LINE} characters")
    return line


def _written_out(macro: Macro, found: re.Match[str]) -> str:
    if not macro.transposing:
        return macro.replacement
    place = _LETTERS.index(found[1]) + 7 * (found[2].count("'") - found[2].count(","))
    return re.sub("[h-z]", lambda letter: _note(place + ord(letter[0]) - ord("n")), macro.replacement)


def _note(place: int) -> str:
    octave, step = divmod(place, 7)
    if octave <= 0:
        return _LETTERS[step] + "," * -octave
    return _LETTERS[7 + step] + "'" * (octave - 1)
