"""Where composed tunes go: one file or a folder, what is refused, and what lies there afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from canzona.composition import Composition, compose
from canzona.composition.model import ComposerModel
from canzona.composition.saving import look_of, plan_files, save_all
from canzona.conversion.targets import target_named, target_names
from canzona.errors import UsageError, WriteError
from canzona.score import read
from melodies import jig

LOOK: dict[str, Any] = {"tempo": None, "instrument": "", "soundfont": ""}


@pytest.fixture(scope="module")
def three(composer: ComposerModel) -> list[Composition]:
    return compose(model=composer, seed=8, count=3, bars=2, meter="2/4")


@pytest.fixture(scope="module")
def going_on(composer: ComposerModel) -> list[Composition]:
    return compose(model=composer, seed=8, count=2, bars=2, continue_=jig())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("output", "count", "single"),
    [
        ("tune.krn", 1, True), ("tune.MID", 1, True), ("tunes", 1, False), ("tunes", 9, False),
        ("a.b/tunes", 2, False), ("existing.krn", 3, False), (".hidden", 1, False),
    ],
)  # fmt: skip
def test_an_ending_makes_a_file_and_a_folder_is_a_folder(
    tmp_path: Path, output: str, count: int, single: bool
) -> None:
    (tmp_path / "existing.krn").mkdir()
    files = plan_files(tmp_path / output, ["abc", "mid"], count, force=False)
    assert (files.single, files.path) == (single, tmp_path / output)
    assert [target.name for target in files.targets] == (
        [output.rpartition(".")[2].lower()] if single else ["abc", "mid"]
    )


@pytest.mark.parametrize(
    ("output", "kinds", "count", "said"),
    [
        ("tunes", [], 1, "no format is named"),
        ("tunes", ["krm"], 1, "did you mean 'krn'"),
        ("tunes", ["krn", ""], 1, "no kind of file to write"),
        ("tune.gif", ["krn"], 1, "tune.gif: no kind of file that Canzona writes"),
        ("tune.krn", ["krn"], 2, "is one file and 2 tunes are asked for; give a folder"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_composed(
    tmp_path: Path, output: str, kinds: list[str], count: int, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        plan_files(tmp_path / output, kinds, count, force=False)
    assert names(tmp_path) == []


def test_an_existing_file_is_refused_beforehand(tmp_path: Path) -> None:
    (tmp_path / "tune.krn").write_text("mine")
    with pytest.raises(WriteError, match="exists"):
        plan_files(tmp_path / "tune.krn", ["krn"], 1, force=False)
    assert plan_files(tmp_path / "tune.krn", ["krn"], 1, force=True).single


def test_a_folder_has_a_file_for_each_tune_and_kind(three: list[Composition], tmp_path: Path) -> None:
    files = plan_files(tmp_path / "new" / "tunes", ["krn", "abc"], 3, force=False)
    written = save_all(three, files, force=False, look=LOOK)
    expected = [f"canzona-8-{number}.{kind}" for number in (1, 2, 3) for kind in ("krn", "abc")]
    assert [path.name for path in written] == expected
    assert names(tmp_path) == sorted(expected)
    assert [read(path).title for path in written[::2]] == ["Canzona 8.1", "Canzona 8.2", "Canzona 8.3"]


def test_one_that_exists_keeps_all_from_being_written(three: list[Composition], tmp_path: Path) -> None:
    (tmp_path / "canzona-8-3.abc").write_text("mine")
    files = plan_files(tmp_path, ["krn", "abc"], 3, force=False)
    with pytest.raises(WriteError, match=r"canzona-8-3\.abc exists"):
        save_all(three, files, force=False, look=LOOK)
    assert names(tmp_path) == ["canzona-8-3.abc"]
    save_all(three, files, force=True, look=LOOK)
    assert len(names(tmp_path)) == 6 and (tmp_path / "canzona-8-3.abc").read_text() != "mine"


def test_what_else_lies_in_the_folder_stays(three: list[Composition], tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    save_all(three, plan_files(tmp_path, ["krn"], 3, force=True), force=True, look=LOOK)
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_kind_named_twice_is_written_once(three: list[Composition], tmp_path: Path) -> None:
    written = save_all(three, plan_files(tmp_path, ["krn", "krn"], 3, force=False), force=False, look=LOOK)
    assert len(names(tmp_path)) == 3
    assert len(set(written)) == 3


def test_one_file_is_named_as_asked(three: list[Composition], tmp_path: Path) -> None:
    files = plan_files(tmp_path / "my tune.abc", ["krn"], 1, force=False)
    assert save_all(three[:1], files, force=False, look=LOOK) == [tmp_path / "my tune.abc"]
    assert names(tmp_path) == ["my tune.abc"], "the ending says the kind, not --to"
    assert read(tmp_path / "my tune.abc").notes == three[0].tune.notes


def test_the_tune_that_was_gone_on_from_lies_beside_as_a_score(
    going_on: list[Composition], tmp_path: Path
) -> None:
    save_all(going_on, plan_files(tmp_path, ["krn", "svg"], 2, force=False), force=False, look=LOOK)
    assert names(tmp_path) == sorted(
        f"canzona-8-{number}{tail}" for number in (1, 2) for tail in (".krn", "-given.krn", ".svg")
    )
    given = read(tmp_path / "canzona-8-1-given.krn")
    whole = read(tmp_path / "canzona-8-1.krn")
    assert given.notes == jig().notes
    assert [note.pitch for note in whole.notes[: len(given.notes)]] == [note.pitch for note in given.notes]
    assert len(whole.notes) > len(given.notes)


def test_beside_a_single_file_too(going_on: list[Composition], tmp_path: Path) -> None:
    files = plan_files(tmp_path / "on.mid", ["krn"], 1, force=False)
    written = save_all(going_on[:1], files, force=False, look=LOOK)
    assert [path.name for path in written] == ["on.mid", "on-given.mid"]
    (tmp_path / "on.mid").unlink()
    with pytest.raises(WriteError, match=r"on-given\.mid exists"):
        save_all(going_on[:1], files, force=False, look=LOOK)
    assert names(tmp_path) == ["on-given.mid"]


@pytest.mark.parametrize("name", target_names())
def test_a_look_holds_what_changes_the_kind(name: str) -> None:
    """Sound has all, MIDI tempo and instrument, a score on paper the tempo alone."""
    look = {"tempo": 90, "instrument": "flute", "soundfont": "a.sf2"}
    target = target_named(name)
    found = set(look_of(target, look))
    if target.family == "sound":
        assert found == set(look)
    else:
        assert found == ({"tempo", "instrument"} if name == "mid" else {"tempo"})


def test_a_look_that_changes_nothing_leaves_the_bytes_alone(three: list[Composition], tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for place, instrument in ((one, ""), (two, "flute")):
        files = plan_files(place, ["krn", "mid"], 1, force=False)
        save_all(three[:1], files, force=False, look={**LOOK, "instrument": instrument})
    krn, mid = "canzona-8-1.krn", "canzona-8-1.mid"
    assert (one / krn).read_bytes() == (two / krn).read_bytes()
    assert (one / mid).read_bytes() != (two / mid).read_bytes()


def test_a_folder_that_cannot_be_made_is_said(three: list[Composition], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    files = plan_files(tmp_path / "file" / "tunes", ["krn"], 3, force=False)
    with pytest.raises(WriteError, match="was not written"):
        save_all(three, files, force=False, look=LOOK)
    assert names(tmp_path) == ["file"]


def test_a_tune_that_cannot_be_made_leaves_no_empty_folder(three: list[Composition], tmp_path: Path) -> None:
    files = plan_files(tmp_path / "new", ["wav"], 3, force=False)
    with pytest.raises(UsageError, match="'kazoo' is no instrument"):
        save_all(three, files, force=False, look={**LOOK, "instrument": "kazoo"})
    assert list(tmp_path.iterdir()) == []
