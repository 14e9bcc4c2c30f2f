"""Other programs read the kern that we write: Verovio, and music21 where it is installed."""

import base64
import io
import logging
import warnings
from fractions import Fraction as F
from pathlib import Path

import pytest

from canzona.score import Tune
from canzona.score.kern import read, write


@pytest.fixture(scope="module")
def tunes(shared: Path) -> list[Tune]:
    """Tunes from all over the collection, and songs with words."""
    essen = sorted((shared / "data" / "essen").rglob("*.krn"))[7::370]
    songs = sorted((shared / "data" / "scores" / "polish-kern").glob("*.krn"))[::60]
    return [next(read(path.read_bytes(), str(path))) for path in essen + songs]


def sounding(tune: Tune) -> list[tuple[F, F]]:
    return [(note.onset, note.pitch.midi) for note in tune.notes if note.pitch]


def test_verovio_hears_the_same_notes(tunes: list[Tune]) -> None:
    verovio = pytest.importorskip("verovio", reason="Verovio is not installed")
    mido = pytest.importorskip("mido", reason="mido is not installed")
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    for tune in tunes:
        assert toolkit.loadData(write([tune]).data.decode()), tune.source
        played = mido.MidiFile(file=io.BytesIO(base64.b64decode(toolkit.renderToMIDI())))
        heard = [m.note for track in played.tracks for m in track if m.type == "note_on" and m.velocity]
        assert heard == [pitch for _, pitch in sounding(tune)], tune.source


def test_music21_reads_the_same_notes(tunes: list[Tune], tmp_path: Path) -> None:
    music21 = pytest.importorskip("music21", reason="music21 is not installed")
    warnings.simplefilter("ignore")
    logging.disable()
    for number, tune in enumerate(tunes[:16]):
        path = tmp_path / f"{number}.krn"
        path.write_bytes(write([tune]).data)
        part = music21.converter.parse(str(path), forceSource=True).stripTies().flatten()
        notes = [(F(note.offset).limit_denominator(960), F(note.pitch.ps)) for note in part.notes]
        assert notes == [(onset.limit_denominator(960), pitch) for onset, pitch in sounding(tune)], (
            tune.source
        )
