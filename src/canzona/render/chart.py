"""A corpus as a page of bar charts: what `canzona data describe -o` draws.

Plain SVG, drawn here so that the core needs no plotting library. Each panel shows one count as
bars with the share of its total on the left axis; a panel with many labels names every second,
third ... of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from xml.sax.saxutils import escape

from canzona.errors import MissingDependencyError, UsageError
from canzona.render.lettering import drawable
from canzona.score.describe import Description, ordered
from canzona.score.tune import SEMITONES, STEPS

MOST_BARS = 40
"""Bars in a panel of numbers; what lies further out joins the last ones."""

MOST_WORDS = 14
"""Bars in a panel of words; the rarest share one, 'other'."""

_WIDTH, _HEIGHT, _COLUMNS = 460, 210, 2
_MARGIN, _TOP, _HEAD = 28, 84, 34
_LEFT, _FOOT = 40, 34
_INK, _SOFT, _LINE, _BAR = "#22303c", "#61717f", "#d9e0e6", "#3b7a9e"
_ACCENT = "#c8743c"
_FONT = "font-family=\"system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif\""
_NOTE_VALUES = {
    Fraction(1, 4): "16th", Fraction(1, 2): "8th", Fraction(3, 4): "8th.", Fraction(1): "quarter",
    Fraction(3, 2): "quarter.", Fraction(2): "half", Fraction(3): "half.", Fraction(4): "whole",
}  # fmt: skip
_CHROMATIC = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True, slots=True)
class _Panel:
    """One chart: its title, what the axis counts, the bars, and which of them stand out."""

    title: str
    unit: str
    bars: Sequence[tuple[str, int]]
    marked: Callable[[str], bool] = lambda label: False


def draw_description(found: Description, *, title: str = "") -> str:
    """The counts of a corpus as one SVG document.

    Parameters
    ----------
    found : what `describe` counted.
    title : the page's heading, the corpus's name.
    """
    panels = [panel for panel in _panels(found) if panel.bars]
    rows = -(-len(panels) // _COLUMNS)
    width = 2 * _MARGIN + _COLUMNS * _WIDTH
    height = _TOP + rows * (_HEIGHT + _HEAD) + _MARGIN
    facts = [
        f"{found.tunes:,} tunes",
        f"{found.notes:,} notes",
        f"{found.rests:,} rests",
        f"{found.bars:,} bars",
    ]
    if found.unreadable:
        facts.append(f"{len(found.unreadable):,} files not readable")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        f' height="{height}" {_FONT} fill="{_INK}" role="img">',
        f"<title>{_escaped(title or 'A corpus described')}</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        _text(_MARGIN, 38, title or "Corpus", size=22, weight=600),
        _text(_MARGIN, 60, "  ·  ".join(facts), size=13, colour=_SOFT),
    ]
    for place, panel in enumerate(panels):
        x = _MARGIN + place % _COLUMNS * _WIDTH
        y = _TOP + place // _COLUMNS * (_HEIGHT + _HEAD)
        parts.append(f'<g transform="translate({x} {y})">{"".join(_draw(panel))}</g>')
    return "\n".join([*parts, "</svg>\n"])


def chart_bytes(found: Description, kind: str, *, title: str = "") -> bytes:
    """The charts as a file: 'svg', or 'png' at twice the size.

    Raises
    ------
    UsageError : another kind.
    MissingDependencyError : the `resvg-py` package is not installed, for png.
    """
    wanted = kind.lower().removeprefix(".")
    if wanted not in ("svg", "png"):
        raise UsageError(f"'{kind}' is no kind of file for charts", hint="name an .svg or a .png file")
    drawn = draw_description(found, title=title)
    if wanted == "svg":
        return drawn.encode()
    try:
        import resvg_py
    except ImportError as error:
        raise MissingDependencyError("PNG pictures need resvg-py", hint="pip install resvg-py") from error
    return bytes(resvg_py.svg_to_bytes(svg_string=drawn, zoom=2))


def _panels(found: Description) -> Iterable[_Panel]:
    yield _Panel("Pitches", "notes", _numbers(found.pitches, _pitch_name), lambda label: label == "C4")
    yield _Panel(
        "Degrees of the scale", "notes", _degrees(found), lambda label: label.isdigit() and label in "135"
    )
    yield _Panel(
        "Intervals in semitones", "steps", _numbers(found.intervals, _signed), lambda label: label == "0"
    )
    yield _Panel("Durations (numbers: quarter notes)", "notes and rests", _durations(found.durations))
    yield _Panel("Keys", "tunes", _words(_flats_as_b(found.keys)))
    yield _Panel("Meters", "tunes", _words(found.meters))
    yield _Panel("Rests (numbers: quarter notes)", "rests", _durations(found.rest_durations))
    yield _Panel("Phrase length in bars", "phrases", _numbers(found.phrase_bars, str))
    yield _Panel("Phrase length in notes", "phrases", _numbers(found.phrase_notes, str))
    yield _Panel("Regions", "tunes", _words(_regions(found.regions)))


def _numbers(counts: dict[Any, int], name: Callable[[Any], str]) -> list[tuple[str, int]]:
    """A bar for each label in order; whole numbers without a gap, the far ends joined where too many."""
    if not counts:
        return []
    whole = {label: count for label, count in counts.items() if label == int(label)}
    step = Fraction(1) if len(whole) == len(counts) else Fraction(1, 2)
    joined: dict[Fraction, int] = {}
    for label, count in counts.items():
        near = round(Fraction(label) / step) * step
        joined[near] = joined.get(near, 0) + count
    low, high = _middle(joined, step)
    bars = dict.fromkeys((low + step * place for place in range(int((high - low) / step) + 1)), 0)
    for label, count in joined.items():
        bars[min(max(label, low), high)] += count
    names = [(name(label), count) for label, count in bars.items()]
    if min(joined) < low:
        names[0] = (f"≤{names[0][0]}", names[0][1])
    if max(joined) > high:
        names[-1] = (f"≥{names[-1][0]}", names[-1][1])
    return names


def _middle(counts: dict[Fraction, int], step: Fraction) -> tuple[Fraction, Fraction]:
    """The range of at most MOST_BARS steps that is left when the rarer end is cut again and again."""
    labels = sorted(counts)
    first, last = 0, len(labels) - 1
    while (labels[last] - labels[first]) / step >= MOST_BARS:
        if counts[labels[first]] < counts[labels[last]]:
            first += 1
        else:
            last -= 1
    return labels[first], labels[last]


def _words(counts: Any) -> list[tuple[str, int]]:
    bars = [(str(label), count) for label, count in ordered(counts)]
    rest = sum(count for _, count in bars[MOST_WORDS:])
    return bars[:MOST_WORDS] + ([("other", rest)] if rest else [])


def _flats_as_b(keys: Counter[str]) -> Counter[str]:
    return Counter(
        {
            re.sub("^[A-G]-+", lambda tonic: tonic[0].replace("-", "b"), key): count
            for key, count in keys.items()
        }
    )


def _regions(regions: Counter[str]) -> Counter[str]:
    """Regions ('Europa, Mitteleuropa, Deutschland') by the finest level that fits into a panel."""
    if set(regions) <= {"none"}:
        return Counter()
    deepest = max(label.count(",") for label in regions) + 1
    grouped: Counter[str] = Counter()
    for depth in range(deepest, 0, -1):
        grouped = Counter()
        for label, count in regions.items():
            grouped[[part.strip() for part in label.split(",")][:depth][-1]] += count
        if len(grouped) <= MOST_WORDS:
            break
    return grouped


def _durations(counts: Any) -> list[tuple[str, int]]:
    """The most frequent durations in order of length, the others together."""
    often = sorted(counts.most_common(MOST_WORDS))
    rest = sum(counts.values()) - sum(count for _, count in often)
    bars = [(_NOTE_VALUES.get(label, str(label)), count) for label, count in often]
    return bars + ([("other", rest)] if rest else [])


def _degrees(found: Description) -> list[tuple[str, int]]:
    """Degrees in order of height above the tonic; those between semitones together."""
    common = {label: count for label, count in found.degrees.items() if "/" not in label}
    other = found.degrees.total() - sum(common.values())
    often = dict(sorted(common.items(), key=lambda item: -item[1])[: MOST_BARS // 2])
    other += sum(common.values()) - sum(often.values())

    def height(item: tuple[str, int]) -> tuple[int, str]:
        letter = item[0][-1]
        signs = item[0].count("#") - item[0].count("b")
        return SEMITONES[STEPS[int(letter) - 1]] + signs, letter

    return sorted(often.items(), key=height) + ([("other", other)] if other else [])


def _draw(panel: _Panel) -> Iterable[str]:
    yield _text(0, 16, panel.title, size=14, weight=600)
    yield _text(_WIDTH - 24, 16, f"share of {panel.unit}", size=11, colour=_SOFT, anchor="end")
    total = sum(count for _, count in panel.bars)
    top = max(count for _, count in panel.bars) / total
    tick = next((size for size in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if top / size <= 5), 0.5)
    steps = max(1, -(-int(top * 10000) // int(tick * 10000)))
    plot_width, plot_height = _WIDTH - _LEFT - 24, _HEIGHT - _FOOT - 28
    base = 28 + plot_height
    for step in range(steps + 1):
        y = base - plot_height * step / steps
        yield f'<path d="M{_LEFT} {y:.1f}H{_LEFT + plot_width}" stroke="{_LINE}"/>'
        yield _text(_LEFT - 6, y + 4, f"{100 * tick * step:.3g}%", size=10, colour=_SOFT, anchor="end")
    slot = plot_width / len(panel.bars)
    bar = min(0.74 * slot, 44)
    skip = _label_step([label for label, _ in panel.bars], slot)
    for place, (label, count) in enumerate(panel.bars):
        x = _LEFT + slot * (place + 0.5)
        tall = plot_height * count / total / (tick * steps)
        colour = _ACCENT if panel.marked(label) else _BAR
        yield (
            f'<rect x="{x - bar / 2:.1f}" y="{base - tall:.1f}" width="{bar:.1f}" height="{tall:.1f}"'
            f' rx="1.5" fill="{colour}">'
            f"<title>{_escaped(label)}: {count:,} ({count / total:.1%})</title></rect>"
        )
        if place % skip == 0:
            yield _label(x, base + 14, label, slot * skip)


def _label_step(labels: Sequence[str], slot: float) -> int:
    """Every how manieth label is written; words too long for that stand aslant instead."""
    longest = max(map(len, labels))
    if longest <= 4:
        return max(1, -(-int(6.2 * longest + 5) // max(1, int(slot))))
    return 1 if slot >= 11 else 2


def _label(x: float, y: float, label: str, room: float) -> str:
    if len(label) * 5.6 + 3 <= room:
        return _text(x, y, label, size=10, anchor="middle")
    short = label if len(label) <= 12 else label[:11] + "…"
    words = _text(0, 0, short, size=9, anchor="end")
    return f'<g transform="translate({x + 4:.1f} {y - 4:.1f}) rotate(-35)">{words}</g>'


def _text(
    x: float, y: float, words: str, *, size: int, weight: int = 400, colour: str = _INK, anchor: str = "start"
) -> str:
    look = f'font-size="{size}" font-weight="{weight}" fill="{colour}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {look}>{_escaped(words)}</text>'


def _escaped(words: str) -> str:
    return escape(drawable(words))


def _pitch_name(midi: Fraction) -> str:
    whole = int(midi // 1)
    return f"{_CHROMATIC[whole % 12]}{whole // 12 - 1}" + ("" if midi == whole else "+")


def _signed(semitones: Fraction) -> str:
    return f"+{semitones}" if semitones > 0 else str(semitones)
