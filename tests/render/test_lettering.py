"""Words as outlines."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.render.lettering import outline, width_of


def set_words(svg: str, **style: bool) -> tuple[Element, dict[str, Element]]:
    glyphs: dict[str, Element] = {}
    return outline(ElementTree.fromstring(svg), glyphs, **style), glyphs


def places(drawn: Element) -> list[float]:
    return [float(use.get("transform", "").split("(")[1].split()[0]) for use in drawn.iter("use")]


def test_each_letter_is_one_use_of_one_outline() -> None:
    drawn, glyphs = set_words('<text x="100" y="200" font-size="400">noon</text>')
    assert [use.get("href") for use in drawn] == ["#r6E", "#r6F", "#r6F", "#r6E"]
    assert set(glyphs) == {"r6E", "r6F"}
    assert places(drawn) == sorted(places(drawn)) and places(drawn)[0] == 100


@pytest.mark.parametrize(("anchor", "start"), [("start", 0.0), ("middle", 0.5), ("end", 1.0)])
def test_anchors(anchor: str, start: float) -> None:
    drawn, _ = set_words(f'<text x="5000" y="0" text-anchor="{anchor}" font-size="405">words</text>')
    assert places(drawn)[0] == pytest.approx(5000 - start * width_of("words", 405), abs=1)


def test_a_span_with_a_place_begins_anew() -> None:
    drawn, _ = set_words(
        '<text x="0" y="0" font-size="9"><tspan>a</tspan><tspan x="700" y="8">b</tspan></text>'
    )
    assert places(drawn) == [0, 700]


def test_styles_have_outlines_of_their_own() -> None:
    for markup, style, name in (
        ("", {}, "r61"),
        ('font-style="italic"', {}, "i61"),
        ("", {"bold": True}, "b61"),
    ):
        drawn, _ = set_words(f'<text x="0" y="0" font-size="9" {markup}>a</text>', **style)
        assert drawn[0].get("href") == f"#{name}"


def test_widths_are_those_of_times() -> None:
    assert width_of("n", 1000) == pytest.approx(500, abs=1)
    assert width_of("m", 1000) == pytest.approx(778, abs=1)
    assert width_of("AV", 1000) < width_of("A", 1000) + width_of("V", 1000), "kerned"
    assert width_of("", 1000) == 0


def test_signs_of_music_come_from_the_music_font() -> None:
    drawn, glyphs = set_words(
        '<text x="0" y="0" font-size="720"><tspan font-family="Leipzig">\ue262</tspan></text>'
    )
    assert drawn[0].get("href") == "#mE262"
    assert glyphs["mE262"].get("d", "").startswith("M")


def test_unknown_letters_stay_text_in_place() -> None:
    drawn, _ = set_words('<text x="0" y="7" font-size="100">a歌b</text>')
    assert [child.tag for child in drawn] == ["use", "text", "use"]
    assert drawn[1].text == "歌"


def test_blanks_draw_nothing() -> None:
    assert len(set_words('<text x="0" y="0" font-size="9">  \u00a0</text>')[0]) == 0


@given(st.text(max_size=30))
def test_any_text_is_set(words: str) -> None:
    text = Element("text", {"x": "0", "y": "0", "font-size": "100"})
    text.text = words
    drawn = outline(text, {})
    assert len(drawn) <= len(words)
    assert width_of(words, 100) >= -20 * len(words)
