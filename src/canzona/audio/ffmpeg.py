"""Reading what libsndfile does not know (M4A, the sound track of a video, WavPack ...) through ffmpeg.

ffmpeg and ffprobe are programs of their own, called where they are installed; samples come through a
pipe. Lossless tracks come as integers, so that they can be
given back exactly.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from canzona.audio.encoding import LOSSY, Encoding, Native, SoundInfo
from canzona.audio.tags import Tags
from canzona.errors import FormatError, MissingDependencyError

_LOSSLESS = ("alac", "ape", "flac", "mlp", "shorten", "tak", "truehd", "tta", "wavpack", "wmalossless")
_INTEGERS = {"u8": 8, "s16": 16, "s32": 32}
_FRAMES_A_READ = 1 << 14
_SECONDS_TO_PROBE = 60

# Only local files: a playlist or an odd name shall not make ffmpeg fetch anything.
_LOCAL = ("-protocol_whitelist", "file,pipe")

_NAMES = (
    ".3gp .aac .ac3 .amr .ape .asf .avi .dts .eac3 .flv .m2ts .m4a .m4b .m4v .mka .mkv .mov .mp2 .mp4 .mpc "
    ".mpeg .mpg .mts .ogv .ra .rm .spx .tak .ts .tta .vob .webm .wma .wmv .wv"
)
SUFFIXES = frozenset(_NAMES.split())
"""Endings of files that need ffmpeg, for a sentence that says so where it is missing."""


def require_ffmpeg(name: str) -> None:
    """Raise MissingDependencyError, naming a file that needs it, where ffmpeg is not installed."""
    if not installed():
        raise MissingDependencyError(
            f"{name} is read through the programs ffmpeg and ffprobe, which are not installed",
            hint="install ffmpeg (https://ffmpeg.org; apt, brew and winget call it so) or give a wav or flac",
        )


def installed() -> bool:
    """Whether ffmpeg and ffprobe are found on the path."""
    return shutil.which("ffmpeg") is not None and shutil.which("ffprobe") is not None


def inspect(path: Path, track: int = 0) -> SoundInfo | None:
    """What ffprobe says about a sound track of a file, counted from 0; None where it cannot read the file.

    Raises
    ------
    FormatError : the file holds pictures or words and no sound, or fewer tracks.
    """
    asked = (
        "format=duration:format_tags=title,artist:stream=codec_name,sample_fmt,sample_rate,channels,"
        "bits_per_raw_sample,duration:stream_tags=title,artist"
    )
    command = ["ffprobe", "-v", "error", *_LOCAL, "-select_streams", "a", "-show_entries", asked]
    command += ["-of", "json", "-i", _url(path)]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_SECONDS_TO_PROBE
        )
        found = json.loads(done.stdout or b"{}")
    except (ValueError, subprocess.TimeoutExpired):
        return None
    if done.returncode or "streams" not in found:
        return None
    if not found["streams"]:
        raise FormatError("holds no sound track", source=str(path), hint="give a file with sound")
    if track >= (count := len(found["streams"])):
        raise FormatError(
            f"has {count} sound tracks, and track {track} (from 0) is asked for",
            source=str(path),
            hint="a MUSDB18 file has five: mixture, drums, bass, other, vocals",
        )
    facts = found["streams"][track]
    readable = int(facts.get("sample_rate", 0)) and int(facts.get("channels", 0))
    return _info(path, facts, found.get("format", {})) if readable else None


def decode(path: Path, info: SoundInfo, start: int, track: int = 0) -> Generator[Native, None, None]:
    """Native samples of a track from the frame `start` on, shape (channels, n), until the end."""
    command = ["ffmpeg", "-v", "error", "-nostdin", *_LOCAL, "-i", _url(path), "-map", f"0:a:{track}"]
    if start:
        # By sample and not by time: a jump in a lossy file lands a little off.
        command += ["-af", f"atrim=start_sample={start}"]
    command += ["-ar", str(info.sample_rate), "-ac", str(info.channels)]
    command += ["-f", "s32le" if info.encoding.kind == "integer" else "f32le", "pipe:1"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield from _samples(process, info)
        finally:
            process.kill()


def _samples(process: subprocess.Popen[bytes], info: SoundInfo) -> Iterator[Native]:
    frame = 4 * info.channels
    shift = 32 - info.encoding.bits
    while process.stdout is not None and (data := process.stdout.read(_FRAMES_A_READ * frame)):
        data = data[: len(data) // frame * frame]
        held = np.frombuffer(data, "<i4" if info.encoding.kind == "integer" else "<f4")
        block: Native = np.ascontiguousarray(held.reshape(-1, info.channels).T, info.encoding.dtype)
        yield block >> shift if shift else block


def _info(path: Path, track: dict[str, Any], file: dict[str, Any]) -> SoundInfo:
    rate = int(track["sample_rate"])
    seconds = track.get("duration") or file.get("duration")
    words = {
        key.lower(): value for part in (track, file) for key, value in part.get("tags", {}).items() if value
    }
    return SoundInfo(
        name=str(path),
        sample_rate=rate,
        channels=int(track["channels"]),
        encoding=_encoding(track),
        frames=round(float(seconds) * rate) if seconds else None,
        exact=False,
        tags=Tags(words.get("title", ""), words.get("artist", "")),
    )


def _encoding(track: dict[str, Any]) -> Encoding:
    codec, form = str(track.get("codec_name", "")), str(track.get("sample_fmt", "")).removesuffix("p")
    if form in _INTEGERS and (codec in _LOSSLESS or codec.startswith("pcm_")):
        bits = int(track.get("bits_per_raw_sample") or 0) or _INTEGERS[form]
        return Encoding("integer", min(n for n in (8, 16, 24, 32) if n >= min(bits, _INTEGERS[form])))
    return LOSSY


def _url(path: Path) -> str:
    """The file's name, in a way that no name can be taken for an option or a network address."""
    return f"file:{path.resolve()}"
