"""Ties and graces of **kern: what is one note, what are two, and where marks within a tie end up."""

from __future__ import annotations

import re
from fractions import Fraction as F

import pytest

from canzona.score import Attachment, Barline, Meter, Note, Pitch, Tune
from canzona.score.kern import read, write
from notation import kern, lengths, names, phrase_lengths

C4 = Pitch("C", F(0), 4)


def written(tune: Tune) -> list[str]:
    """Notes and bar lines of a written tune."""
    lines = write([tune]).data.decode().splitlines()
    return [row for row in lines if row[0] not in "!*"]


def crossing(length: F | int, *bars: F | int, unit: int = 4, beats: int = 4) -> Tune:
    """A single note over bar lines."""
    return Tune(
        (Note(F(0), F(length), C4),),
        barlines=tuple(Barline(F(onset), number) for number, onset in enumerate(bars, start=2)),
        meters=((F(0), Meter(beats, unit)),),
        phrasing="none",
    )


@pytest.mark.parametrize(
    ("body", "quarters"),
    [
        pytest.param("[2c\n4c]", [3], id="a dot written as a tie"),
        pytest.param("[4c\n=2\n4c]", [2], id="over a bar line"),
        pytest.param("[4c\n=2\n1c_\n=3\n1c_\n=4\n8c]\n8d", [F(19, 2), F(1, 2)], id="over three bar lines"),
        pytest.param("[8c\n*M3/4\n8c]", [1], id="over a change of meter"),
        pytest.param("[8c\n*k[f#]\n*G:\n8c]", [1], id="over a change of key"),
        pytest.param("[8c\n! held\n8c]", [1], id="over a comment"),
        pytest.param("[8c\n!! held by all\n!!!ONB: held\n8c]", [1], id="over a record"),
        pytest.param("[8c\n.\n8c]", [1], id="over a null token"),
        pytest.param("[8c\n*>B\n8c]", [1], id="into a section"),
        pytest.param("[12c\n6c]", [1], id="within a triplet"),
        pytest.param("[12c\n4c]\n6d", [F(4, 3), F(2, 3)], id="from a triplet to a plain beat"),
        pytest.param("[1c\n3%2c]", [F(20, 3)], id="with a rational duration"),
        pytest.param("[0c\n00c]", [24], id="a breve and a longa"),
        pytest.param("[4c\n4c]\n[4c\n4c]", [2, 2], id="two pairs of one pitch"),
        pytest.param("[4c\n[4c]\n4c]", [3], id="an end and a start on one note"),
        pytest.param("[2r\n=2\n2r]", [4], id="a rest that we write so"),
        pytest.param("2r\n=2\n2r", [2, 2], id="two rests stay two"),
        pytest.param("4c[\n4]c", [2], id="the sign after the letter"),
        pytest.param("[4.c\n8c_L\n8c]J", [F(5, 2)], id="among beams"),
    ],
)
def test_a_tie_makes_one_note_of_two(body: str, quarters: list[F]) -> None:
    found = kern(body)
    assert lengths(found) == quarters
    assert found.losses == ()


@pytest.mark.parametrize(
    ("body", "pitches"),
    [
        pytest.param("[4c\n4d]", "C4 D4", id="another letter"),
        pytest.param("[4c\n4cc]", "C4 C5", id="another octave"),
        pytest.param("[4c\n4c#]", "C4 C#4", id="another alteration"),
        pytest.param("[4d-\n4c#]", "D-4 C#4", id="another spelling of the same key"),
        pytest.param("[4c\n4r]", "C4 r", id="a rest"),
        pytest.param("[4c\n4d\n4c]", "C4 D4 C4", id="a note between"),
        pytest.param("[4c\n4r\n4c]", "C4 r C4", id="a rest between"),
        pytest.param("[4c\n8qd\n4c]", "C4 C4", id="a grace note before the second"),
        pytest.param("4c\n4c]", "C4 C4", id="an end without a start"),
        pytest.param("4c\n4c_\n4d", "C4 C4 D4", id="a middle without a start"),
    ],
)
def test_a_tie_that_leads_nowhere_leaves_two_notes_and_is_said(body: str, pitches: str) -> None:
    found = kern(body)
    assert names(found) == pitches
    assert found.losses == ("tie without its start",)


@pytest.mark.parametrize("body", ["[4c\n4c", "[4c\n[4d\n4d]", "4d\n[4c"])
def test_a_tie_that_is_only_opened_binds_nothing(body: str) -> None:
    found = kern(body)
    tokens = [row for row in body.split("\n") if not row.endswith("]")]
    assert len(found.notes) == len(tokens)


def test_time_goes_on_through_unbalanced_ties() -> None:
    found = kern("*M4/4\n[4c\n4d\n4e]\n=2\n4f_\n4f]\n=3")
    assert [note.onset for note in found.notes] == [0, 1, 2, 3]
    assert found.duration == 5
    assert [line.onset for line in found.barlines] == [3, 5]


def test_a_phrase_that_ends_within_a_tie_ends_with_its_note() -> None:
    for body in ("{4a\n[4c\n4c]}\n{4d\n4e}", "{4a\n[4c}\n4c]\n{4d\n4e}", "{4a\n[4c\n4c_}\n4c]\n{4d\n4e}"):
        assert phrase_lengths(kern(body)) == [2, 2], body


def test_a_phrase_that_begins_on_the_last_note_of_a_tie_begins_with_the_next() -> None:
    found = kern("{4a}\n[4c\n{4c]\n4d\n4e}")
    assert [note.phrase_start for note in found.notes] == [True, False, True, False]
    assert found.losses == ("phrase start within a tied note, moved to the next note",)


def test_marks_of_a_tied_part_keep_their_moment() -> None:
    found = kern("[2c\n=2\n4cT_\n4c;]")
    (note,) = found.notes
    assert note.attachments == (
        Attachment("ornament", "trill", 1, F(2)),
        Attachment("fermata", "fermata", 1, F(3)),
    )


def test_a_slur_that_ends_on_the_end_of_a_tie_ends_on_its_note() -> None:
    found = kern("(4c\n[4d\n=2\n4d])\n4e")
    assert [[(mark.text, mark.offset) for mark in note.attachments] for note in found.notes] == [
        [("start", 0)],
        [("stop", 0)],
        [],
    ]


def test_a_tempo_between_tied_notes_stands_within_the_note() -> None:
    found = kern("*MM60\n[4c\n=2\n*MM90\n4c]\n4d")
    assert found.notes[0].attachments == (Attachment("tempo", "90", 1, F(1)),)
    assert found.notes[1].attachments == ()


def test_a_syllable_under_the_second_half_of_a_tie_keeps_its_moment() -> None:
    found = kern("**kern\t**text\n[4c\tla\n=2\t=2\n4c]\tle\n4d\tlu\n*-\t*-\n")
    assert found.notes[0].attachments == (Attachment("lyric", "la"), Attachment("lyric", "le", 1, F(1)))
    assert found.notes[1].attachments == (Attachment("lyric", "lu"),)


@pytest.mark.parametrize(
    ("body", "pitches"),
    [
        pytest.param("[4c [4e\n4c] 4e]\n4d", "E4 D4", id="both notes are held"),
        pytest.param("4c [4e\n4e]\n4d", "E4 D4", id="the upper one is held alone"),
        pytest.param("[4c 4e\n4c] 4f\n4d", "E4 F4 D4", id="the lower one is held, which is not read"),
    ],
)
def test_of_tied_chords_the_upper_line_counts(body: str, pitches: str) -> None:
    assert names(kern(body)) == pitches


def test_graces_before_a_tie_hang_on_its_first_note() -> None:
    found = kern("8qb\n[4c\n=2\n4c]\n16qqd\n16qqe\n4f")
    assert [[str(grace.pitch) for grace in note.graces] for note in found.notes] == [["B4"], ["D4", "E4"]]
    assert found.duration == 3


@pytest.mark.parametrize(
    ("token", "value", "slashed"),
    [
        ("8qc", F(1, 2), True), ("16qc", F(1, 4), True), ("4qqc", F(1), False), ("qc", F(1, 2), True),
        ("qqc", F(1, 2), False), ("8cq", F(1, 2), True), ("8.ccqq", F(3, 4), False),
    ],
)  # fmt: skip
def test_a_grace_note_has_a_written_value_and_takes_no_time(token: str, value: F, slashed: bool) -> None:
    found = kern(f"{token}\n2d\n2e")
    (grace,) = found.notes[0].graces
    assert (grace.value, grace.slashed, grace.pitch.step) == (value, slashed, "C")
    assert lengths(found) == [2, 2]
    assert found.losses == ()


def test_graces_before_a_rest_and_before_a_bar_line_keep_their_place() -> None:
    found = kern("4c\n8qd\n=2\n4e\n8qf\n4r\n4g")
    assert [len(note.graces) for note in found.notes] == [0, 1, 1, 0]


def test_a_grace_note_may_be_a_chord_of_which_the_upper_is_kept() -> None:
    found = kern("8qc 8qe\n4d")
    assert [str(grace.pitch) for grace in found.notes[0].graces] == ["E4"]
    assert found.losses == ("lower note of a chord",)


def test_what_stands_on_a_grace_note_is_said() -> None:
    assert kern("8qcT\n4d").losses == ("mark on a grace note",)
    assert kern("4c\n8qd}\n4e").losses == ("phrase end on a grace note",)


def test_a_phrase_that_begins_on_a_grace_note_begins_with_its_note() -> None:
    found = kern("{4c\n4d}\n{8qe\n4f\n4g}")
    assert [note.phrase_start for note in found.notes] == [True, False, True, False]
    assert found.losses == ()


@pytest.mark.parametrize(
    ("tune", "rows"),
    [
        pytest.param(crossing(6, 4), ["[1c", "=2", "2c]"], id="over one bar line"),
        pytest.param(crossing(9, 4, 8), ["[1c", "=2", "1c_", "=3", "4c]"], id="a whole bar between"),
        pytest.param(crossing(4, 4), ["1c", "=2"], id="up to the bar line"),
        pytest.param(crossing(F(9, 2), 3, beats=3), ["[2.c", "=2", "4.c]"], id="dotted halves of it"),
        pytest.param(crossing(F(5, 8)), ["[8c", "32c]"], id="no value holds it"),
        pytest.param(crossing(F(7, 2)), ["2..c"], id="two dots hold it"),
        pytest.param(crossing(F(4, 3), F(2, 3)), ["[6c", "=2", "6c]"], id="a triplet over a bar line"),
        pytest.param(crossing(F(3, 4), F(1, 4)), ["[16c", "=2", "8c]"], id="syncopated"),
    ],
)
def test_a_long_note_is_written_in_tied_values(tune: Tune, rows: list[str]) -> None:
    assert [re.sub("[LJKk]", "", row) for row in written(tune)] == rows
    assert next(read(write([tune]).data)) == tune


def test_tied_parts_share_phrase_marks_and_signs_as_one_note() -> None:
    note = Note(
        F(0), F(6), C4, True, True,
        attachments=(Attachment("slur", "start"), Attachment("fermata", "fermata", 1, F(4))),
    )  # fmt: skip
    after = Note(F(6), F(2), C4, attachments=(Attachment("slur", "stop"),))
    tune = Tune((note, after), barlines=(Barline(F(4), 2),), meters=((F(0), Meter(4, 4)),), phrasing="marked")
    assert written(tune) == ["{([1c", "=2", "2c;]}", "2c)"]
    assert next(read(write([tune]).data)) == tune


def test_equal_notes_one_after_another_are_not_tied_by_writing_and_reading() -> None:
    tune = Tune(tuple(Note(F(n), F(1), C4) for n in range(5)), barlines=(Barline(F(4), 2),), phrasing="none")
    assert not any(sign in row for row in written(tune) for sign in "[]_")
    assert len(next(read(write([tune]).data)).notes) == 5


@pytest.mark.parametrize(
    ("body", "bars"),
    [
        pytest.param("*M4/4\n1c\n=2\n2.d\n2e\n=3\n.\n2.f\n=4", [4, 4, 4], id="a note crosses a bar line"),
        pytest.param("*M2/2\n0c\n=2\n.\n=3\n1d\n=4", [4, 4, 4], id="a breve fills two bars"),
        pytest.param("*M2/2\n00r\n=2\n.\n=3\n.\n=4\n.\n=5\n1d\n=6", [4] * 5, id="a rest fills four"),
        pytest.param("*M3/4\n4c\n=1\n2.d\n=2\n2e\n2f\n=3\n.\n2g\n=4", [1, 3, 3, 3], id="after a pickup"),
        pytest.param("*M3/4\n2c\n2d\n=2\n.\n4e\n4f\n=3", [3, 3], id="in the first bar"),
        pytest.param("*M4/4\n1c\n=2\n1d\n=3\n.\n=4", [4, 4], id="a bar in which nothing moves"),
        pytest.param("*M4/4\n1c\n=2\n8qe\n1d\n=3\n.\n1f\n=4", [4, 4, 4], id="a full bar stays as it is"),
        pytest.param("2.d\n2e\n=3\n.\n2.f\n=4", [5, 3], id="no meter says where"),
        pytest.param("*MX\n2.d\n2e\n=3\n.\n2.f\n=4", [5, 3], id="free meter says nothing"),
    ],
)
def test_a_note_that_is_held_over_a_bar_line_without_a_tie(body: str, bars: list[int]) -> None:
    """Editions of early music write one long note and a null token in the next bar."""
    found = kern(body)
    assert [bar.duration for bar in found.bars] == bars
    assert len(found.barlines) == sum(row.startswith("=") for row in body.split("\n"))
    assert next(read(write([found]).data)) == found


def test_what_changes_at_such_a_bar_line_changes_within_the_note() -> None:
    found = kern("*M4/4\n1c\n=2\n2.d\n2e\n=3\n*k[f#]\n*M2/2\n*>B\n.\n2.f\n=4")
    assert [onset for onset, _ in found.meters] == [0, 8]
    assert [onset for onset, _ in found.keys] == [8]
    assert [section.onset for section in found.sections] == [8]
    assert [line.onset for line in found.barlines] == [4, 8, 12]
    assert next(read(write([found]).data)) == found


def test_the_words_under_a_note_held_over_a_bar_line_stay_with_their_notes() -> None:
    found = kern("**kern\t**text\n*M2/2\t*\n1c\tla\n=2\t=2\n1.d\tle\n=3\t=3\n.\t.\n2e\tlu\n=4\t=4\n*-\t*-\n")
    assert [[sign.text for sign in note.attachments] for note in found.notes] == [["la"], ["le"], ["lu"]]
    assert [bar.duration for bar in found.bars] == [4, 4, 4]
