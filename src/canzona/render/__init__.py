"""A Tune as picture, sound and page.

`engrave` draws svg, png and pdf through Verovio; `sound` renders and writes wav, flac, ogg and
mp3; `page` makes one HTML page that needs no network, and what a notebook shows.
"""

from canzona.render.engrave import PICTURE_SUFFIXES, Layout, engrave
from canzona.render.instruments import INSTRUMENTS
from canzona.render.page import PageEntry, notebook_view, render_page
from canzona.render.sound import render_sound, write_sound

__all__ = [
    "INSTRUMENTS",
    "PICTURE_SUFFIXES",
    "Layout",
    "PageEntry",
    "engrave",
    "notebook_view",
    "render_page",
    "render_sound",
    "write_sound",
]
