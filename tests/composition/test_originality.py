import io
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.composition.melody import melody_of
from canzona.composition.originality import CopiedRun, OriginalityIndex, build_index, run_figures
from canzona.errors import ModelError
from canzona.score import read
from canzona.score.transpose import transpose
from canzona.score.tune import Note, Pitch, Tune
from pace import within


def tune_of(heights: list[int], lengths: list[int], scale: Fraction = Fraction(1, 4), up: int = 0) -> Tune:
    """A tune on the notes C to B of one octave and up, by scale steps 0, 1, 2 ..."""
    notes, onset = [], Fraction(0)
    for height, length in zip(heights, lengths, strict=True):
        octave, letter = divmod(height + 7 * up, 7)
        notes.append(Note(onset, length * scale, Pitch("CDEFGAB"[letter], Fraction(0), 4 + octave)))
        onset += length * scale
    return Tune(notes=tuple(notes))


def random_tune(seed: int, size: int, steps: int = 5) -> Tune:
    rng = np.random.default_rng(seed)
    return tune_of(rng.integers(0, steps, size).tolist(), rng.choice([1, 2], size).tolist())


small_tunes = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 2)), min_size=1, max_size=25).map(
    lambda notes: tune_of([height for height, _ in notes], [length for _, length in notes])
)


def longest_by_hand(tune: Tune, corpus: list[Tune]) -> int:
    row = melody_of(tune).steps.tolist()
    best = 0
    for other in corpus:
        steps = melody_of(other).steps.tolist()
        for i in range(len(row)):
            for j in range(len(steps)):
                reach = 0
                while i + reach < len(row) and j + reach < len(steps) and row[i + reach] == steps[j + reach]:
                    reach += 1
                best = max(best, reach)
    return best + 1 if best >= 3 else 0


@given(small_tunes, st.lists(small_tunes, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_longest_run_is_exact(tune: Tune, corpus: list[Tune]) -> None:
    named = [(str(place), other) for place, other in enumerate(corpus)]
    run = build_index(named, {name: 0 for name, _ in named}, measure=False).longest_copy(tune)
    assert run.length == longest_by_hand(tune, corpus)
    if run.length:
        source = melody_of(corpus[int(run.name)]).steps
        mine = melody_of(tune).steps
        size = run.length - 1
        assert mine[run.start : run.start + size].tolist() == (
            source[run.source_start : run.source_start + size].tolist()
        )


def test_a_planted_run_is_found_whatever_key_and_note_values() -> None:
    corpus = [(f"a/{seed}.krn", random_tune(seed, 60)) for seed in range(30)]
    index = build_index(corpus, measure=False)
    rng = np.random.default_rng(1)
    source = corpus[17][1].notes[20:40]
    heights = [note.pitch.height - 28 for note in source if note.pitch]
    lengths = [int(note.duration * 4) for note in source]
    before = rng.integers(20, 40, 7).tolist()
    tune = tune_of(before + heights, [3] * 7 + lengths, Fraction(1, 8), up=1)
    assert index.longest_copy(tune) == CopiedRun(20, "a/17.krn", 7, 20)


def test_runs_never_cross_from_one_training_tune_to_the_next() -> None:
    whole = random_tune(5, 40)
    first, second = whole.replace(notes=whole.notes[:20]), whole.replace(notes=whole.notes[20:])
    index = build_index([("1", first), ("2", second)], measure=False)
    assert index.longest_copy(whole).length == 20


def test_a_family_can_be_left_out() -> None:
    one, two = random_tune(1, 40), random_tune(2, 40)
    index = build_index([("one", one), ("copy", one), ("two", two)], {"one": 0, "copy": 0, "two": 1})
    assert index.longest_copy(one) == CopiedRun(40, "one", 0, 0)
    apart = index.longest_copy(one, exclude_family=0)
    assert apart.name in ("two", "") and apart.length < 15
    assert index.human.max() == max(apart.length, index.longest_copy(two, exclude_family=1).length)


def test_percentile_counts_tunes_with_runs_no_longer() -> None:
    index = build_index([(str(seed), random_tune(seed, 50)) for seed in range(20)])
    assert len(index.human) == 20
    assert index.percentile(0) == 0.0
    assert index.percentile(1000) == 100.0
    middle = int(np.median(index.human))
    assert index.percentile(middle) == pytest.approx(100 * np.mean(index.human <= middle))
    assert index.human_runs() == run_figures(index.human)
    assert np.isnan(build_index([("a", random_tune(1, 9))], measure=False).percentile(3))


def test_figures_of_runs() -> None:
    assert run_figures(np.array([1, 2, 9])) == {"median": 2.0, "p90": pytest.approx(7.6), "max": 9.0}
    assert run_figures(np.zeros(0, np.int64)) == {"median": 0.0, "p90": 0.0, "max": 0.0}


@pytest.mark.parametrize("corpus", [[], [("empty", Tune())], [("one", tune_of([0], [1]))]])
def test_nothing_is_copied_from_next_to_nothing(corpus: list[tuple[str, Tune]], tmp_path: Path) -> None:
    index = saved(build_index(corpus), tmp_path)
    assert index.longest_copy(random_tune(1, 30)) == CopiedRun()
    assert index.longest_copy(Tune()) == CopiedRun()


def saved(index: OriginalityIndex, folder: Path) -> OriginalityIndex:
    path = folder / "index.npz"
    path.write_bytes(index.to_bytes())
    return OriginalityIndex.load(path)


def test_an_index_survives_its_file(tmp_path: Path) -> None:
    corpus = [(f"lieder/Schöne {seed}", random_tune(seed, 50)) for seed in range(20)]
    index = build_index(corpus)
    again = saved(index, tmp_path)
    assert again.names == index.names
    assert again.to_bytes() == index.to_bytes()
    assert again.human.tolist() == index.human.tolist()
    for _, tune in corpus[:5]:
        assert again.longest_copy(tune, exclude_family=3) == index.longest_copy(tune, exclude_family=3)


def test_half_a_million_notes_take_under_five_megabytes_and_milliseconds() -> None:
    corpus = [(f"folder/tune{seed:05}.krn", random_tune(seed, 60, steps=12)) for seed in range(1500)]
    index = build_index(corpus, {name: n for n, (name, _) in enumerate(corpus)}, measure=False)
    assert len(index.to_bytes()) * 450_000 / (60 * 1500) < 5_000_000
    index.longest_copy(corpus[0][1])
    with within(50 * 0.02):
        for seed in range(50):
            index.longest_copy(random_tune(10_000 + seed, 60, steps=12))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(ModelError, match="no index of a training corpus"):
        load_bytes(data)


@given(st.integers(0, 10**6), st.integers(0, 255))
@settings(max_examples=150, deadline=None)
def test_a_flipped_byte_is_refused_or_harmless(place: int, value: int) -> None:
    data = bytearray(WHOLE)
    data[place % len(data)] = value
    try:
        load_bytes(bytes(data)).longest_copy(random_tune(1, 20))
    except ModelError as error:
        assert "index" in str(error)


WHOLE = build_index([(str(seed), random_tune(seed, 20)) for seed in range(4)]).to_bytes()


def load_bytes(data: bytes) -> OriginalityIndex:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.npz"
        path.write_bytes(data)
        return OriginalityIndex.load(path)


def changed(**arrays: object) -> bytes:
    with np.load(io.BytesIO(WHOLE)) as held:
        whole = dict(held)
    for name, array in arrays.items():
        if array is None:
            del whole[name]
        else:
            whole[name] = np.asarray(array)
    packed = io.BytesIO()
    np.savez(packed, **whole)
    return packed.getvalue()


@pytest.mark.parametrize("arrays", [
    {"hashes": None},
    {"hashes": np.zeros((2, 2), np.uint32)},
    {"hashes": np.zeros(80, np.float32)},
    {"hashes": np.ones(72, np.uint32)},
    {"hashes": np.zeros(72, np.uint64)},
    {"starts": np.array([0, 1, 1, 2, 80], np.int32)},
    {"starts": np.array([0, 80], np.int32)},
    {"families": np.zeros(3, np.int32)},
    {"human": np.zeros(2, np.uint16)},
    {"names": np.frombuffer(b"\xff\n\n\n", np.uint8)},
    {"names": np.array([object()], dtype=object)},
])  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(arrays: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        load_bytes(changed(**arrays))


def test_a_bomb_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("steps.npy", bytes(65 << 20))
    with pytest.raises(ModelError, match="64 MB"):
        load_bytes(packed.getvalue())


def test_the_tunes_are_not_handed_on() -> None:
    # The hash of three steps depends on all three: runs that differ in one share none across it.
    whole = random_tune(9, 30)
    changed_note = whole.notes[15].pitch
    assert changed_note is not None
    other = tune_of([20], [1]).notes[0].pitch
    notes = [
        *whole.notes[:15],
        whole.notes[15].__class__(whole.notes[15].onset, whole.notes[15].duration, other),
    ]
    bent = whole.replace(notes=(*notes, *whole.notes[16:]))
    one, two = (build_index([("a", tune)], measure=False).hashes for tune in (whole, bent))
    assert np.flatnonzero(one != two).tolist() == [12, 13, 14, 15]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nothing\.npz"):
        OriginalityIndex.load(tmp_path / "nothing.npz")


@pytest.fixture(scope="module")
def dances(shared: Path) -> tuple[list[tuple[str, Tune]], OriginalityIndex]:
    """The Irish dances (1,129 tunes) and their index."""
    root = shared / "data" / "scores" / "cre-midi"
    tunes = [(path.name, read(path)) for path in sorted(root.glob("*.mid"))]
    return tunes, build_index(tunes)


def test_real_tunes_are_found_in_any_key(dances: tuple[list[tuple[str, Tune]], OriginalityIndex]) -> None:
    tunes, index = dances
    for _, tune in tunes[::100]:
        sounding = sum(note.pitch is not None for note in tune.notes)
        assert index.longest_copy(transpose(tune, "m3")).length == sounding


def test_real_tunes_share_short_runs_with_other_families(
    dances: tuple[list[tuple[str, Tune]], OriginalityIndex],
) -> None:
    tunes, index = dances
    assert len(index.human) == len(tunes)
    assert 6 <= index.human_runs()["median"] <= 14
    name, tune = tunes[500]
    own = int(index.families[index.names.index(name)])
    run = index.longest_copy(tune, exclude_family=own)
    assert index.families[index.names.index(run.name)] != own
    assert 0 < index.percentile(run.length) <= 100
