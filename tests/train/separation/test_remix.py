"""Examples made on the fly: pure functions of seed and place, balanced, sometimes without the target."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from canzona.errors import UsageError
from canzona.train.separation import Store, build_store, read_songs
from canzona.train.separation.augment import equalised, level, panned, resampled
from canzona.train.separation.examples import Examples
from canzona.train.separation.remix import Remixer, RemixSettings
from stem_sets import noise, tone, write_plain

SECONDS = 0.5
FRAMES = 22050

PLAIN = RemixSettings(
    seconds=SECONDS, silent=0, bare=0, own_rest=1, more_rest=0, more_target=0, dropped=0, repitched=0,
    balanced=0, equalised=0, panned=0, stem_spread=0,
)  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("set")
    write_plain(
        folder,
        {
            "a": {"synth.wav": tone(440, seconds=1.5), "bass.wav": tone(55, seconds=1.5)},
            "b": {
                "synth.wav": noise(1, 66150),
                "drums.wav": noise(2, 66150),
                "bass.wav": tone(80, seconds=1.5),
            },
            "none": {"drums.wav": noise(3, 44100)},
            "short": {"synth.wav": noise(4, 9000), "drums.wav": noise(5, 9000)},
        },
    )
    return build_store(read_songs(folder), tmp_path_factory.mktemp("store"))


def drawn(remixer: Remixer, seed: int) -> tuple[np.ndarray, np.ndarray]:
    return remixer.example(np.random.default_rng(seed))


@given(seed=st.integers(0, 2**32))
def test_every_example_is_well_formed(store: Store, seed: int) -> None:
    settings = RemixSettings(seconds=SECONDS)
    mixture, target = drawn(Remixer([(store, 1.0)], "synth", settings), seed)
    assert mixture.shape == target.shape == (2, FRAMES)
    assert mixture.dtype == target.dtype == np.float32
    assert np.isfinite(mixture).all() and np.isfinite(target).all()
    assert level(mixture) == pytest.approx(1, rel=1e-3)


def test_the_same_seed_gives_the_same_example(store: Store) -> None:
    remixer = Remixer([(store, 1.0)], "synth", RemixSettings(seconds=SECONDS))
    for seed in range(5):
        for one, other in zip(drawn(remixer, seed), drawn(remixer, seed), strict=True):
            np.testing.assert_array_equal(one, other)


def test_silent_and_bare_examples(store: Store) -> None:
    silent = Remixer([(store, 1.0)], "synth", replace(PLAIN, silent=1.0))
    assert not drawn(silent, 1)[1].any()
    assert drawn(silent, 1)[0].any()
    bare = Remixer([(store, 1.0)], "synth", replace(PLAIN, bare=1.0))
    mixture, target = drawn(bare, 1)
    np.testing.assert_allclose(mixture, target, atol=1e-6)


def test_the_balance_is_drawn(store: Store) -> None:
    settings = replace(PLAIN, balanced=1.0, balance=6.0, balance_spread=0.0)
    mixture, target = drawn(Remixer([(store, 1.0)], "synth", settings), 3)
    assert 20 * np.log10(level(target) / level(mixture - target)) == pytest.approx(6, abs=0.05)


def heard(signal: np.ndarray, frequency: float) -> np.ndarray:
    """How loud a tone is to the left and to the right."""
    return np.abs(np.fft.rfft(signal))[:, round(frequency * SECONDS)]


def spread(values: list[float]) -> float:
    """By how much the largest is above the smallest, in dB."""
    return 20 * np.log10(max(values) / min(values))


def tones(store: Store, **changes: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rest and target of examples whose target is song a's, 440 Hz; its rest is 55 Hz, the others' noise."""
    remixer = Remixer([(store, 1.0)], "synth", replace(PLAIN, **changes), without={"b", "short"})
    pairs = [drawn(remixer, seed) for seed in range(16)]
    return [(mixture - target, target) for mixture, target in pairs]


def is_pure(rest: np.ndarray) -> bool:
    spectrum = np.square(np.abs(np.fft.rfft(rest[0])))
    return bool(spectrum[: round(100 * SECONDS)].sum() > 0.9 * spectrum.sum())


def test_the_rest_is_of_the_same_song_or_of_another_or_of_both(store: Store) -> None:
    assert all(is_pure(rest) for rest, _ in tones(store))
    others = [is_pure(rest) for rest, _ in tones(store, own_rest=0)]
    assert any(others) and not all(others)
    both = [rest for rest, _ in tones(store, more_rest=1) if not is_pure(rest)]
    assert both and all(heard(rest, 55)[0] > 10 for rest in both)


def test_targets_of_two_songs_sound_together(store: Store, tmp_path: Path) -> None:
    write_plain(tmp_path / "c", {"c": {"synth.wav": tone(1000, seconds=1.5), "bass.wav": tone(100)}})
    other = build_store(read_songs(tmp_path / "c"), tmp_path / "store")
    pairs = [(store, 1.0), (other, 1.0)]
    for share, expected in ((0.0, False), (1.0, True)):
        remixer = Remixer(pairs, "synth", replace(PLAIN, more_target=share), without={"b", "short"})
        targets = [drawn(remixer, seed)[1] for seed in range(16)]
        assert any(min(heard(t, 440)[0], heard(t, 1000)[0]) > 10 for t in targets) is expected


def test_stems_are_left_out(store: Store) -> None:
    """Of song b's drums and bass one is always left; a tone of 80 Hz is the bass."""
    for share, expected in ((0.0, {True}), (0.5, {True, False})):
        remixer = Remixer(
            [(store, 1.0)], "synth", replace(PLAIN, dropped=share), without={"a", "short", "none"}
        )
        pairs = [drawn(remixer, seed) for seed in range(16)]
        assert {bool(heard(m - t, 80)[0] > 300) for m, t in pairs} == expected


def test_channels_are_swapped_and_signs_drawn(store: Store) -> None:
    targets = [target for _, target in tones(store)]
    assert {round(heard(t, 440)[0] / heard(t, 440)[1], 1) for t in targets} == {2.0, 0.5}
    phases = [np.angle(np.fft.rfft(r[0])[round(55 * SECONDS)]) for r, _ in tones(store)]
    assert len({round(np.cos(phase - phases[0])) for phase in phases if abs(np.sin(phase - phases[0])) < 0.5})


@pytest.mark.parametrize(
    ("changes", "least"),
    [({"stem_spread": 4.0}, 3.0), ({"equalised": 1.0}, 3.0), ({"balanced": 1.0, "balance_spread": 6.0}, 3.0)],
)
def test_levels_are_drawn(store: Store, changes: dict[str, float], least: float) -> None:
    """Target against rest, which without any of it are as they were."""

    def ratios(**changed: float) -> list[float]:
        return [float(np.linalg.norm(t) / np.linalg.norm(r)) for r, t in tones(store, **changed)]

    assert spread(ratios()) < 0.1 < least < spread(ratios(**changes))


def test_places_and_speeds_are_drawn(store: Store) -> None:
    sides = [heard(target, 440) for _, target in tones(store, panned=1.0)]
    assert len({round(float(np.log2(left / right)), 1) for left, right in sides}) > 4
    peaks = {int(np.argmax(np.abs(np.fft.rfft(t[0])))) for _, t in tones(store, repitched=1.0, semitones=4.0)}
    assert len(peaks) > 4
    assert all(2 ** (-4.2 / 12) < peak / (440 * SECONDS) < 2 ** (4.2 / 12) for peak in peaks)


def test_songs_that_are_held_out_are_never_heard(store: Store) -> None:
    remixer = Remixer([(store, 1.0)], "synth", PLAIN, without={"b", "short", "none"})
    for seed in range(6):
        spectrum = np.abs(np.fft.rfft(drawn(remixer, seed)[1][0]))
        assert np.argmax(spectrum) == round(440 * SECONDS)


def test_weights_choose_the_store(store: Store, tmp_path: Path) -> None:
    write_plain(tmp_path / "c", {"c": {"synth.wav": tone(1000), "bass.wav": tone(100)}})
    other = build_store(read_songs(tmp_path / "c"), tmp_path / "store")
    remixer = Remixer([(store, 0.0), (other, 1.0)], "synth", PLAIN)
    assert np.argmax(np.abs(np.fft.rfft(drawn(remixer, 1)[1][0]))) == round(1000 * SECONDS)


@pytest.mark.parametrize(
    ("target", "without", "word"),
    [("kazoo", (), "kazoo"), ("synth", ("a", "b", "short"), "synth")],
)
def test_data_without_the_target_are_refused(
    store: Store, target: str, without: tuple[str, ...], word: str
) -> None:
    with pytest.raises(UsageError, match=word):
        Remixer([(store, 1.0)], target, without=without)


def test_data_with_nothing_but_the_target_are_refused(tmp_path: Path) -> None:
    write_plain(tmp_path / "c", {"c": {"synth.wav": tone(1000)}})
    with pytest.raises(UsageError, match="beside the target"):
        Remixer([(build_store(read_songs(tmp_path / "c"), tmp_path / "store"), 1.0)], "synth")
    with pytest.raises(UsageError, match="one sample rate"):
        Remixer([], "synth")


def test_batches_do_not_depend_on_the_number_of_workers_or_processes(store: Store) -> None:
    remixer = Remixer([(store, 1.0)], "synth", RemixSettings(seconds=SECONDS))

    def batches(workers: int, processes: int = 1) -> list[torch.Tensor]:
        found = {}
        for rank in range(processes):
            examples = Examples(remixer, seed=7, batches=4, size=2)
            examples.epoch, examples.rank, examples.processes = 3, rank, processes
            loader = torch.utils.data.DataLoader(examples, batch_size=None, num_workers=workers)
            for place, (mixture, _) in enumerate(loader):
                found[place * processes + rank] = mixture
        return [found[place] for place in sorted(found)]

    alone = batches(0)
    assert len(alone) == 4
    for others in (batches(2), batches(0, processes=2)):
        for one, other in zip(alone, others, strict=True):
            assert torch.equal(one, other)


def test_epochs_differ(store: Store) -> None:
    examples = Examples(Remixer([(store, 1.0)], "synth", PLAIN), seed=7, batches=1, size=2)
    first = examples.batch(0)[0]
    examples.epoch = 1
    assert not torch.equal(first, examples.batch(0)[0])


@given(length=st.integers(0, 3000), frames=st.integers(1, 3000))
def test_resampling_gives_the_length_that_was_asked_for(length: int, frames: int) -> None:
    signal = noise(1, length)
    out = resampled(signal, frames)
    assert out.shape == (2, frames) and out.dtype == np.float32
    assert np.abs(out).max(initial=0) <= np.abs(signal).max(initial=0) + 1e-6


def test_speed_moves_the_pitch() -> None:
    faster = resampled(tone(440, seconds=1.0), FRAMES)
    assert np.argmax(np.abs(np.fft.rfft(faster[0]))) == pytest.approx(440, abs=1)


def test_the_equaliser_changes_colour_and_not_length() -> None:
    signal = noise(1, 30001)
    out = equalised(signal, np.random.default_rng(1))
    assert out.shape == signal.shape and out.dtype == np.float32
    change = np.abs(np.fft.rfft(out[0])) / np.abs(np.fft.rfft(signal[0]))
    assert 10 ** (-8.1 / 20) < change.min() < change.max() < 10 ** (8.1 / 20)
    assert change.max() / change.min() > 1.2


def test_panning_turns_one_channel_down() -> None:
    signal = noise(1, 1000)
    ratio = panned(signal, np.random.default_rng(3)) / signal
    assert ratio.max() == pytest.approx(1) and 0.5 <= ratio.min() < 1
