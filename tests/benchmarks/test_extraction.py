"""The benchmarks of `canzona extract`: each script at its smallest, on songs of tones and noise."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from scripts import loaded
from small_extractor import filter_model, mask_model
from stem_sets import noise, tone, write_plain

pytest.importorskip("torch", reason="the extra 'train' is not installed")
pytest.importorskip("lightning", reason="the extra 'train' is not installed")

RATE, SECONDS = 44100, 1.5

Script = Callable[..., Any]


@pytest.fixture(scope="module")
def stems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four songs, one of them without a synth; 'held' is the one that the recipes hold out."""
    samples = round(RATE * SECONDS)
    songs = {
        name: {"synth.wav": tone(hertz, seconds=SECONDS), "drums.wav": noise(int(hertz), samples)}
        for name, hertz in (("held", 440.0), ("a", 220.0), ("b", 330.0))
    }
    return write_plain(tmp_path_factory.mktemp("stems"), {**songs, "c": {"bass.wav": noise(9, samples)}})


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tiny_extractors import tiny_recipe

    folder = tmp_path_factory.mktemp("recipes")
    for kind in ("mel-lstm", "waveform"):
        tiny_recipe(kind, folder, name=kind)
    return folder


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all of these tests keep what they trained."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture
def load(root: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """A script as a module, with what the scripts share beside it."""
    monkeypatch.syspath_prepend(root / "benchmarks")
    return lambda name: loaded(root / "benchmarks" / f"{name}.py")


@pytest.fixture
def script(load: Callable[[str], ModuleType], capsys: pytest.CaptureFixture[str]) -> Script:
    """What a script prints as JSON; its exit code may say that a bar was missed."""

    def call(name: str, *words: object) -> Any:
        module = load(name)
        capsys.readouterr()
        assert module.main([*map(str, words), "--json"]) in (0, 1)
        return json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def songs(load: Callable[[str], ModuleType], stems: Path, recipes: Path, work: Path) -> Any:
    """The four songs as the scripts see them."""
    load("loss_table")
    from extraction.songs import opened, recipe_of

    return opened([stems], work / "store", recipe_of("mel-lstm", recipes))


@pytest.fixture
def words(stems: Path, recipes: Path, work: Path) -> list[object]:
    """Arguments of a training of a tenth of a second."""
    return [stems, "--recipes", recipes, "--work", work, "--minutes", 0.002]


def test_songs_are_split_as_the_recipe_says(songs: Any) -> None:
    assert [song.name for song in songs.held_out] == ["held"]
    assert sorted(store.songs[number].name for store, number in songs.training) == ["a", "b", "c"]
    assert songs.minutes == pytest.approx(3 * SECONDS / 60)
    assert songs.classes == ["bass", "drums", "synth"]
    fewer = songs.without({"a"})
    assert len(fewer.training) == 2 and fewer.setting != songs.setting
    _, target = songs.held_out[0].signals()
    assert np.allclose(target, tone(440.0, seconds=SECONDS), atol=1e-4)


def test_the_original_recipes_beside_ours(script: Script, words: list[object]) -> None:
    rows = script("synthgen_recipes", *words, "--seconds", 0.5)
    lstm, waveform, *ours = rows
    assert [row["kind"] for row in ours] == ["Canzona mel-lstm", "Canzona waveform"]
    assert all(row["steps"] >= 1 and row["minutes"] > 0 for row in rows)
    assert waveform["gradient"] < 1e-6 < 1e-2 < min(row["gradient"] for row in ours)
    assert lstm["first_gradient"] < 1e-2 * min(row["first_gradient"] for row in ours)
    assert {row["mixture"] for row in rows} == {rows[0]["mixture"]}
    for row in rows:
        assert row["gain"] == pytest.approx(row["sdr"] - row["mixture"])
    again = script("synthgen_recipes", *words, "--seconds", 0.5)
    assert again == rows, "the second time from what was kept"


def test_open_unmix_beside_ours(script: Script, words: list[object]) -> None:
    if importlib.util.find_spec("openunmix") is None:
        pytest.skip("openunmix is not installed")
    rows = script("open_unmix", *words, "--hidden", 8, "--batch", 2)
    assert [row["kind"] for row in rows] == ["Open-Unmix", "Canzona mel-lstm", "Canzona blend"]
    assert rows[0]["last_loss"] > 0 and rows[0]["parameters"] > 10_000
    assert rows[2]["minutes"] < 2 * rows[1]["minutes"] + 0.01, "the blend's networks share the time"
    assert all(np.isfinite([row["gain"], row["si_sdr"]]).all() for row in rows)


def test_losses_in_one_table(script: Script, words: list[object], load: Callable[[str], ModuleType]) -> None:
    rows = script("loss_table", *words, "--losses", "l1", "log-mel")
    assert sorted(row["loss"] for row in rows) == ["l1", "log-mel"]
    assert rows[0]["gain"] >= rows[1]["gain"]
    assert rows[0]["first_loss"] != rows[1]["first_loss"]
    from canzona.train.separation.losses import LOSSES

    assert set(load("loss_table").LOSSES) == set(LOSSES), "every loss stands in the table"


def test_curves_and_shares(script: Script, words: list[object], tmp_path: Path) -> None:
    curves = write_curve(tmp_path / "synth.work")
    picture = tmp_path / "curve.png"
    found = script("training_curve", *words, "--shares", 0.5, 1, "--curves", curves, "--picture", picture)
    assert [row["cpu_minutes"] for row in found["curves"]["synth"]] == [1, 2, 3, 4]
    assert [row["songs_learnt"] for row in found["shares"]] == [2, 3]
    assert found["shares"][0]["song_minutes"] < found["shares"][1]["song_minutes"]
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_what_each_source_brings(script: Script, words: list[object], tmp_path: Path) -> None:
    """The first folder and one of the others, each in turn; its three songs with two, and with one."""
    samples = round(RATE * SECONDS)
    for folder, names in (("more", "de"), ("most", "f")):
        songs = {
            name: {"synth.wav": tone(500.0, seconds=SECONDS), "bass.wav": noise(3, samples)} for name in names
        }
        write_plain(tmp_path / folder, songs)
    stems, *rest = words
    found = script(
        "training_curve", stems, tmp_path / "more", tmp_path / "most", *rest, "--shares", 0, 1,
        "--curves", "--picture", tmp_path / "curve.png",
    )  # fmt: skip
    rows = [(row["share"], row["source"], row["songs_learnt"]) for row in found["shares"]]
    assert rows == [(0, "", 3), (1, "", 6), (None, "more", 5), (None, "most", 4)]


def write_curve(folder: Path) -> Path:
    """The work folder of a training of four epochs, the third of which was best."""
    from canzona.train.loop import write_curves

    folder.mkdir()
    gains = (1.0, 2.0, 4.0, 3.0)
    rows = [
        {
            "epoch": n,
            "steps": 10 * n,
            "cpu_minutes": n,
            "gain": gain,
            "mean_gain": gain - 0.5,
            "sdr": gain - 2,
        }
        for n, gain in enumerate(gains, start=1)
    ]
    write_curves(rows, folder)
    return folder


def test_a_training_as_it_stood(load: Callable[[str], ModuleType], tmp_path: Path) -> None:
    module = load("training_curve")
    from extraction.ours import at_minutes

    folder = write_curve(tmp_path / "synth.work")
    assert at_minutes(folder, 2.9) == {
        "kind": "synth.work", "minutes": 2.0, "steps": 20, "gain": 2.0, "mean_gain": 1.5, "sdr": 0.0,
    }  # fmt: skip
    with pytest.raises(SystemExit, match=r"the first epoch took more than 0\.5 minutes"):
        at_minutes(folder, 0.5)
    with pytest.raises(SystemExit, match=r"holds no curves\.csv"):
        at_minutes(tmp_path, 1)
    marks = {word: row["gain"] for word, row in module.landmarks(module.points_of(folder))}
    assert marks == {"a quarter": 1.0, "half": 2.0, "all": 3.0, "highest mean gain": 4.0}


def test_shares_lie_within_one_another(songs: Any, load: Callable[[str], ModuleType]) -> None:
    left_out = load("training_curve").left_out
    sets = [left_out(songs, songs.stores[0], share) for share in (0, 1 / 3, 2 / 3, 1)]
    assert [len(names) for names in sets] == [3, 2, 1, 0]
    assert sets[0] > sets[1] > sets[2]


def test_speed(script: Script, tmp_path: Path) -> None:
    model = filter_model(tmp_path / "half", window=2 * RATE, fade=RATE)
    words = ["--models", model.path, "nowhere", "--seconds", 3, "--rounds", 1, "--segments", 0]
    wav, mp3, nowhere, peer = script("extract_speed", *words)
    assert (wav["file"], mp3["file"], wav["kind"], wav["status"]) == ("wav", "mp3", "waveform", "done")
    for row in (wav, mp3):
        assert row["seconds"] == pytest.approx(3, abs=0.1)
        assert row["real_time"] == pytest.approx(row["seconds"] / row["cpu_s"])
        assert row["passed"] == (row["real_time"] >= 12)
    assert nowhere["status"].startswith("skipped: ") and peer["status"] == "left out"


def test_speed_beside_the_peer(load: Callable[[str], ModuleType], tmp_path: Path) -> None:
    pytest.importorskip("demucs", reason="demucs is not installed")
    module = load("extract_speed")
    song = module.write_songs(tmp_path, 6)[0]
    row, run = module.their_run(module.RELEASED, song, tmp_path, 1)
    theirs = module.timed(row, run, 1)
    assert theirs["seconds"] == pytest.approx(5.85, abs=0.01), "as much as the segments cover"
    assert (tmp_path / "vocals.wav").stat().st_size > 4 * 5.85 * RATE * 0.99
    mine = {"model": "m", "kind": "blend", "per_second": 0.01}
    module.compared([mine, {**theirs, "model": module.PEER, "per_second": 0.14}])
    assert mine["times_peer"][module.PEER] == pytest.approx(14) and mine["passed"] is False


def test_museval_beside_ours(script: Script, songs: Any, words: list[object], tmp_path: Path) -> None:
    pytest.importorskip("museval", reason="museval is not installed")
    model = mask_model(tmp_path / "half", 0.5)
    stems, _, recipes, _, work = words[:5]
    (row,) = script("museval_beside", stems, "--model", model.path, "--recipes", recipes, "--work", work)
    assert row["song"] == "held" and row["status"] == "done"
    mixture, target = songs.held_out[0].signals()
    from canzona.separation.metrics import sdr

    assert row["sdr"] == pytest.approx(sdr(target, mixture / 2), abs=0.01)
    assert row["museval_sar"] > 20, "half of the mixture adds nothing of its own"


def test_what_cannot_be_measured_says_why(script: Script, tmp_path: Path) -> None:
    for name in ("synthgen_recipes", "loss_table", "training_curve"):
        assert script(name, tmp_path / "none") == {"skipped": f"there is no folder {tmp_path / 'none'}"}
    found = script("museval_beside", tmp_path, "--model", tmp_path)
    assert "skipped" in found
