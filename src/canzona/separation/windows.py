"""A network of fixed windows over a song of any length: overlap, crossfade, add.

Windows stand at fixed positions of the song, whatever the blocks that the song arrives in: the
k-th begins at k * (length - fade) samples and fades over into the next for `fade` samples, so any
two ways of reading give the same estimate. Only one window and one fade are held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from canzona.errors import UsageError

LOWEST_LEVEL = 1e-4
"""RMS of a window under which the mixture is not brought to level 1 for the network."""

Samples = npt.NDArray[np.float32]
Estimate = Callable[[Samples], Samples]
"""From a mixture, shape (2, n), to the target in it, of the same shape."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Where the windows of a network stand.

    Attributes
    ----------
    length : samples of a window.
    fade : samples over which a window gives way to the next, at most half of `length`.
    """

    length: int
    fade: int

    def __post_init__(self) -> None:
        """Refuse windows that do not reach into one another, or into the one after the next."""
        if not 0 < self.fade <= self.length // 2:
            raise UsageError(
                f"windows of {self.length} samples cannot fade over {self.fade}",
                hint="fade over one sample or more, and at most half a window",
            )

    @property
    def hop(self) -> int:
        """Samples from the start of a window to the start of the next."""
        return self.length - self.fade


def overlap_add(blocks: Iterable[Samples], estimate: Estimate, windows: Windows) -> Iterator[Samples]:
    """The estimate of a whole song, in pieces, as long together as the blocks.

    Parameters
    ----------
    blocks : the mixture, arrays of shape (channels, any number of samples).
    estimate : called with each window, the last of which may be shorter than the others.

    Yields
    ------
    Arrays of shape (channels, n): about one a window.
    """
    rise = _rise(windows.fade)
    tail: Samples | None = None
    for window, is_last in _windows(blocks, windows):
        found = np.array(estimate(window), np.float32)
        if tail is not None:
            # The last window reaches at least to the end of the fade: `_windows` sees to that.
            found[:, : windows.fade] = found[:, : windows.fade] * rise + tail * (1 - rise)
        if is_last:
            yield found
            return
        # A view would keep the whole estimate while the network hears the next window.
        tail = found[:, windows.hop :].copy()
        yield found[:, : windows.hop]
        del found


def _windows(blocks: Iterable[Samples], windows: Windows) -> Iterator[tuple[Samples, bool]]:
    """Each window with whether it is the last. What follows a full window is more than its fade."""
    held: Samples | None = None
    for block in blocks:
        held = block if held is None else np.concatenate([held, block], axis=1)
        while held.shape[1] > windows.length:
            yield held[:, : windows.length], False
            held = held[:, windows.hop :]
    if held is not None and held.shape[1]:
        yield held, True


def _rise(samples: int) -> Samples:
    """Weights of the later window, shape (samples,): a raised cosine; with those of the earlier, one."""
    phase = (np.arange(samples, dtype=np.float64) + 0.5) / samples
    return (0.5 - 0.5 * np.cos(np.pi * phase)).astype(np.float32)
