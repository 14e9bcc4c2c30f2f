"""`canzona data describe` from the shell: what is counted, printed and drawn, and what cannot be read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

TUNE = "!!!OTL: {title}\n!!!ARE: {region}\n**kern\n*{key}:\n*M{meter}\n{notes}==\n*-\n"
WALK = "{4c\n4d\n=\n4e\n4r}\n=\n{2c}\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Three tunes in two meters, keys and regions, eleven notes and two rests in all."""
    folder = tmp_path / "corpus"
    (folder / "sub").mkdir(parents=True)
    texts = {
        "a.krn": TUNE.format(title="A", region="Europa", key="C", meter="2/4", notes=WALK),
        "sub/b.krn": TUNE.format(title="B", region="Europa", key="C", meter="2/4", notes=WALK),
        "sub/c.krn": TUNE.format(title="C", region="Asia", key="a", meter="3/4", notes="{4a\n4b-\n4ee}\n"),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


def counted(canzona_cli: Callable, folder: Path, code: int = 0) -> dict[str, dict[str, int]]:
    done = canzona_cli("data", "describe", folder, "--json")
    assert done.code == code, done.err
    held: dict[str, dict[str, int]] = json.loads(done.out)
    return held


def test_totals(corpus: Path, canzona_cli: Callable) -> None:
    held = counted(canzona_cli, corpus)
    facts = {name: held[name] for name in ("files", "tunes", "empty", "notes", "rests", "bars")}
    assert facts == {"files": 3, "tunes": 3, "empty": 0, "notes": 11, "rests": 2, "bars": 7}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pitches", {"60": 4, "62": 2, "64": 2, "69": 1, "70": 1, "76": 1}),
        ("degrees", {"1": 5, "2": 2, "3": 2, "b2": 1, "5": 1}),
        ("intervals", {"2": 4, "-4": 2, "1": 1, "6": 1}),
        ("durations", {"1": 11, "2": 2}),
        ("rest_durations", {"1": 2}),
        ("keys", {"C major": 2, "A minor": 1}),
        ("modes", {"major": 2, "minor": 1}),
        ("meters", {"2/4": 2, "3/4": 1}),
        ("phrase_notes", {"1": 2, "3": 3}),
        ("phrase_bars", {"1": 3, "2": 2}),
        ("phrasing", {"marked": 3}),
        ("regions", {"Europa": 2, "Asia": 1}),
    ],
)
def test_counts(corpus: Path, canzona_cli: Callable, name: str, expected: dict[str, int]) -> None:
    assert counted(canzona_cli, corpus)[name] == expected


def test_numbers_stand_in_order_and_words_by_how_often(corpus: Path, canzona_cli: Callable) -> None:
    held = counted(canzona_cli, corpus)
    assert list(held["intervals"]) == ["-4", "1", "2", "6"]
    assert list(held["pitches"]) == sorted(held["pitches"], key=int)
    assert list(held["keys"]) == ["C major", "A minor"]


def test_rows_are_printed_for_people(corpus: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("data", "describe", corpus)
    assert (done.code, done.err) == (0, "")
    rows = {row[:15].strip(): row[15:].strip() for row in done.out.splitlines()}
    assert rows["notes"] == "11" and rows["tunes"] == "3"
    assert rows["keys"] == "C major 66.7%, A minor 33.3%"
    assert rows["durations"] == "1 84.6%, 2 15.4%"


def test_a_long_table_names_what_is_frequent_and_how_much_is_left(
    tmp_path: Path, canzona_cli: Callable
) -> None:
    notes = "".join(f"4{letter}\n" * (9 - place) for place, letter in enumerate("cdefgabccddeeff"[:7]))
    notes += "".join(f"4{letter * 2}\n" for letter in "cdefg")
    (tmp_path / "a.krn").write_text(TUNE.format(title="A", region="E", key="C", meter="4/4", notes=notes))
    rows = canzona_cli("data", "describe", tmp_path).out.splitlines()
    (pitches,) = [row for row in rows if row.startswith("pitches ")]
    assert pitches.count("%") == 8
    assert pitches.endswith(", 4 more")
    assert pitches.split()[1] == "60"


def test_json_goes_to_stdout_alone(corpus: Path, canzona_cli: Callable) -> None:
    (corpus / "bad.krn").write_bytes(b"\0\1\2")
    done = canzona_cli("data", "describe", corpus, "--json")
    assert (done.code, done.err) == (1, "")
    (bad,) = json.loads(done.out)["unreadable"]
    assert bad["file"].endswith("bad.krn") and bad["reason"]


def test_quiet_says_errors_alone(corpus: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("data", "describe", corpus, "-q")
    assert (done.code, done.out, done.err) == (0, "", "")
    (corpus / "bad.krn").write_bytes(b"\0\1\2")
    done = canzona_cli("data", "describe", corpus, "-q")
    assert (done.code, done.out) == (1, "")
    assert "bad.krn" in done.err and done.err.count("\n") == 1


def test_a_tune_without_a_note_is_counted_and_nothing_more(corpus: Path, canzona_cli: Callable) -> None:
    before = counted(canzona_cli, corpus)
    (corpus / "rests.krn").write_text("**kern\n*M2/4\n4r\n4r\n*-\n")
    after = counted(canzona_cli, corpus)
    assert (after["empty"], after["files"]) == (1, 4)
    assert after["rests"] == before["rests"] and after["durations"] == before["durations"]


def test_one_file_is_a_corpus(corpus: Path, canzona_cli: Callable) -> None:
    assert counted(canzona_cli, corpus / "a.krn")["tunes"] == 1


def test_twice_the_tunes_are_twice_the_counts(corpus: Path, canzona_cli: Callable) -> None:
    before = counted(canzona_cli, corpus)
    for path in list(corpus.rglob("*.krn")):
        path.with_name(f"again-{path.name}").write_bytes(path.read_bytes())
    after = counted(canzona_cli, corpus)
    for name, value in before.items():
        if isinstance(value, dict):
            assert after[name] == {label: 2 * count for label, count in value.items()}


def test_a_chart_is_a_drawing_of_the_counts(corpus: Path, tmp_path: Path, canzona_cli: Callable) -> None:
    done = canzona_cli("data", "describe", corpus, "-o", tmp_path / "plot.svg", "-q")
    assert (done.code, done.out) == (0, "")
    root = ElementTree.parse(tmp_path / "plot.svg").getroot()
    words = " ".join("".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text"))
    assert "corpus" in words, "the folder's name is the heading"
    assert "3 tunes" in words and "11 notes" in words
    assert canzona_cli("data", "describe", corpus, "-o", tmp_path / "plot.png").code == 0
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_the_same_corpus_is_drawn_alike(corpus: Path, tmp_path: Path, canzona_cli: Callable) -> None:
    for name in ("one.svg", "two.svg"):
        canzona_cli("data", "describe", corpus, "-o", tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_a_name_that_means_something_in_xml_is_drawn(
    corpus: Path, tmp_path: Path, canzona_cli: Callable
) -> None:
    folder = corpus.rename(tmp_path / "Rock & <Roll>")
    (folder / "d.krn").write_text(
        TUNE.format(title="D", region="<b>&amp;", key="C", meter="2/4", notes="{4c\n4d}\n")
    )
    assert canzona_cli("data", "describe", folder, "-o", tmp_path / "plot.svg").code == 0
    assert "Rock & <Roll>" in "".join(ElementTree.parse(tmp_path / "plot.svg").getroot().itertext())


def test_an_existing_chart_is_kept_without_force(corpus: Path, tmp_path: Path, canzona_cli: Callable) -> None:
    (tmp_path / "plot.svg").write_text("mine")
    done = canzona_cli("data", "describe", corpus, "-o", tmp_path / "plot.svg")
    assert done.code == 1 and "exists" in done.err and "--force" in done.err
    assert (tmp_path / "plot.svg").read_text() == "mine"
    assert canzona_cli("data", "describe", corpus, "-o", tmp_path / "plot.svg", "--force").code == 0
    assert (tmp_path / "plot.svg").read_text().startswith("<svg")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nowhere",), 1, "nowhere is neither a file nor a folder"),
        (("empty",), 1, "empty"),
        ((), 2, "Missing argument 'DIR'"),
        (("corpus", "-o", "plot.gif"), 2, ".gif"),
        (("corpus", "-o", "plot"), 2, "'plot' has no ending; name an .svg or a .png file"),
        (("nowhere", "-o", "corpus"), 2, "has no ending"),
        (("nowhere", "-o", "corpus/a.krn"), 1, "corpus/a.krn exists"),
        (("corpus", "-o", "no/such/folder/plot.svg"), 1, "was not written"),
    ],
    ids=str,
)
def test_bad_requests_are_a_code_and_a_sentence(
    corpus: Path,
    canzona_cli: Callable,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    (corpus.parent / "empty").mkdir()
    monkeypatch.chdir(corpus.parent)
    done = canzona_cli("data", "describe", *words)
    assert done.code == code
    assert said in done.err and "Traceback" not in done.err and "should not happen" not in done.err
    assert sorted(os.listdir()) == ["corpus", "empty"], "nothing is half written"


def test_a_corpus_of_nothing_readable_is_code_1(tmp_path: Path, canzona_cli: Callable) -> None:
    (tmp_path / "a.krn").write_bytes(b"\0")
    (tmp_path / "b.mid").write_bytes(b"MThd")
    done = canzona_cli("data", "describe", tmp_path)
    assert done.code == 1
    assert done.err.count("canzona: ") == done.err.count("\n") == 2


def test_a_chart_of_nothing_is_a_page(tmp_path: Path, canzona_cli: Callable) -> None:
    (tmp_path / "rests.krn").write_text("**kern\n*M2/4\n4r\n4r\n*-\n")
    assert canzona_cli("data", "describe", tmp_path, "-o", tmp_path / "plot.svg").code == 0
    ElementTree.parse(tmp_path / "plot.svg")
