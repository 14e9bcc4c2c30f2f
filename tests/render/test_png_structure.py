"""Our PNG as its standard has it (ISO 15948), and as Pillow opens it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from fractions import Fraction

import pytest

from canzona.render import Layout, engrave
from canzona.score import Barline, Meter, Tune
from melodies import jig, melody, star

F = Fraction


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each chunk's kind and body; checks its checksum on the way."""
    at = 8
    while at < len(data):
        size = struct.unpack(">I", data[at : at + 4])[0]
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size])[0] == zlib.crc32(kind + body)
        yield kind, body
        at += 12 + size


def png(tune: Tune, **layout: object) -> bytes:
    return engrave(tune, "png", layout=Layout(**layout))[0]  # type: ignore[arg-type]


def texts(data: bytes) -> dict[str, str]:
    found = {}
    for kind, body in chunks(data):
        name, _, rest = body.partition(b"\0")
        if kind == b"tEXt":
            found[name.decode("latin-1")] = rest.decode("latin-1")
        elif kind == b"iTXt":
            compressed, method, rest = rest[0], rest[1], rest[2:]
            assert (compressed, method) == (0, 0)
            found[name.decode("latin-1")] = rest.split(b"\0", 2)[2].decode("utf-8")
    return found


def test_chunks_come_in_the_order_of_the_standard() -> None:
    kinds = [kind for kind, _ in chunks(png(star(), dpi=60))]
    assert kinds[0] == b"IHDR"
    assert kinds[-1] == b"IEND"
    first_data = kinds.index(b"IDAT")
    assert kinds.index(b"pHYs") < first_data
    assert kinds.count(b"pHYs") == kinds.count(b"IHDR") == 1
    last_data = len(kinds) - 1 - kinds[::-1].index(b"IDAT")
    assert set(kinds[first_data : last_data + 1]) == {b"IDAT"}, "data chunks follow one another"


@pytest.mark.parametrize("dpi", [30, 72, 96, 150, 300])
def test_the_resolution_is_the_one_asked_for(dpi: int) -> None:
    data = png(star(), dpi=dpi, width=100)
    held = dict(chunks(data))
    a_metre, other, unit = struct.unpack(">IIB", held[b"pHYs"])
    assert (other, unit) == (a_metre, 1)
    assert a_metre * 0.0254 == pytest.approx(dpi, abs=0.02)
    width, height = struct.unpack(">II", held[b"IHDR"][:8])
    assert width == pytest.approx(100 / 25.4 * dpi, abs=1.5)
    assert 0 < height < width


@pytest.mark.parametrize(("paper", "width", "height"), [("a4", 210, 297), ("letter", 215.9, 279.4)])
def test_paper_sizes_in_dots(paper: str, width: float, height: float) -> None:
    found = struct.unpack(">II", png(star(), paper=paper, dpi=50)[16:24])
    assert found[0] == pytest.approx(width / 25.4 * 50, abs=1.5)
    assert found[1] == pytest.approx(height / 25.4 * 50, abs=1.5)


@pytest.mark.parametrize(
    "title", ["Plain", "Frühling", "Żółć", "曲 🎵", "two\nlines", "a\x00b", "x" * 300, "\x07"]
)
def test_words_of_any_kind(title: str) -> None:
    """Latin-1 stands in tEXt, all else in iTXt, and no NUL in either."""
    data = png(star().replace(records=(("OTL", title),)), dpi=40)
    found = texts(data)
    clean = " ".join(title.replace("\x00", "").replace("\x07", "").split())[:200]
    assert found.get("Title", "") == clean
    assert found["Software"] == "Canzona"
    assert found["canzona"] == star().provenance
    for kind, body in chunks(data):
        if kind == b"tEXt":
            assert body.count(b"\0") == 1


def test_without_words_there_are_none() -> None:
    assert set(texts(png(jig().replace(records=()), dpi=40))) == {"Software"}


def test_pillow_opens_it_and_finds_black_on_white() -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    picture = image.open(io.BytesIO(png(star(), dpi=80)))
    picture.verify()
    picture = image.open(io.BytesIO(png(star(), dpi=80)))
    assert picture.info["dpi"] == pytest.approx((80, 80), abs=0.1)
    assert picture.info["Title"] == star().title
    grey = picture.convert("L")
    assert grey.getpixel((0, 0)) == 255
    counts = grey.histogram()
    assert counts[255] > 0.75 * sum(counts)
    assert sum(counts[:64]) > 500


def test_a_finer_picture_shows_the_same() -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    coarse, fine = (image.open(io.BytesIO(png(jig(), dpi=dpi, width=100))).convert("L") for dpi in (75, 150))
    ink = [
        1
        - sum(value * count for value, count in enumerate(each.histogram()))
        / 255
        / (each.width * each.height)
        for each in (coarse, fine)
    ]
    assert ink[0] == pytest.approx(ink[1], rel=0.05)


def test_each_page_is_a_picture_of_its_own() -> None:
    long = Tune(melody(" ".join(["c4 e4 g4 c5"] * 150)), meters=((F(0), Meter(4, 4)),))
    lines = tuple(Barline(F(4 * bar), bar + 1) for bar in range(1, 150))
    pages = engrave(long.replace(barlines=lines), "png", layout=Layout(paper="a4", dpi=40))
    assert len(pages) == len(set(pages)) >= 2
    assert len({page[16:24] for page in pages}) == 1, "pages of one size"
