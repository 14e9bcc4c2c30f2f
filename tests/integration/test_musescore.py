"""Real MuseScore 3 plays our MusicXML: the same pitches at the same times."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import mido
import pytest

from canzona.score import Barline, Key, Meter, Tune
from canzona.score.midi import read_midi, write_midi
from canzona.score.musicxml import read_musicxml, write_musicxml
from canzona.score.unfold import unfold
from melodies import jig, melody, star

F = Fraction
PROGRAM = shutil.which("mscore3")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="MuseScore 3 (mscore3) is not installed")


def convert(source: Path, target: Path) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [str(PROGRAM), "-o", str(target), str(source)]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)


def played(path: Path) -> list[tuple[float, int]]:
    """Onsets in quarter notes, to the hundredth, and numbers of all notes, by an independent reader."""
    file = mido.MidiFile(path)
    found, tick = [], 0
    for message in mido.merge_tracks(file.tracks):
        tick += message.time
        if message.type == "note_on" and message.velocity:
            found.append((round(tick / file.ticks_per_beat, 2), message.note))
    return sorted(found)


def heard(tune: Tune) -> list[tuple[float, int]]:
    """What a player of the written notes plays, repeats included."""
    notes = unfold(tune).notes
    return sorted((round(float(n.onset), 2), int(n.pitch.midi)) for n in notes if n.pitch is not None)


def bare(tune: Tune) -> Tune:
    """A tune without signs that a program plays in its own way."""
    notes = tuple(dataclasses.replace(note, graces=(), attachments=()) for note in tune.notes)
    return tune.replace(notes=notes, sections=())


def tuplets_over_meters() -> Tune:
    """Triplets, a quintuplet, a tie over a bar line, a change of meter and of key, an ending."""
    notes = melody(
        "c4:1/3 d4:1/3 e4:1/3 f4:1 g4:1/5 a4:1/5 g4:1/5 f4:1/5 e4:1/5 d4:3/2 e4:1/2 g4:2 f4:1 e4:1 c4:3"
    )
    return Tune(
        notes=notes,
        barlines=(
            Barline(F(3), 2, repeat="start"),
            Barline(F(6), 3, ending="1"),
            Barline(F(8), 4, repeat="end", ending="2"),
            Barline(F(11), kind="final"),
        ),
        meters=((F(0), Meter(3, 4)), (F(6), Meter(2, 4)), (F(8), Meter(3, 4))),
        keys=((F(0), Key("C", 0, "major")), (F(8), Key("E", -1, "major"))),
    )


def real(shared: Path, name: str) -> Tune:
    return next(read_musicxml((shared / "data/scores" / name).read_bytes()))


@pytest.mark.parametrize("name", ["star", "jig", "tuplets"])
def test_musescore_plays_what_we_wrote(name: str, tmp_path: Path) -> None:
    tune = {"star": star, "jig": jig, "tuplets": tuplets_over_meters}[name]()
    (tmp_path / "tune.musicxml").write_bytes(write_musicxml([tune]).data)
    convert(tmp_path / "tune.musicxml", tmp_path / "tune.mid")
    assert played(tmp_path / "tune.mid") == heard(tune)


@pytest.mark.parametrize(
    "name", ["fiddle-musicxml/The_Orphan.musicxml", "fiddle-musicxml/Dinny_Delaneys.musicxml"]
)
def test_musescore_plays_real_tunes_that_passed_through_us(shared: Path, name: str, tmp_path: Path) -> None:
    tune = bare(real(shared, name))
    (tmp_path / "tune.musicxml").write_bytes(write_musicxml([tune]).data)
    convert(tmp_path / "tune.musicxml", tmp_path / "tune.mid")
    assert played(tmp_path / "tune.mid") == heard(tune)


def test_musescore_reads_our_midi_and_we_read_what_it_writes(tmp_path: Path) -> None:
    (tmp_path / "tune.mid").write_bytes(write_midi([star()]).data)
    convert(tmp_path / "tune.mid", tmp_path / "tune.musicxml")
    (tune,) = read_musicxml((tmp_path / "tune.musicxml").read_bytes())
    assert heard(tune) == heard(star())
    assert len(tune.bars) == len(star().bars)


def test_we_read_the_midi_of_musescore_in_note_values(tmp_path: Path) -> None:
    tune = bare(jig()).replace(barlines=(*jig().barlines[:-1], Barline(F(13), kind="final")))
    (tmp_path / "tune.musicxml").write_bytes(write_musicxml([tune]).data)
    convert(tmp_path / "tune.musicxml", tmp_path / "tune.mid")
    (reread,) = read_midi((tmp_path / "tune.mid").read_bytes())
    assert [(n.onset, n.duration, n.pitch) for n in reread.notes] == [
        (n.onset, n.duration, n.pitch) for n in tune.notes
    ]
    assert reread.pickup == 1
