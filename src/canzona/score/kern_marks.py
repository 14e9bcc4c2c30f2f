"""What stands beside the notes of a kern file: lyrics, chord symbols, dynamics, words.

Syllables, chords and dynamics have spines of their own; words stand in layout comments
(`!LO:TX:t=dolce`), and so does, under the private code `SIGN`, any sign that kern has no
letter for (`!LO:SIGN:kind=ornament:t=roll`). Characters that would break a line, a cell or a
parameter are written as `&#` and their number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple, cast, get_args

from canzona.score.tune import Attachment, AttachmentKind

_ESCAPED = re.compile(r"&(?:#(\d{1,7})|(colon));")
_LINE_BREAKERS = "\t\n\r\0\x0b\x0c"
_HARMONY = re.compile(r"([A-G][#-]*) ([a-z]+(?:-[a-z]+)*)(?:/([A-G][#-]*))?")
_HARMONIES = {
    "major": "", "minor": "m", "dominant": "7", "major-seventh": "maj7", "minor-seventh": "m7",
    "diminished": "dim", "augmented": "aug", "diminished-seventh": "dim7", "half-diminished": "m7b5",
    "major-sixth": "6", "minor-sixth": "m6", "suspended-fourth": "sus4", "suspended-second": "sus2",
    "dominant-ninth": "9", "power": "5",
}  # fmt: skip


class Mark(NamedTuple):
    """An attachment that has not found its note yet (a tuple: a file may hold a hundred thousand)."""

    kind: AttachmentKind
    text: str
    number: int = 1

    def at(self, offset: Fraction) -> Attachment:
        """The attachment, so long after its note's onset."""
        return Attachment(self.kind, self.text, self.number, offset)


def escape(text: str, more: str = "") -> str:
    """Text that stays within a line: breaks, the characters in `more` and outer blanks as numbers."""
    text = re.sub(r"&(?=#\d|colon;)", "&#38;", text)
    unsafe = f"[{re.escape(_LINE_BREAKERS + more)}\ud800-\udfff]|^\\s+|\\s+$"
    return re.sub(unsafe, lambda found: "".join(_numbered(sign) for sign in found[0]), text)


def unescape(text: str) -> str:
    """What `escape` was given."""
    if "&" not in text:
        return text
    return _ESCAPED.sub(lambda found: ":" if found[2] else _character(int(found[1])), text)


def cell(text: str, more: str = "") -> str:
    """Text as one token of a spine, which may not begin like an interpretation or a comment."""
    if not text:
        return "."
    written = escape(text, more)
    if written[0] in "*!=.-":
        written = f"&#{ord(written[0])};{written[1:]}"
    return written


def side_marks(
    cells: Sequence[tuple[int, str]], kind: AttachmentKind, number: int, losses: Counter[str]
) -> list[tuple[int, Mark]]:
    """The marks of a lyric, chord or dynamics spine, with the line at which each stands."""
    marks: list[tuple[int, Mark]] = []
    for place, token in cells:
        if token[0] in "*=!":
            if token[0] == "!" or (token[0] == "*" and not token.startswith("*>")):
                losses[f"'{token[:40]}' beside the notes"] += 1
        elif token == ".":
            continue
        elif kind == "lyric":
            marks.append((place, Mark(kind, unescape(token.removeprefix("-") or token), number)))
        elif kind == "chord":
            marks.append((place, Mark(kind, unescape(_chord_symbol(token)), number)))
        else:
            marks += [(place, Mark(kind, unescape(part), number)) for part in token.split()]
    return marks


def layout_mark(token: str, losses: Counter[str]) -> Mark | None:
    """The mark in a local comment, None where it is none; other layout is a loss."""
    found = _layout(token)
    if isinstance(found, str):
        losses[found] += 1
        return None
    return found


@lru_cache(maxsize=4096)
def _layout(token: str) -> Mark | str | None:
    """The mark in a local comment, or what it loses."""
    if not token.startswith("!LO:"):
        return None
    code, *parameters = token[4:].split(":")
    values = {name: unescape(value) for name, _, value in (part.partition("=") for part in parameters)}
    text, lost = values.get("t"), f"layout 'LO:{code[:20]}'"
    if text is None or code not in ("TX", "SIGN") or "problem" in values:
        return lost
    kind = values.get("kind", "tempo" if {"tempo", "omd"} & set(values) else "text")
    if kind not in get_args(AttachmentKind):
        return lost
    number = values.get("n", "1")
    return Mark(cast(AttachmentKind, kind), text, int(number) if re.fullmatch(r"-?\d{1,9}", number) else 1)


def layout_line(sign: Attachment) -> str:
    """The local comment that says a sign which kern has no letter for."""
    if sign.kind in ("text", "tempo") and sign.number == 1:
        return f"!LO:TX{':tempo' if sign.kind == 'tempo' else ''}:t={escape(sign.text, ':')}"
    number = f":n={sign.number}" if sign.number != 1 else ""
    return f"!LO:SIGN:kind={sign.kind}{number}:t={escape(sign.text, ':')}"


def _numbered(sign: str) -> str:
    return "&colon;" if sign == ":" else f"&#{ord(sign)};"


def _character(number: int) -> str:
    return chr(number) if number < 0x110000 else "\ufffd"


def _chord_symbol(token: str) -> str:
    """'C minor-seventh' of a **mxhm spine as 'Cm7'; other tokens as they are."""
    found = _HARMONY.fullmatch(token)
    if found is None or found[2] not in _HARMONIES:
        return token
    bass = f"/{found[3]}" if found[3] else ""
    return (found[1] + _HARMONIES[found[2]] + bass).replace("-", "b")
