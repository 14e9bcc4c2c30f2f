#!/usr/bin/env python3
"""Notes a second and core (bar: 2,000), and beside the tutorial's way (bar: 20 times; goal: 40).

usage: generation_speed.py [--model NAME|DIR] [--tunes N] [--rounds N] [--steps N] [--json]

Canzona composes N tunes (default 256) at default settings in batches of 64, on one thread, with the
model already loaded: everything from the seeds to the finished tunes counts, the search for copied
passages too. The tutorial's way is a 256-unit LSTM in torch (38 symbols, one thread) that runs its window
of the last 64 sixteenth steps again for each new one, and draws it with NumPy at a temperature; at three
steps a note, the average of folk songs, its steps are turned into notes. Both take turns, `--rounds` of
each (default 3), in CPU seconds; each one's fastest round is reported, since what disturbs a machine only
ever adds. Then a first tune is composed from a cold shell (`canzona compose`, bars: 1.5 s of CPU and
300 MB resident), the least of as many rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"  # before NumPy is loaded

BARS = {"notes_per_s": 2000, "times": 20, "first_tune_cpu_s": 1.5, "first_tune_mb": 300}
WINDOW, UNITS, SYMBOLS = 64, 256, 38
STEPS_A_NOTE = 3.0

SOURCE = Path(__file__).resolve().parent.parent / "src"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="folk")
    parser.add_argument("--tunes", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--steps", type=int, default=400, help="sixteenth steps a round of the tutorial's way"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    found = measure(options.model, options.tunes, options.rounds, options.steps)
    print(json.dumps(found) if options.json else table(found))
    return int(
        found["notes_per_s"] < BARS["notes_per_s"]
        or (found["times"] or BARS["times"]) < BARS["times"]
        or found["first_tune_cpu_s"] > BARS["first_tune_cpu_s"]
        or found["first_tune_mb"] > BARS["first_tune_mb"]
    )


def measure(model: str, tunes: int, rounds: int, steps: int) -> dict[str, Any]:
    """All figures; those of the tutorial's way are None where torch is missing."""
    cold = [first_tune(model) for _ in range(rounds)]
    ours, theirs = Composing(model), Tutorial()
    ours.notes_per_second(min(64, tunes))  # what is loaded at the first use is not counted
    theirs.steps_per_second(10)
    fastest = windows = 0.0
    for _ in range(rounds):
        fastest = max(fastest, ours.notes_per_second(tunes))
        windows = max(windows, theirs.steps_per_second(steps))
    notes = windows / STEPS_A_NOTE
    return {
        "model": ours.model.folder.name,
        "notes_per_s": round(fastest),
        "tutorial_steps_per_s": round(windows) or None,
        "tutorial_notes_per_s": round(notes) or None,
        "times": round(fastest / notes, 1) if notes else None,
        "first_tune_cpu_s": round(min(seconds for seconds, _ in cold), 2),
        "first_tune_mb": round(min(megabytes for _, megabytes in cold)),
    }


class Composing:
    """Canzona, its model loaded, on one thread."""

    def __init__(self, model: str) -> None:
        from canzona.composition.model import ComposerModel

        self.model = ComposerModel.open(model)
        self.seed = 0

    def notes_per_second(self, tunes: int) -> float:
        """Notes and rests written a CPU second."""
        from canzona import compose

        self.seed += 1
        began = time.process_time()
        written = compose(model=self.model, count=tunes, seed=self.seed)
        return sum(len(each.tune.notes) for each in written) / (time.process_time() - began)


class Tutorial:
    """The tutorial's way of sampling, its weights as they are drawn: their values do not change the time."""

    def __init__(self) -> None:
        try:
            import torch
        except ImportError:
            self.torch: Any = None
            return
        self.torch = torch
        torch.set_num_threads(1)
        torch.manual_seed(0)
        self.lstm = torch.nn.LSTM(SYMBOLS, UNITS, batch_first=True)
        self.dense = torch.nn.Linear(UNITS, SYMBOLS)

    def steps_per_second(self, steps: int) -> float:
        """Sixteenth steps drawn a CPU second; 0 without torch."""
        if self.torch is None:
            return 0.0
        import numpy as np

        symbols = [str(number) for number in range(SYMBOLS)]
        window = [0] * WINDOW
        random = np.random.default_rng(0)
        began = time.process_time()
        with self.torch.no_grad():
            for _ in range(steps):
                seen = np.zeros((1, WINDOW, SYMBOLS), np.float32)
                seen[0, np.arange(WINDOW), window[-WINDOW:]] = 1
                states, _ = self.lstm(self.torch.from_numpy(seen))
                shares = self.torch.softmax(self.dense(states[0, -1]), -1).double().numpy()
                shares = np.exp(np.log(shares) / 0.7)
                drawn = random.choice(SYMBOLS, p=shares / shares.sum())
                window.append(symbols.index(str(drawn)))
        return steps / (time.process_time() - began)


def first_tune(model: str) -> tuple[float, float]:
    """CPU seconds and largest resident memory, in MB, of one `canzona compose` in a new process."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with tempfile.TemporaryDirectory() as folder:
        words = ["compose", "--model", model, "--seed", "1", "-o", f"{folder}/tune.mid"]
        command = [sys.executable, "-c", "import sys; from canzona.cli.main import main; main(sys.argv[1:])"]
        child = subprocess.Popen(
            [*command, *words], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        said = child.stderr.read() if child.stderr else b""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit(f"canzona compose failed: {said.decode(errors='replace').strip()}")
    unit = 1 if platform.system() == "Darwin" else 1024  # bytes
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6


def table(found: dict[str, Any]) -> str:
    """The figures as text."""
    theirs = found["tutorial_notes_per_s"]
    beside = (
        f"{theirs} notes/s ({found['tutorial_steps_per_s']} steps/s)"
        if theirs
        else "skipped: no torch installed"
    )
    times = f"{found['times']} times as many" if theirs else "-"
    return "\n".join([
        f"model                      {found['model']}",
        f"composing, batch 64        {found['notes_per_s']:,} notes/s (bar {BARS['notes_per_s']:,})",
        f"the tutorial's way         {beside}",
        f"beside one another         {times} (bar {BARS['times']})",
        f"first tune, cold shell     {found['first_tune_cpu_s']} s CPU (bar {BARS['first_tune_cpu_s']} s)",
        f"memory of that             {found['first_tune_mb']} MB resident (bar {BARS['first_tune_mb']} MB)",
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
