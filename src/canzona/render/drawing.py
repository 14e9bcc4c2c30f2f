"""One page of a score as an SVG tree of a few plain elements.

Verovio's SVG asks much of a viewer: a style sheet, nested viewports, fonts, `xlink`. Here it
becomes a tree of `g`, `use`, `path`, `polygon`, `polyline`, `rect` and `ellipse` with
presentation attributes alone, words as outlines, and glyph definitions that are equal in all
our files. What a viewer, the PDF writer and the rasteriser see is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from canzona.render.lettering import drawable, outline

UNITS_PER_MM = 100
"""Units of a page's coordinates in a millimetre."""

_BOLD = {"ending", "fing", "reh", "tempo"}
_ITALIC = {"dir", "dynam", "mNum"}
_STROKED = {"ellipse", "path", "polygon", "polyline", "rect"}
_KEPT = {
    "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-dasharray", "fill", "fill-opacity",
    "fill-rule", "d", "points", "x", "y", "width", "height", "rx", "ry", "cx", "cy", "transform",
}  # fmt: skip
_CLASSES = {"system", "measure", "note", "rest", "slur", "verse", "beam"}
_INK = "currentColor"


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its size in units of 1/100 mm, glyph definitions by id, and the drawing."""

    width: float
    height: float
    glyphs: dict[str, Element]
    body: Element


def read_page(svg: str, *, hidden: frozenset[str] = frozenset()) -> Page:
    """The page that an SVG of Verovio (options `svgRemoveXlink`, `svgViewBox`) shows.

    Groups of a class in `hidden` ('mNum' for bar numbers) are left out.
    """
    root = ElementTree.fromstring(re.sub(r' xmlns(:\w+)?="[^"]*"', "", svg))
    inner = root.find("svg")
    if inner is None:
        return Page(0.0, 0.0, {}, Element("g"))
    *_, width, height = (float(number) for number in inner.get("viewBox", "0 0 0 0").split())
    symbols = {symbol.get("id", ""): symbol for symbol in root.iterfind("defs/g")}
    glyphs: dict[str, Element] = {}
    body = Element("g")
    for group in [group for group in inner.iter("g") if hidden & set(group.get("class", "").split())]:
        group.clear()
    for child in inner:
        body.extend(_cleaned(child, symbols, glyphs, (False, False)))
    return Page(width, height, glyphs, body)


def enlarged(page: Page, factor: float, width: float, height: float) -> Page:
    """A page of the size given, with what is drawn on it enlarged by a factor; itself where that is 1."""
    if factor == 1:
        return page
    body = Element("g")
    SubElement(body, "g", {"transform": f"scale({factor:.6g})"}).extend(page.body)
    return Page(width, height, page.glyphs, body)


def to_svg(page: Page, *, title: str = "", provenance: str = "", ink: str = "", paper: str = "") -> str:
    """The page as a stand-alone SVG document.

    Parameters
    ----------
    page : the page.
    title : its accessible name; no visible title is drawn from it.
    provenance : put into `<metadata>` when not empty.
    ink : a CSS colour; the colour of the surrounding text where empty.
    paper : a CSS colour of the background, none where empty.
    """
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {page.width:g} {page.height:g}",
        "width": f"{page.width / UNITS_PER_MM:g}mm",
        "height": f"{page.height / UNITS_PER_MM:g}mm",
        "role": "img",
    }
    if title:
        attributes["aria-label"] = drawable(title)
    if ink:
        attributes["color"] = ink
    root = Element("svg", attributes)
    if title:
        SubElement(root, "title").text = drawable(title)
    if provenance:
        SubElement(root, "metadata").text = f"canzona: {drawable(provenance)}"
    if paper:
        SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": paper})
    definitions = SubElement(root, "defs")
    definitions.extend(page.glyphs[name] for name in sorted(page.glyphs))
    drawn = SubElement(root, "g", {"fill": _INK, "stroke": "none"})
    drawn.extend(page.body)
    return ElementTree.tostring(root, encoding="unicode")


def _cleaned(
    element: Element, symbols: dict[str, Element], glyphs: dict[str, Element], style: tuple[bool, bool]
) -> Iterator[Element]:
    """What is left of an element: itself with plain attributes, its children, or nothing."""
    if element.tag == "text":
        drawn = outline(element, glyphs, italic=style[0], bold=style[1])
        if len(drawn):
            yield drawn
    elif element.tag == "use":
        yield _glyph_use(element, symbols, glyphs)
    elif element.tag in _STROKED:
        yield _shape(element)
    elif element.tag == "g":
        yield from _group(element, symbols, glyphs, style)


def _group(
    element: Element, symbols: dict[str, Element], glyphs: dict[str, Element], style: tuple[bool, bool]
) -> Iterator[Element]:
    classes = set(element.get("class", "").split())
    if "placeholder" in classes:
        return
    style = (style[0] or bool(classes & _ITALIC), style[1] or bool(classes & _BOLD))
    children = [kept for child in element for kept in _cleaned(child, symbols, glyphs, style)]
    if "slur" in classes:
        children = [_fine_dots(child) for child in children]
    kept = classes & _CLASSES
    if not children:
        return
    if not kept and "transform" not in element.attrib:
        yield from children
        return
    group = Element("g")
    if kept:
        group.set("class", " ".join(sorted(kept)))
    if "transform" in element.attrib:
        group.set("transform", element.attrib["transform"])
    group.extend(children)
    yield group


def _glyph_use(element: Element, symbols: dict[str, Element], glyphs: dict[str, Element]) -> Element:
    target = element.get("href", "").removeprefix("#")
    name = target.partition("-")[0]
    if name not in glyphs and target in symbols:
        symbol = Element("g", {"id": name})
        for path in symbols[target].iter("path"):
            symbol.append(
                Element("path", {key: path.attrib[key] for key in ("d", "transform") if key in path.attrib})
            )
        glyphs[name] = symbol
    attributes = {"href": f"#{name}"}
    if "transform" in element.attrib:
        attributes["transform"] = element.attrib["transform"]
    return Element("use", attributes)


def _shape(element: Element) -> Element:
    kept = {key: value for key, value in element.attrib.items() if key in _KEPT}
    if "stroke-width" in kept:
        kept["stroke"] = _INK
    return Element(element.tag, kept)


def _fine_dots(shape: Element) -> Element:
    """Phrase slurs are dotted; Verovio's dots are as heavy as an augmentation dot."""
    if "stroke-dasharray" in shape.attrib:
        shape.attrib.update({"stroke-width": "24", "stroke-dasharray": "0 72"})
    return shape
