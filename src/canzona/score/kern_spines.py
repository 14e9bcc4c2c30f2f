"""Rows and columns of a Humdrum file: which tokens belong to the voice that is read.

A file is a table whose columns (spines) split, join and end on the way. The chosen `**kern`
spine is followed down the table, and with it the spines to its right that sing or label it:
`**text` and `**silbe` (a verse each), chord spines, `**dynam`. Where the voice divides, its
leftmost, upper line is read and the notes of the others are counted as losses. A `**recip`
spine, or another voice, says when a row falls in which the chosen voice holds a note.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from canzona.errors import FormatError, PolyphonyError
from canzona.score.kern_marks import Mark, layout_mark, side_marks
from canzona.score.kern_senses import BadToken
from canzona.score.kern_tokens import MOST_NOTES, NoteToken, duration_of, parse, refuse_too_many
from canzona.score.tune import AttachmentKind

_VERSES = ("**text", "**silbe", "**lyrics", "**lyric")
_CHORDS = ("**mxhm", "**harm", "**chord", "**chords", "**harte", "**jazz")
_KINDS: dict[str, AttachmentKind] = {
    **dict.fromkeys(_VERSES, "lyric"),
    **dict.fromkeys(_CHORDS, "chord"),
    "**dynam": "dynamic",
}
_MOVES = ("*^", "*v", "*+", "*x", "*-")
_SILENT = ("", "*", "!", *_MOVES)
_MOST_NAMES = 12
_MOST_CELLS = 4 * MOST_NOTES
_MARKS = "syllables and signs"


@dataclass(slots=True)
class Voice:
    """One voice of a file.

    `lines` holds its token for each line of the file, '' where there is none; `marks` what
    other spines and layout comments say, each with its time in quarter notes (that of the
    note before where nothing tells it); `comments` its local comments.
    """

    lines: list[str]
    marks: list[tuple[Fraction, Mark]] = field(default_factory=list)
    comments: list[tuple[int, str]] = field(default_factory=list)
    losses: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Spine:
    name: str
    line: int
    cells: list[tuple[int, str]] = field(default_factory=list)
    divided: int = 0

    @property
    def label(self) -> str:
        """The instrument as the head of the spine names it."""
        found = {"name": "", "code": ""}
        for _, token in self.cells:
            if token.startswith('*I"') and token[3:].strip():
                found["name"] = found["name"] or token[3:].strip()
            elif token.startswith("*I") and token[2:3].islower():
                found["code"] = found["code"] or token[2:].strip()
            elif token[:1] not in "*!=":
                break
        return found["name"] or found["code"]


def is_simple(text: str) -> bool:
    """Whether a file seems to be one `**kern` spine without splits and layout, so that lines are tokens."""
    begins = 0 if text.startswith("**") else text.find("\n**") + 1
    return text.startswith("**kern\n", begins) and not any(
        sign in text for sign in ("\n*^", "\n*+", "\n!LO:")
    )


def voice(lines: Sequence[str], source: str, track: str | None) -> Voice:
    """The chosen voice of a file.

    Raises
    ------
    PolyphonyError : there are several `**kern` spines and `track` is None, or names none of them.
    FormatError : the table is broken, or holds no `**kern` spine.
    """
    spines = _spines(lines, source)
    chosen = _choose(spines, source, track)
    spine = spines[chosen]
    found = Voice([""] * len(lines))
    for place, token in spine.cells:
        if token[0] != "!":
            found.lines[place] = token
    if spine.divided:
        found.losses["token of a lower line where the voice divides"] += spine.divided
    refuse_too_many(len(spine.cells), "rows", source, _MOST_CELLS)
    _collect_marks(found, spines, chosen, source)
    return found


def _spines(lines: Sequence[str], source: str) -> list[_Spine]:
    spines: list[_Spine] = []
    columns: list[int] = []
    cells: list[list[tuple[int, str]]] | None = None  # of the columns, while no spine is divided
    for place, line in enumerate(lines):
        if not line or line.startswith("!!") or line.isspace():
            continue
        tokens = line.rstrip(" ").split("\t")
        if not columns:
            _open(spines, tokens, place, source)
            columns = list(range(len(spines)))
            cells = [spine.cells for spine in spines]
            continue
        if len(tokens) != len(columns):
            raise FormatError(
                f"the row has {len(tokens)} tokens where {len(columns)} spines run",
                source=source,
                line=place + 1,
                hint="tokens are parted by one tabulator each",
            )
        if cells is not None and "*" not in line:
            for column, token in zip(cells, tokens, strict=True):
                if token not in _SILENT:
                    column.append((place, token))
            continue
        _file_row(spines, columns, tokens, place)
        if any(token in _MOVES for token in tokens):
            columns = _moved(spines, columns, tokens, place)
            whole = len(columns) == len(set(columns))
            cells = [spines[column].cells for column in columns] if whole else None
    if not spines:
        raise FormatError("the file has no **kern spine", source=source, line=1, hint="give a Humdrum file")
    return spines


def _open(spines: list[_Spine], tokens: list[str], place: int, source: str) -> None:
    """The row that names the spines."""
    if spines:
        raise FormatError(
            "the file goes on after its spines have ended",
            source=source,
            line=place + 1,
            hint="keep one piece in one file",
        )
    wrong = next((token for token in tokens if not token.startswith("**")), None)
    if wrong is not None:
        raise FormatError(
            f"'{wrong[:40]}' stands before any spine begins",
            source=source,
            line=place + 1,
            hint="a Humdrum table begins with names such as **kern",
        )
    spines += [_Spine(token.strip(), place + 1) for token in tokens]


def _file_row(spines: list[_Spine], columns: list[int], tokens: list[str], place: int) -> None:
    """Give each spine the token of its leftmost column; count what stands in its others."""
    seen: set[int] = set()
    for column, token in zip(columns, tokens, strict=True):
        spine = spines[column]
        if column not in seen:
            seen.add(column)
            if token.startswith("**"):
                spine.name = token.strip()
            elif token not in _SILENT:
                spine.cells.append((place, token))
        elif token[:1] not in ("*", "!", "=", ".", ""):
            spine.divided += 1


def _moved(spines: list[_Spine], columns: list[int], tokens: list[str], place: int) -> list[int]:
    """Columns after a row that splits, joins, adds, exchanges or ends some."""
    moved: list[int] = []
    joining = False
    exchanged: list[int] = []
    for column, token in zip(columns, tokens, strict=True):
        if token == "*v" and joining:
            continue
        joining = token == "*v"
        if token == "*-":
            continue
        if token == "*x":
            exchanged.append(len(moved))
        moved.append(column)
        if token == "*^":
            moved.append(column)
        elif token == "*+":
            spines.append(_Spine("", place + 2))
            moved.append(len(spines) - 1)
    for first, second in zip(exchanged[::2], exchanged[1::2], strict=False):
        moved[first], moved[second] = moved[second], moved[first]
    return moved


def _choose(spines: list[_Spine], source: str, track: str | None) -> int:
    voices = [number for number, spine in enumerate(spines) if spine.name == "**kern"]
    if not voices:
        names = ", ".join(sorted({spine.name for spine in spines})[:_MOST_NAMES])
        raise FormatError(
            f"no **kern spine, only {names[:200]}",
            source=source,
            line=spines[0].line,
            hint="give a file with a **kern spine",
        )
    if track is None and len(voices) == 1:
        return voices[0]
    if track is not None:
        wanted = track.strip()
        if wanted.isdecimal() and len(wanted) < 7 and 1 <= int(wanted) <= len(voices):
            return voices[int(wanted) - 1]
        for number in voices:
            if spines[number].label.lower() == wanted.lower() != "":
                return number
    labels = [f"{n} {spines[v].label}".strip() for n, v in enumerate(voices[:_MOST_NAMES], start=1)]
    names = ", ".join(labels) + (" ..." if len(voices) > _MOST_NAMES else "")
    problem = "the file holds" if track is None else f"'{track}' is none of"
    raise PolyphonyError(
        f"{problem} {len(voices)} voice{'s' if len(voices) > 1 else ''} ({names})",
        source=source,
        line=spines[voices[0]].line,
        hint="choose one with --track and its number or name",
    )


def _collect_marks(found: Voice, spines: list[_Spine], chosen: int, source: str) -> None:
    """What the spines to the right, up to the next voice, and the layout comments say."""
    placed = _side_marks(found, spines, chosen, source)
    clocks = [_clock(spines[chosen].cells, source)]
    clocks += [
        _clock(spine.cells, source)
        for number, spine in enumerate(spines)
        if number != chosen and spine.name in ("**kern", "**recip")
    ]
    comments = [(place, token) for place, token in spines[chosen].cells if token[0] == "!"]
    if comments:
        _place_comments(comments, found, placed, spines)
        refuse_too_many(len(placed), _MARKS, source)
    placed.sort(key=lambda item: item[0])
    clock, others = clocks[0], clocks[1:]
    onsets = list(clock)
    for place, mark in placed:
        moment = clock.get(place)
        if moment is None and others:
            moment = next((other[place] for other in others if place in other), None)
        if moment is None:
            found.losses[f"moment of a {mark.kind} within a note"] += 1
            before = bisect_left(onsets, place) - 1
            moment = clock[onsets[before]] if before >= 0 else Fraction(0)
        found.marks.append((moment, mark))


def _place_comments(
    comments: list[tuple[int, str]], found: Voice, placed: list[tuple[int, Mark]], spines: list[_Spine]
) -> None:
    """Local comments: those that lay out a sign are marks of the next row of data."""
    rows = sorted({place for spine in spines for place, token in spine.cells if token[0] not in "*!="})
    for place, token in comments:
        mark = layout_mark(token, found.losses)
        if mark is not None:
            row = bisect_left(rows, place)
            placed.append((rows[row] if row < len(rows) else place, mark))
        elif not token.startswith("!LO:"):
            found.comments.append((place, token[1:].strip()))


def _side_marks(found: Voice, spines: list[_Spine], chosen: int, source: str) -> list[tuple[int, Mark]]:
    """Marks of the spines that follow the chosen voice (those before the first voice are the first's)."""
    placed: list[tuple[int, Mark]] = []
    owner = next(number for number, spine in enumerate(spines) if spine.name == "**kern")
    verses = 0
    for number, spine in enumerate(spines):
        if spine.name in ("**kern", "**recip"):
            owner = number if spine.name == "**kern" else owner
        elif owner == chosen:
            kind = _KINDS.get(spine.name)
            if kind is None:
                found.losses[f"spine '{spine.name[:40]}'"] += 1
                continue
            signs = sum(token[0] not in "*=!" and token != "." for _, token in spine.cells)
            refuse_too_many(len(placed) + signs, _MARKS, source)
            verses += kind == "lyric"
            placed += side_marks(spine.cells, kind, verses if kind == "lyric" else 1, found.losses)
    return placed


def _clock(cells: Sequence[tuple[int, str]], source: str) -> dict[int, Fraction]:
    """Onset in quarter notes of each row in which a spine has a token with a duration."""
    clock: dict[int, Fraction] = {}
    lengths: dict[str, Fraction] = {}
    now = Fraction(0)
    for place, token in cells:
        if token[0] in "*!=" or token == ".":
            continue
        clock[place] = now
        length = lengths.get(token)
        if length is None:
            try:
                length = lengths[token] = _length(token)
            except BadToken as error:
                message, hint = error.args
                raise FormatError(message, source=source, line=place + 1, hint=hint) from None
        now += length
    return clock


def _length(token: str) -> Fraction:
    if token[0].isdigit() and token.rstrip(".").replace("%", "").isdecimal():
        return duration_of(token) or Fraction(0)
    if token == "q":
        return Fraction(0)
    parsed = parse(token)
    return parsed.duration if isinstance(parsed, NoteToken) else Fraction(0)
