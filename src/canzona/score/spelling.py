"""Key and spelling of pitches that are known by their height alone, as in MIDI.

The key is the one whose profile correlates best with the time that each pitch class sounds
(Krumhansl and Schmuckler, in Krumhansl 1990, chapter 4; with Aarden's profiles of songs, which
find more tonics of folk songs than the original ones), with a bonus for the key on whose tonic
the melody ends. A pitch class is then spelled as the note that lies in a window of
twelve fifths around the tonic (after Longuet-Higgins 1976 and Temperley 2001, chapter 5).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from canzona.score.musicxml_signs import key_of
from canzona.score.tune import SEMITONES, Key, Pitch

MAJOR_PROFILE = (17.77, 0.15, 14.93, 0.16, 19.80, 11.36, 0.29, 22.06, 0.15, 8.15, 0.23, 4.95)
MINOR_PROFILE = (18.26, 0.74, 14.05, 16.86, 0.70, 14.44, 0.70, 18.62, 4.57, 1.93, 7.38, 1.76)
"""How much of a song each pitch class above the tonic takes, in percent (Aarden 2003)."""

FINAL_BONUS = 0.1
"""What ending on the tonic adds to a correlation of -1 to 1."""

_MAJOR_FIFTHS = (0, -5, 2, -3, 4, -1, 6, 1, -4, 3, -2, 5)
_MINOR_FIFTHS = (-3, 4, -1, -6, 1, -4, 3, -2, 5, 0, -5, 2)
_FIFTHS_BELOW = {"major": 4, "minor": 5, "locrian": 6}
"""How many fifths below the tonic the window of spellings begins: Locrian has a flat fifth."""

_LETTERS = "FCGDAEB"


def find_key(notes: Sequence[tuple[int, float]]) -> Key | None:
    """The major or minor key of a melody, or None without notes.

    Parameters
    ----------
    notes : (height in whole semitones with 60 for middle C, duration in any unit) in order.
    """
    if not notes:
        return None
    weights = [0.0] * 12
    for height, duration in notes:
        weights[height % 12] += duration
    final = notes[-1][0] % 12
    best, key = -math.inf, None
    for mode, profile, fifths in (
        ("major", MAJOR_PROFILE, _MAJOR_FIFTHS),
        ("minor", MINOR_PROFILE, _MINOR_FIFTHS),
    ):
        for tonic in range(12):
            fit = _correlation(weights[tonic:] + weights[:tonic], profile) + FINAL_BONUS * (tonic == final)
            if fit > best + 1e-9:
                best, key = fit, key_of(fifths[tonic], mode)
    return key


def spelled(height: Fraction, key: Key | None) -> Pitch:
    """The pitch of a height in semitones (60 for middle C) as it is spelled in a key.

    A microtone is spelled as an alteration of the nearest semitone, the lower one at a tie.
    """
    semitone = math.ceil(height - Fraction(1, 2))
    letter, alter = _names(key)[semitone % 12]
    octave = (semitone - SEMITONES[letter] - alter) // 12 - 1
    return Pitch(letter, alter + (height - semitone), octave)


def _names(key: Key | None) -> list[tuple[str, int]]:
    """Letter and alteration of the twelve pitch classes."""
    tonic, mode = (0, "major") if key is None else _tonic_place(key)
    lowest = tonic - _FIFTHS_BELOW[mode]
    names: list[tuple[str, int]] = [("C", 0)] * 12
    for place in range(lowest, lowest + 12):
        alter, at = divmod(place + 1, 7)
        letter = _LETTERS[at]
        names[(SEMITONES[letter] + alter) % 12] = (letter, alter)
    return names


def _tonic_place(key: Key) -> tuple[int, str]:
    """Place of the tonic on the line of fifths (C is 0), and which of the windows is meant."""
    mode = "minor" if key.mode in ("minor", "aeolian", "dorian", "phrygian") else "major"
    if key.mode == "locrian":
        mode = "locrian"
    if not key.tonic:
        return key.fifths + {"major": 0, "minor": 3, "locrian": 5}[mode], mode
    return _LETTERS.index(key.tonic) - 1 + 7 * key.tonic_alter, mode


def _correlation(weights: Sequence[float], profile: Sequence[float]) -> float:
    """Pearson's correlation of twelve values with a profile; 0 where all are equal."""
    mean, middle = sum(weights) / 12, sum(profile) / 12
    both = sum((w - mean) * (p - middle) for w, p in zip(weights, profile, strict=True))
    spread = sum((w - mean) ** 2 for w in weights) * sum((p - middle) ** 2 for p in profile)
    return both / math.sqrt(spread) if spread > 0 else 0.0
