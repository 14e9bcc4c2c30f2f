"""The bar lines of a MusicXML part.

MusicXML writes a bar line as the right edge of one measure and the left edge of the next; a
`Tune` has one bar line between them, which carries the number of the measure that it opens.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from typing import cast, get_args
from xml.etree.ElementTree import Element

from canzona.score.tune import Barline, BarlineKind, Repeat

_KINDS: dict[str, BarlineKind] = {
    "regular": "regular", "light-light": "double", "light-heavy": "final", "heavy-light": "final",
    "heavy": "final", "heavy-heavy": "final", "dashed": "dashed", "dotted": "dashed", "none": "invisible",
    "tick": "regular", "short": "regular",
}  # fmt: skip
MARK = "-barline-"
"""In the `id` of a line with a repeat, after the kind that it has in a `Tune`.

A repeat is drawn, and by some programs only played, in the style of repeats; what else a
source calls its bar line is kept aside."""

_NUMBER = re.compile(r"(\d{1,9})(.*)", re.DOTALL)


@dataclass(slots=True)
class _Edge:
    """What is known of the boundary at an onset."""

    onset: Fraction
    number: int = 0
    suffix: str = ""
    left: BarlineKind | None = None
    right: BarlineKind | None = None
    begins: bool = False
    ends: bool = False
    ending: str = ""
    ending_stops: bool = False
    numbered: bool = False


class Barlines:
    """Collects the edges of measures and makes bar lines of them."""

    def __init__(self) -> None:
        self._edges: list[_Edge] = [_Edge(Fraction(0))]
        self._open = self._edges[0]

    def open_measure(self, measure: Element, onset: Fraction) -> None:
        """A measure begins: its number belongs to the bar line at `onset`."""
        if self._edges[-1].numbered:
            self._edges.append(_Edge(onset))
        edge = self._edges[-1]
        edge.onset, edge.numbered = onset, True
        edge.number, edge.suffix = _number_of(measure.get("number", ""))
        if onset == 0 and measure.get("implicit") == "yes":
            edge.number, edge.suffix = 0, ""
        self._open = edge

    def read(self, element: Element, dropped: Counter[str]) -> None:
        """A `<barline>` of the measure that is open."""
        location = element.get("location", "right")
        if location == "middle":
            dropped["bar lines inside a measure"] += 1
            return
        edge = self._open if location == "left" else self._closing()
        style = _KINDS.get((element.findtext("bar-style") or "").strip())
        repeat, ending = element.find("repeat"), element.find("ending")
        direction = repeat.get("direction") if repeat is not None else None
        if repeat is not None:
            style = _repeat_kind(element)
        if location == "left":
            edge.left, edge.begins = style, direction == "forward"
        else:
            edge.right, edge.ends = style, direction == "backward"
        if repeat is not None and repeat.get("times", "2") not in ("2", ""):
            dropped["repeats played more than twice"] += 1
        if ending is not None and ending.get("type") == "start":
            edge.ending = _label(ending)
            dropped["endings without a label"] += not edge.ending
        elif ending is not None:
            edge.ending_stops = True
        for sign in ("fermata", "segno", "coda"):
            dropped[f"{sign} signs on bar lines"] += element.find(sign) is not None

    def all(self, end: Fraction, dropped: Counter[str]) -> tuple[Barline, ...]:
        """All bar lines of the part, which ends at `end`."""
        if not self._edges[-1].numbered:
            self._edges[-1].onset = end
        lines = []
        for place, edge in enumerate(self._edges):
            line = _barline(edge, first=place == 0, last=not edge.numbered)
            if line is not None:
                lines.append(line)
            plain = line is None or not (line.repeat or line.ending)
            if edge.ending_stops and plain and (line is None or line.kind not in ("double", "final")):
                dropped["endings that stop at a plain bar line"] += edge.numbered
        return tuple(lines)

    def _closing(self) -> _Edge:
        """The edge that closes the open measure, made when something is written at it."""
        if self._edges[-1] is self._open:
            self._edges.append(_Edge(self._open.onset))
        return self._edges[-1]


def _barline(edge: _Edge, *, first: bool, last: bool) -> Barline | None:
    """The bar line at an edge; None at the start or end of a part that writes nothing there."""
    kind = edge.left if edge.right in (None, "regular") and edge.left is not None else edge.right
    repeats: dict[tuple[bool, bool], Repeat] = {
        (False, False): "", (True, False): "start", (False, True): "end", (True, True): "both",
    }  # fmt: skip
    repeat = repeats[edge.begins, edge.ends]
    if last and edge.ends and kind is None:
        kind = "final"
    if first or last:
        if kind is None and not (repeat or edge.ending or edge.number or edge.suffix):
            return None
        kind = kind or ("invisible" if first and not edge.begins else "regular")
    return Barline(edge.onset, edge.number, edge.suffix, kind or "regular", repeat, edge.ending)


def _repeat_kind(element: Element) -> BarlineKind | None:
    """The kind of a line with a repeat, whose style is no news: by the mark that a writer left."""
    mark = element.get("id", "").partition(MARK)[0]
    if mark in get_args(BarlineKind):
        return cast(BarlineKind, mark)
    style = (element.findtext("bar-style") or "").strip()
    return None if style in ("light-heavy", "heavy-light", "") else _KINDS.get(style)


def _number_of(text: str) -> tuple[int, str]:
    """Number and suffix of a measure: 12 and 'a' of '12a'; programs number what counts for none 'X1'."""
    found = _NUMBER.fullmatch(text)
    if found is not None:
        return int(found.group(1)), found.group(2)
    return 0, "" if re.fullmatch(r"X\d*", text) else text


def _label(ending: Element) -> str:
    """What stands at an ending: its printed text, or else its numbers."""
    numbers, text = ending.get("number", "").strip(), (ending.text or "").strip()
    return numbers if not text or (numbers and re.fullmatch(r"(\d+\.\W*)+", text)) else text
