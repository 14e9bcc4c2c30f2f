"""Short-time spectra in NumPy: the STFT and its inverse, mel filters, log-mel.

Frame t is centred on sample t * hop, so frames and samples speak of the same moment; half a window is
put before the first and after the last sample. It is filled with zeros by default: silence is what
truly surrounds a song, and a sound of any length can be treated so. `padding="reflect"` mirrors the sound
instead, as torch.stft does by default.

The window is Hann's, periodic, for analysis and for synthesis; the inverse divides by the sum of the
squared windows over each sample (Griffin and Lim, 1984), so it gives the sound back.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from canzona.errors import UsageError

Float32 = npt.NDArray[np.float32]
Complex64 = npt.NDArray[np.complex64]

# Frames that are transformed at once: they stay in the processor's cache.
_BATCH = 64

# Slaney's mel scale (Auditory Toolbox, 1998): linear up to 1 kHz, then 27 steps to a factor of 6.4.
_LINEAR, _BEND, _STEP = 200 / 3, 1000.0, float(np.log(6.4)) / 27


def hann(size: int) -> Float32:
    """Hann's periodic window: shape (size,), 0 at the start, 1 in the middle."""
    window: Float32 = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)
    return window


def stft(
    samples: npt.NDArray[np.floating],
    size: int = 2048,
    hop: int = 512,
    *,
    padding: Literal["zeros", "reflect"] = "zeros",
) -> Complex64:
    """Short-time Fourier transform of a whole sound.

    Parameters
    ----------
    samples : shape (..., n), float.
    size : samples in a window, even.
    hop : samples from frame to frame, 1 to size / 2.
    padding : what stands before and after the sound, see above; 'reflect' needs n > size / 2.

    Returns
    -------
    complex64 of shape (..., size / 2 + 1, n // hop + 1), not scaled: a sine of amplitude a gives about
    a * size / 4 in its bin. It is held frame by frame, so that `istft` finds it in the order it needs.

    Raises
    ------
    UsageError : a size or hop out of range, no samples at all, or too few to reflect.
    """
    _check(size, hop)
    held = np.asarray(samples, np.float32)
    half = size // 2
    if padding == "reflect" and held.shape[-1] <= half:
        raise UsageError(
            f"sound of shape {held.shape} cannot be reflected", hint=f"give more than {half} samples"
        )
    edges = [(0, 0)] * (held.ndim - 1) + [(half, half)]
    padded = np.pad(held, edges, mode="reflect" if padding == "reflect" else "constant")
    frames = np.lib.stride_tricks.sliding_window_view(padded, size, axis=-1)[..., ::hop, :]
    spectrum = np.empty((*frames.shape[:-1], half + 1), np.complex64)
    window = hann(size)
    for place in np.ndindex(frames.shape[:-2]):
        for at in range(0, frames.shape[-2], _BATCH):
            part = frames[place][at : at + _BATCH] * window
            spectrum[place][at : at + _BATCH] = np.fft.rfft(part, axis=-1)
    return spectrum.swapaxes(-1, -2)


def istft(spectrum: npt.NDArray[Any], hop: int = 512, *, length: int | None = None) -> Float32:
    """The sound of a spectrum, the inverse of `stft` with the same hop and either padding.

    Up to a hop of a quarter of the window each sample comes back within float32's precision; up to half of
    it, those up to the last frame's centre do: one window alone fades out over what follows.

    Parameters
    ----------
    spectrum : shape (..., size / 2 + 1, frames), complex.
    hop : samples from frame to frame, 1 to size / 2.
    length : samples to return; None takes (frames - 1) * hop, which are those that all frames agree on.
        What lies beyond the last window is zero.

    Returns
    -------
    float32 of shape (..., length). A spectrum that was changed gives the sound whose spectrum is nearest
    to it by least squares.

    Raises
    ------
    UsageError : a shape, hop or length out of range.
    """
    if spectrum.ndim < 2 or spectrum.shape[-1] < 1:
        raise UsageError(
            f"a spectrum of shape {spectrum.shape} has no sound", hint="give (..., bins, frames)"
        )
    bins, count = spectrum.shape[-2:]
    size = 2 * (bins - 1)
    _check(size, hop)
    wanted = (count - 1) * hop if length is None else length
    if wanted < 0:
        raise UsageError(f"{wanted} samples cannot be made")
    outer = spectrum.shape[:-2]
    reach = -(-size // hop)
    made = np.zeros((*outer, count + reach - 1, hop), np.float32)
    window = hann(size)
    for place in np.ndindex(outer):
        for at in range(0, count, _BATCH):
            part = spectrum[place][:, at : at + _BATCH].T
            frames = np.fft.irfft(np.ascontiguousarray(part, np.complex64), size, axis=-1) * window
            _add(made[place][at:], np.asarray(frames, np.float32), hop)
    _level(made, size, hop, count)
    sound = made.reshape(*outer, -1)[..., size // 2 :][..., :wanted]
    return np.pad(sound, [(0, 0)] * len(outer) + [(0, wanted - sound.shape[-1])])


def _check(size: int, hop: int) -> None:
    if size < 2 or size % 2 or not 1 <= hop <= size // 2:
        raise UsageError(
            f"a window of {size} samples with a hop of {hop} cannot be turned back",
            hint="give an even window and a hop of at most half of it",
        )


def _add(rows: Float32, frames: Float32, hop: int) -> None:
    """Overlap-add: frame t onto rows t, t + 1, ..., each `hop` samples long; all frames at once."""
    for row, at in enumerate(range(0, frames.shape[1], hop)):
        part = frames[:, at : at + hop]
        rows[row : row + len(frames), : part.shape[1]] += part


@lru_cache(maxsize=16)
def _gains(size: int, hop: int, count: int) -> Float32:
    """One over the sum of the squared windows of `count` frames, in rows of `hop` samples."""
    total = np.zeros((count + -(-size // hop) - 1, hop), np.float32)
    _add(total, np.broadcast_to(hann(size) ** 2, (count, size)), hop)
    total[total < 1e-8] = 1  # where no window reaches there is nothing to raise
    return np.reciprocal(total)


def _level(rows: Float32, size: int, hop: int, count: int) -> None:
    """Divide by the sum of the squared windows, in place; all rows between the two edges are alike."""
    reach = -(-size // hop)
    gains = _gains(size, hop, min(count, 2 * reach))
    if count <= 2 * reach:
        rows *= gains
        return
    after = len(gains) - reach
    rows[..., :reach, :] *= gains[:reach]
    rows[..., reach:-after, :] *= gains[reach]
    rows[..., -after:, :] *= gains[-after:]


def mel_filters(
    sample_rate: int,
    size: int = 2048,
    bands: int = 128,
    *,
    low: float = 0.0,
    high: float | None = None,
    scale: Literal["slaney", "htk"] = "slaney",
    area: bool = True,
) -> Float32:
    """Triangular filters at equal distances on the mel scale, for spectra of `stft`.

    Parameters
    ----------
    sample_rate : in Hz.
    size : samples in a window.
    bands : number of filters.
    low, high : lowest and highest frequency in Hz; None takes half the sample rate.
    scale : Slaney's scale, linear up to 1 kHz, or HTK's 2595 log10(1 + f / 700).
    area : divide each filter by its width in Hz, so that white noise gives each band the same; otherwise
        each filter is 1 at its middle.

    Returns
    -------
    float32 of shape (bands, size / 2 + 1). A band narrower than the bins are apart may be empty.

    Raises
    ------
    UsageError : no band, or frequencies out of range.
    """
    top = sample_rate / 2 if high is None else high
    if bands < 1 or not 0 <= low < top <= sample_rate / 2:
        raise UsageError(
            f"{bands} mel bands from {low:g} to {top:g} Hz cannot be made",
            hint=f"give frequencies up to {sample_rate / 2:g} Hz",
        )
    ends = np.linspace(_mel(low, scale), _mel(top, scale), bands + 2)
    corners = _hertz(ends, scale)[:, None]
    places = np.arange(size // 2 + 1) * (sample_rate / size)
    rising = (places - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - places) / (corners[2:] - corners[1:-1])
    filters = np.maximum(0, np.minimum(rising, falling))
    if area:
        filters *= 2 / (corners[2:] - corners[:-2])
    made: Float32 = filters.astype(np.float32)
    return made


def log_mel(spectrum: Complex64, filters: Float32, *, floor: float = 1e-10) -> Float32:
    """Power in mel bands, in decibels.

    Parameters
    ----------
    spectrum : shape (..., bins, frames), of `stft`.
    filters : shape (bands, bins), of `mel_filters`.
    floor : power below which nothing is told apart; the default is -100 dB.

    Returns
    -------
    float32 of shape (..., bands, frames): 10 log10(max(power, floor)), against nothing but 1.

    Raises
    ------
    UsageError : the filters are for another number of bins.
    """
    if spectrum.ndim < 2 or filters.shape[-1] != spectrum.shape[-2]:
        raise UsageError(
            f"filters of shape {filters.shape} do not fit a spectrum of shape {spectrum.shape}",
            hint="make them for the same window",
        )
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    levels: Float32 = 10 * np.log10(np.maximum(filters @ power, np.float32(floor)))
    return levels


def _mel(hertz: float, scale: str) -> float:
    if scale == "htk":
        return float(2595 * np.log10(1 + hertz / 700))
    if hertz < _BEND:
        return hertz / _LINEAR
    return _BEND / _LINEAR + float(np.log(hertz / _BEND)) / _STEP


def _hertz(mel: npt.NDArray[np.float64], scale: str) -> npt.NDArray[np.float64]:
    if scale == "htk":
        return 700 * (10 ** (mel / 2595) - 1)
    bend = _BEND / _LINEAR
    return np.where(mel < bend, mel * _LINEAR, _BEND * np.exp(_STEP * (np.maximum(mel, bend) - bend)))
