"""Phrases inferred where a source marks none."""

import dataclasses
from collections.abc import Sequence
from fractions import Fraction as F

from hypothesis import given

from canzona.score import Barline, Meter, Note, Pitch, Section, Tune, infer_phrases
from strategies import tunes


def tune(count: int, *, rests: Sequence[int] = (), **fields: object) -> Tune:
    """Quarter notes in 2/4 with a bar line every two, some of them rests."""
    notes = tuple(
        Note(F(n), F(1), None if n in rests else Pitch("CDEFGAB"[n % 7], F(0), 4)) for n in range(count)
    )
    barlines = tuple(Barline(F(2 * n), n + 1) for n in range((count + 1) // 2))
    return Tune(notes=notes, barlines=barlines, meters=((F(0), Meter(2, 4)),)).replace(**fields)


def sizes(found: Tune) -> list[int]:
    return [len(phrase) for phrase in found.phrases()]


def changed(found: Tune, place: int, **fields: object) -> Tune:
    """The tune with one bar line changed."""
    lines = list(found.barlines)
    lines[place] = dataclasses.replace(lines[place], **fields)  # type: ignore[arg-type]
    return found.replace(barlines=tuple(lines))


def test_marked_phrases_stay() -> None:
    marked = tune(8, phrasing="marked")
    assert infer_phrases(marked) is marked


def test_an_empty_tune_stays_without() -> None:
    empty = tune(2, rests=[0, 1])
    assert infer_phrases(empty).phrasing == "none"
    assert infer_phrases(Tune()) == Tune()


def test_line_ends_cut() -> None:
    found = infer_phrases(tune(12), [F(4), F(8)])
    assert found.phrasing == "inferred"
    assert sizes(found) == [4, 4, 4]
    assert [note.phrase_start for note in found.notes] == [n in (0, 4, 8) for n in range(12)]
    assert [note.phrase_end for note in found.notes] == [n in (3, 7, 11) for n in range(12)]


def test_a_line_end_within_a_note_cuts_nothing() -> None:
    assert sizes(infer_phrases(tune(8), [F(7, 2)])) == [8]


def test_sections_repeats_endings_and_double_bars_cut() -> None:
    assert sizes(infer_phrases(tune(8, sections=(Section(F(0), "A"), Section(F(4), "B"))))) == [4, 4]
    assert sizes(infer_phrases(changed(tune(8), 2, repeat="both"))) == [4, 4]
    assert sizes(infer_phrases(changed(tune(8), 2, kind="double"))) == [4, 4]
    assert sizes(infer_phrases(changed(tune(8), 2, ending="1"))) == [4, 4]
    assert sizes(infer_phrases(changed(tune(8), 2, kind="dashed"))) == [8]


def test_a_rest_of_a_beat_cuts_and_belongs_to_the_phrase_before() -> None:
    assert sizes(infer_phrases(tune(9, rests=[4]))) == [5, 4]
    halves = tuple(
        dataclasses.replace(note, onset=note.onset / 2, duration=F(1, 2)) for note in tune(9, rests=[4]).notes
    )
    short = Tune(notes=halves, meters=((F(0), Meter(2, 4)),))
    assert sizes(infer_phrases(short)) == [9]
    assert sizes(infer_phrases(short.replace(meters=((F(0), Meter(4, 8)),)))) == [5, 4]


def test_two_short_rests_make_a_long_one() -> None:
    notes = [(F(1), "C"), (F(1), "D"), (F(1, 2), ""), (F(1, 2), ""), (F(1), "E"), (F(1), "F")]
    onset, made = F(0), []
    for length, step in notes:
        made.append(Note(onset, length, Pitch(step, F(0), 4) if step else None))
        onset += length
    assert sizes(infer_phrases(Tune(tuple(made), meters=((F(0), Meter(2, 4)),)))) == [4, 2]


def test_a_cut_after_a_single_note_is_dropped() -> None:
    assert sizes(infer_phrases(tune(8), [F(1), F(4), F(5)])) == [4, 4]


def test_a_source_without_lines_is_cut_every_four_bars() -> None:
    assert sizes(infer_phrases(tune(24), None)) == [8, 8, 8]
    assert sizes(infer_phrases(tune(24))) == [24]


def test_such_a_cut_leaves_the_pickup_to_the_next_phrase() -> None:
    lines = tuple(Barline(F(1 + 2 * n), n + 1) for n in range(10))
    found = infer_phrases(tune(20).replace(barlines=lines), None)
    assert found.pickup == 1
    assert sizes(found)[:2] == [8, 8]


@given(tunes())
def test_inferred_marks_are_balanced_and_change_nothing_else(drawn: Tune) -> None:
    bare = drawn.replace(
        notes=tuple(dataclasses.replace(n, phrase_start=False, phrase_end=False) for n in drawn.notes),
        phrasing="none",
    )
    found = infer_phrases(bare, None)
    if bare.is_empty:
        assert found == bare
        return
    starts = [place for place, note in enumerate(found.notes) if note.phrase_start]
    ends = [place for place, note in enumerate(found.notes) if note.phrase_end]
    assert starts[0] == 0
    assert ends == [start - 1 for start in starts[1:]] + [len(found.notes) - 1]
    assert infer_phrases(found, None).notes == found.notes
    assert [(n.onset, n.duration, n.pitch, n.attachments) for n in found.notes] == [
        (n.onset, n.duration, n.pitch, n.attachments) for n in bare.notes
    ]
