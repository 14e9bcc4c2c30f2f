"""Real MuseScore 3 opens our MusicXML and exports it again; packed and plain, it reads the same."""

from __future__ import annotations

import os
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from canzona.score import Tune, read
from canzona.score.musicxml import write_musicxml
from melodies import jig, star

F = Fraction
PROGRAM = shutil.which("mscore3")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="MuseScore 3 (mscore3) is not installed")
GOLDEN = Path(__file__).parent.parent / "golden" / "musicxml"


def exported(tune: Tune, folder: Path, suffix: str) -> Tune:
    """The tune as MuseScore has it after it opened and saved our file."""
    source, target = folder / "ours.musicxml", folder / f"theirs{suffix}"
    source.write_bytes(write_musicxml([tune]).data)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [str(PROGRAM), "-o", str(target), str(source)]
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=120)
    return read(target)


def signs(tune: Tune, kind: str) -> list[tuple[Fraction, str]]:
    """Onset and text of the signs of a kind."""
    return [(n.onset, sign.text) for n in tune.notes for sign in n.attachments if sign.kind == kind]


@pytest.mark.parametrize("suffix", [".mxl", ".musicxml"])
@pytest.mark.parametrize("name", ["star", "jig", "au_clair_de_la_lune", "greensleeves"])
def test_a_tune_goes_through_musescore_and_comes_back(name: str, suffix: str, tmp_path: Path) -> None:
    made = {"star": star, "jig": jig}
    ending = ".xml" if name == "greensleeves" else ".musicxml"
    tune = made[name]() if name in made else read(GOLDEN / f"{name}{ending}")
    back = exported(tune, tmp_path, suffix)
    assert [(n.onset, n.duration, n.pitch) for n in back.notes] == [
        (n.onset, n.duration, n.pitch) for n in tune.notes
    ]
    assert [bar.onset for bar in back.bars] == [bar.onset for bar in tune.bars]
    assert [
        (line.onset, line.repeat, line.ending) for line in back.barlines if line.repeat or line.ending
    ] == [(line.onset, line.repeat, line.ending) for line in tune.barlines if line.repeat or line.ending]
    assert back.title == tune.title
    assert back.key is not None
    assert tune.key is not None
    assert back.key.fifths == tune.key.fifths
    assert back.meter is not None
    assert tune.meter is not None
    assert back.meter.length == tune.meter.length
    for kind in ("lyric", "chord", "slur", "fermata"):
        assert signs(back, kind) == signs(tune, kind), kind
