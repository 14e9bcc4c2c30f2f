"""Temperatures: found where they are known, 1 where there is little to fit on, part of the graphs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from canzona.composition.network import Network
from canzona.train.composition.calibration import FEWEST_NOTES, calibrate, fit_temperatures
from canzona.train.composition.data import Arrays, collate
from canzona.train.composition.export import export
from canzona.train.composition.network import Composer
from small_task import Small

STATES, CLASSES = 12, (20, 30, 3)


class Known(nn.Module):
    """Logits that depend on a tune's only feature, times a factor for each part."""

    def __init__(self, *factors: float) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(3)
        tables = [2 * torch.randn(STATES, classes, generator=random) for classes in CLASSES]
        self.tables = [factor * table for factor, table in zip(factors, tables, strict=True)]

    def forward(self, trunk: Tensor, after: Tensor, targets: Tensor, tags: Tensor) -> list[Tensor]:
        return [table[trunk[..., 0]] for table in self.tables]


def tunes_of(network: Known, count: int, *, marked: bool = True) -> list[Arrays]:
    """Tunes of forty events drawn from a network's distributions."""
    random = np.random.default_rng(5)
    found = []
    for _ in range(count):
        trunk = random.integers(0, STATES, (40, 1))
        shares = [torch.softmax(table, -1).double().numpy()[trunk[:, 0]] for table in network.tables]
        drawn = [[random.choice(len(row), p=row / row.sum()) for row in table] for table in shares]
        found.append({
            "trunk": trunk, "after": trunk, "targets": np.array(drawn).T, "tags": np.zeros(8),
            "marked": np.array(marked),
        })  # fmt: skip
    return found


def fitted(networks: list[Known], tunes: list[Arrays]) -> list[float]:
    return fit_temperatures(networks, tunes, 1500)  # type: ignore[arg-type]


def test_a_network_that_is_too_sure_is_cooled_by_as_much() -> None:
    tunes = tunes_of(Known(1, 1, 1), 200)
    assert fitted([Known(1, 1.25, 0.9)], tunes) == pytest.approx([1, 1.25, 0.9], abs=0.05)


def test_the_average_of_networks_is_what_counts() -> None:
    tunes = tunes_of(Known(1, 1, 1), 200)
    assert fitted([Known(0.7, 1, 1), Known(1.7, 1, 1)], tunes)[0] == pytest.approx(1.2, abs=0.05)


def test_little_data_fits_nothing() -> None:
    few = tunes_of(Known(1, 1, 1), FEWEST_NOTES // 40 - 1)
    assert fitted([Known(1.4, 1.4, 1.4)], few) == [1, 1, 1]


def test_the_flag_is_fitted_on_marked_phrases_alone() -> None:
    tunes = tunes_of(Known(1, 1, 1), 100, marked=False)
    assert fitted([Known(1, 1, 1.4)], tunes)[2] == 1


def test_exported_logits_are_divided(small: Small, networks: list[Composer], tmp_path: Path) -> None:
    """By powers of two, so that they can be compared to the last bit."""
    ranges = [calibrate(networks[0], [collate(small.arrays[:10])])]
    logits = []
    for temperatures in ((1.0, 1.0, 1.0), (2.0, 0.5, 4.0)):
        folder = tmp_path / str(temperatures[0])
        folder.mkdir()
        for name, data in export(networks[:1], ranges, temperatures).items():
            (folder / name).write_bytes(data)
        tune = small.arrays[0]
        steps = Network(folder).start(1, tune["tags"][None])
        trunk, after = (tune[name][:1].astype(np.int64) for name in ("trunk", "after"))
        first = np.zeros(1, np.int64)
        logits.append([steps.duration(trunk, np.zeros((1, 3), np.int64)), steps.pitch(first, after),
                       steps.flag(first, first, after)])  # fmt: skip
    for plain, divided, temperature in zip(*logits, (2.0, 0.5, 4.0), strict=True):
        assert np.array_equal(plain, divided * np.float32(temperature)) and plain.any()
