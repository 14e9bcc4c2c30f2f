"""Copied runs, as laws: what a copy, a larger corpus, another key or another order may change."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.composition.melody import melody_of
from canzona.composition.originality import SHORTEST, OriginalityIndex, build_index, run_figures
from canzona.score import Note, Pitch, Tune
from canzona.score.transpose import transpose
from melodies import jig, star

F = Fraction
Rows = list[tuple[int, int]]

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 2)), min_size=2, max_size=20)
CORPUS = st.lists(ROWS, min_size=1, max_size=5)
FEW = settings(max_examples=40)


def tune_of(rows: Rows) -> Tune:
    notes, onset = [], F(0)
    for height, length in rows:
        notes.append(Note(onset, F(length, 2), Pitch("CDEFGAB"[height], F(0), 4)))
        onset += F(length, 2)
    return Tune(notes=tuple(notes))


def index_of(corpus: list[Rows], families: list[int] | None = None) -> OriginalityIndex:
    named = [(f"tune{place:02}", tune_of(rows)) for place, rows in enumerate(corpus)]
    of = dict(zip((name for name, _ in named), families or range(len(named)), strict=True))
    return build_index(named, of, measure=families is not None)


def longest(index: OriginalityIndex, rows: Rows) -> int:
    return index.longest_copy(tune_of(rows)).length


@given(CORPUS, ROWS)
@FEW
def test_a_run_is_no_longer_than_either_tune(corpus: list[Rows], rows: Rows) -> None:
    index = index_of(corpus)
    found = index.longest_copy(tune_of(rows))
    assert found.length == 0 or SHORTEST <= found.length <= len(rows)
    if found.length:
        source = corpus[int(found.name.removeprefix("tune"))]
        assert found.source_start + found.length <= len(source)
        assert found.start + found.length <= len(rows)


@given(CORPUS)
@FEW
def test_a_training_tune_is_found_whole(corpus: list[Rows]) -> None:
    index = index_of(corpus)
    for rows in corpus:
        expected = len(rows) if len(rows) >= SHORTEST else 0
        assert longest(index, rows) >= expected
        assert longest(index, rows) <= len(rows)


@given(CORPUS, ROWS, ROWS)
@FEW
def test_a_larger_corpus_never_makes_a_run_shorter(corpus: list[Rows], more: Rows, rows: Rows) -> None:
    assert longest(index_of([*corpus, more]), rows) >= longest(index_of(corpus), rows)


@given(CORPUS, ROWS)
@FEW
def test_a_run_of_a_corpus_is_the_longest_of_its_tunes(corpus: list[Rows], rows: Rows) -> None:
    assert longest(index_of(corpus), rows) == max(longest(index_of([each]), rows) for each in corpus)


@given(ROWS, ROWS)
@FEW
def test_sharing_is_mutual(one: Rows, two: Rows) -> None:
    assert longest(index_of([one]), two) == longest(index_of([two]), one)


@given(CORPUS, ROWS, ROWS)
@FEW
def test_a_longer_tune_shares_no_less(corpus: list[Rows], rows: Rows, more: Rows) -> None:
    index = index_of(corpus)
    whole = longest(index, rows + more)
    # The last note of the first may differ in length once something follows: it is the same here.
    assert whole >= max(longest(index, rows), longest(index, more))


@given(
    CORPUS, ROWS, st.sampled_from(["M2", "-m3", "P5", "A4", "-P8"]), st.sampled_from([F(1, 2), F(2), F(3)])
)
@FEW
def test_key_and_note_values_hide_no_run(
    corpus: list[Rows], rows: Rows, interval: str, scale: Fraction
) -> None:
    index, tune = index_of(corpus), tune_of(rows)
    moved = transpose(tune, interval)
    notes = tuple(Note(note.onset * scale, note.duration * scale, note.pitch) for note in moved.notes)
    assert index.longest_copy(moved.replace(notes=notes)) == index.longest_copy(tune)


@given(CORPUS, ROWS)
@FEW
def test_the_order_of_the_corpus_changes_no_length(corpus: list[Rows], rows: Rows) -> None:
    assert longest(index_of(corpus), rows) == longest(index_of(corpus[::-1]), rows)


@given(CORPUS, ROWS, st.integers(0, 4))
@FEW
def test_leaving_a_family_out_is_an_index_without_it(corpus: list[Rows], rows: Rows, left_out: int) -> None:
    families = [place % 3 for place in range(len(corpus))]
    rest = [each for each, family in zip(corpus, families, strict=True) if family != left_out]
    found = index_of(corpus, families).longest_copy(tune_of(rows), exclude_family=left_out).length
    assert found == (longest(index_of(rest), rows) if rest else 0)


@given(CORPUS)
@FEW
def test_human_runs_are_those_of_each_tune_against_the_others(corpus: list[Rows]) -> None:
    families = [place // 2 for place in range(len(corpus))]
    index = index_of(corpus, families)
    expected = sorted(
        index.longest_copy(tune_of(rows), exclude_family=family).length
        for rows, family in zip(corpus, families, strict=True)
    )
    assert index.human.tolist() == expected
    assert index.human_runs() == run_figures(np.array(expected))


@given(CORPUS, st.integers(0, 30), st.integers(0, 30))
@FEW
def test_percentiles_rise_from_nothing_to_all(corpus: list[Rows], one: int, two: int) -> None:
    index = index_of(corpus, list(range(len(corpus))))
    low, high = index.percentile(min(one, two)), index.percentile(max(one, two))
    assert 0.0 <= low <= high <= 100.0
    assert index.percentile(int(index.human.max())) == 100.0


@given(CORPUS)
@FEW
def test_a_file_of_an_index_answers_as_the_index(corpus: list[Rows]) -> None:
    import tempfile
    from pathlib import Path

    index = index_of(corpus, list(range(len(corpus))))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.npz"
        path.write_bytes(index.to_bytes())
        again = OriginalityIndex.load(path)
    for rows in corpus:
        assert again.longest_copy(tune_of(rows)) == index.longest_copy(tune_of(rows))
    assert again.to_bytes() == index.to_bytes()


def test_a_changed_note_breaks_a_run_in_two() -> None:
    rows = [(int(height), int(length)) for height, length in np.random.default_rng(3).integers(1, 3, (40, 2))]
    rows = [(height + place % 5 - 1, length) for place, (height, length) in enumerate(rows)]
    index = index_of([rows])
    broken = list(rows)
    broken[15] = ((broken[15][0] + 1) % 5, broken[15][1])
    assert longest(index, rows) == 40
    assert longest(index, broken) == 24, "sixteen to the end, counted from the note behind the changed one"


def test_a_rest_does_not_hide_a_copy_of_the_same_rhythm() -> None:
    """A note held and a note with a rest behind it begin and follow alike."""
    held = star()
    notes = list(held.notes)
    whole = notes[6]
    notes[6:7] = [
        Note(whole.onset, F(1), whole.pitch), Note(whole.onset + 1, F(1), None),
    ]  # fmt: skip
    index = build_index([("star", held)], {"star": 0}, measure=False)
    assert index.longest_copy(held.replace(notes=tuple(notes))).length == len(held.notes)


def test_a_run_is_named_with_its_places() -> None:
    index = build_index([("jig", jig()), ("star", star())], {"jig": 0, "star": 1}, measure=False)
    part = star().notes[7:14]
    tune = Tune(notes=tuple(Note(note.onset - part[0].onset, note.duration, note.pitch) for note in part))
    found = index.longest_copy(tune)
    assert (found.length, found.name, found.start, found.source_start) == (7, "star", 0, 7)


def test_of_equal_runs_the_first_training_tune_is_named() -> None:
    named = [("b", star()), ("a", star()), ("c", star())]
    index = build_index(named, {"a": 0, "b": 0, "c": 0}, measure=False)
    assert index.longest_copy(star()).name == "b", "in the order of the corpus"


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_fewer_than_four_notes_are_no_copy(size: int) -> None:
    index = build_index([("star", star())], {"star": 0}, measure=False)
    assert index.longest_copy(Tune(notes=star().notes[:size])).length == 0


def test_a_name_may_hold_any_letters() -> None:
    names = ["Lieder/Schöne\nMüllerin #1", "", "名", "a" * 500]
    index = build_index([(name, star()) for name in names], dict.fromkeys(names, 0), measure=False)
    assert index.names == ("Lieder/Schöne Müllerin #1", "", "名", "a" * 500)


def test_hashes_of_different_runs_do_not_run_together() -> None:
    """Against a search of all pairs of places, in tunes that share by chance alone."""
    random = np.random.default_rng(5)
    drawn = random.integers(0, 5, (40, 60)).tolist(), random.integers(1, 4, (40, 60)).tolist()
    corpus = [list(zip(heights, lengths, strict=True)) for heights, lengths in zip(*drawn, strict=True)]
    rows = [melody_of(tune_of(each)).steps.tolist() for each in corpus]
    expected = 0
    for other in rows[:39]:
        reach = [0] * (len(other) + 1)  # of the runs that end at each place of the other tune
        for step in rows[39]:
            reach = [0, *(reach[place] + 1 if step == there else 0 for place, there in enumerate(other))]
            expected = max(expected, *reach)
    assert expected >= 3
    assert longest(index_of(corpus[:39]), corpus[39]) == expected + 1
