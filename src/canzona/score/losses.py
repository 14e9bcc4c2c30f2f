"""What a tune lost on its way through a file.

A writer knows what its format lacks, and still is wrong about the rare case. So a writer
reads its own bytes back and compares: what differs is what was lost, neither more nor less,
and a conversion without a stated loss is a conversion without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from canzona.score.tune import Attachment, Note, Tune

_SIGNS = {
    "lyric": "lyrics", "chord": "chord symbols", "slur": "slurs", "ornament": "ornaments",
    "articulation": "articulations", "dynamic": "dynamics", "fermata": "fermatas",
    "tempo": "tempo changes", "text": "directions in words",
}  # fmt: skip

_FIELDS: tuple[tuple[str, Callable[[Tune], object]], ...] = (
    ("bar lines", lambda tune: [(line.onset, line.kind) for line in tune.barlines]),
    ("bar numbers", lambda tune: [(line.number, line.suffix) for line in tune.barlines]),
    ("repeats and endings", lambda tune: [(line.repeat, line.ending) for line in tune.barlines]),
    ("keys", lambda tune: tune.keys),
    ("meters", lambda tune: tune.meters),
    ("section marks", lambda tune: tune.sections),
    ("orders of sections", lambda tune: tune.expansions),
    ("records", lambda tune: tune.records),
    ("comments", lambda tune: tune.comments),
    ("the exact tempo", lambda tune: tune.tempo),
    ("the instrument's name", lambda tune: tune.instrument),
    ("how the file was made", lambda tune: tune.provenance),
)


def differences(tune: Tune, reread: Tune) -> tuple[str, ...]:
    """What of `tune` is missing or changed in `reread`, each in a few words; () where they are equal."""
    found = list(_lost_notes(tune, reread))
    found += [label for label, of in _FIELDS if of(tune) != of(reread)]
    if not found and tune != reread:
        found.append("details")
    return tuple(found)


def _lost_notes(tune: Tune, reread: Tune) -> Iterator[str]:
    if _timing(tune, sounding=True) != _timing(reread, sounding=True):
        yield "exact onsets and durations"
    elif _timing(tune, sounding=False) != _timing(reread, sounding=False):
        yield "how rests are divided"
    ours, theirs = _sounding(tune), _sounding(reread)
    if len(ours) == len(theirs):
        if [_height(note) for note in ours] != [_height(note) for note in theirs]:
            yield "exact pitches"
        elif [note.pitch for note in ours] != [note.pitch for note in theirs]:
            yield "enharmonic spelling"
    if [note.graces for note in ours if note.graces] != [note.graces for note in theirs if note.graces]:
        yield "grace notes"
    if _phrases(tune) != _phrases(reread) or tune.phrasing != reread.phrasing:
        yield "phrase marks"
    yield from _lost_signs(tune, reread)


def _lost_signs(tune: Tune, reread: Tune) -> Iterator[str]:
    lost = False
    for kind, label in _SIGNS.items():
        if _signs(tune, kind) != _signs(reread, kind):
            lost = True
            yield label
    if not lost and _order(tune) != _order(reread):
        yield "the order of signs at a note"


def _sounding(tune: Tune) -> list[Note]:
    return [note for note in tune.notes if note.pitch is not None]


def _height(note: Note) -> Fraction | None:
    return note.pitch.midi if note.pitch is not None else None


def _timing(tune: Tune, *, sounding: bool) -> list[tuple[Fraction, Fraction]]:
    notes = _sounding(tune) if sounding else tune.notes
    return [(note.onset, note.duration) for note in notes]


def _phrases(tune: Tune) -> list[tuple[Fraction, bool, bool]]:
    marked = (note for note in tune.notes if note.phrase_start or note.phrase_end)
    return [(note.onset, note.phrase_start, note.phrase_end) for note in marked]


def _signs(tune: Tune, kind: str) -> list[tuple[Fraction, Attachment]]:
    return [(note.onset, sign) for note in tune.notes for sign in note.attachments if sign.kind == kind]


def _order(tune: Tune) -> list[tuple[Attachment, ...]]:
    return [note.attachments for note in tune.notes if note.attachments]
