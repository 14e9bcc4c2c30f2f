"""Chords of a key, bar by bar, and melodies over them: what accompaniments and patterns are made from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MODES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}
_MODE_WEIGHTS = (0.3, 0.4, 0.14, 0.1, 0.06)

# Degrees counted from 0, one a bar. Common property of popular music; the last ones stay on a chord.
_PROGRESSIONS = (
    (0, 4, 5, 3), (5, 3, 0, 4), (0, 5, 3, 4), (0, 3, 4, 3), (0, 5, 1, 4), (1, 4, 0, 0), (0, 2, 3, 4),
    (0, 6, 5, 4), (0, 6, 5, 6), (0, 3, 6, 2), (5, 6, 0, 0), (0, 0, 5, 6), (0, 2, 6, 3), (3, 4, 2, 5),
    (0, 4, 5, 2, 3, 0, 3, 4), (0, 0, 3, 0, 4, 3, 0, 4), (5, 1, 4, 0, 3, 6, 2, 2), (0, 0, 0, 0), (0, 0, 6, 6),
    (0, 0, 0, 5), (0, 1, 0, 1),
)  # fmt: skip
_NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_SUFFIXES = {(4, 7): "", (3, 7): "m", (3, 6): "dim", (4, 8): "aug"}
_SEVENTHS = {("", 11): "M7", ("", 10): "7", ("m", 10): "m7", ("dim", 10): "m7b5"}


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord by pitch classes above its root: third, fifth and perhaps seventh in semitones."""

    root: int
    steps: tuple[int, ...]

    @property
    def classes(self) -> tuple[int, ...]:
        """Pitch classes 0..11, the root first."""
        return (self.root % 12, *((self.root + step) % 12 for step in self.steps))

    @property
    def name(self) -> str:
        """As written above a staff: `Am7`, `Gb`."""
        third_fifth = _SUFFIXES.get((self.steps[0], self.steps[1]), "")
        seventh = _SEVENTHS.get((third_fifth, self.steps[2]), "") if len(self.steps) > 2 else ""
        return _NAMES[self.root % 12] + (seventh or third_fifth)


@dataclass(frozen=True, slots=True)
class Progression:
    """Chords that come round, one a bar, in a key."""

    tonic: int
    mode: str
    chords: tuple[Chord, ...]

    @property
    def scale(self) -> tuple[int, ...]:
        """Pitch classes of the key, the tonic first."""
        return tuple((self.tonic + step) % 12 for step in MODES[self.mode])

    def at(self, bar: int) -> Chord:
        """The chord of a bar, counted from 0."""
        return self.chords[bar % len(self.chords)]


def draw_progression(random: np.random.Generator) -> Progression:
    """A progression in a drawn key; a third of them with sevenths."""
    mode = str(random.choice(list(MODES), p=_MODE_WEIGHTS))
    tonic = int(random.integers(12))
    degrees = _PROGRESSIONS[random.integers(len(_PROGRESSIONS))]
    sevenths = random.random() < 0.33
    chords = [_chord(tonic, MODES[mode], degree, sevenths) for degree in degrees]
    return Progression(tonic, mode, tuple(chords))


def _chord(tonic: int, scale: tuple[int, ...], degree: int, seventh: bool) -> Chord:
    pitches = [scale[(degree + step) % 7] + 12 * ((degree + step) // 7) for step in (0, 2, 4, 6)]
    steps = tuple(pitch - pitches[0] for pitch in pitches[1 : 4 if seventh else 3])
    return Chord((tonic + pitches[0]) % 12, steps)


def voiced(chord: Chord, centre: int, size: int = 4) -> list[int]:
    """Keys of a chord, each class at its place nearest to a centre; `size` of them at most, rising."""
    keys = [centre + (pitch - centre + 6) % 12 - 6 for pitch in chord.classes]
    return sorted(keys)[:size]


def draw_melody(
    random: np.random.Generator, progression: Progression, bars: int, beats: float, *, centre: int = 72
) -> list[tuple[float, float, int, int]]:
    """A melody of motifs that come back: rows of onset and duration in quarters, key and velocity.

    On the beat it prefers the chord's notes, between beats it walks the scale.

    Parameters
    ----------
    bars, beats : how many bars of how many quarters.
    centre : MIDI key around which it moves.
    """
    motifs = [_draw_motif(random, beats) for _ in range(int(random.integers(1, 4)))]
    order = [int(random.integers(len(motifs))) for _ in range(4)]
    rest_share = float(random.choice([0.0, 0.0, 0.15, 0.3]))
    rows, key = [], centre + int(random.integers(-4, 5))
    for bar in range(bars):
        if random.random() < rest_share:
            continue
        for onset, duration, step in motifs[order[bar % 4]]:
            strong = onset % 1 == 0
            classes = progression.at(bar).classes if strong else progression.scale
            key = _nearest(key + step, classes)
            key = key - 12 if key > centre + 14 else key + 12 if key < centre - 12 else key
            velocity = int(np.clip(random.normal(100 if strong else 86, 8), 40, 127))
            rows.append((bar * beats + onset, duration, key, velocity))
    return rows


def _draw_motif(random: np.random.Generator, beats: float) -> list[tuple[float, float, int]]:
    """Onset and duration in quarters, and the step in semitones from the note before."""
    grain = float(random.choice([0.25, 0.5, 0.5, 1.0]))
    slots = np.arange(0, beats, grain)
    kept = slots[random.random(len(slots)) < random.uniform(0.35, 0.85)]
    onsets = kept if len(kept) else slots[:1]
    ends = np.append(onsets[1:], beats)
    gate = random.uniform(0.5, 1.0)
    steps = random.choice([-5, -3, -2, -1, 0, 1, 2, 3, 4, 7], len(onsets))
    return [
        (float(a), float((b - a) * gate), int(step)) for a, b, step in zip(onsets, ends, steps, strict=True)
    ]


def _nearest(key: int, classes: tuple[int, ...]) -> int:
    return min(
        (key + shift for shift in (0, 1, -1, 2, -2, 3, -3)),
        key=lambda k: (k % 12 not in classes, abs(k - key)),
    )
