#!/usr/bin/env python3
"""CPU time of `import canzona` (bar: 60 ms) and `canzona --help` (bar: 250 ms).

usage: startup.py [--json]

Each is started afresh ten times; the least of the ten is reported, since what disturbs a
machine only ever adds. The import is counted without Python's own start.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROUNDS = 10
BARS_MS = {"import canzona": 60, "canzona --help": 250}

SOURCE = Path(__file__).resolve().parent.parent / "src"


def main(arguments: list[str]) -> int:
    times = measure()
    if "--json" in arguments:
        print(json.dumps(times))
    else:
        for what, milliseconds in times.items():
            print(f"{what:16} {milliseconds:6.1f} ms CPU (bar {BARS_MS[what]} ms)")
    return int(any(times[what] > bar for what, bar in BARS_MS.items()))


def measure() -> dict[str, float]:
    """Milliseconds of CPU, user and system together."""
    bare = cpu_ms("")
    return {
        "import canzona": round(cpu_ms("import canzona") - bare, 1),
        "canzona --help": round(cpu_ms("from canzona.cli.main import main; main(['--help'])"), 1),
    }


def cpu_ms(script: str) -> float:
    """The least CPU time of a Python that runs a script, in milliseconds."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    return min(_once([sys.executable, "-c", script], environment) for _ in range(ROUNDS))


def _once(command: list[str], environment: dict[str, str]) -> float:
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command} failed")
    return 1000 * (usage.ru_utime + usage.ru_stime)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
