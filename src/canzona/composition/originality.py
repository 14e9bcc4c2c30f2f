"""Did a tune copy? The longest run that it shares with any training tune.

A model folder carries an index of its training corpus: for every place of every tune a 32-bit
hash of the three steps that begin there (interval and duration ratio, see `melody`; three
steps are four notes). Neither transposition nor other note values hide a copy, nothing else of
the corpus is needed, and the tunes themselves are not handed on. Equal hashes at successive
places make a run; it is a step too long where two different threes of steps have one hash,
once in four thousand million comparisons.

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

STEPS = 3
"""Steps of a hashed run."""

SHORTEST = STEPS + 1
"""Notes of the shortest run that is found."""

LARGEST_FILE = 64 << 20
"""Bytes that an index may unpack to."""

_LOOKED_UP = (6, 3, 1)
"""How many successive hashes are looked up at once, most first: long runs have few candidates."""

_SEPARATOR = 0
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_ARRAYS = {"hashes": "u", "starts": "i", "families": "i", "names": "u", "human": "u"}


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
    hashes : hashes of all tunes end to end, a 0 after each tune, uint32 (n,).
    starts : place in `hashes` of each tune's first, and the end, (tunes + 1,).
    families : the family of each tune, (tunes,).
    names : names of the tunes.
    human : longest run in notes of each tune against all other families, sorted, (tunes,);
        empty where it was not measured.
    """

    hashes: NDArray[np.uint32]
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
        packed = io.BytesIO()
        np.savez_compressed(
            packed,
            hashes=self.hashes,
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
        return self._longest(_hashes(melody_of(tune).steps), exclude_family)

    def percentile(self, length: int) -> float:
        """Percentage (0 to 100) of training tunes whose own longest run is no longer than `length` notes."""
        if not len(self.human):
            return float("nan")
        return 100.0 * float(np.searchsorted(self.human, length, side="right")) / len(self.human)

    def human_runs(self) -> dict[str, float]:
        """Median, 90th percentile and largest of the training tunes' own longest runs, in notes."""
        return run_figures(self.human)

    def _longest(self, row: NDArray[np.uint32], exclude_family: int | None) -> CopiedRun:
        for size in _LOOKED_UP:
            mine, theirs = self._candidates(row, size)
            if exclude_family is not None and len(theirs):
                other = self.families[self._tune_at(theirs)] != exclude_family
                mine, theirs = mine[other], theirs[other]
            reach, mine, theirs = _follow(row, self.hashes, mine, theirs)
            if reach >= size:
                first = np.lexsort((mine, theirs))[0]
                tune = int(self._tune_at(theirs[first : first + 1])[0])
                source_start = int(theirs[first] - self.starts[tune])
                return CopiedRun(reach + STEPS, self.names[tune], int(mine[first]), source_start)
        return CopiedRun()

    def _candidates(self, row: NDArray[np.uint32], size: int) -> tuple[Ints, Ints]:
        """Places in the row and in the index at which `size` successive hashes agree."""
        grams, places = self._table(size)
        wanted = _mixed(row, size)
        low = np.searchsorted(grams, wanted, side="left")
        widths = np.searchsorted(grams, wanted, side="right") - low
        mine = np.repeat(np.arange(len(wanted)), widths)
        within = np.arange(len(mine)) - np.repeat(np.cumsum(widths) - widths, widths)
        return mine, places[np.repeat(low, widths) + within]

    def _table(self, size: int) -> tuple[NDArray[np.uint64], Ints]:
        """All runs of `size` hashes as sorted numbers with their places, made at the first use."""
        if size not in self._tables:
            grams = _mixed(self.hashes, size)
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
    rows = [np.append(_hashes(melody_of(tune).steps), np.uint32(_SEPARATOR)) for _, _, tune in kept]
    index = OriginalityIndex(
        hashes=np.concatenate([np.zeros(0, np.uint32), *rows]),
        starts=np.cumsum([0, *map(len, rows)]),
        families=np.array([families[name] for _, name, _ in kept], np.int64),
        names=tuple(clean for clean, _, _ in kept),
        human=np.zeros(0, np.int64),
    )
    if not measure:
        return index
    runs = [
        index._longest(row[:-1], int(family)).length for row, family in zip(rows, index.families, strict=True)
    ]
    human = np.sort(np.array(runs, np.int64))
    return OriginalityIndex(index.hashes, index.starts, index.families, index.names, human, index._tables)


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
    row: NDArray[np.uint32], hashes: NDArray[np.uint32], mine: Ints, theirs: Ints
) -> tuple[int, Ints, Ints]:
    """Length in hashes of the longest equal runs from pairs of places, and those pairs."""
    reach = 0
    while len(mine):
        room = (mine + reach < len(row)) & (theirs + reach < len(hashes))
        left, right = mine[room], theirs[room]
        same = row[left + reach] == hashes[right + reach]
        if not same.any():
            break
        mine, theirs = left[same], right[same]
        reach += 1
    return reach, mine, theirs


def _hashes(steps: Ints) -> NDArray[np.uint32]:
    """The hash of each three steps; never that of the separator."""
    hashed = (_mixed(steps, STEPS) >> np.uint64(32)).astype(np.uint32)
    hashed[hashed == _SEPARATOR] = 1
    return hashed


def _mixed(row: NDArray[np.int64] | NDArray[np.uint32], size: int) -> NDArray[np.uint64]:
    """A 64-bit number for each run of `size` entries."""
    count = max(len(row) - size + 1, 0)
    mixed = np.zeros(count, np.uint64)
    for place in range(size):
        mixed = (mixed + row[place : place + count].astype(np.uint64) + np.uint64(1)) * _MULTIPLIER
        mixed ^= mixed >> np.uint64(29)
    return mixed


def _checked(arrays: dict[str, NDArray[np.generic]]) -> OriginalityIndex:
    """An index from its arrays; ValueError where they do not fit together."""
    for name, kind in _ARRAYS.items():
        if arrays[name].ndim != 1 or arrays[name].dtype.kind != kind:
            raise ValueError(f"'{name}' is no row of whole numbers")
    if arrays["hashes"].dtype.itemsize != 4:
        raise ValueError("'hashes' are not of 32 bits")
    starts, families, human = (arrays[name].astype(np.int64) for name in ("starts", "families", "human"))
    hashes = arrays["hashes"].astype(np.uint32)
    names = tuple(arrays["names"].astype(np.uint8).tobytes().decode().split("\n")) if len(families) else ()
    tunes = len(families)
    if len(names) != tunes or len(starts) != tunes + 1 or len(human) not in (0, tunes):
        raise ValueError("its arrays differ in the number of tunes")
    if starts[0] != 0 or starts[-1] != len(hashes) or (np.diff(starts) < 1).any():
        raise ValueError("its tunes overlap")
    if (hashes[starts[1:] - 1] != _SEPARATOR).any():
        raise ValueError("its tunes have no end")
    return OriginalityIndex(hashes, starts, families, names, np.sort(human))


def _damaged(path: str | Path, reason: str) -> ModelError:
    return ModelError(f"{path} is no index of a training corpus: {reason}", hint="install the model again")
