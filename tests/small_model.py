"""A composer that is real and trained in seconds, for tests: its corpus and its training."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from canzona.score import Barline, Key, Meter, Note, Pitch, Tune
from canzona.score.format import format_named
from canzona.score.tune import standard_signature

F = Fraction

METERS = {
    Meter(2, 4): F(0), Meter(3, 4): F(1), Meter(4, 4): F(1), Meter(6, 8): F(1, 2),
    Meter(0, 1, symbol="X"): F(0),
}  # fmt: skip
"""The meters of the corpus, each with the pickup that every other tune in it has."""

REGIONS = ("Europa, Irlandia", "Europa, Polska", "Asia, China")
RHYTHMS = (
    F(1, 2),
    F(1),
    F(1, 2),
    F(1, 4),
    F(3, 4),
    F(2),
    F(3, 2),
    F(1),
    F(1, 2),
    F(3),
    F(4),
    F(1, 3),
    F(1, 8),
)
"""Durations in beat units, frequent ones more often."""


def corpus() -> Iterator[tuple[str, Tune]]:
    """Seventy-five tunes by a dice: region, meter, mode and pickup in all their combinations."""
    random = np.random.default_rng(0)
    for number in range(75):
        meter, pickup = list(METERS.items())[number % 5]
        key = Key("GDA"[number % 3], 0, ("major", "minor", "dorian")[number // 5 % 3])
        yield f"tune{number:02}", _tune(random, number, meter, pickup if number % 2 else F(0), key)


def _tune(random: np.random.Generator, number: int, meter: Meter, pickup: Fraction, key: Key) -> Tune:
    unit = F(1) if meter.is_free else F(4, meter.unit)
    total = pickup + (meter.length or F(4)) * 12
    notes: list[Note] = []
    now, height = F(0), 30
    bar_end = pickup or meter.length or total
    while now < total:
        fitting = [length * unit for length in RHYTHMS if now + length * unit <= bar_end]
        duration = fitting[int(random.integers(len(fitting)))] if fitting else bar_end - now
        height = int(np.clip(height + random.integers(-2, 3), 26, 38))
        octave, step = divmod(height, 7)
        pitch = None if random.random() < 0.05 else Pitch("CDEFGAB"[step], F(0), octave)
        now += duration
        ends = now == total or (now == bar_end and random.random() < 0.3)
        starts = not notes or notes[-1].phrase_end
        notes.append(Note(now - duration, duration, pitch, starts, ends))
        if now == bar_end:
            bar_end += meter.length or total
    lines = [] if meter.is_free else [Barline(pickup + meter.length * bar, bar + 1) for bar in range(12)]
    signed = Key(key.tonic, 0, key.mode, standard_signature(key.fifths))
    return Tune(
        notes=tuple(notes),
        barlines=(*lines, Barline(total, kind="final")),
        keys=((F(0), signed),),
        meters=((F(0), meter),),
        records=(("OTL", f"Tune {number}"), ("ARE", REGIONS[number % 3])),
        phrasing="marked",
    )


def write_corpus(folder: Path) -> Path:
    """The corpus as .krn files."""
    for name, tune in corpus():
        (folder / f"{name}.krn").write_bytes(format_named("kern").write([tune]).data)
    return folder


def train_small_model(data: Path, output: Path) -> Path:
    """A model folder trained on a folder, with a network as small as can be."""
    import torch

    from canzona.train.composition import Recipe, train_composer
    from canzona.train.composition.recipe import Training
    from canzona.train.composition.task import Shape
    from canzona.train.loop import LoopSettings

    torch.set_num_threads(1)  # more take three times the time on a network as small as this
    recipe = Recipe(
        model={"name": "small", "licence": "CC0-1.0"},
        training=Training(batch_events=4000, validation_share=0.1),
        shape=Shape(hidden=32, width=32, embedding=4, heads=2, dropout=0.1),
        loop=LoopSettings(epochs=3, rate=1e-2, warm_up=2),
    )
    return train_composer([data], output, recipe, work=output.with_name("work"), device="cpu").path
