"""Plugins in a process of their own, with a time limit for each rendering; see `host`."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from canzona.errors import CanzonaError, MissingDependencyError

_HOST = Path(__file__).with_name("host.py")
_START_SECONDS = 60.0
_RENDERINGS = 150
"""After so many the process is replaced: plugins do not give back all the memory that they take."""


class RenderError(CanzonaError):
    """A sound could not be rendered: another preset is taken."""


def require_dawdreamer() -> None:
    """Raise MissingDependencyError where the plugin host is not installed."""
    if importlib.util.find_spec("dawdreamer") is None:
        raise MissingDependencyError(
            "synthesizer plugins are played through dawdreamer", hint="pip install 'canzona[stems]'"
        )


class PluginHost:
    """Renders through the host process, which is started when needed and replaced when it hangs or dies.

    Parameters
    ----------
    home : a folder that plugins may take for the user's home.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()
        self._left = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def request(self, request: dict[str, Any], *, seconds: float) -> None:
        """Have a request done (its keys stand in `host`).

        Raises
        ------
        RenderError : the plugin failed, died, or took longer than `seconds`.
        MissingDependencyError : dawdreamer is not installed, or its process does not start.
        """
        if self._process is None or self._left <= 0:
            self._start()
        self._left -= 1
        try:
            self._send(json.dumps(request))
            answer = json.loads(self._answers.get(timeout=seconds))
        except queue.Empty:
            self.close()
            raise RenderError(f"{request['plugin']} took longer than {seconds:g} s") from None
        except (OSError, ValueError):
            self.close()
            raise RenderError(f"{request['plugin']} crashed") from None
        if "error" in answer:
            raise RenderError(f"{request['plugin']}: {answer['error']}")

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        process.wait()

    def _start(self) -> None:
        require_dawdreamer()
        self.close()
        surroundings = {**os.environ, "HOME": str(self._home), "QT_QPA_PLATFORM": "offscreen"}
        surroundings.pop("DISPLAY", None)
        # -P: the folder of the host holds modules of ours that must not hide those of the library.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_HOST)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=surroundings,
        )
        self._answers = queue.Queue()
        self._left = _RENDERINGS
        threading.Thread(target=_listen, args=(self._process.stdout, self._answers), daemon=True).start()
        try:
            if not self._answers.get(timeout=_START_SECONDS):
                raise queue.Empty
        except queue.Empty:
            self.close()
            raise MissingDependencyError(
                "the plugin host did not start", hint="pip install --force-reinstall dawdreamer"
            ) from None

    def _send(self, line: str) -> None:
        if self._process is None or self._process.stdin is None:
            raise OSError
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


def _listen(stream: IO[str] | None, answers: queue.Queue[str]) -> None:
    """Put each line of a stream into the queue, and an empty one when it ends."""
    with contextlib.suppress(OSError, ValueError):
        for line in stream or ():
            answers.put(line)
    answers.put("")
