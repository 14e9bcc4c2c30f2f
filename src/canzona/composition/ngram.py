"""The baseline: an interpolated n-gram of durations and pitches.

A duration is given the meter, the place in the bar, whether a phrase has just ended, and the
durations before it; a pitch is given its own duration and the pitches before it, as steps
above the tonic. Each part is a chain of contexts from the empty one to the longest. In each,
the counts n(w) of the classes seen there, of which T are different, are mixed with the
probability in the next shorter one (Witten & Bell 1991, with a weight on T):

    p(w) = (n(w) + weight T p_shorter(w)) / (sum of n + weight T)

down to the uniform distribution over all classes, the escape among them. Which contexts are
used and with which weight is chosen on a part of the training tunes, whole families of
them; then all are counted. Contexts that occurred once are left out: they change nothing in
the fourth digit and are most of the table.

The counts lie in a model folder, contexts as 32-bit hashes, so that the baseline is measured
on the same tunes as the network without the training corpus.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from canzona.composition.events import ESCAPE_BITS, EventList, Vocabulary
from canzona.composition.melody import Ints
from canzona.composition.ngram_contexts import PARTS, Rows, chain, classes, rows_of
from canzona.errors import ModelError, UsageError

WEIGHTS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
"""Weights that are tried."""

LEAST_GAIN = 0.003
"""Bits an event that a context must save on the tunes it is chosen on."""

LEAST_COUNT = 2
"""Occurrences of a context that is kept."""

CHOSEN_ON = 0.125
"""Share of the families on which contexts and weights are chosen."""

LARGEST_FILE = 64 << 20
"""Bytes that a file of counts may unpack to."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Level:
    """Counts in one kind of context.

    Attributes
    ----------
    names : columns that make the context.
    weight : weight of the next shorter context.
    contexts : hashes in order, uint32 (contexts,).
    kinds : different classes seen in each, (contexts,).
    symbols, counts : those classes in order, context after context, and how often, (entries,).
    """

    names: tuple[str, ...]
    weight: float
    contexts: NDArray[np.uint32]
    kinds: Ints
    symbols: Ints
    counts: Ints

    @cached_property
    def _totals(self) -> Floats:
        starts = np.cumsum(self.kinds) - self.kinds
        return np.add.reduceat(self.counts, starts).astype(np.float64)

    @cached_property
    def _entries(self) -> Ints:
        entries: Ints = (np.repeat(np.arange(len(self.kinds)), self.kinds) << 16) | self.symbols
        return entries

    def mix(self, contexts: NDArray[np.uint32], symbols: Ints, shorter: Floats) -> Floats:
        """Probability of each symbol in its context, `shorter` being that in the next shorter one."""
        if not len(self.contexts):
            return shorter
        place = np.searchsorted(self.contexts, contexts).clip(max=len(self.contexts) - 1)
        known = self.contexts[place] == contexts
        wanted = (place << 16) | symbols
        found = np.searchsorted(self._entries, wanted).clip(max=len(self._entries) - 1)
        counts = np.where(self._entries[found] == wanted, self.counts[found], 0)
        weighed = self.weight * self.kinds[place]
        mixed = (counts + weighed * shorter) / (self._totals[place] + weighed)
        return np.where(known, mixed, shorter)


class NGram:
    """A counted n-gram.

    Parameters
    ----------
    vocabulary : the classes that were counted.
    levels : for each part its levels, shortest context first.
    """

    def __init__(self, vocabulary: Vocabulary, levels: Mapping[str, Sequence[Level]]) -> None:
        self.vocabulary = vocabulary
        self.levels = {part: tuple(levels[part]) for part in PARTS}

    def bits(self, tunes: Sequence[EventList]) -> list[Floats]:
        """Bits of each event of each tune.

        Returns
        -------
        one array (events, 2) a tune: bits of the duration, and of the pitch given the duration.
        An event outside the vocabulary pays its part's escape and `ESCAPE_BITS` on top.
        """
        rows = rows_of(self.vocabulary, tunes)
        bits = np.zeros((len(rows), len(PARTS)))
        for place, part in enumerate(PARTS):
            symbols = rows.column(part)
            escapes = symbols == classes(self.vocabulary, part) - 1
            bits[:, place] = ESCAPE_BITS[part] * escapes - np.log2(self._probabilities(rows, part, symbols))
        return [bits[first:last] for first, last in pairwise(rows.starts.tolist())]

    def distribution(self, tune: EventList, part: str) -> Floats:
        """Probabilities of all classes of a part at each event, (events, classes); each row sums to 1."""
        rows = rows_of(self.vocabulary, [tune])
        every = range(classes(self.vocabulary, part))
        return np.stack(
            [self._probabilities(rows, part, np.full(len(rows), symbol)) for symbol in every], axis=1
        )

    def _probabilities(self, rows: Rows, part: str, symbols: Ints) -> Floats:
        probability = np.full(len(symbols), 1.0 / classes(self.vocabulary, part))
        for level in self.levels[part]:
            probability = level.mix(rows.contexts(level.names), symbols, probability)
        return probability

    def to_bytes(self) -> bytes:
        """The counts as an .npz file of plain arrays; the same n-gram gives the same bytes."""
        about: dict[str, Any] = {}
        arrays: dict[str, Any] = {}
        for part, levels in self.levels.items():
            shapes = [[level.names, level.weight, len(level.contexts), len(level.counts)] for level in levels]
            about[part] = {"classes": classes(self.vocabulary, part), "levels": shapes}
            gaps = [np.diff(level.contexts, prepend=np.uint32(0)) for level in levels]
            arrays[f"{part}_gaps"] = np.concatenate([np.zeros(0, np.uint32), *gaps])
            for name in ("kinds", "symbols", "counts"):
                joined = np.concatenate([np.zeros(0, np.int64), *(getattr(level, name) for level in levels)])
                arrays[f"{part}_{name}"] = joined.astype(np.min_scalar_type(int(joined.max(initial=0))))
        packed = io.BytesIO()
        arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
        np.savez_compressed(packed, **arrays)
        return packed.getvalue()

    @classmethod
    def load(cls, path: str | Path, vocabulary: Vocabulary) -> NGram:
        """Read counts; ModelError where the file is missing, damaged or of another vocabulary."""
        try:
            data = Path(path).read_bytes()
            with zipfile.ZipFile(io.BytesIO(data)) as packed:
                if sum(entry.file_size for entry in packed.infolist()) > LARGEST_FILE:
                    raise ValueError("it unpacks to more than 64 MB")
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                return cls(vocabulary, _unpacked(dict(arrays), vocabulary))
        except OSError as error:
            raise _damaged(path, (error.strerror or "cannot be read").lower()) from error
        except ValueError as error:
            raise _damaged(path, str(error)) from error
        except Exception as error:  # zip, zlib, the npy header and what is missing: errors of their own
            raise _damaged(path, "it cannot be unpacked") from error


def fit_ngram(
    vocabulary: Vocabulary, tunes: Sequence[EventList], families: Sequence[int] | None = None
) -> NGram:
    """Choose contexts and weights on some families of the training tunes, then count all of them.

    Parameters
    ----------
    vocabulary : the classes.
    tunes : the training tunes.
    families : the family of each tune; None where each is its own.

    Raises
    ------
    UsageError : families and tunes differ in number.
    """
    families = range(len(tunes)) if families is None else families
    if len(families) != len(tunes):
        raise UsageError(f"{len(tunes)} tunes were given and the families of {len(families)}")
    rows = rows_of(vocabulary, tunes)
    apart = np.array([_is_apart(family) for family in families], np.bool_)
    counted, measured = rows.of_tunes(~apart), rows.of_tunes(apart)
    levels = {}
    for part in PARTS:
        chosen = _choose(part, counted, measured, classes(vocabulary, part))
        levels[part] = [_count(rows, part, names, weight) for names, weight in chosen]
    return NGram(vocabulary, levels)


def _is_apart(family: int) -> bool:
    digest = hashlib.sha256(f"canzona-ngram:{family}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < CHOSEN_ON * 2**64


def _choose(part: str, counted: Rows, measured: Rows, size: int) -> list[tuple[tuple[str, ...], float]]:
    """Contexts of the chain that save bits on `measured`, each with its best weight."""
    if not len(counted) or not len(measured):
        return [(names, 4.0) for names in chain(part)[:4]]
    symbols = measured.column(part)
    probability = np.full(len(symbols), 1.0 / size)
    chosen = []
    for names in chain(part):
        contexts = measured.contexts(names)
        level = _count(counted, part, names, 1.0)
        tried = []
        for weight in WEIGHTS:
            mixed = _weighed(level, weight).mix(contexts, symbols, probability)
            tried.append((-float(np.log2(mixed).mean()), weight, mixed))
        bits, weight, mixed = min(tried, key=lambda row: row[0])
        if -float(np.log2(probability).mean()) - bits >= LEAST_GAIN:
            chosen.append((names, weight))
            probability = mixed
    return chosen


def _weighed(level: Level, weight: float) -> Level:
    return Level(level.names, weight, level.contexts, level.kinds, level.symbols, level.counts)


def _count(rows: Rows, part: str, names: tuple[str, ...], weight: float) -> Level:
    """Counts of classes in all contexts that occur often enough."""
    contexts = rows.contexts(names)
    _, inverse, occurrences = np.unique(contexts, return_inverse=True, return_counts=True)
    often = (occurrences >= LEAST_COUNT)[inverse]
    pairs = (contexts[often].astype(np.uint64) << np.uint64(16)) | rows.column(part)[often].astype(np.uint64)
    entries, counts = np.unique(pairs, return_counts=True)
    kept, kinds = np.unique(entries >> np.uint64(16), return_counts=True)
    symbols = (entries & np.uint64(0xFFFF)).astype(np.int64)
    return Level(
        names, weight, kept.astype(np.uint32), kinds.astype(np.int64), symbols, counts.astype(np.int64)
    )


def _unpacked(arrays: dict[str, NDArray[np.generic]], vocabulary: Vocabulary) -> dict[str, list[Level]]:
    """Levels from the stored arrays; ValueError where they do not fit together."""
    about = json.loads(arrays["about"].tobytes())
    levels: dict[str, list[Level]] = {}
    for part in PARTS:
        size = classes(vocabulary, part)
        if about[part]["classes"] != size:
            raise ValueError(
                f"it counts {about[part]['classes']} classes of {part} and the vocabulary has {size}"
            )
        whole = {name: arrays[f"{part}_{name}"] for name in ("gaps", "kinds", "symbols", "counts")}
        if any(array.ndim != 1 or array.dtype.kind != "u" for array in whole.values()):
            raise ValueError("its arrays are no rows of whole numbers")
        levels[part] = []
        first = entry = 0
        for names, weight, contexts, entries in about[part]["levels"]:
            here, there = slice(first, first + contexts), slice(entry, entry + entries)
            hashes = np.cumsum(whole["gaps"][here].astype(np.uint64)).astype(np.uint32)
            parts = [whole[name][at].astype(np.int64) for name, at in
                     (("kinds", here), ("symbols", there), ("counts", there))]  # fmt: skip
            level = Level(tuple(names), float(weight), hashes, *parts)
            if (
                tuple(names) not in chain(part)
                or not level.weight > 0
                or not _fits(level, contexts, entries, size)
            ):
                raise ValueError("its arrays do not fit together")
            levels[part].append(level)
            first, entry = first + contexts, entry + entries
    return levels


def _fits(level: Level, contexts: int, entries: int, size: int) -> bool:
    return bool(
        len(level.contexts) == contexts
        and len(level.symbols) == len(level.counts) == entries == level.kinds.sum()
        and level.kinds.min(initial=1) > 0
        and level.counts.min(initial=1) > 0
        and level.symbols.max(initial=0) < size
        and (level.contexts[1:] > level.contexts[:-1]).all()
    )


def _damaged(path: str | Path, reason: str) -> ModelError:
    return ModelError(f"{path} holds no counts of an n-gram: {reason}", hint="install the model again")
