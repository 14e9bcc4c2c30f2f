"""New tunes that open as a given one does, or that go on from it."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings

from canzona.composition import compose
from canzona.composition.model import ComposerModel
from canzona.composition.samples import bars_close
from canzona.conversion.targets import target_names
from canzona.errors import CanzonaError, EmptyTuneError, UsageError
from canzona.score import Barline, Key, Meter, Note, Pitch, Tune
from canzona.score.format import format_named, read
from canzona.score.tune import FREE_METER, standard_signature
from canzona.score.unfold import unfold
from melodies import jig, melody, star
from strategies import tunes

F = Fraction

ONE_NOTE = Tune(notes=(Note(F(0), F(1), Pitch("G", F(0), 4)),))


def lines(*onsets: int | Fraction) -> tuple[Barline, ...]:
    return tuple(Barline(F(onset), number) for number, onset in enumerate(onsets, start=1))


GIVEN = {
    "star": star(),
    "a pickup and a repeat": jig(),
    "one note": ONE_NOTE,
    "one note that fills a bar": star().replace(notes=melody("(c4:2)"), barlines=lines(2)),
    "nothing but a pickup": jig().replace(notes=jig().notes[:2], barlines=()),
    "an incomplete last bar": star().replace(notes=star().notes[:5], barlines=lines(2, 4)),
    "an incomplete last bar after a pickup": jig().replace(
        notes=jig().notes[:10], barlines=jig().barlines[:2]
    ),
    "free meter": star().replace(meters=((F(0), FREE_METER),), barlines=()),
    "no meter": star().replace(meters=(), barlines=()),
    "no key": star().replace(keys=()),
    "a bare signature": star().replace(keys=((F(0), Key(signature=standard_signature(-3))),)),
    "a meter change": star().replace(
        meters=((F(0), Meter(2, 4)), (F(12), Meter(3, 4))),
        barlines=(*lines(2, 4, 6, 8, 10, 12, 15, 18, 21), Barline(F(24), kind="final")),
    ),
    "a meter change at its end": star().replace(meters=((F(0), Meter(2, 4)), (F(24), Meter(3, 4)))),
    "a key change": star().replace(keys=((F(0), Key("C", 0, "major")), (F(12), Key("A", 0, "minor")))),
    "a note longer than its bar": ONE_NOTE.replace(
        notes=melody("(c4:5)"), meters=((F(0), Meter(2, 4)),), barlines=lines(2, 4)
    ),
    "quarter tones and a septuplet": ONE_NOTE.replace(
        notes=(Note(F(0), F(1), Pitch("G", F(1, 2), 4)), Note(F(1), F(1, 7), Pitch("A", F(-3, 2), 4))),
        meters=((F(0), Meter(2, 4)),),
    ),
    "an odd meter": star().replace(meters=((F(0), Meter(12, 4)),), barlines=lines(12)),
    "a rest at its end": star().replace(notes=(*star().notes[:-1], Note(F(22), F(2)))),
}  # fmt: skip


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("asked", [{"bars": 3}, {"bars": 3, "phrases": 2}, {"temperature": 5}])
def test_a_continuation_begins_with_what_is_given(
    composer: ComposerModel, name: str, asked: dict[str, int]
) -> None:
    given_tune = GIVEN[name]
    made = compose(model=composer, seed=3, continue_=given_tune, **asked)[0]
    count = len(given_tune.notes)
    old = [(n.onset, n.duration, n.pitch, n.graces, n.attachments) for n in given_tune.notes]
    assert [(n.onset, n.duration, n.pitch, n.graces, n.attachments) for n in made.tune.notes[:count]] == old
    assert made.goes_on and made.given is given_tune
    assert_goes_on(made.tune, given_tune, given_tune.duration)
    if "phrases" in asked:
        ends = [note.phrase_end for note in made.tune.notes[count:]]
        assert sum(ends) == asked["phrases"]
    last = given_tune.bars[-1] if given_tune.bars else None
    if "bars" in asked and last is not None and last.duration == last.meter.length > 0:
        bar = made.tune.bars[-1].meter.length
        assert made.tune.duration - given_tune.duration in (3 * bar, 3 * bar - made.tune.pickup)


@pytest.mark.parametrize("name", GIVEN)
@pytest.mark.parametrize("asked", [{"bars": 3}, {"bars": 3, "phrases": 2}, {"temperature": 5}])
def test_a_tune_like_another_opens_as_it_does(
    composer: ComposerModel, name: str, asked: dict[str, int]
) -> None:
    given_tune = GIVEN[name]
    made = compose(model=composer, seed=3, like=given_tune, **asked)[0]
    kept = 0
    for ours, its in zip(made.tune.notes, given_tune.notes, strict=False):
        if (ours.onset, ours.duration, ours.pitch) != (its.onset, its.duration, its.pitch):
            break
        kept += 1
    most = min(2, asked.get("bars", 9) - asked.get("phrases", 1))
    bars = given_tune.bars[: most + bool(given_tune.pickup)]
    if given_tune.meter is None or given_tune.meter.is_free:
        assert kept >= 1
    elif name != "a note longer than its bar":
        opening = bars[-1].onset + bars[-1].duration
        assert kept >= sum(note.end <= opening for note in given_tune.notes)
    assert not made.goes_on
    assert len(made.tune.notes) > kept or made.tune.notes != given_tune.notes
    assert_goes_on(made.tune, given_tune, made.tune.notes[kept - 1].end)


def assert_goes_on(tune: Tune, source: Tune, end: Fraction) -> None:
    """Nothing is missing between the notes, and the bars that follow what was given close."""
    notes = tune.notes
    assert all(note.end == after.onset for note, after in pairwise(notes))
    assert tune.barlines[-1].kind == "final" and tune.barlines[-1].onset == tune.duration
    onsets = [line.onset for line in tune.barlines]
    assert onsets == sorted(set(onsets))
    assert notes[0].phrase_start and notes[-1].phrase_end
    if source.meter is None or source.meter.is_free:
        return
    met = {note.onset for note in notes} | {tune.duration}
    assert {onset for onset in onsets if onset >= end} <= met, "no new note crosses a bar line"
    if bars_close(source):
        assert bars_close(tune)


@pytest.mark.parametrize("name", ["star", "a pickup and a repeat", "an odd meter"])
@pytest.mark.parametrize(("bars", "phrases"), [(1, 1), (2, None), (2, 1), (3, 1), (8, 4), (9, None)])
def test_bars_and_phrases_of_a_tune_like_another_are_all_of_its_own(
    composer: ComposerModel, name: str, bars: int, phrases: int | None
) -> None:
    for made in compose(model=composer, seed=4, count=5, like=GIVEN[name], bars=bars, phrases=phrases):
        tune = made.tune
        full = (tune.duration - tune.pickup) / tune.bars[-1].meter.length
        assert math.ceil(full) == bars
        if phrases is not None:
            assert sum(note.phrase_end for note in tune.notes) == phrases
            starts = [note.phrase_start for note in tune.notes]
            assert starts == [True, *(note.phrase_end for note in tune.notes[:-1])]
        assert tune.title in (f"After {GIVEN[name].title}", f"Canzona 4.{made.number}")


@given(tunes())
@settings(max_examples=12)
def test_any_tune_can_be_gone_on_from(composer: ComposerModel, given_tune: Tune) -> None:
    for how in ("like", "continue_"):
        try:
            made = compose(model=composer, seed=1, bars=1, **{how: given_tune})[0]
        except EmptyTuneError:
            assert given_tune.is_empty
            continue
        except CanzonaError as error:
            assert "fill a bar of this meter" in str(error)
            continue
        notes = made.tune.notes
        assert all(note.end == after.onset for note, after in pairwise(notes))
        assert notes[-1].phrase_end


def test_an_incomplete_last_bar_is_filled_first(composer: ComposerModel) -> None:
    source = GIVEN["an incomplete last bar"]
    tune = compose(model=composer, seed=3, continue_=source, bars=3)[0].tune
    assert [bar.duration for bar in tune.bars] == [F(2)] * 6
    assert tune.duration == 12


def test_the_key_that_holds_at_the_end_goes_on(composer: ComposerModel) -> None:
    tune = compose(model=composer, seed=3, continue_=GIVEN["a key change"], bars=2)[0].tune
    assert tune.keys == GIVEN["a key change"].keys


def test_a_repeat_at_the_end_ends_where_the_new_notes_begin(composer: ComposerModel) -> None:
    whole = star().replace(barlines=(*star().barlines[:-1], Barline(F(24), kind="final", repeat="end")))
    tune = compose(model=composer, seed=3, continue_=whole, bars=2)[0].tune
    assert [line.onset for line in tune.barlines if line.repeat] == [F(24)]
    assert [line.onset for line in tune.barlines if line.kind == "final"] == [F(28)]
    assert unfold(tune).duration == 24 + 28


def test_titles_and_provenance_say_what_was_given(composer: ComposerModel, examples: Path) -> None:
    path = examples / "greensleeves.krn"
    made = compose(model=composer, seed=3, continue_=path, bars=2)[0]
    assert made.tune.title == f"{read(path).title}, continued"
    assert made.provenance.options["continue"] == str(path)
    assert made.provenance.inputs[0].name == str(path)
    alike = compose(model=composer, seed=3, like=str(path), bars=2)[0]
    assert alike.provenance.options["like"] == str(path)
    assert "from" not in compose(model=composer, seed=3, like=star(), bars=2)[0].provenance.options


@pytest.mark.parametrize("how", ["like", "continue_"])
@pytest.mark.parametrize(
    "empty", [Tune(), Tune(notes=(Note(F(0), F(4)),), meters=((F(0), Meter(4, 4)),)), Tune(source="x.krn")]
)
def test_a_tune_without_a_note_is_refused(composer: ComposerModel, how: str, empty: Tune) -> None:
    with pytest.raises(EmptyTuneError, match=r"has no note to start from; give a tune with notes") as caught:
        compose(model=composer, **{how: empty})
    assert str(caught.value).startswith(empty.source or "the tune")


def test_like_and_continue_together_are_refused(composer: ComposerModel) -> None:
    with pytest.raises(UsageError, match="give like or continue, not both"):
        compose(model=composer, like=star(), continue_=star())


def test_what_the_given_tune_says_holds(composer: ComposerModel) -> None:
    made = compose(model=composer, seed=1, like=star(), key="Am", meter="3/4", bars=2)[0]
    assert made.warnings == ("key and meter of the given tune hold, not those asked for",)
    assert (str(made.tune.meter), made.tune.key) == ("2/4", replace(Key("C", 0, "major")))
    free = compose(model=composer, seed=1, like=GIVEN["free meter"], bars=2, phrases=1)[0]
    assert free.warnings == ("the given tune is in free meter: there are no bars to count",)


SCORES = ["krn", "abc", "musicxml", "mid"]


@pytest.mark.parametrize("kind", SCORES)
@pytest.mark.parametrize("name", ["star", "a pickup and a repeat", "a meter change", "free meter"])
def test_a_continuation_is_written_and_read_back(composer: ComposerModel, kind: str, name: str) -> None:
    tune = (made := compose(model=composer, seed=3, continue_=GIVEN[name], bars=None, phrases=2)[0]).tune
    again = read_back(made.to_bytes(kind), kind)
    assert [(n.duration, n.pitch and n.pitch.midi) for n in again.notes] == [
        (n.duration, n.pitch and n.pitch.midi) for n in tune.notes
    ]
    assert [str(meter) for _, meter in again.meters] == [str(meter) for _, meter in tune.meters]
    assert [n.phrase_end for n in again.notes] == [n.phrase_end for n in tune.notes]


@pytest.mark.parametrize("kind", SCORES)
def test_a_new_tune_is_written_and_read_back(composer: ComposerModel, kind: str) -> None:
    for made in compose(model=composer, seed=3, count=6, phrases=2, temperature=1.5):
        again = read_back(made.to_bytes(kind), kind)
        if kind == "krn":
            assert again.notes == made.tune.notes
        assert [(n.onset, n.duration, n.pitch and n.pitch.midi) for n in again.notes] == [
            (n.onset, n.duration, n.pitch and n.pitch.midi) for n in made.tune.notes
        ]
        assert (str(again.key), str(again.meter)) == (str(made.tune.key), str(made.tune.meter))
        assert again.provenance == made.provenance.to_json()


def read_back(data: bytes, kind: str) -> Tune:
    known = format_named({"krn": "kern", "mid": "midi"}.get(kind, kind))
    (again,) = known.read(data, f"a.{kind}", None)
    return again


def test_every_kind_of_file_can_be_made(composer: ComposerModel) -> None:
    made = compose(model=composer, seed=3, bars=2, meter="3/4")[0]
    names = target_names()
    assert {"svg", "png", "pdf", "wav", "mid"} <= set(names)
    for name in names:
        assert len(made.to_bytes(name)) > 100, name
    with pytest.raises(UsageError):
        made.to_bytes("docx")
