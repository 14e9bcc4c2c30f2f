"""Time in MusicXML: divisions, note values, tuplets, ties, rests, and the cursor that walks a measure."""

from __future__ import annotations

from fractions import Fraction

import pytest

from canzona.score import Pitch
from canzona.score.musicxml_signs import VALUES
from musicxml_text import ATTRIBUTES, attributes, names, note, score, times, tune_of

F = Fraction

TIE, TIED, UNTIED = '<tie type="start"/>', '<tie type="stop"/><tie type="start"/>', '<tie type="stop"/>'


def typed(kind: str, dots: int = 0, actual: int = 1, normal: int = 1) -> str:
    """The written value of a note: its type, dots, and the ratio of its tuplet."""
    ratio = f"<actual-notes>{actual}</actual-notes><normal-notes>{normal}</normal-notes>"
    tuplet = f"<time-modification>{ratio}</time-modification>" if actual != normal else ""
    return f"<type>{kind}</type>{'<dot/>' * dots}{tuplet}"


def without_duration(name: str, value: str) -> str:
    """A note that tells its length by its written value alone."""
    return note(name, 0, value).replace("<duration>0</duration>", "")


# The standard counts a <duration> in divisions of a quarter note, whatever the meter.


@pytest.mark.parametrize(
    ("divisions", "duration", "quarters"),
    [
        (1, 4, F(4)),
        (4, 1, F(1, 4)),
        (480, 720, F(3, 2)),
        (768, 256, F(1, 3)),
        (10080, 1440, F(1, 7)),
        (256, 1, F(1, 256)),
        ("0.5", 2, F(4)),
        ("4.0", "1.0", F(1, 4)),
        (1, "0.125", F(1, 8)),
        (" 8 ", " 6 ", F(3, 4)),
    ],
)
def test_a_duration_is_counted_in_divisions_of_a_quarter(
    divisions: int | str, duration: int | str, quarters: Fraction
) -> None:
    tune = tune_of(score(attributes(divisions, time="4/4") + note("C4", duration)))
    assert times(tune) == [(F(0), quarters)]


def test_divisions_hold_until_they_change_even_within_a_measure() -> None:
    tune = tune_of(
        score(
            attributes(2) + note("C4", 1) + attributes(4, time="") + note("D4", 1) + note("E4", 5),
            note("F4", 4) + attributes(1, time="") + note("G4", 1),
        )
    )
    assert times(tune) == [
        (F(0), F(1, 2)),
        (F(1, 2), F(1, 4)),
        (F(3, 4), F(5, 4)),
        (F(2), F(1)),
        (F(3), F(1)),
    ]


def test_a_backup_is_counted_in_the_divisions_that_hold_when_it_stands() -> None:
    second = attributes(4, time="") + "<backup><duration>8</duration></backup>"
    tune = tune_of(
        score(ATTRIBUTES + note("C5", 4) + second + note("E4", 8, "<voice>2</voice>"), note("C5", 8))
    )
    assert times(tune) == [(F(0), F(2)), (F(2), F(2))]


def test_without_divisions_a_quarter_counts_one() -> None:
    assert times(tune_of(score(note("C4", 3)))) == [(F(0), F(3))]


@pytest.mark.parametrize(("kind", "quarters"), list(VALUES.items()))
def test_a_note_without_a_duration_has_its_written_value(kind: str, quarters: Fraction) -> None:
    assert times(tune_of(score(ATTRIBUTES + without_duration("C4", typed(kind))))) == [(F(0), quarters)]


@pytest.mark.parametrize(
    ("value", "quarters"),
    [
        (typed("quarter", 1), F(3, 2)),
        (typed("quarter", 2), F(7, 4)),
        (typed("half", 3), F(15, 4)),
        (typed("whole", 4), F(31, 4)),
        (typed("eighth", 0, 3, 2), F(1, 3)),
        (typed("quarter", 0, 5, 4), F(4, 5)),
        (typed("16th", 0, 7, 4), F(1, 7)),
        (typed("eighth", 1, 3, 2), F(1, 2)),
        (typed("quarter", 0, 2, 3), F(3, 2)),
    ],
)
def test_dots_and_tuplets_alter_a_written_value(value: str, quarters: Fraction) -> None:
    assert times(tune_of(score(ATTRIBUTES + without_duration("C4", value))))[0] == (F(0), quarters)


@pytest.mark.parametrize(
    ("divisions", "count", "counts"),
    [
        (2, 3, (1, 0, 1)),
        (4, 3, (1, 1, 2)),
        (4, 3, (2, 1, 1)),
        (8, 3, (3, 3, 2)),
        (8, 5, (2, 1, 2, 1, 2)),
        (16, 5, (3, 3, 3, 3, 4)),
        (16, 7, (2, 2, 2, 2, 2, 3, 3)),
    ],
)
def test_a_tuplet_whose_divisions_were_rounded_is_exact(
    divisions: int, count: int, counts: tuple[int, ...]
) -> None:
    """Programs with few divisions give the notes of a tuplet unequal counts that sum to what it fills."""
    kind, normal = ("eighth", 2) if count == 3 else ("16th", 4)
    content = "".join(note("C4", duration, typed(kind, 0, count, normal)) for duration in counts)
    tune = tune_of(score(attributes(divisions, time="1/4") + content, note("D4", divisions)))
    assert times(tune) == [(F(place, count), F(1, count)) for place in range(count)] + [(F(1), F(1))]


def test_a_rounded_tuplet_of_two_voices_keeps_them_together() -> None:
    triplet = "".join(
        note("C5", duration, "<voice>1</voice>" + typed("eighth", 0, 3, 2)) for duration in (1, 1, 2)
    )
    back = "<backup><duration>4</duration></backup>"
    tune = tune_of(
        score(attributes(4, time="1/4") + triplet + back + note("E4", 4, "<voice>2</voice>"), note("D5", 4))
    )
    assert times(tune) == [(F(0), F(1, 3)), (F(1, 3), F(1, 3)), (F(2, 3), F(1, 3)), (F(1), F(1))]


@pytest.mark.parametrize(
    ("duration", "value"),
    [
        (3, typed("quarter")),  # a swung or hand-edited length
        (1, typed("whole")),
        (8, typed("eighth", 0, 3, 2)),
        (2, typed("colossal")),
        (2, typed("quarter", 0, 0, 2)),
    ],
)
def test_a_duration_that_no_rounding_explains_is_believed(duration: int, value: str) -> None:
    assert times(tune_of(score(attributes(2, time="") + note("C4", duration, value)))) == [
        (F(0), F(duration, 2))
    ]


def test_a_note_without_any_length_is_left_out_and_said() -> None:
    tune = tune_of(score(ATTRIBUTES + note("C4", 0) + note("D4", 4)))
    assert names(tune) == ["D4"]
    assert tune.losses == ("1 notes without a length",)


def test_a_rest_without_any_length_is_no_loss() -> None:
    tune = tune_of(score(ATTRIBUTES + note("r", 0) + note("D4", 4)))
    assert (names(tune), tune.losses) == (["D4"], ())


# Ties.


def test_a_chain_of_ties_over_bar_lines_is_one_note() -> None:
    bars = [note("C4", 4, TIE), note("C4", 4, TIED), note("C4", 4, TIED), note("C4", 4, UNTIED)]
    tune = tune_of(score(ATTRIBUTES + bars[0], *bars[1:]))
    assert times(tune) == [(F(0), F(8))]
    assert len(tune.bars) == 4


def test_two_equal_notes_without_a_tie_stay_two() -> None:
    assert len(tune_of(score(ATTRIBUTES + note("C4", 2) + note("C4", 2))).notes) == 2


@pytest.mark.parametrize(
    "between",
    [
        note("r", 2),
        note("D4", 2),
        "<forward><duration>2</duration></forward>",
        note("C4", 2, before="<cue/>"),
    ],
    ids=["rest", "note", "forward", "cue"],
)
def test_a_tie_reaches_the_next_note_alone(between: str) -> None:
    tune = tune_of(score(ATTRIBUTES + note("C4", 1, TIE) + between + note("C4", 1, UNTIED)))
    assert times(tune)[0] == (F(0), F(1, 2))
    assert times(tune)[-1] == (F(3, 2), F(1, 2))


def test_a_tie_needs_both_its_ends() -> None:
    assert len(tune_of(score(ATTRIBUTES + note("C4", 2, TIE) + note("C4", 2))).notes) == 2
    assert len(tune_of(score(ATTRIBUTES + note("C4", 2) + note("C4", 2, UNTIED))).notes) == 2


@pytest.mark.parametrize("second", ["C#4", "C5", "B#3"])
def test_a_tie_to_a_note_of_another_name_is_none(second: str) -> None:
    assert len(tune_of(score(ATTRIBUTES + note("C4", 2, TIE) + note(second, 2, UNTIED))).notes) == 2


def test_what_stands_at_the_second_of_tied_notes_keeps_its_moment() -> None:
    fermata = "<notations><fermata/></notations>"
    tune = tune_of(score(ATTRIBUTES + note("C4", 4, TIE), note("C4", 4, UNTIED + fermata)))
    assert [(sign.kind, sign.offset) for sign in tune.notes[0].attachments] == [("fermata", F(2))]


def test_tied_notes_of_a_tuplet_and_a_plain_value_are_one_exact_note() -> None:
    triplet = typed("eighth", 0, 3, 2)
    content = note("C4", 1, triplet) + note("D4", 1, triplet) + note("E4", 1, TIE + triplet)
    tune = tune_of(score(attributes(3) + content + note("E4", 3, UNTIED + typed("quarter"))))
    assert times(tune)[-1] == (F(2, 3), F(4, 3))


# Rests, silent bars and gaps.


def test_rests_stay_as_they_are_divided() -> None:
    tune = tune_of(score(ATTRIBUTES + note("r", 1) + note("r", 1) + note("r", 2), note("r", 4)))
    assert times(tune) == [(F(0), F(1, 2)), (F(1, 2), F(1, 2)), (F(1), F(1)), (F(2), F(2))]
    assert tune.is_empty


def test_a_rest_of_a_measure_lasts_as_it_says() -> None:
    whole = note("r", 6).replace("<rest/>", '<rest measure="yes"/>')
    tune = tune_of(score(attributes(2, time="3/4") + whole, note("C4", 6)))
    assert times(tune) == [(F(0), F(3)), (F(3), F(3))]


def test_a_gap_that_a_forward_leaves_is_a_rest() -> None:
    gap = "<forward><duration>1</duration></forward>"
    tune = tune_of(score(ATTRIBUTES + note("C4", 1) + gap + note("D4", 1) + gap))
    assert names(tune) == ["C4", "None", "D4", "None"]
    assert times(tune) == [(F(n, 2), F(1, 2)) for n in range(4)]


def test_a_backup_beyond_the_bar_line_stops_there() -> None:
    far = "<backup><duration>99</duration></backup>"
    tune = tune_of(score(ATTRIBUTES + note("C4", 4), note("D4", 4) + far + note("E3", 4, "<voice>2</voice>")))
    assert times(tune) == [(F(0), F(2)), (F(2), F(2))]


@pytest.mark.parametrize(
    ("time", "length"),
    [("2/4", F(2)), ("6/8", F(3)), ("5/4", F(5)), ("3/2", F(6)), ("", F(4))],
)
def test_an_empty_measure_lasts_as_its_meter(time: str, length: Fraction) -> None:
    tune = tune_of(score(attributes(1, time=time), note("C4", 1)))
    assert times(tune) == [(F(0), length), (length, F(1))]


def test_an_empty_measure_follows_the_last_change_of_meter() -> None:
    change = "<attributes><time><beats>3</beats><beat-type>8</beat-type></time></attributes>"
    tune = tune_of(score(ATTRIBUTES + note("C4", 4), change + note("D4", 3), "", note("E4", 3)))
    assert times(tune)[2] == (F(7, 2), F(3, 2))


def test_measures_are_as_long_as_what_they_hold_whatever_the_meter() -> None:
    tune = tune_of(score(ATTRIBUTES + note("C4", 2), note("D4", 6), note("E4", 3)))
    assert [bar.duration for bar in tune.bars] == [F(1), F(3), F(3, 2)]


def test_a_measure_is_as_long_as_its_longest_voice() -> None:
    back = "<backup><duration>2</duration></backup>"
    low = note("C3", 4, "<voice>2</voice>")
    tune = tune_of(score(ATTRIBUTES + note("C5", 1) * 2 + back + low, note("D5", 2) * 2))
    assert [(n.onset, n.duration, n.is_rest) for n in tune.notes[1:3]] == [
        (F(1, 2), F(1, 2), False),
        (F(1), F(1), True),
    ]


# Grace notes.


def grace(name: str, more: str = "<type>eighth</type>", slash: str = ' slash="yes"') -> str:
    return (
        f"<note><grace{slash}/>{note(name, 1).partition('<note>')[2].partition('<duration>')[0]}{more}</note>"
    )


def test_grace_notes_take_no_time_and_keep_their_order() -> None:
    tune = tune_of(score(ATTRIBUTES + grace("D5") + grace("E5") + note("C5", 4), note("G4", 4)))
    assert times(tune) == [(F(0), F(2)), (F(2), F(2))]
    assert [str(found.pitch) for found in tune.notes[0].graces] == ["D5", "E5"]


@pytest.mark.parametrize(
    ("more", "slash", "value", "slashed"),
    [
        ("<type>16th</type>", ' slash="yes"', F(1, 4), True),
        ("<type>eighth</type>", ' slash="no"', F(1, 2), False),
        ("<type>quarter</type><dot/>", "", F(3, 2), False),
        ("", "", F(1, 2), False),
    ],
)
def test_a_grace_note_has_a_value_and_perhaps_a_slash(
    more: str, slash: str, value: Fraction, slashed: bool
) -> None:
    (found,) = tune_of(score(ATTRIBUTES + grace("D5", more, slash) + note("C5", 4))).notes[0].graces
    assert (found.value, found.slashed) == (value, slashed)


def test_grace_notes_wait_for_the_next_note_of_their_own_voice() -> None:
    back = "<backup><duration>4</duration></backup>"
    ours = grace("D5", "<voice>1</voice>") + note("C5", 2, "<voice>1</voice>") * 2
    theirs = note("C3", 4, "<voice>2</voice>")
    tune = tune_of(score(ATTRIBUTES + theirs + back + ours, note("E5", 4, "<voice>1</voice>")))
    assert [len(n.graces) for n in tune.notes] == [1, 0, 0]


def test_grace_notes_after_a_note_belong_to_the_one_that_follows_across_the_bar_line() -> None:
    tune = tune_of(score(ATTRIBUTES + note("C5", 4) + grace("B4") + grace("C5"), note("D5", 4)))
    assert [str(found.pitch) for found in tune.notes[1].graces] == ["B4", "C5"]
    assert tune.losses == ()


def test_pitches_at_the_edges_of_the_piano_and_beyond() -> None:
    tune = tune_of(score(ATTRIBUTES + note("A0", 1) + note("C8", 1) + note("C9", 1) + note("Cbb4", 1)))
    assert [n.pitch for n in tune.notes] == [
        Pitch("A", F(0), 0),
        Pitch("C", F(0), 8),
        Pitch("C", F(0), 9),
        Pitch("C", F(-2), 4),
    ]
