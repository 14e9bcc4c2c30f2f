"""Real synthesizers and soundfonts: pitch, presets that differ, and what cannot be played."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from canzona.train.separation.rendering.arrangement import BEND, Part
from canzona.train.separation.rendering.equipment import Equipment
from canzona.train.separation.rendering.fluidsynth import Room, is_soundfont, play_font
from canzona.train.separation.rendering.presets import LMMS_PRESETS, Preset
from canzona.train.separation.rendering.synthesizers import Studio, lmms_project, run_to_sound, zyn_state
from canzona.train.separation.rendering.tables import Font
from canzona.train.separation.rendering.worker import RenderError

RATE = 44100
SECONDS = 1.6
PLAIN = {"osc_mix": -1.0, "amp_sustain": 1.0, "master_vol": 0.6}


def spectrum(sound: np.ndarray) -> np.ndarray:
    """Energy by frequency while the note of `long_a` is held, 1.25 Hz a bin."""
    held = sound[:, round(0.3 * RATE) : round(1.1 * RATE)].mean(axis=0)
    return np.abs(np.fft.rfft(held * np.hanning(len(held)))) ** 2


def harmonic_share(sound: np.ndarray, pitch: float) -> float:
    """Share of the energy within 3 % of the pitch's partials and octaves below."""
    energy = spectrum(sound)
    ratio = np.arange(len(energy)) * 1.25 / (pitch / 2)
    return float(energy[(np.abs(ratio - np.rint(ratio)) < 0.06) & (ratio > 0.5)].sum() / energy.sum())


def named(equipment: Equipment, synthesizer: str, name: str) -> Preset:
    if synthesizer not in equipment.presets:
        pytest.skip(f"{synthesizer} is not installed")
    return next(preset for preset in equipment.presets[synthesizer] if preset.name == name)


@pytest.mark.parametrize(
    ("synthesizer", "name"),
    [
        ("zynaddsubfx", "0081-Post Horn"), ("zynaddsubfx", "0036-FM Rhodes 4"), ("lmms", "Square"),
        ("mda", "Reed 2"),
    ],
)  # fmt: skip
def test_presets_play_the_pitch_of_the_note(
    equipment: Equipment, studio: Studio, long_a: Part, synthesizer: str, name: str
) -> None:
    preset = named(equipment, synthesizer, name)
    sound = studio.play(long_a, preset, {}, SECONDS)
    assert sound.shape == (2, round(SECONDS * RATE)) and sound.dtype == np.float32
    assert harmonic_share(sound, 440) > 0.9
    assert np.abs(sound[:, : round(0.19 * RATE)]).max() < 1e-3  # the note begins where it should


def test_amsynth_plays_drawn_values(equipment: Equipment, studio: Studio, long_a: Part) -> None:
    if "amsynth" not in equipment.presets:
        pytest.skip("amsynth is not installed")
    preset = Preset("amsynth", "drawn", "lead")
    sine = studio.play(long_a, preset, PLAIN | {"osc1_waveform": 0}, SECONDS)
    assert spectrum(sine)[345:360].sum() > 0.98 * spectrum(sine).sum()
    saw = studio.play(long_a, preset, PLAIN | {"osc1_waveform": 2}, SECONDS)
    assert spectrum(saw)[700:708].sum() > 0.01 * spectrum(saw).sum()
    again = studio.play(long_a, preset, PLAIN | {"osc1_waveform": 2}, SECONDS)
    assert (saw == again).all()


def test_bends_and_pedals_reach_the_plugin(equipment: Equipment, studio: Studio, long_a: Part) -> None:
    if "amsynth" not in equipment.presets:
        pytest.skip("amsynth is not installed")
    bent = replace(long_a, controls=np.array([[0.0, BEND, 2.0]]))
    sound = studio.play(bent, Preset("amsynth", "drawn", "lead"), PLAIN | {"osc1_waveform": 0}, SECONDS)
    assert np.argmax(spectrum(sound)) * 1.25 == pytest.approx(440 * 2 ** (2 / 12), rel=0.01)


@pytest.mark.parametrize("synthesizer", ["amsynth", "zynaddsubfx", "lmms", "mda"])
def test_presets_sound_different(
    equipment: Equipment, studio: Studio, long_a: Part, synthesizer: str
) -> None:
    rows = equipment.presets.get(synthesizer)
    if not rows:
        pytest.skip(f"{synthesizer} is not installed")
    shapes = []
    for preset in rows[:: max(1, len(rows) // 6)][:6]:
        energy = spectrum(studio.play(long_a, preset, {}, SECONDS))
        if energy.any():
            shapes.append(energy / np.linalg.norm(energy))
    likeness = np.array([[one @ other for other in shapes] for one in shapes])
    assert len(shapes) >= 4
    assert np.median(likeness[np.triu_indices(len(shapes), 1)]) < 0.97


def test_a_font_plays_pitches_and_drums(equipment: Equipment, studio: Studio, long_a: Part) -> None:
    font = equipment.fonts[0]
    words = {"folder": studio.folder, "time_limit": 25.0}
    flute = play_font(long_a, 73, font, Room(), SECONDS, **words)
    assert flute.shape == (2, round(SECONDS * RATE))
    assert harmonic_share(flute, 440) > 0.9
    drums = Part("d", "drums", 0, np.array([[0.2, 0.1, 42, 120]]))
    hat = play_font(drums, 0, font, Room(), SECONDS, **words)
    power = np.abs(np.fft.rfft(hat.mean(axis=0))) ** 2
    assert (power * np.fft.rfftfreq(hat.shape[1], 1 / RATE)).sum() / power.sum() > 3000
    wet = play_font(long_a, 73, font, Room(0.9, 0.9, 0.0), SECONDS, **words)
    tail = slice(round(1.4 * RATE), None)
    assert (wet[:, tail] ** 2).sum() > 3 * (flute[:, tail] ** 2).sum()


def test_a_font_that_is_none_is_replaced_by_no_other(studio: Studio, long_a: Part, tmp_path: Path) -> None:
    """The program itself would take the system's font, which may be one that must not be used."""
    (tmp_path / "x.sf2").write_bytes(b"RIFFnothing")
    font = Font("x", str(tmp_path / "x.sf2"), "MIT", 1.0, "x")
    sound = play_font(long_a, 0, font, Room(), SECONDS, folder=studio.folder, time_limit=25.0)
    assert np.abs(sound).max() < 1e-3


@pytest.mark.parametrize(
    ("content", "expected"), [(b"RIFF....sfbkLIST", True), (b"RIFF....WAVE", False), (b"", False)]
)
def test_what_a_soundfont_begins_with(tmp_path: Path, content: bytes, expected: bool) -> None:
    (tmp_path / "x.sf2").write_bytes(content)
    assert is_soundfont(tmp_path / "x.sf2") is expected
    assert not is_soundfont(tmp_path / "y.sf2")


def test_a_program_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=r"sleep took longer than 0\.2 s"):
        run_to_sound(["sleep", "9"], tmp_path / "x.wav", tmp_path, 0.2)
    with pytest.raises(RenderError, match="false gave no sound"):
        run_to_sound(["false"], tmp_path / "x.wav", tmp_path, 5)
    with pytest.raises(RenderError, match="no-such-program gave no sound"):
        run_to_sound(["no-such-program"], tmp_path / "x.wav", tmp_path, 5)


def state(xml: str, *, tail: bytes = b"slot1\x000\x00") -> bytes:
    chunk = b"state\0" + xml.encode() + b"\0" + tail
    return b"CcnK" + bytes(152) + struct.pack(">I", len(chunk)) + chunk


def test_an_instrument_is_put_into_the_first_part() -> None:
    other = '<PART id="1"><INSTRUMENT>x</INSTRUMENT></PART>'
    xml = f'<M><PART id="0"><a/><INSTRUMENT>old</INSTRUMENT></PART>{other}</M>'
    made = zyn_state(state(xml), "<INSTRUMENT>longer and new</INSTRUMENT>")
    expected = xml.replace("<INSTRUMENT>old<", "<INSTRUMENT>longer and new<")
    assert made == state(expected)


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"CcnK" * 50,
        state("<M></M>"),
        state('<PART id="0">'),
        b"XXXX" + state('<PART id="0"><INSTRUMENT></INSTRUMENT>')[4:],
    ],
)
def test_a_state_of_unknown_form_is_an_error(beginning: bytes) -> None:
    with pytest.raises(RenderError, match="unknown form"):
        zyn_state(beginning, "<INSTRUMENT></INSTRUMENT>")


@pytest.mark.parametrize(
    "text", ["", "no xml", "<?xml version='1.0'?>\n<!DOCTYPE x>\n<a><b></a>", "<!DOCTYPE x>\n<a/>"]
)
def test_a_damaged_preset_of_lmms_is_an_error(tmp_path: Path, long_a: Part, text: str) -> None:
    path = tmp_path / "x.xpf"
    path.write_text(text)
    with pytest.raises(RenderError):
        lmms_project(Preset("lmms", "SID", "x", path=path), long_a, 2.0)


def test_a_project_of_lmms_holds_the_notes(long_a: Part) -> None:
    path = LMMS_PRESETS / "SID/Lead.xpf"
    if not path.is_file():
        pytest.skip("LMMS is not installed")
    text = lmms_project(Preset("lmms", "SID", "Lead", path=path), long_a, 3.0)
    assert '<note pos="19" len="96" key="57" vol="79" pan="0" />' in text
    assert "<sid " in text and 'len="384"' in text


def test_a_preset_without_an_instrument_is_an_error(studio: Studio, long_a: Part, tmp_path: Path) -> None:
    (tmp_path / "x.xiz").write_text("<x></x>")
    with pytest.raises(RenderError, match="holds no instrument"):
        studio.play(long_a, Preset("zynaddsubfx", "b", "x", path=tmp_path / "x.xiz"), {}, 1.0)
