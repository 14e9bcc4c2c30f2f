"""Blends: the weight of the parts, the verdict 'absent', and what cannot be blended."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import canzona.models
from canzona.errors import ModelError, UsageError
from canzona.evaluation.report import report_values
from canzona.models.folder import CARD, load_folder, save_folder
from canzona.separation.agreement import Agreement
from canzona.separation.card import write_card
from canzona.separation.evaluate import evaluate
from canzona.separation.metrics import FLOOR, leakage, sdr
from canzona.separation.model import SeparationModel
from canzona.separation.presence import PresenceSettings
from canzona.separation.windows import overlap_add
from canzona.train.separation import Reports, default_recipe, make_blend, train_extractor
from canzona.train.separation.blending import hear
from canzona.train.separation.fitting import (
    PLAIN,
    WANTED,
    Heard,
    best_weight,
    figures,
    fitted_agreement,
    fitted_presence,
)
from canzona.train.separation.run import starting_model
from conftest import Outcome
from stem_sets import noise, tone, write_plain
from tiny_extractors import TINY, tiny_recipe


def heard(target: np.ndarray, one: np.ndarray, other: np.ndarray, presence: float = 0.9) -> Heard:
    """A song of which two parts made `one` and `other`, in a mixture of ten times the energy of `one`."""
    pairs = ((one, one), (one, other), (other, other), (one, target), (other, target), (target, target))
    products = [(a * b).sum() for a, b in pairs]
    frames = np.repeat(np.array([*products, 10 * products[0] or 1.0])[:, None] / 40, 40, axis=1)
    return Heard("song", frames, 0.0, np.full((2, 40), presence, np.float32), 0.1)


@given(seed=st.integers(0, 2**32), weight=st.floats(0, 1))
def test_the_sdr_of_a_blend_follows_from_three_products(seed: int, weight: float) -> None:
    target, one, other = np.random.default_rng(seed).normal(size=(3, 2, 100))
    blend = weight * one + (1 - weight) * other
    assert heard(target, one, other).sdr(weight) == pytest.approx(sdr(target, blend), abs=1e-6)


def test_the_best_weight_is_found() -> None:
    random = np.random.default_rng(1)
    target, a, b = random.normal(size=(3, 2, 20000))
    # Errors that have nothing to do with one another, one with a third of the other's energy.
    song = heard(target, target + a, target + np.sqrt(3) * b)
    assert best_weight([song]) == pytest.approx(0.75, abs=0.02)
    assert best_weight([heard(target, target, target + b)]) == 1.0


def test_what_one_part_alone_hears_is_turned_down_as_little_as_will_do() -> None:
    zero, sound = np.zeros((2, 4000)), noise(1, 4000)
    # 30 dB apart where the target is not, 1 dB where it is.
    alone, both = heard(zero, sound, sound * 10**-1.5), heard(sound, sound, sound * 10**-0.05)
    found = fitted_agreement([alone, both], 0.5)
    assert found.slope == 0.5
    before, less = alone.leakage(0.5), alone.leakage(0.5, replace(found, slope=0.25))
    assert less == pytest.approx(before - 0.25 * (30 - found.slack), abs=0.1) and less > WANTED
    assert alone.leakage(0.5, found) <= WANTED
    steep = replace(found, slope=2.0)
    assert alone.leakage(0.5, steep) == pytest.approx(before - found.most, abs=0.1)
    assert both.sdr(0.5, found) == both.sdr(0.5)
    what = figures([alone, both], 0.5, found, PresenceSettings())
    assert (what["cost"], what["averaged"]) == (0, before) and what["heard"] == alone.leakage(0.5, found)


def test_nothing_is_turned_down_without_need_or_without_songs_to_fit_it_on() -> None:
    zero, sound = np.zeros((2, 4000)), noise(1, 4000)
    assert fitted_agreement([heard(zero, zero, zero), heard(sound, sound, sound)], 0.5).slope == 0
    assert fitted_agreement([heard(sound, sound, zero)], 0.5).slope == 0


def test_no_song_with_the_target_is_called_absent() -> None:
    zero = np.zeros((2, 100))
    sound = noise(1, 100)
    silent = [heard(zero, zero, zero, p) for p in (0.1, 0.3, 0.7)]
    having = [heard(sound, sound, sound, p) for p in (0.5, 0.95)]
    found = fitted_presence([*silent, *having], 0.5)
    # The odds of 0.5, which are even, lowered by a factor of 1.65.
    assert found.threshold == pytest.approx(1 / (1 + np.exp(0.5)), abs=1e-3)
    assert found.threshold > 0.3
    assert fitted_presence([silent[2], having[0]], 0.5) == PresenceSettings()


def test_what_is_called_absent_leaks_nothing() -> None:
    zero, sound = np.zeros((2, 100)), noise(1, 100)
    songs = [heard(zero, sound, sound, p) for p in (0.1, 0.2, 0.7)] + [heard(sound, sound, sound, 0.9)]
    found = figures(songs, 0.5, PLAIN, PresenceSettings(0.3, 1.0))
    assert found["heard"] == pytest.approx(-10, abs=0.01) and found["leakage"] == FLOOR
    assert found["absent"] == pytest.approx(2 / 3)
    assert figures(songs, 0.5, PLAIN, PresenceSettings())["leakage"] == pytest.approx(-10, abs=0.01)


def test_a_short_part_of_the_target_is_enough() -> None:
    """Four seconds in a minute; what is surer of silence than that is told apart from it."""
    zero, sound = np.zeros((2, 100)), noise(1, 100)
    short = heard(sound, sound, sound)
    curve = np.full((2, 600), 0.1, np.float32)
    curve[:, 300:340] = 0.95
    short = replace(short, presence=curve, products=np.repeat(short.products, 15, axis=1))
    found = fitted_presence([short, heard(zero, sound, sound, 0.4)], 0.5)
    assert found.threshold == pytest.approx(19 / (19 + np.exp(0.5)), abs=1e-3)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Songs, and two tiny models trained on some of them."""
    home = tmp_path_factory.mktemp("blend")
    stems = {
        name: {"synth.wav": tone(pitch, seconds=1.2), "drums.wav": noise(place, 52920, level=0.1)}
        for place, (name, pitch) in enumerate([("a", 440.0), ("b", 600.0), ("held", 500.0)])
    }
    write_plain(home / "songs", stems | {"none": {"drums.wav": noise(9, 52920)}})
    for kind in TINY:
        recipe = tiny_recipe(kind, home, name=kind)
        work = home / f"{kind}.work"
        train_extractor([home / "songs"], home / kind, recipe, work=work, store=home / "store")
    return home


def blend(made: Path, output: Path, **changes: object) -> None:
    parts = changes.pop("parts", [made / "mel-lstm", made / "waveform"])
    folders = changes.pop("folders", [made / "songs"])
    make_blend(parts, folders, output, default_recipe("blend"), store=made / "store", **changes)


def test_a_blend_names_its_parts_by_hash_and_holds_no_weights(made: Path, tmp_path: Path) -> None:
    said: list[str] = []
    blend(made, tmp_path / "own", reports=Reports(say=said.append))
    folder = load_folder(tmp_path / "own")
    assert set(folder.files) == {"card.md"}
    parts = folder.behaviour["parts"]
    assert [part["hash"] for part in parts] == [load_folder(made / kind).hash for kind in TINY]
    assert sum(part["weight"] for part in parts) == pytest.approx(1)
    # Only what both parts held out was listened to.
    assert folder.config["training"]["fitted_on"] == ["held"]
    # And its drums by themselves, as a song without a synthesizer.
    assert folder.config["training"]["validation"]["heard"] > FLOOR
    assert said[0].startswith("1 songs") and said[1].startswith("weight ")
    moved = made / "own"
    (tmp_path / "own").rename(moved)
    assert [part.name for part, _ in SeparationModel.open(moved).parts] == list(TINY)


def test_the_fit_foresees_what_the_blend_does(made: Path) -> None:
    """Its few products against the estimate itself."""
    if not (made / "both").exists():
        blend(made, made / "both")
    target = tone(500.0, seconds=2.0) * np.repeat(np.float32([0.0, 1.0, 0.2]), 29400)
    mixture = target + noise(4, 88200, level=0.1)
    foreseen = hear([SeparationModel.open(made / kind) for kind in TINY], "song", mixture, target)
    model = SeparationModel.open(made / "both")
    (_, weight), _ = model.parts
    # Turned down window by window, and still much the same.
    for agreement, near in ((PLAIN, 1e-3), (Agreement(4.0, slack=0.0), 0.2)):
        behaviour = model.folder.behaviour | {"agreement": asdict(agreement)}
        folder = replace(model.folder, config=model.folder.config | {"behaviour": behaviour})
        at_use = replace(model, folder=folder)
        found = np.concatenate(list(overlap_add([mixture], at_use.hear, at_use.windows)), axis=1)[:2]
        assert foreseen.sdr(weight, agreement) == pytest.approx(sdr(target, found), abs=near)
        assert foreseen.leakage(weight, agreement) == pytest.approx(leakage(found, mixture), abs=near)
    assert foreseen.leakage(weight, agreement) < foreseen.leakage(weight) - 0.2
    assert foreseen.mixture_sdr == pytest.approx(sdr(target, mixture))


def test_songs_of_other_folders_count_too(made: Path, tmp_path: Path) -> None:
    write_plain(tmp_path / "mine", {"x": {"synth.wav": tone(700)}, "y": {"bass.wav": tone(70)}})
    blend(made, tmp_path / "own", folders=[made / "songs", tmp_path / "mine"])
    assert load_folder(tmp_path / "own").config["training"]["fitted_on"] == ["held", "x", "y"]


def test_what_the_parts_have_learnt_is_known_by_its_name_wherever_it_lies(made: Path, tmp_path: Path) -> None:
    """A copy of their folder under another name is nothing new, a folder of its name may be."""
    copy = tmp_path / "copy"
    shutil.copytree(made / "songs", copy)
    write_plain(tmp_path / "songs", {"x": {"synth.wav": tone(700)}})
    blend(made, tmp_path / "own", folders=[copy, tmp_path / "songs"])
    assert load_folder(tmp_path / "own").config["training"]["fitted_on"] == ["held", "x"]


def test_a_part_that_keeps_silent_about_what_it_has_learnt_is_refused(made: Path, tmp_path: Path) -> None:
    """What it has learnt would make the figures of the fit too good."""
    model = load_folder(made / "mel-lstm")
    training = {name: value for name, value in model.config["training"].items() if name != "learnt"}
    config = {**model.config, "training": training}
    save_folder(tmp_path / "mel-lstm", config, {name: model.file(name).read_bytes() for name in model.files})
    with pytest.raises(ModelError, match="does not say which songs it has learnt"):
        blend(made, tmp_path / "own", parts=[tmp_path / "mel-lstm", made / "waveform"])


def test_a_blend_tells_what_it_is_worth(made: Path, tmp_path: Path) -> None:
    said: list[str] = []
    blend(made, tmp_path / "own", reports=Reports(say=said.append))
    found = load_folder(tmp_path / "own").config["training"]["validation"]
    assert set(found) == {"first", "second", "gain", "sdr", "cost", "leakage", "heard", "averaged", "absent"}
    assert found["leakage"] <= found["heard"]
    alone = max(found["first"], found["second"])
    assert ("in the median one part alone is better" in " ".join(said)) == (found["gain"] < alone)
    # Beside its parts, where it finds them.
    shutil.move(tmp_path / "own", made / "told")
    model = SeparationModel.open(made / "told")
    report = report_values(evaluate(made / "songs", model=model))
    card = write_card(model.folder, report, command="it").file(CARD).read_text("utf-8")
    assert f"turned down where the parts disagree {found['heard']:.1f} dB, for {found['cost']:.2f} dB" in card


def test_what_cannot_be_blended(made: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two parts and 1"):
        blend(made, tmp_path / "own", parts=[made / "waveform"])
    write_plain(tmp_path / "mine", {"y": {"bass.wav": tone(70)}})
    with pytest.raises(UsageError, match="no song with 'synth'"):
        blend(made, tmp_path / "own", folders=[tmp_path / "mine"])
    other = tiny_recipe("mel-lstm", tmp_path, name="other", fade="0.2")
    train_extractor([made / "songs"], tmp_path / "other", other, work=tmp_path / "w", store=made / "store")
    with pytest.raises(UsageError, match="differ in 'fade'"):
        blend(made, tmp_path / "own", parts=[made / "waveform", tmp_path / "other"])


def test_a_training_can_start_from_a_blend_or_a_target(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not (made / "both").exists():
        blend(made, made / "both")
    for kind in TINY:
        assert starting_model(made / "both", kind).path == made / kind
    monkeypatch.setenv("CANZONA_MODELS", str(made))
    # A target stands for the model that comes along, whatever else extracts it.
    assert (
        starting_model("synth", "waveform").path
        == Path(canzona.models.__file__).parent / "shipped" / "waveform"
    )
    assert starting_model("mel-lstm", "waveform").path == made / "mel-lstm"
    with pytest.raises(ModelError, match="no model 'kazoo'"):
        starting_model("kazoo", "waveform")


def test_the_command(made: Path, tmp_path: Path, canzona_cli: Callable[..., Outcome]) -> None:
    done = canzona_cli(
        "train", "extract", "--model", "blend", "--part", made / "mel-lstm", "--part", made / "waveform",
        "--data", made / "songs", "--store", made / "store", "-o", tmp_path / "both",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.out.strip() == str(tmp_path / "both")
    assert "together" in done.err
