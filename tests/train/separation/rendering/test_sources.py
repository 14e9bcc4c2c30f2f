"""Where notes come from: MIDI files, mma, patterns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from canzona.errors import UsageError
from canzona.train.separation.rendering import accompaniment
from canzona.train.separation.rendering.accompaniment import draw_accompaniment, list_grooves
from canzona.train.separation.rendering.arrangement import Part
from canzona.train.separation.rendering.equipment import Equipment
from canzona.train.separation.rendering.midi import write_midi
from canzona.train.separation.rendering.recipe import Recipe
from canzona.train.separation.rendering.sources import draw_arrangement, draw_excerpt, list_midi
from canzona.train.separation.rendering.worker import RenderError

NOTHING = Equipment({}, (), False, ())


def write(path: Path, onsets: list[float], key: int = 60) -> Path:
    notes = np.array([[onset, 0.5, key, 90] for onset in onsets], float).reshape(-1, 4)
    path.write_bytes(write_midi(Part("p", "lead", 0, notes)))
    return path


def test_midi_files_are_found_below_a_folder_less_the_reserved(tmp_path: Path, recipe: Recipe) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("b.mid", "sub/A.MID", "d_dm03.mid", "D_E2M4.mid", "notes.txt"):
        write(tmp_path / name, [0.0])
    assert [path.name for path in list_midi([tmp_path], recipe)] == ["b.mid", "A.MID"]


def test_folders_without_midi_files_are_refused(tmp_path: Path, recipe: Recipe) -> None:
    for folder, expected in ((tmp_path / "none", "is no folder"), (tmp_path, "holds no MIDI file")):
        with pytest.raises(UsageError, match=expected) as caught:
            list_midi([folder], recipe)
        assert str(folder) in str(caught.value)
    write(tmp_path / "d_dm03.mid", [0.0])
    with pytest.raises(UsageError, match="holds no MIDI file that may be used"):
        list_midi([tmp_path], recipe)


def test_an_excerpt_is_where_most_sounds(tmp_path: Path, recipe: Recipe) -> None:
    """Notes every half second from 60 s to 90 s, and one at the beginning."""
    path = write(tmp_path / "a.mid", [0.0, *np.arange(60, 90, 0.5)])
    for seed in range(10):
        found = draw_excerpt(np.random.default_rng(seed), path, 20.0, recipe)
        (part,) = found.parts
        assert found.seconds == 20.0
        assert part.notes[:, 1].sum() > 0.8 * 20
        assert recipe.changes.slowest <= found.source["tempo_factor"] <= recipe.changes.fastest
        assert part.notes[0, 2] == 60 + found.source["semitones"]
        assert found.source["licence"] == "not stated" and found.source["file"] == "a.mid"
        assert 50 <= found.source["from_second"] <= 75


def test_a_short_file_is_taken_whole(tmp_path: Path, recipe: Recipe) -> None:
    found = draw_excerpt(np.random.default_rng(0), write(tmp_path / "a.mid", [1.0]), 30.0, recipe)
    assert found.source["from_second"] == 0.0


def test_a_file_without_notes_is_an_error(tmp_path: Path, recipe: Recipe) -> None:
    with pytest.raises(RenderError, match="has no notes"):
        draw_excerpt(np.random.default_rng(0), write(tmp_path / "a.mid", []), 30.0, recipe)


def test_files_that_are_no_use_are_passed_over(tmp_path: Path, recipe: Recipe) -> None:
    """A damaged file, one without notes and one with a single part: a pattern is played instead."""
    (tmp_path / "bad.mid").write_bytes(b"MThd")
    files = [tmp_path / "bad.mid", write(tmp_path / "empty.mid", []), write(tmp_path / "one.mid", [0.0])]
    own = replace(recipe, sources=replace(recipe.sources, midi=1.0, mma=0.0, patterns=0.0))
    found = draw_arrangement(np.random.default_rng(1), own, NOTHING, files, tmp_path)
    assert found.source["kind"] == "patterns"


def test_without_files_and_mma_all_songs_are_patterns(tmp_path: Path, recipe: Recipe) -> None:
    own = replace(recipe, song=replace(recipe.song, most_parts=4))
    for seed in range(10):
        found = draw_arrangement(np.random.default_rng(seed), own, NOTHING, [], tmp_path)
        assert found.source["kind"] == "patterns"
        assert 2 <= len(found.parts) <= 4
        assert recipe.song.shortest <= found.seconds <= recipe.song.longest


def test_real_files_give_bands_and_never_the_reserved_ones(
    shared: Path, tmp_path: Path, recipe: Recipe
) -> None:
    files = list_midi([shared / "data/midi/freedoom"], recipe)
    assert len(files) > 60
    assert not {path.stem for path in files} & set(recipe.reserved.midi)
    own = replace(recipe, sources=replace(recipe.sources, midi=1.0, mma=0.0, patterns=0.0))
    for seed in range(5):
        found = draw_arrangement(np.random.default_rng(seed), own, NOTHING, files, tmp_path)
        assert found.source["kind"] == "midi" and found.source["licence"] == "BSD-3-Clause"
        assert len(found.parts) >= 3


@pytest.fixture
def grooves() -> tuple[str, ...]:
    found = list_grooves()
    if not found:
        pytest.skip("mma is not installed")
    return found


def test_mma_accompanies_drawn_chords(grooves: tuple[str, ...], tmp_path: Path) -> None:
    assert len(grooves) > 500
    found = []
    for seed in range(8):
        try:
            found.append(draw_accompaniment(np.random.default_rng(seed), 20.0, tmp_path))
        except RenderError as error:  # a few grooves want what we do not give
            assert "mma" in str(error)
    assert len(found) >= 6
    assert sum(any(part.role == "drums" for part in song.parts) for song in found) >= 4
    for song in found:
        assert song.source["groove"] in grooves
        assert all(part.notes[:, 0].max() < 20 for part in song.parts)


def test_mma_gives_the_same_for_the_same_seed(grooves: tuple[str, ...], tmp_path: Path) -> None:
    first, second = (draw_accompaniment(np.random.default_rng(1), 15.0, tmp_path) for _ in range(2))
    for one, other in zip(first.parts, second.parts, strict=True):
        assert (one.notes == other.notes).all()


def test_a_groove_that_mma_refuses_is_an_error(
    grooves: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accompaniment, "list_grooves", lambda: ("NoSuchGroove",))
    with pytest.raises(RenderError, match="mma refused the groove NoSuchGroove"):
        draw_accompaniment(np.random.default_rng(0), 15.0, tmp_path)


def test_mma_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accompaniment, "list_grooves", lambda: ("House",))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RenderError, match="mma is not installed"):
        draw_accompaniment(np.random.default_rng(0), 15.0, tmp_path)
