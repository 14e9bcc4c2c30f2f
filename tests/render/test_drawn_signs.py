"""Signs of a score by their SMuFL glyphs: accidentals as a player expects them, and what stands at a note."""

from __future__ import annotations

import dataclasses
from collections import Counter
from fractions import Fraction

import pytest

from canzona.errors import UsageError
from canzona.render import Layout, engrave
from canzona.score import Attachment, Barline, Grace, Key, Meter, Note, Pitch, Tune
from canzona.score.tune import standard_signature
from drawn_page import DrawnPage, Mark, drawn, letters
from melodies import jig, melody, star

F = Fraction
ACCIDENTALS = {"E260": "b", "E261": "n", "E262": "#", "E263": "x", "E264": "bb"}
FOUR = Meter(4, 4)


def in_key(text: str, fifths: int = 0, bars: str = "4 8 12") -> Tune:
    """A melody in 4/4 with a signature; sharps as `f#4`, flats as `bb4`, naturals bare."""
    return Tune(
        melody(text),
        tuple(Barline(F(at), place + 2) for place, at in enumerate(bars.split())),
        ((F(0), Key(signature=standard_signature(fifths))),),
        ((F(0), FOUR),),
    )


def accidentals(tune: Tune) -> str:
    """The accidentals at notes, in their order; those of the signature are left out."""
    page = drawn(tune, width=300)
    notes = sorted(page.within("note"), key=lambda marks: min(mark.x for mark in marks))
    return " ".join(
        "".join(ACCIDENTALS[mark.glyph] for mark in marks if mark.glyph in ACCIDENTALS) or "."
        for marks in notes
    )


def with_sign(kind: str, text: str, number: int = 1) -> Tune:
    sign = Attachment(kind, text, number)  # type: ignore[arg-type]
    notes = list(melody("g4 a4 b4 c5"))
    notes[1] = dataclasses.replace(notes[1], attachments=(sign,))
    return Tune(tuple(notes), (Barline(F(4), kind="final"),), meters=((F(0), FOUR),))


def glyphs(page: DrawnPage) -> Counter[str]:
    return Counter(mark.glyph for mark in page.marks)


def staff(page: DrawnPage) -> tuple[float, float]:
    """The upper and the lower line of the only system."""
    [system] = page.within("system")
    heights = [
        m.y for m in system if len(m.points) == 2 and m.points[1][1] == m.y and m.points[1][0] - m.x > 600
    ]
    return min(heights), max(heights)


@pytest.mark.parametrize(
    ("text", "fifths", "expected"),
    [
        ("c4 f#4 f#4 c4", 0, ". # . ."),
        ("c4 f#4 f4 c4", 0, ". # n ."),
        ("f#4 f4 f#4 f4", 0, "# n # n"),
        ("f#4 f#4 f#4 f#4", 1, ". . . ."),
        ("f4 f#4 f#4 f4", 1, "n # . n"),
        ("f4 f4 g4 a4", 1, "n . . ."),
        ("f#4 c4 c4 c4 f#4 c4 c4 c4", 0, "# . . . # . . ."),
        ("f#4 c4 c4 c4 f#4 f4 c4 c4", 0, "# . . . # n . ."),
        ("f#4 f#5 f#4 f#5", 0, "# # . ."),
        ("b4 bb4 bb4 b4", 0, ". b . n"),
        ("eb4 bb4 ab4 e4", -3, ". . . n"),
        ("d#5 d5 db5 d5", 0, "# n b n"),
        ("f#4 r:1 f#4 f4", 0, "# . n"),
    ],
    ids=[
        "a sharp holds", "a natural takes it back", "to and fro", "the signature suffices",
        "against the signature", "a natural holds", "a bar line ends it", "the next bar begins anew",
        "each octave for itself", "a flat", "three flats", "all ways", "over a rest",
    ],
)  # fmt: skip
def test_accidentals_last_to_the_bar(text: str, fifths: int, expected: str) -> None:
    assert accidentals(in_key(text, fifths)) == expected


def test_an_accidental_is_not_repeated_on_a_tied_note() -> None:
    page = drawn(in_key("c4:3 f#4:2 c4:3"), width=300)
    assert glyphs(page)["E262"] == 1
    assert glyphs(page)["E0A4"] >= 2


@pytest.mark.parametrize(
    ("alter", "glyph"),
    [("1", "E262"), ("-1", "E260"), ("2", "E263"), ("-2", "E264"), ("1/2", "E282"), ("-1/2", "E280")],
)
def test_signs_of_alterations(alter: str, glyph: str) -> None:
    tune = Tune((Note(F(0), F(4), Pitch("A", F(alter), 4)),), meters=((F(0), FOUR),))
    assert glyphs(drawn(tune))[glyph] == 1


SIGNS = [
    ("ornament", "trill", {"E566"}, "above"),
    ("ornament", "mordent", {"E56D"}, "above"),
    ("ornament", "inverted-mordent", {"E56C"}, "above"),
    ("ornament", "turn", {"E567"}, "above"),
    ("fermata", "fermata", {"E4C0"}, "above"),
    ("articulation", "staccato", {"E4A2", "E4A3"}, "near"),
    ("articulation", "tenuto", {"E4A4", "E4A5"}, "near"),
    ("articulation", "accent", {"E4A0", "E4A1"}, "near"),
    ("articulation", "strong-accent", {"E4AC", "E4AD"}, "near"),
    ("articulation", "breath-mark", {"E4CE"}, "above"),
    ("dynamic", "p", {"E520", "mE520"}, "below"),
    ("dynamic", "f", {"E522", "mE522"}, "below"),
]


@pytest.mark.parametrize(("kind", "text", "signs", "place"), SIGNS, ids=[text for _, text, _, _ in SIGNS])
def test_signs_at_a_note(kind: str, text: str, signs: set[str], place: str) -> None:
    plain, page = (
        drawn(with_sign("text", "x").replace(notes=melody("g4 a4 b4 c5"))),
        drawn(with_sign(kind, text)),
    )
    assert not signs & set(glyphs(plain))
    [mark] = [mark for mark in page.marks if mark.glyph in signs]
    upper, lower = staff(page)
    heads = sorted((each.x, each.y) for each in page.marks if each.glyph == "E0A4")
    assert heads[0][0] < mark.x < heads[3][0]
    if place == "above":
        assert mark.y <= upper + 20
    elif place == "below":
        assert mark.y > lower
    else:
        assert abs(mark.y - heads[1][1]) < 700


@pytest.mark.parametrize("text", ["dolce", "Fine", "D.C. al Coda", "très doux"])
def test_words_at_a_note(text: str) -> None:
    page = drawn(with_sign("text", text))
    found = [mark for mark in page.marks if mark.glyph[:1] in ("r", "i", "b") and len(mark.glyph) < 6]
    assert letters(found) == text.replace(" ", "")


def test_long_words_are_cut_and_stay_on_the_page() -> None:
    page = drawn(with_sign("text", "with a great deal of expression " * 10))
    assert max(mark.x for mark in page.marks) <= page.width


@pytest.mark.parametrize(("chord", "shown"), [("Am7", "Am7"), ("G", "G"), ("D/F#", "D/F"), ("N.C.", "N.C.")])
def test_chord_symbols_stand_above(chord: str, shown: str) -> None:
    page = drawn(with_sign("chord", chord))
    found = [mark for mark in page.marks if mark.glyph[:1] in ("r", "i", "b") and len(mark.glyph) < 6]
    assert letters(found).startswith(shown[:1])
    assert set(shown) <= set(letters(found)) | {"#"}
    assert max(mark.y for mark in found) < staff(page)[0] + 20


def test_verses_stand_below_one_another() -> None:
    signs = tuple(Attachment("lyric", word, verse) for verse, word in ((1, "la"), (2, "lo"), (3, "lu")))
    tune = Tune((Note(F(0), F(4), Pitch("B", F(0), 4), attachments=signs),), meters=((F(0), FOUR),))
    heights = {mark.glyph: mark.y for mark in drawn(tune).marks if mark.glyph in ("r61", "r6F", "r75")}
    assert heights["r61"] < heights["r6F"] < heights["r75"]


def test_a_tempo_stands_above_as_a_note_and_a_number() -> None:
    page = drawn(star().replace(tempo=F(96)))
    assert "96" in letters([mark for mark in page.marks if mark.glyph[1:] in ("39", "36")])


def test_grace_notes_are_smaller_and_before_their_note() -> None:
    graced = Note(F(0), F(4), Pitch("G", F(0), 4), graces=(Grace(Pitch("A", F(0), 4)),))
    page = drawn(Tune((graced,), meters=((F(0), FOUR),)))
    small = [mark for mark in page.marks if mark.glyph == "E0A4"]
    [large] = [mark for mark in page.marks if mark.glyph == "E0A2"]
    assert len(small) == 1
    assert small[0].x < large.x
    assert small[0].y < large.y


@pytest.mark.parametrize(
    ("line", "dots"),
    [({"repeat": "end"}, 2), ({"repeat": "start"}, 2), ({"repeat": "both"}, 4), ({"kind": "double"}, 0)],
    ids=str,
)
def test_dots_of_repeats(line: dict[str, str], dots: int) -> None:
    tune = in_key("c5 c5 c5 c5 c5 c5 c5 c5", bars="8").replace(
        barlines=(Barline(F(4), 2, **line), Barline(F(8), kind="final"))  # type: ignore[arg-type]
    )
    assert glyphs(drawn(tune))["E044"] == dots


def test_endings_are_numbered_above_the_staff() -> None:
    lines = (
        Barline(F(4), 2, ending="1"),
        Barline(F(8), 3, repeat="end", ending="2"),
        Barline(F(12), kind="final"),
    )  # fmt: skip
    page = drawn(in_key(" ".join(["c5"] * 12)).replace(barlines=lines), width=300, bar_numbers=False)
    numbers = [mark for mark in page.marks if mark.glyph in ("b31", "b32", "r31", "r32")]
    assert [mark.glyph[1:] for mark in sorted(numbers, key=lambda mark: mark.x)] == ["31", "32"]
    assert max(mark.y for mark in numbers) < min(mark.y for mark in page.marks if mark.glyph == "E0A4")


def test_a_change_of_meter_and_of_key_is_drawn_at_its_bar() -> None:
    tune = in_key(" ".join(["g4"] * 8), bars="4").replace(
        keys=((F(0), Key("C", 0, "major")), (F(4), Key("D", 0, "major"))),
        meters=((F(0), FOUR), (F(4), Meter(2, 2))),
    )
    page = drawn(tune, width=300)
    heads = sorted(mark.x for mark in page.marks if mark.glyph == "E0A4")
    sharps = [mark.x for mark in page.marks if mark.glyph == "E262"]
    halves = [mark.x for mark in page.marks if mark.glyph == "E082"]
    assert len(sharps) == 2
    assert len(halves) == 2
    assert all(heads[3] < x < heads[4] for x in sharps + halves)


def test_slurs_of_the_source_are_lines_and_phrases_dots() -> None:
    notes = list(melody("(g4 a4 b4 c5)"))
    notes[1] = dataclasses.replace(notes[1], attachments=(Attachment("slur", "start"),))
    notes[2] = dataclasses.replace(notes[2], attachments=(Attachment("slur", "stop"),))
    page = drawn(Tune(tuple(notes), meters=((F(0), FOUR),), phrasing="marked"))
    slurs: list[list[Mark]] = page.within("slur")
    assert sorted(any(mark.dashed for mark in marks) for marks in slurs) == [False, True]
    wide = {any(m.dashed for m in marks): max(p[0] for m in marks for p in m.points) for marks in slurs}
    assert wide[True] > wide[False]


def test_a_phrase_of_one_note_has_no_slur() -> None:
    page = drawn(Tune(melody("(g4) (a4 b4) (c5)"), meters=((F(0), FOUR),), phrasing="marked"))
    assert len(page.within("slur")) == 1


@pytest.mark.parametrize("phrases", ["", "some", "Marked"])
def test_an_unknown_choice_of_phrases_is_refused(phrases: str) -> None:
    with pytest.raises(UsageError, match="marked, all or none"):
        engrave(jig(), "svg", layout=Layout(phrases=phrases))  # type: ignore[arg-type]


def test_no_plain_bar_line_opens_the_staff() -> None:
    """As in print: with one staff the first line is that which ends the first bar."""
    bars = tuple(Barline(F(2 * bar), bar + 1) for bar in range(12))
    numbered = star().replace(barlines=(*bars, Barline(F(24), kind="final")))
    without = numbered.replace(barlines=numbered.barlines[1:])
    assert engrave(numbered, "svg") == engrave(without, "svg")
