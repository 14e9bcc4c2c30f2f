"""A page as a PNG picture, through resvg."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from canzona.errors import FormatError, MissingDependencyError
from canzona.render.drawing import Page, to_svg

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_END = len(_SIGNATURE) + 25
_LONGEST_WORDS = 1 << 24

PROVENANCE_KEY = "canzona"
"""The name of the text chunk that says how a picture was made."""


def write_png(page: Page, *, dpi: int, title: str = "", provenance: str = "") -> bytes:
    """The page in black on white.

    Parameters
    ----------
    page : the page, coordinates in 1/100 mm.
    dpi : pixels an inch, 96 to 600 is of use.
    title, provenance : put into text chunks when not empty.

    Raises
    ------
    MissingDependencyError : the `resvg-py` package is not installed.
    """
    try:
        import resvg_py
    except ImportError as error:
        raise MissingDependencyError(
            "PNG pictures need the package resvg-py", hint="pip install resvg-py, or write .svg or .pdf"
        ) from error
    svg = to_svg(page, ink="black", paper="white")
    drawn = bytes(resvg_py.svg_to_bytes(svg_string=svg, dpi=dpi, skip_system_fonts="<text" not in svg))
    words = {"Title": title, "Software": "Canzona", PROVENANCE_KEY: provenance}
    chunks = [_resolution(dpi)] + [_text(key, value) for key, value in words.items() if value]
    return drawn[:_HEADER_END] + b"".join(chunks) + drawn[_HEADER_END:]


def provenance_of_png(path: Path) -> str:
    """What `write_png` put into a picture as its provenance; an empty string where there is nothing.

    Raises
    ------
    FormatError : the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            file.seek(len(_SIGNATURE))
            while len(head := file.read(8)) == 8:
                size, kind = struct.unpack(">I4s", head)
                if kind in (b"tEXt", b"iTXt") and size <= _LONGEST_WORDS:
                    key, _, words = file.read(size).partition(b"\0")
                    if key == PROVENANCE_KEY.encode():
                        encoding = "latin-1" if kind == b"tEXt" else "utf-8"
                        return words.lstrip(b"\0").decode(encoding, "replace")
                    size = 0
                file.seek(size + 4, os.SEEK_CUR)
    except OSError as error:
        raise FormatError(error.strerror or "cannot be read", source=str(path)) from error
    return ""


def raster_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Pixels, red, green and blue, shape (rows, columns, 3), as a PNG picture."""
    rows, columns, _ = pixels.shape
    # Each line begins with its filter: none.
    lines = np.pad(pixels.reshape(rows, -1), ((0, 0), (1, 0)))
    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    drawn = zlib.compress(lines.tobytes(), 6)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", drawn) + _chunk(b"IEND", b"")


def _resolution(dpi: int) -> bytes:
    a_metre = round(dpi / 0.0254)
    return _chunk(b"pHYs", struct.pack(">IIB", a_metre, a_metre, 1))


def _text(key: str, value: str) -> bytes:
    """A tEXt chunk where Latin-1 holds the words, else iTXt."""
    try:
        return _chunk(b"tEXt", key.encode("latin-1") + b"\0" + value.encode("latin-1"))
    except UnicodeEncodeError:
        return _chunk(b"iTXt", key.encode("latin-1") + b"\0\0\0\0\0" + value.encode("utf-8", "replace"))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
