"""What is played: parts of notes in seconds, with their controllers, before any instrument is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Notes = npt.NDArray[np.float64]
"""Shape (notes, 4): onset and duration in seconds, MIDI key 0..127, velocity 1..127."""

Controls = npt.NDArray[np.float64]
"""Shape (events, 3): seconds, controller number 0..127 or `BEND`, value 0..127, or semitones of a bend."""

BEND = 128
"""Stands for the pitch wheel among the controller numbers."""

ROLES = ("bass", "lead", "pad", "arp", "chords", "percussion", "drums")
"""What a part does in the music; instruments are chosen by it. `drums` is a kit, `percussion` one sound."""

NO_NOTES: Notes = np.zeros((0, 4))
NO_CONTROLS: Controls = np.zeros((0, 3))

_SHORTEST = 0.02


@dataclass(frozen=True, slots=True)
class Part:
    """What one instrument plays.

    Attributes
    ----------
    name : where it comes from, for the manifest.
    role : one of `ROLES`.
    program : General MIDI program 0..127; for drums the number of the kit.
    notes, controls : see `Notes` and `Controls`, in the order of time.
    pan : -1 (left) to 1 (right).
    """

    name: str
    role: str
    program: int
    notes: Notes
    controls: Controls = field(default_factory=lambda: NO_CONTROLS)
    pan: float = 0.0

    @property
    def pitched(self) -> bool:
        """Whether its keys are pitches of the harmony."""
        return self.role not in ("drums", "percussion")

    def transposed(self, semitones: int) -> Part:
        """The part shifted in pitch, folded by octaves where keys leave 0..127; drums stay as they are."""
        if not self.pitched or not semitones:
            return self
        notes = self.notes.copy()
        keys = notes[:, 2] + semitones
        notes[:, 2] = np.where(keys > 127, keys - 12, np.where(keys < 0, keys + 12, keys))
        return replace(self, notes=notes)

    def faster(self, factor: float) -> Part:
        """The part with its tempo multiplied by a factor."""
        notes, controls = self.notes.copy(), self.controls.copy()
        notes[:, :2] /= factor
        controls[:, 0] /= factor
        return replace(self, notes=notes, controls=controls)

    def cut(self, start: float, seconds: float) -> Part:
        """The stretch from `start`, whose time begins at 0; notes that reach over its ends are shortened."""
        begin = np.maximum(self.notes[:, 0] - start, 0.0)
        end = np.minimum(self.notes[:, 0] + self.notes[:, 1] - start, seconds)
        kept = end - begin > _SHORTEST
        notes = np.column_stack([begin, end - begin, self.notes[:, 2], self.notes[:, 3]])[kept]
        return replace(self, notes=notes, controls=_cut_controls(self.controls, start, seconds))


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Parts that sound together.

    Attributes
    ----------
    parts : the parts, each with a note at least.
    seconds : length.
    beat : seconds of a quarter note where the stretch begins; echoes and tremolos follow it.
    source : facts for the manifest: kind, file, licence, credit, what was drawn.
    """

    parts: tuple[Part, ...]
    seconds: float
    beat: float
    source: Mapping[str, Any]


def _cut_controls(controls: Controls, start: float, seconds: float) -> Controls:
    """Events inside the stretch, and before them the last of each controller from earlier."""
    before = controls[controls[:, 0] < start]
    inside = controls[(controls[:, 0] >= start) & (controls[:, 0] < start + seconds)].copy()
    inside[:, 0] -= start
    last = {int(number): value for _, number, value in before}
    held = np.array([(0.0, number, value) for number, value in last.items()]).reshape(-1, 3)
    return np.vstack([held, inside])


def sounding(notes: Notes, seconds: float, step: float = 0.5) -> npt.NDArray[np.bool_]:
    """Whether any note sounds in each step of time; shape (steps,)."""
    steps = max(1, int(np.ceil(seconds / step)))
    change = np.zeros(steps + 1)
    first = np.clip((notes[:, 0] / step).astype(int), 0, steps)
    past = np.clip(np.ceil((notes[:, 0] + notes[:, 1]) / step).astype(int), first, steps)
    np.add.at(change, first, 1.0)
    np.add.at(change, past, -1.0)
    return np.cumsum(change[:-1]) > 0


def overlap(notes: Notes) -> float:
    """How many notes sound together on average while any does; 0 without notes."""
    if not len(notes):
        return 0.0
    end = float(np.max(notes[:, 0] + notes[:, 1]))
    covered = sounding(notes, end, 0.05).sum() * 0.05
    return float(notes[:, 1].sum() / max(covered, 0.05))
