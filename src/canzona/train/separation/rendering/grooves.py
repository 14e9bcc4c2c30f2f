"""Drum patterns of styles, 16 steps a bar: `x` a stroke, `o` an accent, `-` a soft one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Row = tuple[float, float, int, int]
"""Onset and duration in quarters, key, velocity."""

_KICK, _SNARE, _SECOND_SNARE, _CLAP, _RIM = 36, 38, 40, 39, 37
_CLOSED, _OPEN, _CRASH, _RIDE, _SHAKER, _COWBELL = 42, 46, 49, 51, 70, 56
_TOMS = (50, 47, 45, 41)

_VELOCITIES = {"x": 100, "o": 120, "-": 58}

_QUARTERS = "o...x...o...x..."
_BACKBEAT = "....o.......o..."
_EIGHTHS = "x.x.x.x.x.x.x.x."
_OFFBEATS = "..x...x...x...x."
_SIXTEENTHS = "x-x-x-x-x-x-x-x-"
_GHOSTED = "....o..-.-..o..-"
_SILENT = "................"

_ADDED = (
    (_OPEN, _OFFBEATS, 0.35),
    (_CLAP, _BACKBEAT, 0.25),
    (_SHAKER, _SIXTEENTHS, 0.2),
    (_RIM, "...x..x....x..x.", 0.12),
    (_COWBELL, "x..x..x...x.x...", 0.07),
)
"""Key, steps and the share of songs that have it on top."""

_STROKE = 0.2
_LEFT_OUT = 0.015


@dataclass(frozen=True, slots=True)
class Style:
    """A style: quarters a minute, and rows of steps to choose from for kick, snare or clap, and hats."""

    name: str
    slowest: float
    fastest: float
    kicks: tuple[str, ...]
    snares: tuple[str, ...]
    hats: tuple[str, ...]


STYLES = (
    Style("house", 116, 130, (_QUARTERS,), (_BACKBEAT, "....o.......o..-"), (_OFFBEATS, "-.x.-.x.-.x.-.x.")),
    Style(
        "techno",
        125,
        150,
        (_QUARTERS, "o...x...o...x.x."),
        (_SILENT, _BACKBEAT),
        (_OFFBEATS, _SIXTEENTHS),
    ),
    Style(
        "synth pop",
        84,
        126,
        ("o.......x.......", "o.....x.x.......", _QUARTERS),
        (_BACKBEAT,),
        (_EIGHTHS, _SIXTEENTHS),
    ),
    Style(
        "breakbeat",
        105,
        140,
        ("o.....x...x.....", "o.x.......xx....", "o..x......x..x.."),
        (_GHOSTED, "....o..-....o..."),
        (_EIGHTHS, _SIXTEENTHS),
    ),
    Style(
        "drum and bass",
        160,
        176,
        ("o.........x.....", "o..x......x....."),
        (_BACKBEAT, _GHOSTED),
        (_EIGHTHS, "x-xxx-x-x-xxx-x-"),
    ),
    Style(
        "halftime",
        70,
        96,
        ("o.....x.........", "o..x...x..x....."),
        ("........o.......",),
        (_EIGHTHS, "x-x-x-xxx-x-xxx-"),
    ),
    Style(
        "hip hop",
        76,
        104,
        ("o......x.xx.....", "o..x....x.x....."),
        (_BACKBEAT, "....o..-....o..."),
        (_EIGHTHS, "x.xxx.x.x.xxx.x."),
    ),
    Style(
        "electro",
        108,
        136,
        ("o..x..x...x.....", "o.....x.o.x....."),
        (_BACKBEAT,),
        (_SIXTEENTHS, _EIGHTHS),
    ),
    Style(
        "rock",
        96,
        168,
        ("o.......x.x.....", "o.x.....o.x.....", "o.....x.o......."),
        (_BACKBEAT,),
        (_EIGHTHS, "x...x...x...x..."),
    ),
    Style(
        "chip tune",
        110,
        170,
        (_QUARTERS, "o..x..x.o...x..."),
        (_BACKBEAT, "....o...-...o.-."),
        (_SIXTEENTHS, _EIGHTHS),
    ),
    Style(
        "ambient",
        70,
        100,
        ("o...............", _SILENT),
        (_SILENT, "........x......."),
        (_SILENT, _OFFBEATS),
    ),
)


def draw_drums(random: np.random.Generator, style: Style, bars: int) -> list[Row]:
    """Strokes of a style on General MIDI keys, with fills before a new section of four bars."""
    backbeat = int(random.choice([_SNARE, _SNARE, _SECOND_SNARE, _CLAP]))
    hat = _RIDE if random.random() < 0.1 else _CLOSED
    steps = {_KICK: style.kicks, backbeat: style.snares, hat: style.hats}
    rows = {key: str(random.choice(choices)) for key, choices in steps.items()}
    for key, added, share in _ADDED:
        if random.random() < share:
            rows.setdefault(key, added)
    swing = float(random.choice([0.0, 0.0, 0.0, 0.04, 0.08]))
    out: list[Row] = []
    for bar in range(bars):
        filled = bar % 4 == 3 and random.random() < 0.45
        for key, row in rows.items():
            out += _bar(random, bar, key, row[:12] if filled and key != _KICK else row, swing)
        if filled:
            out += _fill(random, bar)
        if bar % 8 == 0 and random.random() < 0.6:
            out.append((bar * 4.0, _STROKE, _CRASH, 100))
    return out


def _bar(random: np.random.Generator, bar: int, key: int, steps: str, swing: float) -> list[Row]:
    rows = []
    for index, sign in enumerate(steps):
        if sign == "." or random.random() < _LEFT_OUT:
            continue
        velocity = int(np.clip(random.normal(_VELOCITIES[sign], 5), 20, 127))
        rows.append((bar * 4 + index / 4 + (swing if index % 2 else 0.0), _STROKE, key, velocity))
    return rows


def _fill(random: np.random.Generator, bar: int) -> list[Row]:
    """The last beat before a new section, on toms or the snare."""
    keys = _TOMS if random.random() < 0.5 else (_SNARE,) * 4
    return [
        (bar * 4 + 3 + index / 4, _STROKE, key, int(random.integers(80, 120)))
        for index, key in enumerate(keys)
    ]
