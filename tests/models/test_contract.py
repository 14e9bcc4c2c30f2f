"""What holds for any model folder: whoever adds one to `shipped/` or `models/research/` has it checked here.

The folders are found by listing; a test of a job's own looks at the models of this job.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import canzona.models
from canzona.composition.compose import compose
from canzona.composition.events import REST, encode
from canzona.composition.model import ComposerModel
from canzona.composition.ngram_contexts import PARTS
from canzona.composition.samples import KINDS, bars_close
from canzona.evaluation.card import HEADINGS, NOT_STATED
from canzona.models import ModelFolder, load_folder
from canzona.models.folder import CARD, CONFIG, LARGEST_MODEL
from canzona.separation.card import HEADINGS as EXTRACTOR_HEADINGS
from melodies import jig, star

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = Path(canzona.models.__file__).parent / "shipped"
RESEARCH = ROOT / "models" / "research"

FREE = re.compile(
    r"CC0-1\.0|CC-BY(-SA)?-[34]\.0|Apache-2\.0|MIT|Unlicense|ODbL-1\.0|PDDL-1\.0|Artistic-2\.0|BSD-[23]-Clause"
)
"""Licences under which a model may lie in the wheel."""


FILLED = (
    "description", "uses", "out_of_scope", "risks", "get_started", "data", "procedure", "preprocessing",
    "hyperparameters", "sizes", "testing_data", "metrics", "results", "impact", "citation", "downstream",
    "ethics", "failures", "maintenance", "recommendations", "comparisons", "songs",
)  # fmt: skip
"""Parts of a card that may not be left open."""


def delivered() -> list[Path]:
    """Folders that the repository holds."""
    return sorted(path.parent for place in (SHIPPED, RESEARCH) for path in place.glob(f"*/{CONFIG}"))


DELIVERED = [pytest.param(str(path), id=path.name) for path in delivered()]
ANY = [*DELIVERED, pytest.param("small", id="small, trained here")]


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> ModelFolder:
    """The folder named by the parameter; 'small' is the one that the tests train."""
    named = request.param
    return load_folder(request.getfixturevalue("small_model") if named == "small" else named)


@pytest.fixture
def model(folder: ModelFolder) -> ComposerModel:
    if folder.job != "compose":
        pytest.skip(f"'{folder.name}' is for '{folder.job}'")
    return ComposerModel.open(folder.path)


any_folder = pytest.mark.parametrize("folder", ANY, indirect=True)
delivered_folder = pytest.mark.parametrize("folder", DELIVERED, indirect=True)


def test_there_is_a_model_to_compose_with_and_it_is_in_the_wheel() -> None:
    names = [path.name for path in delivered()]
    assert "folk" in names, "the default of `canzona compose`"
    assert len(names) == len(set(names)), "names are unique over all places"


@any_folder
def test_a_folder_is_called_as_its_model(folder: ModelFolder) -> None:
    assert folder.path.name == folder.name
    assert folder.job in ("compose", "extract", "tag")
    assert re.fullmatch(r"\d+(\.\d+)*", folder.version)
    assert str(folder.config.get("description", "")).strip().endswith(".")


@any_folder
def test_a_folder_is_whole_and_holds_nothing_else(folder: ModelFolder) -> None:
    folder.verify()
    assert {path.name for path in folder.path.iterdir()} == {CONFIG, *folder.files}
    assert CARD in folder.files
    assert re.fullmatch(r"[0-9a-f]{64}", folder.hash)


@any_folder
def test_a_folder_is_small_enough_for_a_wheel(folder: ModelFolder) -> None:
    assert sum(path.stat().st_size for path in folder.path.iterdir()) <= LARGEST_MODEL


@any_folder
def test_a_folder_holds_data_alone(folder: ModelFolder) -> None:
    """Nothing that could be executed or unpickled."""
    assert {Path(name).suffix for name in folder.files} <= {".onnx", ".npz", ".json", ".md"}
    for name in folder.files:
        path = folder.file(name)
        if path.suffix == ".json":
            json.loads(path.read_bytes())
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                assert all(arrays[key].dtype.kind in "iufb" for key in arrays.files)


@any_folder
def test_graphs_are_of_standard_operators_and_carry_their_weights(folder: ModelFolder) -> None:
    onnx = pytest.importorskip(
        "onnx", reason="the extra 'train' is not installed: graphs cannot be looked into"
    )
    for name in (name for name in folder.files if name.endswith(".onnx")):
        graph = onnx.load(str(folder.file(name)), load_external_data=False)
        assert {each.domain for each in graph.opset_import} <= {"", "ai.onnx"}, name
        assert {node.domain for node in graph.graph.node} <= {"", "ai.onnx"}, name
        assert not [each.name for each in graph.graph.initializer if each.external_data], name


@any_folder
def test_the_config_says_how_it_was_trained(folder: ModelFolder) -> None:
    training = folder.config["training"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", training["date"])
    if folder.behaviour.get("kind") == "blend":
        assert training["fitted_on"] and training["validation"]
        return
    assert isinstance(training["seed"], int) and training["hours"] >= 0
    if folder.job == "extract":
        assert training["songs"] > 0 and training["minutes"] > 0 and training["held_out"]
        assert len(training["learnt"].split()) == training["songs"]
        return
    assert training["tunes"] > 0
    assert {"salt", "share", "digest"} <= set(training["split"])
    assert re.fullmatch(r"[0-9a-f]{64}", training["split"]["digest"])


@any_folder
def test_no_path_of_the_trainers_machine_is_told(folder: ModelFolder) -> None:
    text = (folder.path / CONFIG).read_text(encoding="utf-8")
    held = json.loads(text)
    assert not [name for name in held["training"].get("folders", ()) if "/" in name or "\\" in name]
    assert str(Path.home()) not in text or str(Path.home()) == "/"


@delivered_folder
def test_every_data_set_is_credited(folder: ModelFolder) -> None:
    notice = " ".join((ROOT / "NOTICE").read_text(encoding="utf-8").split())
    part = rf"\b{re.escape(folder.name)}(, [\w-]+)* \("
    assert re.search(part, notice), "NOTICE has a part for each model"
    data = folder.config["training"]["data"]
    assert data
    for row in data:
        assert {"name", "licence", "url", "credit"} <= set(row), row
        assert row["url"].startswith("https://")
        assert re.split("[;,]", row["credit"])[0] in notice, row["credit"]


@delivered_folder
def test_licence_and_place_agree(folder: ModelFolder) -> None:
    if folder.path.parent == SHIPPED:
        assert not folder.research_only
        assert FREE.fullmatch(folder.licence)
        assert all(FREE.search(row["licence"]) for row in folder.config["training"]["data"])
    else:
        assert folder.research_only
        assert folder.licence.startswith("LicenseRef-")
        assert folder.config["acknowledgement"]
        assert "research" in folder.config["description"].lower()


@delivered_folder
def test_the_card_has_every_heading_and_what_matters_is_filled(folder: ModelFolder) -> None:
    card = folder.file(CARD).read_text(encoding="utf-8")
    for level, title, key in EXTRACTOR_HEADINGS if folder.job == "extract" else HEADINGS:
        pattern = rf"^#{{{level}}} {re.escape(title)}\n(.*?)(?=^#+ |\Z)"
        found = re.search(pattern, card, re.MULTILINE | re.DOTALL)
        assert found, f"no '{title}': `canzona evaluate {folder.job} ... --card` writes the card"
        assert key not in FILLED or found[1].strip() not in ("", NOT_STATED), title


@delivered_folder
def test_the_card_is_about_this_model(folder: ModelFolder) -> None:
    card = folder.file(CARD).read_text(encoding="utf-8")
    assert f"# Model card for `{folder.name}`" in card
    assert folder.hash in card, "the figures are those of these weights"
    assert ("For research only" in card) is folder.research_only
    assert str(folder.config.get("acknowledgement") or "") in card


@delivered_folder
def test_the_command_line_shows_it(folder: ModelFolder, canzona_cli: Callable) -> None:
    listed = {row["name"]: row for row in json.loads(canzona_cli("models", "list", "--json").out)}
    assert listed[folder.name]["hash"] == folder.hash
    shown = canzona_cli("models", "list").out
    (row,) = [line for line in shown.splitlines() if line.startswith(f"{folder.name} ")]
    assert row.endswith("research only") is folder.research_only
    assert canzona_cli("models", "verify", folder.name).out.startswith(f"{folder.name}: whole")


@any_folder
def test_a_composer_knows_rests_and_the_common_meters(model: ComposerModel) -> None:
    known = model.vocabulary
    assert REST in known.pitches
    assert {"2/4", "3/4", "4/4", "6/8", "free"} & set(known.meters) >= {"2/4", "3/4", "4/4", "6/8"}
    assert "major" in known.modes and "minor" in known.modes
    assert len(set(known.durations)) == len(known.durations) and min(known.durations) > 0


@any_folder
def test_a_composer_has_openings_of_every_style(model: ComposerModel) -> None:
    tags = {tag for row in model.openings for tag in row.tags}
    assert tags <= set(model.styles)
    assert len(tags) >= 0.9 * len(model.styles)
    assert sum(row.count for row in model.openings) == model.folder.config["training"]["tunes"]


@any_folder
def test_a_composer_writes_the_same_whole_tune_twice(model: ComposerModel) -> None:
    first, second = (compose(model=model, seed=3, count=2, bars=4) for _ in range(2))
    assert [each.tune for each in first] == [each.tune for each in second]
    for made in first:
        assert bars_close(made.tune) and made.tune.notes[-1].phrase_end
        assert 0 < made.bits_per_note < 20
        assert (made.provenance.model_hash, made.warnings) == (model.folder.hash, ())


@any_folder
def test_a_composer_says_how_much_it_copied(model: ComposerModel) -> None:
    index = model.index
    assert len(index.names) == len(index.human) == model.folder.config["training"]["tunes"]
    assert not [name for name in index.names if name.startswith("/") or ".." in name.split("/")]
    found = index.longest_copy(jig())
    assert found.length == 0 or found.name in index.names
    assert index.percentile(10**6) == 100.0


@any_folder
def test_a_composers_baseline_sums_to_one(model: ComposerModel) -> None:
    for tune in (jig(), star()):
        for part in PARTS:
            shares = model.ngram.distribution(encode(tune), part)
            assert shares.sum(axis=1) == pytest.approx(1.0)


@any_folder
def test_a_composer_keeps_figures_of_its_training_tunes(model: ComposerModel) -> None:
    human = model.human
    assert human.tunes == model.folder.config["training"]["tunes"]
    assert 0 < human.ends_on_tonic <= 1 and 0 < human.bars_close <= 1
    for kind in KINDS:
        assert sum(human.histograms[kind].values()) > human.tunes
