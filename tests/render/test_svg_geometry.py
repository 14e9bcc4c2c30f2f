"""Where notes, systems and words lie on an engraved page: as an engraver would check it with a ruler."""

from __future__ import annotations

import itertools
import unicodedata
from fractions import Fraction
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.render import Layout, engrave
from canzona.score import Attachment, Barline, Key, Meter, Note, Pitch, Tune
from canzona.score.transpose import transpose
from drawn_page import DrawnPage, Mark, drawn, letters, read_svg
from melodies import jig, melody, star
from strategies import plain_tunes

F = Fraction
NOTEHEADS = {"E0A0", "E0A2", "E0A3", "E0A4"}
"""SMuFL: double whole, whole, half and black noteheads."""

RESTS = {"E4E3": F(4), "E4E4": F(2), "E4E5": F(1), "E4E6": F(1, 2), "E4E7": F(1, 4)}
TIMES = {"E080", "E081", "E082", "E083", "E084", "E085", "E086", "E087", "E088", "E089", "E08A", "E08B"}
REGION = "Europa, Mitteleuropa, Deutschland, Nordrhein-Westfalen, Westfalen, Kreis Olpe, Drolshagen, Bleche"
COMPOSER = "Johann Sebastian Maximilian von Hohenzollern-Sigmaringen, in the setting of another hand"
LONG = "The old man of the mountain who went to the market and never came back to his wife again "


def walk(bars: int, *, words: str = "A walk") -> Tune:
    """Bars of four quarter notes."""
    return Tune(
        melody(" ".join(["c4 e4 g4 c5"] * bars)),
        (*(Barline(F(4 * bar), bar + 1) for bar in range(1, bars)), Barline(F(4 * bars), kind="final")),
        ((F(0), Key("C", 0, "major")),),
        ((F(0), Meter(4, 4)),),
        records=(("OTL", words),),
    )


def titled(title: str, region: str = "", composer: str = "") -> Tune:
    return star().replace(records=(("OTL", title), ("ARE", region), ("COM", composer)))


def heads(page: DrawnPage) -> list[Mark]:
    return [mark for mark in page.marks if mark.glyph in NOTEHEADS]


def staff(system: list[Mark], size: float = 100) -> list[float]:
    """Heights of the lines of a system's staff, from above; short lines are ledger lines."""
    long = [mark for mark in system if mark.tag == "path" and len(mark.points) == 2]
    found = {mark.y for mark in long if mark.points[1][1] == mark.y and mark.points[1][0] - mark.x > 6 * size}
    return sorted(found)


def extent(marks: list[Mark], axis: int) -> tuple[float, float]:
    values = [point[axis] for mark in marks for point in mark.points]
    return min(values), max(values)


def sides(page: DrawnPage) -> tuple[list[Mark], list[Mark]]:
    """The region, which is slanted, and the composer, who stands upright."""
    line = page.lines()[-1]
    return [mark for mark in line if mark.glyph[0] == "i"], [mark for mark in line if mark.glyph[0] == "r"]


LAYOUTS = [
    {}, {"paper": "a4"}, {"paper": "letter"}, {"size": 50}, {"size": 200}, {"width": 80}, {"width": 600},
    {"paper": "a4", "size": 150}, {"header": False}, {"phrases": "all"},
]  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("tune", [star(), jig(), walk(30)], ids=["star", "jig", "walk"])
def test_everything_lies_on_the_page(tune: Tune, layout: dict[str, object]) -> None:
    for svg in engrave(tune, "svg", layout=Layout(**layout)):  # type: ignore[arg-type]
        page = read_svg(svg)
        left, right = extent(page.marks, 0)
        top, bottom = extent(page.marks, 1)
        assert 0 <= left < right <= page.width
        assert 0 <= top < bottom <= page.height


@pytest.mark.parametrize(("paper", "margin"), [("fit", 300), ("a4", 1500), ("letter", 1500)])
def test_staves_and_words_keep_to_the_margins(paper: str, margin: float) -> None:
    page = drawn(titled(LONG, REGION, COMPOSER), paper=paper)
    for system in page.within("system"):
        left, right = extent([mark for mark in system if mark.y in staff(system)], 0)
        assert left == pytest.approx(margin, abs=2)
        assert right <= page.width - margin + 10, "a tenth of a millimetre"
    left, right = extent(page.words(), 0)
    assert left >= margin - 5
    assert right <= page.width - margin


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_systems_do_not_overlap(layout: dict[str, object]) -> None:
    systems = drawn(walk(40), **layout).within("system")
    assert len(systems) >= 2
    for above, below in itertools.pairwise(systems):
        assert extent(above, 1)[1] < extent(below, 1)[0]


@pytest.mark.parametrize("size", [50, 100, 150, 200])
def test_a_staff_has_five_lines_at_the_height_asked_for(size: float) -> None:
    for system in drawn(walk(12), size=size).within("system"):
        lines = staff(system, size)
        assert len(lines) == 5
        assert lines[4] - lines[0] == pytest.approx(680 * size / 100, rel=0.02)
        gaps = [below - above for above, below in itertools.pairwise(lines)]
        assert max(gaps) - min(gaps) <= 1


def test_each_note_has_a_head_and_lies_where_its_pitch_is() -> None:
    """The lower line is E4 in the treble clef; a step is half the distance of two lines."""
    tune = Tune(
        melody("c4 d4 e4 f4 g4 a4 b4 c5 d5 e5 f5 g5 a5"),
        keys=((F(0), Key("C", 0, "major")),),
        meters=((F(0), Meter(0, 1, symbol="X")),),
    )
    page = drawn(tune)
    [system] = page.within("system")
    lines = staff(system)
    step = (lines[4] - lines[0]) / 8
    found = sorted(heads(page), key=lambda mark: mark.x)
    assert len(found) == len(tune.notes)
    for mark, note in zip(found, tune.notes, strict=True):
        assert note.pitch is not None
        above = note.pitch.height - Pitch("E", F(0), 4).height
        assert mark.y == pytest.approx(lines[4] - above * step, abs=2)


@pytest.mark.parametrize("to", ["P8", "-P8", "M2", "P5"])
def test_transposed_notes_move_on_the_staff(to: str) -> None:
    """By as many half spaces as the interval has steps, whatever the clef does, from note to note."""
    before, after = star(), transpose(star(), to)
    found = [sorted(heads(drawn(tune, width=400)), key=lambda mark: mark.x) for tune in (before, after)]
    shapes = [
        [round((b.y - a.y) / 85) for a, b in itertools.pairwise(each)]
        for each in found
    ]  # fmt: skip
    assert shapes[0] == shapes[1]


def test_notes_go_from_left_to_right_in_their_order() -> None:
    page = drawn(walk(20))
    for system in page.within("system"):
        places = [mark.x for mark in system if mark.glyph in NOTEHEADS]
        assert places == sorted(set(places))
    assert len(heads(page)) == 80


def test_longer_notes_take_more_room() -> None:
    tune = Tune(melody("c5:1/2 c5:1/2 c5:1 c5:2 c5:4 c5:4"), meters=((F(0), Meter(12, 4)),))
    places = sorted(mark.x for mark in heads(drawn(tune)))
    gaps = [after - before for before, after in itertools.pairwise(places)]
    assert gaps[1] <= gaps[2] <= gaps[3] <= gaps[4]
    assert gaps[4] > 1.3 * gaps[1]


@pytest.mark.parametrize(
    ("length", "head"), [("1/2", "E0A4"), ("1", "E0A4"), ("2", "E0A3"), ("3", "E0A3"), ("4", "E0A2")]
)
def test_the_head_says_the_value(length: str, head: str) -> None:
    page = drawn(Tune(melody(f"c5:{length}"), meters=((F(0), Meter(4, 4)),)))
    assert [mark.glyph for mark in heads(page)] == [head]


@pytest.mark.parametrize(("glyph", "length"), RESTS.items())
def test_rests_have_their_signs(glyph: str, length: Fraction) -> None:
    tune = Tune(melody(f"c5:4 r:{length} c5:{8 - length}"), meters=((F(0), Meter(12, 4)),))
    assert sum(mark.glyph == glyph for mark in drawn(tune).marks) >= 1
    assert len(heads(drawn(tune))) >= 2


@pytest.mark.parametrize("fifths", range(-7, 8))
def test_a_signature_has_its_signs_on_every_system(fifths: int) -> None:
    tonic = ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"][fifths + 7]
    tune = transpose(walk(4), tonic)
    page = drawn(tune, width=100)
    systems = page.within("system")
    signs = [sum(mark.glyph in ("E260", "E262") for mark in system) for system in systems]
    assert signs == [abs(fifths)] * len(systems)
    sign = "E262" if fifths > 0 else "E260"
    assert all(mark.glyph == sign for mark in page.marks if mark.glyph in ("E260", "E262"))


@pytest.mark.parametrize(
    ("meter", "glyphs"),
    [
        (Meter(3, 4), ["E083", "E084"]), (Meter(6, 8), ["E086", "E088"]),
        (Meter(12, 8), ["E081", "E082", "E088"]), (Meter(4, 4, symbol="c"), ["E08A"]),
        (Meter(2, 2, symbol="c|"), ["E08B"]), (Meter(0, 1, symbol="X"), []),
    ],
    ids=str,
)  # fmt: skip
def test_the_meter_is_drawn_once(meter: Meter, glyphs: list[str]) -> None:
    tune = Tune(melody(" ".join(["c5:1"] * 6)), meters=((F(0), meter),))
    assert sorted(mark.glyph for mark in drawn(tune).marks if mark.glyph in TIMES) == glyphs


def test_a_full_system_reaches_the_margin() -> None:
    systems = drawn(walk(30)).within("system")
    ends = [extent([mark for mark in system if mark.y in staff(system)], 0)[1] for system in systems]
    assert max(ends[:-1]) - min(ends[:-1]) <= 30


def test_no_last_line_holds_a_lone_bar() -> None:
    for bars in range(5, 14):
        page = drawn(walk(bars))
        last = page.within("system")[-1]
        measures = {
            number for mark in last for number in mark.groups if page.groups[number] == "measure"
        }  # fmt: skip
        assert len(measures) > 1


def test_words_lie_below_their_notes() -> None:
    page = drawn(star())
    notes = page.within("note")
    assert letters([mark for mark in notes[0] if mark.glyph.startswith("r")]) == "Ah!"
    for marks in notes[:7]:
        [head] = [mark for mark in marks if mark.glyph in NOTEHEADS]
        syllable = [mark for mark in marks if mark.glyph.startswith("r")]
        assert min(mark.y for mark in syllable) > head.y
        assert abs(syllable[0].x - head.x) < 400
    assert len({mark.y for marks in notes[:7] for mark in marks if mark.glyph.startswith("r")}) == 1


def test_syllables_do_not_run_into_one_another() -> None:
    long = tuple(
        Note(F(n), F(1), Pitch("G", F(0), 4), attachments=(Attachment("lyric", "straight"),))
        for n in range(8)
    )
    page = drawn(Tune(long, meters=((F(0), Meter(4, 4)),)))
    for system in page.within("system"):
        starts = [mark.x for mark in system if mark.glyph == "r73"]
        assert len(starts) >= 2
        assert all(after - before > 1000 for before, after in itertools.pairwise(starts))


def test_the_title_stands_in_the_middle_above_the_rest() -> None:
    for paper in ("fit", "a4"):
        page = drawn(titled("Hallelujah", "Norge", "Grieg"), paper=paper)
        title, *below = page.lines()
        assert letters(title) == "Hallelujah"
        assert sum(extent(title, 0)) / 2 == pytest.approx(page.width / 2, abs=300)
        assert [letters(line) for line in below] == ["NorgeGrieg"]
        assert max(mark.y for mark in page.words()) < min(min(staff(s)) for s in page.within("system"))


def test_region_stands_left_and_composer_right() -> None:
    page = drawn(titled("Song", "Norge", "Grieg"))
    region, composer = sides(page)
    assert letters(region) == "Norge"
    assert letters(composer) == "Grieg"
    assert region[0].x == pytest.approx(300, abs=40)
    assert extent(composer, 0)[1] == pytest.approx(page.width - 300 - 190, abs=80)


@pytest.mark.parametrize("length", [20, 60, 100, 130, 160, 200, 1000])
@pytest.mark.parametrize("paper", ["fit", "a4"])
def test_a_title_of_any_length_fits(length: int, paper: str) -> None:
    page = drawn(titled((LONG * 20)[:length]), paper=paper)
    margin = 300 if paper == "fit" else 1500
    left, right = extent(page.words(), 0)
    assert margin - 5 <= left < right <= page.width - margin
    said = letters(page.lines()[0])
    wanted = (LONG * 20)[:length].replace(" ", "")
    assert wanted.startswith(said.removesuffix("…"))
    assert said == wanted or len(said) > 90


@pytest.mark.parametrize(
    ("region", "composer"), [(REGION, COMPOSER), (REGION * 2, "Anon"), ("Ö", COMPOSER * 3)]
)
@pytest.mark.parametrize("width", [80, 190])
def test_region_and_composer_never_meet(region: str, composer: str, width: float) -> None:
    page = drawn(titled("Song", region, composer), width=width)
    left, right = sides(page)
    assert extent(left, 0)[1] + 200 < extent(right, 0)[0]
    assert extent(page.words(), 0)[1] <= page.width - 300
    for marks, words in ((left, region), (right, composer)):
        assert words.replace(" ", "").startswith(letters(marks).removesuffix("…"))


@pytest.mark.parametrize(
    "words", ["a\x07b", "\x00\x01", "tab\tbed", "line\nbreak", "del\x7f", "\x85next", "\ud800half", "\ufffe"]
)
def test_what_no_svg_can_hold_is_left_out(words: str) -> None:
    notes = (Note(F(0), F(4), Pitch("C", F(0), 5), attachments=(Attachment("lyric", words),)),)
    tune = Tune(notes, records=(("OTL", words), ("ARE", words), ("COM", words)))
    [svg] = engrave(tune, "svg")
    root = ElementTree.fromstring(svg)
    assert root.get("aria-label", "").startswith("Score of")
    for kind in ("png", "pdf"):
        assert engrave(tune, kind, layout=Layout(dpi=40))[0]


@pytest.mark.parametrize("title", ["Žižkův pochod", "Żółć", "Frühling", "Çiçekler", "Ångström", "Señor"])
def test_accents_look_the_same_however_they_are_encoded(title: str) -> None:
    joined, apart = (engrave(titled(unicodedata.normalize(form, title)), "svg")[0] for form in ("NFC", "NFD"))
    body = joined.index(b"<defs>"), apart.index(b"<defs>")
    assert joined[body[0] :] == apart[body[1] :]
    assert b"<text" not in apart


@settings(max_examples=20)
@given(plain_tunes(), st.sampled_from(["fit", "a4"]))
def test_any_plain_tune_lies_on_its_page(tune: Tune, paper: str) -> None:
    for svg in engrave(tune, "svg", layout=Layout(paper=paper)):  # type: ignore[arg-type]
        page = read_svg(svg)
        assert extent(page.marks, 0)[0] >= 0
        assert extent(page.marks, 0)[1] <= page.width
        assert extent(page.marks, 1)[1] <= page.height
        assert len(heads(page)) >= sum(note.pitch is not None for note in tune.notes)
