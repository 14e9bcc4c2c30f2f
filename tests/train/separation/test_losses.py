"""The losses: their gradient, their value at silence, and that each is smallest at the target."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from canzona.train.separation.losses import ERROR_SHARE, LOSSES, SILENCE_SHARE, Loss, presence_loss

EVERY = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
SHAPE = (2, 2, 11025)


@pytest.fixture
def target() -> Tensor:
    return 0.6 * torch.randn(SHAPE, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def mixture(target: Tensor) -> Tensor:
    return target + 0.8 * torch.randn(SHAPE, generator=torch.Generator().manual_seed(2))


@EVERY
def test_the_target_itself_is_best_and_the_mixture_is_worse(
    loss: Loss, target: Tensor, mixture: Tensor
) -> None:
    best = loss(target, target, mixture)
    assert loss(mixture, target, mixture) > loss(target + 0.2 * (mixture - target), target, mixture) > best


@EVERY
def test_every_sample_gets_a_finite_gradient(loss: Loss, target: Tensor, mixture: Tensor) -> None:
    estimate = (0.5 * mixture).requires_grad_()
    loss(estimate, target, mixture).backward()
    assert estimate.grad is not None
    assert torch.isfinite(estimate.grad).all()
    assert (estimate.grad != 0).float().mean() > 0.99
    # Downhill is downhill.
    with torch.no_grad():
        step = estimate - 1e-3 * estimate.grad / estimate.grad.norm()
        assert loss(step, target, mixture) < loss(estimate, target, mixture)


@EVERY
@pytest.mark.parametrize("heard", [True, False], ids=["silent target", "all silent"])
def test_silence_is_finite_and_quieter_is_better(loss: Loss, mixture: Tensor, heard: bool) -> None:
    whole = mixture if heard else torch.zeros(SHAPE)
    silent = torch.zeros(SHAPE)
    estimate = (0.1 * mixture).requires_grad_()
    value = loss(estimate, silent, whole)
    value.backward()
    assert torch.isfinite(value) and estimate.grad is not None and torch.isfinite(estimate.grad).all()
    assert loss(silent, silent, whole) < loss(0.01 * mixture, silent, whole) < value


@EVERY
def test_a_silent_estimate_of_silence_has_a_finite_gradient(loss: Loss, mixture: Tensor) -> None:
    estimate = torch.zeros(SHAPE, requires_grad=True)
    loss(estimate, torch.zeros(SHAPE), mixture).backward()
    assert estimate.grad is not None and torch.isfinite(estimate.grad).all()


@EVERY
def test_the_level_of_the_song_does_not_count(loss: Loss, target: Tensor, mixture: Tensor) -> None:
    estimate = 0.7 * mixture
    loud = loss(10 * estimate, 10 * target, 10 * mixture)
    torch.testing.assert_close(loud, loss(estimate, target, mixture), rtol=2e-3, atol=2e-3)


def test_values_that_can_be_worked_out(target: Tensor, mixture: Tensor) -> None:
    silent = torch.zeros(SHAPE)
    assert LOSSES["l1"](silent, mixture, mixture) == pytest.approx(1.0)
    assert LOSSES["normalised-mse"](silent, mixture, mixture) == pytest.approx(1 / (1 + SILENCE_SHARE))
    assert LOSSES["normalised-mse"](mixture, silent, mixture) == pytest.approx(1 / SILENCE_SHARE, rel=1e-4)
    whole = 10 * math.log10((1 + ERROR_SHARE) / (1 + SILENCE_SHARE))
    assert LOSSES["log-error"](silent, mixture, mixture) == pytest.approx(whole, abs=1e-4)
    perfect = 10 * math.log10(ERROR_SHARE / (1 + SILENCE_SHARE))
    assert LOSSES["log-error"](mixture, mixture, mixture) == pytest.approx(perfect, abs=1e-3)


def test_the_normalisation_runs_over_time() -> None:
    """The loss of the model that ours descends from divided each sample by itself: no gradient at all."""
    estimate = torch.randn(1, 1, 1000, requires_grad=True)
    LOSSES["normalised-mse"](estimate, torch.randn(1, 1, 1000), torch.randn(1, 1, 1000)).backward()
    assert estimate.grad is not None and estimate.grad.norm() > 1e-3


def test_presence_counts_where_the_target_is_heard() -> None:
    target = torch.zeros(1, 2, 44100)
    target[..., 22050:] = 0.3
    sure = torch.full((1, 44), -9.0)
    sure[:, 21:] = 9.0
    right = presence_loss(sure, target, 1000)
    assert right < 0.1
    assert presence_loss(-sure, target, 1000) > 5
    assert presence_loss(sure, 1e-4 * target, 1000) > 3
    logits = torch.zeros(1, 44, requires_grad=True)
    presence_loss(logits, target, 1000).backward()
    assert logits.grad is not None and (logits.grad != 0).all()
