"""From the bytes of a MusicXML file to a checked element tree.

Packed files are unpacked within limits, so that a small file cannot ask for a large memory;
entity declarations are refused before the parser sees what they expand to; documents that
are ordered by time are turned into documents ordered by part. Elements know no line, so a
fault names its element and the line is found by a second pass when it is needed.
"""

from __future__ import annotations

import contextlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.parsers import expat

from canzona.errors import FormatError

LARGEST_DOCUMENT = 24 * 2**20
"""Bytes of XML that a packed file may hold."""

LARGEST_RATIO = 150
"""How many times its packed size a document of more than a megabyte may have; scores reach 40."""

_NO_ZIP = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError, KeyError
)  # fmt: skip


class Fault(Exception):
    """Something wrong at an element: turned into a FormatError with its line by `score_root`'s caller."""

    def __init__(self, message: str, element: Element | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.element = element
        self.hint = hint


class Document:
    """The tree of one MusicXML document, partwise.

    Parameters
    ----------
    data : bytes of a .musicxml, .xml or .mxl file.
    source : the file's name, for errors.

    Raises
    ------
    FormatError : the bytes are no MusicXML, or ask for more than the limits.
    """

    def __init__(self, data: bytes, source: str) -> None:
        self.source = source
        self._xml = _unpacked(data, source) if data[:2] == b"PK" else data
        _refuse_entities(self._xml, source)
        self._parsed = _parsed(self._xml, source)
        self.root = _partwise(self._parsed, source)

    @contextlib.contextmanager
    def located(self) -> Iterator[None]:
        """Faults raised inside become FormatErrors that name the file and the line."""
        try:
            yield
        except Fault as fault:
            raise FormatError(
                fault.message, source=self.source, line=self._line(fault.element), hint=fault.hint
            ) from fault

    def _line(self, wanted: Element | None) -> int:
        """Line of an element, counted from 1; 0 where it is none of the source's."""
        place = next((at for at, element in enumerate(self._parsed.iter()) if element is wanted), None)
        if place is None:
            return 0
        parser = expat.ParserCreate()
        lines: list[int] = []
        parser.StartElementHandler = lambda _name, _attributes: lines.append(parser.CurrentLineNumber)
        parser.Parse(self._xml, True)
        return lines[place]


def _unpacked(data: bytes, source: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return _member(packed, _score_name(packed, source), LARGEST_DOCUMENT, source)
    except _NO_ZIP as error:
        raise FormatError(
            "the packed file is damaged",
            source=source,
            hint="export it again, or unpack it and give the .xml",
        ) from error


def _score_name(packed: zipfile.ZipFile, source: str) -> str:
    """The score's name in a packed file: what the container names first, else the first .xml there is."""
    names = packed.namelist()
    if "META-INF/container.xml" in names:
        container = _member(packed, "META-INF/container.xml", 2**16, source)
        _refuse_entities(container, source)
        for element in _parsed(container, source).iter():
            if element.tag.rpartition("}")[2] == "rootfile" and element.get("full-path") in names:
                return element.get("full-path", "")
    for name in names:
        if name.lower().endswith((".xml", ".musicxml")) and not name.startswith("META-INF/"):
            return name
    raise FormatError("the packed file holds no score", source=source, hint="export it again as MusicXML")


def _member(packed: zipfile.ZipFile, name: str, limit: int, source: str) -> bytes:
    info = packed.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise FormatError("packed in a way that MusicXML does not use", source=source, hint="export it again")
    limit = min(limit, max(2**20, LARGEST_RATIO * info.compress_size))
    with packed.open(info) as member:
        data = member.read(limit + 1)
    if len(data) > limit:
        raise FormatError(
            f"unpacks to more than {limit >> 20 or 1} MB",
            source=source,
            hint="give the part of the score alone",
        )
    return data


def _refuse_entities(data: bytes, source: str) -> None:
    """Refuse entity declarations: nothing in MusicXML needs them, and they can expand without end."""
    found: list[int] = []
    parser = expat.ParserCreate()

    def declared(*_declaration: object) -> None:
        found.append(parser.CurrentLineNumber)
        raise StopIteration

    def began(*_element: object) -> None:
        raise StopIteration

    parser.EntityDeclHandler = declared
    parser.StartElementHandler = began
    with contextlib.suppress(StopIteration, expat.ExpatError, LookupError, ValueError):
        parser.Parse(data, True)
    if found:
        raise FormatError(
            "declares entities, which are not read",
            source=source,
            line=found[0],
            hint="remove the declarations",
        )


def _parsed(data: bytes, source: str) -> Element:
    try:
        return ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        reason = str(error).partition(":")[0]
        raise FormatError(
            f"is not XML ({reason})",
            source=source,
            line=error.position[0],
            hint="export it again as MusicXML",
        ) from error
    except (LookupError, ValueError) as error:
        raise FormatError("its encoding is not known", source=source, hint="save it as UTF-8") from error


def _partwise(root: Element, source: str) -> Element:
    if root.tag == "score-partwise":
        return root
    if root.tag == "score-timewise":
        return _by_part(root)
    name = root.tag.rpartition("}")[2][:40]
    raise FormatError(
        f"holds <{name}>, not a MusicXML score",
        source=source,
        line=1,
        hint="give a file with <score-partwise>",
    )


def _by_part(timewise: Element) -> Element:
    """A tree ordered by part, made of the elements of one ordered by time."""
    root = Element("score-partwise", timewise.attrib)
    parts: dict[str, Element] = {}
    for element in timewise:
        if element.tag != "measure":
            root.append(element)
            continue
        for content in element.iterfind("part"):
            name = content.get("id", "")
            if name not in parts:
                parts[name] = Element("part", {"id": name})
            measure = Element("measure", element.attrib)
            measure.extend(content)
            parts[name].append(measure)
    root.extend(parts.values())
    return root
