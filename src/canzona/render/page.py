"""One HTML page of tunes that opens without network: scores drawn, players, figures, commands.

Everything is inside the page: scores as inline SVG in the colour of the text (so they follow
light and dark), sound as data URIs, style in the head. There is no script, and a content
security policy forbids the page to fetch anything.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from canzona.render.engrave import Layout, engrave
from canzona.render.performance import LONGEST_SECONDS, tempo_of
from canzona.render.sound import DEFAULT_INSTRUMENT, write_sound
from canzona.score.tune import Tune

_SOUND_TYPES = {"wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg", "mp3": "audio/mpeg"}
_POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"
_SVG_START = re.compile(r' width="[^"]*mm" height="[^"]*mm"')
_TAG = re.compile(r"<[^<>]*>")
_SVG_NAMES = re.compile(r'( id="| href="#)')


@dataclass(frozen=True, slots=True)
class PageEntry:
    """One tune of a page.

    Attributes
    ----------
    tune : what is drawn and sounded.
    heading : the entry's heading; the tune's title where empty.
    note : a sentence below the heading.
    settings : how the tune was made, by name: style, temperature, seed.
    figures : what was measured, by name: bits per note, longest copied run.
    command : the command that made it.
    files : names of the files beside the page, relative to it.
    sound : a sound file to play, and its kind; made from the tune where None.
    instrument, tempo : of the sound that is made, as in `render_sound`.
    """

    tune: Tune
    heading: str = ""
    note: str = ""
    settings: Mapping[str, object] = field(default_factory=dict)
    figures: Mapping[str, object] = field(default_factory=dict)
    command: str = ""
    files: Sequence[str] = ()
    sound: tuple[bytes, str] | None = None
    instrument: str = DEFAULT_INSTRUMENT
    tempo: float | None = None


def render_page(entries: Iterable[PageEntry], *, title: str, intro: str = "", language: str = "en") -> str:
    """The HTML of a page, without any reference to what lies elsewhere but the files named.

    Parameters
    ----------
    entries : the tunes, in order.
    title : the page's heading.
    intro : a paragraph below it.
    language : BCP 47 tag of the page's words.

    Raises as `engrave` and `write_sound` do; a tune without notes has no player.
    """
    held = list(entries)
    articles = "\n".join(_article(entry, number) for number, entry in enumerate(held, start=1))
    lead = f"<p>{escape(intro)}</p>" if intro else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="generator" content="Canzona">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n"
        f"<header>\n<h1>{escape(title)}</h1>\n{lead}\n{_contents(held)}</header>\n"
        f"<main>\n{articles}\n</main>\n<footer><p>Made with Canzona. "
        "This page needs no network.</p></footer>\n</body>\n</html>\n"
    )


def notebook_view(tune: Tune, *, instrument: str = DEFAULT_INSTRUMENT) -> dict[str, Any]:
    """What a notebook shows of a tune: its MIME bundle for `_repr_mimebundle_`.

    Holds `text/plain`, `image/svg+xml` and `text/html` (score and player).
    """
    svg = _score(tune)
    player = _player(PageEntry(tune, instrument=instrument))
    html = f'<div style="max-width:50rem">{_scoped(svg, f"t{_number_of(svg)}-")}{player}</div>'
    return {"text/plain": repr(tune), "image/svg+xml": svg, "text/html": html}


def _article(entry: PageEntry, number: int) -> str:
    name = _heading(entry, number)
    note = f'<p class="note">{escape(entry.note)}</p>' if entry.note else ""
    score = _scoped(_score(entry.tune), f"s{number}-")
    tables = _table("Figures", entry.figures) + _table("Settings", entry.settings)
    parts = [
        f'<article id="tune-{number}" aria-labelledby="heading-{number}">',
        f'<div class="head"><h2 id="heading-{number}">{escape(name)}</h2>',
        f'<p class="facts">{_facts(entry.tune)}</p>{note}</div>',
        f'<figure class="score">{score}</figure>',
        _player(entry),
        f'<div class="tables">{tables}</div>' if tables else "",
        _command(entry.command),
        _links(entry.files),
        "</article>",
    ]
    return "\n".join(part for part in parts if part)


def _heading(entry: PageEntry, number: int) -> str:
    return entry.heading or entry.tune.title or f"Tune {number}"


def _contents(entries: Sequence[PageEntry]) -> str:
    """Links to the entries, where there are several."""
    if len(entries) < 2:
        return ""
    items = "".join(
        f'<li><a href="#tune-{number}">{escape(_heading(entry, number))}</a></li>'
        for number, entry in enumerate(entries, start=1)
    )
    return f'<nav aria-label="Tunes"><ol>{items}</ol></nav>\n'


def _facts(tune: Tune) -> str:
    notes = sum(note.pitch is not None for note in tune.notes)
    facts = [tune.composer, tune.region, str(tune.key or ""), str(tune.meter or "")]
    facts += [f"{len(tune.bars)} bars", f"{notes} notes"]
    return " <span aria-hidden='true'>·</span> ".join(escape(fact) for fact in facts if fact)


def _score(tune: Tune) -> str:
    """The score as one SVG that fills its width; a very long one as several below each other."""
    pages = engrave(tune, "svg", layout=Layout(header=False, width=170))
    return "".join(
        _SVG_START.sub(' style="width:100%;height:auto"', page.decode(), count=1) for page in pages
    )


def _scoped(svg: str, prefix: str) -> str:
    """The SVG with names of its own, since a page holds several; words between the tags stay."""
    return _TAG.sub(lambda tag: _SVG_NAMES.sub(rf"\g<1>{prefix}", tag[0]), svg)


def _number_of(text: str) -> int:
    return int.from_bytes(base64.b16encode(text.encode()[:64]), "big") % 10**9 + len(text)


def _player(entry: PageEntry) -> str:
    if entry.sound is not None:
        data, kind = entry.sound
    elif entry.tune.is_empty or entry.tune.duration * 60 / tempo_of(entry.tune) > LONGEST_SECONDS:
        return ""
    else:
        kind = "mp3"
        data = write_sound(entry.tune, kind=kind, instrument=entry.instrument, tempo=entry.tempo)
    kind = kind.lower().removeprefix(".")
    uri = f"data:{_SOUND_TYPES.get(kind, 'audio/mpeg')};base64,{base64.b64encode(data).decode()}"
    name = escape(entry.heading or entry.tune.title or "the tune", quote=True)
    return f'<audio controls preload="metadata" aria-label="Sound of {name}" src="{uri}"></audio>'


def _table(caption: str, held: Mapping[str, object]) -> str:
    if not held:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th><td>{escape(_value(value))}</td></tr>'
        for name, value in held.items()
    )
    return f"<table><caption>{caption}</caption><tbody>{rows}</tbody></table>"


def _value(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return str(value)


def _command(command: str) -> str:
    if not command:
        return ""
    return f'<p class="label">Command</p><pre tabindex="0"><code>{escape(command)}</code></pre>'


def _links(names: Sequence[str]) -> str:
    if not names:
        return ""
    items = "".join(f'<li><a href="{escape(quote(name))}">{escape(name)}</a></li>' for name in names)
    return f'<p class="label">Files</p><ul class="files">{items}</ul>'


def _style() -> str:
    return files("canzona.render").joinpath("data", "page.css").read_text(encoding="utf-8")
