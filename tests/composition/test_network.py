"""Carried state: a tune's logits are the same alone, in a batch, and in a row that another has left."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.composition.counts import Counts
from canzona.composition.model import ComposerModel
from canzona.composition.network import Steps
from canzona.composition.past import MASKED_DISTANCE, Past, distance_classes
from walks import EVENTS, Walk

Array = np.ndarray


def step(steps: Steps, walks: list[Walk]) -> None:
    """One event of every tune; the logits go to the tunes."""
    events = np.stack([walk.events[walk.time] for walk in walks])
    last = np.stack([walk.events[walk.time - 1] if walk.time else np.zeros(3, np.int64) for walk in walks])
    after = np.stack([walk.after[walk.time] for walk in walks])
    duration, pitch = np.ascontiguousarray(events[:, 0]), np.ascontiguousarray(events[:, 1])
    found = (
        steps.duration(np.stack([walk.features[walk.time] for walk in walks]), last),
        steps.pitch(duration, after),
        steps.flag(duration, pitch, after),
    )
    for row, walk in enumerate(walks):
        walk.found.append(np.concatenate([table[row] for table in found]))
        walk.time += 1


@pytest.fixture(scope="module")
def alone(composer: ComposerModel) -> list[list[Array]]:
    """Logits of six tunes, each in a batch of its own."""
    walks = [Walk(composer, seed) for seed in range(6)]
    for walk in walks:
        steps = composer.network.start(1, walk.tags)
        for _ in range(EVENTS):
            step(steps, [walk])
    return [walk.found for walk in walks]


def same(walk: Walk, expected: list[Array]) -> bool:
    return all(map(np.array_equal, walk.found, expected[: walk.time]))


def test_a_batch_is_its_tunes(composer: ComposerModel, alone: list[list[Array]]) -> None:
    walks = [Walk(composer, seed) for seed in range(3)]
    steps = composer.network.start(3, np.concatenate([walk.tags for walk in walks]))
    for _ in range(EVENTS):
        step(steps, walks)
    assert all(same(walk, alone[seed]) for seed, walk in enumerate(walks))


@pytest.mark.parametrize("rows", [[0, 1], [2, 1], [1, 2], [2, 0]])
def test_rows_are_kept_in_any_order(
    composer: ComposerModel, alone: list[list[Array]], rows: list[int]
) -> None:
    walks = [Walk(composer, seed) for seed in range(3)]
    steps = composer.network.start(3, np.concatenate([walk.tags for walk in walks]))
    for _ in range(40):
        step(steps, walks)
    steps.keep(np.array(rows))
    for _ in range(EVENTS - 40):
        step(steps, [walks[row] for row in rows])
    assert all(walks[row].time == EVENTS and same(walks[row], alone[row]) for row in rows)


def test_a_tune_that_joins_is_as_if_alone(composer: ComposerModel, alone: list[list[Array]]) -> None:
    walks = [Walk(composer, seed) for seed in range(6)]
    steps = composer.network.start(3, np.concatenate([walk.tags for walk in walks[:3]]))
    running = walks[:3]
    for time, row, fresh in ((5, 1, 3), (35, 0, 4), (40, 2, 5)):
        while running[row].time < time:
            step(steps, running)
        steps.join(np.array([row]), walks[fresh].tags)
        running[row] = walks[fresh]
    while max(walk.time for walk in running) < EVENTS:
        step(steps, running)
    assert all(same(walk, alone[seed]) for seed, walk in enumerate(walks))
    assert sum(walk.time for walk in walks) > 2 * EVENTS


SHAPES = {"k1_0": ["batch", 2, 3, "time"], "v1_0": ["batch", 2, "time", 3]}


def pushed(past: Past, values: Array) -> None:
    """One event, whose key and value hold the numbers given."""
    new = np.repeat(np.asarray(values, np.float32)[:, None], 6, 1)
    past.feeds()
    past.take({"new_k1_0": new, "new_v1_0": new})


def test_room_grows_with_the_longest_tune_and_shrinks_when_it_is_over() -> None:
    past = Past(SHAPES, 2)
    for time in range(100):
        pushed(past, np.array([time + 1, -time - 1]))
    feeds = past.feeds()
    assert feeds["k1_0"].shape == (2, 2, 3, 128) and feeds["v1_0"].shape == (2, 2, 128, 3)
    assert feeds["k1_0"][1, 0, 0, :100].tolist() == [-time - 1.0 for time in range(100)]
    assert feeds["v1_0"][0, 1, :98, 2].tolist() == [time + 2.0 for time in range(98)]
    assert not feeds["v1_0"][:, :, 99:].any(), "the last event's value is not known yet"
    assert feeds["gaps"][0, :100].tolist() == distance_classes(100).tolist()
    assert (feeds["gaps"][:, 100:] == MASKED_DISTANCE).all()
    past.join(np.array([0, 1]))
    feeds = past.feeds()
    assert feeds["k1_0"].shape[-1] == 32
    assert not any(feeds[name].any() for name in SHAPES)
    assert (feeds["gaps"] == MASKED_DISTANCE).all()


def test_tunes_that_end_leave_the_others_as_they_are() -> None:
    past = Past(SHAPES, 3)
    for time in range(3):
        pushed(past, np.array([10, 20, 30]) + time)
    past.keep(np.array([2, 1]))
    assert past.feeds()["k1_0"][:, 0, 0, :3].tolist() == [[30, 31, 32], [20, 21, 22]]
    past.keep(np.array([1, 0]))
    assert past.feeds()["k1_0"][:, 0, 0, :3].tolist() == [[20, 21, 22], [30, 31, 32]]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 4)), max_size=60))
def test_counts_are_of_earlier_events_that_are_alike(events: list[tuple[int, int, int]]) -> None:
    """Two tunes a batch, of which the second lags by one event; columns 1 and 0, and all events."""
    ways = ((1, 4), (-1, 1), (0, 3))
    counts = Counts(ways, 5, 2)
    for now, event in enumerate(events):
        features = np.array([event[:2], events[now - 1][:2]])
        found = counts.so_far(features)
        for row, last in ((0, now), (1, now - 1)):
            here = features[row].tolist()
            for way, (column, _) in enumerate(ways):
                alike = [
                    past[2] for past in events[: max(0, last)] if column < 0 or past[column] == here[column]
                ]
                assert found[row, way].tolist() == [alike.count(value) for value in range(5)]
        counts.push(np.array([0]), features[:1], np.array([event[2]]))
        if now:
            counts.push(np.array([1]), features[1:], np.array([events[now - 1][2]]))


def test_counts_of_tunes_that_end_and_begin() -> None:
    counts = Counts(((-1, 1),), 3, 3)
    counts.push(np.arange(3), np.zeros((3, 1), np.int64), np.array([0, 1, 2]))
    counts.keep(np.array([2, 1]))
    assert counts.so_far(np.zeros((2, 1), np.int64))[:, 0].tolist() == [[0, 0, 1], [0, 1, 0]]
    counts.join(np.array([0]))
    assert counts.so_far(np.zeros((2, 1), np.int64))[:, 0].tolist() == [[0, 0, 0], [0, 1, 0]]
