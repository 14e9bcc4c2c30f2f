"""What is measured of a trained network before it is exported: ranges and temperatures.

The exported graphs hold activations as whole numbers, whose steps follow from the largest
activations on training tunes. And a network that has learnt its training tunes by heart is surer
of unseen ones than it should be: one number for each part, fitted on the validation tunes, puts
that right (temperature scaling: Guo et al., On Calibration of Modern Neural Networks, ICML 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from canzona.train.composition.data import Arrays, Batch, BatchPlan, batches, collate
from canzona.train.composition.network import Composer

SAFETY = 1.1
"""How far above what was seen on training tunes an activation may go before it is clipped."""

CANDIDATES = tuple(round(0.8 + 0.01 * place, 2) for place in range(71))
FEWEST_NOTES = 2000
"""With fewer notes to fit on, a temperature would be chance; it stays 1."""


def calibrate(network: Composer, training: Sequence[Batch]) -> dict[str, float]:
    """Largest magnitudes of a network's activations over some batches of training tunes, by name."""
    seen: dict[str, float] = {}

    def watch(name: str, relu: bool) -> Any:
        def hook(_module: Any, _inputs: Any, output: Tensor) -> None:
            value = output.clamp(min=0) if relu else output.abs()
            seen[name] = max(seen.get(name, 1e-6), SAFETY * float(value.max()))

        return hook

    watched = [("features", network.features, True), ("after", network.after, True)]
    watched += [
        (f"{head}_head", getattr(network, f"{head}_head")[0], True) for head in ("duration", "pitch", "flag")
    ]
    for name in ("attention1", "attention2"):
        watched += [
            (f"{name}.{part}", getattr(getattr(network, name), part), False)
            for part in ("query", "key", "value")
        ]
    handles = [module.register_forward_hook(watch(name, relu)) for name, module, relu in watched]
    network.eval()
    with torch.no_grad():
        for batch in training:
            network(batch["trunk"], batch["after"], batch["targets"], batch["tags"])
        seen["features"] += float(network.tags.weight.abs().sum(1).max())
    for handle in handles:
        handle.remove()
    return seen


@torch.no_grad()
def fit_temperatures(networks: Sequence[Composer], tunes: Sequence[Arrays], events: int) -> list[float]:
    """Temperatures of duration, pitch and flag for the average of the networks' logits.

    Parameters
    ----------
    networks : trained networks of one vocabulary, on the CPU.
    tunes : arrays of the validation tunes; the flag is fitted on those whose source marks phrases.
    events : events a batch, padding included.
    """
    logits: list[list[Tensor]] = [[], [], []]
    targets: list[list[Tensor]] = [[], [], []]
    for group in batches(tunes, BatchPlan(events, shuffle=False), np.random.default_rng(0)):
        batch = collate([tunes[place] for place in group])
        found = [
            network.eval()(batch["trunk"], batch["after"], batch["targets"], batch["tags"])
            for network in networks
        ]
        marked = batch["mask"] & batch["marked"][:, None]
        for part, counted in enumerate((batch["mask"], batch["mask"], marked)):
            averaged = torch.stack([tables[part].float() for tables in found]).mean(0)
            logits[part].append(averaged[counted])
            targets[part].append(batch["targets"][..., part][counted])
    return [_best(torch.cat(table), torch.cat(wanted)) for table, wanted in zip(logits, targets, strict=True)]


def _best(logits: Tensor, targets: Tensor) -> float:
    if len(targets) < FEWEST_NOTES:
        return 1.0
    return min(CANDIDATES, key=lambda value: float(functional.cross_entropy(logits / value, targets)))
