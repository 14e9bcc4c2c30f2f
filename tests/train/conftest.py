"""Tests of training: they need torch, use one thread, and networks of a few thousand weights."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the extra 'train' is not installed")
torch.set_num_threads(1)  # two threads take twice the time on networks as small as these
