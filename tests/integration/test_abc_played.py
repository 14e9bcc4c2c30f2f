"""abc2midi plays the same notes at the same times as we read: rhythm, repeats, accidentals, parts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import mido
import pytest

from canzona.score import Tune
from canzona.score.abc import write
from canzona.score.unfold import unfold
from heard import Heard, heard_in
from notation import abc

pytestmark = pytest.mark.skipif(
    shutil.which("abc2midi") is None, reason="abc2midi is not installed (Debian package abcmidi)"
)

REPEATS = [
    "C4|D4:|", "|:C4|D4:|E4|F4|]", "|:C4|D4::E4|F4:|", "|:C4|D4:|\n|:E4|F4:|", "C4|:D4|E4:|F4|]",
    "|:C4|D4:||:E4|F4:|", "|:C4|1D4:|2E4|]", "|:C4|[1D4:|[2E4|]", "|:C4|1D4|E4:|2F4|G4|]",
    "|:C4|1D4:|2E4||\n|:F4|1G4:|2A4|]", "|:C4|1D4:|2E4|:F4:|",
    "C2|D4|E2:|", "|:G|C4|D3:|G|E4|F3|]",
]  # fmt: skip
"""What abc2midi follows too. Endings for several passes it does not play."""

RHYTHMS = [
    "C C2 C/ C/2 C3/2 C// C3/", "C>D C<D C>>D C<<D", "z>C C>z", "(3CDE (3CDE F", "(2CD (4CDEF",
    "(3:2:2C2D E", "(3::4CDE/F/ G", "(5:4:5CDEFG A", "(6CDEFGA", "(3C>DE", "(3CzE", "C-C C-|C2 D", "(3C-CD E",
    "C3-|C E2 D", "z2 C z|z4|C4", "Z|C4|Z2|C4", "x2 C2", "y C y D", "C`D`E`F",
]  # fmt: skip

COMPOUND = [
    "GAB c2d|(2GA (4GABc|g3 (2ab",
    "(5GABcd e",
    "(7GABcdef g|(9GABcdefga b",
    "(3GAB c3",
    "(8GABcdefg a3",
]

ACCIDENTALS = [
    "^FF=FF|F", "^F-|F F|F", "__B _B =B ^B ^^B", "^F f F, |F", "[K:G]F =F F|F", "[K:Bb]B =B|B E",
    "^C\nC|C", "[K:D]c^c=c|c", "[K:Ador]f[K:Amin]f", "[K:D exp _e]e f", "[K:C ^f]F f", "[K:HP]f c g",
]  # fmt: skip


def heard_by_abc2midi(text: str, folder: Path) -> Heard:
    """Onset and duration in quarter notes, and pitch, of each note that the program plays."""
    (folder / "tune.abc").write_text(text, encoding="utf-8")
    command = ["abc2midi", "tune.abc", "-o", "tune.mid"]
    subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=True)
    return heard_in(folder / "tune.mid")


def heard_by_us(tune: Tune) -> Heard:
    return [
        (float(note.onset), float(note.duration), int(note.pitch.midi))
        for note in unfold(tune).notes
        if note.pitch
    ]


def assert_same(ours: Heard, theirs: Heard, text: str) -> None:
    assert [pitch for *_, pitch in ours] == [pitch for *_, pitch in theirs], text
    for (onset, length, _), (their_onset, their_length, _) in zip(ours, theirs, strict=True):
        assert abs(onset - their_onset) < 0.02, text
        assert abs(length - their_length) < 0.02, text


def compare(body: str, folder: Path, meter: str = "4/4", unit: str = "1/4", *fields: str) -> None:
    head = "\n".join(
        ["X:1", "T:Try", "%%propagate-accidentals octave", *fields, f"M:{meter}", f"L:{unit}", "K:C", ""]
    )
    tune = abc(body, head)
    played = heard_by_abc2midi(head + body + "\n", folder)
    assert_same(heard_by_us(tune), played, body)
    written = write([tune]).data.decode()
    written = written.replace("\nM:", "\n%%propagate-accidentals octave\nM:", 1)
    assert_same(heard_by_abc2midi(written, folder), played, f"{body}\n{written}")


@pytest.mark.parametrize("body", REPEATS)
def test_repeats_are_played_as_we_unfold_them(body: str, tmp_path: Path) -> None:
    compare(body, tmp_path)


@pytest.mark.parametrize("body", RHYTHMS)
def test_rhythms_are_played_as_we_count_them(body: str, tmp_path: Path) -> None:
    compare(body, tmp_path)


@pytest.mark.parametrize("body", COMPOUND)
def test_tuplets_in_compound_time_are_played_as_we_count_them(body: str, tmp_path: Path) -> None:
    compare(body, tmp_path, "6/8", "1/8")


@pytest.mark.parametrize("body", ACCIDENTALS)
def test_accidentals_are_played_as_we_carry_them(body: str, tmp_path: Path) -> None:
    compare(body, tmp_path)


@pytest.mark.parametrize("meter", ["2/4", "3/4", "4/4", "6/8", "3/8", "C", "C|", "9/8", "5/4", "2/2", "12/8"])
def test_lengths_without_a_unit_are_played_as_we_take_them(meter: str, tmp_path: Path) -> None:
    text = f"X:1\nT:t\nM:{meter}\nK:C\nCDEF G2A2 B4|\n"
    assert_same(
        heard_by_us(abc("CDEF G2A2 B4|", f"X:1\nT:t\nM:{meter}\nK:C\n")),
        heard_by_abc2midi(text, tmp_path),
        text,
    )


@pytest.mark.parametrize(
    ("order", "parts"),
    [("ABA", "AB"), ("A2B", "AB"), ("(AB)2", "AB"), ("ABAC", "ABC"), ("A2B2C2", "ABC"), ("BA", "AB")],
)
def test_orders_of_parts_are_played_as_we_unfold_them(order: str, parts: str, tmp_path: Path) -> None:
    bodies = {"A": "P:A\nC4|D4|\n", "B": "P:B\nE4|F4|\n", "C": "P:C\nG4|A4|\n"}
    head = f"X:1\nT:t\nP:{order}\nM:4/4\nL:1/4\nK:C\n"
    body = "".join(bodies[part] for part in parts)
    assert_same(heard_by_us(abc(body, head)), heard_by_abc2midi(head + body, tmp_path), order)


@pytest.mark.parametrize("field", ["1/4=100", "1/8=200", "3/8=60", "1/2=70", '"Slow" 1/4=50'])
def test_tempos_are_played_as_we_read_them(field: str, tmp_path: Path) -> None:
    head = f"X:1\nT:t\nM:4/4\nL:1/4\nQ:{field}\nK:C\n"
    heard_by_abc2midi(head + "CDEF|\n", tmp_path)
    midi = mido.MidiFile(tmp_path / "tune.mid")
    tempos = [message.tempo for track in midi.tracks for message in track if message.type == "set_tempo"]
    tune = abc("CDEF|", head)
    assert tune.tempo is not None
    assert abs(tempos[0] - 60e6 / tune.tempo) < 2000
