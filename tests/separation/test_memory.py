"""Memory does not grow with the song: twenty minutes take what two do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts import loaded


@pytest.mark.skipif(sys.platform == "win32", reason="memory is measured by wait4")
def test_twenty_minutes_take_as_much_memory_as_two(tmp_path: Path, root: Path) -> None:
    pytest.importorskip("onnx", reason="graphs are built with the package onnx")
    script = loaded(root / "benchmarks" / "extract_memory.py")
    model = str(script.filter_model(tmp_path / "filter", window=12, fade=1))
    two, twenty = (script.peak_of(minutes, model, tmp_path, channels=1) for minutes in (2, 20))
    assert twenty.stem_bytes > 9 * two.stem_bytes
    assert twenty.peak_mb - two.peak_mb < 12, "MB; the song itself has 95 MB more"
    assert twenty.peak_mb < 300
