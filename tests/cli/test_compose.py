"""`canzona compose` from the shell: files, streams, exit codes, and the same bytes again."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from canzona.score.format import format_named, read

KINDS = ("krn", "abc", "musicxml", "mid", "svg", "png", "pdf", "wav", "flac", "ogg", "mp3")
SHORT = ("--bars", "2", "--meter", "3/4", "--seed", "7")


@pytest.fixture
def compose(
    small_model: Path, canzona_cli: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable:
    """`canzona compose -m small WORDS`, with the model found by its name, in an empty folder."""
    monkeypatch.setenv("CANZONA_MODELS", str(small_model.parent))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return lambda *words: canzona_cli("compose", "-m", "small", *words)


def test_a_tune_is_printed_as_kern(compose: Callable, canzona_cli: Callable) -> None:
    done = compose(*SHORT)
    assert done.code == 0
    (tune,) = format_named("kern").read(done.out.encode(), "a.krn", None)
    assert (str(tune.meter), len(tune.bars) - bool(tune.pickup)) == ("3/4", 2)
    assert done.err.startswith("seed 7, model small: ") and "bits a note, longest run shared" in done.err
    assert compose(*SHORT, "-o", "-").out == done.out
    assert compose(*SHORT, "-q").err == ""
    assert not list(Path().iterdir())


def test_several_tunes_are_one_stream_where_the_format_holds_them(compose: Callable) -> None:
    done = compose(*SHORT, "--count", "3", "--to", "abc")
    tunes = list(format_named("abc").read(done.out.encode(), "a.abc", None))
    assert [tune.title for tune in tunes] == [f"Canzona 7.{number}" for number in (1, 2, 3)]
    assert [line for line in done.out.splitlines() if line.startswith("X:")] == ["X:1", "X:2", "X:3"]
    assert all('"seed":7' in tune.provenance for tune in tunes)
    refused = compose(*SHORT, "--count", "3")
    assert (refused.code, refused.out) == (2, "")
    assert "stdout holds one krn and 3 tunes are asked for; use -o" in refused.err


@pytest.mark.parametrize("kind", ["abc", "musicxml"])
def test_another_format_on_stdout(compose: Callable, kind: str) -> None:
    done = compose(*SHORT, "--to", kind)
    assert done.code == 0
    assert len(list(format_named(kind).read(done.out.encode(), f"a.{kind}", None))) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--to", "mid", "--count", "2"), "stdout holds one mid"),
        (("--to", "krn,abc"), "stdout holds one format; name a folder with -o"),
        (("--to", ""), "stdout holds one format"),
        (("--to", "docx"), "docx"),
        (("--to", "docx", "-o", "out"), "docx"),
        (("--to", ",", "-o", "out"), "no format is named"),
        (("-o", "tune.docx"), "docx"),
        (("-o", "tune.krn", "--count", "2"), "tune.krn is one file and 2 tunes are asked for; give a folder"),
        (("--bars", "0"), "a tune cannot have 0 bars; ask for 1 to 512"),
        (("--bars", "10000"), "a tune cannot have 10000 bars; ask for 1 to 512"),
        (("--bars", "two"), "two"),
        (("--phrases", "-1"), "a tune cannot have -1 phrases"),
        (("--count", "0"), "0 tunes cannot be written"),
        (("--seed", "-1"), "-1"),
        (("--temperature", "-1"), "temperature -1.0 is out of range"),
        (("--temperature", "nan"), "temperature nan is out of range"),
        (("--top-p", "0"), "top-p 0.0 is out of range"),
        (("--tempo", "0"), "0"),
        (("--style", "irlandi"), "knows no style 'irlandi'; the nearest is 'irlandia'; it knows europa"),
        (("--key", "H"), "'H' is no key"),
        (("--mode", "blues"), "'blues' is no mode"),
        (("--meter", "3/5"), "'3/5' is no meter"),
        (("--meter", "free", "--bars", "3"), "free meter has no bars to count"),
        (("--key", "Am", "--mode", "major"), "contradict each other"),
        (("--like", "a.krn", "--continue", "b.krn"), "give like or continue, not both"),
        (("--frobnicate",), "--frobnicate"),
    ],
    ids=str,
)
def test_wrong_usage_is_code_2_and_a_sentence(
    compose: Callable, words: tuple[str, ...], message: str
) -> None:
    done = compose(*words)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert "Traceback" not in done.err and "should not happen" not in done.err
    assert not list(Path().iterdir())


def test_contradicting_rules_are_code_3(compose: Callable) -> None:
    done = compose("--bars", "4", "--phrases", "5")
    assert (done.code, done.out) == (3, "")
    assert done.err == (
        "canzona: 5 phrases do not fit into 4 bars; "
        "a phrase has at least one of them: ask for 4 phrases or fewer\n"
    )


def test_a_missing_or_damaged_model_is_code_4(
    compose: Callable, canzona_cli: Callable, small_model: Path, tmp_path: Path
) -> None:
    assert canzona_cli("compose", "-m", "smal").code == 4
    assert "'smal'" in canzona_cli("compose", "-m", "smal").err
    shutil.copytree(small_model, tmp_path / "bad")
    (tmp_path / "bad" / "trunk.onnx").write_bytes(b"")
    for place in (tmp_path / "bad", tmp_path, tmp_path / "nowhere"):
        done = canzona_cli("compose", "-m", place, *SHORT, "-o", "out")
        assert (done.code, done.out) == (4, "")
        assert done.err.startswith("canzona: ") and done.err.count("\n") == 1
    assert not list(Path().iterdir())


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("missing.krn", None, "missing.krn"),
        ("empty.krn", b"", "empty.krn"),
        ("binary.krn", bytes(range(256)), "binary.krn"),
        ("spineless.krn", b"!! nothing\n", "spineless.krn"),
        ("rests.krn", b"**kern\n*M2/4\n4r\n4r\n*-\n", "has no note to start from; give a tune with notes"),
        ("tune.txt", b"c d e", "tune.txt"),
    ],
)
@pytest.mark.parametrize("how", ["--like", "--continue"])
def test_a_tune_that_cannot_be_started_from_is_code_1(
    compose: Callable, how: str, name: str, data: bytes | None, message: str
) -> None:
    if data is not None:
        Path(name).write_bytes(data)
    done = compose(how, name, "-o", "out")
    assert done.code in (1, 2) and done.out == ""
    assert done.code == 1 or name == "tune.txt"
    assert message in done.err and "should not happen" not in done.err
    assert not Path("out").exists()


def test_a_record_that_is_no_utf8_is_read(compose: Callable) -> None:
    Path("a.krn").write_bytes(b"!!!OTL: M\xfcller\n**kern\n*M2/4\n4c\n4d\n=\n2e\n==\n*-\n")
    done = compose("--continue", "a.krn", "--bars", "1", "-o", "b.krn")
    assert done.code == 0
    assert read(Path("b.krn")).title == f"{read(Path('a.krn')).title}, continued"


def test_a_new_meter_is_warned_of_and_works(compose: Callable) -> None:
    done = compose("--meter", "13/16", "--bars", "2", "-o", "a.krn")
    assert done.code == 0
    assert "canzona: model 'small' has never seen the meter 13/16: it does what it can\n" in done.err
    assert str(read(Path("a.krn")).meter) == "13/16"
    quiet = compose("--meter", "13/16", "--bars", "2", "-o", "b.krn", "-q")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_several_formats_and_tunes_fill_a_folder(compose: Callable) -> None:
    done = compose(*SHORT, "--count", "2", "--to", "krn, mid,svg", "-o", "out")
    assert done.code == 0
    expected = [f"out/canzona-7-{k}.{kind}" for k in (1, 2) for kind in ("krn", "mid", "svg")]
    assert done.out.splitlines() == [os.path.normpath(path) for path in expected]
    assert sorted(path.as_posix() for path in Path("out").iterdir()) == sorted(expected)
    again = compose(*SHORT, "--count", "2", "--to", "krn", "-o", "other")
    assert again.code == 0
    for number in (1, 2):
        name = f"canzona-7-{number}.krn"
        assert (Path("out") / name).read_bytes() == (Path("other") / name).read_bytes()


def test_json_says_what_was_written(compose: Callable) -> None:
    printed = json.loads(compose(*SHORT, "--count", "2", "--json").out)
    assert len(printed["tunes"]) == 2 and printed["files"] == []
    done = compose(*SHORT, "--count", "2", "-o", "out", "--json")
    held = json.loads(done.out)
    assert held["files"] == [os.path.join("out", f"canzona-7-{number}.krn") for number in (1, 2)]
    for number, each in enumerate(held["tunes"], start=1):
        assert (each["meter"], each["bars"], each["seed"]) == ("3/4", 2, 7)
        assert each["notes"] > 0 and each["bits_per_note"] > 0 and each["longest_copy"] >= 0
        assert 0 <= each["longest_copy_percentile"] <= 100
        assert each["options"]["number"] == number
    assert done.err == ""


def test_an_existing_file_is_kept_without_force(compose: Callable) -> None:
    Path("a.krn").write_text("mine")
    done = compose(*SHORT, "-o", "a.krn")
    assert done.code == 1
    assert done.err == "canzona: a.krn exists; choose another name, or replace it with --force (force=True)\n"
    assert Path("a.krn").read_text() == "mine"
    assert compose(*SHORT, "-o", "a.krn", "--force").code == 0
    assert Path("a.krn").read_text().startswith("!!!OTL")
    Path("out").mkdir()
    Path("out/canzona-7-2.mid").write_text("mine")
    assert compose(*SHORT, "--count", "3", "--to", "krn,mid", "-o", "out").code == 1
    assert os.listdir("out") == ["canzona-7-2.mid"], "refused before anything is written"


def test_a_continuation_lies_beside_what_was_given(compose: Callable, examples: Path) -> None:
    given = examples / "greensleeves.krn"
    words = ("--continue", given, "--bars", "2", "--seed", "7")
    assert compose(*words, "--to", "krn,abc,svg", "-o", "out").code == 0
    names = {path.name for path in Path("out").iterdir()}
    assert names == {f"canzona-7-1{tail}" for tail in (".krn", ".abc", ".svg", "-given.krn", "-given.abc")}
    ours, its = read(Path("out/canzona-7-1.krn")), read(Path("out/canzona-7-1-given.krn"))
    assert its.notes == read(given).notes
    assert [n.pitch for n in ours.notes[: len(its.notes)]] == [n.pitch for n in its.notes]
    assert compose(*words, "-o", "one.krn").code == 0
    assert {"one.krn", "one-given.krn"} <= set(os.listdir())


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid"), reason="no such permissions")
def test_an_unwritable_target_is_named(compose: Callable) -> None:
    Path("file").write_text("")
    done = compose(*SHORT, "-o", "file/a.krn")
    assert done.code == 1 and "file/a.krn was not written: not a directory" in done.err
    done = compose(*SHORT, "-o", "file/out")
    assert done.code == 1 and "file/out was not written: not a directory" in done.err
    done = compose(*SHORT, "-o", "nowhere/a.krn")
    assert done.code == 1 and "nowhere/a.krn was not written: no such file or directory" in done.err
    if os.geteuid():
        Path("closed").mkdir(mode=0o500)
        done = compose(*SHORT, "-o", "closed/a.krn")
        assert done.code == 1 and "permission denied" in done.err


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """A disk with room for so many bytes more: opened files fail as the system does."""

    class Full:
        def __init__(self, file: object, room: list[int]) -> None:
            self.file, self.room = file, room

        def write(self, data: bytes) -> int:
            fitting = data[: max(0, self.room[0])]
            self.room[0] -= len(data)
            self.file.write(fitting)  # type: ignore[attr-defined]
            if len(fitting) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return len(data)

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            self.close()

        def close(self) -> None:
            self.file.close()  # type: ignore[attr-defined]

    def limit(size: int) -> None:
        room, whole = [size], open

        def opened(*words: object, **named: object) -> object:
            file = whole(*words, **named)  # type: ignore[call-overload]
            return Full(file, room) if "w+b" in words else file

        monkeypatch.setattr("canzona.files.open", opened, raising=False)

    yield limit


@pytest.mark.parametrize("room", [0, 100, 1500])
def test_a_full_disk_leaves_nothing_half_written(
    compose: Callable, full_disk: Callable[[int], None], room: int
) -> None:
    Path("old.krn").write_text("mine")
    full_disk(room)
    done = compose("--bars", "99", "--seed", "1", "-o", "old.krn", "--force")
    assert done.code == 1
    assert done.err.endswith(
        "old.krn was not written: no space left on device; choose another folder or free some space\n"
    )
    assert Path("old.krn").read_text() == "mine"
    assert compose("--bars", "99", "--seed", "1", "--to", "krn,abc", "-o", "out").code == 1
    assert [str(path) for path in Path().rglob("*")] in (["old.krn", "out"], ["out", "old.krn"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_stream_that_takes_nothing_is_code_1(small_model: Path) -> None:
    program = [sys.executable, "-c", "from canzona.cli.main import main; main()", "compose"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*program, "-m", small_model, *SHORT, "-q"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 1
    assert "no space left on device" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_replay_makes_the_same_bytes(compose: Callable, canzona_cli: Callable, kind: str) -> None:
    path = Path(f"a.{kind}")
    assert compose(*SHORT, "--temperature", "0.9", "--style", "china", "-o", path).code == 0
    done = canzona_cli("explain", path, "--replay")
    assert (done.code, done.out) == (0, f"{path}: the same {path.stat().st_size:,} bytes\n"), done.err
    said = json.loads(canzona_cli("explain", path, "--json").out)
    assert (said["command"], said["model"], said["seed"]) == ("compose", "small", 7)
    assert said["options"] == {
        "bars": 2, "meter": "3/4", "temperature": 0.9, "top_p": 0.97, "style": "china", "number": 1,
    } | ({"file": said["options"]["file"]} if "file" in said["options"] else {})  # fmt: skip


@pytest.mark.parametrize("kind", ["mid", "wav", "krn"])
def test_replay_of_one_of_many_with_tempo_and_instrument(
    compose: Callable, canzona_cli: Callable, kind: str
) -> None:
    words = ("--count", "3", "--tempo", "140", "--instrument", "flute", "--to", kind, "-o", "out")
    assert compose(*SHORT, *words).code == 0
    for path in sorted(Path("out").iterdir()):
        assert canzona_cli("explain", path, "--replay").code == 0, path


@pytest.mark.parametrize("how", ["--like", "--continue"])
@pytest.mark.parametrize("kind", ["krn", "mid", "svg"])
def test_replay_from_a_tune(
    compose: Callable, canzona_cli: Callable, examples: Path, how: str, kind: str
) -> None:
    shutil.copy(examples / "greensleeves.krn", "source.krn")
    assert compose(how, "source.krn", "--bars", "2", "-o", f"a.{kind}").code == 0
    assert canzona_cli("explain", f"a.{kind}", "--replay").code == 0
    Path("moved").mkdir()
    Path("source.krn").rename("moved/source.krn")
    done = canzona_cli("explain", f"a.{kind}", "--replay")
    assert done.code == 2 and "name it with --input" in done.err
    assert canzona_cli("explain", f"a.{kind}", "--replay", "--input", "moved").code == 0


def test_replay_with_another_model_is_refused(
    compose: Callable,
    canzona_cli: Callable,
    small_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert compose(*SHORT, "-o", "a.krn").code == 0
    text = Path("a.krn").read_text()
    digest = json.loads(canzona_cli("explain", "a.krn", "--json").out)["model_hash"]
    Path("a.krn").write_text(text.replace(digest, "0" * 64))
    done = canzona_cli("explain", "a.krn", "--replay")
    assert done.code == 2
    assert "it was made with another version of model 'small'; install the model whose hash" in done.err
    Path("a.krn").write_text(text)
    monkeypatch.setenv("CANZONA_MODELS", str(tmp_path))
    assert canzona_cli("explain", "a.krn", "--replay").code == 4


@pytest.mark.parametrize(
    "change", [{"bars": "two"}, {"bars": 0}, {"number": "x"},  {"file": 3}, {"key": 7},
               {"unknown": 1}, {"file": {"tempo": "x"}}, {"continue": "gone.krn"}],
    ids=str,
)  # fmt: skip
def test_a_file_that_says_nonsense_of_itself_is_refused(
    compose: Callable, canzona_cli: Callable, change: dict[str, object]
) -> None:
    assert compose(*SHORT, "-o", "a.krn").code == 0
    rows = Path("a.krn").read_text().splitlines()
    place = next(n for n, row in enumerate(rows) if row.startswith("!!!canzona: "))
    held = json.loads(rows[place].removeprefix("!!!canzona: "))
    held["options"] |= change
    rows[place] = f"!!!canzona: {json.dumps(held)}"
    Path("a.krn").write_text("\n".join(rows) + "\n")
    done = canzona_cli("explain", "a.krn", "--replay")
    assert done.code in (1, 2) and done.out == ""
    assert done.err.startswith("canzona: ") and "should not happen" not in done.err


def test_a_model_for_research_says_so(canzona_cli: Callable, small_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "studied"
    shutil.copytree(small_model, folder)
    config = json.loads((folder / "config.json").read_text())
    config |= {"research_only": True, "acknowledgement": "Thanks to the collectors."}
    (folder / "config.json").write_text(json.dumps(config))
    done = canzona_cli("compose", "-m", folder, "--seed", "1", "--bars", "2")
    assert done.code == 0
    assert "for research only, the model and what it writes. Thanks to the collectors." in done.err
    quiet = canzona_cli("compose", "-m", folder, "--seed", "1", "--bars", "2", "-q")
    assert "research" not in quiet.err


def test_what_is_left_out_is_what_python_leaves_out() -> None:
    from canzona.cli.compose import command
    from canzona.composition.settings import Settings

    usual = {option.name: option.default for option in command.params}
    assert {name: usual[name] for name in ("temperature", "top_p")} == Settings().to_dict()
