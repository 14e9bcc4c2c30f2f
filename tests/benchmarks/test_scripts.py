"""The benchmarks run: each script with its smallest settings, on the small model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from canzona.score import Key, Meter, Tune
from canzona.score.format import format_named
from scripts import loaded
from small_model import RHYTHMS, _tune, train_small_model

Script = Callable[..., Any]


def load(root: Path, name: str) -> ModuleType:
    """A script as a module."""
    return loaded(root / "benchmarks" / f"{name}.py")


@pytest.fixture
def script(root: Path) -> Script:
    """What a script prints as JSON: `script("startup.py")`; its exit code may say that a bar was missed."""

    def call(name: str, *words: object) -> Any:
        command = [sys.executable, root / "benchmarks" / name, *map(str, words), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout)

    return call


def test_generation_speed(script: Script, small_model: Path) -> None:
    found = script("generation_speed.py", "--model", small_model, "--tunes", 4, "--rounds", 1, "--steps", 5)
    assert found["model"] == "small"
    assert all(
        found[name] > 0
        for name in ("notes_per_s", "tutorial_steps_per_s", "times", "first_tune_cpu_s", "first_tune_mb")
    )
    assert found["times"] == pytest.approx(found["notes_per_s"] / found["tutorial_notes_per_s"], rel=0.05)


def test_sample_settings(script: Script, small_model: Path) -> None:
    rows = script("sample_settings.py", "--models", small_model, "--tunes", 3)
    assert {row["model"] for row in rows} == {"small"} and rows[-1]["settings"] == "training tunes"
    assert {"default", "top_p=1.0", "bars=16"} <= {row["settings"] for row in rows}
    for row in rows[:-1]:
        assert row["bits_per_note"] > 0 and 0 <= row["ends_on_tonic"] <= 1 and 0 < row["overlap"] < 1


def test_a_process_that_composes_says_with_what(root: Path, small_model: Path, tmp_path: Path) -> None:
    script = load(root, "determinism")
    source, model = script.copied(str(small_model), tmp_path)
    one = script.child(script.Setting("plain"), source, model, 3)
    other = script.child(script.Setting("other", threads=2, batch=2), source, model, 3)
    assert one["tunes"] == other["tunes"] and len(set(one["tunes"])) == 3
    assert one.keys() == {"tunes", "cpu_seconds", "threads", "vectors", "numpy", "onnxruntime"}


def test_hidden_instructions_change_ordinary_products(root: Path, small_model: Path, tmp_path: Path) -> None:
    """And leave the tunes as they are."""
    script = load(root, "determinism")
    hidden = [setting for setting in script.settings(tmp_path) if setting.name == "SSE4.2"]
    if not hidden:
        pytest.skip("this machine cannot hide its vector instructions")
    plain, less = (
        script.child(setting, root / "src", small_model, 2) for setting in (script.Setting("plain"), *hidden)
    )
    assert less["vectors"] == "SSE42"
    assert plain["tunes"] == less["tunes"]
    if plain["vectors"] != "SSE42":
        assert plain["onnxruntime"] != less["onnxruntime"] and plain["numpy"] != less["numpy"]


@pytest.fixture
def plain_tunes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Thirty tunes of eighths and quarters, which the tutorial's encoding takes."""
    simple = tuple(length for length in RHYTHMS if length.denominator in (1, 2) and length <= 2)
    monkeypatch.setattr("small_model.RHYTHMS", simple)
    random = np.random.default_rng(3)
    (tmp_path / "data").mkdir()
    for number in range(30):
        tune = _tune(random, number, Meter(2, 4), simple[0] * 0, Key("GDA"[number % 3], 0, "major"))
        (tmp_path / "data" / f"{number}.krn").write_bytes(format_named("kern").write([tune]).data)
    return tmp_path / "data"


def test_tutorial_model(
    root: Path, plain_tunes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="the extra 'train' is not installed")
    model = train_small_model(plain_tunes, tmp_path / "model")
    script = load(root, "tutorial_model")
    capsys.readouterr()
    words = [
        plain_tunes, "--model", model, "--work", tmp_path / "kept", "--rates", "0.003", "--json",
        "--minutes", "0.005", "--test", plain_tunes / "0.krn", plain_tunes / "1.krn",
    ]  # fmt: skip
    assert script.main([str(word) for word in words]) in (0, 1)
    found = json.loads(capsys.readouterr().out)
    assert found["of_tunes"] == 2 and 1 <= found["tunes"] <= 2
    assert found["trained_on"] <= 29
    assert 0 < found["tutorial"]["bits_per_note"] < 20 and 0 < found["ours"]["bits_per_note"] < 20
    assert 0.4 < found["hold"]["step_accuracy"] < 0.9 and found["best"] == 0.003

    script.main([str(word) for word in words])
    again = capsys.readouterr()
    assert json.loads(again.out) == found and again.err == "", "the second time from what was kept"


def test_the_tutorial_s_symbols(root: Path, examples: Path) -> None:
    script = load(root, "tutorial_model")
    from melodies import star

    row = script.steps_of(star())
    assert row[:8] == ["60", "_", "_", "_", "60", "_", "_", "_"]
    windows, wanted = script.windows_of(row, {symbol: place for place, symbol in enumerate([*set(row), "/"])})
    assert windows.shape == (len(row) + 64, 64) and len(wanted) == len(row) + 64
    assert len(set(windows[0])) == 1, "before the first step stands padding alone"
    assert script.steps_of(Tune(notes=())) == []


def test_limits_of_scripts(root: Path) -> None:
    import ast

    script = load(root, "run")
    assert script.limit_of(ast.parse("LIMIT_SECONDS = 60")) == 60
    assert script.limit_of(ast.parse("LIMIT = 60")) == script.LIMIT_SECONDS
