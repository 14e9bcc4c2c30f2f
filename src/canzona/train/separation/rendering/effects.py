"""Effects on a stem, each a function of samples and numbers: float32 of shape (2, samples) in and out.

Convolutions and filters go through the spectrum of the whole stem (a song of under a minute).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from canzona.train.separation.rendering.host import SAMPLE_RATE

Sound = npt.NDArray[np.float32]


def reverb(sound: Sound, seconds: float, wet: float, damping: float, seed: int) -> Sound:
    """Noise that decays by 60 dB in `seconds`, after a few early echoes; other noise on each side.

    Parameters
    ----------
    wet : share of the room, 0..1.
    damping : Hz above which the room answers less, falling as it decays.
    seed : of the noise.
    """
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tail: npt.NDArray[np.floating] = random.normal(size=(2, len(time))) * 10 ** (-3 * time / seconds)
    tail[:, : int(0.012 * SAMPLE_RATE)] = 0
    for at in random.uniform(0.004, 0.06, 7):
        tail[int(random.integers(2)), int(at * SAMPLE_RATE)] += 6 * (1 - at / 0.08)
    tail = _weighted(tail, _low_pass_weight(2 * len(time), damping, 1))
    tail /= np.sqrt((tail**2).sum(axis=1, keepdims=True))
    return (1 - 0.5 * wet) * sound + np.float32(wet) * _convolved(sound, tail.astype(np.float32))


def echo(sound: Sound, delay: float, feedback: float, wet: float) -> Sound:
    """Echoes that go from side to side.

    Parameters
    ----------
    delay : seconds between echoes.
    feedback : each echo against the one before, 0..0.8.
    wet : the first echo against the sound.
    """
    out = sound.copy()
    middle = sound.mean(axis=0)
    step = max(1, round(delay * SAMPLE_RATE))
    gain, at, side = wet, step, 0
    while gain > 0.01 and at < sound.shape[1]:
        out[side, at:] += np.float32(gain) * middle[: sound.shape[1] - at]
        gain, at, side = gain * feedback, at + step, 1 - side
    return out


def chorus(sound: Sound, rate: float, depth: float, wet: float) -> Sound:
    """A copy whose delay wavers, in opposite phase on each side.

    Parameters
    ----------
    rate : Hz.
    depth : milliseconds by which the delay wavers.
    wet : the copy against the sound, 0..1.
    """
    index = np.arange(sound.shape[1], dtype=np.float64)
    swing = np.sin(2 * np.pi * rate * index / SAMPLE_RATE) * depth / 1000 * SAMPLE_RATE
    middle = (0.008 + depth / 1000) * SAMPLE_RATE
    out = np.empty_like(sound)
    for side, sign in enumerate((1, -1)):
        place = np.maximum(index - middle - sign * swing, 0)
        whole = place.astype(np.int64)
        part = (place - whole).astype(np.float32)
        following = np.minimum(whole + 1, sound.shape[1] - 1)
        copy = sound[side][whole] * (1 - part) + sound[side][following] * part
        out[side] = (sound[side] + np.float32(wet) * copy) / np.float32(1 + 0.5 * wet)
    return out


def drive(sound: Sound, amount: float) -> Sound:
    """Soft saturation by tanh at twice the rate, after the peak is brought to `amount` (1..12)."""
    import soxr

    peak = float(np.abs(sound).max())
    if not peak:
        return sound
    twice = soxr.resample(sound.T, SAMPLE_RATE, 2 * SAMPLE_RATE, "HQ")
    bent = np.tanh(twice * np.float32(amount / peak)) * np.float32(peak / np.tanh(amount))
    back = np.zeros_like(sound)
    once = soxr.resample(bent, 2 * SAMPLE_RATE, SAMPLE_RATE, "HQ").T[:, : sound.shape[1]]
    back[:, : once.shape[1]] = once
    return back


def tremolo(sound: Sound, rate: float, depth: float, spread: float) -> Sound:
    """The level wavers `rate` times a second down to 1 - `depth`; `spread` (0..1) parts the sides' phase."""
    time = np.arange(sound.shape[1]) / SAMPLE_RATE
    phase = 2 * np.pi * rate * time
    sides = np.stack([np.sin(phase), np.sin(phase + np.pi * spread)])
    return sound * (1 - depth * (0.5 + 0.5 * sides)).astype(np.float32)


def low_pass(sound: Sound, frequency: float, order: int) -> Sound:
    """Less above a frequency in Hz; 6 dB an octave and order."""
    return _weighted(sound, _low_pass_weight(_size(sound), frequency, order)).astype(np.float32)


def high_pass(sound: Sound, frequency: float, order: int) -> Sound:
    """Less below a frequency in Hz; 6 dB an octave and order."""
    bins = np.fft.rfftfreq(_size(sound), 1 / SAMPLE_RATE)
    weight = 1 / np.sqrt(1 + (frequency / np.maximum(bins, 1e-3)) ** (2 * order))
    return _weighted(sound, weight).astype(np.float32)


def tilt(sound: Sound, decibels: float) -> Sound:
    """So many dB an octave more above 1 kHz and less below, up to four octaves away."""
    bins = np.fft.rfftfreq(_size(sound), 1 / SAMPLE_RATE)
    octaves = np.clip(np.log2(np.maximum(bins, 1.0) / 1000), -4, 4)
    return _weighted(sound, 10 ** (decibels * octaves / 20)).astype(np.float32)


def place(sound: Sound, width: float, pan: float) -> Sound:
    """The sides' difference times `width` (0 is mono), then all moved to `pan` (-1..1) at equal power."""
    middle, side = (sound[0] + sound[1]) / 2, (sound[0] - sound[1]) / 2 * np.float32(width)
    angle = (pan + 1) * np.pi / 4
    gains = np.float32(np.sqrt(2)) * np.array([np.cos(angle), np.sin(angle)], np.float32)
    return np.stack([(middle + side) * gains[0], (middle - side) * gains[1]])


def duck(sound: Sound, onsets: npt.NDArray[np.float64], depth: float, seconds: float) -> Sound:
    """Sidechain: at each onset (in seconds) the level falls to 1 - `depth` and comes back in `seconds`."""
    gain = np.ones(sound.shape[1], np.float32)
    length = round(3 * seconds * SAMPLE_RATE)
    dip = (1 - depth * np.exp(-np.arange(length) / (seconds * SAMPLE_RATE))).astype(np.float32)
    attack = round(0.003 * SAMPLE_RATE)
    dip[:attack] = np.linspace(1, dip[attack], attack)
    for onset in onsets:
        start = round(onset * SAMPLE_RATE)
        stretch = gain[start : start + length]
        np.minimum(stretch, dip[: len(stretch)], out=stretch)
    return sound * gain


def _size(sound: npt.NDArray[np.floating]) -> int:
    """A length at which nothing wraps around and the transform is quick."""
    return _quick(sound.shape[-1] + SAMPLE_RATE // 2)


def _quick(length: int) -> int:
    """The next product of 2, 3 and 5, for the Fourier transform."""
    best = 1 << (length - 1).bit_length()
    for five in (1, 5, 25, 125):
        for three in (1, 3, 9, 27):
            odd = five * three
            best = min(best, odd << max(0, (-(-length // odd) - 1).bit_length()))
    return best


def _low_pass_weight(size: int, frequency: float, order: int) -> npt.NDArray[np.float64]:
    bins = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    weight: npt.NDArray[np.float64] = 1 / np.sqrt(1 + (bins / frequency) ** (2 * order))
    return weight


def _weighted(sound: npt.NDArray[np.floating], weight: npt.NDArray[np.float64]) -> npt.NDArray[np.floating]:
    size = 2 * (len(weight) - 1)
    spectrum = np.fft.rfft(sound, size) * weight.astype(sound.dtype)
    return np.fft.irfft(spectrum, size)[..., : sound.shape[-1]]


def _convolved(sound: Sound, response: npt.NDArray[np.float32]) -> Sound:
    size = _quick(sound.shape[1] + response.shape[1])
    spectrum = np.fft.rfft(sound, size) * np.fft.rfft(response, size)
    return np.fft.irfft(spectrum, size)[:, : sound.shape[1]].astype(np.float32)
