"""Scores as pictures."""

from __future__ import annotations

import re
import struct
import zlib
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings

from canzona.errors import CanzonaError, UsageError
from canzona.render import Layout, engrave
from canzona.score import Attachment, Barline, Key, Meter, Tune
from melodies import jig, melody, star
from pace import within
from strategies import tunes

F = Fraction
GOLDEN = Path(__file__).parent.parent / "golden" / "render"
SVG = "{http://www.w3.org/2000/svg}"


def svg(tune: Tune, **layout: object) -> str:
    [page] = engrave(tune, "svg", layout=Layout(**layout))  # type: ignore[arg-type]
    return page.decode()


def letters(drawn: str) -> str:
    """The words of a score, read back from the names of its outlines."""
    return "".join(chr(int(code, 16)) for code in re.findall(r'href="#[rib]([0-9A-F]+)"', drawn))


def long_tune(notes: int = 1200) -> Tune:
    return Tune(
        melody(" ".join(["c4:1", "e4:1", "g4:1", "e4:1"] * (notes // 4))),
        tuple(Barline(F(4 * bar), bar + 1) for bar in range(1, notes // 4)),
        ((F(0), Key("C", 0, "major")),),
        ((F(0), Meter(4, 4)),),
        records=(("OTL", "A long walk"),),
    )


@pytest.mark.parametrize(("name", "tune"), [("star", star()), ("jig", jig())])
def test_golden_scores(name: str, tune: Tune) -> None:
    import verovio

    golden = GOLDEN / f"{name}.svg"
    made_with = (GOLDEN / "verovio.txt").read_text().strip()
    if not verovio.toolkit().getVersion().startswith(made_with):
        pytest.skip(f"the golden scores were set by Verovio {made_with}")
    assert svg(tune) == golden.read_text(encoding="utf-8")


def test_an_svg_asks_nothing_of_its_viewer() -> None:
    root = ElementTree.fromstring(svg(star()))
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {
        "svg", "title", "metadata", "defs", "g", "use", "path", "polygon", "polyline", "rect", "ellipse"
    }  # fmt: skip
    assert not {"style", "text", "font-family"} & tags
    names = {element.get("id") for element in root.iter() if element.get("id")}
    wanted = {element.get("href", "").removeprefix("#") for element in root.iter(f"{SVG}use")}
    assert wanted == names
    assert "currentColor" in svg(star()) and "#000" not in svg(star())


def test_title_region_composer_and_words_are_drawn() -> None:
    words = letters(svg(star()))
    for expected in ("Ah!vousdirai-je,maman", "Europa,France", "Anonyme", "Ah!vousdi"):
        assert expected in words
    assert letters(svg(star().replace(records=()), header=False)).startswith("Ah!") is True


def test_phrases_are_dotted_slurs() -> None:
    dotted = 'stroke-dasharray="0 72"'
    assert svg(star()).count(dotted) >= 3
    assert dotted not in svg(star(), phrases="none")
    inferred = star().replace(phrasing="inferred")
    assert dotted not in svg(inferred)
    assert svg(inferred, phrases="all").count(dotted) >= 3


def test_slurs_of_the_source_stay_plain_beside_phrases() -> None:
    tune = star()
    notes = list(tune.notes)
    for place, end in ((0, "start"), (2, "stop")):
        note = notes[place]
        notes[place] = type(note)(
            note.onset,
            note.duration,
            note.pitch,
            note.phrase_start,
            note.phrase_end,
            (),
            (Attachment("slur", end, 1),),
        )
    drawn = svg(tune.replace(notes=tuple(notes)))
    assert drawn.count('class="slur"') > drawn.count('stroke-dasharray="0 72"') >= 3


def test_a_repeat_a_pickup_and_beams_are_drawn() -> None:
    drawn = svg(jig())
    assert drawn.count('class="measure"') == 5
    assert drawn.count('href="#E044"') == 2, "the dots of a repeat"
    assert drawn.count('href="#E262"') == 1, "the sharp of G major, though the source states no signature"
    assert drawn.count('class="beam"') == 9
    assert letters(drawn) == "TheIrishWasherwoman"


def test_bar_numbers_can_be_left_out() -> None:
    assert "19" in letters(svg(long_tune(160)))
    assert letters(svg(long_tune(160), bar_numbers=False)) == "Alongwalk"


def test_provenance_stands_in_every_kind() -> None:
    tune = star()
    assert tune.provenance in "".join(ElementTree.fromstring(svg(tune)).find(f"{SVG}metadata").itertext())  # type: ignore[union-attr]
    [png] = engrave(tune, "png")
    assert f"canzona\0{tune.provenance}".encode() in png
    [pdf] = engrave(tune, "pdf")
    assert f"canzona: {tune.provenance}".encode("utf-16-be").hex().encode() in pdf
    for kind in ("svg", "png", "pdf"):
        assert b"canzona" not in engrave(tune.replace(provenance=""), kind)[0]


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_the_same_tune_gives_the_same_bytes(kind: str) -> None:
    assert engrave(star(), kind) == engrave(star(), kind)


def test_a_png_is_sound_and_not_blank() -> None:
    [png] = engrave(star(), "PNG", layout=Layout(dpi=100))
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, kinds, packed = 8, [], b""
    while at < len(png):
        size = struct.unpack(">I", png[at : at + 4])[0]
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert struct.unpack(">I", png[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + body)
        kinds.append(kind)
        packed += body if kind == b"IDAT" else b""
        at += 12 + size
    assert kinds[0] == b"IHDR" and kinds[-1] == b"IEND"
    width, height = struct.unpack(">II", png[16:24])
    assert width == pytest.approx(190 / 25.4 * 100, abs=2)
    pixels = zlib.decompress(packed)
    assert len(set(pixels)) > 20, "greys of the edges"
    assert 100 < height < 700


def test_paper_has_its_size_and_pages_their_numbers() -> None:
    pages = engrave(long_tune(), "svg", layout=Layout(paper="a4"))
    assert len(pages) > 2
    for number, page in enumerate(pages, start=1):
        text = page.decode()
        assert 'width="210mm" height="297mm"' in text
        assert letters(text).endswith(str(number))
    letter = engrave(star(), "svg", layout=Layout(paper="letter"))[0]
    assert b'width="215.9mm" height="279.4mm"' in letter


def test_a_fitting_page_is_as_tall_as_the_score() -> None:
    def height(tune: Tune) -> float:
        return float(re.search(r'height="([0-9.]+)mm"', svg(tune))[1])  # type: ignore[index]

    assert 30 < height(star()) < 120
    assert height(long_tune(400)) > 3 * height(star())


@pytest.mark.parametrize(
    "tune",
    [
        Tune(),
        Tune(records=(("OTL", "A title alone"),)),
        Tune(melody("c4:1 d4:1 e4:1"), meters=((F(0), Meter(0, 1, symbol="X")),)),
        Tune(melody("r:4"), meters=((F(0), Meter(4, 4)),)),
        Tune(melody("c4:4"), records=(("OTL", "<&>\"' \u0000\u0007 漢字 Żółć Ωδή Тест 🎵"),)),
        Tune(melody("c4:4"), records=(("OTL", "long " * 500), ("COM", "x" * 5000), ("ARE", "y" * 5000))),
        Tune(melody("c4:1000")),
        Tune(melody("c-3:1 c9:1")),
    ],
    ids=["empty", "title alone", "free", "rests", "odd letters", "long words", "endless note", "far pitches"],
)
def test_odd_tunes_are_drawn(tune: Tune) -> None:
    for kind in ("svg", "png", "pdf"):
        pages = engrave(tune, kind, layout=Layout(dpi=50))
        assert pages and all(pages)


def test_letters_without_outline_stay_text() -> None:
    drawn = svg(Tune(melody("c4:4"), records=(("OTL", "Lied 歌"),)))
    assert re.search(r"<text[^>]*>歌</text>", drawn)
    assert "Lied" in letters(drawn)


@pytest.mark.parametrize(
    ("to", "layout"),
    [
        ("gif", {}), ("", {}), ("svg", {"size": 10}), ("svg", {"width": 20}), ("png", {"dpi": 5}),
        ("pdf", {"paper": "napkin"}),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(to: str, layout: dict[str, object]) -> None:
    with pytest.raises(UsageError) as error:
        engrave(star(), to, layout=Layout(**layout))  # type: ignore[arg-type]
    assert error.value.hint


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tunes())
def test_any_tune_is_drawn_or_refused(tune: Tune) -> None:
    try:
        [page] = engrave(tune, "svg")
    except CanzonaError:
        return
    ElementTree.fromstring(page)


def test_a_long_tune_is_drawn_in_time() -> None:
    tune = long_tune(1000)
    with within(5):
        engrave(tune, "pdf")
