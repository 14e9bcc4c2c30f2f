"""What a network is told of an event, by name: see `context` for where the numbers come from."""

from __future__ import annotations

from canzona.composition.events import Vocabulary

GRID = 24
"""Places a beat unit in which positions are told apart."""

MOST_PLACES = 12 * GRID
"""Longest bar position that is told apart."""

NO_PLACE = MOST_PLACES + 1
"""Position where no meter holds."""

LOOKBACK_BARS = (1, 2, 4, 8)
PHRASES_BACK = (1, 2, 0)
"""Earlier phrases that are looked at: the last, the one before, the first."""

MOST_BARS_LEFT = 33
"""Bars to the end of the tune that are told apart."""

LIKENESSES = 17


def trunk_features(vocabulary: Vocabulary) -> tuple[tuple[str, int], ...]:
    """Names and numbers of classes of the features that precede an event."""
    durations = len(vocabulary.durations) + 2
    pitches = len(vocabulary.pitches) + 2
    rows = [
        ("last_duration", durations), ("last_pitch", pitches), ("last_flag", 4),
        ("sounding_pitch", pitches), ("interval", 26),
        ("place", NO_PLACE + 1), ("left", NO_PLACE + 1), ("regular_place", NO_PLACE + 1),
        ("metric_place", 13 * 49), ("meter", len(vocabulary.meters) + 1),
        ("mode", len(vocabulary.modes) + 1), ("tonic", 13), ("pickup", 98),
        ("bars_in_phrase", 13), ("events_in_phrase", 25), ("phrase", 13), ("time_in_phrase", 65),
        ("to_last_length", 50), ("to_second_last_length", 50), ("last_length", 26),
        ("events", 16), ("bars", 41), ("bars_left", MOST_BARS_LEFT + 1),
    ]  # fmt: skip
    for bars in LOOKBACK_BARS:
        rows += [(f"pitch_{bars}_bars_ago", pitches), (f"duration_{bars}_bars_ago", durations)]
    for back in PHRASES_BACK:
        name = f"phrase_{back}_back" if back else "first_phrase"
        rows += [(f"pitch_{name}", pitches), (f"duration_{name}", durations)]
    rows += [
        ("exact_duration", durations), ("exact_pitch", pitches), ("exact_flag", 4), ("exact_length", 8),
        ("rhythm_duration", durations), ("rhythm_length", 8),
        ("interval_pitch", pitches), ("interval_duration", durations), ("interval_length", 8),
        ("pitch_pitch", pitches), ("pitch_length", 8),
        ("pitch_like_phrase", pitches), ("duration_like_phrase", durations), ("likeness", LIKENESSES),
    ]  # fmt: skip
    return tuple(rows)


def after_features() -> tuple[tuple[str, int], ...]:
    """Names and numbers of classes of the features that follow from an event's duration."""
    return (("end_place", NO_PLACE + 1), ("end_left", NO_PLACE + 1), ("end_metric_place", 13 * 49),
            ("end_to_last_length", 50), ("end_to_second_last_length", 50))  # fmt: skip
