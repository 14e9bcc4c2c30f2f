"""A song's sounds grouped to stems, and the stems levelled to a mix."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from canzona.train.separation.rendering.balance import energy, peak_gain, ratio_gain
from canzona.train.separation.rendering.performance import Played
from canzona.train.separation.rendering.recipe import Recipe
from canzona.train.separation.rendering.synthesizers import Sound

TARGET = "synth"
"""The class whose stems are told from the rest."""


@dataclass
class Stem:
    """A sound under way to its file, with what is known of its making."""

    name: str
    sound: Sound
    facts: list[dict[str, Any]]

    @property
    def is_target(self) -> bool:
        """Whether a synthesizer plays it."""
        return self.name.split("-")[0] == TARGET


def group_stems(played: Sequence[Played], recipe: Recipe) -> list[Stem]:
    """Stems: each synth part by itself up to a number, the rest by class up to a number."""
    most_synths, most_rest = recipe.song.most_synth_stems, recipe.song.most_rest_stems
    out: list[Stem] = []
    counts: dict[str, int] = defaultdict(int)
    rest: dict[str, Stem] = {}
    for one in played:
        if one.cast.class_name != TARGET:
            _add(rest, one.cast.class_name, one.sound, one.facts)
        elif len(out) >= most_synths:
            out[-1].sound = out[-1].sound + one.sound
            out[-1].facts.append(one.facts)
        else:
            name = f"{TARGET}-{one.cast.part.role}"
            counts[name] += 1
            full = name if counts[name] == 1 else f"{name}.{counts[name]}"
            out.append(Stem(full, one.sound, [one.facts]))
    while len(rest) > most_rest and set(rest) != {"other"}:
        classes = [name for name in rest if name != "other"]
        quietest = min(classes, key=lambda name: energy([rest[name].sound]))
        merged = rest.pop(quietest)
        for fact in merged.facts:
            fact["class"] = quietest
        _add(rest, "other", merged.sound, *merged.facts)
    return out + list(rest.values())


def _add(stems: dict[str, Stem], name: str, sound: Sound, *facts: dict[str, Any]) -> None:
    if name in stems:
        stems[name].sound = stems[name].sound + sound
        stems[name].facts += facts
    else:
        stems[name] = Stem(name, sound, list(facts))


def level_stems(stems: Sequence[Stem], recipe: Recipe, random: np.random.Generator) -> dict[str, Any]:
    """Set synth against rest and the peak of the mix; the facts of it."""
    levels = recipe.levels
    synth = [stem for stem in stems if stem.is_target]
    rest = [stem for stem in stems if not stem.is_target]
    decibels = float(random.uniform(levels.least_ratio, levels.largest_ratio))
    gain = ratio_gain([stem.sound for stem in synth], [stem.sound for stem in rest], decibels)
    for stem in synth:
        stem.sound = stem.sound * np.float32(gain)
    peak = float(random.uniform(levels.least_peak, levels.largest_peak))
    whole = peak_gain([stem.sound for stem in stems], peak)
    for stem in stems:
        stem.sound = stem.sound * np.float32(whole)
    upper, lower = energy([stem.sound for stem in synth]), energy([stem.sound for stem in rest])
    ratio = round(10 * float(np.log10(upper / lower)), 2) if upper and lower else None
    facts = {
        "has_synth": bool(synth),
        "mixture_sdr": ratio,
        "synth_gain_db": round(20 * float(np.log10(gain)), 2),
    }
    return facts | {"mix_gain_db": round(20 * float(np.log10(whole)), 2)}
