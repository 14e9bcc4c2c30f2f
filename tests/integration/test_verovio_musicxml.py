"""Verovio reads our MusicXML: all notes, all measures."""

from __future__ import annotations

import re

import pytest

from canzona.score import Tune
from canzona.score.musicxml import write_musicxml
from melodies import jig, star

verovio = pytest.importorskip("verovio")


@pytest.mark.parametrize("tune", [star(), jig()], ids=["star", "jig"])
def test_verovio_shows_every_note_and_measure(tune: Tune) -> None:
    toolkit = verovio.toolkit()
    assert toolkit.loadData(write_musicxml([tune]).data.decode())
    mei = toolkit.getMEI()
    assert len(re.findall(r"<measure ", mei)) == len(tune.bars)
    assert len(re.findall(r"<note ", mei)) == sum(not note.is_rest for note in tune.notes)
