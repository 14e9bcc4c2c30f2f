"""`canzona models` from the shell: listing, showing and verifying, with damaged and strange folders about."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from canzona.errors import ModelError
from canzona.models import load_folder, save_folder
from sealed_model import seal

CONFIG: dict[str, Any] = {
    "version": "1.2", "job": "compose", "licence": "CC-BY-4.0", "description": "Polkas of one village.",
    "behaviour": {"hidden": 4}, "training": {},
}  # fmt: skip


def make(place: Path, name: str, **changes: Any) -> Path:
    files: dict[str, bytes | Path] = {"trunk.onnx": name.encode(), "card.md": f"# Card of {name}\n".encode()}
    return save_folder(place / name, {**CONFIG, "name": name, **changes}, files).path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A search path with two models: 'polka', and 'waltz' for research only."""
    monkeypatch.setenv("CANZONA_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    make(tmp_path / "models", "polka")
    make(
        tmp_path / "models", "waltz", research_only=True, licence="LicenseRef-research-only",
        acknowledgement="Thanks to the archive.",
    )  # fmt: skip
    return tmp_path / "models"


def test_each_model_has_a_row_and_its_description(place: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("models", "list")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    (polka,) = [number for number, line in enumerate(lines) if line.startswith("polka ")]
    assert lines[polka].split() == ["polka", "compose", "1.2", "CC-BY-4.0"]
    assert lines[polka + 1].strip() == "Polkas of one village."
    (waltz,) = [line for line in lines if line.startswith("waltz ")]
    assert waltz.endswith("research only")


def test_models_are_listed_by_name(place: Path, canzona_cli: Callable) -> None:
    make(place, "air")
    names = [model["name"] for model in json.loads(canzona_cli("models", "list", "--json").out)]
    assert names == sorted(names) and {"air", "polka", "waltz"} <= set(names)


def test_a_model_as_json(place: Path, canzona_cli: Callable) -> None:
    held = json.loads(canzona_cli("models", "show", "waltz", "--json").out)
    assert held == {
        "name": "waltz", "job": "compose", "version": "1.2", "description": "Polkas of one village.",
        "licence": "LicenseRef-research-only", "research_only": True,
        "acknowledgement": "Thanks to the archive.", "hash": load_folder(place / "waltz").hash,
        "path": str(place / "waltz"),
    }  # fmt: skip
    listed = json.loads(canzona_cli("models", "list", "--json").out)
    assert held in listed


def test_a_model_for_people(place: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("models", "show", "waltz")
    facts, _, card = done.out.partition("\n\n")
    rows = dict(row.split(None, 1) for row in facts.splitlines())
    assert (rows["name"], rows["research_only"]) == ("waltz", "True")
    assert rows["acknowledgement"] == "Thanks to the archive."
    assert card == "# Card of waltz\n"


def test_a_folder_may_be_shown_that_lies_on_no_search_path(
    place: Path, tmp_path: Path, canzona_cli: Callable
) -> None:
    elsewhere = make(tmp_path / "elsewhere", "jig")
    assert canzona_cli("models", "show", elsewhere).code == 0
    assert canzona_cli("models", "show", "jig").code == 4


def test_a_model_without_a_card_is_shown(place: Path, canzona_cli: Callable) -> None:
    path = save_folder(place / "bare", {**CONFIG, "name": "bare"}, {"trunk.onnx": b"w"}).path
    done = canzona_cli("models", "show", path)
    assert done.code == 0 and done.out.splitlines()[-1].startswith("path ")


def test_a_card_that_is_no_utf8_is_shown(place: Path, canzona_cli: Callable) -> None:
    (place / "polka" / "card.md").write_bytes(b"# K\xf6ln\n")
    seal(place / "polka")
    done = canzona_cli("models", "show", "polka")
    assert (done.code, done.err) == (0, "")
    assert "# K" in done.out and "ln" in done.out


def test_whole_models_are_said_to_be_whole(place: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("models", "verify", "polka", "waltz")
    hashes = [load_folder(place / name).hash for name in ("polka", "waltz")]
    assert done.out.splitlines() == [
        f"polka: whole, 2 files, hash {hashes[0]}", f"waltz: whole, 2 files, hash {hashes[1]}",
    ]  # fmt: skip
    assert (done.code, done.err) == (0, "")


def test_a_damaged_model_does_not_keep_the_others_from_being_verified(
    place: Path, canzona_cli: Callable
) -> None:
    (place / "polka" / "trunk.onnx").write_bytes(b"other")
    done = canzona_cli("models", "verify", "polka", "waltz")
    assert done.code == 4
    assert done.out.startswith("waltz: whole")
    assert done.err.count("\n") == 1 and "trunk.onnx is damaged: its SHA-256 differs" in done.err


def test_without_a_name_all_are_verified(place: Path, canzona_cli: Callable) -> None:
    (place / "polka" / "card.md").unlink()
    done = canzona_cli("models", "verify")
    assert done.code == 4
    assert "waltz: whole" in done.out and "polka: whole" not in done.out
    assert "card.md: no such file" in done.err


def test_quiet_verifying_says_errors_alone(place: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("models", "verify", "polka", "-q")
    assert (done.code, done.out, done.err) == (0, "", "")
    (place / "polka" / "trunk.onnx").unlink()
    done = canzona_cli("models", "verify", "polka", "-q")
    assert (done.code, done.out) == (4, "") and "trunk.onnx" in done.err


@pytest.mark.parametrize("command", ["show", "verify"])
def test_an_unknown_name_is_answered_with_the_nearest(
    place: Path, canzona_cli: Callable, command: str
) -> None:
    done = canzona_cli("models", command, "poka")
    assert (done.code, done.out) == (4, "")
    assert "there is no model 'poka'; did you mean 'polka'? Known models:" in done.err
    assert "waltz" in done.err


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: (path / "config.json").write_text("{"), "is damaged: it is no JSON"),
        (lambda path: (path / "config.json").unlink(), "it has no config.json"),
        (lambda path: (path / "config.json").write_text('{"format": "keras"}'), "not a model of Canzona's"),
        (lambda path: shutil.rmtree(path), "is no folder"),
    ],
)
def test_a_folder_that_is_no_model_is_told_why(
    place: Path, canzona_cli: Callable, damage: Callable[[Path], Any], said: str
) -> None:
    damage(place / "polka")
    for command in ("show", "verify"):
        done = canzona_cli("models", command, place / "polka")
        assert (done.code, done.out) == (4, "")
        assert done.err.startswith("canzona: ") and said in done.err and done.err.count("\n") == 1
    assert canzona_cli("models", "list").code == 0
    assert "polka " not in canzona_cli("models", "list").out


def test_the_first_place_of_a_name_counts(
    place: Path, tmp_path: Path, canzona_cli: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "first", "polka", version="9")
    monkeypatch.setenv("CANZONA_MODELS", os.pathsep.join([str(tmp_path / "first"), str(place)]))
    assert json.loads(canzona_cli("models", "show", "polka", "--json").out)["version"] == "9"
    assert canzona_cli("models", "list").out.count("polka ") == 1
    monkeypatch.setenv("CANZONA_MODELS", os.pathsep.join([str(place), str(tmp_path / "first")]))
    assert json.loads(canzona_cli("models", "show", "polka", "--json").out)["version"] == "1.2"


def test_places_that_do_not_exist_are_passed_over(
    place: Path, tmp_path: Path, canzona_cli: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = [str(tmp_path / "nowhere"), "", str(place), str(tmp_path / "nowhere" / "else")]
    monkeypatch.setenv("CANZONA_MODELS", os.pathsep.join(named))
    assert canzona_cli("models", "show", "polka").code == 0


def test_ones_own_models_are_found(
    place: Path, tmp_path: Path, canzona_cli: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    from canzona.models import user_folder

    make(user_folder(), "own")
    assert str(user_folder()).startswith(str(tmp_path)), "the test leaves the real folder alone"
    assert json.loads(canzona_cli("models", "show", "own", "--json").out)["path"] == str(
        user_folder() / "own"
    )


def test_a_model_of_another_job_is_listed_and_not_composed_with(place: Path, canzona_cli: Callable) -> None:
    make(place, "labels", job="tag")
    assert "labels           tag " in canzona_cli("models", "list").out
    done = canzona_cli("compose", "-m", "labels")
    assert done.code == 4 and "is for 'tag' and 'compose' is asked for" in done.err


def test_strange_words_in_a_config_cannot_break_the_listing(place: Path, canzona_cli: Callable) -> None:
    """A folder from elsewhere may state anything as its description."""
    for number, about in enumerate(({"a": 1}, ["x"], None, 7, "two\nlines", "\x1b[31mred")):
        make(place, f"strange{number}", description=about)
    done = canzona_cli("models", "list")
    assert done.code == 0
    assert sum(line.startswith("strange") for line in done.out.splitlines()) == 6
    json.loads(canzona_cli("models", "list", "--json").out)


def test_a_broken_model_is_named_and_the_others_are_listed(place: Path, canzona_cli: Callable) -> None:
    make(place, "reel")
    (place / "reel" / "config.json").write_text("{")
    done = canzona_cli("models", "list")
    assert done.code == 0 and "polka " in done.out and "reel" not in done.out
    (sentence,) = done.err.splitlines()
    assert sentence.startswith("canzona: not listed: ") and str(place / "reel") in sentence
    verified = canzona_cli("models", "verify")
    assert verified.code == ModelError.exit_code and str(place / "reel") in verified.err
    assert "polka: whole" in verified.out
