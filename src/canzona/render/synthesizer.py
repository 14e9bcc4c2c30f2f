"""Notes to stereo sound, block by block: an instrument, its place before the listener, a room.

A note is added to the block in which it begins and hangs over into those that follow; what
hangs over, and the echo of the room, are all that is carried, so length never sets memory.
The room is an impulse response of early reflections and noise that decays faster the higher
it is, different for each ear, laid over the sound by FFT.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from canzona.render.instruments import Instrument, Player, Struck
from canzona.render.performance import Sounding

Stereo = npt.NDArray[np.float32]
_Array = npt.NDArray[np.float64]

BLOCK = 1 << 16
"""Samples of a block."""

TAIL_SECONDS = 1.6
"""Seconds of sound after the last note's end."""

ROOM_SECONDS = 1.1
"""Seconds in which the room's echo falls by 60 dB at 500 Hz."""

_FFT_SIZE = 2 * BLOCK
_REFLECTIONS = (
    (0.011, 0.5, 0.3),
    (0.017, 0.25, 0.45),
    (0.023, 0.34, 0.2),
    (0.031, 0.16, 0.3),
    (0.041, 0.22, 0.15),
)
"""Early reflections: seconds, level at the left ear, level at the right."""


def length_of(notes: Sequence[Sounding], sample_rate: int) -> int:
    """Samples of the sound of the notes, tail included."""
    return round((max(note.onset + note.duration for note in notes) + TAIL_SECONDS) * sample_rate)


def synthesize(notes: Sequence[Sounding], instrument: Instrument, sample_rate: int) -> Iterator[Stereo]:
    """Blocks of shape (2, up to 65536), float32; level as it comes, to be normalised.

    Parameters
    ----------
    notes : in order of onset, at least one.
    instrument : one of `instruments.INSTRUMENTS`.
    sample_rate : samples a second.
    """
    room = _Room(instrument.wet, sample_rate)
    total = length_of(notes, sample_rate)
    start = 0
    for dry in _dry_blocks(notes, Player(instrument, sample_rate), total):
        block = room.fill(dry)[:, : total - start]
        _fade_out(block, start, total, sample_rate)
        yield block.astype(np.float32)
        start += BLOCK


def _dry_blocks(notes: Sequence[Sounding], player: Player, total: int) -> Iterator[_Array]:
    waiting = np.zeros((2, BLOCK))
    place = 0
    for start in range(0, total, BLOCK):
        while (
            place < len(notes) and (onset := round(notes[place].onset * player.sample_rate)) < start + BLOCK
        ):
            note = notes[place]
            tone = player.sound(note)
            end = onset - start + len(tone)
            if end > waiting.shape[1]:
                waiting = np.concatenate([waiting, np.zeros((2, end - waiting.shape[1]))], axis=1)
            for ear, gain in enumerate(_balance(note.pitch, player.instrument)):
                waiting[ear, onset - start : end] += gain * tone
            place += 1
        yield waiting[:, :BLOCK].copy()
        left = waiting[:, BLOCK:]
        waiting = np.concatenate([left, np.zeros((2, max(0, BLOCK - left.shape[1])))], axis=1)


def _balance(pitch: float, instrument: Instrument) -> tuple[float, float]:
    """Gains of the two ears: strings lie from left to right as they do before the player."""
    width = 0.22 if isinstance(instrument, Struck) else 0.05
    angle = np.pi / 4 * (1 + width * np.clip((pitch - 69) / 18, -1, 1))
    return float(np.cos(angle)), float(np.sin(angle))


def _fade_out(block: _Array, start: int, total: int, sample_rate: int) -> None:
    """The last 200 ms go to zero, so that a file's end is no click."""
    fade = round(0.2 * sample_rate)
    place = np.arange(start, start + block.shape[1])
    block *= np.sin(np.pi / 2 * np.clip((total - 1 - place) / fade, 0, 1)) ** 2


class _Room:
    """Adds the echo of a small hall to a stream of blocks, by overlap-add."""

    def __init__(self, wet: float, sample_rate: int) -> None:
        self._spectra = _room_spectra(sample_rate)
        self._wet = wet
        self._echo = np.zeros((2, _FFT_SIZE - BLOCK))

    def fill(self, dry: _Array) -> _Array:
        """One block with the echo of itself and of all before it."""
        spectrum = np.fft.rfft(dry.mean(axis=0), _FFT_SIZE)
        echo = np.fft.irfft(spectrum * self._spectra, _FFT_SIZE, axis=1)
        echo[:, : self._echo.shape[1]] += self._echo
        self._echo = echo[:, BLOCK:].copy()
        return np.asarray(dry + self._wet * echo[:, :BLOCK])


@cache
def _room_spectra(sample_rate: int) -> npt.NDArray[np.complex128]:
    """Spectra of the room's impulse response for both ears, shape (2, bins); a response of unit energy."""
    count = min(round(1.3 * ROOM_SECONDS * sample_rate), BLOCK)
    time = np.arange(count) / sample_rate
    generator = np.random.default_rng(3)
    responses = np.zeros((2, count))
    frequencies = np.fft.rfftfreq(count, 1 / sample_rate)
    for ear in range(2):
        noise = np.fft.rfft(generator.normal(size=count))
        for low, high, length in ((120, 500, 1.1), (500, 2000, 1.0), (2000, 5000, 0.7), (5000, 9000, 0.4)):
            band = np.fft.irfft(noise * ((frequencies >= low) & (frequencies < high)), count)
            responses[ear] += band * 10 ** (-3 * time / (ROOM_SECONDS * length))
        responses[ear] *= 1 - np.exp(-time / 0.02)
        responses[ear] /= np.sqrt(np.sum(responses[ear] ** 2))
        for delay, *levels in _REFLECTIONS:
            if round(delay * sample_rate) < count:
                responses[ear, round(delay * sample_rate)] += levels[ear]
    return np.fft.rfft(responses, _FFT_SIZE, axis=1)
