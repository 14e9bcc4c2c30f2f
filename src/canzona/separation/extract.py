"""`extract`: a song in, its stems out, held in memory. Files of any length go through `song` and `batch`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from canzona.audio.encoding import Encoding, Native, SoundInfo
from canzona.audio.reading import SoundSource, open_sound
from canzona.errors import FormatError, UnsupportedError, UsageError
from canzona.score.provenance import Provenance
from canzona.separation.model import DEFAULT, SeparationModel
from canzona.separation.presence import song_is_absent
from canzona.separation.provenance import provenance_of
from canzona.separation.report import check_span, is_number, length_of, span
from canzona.separation.separation import Separation
from canzona.separation.song import Watch
from canzona.separation.stream import BLOCK, Listener, heard_pieces

Progress = Callable[[float, float], None]
"""Called with how much is done, 0..1, and how many seconds are left, as far as one can tell."""


def extract(
    source: str | os.PathLike[str] | npt.NDArray[np.number],
    *,
    sample_rate: int | None = None,
    model: str | Path | SeparationModel | None = None,
    start: float | None = None,
    end: float | None = None,
    progress: Progress | None = None,
    cancel: Callable[[], bool] | None = None,
    device: str | None = None,
) -> Separation:
    """Take the synthesizer out of a mix.

    The song and what is found in it are held in memory: a minute of stereo at 44.1 kHz takes 64 MB meanwhile
    and 42 MB then, and as much again for both stems once they are looked at. `canzona extract` writes songs
    of any length.

    Parameters
    ----------
    source : a sound file; or samples of shape (channels, n) or (n,), mono or stereo: floats of full scale
        1.0, or int16 or int32.
    sample_rate : of samples, in Hz; a file says its own.
    model : name or folder, or a model that is open; None for the default.
    start, end : seconds between which the song is taken.
    progress : called with how much is done (0..1) and the seconds that are left: after each window where the
        file tells its length, and at the end.
    cancel : asked at each window whether to stop.
    device : 'cpu' or 'cuda'; a model that is open has its own.

    Returns
    -------
    The stems, of the input's rate, channels and length.

    Raises
    ------
    FormatError, UnsupportedError : the sound cannot be read, is empty, or has more than two channels.
    UsageError : samples of another shape or type, no sample rate, times that make no part of a song, or
        another argument that makes no sense.
    ModelError : there is no such model, or it is damaged.
    CanzonaError : it was cancelled.
    """
    check_span(start, end)
    opened = _opened(model, device)
    watch = Watch(_timed(progress), cancel)
    if isinstance(source, np.ndarray):
        made = provenance_of(None, opened.folder, start, end)
        return _extracted(_from_samples(source, sample_rate), "song", opened, made, watch)
    if not isinstance(source, str | os.PathLike):
        raise UsageError(
            f"a {type(source).__name__} is no song",
            hint="give a file, or a NumPy array of shape (channels, n), as numpy.asarray makes it",
        )
    if sample_rate is not None:
        raise UsageError("a file says its own sample rate", hint="leave sample_rate out")
    path = Path(source)
    made = provenance_of(path, opened.folder, start, end)
    with open_sound(path) as sound:
        return _extracted(sound, path.stem, opened, made, watch)


def _opened(model: str | Path | SeparationModel | None, device: str | None) -> SeparationModel:
    if not isinstance(model, str | os.PathLike | SeparationModel | None):
        raise UsageError(f"a {type(model).__name__} is no model", hint="give its name or folder")
    if not isinstance(model, SeparationModel):
        return SeparationModel.open(DEFAULT if model is None else model, device=device)
    if device not in (None, model.device):
        raise UsageError(f"the model is open on '{model.device}'", hint="leave device out")
    return model


def _extracted(
    sound: SoundSource,
    name: str,
    model: SeparationModel,
    made: Provenance,
    watch: Watch,
) -> Separation:
    start = made.options.get("start", 0.0)
    first, last = span(start, made.options.get("end"), sound.sample_rate)
    watch.total = length_of(sound, first, last)
    listener = Listener(model, first / sound.sample_rate)
    encoding = sound.encoding
    blocks = sound.blocks(BLOCK, first, last)
    mixture: list[Native] = [np.zeros((sound.channels, 0), encoding.dtype)]
    estimate: list[npt.NDArray[np.float32]] = [np.zeros((sound.channels, 0), np.float32)]
    done = 0
    for piece in heard_pieces(blocks, encoding, sound.sample_rate, model, listener):
        mixture.append(piece.mixture)
        estimate.append(piece.estimate)
        done += piece.mixture.shape[1]
        watch.moved(done)
    if not done:
        raise FormatError(f"has nothing after {start:g} s", source=sound.name, hint="start earlier")
    presence, levels = listener.finish()
    found = _whole(estimate)
    if absent := song_is_absent(presence, levels, model.presence):
        presence = presence.nowhere()
        found = np.broadcast_to(np.float32(0), (sound.channels, done))
    watch.ended()
    return Separation(
        _whole(mixture), found, sound.sample_rate, presence, "absent" if absent else "done", name, sound.tags,
        made, model.stems, encoding, tuple(filter(None, [sound.warning])),
    )  # fmt: skip


def _whole(pieces: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """The pieces joined; the list is emptied, so that nothing is held twice for longer than that takes."""
    joined = np.concatenate(pieces, axis=1)
    pieces.clear()
    return joined


def _from_samples(samples: npt.NDArray[np.number], sample_rate: int | None) -> SoundSource:
    """Samples in memory, as a source like any other."""
    if sample_rate is None:
        raise UsageError("samples do not say their rate", hint="give sample_rate, such as 44100")
    if not is_number(sample_rate) or sample_rate % 1 or sample_rate < 1:
        raise UsageError(f"{sample_rate!r} is no sample rate", hint="give whole Hz, such as 44100")
    held = samples[None] if samples.ndim == 1 else samples
    if held.ndim != 2 or not held.shape[0]:
        raise UsageError(
            f"samples of shape {samples.shape} are no sound", hint="give (channels, n), or (n,) for mono"
        )
    if len(held) > 2:
        hint = "give (channels, n): turn them with .T" if held.shape[1] <= 2 else "mix them down first"
        raise UnsupportedError(f"{len(held)} channels are not mono or stereo", hint=hint)
    encodings = {
        "int16": Encoding("integer", 16), "int32": Encoding("integer", 32),
        "float16": Encoding("float", 32), "float32": Encoding("float", 32), "float64": Encoding("float", 64),
    }  # fmt: skip
    encoding = encodings.get(samples.dtype.name)
    if encoding is None:
        raise UsageError(f"samples of the type {samples.dtype} are no sound", hint="give floats or int16")
    native = np.asarray(held, encoding.dtype)
    info = SoundInfo("the array", int(sample_rate), len(native), encoding, native.shape[1])

    def decode(start: int) -> Generator[Native, None, None]:
        yield from (native[:, at : at + BLOCK] for at in range(start, native.shape[1], BLOCK))

    return SoundSource(info, decode)


def _timed(progress: Progress | None) -> Callable[[float], None] | None:
    """A callback that tells the seconds left too, from the seconds gone."""
    if progress is None:
        return None
    begun = time.perf_counter()

    def tell(done: float) -> None:
        gone = time.perf_counter() - begun
        progress(done, gone * (1 - done) / done if done else 0.0)

    return tell
