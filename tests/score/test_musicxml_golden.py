"""Whole MusicXML documents in the manner of known programs, beside what they mean, written in kern by hand.

`au_clair_de_la_lune` is as a program of today exports it: layout, credits, abbreviations, systems, syllables.
`greensleeves` is of the first years of MusicXML: Latin-1, carriage returns, two voices, a pickup, endings, a
tie into a last bar that counts for none.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from canzona.score import Key, Tune, read
from canzona.score.musicxml import read_musicxml, write_musicxml
from canzona.score.unfold import unfold

F = Fraction
GOLDEN = Path(__file__).parent.parent / "golden" / "musicxml"
PAIRS = [
    ("au_clair_de_la_lune.musicxml", "au_clair_de_la_lune.krn"),
    ("greensleeves.xml", "greensleeves.krn"),
]

both = pytest.mark.parametrize(("document", "meant"), PAIRS, ids=["modern", "old"])


def tunes(document: str, meant: str) -> tuple[Tune, Tune]:
    return read(GOLDEN / document), read(GOLDEN / meant)


@both
def test_the_notes_are_those_that_are_meant(document: str, meant: str) -> None:
    found, wanted = tunes(document, meant)
    assert [(n.onset, n.duration, n.pitch) for n in found.notes] == [
        (n.onset, n.duration, n.pitch) for n in wanted.notes
    ]


@both
def test_the_signs_at_the_notes_are_those_that_are_meant(document: str, meant: str) -> None:
    found, wanted = tunes(document, meant)
    for kind in ("lyric", "chord", "slur", "fermata"):
        signs = [
            [(n.onset, sign.text, sign.number, sign.offset) for n in tune.notes for sign in n.attachments
             if sign.kind == kind]
            for tune in (found, wanted)
        ]  # fmt: skip
        assert signs[0] == signs[1], kind


@both
def test_bars_meter_and_tempo_are_those_that_are_meant(document: str, meant: str) -> None:
    found, wanted = tunes(document, meant)
    assert [bar.onset for bar in found.bars] == [bar.onset for bar in wanted.bars]
    assert [line.repeat for line in found.barlines if line.onset] == [
        line.repeat for line in wanted.barlines if line.onset
    ]
    assert (found.meters, found.tempo, found.instrument) == (wanted.meters, wanted.tempo, wanted.instrument)


@both
def test_the_records_are_those_that_are_meant(document: str, meant: str) -> None:
    found, wanted = tunes(document, meant)
    assert dict(wanted.records).items() <= dict(found.records).items()


@both
def test_the_documents_come_back(document: str, meant: str) -> None:
    found = read(GOLDEN / document)
    written = write_musicxml([found])
    assert written.losses == ()
    assert next(read_musicxml(written.data)) == found


def test_the_systems_of_the_modern_document_are_its_phrases() -> None:
    tune = read(GOLDEN / PAIRS[0][0])
    assert tune.phrasing == "inferred"
    assert [n.onset for n in tune.notes if n.phrase_start] == [0, 16]
    assert tune.losses == ()


def test_the_old_document_has_a_key_a_pickup_and_endings() -> None:
    tune = read(GOLDEN / PAIRS[1][0])
    assert tune.key == Key("A", 0, "minor", ())
    assert tune.pickup == F(1, 2)
    assert [(line.onset, line.ending) for line in tune.barlines if line.ending] == [
        (F(19, 2), "1"),
        (F(25, 2), "2"),
    ]
    assert tune.losses == ("5 notes of other voices",)


def test_the_old_document_plays_its_first_ending_once() -> None:
    played = unfold(read(GOLDEN / PAIRS[1][0]))
    # pickup, three bars and the first ending, three bars and the second with its last bar
    assert played.duration == F(1, 2) + 3 * 4 + 3 * 3 + 3 + F(5, 2)
