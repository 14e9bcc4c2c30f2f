"""Many inputs and many outputs: where each goes, what is skipped, and that none is lost or written over."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

import canzona
from canzona.conversion import Conversion, Report, convert_all
from canzona.errors import CanzonaError, UsageError, WriteError

SONG = "!!!OTL: {title}\n**kern\n*M2/4\n*k[]\n*C:\n=1\n4c\n4d\n=2\n2e\n==\n*-\n"
AIR = "X:{number}\nT:{title}\nM:2/4\nL:1/4\nK:C\nc d| e2|\n"


def song(path: Path, title: str = "") -> Path:
    """A kern or ABC file of one tune, titled as its name unless said otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    title = title or path.name
    path.write_text(
        (AIR if path.suffix.lower() == ".abc" else SONG).format(title=title, number=1), encoding="utf-8"
    )
    return path


def collection(path: Path, count: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tunes = [AIR.format(number=n, title=f"{path.stem} {n}") for n in range(1, count + 1)]
    path.write_text("\n".join(tunes), encoding="utf-8")
    return path


def run(sources: Iterable[Path], out: Path, to: str = "mid", **options: object) -> list[Report]:
    force, jobs = options.pop("force", False), options.pop("jobs", 1)
    conversion = Conversion(to, **options)  # type: ignore[arg-type]
    return list(convert_all(sources, out, conversion, force=bool(force), jobs=int(jobs)))  # type: ignore[call-overload]


def written(out: Path) -> list[str]:
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())


def titles(out: Path) -> dict[str, str]:
    return {name: canzona.read(out / name).title for name in written(out)}


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        (["a.krn"], ["a.mid"]),
        (["a.krn", "b.krn"], ["a.mid", "b.mid"]),
        (["a.krn", "a.abc"], ["a-abc.mid", "a-krn.mid"]),
        (["a.krn", "a.abc", "a-krn.krn"], ["a-2.mid", "a-abc.mid", "a-krn.mid"]),
        (["deep/er/a.krn", "a.krn"], ["a.mid", "deep/er/a.mid"]),
        (["a.v2.krn", "a.v1.krn"], ["a.v1.mid", "a.v2.mid"]),
        (["A.KRN", "b.Abc"], ["A.mid", "b.mid"]),
        (["a b.krn", "ż ó.krn", "a'b.krn"], ["a b.mid", "a'b.mid", "ż ó.mid"]),
        (["op.1/a.krn", "op.2/a.krn"], ["op.1/a.mid", "op.2/a.mid"]),
        (["reel.krn", "reel-2.krn", "reel-002.krn"], ["reel-002.mid", "reel-2.mid", "reel.mid"]),
        ([".hidden.krn"], [".hidden.mid"]),
    ],
    ids=[
        "one", "two", "one name twice", "a name that is taken", "folders in folders", "points in names",
        "capital endings", "blanks and letters", "folders with points", "numbers in names", "a hidden file",
    ],
)  # fmt: skip
def test_where_the_files_of_a_folder_go(tmp_path: Path, inputs: list[str], outputs: list[str]) -> None:
    for name in inputs:
        song(tmp_path / "in" / name)
    reports = run([tmp_path / "in"], tmp_path / "out")
    assert written(tmp_path / "out") == sorted(outputs)
    assert len(reports) == len(inputs)
    assert not any(report.errors for report in reports)
    assert sorted(titles(tmp_path / "out").values()) == sorted(Path(name).name for name in inputs)


@pytest.mark.parametrize("to", ["krn", "mid", "svg"])
@pytest.mark.parametrize("force", [False, True])
def test_a_file_named_as_one_of_a_collection_is_not_written_over(
    tmp_path: Path, to: str, force: bool
) -> None:
    """set.abc becomes set-001 and set-002, and set-001.krn is there as well."""
    collection(tmp_path / "in" / "set.abc", 2)
    song(tmp_path / "in" / "set-001.krn", "Alone")
    song(tmp_path / "in" / "set-003.krn", "Beyond")
    reports = run([tmp_path / "in"], tmp_path / "out", to, force=force)
    assert not any(report.errors for report in reports)
    found = written(tmp_path / "out")
    assert len(found) == 4
    assert {f"set-001.{to}", f"set-002.{to}", f"set-001-krn.{to}"} < set(found)


def test_where_a_collection_stays_one_file_no_name_is_changed(tmp_path: Path) -> None:
    collection(tmp_path / "in" / "set.abc", 2)
    song(tmp_path / "in" / "set-001.krn")
    run([tmp_path / "in"], tmp_path / "out", "abc")
    assert written(tmp_path / "out") == ["set-001.abc", "set.abc"]


def test_in_another_folder_such_a_name_is_free(tmp_path: Path) -> None:
    collection(tmp_path / "in" / "set.abc", 2)
    song(tmp_path / "in" / "other" / "set-001.krn")
    run([tmp_path / "in"], tmp_path / "out")
    assert written(tmp_path / "out") == ["other/set-001.mid", "set-001.mid", "set-002.mid"]


@pytest.mark.parametrize(("count", "last"), [(2, "set-002"), (12, "set-012")])
def test_tunes_of_a_collection_are_numbered_in_their_order(tmp_path: Path, count: int, last: str) -> None:
    collection(tmp_path / "set.abc", count)
    [report] = run([tmp_path / "set.abc"], tmp_path / "out", "krn")
    names = [path.stem for path in report.outputs]
    assert names == sorted(names)
    assert (len(names), names[-1]) == (count, last)
    assert canzona.read(report.outputs[-1]).title == f"set {count}"


def test_a_collection_of_one_has_no_number(tmp_path: Path) -> None:
    collection(tmp_path / "set.abc", 1)
    run([tmp_path / "set.abc"], tmp_path / "out", "krn")
    run([tmp_path / "set.abc"], tmp_path / "split", "abc", split=True)
    assert (written(tmp_path / "out"), written(tmp_path / "split")) == (["set.krn"], ["set.abc"])


def test_files_given_by_name_lose_their_folders(tmp_path: Path) -> None:
    sources = [song(tmp_path / "x" / "a.krn"), song(tmp_path / "y" / "b.krn")]
    run(sources, tmp_path / "out")
    assert written(tmp_path / "out") == ["a.mid", "b.mid"]


def test_files_of_one_name_from_two_folders_are_both_written(tmp_path: Path) -> None:
    sources = [song(tmp_path / "x" / "a.krn", "First"), song(tmp_path / "y" / "a.krn", "Second")]
    run(sources, tmp_path / "out")
    assert sorted(titles(tmp_path / "out").values()) == ["First", "Second"]


@pytest.mark.parametrize("twice", ["the file", "its folder"])
def test_an_input_that_is_named_twice_is_converted_once(tmp_path: Path, twice: str) -> None:
    source = song(tmp_path / "in" / "a.krn")
    again = source if twice == "the file" else source.parent
    reports = run([source, again], tmp_path / "out")
    assert len(reports) == 1
    assert written(tmp_path / "out") == ["a.mid"]


def test_what_is_no_score_is_passed_over_in_a_folder(tmp_path: Path) -> None:
    song(tmp_path / "in" / "a.krn")
    for name in ("notes.txt", "a.krn.bak", "picture.png", "noending", ".krn"):
        (tmp_path / "in" / name).write_text("nothing")
    (tmp_path / "in" / "folder.krn").mkdir()
    [report] = run([tmp_path / "in"], tmp_path / "out")
    assert report.source.name == "a.krn"
    assert written(tmp_path / "out") == ["a.mid"]


def test_what_is_no_score_is_refused_when_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    [report] = run([tmp_path / "notes.txt"], tmp_path / "out")
    assert "'.txt' is no ending of a score" in str(report.errors[0])
    assert ".krn" in report.errors[0].hint


@pytest.mark.parametrize("jobs", [1, 3])
def test_one_bad_file_among_good_ones(tmp_path: Path, jobs: int) -> None:
    for name in ("a.krn", "b.krn", "d.krn"):
        song(tmp_path / "in" / name)
    (tmp_path / "in" / "c.krn").write_bytes(b"\0\1\2")
    reports = run([tmp_path / "in"], tmp_path / "out", jobs=jobs)
    assert [report.source.name for report in reports] == ["a.krn", "b.krn", "c.krn", "d.krn"]
    assert [len(report.errors) for report in reports] == [0, 0, 1, 0]
    assert str(reports[2].errors[0]).startswith(str(tmp_path / "in" / "c.krn"))
    assert written(tmp_path / "out") == ["a.mid", "b.mid", "d.mid"]


def test_a_collection_with_a_silent_tune_gives_the_others(tmp_path: Path) -> None:
    collection(tmp_path / "set.abc", 3)
    text = (
        (tmp_path / "set.abc")
        .read_text()
        .replace("T:set 2\nM:2/4\nL:1/4\nK:C\nc d| e2|", "T:none\nM:2/4\nK:C\nz2|")
    )
    (tmp_path / "set.abc").write_text(text)
    [report] = run([tmp_path / "set.abc"], tmp_path / "out", "wav", tempo=1000)
    assert written(tmp_path / "out") == ["set-001.wav", "set-003.wav"]
    assert len(report.errors) == 1


def test_what_exists_is_kept_and_the_rest_is_written(tmp_path: Path) -> None:
    for name in ("a.krn", "b.krn"):
        song(tmp_path / "in" / name)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.mid").write_bytes(b"mine")
    reports = run([tmp_path / "in"], tmp_path / "out")
    assert [type(error) for report in reports for error in report.errors] == [WriteError]
    assert (tmp_path / "out" / "a.mid").read_bytes() == b"mine"
    assert (tmp_path / "out" / "b.mid").read_bytes()[:4] == b"MThd"
    run([tmp_path / "in"], tmp_path / "out", force=True)
    assert (tmp_path / "out" / "a.mid").read_bytes()[:4] == b"MThd"


def test_of_a_collection_all_numbers_are_written_or_none(tmp_path: Path) -> None:
    collection(tmp_path / "set.abc", 3)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "set-002.krn").write_bytes(b"mine")
    [report] = run([tmp_path / "set.abc"], tmp_path / "out", "krn")
    assert "set-002.krn exists" in str(report.errors[0])
    assert written(tmp_path / "out") == ["set-002.krn"]


def test_a_folder_converted_into_itself_keeps_its_sources(tmp_path: Path) -> None:
    source = song(tmp_path / "a.krn")
    before = source.read_bytes()
    [report] = run([tmp_path], tmp_path, "krn")
    assert "a.krn exists" in str(report.errors[0])
    assert source.read_bytes() == before
    run([tmp_path], tmp_path, "abc")
    assert written(tmp_path) == ["a.abc", "a.krn"]


def test_outputs_within_the_folder_that_is_read_are_not_read(tmp_path: Path) -> None:
    song(tmp_path / "a.krn")
    [report] = run([tmp_path], tmp_path / "out", "krn")
    assert report.outputs == (tmp_path / "out" / "a.krn",)


def test_several_processes_write_the_same_files(tmp_path: Path) -> None:
    for place in range(6):
        song(tmp_path / "in" / f"{'sub/' * (place % 2)}t{place}.krn")
    collection(tmp_path / "in" / "set.abc", 3)
    outs = [tmp_path / f"out{jobs}" for jobs in (1, 4)]
    reports = [
        run([tmp_path / "in"], out, "musicxml", jobs=jobs) for out, jobs in zip(outs, (1, 4), strict=True)
    ]
    assert written(outs[0]) == written(outs[1])
    assert all((outs[0] / name).read_bytes() == (outs[1] / name).read_bytes() for name in written(outs[0]))
    assert [report.source for report in reports[0]] == [report.source for report in reports[1]]


@pytest.mark.parametrize("jobs", [0, -1])
def test_no_processes_do_no_work(tmp_path: Path, jobs: int) -> None:
    song(tmp_path / "in" / "a.krn")
    song(tmp_path / "in" / "b.krn")
    with pytest.raises(UsageError, match="processes"):
        canzona.convert(tmp_path / "in", tmp_path / "out", to="mid", jobs=jobs)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "options",
    [
        {"to": "nothing"}, {"to": "mid", "tempo": 0}, {"to": "wav", "instrument": "kazoo"},
        {"to": "mid", "transpose": "H"}, {"to": "wav", "soundfont": "/nowhere.sf2"},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("jobs", [1, 2])
def test_options_that_make_no_sense_end_the_whole(
    tmp_path: Path, options: dict[str, object], jobs: int
) -> None:
    for name in ("a.krn", "b.krn", "c.krn"):
        song(tmp_path / "in" / name)
    with pytest.raises(UsageError) as error:
        run([tmp_path / "in"], tmp_path / "out", jobs=jobs, **options)  # type: ignore[arg-type]
    assert error.value.hint
    assert not (tmp_path / "out").exists() or written(tmp_path / "out") == []


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path: Path) -> None:
    source = song(tmp_path / "a.krn")
    (tmp_path / "out").write_text("a file")
    with pytest.raises(WriteError, match="out was not written"):
        run([source], tmp_path / "out")


def test_missing_and_empty_folders_are_reported(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    reports = run([tmp_path / "gone", tmp_path / "empty", song(tmp_path / "a.krn")], tmp_path / "out")
    assert sorted(len(report.errors) for report in reports) == [0, 1, 1]
    said = " ".join(str(error) for report in reports for error in report.errors)
    assert "gone: no such file" in said and "empty holds no score" in said


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    real = song(tmp_path / "real" / "a.krn")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.krn").symlink_to(real)
    (tmp_path / "in" / "dead.krn").symlink_to(tmp_path / "gone.krn")
    run([tmp_path / "in"], tmp_path / "out")
    assert written(tmp_path / "out") == ["link.mid"]


def test_nothing_but_the_outputs_is_left_in_the_folder(tmp_path: Path) -> None:
    for name in ("a.krn", "b.krn"):
        song(tmp_path / "in" / name)
    (tmp_path / "in" / "c.krn").write_bytes(b"\0")
    for to in ("mid", "svg", "pdf", "abc"):
        run([tmp_path / "in"], tmp_path / "out", to)
    assert written(tmp_path / "out") == sorted(
        f"{n}.{to}" for n in "ab" for to in ("mid", "svg", "pdf", "abc")
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--to", "mid"], 1, "c.krn"),
        (["--to", "nothing"], 2, "no kind of file to write"),
        ([], 2, "--to"),
        (["--to", "mid", "--jobs", "300"], 2, "--jobs"),
    ],
)
def test_the_command_says_what_went_wrong(
    tmp_path: Path, canzona_cli: Callable[..., object], words: list[str], code: int, said: str
) -> None:
    song(tmp_path / "in" / "a.krn")
    (tmp_path / "in" / "c.krn").write_bytes(b"\0")
    done = canzona_cli("convert", tmp_path / "in", "-o", tmp_path / "out", *words)
    assert done.code == code  # type: ignore[attr-defined]
    assert said in done.err  # type: ignore[attr-defined]
    assert "Traceback" not in done.err  # type: ignore[attr-defined]


def test_a_single_input_raises_its_error(tmp_path: Path) -> None:
    (tmp_path / "c.krn").write_bytes(b"\0")
    with pytest.raises(CanzonaError, match=r"c\.krn"):
        canzona.convert(tmp_path / "c.krn", tmp_path / "out", to="mid")
    shutil.rmtree(tmp_path / "out")
