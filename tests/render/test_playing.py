"""How a tune is played: time to the tick, accents of each meter, dynamics, articulation, graces."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.errors import UsageError
from canzona.render.performance import BREATH_SECONDS, GRACE_SECONDS, perform, tempo_of
from canzona.score import Attachment, Barline, Grace, Meter, Note, Pitch, Tune
from canzona.score.transpose import transpose
from canzona.score.unfold import unfold
from melodies import jig, melody, star
from strategies import tunes

F = Fraction
PLAYABLE = tunes().filter(lambda tune: not tune.is_empty and tune.duration < 500)


def steady(count: int, meter: Meter, length: str = "1", pickup: str = "0") -> Tune:
    """Equal notes with bar lines, in one phrase that has no marks."""
    notes = melody(" ".join([f"g4:{length}"] * count))
    lines, at, number = [], F(pickup), 1
    while meter.length and at <= notes[-1].end:
        lines.append(Barline(at, number))
        at, number = at + meter.length, number + 1
    return Tune(notes, tuple(lines), meters=((F(0), meter),))


def signed(tune: Tune, **signs: tuple[str, str]) -> Tune:
    """The tune with signs: `n3=("dynamic", "f")` at the note after the first three."""
    notes = list(tune.notes)
    for name, (kind, text) in signs.items():
        place = int(name[1:])
        sign = Attachment(kind, text)  # type: ignore[arg-type]
        notes[place] = dataclasses.replace(notes[place], attachments=(*notes[place].attachments, sign))
    return tune.replace(notes=tuple(notes))


def strengths(tune: Tune) -> list[float]:
    """Velocities without the arch of the phrase."""
    played = perform(tune, tempo=60)
    flat = perform(tune.replace(meters=((F(0), Meter(0, 1, symbol="X")),)), tempo=60)
    return [round(a.velocity - b.velocity, 6) for a, b in zip(played, flat, strict=True)]


def ranks(values: list[float]) -> list[int]:
    """1 for the strongest, equal numbers for what is equally strong."""
    order = sorted(set(values), reverse=True)
    return [order.index(value) + 1 for value in values]


@pytest.mark.parametrize(
    ("meter", "length", "expected"),
    [
        (Meter(4, 4), "1", [1, 3, 2, 3]),
        (Meter(2, 4), "1", [1, 2]),
        (Meter(3, 4), "1", [1, 2, 2]),
        (Meter(6, 8), "1/2", [1, 3, 3, 2, 3, 3]),
        (Meter(9, 8), "1/2", [1, 3, 3, 2, 3, 3, 2, 3, 3]),
        (Meter(12, 8), "1/2", [1, 4, 4, 3, 4, 4, 2, 4, 4, 3, 4, 4]),
        (Meter(4, 4), "1/2", [1, 4, 3, 4, 2, 4, 3, 4]),
        (Meter(2, 2), "1", [1, 3, 2, 3]),
        (Meter(5, 4), "1", [1, 2, 2, 2, 2]),
    ],
    ids=str,
)
def test_accents_of_a_bar(meter: Meter, length: str, expected: list[int]) -> None:
    two_bars = steady(2 * len(expected), meter, length)
    assert ranks(strengths(two_bars)) == expected * 2


def test_the_accents_after_a_pickup_fall_on_the_bars() -> None:
    found = ranks(strengths(steady(9, Meter(4, 4), pickup="1")))
    assert found == [3, 1, 3, 2, 3, 1, 3, 2, 3]


def test_free_meter_has_no_accents() -> None:
    marked = steady(4, Meter(0, 1, symbol="X"))
    by_place = [note.velocity for note in perform(marked.replace(notes=melody("(g4) (g4) (g4) (g4)")))]
    assert len(set(by_place)) == 1


@pytest.mark.parametrize(
    ("softer", "louder"), list(itertools.pairwise(["ppp", "pp", "p", "mp", "mf", "f", "ff", "fff"]))
)  # fmt: skip
def test_dynamics_in_their_order(softer: str, louder: str) -> None:
    soft, loud = (
        [note.velocity for note in perform(signed(steady(4, Meter(4, 4)), n0=("dynamic", mark)), tempo=60)]
        for mark in (softer, louder)
    )
    assert all(a < b for a, b in zip(soft, loud, strict=True))


def test_a_tune_without_dynamics_is_played_mezzo_forte() -> None:
    plain, marked = (
        [note.velocity for note in perform(tune)]
        for tune in (steady(4, Meter(4, 4)), signed(steady(4, Meter(4, 4)), n0=("dynamic", "mf")))
    )
    assert plain == marked


def test_words_that_are_no_level_change_nothing() -> None:
    tune = steady(4, Meter(4, 4))
    for word in ("sfz", "dolce", "crescendo", ""):
        assert perform(signed(tune, n1=("dynamic", word))) == perform(tune)


@pytest.mark.parametrize(
    ("text", "part"),
    [("staccato", 0.5), ("staccatissimo", 0.5), ("tenuto", 1.0), ("accent", 0.96), ("strong-accent", 0.96)],
)
def test_articulation(text: str, part: float) -> None:
    played = perform(signed(steady(4, Meter(4, 4)), n1=("articulation", text)), tempo=60)
    assert played[1].duration == pytest.approx(part)
    assert [note.duration for note in (played[0], played[2])] == pytest.approx([0.96, 0.96])
    assert [note.onset for note in played] == [0, 1, 2, 3]


def test_slurs_join_up_to_their_end() -> None:
    tune = signed(steady(6, Meter(6, 4)), n1=("slur", "start"), n4=("slur", "stop"))
    played = perform(tune, tempo=60)
    assert [note.slurred for note in played] == [False, False, True, True, True, False]
    assert [note.duration for note in played] == pytest.approx([0.96, 1, 1, 1, 0.96, 0.96])


def test_a_breath_is_taken_before_a_phrase_but_not_before_a_rest() -> None:
    played = perform(Tune(melody("(c4 d4) (e4 f4)"), phrasing="marked"), tempo=60)
    assert played[1].duration == pytest.approx(1 - BREATH_SECONDS)
    rested = perform(Tune(melody("(c4 d4) r:1 (e4 f4)"), phrasing="marked"), tempo=60)
    assert rested[1].duration == pytest.approx(0.96)


def test_a_breath_takes_a_quarter_of_a_short_note() -> None:
    played = perform(Tune(melody("(c4 d4:1/8) (e4 f4)"), phrasing="marked"), tempo=60)
    assert played[1].duration == pytest.approx(0.125 * 0.75)


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("room", [4, 1, F(1, 8)])
def test_graces_take_their_time_from_the_note_before(count: int, room: Fraction) -> None:
    graces = tuple(Grace(Pitch("A", F(0), 4)) for _ in range(count))
    notes = (
        Note(F(0), room, Pitch("C", F(0), 4)),
        Note(room, F(1), Pitch("G", F(0), 4), graces=graces),
    )
    played = perform(Tune(notes), tempo=60)
    taken = min(count * GRACE_SECONDS, float(room) / 2)
    assert [note.pitch for note in played] == [60] + [69] * count + [67]
    assert played[1].onset == pytest.approx(float(room) - taken)
    assert played[-1].onset == float(room), "the note itself keeps its place"
    for one, other in itertools.pairwise(played):
        assert one.onset + one.duration <= other.onset + 1e-9


def test_graces_after_a_rest_sound_in_the_rest() -> None:
    notes = (
        Note(F(0), F(1), Pitch("C", F(0), 4)),
        Note(F(1), F(1)),
        Note(F(2), F(1), Pitch("G", F(0), 4), graces=(Grace(Pitch("A", F(0), 4)),)),
    )
    played = perform(Tune(notes), tempo=60)
    assert played[1].onset == pytest.approx(2 - GRACE_SECONDS)
    assert played[0].duration == pytest.approx(0.96)


@pytest.mark.parametrize(
    ("meter", "tempo"),
    [
        (Meter(4, 4), 104), (Meter(3, 4), 104), (Meter(4, 4, symbol="c"), 104), (Meter(2, 2), 152),
        (Meter(4, 2), 152), (Meter(6, 8), 126), (Meter(12, 8), 126), (Meter(6, 4), 104), (Meter(0, 1), 84),
    ],
    ids=str,
)  # fmt: skip
def test_usual_tempi(meter: Meter, tempo: int) -> None:
    assert tempo_of(steady(8, meter)) == tempo


@pytest.mark.parametrize("own", [F(0), F(4), F(1001), F(-60)])
def test_a_tempo_that_nobody_plays_is_not_the_tunes_own(own: Fraction) -> None:
    assert tempo_of(steady(8, Meter(4, 4)).replace(tempo=own)) == 104


@pytest.mark.parametrize("tempo", [float("nan"), float("inf"), float("-inf"), 1e300])
def test_a_tempo_that_is_no_number_is_refused(tempo: float) -> None:
    with pytest.raises(UsageError, match="cannot be played"):
        perform(star(), tempo=tempo)


def test_repeats_are_the_tune_unfolded() -> None:
    assert perform(jig(), repeats=True, tempo=100) == perform(unfold(jig()), tempo=100)


@settings(max_examples=30)
@given(PLAYABLE, st.integers(20, 400))
def test_twice_the_tempo_is_half_the_time(tune: Tune, tempo: int) -> None:
    """But for grace notes, which take as long at any tempo."""
    plain = tune.replace(notes=tuple(dataclasses.replace(note, graces=()) for note in tune.notes))
    slow, fast = perform(plain, tempo=tempo), perform(plain, tempo=2 * tempo)
    assert [n.onset for n in slow] == pytest.approx([2 * n.onset for n in fast])
    assert [n.velocity for n in slow] == pytest.approx([n.velocity for n in fast])


@settings(max_examples=30)
@given(PLAYABLE, st.sampled_from(["P8", "-m3", "P5", "M2"]))
def test_a_transposed_tune_is_played_alike(tune: Tune, to: str) -> None:
    here, there = perform(tune), perform(transpose(tune, to))
    assert [dataclasses.replace(note, pitch=0.0) for note in here] == [
        dataclasses.replace(note, pitch=0.0) for note in there
    ]
    assert len({round(b.pitch - a.pitch, 6) for a, b in zip(here, there, strict=True)}) == 1


@settings(max_examples=30)
@given(PLAYABLE)
def test_onsets_are_those_of_the_score(tune: Tune) -> None:
    played = perform(tune, tempo=60)
    onsets = {float(note.onset) for note in tune.notes if note.pitch is not None}
    assert onsets <= {note.onset for note in played}
    last = max(note.onset + note.duration for note in played)
    assert last <= float(tune.duration) + 0.021
