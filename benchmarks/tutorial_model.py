#!/usr/bin/env python3
"""The original student project's model beside ours: bits a note, and what its step accuracy is worth.

usage: tutorial_model.py [FOLDER...] [--model NAME|DIR] [--test FOLDER...] [--minutes M] [--rates R...]
                         [--learn every|last] [--work DIR] [--smoke] [--json]

Its architecture: one LSTM of 256 units over sixteenth steps, whose symbols are MIDI numbers, 'r', '_'
(goes on) and '/' (64 after each tune), one-hot, dropout 0.2, a dense softmax, cross-entropy, Adam, windows of
64 steps; eight durations, tunes moved to C major or A minor. It is trained in torch on one thread, on the
tunes that the model was trained on (FOLDER: the folders of its training, by default the Essen collection
in `shared` beside the repository), for the CPU time of one of the model's networks, once at each of five
learning rates. It is given two advantages: every step of a window is learnt from, not the last alone
(`--learn last`), and the weights kept are those of the best of ten looks at the validation tunes.

Of the families that the model's training held out one half chooses the learning rate and the other half is
measured; with `--test` all choose and those folders are measured. (The model's own training stopped by
both halves.) Counted are the tunes that both can encode. The bits of the steps are summed and divided by
the notes; neither model pays for the end of a tune. Results of each learning rate are kept in the work folder
and not made again while the tunes and settings stay the same.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from canzona.composition.corpus import Corpus, read_corpus
from canzona.composition.events import encode, tonic_pitch
from canzona.composition.families import find_families, split
from canzona.composition.model import ComposerModel
from canzona.composition.scoring import score
from canzona.composition.timesteps import DURATIONS, STEP, StepCounts, count_steps
from canzona.score import Tune

if TYPE_CHECKING:
    import torch

LIMIT_SECONDS = 21600
WINDOW, UNITS, DROPOUT, BATCH = 64, 256, 0.2, 64
RATES = (3e-4, 1e-3, 2e-3, 4e-3, 1e-2)
LOOKS = 10
GLANCE = 2000
"""Steps of validation tunes in a look during the training."""

HOLD, REST, PADDING = "_", "r", "/"
MINOR = ("minor", "dorian", "phrygian", "aeolian", "locrian")

ROOT = Path(__file__).resolve().parent.parent
ESSEN = ROOT.parent / "shared" / "data" / "essen"


@dataclass(frozen=True)
class Side:
    """Tunes of one side of the split: all, and the rows of symbols of those that the tutorial encodes."""

    corpus: Corpus
    rows: dict[int, list[str]]

    @classmethod
    def of(cls, corpus: Corpus, names: set[str]) -> Side:
        places = [place for place, name in enumerate(corpus.names) if name in names]
        kept = Corpus(*(tuple(values[place] for place in places)
                        for values in (corpus.names, corpus.tunes, corpus.tags)))  # fmt: skip
        rows = {place: steps_of(tune) for place, tune in enumerate(kept.tunes)}
        return cls(kept, {place: row for place, row in rows.items() if row is not None})


@dataclass(frozen=True)
class Stepwise:
    """What the step model makes of some tunes: bits of their steps, counts of right ones."""

    bits: float
    notes: int
    steps: int
    right: int
    padding_right: int
    tunes: int

    @property
    def bits_per_note(self) -> float:
        return self.bits / max(1, self.notes)


def main(arguments: list[str]) -> int:
    options = parsed(arguments)
    folders = options.folders or ([ESSEN] if ESSEN.is_dir() else [])
    if not folders:
        print(json.dumps({"skipped": "give the folders that the model was trained on"}))
        return 0
    try:
        import torch
    except ImportError:
        print(json.dumps({"skipped": "torch is not installed"}))
        return 0
    torch.set_num_threads(1)
    model = ComposerModel.open(options.model)
    training, choosing, measured = sides(model, folders, options.test)
    if not all(side.rows for side in (training, choosing, measured)):
        sys.exit("too few tunes have only durations and pitches that the tutorial knows")
    facts = model.folder.config["training"]
    minutes = options.minutes or 60 * facts["hours"] / len(facts["best_epochs"])
    found = [trained(options, rate, minutes, training, choosing) for rate in options.rates]
    best = min(found, key=lambda row: row["validation_bits"])
    result = compared(model, training, measured, restored(best), options.smoke)
    rates = [{name: row[name] for name in ("rate", "validation_bits", "batches")} for row in found]
    result = {
        "minutes": round(minutes, 2),
        "learn": options.learn,
        "rates": rates,
        "best": best["rate"],
        **result,
    }
    print(json.dumps(result) if options.json else table(model, result))
    return int(result["ours"]["bits_per_note"] >= result["tutorial"]["bits_per_note"])


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--model", default="essen")
    parser.add_argument("--test", nargs="+", type=Path, default=[])
    parser.add_argument("--minutes", type=float, help="of CPU time for each rate (default: of one network)")
    parser.add_argument("--rates", nargs="+", type=float, default=RATES)
    parser.add_argument("--learn", choices=("every", "last"), default="every")
    parser.add_argument("--work", type=Path, default=ROOT / "benchmarks" / "tutorial_model.work")
    parser.add_argument("--smoke", action="store_true", help="three seconds a rate, ten tunes measured")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    if options.smoke:
        options.minutes = options.minutes or 0.05
    return options


def sides(model: ComposerModel, folders: Sequence[Path], test: Sequence[Path]) -> tuple[Side, Side, Side]:
    """Tunes to train on, to choose by and to measure on; the split is the one of the model's training."""
    corpus = read_corpus(folders)
    made = model.folder.config["training"]["split"]
    families = find_families(zip(corpus.names, corpus.tunes, strict=True))
    found = split(families, made["salt"], made["share"])
    if found.digest != made["digest"]:
        sys.exit(f"these are not the {made['tunes']} tunes that '{model.folder.name}' was trained on")
    held = set(found.held_out)
    training = Side.of(corpus, set(corpus.names) - held)
    if test:
        other = read_corpus(test)
        return training, Side.of(corpus, held), Side.of(other, set(other.names))
    first = {name for name in held if hashlib.sha256(f"half:{families.of[name]}".encode()).digest()[0] % 2}
    return training, Side.of(corpus, first), Side.of(corpus, held - first)


def steps_of(tune: Tune) -> list[str] | None:
    """A tune as the tutorial's symbols, or None where it has other durations or pitches than those."""
    tonic = int(tonic_pitch(tune.key).midi) % 12
    mode = tune.key.mode if tune.key is not None else ""
    shift = (9 if mode in MINOR else 0) - tonic
    row: list[str] = []
    for note in tune.notes:
        if note.duration not in DURATIONS or (note.pitch is not None and note.pitch.midi.denominator != 1):
            return None
        row.append(REST if note.pitch is None else str(int(note.pitch.midi) + shift))
        row += [HOLD] * (int(note.duration / STEP) - 1)
    return row


def symbols_of(training: Side) -> dict[str, int]:
    """The symbols of the training tunes, numbered."""
    return {
        symbol: place
        for place, symbol in enumerate(
            sorted({PADDING, *(each for row in training.rows.values() for each in row)})
        )
    }


def network(symbols: int) -> torch.nn.ModuleDict:
    """The tutorial's layers."""
    import torch

    torch.manual_seed(1)
    return torch.nn.ModuleDict({
        "lstm": torch.nn.LSTM(symbols, UNITS, batch_first=True),
        "dropout": torch.nn.Dropout(DROPOUT),
        "dense": torch.nn.Linear(UNITS, symbols),
    })  # fmt: skip


def logits(layers: torch.nn.ModuleDict, windows: np.ndarray, every: bool) -> torch.Tensor:
    """Windows (batch, time) of symbol numbers to logits of what follows: each step, or the last alone."""
    import torch

    size = layers["dense"].out_features
    states, _ = layers["lstm"](torch.nn.functional.one_hot(torch.from_numpy(windows), size).float())
    found: torch.Tensor = layers["dense"](layers["dropout"](states if every else states[:, -1]))
    return found


def trained(
    options: argparse.Namespace, rate: float, minutes: float, training: Side, choosing: Side
) -> dict[str, Any]:
    """Trains at one learning rate, or takes what is in the work folder; validation bits a note."""
    import torch

    symbols = symbols_of(training)
    data = json.dumps([sorted(symbols), *training.rows.values(), *choosing.rows.values()])
    setting = [hashlib.sha256(data.encode()).hexdigest(), round(minutes, 2), options.learn, rate]
    record, weights = options.work / f"rate_{rate:g}.json", options.work / f"rate_{rate:g}.pt"
    if record.exists() and weights.exists():
        held: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
        if held["setting"] == setting:
            return {**held, "weights": str(weights)}
    print(f"rate {rate:g}: {minutes:.1f} minutes", file=sys.stderr)
    layers, batches = learnt(options, rate, minutes, training, choosing)
    found = stepwise(layers, symbols, list(choosing.rows.items()), choosing)
    row = {
        "rate": rate, "validation_bits": found.bits_per_note, "batches": batches, "setting": setting,
        "symbols": symbols,
    }  # fmt: skip
    options.work.mkdir(parents=True, exist_ok=True)
    torch.save(layers.state_dict(), weights)
    record.write_text(json.dumps(row), encoding="utf-8")
    return {**row, "weights": str(weights)}


def learnt(
    options: argparse.Namespace, rate: float, minutes: float, training: Side, choosing: Side
) -> tuple[torch.nn.ModuleDict, int]:
    """The network after so many minutes of CPU time at the best of ten looks, and its batches."""
    import torch

    symbols, every = symbols_of(training), options.learn == "every"
    layers = network(len(symbols))
    optimizer = torch.optim.Adam(layers.parameters(), rate)
    random = np.random.default_rng(1)
    stream = np.array([symbols[each] for row in training.rows.values() for each in padded(row)], np.int64)
    glances, wanted = sampled(choosing, symbols, random)
    spent, batches, looks, best = 0.0, 0, 0, math.inf
    kept = {name: value.clone() for name, value in layers.state_dict().items()}
    while spent < minutes * 60:
        began = time.process_time()
        starts = random.integers(0, len(stream) - WINDOW - 1, BATCH)
        rows = stream[starts[:, None] + np.arange(WINDOW + 1)]
        found = logits(layers.train(), rows[:, :-1], every)
        targets = torch.from_numpy(rows[:, 1:] if every else rows[:, -1])
        loss = torch.nn.functional.cross_entropy(found.reshape(-1, len(symbols)), targets.reshape(-1))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        spent += time.process_time() - began
        batches += 1
        if spent >= (looks + 1) * minutes * 60 / LOOKS:
            looks = int(spent / (minutes * 60 / LOOKS))
            with torch.no_grad():
                look = torch.nn.functional.cross_entropy(logits(layers.eval(), glances, False), wanted)
            if float(look) < best:
                best = float(look)
                kept = {name: value.clone() for name, value in layers.state_dict().items()}
    layers.load_state_dict(kept)
    return layers.eval(), batches


def padded(row: list[str]) -> list[str]:
    """A row between paddings, as it is predicted: the padding behind it is the one before the next."""
    return [*row, *[PADDING] * WINDOW]


def windows_of(row: list[str], symbols: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """For each step of a tune and of the padding behind it the window before it, and the step itself."""
    ids = np.array([symbols[each] for each in [*[PADDING] * WINDOW, *padded(row)]], np.int64)
    return np.lib.stride_tricks.sliding_window_view(ids, WINDOW)[:-1], ids[WINDOW:]


def sampled(
    side: Side, symbols: dict[str, int], random: np.random.Generator
) -> tuple[np.ndarray, torch.Tensor]:
    """Some windows of a side's tunes and what follows them, padding left out."""
    import torch

    pairs = [windows_of(row, symbols) for row in side.rows.values() if symbols.keys() >= set(row)]
    windows = np.concatenate([window[:-WINDOW] for window, _ in pairs])
    wanted = np.concatenate([target[:-WINDOW] for _, target in pairs])
    chosen = random.permutation(len(wanted))[:GLANCE]
    return windows[chosen], torch.from_numpy(wanted[chosen])


def stepwise(
    layers: torch.nn.ModuleDict, symbols: dict[str, int], rows: Sequence[tuple[int, list[str]]], side: Side
) -> Stepwise:
    """Bits and right answers over some tunes; those with a symbol that was never learnt are left out."""
    total = Stepwise(0.0, 0, 0, 0, 0, 0)
    for place, row in rows:
        if symbols.keys() >= set(row):
            one = _stepwise(layers, *windows_of(row, symbols), len(side.corpus.tunes[place].notes))
            total = Stepwise(*(mine + its for mine, its in zip(
                dataclasses.astuple(total), dataclasses.astuple(one), strict=True)))  # fmt: skip
    return total


def _stepwise(layers: torch.nn.ModuleDict, windows: np.ndarray, wanted: np.ndarray, notes: int) -> Stepwise:
    import torch

    with torch.no_grad():
        logs = torch.log_softmax(logits(layers.eval(), windows.copy(), False), -1).double().numpy()
    steps = len(wanted) - WINDOW
    right = logs.argmax(1) == wanted
    bits = -logs[np.arange(steps), wanted[:steps]].sum() / math.log(2)
    return Stepwise(float(bits), notes, steps, int(right[:steps].sum()), int(right[steps:].sum()), 1)


def restored(row: dict[str, Any]) -> torch.nn.ModuleDict:
    """The network that a learning rate gave."""
    import torch

    layers = network(len(row["symbols"]))
    layers.load_state_dict(torch.load(row["weights"], weights_only=True))
    return layers.eval()


def compared(
    model: ComposerModel, training: Side, side: Side, layers: torch.nn.ModuleDict, few: bool
) -> dict[str, Any]:
    """Both models on the measured tunes that both encode."""
    symbols = symbols_of(training)
    rows = [(place, row) for place, row in side.rows.items() if symbols.keys() >= set(row)][
        : 10 if few else None
    ]
    theirs = stepwise(layers, symbols, rows, side)
    lists = [encode(side.corpus.tunes[place], side.corpus.tags[place]) for place, _ in rows]
    scored = score(model.network, model.vocabulary, lists)
    bits = np.concatenate([tune.bits for tune in scored])
    counts = sum(
        (count_steps(model.vocabulary, *pair) for pair in zip(lists, scored, strict=True)), StepCounts()
    )
    holds = sum(row.count(HOLD) for _, row in rows)
    every = theirs.steps + WINDOW * len(rows)
    notes = sum(len(tune.notes) for tune in side.corpus.tunes)
    return {
        "tunes": len(rows),
        "of_tunes": len(side.corpus.tunes),
        "notes": theirs.notes,
        "of_notes": notes,
        "trained_on": len(training.rows),
        "trained_of": len(training.corpus.tunes),
        "tutorial": {
            "bits_per_note": theirs.bits_per_note,
            "step_accuracy": theirs.right / theirs.steps,
            "with_padding": (theirs.right + theirs.padding_right) / every,
        },
        "hold": {
            "step_accuracy": holds / theirs.steps,
            "with_padding": (holds + (WINDOW - 1) * len(rows)) / every,
        },
        "ours": {
            "bits_per_note": float(bits[:, :2].sum() / len(bits)),
            "step_accuracy": counts.right / counts.steps if counts.steps else None,
        },
    }


def table(model: ComposerModel, found: dict[str, Any]) -> str:
    """The result as text."""
    return "\n".join(lines_of(model, found))


def lines_of(model: ComposerModel, found: dict[str, Any]) -> Iterator[str]:
    theirs, ours, hold = found["tutorial"], found["ours"], found["hold"]
    yield f"trained {found['minutes']:.1f} minutes of CPU a rate on {found['trained_on']:,} tunes"
    yield f"({found['trained_of'] - found['trained_on']:,} more have durations that the tutorial lacks)"
    for row in found["rates"]:
        mark = "  <- taken" if row["rate"] == found["best"] else ""
        yield f"  rate {row['rate']:<7g} {row['validation_bits']:.3f} bits a note on validation tunes{mark}"
    yield f"measured on {found['tunes']:,} of {found['of_tunes']:,} held-out tunes that both encode,"
    yield f"{found['notes']:,} of {found['of_notes']:,} notes"
    yield ""
    yield f"{'':30} {'bits a note':>12} {'steps right':>12} {'with padding':>13}"
    for name, row in (("LSTM over sixteenth steps", theirs), ("always hold (padding: padding)", hold)):
        bits = f"{row['bits_per_note']:.3f}" if row is theirs else "-"
        yield f"{name:30} {bits:>12} {row['step_accuracy']:12.1%} {row['with_padding']:13.1%}"
    right = "-" if ours["step_accuracy"] is None else f"{ours['step_accuracy']:.1%}"
    yield f"{f'Canzona, {model.folder.name}':30} {ours['bits_per_note']:12.3f} {right:>12} {'-':>13}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
