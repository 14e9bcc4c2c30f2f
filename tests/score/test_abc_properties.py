"""Laws of reading and writing ABC, checked on generated music."""

from __future__ import annotations

import dataclasses
import re
from fractions import Fraction as F

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from canzona.score import Key, Meter, Note, Pitch, Tune
from canzona.score.abc import read, read_each, write
from canzona.score.abc_fields import parse_key, parse_meter, parse_order, parse_tempo
from canzona.score.tune import MODES, standard_signature
from notation import abc, heard, lengths, names
from strategies import plain_tunes, tunes

# Music written by hand, so that nothing of the writer is needed to test the reader.

PITCHES = {
    "C": "C4", "c": "C5", "C,": "C3", "c'": "C6", "^F": "F#4", "_b": "B-5", "=e": "E5", "__A": "A--4",
    "^^g": "G##5", "D,,": "D2",
}  # fmt: skip
VALUES = {
    "": F(1), "2": F(2), "3": F(3), "/": F(1, 2), "/2": F(1, 2), "3/2": F(3, 2), "//": F(1, 4), "/4": F(1, 4),
    "4": F(4), "7/4": F(7, 4), "3/": F(3, 2), "8": F(8),
}  # fmt: skip

written_notes = st.tuples(st.sampled_from([*sorted(PITCHES), "z"]), st.sampled_from(sorted(VALUES)))
bars_of_notes = st.lists(written_notes, min_size=1, max_size=5)


def music(bars: list[list[tuple[str, str]]], between: str = " ", line: str = "|") -> str:
    return line.join(between.join(name + value for name, value in bar) for bar in bars)


@given(st.lists(bars_of_notes, min_size=1, max_size=6))
def test_each_sign_is_one_note_with_its_length_and_pitch(bars: list[list[tuple[str, str]]]) -> None:
    found = abc(music([bar[:1] for bar in bars]))
    assert names(found).split() == [PITCHES.get(bar[0][0], "r") for bar in bars]
    assert lengths(found) == [VALUES[bar[0][1]] for bar in bars]
    assert found.losses == ()


@given(st.lists(bars_of_notes, min_size=1, max_size=5), st.sampled_from(["", " ", "`", "  ", "\t", " y "]))
def test_spaces_and_spacers_change_nothing(bars: list[list[tuple[str, str]]], between: str) -> None:
    assert abc(music(bars, between)).notes == abc(music(bars)).notes


@given(st.lists(bars_of_notes, min_size=1, max_size=5), st.data())
def test_comments_and_remarks_change_no_note(bars: list[list[tuple[str, str]]], data: st.DataObject) -> None:
    said = ["", "[r:said]", "[I:abc-charset utf-8]", "\\\n"]
    text = "|".join(
        " ".join(name + value for name, value in bar) + data.draw(st.sampled_from(said)) for bar in bars
    )
    assert abc(text).notes == abc(music(bars)).notes


@given(st.lists(bars_of_notes, min_size=1, max_size=5), st.sampled_from(["1/2", "1/4", "1/8", "1/16", "1"]))
def test_the_unit_scales_all_lengths(bars: list[list[tuple[str, str]]], unit: str) -> None:
    text = music(bars)
    quarters = lengths(abc(text, "X:1\nL:1/4\nK:C\n"))
    assert lengths(abc(text, f"X:1\nL:{unit}\nK:C\n")) == [4 * F(unit) * length for length in quarters]


@given(st.lists(bars_of_notes, min_size=1, max_size=4), st.integers(-2, 2))
def test_an_octave_in_the_key_field_moves_every_note(bars: list[list[tuple[str, str]]], octave: int) -> None:
    text = music(bars)
    plain = abc(text).notes
    for moved in (
        abc(text, f"X:1\nM:4/4\nL:1/4\nK:C octave={octave}\n").notes,
        abc(text, f"X:1\nM:4/4\nL:1/4\nK:C\nV:1 octave={octave}\n").notes,
    ):
        assert [
            note.pitch and dataclasses.replace(note.pitch, octave=note.pitch.octave - octave)
            for note in moved
        ] == [note.pitch for note in plain]


@given(st.lists(bars_of_notes, min_size=1, max_size=4), st.lists(bars_of_notes, min_size=1, max_size=4))
def test_tunes_of_a_book_are_read_as_if_alone(
    first: list[list[tuple[str, str]]], second: list[list[tuple[str, str]]]
) -> None:
    texts = [
        f"X:{n}\nT:Tune {n}\nM:3/4\nL:1/4\nK:G\n{music(bars)}|]\n" for n, bars in ((1, first), (2, second))
    ]
    together = list(read("\n".join(texts).encode(), "", None))
    alone = [next(read(text.encode(), "", None)) for text in texts]
    assert [tune.notes for tune in together] == [tune.notes for tune in alone]
    assert [tune.title for tune in together] == ["Tune 1", "Tune 2"]


@given(st.lists(bars_of_notes, min_size=1, max_size=5))
def test_a_note_cut_in_two_by_a_tie_is_the_same_note(bars: list[list[tuple[str, str]]]) -> None:
    whole, halves = [], []
    for bar in bars:
        name, value = bar[0]
        assume(name != "z")
        length = VALUES[value]
        whole.append(f"{name}{length}")
        halves.append(f"{name}{length / 2}-{name.strip('^_=')}{length / 2}")
    assert abc("|".join(halves)).notes == abc("|".join(whole)).notes


@given(st.lists(bars_of_notes, min_size=1, max_size=4), st.integers(1, 3))
def test_a_part_that_is_repeated_sounds_as_if_written_out(
    bars: list[list[tuple[str, str]]], parts: int
) -> None:
    part = music(bars)
    sharp = "[K:D]"
    repeated = abc(sharp + "".join(f"|:{part}:|" for _ in range(parts)))
    out = abc(sharp + "|".join([part] * 2 * parts) + "|")
    assert heard(repeated) == heard(out)
    assert repeated.duration * 2 == out.duration


# What the writer promises.


@settings(max_examples=60)
@given(tunes())
def test_a_written_file_is_abc_line_by_line(tune: Tune) -> None:
    """Each line is a field, a directive, a comment, music, or the blank line after a tune."""
    lines = write([tune]).data.decode().split("\n")
    assert lines[:2][0] == "%abc-2.1"
    assert lines[1].startswith("X:")
    assert lines[-1] == ""
    assert "" not in lines[:-1]
    key = next(place for place, row in enumerate(lines) if row.startswith("K:"))
    assert all(re.match(r"[A-Za-z]:|%", row) for row in lines[:key])


@settings(max_examples=60)
@given(st.lists(plain_tunes(), min_size=1, max_size=4))
def test_tunes_are_written_apart_and_each_as_it_would_be_alone(found: list[Tune]) -> None:
    together = write(found).data.decode().removeprefix("%abc-2.1\n").split("\n\n")
    assert len(together) == len(found)
    for place, (tune, text) in enumerate(zip(found, together, strict=True), start=1):
        alone = write([tune]).data.decode().removeprefix("%abc-2.1\n").rstrip("\n")
        assert re.sub(r"^X:.*\n", "", text.rstrip("\n")) == re.sub(r"^X:.*\n", "", alone)
        assert text.startswith(f"X:{place}\n") or tune.record("SCT")


@settings(max_examples=60)
@given(tunes())
def test_writing_again_what_was_read_gives_the_same_bytes(tune: Tune) -> None:
    data = write([tune]).data
    once = list(read(data, "", None))
    again = write(once).data
    assert write(list(read(again, "", None))).data == again


@settings(max_examples=60)
@given(tunes())
def test_every_bar_is_written_as_long_as_it_is(tune: Tune) -> None:
    """Where a reader that knows nothing of ours puts the bar lines: lines of ours are taken out."""
    text = "\n".join(
        row for row in write([tune]).data.decode().split("\n") if not row.startswith("%%canzona")
    )
    text = re.sub(r"\[(?:I:setbarnb [^\]]*|r:[^\]]*)\]", "", text)
    (bare,) = read(text.encode(), "", None)
    ours = {line.onset for line in tune.barlines if line.onset <= tune.duration}
    theirs = {line.onset for line in bare.barlines}
    assert ours - {0} == theirs - {0}
    assert lengths(bare) == lengths(next(read(write([tune]).data, "", None)))


@given(st.sampled_from("CDEFGAB"), st.integers(-1, 1), st.sampled_from([*MODES, ""]), st.data())
def test_any_key_survives(tonic: str, alter: int, mode: str, data: st.DataObject) -> None:
    key = Key(tonic, alter, mode)
    signature = standard_signature(key.fifths)
    if data.draw(st.booleans()):
        signature = tuple(
            (letter, F(data.draw(st.sampled_from([-1, 1]))))
            for letter in data.draw(st.lists(st.sampled_from("FCGDAEB"), unique=True, max_size=4))
        )
    key = dataclasses.replace(key, signature=signature)
    tune = Tune((Note(F(0), F(4), Pitch("F", F(0), 4)),), keys=((F(0), key),), meters=((F(0), Meter(4, 4)),))
    (again,) = read(write([tune]).data, "", None)
    assert again.notes == tune.notes
    assert again.key is not None
    assert again.key.alterations == key.alterations
    assert (again.key.tonic, again.key.tonic_alter, again.key.mode) == (tonic, alter, mode)


@given(st.text(max_size=40))
def test_fields_are_read_or_refused_with_a_short_word(text: str) -> None:
    for parse in (parse_key, parse_meter, parse_order, lambda field: parse_tempo(field, F(1, 2))):
        try:
            parse(text)
        except ValueError as error:
            assert len(str(error)) < 120
            assert error.__cause__ is None


@settings(max_examples=60)
@given(plain_tunes(), st.integers(1, 4))
def test_a_plain_tune_moved_by_octaves_is_written_alike(tune: Tune, octaves: int) -> None:
    notes = tuple(
        dataclasses.replace(n, pitch=dataclasses.replace(n.pitch, octave=n.pitch.octave + octaves))
        if n.pitch
        else n
        for n in tune.notes
    )

    def bare(each: Tune) -> str:
        return re.sub(r"[',]", "", write([each]).data.decode()).split("\nK:")[1].lower()

    assert bare(tune.replace(notes=notes)) == bare(tune)


@settings(max_examples=100)
@given(plain_tunes(), st.integers(0, 10**6), st.integers(1, 12))
def test_a_file_that_was_cut_off_or_into_is_still_answered(tune: Tune, place: int, length: int) -> None:
    data = write([tune]).data
    at = place % len(data)
    for damaged in (data[:at], data[:at] + data[at + length :], data[at:]):
        for found in read_each(damaged, "cut.abc"):
            assert isinstance(found, Tune) or found.source == "cut.abc"
