"""The page that needs no network, and the notebook's view."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import pytest

from canzona.render import PageEntry, notebook_view, render_page
from canzona.score import Tune
from melodies import jig, star

SOUND = (b"ID3 not really", "mp3")
ENTRY = PageEntry(
    star(),
    note="From France.",
    settings={"style": "france", "seed": 5, "greedy": False, "top-p": 0.95},
    figures={"bits per note": 2.61234, "longest copied run": "7 notes"},
    command="canzona compose --like 'a&b.krn' --seed 5",
    files=["tune 1.mid", "tune 1.svg"],
    sound=SOUND,
)


class Reader(HTMLParser):
    """Collects tags, ids and addresses; complains of tags that do not nest."""

    VOID = frozenset(
        {"meta", "link", "br", "img", "hr", "use", "path", "rect", "polygon", "polyline", "ellipse"}
    )

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "srcset", "action", "data", "poster"):
                self.addresses.append(value or "")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    return reader


def test_a_page_is_whole_and_asks_nothing_of_the_network() -> None:
    reader = read(render_page([ENTRY, PageEntry(jig(), sound=SOUND)], title="Two tunes", intro="Old ones."))
    assert not {"script", "link", "iframe", "img"} & set(reader.tags)
    for address in reader.addresses:
        assert address.startswith(("#", "data:audio/")) or address in ("tune%201.mid", "tune%201.svg")
    page = render_page([ENTRY], title="One")
    assert "default-src 'none'" in page
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", page)


def test_names_are_unique_and_each_reference_finds_its_own() -> None:
    reader = read(render_page([ENTRY, ENTRY, PageEntry(jig(), sound=SOUND)], title="Three"))
    assert len(reader.ids) == len(set(reader.ids))
    assert {address[1:] for address in reader.addresses if address.startswith("#")} <= set(reader.ids)


def test_everything_about_an_entry_is_on_the_page() -> None:
    page = render_page([ENTRY], title="A & B", intro="<i>")
    for words in (
        "<h1>A &amp; B</h1>",
        "&lt;i&gt;",
        "Ah! vous dirai-je, maman",
        "Europa, France",
        "C major",
        "2/4",
        "12 bars",
        "21 notes",
        "From France.",
        '<th scope="row">seed</th><td>5</td>',
        "<td>2.612</td>",
        "<td>7 notes</td>",
        "<td>no</td>",
        "--like &#x27;a&amp;b.krn&#x27; --seed 5",
        ">tune 1.mid</a>",
    ):
        assert words in page, words
    assert base64.b64encode(SOUND[0]).decode() in page
    assert 'aria-label="Sound of' in page and 'role="img"' in page and '<html lang="en">' in page
    assert "prefers-color-scheme: dark" in page and "@media print" in page


def test_an_entry_without_anything_is_a_score_and_a_player() -> None:
    reader = read(render_page([PageEntry(jig(), instrument="flute", tempo=300)], title="Bare"))
    assert {"svg", "audio"} <= set(reader.tags)
    assert not {"table", "pre", "nav"} & set(reader.tags)


def test_a_tune_without_notes_has_no_player() -> None:
    assert "audio" not in read(render_page([PageEntry(Tune())], title="Silence")).tags


def test_a_page_of_nothing_is_still_a_page() -> None:
    read(render_page([], title="Nothing"))


def test_the_same_entries_give_the_same_page() -> None:
    entries = [PageEntry(star(), tempo=400)]
    assert render_page(entries, title="Same") == render_page(entries, title="Same")


@pytest.mark.parametrize("tune", [star(), Tune()])
def test_a_notebook_shows_score_sound_and_text(tune: Tune) -> None:
    view = notebook_view(tune)
    assert set(view) == {"text/plain", "image/svg+xml", "text/html"}
    assert view["text/plain"] == repr(tune)
    assert view["image/svg+xml"].startswith("<svg")
    assert ("<audio" in view["text/html"]) is not tune.is_empty
    read(view["text/html"])
