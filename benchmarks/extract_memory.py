#!/usr/bin/env python3
"""Peak memory of `canzona extract` on ten hours of music (bar: 500 MB), beside two minutes of it.

usage: extract_memory.py [--hours H] [--model NAME|DIR] [--work DIR] [--json]

Writes a stereo WAV of 16 bits block by block (ten hours: 6.4 GB, RF64), takes its synth stem in a process
of its own, with the curve of presence, and reads the largest resident size that the system saw; 13 GB of
disk are needed meanwhile. --model filter takes a short filter in the place of a network, so that ten hours
take minutes: memory is then that of reading, windows, filters and writing. The stem has to be whole, and
one beyond 4 GB an RF64 file.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from canzona.audio.encoding import Encoding
from canzona.audio.formats import SoundFormat
from canzona.audio.writing import Target, open_target
from canzona.models import save_folder

BAR_MB = 500
LIMIT_SECONDS = 3600
RATE = 44100
SHORT_MINUTES = 2.0

SOURCE = Path(__file__).resolve().parent.parent / "src"


LAUNCHER = """
import json, os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
_, status, usage = os.wait4(child.pid, 0)
child.returncode = os.waitstatus_to_exitcode(status)
print(json.dumps([child.returncode, usage.ru_maxrss]))
"""
"""The system counts for a process what its parent held when it was begun: so the parent is small."""


@dataclass(frozen=True)
class Peak:
    """What one extraction took."""

    minutes: float
    peak_mb: float
    seconds: float
    stem_bytes: int
    stem_head: str


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--model", default="blend")
    parser.add_argument("--work", type=Path, default=None)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.work) as place:
        model = str(filter_model(Path(place) / "filter")) if options.model == "filter" else options.model
        peaks = [peak_of(minutes, model, Path(place)) for minutes in (SHORT_MINUTES, 60 * options.hours)]
    if options.json:
        print(json.dumps([vars(peak) for peak in peaks]))
    else:
        for peak in peaks:
            print(
                f"{peak.minutes:6.0f} min: {peak.peak_mb:4.0f} MB at most, "
                f"{60 * peak.minutes / peak.seconds:4.0f} x real time, "
                f"stem of {peak.stem_bytes / 1e9:.2f} GB ({peak.stem_head})"
            )
        print(f"bar: {BAR_MB} MB")
    return int(peaks[-1].peak_mb > BAR_MB or not all(map(is_whole, peaks)))


def is_whole(peak: Peak) -> bool:
    """Whether the stem holds the whole song, in the kind of file that it needs."""
    sound = round(peak.minutes * 60) * RATE * 4
    return sound <= peak.stem_bytes < sound + 4096 and peak.stem_head == (
        "RF64" if sound >= 1 << 32 else "RIFF"
    )


def peak_of(minutes: float, model: str, place: Path, *, channels: int = 2) -> Peak:
    """Extract from a song of so many minutes; both its files are removed again."""
    song, out = place / "song.wav", place / "out"
    write_song(song, minutes, channels)
    command = [sys.executable, "-m", "canzona", "extract", str(song), "-o", str(out), "--only", "synth",
               "--presence"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    begun = time.perf_counter()
    launched = [sys.executable, "-c", LAUNCHER, *command, "-m", model, "-q"]
    done = subprocess.run(launched, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    seconds = time.perf_counter() - begun
    code, kilobytes = json.loads(done.stdout)
    if code:
        sys.exit(f"canzona extract ended with {code}")
    stem = out / "song.synth.wav"
    with stem.open("rb") as file:
        head = file.read(4).decode()
    found = Peak(minutes, kilobytes / 1024, seconds, stem.stat().st_size, head)
    song.unlink()
    for path in out.iterdir():
        path.unlink()
    return found


def write_song(path: Path, minutes: float, channels: int) -> None:
    """Chords that change every second, with noise: as much sound as asked for, a second at a time."""
    form = SoundFormat("wav", Encoding("integer", 16))
    with open_target(Target(path, RATE, channels, form)) as writer:
        for block in blocks(round(60 * minutes), channels):
            writer.write(block)


def blocks(seconds: int, channels: int) -> Iterator[np.ndarray]:
    times = np.arange(RATE) / RATE
    noise = np.random.default_rng(1).normal(size=(channels, RATE)) * 0.05
    for second in range(seconds):
        pitch = 110 * 2 ** ((second * 7 % 12) / 12)
        chord = sum(np.sin(2 * np.pi * pitch * factor * times) for factor in (1, 1.25, 1.5))
        yield (0.1 * chord + np.roll(noise, second * 997, axis=1)).astype(np.float32)


def filter_model(folder: Path, *, window: int = 28, fade: int = 4) -> Path:
    """A model folder whose network is a short filter, in windows as long as real ones, in seconds."""
    from onnx import TensorProto, helper, numpy_helper

    hop = 1024
    held = {
        "taps": np.full((2, 1, 31), 1 / 31, np.float32),
        "lowest": np.array(0, np.float32),
        "highest": np.array(1, np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["mixture", "taps"], ["estimate"], group=2, pads=[15, 15]),
        helper.make_node("Mul", ["mixture", "mixture"], ["squares"]),
        helper.make_node(
            "AveragePool", ["squares"], ["pool"], kernel_shape=[hop], strides=[hop], ceil_mode=1
        ),
        helper.make_node("ReduceMean", ["pool"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("Clip", ["mean", "lowest", "highest"], ["presence"]),
    ]
    values = {"mixture": [1, 2, "n"], "estimate": [1, 2, "n"], "presence": [1, "frames"]}
    first, *others = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in values.items()
    )
    constants = [numpy_helper.from_array(value, name) for name, value in held.items()]
    graph = helper.make_graph(nodes, "filter", [first], others, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    behaviour = {
        "target": "synth", "kind": "waveform", "sample_rate": RATE, "hop": hop,
        "window": window * RATE, "fade": fade * RATE, "presence": {"threshold": 0.1, "seconds": 3.0},
    }  # fmt: skip
    config = {
        "name": "filter",
        "version": "1",
        "job": "extract",
        "licence": "CC0-1.0",
        "behaviour": behaviour,
    }
    save_folder(folder, config, {"network.onnx": model.SerializeToString()})
    return folder


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
