import os
from pathlib import Path

import pytest

from canzona.errors import ModelError
from canzona.models import find_model, known_models, save_folder, search_path, user_folder

BEHAVIOUR = {"hidden": 4}


def make(place: Path, name: str, job: str = "compose", version: str = "1") -> Path:
    config = {"name": name, "version": version, "job": job, "licence": "CC0-1.0", "behaviour": BEHAVIOUR}
    return save_folder(place / name, config, {"trunk.onnx": b"weights"}).path


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's data folder and a search path of our own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CANZONA_MODELS", str(tmp_path / "first") + os.pathsep + str(tmp_path / "second"))
    return tmp_path


def test_models_are_found_by_name_in_the_first_place(places: Path) -> None:
    make(places / "second", "zwiefacher")
    assert find_model("zwiefacher").path == places / "second" / "zwiefacher"
    make(places / "first", "zwiefacher", version="2")
    assert find_model("zwiefacher", job="compose").version == "2"
    assert [model.version for model in known_models() if model.name == "zwiefacher"] == ["2"]


def test_a_place_may_be_a_model_itself(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANZONA_MODELS", str(make(places / "x", "zwiefacher")))
    assert find_model("zwiefacher").path == places / "x" / "zwiefacher"


def test_ones_own_models_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    make(user_folder(), "mine")
    monkeypatch.delenv("CANZONA_MODELS")
    assert find_model("mine").path == user_folder() / "mine"
    assert user_folder() in search_path()


def test_a_folder_may_be_given(places: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(places / "x", "zwiefacher")
    assert find_model(path).name == "zwiefacher"
    assert find_model(str(path)).name == "zwiefacher"
    monkeypatch.chdir(path.parent)
    assert find_model("zwiefacher").name == "zwiefacher"
    monkeypatch.chdir(path)
    assert find_model(".").name == "zwiefacher"
    with pytest.raises(ModelError, match="is no folder"):
        find_model(places / "x" / "other")


def test_an_unknown_name_is_answered_with_those_there_are(places: Path) -> None:
    make(places / "first", "zwiefacher")
    make(places / "first", "labels", job="tag")
    with pytest.raises(ModelError, match=r"no model 'zweifacher'; did you mean 'zwiefacher'\?") as caught:
        find_model("zweifacher", job="compose")
    assert caught.value.exit_code == 4
    assert "labels" not in str(caught.value), "a model for another job is no help"
    with pytest.raises(ModelError, match=r"known models: .*zwiefacher"):
        find_model("qqqqqq")


def test_models_of_one_job_are_listed(places: Path) -> None:
    make(places / "first", "labels", job="tag")
    assert "labels" in [model.name for model in known_models("tag")]
    assert "labels" not in [model.name for model in known_models("compose")]


def test_what_is_no_model_is_passed_over(places: Path) -> None:
    make(places / "first", "zwiefacher")
    (places / "first" / "junk").mkdir()
    (places / "first" / "junk" / "config.json").write_text("{}")
    (places / "first" / "file").write_text("")
    assert "zwiefacher" in [model.name for model in known_models()]


def test_a_damaged_model_is_listed_and_refused(places: Path) -> None:
    path = make(places / "first", "zwiefacher")
    (path / "trunk.onnx").write_bytes(b"")
    assert "zwiefacher" in [model.name for model in known_models()]
    with pytest.raises(ModelError, match="damaged"):
        find_model("zwiefacher")


def test_every_model_that_is_known_verifies(monkeypatch: pytest.MonkeyPatch) -> None:
    # Contract: whatever lies in shipped/ and models/research/ is whole and says its licence.
    monkeypatch.delenv("CANZONA_MODELS")
    for model in known_models():
        model.verify()
        assert model.licence
        assert len(model.hash) == 64


def test_shipped_models_are_not_for_research_only() -> None:
    import canzona.models

    shipped = Path(canzona.models.__file__).parent / "shipped"
    assert not [
        model.name for model in known_models() if model.path.parent == shipped and model.research_only
    ]


@pytest.mark.parametrize("name", ["x" * 300, "./" + "x" * 300, "a\0b", "./a\0b", "", "~nobody-at-all/x"])
def test_impossible_names_are_no_model(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "\0" not in name:  # no environment holds one
        monkeypatch.setenv("CANZONA_MODELS", name)
    with pytest.raises(ModelError):
        find_model(name)
    assert isinstance(known_models(), list)
