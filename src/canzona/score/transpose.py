"""Transposing a tune with its spelling right.

An interval has two sizes: how many letters it spans and how many semitones. Moving each pitch
by both keeps a leading note a leading note: G# in A minor, up a minor third, is B in C minor
and never C flat. Keys, their signatures, grace notes and chord symbols move along; quarter
tones keep their distance.

Where the exact interval would lead to a key of more than seven sharps or flats (C# major up a
major third is E# major), the whole tune goes to the key that sounds the same and reads better
(F major); a single note that would need a triple sharp takes its neighbour's letter.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from fractions import Fraction

from canzona.errors import UsageError
from canzona.score.tune import SEMITONES, STEPS, Attachment, Key, Note, Pitch, Tune, standard_signature

LARGEST_NUMBER = 36
"""The largest interval by number: five octaves."""

MOST_SIGNS = 7
"""Sharps or flats that a signature may have before the tune is spelled otherwise."""

_INTERVAL = re.compile(r"([+-]?)(P|M|m|A|d)([1-9]\d?)")
_SEMITONES = re.compile(r"[+-]?\d{1,2}")
_KEY = re.compile(r"([A-Ga-g])(#{1,2}|b{1,2}|-{1,2}|♯|♭|is|es|s)?[ _-]*(m|[A-Za-z]*)")
_CHORD = re.compile(r"([A-G])(##|bb|#|b|♯|♭)?")
_SIGNS = {"♯": 1, "♭": -1, "is": 1, "es": -1, "s": -1}
_MODES = {"M": "major", "m": "minor", "min": "minor", "aeolian": "minor", "maj": "major", "ionian": "major"}
_PERFECT = (1, 4, 5)
_HINT = "give an interval (M2, -m3, P5, +3 semitones) or a key (G, Bb, F#, Em)"


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval: `steps` letters up (negative: down) and `semitones` up."""

    steps: int
    semitones: int

    def __neg__(self) -> Interval:
        return Interval(-self.steps, -self.semitones)


def transpose(tune: Tune, to: str | Interval) -> Tune:
    """A copy of the tune, moved by an interval or into a key.

    Parameters
    ----------
    tune : any tune.
    to : an `Interval`; its name ('M2' up, '-m3' down: P, M, m, A or d and a number); a number
        of semitones with its sign ('+3'); or a key ('G', 'Bb', 'Em'), reached by the shorter
        way, at most a tritone up or down, from the key at the tune's start.

    Raises
    ------
    UsageError : `to` is neither; a key is asked for and the tune names none, or in another mode.
    """
    interval = to if isinstance(to, Interval) else _interval_for(tune, to.strip())
    interval = _readable(interval, tune)
    if interval == Interval(0, 0):
        return tune
    return tune.replace(
        notes=tuple(_move_note(note, interval) for note in tune.notes),
        keys=tuple((onset, _move_key(key, interval)) for onset, key in tune.keys),
    )


def parse_interval(text: str) -> Interval:
    """The interval of a name: 'M2', '-P5', 'A4' (case tells major from minor).

    Raises UsageError for what is no interval ('P3') or spans more than five octaves.
    """
    found = _INTERVAL.fullmatch(text)
    if not found:
        raise UsageError(f"'{text}' is no interval", hint=_HINT)
    sign, quality, number = found[1], found[2], int(found[3])
    perfect = (number - 1) % 7 + 1 in _PERFECT
    if number > LARGEST_NUMBER or quality in ("Mm" if perfect else "P"):
        raise UsageError(f"there is no interval '{text}'", hint=_HINT)
    octaves, letter = divmod(number - 1, 7)
    natural = 12 * octaves + SEMITONES[STEPS[letter]]
    change = {"P": 0, "M": 0, "m": -1, "A": 1, "d": -1 if perfect else -2}[quality]
    interval = Interval(number - 1, natural + change)
    return -interval if sign == "-" else interval


def _interval_for(tune: Tune, text: str) -> Interval:
    if _SEMITONES.fullmatch(text):
        return _best_spelling(int(text), tune)
    if key := _KEY.fullmatch(text):
        return _to_key(tune, text, key)
    return parse_interval(text)


def _to_key(tune: Tune, text: str, found: re.Match[str]) -> Interval:
    wanted = _mode_of(found[3])
    sign = found[2] or ""
    alter = _SIGNS.get(sign, sign.count("#") - sign.count("b") - sign.count("-"))
    key = tune.key
    if key is None or not key.tonic:
        raise UsageError(
            f"{tune.source or 'the tune'} names no key to go to {text} from", hint="give an interval"
        )
    if wanted and wanted != _mode_of(key.mode or "major"):
        raise UsageError(
            f"transposing keeps the mode: {key} cannot become '{text}'", hint="name the tonic alone"
        )
    steps = (STEPS.index(found[1].upper()) - STEPS.index(key.tonic)) % 7
    semitones = (SEMITONES[found[1].upper()] + alter - SEMITONES[key.tonic] - key.tonic_alter) % 12
    if steps == 6 and semitones <= 1:
        semitones += 12
    if steps == 0 and semitones >= 10:
        semitones -= 12
    return Interval(steps - 7, semitones - 12) if semitones > 6 else Interval(steps, semitones)


def _mode_of(word: str) -> str:
    return _MODES.get(word, _MODES.get(word.lower(), word.lower()))


def _readable(interval: Interval, tune: Tune) -> Interval:
    """The interval, or the one that sounds the same and leaves the first key within seven signs."""
    key = tune.key
    if key is None or abs(_fifths_after(key, interval)) <= MOST_SIGNS:
        return interval
    others = (Interval(interval.steps + shift, interval.semitones) for shift in (-1, 1))
    return min(others, key=lambda other: abs(_fifths_after(key, other)))


def _best_spelling(semitones: int, tune: Tune) -> Interval:
    """Semitones as the interval that leads to the fewest sharps or flats."""
    key = tune.key or Key("C")
    near = round(semitones * 7 / 12)
    candidates = (Interval(near + shift, semitones) for shift in (0, -1, 1))
    return min(candidates, key=lambda each: (abs(_fifths_after(key, each)), abs(_fifths_of(each))))


def _fifths_of(interval: Interval) -> int:
    """Places on the line of fifths: an interval of 7 steps and 12 semitones is 0, a fifth is 1."""
    return 7 * interval.semitones - 12 * interval.steps


def _fifths_after(key: Key, interval: Interval) -> int:
    return key.fifths + _fifths_of(interval)


def _move_note(note: Note, interval: Interval) -> Note:
    if note.pitch is None and not note.graces and not note.attachments:
        return note
    return dataclasses.replace(
        note,
        pitch=None if note.pitch is None else _move_pitch(note.pitch, interval),
        graces=tuple(
            dataclasses.replace(grace, pitch=_move_pitch(grace.pitch, interval)) for grace in note.graces
        ),
        attachments=tuple(_move_attachment(each, interval) for each in note.attachments),
    )


def _move_pitch(pitch: Pitch, interval: Interval, most: int = 2) -> Pitch:
    """The pitch moved; respelled with the next letter while it needs more than `most` signs."""
    height, sound = pitch.height + interval.steps, pitch.midi + interval.semitones
    moved = _spelled(height, sound)
    while abs(moved.alter) > most:
        height += 1 if moved.alter > 0 else -1
        moved = _spelled(height, sound)
    return moved


def _spelled(height: int, sound: Fraction) -> Pitch:
    octave, letter = divmod(height, 7)
    natural = 12 * (octave + 1) + SEMITONES[STEPS[letter]]
    return Pitch(STEPS[letter], Fraction(sound - natural), octave)


def _move_key(key: Key, interval: Interval) -> Key:
    tonic, alter = key.tonic, key.tonic_alter
    if tonic:
        moved = _move_pitch(Pitch(tonic, Fraction(alter), 4), interval, most=14)
        tonic, alter = moved.step, int(moved.alter)
    signature = None if key.signature is None else _move_signature(key.signature, interval)
    return Key(tonic, alter, key.mode, signature)


def _move_signature(
    signature: tuple[tuple[str, Fraction], ...], interval: Interval
) -> tuple[tuple[str, Fraction], ...]:
    """Move all seven letters, so that signatures out of the common order come out right too."""
    altered = dict(signature)
    moved = (_move_pitch(Pitch(step, altered.get(step, Fraction(0)), 4), interval, most=14) for step in STEPS)
    signs = {pitch.step: pitch.alter for pitch in moved if pitch.alter}
    fifths = sum(int(alter) for alter in signs.values())
    common = standard_signature(fifths)
    if dict(common) == signs:
        return common
    return tuple((step, signs[step]) for step in "FCGDAEB" if step in signs)


def _move_attachment(attachment: Attachment, interval: Interval) -> Attachment:
    if attachment.kind != "chord":
        return attachment
    root, slash, bass = attachment.text.partition("/")
    text = _move_root(root, interval) + slash + _move_root(bass, interval)
    return dataclasses.replace(attachment, text=text)


def _move_root(text: str, interval: Interval) -> str:
    """A chord symbol with its root moved; what begins with no letter A to G ('N.C.') stays."""
    found = _CHORD.match(text)
    if not found:
        return text
    sign = found[2] or ""
    alter = _SIGNS.get(sign, sign.count("#") - sign.count("b"))
    moved = _move_pitch(Pitch(found[1], Fraction(alter), 4), interval, most=1)
    signs = ("#" if moved.alter > 0 else "b") * abs(int(moved.alter))
    return moved.step + signs + text[found.end() :]
