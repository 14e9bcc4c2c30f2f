"""A song's casts played one after another: sounds with their effects at their levels, and who made them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from canzona.train.separation.rendering.arrangement import Arrangement
from canzona.train.separation.rendering.balance import checked, faded, to_loudness
from canzona.train.separation.rendering.casting import Cast
from canzona.train.separation.rendering.chain import apply_effects
from canzona.train.separation.rendering.drums import play_drums
from canzona.train.separation.rendering.fluidsynth import play_font
from canzona.train.separation.rendering.host import SAMPLE_RATE
from canzona.train.separation.rendering.presets import LICENCES
from canzona.train.separation.rendering.synthesizers import Sound, Studio
from canzona.train.separation.rendering.worker import RenderError

_KICKS = (35, 36)


@dataclass(frozen=True, slots=True)
class Played:
    """A part's sound, and for the manifest who played it and how."""

    cast: Cast
    sound: Sound
    facts: dict[str, Any]


class Performance:
    """One song's playing; what fails is noted in `failed`, as rows of `preset` and `reason`."""

    def __init__(self, arrangement: Arrangement, studio: Studio, random: np.random.Generator) -> None:
        self.failed: list[dict[str, str]] = []
        self._seconds, self._studio, self._random = arrangement.seconds, studio, random
        self._kicks = _kicks(arrangement)

    def play(self, casts: Sequence[Cast]) -> list[Played]:
        """All parts of which something came, each at its level."""
        out = []
        for cast in casts:
            found = self._sound(cast)
            if found is None:
                continue
            sound, facts = found
            sound = faded(apply_effects(sound, cast.effects, self._kicks))
            gain = to_loudness(sound, cast.level)
            facts |= {"part": cast.part.name, "role": cast.part.role, "notes": len(cast.part.notes)}
            facts |= {"effects": list(cast.effects), "lufs": round(cast.level, 2)}
            facts["gain_db"] = round(20 * float(np.log10(gain)), 2)
            out.append(Played(cast, sound * np.float32(gain), facts))
        return out

    def _sound(self, cast: Cast) -> tuple[Sound, dict[str, Any]] | None:
        if cast.choices:
            return self._by_preset(cast)
        if cast.kit is not None:
            sound = play_drums(cast.part.notes, cast.kit, self._seconds, SAMPLE_RATE, self._random)
            return sound, {"synth": "", "drum_synthesizer": dict(cast.kit), "licence": "CC0-1.0"}
        return self._by_font(cast)

    def _by_preset(self, cast: Cast) -> tuple[Sound, dict[str, Any]] | None:
        """The first preset that gives a sound."""
        for choice in cast.choices:
            preset = choice.preset
            try:
                sound = checked(
                    self._studio.play(cast.part, preset, choice.values, self._seconds), str(preset)
                )
            except RenderError as error:
                self.failed.append({"preset": str(preset), "reason": str(error)})
                continue
            facts = {"synth": preset.synthesizer, "bank": preset.bank, "preset": preset.name}
            return sound, facts | {
                "drawn": dict(choice.values),
                "licence": LICENCES[preset.synthesizer],
            }
        return None

    def _by_font(self, cast: Cast) -> tuple[Sound, dict[str, Any]] | None:
        font, studio = cast.font, self._studio
        if font is None:
            return None
        what = f"{font.name}, program {cast.program}"
        words: dict[str, Any] = {"folder": studio.folder, "time_limit": studio.time_limit}
        try:
            sound = checked(play_font(cast.part, cast.program, font, cast.room, self._seconds, **words), what)
        except RenderError as error:
            self.failed.append({"preset": what, "reason": str(error)})
            return None
        facts = {"synth": "", "font": font.name, "licence": font.licence}
        return sound, facts | {"program": cast.program, "room": asdict(cast.room)}


def _kicks(arrangement: Arrangement) -> npt.NDArray[np.float64]:
    """Onsets of the kick, in seconds."""
    for part in arrangement.parts:
        if part.role == "drums":
            onsets: npt.NDArray[np.float64] = part.notes[np.isin(part.notes[:, 2], _KICKS), 0]
            return onsets
    return np.zeros(0)
