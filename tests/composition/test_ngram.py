import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.composition.events import ESCAPE_BITS, EventList, Vocabulary, build_vocabulary, encode
from canzona.composition.ngram import NGram, fit_ngram
from canzona.composition.ngram_contexts import PARTS, chain, classes, rows_of
from canzona.errors import ModelError, UsageError
from canzona.score.tune import Barline, Key, Meter, Note, Pitch, Tune

G_MAJOR = ((Fraction(0), Key("G", 0, "major")),)
TWO_FOUR = ((Fraction(0), Meter(2, 4)),)


def tune_of(letters: str, lengths: list[Fraction], pickup: Fraction = Fraction(0)) -> Tune:
    """A tune in 2/4; '.' is a rest."""
    notes, onset = [], Fraction(0)
    for letter, length in zip(letters, lengths, strict=True):
        pitch = None if letter == "." else Pitch(letter, Fraction(0), 4)
        notes.append(Note(onset, length, pitch))
        onset += length
    bars = int((onset - pickup) / 2)
    lines = tuple(Barline(pickup + 2 * bar) for bar in range(bars + 1))
    return Tune(notes=tuple(notes), barlines=lines, keys=G_MAJOR, meters=TWO_FOUR)


def random_list(seed: int, size: int = 40) -> EventList:
    """A tune that follows habits: quavers in pairs, steps up and down."""
    rng = np.random.default_rng(seed)
    letters = np.cumsum(rng.choice([-1, 1, 1, 0], size)) % 7
    pairs = rng.random(size) < 0.5
    lengths = [Fraction(1, 2) if pairs[place // 2] else Fraction(1) for place in range(size)]
    return encode(tune_of("".join("CDEFGAB"[letter] for letter in letters), lengths))


CORPUS = [random_list(seed) for seed in range(60)]
VOCABULARY = build_vocabulary(CORPUS)
FITTED = fit_ngram(VOCABULARY, CORPUS)
WHOLE = FITTED.to_bytes()


@st.composite
def event_lists(draw: st.DrawFn) -> EventList:
    size = draw(st.integers(0, 20))
    letters = draw(st.text("CDEFGAB.", min_size=size, max_size=size))
    lengths = draw(st.lists(st.sampled_from([1, 2, 3, 4, 7]), min_size=size, max_size=size))
    pickup = draw(st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(1)]))
    return encode(tune_of(letters, [Fraction(length, 4) for length in lengths], pickup))


@given(event_lists(), st.sampled_from(PARTS))
@settings(max_examples=30, deadline=None)
def test_vocabulary_and_escape_sum_to_one(tune: EventList, part: str) -> None:
    table = FITTED.distribution(tune, part)
    assert table.shape == (len(tune.events), classes(VOCABULARY, part))
    assert (table > 0).all()
    assert np.allclose(table.sum(axis=1), 1.0, atol=1e-12)


@given(event_lists())
@settings(max_examples=30, deadline=None)
def test_bits_are_those_of_the_distribution_and_the_escape(tune: EventList) -> None:
    (bits,) = FITTED.bits([tune])
    rows = rows_of(VOCABULARY, [tune])
    for place, part in enumerate(PARTS):
        table = FITTED.distribution(tune, part)
        symbols = rows.column(part)
        expected = -np.log2(table[np.arange(len(symbols)), symbols])
        expected += ESCAPE_BITS[part] * (symbols == classes(VOCABULARY, part) - 1)
        assert np.allclose(bits[:, place], expected)


def test_an_unknown_value_pays_the_escape() -> None:
    strange = encode(tune_of("GAB", [Fraction(1), Fraction(5, 11), Fraction(1)]))
    bits = FITTED.bits([strange])[0]
    assert bits[1, 0] > 16.0
    assert bits[0, 0] < 16.0
    sharp = Note(Fraction(0), Fraction(1), Pitch("E", Fraction(3), 8))
    assert FITTED.bits([encode(Tune(notes=(sharp,), keys=G_MAJOR, meters=TWO_FOUR))])[0][0, 1] > 7.0


@given(event_lists(), st.integers(0, 20))
@settings(max_examples=30, deadline=None)
def test_what_lies_ahead_changes_nothing(tune: EventList, cut: int) -> None:
    cut = min(cut, len(tune.events))
    short = EventList(tune.events[:cut], tune.barlines, tune.meters, tune.conditions)
    assert FITTED.bits([tune])[0][:cut].tolist() == FITTED.bits([short])[0].tolist()


def test_order_and_number_of_tunes_change_nothing() -> None:
    tunes = [*CORPUS[:7], encode(Tune())]
    together = FITTED.bits(tunes)
    backwards = FITTED.bits(tunes[::-1])[::-1]
    for place, tune in enumerate(tunes):
        alone = FITTED.bits([tune])[0]
        assert alone.tolist() == together[place].tolist() == backwards[place].tolist()
    assert FITTED.bits([]) == []


def test_it_learns_habits_and_beats_class_frequencies() -> None:
    new = [random_list(seed) for seed in range(1000, 1020)]
    bits = np.concatenate(FITTED.bits(new)).mean(axis=0)
    frequencies = []
    for part in PARTS:
        counts = np.bincount(rows_of(VOCABULARY, CORPUS).column(part)) / (40 * len(CORPUS))
        frequencies.append(-(counts[counts > 0] * np.log2(counts[counts > 0])).sum())
    assert bits[1] < frequencies[1] - 0.8, (
        "steps are all there is: 1.5 bits of interval instead of seven letters"
    )
    assert bits[0] < frequencies[0] - 0.2


def test_witten_bell_by_hand() -> None:
    # Two classes in three events, weight 1, one level: p = (n + T / 3) / (3 + T), T = 2.
    tune = encode(tune_of("GGA", [Fraction(1)] * 3))
    vocabulary = Vocabulary((Fraction(1),), tuple(dict.fromkeys(e.pitch for e in tune.events)), (), (), ())
    counted = fit_ngram(vocabulary, [tune])
    level = counted.levels["pitch"][0]
    assert (level.names, level.kinds.tolist(), level.counts.tolist()) == ((), [2], [2, 1])
    uniform = np.full(3, 1 / 3)
    mixed = level.mix(np.zeros(3, np.uint32), np.arange(3), uniform)
    assert mixed == pytest.approx((np.array([2, 1, 0]) + level.weight * 2 / 3) / (3 + level.weight * 2))


def test_a_place_in_the_bar_counts_pickups_from_the_end() -> None:
    tune = encode(tune_of("DGABG", [Fraction(1, 2), *[Fraction(1)] * 4], pickup=Fraction(1, 2)))
    place = rows_of(VOCABULARY, [tune]).column("place") / 10080
    assert place.tolist() == [1.5, 0.0, 1.0, 0.0, 1.0]


def test_earlier_events_stay_in_their_tune() -> None:
    rows = rows_of(VOCABULARY, CORPUS[:2])
    pitch = rows.column("pitch")
    earlier = rows.column("pitch-2")
    assert earlier[:2].tolist() == [-1, -1]
    assert earlier[40:42].tolist() == [-1, -1]
    assert earlier[2:40].tolist() == pitch[:38].tolist()


def test_contexts_grow() -> None:
    for part in PARTS:
        assert chain(part)[0] == ()
        assert len(set(chain(part))) == len(chain(part))
        for level in FITTED.levels[part]:
            assert level.names in chain(part)
            assert f"{part}" not in level.names or part == "duration"


def test_counts_survive_their_file(tmp_path: Path) -> None:
    again = loaded(WHOLE, tmp_path)
    assert again.to_bytes() == WHOLE
    assert again.bits(CORPUS[:3])[2].tolist() == FITTED.bits(CORPUS[:3])[2].tolist()


def loaded(data: bytes, folder: Path, vocabulary: Vocabulary = VOCABULARY) -> NGram:
    path = folder / "ngram.npz"
    path.write_bytes(data)
    return NGram.load(path, vocabulary)


def test_counts_of_another_vocabulary_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="classes of duration"):
        loaded(WHOLE, tmp_path, build_vocabulary([]))
    with pytest.raises(ModelError, match=r"none\.npz"):
        NGram.load(tmp_path / "none.npz", VOCABULARY)


@pytest.mark.parametrize("data", [b"", b"PK\3\4", WHOLE[:200], WHOLE[:-30]])
def test_damaged_counts_are_refused(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ModelError, match="no counts of an n-gram"):
        loaded(data, tmp_path)


@pytest.mark.parametrize(("name", "array"), [
    ("pitch_counts", np.zeros(3, np.uint8)),
    ("pitch_symbols", np.full(100_000, 60_000, np.uint16)),
    ("duration_kinds", np.zeros((2, 2), np.uint8)),
    ("duration_gaps", np.zeros(50, np.float32)),
    ("about", np.frombuffer(b"[]", np.uint8)),
    ("about", np.frombuffer(b"nonsense", np.uint8)),
])  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, name: str, array: np.ndarray) -> None:
    with np.load(io.BytesIO(WHOLE)) as held:
        whole = dict(held) | {name: array}
    packed = io.BytesIO()
    np.savez(packed, **whole)
    with pytest.raises(ModelError):
        loaded(packed.getvalue(), tmp_path)


@given(st.integers(0, 10**6), st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_a_flipped_byte_is_refused_or_leaves_probabilities(place: int, value: int) -> None:
    import tempfile

    data = bytearray(WHOLE)
    data[place % len(data)] = value
    with tempfile.TemporaryDirectory() as folder:
        try:
            ngram = loaded(bytes(data), Path(folder))
        except ModelError:
            return
    assert np.isfinite(ngram.bits(CORPUS[:2])[0]).all()


def test_families_and_tunes_must_be_as_many() -> None:
    with pytest.raises(UsageError, match="60 tunes"):
        fit_ngram(VOCABULARY, CORPUS, [1, 2])


@pytest.mark.parametrize("size", [0, 1, 2])
def test_a_tiny_corpus_gives_a_baseline(size: int) -> None:
    ngram = fit_ngram(VOCABULARY, CORPUS[:size])
    assert np.isfinite(ngram.bits(CORPUS[:3])[1]).all()
    assert ngram.distribution(CORPUS[0], "pitch").sum(axis=1) == pytest.approx(1.0)
