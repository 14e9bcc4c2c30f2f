"""What happened in a training that had so much time: its clock, its losses, its gradients."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import mean, median

import torch
from torch import nn

from extraction.command import Row

_PART = 10


@dataclass
class Diary:
    """Written while a network learns.

    Attributes
    ----------
    minutes : the CPU time that it has.
    spent : seconds of it that are gone.
    losses : of each step.
    norms, first : of each step the gradient's norm before it is clipped: of all weights, and of the first
        layer's.
    """

    minutes: float
    spent: float = 0.0
    losses: list[float] = field(default_factory=list)
    norms: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        """How much of the time is gone, 0..1."""
        return min(1.0, self.spent / (60 * self.minutes))

    @property
    def is_over(self) -> bool:
        """Whether the time is up; a step at least is always made."""
        return bool(self.losses) and self.share >= 1

    @contextmanager
    def running(self) -> Iterator[None]:
        """The clock runs inside."""
        began = time.process_time()
        yield
        self.spent += time.process_time() - began

    def gradients(self, network: nn.Module, first: nn.Parameter) -> None:
        """Note the norms of the gradients that a network has now, and of its first layer's."""
        self.norms.append(_norm(network.parameters()))
        self.first.append(_norm([first]))

    def facts(self) -> Row:
        """Steps, minutes, the mean loss of the first and the last tenth, and the median gradient norms."""
        part = max(1, len(self.losses) // _PART)
        return {
            "steps": len(self.losses),
            "minutes": self.spent / 60,
            "first_loss": mean(self.losses[:part]),
            "last_loss": mean(self.losses[-part:]),
            "gradient": median(self.norms),
            "first_gradient": median(self.first),
        }


def _norm(weights: Iterable[nn.Parameter]) -> float:
    """The Euclidean norm of all gradients together."""
    norms = [torch.linalg.vector_norm(weight.grad) for weight in weights if weight.grad is not None]
    return float(torch.linalg.vector_norm(torch.stack(norms)))
