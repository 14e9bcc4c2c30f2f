"""What was lost, told from a tune and what came back of it."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given

import strategies
from canzona.score import Attachment, Barline, Key, Meter, Pitch, Section, Tune
from canzona.score.losses import differences
from melodies import jig, star

F = Fraction


def with_first_note(tune: Tune, **changes: object) -> Tune:
    first = dataclasses.replace(tune.notes[0], **changes)  # type: ignore[arg-type]
    return tune.replace(notes=(first, *tune.notes[1:]))


@given(strategies.tunes())
def test_nothing_is_lost_in_a_tune_that_is_the_same(tune: Tune) -> None:
    assert differences(tune, tune) == ()


@given(strategies.tunes(), strategies.tunes())
def test_whatever_differs_is_named(tune: Tune, other: Tune) -> None:
    assert bool(differences(tune, other)) == (tune != other)


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        (star().replace(tempo=F(90)), ("the exact tempo",)),
        (star().replace(records=()), ("records",)),
        (star().replace(keys=((F(0), Key("A", 0, "minor")),)), ("keys",)),
        (star().replace(meters=((F(0), Meter(4, 4)),)), ("meters",)),
        (star().replace(sections=(Section(F(0), "A"),)), ("section marks",)),
        (star().replace(comments=("so",)), ("comments",)),
        (star().replace(instrument="Flute"), ("the instrument's name",)),
        (star().replace(provenance=""), ("how the file was made",)),
        (star().replace(phrasing="inferred"), ("phrase marks",)),
        (with_first_note(star(), pitch=Pitch("B", F(1), 3)), ("enharmonic spelling",)),
        (with_first_note(star(), pitch=Pitch("D", F(0), 4)), ("exact pitches",)),
        (with_first_note(star(), attachments=()), ("lyrics",)),
        (with_first_note(jig(), attachments=(Attachment("chord", "G"),)), ("chord symbols",)),
        (jig().replace(barlines=jig().barlines[:-1]), ("bar lines", "bar numbers", "repeats and endings")),
        (
            jig().replace(barlines=(*jig().barlines[:-1], Barline(F(13), kind="final"))),
            ("repeats and endings",),
        ),
    ],
)
def test_each_loss_has_its_name(changed: Tune, names: tuple[str, ...]) -> None:
    tune = jig() if changed.title == jig().title else star()
    assert differences(tune, changed) == names
