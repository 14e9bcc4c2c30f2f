#!/usr/bin/env python3
"""Seconds of one core for a second of song, reading and writing included, beside HT-Demucs' network.

usage: extract_speed.py [--models NAME|DIR...] [--seconds S] [--rounds N] [--segments N] [--json]

A stereo song of three minutes at 44.1 kHz, drawn here, as a WAV and as an MP3. Each of our models writes
both stems of both files as `canzona extract` does, already loaded (bars: mel-lstm 30 times real time,
waveform 12, blend 8). HT-Demucs is the network of PyPI's demucs with weights as they are drawn, in segments
of 7.8 s with an overlap of a quarter, without shifts, on as much of the WAV as whole segments cover; it
writes its four stems (bar: ours at least 15 times faster). By its constructor's defaults it fills each
segment up to 10 s; the released models are made for 7.8 s and do not. All run on one thread, and the
fastest of --rounds counts, since what disturbs a machine only ever adds.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from extraction.command import Row, decimals, missing, table

LIMIT_SECONDS = 3600

MODELS = ("mel-lstm", "waveform", "blend")
BARS = {"mel-lstm": 30.0, "waveform": 12.0, "blend": 8.0}
"""Seconds of song in a second, by kind of network."""

TIMES_PEER = 15.0
RATE = 44100
SEGMENT, OVERLAP = Fraction(39, 5), 0.25
PEER, RELEASED = "HT-Demucs", "HT-Demucs, 7.8 s"
PEERS = {PEER: Fraction(10), RELEASED: SEGMENT}
"""What a segment is filled up to."""

Run = Callable[[], tuple[float, str]]
"""Does it once: seconds of song, and what came of it."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--models", nargs="*", default=MODELS)
    parser.add_argument("--seconds", type=float, default=180.0, help="of song")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--segments", type=int, default=5, help="that HT-Demucs hears a round; 0: none")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    rows = measure(options)
    print(json.dumps(rows) if options.json else text(rows))
    return int(any(row.get("passed") is False for row in rows))


def measure(options: argparse.Namespace) -> list[Row]:
    """A row for each model and file, and one for the peer; what cannot be run says why."""
    with tempfile.TemporaryDirectory(prefix="canzona-bench-") as name:
        desk = Path(name)
        songs = write_songs(desk, options.seconds)
        runs: list[tuple[Row, Run]] = []
        rows: list[Row] = []
        for model in options.models:
            found = our_runs(model, songs, desk)
            rows += [found] if isinstance(found, dict) else []
            runs += found if isinstance(found, list) else []
        if not options.segments:
            rows.append({"model": PEER, "status": "left out"})
        elif reason := missing([], ["torch", "demucs", "julius", "einops", "tqdm"]):
            rows.append({"model": PEER, "status": f"skipped: {reason}"})
        else:
            runs += [their_run(name, songs[0], desk, options.segments) for name in PEERS]
        return compared([timed(row, run, options.rounds) for row, run in runs] + rows)


def timed(row: Row, run: Run, rounds: int) -> Row:
    """A row with the fastest of some rounds."""
    fastest, seconds, status = float("inf"), 0.0, ""
    for _ in range(rounds):
        began = time.process_time()
        seconds, status = run()
        fastest = min(fastest, time.process_time() - began)
    return {**row, "status": status, "seconds": seconds, "cpu_s": fastest, "per_second": fastest / seconds}


def compared(rows: list[Row]) -> list[Row]:
    """The rows with their speed against real time and the peers, and whether that is enough."""
    done = [row for row in rows if "per_second" in row]
    theirs = {row["model"]: row["per_second"] for row in done if row["model"] in PEERS}
    for row in done:
        row["real_time"] = 1 / row["per_second"]
        row["times_peer"] = {name: seconds / row["per_second"] for name, seconds in theirs.items()}
        if row["model"] not in PEERS:
            row["bar"] = BARS[row["kind"]]
            enough = row["times_peer"].get(PEER, TIMES_PEER) >= TIMES_PEER
            row["passed"] = enough and row["real_time"] >= row["bar"]
    return rows


def our_runs(name: str, songs: list[Path], desk: Path) -> list[tuple[Row, Run]] | Row:
    """One of our models on each song, loaded and warmed; or a row that says why not."""
    from canzona.errors import CanzonaError
    from canzona.separation.model import SeparationModel
    from canzona.separation.report import Options, Song
    from canzona.separation.song import extract_song

    try:
        model = SeparationModel.open(name)
    except CanzonaError as error:
        return {"model": name, "status": f"skipped: {error.message}"}
    kind = str(model.folder.behaviour["kind"])

    def run(song: Path) -> tuple[float, str]:
        stems = tuple((stem, desk / f"{stem}.wav") for stem in model.stems)
        report = extract_song(Song(song, stems), model, Options(force=True))
        return report.seconds, report.status

    model.networks  # noqa: B018, loads them
    return [
        ({"model": model.name, "kind": kind, "file": song.suffix[1:]}, lambda song=song: run(song))
        for song in songs
    ]


def their_run(name: str, song: Path, desk: Path, segments: int) -> tuple[Row, Run]:
    """HT-Demucs' network on so many segments of a song."""
    import soundfile
    import torch
    from demucs.apply import apply_model
    from demucs.htdemucs import HTDemucs

    torch.set_num_threads(1)
    torch.manual_seed(0)
    network: Any = HTDemucs(sources=["drums", "bass", "other", "vocals"], segment=PEERS[name]).eval()
    frames = segments * int((1 - OVERLAP) * int(RATE * SEGMENT))

    def run() -> tuple[float, str]:
        samples, rate = soundfile.read(song, frames=frames, dtype="float32")
        mixture = torch.from_numpy(samples.T.copy())[None]
        with torch.no_grad():
            stems = apply_model(network, mixture, shifts=0, overlap=OVERLAP, segment=float(SEGMENT))[0]
        for source, stem in zip(network.sources, stems, strict=True):
            soundfile.write(desk / f"{source}.wav", stem.numpy().T, rate)
        return len(samples) / rate, "done"

    return {"model": name, "kind": "HTDemucs", "file": "wav"}, run


def write_songs(desk: Path, seconds: float) -> list[Path]:
    """The drawn song as a WAV of 16 bits and as an MP3."""
    import soundfile

    paths = [desk / "song.wav", desk / "song.mp3"]
    samples = drawn_song(seconds)
    for path in paths:
        soundfile.write(path, samples.T, RATE)
    return paths


def drawn_song(seconds: float) -> Any:
    """Chords of saw waves to either side over bursts of noise: float32 (2, n), nowhere silent."""
    import numpy as np

    random = np.random.default_rng(0)
    time_ = np.arange(round(seconds * RATE)) / RATE
    chord = (time_ // 2).astype(np.int64) % 4
    song = np.zeros((2, len(time_)), np.float32)
    for voice, roots in enumerate(((57, 53, 48, 55), (60, 57, 52, 59), (64, 60, 55, 62))):
        hertz = 440 * 2 ** ((np.array(roots)[chord] - 69) / 12)
        saw = 2 * ((hertz * time_) % 1) - 1
        song += np.array([[0.12 + 0.04 * voice], [0.2 - 0.04 * voice]]) * saw
    song += 0.3 * np.exp(-12 * (time_ % 0.5)) * random.standard_normal(song.shape)
    return np.clip(song, -1, 1).astype(np.float32)


def text(rows: list[Row]) -> str:
    """The rows as a table, with what was skipped below it."""
    heads = ["model", "file", "s of song", "CPU s", "a second", "x real time", "bar"]
    heads += [*(f"x {name}" for name in PEERS), "status"]
    lines = [
        [
            row["model"], row["file"], decimals(row["seconds"]), decimals(row["cpu_s"]),
            decimals(row["per_second"], 4), decimals(row["real_time"]), decimals(row.get("bar"), 0),
            *(decimals(row["times_peer"].get(name)) for name in PEERS), row["status"],
        ]
        for row in rows
        if "per_second" in row
    ]  # fmt: skip
    notes = [f"{row['model']}: {row['status']}" for row in rows if "per_second" not in row]
    return "\n".join([table(heads, lines), *notes])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
