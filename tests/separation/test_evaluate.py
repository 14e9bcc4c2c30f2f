"""Evaluating an extractor: every key of the report, known figures, and the card that it writes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from canzona.errors import UsageError
from canzona.models import load_folder
from canzona.separation.card import HEADINGS
from canzona.separation.evaluate import evaluate
from canzona.train.separation.data import read_songs
from conftest import Outcome
from small_extractor import mask_model, noise, tone


def write(path: Path, samples: np.ndarray, rate: int = 44100) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples.T, rate, subtype="FLOAT" if path.suffix == ".wav" else None)


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A song with a low synth under noise, one in two files and at another rate, and one without a synth."""
    home = tmp_path_factory.mktemp("songs")
    write(home / "one" / "synth.wav", tone(220, 2.0))
    write(home / "one" / "hats.wav", tone(9000, 1.5))
    write(home / "one" / "mix.wav", tone(50, 1.0))
    (home / "one" / "notes.txt").write_text("no stem")
    write(home / "two" / "synth-lead.wav", tone(300, 1.0, rate=48000), 48000)
    write(home / "two" / "Synth.bass.flac", tone(100, 1.2))
    write(home / "two" / "drums.wav", tone(12000, 1.2)[:1])
    write(home / "without" / "drums.wav", noise(3, 44100))
    (home / "empty").mkdir()
    return home


@pytest.fixture(scope="module")
def low(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that passes what lies below 2 kHz, and hears it there alone."""
    bins = (np.arange(257) < 24).astype(np.float32)
    folder = tmp_path_factory.mktemp("models") / "low"
    return mask_model(folder, bins, low_bins=24, presence={"threshold": 1e-6, "seconds": 0.5}).path


def test_the_report_has_every_key(songs: Path, low: Path) -> None:
    report = evaluate(songs, model=low)
    assert [song["name"] for song in report["songs"]] == ["one", "two", "without"]
    one, two, without = report["songs"]
    for song in (one, two):
        assert song["leakage_db"] is None and song["status"] == "done"
        assert song["estimate"]["sdr"] > 20 and song["estimate"]["si_sdr"] > 20
        assert song["oracle_irm"]["sdr"] > 20
    # The louder channel's energies: 2 s of the target against 1.5 s of the rest.
    assert one["mixture"]["sdr"] == pytest.approx(10 * np.log10(2 / 1.5), abs=0.05)
    assert without["mixture"]["sdr"] is without["estimate"]["sdr"] is without["oracle_irm"]["sdr"] is None
    # White noise: 24 of 257 bins leak.
    assert without["leakage_db"] == pytest.approx(10 * np.log10(24 / 257), abs=0.5)
    assert report["gain"].value == pytest.approx(
        np.median([song["estimate"]["sdr"] - song["mixture"]["sdr"] for song in (one, two)])
    )
    assert report["median"]["leakage_db"].value == without["leakage_db"]
    assert set(report["median"]) == {"mixture", "estimate", "oracle_irm", "leakage_db"}
    assert 0 < report["rtf"] < 5
    assert report["with_target"] == 2


def test_stems_of_several_rates_and_lengths_are_summed(songs: Path, low: Path) -> None:
    two = evaluate(songs, model=low)["songs"][1]
    assert two["seconds"] == pytest.approx(1.2, abs=0.01)


def test_mixes_and_hidden_folders_are_neither_stems_nor_songs(tmp_path: Path, low: Path) -> None:
    for folder in ("song", ".trash"):
        (tmp_path / folder).mkdir()
        for name, seed in (("synth-a", 1), ("synth-b", 2), ("drums", 3), ("mix-final", 4)):
            soundfile.write(tmp_path / folder / f"{name}.wav", noise(seed, 44100).T, 44100)
    (song,) = evaluate(tmp_path, model=low)["songs"]
    assert song["name"] == "song"
    # Two parts are the target, one is the rest, all of one level.
    assert song["mixture"]["sdr"] == pytest.approx(10 * np.log10(2), abs=0.1)


def test_what_is_called_absent_leaks_nothing(songs: Path, tmp_path: Path) -> None:
    deaf = mask_model(tmp_path / "deaf", 0.5, heard=0.0, presence={"threshold": 0.5, "seconds": 1})
    report = evaluate(songs, model=deaf.path)
    assert {song["status"] for song in report["songs"]} == {"absent"}
    assert report["songs"][2]["leakage_db"] == -100
    assert report["songs"][0]["estimate"]["sdr"] == pytest.approx(0, abs=1e-6)


def test_the_command_prints_one_json_object(
    songs: Path, low: Path, canzona_cli: Callable[..., Outcome]
) -> None:
    done = canzona_cli("evaluate", "extract", songs, "--model", low, "--json")
    assert done.code == 0 and not done.err
    report = json.loads(done.out)
    assert {"songs", "median", "gain", "rtf", "model_hash"} <= set(report)
    assert report["songs"][2]["estimate"] == {"sdr": None, "si_sdr": None}
    assert isinstance(report["gain"], float)
    low_end, high_end = report["intervals"]["gain"]
    assert low_end <= report["gain"] <= high_end


def test_the_command_prints_a_table(songs: Path, low: Path, canzona_cli: Callable[..., Outcome]) -> None:
    done = canzona_cli("evaluate", "extract", songs, "--model", low)
    assert re.search(r"^one +1\.\d +\d\d\.\d +\d\d\.\d +- +done$", done.out, re.MULTILINE)
    assert re.search(r"^without +- +- +- +-10\.\d +done$", done.out, re.MULTILINE)


def test_the_card_answers_what_the_cards_before_it_asked(
    songs: Path, tmp_path: Path, canzona_cli: Callable[..., Outcome]
) -> None:
    model = mask_model(tmp_path / "own", 0.5)
    table = tmp_path / "table.md"
    table.write_text("| rival | SDR |\n|---|---|\n| theirs | 1.0 |\n")
    words = ("evaluate", "extract", songs, "--model", model.path, "--card")
    assert canzona_cli(*words, "--table", table).code == 0
    again = load_folder(model.path)
    assert again.hash == model.hash
    card = again.file("card.md").read_text("utf-8")
    for _, heading, _ in HEADINGS:
        assert re.search(rf"^##+ {heading}$", card, re.MULTILINE), heading
    for asked in (
        "Model Details", "Intended Use", "Training Data", "Evaluation Data", "Performance Measures",
        "Ethical Considerations", "Limitations and Biases", "Maintenance", "Caveats and Recommendations",
    ):  # fmt: skip
        assert f"\n## {asked}\n" in card
    assert re.search(r"^\| one \| 1\.\d \|", card, re.MULTILINE)
    assert "| theirs | 1.0 |" in card and "--table" not in card
    assert "| `gain` |" in card
    assert re.search(r"with 'synth', least was gained in `\w+` \(.* dB\), .*; most leaked in `without`", card)
    assert "Leakage without the target" not in card
    # The same command again replaces its figures; the table stays without being named anew.
    assert canzona_cli(*words).code == 0
    card = load_folder(model.path).file("card.md").read_text("utf-8")
    assert "| theirs | 1.0 |" in card
    assert canzona_cli(*words).code == 0
    assert load_folder(model.path).file("card.md").read_text("utf-8").count("\n| one |") == 1


def test_stems_are_the_target_as_the_models_recipe_calls_it(
    tmp_path: Path, canzona_cli: Callable[..., Outcome]
) -> None:
    write(tmp_path / "songs" / "one" / "Lead 2.wav", tone(220, 1.0))
    write(tmp_path / "songs" / "one" / "drums.wav", tone(9000, 1.0))
    usual, told = (
        mask_model(tmp_path / "usual", 0.5),
        mask_model(tmp_path / "told", 0.5, classes={"synth": ["lead*", "keys"]}),
    )
    assert evaluate(tmp_path / "songs", model=usual.path)["with_target"] == 0
    assert evaluate(tmp_path / "songs", model=told.path)["with_target"] == 1
    done = canzona_cli("evaluate", "extract", tmp_path / "songs", "--model", usual.path)
    assert "no stem of 'synth' is heard here, so leakage is all that can be measured" in done.err


def test_songs_and_stems_are_found_as_the_training_finds_them(tmp_path: Path) -> None:
    """Below folders of a dataset's parts, by the table of classes; what a Mac's archives bring is no song."""
    for home in ("train/a", "test/b", "c", "__MACOSX/c"):
        write(tmp_path / "set" / home / "Pad.wav", tone(220, 1.0))
        write(tmp_path / "set" / home / "lead synth.wav", tone(330, 1.0))
        write(tmp_path / "set" / home / "drums.wav", tone(9000, 1.0))
    found = evaluate(tmp_path / "set", model=mask_model(tmp_path / "own", 0.5).path)
    assert [song["name"] for song in found["songs"]] == ["c", "a", "b"] and found["with_target"] == 3
    assert [song.name for song in read_songs(tmp_path / "set")] == ["c", "a", "b"]
    assert {stem.class_name for song in read_songs(tmp_path / "set") for stem in song.stems} == {
        "synth", "drums",
    }  # fmt: skip


def test_songs_that_cannot_be_measured_say_why(
    tmp_path: Path, low: Path, canzona_cli: Callable[..., Outcome]
) -> None:
    """And a figure that would mean nothing is none."""
    home = tmp_path / "songs"
    write(home / "cut" / "synth.flac", noise(1, 80_000))
    whole = (home / "cut" / "synth.flac").read_bytes()
    (home / "cut" / "synth.flac").write_bytes(whole[: len(whole) // 2])
    write(home / "mixed" / "mix.wav", tone(220, 0.5))
    write(home / "still" / "drums.wav", np.zeros((2, 22050), np.float32))
    done = canzona_cli("evaluate", "extract", home, "--model", low, "--json")
    cut, mixed, still = json.loads(done.out)["songs"]
    assert done.code == 1 and "is cut off or damaged after" in cut["reason"]
    assert "mixed: the song has a mixture and no stem" in mixed["reason"]
    assert (still["status"], still["leakage_db"]) == ("absent", None)


def test_held_out_songs_alone(songs: Path, tmp_path: Path) -> None:
    model = mask_model(tmp_path / "own", 0.5)
    with pytest.raises(UsageError, match="none of these 3 songs was held out"):
        evaluate(songs, model=model.path, held_out=True)
    config = json.loads((model.path / "config.json").read_text())
    config["training"] = {"held_out": ["two"]}
    (model.path / "config.json").write_text(json.dumps(config))
    assert [song["name"] for song in evaluate(songs, model=model.path, held_out=True)["songs"]] == ["two"]


def test_folders_without_songs(songs: Path, low: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder"):
        evaluate(tmp_path / "nothing", model=low)
    with pytest.raises(UsageError, match="no folder with stems"):
        evaluate(songs / "one", model=low)


def test_a_song_that_cannot_be_measured_does_not_stop_the_others(
    low: Path, tmp_path: Path, canzona_cli: Callable[..., Outcome]
) -> None:
    write(tmp_path / "good" / "synth.wav", tone(220, 1.0))
    write(tmp_path / "slow" / "synth.wav", tone(20, 1.0, rate=100), 100)
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "synth.wav").write_text("no sound at all")
    done = canzona_cli("evaluate", "extract", tmp_path, "--model", low, "--json")
    assert done.code == 1
    assert [song["status"] for song in json.loads(done.out)["songs"]] == ["done", "failed", "failed"]
    slow, text = done.err.splitlines()
    assert slow.startswith("canzona: slow: 100 Hz cannot be resampled")
    assert str(tmp_path / "text" / "synth.wav") in text and "is no sound file" in text


def test_a_table_that_is_not_there(
    songs: Path, low: Path, tmp_path: Path, canzona_cli: Callable[..., Outcome]
) -> None:
    done = canzona_cli(
        "evaluate", "extract", songs, "--model", low, "--card", "--table", tmp_path / "none.md"
    )
    assert done.code == 1 and "none.md: no such file or directory" in done.err
    done = canzona_cli("evaluate", "extract", songs, "--model", low, "--table", tmp_path / "none.md")
    assert done.code == 2 and "--table goes with --card" in done.err
