"""Did a tune copy? The longest run that it shares with any training tune.

A model folder carries an index of its training corpus: every tune as a row of steps (interval
and duration ratio, see `melody`), so that neither transposition nor other note values hide a
copy, and nothing else of the corpus is needed. A run is found through a table of hashed runs
of a few steps and then followed step by step, so a reported run is a true one, and the
longest is never missed where it has four notes or more.

Folk tunes share phrases too. The index therefore holds the longest run of each training tune
against all other families, and a tune's figure is given as a percentile among those.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from canzona.composition.families import find_families
from canzona.composition.melody import Ints, melody_of
from canzona.errors import ModelError
from canzona.score.tune import Tune

GRAMS = (8, 5, 3)
"""Steps of the runs that are looked up, longest first; the last sets the shortest run found."""

LARGEST_FILE = 64 << 20
"""Bytes that an index may unpack to."""

_SEPARATOR = 0
_UNKNOWN = -1
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_ARRAYS = {"vocabulary": "i", "steps": "u", "starts": "i", "families": "i", "names": "u", "human": "u"}


@dataclass(frozen=True, slots=True)
class CopiedRun:
    """The longest run that a tune shares with a training tune.

    Attributes
    ----------
    length : notes of the run; 0 where no four notes are shared.
    name : the training tune, by its path in the data folder.
    start, source_start : sounding notes that come before the run, in the tune and in the
        training tune.
    """

    length: int = 0
    name: str = ""
    start: int = 0
    source_start: int = 0


@dataclass(frozen=True, eq=False)
class OriginalityIndex:
    """The training corpus as rows of steps.

    Attributes
    ----------
    vocabulary : different steps in order, int64 (v,); symbol i + 1 stands for entry i.
    steps : symbols of all tunes end to end, a 0 after each tune, (n,).
    starts : place in `steps` of each tune's first step, and the end, (tunes + 1,).
    families : the family of each tune, (tunes,).
    names : names of the tunes.
    human : longest run in notes of each tune against all other families, sorted, (tunes,);
        empty where it was not measured.
    """

    vocabulary: Ints
    steps: NDArray[np.int32]
    starts: Ints
    families: Ints
    names: tuple[str, ...]
    human: Ints
    _tables: dict[int, tuple[NDArray[np.uint64], Ints]] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, path: str | Path) -> OriginalityIndex:
        """Read an index; ModelError where the file is missing, damaged or none of ours."""
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise _damaged(path, error.strerror or "cannot be read") from error
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as packed:
                if sum(entry.file_size for entry in packed.infolist()) > LARGEST_FILE:
                    raise ValueError("it unpacks to more than 64 MB")
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                return _checked({name: arrays[name] for name in _ARRAYS})
        except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
            raise _damaged(path, str(error).strip("'\"")) from error
        except Exception as error:  # zlib and the npy header's parser raise errors of their own
            raise _damaged(path, "it cannot be unpacked") from error

    def to_bytes(self) -> bytes:
        """The index as an .npz file of plain arrays; the same index gives the same bytes."""
        small = np.uint16 if len(self.vocabulary) < 2**16 - 1 else np.uint32
        packed = io.BytesIO()
        np.savez_compressed(
            packed,
            vocabulary=self.vocabulary,
            steps=self.steps.astype(small),
            starts=self.starts.astype(np.int32),
            families=self.families.astype(np.int32),
            names=np.frombuffer("\n".join(self.names).encode(), np.uint8),
            human=self.human.astype(np.uint16),
        )
        return packed.getvalue()

    def longest_copy(self, tune: Tune, *, exclude_family: int | None = None) -> CopiedRun:
        """The longest run that the tune shares with a training tune.

        Parameters
        ----------
        tune : any tune.
        exclude_family : leave out the training tunes of this family (`families`), so that a
            training tune can be measured against all others.
        """
        row = self._symbols(melody_of(tune).steps)
        return self._longest(row, exclude_family)

    def percentile(self, length: int) -> float:
        """Percentage (0 to 100) of training tunes whose own longest run is no longer than `length` notes."""
        if not len(self.human):
            return float("nan")
        return 100.0 * float(np.searchsorted(self.human, length, side="right")) / len(self.human)

    def human_runs(self) -> dict[str, float]:
        """Median, 90th percentile and largest of the training tunes' own longest runs, in notes."""
        return run_figures(self.human)

    def _symbols(self, steps: Ints) -> NDArray[np.int32]:
        if not len(self.vocabulary):
            return np.full(len(steps), _UNKNOWN, np.int32)
        found = np.searchsorted(self.vocabulary, steps).clip(max=len(self.vocabulary) - 1)
        return np.where(self.vocabulary[found] == steps, found + 1, _UNKNOWN).astype(np.int32)

    def _longest(self, row: NDArray[np.int32], exclude_family: int | None) -> CopiedRun:
        for size in GRAMS:
            mine, theirs = self._candidates(row, size)
            if exclude_family is not None and len(theirs):
                other = self.families[self._tune_at(theirs)] != exclude_family
                mine, theirs = mine[other], theirs[other]
            reach, mine, theirs = _follow(row, self.steps, mine, theirs)
            if reach >= size:
                first = np.lexsort((mine, theirs))[0]
                tune = int(self._tune_at(theirs[first : first + 1])[0])
                source_start = int(theirs[first] - self.starts[tune])
                return CopiedRun(reach + 1, self.names[tune], int(mine[first]), source_start)
        return CopiedRun()

    def _candidates(self, row: NDArray[np.int32], size: int) -> tuple[Ints, Ints]:
        """Places in the row and in the index at which runs of `size` have the same hash."""
        grams, places = self._table(size)
        wanted = _hashes(row, size)
        low = np.searchsorted(grams, wanted, side="left")
        widths = np.searchsorted(grams, wanted, side="right") - low
        mine = np.repeat(np.arange(len(wanted)), widths)
        within = np.arange(len(mine)) - np.repeat(np.cumsum(widths) - widths, widths)
        return mine, places[np.repeat(low, widths) + within]

    def _table(self, size: int) -> tuple[NDArray[np.uint64], Ints]:
        """Sorted hashes of all runs of `size` steps with their places, made at the first use."""
        if size not in self._tables:
            grams = _hashes(self.steps, size)
            order = np.argsort(grams, kind="stable")
            self._tables[size] = grams[order], order.astype(np.int64)
        return self._tables[size]

    def _tune_at(self, places: Ints) -> Ints:
        return np.searchsorted(self.starts, places, side="right") - 1


def build_index(
    tunes: Iterable[tuple[str, Tune]], families: Mapping[str, int] | None = None, *, measure: bool = True
) -> OriginalityIndex:
    """An index of a training corpus.

    Parameters
    ----------
    tunes : (name, tune) pairs; empty tunes are left out.
    families : name -> family, found afresh where None.
    measure : find the longest run of each tune against all other families (`human`).
    """
    kept = [(name.replace("\n", " "), name, tune) for name, tune in tunes if not tune.is_empty]
    if families is None:
        families = find_families((name, tune) for _, name, tune in kept).of
    rows = [melody_of(tune).steps for _, _, tune in kept]
    vocabulary = np.unique(np.concatenate([np.zeros(0, np.int64), *rows]))
    symbols = [np.append(np.searchsorted(vocabulary, row) + 1, _SEPARATOR) for row in rows]
    index = OriginalityIndex(
        vocabulary=vocabulary,
        steps=np.concatenate([np.zeros(0, np.int64), *symbols]).astype(np.int32),
        starts=np.cumsum([0, *map(len, symbols)]),
        families=np.array([families[name] for _, name, _ in kept], np.int64),
        names=tuple(clean for clean, _, _ in kept),
        human=np.zeros(0, np.int64),
    )
    if not measure:
        return index
    runs = [
        index._longest(row[:-1].astype(np.int32), int(family)).length
        for row, family in zip(symbols, index.families, strict=True)
    ]
    human = np.sort(np.array(runs, np.int64))
    return OriginalityIndex(
        index.vocabulary, index.steps, index.starts, index.families, index.names, human, index._tables
    )


def run_figures(lengths: Ints) -> dict[str, float]:
    """Median, 90th percentile and largest of lengths of runs, in notes; zeros for none."""
    if not len(lengths):
        return {"median": 0.0, "p90": 0.0, "max": 0.0}
    return {
        "median": float(np.median(lengths)),
        "p90": float(np.percentile(lengths, 90)),
        "max": float(lengths.max()),
    }


def _follow(
    row: NDArray[np.int32], steps: NDArray[np.int32], mine: Ints, theirs: Ints
) -> tuple[int, Ints, Ints]:
    """Length in steps of the longest equal runs from pairs of places, and those pairs."""
    reach = 0
    while len(mine):
        room = (mine + reach < len(row)) & (theirs + reach < len(steps))
        left, right = mine[room], theirs[room]
        same = row[left + reach] == steps[right + reach]
        if not same.any():
            break
        mine, theirs = left[same], right[same]
        reach += 1
    return reach, mine, theirs


def _hashes(symbols: NDArray[np.int32], size: int) -> NDArray[np.uint64]:
    """A 64-bit number for each run of `size` symbols; collisions are sorted out by `_follow`."""
    count = max(len(symbols) - size + 1, 0)
    hashed = np.zeros(count, np.uint64)
    for place in range(size):
        hashed = (hashed + symbols[place : place + count].astype(np.uint64) + np.uint64(1)) * _MULTIPLIER
        hashed ^= hashed >> np.uint64(29)
    return hashed


def _checked(arrays: dict[str, NDArray[np.generic]]) -> OriginalityIndex:
    """An index from its arrays; ValueError where they do not fit together."""
    for name, kind in _ARRAYS.items():
        if arrays[name].ndim != 1 or arrays[name].dtype.kind != kind:
            raise ValueError(f"'{name}' is no row of whole numbers")
    whole = {
        name: arrays[name].astype(np.int64) for name in ("vocabulary", "steps", "starts", "families", "human")
    }
    names = tuple(arrays["names"].astype(np.uint8).tobytes().decode().split("\n"))
    starts, steps = whole["starts"], whole["steps"]
    tunes = len(whole["families"])
    names = names if tunes else ()
    if len(names) != tunes or len(starts) != tunes + 1 or len(whole["human"]) not in (0, tunes):
        raise ValueError("its arrays differ in the number of tunes")
    if starts[0] != 0 or starts[-1] != len(steps) or (np.diff(starts) < 1).any():
        raise ValueError("its tunes overlap")
    if steps.max(initial=0) > len(whole["vocabulary"]) or (steps[starts[1:] - 1] != _SEPARATOR).any():
        raise ValueError("it holds steps that its vocabulary lacks")
    return OriginalityIndex(
        whole["vocabulary"], steps.astype(np.int32), starts, whole["families"], names, np.sort(whole["human"])
    )


def _damaged(path: str | Path, reason: str) -> ModelError:
    return ModelError(f"{path} is no index of a training corpus: {reason}", hint="install the model again")
