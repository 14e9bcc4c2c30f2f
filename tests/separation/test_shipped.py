"""The extractors that come along, on real songs: synthesizers are heard, without seams, alike each time."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import canzona
import canzona.models
from canzona.audio.encoding import to_float
from canzona.audio.reading import SOUND_SUFFIXES, open_sound
from canzona.audio.resample import resample
from canzona.models import find_model
from canzona.separation import Options, SeparationModel, extract_songs, plan_songs
from canzona.separation.metrics import leakage, sdr
from canzona.separation.windows import overlap_add

MODELS = ("mel-lstm", "waveform", "blend")
SONGS = ("eif-lithium", "lmms-onion", "midi-dm02")
"""Held out by the recipes of the models: a real song, one of LMMS, one rendered from MIDI."""

WITHOUT = ("lmms-reggaetontry", "midi-dm14", "midi-map09")
"""Held out as well; no synthesizer plays in them."""

SHIPPED = Path(canzona.models.__file__).parent / "shipped"
pytestmark = pytest.mark.skipif(
    not (SHIPPED / "blend").is_dir(), reason="the extractors are not in this checkout: they are being trained"
)

Song = tuple[np.ndarray, np.ndarray]
every_model = pytest.mark.parametrize("name", MODELS)


@cache
def opened(name: str) -> SeparationModel:
    return SeparationModel.open(name)


@pytest.fixture(scope="module")
def songs(shared: Path) -> dict[str, Song]:
    """Mixture and target of each song, float32 of shape (2, n) at 44.1 kHz."""
    return {name: _mixed(shared / "data" / "stems" / name) for name in (*SONGS, *WITHOUT)}


def _mixed(folder: Path) -> Song:
    stems = {path.stem: _decoded(path) for path in folder.iterdir() if path.suffix in SOUND_SUFFIXES}
    frames = min(stem.shape[1] for stem in stems.values())
    silence = np.zeros((2, frames), np.float32)
    target = stems.get("synth", silence)[:, :frames]
    return sum((stem[:, :frames] for stem in stems.values()), silence), target


def _decoded(path: Path) -> np.ndarray:
    with open_sound(path) as source:
        blocks = [to_float(block, source.encoding) for block in source.blocks(1 << 16)]
        rate = source.sample_rate
    sound = resample(np.concatenate(blocks, axis=1), rate, 44100)
    return np.broadcast_to(sound, (2, sound.shape[1])).astype(np.float32)


def heard(model: SeparationModel, mixture: np.ndarray, size: int = 1 << 18) -> np.ndarray:
    blocks = [mixture[:, at : at + size] for at in range(0, mixture.shape[1], size)]
    return np.concatenate(list(overlap_add(blocks, model.hear, model.windows)), axis=1)


@every_model
def test_synthesizers_are_heard_in_songs_that_were_held_out(name: str, songs: dict[str, Song]) -> None:
    model = opened(name)
    gains = []
    for mixture, target in (songs[song] for song in SONGS):
        found = heard(model, mixture)
        gains.append(sdr(target, found[:2]) - sdr(target, mixture))
        assert found[2].mean() > 0.5, "the synthesizer plays most of the time"
    assert min(gains) > 0 and np.median(gains) > 2


@every_model
def test_windows_cost_next_to_nothing(name: str, songs: dict[str, Song]) -> None:
    model = opened(name)
    for song in SONGS:
        mixture, target = songs[song]
        whole = model.hear(mixture)
        in_windows = heard(model, mixture)
        assert abs(sdr(target, in_windows[:2]) - sdr(target, whole[:2])) <= 0.1, song


@every_model
def test_blocks_leave_no_trace(name: str, songs: dict[str, Song]) -> None:
    model = opened(name)
    mixture, _ = songs["midi-dm02"]
    one, other = heard(model, mixture, 1 << 20), heard(model, mixture, 7919)
    assert np.abs(one - other).max() <= 1e-6


@every_model
def test_no_click_where_one_window_gives_way_to_the_next(name: str, songs: dict[str, Song]) -> None:
    """Curvature at the seams is what it is elsewhere."""
    model = opened(name)
    mixture, _ = songs["lmms-onion"]
    bend = np.abs(np.diff(heard(model, mixture)[:2], 2, axis=1)).max(axis=0)
    hop, fade = model.windows.hop, model.windows.fade
    seams = np.zeros(len(bend), bool)
    for at in range(hop, len(bend), hop):
        seams[at - 8 : at + 8] = seams[at + fade - 8 : at + fade + 8] = True
    assert seams.sum() >= 64
    assert bend[seams].max() < np.quantile(bend[~seams], 0.999)


def test_little_is_heard_where_no_synthesizer_plays(songs: dict[str, Song]) -> None:
    leaked = []
    for song in WITHOUT:
        found = canzona.extract(songs[song][0], sample_rate=44100)
        leaked.append(leakage(found.synth, songs[song][0]))
    assert np.median(leaked) <= -25


def test_no_song_with_a_synthesizer_comes_out_silent(shared: Path) -> None:
    """Of all that were held out, whole."""
    stems = shared / "data" / "stems"
    names = find_model("mel-lstm", job="extract").config["training"]["held_out"]
    having = [name for name in names if (stems / name / "synth.ogg").exists()]
    assert len(having) == 11
    for name in having:
        found = canzona.extract(_mixed(stems / name)[0], sample_rate=44100)
        assert found.status == "done" and found.synth.any(), name


def test_the_same_song_gives_the_same_bytes(root: Path, tmp_path: Path) -> None:
    """Also beside another song, in a process of its own."""
    model, asked = opened("blend"), Options()
    source = root / "examples" / "greensleeves-band.flac"
    other = tmp_path / "other.flac"
    other.write_bytes(source.read_bytes())
    runs = []
    for jobs, sources in ((1, [source]), (2, [source, other])):
        plan = plan_songs(sources, tmp_path / str(jobs), model, asked)
        reports = list(extract_songs(plan, model, asked, jobs=jobs))
        assert {report.status for report in reports} == {"done"}
        runs.append([path.read_bytes() for path in reports[0].outputs])
    assert runs[0] == runs[1]


def test_a_blend_names_its_parts_by_hash() -> None:
    parts = find_model("blend", job="extract").behaviour["parts"]
    assert {part["name"] for part in parts} == {"mel-lstm", "waveform"}
    for part in parts:
        assert find_model(part["name"], job="extract").hash == part["hash"]
        assert 0 < part["weight"] < 1


@every_model
def test_each_folder_has_25_megabytes_at_most(name: str) -> None:
    folder = find_model(name, job="extract").path
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 25e6
    json.loads((folder / "config.json").read_text(encoding="utf-8"))
