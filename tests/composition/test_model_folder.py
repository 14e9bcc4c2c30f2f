"""A composer's folder that is missing, damaged or foreign: ModelError, before a note is written."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canzona.composition import compose
from canzona.composition.model import ComposerModel
from canzona.errors import ModelError
from canzona.models.folder import CONFIG

FILES = ("trunk.onnx", "pitch.onnx", "flag.onnx", "index.npz", "ngram.npz", "human.json", "card.md", CONFIG)


@pytest.fixture
def copy(small_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_model, tmp_path / "copy"))


def reseal(folder: Path, **changes: Any) -> Path:
    """The config with changes, and the sums of the files as they are: damage that no sum shows."""
    config = json.loads((folder / CONFIG).read_text())
    config |= changes
    config["files"] = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in config["files"]
        if (folder / name).exists()
    }
    (folder / CONFIG).write_text(json.dumps(config))
    return folder


def use_all(folder: Path) -> None:
    """Everything that a model is used for."""
    from canzona.composition import evaluate, evaluate_samples

    model = ComposerModel.open(folder)
    compose(model=model, seed=1, bars=2)
    evaluate_samples(1, model=model, bars=2)
    evaluate([Path(__file__).parents[2] / "examples"], model=model)


def test_the_copy_is_whole(copy: Path) -> None:
    assert {path.name for path in copy.iterdir()} == set(FILES)
    use_all(copy)
    use_all(reseal(copy))


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "missing": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "one bit flipped": lambda path: path.write_bytes(flipped(path.read_bytes())),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


def flipped(data: bytes, at: int = -1, bit: int = 3) -> bytes:
    place = len(data) // 2 if at < 0 else at % len(data)
    return data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :]


@pytest.mark.parametrize(
    ("name", "damage"),
    [(name, damage) for name in FILES for damage in DAMAGE if (name, damage) != (CONFIG, "one bit flipped")],
)
def test_a_damaged_file_is_named(copy: Path, name: str, damage: str) -> None:
    DAMAGE[damage](copy / name)
    with pytest.raises(ModelError) as caught:
        ComposerModel.open(copy)
    assert str(copy) in str(caught.value)
    assert caught.value.exit_code == 4 and caught.value.hint


@given(st.integers(0), st.integers(0, 7))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_bit_of_the_config_is_refused_or_harmless(
    small_model: Path, tmp_path: Path, at: int, bit: int
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(small_model, copy, dirs_exist_ok=True)
    (copy / CONFIG).write_bytes(flipped((small_model / CONFIG).read_bytes(), at, bit))
    try:
        model = ComposerModel.open(copy)
        compose(model=model, seed=1, bars=1)
    except ModelError:
        return


def with_another_input(graph: Path) -> None:
    """As trunks of earlier versions took the past in another form."""
    held = onnx.load(graph)
    held.graph.input.append(onnx.helper.make_tensor_value_info("past_keys", onnx.TensorProto.FLOAT, [1]))
    graph.write_bytes(held.SerializeToString())


SEALED: dict[str, Callable[[Path], Any]] = {
    "no graph": lambda folder: (folder / "trunk.onnx").unlink(),
    "a graph that is none": lambda folder: (folder / "pitch.onnx").write_bytes(b"no graph at all"),
    "another graph": lambda folder: shutil.copy(folder / "flag.onnx", folder / "trunk.onnx"),
    "a graph of an earlier version": lambda folder: with_another_input(folder / "trunk.onnx"),
    "graphs that changed places": lambda folder: (
        shutil.copy(folder / "pitch.onnx", folder / "x"),
        shutil.copy(folder / "flag.onnx", folder / "pitch.onnx"),
        (folder / "x").rename(folder / "flag.onnx"),
    ),
    "no index": lambda folder: (folder / "index.npz").unlink(),
    "an index that is none": lambda folder: (folder / "index.npz").write_bytes(b"PK"),
    "no baseline": lambda folder: (folder / "ngram.npz").unlink(),
    "a baseline that is none": lambda folder: shutil.copy(folder / "index.npz", folder / "ngram.npz"),
    "no figures": lambda folder: (folder / "human.json").unlink(),
    "figures that are none": lambda folder: (folder / "human.json").write_text("[1, 2]"),
    "figures that are no JSON": lambda folder: (folder / "human.json").write_bytes(b"\xff{"),
}


@pytest.mark.parametrize("damage", SEALED)
def test_damage_that_no_sum_shows_is_a_model_error(copy: Path, damage: str) -> None:
    SEALED[damage](copy)
    reseal(copy)
    with pytest.raises(ModelError):
        use_all(copy)


def behaviour(folder: Path, **changes: Any) -> dict[str, Any]:
    held: dict[str, Any] = json.loads((folder / CONFIG).read_text())["behaviour"]
    return {key: value for key, value in {**held, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    "changes",
    [
        {"vocabulary": None}, {"openings": None}, {"openings": []},
        {"openings": [["europa", "major"]]}, {"openings": "europa"}, {"openings": [[[], [], [], [], [], []]]},
        {"openings": [["europa", "major", "G", "3/4", "1/0", 1]]},
        {"openings": [["europa", "major", "G", "3/4", "0", "many"]]},
        {"openings": [["europa", "major", "G", "3:4", "0", 1]]},
        {"openings": [["europa", "major", "?", "3/4", "0", 1]]},
        {"openings": [["europa", "major", "G", "3/4", "0", 0]]},
        {"vocabulary": {}}, {"vocabulary": []}, {"vocabulary": {"durations": ["1/0"]}},
    ],
    ids=str,
)  # fmt: skip
def test_a_config_of_something_else_is_a_model_error(copy: Path, changes: dict[str, Any]) -> None:
    reseal(copy, behaviour=behaviour(copy, **changes))
    with pytest.raises(ModelError, match="is no composer that this version can read; train or"):
        ComposerModel.open(copy)


def test_a_vocabulary_of_another_size_is_a_model_error(copy: Path) -> None:
    """The graphs have as many classes as the vocabulary that they were trained with."""
    held = behaviour(copy)
    held["vocabulary"]["durations"].append("7/3")
    reseal(copy, behaviour=held)
    with pytest.raises(ModelError):
        compose(model=copy, seed=1, bars=2)


def test_a_model_for_another_job(copy: Path) -> None:
    reseal(copy, job="tag")
    with pytest.raises(ModelError, match="model 'small' is for 'tag' and 'compose' is asked for"):
        compose(model=copy)


def test_a_place_without_a_model(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path, tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(ModelError):
            compose(model=place)
    with pytest.raises(ModelError, match="'folg'"):
        compose(model="folg")
