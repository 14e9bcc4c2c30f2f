"""Who plays what: each part of an arrangement goes to a synthesizer, a soundfont or the drum synthesizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TypeVar

import numpy as np

from canzona.separation.classes import SYNTH_PROGRAMS
from canzona.train.separation.rendering.arrangement import Arrangement, Part
from canzona.train.separation.rendering.chain import Effect, draw_effects
from canzona.train.separation.rendering.drums import draw_kit
from canzona.train.separation.rendering.equipment import Equipment
from canzona.train.separation.rendering.fluidsynth import Room
from canzona.train.separation.rendering.instruments import (
    class_of,
    family_of,
    hard_negatives,
)
from canzona.train.separation.rendering.parameters import DRAWN, Values, drawn_amsynth, varied
from canzona.train.separation.rendering.presets import Preset
from canzona.train.separation.rendering.recipe import Recipe
from canzona.train.separation.rendering.tables import Font

_Item = TypeVar("_Item")

_CANDIDATES = 5
_VARIED_AMOUNT = 0.06
_ROOM_SHARE = 0.5
_LAYER_BELOW = 8.0
"""dB by which a second layer may be softer."""

_PATTERN_SHARES = {"bass": 0.75, "pad": 0.7, "arp": 0.8, "chords": 0.55, "lead": 0.65}
"""Of the parts of pattern songs: electronic music has its favourites."""

_DUCKED_SONGS = {"patterns": 0.4}
_DUCKED_OTHERWISE = 0.06
_DUCKED_PARTS = 0.7


@dataclass(frozen=True, slots=True)
class Choice:
    """A preset and the values that were drawn over its own."""

    preset: Preset
    values: Values


@dataclass(frozen=True, slots=True)
class Cast:
    """A part and its player, of which one of three is given.

    Attributes
    ----------
    part : what is played.
    class_name : of the stem: 'synth', 'drums', 'bass', 'guitar', 'piano', 'strings' or 'other'.
    choices : presets of synthesizers, the next taken where one fails.
    font, program, room : for a soundfont.
    kit : parameters of the drum synthesizer.
    effects : in order.
    level : LUFS of the stem.
    """

    part: Part
    class_name: str
    choices: tuple[Choice, ...] = ()
    font: Font | None = None
    program: int = 0
    room: Room = field(default_factory=Room)
    kit: Values | None = None
    effects: tuple[Effect, ...] = ()
    level: float = 0.0


def cast_parts(
    random: np.random.Generator, arrangement: Arrangement, recipe: Recipe, equipment: Equipment
) -> list[Cast]:
    """A player, effects and a level for every part; a layered part stands twice."""
    return _Casting(random, arrangement, recipe, equipment).all_parts()


class _Casting:
    """One song's casting: the generator and all that its draws depend on."""

    def __init__(
        self, random: np.random.Generator, arrangement: Arrangement, recipe: Recipe, equipment: Equipment
    ) -> None:
        self._random, self._recipe, self._equipment = random, recipe, equipment
        self._parts, self._beat = arrangement.parts, arrangement.beat
        self._kind = str(arrangement.source["kind"])

    def all_parts(self) -> list[Cast]:
        synths = self._synth_parts()
        share = _DUCKED_SONGS.get(self._kind, _DUCKED_OTHERWISE)
        ducked = any(part.role == "drums" for part in self._parts) and self._random.random() < share
        out = []
        for index, part in enumerate(self._parts):
            cast = self._synth(part) if index in synths else self._other(part)
            cast = replace(cast, effects=self._effects(cast, ducked), level=self._level(part.role))
            out.append(cast)
            if index in synths and self._chance(self._recipe.casting.layered):
                lower = cast.level - float(self._random.uniform(0, _LAYER_BELOW))
                out.append(replace(cast, choices=self._choices(part.role), level=lower))
        return out

    def _chance(self, share: float) -> bool:
        return bool(self._random.random() < share)

    def _synth_parts(self) -> set[int]:
        """Which parts go to synthesizers; none in a share of the songs, else one at least."""
        pitched = [index for index, part in enumerate(self._parts) if part.pitched]
        if not pitched or self._chance(self._recipe.song.without_synth):
            return set()
        chosen = {index for index in pitched if self._chance(self._synth_share(self._parts[index]))}
        return chosen or {pitched[int(self._random.integers(len(pitched)))]}

    def _synth_share(self, part: Part) -> float:
        if self._kind == "patterns":
            return _PATTERN_SHARES[part.role]
        if part.program in SYNTH_PROGRAMS:
            return 1.0
        shares = self._recipe.casting
        return shares.accompaniment_to_synths if self._kind == "mma" else shares.others_to_synths

    def _synth(self, part: Part) -> Cast:
        if self._chance(self._recipe.casting.octave_moved):
            part = part.transposed(int(self._random.choice([-12, 12])))
        return Cast(part, "synth", choices=self._choices(part.role))

    def _other(self, part: Part) -> Cast:
        twice = 2 if self._kind == "patterns" else 1
        if part.role == "drums" and self._chance(twice * self._recipe.casting.drum_synthesizer):
            return Cast(part, "drums", kit=draw_kit(self._random))
        program = self._program(part) if part.pitched else part.program
        class_name = class_of(program) if part.pitched else "drums"
        fonts = self._equipment.fonts
        font = self._weighted(fonts, [font.weight for font in fonts])
        return Cast(part, class_name, font=font, program=program, room=self._room())

    def _program(self, part: Part) -> int:
        """The program of a pitched part that no synthesizer plays."""
        shares = self._recipe.casting
        if part.program in SYNTH_PROGRAMS or self._chance(shares.hard_negative):
            return int(self._random.choice(hard_negatives(part.role)))
        if self._chance(shares.other_program):
            return int(self._random.choice(family_of(part.program)))
        return part.program

    def _room(self) -> Room:
        if not self._chance(_ROOM_SHARE):
            return Room()
        size, level = self._random.uniform(0.1, 0.9, 2)
        chorus = self._random.choice([0.0, self._random.uniform(0.5, 3)])
        return Room(round(float(size), 3), round(float(level), 3), round(float(chorus), 3))

    def _effects(self, cast: Cast, ducked: bool) -> tuple[Effect, ...]:
        synth = cast.class_name == "synth"
        pushed = ducked and (synth or cast.part.role == "bass") and self._chance(_DUCKED_PARTS)
        return draw_effects(
            self._random, cast.part.role, synth=synth, beat=self._beat, pan=cast.part.pan, ducked=pushed
        )

    def _level(self, role: str) -> float:
        """LUFS of a stem by its role, with what is drawn around it."""
        levels = self._recipe.levels
        around = self._random.normal(0, levels.spread / 2)
        return float(getattr(levels, role)) + float(np.clip(around, -levels.spread, levels.spread))

    def _choices(self, role: str) -> tuple[Choice, ...]:
        """Presets to try in order."""
        weights = asdict(self._recipe.synthesizers)
        names = [*self._equipment.presets, *([DRAWN] if "amsynth" in self._equipment.presets else [])]
        shares = [weights[name] for name in names]
        return tuple(self._choice(self._weighted(names, shares), role) for _ in range(_CANDIDATES))

    def _choice(self, synthesizer: str, role: str) -> Choice:
        if synthesizer == DRAWN:
            return Choice(Preset("amsynth", DRAWN, role), drawn_amsynth(self._random, role))
        table, presets = self._recipe.synthesizers, self._equipment.presets[synthesizer]
        if self._chance(table.for_role):
            presets = [preset for preset in presets if preset.suits(role)] or presets
        preset = presets[int(self._random.integers(len(presets)))]
        moved = bool(preset.values) and self._chance(1.0 if synthesizer == "mda" else table.varied)
        return Choice(preset, varied(self._random, preset, _VARIED_AMOUNT) if moved else {})

    def _weighted(self, items: Sequence[_Item], weights: Sequence[float]) -> _Item:
        shares = np.asarray(weights, float)
        shares = shares if shares.sum() > 0 else np.ones(len(shares))
        return items[int(self._random.choice(len(items), p=shares / shares.sum()))]
