"""What of several datasets is learnt, what is held out, and what nobody touches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from canzona.errors import UsageError
from canzona.train.separation import Reports, Store
from canzona.train.separation.recipe import Training
from canzona.train.separation.remix import Remixer, RemixSettings
from canzona.train.separation.stock import held_out, kept_back, open_stores, target_of
from stem_sets import tone, write_musdb_hq, write_plain

SETTINGS = RemixSettings(seconds=0.4, repitched=0)
OWN = {"synth.wav": tone(440, seconds=1.2), "drums.wav": tone(2000, seconds=1.2)}
USUAL = Training()


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return write_plain(tmp_path / "own", dict.fromkeys(("a", "b", "c"), OWN))


@pytest.fixture
def musdb(tmp_path: Path) -> Path:
    songs = {"X - one": "train", "X - two": "train", "X - three": "test"}
    return write_musdb_hq(tmp_path / "musdb", songs, seconds=1.2)


def opened(tmp_path: Path, *folders: Path) -> list[Store]:
    return open_stores(folders, tmp_path / "store")


def names(stores: list[Store], training: Training = USUAL) -> set[str]:
    return {song.name for song in held_out(stores, target_of(stores, training), training)}


def test_the_target_is_synth_where_there_is_one_else_other(tmp_path: Path, own: Path, musdb: Path) -> None:
    assert target_of(opened(tmp_path, own, musdb), Training()) == "synth"
    assert target_of(opened(tmp_path, musdb), Training()) == "other"
    assert target_of(opened(tmp_path, musdb), Training(target="vocals")) == "vocals"
    with pytest.raises(UsageError, match="no song has a stem 'kazoo'"):
        target_of(opened(tmp_path, own), Training(target="kazoo"))


def test_other_of_musdb_is_no_rest_where_synthesizers_are_learnt(
    tmp_path: Path, own: Path, musdb: Path
) -> None:
    """Drums, bass, other and vocals are 100, 200, 300 and 400 Hz there."""
    (store,) = opened(tmp_path, musdb)
    (home,) = opened(tmp_path, own)
    remixer = Remixer([(home, 1.0), (store, 1.0)], "synth", SETTINGS)
    mixtures = [remixer.example(np.random.default_rng(seed))[0] for seed in range(40)]
    heard = np.max([np.abs(np.fft.rfft(mixture[0])) for mixture in mixtures], axis=0)
    at = {pitch: heard[round(pitch * SETTINGS.seconds)] for pitch in (100, 200, 300, 400)}
    assert at[300] < 0.05 * min(at[100], at[200], at[400])
    assert names([home, store]) <= {"a", "b", "c"}, "nor can one tell what is right there"


def test_a_datasets_own_test_set_is_never_learnt_and_never_chosen_by(tmp_path: Path, musdb: Path) -> None:
    stores = opened(tmp_path, musdb)
    assert kept_back(stores) == {"X - three"}
    assert names(stores, Training(validation_share=0.5)) <= {"X - one", "X - two"}


def test_a_datasets_own_validation_set_is_held_out(tmp_path: Path) -> None:
    for split, name in (("train", "a"), ("train", "b"), ("validation", "v"), ("test", "t")):
        write_plain(tmp_path / "set" / split, {name: OWN})
    stores = opened(tmp_path, tmp_path / "set")
    assert names(stores) == {"v"} and kept_back(stores) == {"v", "t"}
    assert names(stores, Training(validation=("a",))) == {"a"}


def test_what_was_taken_for_something_else_is_said_once(tmp_path: Path) -> None:
    write_plain(tmp_path / "set", {name: {**OWN, "gutiar.wav": tone(300)} for name in ("a", "b", "c")})
    said: list[str] = []
    open_stores([tmp_path / "set"], tmp_path / "store", Reports(say=said.append))
    assert said == ["a: 'gutiar' counts as other (and in 2 more songs)"]
