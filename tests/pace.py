"""Limits of time that mean the same on every machine, busy ones too."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

USUAL = 0.04
"""Seconds that `_work` takes on the machine on which the limits of the tests were set."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What is done inside takes at most this much of a processor's time, more on a slower one.

    How slow it is just now is measured before and after, since neighbours come and go.
    """
    before = _work()
    begun = time.process_time()
    yield
    taken = time.process_time() - begun
    allowed = seconds * max(before, _work(), USUAL) / USUAL
    assert taken < allowed, f"{taken:.2f} s of processor time, {allowed:.2f} s allowed"


def _work() -> float:
    """Seconds of a fixed piece of interpreted work."""
    begun = time.process_time()
    seen: dict[str, int] = {}
    for number in range(300_000):
        key = str(number & 1023)
        seen[key] = seen.get(key, 0) + len(key)
    return time.process_time() - begun
