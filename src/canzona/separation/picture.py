"""A song in one picture: spectrograms of the mix and its stems over the curve of presence.

Drawn as the pages of scores are: plain SVG elements and letters as outlines, so it looks the same where
no font is installed; the spectrograms are rasters within.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element, SubElement

import numpy as np
import numpy.typing as npt

from canzona.render.drawing import Page
from canzona.render.lettering import drawable, outline, width_of
from canzona.render.png import raster_png, write_png
from canzona.score.provenance import Provenance
from canzona.separation.colours import coloured, level_colours
from canzona.separation.presence import Presence
from canzona.separation.spectrogram import HIGHEST, LOWEST, Spectrogram

DPI = 127
"""Pixels an inch: five a millimetre."""

# Millimetres, of which a page has hundredths.
_MM = 100
_PAGE_WIDTH, _LEFT, _WIDTH = 280.0, 21.0, 232.0
_TOP, _PANEL, _GAP, _CURVE, _FOOT = 24.0, 44.0, 5.5, 22.0, 17.0
_SCALE_LEFT, _SCALE_WIDTH = 258.0, 4.0

_INK, _SOFT, _LINE = "#1f2430", "#667085", "#d5dae1"
_CURVE_INK, _CURVE_FILL = "#7a2c8f", "#e9d5ee"
_DECIBELS = 72.0
# Of a mix softer than this the bright end of the map stays free: silence is black.
_SOFTEST = -45.0
_SIZE, _SMALL, _LARGE = 3.6, 3.1, 6.0
_FREQUENCIES = {
    50: "50",
    100: "100",
    200: "200",
    500: "500",
    1000: "1k",
    2000: "2k",
    5000: "5k",
    10000: "10k",
}
_TIME_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_MOST_TICKS = 11
_CURVE_POINTS = 1160
# The part of the curve's width that its name takes.
_NAMED = 0.09

Rows = npt.NDArray[np.floating]


class SongPicture:
    """The picture of a song that goes by.

    Parameters
    ----------
    sample_rate : in Hz.
    stems : the names of the two stems.
    """

    def __init__(self, sample_rate: int, stems: tuple[str, str]) -> None:
        self._rate = sample_rate
        self._samples = 0
        self._panels = {name: Spectrogram(sample_rate) for name in ("mix", *stems)}

    def push(self, *blocks: Rows) -> None:
        """The next samples of mix, target and rest, each of shape (channels, n), full scale 1.0."""
        self._samples += blocks[0].shape[1]
        for block, panel in zip(blocks, self._panels.values(), strict=True):
            panel.push(block)

    def to_png(self, presence: Presence, *, title: str, made: Provenance) -> bytes:
        """The picture as a PNG file.

        Parameters
        ----------
        presence : the curve.
        title : the song's name.
        made : how it is made, which the file tells too.

        Raises
        ------
        MissingDependencyError : the `resvg-py` package is not installed.
        """
        levels = {name: panel.finish() for name, panel in self._panels.items()}
        page = _drawn(levels, presence, self._samples / self._rate, title, made.model)
        words = f"{drawable(title)}: mix and stems"
        return write_png(page, dpi=DPI, title=words, provenance=made.to_json())


def _drawn(
    levels: dict[str, npt.NDArray[np.float32]], presence: Presence, seconds: float, title: str, model: str
) -> Page:
    body = Element("g")
    glyphs: dict[str, Element] = {}
    letters = _Letters(body, glyphs)
    height = _TOP + len(levels) * (_PANEL + _GAP) + _CURVE + _FOOT
    letters.put(_fitted(title, _LARGE, _WIDTH), _LEFT, 11.5, size=_LARGE, bold=True)
    length = _clock(seconds, 1)
    if presence.start:
        length = f"{_clock(presence.start, 1)} to {_clock(presence.start + seconds, 1)}"
    about = f"{length}, model {model}, mean presence {presence.mean:.2f}"
    letters.put(about, _LEFT, 18.0, colour=_SOFT)
    highest = _highest(levels["mix"])
    tops = [_TOP + place * (_PANEL + _GAP) for place in range(len(levels))]
    for top, (name, panel) in zip(tops, levels.items(), strict=True):
        _spectrogram(body, letters, top, name, coloured(_widened(panel[::-1]), highest - _DECIBELS, highest))
    _scale(body, letters, tops[0], tops[-1] + _PANEL, highest)
    curve_top = tops[-1] + _PANEL + _GAP
    _curve(body, letters, curve_top, presence, seconds)
    _time_axis(body, letters, [*tops, curve_top], curve_top + _CURVE, presence.start, seconds)
    return Page(_PAGE_WIDTH * _MM, height * _MM, glyphs, body)


class _Letters:
    """Words put on the page, as outlines."""

    def __init__(self, body: Element, glyphs: dict[str, Element]) -> None:
        self._body, self._glyphs = body, glyphs

    def put(
        self, words: str, x: float, y: float, *, size: float = _SIZE, colour: str = _INK,
        anchor: str = "start", bold: bool = False, italic: bool = False,
    ) -> None:  # fmt: skip
        """Words with their baseline at y, in millimetres."""
        text = Element("text", {"x": f"{x * _MM:g}", "y": f"{y * _MM:g}", "font-size": f"{size * _MM:g}"})
        text.set("text-anchor", anchor)
        if bold:
            text.set("font-weight", "bold")
        if italic:
            text.set("font-style", "italic")
        text.text = words
        drawn = outline(text, self._glyphs)
        drawn.set("fill", colour)
        self._body.append(drawn)


def _spectrogram(
    body: Element, letters: _Letters, top: float, name: str, pixels: npt.NDArray[np.uint8]
) -> None:
    data = base64.b64encode(raster_png(pixels)).decode()
    SubElement(body, "image", {
        **_box(_LEFT, top, _WIDTH, _PANEL),
        "preserveAspectRatio": "none", "href": f"data:image/png;base64,{data}",
    })  # fmt: skip
    for frequency, words in _FREQUENCIES.items():
        y = top + _PANEL * (1 - float(np.log(frequency / LOWEST) / np.log(HIGHEST / LOWEST)))
        _line(body, _LEFT - 1.2, y, _LEFT, y, _SOFT)
        letters.put(words, _LEFT - 2.0, y + 1.0, size=_SMALL, colour=_SOFT, anchor="end")
    letters.put("Hz", _LEFT - 2.0, top + 0.6, size=_SMALL, colour=_SOFT, anchor="end", italic=True)
    _name(body, letters, top, name, _INK)


def _name(body: Element, letters: _Letters, top: float, name: str, colour: str) -> None:
    """What a panel shows, on a plate in its corner."""
    plate = width_of(name, _SIZE, bold=True) + 3.0
    SubElement(body, "rect", {
        **_box(_LEFT + 1.5, top + 1.5, plate, 5.6), "rx": "100", "fill": "#ffffff", "fill-opacity": "0.88",
    })  # fmt: skip
    letters.put(name, _LEFT + 3.0, top + 5.4, colour=colour, bold=True)


def _scale(body: Element, letters: _Letters, top: float, bottom: float, highest: float) -> None:
    """The legend: which colour is which level."""
    strip = level_colours()[::-1][:, None, :]
    data = base64.b64encode(raster_png(np.repeat(strip, 4, axis=1))).decode()
    SubElement(body, "image", {
        **_box(_SCALE_LEFT, top, _SCALE_WIDTH, bottom - top),
        "preserveAspectRatio": "none", "href": f"data:image/png;base64,{data}",
    })  # fmt: skip
    right = _SCALE_LEFT + _SCALE_WIDTH
    letters.put("dB", right + 9.0, top - 2.0, size=_SMALL, colour=_SOFT, anchor="end", italic=True)
    first = int(np.floor(highest / 10)) * 10
    for level in range(first, int(highest - _DECIBELS), -10):
        y = top + (bottom - top) * (highest - level) / _DECIBELS
        _line(body, right, y, right + 1.2, y, _SOFT)
        words = f"\u2013{-level}" if level < 0 else f"{level}"
        letters.put(words, right + 9.0, y + 1.0, size=_SMALL, colour=_SOFT, anchor="end")


def _curve(body: Element, letters: _Letters, top: float, presence: Presence, seconds: float) -> None:
    for part in (0.0, 0.5, 1.0):
        y = top + _CURVE * (1 - part)
        _line(body, _LEFT, y, _LEFT + _WIDTH, y, _LINE)
        letters.put(f"{part:g}", _LEFT - 2.0, y + 1.0, size=_SMALL, colour=_SOFT, anchor="end")
    places = list(_curve_points(presence, seconds))
    points = [f"{(_LEFT + x * _WIDTH) * _MM:.0f},{(top + _CURVE * (1 - y)) * _MM:.0f}" for x, y in places]
    if points:
        floor = f"{(top + _CURVE) * _MM:.0f}"
        ends = f"{points[0].split(',')[0]},{floor}", f"{points[-1].split(',')[0]},{floor}"
        SubElement(body, "polygon", {
            "points": " ".join([ends[0], *points, ends[1]]), "fill": _CURVE_FILL, "fill-opacity": "0.75",
        })  # fmt: skip
        SubElement(body, "polyline", {
            "points": " ".join(points), "fill": "none", "stroke": _CURVE_INK, "stroke-width": "38",
            "stroke-linejoin": "round",
        })  # fmt: skip
    # Where the curve is high, its name stands below it.
    beside = [y for x, y in places if x < _NAMED] or [0.0]
    low = sum(beside) / len(beside) > 0.5
    _name(body, letters, top + (_CURVE - 8.6 if low else 0.0), "presence", _CURVE_INK)


def _curve_points(presence: Presence, seconds: float) -> Iterator[tuple[float, float]]:
    """Points of the curve, both numbers 0..1, no more than there are pixels."""
    values = np.clip(presence.values, 0, 1).astype(np.float64)
    if not len(values):
        return
    each = -(-len(values) // _CURVE_POINTS)
    starts = np.arange(0, len(values), each)
    means = np.add.reduceat(values, starts) / np.diff([*starts, len(values)])
    middles = (starts + 0.5 * np.diff([*starts, len(values)])) * presence.step / seconds
    yield 0.0, float(means[0])
    yield from ((min(float(x), 1.0), float(y)) for x, y in zip(middles, means, strict=True))
    yield 1.0, float(means[-1])


def _time_axis(
    body: Element, letters: _Letters, tops: Iterable[float], bottom: float, start: float, seconds: float
) -> None:
    step = next((each for each in _TIME_STEPS if seconds / each <= _MOST_TICKS), seconds)
    digits = max(0, int(np.ceil(-np.log10(step))))
    first = int(np.ceil(start / step - 1e-9))
    for number in range(first, int((start + seconds) / step + 1e-9) + 1):
        x = _LEFT + _WIDTH * (number * step - start) / seconds
        _line(body, x, bottom, x, bottom + 1.2, _SOFT)
        words = _clock(number * step, digits)
        letters.put(words, x, bottom + 5.0, size=_SMALL, colour=_SOFT, anchor="middle")
    letters.put("time", _LEFT + _WIDTH, bottom + 10.0, size=_SMALL, colour=_SOFT, anchor="end", italic=True)


def _highest(levels: npt.NDArray[np.float32]) -> float:
    """The level of the map's bright end: what all but the loudest places of the mix stay below."""
    return float(5 * np.ceil(max(float(np.quantile(levels, 0.998)), _SOFTEST) / 5))


def _widened(levels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Levels of few columns with others drawn between them, up to a pixel each."""
    columns = levels.shape[1]
    if columns >= _CURVE_POINTS:
        return levels
    places = np.linspace(0, columns - 1, _CURVE_POINTS, dtype=np.float32)
    before = np.minimum(places.astype(int), max(0, columns - 2))
    after = np.minimum(before + 1, columns - 1)
    part = places - before
    between: npt.NDArray[np.float32] = levels[:, before] * (1 - part) + levels[:, after] * part
    return between


def _line(body: Element, x1: float, y1: float, x2: float, y2: float, colour: str) -> None:
    points = " ".join(f"{x * _MM:.0f},{y * _MM:.0f}" for x, y in ((x1, y1), (x2, y2)))
    SubElement(body, "polyline", {"points": points, "stroke": colour, "stroke-width": "16", "fill": "none"})


def _box(x: float, y: float, width: float, height: float) -> dict[str, str]:
    sides = {"x": x, "y": y, "width": width, "height": height}
    return {name: f"{value * _MM:g}" for name, value in sides.items()}


def _clock(seconds: float, digits: int) -> str:
    """1:05, 1:02:05, 0:00.25."""
    whole = round(seconds * 10**digits)
    minutes, rest = divmod(whole, 60 * 10**digits)
    hours, minutes = divmod(minutes, 60)
    width = 2 + (digits + 1 if digits else 0)
    tail = f"{rest / 10**digits:0{width}.{digits}f}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def _fitted(words: str, size: float, width: float) -> str:
    """Words cut to a width."""
    words = drawable(words)
    if width_of(words, size, bold=True) <= width:
        return words
    while words and width_of(words + "\u2026", size, bold=True) > width:
        words = words[:-1]
    return words + "\u2026"
