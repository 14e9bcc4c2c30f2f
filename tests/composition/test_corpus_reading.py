"""Folders of scores as a corpus: names, order, regions, and what is passed over or counted as unreadable."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from canzona.composition.corpus import Corpus, read_corpus, read_each
from canzona.composition.families import find_families
from canzona.errors import CanzonaError, FormatError
from canzona.score import Tune
from canzona.score.format import format_named, formats
from melodies import jig, star

KERN = "!!!OTL: {title}\n**kern\n*M2/4\n*G:\n{{4g\n4b\n=\n4d\n4g}}\n==\n*-\n"
SILENT = "**kern\n*M2/4\n4r\n4r\n*-\n"
THREE = (
    "X:1\nT:One\nM:2/4\nL:1/4\nK:G\nGA|BG|]\n\n"
    "X:2\nT:Two\nM:2/4\nL:1/4\nK:D\nDE|FD|]\n\n"
    "X:3\nT:Three\nK:C\nCC|]\n"
)

Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Writes a file below the test's folder: `put("a/b.krn", text)`."""

    def write(name: str, content: str | bytes = KERN.format(title="A")) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_names_are_paths_below_the_folder_itself(put: Put, tmp_path: Path) -> None:
    for name in ("data/b.krn", "data/a/x.krn", "data/a/deep/er/y.krn", "data/B.krn"):
        put(name)
    found = read_corpus([tmp_path / "data"])
    assert found.names == ("data/B.krn", "data/a/deep/er/y.krn", "data/a/x.krn", "data/b.krn")
    assert len(found.tunes) == len(found.tags) == 4


def test_tunes_of_one_file_are_numbered(put: Put, tmp_path: Path) -> None:
    put("data/book.abc", THREE)
    found = read_corpus([tmp_path / "data"])
    assert found.names == ("data/book.abc#1", "data/book.abc#2", "data/book.abc#3")
    assert [tune.title for tune in found.tunes] == ["One", "Two", "Three"]


def test_the_only_tune_of_a_book_has_no_number(put: Put, tmp_path: Path) -> None:
    put("data/book.abc", THREE.split("\n\n")[0])
    assert read_corpus([tmp_path / "data"]).names == ("data/book.abc",)


def test_a_file_is_named_as_it_is_in_its_folder(put: Put, tmp_path: Path) -> None:
    path = put("data/a.krn")
    put("data/b.krn")
    assert read_corpus([path]).names == ("data/a.krn",)


@pytest.mark.parametrize("kind", [known.name for known in formats()])
def test_every_format_and_any_case_of_its_ending(put: Put, tmp_path: Path, kind: str) -> None:
    known = format_named(kind)
    data = known.write([jig()]).data
    for suffix in known.suffixes:
        if suffix == ".mxl":
            continue
        put(f"data/lower{suffix}", data)
        put(f"data/upper{suffix.upper()}", data)
    found = read_corpus([tmp_path / "data"])
    assert found.unreadable == ()
    assert len(found.tunes) == 2 * len([suffix for suffix in known.suffixes if suffix != ".mxl"])


def test_other_files_and_folders_with_an_ending_are_no_scores(put: Put, tmp_path: Path) -> None:
    put("data/a.krn")
    put("data/readme.txt", "words")
    put("data/a.krn~", "an editor's copy")
    (tmp_path / "data" / "folder.krn").mkdir()
    assert read_corpus([tmp_path / "data"]).names == ("data/a.krn",)


def test_the_order_in_which_folders_are_given_counts_nothing(put: Put, tmp_path: Path) -> None:
    for name in ("a/1.krn", "b/2.krn", "c/3.krn"):
        put(name, KERN.format(title=name))
    places = [tmp_path / name for name in "abc"]
    assert read_corpus(places) == read_corpus(places[::-1])
    assert read_corpus(places).names == ("a/1.krn", "b/2.krn", "c/3.krn")


def test_a_folder_given_twice_is_read_once(put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put("data/a.krn")
    monkeypatch.chdir(tmp_path / "data")
    ways = [tmp_path / "data", Path(), tmp_path / "data" / ".." / "data", tmp_path / "data" / "a.krn"]
    for way in ways:
        assert read_corpus([way]).names == ("data/a.krn",)
    assert len(read_corpus(ways).names) == 1


def test_a_folder_and_one_inside_it_are_read_once(put: Put, tmp_path: Path) -> None:
    put("data/a.krn")
    put("data/sub/b.krn")
    found = read_corpus([tmp_path / "data" / "sub", tmp_path / "data"])
    assert found.names == ("data/a.krn", "data/sub/b.krn")


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_link_to_a_file_that_is_there_too_is_no_second_tune(put: Put, tmp_path: Path) -> None:
    real = put("data/a.krn")
    (tmp_path / "data" / "link.krn").symlink_to(real)
    assert len(read_corpus([tmp_path / "data"]).tunes) == 1


def test_folders_of_one_name_are_told_apart(put: Put, tmp_path: Path) -> None:
    put("irish/tunes/a.krn", format_named("kern").write([jig()]).data)
    put("french/tunes/a.krn", format_named("kern").write([star()]).data)
    put("other/b.krn")
    found = read_corpus([tmp_path / "irish/tunes", tmp_path / "french/tunes", tmp_path / "other"])
    assert found.names == ("french/tunes/a.krn", "irish/tunes/a.krn", "other/b.krn")
    families = find_families(zip(found.names, found.tunes, strict=True))
    assert len(families.of) == 3


def test_a_region_is_that_of_the_record(put: Put, tmp_path: Path) -> None:
    put("data/poland/a.krn", "!!!ARE: Europa, Mitteleuropa, Deutschland\n" + KERN.format(title="A"))
    found = read_corpus([tmp_path / "data"])
    assert found.tags == (("europa", "mitteleuropa", "deutschland"),)


def test_folders_name_the_region_where_no_record_does(put: Put, tmp_path: Path) -> None:
    put("data/han/shanxi/a.krn")
    assert read_corpus([tmp_path / "data"]).tags == (("data", "han", "shanxi"),)
    assert read_corpus([tmp_path / "data" / "han"]).tags == (("han", "shanxi"),)
    assert read_corpus([tmp_path / "data" / "han" / "shanxi" / "a.krn"]).tags == (("shanxi",),)


def test_what_lies_above_the_folder_tells_nothing(put: Put, tmp_path: Path) -> None:
    put("han/data/a.krn")
    assert read_corpus([tmp_path / "han" / "data"]).tags == (("data",),)


def test_blind_hides_records_and_folders(put: Put, tmp_path: Path) -> None:
    put("data/poland/a.krn", "!!!ARE: Europa\n" + KERN.format(title="A"))
    put("data/poland/b.krn")
    seen, blind = read_corpus([tmp_path / "data"]), read_corpus([tmp_path / "data"], blind=True)
    assert blind.tags == ((), ())
    assert (blind.names, blind.tunes) == (seen.names, seen.tunes)


def test_files_without_a_note_are_named_apart(put: Put, tmp_path: Path) -> None:
    put("data/a.krn")
    put("data/rests.krn", SILENT)
    put("data/head.krn", "**kern\n*M2/4\n*-\n")
    put("data/nothing.krn", b"")
    found = read_corpus([tmp_path / "data"])
    assert found.names == ("data/a.krn",)
    assert {"data/rests.krn", "data/head.krn"} <= set(found.empty)
    assert len(found.empty) + len(found.unreadable) == 3


def test_what_cannot_be_read_is_a_sentence_with_its_file(put: Put, tmp_path: Path) -> None:
    put("data/a.krn")
    bad = put("data/bad.krn", bytes(range(256)))
    short = put("data/short.mid", b"MThd\0\0\0\6\0\1")
    cut = put("data/cut.musicxml", b"<?xml version='1.0'?><score-partwise><part")
    found = read_corpus([tmp_path / "data"])
    assert found.names == ("data/a.krn",)
    assert len(found.unreadable) == 3
    for path in (bad, short, cut):
        assert sum(sentence.startswith(str(path)) for sentence in found.unreadable) == 1, path


def test_one_bad_tune_leaves_the_others_of_its_file(put: Put, tmp_path: Path) -> None:
    path = put(
        "data/book.abc",
        THREE.replace("DE|FD|]", "DE|(3FD\x01[[|]").replace("M:2/4\nL:1/4\nK:D", "M:2/x\nK:D"),
    )
    found = read_corpus([tmp_path / "data"])
    each = list(read_each(path))
    assert len(each) == 3
    titles = [tune.title for tune in each if isinstance(tune, Tune)]
    assert "One" in titles and "Three" in titles
    assert len(found.tunes) + len(found.unreadable) == 3
    assert found.names[0] == "data/book.abc#1" and found.names[-1] == "data/book.abc#3"


def test_a_corpus_of_nothing_readable_is_no_error(put: Put, tmp_path: Path) -> None:
    put("data/bad.krn", b"\0\1")
    found = read_corpus([tmp_path / "data"])
    assert (found.names, found.tunes, found.tags, len(found.unreadable)) == ((), (), (), 1)


def test_no_folders_are_an_empty_corpus() -> None:
    assert read_corpus([]) == Corpus()


def test_places_that_are_none_are_said(put: Put, tmp_path: Path) -> None:
    with pytest.raises(CanzonaError, match="nowhere is neither a file nor a folder; check the path"):
        read_corpus([tmp_path / "nowhere"])
    put("words/readme.txt", "words")
    with pytest.raises(CanzonaError, match=r"words holds no score; give a folder with \.krn, \.abc"):
        read_corpus([tmp_path / "words"])


def test_a_file_that_is_gone_is_an_error_in_its_place(tmp_path: Path) -> None:
    (error,) = read_each(tmp_path / "gone.krn")
    assert isinstance(error, FormatError) and "gone.krn" in str(error)
    (other,) = read_each(tmp_path / "gone.txt")
    assert isinstance(other, CanzonaError)


def test_names_with_blanks_and_letters_of_the_world(put: Put, tmp_path: Path) -> None:
    put("Lieder & Tänze/Ödön #1.krn")
    found = read_corpus([tmp_path / "Lieder & Tänze"])
    assert found.names == ("Lieder & Tänze/Ödön #1.krn",)
    assert found.tags == (("lieder", "tänze"),)


NAMES = st.text("abc", min_size=1, max_size=2)


@given(st.sets(st.lists(NAMES, min_size=1, max_size=3).map(tuple), min_size=1, max_size=6))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_names_are_as_many_as_files_however_the_folders_are_given(
    tmp_path: Path, paths: set[tuple[str, ...]]
) -> None:
    root = tmp_path / "data"
    shutil.rmtree(root, ignore_errors=True)
    for parts in paths:
        path = root.joinpath(*parts[:-1], f"{parts[-1]}.krn")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(KERN.format(title=parts[-1]))
    whole = read_corpus([root])
    assert len(set(whole.names)) == len(paths)
    every = [root, *root.rglob("*")]
    assert read_corpus(every).names == whole.names
    files = [path for path in every if path.is_file()]
    apart = read_corpus(files)
    assert len(set(apart.names)) == len(paths)
    assert sorted(tune.title for tune in apart.tunes) == sorted(tune.title for tune in whole.tunes)
