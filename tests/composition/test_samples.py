import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.composition.originality import build_index
from canzona.composition.samples import (
    CorpusFigures,
    bars_close,
    corpus_figures,
    ends_on_tonic,
    overlap,
    sample_figures,
)
from canzona.errors import ModelError, UsageError
from canzona.score.tune import Barline, Key, Meter, Note, Pitch, Tune

# 'Hänschen klein' and 'Kuckuck', which nobody owns.
HAENSCHEN = "GEE.FDD.CDEFGGG."
KUCKUCK = "GEGEDCDC"


def tune_of(letters: str, key: Key | None = None, length: Fraction = Fraction(1), pickup: int = 0) -> Tune:
    """Equal notes in 2/4 with bar lines, '.' a rest."""
    notes = [
        Note(place * length, length, None if letter == "." else Pitch(letter, Fraction(0), 4))
        for place, letter in enumerate(letters)
    ]
    lines = [Barline(Fraction(onset)) for onset in range(pickup, int(len(letters) * length) + 1, 2)]
    return Tune(
        notes=tuple(notes),
        barlines=tuple(lines),
        keys=((Fraction(0), key or Key("C", 0, "major")),),
        meters=((Fraction(0), Meter(2, 4)),),
    )


CORPUS = [("haenschen", tune_of(HAENSCHEN)), ("kuckuck", tune_of(KUCKUCK))]
INDEX = build_index(CORPUS)
TRAINING = corpus_figures(tune for _, tune in CORPUS)


def test_figures_of_the_training_tunes_themselves() -> None:
    figures = sample_figures([tune for _, tune in CORPUS], TRAINING, INDEX)
    assert figures["samples"] == 2
    assert figures["pitch_overlap"] == figures["interval_overlap"] == pytest.approx(1.0)
    assert figures["duration_overlap"] == pytest.approx(1.0)
    assert figures["longest_copy"] == {"median": 10.5, "p90": 12.5, "max": 13.0}
    assert figures["training"]["longest_copy"] == INDEX.human_runs()
    assert figures["training"]["longest_copy"]["max"] < 8
    assert figures["distinct"] == 1.0
    assert figures["ends_on_tonic"] == 0.5, "one ends on G, the rest after it does not count"
    assert figures["bars_close"] == 1.0


def test_copies_of_one_tune_are_not_distinct() -> None:
    figures = sample_figures([tune_of(KUCKUCK)] * 3 + [tune_of(KUCKUCK[::-1])], TRAINING, INDEX)
    assert figures["distinct"] == 0.5


def test_other_notes_overlap_less() -> None:
    key, length = Key("G", 0, "major"), Fraction(1, 2)
    figures = sample_figures([tune_of("BFBFBFBF", key, length)], TRAINING, INDEX)
    assert figures["pitch_overlap"] < 0.5
    assert figures["duration_overlap"] == 0.0
    assert figures["longest_copy"]["max"] == 0.0


def test_overlap_by_hand() -> None:
    assert overlap({"0": 3, "2": 1}, {"0": 1, "4": 1}) == 0.5
    assert overlap({}, {"0": 1}) == 0.0
    assert overlap({"0": 1}, {}) == 0.0


counts = st.dictionaries(st.text(max_size=2), st.integers(1, 50), min_size=1, max_size=6)


@given(counts, counts)
def test_overlap_is_a_share_and_symmetric(first: dict[str, int], second: dict[str, int]) -> None:
    assert 0.0 <= overlap(first, second) <= 1.0 + 1e-12
    assert overlap(first, second) == pytest.approx(overlap(second, first))
    assert overlap(first, first) == pytest.approx(1.0)


@pytest.mark.parametrize(("letters", "key", "expected"), [
    ("GAC", None, True),
    ("GAC..", None, True),
    ("GAB", None, False),
    ("CDB", Key("B", 0, "minor"), True),
    ("...", None, False),
    ("", None, False),
    ("CDG", Key("", 0, "", (("F", Fraction(1)),)), True),
])  # fmt: skip
def test_the_last_note_is_the_tonic(letters: str, key: Key | None, expected: bool) -> None:
    assert ends_on_tonic(tune_of(letters, key)) is expected


def test_the_tonic_is_that_of_the_end() -> None:
    tune = tune_of("CDEDEG")
    assert not ends_on_tonic(tune)
    keys = (*tune.keys, (Fraction(4), Key("G", 0, "major")))
    assert ends_on_tonic(tune.replace(keys=keys))


@pytest.mark.parametrize(("letters", "pickup", "expected"), [
    ("CDEF", 0, True),
    ("CDEFG", 0, False),  # half a bar too little
    ("CDEFG", 1, True),  # a pickup and whole bars
    ("CDEF", 1, True),  # the last bar completes the pickup
])  # fmt: skip
def test_bars_close(letters: str, pickup: int, expected: bool) -> None:
    assert bars_close(tune_of(letters, pickup=pickup)) is expected


def test_a_short_bar_in_the_middle_does_not_close() -> None:
    tune = tune_of("CDEFGA")
    assert not bars_close(tune.replace(barlines=tuple(Barline(Fraction(onset)) for onset in (0, 2, 3, 5))))
    assert bars_close(tune.replace(meters=((Fraction(0), Meter(0, 1, symbol="X")),)))


def test_corpus_figures_are_json() -> None:
    again = CorpusFigures.from_dict(json.loads(json.dumps(TRAINING.to_dict())))
    assert again == TRAINING
    assert TRAINING.histograms["interval"]["-3"] == 4, "G-E and F-D in one tune, G-E twice in the other"


@pytest.mark.parametrize("values", [None, [], {}, {"tunes": 1, "histograms": {}}, "x", {"tunes": "many"}])
def test_damaged_figures_are_refused(values: object) -> None:
    with pytest.raises(ModelError, match="damaged"):
        CorpusFigures.from_dict(values)


def test_nothing_to_describe() -> None:
    with pytest.raises(UsageError):
        sample_figures([], TRAINING, INDEX)
    with pytest.raises(UsageError):
        sample_figures([Tune()], TRAINING, INDEX)
    assert corpus_figures([Tune()]).tunes == 0
