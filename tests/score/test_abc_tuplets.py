"""Rhythm in ABC: lengths, broken rhythm, tuplets, ties, chords, rests, accidentals from note to note."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import FormatError
from canzona.score import Key, Meter, Note, Pitch, Tune
from canzona.score.abc import read, read_each, write
from notation import ABC_HEAD, abc, lengths, names

SIX_EIGHT = "X:1\nM:6/8\nL:1/8\nK:C\n"


def back(tune: Tune) -> Tune:
    return next(read(write([tune]).data, "", None))


def body(tune: Tune) -> str:
    """What is written after K:."""
    return write([tune]).data.decode().split("\nK:", 1)[1].split("\n", 1)[1].rstrip("\n")


def line(quarters: list[F], meter: Meter) -> Tune:
    """Notes G, A, B, c in turn."""
    notes, now = [], F(0)
    for place, length in enumerate(quarters):
        notes.append(Note(now, length, Pitch("GABC"[place % 4], F(0), 4 + (place % 4 == 3))))
        now += length
    key = Key("C", 0, "major", ())
    return Tune(tuple(notes), keys=((F(0), key),), meters=((F(0), meter),))


@pytest.mark.parametrize(
    ("text", "quarters"),
    [
        ("C", 1), ("C1", 1), ("C2", 2), ("C16", 16), ("C3/2", F(3, 2)), ("C/2", F(1, 2)), ("C/", F(1, 2)),
        ("C//", F(1, 4)), ("C///", F(1, 8)), ("C/4", F(1, 4)), ("C3/4", F(3, 4)), ("C3/", F(3, 2)),
        ("C7/8", F(7, 8)), ("C5//", F(5, 4)), ("C4/3", F(4, 3)), ("C/3", F(1, 3)), ("C,2", 2),
        ("c''/2", F(1, 2)),
        ("^C2", 2), ("[CE]2", 2), ("[C2E2]", 2), ("[C2E2]2", 4), ("[CE]/", F(1, 2)), ("[C/E/]3", F(3, 2)),
        ("z2", 2), ("x2", 2), ("z/", F(1, 2)), ("z3/2", F(3, 2)), ("C-C", 2), ("C/-C/", 1),
    ],
)  # fmt: skip
def test_a_length_counts_in_units(text: str, quarters: F | int) -> None:
    found = abc(f"{text} D")
    assert lengths(found) == [quarters, 1]
    assert found.notes[1].onset == quarters


@pytest.mark.parametrize("unit", ["1/2", "1/4", "1/8", "1/16"])
def test_the_same_music_in_any_unit(unit: str) -> None:
    factor = F(unit) / F(1, 8)
    texts = {F(1): "C", F(2): "C2", F(4): "C4", F(1, 2): "C/2", F(1, 4): "C/4", F(8): "C8"}
    music = " ".join(texts[length / factor] for length in (F(1), F(1), F(2)))
    assert lengths(abc(music, f"X:1\nL:{unit}\nK:C\n")) == [F(1, 2), F(1, 2), F(1)]


@pytest.mark.parametrize(
    ("text", "quarters"),
    [
        pytest.param("C>D", ["3/2", "1/2"], id="dotted"),
        pytest.param("C<D", ["1/2", "3/2"], id="snapped"),
        pytest.param("C>>D", ["7/4", "1/4"], id="double dotted"),
        pytest.param("C<<D", ["1/4", "7/4"], id="double snapped"),
        pytest.param("C>>>D", ["15/8", "1/8"], id="triple dotted"),
        pytest.param("C2>D2", [3, 1], id="longer notes"),
        pytest.param("C>D E<F", ["3/2", "1/2", "1/2", "3/2"], id="two pairs"),
        pytest.param("C > D", ["3/2", "1/2"], id="with blanks around"),
        pytest.param("C>D>E", ["3/2", "3/4", "1/2"], id="a chain"),
        pytest.param("z>D", ["3/2", "1/2"], id="from a rest"),
        pytest.param("C>z", ["3/2", "1/2"], id="to a rest"),
        pytest.param("[CE]>[DF]", ["3/2", "1/2"], id="between chords"),
        pytest.param('C>"Am"D', ["3/2", "1/2"], id="before a chord symbol"),
        pytest.param("C>!trill!D", ["3/2", "1/2"], id="before a sign"),
        pytest.param("(C>D)", ["3/2", "1/2"], id="within a slur"),
        pytest.param("C>(D E)", ["3/2", "1/2", 1], id="before a slur"),
        pytest.param("(3C>DE", [1, "1/3", "2/3"], id="within a triplet"),
        pytest.param("C->C", [2], id="over a tie"),
        pytest.param("C>|D", ["3/2", "1/2"], id="over a bar line"),
        pytest.param("C>D|E>F", ["3/2", "1/2", "3/2", "1/2"], id="in every bar"),
    ],
)
def test_broken_rhythm(text: str, quarters: list[str | int]) -> None:
    assert lengths(abc(text)) == [F(length) for length in quarters]


@given(st.sampled_from([">", "<", ">>", "<<", ">>>", "<<<"]), st.integers(1, 8))
def test_broken_rhythm_keeps_the_length_of_the_pair(signs: str, length: int) -> None:
    first, second = lengths(abc(f"C{length}{signs}D{length}"))
    assert first + second == 2 * length
    assert (first > second) == (signs[0] == ">")


DEFAULTS = [
    ("2/4", {2: 3, 3: 2, 4: 3, 5: 2, 6: 2, 7: 2, 8: 3, 9: 2}),
    ("3/4", {2: 3, 3: 2, 4: 3, 5: 2, 6: 2, 7: 2, 8: 3, 9: 2}),
    ("4/4", {2: 3, 3: 2, 4: 3, 5: 2, 6: 2, 7: 2, 8: 3, 9: 2}),
    ("6/8", {2: 3, 3: 2, 4: 3, 5: 3, 6: 2, 7: 3, 8: 3, 9: 3}),
    ("9/8", {2: 3, 3: 2, 4: 3, 5: 3, 6: 2, 7: 3, 8: 3, 9: 3}),
    ("12/8", {2: 3, 3: 2, 4: 3, 5: 3, 6: 2, 7: 3, 8: 3, 9: 3}),
]


@pytest.mark.parametrize(("meter", "times"), DEFAULTS)
def test_tuplets_by_their_number_alone(meter: str, times: dict[int, int]) -> None:
    """ABC 2.1, section 4.13: p notes in the time of q, which the meter decides for 5, 7 and 9."""
    for p, q in times.items():
        found = abc(f"({p}{'C' * p} D", f"X:1\nM:{meter}\nL:1/8\nK:C\n")
        assert lengths(found) == [F(q, 2 * p)] * p + [F(1, 2)], f"({p}"


@pytest.mark.parametrize(
    ("text", "quarters"),
    [
        pytest.param("(3CDE F", ["2/3"] * 3 + [1], id="a triplet"),
        pytest.param("(3 CDE F", ["2/3"] * 3 + [1], id="a blank after the sign"),
        pytest.param("(3C D E F", ["2/3"] * 3 + [1], id="blanks between"),
        pytest.param("(3:2CDE F", ["2/3"] * 3 + [1], id="its time said"),
        pytest.param("(3:2:3CDE F", ["2/3"] * 3 + [1], id="all said"),
        pytest.param("(3::CDE F", ["2/3"] * 3 + [1], id="colons alone"),
        pytest.param("(3:CDE F", ["2/3"] * 3 + [1], id="a colon alone"),
        pytest.param("(3::2C2D F", ["4/3", "2/3", 1], id="two notes of three parts"),
        pytest.param("(3::4CDE/F/ G", ["2/3", "2/3", "1/3", "1/3", 1], id="four notes"),
        pytest.param("(5:4:5CDEFG A", ["4/5"] * 5 + [1], id="a quintuplet in the time of four"),
        pytest.param("(7:8:7CDEFGAB c", ["8/7"] * 7 + [1], id="seven in the time of eight"),
        pytest.param("(3CzE F", ["2/3"] * 3 + [1], id="a rest within"),
        pytest.param("(3[CE]DE F", ["2/3"] * 3 + [1], id="a chord within"),
        pytest.param("(3C{g}DE F", ["2/3"] * 3 + [1], id="a grace note within"),
        pytest.param("(3C|DE F", ["2/3"] * 3 + [1], id="a bar line within"),
        pytest.param("(3C[K:G]DE F", ["2/3"] * 3 + [1], id="a key change within"),
        pytest.param('(3"Am"C!trill!DE F', ["2/3"] * 3 + [1], id="signs within"),
        pytest.param("(3C-CD E", ["4/3", "2/3", 1], id="a tie within"),
        pytest.param("(3CDE-E", ["2/3", "2/3", "5/3"], id="a tie out of it"),
        pytest.param("(3CDE(3FGA", ["2/3"] * 6, id="one after another"),
        pytest.param("(3C2D2E2", ["4/3"] * 3, id="of longer notes"),
        pytest.param("(3C/D/E/ F", ["1/3"] * 3 + [1], id="of shorter notes"),
        pytest.param("(3CD", ["2/3"] * 2, id="cut off by the end"),
        pytest.param("(2CD", ["3/2"] * 2, id="a duplet"),
        pytest.param("(13:8:13CDEFGABcdefga", ["8/13"] * 13, id="thirteen"),
    ],
)
def test_tuplets(text: str, quarters: list[str | int]) -> None:
    assert lengths(abc(text)) == [F(length) for length in quarters]


def test_a_tuplet_goes_on_over_a_line_end() -> None:
    assert lengths(abc("(3CD\\\nE F")) == [F(2, 3)] * 3 + [1]


@pytest.mark.parametrize("text", ["(0CD", "(3:0CDE", "(3:2:0CDE", "(999999CD"])
def test_a_tuplet_that_is_none_is_refused_with_its_line(text: str) -> None:
    (error,) = read_each((ABC_HEAD + text).encode(), "bad.abc")
    assert isinstance(error, FormatError)
    assert error.line == 6


@pytest.mark.parametrize(
    ("quarters", "text"),
    [
        (["1/3"] * 3 + [3], "(3GAB c6"),
        (["2/3"] * 3 + [2], "(3GAB c2"),
        (["1/6"] * 6 + [3], "(3GAB(3cGA B12"),
        (["1/5"] * 5 + [3], "(5:4:5GABcG A12"),
        (["4/3", "2/3", 2], "(3:2:2G4A2 B4"),
    ],
)
def test_tuplets_are_written_as_tuplets(quarters: list[str | int], text: str) -> None:
    tune = line([F(length) for length in quarters], Meter(4, 4))
    assert body(tune) == text
    assert back(tune) == tune


@given(
    st.lists(
        st.sampled_from([F(2, n) for n in (1, 2, 3, 4, 5, 6, 7, 10, 12, 24)]),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([Meter(4, 4), Meter(6, 8), Meter(3, 4), Meter(0, 1, symbol="X")]),
)  # fmt: skip
def test_any_rhythm_of_tuplets_survives_and_never_needs_a_bar_line_to_close(
    quarters: list[F], meter: Meter
) -> None:
    tune = line(quarters, meter)
    assert lengths(back(tune)) == quarters
    assert write([tune]).losses == ()


@given(st.integers(1, 16), st.integers(1, 24), st.sampled_from([1, 2, 4, 8]))
def test_any_tuplet_by_three_numbers(p: int, q: int, length: int) -> None:
    found = abc(f"({p}:{q}:{p}" + f"C{length}" * p + " D")
    assert lengths(found) == [F(length * q, p)] * p + [1]


@pytest.mark.parametrize(
    ("text", "quarters"),
    [
        pytest.param("C-C", [2], id="a tie"),
        pytest.param("C-|C", [2], id="over a bar line"),
        pytest.param("C-C-|C-C", [4], id="a chain"),
        pytest.param("C -C", [2], id="a blank before"),
        pytest.param("C- C", [2], id="a blank after"),
        pytest.param("C.-C", [2], id="a dotted one"),
        pytest.param("C-\\\nC", [2], id="over a line that goes on"),
        pytest.param("C-\nC", [2], id="over a line end"),
        pytest.param("C-[K:G]C", [2], id="over a key"),
        pytest.param("[CE]-[CE]", [2], id="of a chord"),
        pytest.param("[C-E-][CE]", [2], id="of each note of a chord"),
        pytest.param("(C-C D)", [2, 1], id="within a slur"),
        pytest.param("C-D", [1, 1], id="to another note"),
        pytest.param("C-z", [1, 1], id="to a rest"),
        pytest.param("C-c", [1, 1], id="to another octave"),
        pytest.param("C-^C", [1, 1], id="to another alteration"),
        pytest.param("z-z", [1, 1], id="of rests"),
    ],
)
def test_ties(text: str, quarters: list[int]) -> None:
    found = abc(text)
    assert lengths(found) == quarters
    led_nowhere = (
        "a tie that leads to no equal note" in found.losses or "a tie without a note" in found.losses
    )
    assert led_nowhere == (quarters == [1, 1])


def test_a_tie_at_the_end_of_the_tune_is_said() -> None:
    assert abc("CD-").losses == ("a tie that leads to no equal note",)


@pytest.mark.parametrize(
    ("text", "pitches"),
    [
        pytest.param("^FF|F", "F#4 F#4 F4", id="an accidental lasts to the bar line"),
        pytest.param("^Ff F,", "F#4 F5 F3", id="in its own octave"),
        pytest.param("^F=FF", "F#4 F4 F4", id="until another comes"),
        pytest.param("^F[|]F", "F#4 F4", id="an unseen bar line ends it"),
        pytest.param("^F::F", "F#4 F4", id="a repeat ends it"),
        pytest.param("^F-|FF", "F#4 F4", id="a tie carries it to one note"),
        pytest.param("^F-|F|F", "F#4 F4", id="and not beyond"),
        pytest.param("^^F__B", "F##4 B--4", id="double ones"),
        pytest.param("[K:G]F=FF|F", "F#4 F4 F4 F#4", id="a natural in a key"),
        pytest.param("[K:G]_FF", "F-4 F-4", id="not added to the key's"),
        pytest.param("[K:F]B^B", "B-4 B#4", id="nor taken from it"),
        pytest.param("[^C^E]CE", "E#4 C#4 E#4", id="from within a chord"),
        pytest.param("^F\nF", "F#4 F#4", id="a line end does not end it"),
        pytest.param("^F[K:C]F", "F#4 F4", id="a key does"),
        pytest.param("^F[1F", "F#4 F#4", id="an ending without a bar line does not"),
    ],
)
def test_accidentals(text: str, pitches: str) -> None:
    assert names(abc(text)) == pitches


@given(st.lists(st.sampled_from(["C", "^C", "=C", "_C", "c", "^c", "F", "^F", "=F", "|"]), max_size=16))
def test_what_is_written_needs_no_knowledge_of_how_accidentals_last(signs: list[str]) -> None:
    """Programs differ on whether an accidental holds in other octaves: we write so that both agree."""
    tune = abc("[K:D]" + " ".join(signs) + " C|]")
    text = write([tune]).data.decode()
    octave = next(read(text.encode(), "", None))
    everywhere = next(read(text.replace("\nK:", "\n%%propagate-accidentals pitch\nK:", 1).encode(), "", None))
    assert names(octave) == names(everywhere) == names(tune)


@pytest.mark.parametrize(
    ("text", "bars", "total"),
    [
        ("Z|C4|]", 2, 8), ("Z3|C4|]", 4, 16), ("C4|Z2|C4|]", 4, 16), ("[M:3/4]Z2|[M:2/4]Z|]", 3, 8),
        ("X2|C4|]", 3, 12),
    ],
)  # fmt: skip
def test_bars_of_rest(text: str, bars: int, total: int) -> None:
    found = abc(text)
    assert len(found.bars) == bars
    assert found.duration == total
    assert all(bar.duration == bar.meter.length for bar in found.bars)


def test_bars_of_rest_in_free_meter_are_whole_notes_and_said() -> None:
    found = abc("Z2|C", "X:1\nM:none\nL:1/4\nK:C\n")
    assert lengths(found) == [4, 4, 1]
    assert found.losses == ("bars of rest in free meter, read as whole notes",)


@pytest.mark.parametrize(
    ("text", "pitch"),
    [
        ("[CEG]", "G4"), ("[GEC]", "G4"), ("[Cc]", "C5"), ("[CzG]", "G4"), ("[C]", "C4"), ("[zz]", "r"),
        ("[C^C]", "C#4"), ("[B^B]", "B#4"), ("[cB]", "C5"),
    ],
)  # fmt: skip
def test_of_a_chord_the_upper_note_is_read(text: str, pitch: str) -> None:
    found = abc(f"{text} D")
    assert names(found) == f"{pitch} D4"
    assert lengths(found) == [1, 1]


@pytest.mark.parametrize(
    ("text", "letters"),
    [("C&E|D", "CD"), ("CD&EF|GA", "CDGA"), ("C&E&G|D", "CD"), ("CD & E2 |: G2 & B2 :| A", "CDGA")],
)
def test_an_overlay_is_left_out_to_its_bar_line(text: str, letters: str) -> None:
    found = abc(text)
    assert "".join(name[0] for name in names(found).split()) == letters
    assert found.losses == ("a second voice within the staff (&)",)


def test_six_eight_time_has_two_beats_of_three() -> None:
    found = abc("GAB c2A|G3 (2GA|]", SIX_EIGHT)
    assert [bar.duration for bar in found.bars] == [3, 3]
    assert lengths(found)[-2:] == [F(3, 4), F(3, 4)]


MACROS = [
    ("m:~G = GAG", "~G c", "G4 A4 G4 C5"),
    ("m:k3 = ccc", "k3 d", "C5 C5 C5 D5"),
    ("m:~n = nmn", "~c ~d", "C5 B4 C5 D5 C5 D5"),
    ("m:tn = (3non", "tG", "G4 A4 G4"),
    ("m:rn = nnn", "rC, rc'", "C3 C3 C3 C6 C6 C6"),
    ("m:un = hiz", "uc", "D4 E4 A6"),
]


@pytest.mark.parametrize(("field", "text", "pitches"), MACROS)
def test_macros_stand_for_their_notes(field: str, text: str, pitches: str) -> None:
    assert names(abc(f"{field}\n{text}")) == pitches
    assert names(abc(text, f"X:1\nM:4/4\nL:1/4\n{field}\nK:C\n")) == pitches


def test_a_macro_changes_no_lyrics_and_no_title() -> None:
    found = abc("k D\nw:k k", "X:1\nT:k and k\nL:1/4\nm:k = C\nK:C\n")
    assert found.title == "k and k"
    assert [sign.text for note in found.notes for sign in note.attachments] == ["k", "k"]
