"""The PDF writer: a sound file, and the operators that a path means."""

from __future__ import annotations

import re
import zlib
from xml.etree.ElementTree import Element, SubElement

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.render import engrave
from canzona.render.drawing import Page
from canzona.render.pdf import write_pdf
from melodies import star


def page(*shapes: Element) -> Page:
    body = Element("g")
    body.extend(shapes)
    return Page(21000, 29700, {}, body)


def contents(pdf: bytes) -> list[str]:
    streams = re.findall(rb"/Length (\d+) /Filter /FlateDecode >>\nstream\n", pdf)
    starts = [found.end() for found in re.finditer(rb"/FlateDecode >>\nstream\n", pdf)]
    return [
        zlib.decompress(pdf[start : start + int(size)]).decode()
        for start, size in zip(starts, streams, strict=True)
    ]


def drawn(tag: str, **attributes: str) -> str:
    shape = Element(tag, {name.replace("_", "-"): value for name, value in attributes.items()})
    return contents(write_pdf([page(shape)]))[-1].split("\n", 1)[1]


def test_the_table_says_where_each_object_stands() -> None:
    [pdf] = engrave(star(), "pdf")
    start = int(re.search(rb"startxref\n(\d+)\n%%EOF\n$", pdf)[1])  # type: ignore[index]
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n ", pdf[start:])]
    for number, place in enumerate(places, start=1):
        assert pdf[place:].startswith(b"%d 0 obj" % number)
    assert int(re.search(rb"/Size (\d+)", pdf)[1]) == len(places) + 1  # type: ignore[index]


def test_no_font_and_no_date_is_in_it() -> None:
    [pdf] = engrave(star(), "pdf")
    assert b"/Font" not in pdf
    assert b"Date" not in pdf


def test_title_and_author_are_held_in_unicode() -> None:
    pdf = write_pdf([page()], title="Żółć 🎵", author="Łucja")
    for words in ("Żółć 🎵", "Łucja"):
        assert ("\ufeff" + words).encode("utf-16-be").hex().encode() in pdf


@pytest.mark.parametrize(
    ("data", "operators"),
    [
        ("M10 20 L30 40", "10 20 m 30 40 l"),
        ("M10 20l5 5 5 5z", "10 20 m 15 25 l 20 30 l h"),
        ("m1 2h3v-4H0V0", "1 2 m 4 2 l 4 -2 l 0 -2 l 0 0 l"),
        ("M0 0C1 2 3 4 5 6S9 9 10 10", "0 0 m 1 2 3 4 5 6 c 7 8 9 9 10 10 c"),
        ("M0 0c1 2 3 4 5 6s4 3 5 4", "0 0 m 1 2 3 4 5 6 c 7 8 9 9 10 10 c"),
        ("M0 0Q3 3 6 0T12 0", "0 0 m 2 2 4 2 6 0 c 8 -2 10 -2 12 0 c"),
        ("M.5-.5L1e1 2", "0.5 -0.5 m 10 2 l"),
        ("M0 0l1 1zl2 2", "0 0 m 1 1 l h 2 2 l"),
        ("word", ""),
        ("Z 5 5", "h"),
    ],
)
def test_paths(data: str, operators: str) -> None:
    assert drawn("path", d=data).split("\n")[0] == operators


def test_pens_and_fills() -> None:
    assert drawn("rect", x="1", y="2", width="3", height="4") == "1 2 3 4 re\nf"
    line = drawn(
        "polyline", points="0,0 1,1", stroke="black", stroke_width="2", fill="none", stroke_linecap="round"
    )
    assert line == "q\n2 w\n1 J\n0 0 m 1 1 l\nS\nQ"
    dots = drawn("path", d="M0 0L9 0", stroke="b", stroke_width="3", stroke_dasharray="0 72", fill="none")
    assert "[0 72] 0 d" in dots
    assert drawn("polygon", points="0,0 1,0 1,1") == "0 0 m 1 0 l 1 1 l h\nf"
    assert drawn("ellipse", cx="0", cy="0", rx="1", ry="1").count(" c") == 4


def test_transforms_nest() -> None:
    group = Element("g", {"transform": "translate(5, 6) scale(0.5)"})
    SubElement(group, "rect", {"x": "0", "y": "0", "width": "1", "height": "1"})
    text = contents(write_pdf([page(group)]))[-1]
    assert "1 0 0 1 5 6 cm\n0.5 0 0 0.5 0 0 cm\n0 0 1 1 re" in text
    assert text.count("q") == text.count("Q")


def test_a_letter_without_outline_is_a_box() -> None:
    assert drawn("text", x="0", y="0", font_size="100").endswith("f*")


@given(st.text(alphabet="MmLlHhVvCcSsQqTtZz0123456789.-+e ,", max_size=60))
def test_any_path_data_is_written(data: str) -> None:
    write_pdf([page(Element("path", {"d": data}))])
