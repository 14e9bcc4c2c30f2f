"""Where in a song the target sounds: the curve, and whether it sounds at all.

The networks say how probable it is that the target sounds, at each moment. `FrameMeans` turns that
into a curve of frames while the song goes by; `song_is_absent` decides from it, once the song is over.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

_LINES = 8192
"""Of a CSV that are made at once."""


@dataclass(frozen=True, slots=True)
class PresenceSettings:
    """What a model's config says about presence; numbers that are fitted with the model.

    Attributes
    ----------
    threshold : score below which the target counts as absent; None for never.
    seconds : how much of the song, the part where the target is likeliest, the score looks at.
    """

    threshold: float | None = None
    seconds: float = 3.0

    @classmethod
    def from_dict(cls, held: Mapping[str, Any]) -> PresenceSettings:
        """From the values of a config; TypeError or ValueError where they make no sense."""
        numbers = {f.name: float(held[f.name]) for f in fields(cls) if held.get(f.name) is not None}
        made = cls(**numbers)
        if not (made.seconds > 0 and all(map(math.isfinite, numbers.values()))):
            raise ValueError(f"presence cannot be judged with {dict(held)}")
        return made


@dataclass(frozen=True, slots=True, eq=False)
class Presence:
    """The target's activity over time.

    Attributes
    ----------
    values : float32 (frames,), probability in 0..1 that the target sounds in the frame.
    step : seconds from frame to frame.
    start : the song's second at which the first frame begins.
    """

    values: Float32
    step: float
    start: float = 0.0

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """The middle of each frame in seconds, float64 (frames,)."""
        middles = np.arange(len(self.values), dtype=np.float64) + 0.5
        return np.asarray(self.start + middles * self.step, np.float64)

    @property
    def mean(self) -> float:
        """The mean of all values; 0 where there are none."""
        return float(self.values.mean(dtype=np.float64)) if len(self.values) else 0.0

    def nowhere(self) -> Presence:
        """The same frames of a song in which the target is absent after all."""
        return replace(self, values=np.zeros_like(self.values))

    def to_csv(self) -> str:
        """A line for each frame below the heading `time,presence`; seconds, and 0..1."""
        return "".join(self.csv_parts())

    def csv_parts(self) -> Iterator[str]:
        """What `to_csv` gives, some thousand lines at once: ten hours have a million and a half."""
        yield "time,presence\n"
        times = self.times
        for at in range(0, len(times), _LINES):
            part = slice(at, at + _LINES)
            pairs = zip(times[part].tolist(), self.values[part].tolist(), strict=True)
            yield "".join(f"{time:.3f},{value:.4f}\n" for time, value in pairs)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, frames: int | slice) -> Float32 | np.float32:
        found: Float32 | np.float32 = self.values[frames]
        return found

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """The values, for NumPy and what plots with it."""
        return np.array(self.values, dtype, copy=copy)

    def __repr__(self) -> str:
        seconds = len(self.values) * self.step
        return f"<Presence {seconds:.1f} s in {len(self.values)} frames, mean {self.mean:.2f}>"


def presence_score(presence: Presence, levels: npt.NDArray[np.floating], seconds: float) -> float:
    """How sure it is that the target sounds anywhere: 0..1.

    The mean of the highest `seconds` of presence, weighted by the mixture's energy, so that what a
    network dreams of in near-silence counts for little. 0 for a silent song.

    Parameters
    ----------
    presence : the curve.
    levels : mean square of the mixture in each frame.
    """
    values = presence.values
    highest = _highest(values, max(1, round(seconds / presence.step)))
    weights = np.asarray(levels[highest], np.float64)
    total = float(weights.sum())
    return float(weights @ values[highest]) / total if total > 0 else 0.0


def song_is_absent(presence: Presence, levels: npt.NDArray[np.floating], settings: PresenceSettings) -> bool:
    """Whether the target sounds nowhere in the song; see `presence_score` and `PresenceSettings`.

    In silence nothing does, whatever the model knows of absence.
    """
    if settings.threshold is None:
        return not levels.any()
    return presence_score(presence, levels, settings.seconds) < settings.threshold


def _highest(values: Float32, count: int) -> npt.NDArray[np.intp]:
    """Places of the highest values; of equal ones those that come first."""
    if count >= len(values):
        return np.arange(len(values))
    least = np.partition(values, -count)[-count]
    above = np.flatnonzero(values > least)
    return np.concatenate([above, np.flatnonzero(values == least)[: count - len(above)]])


class FrameMeans:
    """Means of a signal over frames of equal length, taken while it goes by; the last may be shorter.

    Parameters
    ----------
    hop : samples of a frame.
    """

    def __init__(self, hop: int) -> None:
        self._hop = hop
        # One buffer that grows: thousands of small arrays would lie scattered between large ones.
        self._made = array("f")
        self._sum, self._count = 0.0, 0

    def push(self, values: npt.NDArray[np.floating]) -> None:
        """Take the next samples, shape (n,)."""
        first = min(self._hop - self._count, len(values))
        self._sum += float(values[:first].sum(dtype=np.float64))
        self._count += first
        if self._count == self._hop:
            whole = (len(values) - first) // self._hop
            rows = values[first : first + whole * self._hop].reshape(whole, self._hop)
            means = np.concatenate([[self._sum / self._hop], rows.mean(axis=1, dtype=np.float64)])
            self._made.frombytes(means.astype(np.float32).tobytes())
            left = values[first + whole * self._hop :]
            self._sum, self._count = float(left.sum(dtype=np.float64)), len(left)

    def finish(self) -> Float32:
        """The mean of each frame, float32 (frames,)."""
        if self._count:
            self._made.append(self._sum / self._count)
            self._count = 0
        return np.array(self._made, np.float32)
