"""Pages as a PDF 1.4 document.

The pages are made of paths, rectangles, ellipses and reused glyphs only (see `drawing`), so
the whole of a PDF writer is a walk over the tree that turns each into the operator of the
same meaning; a glyph becomes a form that the pages share. No font is embedded, since words
are outlines. The same pages give the same bytes: no date is written, and the file's ID is
a hash of its content.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from canzona.render.drawing import UNITS_PER_MM, Page

_POINTS = 72 / 25.4 / UNITS_PER_MM
_CIRCLE = 0.5522847498
"""Distance of the control points that make a Bézier curve a quarter of a circle."""
_TOKEN = re.compile(r"([MmLlHhVvCcSsQqTtZz])|(-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]-?[0-9]+)?)")
_TRANSFORM = re.compile(r"(\w+)\(([^)]*)\)")
_CAPS = {"round": 1, "square": 2}
_GLYPH_BOX = "-4000 -4000 8000 8000"


def write_pdf(pages: Sequence[Page], *, title: str = "", author: str = "", provenance: str = "") -> bytes:
    """The pages as one PDF document.

    Parameters
    ----------
    pages : pages in order, coordinates in 1/100 mm.
    title, author : put into the document's information.
    provenance : one line that says how the document was made; becomes its keywords.
    """
    glyphs: dict[str, Element] = {}
    for page in pages:
        glyphs.update(page.glyphs)
    numbers = {name: 4 + place for place, name in enumerate(sorted(glyphs))}
    first_page = 4 + len(numbers)
    kids = " ".join(f"{first_page + 2 * place} 0 R" for place in range(len(pages)))
    forms = " ".join(f"/{name} {number} 0 R" for name, number in numbers.items())
    shared = f"/Resources << /XObject << {forms} >> >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] {shared} >>".encode(),
        _information(title, author, provenance),
    ]
    for name in numbers:
        head = f"/Type /XObject /Subtype /Form /BBox [{_GLYPH_BOX}]"
        objects.append(_stream(_drawn([glyphs[name]]), head))
    for place, page in enumerate(pages):
        width, height = page.width * _POINTS, page.height * _POINTS
        box = f"/MediaBox [0 0 {width:.3f} {height:.3f}]"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R {box} /Contents {first_page + 2 * place + 1} 0 R >>".encode()
        )
        turned = f"{_POINTS:.6f} 0 0 {-_POINTS:.6f} 0 {height:.3f} cm"
        objects.append(_stream(f"{turned}\n{_drawn(page.body)}"))
    return _file(objects)


def _file(objects: Sequence[bytes]) -> bytes:
    """Header, numbered objects, the table of their places, trailer."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    name = hashlib.md5(out, usedforsecurity=False).hexdigest()
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += (
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 3 0 R /ID [<{name}> <{name}>] >>\n".encode()
    )
    out += f"startxref\n{table}\n%%EOF\n".encode()
    return bytes(out)


def _information(title: str, author: str, provenance: str) -> bytes:
    held = {"Title": title, "Author": author, "Keywords": f"canzona: {provenance}" if provenance else ""}
    held |= {"Creator": "Canzona", "Producer": "Canzona"}
    entries = (f"/{key} <{_hex(value)}>" for key, value in held.items() if value)
    return f"<< {' '.join(entries)} >>".encode()


def _hex(text: str) -> str:
    return (b"\xfe\xff" + text.encode("utf-16-be", "replace")).hex()


def _stream(content: str, head: str = "") -> bytes:
    packed = zlib.compress(content.encode(), 9)
    return (
        f"<< {head} /Length {len(packed)} /Filter /FlateDecode >>\nstream\n".encode()
        + packed
        + b"\nendstream"
    )


def _drawn(elements: Iterable[Element]) -> str:
    lines: list[str] = []
    for element in elements:
        _draw(element, lines)
    return "\n".join(lines)


def _draw(element: Element, lines: list[str]) -> None:
    matrices = [_matrix(name, numbers) for name, numbers in _TRANSFORM.findall(element.get("transform", ""))]
    shape = _SHAPES.get(element.tag)
    styled = shape is not None and ("stroke" in element.attrib or "fill-opacity" in element.attrib)
    if matrices or styled:
        lines.append("q")
        lines.extend(matrices)
    if element.tag == "g":
        for child in element:
            _draw(child, lines)
    elif element.tag == "use":
        lines.append(f"/{element.get('href', '').removeprefix('#')} Do")
    elif shape is not None:
        lines.extend(_pen(element))
        lines.append(shape(element))
        lines.append("f*" if element.tag == "text" else _paint(element))
    if matrices or styled:
        lines.append("Q")


def _matrix(name: str, numbers: str) -> str:
    values = [float(number) for number in re.findall(r"[-+0-9.eE]+", numbers)]
    if name == "translate":
        return f"1 0 0 1 {_n(values[0])} {_n(values[1] if len(values) > 1 else 0.0)} cm"
    if name == "scale":
        return f"{_n(values[0])} 0 0 {_n(values[1] if len(values) > 1 else values[0])} 0 0 cm"
    if name == "matrix" and len(values) == 6:
        return " ".join(_n(value) for value in values) + " cm"
    return ""


def _pen(element: Element) -> list[str]:
    if "stroke" not in element.attrib:
        return []
    pen = [f"{_n(float(element.get('stroke-width', '1')))} w"]
    cap = _CAPS.get(element.get("stroke-linecap", ""))
    if cap is not None:
        pen.append(f"{cap} J")
    if element.get("stroke-linejoin") == "round":
        pen.append("1 j")
    if dashes := element.get("stroke-dasharray"):
        pen.append(f"[{' '.join(re.findall(r'[0-9.]+', dashes))}] 0 d")
    return pen


def _paint(element: Element) -> str:
    fills = element.get("fill") != "none" and element.get("fill-opacity", "1") not in ("0", "0.0")
    strokes = "stroke" in element.attrib
    return {(True, True): "B", (True, False): "f", (False, True): "S", (False, False): "n"}[fills, strokes]


def _rectangle(element: Element) -> str:
    return " ".join(_n(float(element.get(key, "0"))) for key in ("x", "y", "width", "height")) + " re"


def _ellipse(element: Element) -> str:
    x, y, rx, ry = (float(element.get(key, "0")) for key in ("cx", "cy", "rx", "ry"))
    kx, ky = rx * _CIRCLE, ry * _CIRCLE
    curves = (
        (x + rx, y + ky, x + kx, y + ry, x, y + ry),
        (x - kx, y + ry, x - rx, y + ky, x - rx, y),
        (x - rx, y - ky, x - kx, y - ry, x, y - ry),
        (x + kx, y - ry, x + rx, y - ky, x + rx, y),
    )
    return f"{_n(x + rx)} {_n(y)} m " + " ".join(_curve(*curve) for curve in curves) + " h"


def _box(element: Element) -> str:
    """An empty box for a character that has no outline here; a PDF of ours embeds no fonts."""
    size = float(element.get("font-size", "0"))
    x, y = (float(element.get(axis, "0")) for axis in "xy")
    inner, outer = 0.07 * size, 0.6 * size
    edge = f"{_n(x + inner)} {_n(y)} {_n(outer - inner)} {_n(-outer)} re"
    hole = f"{_n(x + 2 * inner)} {_n(y - inner)} {_n(outer - 3 * inner)} {_n(2 * inner - outer)} re"
    return f"{edge} {hole}"


def _corners(element: Element) -> str:
    numbers = re.findall(r"-?[0-9.]+", element.get("points", ""))
    pairs = [f"{x} {y}" for x, y in zip(numbers[::2], numbers[1::2], strict=False)]
    lines = " ".join(f"{pair} {'l' if place else 'm'}" for place, pair in enumerate(pairs))
    return f"{lines} h" if element.tag == "polygon" else lines


def _path(element: Element) -> str:
    return " ".join(_Pen(element.get("d", "")).run())


class _Pen:
    """Follows SVG path data and says it in PDF operators; holds the point it is at."""

    def __init__(self, data: str) -> None:
        self.tokens = _TOKEN.findall(data)
        self.at = 0
        self.x = self.y = self.start_x = self.start_y = 0.0
        self.control: tuple[float, float] | None = None
        self.said: list[str] = []

    def run(self) -> list[str]:
        command = ""
        while self.at < len(self.tokens):
            if self.tokens[self.at][0]:
                command = self.tokens[self.at][0]
                self.at += 1
            elif command in ("", "Z", "z"):
                break
            self._follow(command)
            command = {"M": "L", "m": "l"}.get(command, command)
        return self.said

    def _follow(self, command: str) -> None:
        base_x, base_y = (self.x, self.y) if command.islower() else (0.0, 0.0)
        kind = command.upper()
        before, self.control = self.control, None
        if kind == "Z":
            self.said.append("h")
            self.x, self.y = self.start_x, self.start_y
        elif kind == "H":
            self._go("l", base_x + self._next(), self.y)
        elif kind == "V":
            self._go("l", self.x, base_y + self._next())
        elif kind in "ML":
            self._go("m" if kind == "M" else "l", base_x + self._next(), base_y + self._next())
            if kind == "M":
                self.start_x, self.start_y = self.x, self.y
        elif kind in "CS":
            mirrored = (2 * self.x - before[0], 2 * self.y - before[1]) if before else (self.x, self.y)
            first = mirrored if kind == "S" else (base_x + self._next(), base_y + self._next())
            second = base_x + self._next(), base_y + self._next()
            self._bend(first, second, base_x + self._next(), base_y + self._next())
            self.control = second
        else:
            mirrored = (2 * self.x - before[0], 2 * self.y - before[1]) if before else (self.x, self.y)
            middle = mirrored if kind == "T" else (base_x + self._next(), base_y + self._next())
            x, y = base_x + self._next(), base_y + self._next()
            first = self.x + (middle[0] - self.x) * 2 / 3, self.y + (middle[1] - self.y) * 2 / 3
            second = x + (middle[0] - x) * 2 / 3, y + (middle[1] - y) * 2 / 3
            self._bend(first, second, x, y)
            self.control = middle

    def _next(self) -> float:
        number = self.tokens[self.at][1] if self.at < len(self.tokens) else ""
        self.at += 1
        return float(number) if number else 0.0

    def _go(self, operator: str, x: float, y: float) -> None:
        self.x, self.y = x, y
        self.said.append(f"{_n(x)} {_n(y)} {operator}")

    def _bend(self, first: tuple[float, float], second: tuple[float, float], x: float, y: float) -> None:
        self.x, self.y = x, y
        self.said.append(_curve(*first, *second, x, y))


def _curve(*numbers: float) -> str:
    return " ".join(_n(number) for number in numbers) + " c"


def _n(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".") if number % 1 else f"{number:.0f}"


_SHAPES = {
    "path": _path,
    "rect": _rectangle,
    "ellipse": _ellipse,
    "polygon": _corners,
    "polyline": _corners,
    "text": _box,
}
