"""ABC against other programs: abc2midi (Debian's abcmidi) and Verovio read what we write, as we mean it."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from canzona.score import Tune
from canzona.score.abc import read, write
from heard import heard_in

EVERY = 12
"""Of the tunes of the collections, every twelfth is played."""

needs_abc2midi = pytest.mark.skipif(
    shutil.which("abc2midi") is None, reason="abc2midi is not installed (Debian package abcmidi)"
)


def sample(shared: Path) -> list[tuple[str, Tune]]:
    """Text and Tune of every twelfth tune of both collections."""
    found: list[tuple[str, Tune]] = []
    for folder in ("nottingham", "tuneworks"):
        for path in sorted((shared / "data" / "scores" / folder).glob("*.abc")):
            text = path.read_text(encoding="latin-1").replace("\r\n", "\n")
            texts = [block for block in re.split(r"(?m)^(?=X:)", text) if block.startswith("X:")]
            found += zip(texts, read(path.read_bytes(), str(path), None), strict=True)
    return found[::EVERY]


def played(text: str, folder: Path) -> tuple[list[tuple[float, float, int]], Counter[str]]:
    """Onset, duration and pitch of the notes that abc2midi plays, and what it complains of.

    Chord symbols, trills and swing are left out, which sound as notes of the program's own;
    accidentals hold in their octave, where the program's default is all octaves.
    """
    text = re.sub(r'"[^"\n]*"|![a-z]+!|(?m:^R:.*\n)', "", text)
    text = re.sub(r"^(.*X:.*\n)", r"\1%%propagate-accidentals octave\n", text, count=1, flags=re.MULTILINE)
    (folder / "tune.abc").write_text(text, encoding="utf-8")
    command = ["abc2midi", "tune.abc", "-o", "tune.mid"]
    spoken = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=60)
    about = Counter(
        "length" for line in spoken.stdout.splitlines() if "time units while the time signature" in line
    ) + Counter("error" for line in spoken.stdout.splitlines() if line.startswith("Error"))
    return heard_in(folder / "tune.mid"), about


def is_one_line(text: str) -> bool:
    """Whether a tune has no chords of notes, which a Tune does not hold."""
    return not re.search(r"\[[A-Ga-g^_=+]", text)


@needs_abc2midi
def test_abc2midi_plays_what_we_read(shared: Path, tmp_path: Path) -> None:
    compared = 0
    for text, tune in sample(shared):
        repeats = any(line.repeat or line.ending for line in tune.barlines) or tune.expansions
        if repeats or not is_one_line(text) or tune.losses or any(note.graces for note in tune.notes):
            continue
        ours = [
            (float(note.onset), float(note.duration), int(note.pitch.midi))
            for note in tune.notes
            if note.pitch
        ]
        theirs, _ = played(text, tmp_path)
        assert [pitch for _, _, pitch in ours] == [pitch for _, _, pitch in theirs], tune.source
        for (onset, duration, _), (their_onset, their_duration, _) in zip(ours, theirs, strict=True):
            assert abs(onset - their_onset) < 0.02, tune.source
            assert abs(duration - their_duration) < 0.02, tune.source
        compared += 1
    assert compared >= 12


@needs_abc2midi
def test_abc2midi_plays_our_file_as_the_source(shared: Path, tmp_path: Path) -> None:
    for text, tune in sample(shared):
        if not is_one_line(text) or any("tie" in loss for loss in tune.losses):
            continue
        before, complaints = played(text, tmp_path)
        after, ours = played(write([tune]).data.decode(), tmp_path)
        assert [(round(n[0], 1), n[2]) for n in after] == [(round(n[0], 1), n[2]) for n in before], (
            tune.source
        )
        assert not ours - complaints, (tune.source, ours, complaints)


def test_verovio_engraves_every_note_that_we_write(shared: Path) -> None:
    verovio = pytest.importorskip("verovio")
    verovio.enableLog(verovio.LOG_OFF)
    for _, tune in sample(shared)[::2]:
        toolkit = verovio.toolkit()
        toolkit.setInputFrom("abc")
        text = write([dataclasses.replace(tune, comments=())]).data.decode()
        assert toolkit.loadData(text), tune.source
        mei = toolkit.getMEI()
        body = "\n".join(line for line in text.split("\n") if not re.match(r"[A-Za-z]:|%", line))
        tied = len(re.findall(r"-(?=[ )\n|])", body))
        notes = sum((note.pitch is not None) + len(note.graces) for note in tune.notes)
        assert len(re.findall(r"<note ", mei)) == notes + tied, tune.source
