#!/usr/bin/env python3
"""Run every benchmark of this folder and write docs/benchmarks.md.

usage: run.py [NAME...]

A benchmark is a script; what its docstring says first becomes its heading and its introduction, what
it prints stands below the command that prints it. With names, only those are run and the page is
printed, not written.
"""

from __future__ import annotations

import ast
import os
import platform
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER.parent / "docs" / "benchmarks.md"
LIMIT_SECONDS = 1800
"""For a script that states no `LIMIT_SECONDS` of its own."""

HEAD = """# Benchmarks

Measured by `make bench`, which writes this page. Machine: {machine}; Python {python}.
"""


def main(names: list[str]) -> int:
    scripts = [path for path in sorted(FOLDER.glob("*.py")) if path != Path(__file__).resolve()]
    chosen = [path for path in scripts if not names or path.stem in names]
    sections = []
    failed = 0
    for path in chosen:
        print(f"{path.name} ...", file=sys.stderr)
        section, code = measure(path)
        sections.append(section)
        failed += code != 0
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    page = "\n".join([HEAD.format(machine=machine, python=platform.python_version()), *sections])
    if names:
        print(page)
    else:
        PAGE.write_text(page, encoding="utf-8")
        print(
            f"{PAGE.relative_to(FOLDER.parent)}: {len(sections)} benchmarks, {failed} missed a bar or failed"
        )
    return int(failed > 0)


def measure(path: Path) -> tuple[str, int]:
    """A section of the page, and the script's exit code."""
    code = ast.parse(path.read_text(encoding="utf-8"))
    words, limit = ast.get_docstring(code) or path.stem, limit_of(code)
    first, _, rest = words.partition("\n\n")
    about = rest.split("\n\n", 1)[-1] if rest.startswith("usage:") else rest
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parent / "src"), "NO_COLOR": "1"}
    command = [sys.executable, str(path)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=limit, check=False
        )
        printed, failed = done.stdout.rstrip() or done.stderr.rstrip()[-2000:], done.returncode
    except subprocess.TimeoutExpired:
        printed, failed = f"stopped after {limit} seconds", 1
    lines = [f"## {path.stem.replace('_', ' ').capitalize()}", "", " ".join(first.split()), ""]
    lines += [about.strip(), ""] if about.strip() else []
    lines += ["```text", f"$ python benchmarks/{path.name}", printed, "```", ""]
    return "\n".join(lines), failed


def limit_of(code: ast.Module) -> int:
    """The seconds that a script allows itself."""
    for line in code.body:
        if isinstance(line, ast.Assign) and [ast.unparse(name) for name in line.targets] == ["LIMIT_SECONDS"]:
            return int(ast.literal_eval(line.value))
    return LIMIT_SECONDS


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
