"""A recipe: all that a training depends on beside its data, as a TOML file.

[model]      name, version, licence, description, acknowledgement
[training]   target, validation songs, weights of the folders
[classes]    synth = ["synth*", "lead"]: what a stem is, by patterns of its name, instead of the usual ones
[remix]      see `RemixSettings`
[network]    see `MelLstmShape` or `WaveformShape`
[loop]       see `LoopSettings`
[[data]]     name, licence, url, credit: what the card and NOTICE say of the sources
[card]       texts of the model card
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from torch import nn

from canzona.errors import UsageError
from canzona.separation.classes import DEFAULT_CLASSES, Classes, check_classes
from canzona.train.recipe_file import filled, read_sections
from canzona.train.separation.extraction import LoopSettings
from canzona.train.separation.losses import LOSSES
from canzona.train.separation.mel_lstm import MelLstm, MelLstmShape
from canzona.train.separation.remix import RemixSettings
from canzona.train.separation.waveform import Waveform, WaveformShape

_SECTIONS = ("model", "training", "classes", "remix", "network", "loop", "data", "card")

Shape = MelLstmShape | WaveformShape

BEST, LAST = "best", "last"

_SHORTEST = 0.1
"""Seconds of an example, at least."""

BLEND = "blend"
"""What is no network but an average of two."""

KINDS: Mapping[str, tuple[type[nn.Module], type[MelLstmShape] | type[WaveformShape]]] = {
    "mel-lstm": (MelLstm, MelLstmShape),
    "waveform": (Waveform, WaveformShape),
}
"""Each kind of network by name, with what holds its sizes."""


@dataclass(frozen=True, slots=True)
class Training:
    """How the songs are used.

    Attributes
    ----------
    target : the class of the stems to extract; '' takes 'synth' where a song has it, else 'other'.
    validation : names of the songs that are held out.
    validation_share : share of the songs held out by the hash of `salt` and name where none is named.
    weights : how often examples come from each of the data folders, in their order; the last counts for
        those that follow too.
    keep : which epoch becomes the model: the 'best' by mean gain on the songs that are held out, or the
        'last', where those are too few to choose by.
    window, fade : seconds of a window of use, and of the crossfade into the next.
    """

    shares: ClassVar[tuple[str, ...]] = ("validation_share",)
    not_negative: ClassVar[tuple[str, ...]] = ("weights",)
    target: str = ""
    validation: tuple[str, ...] = ()
    validation_share: float = 0.1
    salt: str = "canzona-validation-1:"
    weights: tuple[float, ...] = (1.0,)
    keep: str = BEST
    window: float = 12.0
    fade: float = 1.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """A parsed recipe; every part has a default."""

    kind: str
    model: Mapping[str, Any] = field(default_factory=dict)
    training: Training = field(default_factory=Training)
    classes: Classes = field(default_factory=lambda: DEFAULT_CLASSES)
    remix: RemixSettings = field(default_factory=RemixSettings)
    shape: Shape = field(default_factory=MelLstmShape)
    loop: LoopSettings = field(default_factory=LoopSettings)
    data: tuple[Mapping[str, Any], ...] = ()
    card: Mapping[str, str] = field(default_factory=dict)

    def network(self) -> nn.Module:
        """A new network of the recipe's kind and sizes."""
        return KINDS[self.kind][0](self.shape)


def default_recipe(kind: str) -> Recipe:
    """The recipe of a kind of network with nothing set; UsageError for an unknown kind."""
    if kind == BLEND:
        return Recipe(kind)
    if kind not in KINDS:
        raise UsageError(f"'{kind}' is no kind of network", hint=f"kinds are {', '.join(KINDS)}, {BLEND}")
    return Recipe(kind, shape=KINDS[kind][1]())


def read_recipe(path: Path, kind: str) -> Recipe:
    """Read a recipe; FormatError where the file is no TOML, UsageError where a key or value is wrong."""
    usual = default_recipe(kind)
    held = read_sections(path, _SECTIONS)

    def part(section: str, of: Any) -> Any:
        return filled(of, held.get(section, {}), path, f"[{section}]")

    recipe = Recipe(
        kind=kind,
        model=held.get("model", {}),
        training=part("training", Training),
        classes=_classes(held.get("classes", {})),
        remix=part("remix", RemixSettings),
        shape=part("network", type(usual.shape)),
        loop=part("loop", LoopSettings),
        data=tuple(held.get("data", ())),
        card=held.get("card", {}),
    )
    if recipe.remix.seconds < _SHORTEST:
        raise UsageError(f"{path} sets 'seconds' to {recipe.remix.seconds}", hint=f"give {_SHORTEST} or more")
    if recipe.training.fade * 2 > recipe.training.window:
        raise UsageError(
            f"{path} sets 'fade' to {recipe.training.fade} and 'window' to {recipe.training.window}",
            hint="a window has to be twice as long as a fade, or longer",
        )
    if recipe.training.keep not in (BEST, LAST):
        raise UsageError(f"{path} sets 'keep' to '{recipe.training.keep}'", hint=f"give {BEST} or {LAST}")
    if recipe.loop.loss not in LOSSES:
        raise UsageError(f"{path} sets 'loss' to '{recipe.loop.loss}'", hint=f"known are {', '.join(LOSSES)}")
    return recipe


def _classes(given: Mapping[str, Any]) -> Classes:
    """The usual table with these classes put before it, or in the place of those of their names."""
    table = {**given, **{name: usual for name, usual in DEFAULT_CLASSES.items() if name not in given}}
    check_classes(table)
    return {name: tuple(pattern.lower() for pattern in patterns) for name, patterns in table.items()}
