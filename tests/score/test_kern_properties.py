"""Laws of reading and writing **kern, checked on generated music and against music21."""

from __future__ import annotations

import dataclasses
import logging
import warnings
from fractions import Fraction as F

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from canzona.score import Barline, Meter, Note, Pitch, Tune
from canzona.score.kern import read, write
from canzona.score.kern_rows import recip
from canzona.score.kern_tokens import duration_of
from notation import kern, names, phrase_lengths
from strategies import plain_tunes, tunes


def text_of(tune: Tune) -> str:
    return write([tune]).data.decode()


def back(tune: Tune) -> Tune:
    return next(read(write([tune]).data))


# A line of notes is written here by hand, so that nothing of the writer is needed to test the reader.

VALUES = {
    "1": F(4), "2": F(2), "2.": F(3), "4": F(1), "4.": F(3, 2), "8": F(1, 2), "8.": F(3, 4), "16": F(1, 4),
    "12": F(1, 3), "6": F(2, 3), "0": F(8), "4..": F(7, 4), "3%2": F(8, 3), "20": F(1, 5),
}  # fmt: skip
PITCHES = {
    "c": "C4", "cc": "C5", "C": "C3", "CC": "C2", "ff#": "F#5", "B-": "B-3", "e--": "E--4", "gn": "G4",
    "AA##": "A##2", "ddd": "D6",
}  # fmt: skip
SIGNS = ["", "'", "~", "^", ";", "T", "L", "J", "/", "\\", "(", ")", "{", "}", "n"]

written_notes = st.tuples(
    st.sampled_from(sorted(VALUES)), st.sampled_from([*sorted(PITCHES), "r"]), st.sampled_from(SIGNS)
)


def token(value: str, name: str, sign: str) -> str:
    if sign == "n" and ("n" in name or "#" in name or "-" in name or name == "r"):
        sign = ""
    return f"{sign}{value}{name}" if sign in ("(", "{") else f"{value}{name}{sign}"


@given(st.lists(written_notes, min_size=1, max_size=25))
def test_each_token_is_one_note_with_its_value_and_pitch(rows: list[tuple[str, str, str]]) -> None:
    found = kern("\n".join(token(*row) for row in rows))
    assert [note.duration for note in found.notes] == [VALUES[value] for value, _, _ in rows]
    assert names(found).split() == [PITCHES.get(name, "r") for _, name, _ in rows]
    assert found.duration == sum(VALUES[value] for value, _, _ in rows)
    assert not [loss for loss in found.losses if "slur" not in loss]


@given(st.lists(written_notes, min_size=2, max_size=20), st.data())
def test_lines_that_say_nothing_change_nothing(rows: list[tuple[str, str, str]], data: st.DataObject) -> None:
    plain = [token(*row) for row in rows]
    padded: list[str] = []
    for row in plain:
        padded += data.draw(st.lists(st.sampled_from(["", ".", "*", "!", "*clefF4", "   "]), max_size=2))
        padded.append(row)
    one, other = kern("\n".join(plain)), kern("\n".join(padded))
    assert one.notes == other.notes
    assert other.comments in ((), ("",) * sum(row == "!" for row in padded))


@given(st.lists(written_notes, min_size=1, max_size=15))
def test_signs_of_a_token_may_stand_in_any_order(rows: list[tuple[str, str, str]]) -> None:
    signed = [(value, name, "" if sign == "n" else sign) for value, name, sign in rows]
    plain = kern("\n".join(token(*row) for row in signed))
    turned = kern("\n".join(f"{name}{sign}{value}" for value, name, sign in signed))
    assert turned.notes == plain.notes


@given(st.lists(written_notes, min_size=1, max_size=12), st.lists(written_notes, min_size=1, max_size=12))
def test_one_after_the_other_is_as_long_as_both(
    first: list[tuple[str, str, str]], second: list[tuple[str, str, str]]
) -> None:
    one, other = (kern("\n".join(token(*row) for row in rows)) for rows in (first, second))
    both = kern("\n".join(token(*row) for row in first + second))
    assert both.duration == one.duration + other.duration
    shifted = [dataclasses.replace(note, onset=note.onset + one.duration) for note in other.notes]
    bare = [dataclasses.replace(n, phrase_start=False, phrase_end=False) for n in (*one.notes, *shifted)]
    assert [dataclasses.replace(n, phrase_start=False, phrase_end=False) for n in both.notes] == bare


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(VALUES)), st.sampled_from(sorted(PITCHES))), min_size=1, max_size=12
    )
)
def test_a_note_cut_in_two_by_a_tie_is_the_same_note(rows: list[tuple[str, str]]) -> None:
    whole = kern("\n".join(f"{value}{name}" for value, name in rows))
    halves = []
    for value, name in rows:
        half = recip(VALUES[value] / 2)
        halves += [f"[{half}{name}", f"{half}{name}]"]
    assert kern("\n".join(halves)) == whole


@given(st.fractions(min_value=F(1, 512), max_value=64, max_denominator=512))
def test_any_value_is_read_as_it_is_written(quarters: F) -> None:
    assert duration_of(recip(quarters) + "c") == quarters


@given(st.lists(st.tuples(st.sampled_from("cdefgab"), st.booleans(), st.booleans()), min_size=1, max_size=20))
def test_phrases_begin_at_braces_and_after_their_ends(rows: list[tuple[str, bool, bool]]) -> None:
    assume(any(opens or closes for _, opens, closes in rows))
    body = "\n".join(f"{'{' * opens}4{letter}{'}' * closes}" for letter, opens, closes in rows)
    expected, fresh = [], True
    for _, opens, closes in rows:
        if fresh or opens:
            expected.append(0)
        expected[-1] += 1
        fresh = closes
    assert phrase_lengths(kern(body)) == expected


# What the writer promises.


@settings(max_examples=60)
@given(tunes())
def test_bars_are_never_crossed_by_an_untied_note(tune: Tune) -> None:
    """Each written note ends at or before the next bar line."""
    now, edges = F(0), {line.onset for line in tune.barlines}
    rows = [row.split("\t") for row in text_of(tune).splitlines() if row[:1] not in "!"]
    column = rows[0].index("**kern")
    clock = rows[0].index("**recip") if "**recip" in rows[0] else column
    for row in rows[1:]:
        if row[0][0] in "*=" or "q" in row[column]:
            continue
        length = duration_of(row[clock])
        assert length is not None
        assert not any(now < edge < now + length for edge in edges)
        now += length
    assert now == tune.duration


@settings(max_examples=60)
@given(tunes())
def test_every_row_has_the_width_of_the_table(tune: Tune) -> None:
    rows = [row for row in text_of(tune).splitlines() if not row.startswith("!!")]
    assert {row.count("\t") for row in rows} == {rows[0].count("\t")}
    assert rows[0].startswith("**")
    assert set(rows[-1].split("\t")) == {"*-"}


@settings(max_examples=60)
@given(plain_tunes())
def test_beams_open_and_close_within_a_bar_and_hold_no_rest(tune: Tune) -> None:
    depth = 0
    for row in text_of(tune).splitlines():
        if row.startswith("="):
            assert depth == 0
        elif row[:1] not in "!*":
            depth += row.count("L") - row.count("J")
            assert depth >= 0
            assert not (depth and "r" in row)
    assert depth == 0


@settings(max_examples=40)
@given(tunes(), st.sampled_from(["violn", "Harfe", "a: b"]), st.sampled_from(["x", "Ü: y", ""]))
def test_renaming_changes_its_own_lines_alone(tune: Tune, instrument: str, title: str) -> None:
    renamed = tune.replace(instrument=instrument, records=(("OTL", title), *tune.records))
    before, after = (
        [row for row in text_of(each).splitlines() if not row.startswith("!!!") and "*I" not in row]
        for each in (tune, renamed)
    )
    assert before == after
    assert (back(renamed).instrument, back(renamed).records) == (renamed.instrument, renamed.records)


@settings(max_examples=40)
@given(tunes(), st.integers(1, 3))
def test_an_octave_up_changes_pitches_alone(tune: Tune, octaves: int) -> None:
    def up(pitch: Pitch | None) -> Pitch | None:
        return dataclasses.replace(pitch, octave=pitch.octave + octaves) if pitch else None

    moved = tune.replace(
        notes=tuple(dataclasses.replace(n, pitch=up(n.pitch), graces=()) for n in tune.notes)
    )
    before, after = back(tune), back(moved)
    assert [note.pitch for note in after.notes] == [up(note.pitch) for note in before.notes]
    pitchless = [
        tuple(dataclasses.replace(note, pitch=None, graces=()) for note in each.notes)
        for each in (before, after)
    ]
    assert pitchless[0] == pitchless[1]
    assert (after.barlines, after.keys, after.meters) == (before.barlines, before.keys, before.meters)


@settings(max_examples=40)
@given(tunes(), st.sampled_from([F(2), F(1, 2), F(4)]))
def test_augmentation_survives_as_the_tune_does(tune: Tune, factor: F) -> None:
    """All times doubled or halved, bar lines too: the same notes at the other times."""
    slow = tune.replace(
        notes=tuple(
            dataclasses.replace(
                note, onset=note.onset * factor, duration=note.duration * factor, attachments=()
            )
            for note in tune.notes
        ),
        barlines=tuple(dataclasses.replace(line, onset=line.onset * factor) for line in tune.barlines),
        keys=tuple((onset * factor, key) for onset, key in tune.keys),
        meters=tuple((onset * factor, meter) for onset, meter in tune.meters),
        sections=tuple(dataclasses.replace(s, onset=s.onset * factor) for s in tune.sections),
    )
    assert back(slow) == slow


@given(st.lists(st.integers(0, 8), min_size=1, max_size=6))
def test_empty_bars_and_bars_of_rest_are_kept(rests: list[int]) -> None:
    notes, lines, now = [], [], F(0)
    for number, count in enumerate(rests, start=1):
        lines.append(Barline(now, number))
        for _ in range(count):
            notes.append(Note(now, F(1)))
            now += 1
    tune = Tune(tuple(notes), tuple(lines), meters=((F(0), Meter(4, 4)),), phrasing="none")
    assert back(tune) == tune
    assert [line.number for line in back(tune).barlines] == list(range(1, len(rests) + 1))


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=12)
@given(plain_tunes())
def test_music21_reads_what_we_write(tune: Tune) -> None:
    music21 = pytest.importorskip("music21", reason="music21 is not installed")
    logging.disable()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            score = music21.converter.parseData(text_of(tune), format="humdrum")
        finally:
            logging.disable(logging.NOTSET)
        part = score.flatten().stripTies()
    theirs = [
        (
            F(note.offset).limit_denominator(960),
            F(note.quarterLength).limit_denominator(960),
            F(note.pitch.ps),
        )
        for note in part.notes
    ]
    ours = [(note.onset, note.duration, note.pitch.midi) for note in tune.notes if note.pitch]
    assert theirs == ours
