"""`canzona evaluate compose` from the shell."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from canzona.models import load_folder


@pytest.fixture
def evaluate(small_model: Path, canzona_cli: Callable) -> Callable:
    """`canzona evaluate compose -m SMALL WORDS`."""
    return lambda *words: canzona_cli("evaluate", "compose", "-m", small_model, *words)


def test_the_report_is_one_json_object(evaluate: Callable, examples: Path) -> None:
    done = evaluate(examples, "--json")
    assert (done.code, done.err) == (0, "")
    held = json.loads(done.out)
    assert (held["tunes"], held["unreadable"], held["blind"], held["model"]) == (3, 0, False, "small")
    assert set(held["bits_per_note"]) == {"duration", "pitch", "phrase", "total"}
    assert set(held["accuracy"]) == {"duration", "pitch"}
    assert set(held["baseline"]) == {"ngram_total", "hold_accuracy"}
    assert {"notes", "timestep_accuracy", "timestep_onset_accuracy", "intervals", "model_hash"} <= set(held)


def test_batch_order_and_way_of_naming_change_nothing(
    evaluate: Callable, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = evaluate(examples, "--json").out
    assert evaluate(examples, "--json", "--batch", "1").out == whole
    assert evaluate(examples, examples, "--json").out == whole
    files = sorted(examples.glob("*.krn"))
    assert evaluate(*files, "--json").out == evaluate(*files[::-1], "--json").out
    monkeypatch.chdir(examples)
    assert evaluate(".", "--json").out == whole


def test_figures_are_printed_as_rows(evaluate: Callable, examples: Path) -> None:
    rows = dict(row.split(None, 1) for row in evaluate(examples).out.splitlines())
    held = json.loads(evaluate(examples, "--json").out)
    assert float(rows["bits_per_note.total"]) == held["bits_per_note"]["total"]
    assert rows["tunes"] == "3"
    assert not any(key.startswith("intervals") for key in rows)


def test_blind_hides_the_region(evaluate: Callable, tmp_path: Path, examples: Path) -> None:
    (tmp_path / "china").mkdir()
    text = (examples / "greensleeves.krn").read_text()
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("!!!ARE")]
    (tmp_path / "china" / "a.krn").write_text("".join(lines))
    seen, blind = (
        json.loads(evaluate(tmp_path / "china", "--json", *words).out) for words in ((), ("--blind",))
    )
    assert (seen["blind"], blind["blind"]) == (False, True)
    assert seen["bits_per_note"] != blind["bits_per_note"]
    assert seen["baseline"] == blind["baseline"]


def test_what_cannot_be_read_is_counted(evaluate: Callable, tmp_path: Path, examples: Path) -> None:
    shutil.copy(examples / "greensleeves.krn", tmp_path / "good.krn")
    (tmp_path / "binary.krn").write_bytes(bytes(range(256)))
    (tmp_path / "rests.krn").write_bytes(b"**kern\n*M2/4\n4r\n4r\n*-\n")
    held = json.loads(evaluate(tmp_path, "--json").out)
    assert (held["tunes"], held["unreadable"], held["empty"]) == (1, 1, 1)


def test_samples(evaluate: Callable) -> None:
    done = evaluate("--samples", "3", "--json")
    held = json.loads(done.out)
    assert (done.code, held["samples"], held["seed"], held["bars_close"]) == (0, 3, 1, 1.0)
    assert {"median", "p90", "max"} <= set(held["longest_copy"])
    assert {
        "ends_on_tonic", "pitch_overlap", "interval_overlap", "duration_overlap", "distinct", "training",
    } <= set(held)  # fmt: skip
    assert json.loads(evaluate("--samples", "3", "--seed", "1", "--json").out) == held
    assert json.loads(evaluate("--samples", "3", "--seed", "2", "--json").out) != held


def test_folders_and_samples_go_together(evaluate: Callable, examples: Path) -> None:
    held = json.loads(evaluate(examples, "--samples", "2", "--json").out)
    assert (held["tunes"], held["samples"]) == (3, 2)


def test_the_tunes_that_were_held_out(evaluate: Callable, small_model: Path) -> None:
    """The folder of the training lies beside the model; a tenth of it was held out."""
    data = small_model.parent.parent / "data"
    done = evaluate(data, "--held-out", "--json")
    assert done.code == 0, done.err
    held = json.loads(done.out)
    assert held["held_out"] is True
    assert 0 < held["tunes"] < 30
    assert json.loads(evaluate(data, "--json").out)["tunes"] == 75


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ((), 2, "there is nothing to evaluate; name a folder of scores, or ask for --samples 500"),
        (("nowhere",), 1, "nowhere"),
        (("empty",), 1, "empty holds no score; give a folder with .krn"),
        (("silent",), 1, "there is no tune with a note to evaluate"),
        (("silent/a.txt",), 1, "a.txt"),
        (("--samples", "0"), 2, "--samples"),
        (("--samples", "many"), 2, "--samples"),
        (("silent", "--batch", "0"), 2, "--batch"),
        (("other", "--held-out"), 2, "are not the ones that 'small' was trained on"),
    ],
    ids=str,
)
def test_bad_requests_are_a_code_and_a_sentence(
    evaluate: Callable,
    tmp_path: Path,
    examples: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "silent", "other"):
        Path(name).mkdir()
    Path("silent/a.krn").write_bytes(b"**kern\n4r\n*-\n")
    Path("silent/a.txt").write_text("words")
    shutil.copy(examples / "greensleeves.krn", "other")
    done = evaluate(*words)
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert "Traceback" not in done.err and "should not happen" not in done.err


def test_a_damaged_model_is_code_4(
    small_model: Path, canzona_cli: Callable, examples: Path, tmp_path: Path
) -> None:
    for name in ("trunk.onnx", "ngram.npz", "human.json", "config.json"):
        bad = tmp_path / name
        shutil.copytree(small_model, bad)
        (bad / name).write_bytes((bad / name).read_bytes()[:-9])
        done = canzona_cli("evaluate", "compose", examples, "--samples", "1", "-m", bad)
        assert (done.code, done.out) == (4, ""), name
        assert done.err.startswith("canzona: ") and done.err.count("\n") == 1
    assert canzona_cli("evaluate", "compose", examples, "-m", "smal").code == 4


def test_a_card_is_written_from_the_figures(
    small_model: Path, canzona_cli: Callable, examples: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(small_model, tmp_path / "copy"))
    before = load_folder(copy).hash
    done = canzona_cli("evaluate", "compose", examples, "--samples", "2", "-m", copy, "--card", "--json")
    assert done.code == 0
    total = json.loads(done.out)["bits_per_note"]["total"]
    card = (copy / "card.md").read_text()
    assert f"{total:.3f}"[:5] in card or str(total) in card
    assert load_folder(copy).hash == before, "the card is no part of what the model is"
    assert canzona_cli("compose", "-m", copy, "--bars", "1").code == 0


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_card_that_cannot_be_written_is_code_1(
    small_model: Path, canzona_cli: Callable, examples: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(small_model, tmp_path / "copy"))
    copy.chmod(0o500)
    done = canzona_cli("evaluate", "compose", examples, "-m", copy, "--card")
    assert done.code == 1 and "was not written" in done.err
    load_folder(copy)
