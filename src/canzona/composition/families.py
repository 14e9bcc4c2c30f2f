"""Duplicates and variants among tunes, and splits that keep each family on one side.

Two melodies (rows of steps, see `melody`) are linked when

A. they share an equal run of 18 steps or more, or of 12 or more that is at least 35 % of the
   shorter one (a run counts where some 8 steps of it hold three different values or more), or
B. skipping repeated notes and ignoring rhythm, they share at least 10 patterns of six intervals
   and at least 40 % of the patterns of the one that has fewer, or
C. their whole step row, or whole row of moving intervals, is equal (6 or more), or
D. their titles agree (10 letters or more) and they share two patterns of six intervals.

Families are the connected components of these links. A family of more than 40 tunes is held
together by a chain of passages that everybody sings and is never held out.

Tunes of equal steps are looked at once, so that a folder full of copies costs no more than one.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from canzona.composition.melody import Ints, Melody, gram_ranks, melody_of
from canzona.errors import UsageError
from canzona.score.tune import Tune

LONG_RUN = 18
SHORT_RUN = 12
SHORT_RUN_SHARE = 0.35
SEED = 8
SEED_VALUES = 3
PATTERN = 6
SHARED_PATTERNS = 10
SHARED_PATTERN_SHARE = 0.40
EQUAL_ROW = 6
TITLE_LETTERS = 10
TITLE_PATTERNS = 2
LARGEST_HELD_OUT = 40

_BLOCK = 256
"""Tunes whose shared patterns are counted at a time: bounds the memory, not the result."""


@dataclass(frozen=True, slots=True)
class Families:
    """The families of a set of tunes.

    Attributes
    ----------
    of : name of each tune -> its family, numbered from 0 in the order of the smallest names.
    links : pairs of tunes linked by a rule, counted once for each pair of different step rows.
    """

    of: Mapping[str, int]
    links: int

    def members(self) -> list[list[str]]:
        """The sorted names of each family, at the family's number."""
        found: list[list[str]] = [[] for _ in range(max(self.of.values(), default=-1) + 1)]
        for name, family in sorted(self.of.items()):
            found[family].append(name)
        return found


@dataclass(frozen=True, slots=True)
class Split:
    """Which tunes a split holds out, and how to make it again.

    Attributes
    ----------
    salt, share : a family is held out where SHA-256 of `salt` + its smallest name falls in the
        first `share` of all values.
    tunes, families : how many were split.
    held_out : sorted names of the tunes held out.
    digest : SHA-256 of all names with their families and sides, in hexadecimal digits.
    """

    salt: str
    share: float
    tunes: int
    families: int
    held_out: tuple[str, ...]
    digest: str

    def to_dict(self) -> dict[str, object]:
        """The split as values that JSON knows."""
        return asdict(self) | {"held_out": list(self.held_out)}


def find_families(tunes: Iterable[tuple[str, Tune]]) -> Families:
    """Families among tunes.

    Parameters
    ----------
    tunes : (name, tune) pairs; a name is the path inside the data folder with '/' and, in
        collections, '#n'. Empty tunes are families of their own.

    Raises
    ------
    UsageError : two tunes have one name.
    """
    names: list[str] = []
    titles: list[str] = []
    melodies: list[Melody] = []
    for name, tune in tunes:
        names.append(name)
        titles.append("".join(letter for letter in tune.title.casefold() if letter.isalpha()))
        melodies.append(melody_of(tune))
    if len(set(names)) < len(names):
        raise UsageError("two tunes of a set have the same name", hint="name tunes by path and number")
    groups = _copies(melodies)
    rows = _Rows([melodies[group[0]] for group in groups])
    links = set(_linked_by_runs(rows))
    links.update(_linked_by_patterns(rows))
    links.update(_linked_by_moves(rows))
    links.update(_linked_by_titles(rows, groups, titles))
    roots = _components(len(groups), links)
    return Families(_numbered(names, groups, roots), len(links) + len(names) - len(groups))


def split(families: Families, salt: str, share: float) -> Split:
    """Hold out the families whose hash falls in the first `share` (0 to 1) of all values."""
    if not 0.0 <= share <= 1.0:
        raise UsageError(f"a share of {share} cannot be held out", hint="give a number from 0 to 1")
    members = families.members()
    held = [group for group in members if len(group) <= LARGEST_HELD_OUT and _falls(salt + group[0], share)]
    held_out = tuple(sorted(name for group in held for name in group))
    out = set(held_out)
    lines = (f"{name}\t{group[0]}\t{int(name in out)}\n" for group in members for name in group)
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    return Split(salt, share, len(families.of), len(members), held_out, digest)


def _falls(text: str, share: float) -> bool:
    value = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return value < share * 2**64


class _Rows:
    """All melodies end to end, with the ranks that the rules compare."""

    def __init__(self, melodies: list[Melody]) -> None:
        """Melodies of different step rows."""
        steps = [melody.steps for melody in melodies]
        self.count = len(melodies)
        self.moves = [melody.moves for melody in melodies]
        self.lengths = np.array([len(row) for row in steps], np.int64)
        self.starts = np.concatenate(([0], np.cumsum(self.lengths)))
        self.steps = np.concatenate([np.zeros(0, np.int64), *steps])
        self.owner = np.repeat(np.arange(self.count), self.lengths)
        self.patterns = _pattern_lists(self.moves)


def _copies(melodies: list[Melody]) -> list[list[int]]:
    """Places of melodies with equal step rows (rule C), one list for each row."""
    groups: dict[bytes | int, list[int]] = defaultdict(list)
    for place, melody in enumerate(melodies):
        steps = melody.steps
        groups[steps.tobytes() if len(steps) >= EQUAL_ROW else place].append(place)
    return list(groups.values())


def _linked_by_runs(rows: _Rows) -> Iterator[tuple[int, int]]:
    """Rule A: every run of 12 or more holds a whole run of 12 with a seed in it."""
    places = np.arange(len(rows.steps) - SHORT_RUN + 1)
    if len(places) <= 0:
        return
    grams = gram_ranks(rows.steps, SHORT_RUN)
    inside = (rows.owner[places] == rows.owner[places + SHORT_RUN - 1]) & _seeded(rows.steps)
    places, grams = places[inside], grams[inside]
    order = np.argsort(grams, kind="stable")
    places, grams = places[order], grams[order]
    shift = 1
    while shift < len(places):
        same = np.flatnonzero(grams[shift:] == grams[:-shift])
        if not len(same):
            break
        first, second = places[same], places[same + shift]
        apart = rows.owner[first] != rows.owner[second]
        yield from _long_enough(rows, first[apart], second[apart])
        shift += 1


def _seeded(steps: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether a run of 12 holds 8 steps with three different values, at each place."""
    size = len(steps) - SEED + 1
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(steps, SEED), axis=1)
    varied = (np.diff(windows, axis=1) != 0).sum(axis=1) + 1 >= SEED_VALUES
    found = np.zeros(size - (SHORT_RUN - SEED), np.bool_)
    for shift in range(SHORT_RUN - SEED + 1):
        found |= varied[shift : shift + len(found)]
    return found


def _long_enough(rows: _Rows, first: Ints, second: Ints) -> set[tuple[int, int]]:
    """Pairs of owners whose equal runs at these places are long enough when fully extended."""
    one, two = rows.owner[first], rows.owner[second]
    back = np.minimum(first - rows.starts[one], second - rows.starts[two])
    ahead = np.minimum(rows.starts[one + 1] - first, rows.starts[two + 1] - second)
    need = np.ceil(SHORT_RUN_SHARE * np.minimum(rows.lengths[one], rows.lengths[two]) - 1e-9)
    need = np.clip(need, SHORT_RUN, LONG_RUN).astype(np.int64)
    run = np.full(len(first), SHORT_RUN, np.int64)
    for step, room in ((1, ahead - SHORT_RUN), (-1, back)):
        place = SHORT_RUN - 1 if step > 0 else 0
        alive = np.flatnonzero((run < need) & (room > 0))
        reach = 1
        while len(alive):
            offset = place + step * reach
            alive = alive[rows.steps[first[alive] + offset] == rows.steps[second[alive] + offset]]
            run[alive] += 1
            reach += 1
            alive = alive[(run[alive] < need[alive]) & (reach <= room[alive])]
    good = run >= need
    return _pairs(one[good], two[good])


def _pattern_lists(moves: list[Ints]) -> list[Ints]:
    """The different six-interval patterns of each melody, as sorted ranks over all melodies."""
    joined = np.concatenate([np.zeros(0, np.int64), *moves])
    grams = gram_ranks(joined, PATTERN)
    lists = []
    start = 0
    for row in moves:
        lists.append(np.unique(grams[start : max(start, start + len(row) - PATTERN + 1)]))
        start += len(row)
    return lists


def _linked_by_patterns(rows: _Rows) -> Iterator[tuple[int, int]]:
    """Rule B, by an inverted index from patterns to melodies."""
    sizes = np.array([len(patterns) for patterns in rows.patterns], np.int64)
    patterns = np.concatenate([np.zeros(0, np.int64), *rows.patterns])
    owners = np.repeat(np.arange(rows.count), sizes)
    order = np.argsort(patterns, kind="stable")
    posted = owners[order]
    edges = np.searchsorted(patterns[order], np.arange(int(patterns.max(initial=-1)) + 2))
    ends = np.concatenate(([0], np.cumsum(sizes)))
    for low in range(0, rows.count, _BLOCK):
        high = min(low + _BLOCK, rows.count)
        mine = patterns[ends[low] : ends[high]]
        widths = edges[mine + 1] - edges[mine]
        lists = np.arange(int(widths.sum())) + np.repeat(edges[mine] - (np.cumsum(widths) - widths), widths)
        cells = np.repeat(owners[ends[low] : ends[high]] - low, widths) * rows.count + posted[lists]
        shared = np.bincount(cells, minlength=(high - low) * rows.count).reshape(high - low, rows.count)
        fewer = np.minimum(sizes[low:high, None], sizes[None, :])
        one, two = np.nonzero((shared >= SHARED_PATTERNS) & (shared >= SHARED_PATTERN_SHARE * fewer - 1e-9))
        one = one + low
        yield from _pairs(one[one < two], two[one < two])


def _linked_by_moves(rows: _Rows) -> Iterator[tuple[int, int]]:
    """Rule C for rows of moving intervals; a chain links a group as well as all its pairs."""
    last: dict[bytes, int] = {}
    for place, moves in enumerate(rows.moves):
        if len(moves) >= EQUAL_ROW:
            before = last.get(moves.tobytes())
            if before is not None:
                yield before, place
            last[moves.tobytes()] = place


def _linked_by_titles(rows: _Rows, groups: list[list[int]], titles: list[str]) -> Iterator[tuple[int, int]]:
    """Rule D."""
    called: dict[str, set[int]] = defaultdict(set)
    for row, group in enumerate(groups):
        for place in group:
            if len(titles[place]) >= TITLE_LETTERS:
                called[titles[place]].add(row)
    for found in called.values():
        same = sorted(found)
        if len(same) < 2:
            continue
        patterns = {row: set(rows.patterns[row].tolist()) for row in same}
        for place, one in enumerate(same):
            for two in same[place + 1 :]:
                if len(patterns[one] & patterns[two]) >= TITLE_PATTERNS:
                    yield one, two


def _pairs(one: Ints, two: Ints) -> set[tuple[int, int]]:
    low, high = np.minimum(one, two), np.maximum(one, two)
    return set(zip(low.tolist(), high.tolist(), strict=True))


def _components(count: int, links: Iterable[tuple[int, int]]) -> list[int]:
    """The root of each of `count` places, by union-find with path halving."""
    parent = list(range(count))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for one, two in links:
        low, high = sorted((root(one), root(two)))
        parent[high] = low
    return [root(place) for place in range(count)]


def _numbered(names: list[str], groups: list[list[int]], roots: list[int]) -> dict[str, int]:
    """Family numbers in the order of the families' smallest names."""
    family_of = {place: roots[row] for row, group in enumerate(groups) for place in group}
    numbers: dict[int, int] = {}
    numbered = {}
    for name, place in sorted((name, place) for place, name in enumerate(names)):
        numbered[name] = numbers.setdefault(family_of[place], len(numbers))
    return numbered
