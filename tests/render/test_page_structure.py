"""The page as a browser reads it: its outline, its links, and that no field can smuggle in markup."""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass, field
from fractions import Fraction
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.render import PageEntry, notebook_view, render_page
from canzona.score import Tune
from melodies import jig, melody, star

F = Fraction
SOUND = (bytes(range(256)), "mp3")
VOID = {"meta", "link", "br", "img", "hr", "input"}
EVIL = '<script>alert(1)</script><img src=x onerror=y>"\'&amp; onload="z'


@dataclass
class Node:
    """An element: its tag, attributes, children and words."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    own: list[str] = field(default_factory=list)

    def all(self, tag: str = "") -> list[Node]:
        """Elements of a tag below this one, or all, in order of the document."""
        found = []
        for child in self.children:
            found += ([child] if tag in ("", child.tag) else []) + child.all(tag)
        return found

    def words(self) -> str:
        return "".join([*self.own, *(child.words() for child in self.children)])

    def one(self, tag: str) -> Node:
        [found] = self.all(tag)
        return found


class Reader(HTMLParser):
    """Builds the tree; an end tag that does not fit is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Node("")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        assert len(attrs) == len(node.attributes), "no attribute twice"
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self.open[-1].own.append(data)


def page(*entries: PageEntry, title: str = "Tunes", **more: str) -> Node:
    return tree(render_page(entries, title=title, **more))


def tree(text: str) -> Node:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert len(reader.open) == 1
    return reader.root


def entry(tune: Tune | None = None, **more: object) -> PageEntry:
    return PageEntry(tune or star(), sound=SOUND, **more)  # type: ignore[arg-type]


def test_the_outline_of_a_page() -> None:
    root = page(entry(), entry(jig()), title="Two", intro="Old tunes.")
    assert root.one("html").attributes["lang"] == "en"
    assert root.one("head").one("title").words() == root.one("h1").words() == "Two"
    assert [heading.words() for heading in root.all("h2")] == [star().title, jig().title]
    assert [child.tag for child in root.one("body").children] == ["header", "main", "footer"]
    assert root.one("header").one("p").words() == "Old tunes."
    assert len(root.one("main").all("article")) == 2


def test_the_contents_lead_to_the_tunes() -> None:
    root = page(entry(), entry(jig()), entry(heading="My own"))
    links = root.one("nav").all("a")
    assert [link.words() for link in links] == [star().title, jig().title, "My own"]
    ids = [article.attributes["id"] for article in root.all("article")]
    assert [link.attributes["href"] for link in links] == [f"#{name}" for name in ids]


def test_each_article_is_named_by_its_heading() -> None:
    for article in page(entry(), entry(jig())).all("article"):
        assert article.attributes["aria-labelledby"] == article.one("h2").attributes["id"]
        assert article.one("svg").attributes["role"] == "img"
        assert article.one("audio").attributes["aria-label"].startswith("Sound of ")
        assert "controls" in article.one("audio").attributes


def test_a_tune_without_a_title_is_named_by_its_number() -> None:
    nameless = Tune(melody("c4 d4"))
    root = page(entry(nameless), entry(nameless))
    assert [heading.words() for heading in root.all("h2")] == ["Tune 1", "Tune 2"]


@pytest.mark.parametrize(
    ("kind", "mime"), [("mp3", "mpeg"), (".wav", "wav"), ("OGG", "ogg"), ("flac", "flac")]
)
def test_the_sound_is_in_the_page_byte_by_byte(kind: str, mime: str) -> None:
    source = page(PageEntry(star(), sound=(SOUND[0], kind))).one("audio").attributes["src"]
    head, _, data = source.partition(",")
    assert head == f"data:audio/{mime};base64"
    assert base64.b64decode(data) == SOUND[0]


def test_figures_and_settings_are_tables_with_row_heads() -> None:
    root = page(
        entry(figures={"bits per note": 2.5, "copied": "7 notes"}, settings={"seed": 5, "like": None})
    )
    found = {table.one("caption").words(): table for table in root.all("table")}
    assert set(found) == {"Figures", "Settings"}
    rows = {
        row.one("th").words(): row.one("td").words() for table in found.values() for row in table.all("tr")
    }  # fmt: skip
    assert rows == {"bits per note": "2.5", "copied": "7 notes", "seed": "5", "like": "–"}
    assert {head.attributes["scope"] for head in root.all("th")} == {"row"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1.0, "1"), (0.1, "0.1"), (2.61234, "2.612"), (True, "yes"), (False, "no"), (None, "–"), (7, "7"),
     (1e-9, "0"), (10.0, "10"), (100.0, "100"), ((1, 2), "(1, 2)")],
)  # fmt: skip
def test_values_as_people_write_them(value: object, shown: str) -> None:
    assert page(entry(figures={"x": value})).one("td").words() == shown


@pytest.mark.parametrize(
    "name",
    ["tune 1.mid", "a#b.mid", "what?.svg", "100%.wav", "ü.krn", "a&b.abc", 'say "hi".pdf', "dir/x.mid"],
)
def test_files_are_linked_by_their_names(name: str) -> None:
    [link] = page(entry(files=[name])).one("ul").all("a")
    assert link.words() == name
    address = link.attributes["href"]
    assert unquote(address) == name
    assert not set('#?" ') & set(address)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "http://example.org/x", "data:x,y"])
def test_a_file_name_never_leads_elsewhere(address: str) -> None:
    """A colon is escaped, so no name is a scheme."""
    link = page(entry(files=[address])).one("ul").one("a").attributes["href"]
    assert ":" not in link


@pytest.mark.parametrize(
    "place",
    ["title", "intro", "heading", "note", "command", "setting", "figure", "file", "tune", "region",
     "language"],
)  # fmt: skip
def test_no_field_smuggles_in_markup(place: str) -> None:
    tune = star().replace(
        records=(
            ("OTL", EVIL if place == "tune" else "Song"),
            ("ARE", EVIL if place == "region" else "France"),
            ("COM", EVIL if place == "region" else "Anon"),
        )
    )
    held = entry(
        tune,
        heading=EVIL if place == "heading" else "",
        note=EVIL if place == "note" else "",
        command=EVIL if place == "command" else "",
        settings={EVIL: EVIL} if place == "setting" else {},
        figures={EVIL: EVIL} if place == "figure" else {},
        files=[EVIL] if place == "file" else [],
    )
    root = page(
        held,
        title=EVIL if place == "title" else "Tunes",
        intro=EVIL if place == "intro" else "",
        language=EVIL if place == "language" else "en",
    )
    tags = {node.tag for node in root.all()}
    assert not {"script", "img", "iframe", "object", "link"} & tags
    for node in root.all():
        assert not any(name.startswith("on") for name in node.attributes)
    if place in ("title", "heading", "note", "command", "intro"):
        assert EVIL in root.words()


def test_the_policy_allows_nothing_from_outside() -> None:
    root = page(entry())
    [policy] = [meta for meta in root.all("meta") if meta.attributes.get("http-equiv")]
    assert policy.attributes["http-equiv"] == "Content-Security-Policy"
    rules = dict(rule.split(" ", 1) for rule in policy.attributes["content"].split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["media-src"] == rules["img-src"] == "data:"
    assert "script-src" not in rules


@settings(max_examples=8)
@given(st.text(max_size=20), st.text(max_size=20))
def test_any_words_come_back_as_they_are(title: str, note: str) -> None:
    root = page(entry(note=note, heading=title), title=title or "x")
    plain = {"\r\n": "\n", "\r": "\n"}
    for words in (title, note):
        for old, new in plain.items():
            words = words.replace(old, new)
        shown = root.words()
        for old, new in plain.items():
            shown = shown.replace(old, new)
        assert words in shown or html.unescape(words) in shown


def test_words_that_look_like_names_stay_words() -> None:
    """Names within a score are made unique; a title that looks like one is none."""
    title = 'a id="b" href="#c'
    root = page(entry(star().replace(records=(("OTL", title),))))
    assert root.one("svg").one("title").words() == f"Score of {title}"


def test_scores_on_a_page_do_not_share_names() -> None:
    root = page(entry(), entry(), entry(jig()))
    ids = [node.attributes["id"] for node in root.all() if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    for article in root.all("article"):
        own = {node.attributes["id"] for node in article.all() if "id" in node.attributes}
        used = {node.attributes["href"][1:] for node in article.all("use")}
        assert used and used <= own


def test_a_notebook_shows_two_tunes_beside_each_other() -> None:
    views = [notebook_view(tune.replace(tempo=F(900))) for tune in (star(), jig())]
    root = tree("".join(view["text/html"] for view in views))
    assert len(root.all("svg")) == len(root.all("audio")) == 2
    assert [view["text/plain"] for view in views] == [repr(star()), repr(jig())]
