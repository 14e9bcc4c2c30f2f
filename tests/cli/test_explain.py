"""`canzona explain`, `data` and `models` from the shell."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from canzona.models import save_folder


@pytest.fixture
def made(examples: Path, tmp_path: Path, canzona_cli: Callable) -> Path:
    target = tmp_path / "made.svg"
    assert canzona_cli("convert", examples / "greensleeves.krn", "-o", target, "--transpose", "D").code == 0
    return target


def test_explain_prints_what_the_file_says(made: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("explain", made)
    assert done.code == 0
    assert done.out.splitlines()[:3] == [
        "made by    canzona 0.1.0, convert",
        "to         svg",
        "transpose  D",
    ]
    assert "greensleeves.krn (sha256 " in done.out


def test_explain_as_json(made: Path, canzona_cli: Callable) -> None:
    held = json.loads(canzona_cli("explain", made, "--json").out)
    assert (held["command"], held["options"]) == ("convert", {"to": "svg", "transpose": "D"})


def test_what_came_before_is_printed_too(
    made: Path, examples: Path, tmp_path: Path, canzona_cli: Callable
) -> None:
    canzona_cli("convert", examples / "greensleeves.krn", "-o", tmp_path / "a.abc", "--transpose", "D")
    canzona_cli("convert", tmp_path / "a.abc", "-o", tmp_path / "b.mid")
    assert "and before that:" in canzona_cli("explain", tmp_path / "b.mid").out


def test_replay_says_that_the_bytes_are_the_same(made: Path, tmp_path: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("explain", made, "--replay")
    assert done.code == 0
    assert f"{made}: the same {made.stat().st_size:,} bytes" in done.out
    assert canzona_cli("explain", made, "--replay", "-o", tmp_path / "again.svg").code == 0
    assert (tmp_path / "again.svg").read_bytes() == made.read_bytes()
    assert canzona_cli("explain", made, "--replay", "-o", "-").out == made.read_text()


def test_replay_of_an_edited_file_is_code_1(made: Path, canzona_cli: Callable) -> None:
    made.write_bytes(made.read_bytes().replace(b"Greensleeves", b"Greensleaves"))
    done = canzona_cli("explain", made, "--replay", "--json")
    assert done.code == 1
    assert json.loads(done.out)["same"] is False
    assert "other bytes than the file holds" in canzona_cli("explain", made, "--replay").err


def test_a_version_that_is_not_ours_is_named(made: Path, canzona_cli: Callable) -> None:
    made.write_bytes(
        made.read_bytes().replace(b"&quot;0.1.0", b"&quot;0.0.9").replace(b'"0.1.0"', b'"0.0.9"')
    )
    assert "made by version 0.0.9" in canzona_cli("explain", made, "--replay").err


def test_a_file_of_others_is_code_1(examples: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("explain", examples / "greensleeves.krn")
    assert (done.code, done.out) == (1, "")
    assert "nothing in it says how it was made" in done.err
    assert canzona_cli("explain", examples / "greensleeves.krn", "-o", "x").code == 2


def test_data_describe(examples: Path, tmp_path: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("data", "describe", examples, "-o", tmp_path / "plot.svg")
    assert done.code == 0
    assert "tunes                    3\n" in done.out
    assert (tmp_path / "plot.svg").read_text().startswith("<svg")
    held = json.loads(canzona_cli("data", "describe", examples, "--json").out)
    assert held["keys"] == {"A minor": 1, "C major": 1, "F major": 1}
    assert canzona_cli("data", "describe", examples, "-o", tmp_path / "plot.svg").code == 1
    assert canzona_cli("data", "describe", examples, "-o", tmp_path / "plot.gif").code == 2


def test_data_describe_names_what_it_cannot_read(
    examples: Path, tmp_path: Path, canzona_cli: Callable
) -> None:
    (tmp_path / "bad.krn").write_bytes(b"\0")
    (tmp_path / "good.krn").write_bytes((examples / "greensleeves.krn").read_bytes())
    done = canzona_cli("data", "describe", tmp_path)
    assert done.code == 1
    assert done.err.startswith(f"canzona: {tmp_path / 'bad.krn'}, line 1: ")


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "models"
    place.mkdir()
    config = {
        "name": "tiny", "version": "1", "job": "compose", "licence": "CC0-1.0", "description": "For a test.",
        "research_only": True, "behaviour": {}, "training": {},
    }  # fmt: skip
    save_folder(place / "tiny", config, {"model.onnx": b"weights", "card.md": b"# tiny\n"})
    monkeypatch.setenv("CANZONA_MODELS", str(place))
    return place / "tiny"


def test_models(model: Path, canzona_cli: Callable) -> None:
    listed = canzona_cli("models", "list").out
    assert "tiny " in listed and "research only" in listed and "For a test." in listed
    assert {"name": "tiny", "licence": "CC0-1.0"}.items() <= json.loads(
        canzona_cli("models", "show", "tiny", "--json").out
    ).items()
    assert canzona_cli("models", "show", "tiny").out.endswith("# tiny\n")
    assert canzona_cli("models", "verify", "tiny").out.startswith("tiny: whole, 2 files, hash ")


def test_a_damaged_model_is_code_4(model: Path, canzona_cli: Callable) -> None:
    (model / "model.onnx").write_bytes(b"other weights")
    for words in (["verify"], ["verify", "tiny"], ["show", "tiny"]):
        done = canzona_cli("models", *words)
        assert done.code == 4, words
        assert "is damaged: its SHA-256 differs" in done.err
    assert canzona_cli("models", "show", "tyni").code == 4
