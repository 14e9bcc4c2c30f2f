"""Graphs of a model folder, opened in ONNX Runtime."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from canzona.errors import ModelError

CPU = "CPUExecutionProvider"

_FIRST_PIECE = 256 << 20


def onnx_runtime() -> ModuleType:
    """The package onnxruntime, imported when it is first needed and told to report nothing.

    From version 1.29 on it tells its makers of each process and session unless the variable is set before
    the import; on Windows it is told afterwards. Who sets `ORT_DISABLE_TELEMETRY` to 0 has it otherwise.
    """
    silent = os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1") != "0"
    import onnxruntime

    if silent:
        onnxruntime.disable_telemetry_events()
    found: ModuleType = onnxruntime
    return found


def open_graph(path: Path, *, threads: int = 1, provider: str = CPU, as_written: bool = False) -> Any:
    """A session of ONNX Runtime that gives the same bits each time.

    Parameters
    ----------
    path : the file.
    threads : threads within an operation.
    provider : what it runs on, by ONNX Runtime's name.
    as_written : leave the order of operations alone but for what changes no bit.

    Raises
    ------
    ModelError : the file is no graph.
    """
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait in a loop take five times the processor time, and more wall time where another
    # program wants a core.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.use_deterministic_compute = True
    # Sessions that run in turn need memory in turn; and no plan of it for each length of input.
    _share_memory()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.enable_mem_pattern = False
    options.log_severity_level = 4
    if as_written:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=[provider])
    except Exception as error:  # ONNX Runtime raises many kinds, none of them public
        raise ModelError(f"{path} is no network that can be run", hint="install the model again") from error


@cache
def _share_memory() -> None:
    """One pool of memory for all sessions of the process.

    It begins as one large piece, in which what is given back can be joined again and used for whatever comes
    next. Of pieces that were each as large as one request, a window of half a minute takes 220 MB more.
    What is never used of it takes no memory but addresses.
    """
    onnxruntime = onnx_runtime()
    where = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    # No limit, and growing by powers of two (0), after the first piece.
    growth = onnxruntime.OrtArenaCfg(0, 0, _FIRST_PIECE, -1)
    # Another part of the program may have registered one: that is as good.
    with suppress(RuntimeError):
        onnxruntime.create_and_register_allocator(where, growth)
