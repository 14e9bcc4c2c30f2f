"""Our PDF in the eyes of PDFium, the reader of Chromium: pages, ink, information, and no fonts."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

import canzona
from canzona.render import Layout, engrave
from canzona.score import Attachment, Barline, Key, Meter, Note, Tune
from melodies import jig, melody, star
from strategies import plain_tunes

pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed")
F = Fraction
MM = 72 / 25.4


def opened(data: bytes) -> pdfium.PdfDocument:
    return pdfium.PdfDocument(data)


def pdf(tune: Tune, **layout: object) -> pdfium.PdfDocument:
    [data] = engrave(tune, "pdf", layout=Layout(**layout))  # type: ignore[arg-type]
    return opened(data)


def ink(document: pdfium.PdfDocument, number: int = 0, dpi: float = 60) -> np.ndarray:
    """A page in greys: 0 for paper, 1 for black; shape (rows, columns)."""
    bitmap = document[number].render(scale=dpi / 72, grayscale=True)
    return 1 - np.asarray(bitmap.to_numpy(), float).reshape(bitmap.height, bitmap.width) / 255


def walk(bars: int) -> Tune:
    return Tune(
        melody(" ".join(["c4 e4 g4 c5"] * bars)),
        tuple(Barline(F(4 * bar), bar + 1) for bar in range(1, bars)),
        ((F(0), Key("C", 0, "major")),),
        ((F(0), Meter(4, 4)),),
        records=(("OTL", "A walk"),),
    )


@pytest.mark.parametrize(
    ("layout", "width", "height"),
    [
        ({}, 210, 297), ({"paper": "a4"}, 210, 297), ({"paper": "letter"}, 215.9, 279.4),
        ({"paper": "a4", "size": 200}, 210, 297), ({"paper": "a4", "size": 50}, 210, 297),
        ({"paper": "fit", "width": 120}, 120, None), ({"paper": "fit", "width": 120, "size": 160}, 120, None),
    ],
    ids=str,
)  # fmt: skip
def test_pages_have_the_size_of_their_paper(
    layout: dict[str, object], width: float, height: float | None
) -> None:
    found = pdf(star(), **layout)[0].get_size()
    assert found[0] == pytest.approx(width * MM, abs=0.01)
    if height is not None:
        assert found[1] == pytest.approx(height * MM, abs=0.01)
    else:
        assert 30 * MM < found[1] < 250 * MM


@pytest.mark.parametrize(("bars", "pages"), [(1, 1), (8, 1), (250, 3)])
def test_a_long_tune_has_more_pages(bars: int, pages: int) -> None:
    document = pdf(walk(bars))
    assert (len(document) >= pages) if pages > 1 else (len(document) == 1)
    svg = engrave(walk(bars), "svg", layout=Layout(paper="a4"))
    assert len(document) == len(svg)
    for number in range(len(document)):
        assert ink(document, number, 30).sum() > 50, "no page is blank"


@pytest.mark.parametrize("size", [50, 100, 200])
def test_ink_stays_within_the_margins(size: float) -> None:
    """15 mm on each side; signs at the edge may reach 2 mm into it."""
    page = ink(pdf(star(), size=size), dpi=25.4 * 4)
    rows, columns = np.nonzero(page > 0.3)
    assert columns.min() / 4 > 12.5
    assert columns.max() / 4 < 210 - 12.5
    assert rows.min() / 4 > 12.5
    assert rows.max() / 4 < 297 - 6


@pytest.mark.parametrize("tune", [star(), jig(), walk(20)], ids=["star", "jig", "walk"])
@pytest.mark.parametrize("size", [70, 180])
def test_the_pdf_shows_what_the_png_shows(tune: Tune, size: float) -> None:
    """Two renderers, resvg and PDFium, two files of ours: the same ink in the same place.

    PDFium draws no line thinner than a dot, so the dots are small.
    """
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    [png] = engrave(tune, "png", layout=Layout(width=100, dpi=300, size=size))
    picture = 1 - np.asarray(image.open(io.BytesIO(png)).convert("L"), float) / 255
    page = ink(pdf(tune, paper="fit", width=100, size=size), dpi=300)
    rows, columns = (min(a, b) for a, b in zip(picture.shape, page.shape, strict=True))
    picture, page = picture[:rows, :columns], page[:rows, :columns]
    assert picture.sum() == pytest.approx(page.sum(), rel=0.08)
    blurred = [
        each[: rows // 12 * 12, : columns // 12 * 12]
        .reshape(rows // 12, 12, columns // 12, 12)
        .mean(axis=(1, 3))
        for each in (picture, page)
    ]
    assert np.corrcoef(blurred[0].ravel(), blurred[1].ravel())[0, 1] > 0.98


def test_the_information_is_what_the_tune_says() -> None:
    document = pdf(star())
    held = document.get_metadata_dict()
    assert held["Title"] == "Ah! vous dirai-je, maman"
    assert held["Author"] == "Anonyme"
    assert held["Keywords"] == f"canzona: {star().provenance}"
    assert (held["Creator"], held["Producer"]) == ("Canzona", "Canzona")
    assert held["CreationDate"] == held["ModDate"] == ""
    assert document.get_version() == 14


@pytest.mark.parametrize(
    "title", ["Żółć i łza", "Ωδή", "Тройка", "歌", "🎵 (tune)", "back\\slash", "((", "a" * 150]
)
def test_titles_in_any_script(title: str) -> None:
    document = pdf(star().replace(records=(("OTL", title), ("COM", title))))
    assert document.get_metadata_dict()["Title"] == title
    assert document.get_metadata_dict()["Author"] == title
    assert ink(document, dpi=30).sum() > 50


def test_no_text_and_no_picture_is_in_it_but_shapes() -> None:
    page = pdf(star())[0]
    assert page.get_textpage().count_chars() == 0
    kinds = {each.type for each in page.get_objects(max_depth=4)}
    assert kinds <= {pdfium.raw.FPDF_PAGEOBJ_PATH, pdfium.raw.FPDF_PAGEOBJ_FORM}


def test_letters_without_outline_are_boxes() -> None:
    """Three Chinese letters: three boxes in the title's line, and nothing else there."""
    plain = star().replace(records=(), notes=tuple(Note(n.onset, n.duration, n.pitch) for n in star().notes))
    page = ink(pdf(plain.replace(records=(("OTL", "歌歌歌"),))), dpi=150)
    rows = np.nonzero(page.sum(axis=1) > 1)[0]
    gap = np.nonzero(np.diff(rows) > 10)[0][0]
    title = page[rows[0] : rows[gap] + 1].max(axis=0) > 0.5
    starts = np.nonzero(np.diff(title.astype(int)) == 1)[0]
    assert len(starts) == 3


def test_many_tunes_are_one_document(tmp_path: Path) -> None:
    canzona.write([star(), jig(), walk(8)], tmp_path / "all.pdf")
    document = opened((tmp_path / "all.pdf").read_bytes())
    assert len(document) == 3
    assert document.get_metadata_dict()["Title"] == "Ah! vous dirai-je, maman and 2 more"
    sums = [ink(document, number, 40).sum() for number in range(3)]
    assert all(total > 100 for total in sums)
    assert len({round(total) for total in sums}) == 3


def test_pages_of_a_long_tune_are_numbered_at_the_foot() -> None:
    document = pdf(walk(120))
    for number in range(len(document)):
        foot = ink(document, number, 60)[-30:]
        columns = np.nonzero(foot.max(axis=0) > 0.3)[0]
        assert len(columns)
        assert columns.mean() == pytest.approx(foot.shape[1] / 2, abs=4)
    assert ink(pdf(walk(4)), 0, 60)[-30:].sum() == 0, "a single page needs no number"


def test_a_tune_without_notes_has_a_page() -> None:
    document = pdf(Tune(records=(("OTL", "Silence"),)))
    assert len(document) == 1
    assert ink(document).sum() > 5


def test_dotted_phrase_slurs_are_dotted() -> None:
    """With phrases there is more ink, but less than plain slurs would make."""
    plain, dotted = (ink(pdf(star(), phrases=kind), dpi=120).sum() for kind in ("none", "marked"))
    notes = star().notes
    slurred = {0: "start", 6: "stop", 7: "start", 13: "stop", 14: "start", 20: "stop"}
    solid = star().replace(
        notes=tuple(
            Note(
                n.onset, n.duration, n.pitch,
                attachments=(*n.attachments, *((Attachment("slur", slurred[at]),) if at in slurred else ())),
            )
            for at, n in enumerate(notes)
        ),
        phrasing="none",
    )  # fmt: skip
    assert plain < dotted < ink(pdf(solid), dpi=120).sum()


@settings(max_examples=8)
@given(plain_tunes())
def test_any_plain_tune_is_a_document_with_ink(tune: Tune) -> None:
    document = pdf(tune)
    assert len(document) >= 1
    assert ink(document, dpi=20).sum() > 5
