"""When notes sound, and how loud."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction

import pytest
from hypothesis import given

from canzona.errors import CanzonaError, EmptyTuneError, UnsupportedError, UsageError
from canzona.render.performance import perform, tempo_of
from canzona.score import Attachment, Grace, Meter, Note, Pitch, Tune
from melodies import jig, melody, star
from strategies import tunes

F = Fraction
HIGH = Grace(Pitch("D", F(0), 5))


def with_signs(tune: Tune, place: int, *signs: Attachment, graces: tuple[Grace, ...] = ()) -> Tune:
    notes = list(tune.notes)
    notes[place] = dataclasses.replace(notes[place], attachments=signs, graces=graces)
    return tune.replace(notes=tuple(notes))


def test_onsets_are_those_of_the_score() -> None:
    played = perform(star(), tempo=90)
    assert [note.onset for note in played] == [float(note.onset * F(60, 90)) for note in star().notes]
    assert [note.pitch for note in played[:3]] == [60, 60, 67]


def test_notes_end_before_the_next_begins_and_phrases_breathe() -> None:
    played = perform(star(), tempo=60)
    gaps = [b.onset - a.onset - a.duration for a, b in itertools.pairwise(played)]
    assert min(gaps) >= 0
    phrase_ends = [place for place, note in enumerate(star().notes[:-1]) if note.phrase_end]
    assert min(gaps[place] for place in phrase_ends) >= 0.119
    assert max(gap for place, gap in enumerate(gaps) if place not in phrase_ends) < 0.1


def test_strong_beats_speak_louder() -> None:
    flat = melody(" ".join(["c4:1"] * 16))
    tune = star().replace(notes=flat, phrasing="none", barlines=tuple(star().barlines[:7]))
    loud = [note.velocity for note in perform(tune)]
    assert all(strong > weak for strong, weak in zip(loud[::2], loud[1::2], strict=True))


def test_a_pickup_leads_to_the_strong_beat() -> None:
    played = perform(jig(), tempo=120)
    assert played[2].velocity > played[1].velocity


def test_slurs_touch_and_dots_are_short() -> None:
    slurred = with_signs(with_signs(star(), 0, Attachment("slur", "start")), 2, Attachment("slur", "stop"))
    played = perform(slurred, tempo=60)
    assert played[0].duration == played[1].duration == 1
    assert [note.slurred for note in played[:4]] == [False, True, True, False]
    assert perform(with_signs(star(), 0, Attachment("articulation", "staccato")), tempo=60)[0].duration == 0.5


def test_dynamics_last_until_the_next() -> None:
    soft = [note.velocity for note in perform(with_signs(star(), 7, Attachment("dynamic", "pp")))]
    plain = [note.velocity for note in perform(star())]
    assert soft[:7] == plain[:7]
    assert all(a < b - 0.2 for a, b in zip(soft[7:], plain[7:], strict=True))


def test_grace_notes_sound_before_the_beat() -> None:
    played = perform(with_signs(star(), 2, graces=(HIGH, HIGH)), tempo=60)
    assert len(played) == len(star().notes) + 2
    assert [note.onset for note in played[2:5]] == pytest.approx([1.85, 1.925, 2.0])
    assert played[1].onset + played[1].duration <= 1.85 + 1e-9


def test_grace_notes_before_the_first_note_have_no_room() -> None:
    assert len(perform(with_signs(star(), 0, graces=(HIGH,)))) == len(star().notes)


def test_repeats_are_played_when_asked() -> None:
    assert len(perform(jig(), repeats=True)) == 2 * len(perform(jig())) == 2 * len(jig().notes)


@pytest.mark.parametrize(
    ("meter", "lengths", "tempo"),
    [
        (Meter(4, 4), "1", 104),
        (Meter(2, 2), "1", 152),
        (Meter(6, 8), "1/2", 126),
        (Meter(9, 8), "1/2", 126),
        (Meter(3, 8), "1/2", 63),
        (Meter(0, 1), "1", 84),
        (Meter(4, 4), "4", 264),
        (Meter(4, 4), "1/8", 41),
    ],
)
def test_a_tempo_follows_from_meter_and_notes(meter: Meter, lengths: str, tempo: int) -> None:
    tune = Tune(melody(" ".join([f"c4:{lengths}"] * 9)), meters=((F(0), meter),))
    assert tempo_of(tune) == tempo
    assert tempo_of(tune.replace(tempo=F(77))) == 77


def test_pitches_nobody_hears_are_moved_by_octaves() -> None:
    notes = (Note(F(0), F(1), Pitch("C", F(0), 40)), Note(F(1), F(1), Pitch("C", F(1, 2), -30)))
    assert [note.pitch for note in perform(Tune(notes))] == [108, 0.5]


@pytest.mark.parametrize("tempo", [0, 4.9, 1001, -60])
def test_a_tempo_out_of_range_is_refused(tempo: float) -> None:
    with pytest.raises(UsageError, match="tempo"):
        perform(star(), tempo=tempo)


def test_silence_and_hours_are_refused() -> None:
    with pytest.raises(EmptyTuneError):
        perform(Tune(melody("r:4")))
    with pytest.raises(UnsupportedError, match="hour"):
        perform(Tune(melody("c4:1000000")), tempo=60)


@given(tunes())
def test_any_tune_is_performed_or_refused(tune: Tune) -> None:
    try:
        played = perform(tune, repeats=True)
    except CanzonaError:
        return
    assert all(0 < note.velocity <= 1 and note.duration > 0 and note.onset >= 0 for note in played)
    assert [note.onset for note in played] == sorted(note.onset for note in played)
