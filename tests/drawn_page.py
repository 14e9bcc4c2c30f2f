"""Where everything lies on an engraved page: reads our SVG as a viewer would, in 1/100 mm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from canzona.render import Layout, engrave
from canzona.score import Tune

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_PLACES = {
    "rect": ("x", "y"), "text": ("x", "y"), "use": ("x", "y"), "ellipse": ("cx", "cy"),
}  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """Something drawn: its kind, its glyph ('' for a shape), its points and the groups around it."""

    tag: str
    glyph: str
    points: tuple[tuple[float, float], ...]
    groups: tuple[int, ...]
    dashed: bool = False

    @property
    def x(self) -> float:
        return self.points[0][0]

    @property
    def y(self) -> float:
        return self.points[0][1]


@dataclass
class DrawnPage:
    """A page's size, what is drawn on it, and its groups by number: class name."""

    width: float
    height: float
    marks: list[Mark] = field(default_factory=list)
    groups: dict[int, str] = field(default_factory=dict)

    def within(self, kind: str) -> list[list[Mark]]:
        """The marks of each group of a class, in order of the document."""
        numbers = [number for number, name in self.groups.items() if kind in name.split()]
        return [[mark for mark in self.marks if number in mark.groups] for number in numbers]

    def words(self) -> list[Mark]:
        """Letters outside of systems: title, region, composer, page number."""
        inside = {number for number, name in self.groups.items() if name == "system"}
        return [
            mark for mark in self.marks
            if re.fullmatch("[rib][0-9A-F]+", mark.glyph) and not inside & set(mark.groups)
        ]  # fmt: skip

    def lines(self) -> list[list[Mark]]:
        """Letters outside of systems by lines from above; styles of one line differ by a hair in height."""
        found: list[list[Mark]] = []
        for mark in sorted(self.words(), key=lambda mark: mark.y):
            if found and mark.y - found[-1][0].y < 60:
                found[-1].append(mark)
            else:
                found.append([mark])
        return [sorted(line, key=lambda mark: mark.x) for line in found]


def drawn(tune: Tune, *, to_page: int = 1, **layout: object) -> DrawnPage:
    """A page of a tune."""
    pages = engrave(tune, "svg", layout=Layout(**layout))  # type: ignore[arg-type]
    return read_svg(pages[to_page - 1])


def read_svg(svg: bytes) -> DrawnPage:
    """The page that an SVG of ours shows."""
    root = ElementTree.fromstring(svg)
    *_, width, height = (float(number) for number in root.get("viewBox", "").split())
    page = DrawnPage(width, height)
    body = root.find("{http://www.w3.org/2000/svg}g")
    if body is not None:
        page.marks.extend(_walk(page, body, (0.0, 0.0, 1.0, 1.0), ()))
    return page


def letters(marks: list[Mark]) -> str:
    """The words that letters make, without blanks."""
    return "".join(chr(int(mark.glyph[1:], 16)) for mark in sorted(marks, key=lambda mark: mark.x))


def _walk(
    page: DrawnPage, element: Element, frame: tuple[float, float, float, float], groups: tuple[int, ...]
) -> Iterator[Mark]:
    x, y, scale_x, scale_y = frame
    for name, numbers in re.findall(r"(\w+)\(([^)]*)\)", element.get("transform", "")):
        values = [float(number) for number in _NUMBER.findall(numbers)]
        if name == "translate":
            x, y = x + scale_x * values[0], y + scale_y * values[-1]
        else:
            scale_x, scale_y = scale_x * values[0], scale_y * values[-1]
    tag = element.tag.rpartition("}")[2]
    if tag == "g":
        number = len(page.groups)
        page.groups[number] = element.get("class", "")
        for child in element:
            yield from _walk(page, child, (x, y, scale_x, scale_y), (*groups, number))
        return
    points = tuple((x + scale_x * a, y + scale_y * b) for a, b in _points(element, tag))
    glyph = element.get("href", "").removeprefix("#")
    yield Mark(tag, glyph, points, groups, "stroke-dasharray" in element.attrib)


def _points(element: Element, tag: str) -> list[tuple[float, float]]:
    """Corners and control points; those of a rectangle are two opposite corners."""
    if tag in _PLACES:
        x, y = (float(element.get(name, "0")) for name in _PLACES[tag])
        wide, tall = (float(element.get(name, "0")) for name in ("width", "height"))
        return [(x, y), (x + wide, y + tall)] if tag == "rect" else [(x, y)]
    numbers = [float(number) for number in _NUMBER.findall(element.get("d", "") or element.get("points", ""))]
    return list(zip(numbers[::2], numbers[1::2], strict=True))
