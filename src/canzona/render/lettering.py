"""The words of a score as outlines, so that it looks the same where no font is installed.

Verovio places words (title, lyrics, chords, tempo) as SVG text and leaves their look to the
fonts of the viewer: a bare server has none, and a wrong one makes lyrics collide. Here each
`<text>` becomes `<use>` elements of outlines: letters from an own small file of a Times-like
serif, musical signs within words from Verovio's music font. A character that neither holds
(Chinese, say) stays text.
"""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any
from xml.etree.ElementTree import Element, SubElement

MUSIC_FONT = "Leipzig"
"""The music font of all our scores."""

_MUSIC_EM = 1000
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SUBSTITUTES = {
    "\u2010": "-",
    "\u2011": "-",
    "\u2012": "\u2013",
    "\u00ad": "-",
    "\u2028": " ",
    "\u203f": "\ue551",
    "\t": " ",
    "\n": " ",
}


@dataclass(frozen=True, slots=True)
class _Style:
    size: float = 0.0
    italic: bool = False
    bold: bool = False
    anchor: str = "start"
    music: bool = False

    @property
    def face(self) -> str:
        """Name of the face in the lettering: regular, italic or bold."""
        return "bold" if self.bold else "italic" if self.italic else "regular"


@dataclass(slots=True)
class _Chunk:
    """A stretch of text that is anchored as one."""

    x: float
    y: float
    anchor: str
    runs: list[tuple[_Style, str]] = field(default_factory=list)


def outline(
    text: Element, glyphs: dict[str, Element], *, italic: bool = False, bold: bool = False
) -> Element:
    """The outlines of one SVG text element.

    Parameters
    ----------
    text : a `text` element as Verovio writes it, with nested `tspan`.
    glyphs : definitions by id; those that the outlines use are added.
    italic, bold : the style that the element inherits.

    Returns
    -------
    A `g` element with one `use` a letter, and `text` for characters without outline.
    """
    drawn = Element("g", {"class": "words"})
    for chunk in _chunks(text, _Style(italic=italic, bold=bold)):
        words = "".join(run for _, run in chunk.runs)
        if not words.strip():
            continue
        shift = {"middle": 0.5, "end": 1.0}.get(chunk.anchor, 0.0)
        x = chunk.x - shift * sum(_width(style, run) for style, run in chunk.runs)
        for style, run in chunk.runs:
            x = _set_run(drawn, glyphs, style, run, x, chunk.y)
    return drawn


def drawable(words: str) -> str:
    """The words without characters that no SVG holds, and with each accent joined to its letter."""
    return _NOT_IN_XML.sub("", unicodedata.normalize("NFC", words))


def width_of(words: str, size: float, *, italic: bool = False, bold: bool = False) -> float:
    """Width of words set at a size, in the unit of the size."""
    return _width(_Style(size=size, italic=italic, bold=bold), words)


def _chunks(text: Element, inherited: _Style) -> list[_Chunk]:
    found: list[_Chunk] = []

    def walk(element: Element, style: _Style) -> None:
        style = _styled(element, style)
        if element.tag == "text" or "x" in element.attrib or "y" in element.attrib:
            before = found[-1] if found else _Chunk(0.0, 0.0, "")
            x, y = (float(element.get(axis, getattr(before, axis))) for axis in "xy")
            found.append(_Chunk(x, y, style.anchor))
        if element.text:
            found[-1].runs.append((style, drawable(element.text)))
        for child in element:
            walk(child, style)

    walk(text, inherited)
    return found


def _styled(element: Element, style: _Style) -> _Style:
    changes: dict[str, Any] = {}
    if size := element.get("font-size"):
        changes["size"] = float(size.removesuffix("px"))
    if slant := element.get("font-style"):
        changes["italic"] = slant in ("italic", "oblique")
    if weight := element.get("font-weight"):
        changes["bold"] = weight == "bold"
    if anchor := element.get("text-anchor"):
        changes["anchor"] = anchor
    if family := element.get("font-family"):
        changes["music"] = family == MUSIC_FONT
    return replace(style, **changes) if changes else style


def _set_run(
    drawn: Element, glyphs: dict[str, Element], style: _Style, run: str, x: float, y: float
) -> float:
    """Draw a run of letters from x on; returns where it ends."""
    before = ""
    for char in run:
        char = _SUBSTITUTES.get(char, char)
        x += _kern(style, before, char)
        name, advance, path, em = _letter(style, char)
        if path is None:
            SubElement(drawn, "text", _text_attributes(style, x, y)).text = char
        elif path:
            glyphs.setdefault(name, Element("path", {"id": name, "d": path}))
            scale = f"{style.size / em:.5g}"
            place = f"translate({x:.0f} {y:.0f}) scale({scale})"
            SubElement(drawn, "use", {"href": f"#{name}", "transform": place})
        x += advance * style.size / em
        before = char
    return x


def _text_attributes(style: _Style, x: float, y: float) -> dict[str, str]:
    held = {"x": f"{x:.0f}", "y": f"{y:.0f}", "font-size": f"{style.size:g}", "font-family": "serif"}
    if style.italic:
        held["font-style"] = "italic"
    if style.bold:
        held["font-weight"] = "bold"
    return held


def _width(style: _Style, run: str) -> float:
    total = 0.0
    before = ""
    for char in run:
        char = _SUBSTITUTES.get(char, char)
        _, advance, _, em = _letter(style, char)
        total += _kern(style, before, char) + advance * style.size / em
        before = char
    return total


def _kern(style: _Style, before: str, char: str) -> float:
    if style.music or not before:
        return 0.0
    shift: int = _faces()["styles"][style.face]["kerning"].get(before + char, 0)
    return shift * style.size / float(_faces()["units"])


def _letter(style: _Style, char: str) -> tuple[str, float, str | None, float]:
    """Name, advance, outline (None where there is none) and units an em of a character."""
    if style.music or 0xE000 <= ord(char) <= 0xF8FF:
        sign = _music_sign(f"{ord(char):04X}")
        if sign is not None:
            return f"m{ord(char):X}", sign[0], sign[1], _MUSIC_EM
    faces = _faces()
    units = float(faces["units"])
    held = faces["styles"][style.face]["glyphs"].get(char)
    if held is None:
        wide = ord(char) >= 0x1100
        return "", (1.0 if wide else 0.55) * units, None, units
    return f"{style.face[0]}{ord(char):X}", held[0], held[1], units


@cache
def _faces() -> dict[str, Any]:
    data = files("canzona.render").joinpath("data", "lettering.json.gz").read_bytes()
    faces: dict[str, Any] = json.loads(gzip.decompress(data))
    return faces


@cache
def _music_sign(code: str) -> tuple[float, str] | None:
    """Advance and outline (y down) of a sign of Verovio's music font."""
    folder = files("verovio").joinpath("data", MUSIC_FONT)
    glyph = folder.joinpath(f"{code}.xml")
    if not glyph.is_file():
        return None
    path = re.search(r' d="([^"]*)"', glyph.read_text())
    advance = re.search(rf'<g c="{code}"[^>]* h-a-x="([-0-9.]+)"', _music_metrics())
    return float(advance[1]) if advance else 0.0, _upside_down(path[1]) if path else ""


@cache
def _music_metrics() -> str:
    return files("verovio").joinpath("data", f"{MUSIC_FONT}.xml").read_text()


def _upside_down(path: str) -> str:
    """Path data of one letter commands with every y negated."""
    turned = []
    for command, numbers in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        values = [float(number) for number in re.findall(r"-?[0-9.]+", numbers)]
        if command in "vV":
            values = [-value for value in values]
        elif command not in "hH":
            values = [-value if place % 2 else value for place, value in enumerate(values)]
        turned.append(command + " ".join(f"{value:g}" for value in values))
    return "".join(turned)
