"""The tables of a recipe of rendered songs. What each may hold stands in its class variables.

For `shares`, `not_negative` and `any_number` see `canzona.train.recipe_file.filled`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class SongTable:
    """What a song is.

    Attributes
    ----------
    shortest, longest : seconds.
    without_synth : share of songs in which nothing is given to a synthesizer.
    most_parts : parts that are kept of a file, those that sound longest.
    most_synth_stems, most_rest_stems : stems; what is beyond is mixed into the last, or into `other`.
    """

    shares: ClassVar[tuple[str, ...]] = ("without_synth",)
    shortest: float
    longest: float
    without_synth: float
    most_parts: int
    most_synth_stems: int
    most_rest_stems: int


@dataclass(frozen=True, slots=True)
class SourceTable:
    """Weights of the sources of notes."""

    not_negative: ClassVar[tuple[str, ...]] = ("midi", "mma", "patterns")
    midi: float
    mma: float
    patterns: float


@dataclass(frozen=True, slots=True)
class CastingTable:
    """Shares by which parts are given to players.

    Attributes
    ----------
    others_to_synths : pitched parts of a MIDI file whose program is no synthesizer's, yet are given to one.
    accompaniment_to_synths : the same of accompaniments by mma.
    layered : synth parts that a second preset plays too.
    octave_moved : synth parts an octave up or down.
    hard_negative : parts of the rest played by what is easily taken for a synthesizer.
    other_program : parts of the rest played by another program of the file's family.
    drum_synthesizer : drums by the drum synthesizer; in pattern songs twice as often.
    """

    shares: ClassVar[tuple[str, ...]] = (
        "others_to_synths", "accompaniment_to_synths", "layered", "octave_moved", "hard_negative",
        "other_program", "drum_synthesizer",
    )  # fmt: skip
    others_to_synths: float
    accompaniment_to_synths: float
    layered: float
    octave_moved: float
    hard_negative: float
    other_program: float
    drum_synthesizer: float


@dataclass(frozen=True, slots=True)
class SynthesizerTable:
    """Weights of the synthesizers (`drawn` is amsynth without a preset), and how presets are taken.

    Attributes
    ----------
    for_role : share of presets whose names suit the part's role, where there are any.
    varied : share of amsynth's presets whose values are moved a little; those of mda always are.
    seconds : time limit of one rendering.
    """

    not_negative: ClassVar[tuple[str, ...]] = ("amsynth", "zynaddsubfx", "lmms", "drawn", "mda")
    shares: ClassVar[tuple[str, ...]] = ("for_role", "varied")
    amsynth: float
    zynaddsubfx: float
    lmms: float
    drawn: float
    mda: float
    for_role: float
    varied: float
    seconds: float


@dataclass(frozen=True, slots=True)
class LevelTable:
    """Levels of stems in LUFS by role before the mix is scaled, what is drawn around them, and the mix.

    Attributes
    ----------
    spread : dB by which a stem may leave its level.
    least_ratio, largest_ratio : dB of synth against rest.
    least_peak, largest_peak : of the mix, of full scale.
    """

    shares: ClassVar[tuple[str, ...]] = ("least_peak", "largest_peak")
    any_number: ClassVar[tuple[str, ...]] = (
        "drums", "percussion", "bass", "lead", "pad", "arp", "chords", "least_ratio", "largest_ratio",
    )  # fmt: skip
    not_negative: ClassVar[tuple[str, ...]] = ("spread",)
    drums: float
    percussion: float
    bass: float
    lead: float
    pad: float
    arp: float
    chords: float
    spread: float
    least_ratio: float
    largest_ratio: float
    least_peak: float
    largest_peak: float


@dataclass(frozen=True, slots=True)
class ChangeTable:
    """How stretches of MIDI files are changed: factors of the tempo, and shifts in semitones."""

    any_number: ClassVar[tuple[str, ...]] = ("lowest_shift", "highest_shift")
    slowest: float
    fastest: float
    lowest_shift: int
    highest_shift: int


@dataclass(frozen=True, slots=True)
class NameTable:
    """Patterns of names (as of a shell) of what is left out; see `Recipe.reserves_preset`."""

    amsynth_banks: tuple[str, ...]
    zyn_banks: tuple[str, ...]
    lmms: tuple[str, ...]
    midi: tuple[str, ...]
    presets: tuple[str, ...]
    unpitched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Font:
    """A soundfont that plays what is no synthesizer, and the Debian package that holds it."""

    name: str
    path: str
    licence: str
    weight: float
    package: str


@dataclass(frozen=True, slots=True)
class Collection:
    """Licence and credit of the MIDI files of a folder, by its name."""

    folder: str
    licence: str
    credit: str
