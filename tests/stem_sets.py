"""Tiny stem datasets in the exact form of each layout, made of tones that tell the stems apart."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 44100
MUSDB_STEMS = ("drums", "bass", "other", "vocals")

needs_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="the program ffmpeg is not installed"
)


def tone(frequency: float, *, seconds: float = 0.6, rate: int = RATE, level: float = 0.2) -> np.ndarray:
    """A sine to the left and a softer one to the right; float32 of shape (2, samples)."""
    time = np.arange(round(seconds * rate)) / rate
    wave = level * np.sin(2 * np.pi * frequency * time)
    return np.stack([wave, wave / 2]).astype(np.float32)


def noise(seed: int, samples: int, *, level: float = 0.2) -> np.ndarray:
    """Noise without a period, so that every sample differs; float32 of shape (2, samples)."""
    return np.random.default_rng(seed).uniform(-level, level, (2, samples)).astype(np.float32)


def write_sound(path: Path, signal: np.ndarray, rate: int = RATE, subtype: str | None = None) -> Path:
    """A sound file whose kind its ending tells, float for wav unless said otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = {".opus": "OGG", ".wav": "WAV", ".aiff": "AIFF"}.get(path.suffix)
    default = {".opus": "OPUS", ".wav": "FLOAT", ".aiff": "PCM_24"}.get(path.suffix)
    soundfile.write(path, signal.T, rate, subtype=subtype or default, format=kind)
    return path


def ffmpeg(*words: str | Path) -> None:
    """Run the program, quietly."""
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, words)], check=True)


def decoded_by_ffmpeg(path: Path, stream: int = 0) -> np.ndarray:
    """What ffmpeg makes of a sound stream; float32 of shape (2, samples)."""
    words = ["-i", path, "-map", f"0:a:{stream}", "-ac", "2", "-f", "f32le", "-"]
    done = subprocess.run(["ffmpeg", "-v", "error", *map(str, words)], check=True, capture_output=True)
    return np.frombuffer(done.stdout, "<f4").reshape(-1, 2).T


def write_plain(folder: Path, songs: Mapping[str, Mapping[str, np.ndarray]]) -> Path:
    """One folder a song, one file a stem: `{'song': {'synth.wav': signal}}`."""
    for song, stems in songs.items():
        for name, signal in stems.items():
            write_sound(folder / song / name, signal)
    return folder


def write_musdb_hq(folder: Path, songs: Mapping[str, str], *, seconds: float = 0.6) -> Path:
    """MUSDB18-HQ with songs given as `{name: split}`."""
    for name, split in songs.items():
        stems = {stem: tone(100.0 * (1 + n), seconds=seconds) for n, stem in enumerate(MUSDB_STEMS)}
        stems["mixture"] = sum(stems.values(), np.zeros(1, np.float32))
        for stem, signal in stems.items():
            write_sound(folder / split / name / f"{stem}.wav", signal, subtype="PCM_16")
    return folder


def write_musdb(folder: Path, songs: Mapping[str, str]) -> Path:
    """MUSDB18 with songs given as `{name: split}`: five AAC streams in one mp4."""
    wavs = write_musdb_hq(folder / "as wav", dict.fromkeys(songs, "train"))
    for name, split in songs.items():
        target = folder / split / f"{name}.stem.mp4"
        target.parent.mkdir(parents=True, exist_ok=True)
        files = [wavs / "train" / name / f"{stem}.wav" for stem in ("mixture", *MUSDB_STEMS)]
        inputs = [word for file in files for word in ("-i", str(file))]
        maps = [word for place in range(5) for word in ("-map", f"{place}:a")]
        ffmpeg(*inputs, *maps, "-c:a", "aac", "-b:a", "256k", target)
    shutil.rmtree(wavs)
    return folder


SLAKH_METADATA = """\
UUID: 1a81ae092884234f3264e2f45927f00a
audio_dir: stems
lmd_midi_dir: lmd_matched/O/O/H/TROOHTB128F931F9DF/1a81ae092884234f3264e2f45927f00a.mid
midi_dir: MIDI
normalization_factor: -13.0
normalized: true
overall_gain: 0.18270259567062658
stems:
{stems}target_peak: -1.0
"""

SLAKH_STEM = """\
  {name}:
    audio_rendered: {rendered}
    inst_class: {inst_class}
    integrated_loudness: -12.82074180245363
    is_drum: {drum}
    midi_program_name: {program_name}
    midi_saved: true
    plugin_name: {plugin}
    program_num: {program}
"""


def slakh_stem(name: str, inst_class: str, program: int, plugin: str, *, rendered: bool = True) -> str:
    """A stem's part of a metadata.yaml, as Slakh2100 has it."""
    return SLAKH_STEM.format(
        name=name,
        rendered=str(rendered).lower(),
        inst_class=inst_class,
        drum=str(inst_class == "Drums").lower(),
        program_name="Lead 1 (square)",
        plugin=plugin,
        program=program,
    )


def write_slakh_track(track: Path, stems: list[str], sounds: Mapping[str, np.ndarray]) -> Path:
    """One track: metadata.yaml, mix.flac, and stems/<name>.flac for each of the sounds."""
    track.mkdir(parents=True)
    (track / "metadata.yaml").write_text(SLAKH_METADATA.format(stems="".join(stems)), encoding="utf-8")
    (track / "MIDI").mkdir()
    (track / "stems").mkdir()
    for name, signal in sounds.items():
        write_sound(track / "stems" / f"{name}.flac", signal[:1])  # Slakh2100 is mono
    if sounds:
        write_sound(track / "mix.flac", sum(sounds.values(), np.zeros(1, np.float32))[:1])
    return track
