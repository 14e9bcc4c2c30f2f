"""Make src/canzona/render/data/lettering.json.gz: outlines of a serif typeface for the words of a score.

    python tools/make_lettering.py /usr/share/fonts/truetype/liberation2

Needs fonttools and the Liberation Serif 2 fonts (SIL Open Font License 1.1; Debian's
fonts-liberation2). A score is engraved with its words as outlines, so that it looks the same
on a machine without any font. The file holds advances, outlines (SVG path data, y down) and
the kerning pairs of letters, in units of 1/2048 em. The same fonts give the same bytes.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

from fontTools.misc.transform import Identity
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

STYLES = {"regular": "Regular", "italic": "Italic", "bold": "Bold"}
RANGES = (
    (0x20, 0x7E),
    (0xA0, 0x17F),
    (0x1A0, 0x1B4),
    (0x1CD, 0x1DC),
    (0x218, 0x21B),
    (0x259, 0x259),
    (0x300, 0x304),
    (0x386, 0x3CE),
    (0x400, 0x45F),
    (0x490, 0x491),
    (0x2010, 0x2026),
    (0x2030, 0x2030),
    (0x2032, 0x2033),
    (0x2039, 0x203A),
    (0x20AC, 0x20AC),
    (0x2116, 0x2116),
    (0x2122, 0x2122),
)
OUTPUT = Path(__file__).parent.parent / "src" / "canzona" / "render" / "data" / "lettering.json.gz"


def main(folder: Path) -> None:
    """Write the outlines of all styles."""
    styles = {name: face(TTFont(folder / f"LiberationSerif-{file}.ttf")) for name, file in STYLES.items()}
    text = json.dumps(
        {"units": 2048, "styles": styles}, ensure_ascii=True, separators=(",", ":"), sort_keys=True
    )
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(
        f"{OUTPUT}: {OUTPUT.stat().st_size} bytes, {[len(face['glyphs']) for face in styles.values()]} glyphs"
    )


def face(font: TTFont) -> dict[str, Any]:
    """Advance and outline of each character of the ranges that the font has, and its kerning."""
    known, glyphs, widths = font.getBestCmap(), font.getGlyphSet(), font["hmtx"]
    held = {}
    for code in (code for first, last in RANGES for code in range(first, last + 1) if code in known):
        pen = SVGPathPen(glyphs, ntos=lambda value: str(round(value)))
        glyphs[known[code]].draw(TransformPen(pen, Identity.scale(1, -1)))
        held[chr(code)] = [widths[known[code]][0], pen.getCommands()]
    return {"glyphs": held, "kerning": kerning(font, {known[ord(char)]: char for char in held})}


def kerning(font: TTFont, names: dict[str, str]) -> dict[str, int]:
    """Pairs of the old `kern` table that concern letters held, where the font has one."""
    if "kern" not in font:
        return {}
    table = font["kern"].kernTables[0].kernTable
    pairs = {names[a] + names[b]: shift for (a, b), shift in table.items() if a in names and b in names}
    return {pair: shift for pair, shift in pairs.items() if abs(shift) >= 20}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
