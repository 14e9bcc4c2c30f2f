"""What reading gives: a tune or an error, within the time that is promised."""

from __future__ import annotations

import time
from collections.abc import Iterator

from canzona.errors import CanzonaError
from canzona.score import Tune


def outcome_of(reading: Iterator[Tune], seconds: float) -> Tune | CanzonaError:
    """The first tune that a reader gives, or its error; fails where it takes longer."""
    begun = time.perf_counter()
    try:
        result: Tune | CanzonaError = next(reading)
    except CanzonaError as error:
        result = error
    assert time.perf_counter() - begun < seconds
    return result
