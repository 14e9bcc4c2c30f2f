"""A tune as sound, as a user asks for it."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile

from canzona.audio import integrated_loudness, true_peak
from canzona.errors import EmptyTuneError, MissingDependencyError, UsageError
from canzona.render import INSTRUMENTS, render_sound, soundfont, write_sound
from canzona.render.performance import perform
from canzona.render.synthesizer import TAIL_SECONDS
from canzona.score import Note, Pitch, Tune
from melodies import jig, melody, star

RATE = 44100


def test_sound_is_stereo_levelled_and_as_long_as_the_tune() -> None:
    samples = render_sound(star(), tempo=120)
    assert samples.dtype == np.float32
    assert samples.shape[0] == 2
    assert samples.shape[1] / RATE == pytest.approx(12 + TAIL_SECONDS, abs=0.1)
    assert integrated_loudness(samples, RATE) == pytest.approx(-16, abs=0.5)
    assert true_peak(samples) < 10 ** (-1 / 20)


def test_tempo_repeats_and_rate_change_the_length() -> None:
    length = render_sound(jig(), tempo=120, sample_rate=8000).shape[1]
    assert render_sound(jig(), tempo=240, sample_rate=8000).shape[1] < length
    assert render_sound(jig(), tempo=120, sample_rate=8000, repeats=True).shape[1] - length == round(
        6.5 * 8000
    )


def test_rests_are_silent_but_for_the_room() -> None:
    samples = render_sound(Tune(melody("c5:1/4 r:8 c5:1/4")), tempo=60, instrument="reed")
    assert np.abs(samples[:, 4 * RATE : 8 * RATE]).max() < 2e-3
    assert np.abs(samples[:, round(8.25 * RATE) : 9 * RATE]).max() > 0.1


@pytest.mark.parametrize("kind", ["wav", "flac", "ogg", "mp3"])
def test_files_hold_the_tune_and_say_how_they_were_made(kind: str) -> None:
    data = write_sound(star(), kind=kind, tempo=200, sample_rate=22050)
    with soundfile.SoundFile(io.BytesIO(data)) as file:
        assert (file.title, file.artist) == (star().title, "Anonyme")
        assert file.comment == star().provenance
        assert file.frames / file.samplerate == pytest.approx(7.2 + TAIL_SECONDS, abs=0.2)
    assert write_sound(star(), kind=kind, tempo=200, sample_rate=22050) == data


def test_24_bits_are_finer_than_16() -> None:
    coarse, fine = (len(write_sound(star(), bits=bits, sample_rate=8000)) for bits in (16, 24))
    assert fine == pytest.approx(coarse * 1.5, rel=0.01)


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_every_instrument_plays(name: str) -> None:
    assert np.abs(render_sound(jig(), instrument=name.upper(), sample_rate=16000)).max() > 0.1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"instrument": "fluet"}, "flute"),
        ({"instrument": "128"}, "plucked"),
        ({"instrument": ""}, "plucked"),
        ({"sample_rate": 100}, "8000"),
        ({"tempo": 0}, "5 to 1000"),
        ({"soundfont": "/nowhere.sf2"}, r"\.sf2"),
    ],
)
def test_wrong_options_are_said(options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        render_sound(star(), **options)  # type: ignore[arg-type]


def test_a_tune_without_notes_has_no_sound() -> None:
    with pytest.raises(EmptyTuneError):
        write_sound(Tune())


def test_a_general_midi_instrument_needs_a_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundfont, "_FOLDERS", ())
    monkeypatch.delenv("CANZONA_SOUNDFONT", raising=False)
    with pytest.raises(MissingDependencyError, match="--soundfont"):
        render_sound(star(), instrument="violin")


def test_a_file_that_is_no_font_is_refused(tmp_path: Path) -> None:
    font = tmp_path / "font.sf2"
    font.write_bytes(b"RIFF....WAVE")
    with pytest.raises(UsageError, match="no sound font"):
        render_sound(star(), soundfont=font)


def test_fonts_are_found_by_variable_and_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("aaa.sf2", "TimGM6mb.sf2", "notes.txt"):
        (tmp_path / name).write_bytes(b"RIFF\0\0\0\0sfbk")
    monkeypatch.delenv("CANZONA_SOUNDFONT", raising=False)
    monkeypatch.setattr(soundfont, "_FOLDERS", (str(tmp_path), str(tmp_path / "missing")))
    assert soundfont.find_soundfont() == tmp_path / "TimGM6mb.sf2"
    monkeypatch.setenv("CANZONA_SOUNDFONT", str(tmp_path / "aaa.sf2"))
    assert soundfont.find_soundfont() == tmp_path / "aaa.sf2"


def test_the_midi_for_a_font_is_what_is_performed() -> None:
    quarter_tone = Note(Fraction(0), Fraction(1), Pitch("A", Fraction(1, 2), 4))
    notes = perform(Tune((quarter_tone, *melody("c4:1 d4:1")[1:])), tempo=60)
    file = mido.MidiFile(file=io.BytesIO(soundfont._midi(notes, 40)))
    messages = [message for message in file if not message.is_meta]
    assert messages[0].type == "program_change" and messages[0].program == 40
    assert [message.note for message in messages if message.type == "note_on"] == [70, 62]
    assert messages[1].pitch in (-2048, -2047, 2048), "half a semitone of a range of two"
    now, onsets = 0.0, []
    for message in file:
        now += message.time
        if message.type == "note_on":
            onsets.append(now)
    assert onsets == pytest.approx([0, 1], abs=1e-4)
