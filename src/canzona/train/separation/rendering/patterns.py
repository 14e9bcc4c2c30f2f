"""Songs from step sequences: drums, bass, arpeggio, chords, pad and lead over chords that come round.

After the habits of electronic music: 16 steps a bar, sections of four bars in which parts come and
go, a bass on the chord's root, arpeggios over its notes. Times are in quarters until the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from canzona.train.separation.rendering.arrangement import Arrangement, Part
from canzona.train.separation.rendering.grooves import STYLES, Row, Style, draw_drums
from canzona.train.separation.rendering.harmony import Progression, draw_melody, draw_progression, voiced

_BASS_STEPS = (
    "x...x...x...x...", "x.x.x.x.x.x.x.x.", "..x...x...x...x.", "xxxxxxxxxxxxxxxx", "x..x..x...x..x..",
    "x.....x...x.....", "..xx..xx..xx..xx", "x..xx..xx..xx.x.", "x...............", "x.......x.......",
)  # fmt: skip
_STAB_STEPS = (
    "..x...x...x...x.", "x..x..x.........", "x...x...x...x...", "x..x..x...x.....", "....x.......x...",
    "x.x..x.x..x.....", "x.......x.......",
)  # fmt: skip
_REST_LEADS = (0, 4, 11, 25, 26, 40, 56, 61, 65, 66, 68, 71, 73, 75, 29, 30)
_REST_CHORDS = (0, 1, 2, 4, 5, 7, 16, 17, 18, 24, 25, 26, 27, 28)
_REST_PADS = (48, 49, 52, 53, 19, 44, 20, 21)
_REST_ARPS = (8, 9, 10, 11, 12, 13, 45, 46, 24, 15, 107)
_REST_BASSES = (32, 33, 34, 35, 36, 37)
_PROGRAMS = {
    "bass": _REST_BASSES,
    "lead": _REST_LEADS,
    "pad": _REST_PADS,
    "arp": _REST_ARPS,
    "chords": _REST_CHORDS,
}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all parts of a song share."""

    progression: Progression
    bars: int
    style: Style


def draw_pattern(random: np.random.Generator, seconds: float) -> Arrangement:
    """A song of step sequences, `seconds` long."""
    style = STYLES[random.integers(len(STYLES))]
    tempo = float(random.uniform(style.slowest, style.fastest))
    bars = int(np.ceil(seconds * tempo / 60 / 4)) + 1
    plan = _Plan(draw_progression(random), bars, style)
    rows = {"bass": [_bass(random, plan)]}
    rows["pad"] = [_pad(random, plan)] if random.random() < 0.75 else []
    rows["arp"] = [_arp(random, plan) for _ in range(int(random.choice([0, 1, 1, 2])))]
    rows["chords"] = [_stabs(random, plan) for _ in range(int(random.choice([0, 1, 1, 2])))]
    centres = [int(random.integers(66, 82)) for _ in range(int(random.choice([0, 1, 1, 2])))]
    rows["lead"] = [draw_melody(random, plan.progression, bars, 4.0, centre=centre) for centre in centres]
    parts = [_drums(random, plan, tempo)] if random.random() < 0.93 else []
    for role, sequences in rows.items():
        for sequence in sequences:
            kept = _sections(random, sequence, bars)
            if kept:
                program = int(random.choice(_PROGRAMS[role]))
                parts.append(_part(role, program, kept, tempo, float(random.normal(0, 0.25))))
    cut = tuple(part.cut(0.0, seconds) for part in parts)
    source = {
        "kind": "patterns",
        "style": style.name,
        "tempo": round(tempo, 1),
        "mode": plan.progression.mode,
    }
    source |= {"chords": [chord.name for chord in plan.progression.chords]}
    source |= {"licence": "CC0-1.0", "credit": "drawn by Canzona"}
    return Arrangement(tuple(part for part in cut if len(part.notes)), seconds, 60 / tempo, source)


def _part(role: str, program: int, rows: list[Row], tempo: float, pan: float) -> Part:
    notes = np.array(sorted(rows), float).reshape(-1, 4)
    notes[:, :2] *= 60 / tempo
    return Part(f"sequenced {role}", role, program, notes, pan=float(np.clip(pan, -0.7, 0.7)))


def _drums(random: np.random.Generator, plan: _Plan, tempo: float) -> Part:
    rows = _sections(random, draw_drums(random, plan.style, plan.bars), plan.bars, least=0.8)
    kit = int(random.choice([0, 8, 16, 24, 25, 25, 32, 40]))
    return _part("drums", kit, rows, tempo, 0.0)


def _sections(random: np.random.Generator, rows: list[Row], bars: int, *, least: float = 0.6) -> list[Row]:
    """The rows of those sections of four bars in which the part plays; at least one of them."""
    count = -(-bars // 4)
    playing = random.random(count) < random.uniform(least, 1.0)
    playing[random.integers(count)] = True
    return [row for row in rows if playing[min(int(row[0] // 16), count - 1)]]


def _hits(steps: str) -> list[int]:
    return [index for index, sign in enumerate(steps) if sign != "."]


def _bass(random: np.random.Generator, plan: _Plan) -> list[Row]:
    """Roots in a rhythm, with octaves, fifths or steps of the scale at times."""
    hits = _hits(str(random.choice(_BASS_STEPS)))
    if random.random() < 0.25:
        hits = sorted(random.choice(16, int(random.integers(4, 13)), replace=False).tolist())
    octave, gate = int(random.choice([24, 36, 36])), float(random.uniform(0.4, 1.05))
    lower = -12 if octave == 36 else 12  # nothing below 40 Hz
    moves = {step: int(random.choice([0, 0, 0, 0, 12, 7, 10, lower])) for step in hits}
    following = dict(zip(hits, [*hits[1:], 16 + hits[0]], strict=True))
    rows = []
    for bar in range(plan.bars):
        root = octave + (plan.progression.at(bar).root + 8) % 12 - 8 + 12
        for step in hits:
            length = min((following[step] - step) / 4, 2.0) * gate
            velocity = int(np.clip(random.normal(104 if step % 4 == 0 else 90, 8), 50, 127))
            rows.append((bar * 4 + step / 4, max(0.1, length), root + moves[step], velocity))
    return rows


def _pad(random: np.random.Generator, plan: _Plan) -> list[Row]:
    """Chords held through their bars, in the nearest position to the one before."""
    centre, gate = int(random.integers(52, 70)), float(random.uniform(0.9, 1.0))
    rows = []
    for bar in range(plan.bars):
        for key in voiced(plan.progression.at(bar), centre):
            rows.append((bar * 4.0, 4.0 * gate, key, int(random.integers(70, 96))))
    return rows


def _stabs(random: np.random.Generator, plan: _Plan) -> list[Row]:
    """Chords in a rhythm."""
    hits = _hits(str(random.choice(_STAB_STEPS)))
    centre, length = int(random.integers(55, 72)), float(random.choice([0.2, 0.35, 0.5, 0.9]))
    rows = []
    for bar in range(plan.bars):
        for step in hits:
            velocity = int(np.clip(random.normal(92, 9), 50, 127))
            rows += [
                (bar * 4 + step / 4, length, key, velocity)
                for key in voiced(plan.progression.at(bar), centre)
            ]
    return rows


def _arp(random: np.random.Generator, plan: _Plan) -> list[Row]:
    """The chord's notes one after another, up, down, both ways or drawn, over one to three octaves."""
    grain = float(random.choice([0.25, 0.25, 0.5, 1 / 3]))
    gate, order = float(random.uniform(0.35, 1.1)), str(random.choice(["up", "down", "both", "drawn"]))
    centre, octaves = int(random.integers(55, 76)), int(random.integers(1, 4))
    count = round(4 / grain)
    drawn = random.integers(0, 64, count)
    skipped = random.random(count) < float(random.choice([0.0, 0.0, 0.2, 0.4]))
    rows: list[Row] = []
    for bar in range(plan.bars):
        keys = voiced(plan.progression.at(bar), centre)
        keys = sorted(key + 12 * octave for octave in range(octaves) for key in keys)
        line = {"up": keys, "down": keys[::-1], "both": keys + keys[-2:0:-1]}.get(order, keys)
        for index in np.flatnonzero(~skipped).tolist():
            key = line[(drawn[index] if order == "drawn" else index) % len(line)]
            velocity = 104 if index % 4 == 0 else 86
            rows.append((bar * 4 + index * grain, grain * gate, int(key), velocity))
    return rows
