"""MIDI files: what parts are read from them, and parts written for instruments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.errors import FormatError
from canzona.train.separation.rendering.arrangement import BEND, Part
from canzona.train.separation.rendering.midi import read_midi, role_of, write_midi

mido = pytest.importorskip("mido", reason="the extra 'stems' is not installed: no MIDI files to read")


def saved(path: Path, messages: list, *, tempo: int = 500_000, channel: int = 0) -> Path:
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=tempo)])
    for name, time, words in messages:
        track.append(mido.Message(name, time=time, channel=words.pop("channel", channel), **words))
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(path)
    return path


def note(key: int, ticks: int, *, after: int = 0, velocity: int = 90, channel: int = 0) -> list:
    return [
        ("note_on", after, {"note": key, "velocity": velocity, "channel": channel}),
        ("note_off", ticks, {"note": key, "channel": channel}),
    ]


@st.composite
def sequences(draw: st.DrawFn) -> np.ndarray:
    """Notes of which no two of one key overlap: those a MIDI channel can tell apart."""
    rows, now = [], 0.0
    for _ in range(draw(st.integers(1, 12))):
        now += draw(st.floats(0.01, 2))
        length = draw(st.floats(0.01, 3))
        rows.append((now, length, draw(st.integers(0, 127)), draw(st.integers(1, 127))))
        now += length
    return np.array(rows)


@given(sequences(), st.integers(0, 127), st.floats(0, 1))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, notes: np.ndarray, program: int, lead_in: float
) -> None:
    path = tmp_path_factory.mktemp("midi") / "a.mid"
    path.write_bytes(write_midi(Part("p", "lead", 0, notes), program=program, lead_in=lead_in))
    (part,), _ = read_midi(path)
    assert part.program == program
    if 112 <= program < 120:  # one sound of a kit: its lengths mean nothing
        return
    np.testing.assert_allclose(part.notes[:, 0], notes[:, 0] + lead_in, atol=1e-3)
    np.testing.assert_allclose(part.notes[:, 1], notes[:, 1], atol=2e-3)
    assert (part.notes[:, 2:] == notes[:, 2:]).all()


def test_controllers_and_bends_come_back(tmp_path: Path) -> None:
    controls = np.array([[0.0, 1, 64], [0.5, BEND, 1.5], [0.75, 64, 127], [1.0, BEND, -2.0]])
    part = Part("p", "lead", 0, np.array([[0.0, 2.0, 60, 90]]), controls)
    (tmp_path / "a.mid").write_bytes(write_midi(part))
    (read,), _ = read_midi(tmp_path / "a.mid")
    np.testing.assert_allclose(read.controls, controls, atol=1e-3)


def test_a_wide_bend_range_is_reckoned_in(tmp_path: Path) -> None:
    """Registered parameter 0 sets 12 semitones; a quarter of the wheel is then three."""
    wide = [("control_change", 0, {"control": c, "value": v}) for c, v in ((101, 0), (100, 0), (6, 12))]
    bent = [("pitchwheel", 0, {"pitch": 2048})]
    (part,), _ = read_midi(saved(tmp_path / "a.mid", [*wide, *bent, *note(60, 480)]))
    assert part.controls.tolist() == [[0.0, BEND, 3.0]]


def test_parts_are_channels_and_programs(tmp_path: Path) -> None:
    change = [("program_change", 0, {"program": 81})]
    pan = [("control_change", 0, {"control": 10, "value": 0})]
    rows = [*pan, *note(60, 480), *change, *note(62, 480), *note(36, 1, channel=9)]
    parts, beat = read_midi(saved(tmp_path / "a.mid", rows, tempo=400_000))
    assert [(part.program, part.role, part.pan) for part in parts] == [
        (0, "lead", -1),
        (81, "lead", -1),
        (0, "drums", 0),
    ]
    assert beat == 0.4
    assert parts[1].notes[0, :2].tolist() == pytest.approx([0.4, 0.4])
    assert parts[2].notes[0, 1] == 0.1  # a stroke of one tick gets a length


def test_a_note_without_an_end_ends_with_the_file(tmp_path: Path) -> None:
    rows = [("note_on", 0, {"note": 60, "velocity": 90}), *note(64, 960)]
    (part,), _ = read_midi(saved(tmp_path / "a.mid", rows))
    assert part.notes[:, 1].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("program", "rows", "expected"),
    [
        (38, [(0, 0.5, 60)], "bass"),
        (0, [(k * 0.5, 0.5, 40) for k in range(8)], "bass"),
        (89, [(0, 0.5, 60)], "pad"),
        (0, [(k, 1.0, 60 + n) for k in range(4) for n in (0, 4, 7)], "pad"),
        (0, [(k, 0.4, 60 + n) for k in range(4) for n in (0, 4, 7)], "chords"),
        (0, [(k * 0.1, 0.08, 70) for k in range(60)], "arp"),
        (80, [(k * 0.5, 0.4, 70) for k in range(8)], "lead"),
        (80, [], "lead"),
    ],
)
def test_roles(program: int, rows: list, expected: str) -> None:
    assert role_of(program, np.array([(*row, 90) for row in rows], float).reshape(-1, 4)) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "no MIDI file"),
        (b"not MIDI at all", "no MIDI file"),
        (b"MThd\0\0\0\6\0\1", "no MIDI file"),
        (None, "no such file"),
    ],
)
def test_what_is_no_midi_file_is_said(tmp_path: Path, content: bytes | None, expected: str) -> None:
    path = tmp_path / "a.mid"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        read_midi(path)
    assert str(caught.value).startswith(f"{path}: {expected}")


def test_an_endless_file_is_refused(tmp_path: Path) -> None:
    rows = [item for _ in range(40) for item in note(60, 1_000_000)]
    with pytest.raises(FormatError, match="longer than four hours"):
        read_midi(saved(tmp_path / "a.mid", rows))


@settings(max_examples=80)
@given(st.binary(max_size=120), st.integers(0, 200), st.binary(min_size=1, max_size=8))
def test_damaged_bytes_are_parts_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes, at: int, patch: bytes
) -> None:
    whole = write_midi(
        Part("p", "lead", 0, np.array([[k, 0.5, 60 + k, 90] for k in range(8)], float)), program=3
    )
    data = whole[:at] + patch + whole[at + len(patch) :] + tail
    path = tmp_path_factory.mktemp("midi") / "a.mid"
    path.write_bytes(data)
    try:
        parts, beat = read_midi(path)
    except FormatError:
        return
    assert beat > 0
    assert all(np.isfinite(part.notes).all() for part in parts)


def test_real_files_have_the_parts_of_a_band(shared: Path) -> None:
    for name in ("d_dm01", "d_dm24", "d_e2m3", "d_map24", "d_read_m"):
        parts, beat = read_midi(shared / f"data/midi/freedoom/{name}.mid")
        assert any(part.role == "drums" for part in parts), name
        assert sum(part.pitched for part in parts) >= 3, name
        assert 0.2 < beat < 1.5
