"""Whole songs by the real synthesizers, and folders of them."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from canzona.errors import UsageError, WriteError
from canzona.train.separation.rendering import song as module
from canzona.train.separation.rendering.collection import (
    MANIFEST,
    fingerprint,
    read_entries,
    render_collection,
    write_manifest,
)
from canzona.train.separation.rendering.equipment import Equipment, check_equipment
from canzona.train.separation.rendering.mixdown import Stem
from canzona.train.separation.rendering.presets import Preset
from canzona.train.separation.rendering.recipe import Recipe
from canzona.train.separation.rendering.song import ENTRY, Song, render_song, save_song, song_name
from canzona.train.separation.rendering.synthesizers import Studio
from canzona.train.separation.rendering.worker import RenderError

SECONDS = 3.0
SHORT = "[song]\nshortest = 2\nlongest = 2\nmost_parts = 2\n[sources]\nmma = 0\n[[fonts]]\n"
CLASSES = {"synth", "drums", "bass", "guitar", "piano", "strings", "other"}


@pytest.fixture(scope="session")
def short(recipe: Recipe) -> Recipe:
    """Songs of three seconds and four parts by the font that is read soonest."""
    song = replace(recipe.song, shortest=SECONDS, longest=SECONDS, most_parts=4)
    return replace(recipe, song=song, fonts=recipe.fonts[:1])


@pytest.fixture(scope="session")
def folder(short: Recipe, equipment: Equipment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three rendered songs."""
    place = tmp_path_factory.mktemp("rendered") / "songs"
    done = render_collection(place, short, songs=3, seed=3)
    assert (done.songs, done.new, done.failed) == (3, 3, ())
    return place


def by_font(equipment: Equipment) -> str:
    """A recipe of songs of two seconds by one font."""
    font = asdict(equipment.fonts[0]).items()
    return SHORT + "".join(f"{name} = {json.dumps(value)}\n" for name, value in font)


def stems(folder: Path) -> dict[str, np.ndarray]:
    import soundfile

    found = {}
    for path in sorted(folder.glob("*.flac")):
        sound, rate = soundfile.read(path, dtype="float32")
        assert rate == 44100 and soundfile.info(path).subtype == "PCM_16"
        found[path.stem] = sound.T
    return found


def times(path: Path) -> dict[str, int]:
    return {str(file.relative_to(path)): file.stat().st_mtime_ns for file in path.rglob("*.flac")}


def test_a_song_is_its_stems_and_its_entry(folder: Path, short: Recipe) -> None:
    for entry in read_entries(folder):
        found = stems(folder / entry["id"])
        assert set(found) == set(entry["stems"]) and len(found) >= 2
        assert {sound.shape for sound in found.values()} == {(2, round(SECONDS * 44100))}
        assert {name.split("-")[0] for name in found} <= CLASSES
        mix = sum(found.values())
        assert short.levels.least_peak * 0.8 < np.abs(mix).max() <= short.levels.largest_peak + 1e-3
        assert all(0.0005 < np.abs(sound).max() <= 1 for sound in found.values())


def test_the_synth_stands_against_the_rest_as_the_entry_says(folder: Path, short: Recipe) -> None:
    for entry in read_entries(folder):
        found = stems(folder / entry["id"])
        synth = [sound for name, sound in found.items() if name.startswith("synth")]
        rest = [sound for name, sound in found.items() if not name.startswith("synth")]
        assert entry["has_synth"] is bool(synth)
        if synth and rest:
            ratio = 10 * np.log10((sum(synth) ** 2).sum() / (sum(rest) ** 2).sum())
            assert ratio == pytest.approx(entry["mixture_sdr"], abs=0.1)
            assert short.levels.least_ratio - 0.1 <= ratio <= short.levels.largest_ratio + 0.1


def test_entries_name_who_played_what(folder: Path, recipe: Recipe) -> None:
    lines = (folder / MANIFEST).read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [song_name(3, index) for index in range(3)]
    for line in lines:
        entry = json.loads(line)
        assert entry["licence"] and entry["credit"] and entry["source"]["kind"] in ("mma", "patterns")
        for name, facts in entry["stems"].items():
            for fact in facts:
                assert {"part", "role", "notes", "effects", "gain_db", "synth", "licence"} <= set(fact)
                assert bool(fact["synth"]) is name.startswith("synth")
                if fact["synth"]:
                    assert not recipe.reserves_preset(fact["synth"], fact["bank"], fact["preset"])


def test_songs_that_are_there_are_kept(folder: Path, short: Recipe, tmp_path: Path) -> None:
    place = tmp_path / "songs"
    shutil.copytree(folder, place)
    before = times(place)
    shutil.rmtree(place / song_name(3, 1))
    reported: list[dict[str, Any]] = []
    done = render_collection(place, short, songs=3, seed=3, report=reported.append)
    assert (done.songs, done.new) == (3, 1)
    assert [entry["id"] for entry in reported] == [song_name(3, 1)]
    after = times(place)
    assert all(after[name] == before[name] for name in before if song_name(3, 1) not in name)


def test_the_same_seed_and_number_give_the_same_song(folder: Path, short: Recipe, studio: Studio) -> None:
    """All that was drawn is equal; ZynAddSubFX's own phases are not, nor what is measured on its sound."""

    def drawn(entry: dict[str, Any]) -> Any:
        measured = ("gain_db", "synth_gain_db", "mix_gain_db", "mixture_sdr", "origin", "failed")
        if isinstance(entry, dict):
            return {name: drawn(value) for name, value in entry.items() if name not in measured}
        return [drawn(value) for value in entry] if isinstance(entry, list | tuple) else entry

    again = render_song(short, 3, 2, equipment=check_equipment(short), midi=(), studio=studio)
    first = json.loads((folder / song_name(3, 2) / ENTRY).read_text())
    assert drawn(json.loads(json.dumps(again.entry))) == drawn(first)
    assert len({str(drawn(entry)["stems"]) for entry in read_entries(folder)}) == 3


def test_songs_of_another_recipe_are_not_mixed_in(folder: Path, short: Recipe, equipment: Equipment) -> None:
    other = replace(short, casting=replace(short.casting, layered=0.5))
    assert fingerprint(other, []) != fingerprint(short, [])
    with pytest.raises(UsageError, match="holds songs of seed 3 from another recipe") as caught:
        render_collection(folder, other, songs=5, seed=3)
    assert "choose another folder or another --seed" in str(caught.value)


def test_two_processes_render_as_one_and_clean_up(
    short: Recipe, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    done = render_collection(tmp_path, short, songs=2, seed=3, jobs=2)
    assert not [path for path in scratch.iterdir() if path.name.startswith("canzona")]
    assert (done.songs, done.new, done.failed) == (2, 2, ())
    for index in range(2):
        names = [set(stems(place / song_name(3, index))) for place in (folder, tmp_path)]
        assert names[0] == names[1]


def test_a_killed_run_leaves_no_half_song_and_goes_on(equipment: Equipment, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(by_font(equipment))
    place = tmp_path / "songs"
    words = [sys.executable, "-m", "canzona", "data", "stems", "--out", str(place), "--songs", "2",
             "--recipe", str(tmp_path / "r.toml"), "--quiet"]  # fmt: skip
    surroundings = {**os.environ, "TMPDIR": str(tmp_path)}  # a killed run leaves its scratch folder
    process = subprocess.Popen(words, env=surroundings)
    while not (place / song_name(1, 0) / ENTRY).exists() and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    for path in place.iterdir():
        assert path.name.startswith(".") or (path / ENTRY).is_file()
    assert subprocess.run(words, env=surroundings, check=False).returncode == 0
    assert len(read_entries(place)) == 2
    assert not [path for path in place.iterdir() if path.name.startswith(".")]


def test_a_run_of_several_processes_ends_with_the_songs_at_work(equipment: Equipment, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(by_font(equipment))
    place = tmp_path / "songs"
    words = [sys.executable, "-m", "canzona", "data", "stems", "--out", str(place), "--songs", "1000",
             "--recipe", str(tmp_path / "r.toml"), "--quiet", "--jobs", "2"]  # fmt: skip
    process = subprocess.Popen(words)
    while not read_entries(place) and process.poll() is None:
        time.sleep(0.01)
    process.terminate()
    assert process.wait(timeout=120) == 128 + signal.SIGTERM
    held = len(read_entries(place))
    assert held <= 6 and len((place / MANIFEST).read_text().splitlines()) == held
    time.sleep(3)
    assert len(read_entries(place)) == held, "no process goes on"


def a_song() -> Song:
    sound = np.zeros((2, 4410), np.float32)
    sound[:, ::10] = 0.5
    return Song([Stem("drums", sound, []), Stem("synth-lead", sound, [])], {"id": "x", "seconds": 0.1})


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
@pytest.mark.parametrize("name", ["write_bytes", "write_text", "rename", "mkdir"])
def test_a_song_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(module.Path, name, fail)
    with pytest.raises(WriteError) as caught:
        save_song(a_song(), tmp_path / "x")
    assert str(tmp_path / "x") in str(caught.value) and os.strerror(code).lower() in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_ctrl_c_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: Any, **kwargs: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "encode_audio", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_song(a_song(), tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_a_draft_of_an_earlier_run_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".x.part").mkdir()
    (tmp_path / ".x.part" / "old.flac").write_bytes(b"")
    save_song(a_song(), tmp_path / "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x"]
    assert sorted(path.name for path in (tmp_path / "x").iterdir()) == [
        "drums.flac",
        ENTRY,
        "synth-lead.flac",
    ]


def test_presets_that_fail_are_named_and_replaced(
    short: Recipe, equipment: Equipment, studio: Studio, tmp_path: Path
) -> None:
    """Half of the presets are files that hold no instrument."""
    (tmp_path / "x.xiz").write_text("<x></x>")
    broken = Preset("zynaddsubfx", "broken", "x", path=tmp_path / "x.xiz")
    synthesizer = next(name for name in equipment.presets if name != "zynaddsubfx")
    own = replace(equipment, presets={"zynaddsubfx": [broken], synthesizer: equipment.presets[synthesizer]})
    weights = {"amsynth": 0.0, "zynaddsubfx": 0.5, "lmms": 0.0, "mda": 0.0, "drawn": 0.0, synthesizer: 0.5}
    recipe = replace(
        short,
        synthesizers=replace(short.synthesizers, **weights),
        song=replace(short.song, without_synth=0.0),
        sources=replace(short.sources, mma=0.0),
    )
    failed, played = [], []
    for index in range(2):
        song = render_song(recipe, 1, index, equipment=own, midi=(), studio=studio)
        failed += song.entry["failed"]
        played += [fact for stem in song.stems for fact in stem.facts if fact["synth"]]
    assert {row["preset"] for row in failed} == {str(broken)}
    assert "holds no instrument" in failed[0]["reason"]
    assert played and all(fact["synth"] == synthesizer for fact in played)


def test_a_song_of_which_nothing_sounds_is_an_error(
    short: Recipe, equipment: Equipment, studio: Studio, tmp_path: Path
) -> None:
    """Fonts that are none, presets that hold nothing, and no drum synthesizer."""
    (tmp_path / "x.xiz").write_text("<x></x>")
    (tmp_path / "x.sf2").write_bytes(b"RIFF....sfbk")
    presets = {"zynaddsubfx": [Preset("zynaddsubfx", "broken", "x", path=tmp_path / "x.xiz")]}
    fonts = (replace(short.fonts[0], path=str(tmp_path / "x.sf2")),)
    own = replace(equipment, presets=presets, fonts=fonts)
    recipe = replace(
        short,
        casting=replace(short.casting, drum_synthesizer=0.0),
        song=replace(short.song, most_parts=2),
        sources=replace(short.sources, mma=0.0),
    )
    with pytest.raises(RenderError, match="song-1-00000 gave no two stems in 3 attempts"):
        render_song(recipe, 1, 0, equipment=own, midi=(), studio=studio)


def test_damaged_entries_are_passed_over(tmp_path: Path) -> None:
    for name, text in (
        ("a", '{"id": "a", "seconds": 4}'),
        ("b", "{"),
        ("c", "[]"),
        (".d.part", '{"seconds": 1}'),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / ENTRY).write_text(text)
    assert [entry["id"] for entry in read_entries(tmp_path)] == ["a"]
    assert [entry["id"] for entry in write_manifest(tmp_path)] == ["a"]
    assert (tmp_path / MANIFEST).read_text() == '{"id": "a", "seconds": 4}\n'


def test_the_reader_of_datasets_reads_the_songs(folder: Path) -> None:
    from canzona.train.separation.data import read_songs

    songs = read_songs(folder)
    entries = {entry["id"]: entry for entry in read_entries(folder)}
    assert {song.name for song in songs} == set(entries)
    for song in songs:
        entry = entries[song.name]
        assert {stem.class_name for stem in song.stems} == {name.split("-")[0] for name in entry["stems"]}
        assert song.licence == entry["licence"] and song.credit == entry["credit"]
