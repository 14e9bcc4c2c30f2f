"""Charts of a corpus: what each panel counts, that it stays in its place, and odd corpora."""

from __future__ import annotations

import io
import itertools
import re
import struct
from collections import Counter
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.errors import UsageError
from canzona.render.chart import MOST_BARS, MOST_WORDS, chart_bytes, draw_description
from canzona.score import Key, Tune
from canzona.score.describe import Description, describe
from melodies import jig, melody, star
from strategies import tunes

F = Fraction
SVG = "{http://www.w3.org/2000/svg}"


class Chart:
    """A drawn chart: its panels by title, each with its bars as (label, count, share)."""

    def __init__(self, found: Description, title: str = "") -> None:
        self.root = ElementTree.fromstring(draw_description(found, title=title))
        self.width, self.height = float(self.root.get("width", 0)), float(self.root.get("height", 0))
        self.panels = {
            self.words(group)[0]: group for group in self.root if group.tag == f"{SVG}g"
        }  # fmt: skip

    @staticmethod
    def words(group: Element) -> list[str]:
        return [text.text or "" for text in group.iter(f"{SVG}text")]

    def bars(self, panel: str) -> dict[str, int]:
        tips = [tip.text or "" for tip in self.panels[panel].iter(f"{SVG}title")]
        found = [re.fullmatch(r"(.*): ([\d,]+) \([\d.]+%\)", tip, re.DOTALL) for tip in tips]
        return {match[1]: int(match[2].replace(",", "")) for match in found if match}

    def boxes(self, panel: str) -> list[tuple[float, float, float, float]]:
        held = [box for box in self.panels[panel].iter(f"{SVG}rect") if len(box)]
        return [tuple(float(box.get(name, 0)) for name in ("x", "y", "width", "height")) for box in held]  # type: ignore[misc]

    def axis(self, panel: str) -> list[float]:
        """Percentages at the left axis, from below."""
        return [float(word[:-1]) for word in self.words(self.panels[panel]) if re.fullmatch(r"[\d.]+%", word)]


def counted(**counts: dict[object, int]) -> Description:
    found = Description(tunes=1)
    for name, held in counts.items():
        getattr(found, name).update(held)
    return found


def test_a_tune_by_its_panels() -> None:
    chart = Chart(describe(star()), "Stars")
    assert chart.bars("Degrees of the scale") == {"1": 3, "2": 3, "3": 4, "4": 4, "5": 5, "6": 2}
    assert chart.bars("Durations (numbers: quarter notes)") == {"quarter": 18, "half": 3}
    assert chart.bars("Keys") == {"C major": 1}
    assert chart.bars("Meters") == {"2/4": 1}
    assert chart.bars("Phrase length in notes") == {"7": 3}
    assert chart.bars("Phrase length in bars") == {"4": 3}
    assert chart.bars("Regions") == {"France": 1}
    assert "Rests (numbers: quarter notes)" not in chart.panels


def test_pitches_are_counted_by_name_without_a_gap() -> None:
    bars = Chart(describe(star())).bars("Pitches")
    assert list(bars) == ["C4", "C#4", "D4", "Eb4", "E4", "F4", "F#4", "G4", "Ab4", "A4"]
    assert bars["G4"] == 5
    assert bars["Eb4"] == 0


def test_intervals_carry_their_direction() -> None:
    bars = Chart(describe(Tune(melody("c4 e4 c4 c4 b3")))).bars("Intervals in semitones")
    assert (bars["+4"], bars["-4"], bars["0"], bars["-1"], bars["+1"]) == (1, 1, 1, 1, 0)


def test_the_head_names_the_corpus_and_its_size() -> None:
    words = Chart.words(Chart(describe([star(), jig()]), "Old & new").root)
    assert words[0] == "Old & new"
    assert words[1] == "2 tunes  ·  47 notes  ·  0 rests  ·  17 bars"


def test_unreadable_files_are_said_in_the_head() -> None:
    found = counted(keys={"C major": 1})
    found.unreadable += [("a.krn", "x"), ("b.krn", "y")]
    assert Chart.words(Chart(found).root)[1].endswith("2 files not readable")


@pytest.mark.parametrize(
    ("counts", "top"),
    [
        ({"a": 1}, 100), ({"a": 1, "b": 1}, 50), ({"a": 9, "b": 1}, 90), ({"a": 999, "b": 1}, 100),
        (dict.fromkeys("abcdefghij", 1), 10), ({str(n): 1 for n in range(14)}, 7.2),
    ],
)  # fmt: skip
def test_the_axis_reaches_over_the_tallest_bar(counts: dict[str, int], top: float) -> None:
    chart = Chart(counted(meters=counts))
    axis = chart.axis("Meters")
    assert axis[0] == 0
    assert axis == sorted(axis)
    assert 2 <= len(axis) <= 7
    assert axis[-1] >= top - 0.5
    assert axis[-1] <= 2 * top


def test_bars_are_as_tall_as_the_axis_says() -> None:
    chart = Chart(counted(meters={"3/4": 60, "4/4": 30, "6/8": 10}))
    boxes = chart.boxes("Meters")
    lines = [path.get("d", "") for path in chart.panels["Meters"].iter(f"{SVG}path")]
    heights = [float(re.match(r"M\d+ ([\d.]+)H", line)[1]) for line in lines]  # type: ignore[index]
    per_percent = (heights[0] - heights[-1]) / chart.axis("Meters")[-1]
    assert [box[3] for box in boxes] == pytest.approx(
        [60 * per_percent, 30 * per_percent, 10 * per_percent], abs=0.2
    )
    assert all(box[1] + box[3] == pytest.approx(heights[0], abs=0.2) for box in boxes)


def test_bars_stand_side_by_side_within_their_panel() -> None:
    chart = Chart(describe([star(), jig()]))
    for panel in chart.panels:
        boxes = chart.boxes(panel)
        for one, other in itertools.pairwise(boxes):
            assert one[0] + one[2] < other[0]
        assert boxes[0][0] >= 40
        assert boxes[-1][0] + boxes[-1][2] <= 460


def test_panels_stand_in_two_columns_on_the_page() -> None:
    chart = Chart(describe([star(), jig()]))
    places = [
        tuple(float(number) for number in re.findall(r"[\d.]+", group.get("transform", "")))
        for group in chart.panels.values()
    ]
    assert len(set(places)) == len(places)
    assert {x for x, _ in places} == {28, 488}
    assert all(x + 460 <= chart.width and y + 210 <= chart.height for x, y in places)


def test_rare_words_are_put_together() -> None:
    counts = {f"{place}/4": 100 - place for place in range(1, 31)}
    bars = Chart(counted(meters=counts)).bars("Meters")
    assert len(bars) == MOST_WORDS + 1
    assert list(bars)[:2] == ["1/4", "2/4"]
    assert bars["other"] == sum(sorted(counts.values())[: 30 - MOST_WORDS])
    assert sum(bars.values()) == sum(counts.values())


def test_the_far_ends_of_numbers_are_put_together_and_nothing_is_lost() -> None:
    counts = {F(height): 1 + (60 < height < 72) * 100 for height in range(128)}
    bars = Chart(counted(pitches=counts)).bars("Pitches")
    assert len(bars) == MOST_BARS
    assert sum(bars.values()) == sum(counts.values())
    names = list(bars)
    assert names[0].startswith("≤") and names[-1].startswith("≥")
    assert "C#4" in names and names[-1] == "≥B4", "what is frequent stays"


def test_half_bars_have_bars_of_their_own() -> None:
    bars = Chart(counted(phrase_bars={F(2): 5, F(5, 2): 1, F(4): 7})).bars("Phrase length in bars")
    assert bars == {"2": 5, "5/2": 1, "3": 0, "7/2": 0, "4": 7}


def test_quarter_tones_are_named_by_the_note_below() -> None:
    bars = Chart(counted(pitches={F(60): 1, F(121, 2): 2, F(61): 3})).bars("Pitches")
    assert bars == {"C4": 1, "C4+": 2, "C#4": 3}


def test_degrees_are_ordered_from_the_tonic_up() -> None:
    found = counted(degrees={"5": 9, "1": 8, "b3": 3, "3": 4, "#4": 1, "7": 2, "b7": 2, "2": 5, "-1/2 2": 6})
    assert list(Chart(found).bars("Degrees of the scale")) == [
        "1", "2", "b3", "3", "#4", "5", "b7", "7", "other",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (Key("B", -1, "minor"), "Bb minor"), (Key("E", -2, "major"), "Ebb major"), (Key("F", 1, ""), "F#"),
        (Key("C", 0, "hijaz-kar"), "C hijaz-kar"), (Key("B", -1, "double-flat"), "Bb double-flat"),
    ],
    ids=str,
)  # fmt: skip
def test_flats_are_written_as_people_do(key: Key, name: str) -> None:
    assert list(Chart(describe(star().replace(keys=((F(0), key),)))).bars("Keys")) == [name]


def test_regions_are_shown_as_finely_as_they_fit() -> None:
    few = {"Europa, Deutschland, Bayern": 3, "Europa, Polska, Mazowsze": 2}
    assert Chart(counted(regions=few)).bars("Regions") == {"Bayern": 3, "Mazowsze": 2}
    many = {f"Europa, Land {n % 5}, Ort {n}": 1 for n in range(40)}
    assert Chart(counted(regions=many)).bars("Regions") == {f"Land {n}": 8 for n in range(5)}
    assert "Regions" not in Chart(counted(regions={"none": 9}, keys={"C": 1})).panels


@pytest.mark.parametrize(
    "name", ["Ti\x07rol", "<b>&", '"quoted"', "Łódź", "安徽", "line\nbreak", "x" * 500, " "]
)
def test_names_of_any_kind(name: str) -> None:
    found = counted(regions={name: 3, "Wallis": 2}, meters={"3/4": 5})
    chart = Chart(found, title=name)
    assert sum(chart.bars("Regions").values()) == 5
    for kind in ("svg", "png"):
        assert chart_bytes(found, kind, title=name)


def test_a_name_that_is_no_unicode_is_drawn() -> None:
    """A folder of another encoding, as Python hands its name on."""
    name = b"\xb3\xf3d\xbc".decode("utf-8", "surrogateescape")
    assert chart_bytes(counted(keys={"C major": 1}), "svg", title=name).startswith(b"<svg")


def test_a_png_is_twice_the_size() -> None:
    found = describe(star())
    chart = Chart(found)
    data = chart_bytes(found, "PNG")
    assert struct.unpack(">II", data[16:24]) == (2 * chart.width, 2 * chart.height)


@pytest.mark.parametrize("kind", ["pdf", "gif", "", "svgz"])
def test_other_kinds_are_refused(kind: str) -> None:
    with pytest.raises(UsageError, match="no kind of file for charts") as error:
        chart_bytes(Description(), kind)
    assert "svg" in error.value.hint


def test_labels_are_left_out_where_they_would_collide() -> None:
    labels = Chart.words(Chart(counted(pitches={F(n): 1 for n in range(40, 80)})).panels["Pitches"])
    named = [label for label in labels if re.fullmatch(r"[A-G][b#]?\d", label)]
    assert 5 <= len(named) <= 20


def test_the_same_counts_in_another_order_give_the_same_picture() -> None:
    one, other = describe([star(), jig()]), describe([jig(), star()])
    assert draw_description(one) == draw_description(other)


@settings(max_examples=20)
@given(st.lists(tunes(), min_size=1, max_size=3))
def test_any_corpus_is_drawn_and_every_note_counted(found: list[Tune]) -> None:
    counts = describe(found)
    chart = Chart(counts)
    if counts.notes:
        assert sum(chart.bars("Pitches").values()) == counts.notes
        assert sum(chart.bars("Durations (numbers: quarter notes)").values()) == counts.notes + counts.rests


@settings(max_examples=25)
@given(st.dictionaries(st.integers(-200, 4000), st.integers(1, 10**6), min_size=1, max_size=60))
def test_numbers_of_any_spread_keep_their_sum(counts: dict[int, int]) -> None:
    bars = Chart(counted(phrase_notes=counts)).bars("Phrase length in notes")  # type: ignore[arg-type]
    assert len(bars) <= MOST_BARS
    assert sum(bars.values()) == sum(counts.values())


def test_a_chart_is_a_file_of_a_command(examples: Path, tmp_path: Path, canzona_cli) -> None:  # type: ignore[no-untyped-def]
    done = canzona_cli("data", "describe", examples, "-o", tmp_path / "chart.svg")
    assert done.code == 0
    root = ElementTree.parse(io.BytesIO((tmp_path / "chart.svg").read_bytes())).getroot()
    assert Counter(child.tag for child in root)[f"{SVG}g"] >= 6
