"""The process in which plugins run: what happens when one fails, hangs or dies."""

from __future__ import annotations

import importlib.util
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from canzona.errors import MissingDependencyError
from canzona.train.separation.rendering import worker
from canzona.train.separation.rendering.arrangement import Part
from canzona.train.separation.rendering.midi import write_midi
from canzona.train.separation.rendering.synthesizers import AMSYNTH
from canzona.train.separation.rendering.worker import PluginHost, RenderError


@pytest.fixture
def host(tmp_path: Path) -> Iterator[PluginHost]:
    pytest.importorskip("dawdreamer", reason="the extra 'stems' is not installed: no plugins to play")
    if not AMSYNTH.exists():
        pytest.skip("amsynth is not installed")
    with PluginHost(tmp_path) as found:
        yield found


@pytest.fixture
def request_of_a_note(tmp_path: Path) -> dict:
    notes = np.array([[0.1, 0.3, 60, 100]])
    (tmp_path / "a.mid").write_bytes(write_midi(Part("p", "lead", 0, notes)))
    return {"plugin": str(AMSYNTH), "midi": str(tmp_path / "a.mid"), "seconds": 0.6, "lead_in": 0.0,
            "output": str(tmp_path / "a.npy")}  # fmt: skip


def works(host: PluginHost, request: dict) -> bool:
    path = Path(request["output"])
    path.unlink(missing_ok=True)
    host.request(request, seconds=30)
    return bool(np.abs(np.load(path)).max() > 0.01)


def test_a_note_is_rendered(host: PluginHost, request_of_a_note: dict) -> None:
    assert works(host, request_of_a_note)
    assert np.load(request_of_a_note["output"]).shape == (2, 26460)


def test_a_plugin_that_is_none_is_an_error_and_the_next_one_plays(
    host: PluginHost, request_of_a_note: dict
) -> None:
    with pytest.raises(RenderError, match=r"nothing\.so"):
        host.request(request_of_a_note | {"plugin": "/nothing.so"}, seconds=30)
    with pytest.raises(RenderError):
        host.request(request_of_a_note | {"midi": "/nothing.mid", "output": "/nothing/x.npy"}, seconds=30)
    assert works(host, request_of_a_note)


def test_a_plugin_that_hangs_is_stopped_and_the_next_one_plays(
    host: PluginHost, request_of_a_note: dict
) -> None:
    with pytest.raises(RenderError, match=r"took longer than 0\.05 s"):
        host.request(request_of_a_note | {"seconds": 900.0}, seconds=0.05)
    assert works(host, request_of_a_note)


def test_a_process_that_dies_is_replaced(host: PluginHost, request_of_a_note: dict) -> None:
    assert works(host, request_of_a_note)
    assert host._process is not None
    os.kill(host._process.pid, signal.SIGKILL)
    host._process.wait()
    with pytest.raises(RenderError, match="crashed"):
        host.request(request_of_a_note, seconds=30)
    assert works(host, request_of_a_note)


def test_the_process_is_renewed_after_a_number_of_renderings(
    host: PluginHost, request_of_a_note: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_RENDERINGS", 1)
    processes = set()
    for _ in range(2):
        assert works(host, request_of_a_note)
        assert host._process is not None
        processes.add(host._process.pid)
    assert len(processes) == 2


def test_nothing_is_left_running(request_of_a_note: dict, host: PluginHost) -> None:
    assert works(host, request_of_a_note)
    process = host._process
    host.close()
    assert process is not None and process.poll() is not None


def test_without_dawdreamer_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with PluginHost(tmp_path) as host, pytest.raises(MissingDependencyError) as caught:
        host.request({}, seconds=1)
    assert "dawdreamer" in str(caught.value) and "canzona[stems]" in str(caught.value)


def test_a_host_that_does_not_start_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dawdreamer")
    (tmp_path / "host.py").write_text("raise SystemExit(3)\n")
    monkeypatch.setattr(worker, "_HOST", tmp_path / "host.py")
    with PluginHost(tmp_path) as host, pytest.raises(MissingDependencyError, match="did not start"):
        host.request({}, seconds=1)


def test_only_the_host_knows_the_plugin_library(root: Path) -> None:
    """It is under the GPL: nothing else may import it."""
    for path in (root / "src").rglob("*.py"):
        if path.name != "host.py":
            text = path.read_text(encoding="utf-8")
            assert "import dawdreamer" not in text and "from dawdreamer" not in text, path
