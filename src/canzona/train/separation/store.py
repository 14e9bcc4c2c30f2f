"""Songs decoded once and kept as 16-bit memory maps, so that training draws crops in microseconds.

A store is a folder: `index.json` with the sample rate and the songs in order, and for each song a
folder with

    sound.pcm      int16, little-endian, C order, shape (stems, frames, 2); each stem scaled to a
                   peak of 0.9 of full scale, silent stems 0
    activity.npy   float32 (stems, windows): RMS of each half second at the stem's own level
    song.json      name, classes, gains, licence, and the sources with their sizes and times of change

About 10 MB a minute and stem at 44.1 kHz. A song's folder takes its name when all is written, so a
build that was killed leaves no half song, and the next one goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from canzona.errors import FormatError, UsageError, WriteError
from canzona.files import make_folder, write_atomic
from canzona.train.separation.decoding import Signal
from canzona.train.separation.songs import Stem, StemSong
from canzona.train.separation.stored import (
    ACTIVITY,
    FACTS,
    INDEX,
    SOUND,
    VERSION,
    StoredSong,
    StoredTrack,
    as_json,
    damaged,
    read_store,
    stored_facts,
    stored_song,
)

__all__ = ["Store", "StoredSong", "StoredTrack", "activity_of", "build_store"]

PEAK = 0.9
"""Where the loudest sample of a stored stem lies, as a part of full scale."""

WINDOW = 0.5
"""Seconds that one value of a track's activity stands for."""

_FULL_SCALE = 32767
_SILENCE = 1e-7
_DRAFT = ".draft-"


class Store:
    """Decoded songs, read at random; open one with `Store.open`.

    It may be handed to other processes: they map the files themselves.

    Attributes
    ----------
    folder : where it lies.
    sample_rate : samples a second of every song.
    songs : what it holds, in the order in which it was built.
    """

    def __init__(self, folder: Path, sample_rate: int, songs: tuple[StoredSong, ...]) -> None:
        self.folder = folder
        self.sample_rate = sample_rate
        self.songs = songs
        self._maps: dict[int, npt.NDArray[np.int16]] = {}
        self._activities: dict[int, npt.NDArray[np.float32]] = {}

    @classmethod
    def open(cls, folder: str | Path) -> Store:
        """The store in a folder; FormatError where it holds no finished store, or a damaged one."""
        folder = Path(folder)
        return cls(folder, *read_store(folder))

    def __repr__(self) -> str:
        return f"Store({str(self.folder)!r}, {len(self.songs)} songs at {self.sample_rate} Hz)"

    def __reduce__(self) -> tuple[Any, ...]:
        """By folder and facts, without the maps."""
        return Store, (self.folder, self.sample_rate, self.songs)

    def crop(self, song: int, track: int, start: int, frames: int) -> Signal:
        """Part of a stem, at the stem's own level.

        Parameters
        ----------
        song, track : places in `songs` and in the song's `tracks`.
        start : the first sample; may lie before the beginning.
        frames : how many samples; those beyond the song's ends are 0.

        Returns
        -------
        float32 of shape (2, frames), a new array.

        Raises
        ------
        UsageError : there is no such song or track, or `frames` is less than 0.
        FormatError : the song's files have gone.
        """
        gain = self._track(song, track).gain
        if frames < 0:
            raise UsageError(f"a crop of {frames} samples cannot be read", hint="give 0 or more")
        out = np.zeros((2, frames), np.float32)
        first, last = max(start, 0), min(start + frames, self.songs[song].frames)
        if gain and first < last:
            held = self._map(song)[track, first:last]
            np.multiply(held.T, np.float32(gain / _FULL_SCALE), out=out[:, first - start : last - start])
        return out

    def activity(self, song: int, track: int) -> npt.NDArray[np.float32]:
        """RMS over both channels in each half second of a stem, from its beginning, at its own level.

        Returns
        -------
        float32 of shape (windows,), read-only; the last window may be shorter than half a second.

        Raises
        ------
        UsageError : there is no such song or track.
        FormatError : the song's files have gone.
        """
        tracks = len(self.songs[song].tracks) if self._track(song, track) else 0
        if song not in self._activities:
            path = self.songs[song].folder / ACTIVITY
            try:
                held: npt.NDArray[np.float32] = np.load(path, allow_pickle=False)
            except (OSError, ValueError, EOFError) as error:
                raise damaged(path) from error
            if held.ndim != 2 or len(held) != tracks:
                raise damaged(path)
            held.flags.writeable = False
            self._activities[song] = held
        found: npt.NDArray[np.float32] = self._activities[song][track]
        return found

    def _track(self, song: int, track: int) -> StoredTrack:
        if not 0 <= song < len(self.songs):
            raise UsageError(f"the store has no song {song}", hint=f"it has {len(self.songs)}, from 0")
        tracks = self.songs[song].tracks
        if not 0 <= track < len(tracks):
            named = self.songs[song].name
            raise UsageError(f"'{named}' has no track {track}", hint=f"it has {len(tracks)}, from 0")
        return tracks[track]

    def _map(self, song: int) -> npt.NDArray[np.int16]:
        if song not in self._maps:
            held = self.songs[song]
            shape = (len(held.tracks), held.frames, 2)
            try:
                self._maps[song] = np.memmap(held.folder / SOUND, np.dtype("<i2"), "r", shape=shape)
            except (OSError, ValueError) as error:
                raise damaged(held.folder / SOUND) from error
        return self._maps[song]


def build_store(
    songs: Sequence[StemSong],
    folder: str | Path,
    sample_rate: int = 44100,
    progress: Callable[[int, int], None] | None = None,
) -> Store:
    """Decode songs into a store; those that are there from the same sources are not decoded again.

    Of several processes one builds in a folder at a time, and the others wait. One stem at a time
    is held in memory, 21 MB a minute at 44.1 kHz. Songs that the folder holds from earlier and that
    are not given stay on disk, and are not in the store.

    Parameters
    ----------
    songs : of one dataset or several.
    folder : where the store goes; made if it is not there.
    sample_rate : samples a second that all songs are brought to.
    progress : called with (songs done, songs in all) after each song.

    Raises
    ------
    UsageError : there is no song, one has no stem, or the folder holds an `index.json` of something else.
    FormatError, UnsupportedError, MissingDependencyError : a stem cannot be read, as `StemSong.read`
        says. What is stored by then stays.
    WriteError : the folder cannot be written.
    """
    if not songs or not all(song.stems for song in songs):
        raise UsageError("there is no song to store, or one without stems", hint="give songs of a dataset")
    folder = make_folder(Path(folder))
    _refuse_foreign(folder / INDEX)
    keys: dict[str, None] = {}
    with _alone_in(folder):
        _remove_drafts(folder)
        for done, song in enumerate(songs, start=1):
            keys[key := _key(song)] = None
            _keep(song, folder / key, sample_rate)
            if progress is not None:
                progress(done, len(songs))
        index = {"canzona_store": VERSION, "sample_rate": sample_rate, "songs": list(keys)}
        write_atomic(folder / INDEX, as_json(index), force=True)
    return Store.open(folder)


@contextlib.contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """No other process builds in the folder meanwhile, where the file system knows locks."""
    from filelock import FileLock

    lock = FileLock(folder.with_name(f".{folder.name}.lock"))
    with contextlib.suppress(OSError, NotImplementedError):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _keep(song: StemSong, place: Path, rate: int) -> None:
    """See to it that a song's folder is there and true to its sources and labels."""
    sources = [_source(stem) for stem in song.stems]
    held = stored_facts(place)
    if stored_song(place, rate) is None or held.get("sources") != sources:
        _write_song(song, place, rate, sources)
        return
    facts = _described(song, rate, held["frames"], [track["gain"] for track in held["tracks"]], sources)
    if facts != held:
        write_atomic(place / FACTS, as_json(facts), force=True)


def _write_song(song: StemSong, place: Path, rate: int, sources: list[dict[str, Any]]) -> None:
    frames = song.length(rate)
    try:
        with tempfile.TemporaryDirectory(prefix=_DRAFT, dir=place.parent, ignore_cleanup_errors=True) as made:
            draft = Path(made) / place.name
            draft.mkdir()
            with (draft / SOUND).open("wb") as file:
                written = [_write_track(song.read_stem(stem, rate), rate, file) for stem in song.stems]
            np.save(draft / ACTIVITY, np.stack([activity for _, activity in written]))
            facts = _described(song, rate, frames, [gain for gain, _ in written], sources)
            (draft / FACTS).write_text(as_json(facts), encoding="utf-8")
            if place.exists():
                shutil.rmtree(place)
            draft.rename(place)
    except OSError as error:
        raise WriteError(
            f"'{song.name}' was not stored in {place.parent}: {_reason(error)}",
            hint="free some space or choose another folder; what is stored stays",
        ) from error


def _write_track(signal: Signal, rate: int, file: BinaryIO) -> tuple[float, npt.NDArray[np.float32]]:
    """Append a stem to the file; returns its gain and its activity."""
    peak = float(np.abs(signal).max(initial=0.0))
    gain = peak / PEAK if peak > _SILENCE else 0.0
    scale = np.float32(_FULL_SCALE / gain) if gain else np.float32(0)
    file.write(np.rint(signal.T * scale).astype("<i2").tobytes())
    return gain, activity_of(signal, rate)


def activity_of(signal: Signal, sample_rate: int) -> npt.NDArray[np.float32]:
    """RMS over both channels in each half second of a signal of shape (2, n), float32 of shape (windows,)."""
    size = max(round(WINDOW * sample_rate), 1)
    power = np.square(signal, dtype=np.float64).mean(axis=0)
    starts = np.arange(0, len(power), size)
    if not len(starts):
        return np.zeros(0, np.float32)
    lengths = np.diff(starts, append=len(power))
    return np.sqrt(np.add.reduceat(power, starts) / lengths).astype(np.float32)


def _described(
    song: StemSong, rate: int, frames: int, gains: list[float], sources: list[dict[str, Any]]
) -> dict[str, Any]:
    """What `song.json` says."""
    tracks = [
        {"name": stem.name, "class": stem.class_name, "gain": gain}
        for stem, gain in zip(song.stems, gains, strict=True)
    ]
    said = {"name": song.name, "layout": song.layout, "split": song.split}
    rights = {"licence": song.licence, "credit": song.credit}
    sound = {"sample_rate": rate, "frames": frames, "tracks": tracks, "sources": sources}
    return {"version": VERSION, **said, **rights, **sound}


def _source(stem: Stem) -> dict[str, Any]:
    """What tells whether a stem's file is still the one that was decoded."""
    try:
        state = stem.path.stat()
    except OSError as error:
        raise FormatError(f"cannot be read: {_reason(error)}", source=str(stem.path)) from error
    place = {"path": str(stem.path.resolve()), "stream": stem.stream}
    return {**place, "bytes": state.st_size, "modified_ns": state.st_mtime_ns}


def _key(song: StemSong) -> str:
    """A folder name that is safe everywhere and differs between songs of the same name."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", song.name).strip("-").lower()[:48]
    origin = f"{song.folder.resolve()}\n{song.name}".encode("utf-8", "surrogateescape")
    return f"{plain or 'song'}-{hashlib.sha256(origin).hexdigest()[:12]}"


def _refuse_foreign(index: Path) -> None:
    """Raise UsageError where the index of the folder is no store's."""
    try:
        ours = "canzona_store" in json.loads(index.read_bytes())
    except FileNotFoundError:
        return
    except (OSError, ValueError, TypeError):
        ours = False
    if not ours:
        raise UsageError(f"{index} is not of a store", hint="choose another folder")


def _remove_drafts(folder: Path) -> None:
    """What a build that was killed has left."""
    for draft in folder.glob(f"{_DRAFT}*"):
        with contextlib.suppress(OSError):
            shutil.rmtree(draft)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
