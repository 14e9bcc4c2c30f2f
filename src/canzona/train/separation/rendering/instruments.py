"""General MIDI programs: their classes, who may stand in for whom, and what is taken for a synth."""

from __future__ import annotations

_CLASSES = (
    (range(8), "piano"),
    (range(8, 24), "other"),
    (range(24, 32), "guitar"),
    (range(32, 40), "bass"),
    (range(40, 52), "strings"),
    (range(52, 112), "other"),
    (range(112, 120), "drums"),
    (range(120, 128), "other"),
)

_FAMILIES = (
    (0, 1, 2, 3), (4, 5), (6, 7), (8, 9, 10), (11, 12, 13), (14, 15), (16, 17, 18), (19, 20), (21, 22, 23),
    (24, 25), (26, 27, 28), (29, 30), (32, 33, 34, 35), (36, 37), (40, 41, 42), (44, 48, 49), (45, 46),
    (52, 53), (56, 57, 59), (58, 60), (61, 56), (64, 65, 66, 67), (68, 69), (70, 71), (72, 73), (74, 75, 76),
    (77, 79), (78, 72), (104, 105, 106, 107), (108, 11), (109, 111), (110, 40),
)  # fmt: skip

_HARD_NEGATIVES = {
    "pad": (48, 49, 44, 52, 53, 16, 19, 20, 21, 23, 11, 61),
    "lead": (73, 75, 78, 79, 22, 21, 40, 56, 61, 68, 29, 30, 104, 8, 10, 11, 65),
    "arp": (8, 9, 10, 11, 12, 13, 14, 15, 45, 46, 104, 107, 7, 6),
    "chords": (4, 5, 7, 6, 16, 17, 18, 20, 21, 11, 61, 29, 30, 27),
    "bass": (32, 33, 34, 35, 36, 37, 58),
}


def class_of(program: int) -> str:
    """The class of a General MIDI program 0..127 that a soundfont plays."""
    return next(name for programs, name in _CLASSES if program in programs)


def family_of(program: int) -> tuple[int, ...]:
    """Programs that may stand in for one, itself among them."""
    return next((family for family in _FAMILIES if program in family), (program,))


def hard_negatives(role: str) -> tuple[int, ...]:
    """Programs that fit a role and are easily taken for a synthesizer, and are none."""
    return _HARD_NEGATIVES.get(role, _HARD_NEGATIVES["chords"])
