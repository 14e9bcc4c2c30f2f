#!/usr/bin/env python3
"""The same tunes on other numbers of threads, other batches and other processors (bar: 0 differ).

usage: determinism.py [--model NAME|DIR] [--tunes N] [--emulated N] [--jobs N] [--json]

N tunes (default 10,000) are composed again in a process of its own for each setting, and their
.krn files compared byte by byte with those of the first. 'AVX2' and 'SSE4.2' are this machine with
its wider vector instructions hidden from every library (`fewer_instructions.c`, Linux on x86-64 with a
C compiler); 'Nehalem' and 'Haswell' are emulated by qemu-user, where it is installed, for fewer tunes
(default 40). The last two columns say whether the setting does change kernels: 'yes' where the bits
of an ordinary float product in ONNX Runtime and in NumPy are other ones than in the first setting, so
that a network computed in plain floats could not have given the same tunes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LIMIT_SECONDS = 21600
PORTION = 500
"""Tunes of one seed, which are held in memory together."""

FOLDER = Path(__file__).resolve().parent
WITHOUT_AVX512 = "-AVX512F,-AVX512VL,-AVX512BW,-AVX512DQ,-AVX512CD"


@dataclass(frozen=True)
class Setting:
    """One way to compose: what differs from the first.

    `prefix` are the words before the command, `fewer` whether only the emulated number of tunes is asked.
    """

    name: str
    threads: int = 1
    batch: int = 64
    environment: dict[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    fewer: bool = False


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", default="folk")
    parser.add_argument("--tunes", type=int, default=10_000)
    parser.add_argument("--emulated", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="settings computed side by side")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", nargs=2, type=int, metavar=("THREADS", "BATCH"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        print(json.dumps(composed(options.model, options.tunes, *options.child)))
        return 0
    with tempfile.TemporaryDirectory() as place:
        rows = list(compared(options, Path(place)))
    if options.json:
        print(json.dumps(rows))
    else:
        print(table(options.model, rows))
    return int(any(row["differ"] for row in rows))


def compared(options: argparse.Namespace, place: Path) -> Iterator[dict[str, Any]]:
    """A row for each setting: tunes, how many differ from the first setting's, which kernels do."""
    first: dict[str, Any] = {}
    source, model = copied(options.model, place)

    def measured(setting: Setting) -> tuple[Setting, dict[str, Any] | None]:
        tunes = min(options.tunes, options.emulated) if setting.fewer else options.tunes
        return setting, child(setting, source, model, tunes) if tunes else None

    pool = ThreadPoolExecutor(options.jobs)
    for setting, found in pool.map(measured, settings(place)):
        if found is None:
            continue
        first = first or found
        pairs = zip(first["tunes"], found["tunes"], strict=False)
        yield {
            "setting": setting.name,
            "tunes": len(found["tunes"]),
            "differ": sum(one != other for one, other in pairs),
            "onnxruntime": found["onnxruntime"] != first["onnxruntime"],
            "numpy": found["numpy"] != first["numpy"],
            "vectors": found["vectors"],
            "threads": found["threads"],
            "cpu_seconds": found["cpu_seconds"],
        }


def settings(place: Path) -> Iterator[Setting]:
    """All settings that this machine can take; `place` is for what has to be compiled."""
    yield Setting("1 thread, batch 64")
    two = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    yield Setting("2 threads", threads=2, environment=two)
    yield Setting("batch 17", batch=17)
    yield Setting("batch 250", batch=250)
    library = compiled(place)
    if library:
        hidden = {"LD_PRELOAD": str(library)}
        tunables = f"glibc.cpu.hwcaps={WITHOUT_AVX512}"
        avx2 = {**hidden, "CANZONA_HIDE": "avx512", "GLIBC_TUNABLES": tunables}
        yield Setting("AVX2", environment=avx2)
        sse = {**hidden, "CANZONA_HIDE": "avx", "GLIBC_TUNABLES": f"{tunables},-AVX2,-AVX,-FMA,-FMA4"}
        yield Setting("SSE4.2", environment=sse)
        yield Setting("SSE4.2, 2 threads, batch 33", 2, 33, {**sse, **two})
    else:  # these two change NumPy alone, as the table will say
        yield Setting("NumPy of Haswell", environment={
            "OPENBLAS_CORETYPE": "Haswell", "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
        })  # fmt: skip
    emulator = shutil.which("qemu-x86_64")
    if emulator and platform.machine() == "x86_64":
        for processor in ("Nehalem", "Haswell"):
            yield Setting(f"{processor} (qemu)", prefix=(emulator, "-cpu", processor), fewer=True)


def compiled(place: Path) -> Path | None:
    """The library that hides instructions, or None where it cannot be built or does not work here."""
    compiler = shutil.which("cc")
    if platform.system() != "Linux" or platform.machine() != "x86_64" or compiler is None:
        return None
    library = place / "fewer_instructions.so"
    source = FOLDER / "fewer_instructions.c"
    done = subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", library, source], check=False)
    environment = {**os.environ, "LD_PRELOAD": str(library), "CANZONA_HIDE": "avx"}
    works = done.returncode == 0 and subprocess.run(
        [sys.executable, "-c", ""], env=environment, capture_output=True, check=False
    )
    return library if works and works.returncode == 0 else None


def copied(model: str, place: Path) -> tuple[Path, Path]:
    """Code and model as they are now, so that all settings have the same ones, however long it takes."""
    from canzona.models import find_model

    source = shutil.copytree(
        FOLDER.parent / "src", place / "src", ignore=shutil.ignore_patterns("__pycache__")
    )
    return source, shutil.copytree(find_model(model).path, place / "model")


def child(setting: Setting, source: Path, model: Path, tunes: int) -> dict[str, Any] | None:
    """What a process of this setting composes; None, with a word on stderr, where it cannot run."""
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment = {
        **os.environ, "PYTHONPATH": str(source), **one, **setting.environment
    }  # fmt: skip
    command = [
        *setting.prefix, sys.executable, str(Path(__file__).resolve()),
        "--child", str(setting.threads), str(setting.batch), "--model", str(model), "--tunes", str(tunes),
    ]  # fmt: skip
    print(f"{setting.name} ...", file=sys.stderr)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        if not setting.prefix:
            sys.exit(f"{setting.name}: {done.stderr.strip()[-2000:]}")
        print(f"{setting.name}: {done.stderr.strip()[-300:]}", file=sys.stderr)
        return None
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def composed(model: str, tunes: int, threads: int, batch: int) -> dict[str, Any]:
    """Composes in this process; hashes of the .krn files, and what this process computes with."""
    import importlib

    from canzona.composition.model import ComposerModel

    # the public function has no word for the batch, since nothing may depend on it
    composing: Any = importlib.import_module("canzona.composition.compose")
    composing.BATCH, composing.MOST_HELD = batch, 2**30
    opened = ComposerModel.open(model, threads=threads)
    hashes = []
    for seed, start in enumerate(range(0, tunes, PORTION)):
        written = composing.compose(model=opened, count=min(PORTION, tunes - start), seed=seed)
        hashes += [hashlib.sha256(each.to_bytes(".krn")).hexdigest()[:20] for each in written]
    running = Path("/proc/self/task")
    return {
        "tunes": hashes,
        "cpu_seconds": round(time.process_time()),
        "threads": len(list(running.iterdir())) if running.is_dir() else threads,
        **kernels(threads),
    }


def kernels(threads: int) -> dict[str, str]:
    """Hashes of ordinary float products, which depend on the kernels, and NumPy's widest vectors."""
    import numpy as np

    try:
        from numpy._core._multiarray_umath import __cpu_features__ as features
    except ImportError:
        features = {}
    vectors = next((name for name in ("AVX512F", "AVX2", "AVX", "SSE42") if features.get(name)), "unknown")
    random = np.random.Generator(np.random.PCG64(0))
    left, right = (random.random(shape) - 0.5 for shape in ((64, 384), (384, 1536)))
    products = left @ right, np.exp(left), np.exp(left.astype(np.float32)), left.sum()
    in_numpy = hashlib.sha256(b"".join(np.ascontiguousarray(value).tobytes() for value in products))
    return {"vectors": vectors, "numpy": in_numpy.hexdigest(),
            "onnxruntime": product_in_onnxruntime(left, right, threads)}  # fmt: skip


def product_in_onnxruntime(left: Any, right: Any, threads: int) -> str:
    """Hash of a float32 product, softmax included."""
    import numpy as np
    import onnxruntime
    from onnx import TensorProto, helper

    shapes = {"left": left.shape, "right": right.shape, "out": (len(left), right.shape[1])}
    values = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()
    }
    nodes = [
        helper.make_node("MatMul", ["left", "right"], ["product"]),
        helper.make_node("Softmax", ["product"], ["out"]),
    ]
    graph = helper.make_graph(nodes, "control", [values["left"], values["right"]], [values["out"]])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    feeds = {"left": left.astype(np.float32), "right": right.astype(np.float32)}
    return hashlib.sha256(session.run(None, feeds)[0].tobytes()).hexdigest()


def table(model: str, rows: list[dict[str, Any]]) -> str:
    """The rows as text."""
    lines = [
        f"model {model}",
        f"{'setting':28} {'tunes':>7} {'differ':>7} {'threads':>8} {'vectors':>8}  other kernels in",
        f"{'':28} {'':7} {'':7} {'':8} {'':8}  ONNX Runtime  NumPy",
    ]
    for row in rows:
        first = row is rows[0]
        words = ["-" if first else "yes" if row[name] else "no" for name in ("onnxruntime", "numpy")]
        lines.append(
            f"{row['setting']:28} {row['tunes']:7,} {row['differ']:7,} {row['threads']:8} {row['vectors']:>8}"
            f"  {words[0]:12}  {words[1]}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
