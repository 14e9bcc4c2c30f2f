"""A composer as it lies in a model folder.

    trunk.onnx, pitch.onnx, flag.onnx   the network (`network`)
    index.npz                           hashed runs of the training corpus (`originality`)
    ngram.npz                           the baseline's counts (`ngram`)
    human.json                          histograms of the training corpus (`samples`)
    config.json                         behaviour: vocabulary, openings

Openings say how the training tunes begin: region, mode, tonic, meter and pickup with their
counts. What a user leaves out is drawn from them.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from canzona.composition.events import EventList, Vocabulary
from canzona.composition.features import trunk_features
from canzona.composition.network import Network
from canzona.composition.ngram import NGram
from canzona.composition.originality import OriginalityIndex
from canzona.composition.samples import CorpusFigures
from canzona.errors import ModelError, UsageError
from canzona.models.folder import ModelFolder
from canzona.models.places import find_model

JOB = "compose"
DEFAULT = "folk"
INDEX, NGRAM, HUMAN = "index.npz", "ngram.npz", "human.json"

_TONIC = re.compile(r"[A-G](#{1,2}|b{1,2})?")
_METER = re.compile(r"free|[1-9]\d{0,3}(\+[1-9]\d{0,3})*/[1-9]\d{0,3}")


@dataclass(frozen=True, slots=True)
class Opening:
    """How training tunes begin: region words, mode, tonic ('F#'), meter ('6/8'), pickup in quarter notes."""

    tags: tuple[str, ...]
    mode: str
    tonic: str
    meter: str
    pickup: Fraction
    count: int = 1

    def to_list(self) -> list[Any]:
        """As plain JSON values."""
        return [" ".join(self.tags), self.mode, self.tonic, self.meter, str(self.pickup), self.count]

    @classmethod
    def from_list(cls, row: Sequence[Any]) -> Opening:
        """From the values of `to_list`; ValueError or TypeError where they are none."""
        tags, mode, tonic, meter, pickup, count = row
        known = _TONIC.fullmatch(tonic) and _METER.fullmatch(meter)
        if not known or Fraction(pickup) < 0 or int(count) < 1:
            raise ValueError(f"no tune opens with {row}")
        return cls(tuple(str(tags).split()), str(mode), tonic, meter, Fraction(pickup), int(count))


@dataclass(frozen=True)
class ComposerModel:
    """A model folder opened for composing; its parts are loaded when they are first used."""

    folder: ModelFolder
    threads: int = 1

    @classmethod
    def open(cls, model: str | Path = DEFAULT, *, threads: int = 1) -> ComposerModel:
        """By name or folder; ModelError where there is none, or it is damaged or for another job."""
        opened = cls(find_model(model, job=JOB), threads)
        try:
            opened.vocabulary  # noqa: B018
            if not opened.openings:
                raise ValueError("no openings")
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ModelError(
                f"{opened.folder.path} is no composer that this version can read",
                hint="train or install it again",
            ) from error
        return opened

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The classes of durations, pitches and conditions."""
        return Vocabulary.from_dict(self.folder.behaviour["vocabulary"])

    @cached_property
    def openings(self) -> tuple[Opening, ...]:
        """How the training tunes begin."""
        return tuple(Opening.from_list(row) for row in self.folder.behaviour["openings"])

    @cached_property
    def network(self) -> Network:
        """The network; ModelError where it knows other classes than the vocabulary."""
        network = Network(self.folder.path, threads=self.threads)
        if network.features != len(trunk_features(self.vocabulary)):
            raise ModelError(f"{self.folder.path} was made for another version of Canzona",
                             hint="train or install it again")  # fmt: skip
        if network.classes != (self.vocabulary.duration_escape + 1, self.vocabulary.pitch_escape + 1, 3):
            raise ModelError(f"{self.folder.path}: network and vocabulary belong to different models",
                             hint="install the model again")  # fmt: skip
        return network

    @cached_property
    def index(self) -> OriginalityIndex:
        """Hashed runs of the training corpus."""
        return OriginalityIndex.load(self.folder.file(INDEX))

    @cached_property
    def ngram(self) -> NGram:
        """The n-gram baseline."""
        return NGram.load(self.folder.file(NGRAM), self.vocabulary)

    @cached_property
    def human(self) -> CorpusFigures:
        """Figures of the training corpus."""
        try:
            values = json.loads(self.folder.file(HUMAN).read_bytes())
        except ValueError:
            values = None
        return CorpusFigures.from_dict(values)

    @property
    def styles(self) -> tuple[str, ...]:
        """Words that a style may be made of, the most frequent first."""
        return self.vocabulary.tags

    def style_tags(self, style: str) -> tuple[str, ...]:
        """The words of a style; UsageError where the model knows one of them not."""
        words = tuple(style.lower().replace(",", " ").split())
        for word in words:
            if word not in self.vocabulary.tag_ids:
                near = difflib.get_close_matches(word, self.styles, 1, 0.5)
                nearest = f"the nearest is '{near[0]}'; " if near else ""
                raise UsageError(
                    f"model '{self.folder.name}' knows no style '{word}'",
                    hint=f"{nearest}it knows {', '.join(self.styles)}",
                )
        return words


def count_openings(vocabulary: Vocabulary, lists: Iterable[tuple[EventList, str]]) -> list[Opening]:
    """How tunes begin, with counts; each tune with the name of its tonic."""
    counts: dict[Opening, int] = {}
    for listed, tonic in lists:
        meter = str(listed.meters[0][1]) if listed.meters else "free"
        known = listed.conditions
        pickup = Fraction(known.pickup, 10080)
        row = Opening(vocabulary.known_tags(known.tags), known.mode, tonic, meter, pickup)
        counts[row] = counts.get(row, 0) + 1
    return [
        Opening(row.tags, row.mode, row.tonic, row.meter, row.pickup, count)
        for row, count in sorted(counts.items(), key=lambda item: (-item[1], item[0].to_list()))
    ]
