"""The baseline as laws: shares that sum to one in any context, escapes, and what may change them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.composition.events import (
    ESCAPE_BITS,
    REST,
    TICKS,
    Conditions,
    Event,
    EventList,
    Vocabulary,
    build_vocabulary,
    encode,
)
from canzona.composition.ngram import WEIGHTS, Level, NGram, fit_ngram
from canzona.composition.ngram_contexts import FARTHEST, PARTS, chain, classes, rows_of
from canzona.score import Meter, Tune
from canzona.score.transpose import transpose
from melodies import jig, star
from small_model import corpus
from strategies import tunes

F = Fraction
LISTS = [encode(tune) for _, tune in corpus()]
VOCABULARY = build_vocabulary(LISTS)
FITTED = fit_ngram(VOCABULARY, LISTS[:60])
OTHERS = LISTS[60:]
SOME = settings(max_examples=25)


@given(tunes())
@SOME
def test_shares_of_any_tune_sum_to_one_with_the_escape(tune: Tune) -> None:
    listed = encode(tune)
    for part in PARTS:
        shares = FITTED.distribution(listed, part)
        assert shares.shape == (len(listed.events), classes(VOCABULARY, part))
        assert shares.sum(axis=1) == pytest.approx(np.ones(len(listed.events)))
        assert (shares > 0).all(), "nothing is impossible"


@given(tunes())
@SOME
def test_bits_of_any_tune_are_finite_and_not_negative(tune: Tune) -> None:
    (bits,) = FITTED.bits([encode(tune)])
    assert np.isfinite(bits).all() and (bits >= 0).all()


@given(tunes(), st.integers(1, 6))
@SOME
def test_what_is_unknown_pays_its_escape(tune: Tune, place: int) -> None:
    listed = encode(tune)
    (bits,) = FITTED.bits([listed])
    for row, event in zip(bits, listed.events, strict=True):
        for column, (part, known) in enumerate((
            ("duration", event.duration in VOCABULARY.duration_ids),
            ("pitch", event.pitch in VOCABULARY.pitch_ids),
        )):  # fmt: skip
            assert known or row[column] > ESCAPE_BITS[part]


def test_two_unknown_values_cost_the_same() -> None:
    """An escape tells nothing of what it stands for."""

    def bits(duration: Fraction, pitch: object) -> list[float]:
        event = Event(0, TICKS, duration, pitch, 0)  # type: ignore[arg-type]
        listed = EventList((event, event), (0,), ((0, Meter(2, 4)),), Conditions())
        return FITTED.bits([listed])[0].ravel().tolist()  # type: ignore[no-any-return]

    assert bits(F(5, 11), (40, F(0))) == bits(F(17), (-31, F(1, 2)))


@pytest.mark.parametrize("interval", ["m2", "M2", "m3", "M3"])
def test_keys_are_all_alike(interval: str) -> None:
    """Pitches count from the tonic in octave 4, so the key may change within that octave."""
    for tune in (jig(), star()):
        here, there = (FITTED.bits([encode(each)])[0] for each in (tune, transpose(tune, interval)))
        assert here == pytest.approx(there)


def test_notations_of_one_tune_are_alike_within_a_kind_of_meter() -> None:
    """Durations are counted in beats: note values in 2/2 are twice those in 2/4; the meter's name differs."""
    slow = Tune(
        notes=tuple(replace(note, onset=note.onset * 2, duration=note.duration * 2) for note in star().notes),
        barlines=tuple(replace(line, onset=line.onset * 2) for line in star().barlines),
        keys=star().keys,
        meters=((F(0), Meter(2, 2)),),
    )
    pitch = [FITTED.bits([encode(each)])[0][:, 1] for each in (star(), slow)]
    assert pitch[0] == pytest.approx(pitch[1])


@given(st.integers(0, 14), st.integers(0, 40))
@SOME
def test_the_future_changes_no_bit(number: int, kept: int) -> None:
    listed = OTHERS[number]
    kept = min(kept, len(listed.events))
    other = OTHERS[(number + 1) % len(OTHERS)].events
    changed = EventList((*listed.events[:kept], *other), listed.barlines, listed.meters, listed.conditions)
    assert FITTED.bits([changed])[0][:kept].tolist() == FITTED.bits([listed])[0][:kept].tolist()


def test_region_tonic_and_mode_are_not_looked_at() -> None:
    for listed in OTHERS[:4]:
        bare = replace(listed, conditions=replace(listed.conditions, tags=("china",), mode="dorian", tonic=3))
        assert FITTED.bits([bare])[0].tolist() == FITTED.bits([listed])[0].tolist()


def test_it_beats_equal_shares_on_tunes_it_has_not_seen() -> None:
    mean = np.concatenate(FITTED.bits(OTHERS)).mean(axis=0)
    for column, part in enumerate(PARTS):
        assert mean[column] < np.log2(classes(VOCABULARY, part))


def test_seen_tunes_are_cheaper_than_unseen_ones() -> None:
    seen, unseen = (np.concatenate(FITTED.bits(lists)).sum(axis=1).mean() for lists in (LISTS[:60], OTHERS))
    assert seen < unseen


def test_order_of_the_training_tunes_changes_nothing() -> None:
    again = fit_ngram(VOCABULARY, LISTS[:60][::-1], list(range(60))[::-1])
    assert again.to_bytes() == FITTED.to_bytes()


def test_families_stay_on_one_side_of_the_choice() -> None:
    """Copies of the tunes that it is chosen on, in their families, lead to no more trust in long contexts."""
    twice = LISTS[:40] * 2
    apart, together = fit_ngram(VOCABULARY, twice), fit_ngram(VOCABULARY, twice, [*range(40), *range(40)])
    longest = [max(len(level.names) for level in ngram.levels["pitch"]) for ngram in (apart, together)]
    assert longest[0] > longest[1]


def test_contexts_are_chosen_from_the_chain_in_its_order_with_weights_that_were_tried() -> None:
    for part in PARTS:
        names = [level.names for level in FITTED.levels[part]]
        assert names == sorted(names, key=chain(part).index)
        assert {level.weight for level in FITTED.levels[part]} <= set(WEIGHTS)


@pytest.mark.parametrize("part", PARTS)
def test_chains_go_from_nothing_to_the_farthest(part: str) -> None:
    names = chain(part)
    assert names[0] == () and f"{part}-{FARTHEST[part]}" in names[-1]
    assert not any(f"{part}-{FARTHEST[part] + 1}" in name for name in names)
    assert all("duration" not in name for name in names) or part == "pitch", (
        "a duration is not its own context"
    )
    lengths = [sum(column.startswith(f"{part}-") for column in name) for name in names]
    assert lengths == sorted(lengths)[: len(lengths)] or part == "duration"


SHARES = st.lists(st.floats(0.01, 1.0), min_size=3, max_size=3)


@given(SHARES, st.lists(st.integers(1, 50), min_size=1, max_size=3), st.sampled_from(WEIGHTS))
def test_mixing_keeps_the_sum(shorter: list[float], counts: list[int], weight: float) -> None:
    """Witten and Bell: p = (n + w T q) / (N + w T); what is not in the context keeps a share of q."""
    below = np.array(shorter) / sum(shorter)
    level = Level(
        ("duration-1",), weight, np.array([7], np.uint32), np.array([len(counts)]),
        np.arange(len(counts)), np.array(counts),
    )  # fmt: skip
    known = level.mix(np.full(3, 7, np.uint32), np.arange(3), below)
    assert known.sum() == pytest.approx(1.0)
    total, kinds = sum(counts), len(counts)
    padded = np.array([*counts, 0, 0][:3])
    assert known == pytest.approx((padded + weight * kinds * below) / (total + weight * kinds))
    unknown = level.mix(np.full(3, 8, np.uint32), np.arange(3), below)
    assert unknown.tolist() == below.tolist()


def test_a_level_of_no_contexts_changes_nothing() -> None:
    none = np.zeros(0, np.int64)
    level = Level((), 1.0, none.astype(np.uint32), none, none, none)
    assert level.mix(np.zeros(3, np.uint32), np.arange(3), np.full(3, 1 / 3)).tolist() == [1 / 3] * 3


def test_phrase_ends_are_seen_after_they_happened() -> None:
    columns = rows_of(VOCABULARY, [encode(star())]).column("ended")
    assert columns.tolist() == [1, *[0] * 6, 1, *[0] * 6, 1, *[0] * 6]


def test_a_vocabulary_of_nothing_still_gives_shares() -> None:
    empty = Vocabulary((), (REST,), (), (), ())
    ngram = fit_ngram(empty, LISTS[:3])
    (bits,) = ngram.bits([LISTS[0]])
    assert np.isfinite(bits).all() and (bits[:, 0] >= ESCAPE_BITS["duration"]).all()


def test_a_file_of_counts_is_small_and_the_same_each_time(tmp_path: Path) -> None:
    data = FITTED.to_bytes()
    assert data == fit_ngram(VOCABULARY, LISTS[:60]).to_bytes()
    path = tmp_path / "ngram.npz"
    path.write_bytes(data)
    again = NGram.load(path, VOCABULARY)
    for one, two in zip(FITTED.bits(OTHERS), again.bits(OTHERS), strict=True):
        assert one.tolist() == two.tolist()
    assert len(data) < 40 * sum(len(listed.events) for listed in LISTS[:60])
