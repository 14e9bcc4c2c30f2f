"""Short ways to read a few lines of kern or ABC, and to say what they hold."""

from __future__ import annotations

from fractions import Fraction

from canzona.score import Note, Tune
from canzona.score import abc as abc_format
from canzona.score import kern as kern_format
from canzona.score.unfold import unfold

ABC_HEAD = "X:1\nT:Try\nM:4/4\nL:1/4\nK:C\n"
"""Quarter notes in common time, so that a letter is a beat."""


def kern(body: str, head: str = "", track: str | None = None) -> Tune:
    """The tune of a Humdrum table; a body without a spine's name is one `**kern` spine."""
    text = body if "**" in body else f"**kern\n{body}\n*-\n"
    return next(kern_format.read(f"{head}{text}".encode(), "tune.krn", track))


def abc(body: str, head: str = ABC_HEAD, track: str | None = None) -> Tune:
    """The only tune of an ABC header and body."""
    (found,) = abc_format.read(f"{head}{body}\n".encode(), "tune.abc", track)
    return found


def names(tune: Tune) -> str:
    """Pitches in order, `r` for a rest: 'C4 F#4 r'."""
    return " ".join(str(note.pitch) if note.pitch else "r" for note in tune.notes)


def lengths(tune: Tune) -> list[Fraction]:
    """Durations in quarter notes."""
    return [note.duration for note in tune.notes]


def phrase_lengths(tune: Tune) -> list[int]:
    """How many notes and rests each phrase has."""
    return [len(phrase) for phrase in tune.phrases()]


def heard(tune: Tune) -> str:
    """Letters of the notes as they sound, repeats and endings played out."""
    return "".join(note.pitch.step for note in unfold(tune).notes if note.pitch)


def signs(tune: Tune, *kinds: str) -> list[list[str]]:
    """For each note the texts of its attachments, of some kinds or of all."""
    return [
        [sign.text for sign in note.attachments if not kinds or sign.kind in kinds] for note in tune.notes
    ]


def by_number(note: Note, kind: str) -> dict[int, str]:
    """Texts of a note's attachments of a kind by their number: its syllables by verse."""
    return {sign.number: sign.text for sign in note.attachments if sign.kind == kind}
