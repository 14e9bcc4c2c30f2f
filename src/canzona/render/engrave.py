"""A tune as a picture: svg, png or pdf.

    pages = engrave(tune, "svg")         # one bytes object a page
    [document] = engrave(tune, "pdf")    # always one

Verovio sets the notes from our own MusicXML. Phrases are drawn as dotted slurs, which tells
them from the slurs of the source. Title, region and composer stand above; everything that a
viewer could draw otherwise (fonts, style sheets, random ids) is taken out of what Verovio
gives (`drawing`), so the same tune gives the same bytes and looks the same everywhere.
"""

from __future__ import annotations

import dataclasses
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from canzona.errors import MissingDependencyError, UnsupportedError, UsageError
from canzona.render.drawing import Page, enlarged, read_page, to_svg
from canzona.render.lettering import MUSIC_FONT, drawable, outline, width_of
from canzona.render.pdf import write_pdf
from canzona.render.png import write_png
from canzona.score.musicxml_write import score_bytes
from canzona.score.tune import Attachment, Barline, Key, Note, Tune, standard_signature

PictureKind = Literal["svg", "png", "pdf"]
PICTURE_SUFFIXES = (".svg", ".png", ".pdf")
"""File name endings of what can be drawn."""

_PAPERS = {"a4": (2100, 2970), "letter": (2159, 2794)}
_TALLEST = 12000
_SIZES = (50, 200)
_UNITS = (4.5, 12.0)
_DPI_RANGE = (30, 1200)
_LONGEST_TITLE = 200
_SMALLEST_TITLE = 65
_HEADER_SIZE = 390
"""Size of Verovio's words at 100 percent, in 1/100 mm, at most."""
_SPACING = 0.27
_OTHER_SPACINGS = (0.235, 0.31, 0.36)
"""Spacings that are tried where the last line would hold a lone bar."""
_FEW_BARS = 64
_LONGEST_TEXT = 48


@dataclass(frozen=True, slots=True)
class Layout:
    """How a score is laid out.

    Attributes
    ----------
    paper : 'a4', 'letter', or 'fit': a page as tall as the score; None takes 'a4' for pdf,
        'fit' for svg and png.
    width : width of a 'fit' page in millimetres, 80 to 600.
    size : size of the staff in percent, 50 to 200; 100 is a staff of 6.8 mm.
    phrases : draw phrases that the source marks ('marked'), inferred ones too ('all'), or 'none'.
    header : whether title, region and composer stand above.
    bar_numbers : whether lines begin with their bar's number.
    dpi : pixels an inch of a png, 30 to 1200.
    """

    paper: Literal["a4", "letter", "fit"] | None = None
    width: float = 190
    size: float = 100
    phrases: Literal["marked", "all", "none"] = "marked"
    header: bool = True
    bar_numbers: bool = True
    dpi: int = 200


def engrave(tune: Tune, to: str = "svg", *, layout: Layout | None = None) -> tuple[bytes, ...]:
    """The pictures of a tune: a page each for svg and png, one document for pdf.

    Parameters
    ----------
    tune : any tune; one without notes gives its title above an empty staff.
    to : 'svg', 'png' or 'pdf', with or without a leading dot.
    layout : paper, size and what is drawn.

    Raises
    ------
    UsageError : an unknown kind, or a layout out of range.
    UnsupportedError : Verovio cannot set the tune.
    MissingDependencyError : Verovio, or resvg-py for png, is not installed.
    """
    kind = to.lower().removeprefix(".")
    if f".{kind}" not in PICTURE_SUFFIXES:
        raise UsageError(f"'{to}' is no kind of picture", hint="choose svg, png or pdf")
    layout = _checked(layout or Layout(), kind)
    pages = engrave_pages(tune, layout)
    title = _name(tune)
    if kind == "pdf":
        return (write_pdf(pages, title=title, author=tune.composer, provenance=tune.provenance),)
    if kind == "png":
        return tuple(
            write_png(page, dpi=layout.dpi, title=title, provenance=tune.provenance) for page in pages
        )
    name = f"Score of {title or 'an untitled tune'}"
    return tuple(to_svg(page, title=name, provenance=tune.provenance).encode() for page in pages)


def engrave_pages(tune: Tune, layout: Layout) -> list[Page]:
    """The pages as trees that `drawing.to_svg`, `png` and `pdf` write out."""
    toolkit = _toolkit(layout)
    _load(toolkit, _music(tune, layout), tune)
    if layout.header:
        header = _header(tune, _room(layout))
        if header:
            _load(toolkit, _with_header(toolkit.getMEI({"removeIds": True}), header), tune)
    hidden: frozenset[str] = frozenset() if layout.bar_numbers else frozenset({"mNum"})
    pages = _pages(toolkit, layout, hidden)
    for spacing in _OTHER_SPACINGS if len(tune.bars) <= _FEW_BARS else ():
        if not _ends_on_a_lone_bar(pages[-1]):
            break
        toolkit.setOptions({"spacingLinear": spacing})
        toolkit.redoLayout()
        other = _pages(toolkit, layout, hidden)
        if len(other) == len(pages) and not _ends_on_a_lone_bar(other[-1]):
            pages = other
    if layout.paper != "fit" and len(pages) > 1:
        for number, page in enumerate(pages, start=1):
            _number_page(page, number)
    return pages


def _pages(toolkit: Any, layout: Layout, hidden: frozenset[str]) -> list[Page]:
    numbers = range(1, toolkit.getPageCount() + 1)
    pages = (read_page(toolkit.renderToSVG(number), hidden=hidden) for number in numbers)
    width, height, _ = _page_size(layout)
    factor = _unit_and_factor(layout)[1]
    return [
        enlarged(page, factor, 10 * width, page.height * factor if layout.paper == "fit" else 10 * height)
        for page in pages
    ]


def _ends_on_a_lone_bar(page: Page) -> bool:
    """Whether the last of several lines holds one bar: a sight that no engraver would leave."""
    systems = [group for group in page.body.iter("g") if group.get("class") == "system"]
    return len(systems) > 1 and sum(group.get("class") == "measure" for group in systems[-1].iter("g")) < 2


def _checked(layout: Layout, kind: str) -> Layout:
    if not _SIZES[0] <= layout.size <= _SIZES[1]:
        raise UsageError(f"a staff of {layout.size:g} percent cannot be drawn", hint="give 50 to 200")
    if not 80 <= layout.width <= 600:
        raise UsageError(f"a page {layout.width:g} mm wide cannot be drawn", hint="give 80 to 600")
    if not _DPI_RANGE[0] <= layout.dpi <= _DPI_RANGE[1]:
        raise UsageError(f"{layout.dpi} pixels an inch cannot be drawn", hint="give 30 to 1200")
    if layout.paper not in (None, "a4", "letter", "fit"):
        raise UsageError(f"'{layout.paper}' is no paper", hint="choose a4, letter or fit")
    if layout.phrases not in ("marked", "all", "none"):
        raise UsageError(f"'{layout.phrases}' phrases cannot be drawn", hint="choose marked, all or none")
    return dataclasses.replace(layout, paper=layout.paper or ("a4" if kind == "pdf" else "fit"))


def _toolkit(layout: Layout) -> Any:
    try:
        import verovio
    except ImportError as error:
        raise MissingDependencyError("scores are drawn by Verovio", hint="pip install verovio") from error
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    fits = layout.paper == "fit"
    unit, factor = _unit_and_factor(layout)
    width, height, margin = (round(length / factor) for length in _page_size(layout))
    toolkit.setOptions({
        "xmlIdSeed": 1, "pageWidth": width, "pageHeight": height, "adjustPageHeight": fits, "scale": 100,
        "pageMarginTop": margin, "pageMarginBottom": margin, "pageMarginLeft": margin,
        "pageMarginRight": margin,
        "unit": unit, "font": MUSIC_FONT, "smuflTextFont": "none", "breaks": "auto",
        "header": "encoded" if layout.header else "none", "footer": "none", "expandNever": True,
        "condense": "none",
        "svgViewBox": True, "svgRemoveXlink": True, "svgFormatRaw": True, "justifyVertically": False,
        "spacingLinear": _SPACING, "spacingNonLinear": 0.58, "spacingSystem": 6, "lyricSize": 4.3,
        "slurMidpointThickness": 0.5, "bottomMarginHeader": 3, "minLastJustification": 0.72,
    })  # fmt: skip
    return toolkit


def _page_size(layout: Layout) -> tuple[int, int, int]:
    """Width, height and margin in tenths of a millimetre."""
    if layout.paper == "fit":
        return round(layout.width * 10), _TALLEST, 30
    return *_PAPERS[layout.paper or "a4"], 150


def _room(layout: Layout) -> float:
    """The width between the margins in 1/100 mm, before the page is enlarged."""
    width, _, margin = _page_size(layout)
    return 10 * (width - 2 * margin) / _unit_and_factor(layout)[1]


def _unit_and_factor(layout: Layout) -> tuple[float, float]:
    """Verovio's unit, half a staff space in tenths of a millimetre, and how far its page is enlarged.

    It takes units of 4.5 to 12 only; smaller and larger staves are set on a page of another
    size, which is then brought to the size asked for.
    """
    wanted = 8.5 * layout.size / 100
    unit = min(max(wanted, _UNITS[0]), _UNITS[1])
    return unit, wanted / unit


def _load(toolkit: Any, text: str, tune: Tune) -> None:
    if not toolkit.loadData(text):
        raise UnsupportedError(
            f"Verovio could not set {tune.source or tune.title or 'the tune'}", hint="write MusicXML instead"
        )


def _music(tune: Tune, layout: Layout) -> str:
    """MusicXML for Verovio: ours, without what it would set as a label, with slurs over phrases."""
    drawn = tune.replace(
        notes=tuple(_with_short_texts(note) for note in tune.notes),
        keys=tuple((onset, _with_signature(key)) for onset, key in tune.keys),
        barlines=tuple(_as_drawn(line) for line in tune.barlines),
        records=(),
        comments=(),
        instrument="",
        provenance="",
    )
    wanted = layout.phrases == "all" or (layout.phrases == "marked" and tune.phrasing == "marked")
    if not wanted or tune.phrasing == "none":
        return score_bytes(drawn).decode()
    number = 1 + max((sign.number for sign in _signs(tune) if sign.kind == "slur"), default=0)
    text = score_bytes(drawn.replace(notes=_slurred(drawn, number))).decode()
    return re.sub(rf'<slur (?=[^>]*number="{number}")(?=[^>]*"start")', '<slur line-type="dotted" ', text)


def _with_signature(key: Key) -> Key:
    """A key that its source names without a signature has the usual one in a picture."""
    if key.signature is not None or not key.tonic or abs(key.fifths) > 7:
        return key
    return dataclasses.replace(key, signature=standard_signature(key.fifths))


def _as_drawn(line: Barline) -> Barline:
    """A repeat sign is drawn as such, whatever line stands beside it; no plain line opens a single staff."""
    if line.repeat:
        return dataclasses.replace(line, kind="regular")
    opens = line.onset == 0 and line.kind == "regular"
    return dataclasses.replace(line, kind="invisible") if opens else line


def _with_short_texts(note: Note) -> Note:
    """The note without the end of texts that would run out of the page; Verovio breaks no lines."""
    if all(sign.kind != "text" or len(sign.text) <= _LONGEST_TEXT for sign in note.attachments):
        return note
    signs = tuple(
        dataclasses.replace(sign, text=f"{sign.text[:_LONGEST_TEXT]}…") if sign.kind == "text" else sign
        for sign in note.attachments
    )
    return dataclasses.replace(note, attachments=signs)


def _signs(tune: Tune) -> Iterator[Attachment]:
    for note in tune.notes:
        yield from note.attachments


def _slurred(tune: Tune, number: int) -> tuple[Note, ...]:
    """The notes with a slur over each phrase of two notes or more, from its first to its last."""
    added: dict[int, str] = {}
    place = 0
    for phrase in tune.phrases():
        sounding = [place + each for each, note in enumerate(phrase) if note.pitch is not None]
        if len(sounding) > 1:
            added[sounding[0]], added[sounding[-1]] = "start", "stop"
        place += len(phrase)
    return tuple(
        dataclasses.replace(note, attachments=(*note.attachments, Attachment("slur", added[at], number)))
        if at in added
        else note
        for at, note in enumerate(tune.notes)
    )


def _name(tune: Tune) -> str:
    return _line(tune.title)


def _line(words: str) -> str:
    """Words of a record as one line."""
    return " ".join(drawable(words).split())[:_LONGEST_TITLE]


def _header(tune: Tune, room: float) -> str:
    """MEI of what stands above: the title, below it the region on the left and the composer on the right.

    `room` is the width between the margins in 1/100 mm. A long title is set smaller, and what
    is still too long ends in an ellipsis; Verovio breaks no lines.
    """
    title = _name(tune)
    left, right = _side_by_side(_line(tune.region), _line(tune.composer), room)
    parts = []
    if title:
        usual = 175 if len(title) < 50 else 140 if len(title) < 70 else 100
        size = max(_SMALLEST_TITLE, min(usual, int(100 * room / max(1.0, width_of(title, _HEADER_SIZE)))))
        title = _cut(title, room * 100 / size)
        parts.append(f'<rend halign="center" valign="top" fontsize="{size}%">{escape(title)}</rend>')
    if title and (left or right):
        parts.append('<rend halign="center" valign="middle" fontsize="35%">\u00a0</rend>')
    if left:
        parts.append(f'<rend halign="left" valign="bottom" fontstyle="italic">{escape(left)}</rend>')
    if right:
        parts.append(f'<rend halign="right" valign="bottom">{escape(right)}</rend>')
    return f'<pgHead func="first">{"".join(parts)}</pgHead>' if parts else ""


def _side_by_side(left: str, right: str, room: float) -> tuple[str, str]:
    """Both cut so that they leave a gap between them; a short one leaves the other its room."""
    room -= _HEADER_SIZE if left and right else 0
    widths = width_of(left, _HEADER_SIZE, italic=True), width_of(right, _HEADER_SIZE)
    shares = (max(room / 2, room - width) for width in reversed(widths))
    return _cut(left, next(shares), italic=True), _cut(right, next(shares))


def _cut(words: str, room: float, *, italic: bool = False) -> str:
    """The words, or as many letters of them as fit with an ellipsis."""
    if width_of(words, _HEADER_SIZE, italic=italic) <= room:
        return words
    kept = bisect_right(
        range(len(words)), room, key=lambda end: width_of(f"{words[:end]}…", _HEADER_SIZE, italic=italic)
    )
    return f"{words[: max(kept - 1, 0)].rstrip()}…"


def _with_header(mei: str, header: str) -> str:
    return re.sub(r"(<scoreDef[^>]*>)", lambda found: found[1] + header, mei, count=1)


def _number_page(page: Page, number: int) -> None:
    """The page's number at the foot, in the middle."""
    text = Element("text", {"text-anchor": "middle", "font-size": "350"})
    text.attrib |= {"x": f"{page.width / 2:g}", "y": f"{page.height - 900:g}"}
    text.text = str(number)
    page.body.append(outline(text, page.glyphs))
