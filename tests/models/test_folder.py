import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canzona.errors import CanzonaError, ModelError, UsageError, WriteError
from canzona.models import ModelFolder, load_folder, save_folder, update_card
from canzona.models.folder import CONFIG

CONFIG_OF_FOLK: dict[str, Any] = {
    "name": "folk",
    "version": "1",
    "job": "compose",
    "licence": "CC-BY-SA-4.0",
    "behaviour": {"vocabulary": {"durations": ["1", "1/2"]}, "hidden": 4},
    "training": {"seed": 1, "data": [{"name": "Ceol Rince", "licence": "Unlicense"}]},
}
FILES: dict[str, bytes | Path] = {"trunk.onnx": b"weights", "index.npz": b"index", "card.md": b"# Card\n"}


@pytest.fixture
def folk(tmp_path: Path) -> ModelFolder:
    return save_folder(tmp_path / "folk", CONFIG_OF_FOLK, FILES)


def rewrite(model: ModelFolder, **changes: object) -> Path:
    """Changes the config on disk; None removes a key."""
    config = {**model.config, **changes}
    kept = {key: value for key, value in config.items() if value is not None}
    (model.path / CONFIG).write_text(json.dumps(kept))
    return model.path


def test_a_saved_model_is_loaded_as_it_was(folk: ModelFolder) -> None:
    again = load_folder(folk.path, job="compose")
    assert (again.name, again.job, again.version, again.licence) == ("folk", "compose", "1", "CC-BY-SA-4.0")
    assert again.behaviour == CONFIG_OF_FOLK["behaviour"]
    assert not again.research_only
    assert again.file("trunk.onnx").read_bytes() == b"weights"
    assert sorted(path.name for path in folk.path.iterdir()) == sorted([*FILES, CONFIG])


def test_files_may_be_copied_from_paths(tmp_path: Path) -> None:
    (tmp_path / "export.onnx").write_bytes(b"graph")
    model = save_folder(tmp_path / "m", CONFIG_OF_FOLK, {"trunk.onnx": tmp_path / "export.onnx"})
    assert model.file("trunk.onnx").read_bytes() == b"graph"
    with pytest.raises(CanzonaError, match="no such file"):
        save_folder(tmp_path / "n", CONFIG_OF_FOLK, {"trunk.onnx": tmp_path / "missing.onnx"})


@pytest.mark.parametrize(("config", "files", "same"), [
    ({}, {"card.md": b"# Another card\n"}, True),
    ({}, {"index.npz": b"another index"}, True),
    ({"training": {}, "version": "2", "licence": "CC0-1.0"}, {}, True),
    ({}, {"trunk.onnx": b"other weights"}, False),
    ({"behaviour": {"hidden": 5}}, {}, False),
    ({"job": "tag"}, {}, False),
])  # fmt: skip
def test_the_hash_covers_what_defines_behaviour(
    folk: ModelFolder, tmp_path: Path, config: dict[str, Any], files: dict[str, bytes | Path], same: bool
) -> None:
    other = save_folder(tmp_path / "other", CONFIG_OF_FOLK | config, FILES | files)
    assert (other.hash == folk.hash) is same
    assert len(folk.hash) == 64


def test_a_new_card_leaves_the_hash_and_the_folder_whole(folk: ModelFolder) -> None:
    again = update_card(folk, "# New\n")
    assert again.file("card.md").read_text() == "# New\n"
    assert again.hash == folk.hash
    load_folder(folk.path)


@pytest.mark.parametrize("name", ["trunk.onnx", "index.npz", "card.md"])
def test_a_changed_byte_is_refused(folk: ModelFolder, name: str) -> None:
    data = bytearray((folk.path / name).read_bytes())
    data[0] ^= 1
    (folk.path / name).write_bytes(data)
    with pytest.raises(ModelError, match=rf"{name} is damaged") as caught:
        load_folder(folk.path)
    assert caught.value.exit_code == 4
    assert load_folder(folk.path, verify=False).name == "folk"


def test_a_missing_file_is_refused(folk: ModelFolder) -> None:
    (folk.path / "trunk.onnx").unlink()
    with pytest.raises(ModelError, match=r"trunk\.onnx: no such file"):
        load_folder(folk.path)


def test_an_unlisted_file_is_never_handed_out(folk: ModelFolder) -> None:
    (folk.path / "more.onnx").write_bytes(b"")
    with pytest.raises(ModelError, match=r"holds no 'more\.onnx'"):
        load_folder(folk.path).file("more.onnx")


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"format": "keras"}, "not a model of Canzona's"),
    ({"format": None}, "not a model of Canzona's"),
    ({"format_version": 2}, "has format 2"),
    ({"name": None}, "states no 'name'"),
    ({"job": 3}, "states no 'job'"),
    ({"name": "../evil"}, "no plain name"),
    ({"behaviour": []}, "states no 'behaviour'"),
    ({"files": None}, "lists no 'files'"),
    ({"files": {"a": 1}}, "lists no 'files'"),
    ({"files": {"../../etc/passwd": ""}}, "strange name"),
    ({"files": {"/etc/passwd": ""}}, "strange name"),
    ({"files": {"config.json": ""}}, "strange name"),
])  # fmt: skip
def test_a_foreign_or_broken_config_is_refused(
    folk: ModelFolder, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ModelError, match=sentence):
        load_folder(rewrite(folk, **changes))


@pytest.mark.parametrize("config", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"7", b"null", b" " * 4_000_001])
def test_what_is_no_config_is_refused(folk: ModelFolder, config: bytes) -> None:
    (folk.path / CONFIG).write_bytes(config)
    with pytest.raises(ModelError):
        load_folder(folk.path)


KEYS = st.sampled_from(["format", "format_version", "name", "job", "behaviour", "files"])
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(KEYS, values, max_size=6),
    max_leaves=10,
)


@given(ANY_JSON)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_is_refused_in_a_sentence(tmp_path: Path, value: object) -> None:
    (tmp_path / CONFIG).write_text(json.dumps(value))
    with pytest.raises(ModelError):
        load_folder(tmp_path)


def test_places_that_hold_no_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is no folder"):
        load_folder(tmp_path / "nowhere")
    with pytest.raises(ModelError, match=r"has no config\.json"):
        load_folder(tmp_path)


def test_a_model_for_another_job_is_refused(folk: ModelFolder) -> None:
    with pytest.raises(ModelError, match="'folk' is for 'compose' and 'tag' is asked for"):
        load_folder(folk.path, job="tag")


def test_an_existing_folder_is_kept_without_force(folk: ModelFolder) -> None:
    with pytest.raises(WriteError, match="exists"):
        save_folder(folk.path, CONFIG_OF_FOLK | {"version": "2"}, FILES)
    assert load_folder(folk.path).version == "1"
    assert save_folder(folk.path, CONFIG_OF_FOLK | {"version": "2"}, {}, force=True).version == "2"
    assert [path.name for path in folk.path.iterdir()] == [CONFIG], "nothing of the old model stays"
    assert [path.name for path in folk.path.parent.iterdir()] == ["folk"], "no draft stays"


def test_a_failed_write_leaves_the_old_model(folk: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name == "index.npz":
            raise OSError(28, "No space left on device")
        return whole(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(WriteError, match="no space left"):
        save_folder(folk.path, CONFIG_OF_FOLK | {"version": "2"}, FILES, force=True)
    with pytest.raises(WriteError, match="no space left"):
        save_folder(folk.path.parent / "new", CONFIG_OF_FOLK, FILES)
    monkeypatch.undo()
    assert load_folder(folk.path).version == "1"
    assert [path.name for path in folk.path.parent.iterdir()] == ["folk"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(WriteError, match="permission"):
        save_folder(tmp_path / "m", CONFIG_OF_FOLK, FILES)


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError):
        save_folder(tmp_path / "file" / "m", CONFIG_OF_FOLK, FILES)


@pytest.mark.parametrize(("config", "files"), [
    ({"name": "My Model"}, {}),
    ({"licence": ""}, {}),
    ({}, {"sub/trunk.onnx": b""}),
    ({}, {"config.json": b""}),
    ({}, {"trunk.onnx": bytes(25_000_000)}),
])  # fmt: skip
def test_what_no_model_may_be_is_not_saved(
    tmp_path: Path, config: dict[str, Any], files: dict[str, bytes | Path]
) -> None:
    with pytest.raises(UsageError):
        save_folder(tmp_path / "m", CONFIG_OF_FOLK | config, files)
    assert not list(tmp_path.iterdir())


def test_a_model_that_grew_too_large_is_refused(folk: ModelFolder) -> None:
    (folk.path / "trunk.onnx").write_bytes(bytes(26_000_000))
    with pytest.raises(ModelError, match="26 MB"):
        load_folder(folk.path)


def test_a_copied_folder_is_the_same_model(folk: ModelFolder, tmp_path: Path) -> None:
    shutil.copytree(folk.path, tmp_path / "copy")
    assert load_folder(tmp_path / "copy").hash == folk.hash
