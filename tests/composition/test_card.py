"""The card of a composer: filled from its evaluations, which it carries along, newest last."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from canzona.composition.card import write_card
from canzona.composition.model import ComposerModel
from canzona.models import load_folder
from canzona.models.folder import CONFIG, update_card
from pace import within
from sealed_model import changed_copy, seal

SCORED = {
    "model": "small", "tunes": 3, "notes": 120, "unreadable": 0,
    "bits_per_note": {"duration": 1.25, "pitch": 2.5, "total": 3.75},
    "intervals": {"bits_per_note.total": [3.5, 4.0]},
}  # fmt: skip
SAMPLED = {"samples": 500, "bars_close": 1.0, "longest_copy": {"median": 7.0, "p90": 11.0, "max": 20.0}}


@pytest.fixture
def model(small_model: Path, tmp_path: Path) -> ComposerModel:
    return ComposerModel.open(Path(shutil.copytree(small_model, tmp_path / "small")))


def card_of(model: ComposerModel) -> str:
    return (model.folder.path / "card.md").read_text(encoding="utf-8")


def again(model: ComposerModel) -> ComposerModel:
    return ComposerModel.open(model.folder.path)


def section(card: str, heading: str) -> str:
    """What stands below a heading, up to the next."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", card, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


def test_figures_stand_with_their_command_and_interval(model: ComposerModel) -> None:
    write_card(model, [SCORED], command="canzona evaluate compose tunes --card")
    results = section(card_of(model), "Results")
    assert "**3 tunes, 120 notes**" in results
    assert "canzona evaluate compose tunes --card" in results
    assert "| `bits_per_note.total` | 3.75 | 3.5 to 4 |" in results
    assert "| `tunes` | 3 |" in results


def test_the_hash_of_the_card_is_the_models_own(model: ComposerModel) -> None:
    before = model.folder.hash
    folder = write_card(model, [SCORED], command="one")
    assert folder.hash == load_folder(model.folder.path).hash == before
    assert f"`{before}`" in card_of(model)


def test_evaluations_of_other_commands_stay(model: ComposerModel) -> None:
    write_card(model, [SCORED], command="one")
    write_card(again(model), [SAMPLED], command="two")
    results = section(card_of(model), "Results")
    assert results.index("120 notes") < results.index("**500 composed tunes**"), "the newest comes last"
    assert "| `longest_copy.p90` | 11 |" in results


def test_the_same_command_again_takes_the_place_of_its_old_figures(model: ComposerModel) -> None:
    write_card(model, [SCORED], command="one")
    write_card(again(model), [SAMPLED], command="two")
    better = {**SCORED, "notes": 121}
    write_card(again(model), [better], command="one")
    results = section(card_of(model), "Results")
    assert "120 notes" not in results
    assert results.index("500 composed tunes") < results.index("121 notes")


def test_two_reports_of_one_command_stand_both(model: ComposerModel) -> None:
    write_card(model, [SCORED, SAMPLED], command="one")
    write_card(again(model), [SCORED, SAMPLED], command="one")
    results = section(card_of(model), "Results")
    assert (results.count("120 notes"), results.count("500 composed tunes")) == (1, 1)


def test_writing_the_same_twice_changes_no_byte(model: ComposerModel) -> None:
    write_card(model, [SCORED], command="one")
    first, config = card_of(model), (model.folder.path / CONFIG).read_bytes()
    write_card(again(model), [SCORED], command="one")
    assert card_of(model) == first
    assert (model.folder.path / CONFIG).read_bytes() == config


@pytest.mark.parametrize("word", ["a --> b", "<!-- evaluations: []", "é – ü", "`x` | y", 'say "hi"'])
def test_no_word_of_a_command_breaks_the_card(model: ComposerModel, word: str) -> None:
    write_card(model, [SCORED], command=f"canzona evaluate compose '{word}'")
    write_card(again(model), [SAMPLED], command="two")
    card = card_of(model)
    begin = card.rindex("<!-- evaluations: ")
    assert card.index("-->", begin) == len(card) - len("-->\n"), "the comment ends where the card ends"
    assert f"compose '{word}'" in section(card, "Results")


@pytest.mark.parametrize(
    "card",
    [
        "", "# Written by hand\n", "<!-- evaluations: ", "<!-- evaluations: [1, 2] -->",
        "<!-- evaluations: {} -->", "<!-- evaluations: [{ -->",
        '<!-- evaluations: [null, {"tunes": 1, "notes": 2, "command": "c"}] -->',
    ],
)  # fmt: skip
def test_a_card_of_someone_elses_is_written_anew(model: ComposerModel, card: str) -> None:
    update_card(model.folder, card)
    write_card(again(model), [SCORED], command="one")
    assert "120 notes" in section(card_of(model), "Results")
    assert "Written by hand" not in card_of(model)
    load_folder(model.folder.path)


def test_a_model_without_a_card_gets_one(small_model: Path, tmp_path: Path) -> None:
    folder = changed_copy(small_model, tmp_path / "bare")
    held = json.loads((folder / CONFIG).read_text())
    del held["files"]["card.md"]
    (folder / CONFIG).write_text(json.dumps(held))
    (folder / "card.md").unlink()
    model = ComposerModel.open(folder)
    assert "card.md" in write_card(model, [SCORED], command="one").files
    assert "120 notes" in card_of(model)


def test_a_card_that_is_no_utf8_is_written_anew(model: ComposerModel) -> None:
    (model.folder.path / "card.md").write_bytes(b"# K\xf6ln\n")
    seal(model.folder.path)
    write_card(again(model), [SCORED], command="one")
    assert "120 notes" in card_of(model)


def test_front_matter_and_headings_are_those_of_a_model_card(model: ComposerModel) -> None:
    write_card(model, [SCORED], command="one")
    _, front, body = card_of(model).split("---\n", 2)
    held = pytest.importorskip("yaml").safe_load(front)
    assert held["license"] == "cc0-1.0" and held["library_name"] == "canzona"
    assert {"music", "symbolic-music", "compose"} <= set(held["tags"])
    assert body.lstrip().startswith("# Model card for `small`")
    for heading in ("Uses", "Out-of-Scope Use", "Training Data", "Metrics", "Environmental Impact"):
        section(body, heading)


def test_training_settings_and_seed_are_stated(model: ComposerModel) -> None:
    write_card(model, [], command="one")
    settings = section(card_of(model), "Training Hyperparameters")
    training = model.folder.config["training"]
    assert f"- seed: {training['seed']}" in settings
    assert f"- hidden: {training['hyperparameters']['hidden']}" in settings


def test_the_size_is_that_of_the_files(model: ComposerModel) -> None:
    write_card(model, [], command="one")
    size = sum((model.folder.path / name).stat().st_size for name in model.folder.files if name != "card.md")
    (stated,) = re.findall(r"Size of the files: ([\d.]+) MB", card_of(model))
    assert float(stated) == pytest.approx(size / 1e6, abs=0.06)


def test_the_command_of_the_card_can_be_given_again(
    model: ComposerModel, canzona_cli: Callable, examples: Path, tmp_path: Path
) -> None:
    """What stands in the card is what the shell was given, quoted where it has to be."""
    import shlex

    folder = tmp_path / "my tunes; and more"
    shutil.copytree(examples, folder)
    words = ["evaluate", "compose", str(folder), "-m", str(model.folder.path), "--card", "-q"]
    done = canzona_cli(*words)
    assert (done.code, done.out, done.err) == (0, "", ""), "quiet, and the figures are in the card"
    (command,) = re.findall(r"```\n(canzona evaluate .*)\n```", card_of(model))
    assert shlex.split(command) == ["canzona", *words]
    assert canzona_cli(*shlex.split(command)[1:]).code == 0
    assert card_of(model).count("canzona evaluate compose") == 2, "once for people, once kept"


def test_a_long_row_of_evaluations_stays_readable(model: ComposerModel) -> None:
    with within(10):
        for number in range(30):
            write_card(again(model), [{**SCORED, "tunes": number}], command=f"run {number}")
        titles = re.findall(r"^\*\*(\d+) tunes, 120 notes\*\*$", card_of(model), re.MULTILINE)
        assert titles == [str(number) for number in range(30)]


def test_reports_are_left_as_they_were(model: ComposerModel) -> None:
    report: dict[str, Any] = dict(SCORED)
    write_card(model, [report], command="one")
    assert report == SCORED
