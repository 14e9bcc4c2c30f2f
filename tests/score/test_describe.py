"""Counts of a corpus, checked by hand on tunes that fit on a page."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest

from canzona.errors import CanzonaError, EmptyTuneError, UsageError
from canzona.render.chart import chart_bytes, draw_description
from canzona.score import Key, Note, Pitch, Tune, read
from canzona.score.describe import Description, degree, describe, ordered
from pace import within


def test_counts_of_a_tune_that_everybody_knows(examples: Path) -> None:
    found = describe(read(examples / "ah-vous-dirai-je.krn"))
    assert (found.tunes, found.notes, found.rests, found.bars) == (1, 42, 0, 24)
    assert found.degrees == {"1": 6, "2": 6, "3": 8, "4": 8, "5": 10, "6": 4}
    assert found.durations == {Fraction(1): 36, Fraction(2): 6}
    assert found.phrase_notes == {7: 6}
    assert found.phrase_bars == {Fraction(4): 6}
    assert found.keys == {"C major": 1}
    assert found.meters == {"2/4": 1}
    assert found.regions == {"France": 1}
    assert found.intervals[Fraction(0)] == 18


def test_a_folder_is_the_sum_of_its_files(examples: Path) -> None:
    whole = describe(examples)
    parts = [describe(read(path)) for path in sorted(examples.glob("*.krn"))]
    assert whole.files == len(parts)
    assert whole.notes == sum(part.notes for part in parts)
    assert whole.pitches == sum((part.pitches for part in parts), start=type(whole.pitches)())


def test_files_that_cannot_be_read_and_tunes_without_notes_are_counted(
    tmp_path: Path, examples: Path
) -> None:
    (tmp_path / "bad.krn").write_bytes(b"\0\1\2")
    (tmp_path / "empty.krn").write_text("**kern\n*M4/4\n1r\n*-\n")
    (tmp_path / "good.krn").write_bytes((examples / "greensleeves.krn").read_bytes())
    found = describe(tmp_path)
    assert (found.files, found.tunes, found.empty) == (3, 1, 1)
    assert [Path(file).name for file, _ in found.unreadable] == ["bad.krn"]


def test_a_missing_or_empty_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(EmptyTuneError, match="holds no score"):
        describe(tmp_path)
    with pytest.raises(CanzonaError, match="neither a file nor a folder"):
        describe(tmp_path / "gone")


@pytest.mark.parametrize(
    ("pitch", "key", "expected"),
    [
        (Pitch("C", Fraction(0), 4), Key("A", 0, "minor"), "b3"),
        (Pitch("G", Fraction(1), 4), Key("A", 0, "minor"), "7"),
        (Pitch("A", Fraction(0), 3), Key("A", 0, "minor"), "1"),
        (Pitch("B", Fraction(-1), 3), Key("E", -1, "major"), "5"),
        (Pitch("F", Fraction(1), 4), Key("C", 0, "major"), "#4"),
        (Pitch("B", Fraction(-1, 2), 4), Key("A", 0, ""), "-1/2 2"),
    ],
)
def test_degrees(pitch: Pitch, key: Key, expected: str) -> None:
    assert degree(pitch, key) == expected


def test_degrees_follow_a_change_of_key() -> None:
    notes = tuple(Note(Fraction(place), Fraction(1), Pitch("G", Fraction(0), 4)) for place in range(3))
    keys = ((Fraction(0), Key("C", 0, "major")), (Fraction(2), Key("G", 0, "major")))
    assert describe(Tune(notes=notes, keys=keys)).degrees == {"5": 2, "1": 1}


def test_no_degree_without_a_tonic() -> None:
    note = Note(Fraction(0), Fraction(1), Pitch("G", Fraction(0), 4))
    assert not describe(Tune(notes=(note,))).degrees
    with pytest.raises(EmptyTuneError, match="names no tonic"):
        degree(Pitch("G", Fraction(0), 4), Key(signature=()))


def test_numbers_are_ordered_and_words_ranked(examples: Path) -> None:
    found = describe(examples)
    lengths = [label for label, _ in ordered(found.durations)]
    assert lengths == sorted(lengths)
    counts = [count for _, count in ordered(found.degrees)]
    assert counts == sorted(counts, reverse=True)


def test_counts_survive_json(examples: Path) -> None:
    held = json.loads(json.dumps(describe(examples).to_dict()))
    assert held["tunes"] == 3
    assert held["durations"]["1/2"] > 0
    assert list(held["pitches"]) == sorted(held["pitches"], key=int)


def test_many_changes_of_key_take_no_long_time() -> None:
    key = Key("C", 0, "major")
    count = 60_000
    note = Pitch("G", Fraction(0), 4)
    notes = tuple(Note(Fraction(place), Fraction(1), note) for place in range(count))
    with within(3):
        describe(Tune(notes=notes, keys=tuple((Fraction(place), key) for place in range(count))))


def test_the_charts_are_whole_svg_with_every_count(examples: Path) -> None:
    drawn = draw_description(describe(examples), title="Songs & <airs>")
    tree = ElementTree.fromstring(drawn)
    words = [element.text for element in tree.iter() if element.text and element.text.strip()]
    assert "Songs & <airs>" in words
    assert {"Pitches", "Degrees of the scale", "Meters", "Phrase length in notes", "Regions"} <= set(words)
    tips = [word for word in words if word.startswith("2/4: 1 ")]
    assert tips == ["2/4: 1 (33.3%)"]


def test_bars_of_a_chart_are_as_tall_as_their_share() -> None:
    found = Description(tunes=10)
    found.meters.update({"3/4": 6, "4/4": 3, "6/8": 1})
    tree = ElementTree.fromstring(draw_description(found))
    rectangles = [element for element in tree.iter() if element.tag.endswith("rect") and len(element)]
    heights = [float(element.get("height", 0)) for element in rectangles]
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.2)
    assert heights[0] == pytest.approx(6 * heights[2], abs=0.4)


def test_an_empty_description_is_a_page_without_charts() -> None:
    assert "0 tunes" in draw_description(Description())


def test_far_ends_join_the_last_bars() -> None:
    found = Description(tunes=1)
    found.phrase_notes.update(dict.fromkeys(range(1, 31), 5) | {4000: 1})
    words = [
        element.text for element in ElementTree.fromstring(draw_description(found)).iter() if element.text
    ]
    assert any(word.startswith("≥30: 6 ") for word in words)


def test_chart_files(examples: Path) -> None:
    found = describe(examples)
    assert chart_bytes(found, ".svg").startswith(b"<svg")
    assert chart_bytes(found, "png").startswith(b"\x89PNG")
    with pytest.raises(UsageError, match="no kind of file for charts"):
        chart_bytes(found, ".gif")
