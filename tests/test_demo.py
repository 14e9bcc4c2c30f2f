"""`make demo`, with the small model in the place of the default one: what is written, and that it is true."""

from __future__ import annotations

import html
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from canzona.origin import explain, replay
from canzona.score import read
from scripts import loaded
from sealed_model import changed_copy

STEMS = ("irish-1", "irish-2", "art-song-1", "art-song-2")


def demo_module(root: Path) -> ModuleType:
    module = loaded(root / "examples" / "demo.py")
    module.BARS = 4  # type: ignore[attr-defined]
    return module


@pytest.fixture(scope="module")
def demo(root: Path, small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The script, in an empty folder, with a model 'folk' that knows its styles."""
    place = tmp_path_factory.mktemp("demo")
    aliases = [["irish", "irlandia"], ["art-song", "polska"]]
    vocabulary = {**_vocabulary(small_model), "aliases": aliases}
    changed_copy(small_model, place / "models" / "folk", behaviour={"vocabulary": vocabulary}, name="folk")
    (place / "here").mkdir()
    before = Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANZONA_MODELS", str(place / "models"))
        patch.setattr(sys, "argv", ["demo.py"])
        os.chdir(place / "here")
        yield demo_module(root)
        os.chdir(before)


def _vocabulary(folder: Path) -> dict[str, object]:
    from canzona.models import load_folder

    held: dict[str, object] = load_folder(folder).behaviour["vocabulary"]
    return held


@pytest.fixture(scope="module")
def folder(demo: ModuleType) -> Path:
    """What one run wrote."""
    assert demo.main() == 0
    return Path("demo").resolve()


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "index.html").read_text(encoding="utf-8")


def test_four_tunes_in_every_format_and_a_page(demo: ModuleType, folder: Path) -> None:
    wanted = {f"{stem}.{kind}" for stem in STEMS for kind in demo.KINDS} | {"index.html"}
    assert {path.name for path in folder.iterdir()} == wanted
    assert {"mid", "krn", "abc", "musicxml", "svg", "wav"} <= set(demo.KINDS)


def test_a_second_run_writes_the_same_and_leaves_what_else_is_there(
    demo: ModuleType, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A user may keep a tune of their own in the folder; the path of the page is what is printed."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    mine = folder / "mine.krn"
    mine.write_bytes(b"mine")
    capsys.readouterr()
    assert demo.main() == 0
    assert mine.read_bytes() == b"mine"
    mine.unlink()
    assert capsys.readouterr() == (f"{folder / 'index.html'}\n", "")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("stem", STEMS)
def test_every_file_is_what_its_ending_says(folder: Path, stem: str) -> None:
    tunes = [read(folder / f"{stem}.{kind}") for kind in ("krn", "abc", "musicxml", "mid")]
    pitches = [[str(note.pitch) for note in tune.notes if note.pitch] for tune in tunes[:3]]
    assert pitches[0] == pitches[1] == pitches[2]
    assert len({tune.duration for tune in tunes}) == 1
    assert (folder / f"{stem}.wav").read_bytes()[:4] == b"RIFF"
    ElementTree.parse(folder / f"{stem}.svg")


@pytest.mark.parametrize("stem", STEMS)
def test_a_tune_opens_as_the_given_one(demo: ModuleType, folder: Path, examples: Path, stem: str) -> None:
    given, made = read(examples / "greensleeves.krn"), read(folder / f"{stem}.krn")
    two_bars = [note.pitch for note in given.notes if note.end <= given.pickup + 2 * given.meter.length]
    assert [note.pitch for note in made.notes][: len(two_bars)] == two_bars
    assert len(made.bars) - bool(made.pickup) == demo.BARS
    assert made.notes != given.notes


def test_the_styles_and_numbers_differ(folder: Path) -> None:
    assert len({(folder / f"{stem}.krn").read_bytes() for stem in STEMS}) == 4


@pytest.mark.parametrize("stem", STEMS)
def test_every_file_says_how_it_was_made_and_is_made_again(demo: ModuleType, folder: Path, stem: str) -> None:
    for kind in ("krn", "abc", "musicxml", "mid", "svg"):
        path = folder / f"{stem}.{kind}"
        made = explain(path)
        assert (made.command, made.model, made.seed) == ("compose", "folk", demo.SEED)
        assert made.options["style"] == stem.rpartition("-")[0]
        assert replay(path) == path.read_bytes(), kind


def test_the_page_needs_no_network(page: str) -> None:
    loaded = re.findall(r"""(?:src|href|data|action)=["']([^"']+)["']|url\(([^)]+)\)|@import\s+(\S+)""", page)
    for target in (part for row in loaded for part in row if part):
        assert not re.match(r"(https?:)?//", target), target
    assert "<script src" not in page and "<link" not in page.replace('<link rel="icon" href="data:', "")


def test_the_page_links_to_what_is_there(page: str, folder: Path) -> None:
    targets = [html.unescape(target) for target in re.findall(r"""<a [^>]*href=["']([^"'#]+)["']""", page)]
    assert {f"{stem}.mid" for stem in STEMS} <= set(targets)
    assert all((folder / target).is_file() for target in targets)


def test_the_page_shows_scores_settings_and_figures(page: str) -> None:
    text = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
    assert page.count("<article") == 5, "the tune given, and four"
    assert page.count("<figure") == 5 and page.count("<svg") >= 5
    for words in ("The tune given: ", "In the style 'irish', no. 1", "In the style 'art-song', no. 2"):
        assert words in text
    assert text.count("bits a note") >= 4
    assert text.count("longest run shared with a training tune") >= 4
    assert "canzona explain FILE --replay" in text


def test_the_commands_on_the_page_make_the_files(
    page: str, folder: Path, canzona_cli: Callable, tmp_path: Path
) -> None:
    found = re.findall(r"<code[^>]*>\s*(?:\$ )?(canzona compose .*?)</code>", page, re.DOTALL)
    commands = list(dict.fromkeys(html.unescape(re.sub(r"<[^>]+>", "", text)).strip() for text in found))
    assert len(commands) == 2, "one for each style"
    for command, style in zip(commands, ("irish", "art-song"), strict=True):
        words = shlex.split(command)
        place = words.index("-o") + 1
        words[place] = str(tmp_path / style)
        done = canzona_cli(*words[1:])
        assert done.code == 0, done.err
        for number in (1, 2):
            for kind in ("krn", "abc", "wav"):
                (path,) = (tmp_path / style).glob(f"*-{number}.{kind}")
                assert path.read_bytes() == (folder / f"{style}-{number}.{kind}").read_bytes(), path.name


def run(demo: ModuleType, monkeypatch: pytest.MonkeyPatch, tune: Path) -> int:
    monkeypatch.setattr(sys, "argv", ["demo.py", str(tune)])
    code: int = demo.main()
    return code


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.krn", None, "gone.krn"),
        ("binary.krn", b"\0\1\2", "binary.krn, line 1"),
        ("rests.krn", b"**kern\n4r\n*-\n", "has no note to start from"),
        ("words.txt", b"words", "words.txt"),
    ],
)
def test_a_tune_that_cannot_be_read_is_a_sentence_and_writes_nothing(
    demo: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: bytes | None,
    said: str,
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    assert run(demo, monkeypatch, tmp_path / name) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("demo: ") and err.count("\n") == 1
    assert said in err
    assert not (tmp_path / "demo").exists()


def test_a_tune_of_the_users_own_with_blanks_in_its_name(
    demo: ModuleType, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my tune.krn").write_bytes((examples / "auld-lang-syne.krn").read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "KINDS", ("krn",))
    monkeypatch.setattr(demo, "STYLES", ("irish",))
    assert run(demo, monkeypatch, tmp_path / "my tune.krn") == 0
    text = html.unescape((tmp_path / "demo" / "index.html").read_text(encoding="utf-8"))
    assert "--like 'my tune.krn'" in text, "the path is short, and quoted for the shell"
    assert read(tmp_path / "demo" / "irish-1.krn").title.startswith("After ")
