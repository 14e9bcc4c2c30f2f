"""The two networks: what passes through them, what they learn, and what is exported."""

from __future__ import annotations

import warnings

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from canzona.audio.spectra import istft, stft
from canzona.errors import ModelError
from canzona.train.separation.bands import band_filters, bin_weights
from canzona.train.separation.export import export, restore
from canzona.train.separation.losses import LOSSES, presence_loss
from canzona.train.separation.mel_lstm import MelLstm, MelLstmShape
from canzona.train.separation.trunk import TrunkShape, _Up
from canzona.train.separation.waveform import Waveform, WaveformShape

SMALL_TRUNK = TrunkShape(bands=32, channels=(4, 6, 8), features=4, inner=24, hidden=16, layers=2)
SHAPES = {
    "mel-lstm": MelLstmShape(fft=1024, hop=256, fine=3, reach=200, trunk=SMALL_TRUNK),
    "waveform": WaveformShape(
        kernel=256,
        stride=64,
        trunk=TrunkShape(
            bands=16, channels=(4, 6, 8), features=4, inner=24, hidden=16, layers=1, halved=2, dropout=0
        ),
    ),
}
KINDS = pytest.mark.parametrize("kind", SHAPES)


def network(kind: str, seed: int = 1) -> nn.Module:
    torch.manual_seed(seed)
    shape = SHAPES[kind]
    return MelLstm(shape) if isinstance(shape, MelLstmShape) else Waveform(shape)


def opened(kind: str) -> nn.Module:
    """A network whose masks or gates let everything through."""
    found = network(kind).eval()
    with torch.no_grad():
        found.bias += 99
    return found


@KINDS
@given(samples=st.integers(1, 9000))
@settings(max_examples=15)
def test_an_open_network_gives_the_mixture_back(kind: str, samples: int) -> None:
    mixture = torch.randn(1, 2, samples, generator=torch.Generator().manual_seed(samples))
    with torch.no_grad():
        estimate, presence = opened(kind)(mixture)
    assert estimate.shape == mixture.shape
    torch.testing.assert_close(estimate, mixture, atol=1e-4, rtol=0)
    assert presence.ndim == 2 and presence.shape[1] >= 1


@pytest.mark.parametrize("double", [False, True])
def test_doubling_by_places_is_a_transposed_convolution(double: bool) -> None:
    torch.manual_seed(1)
    made = _Up(6, 4, double).eval()
    made[1].running_mean.normal_()
    held, head = torch.randn(2, 6, 5, 7), nn.Conv2d(4, 3, 1)
    with torch.no_grad():
        plain = nn.Sequential(*made)(held)
        torch.testing.assert_close(made(held), plain)
        torch.testing.assert_close(made(held, head), head(plain))


@KINDS
def test_every_weight_gets_a_gradient(kind: str) -> None:
    made = network(kind).train()
    mixture = torch.randn(2, 2, 8000)
    estimate, presence = made(mixture)
    loss = LOSSES["log-error"](estimate, 0.5 * mixture, mixture)
    (loss + presence_loss(presence, mixture, made.hop)).backward()
    for name, weight in made.named_parameters():
        assert weight.grad is not None and torch.isfinite(weight.grad).all(), name
        assert weight.grad.abs().max() > 0, name


@KINDS
def test_the_loss_falls_on_one_small_batch(kind: str) -> None:
    """The test that the models ours descend from would have failed."""
    made = network(kind).train()
    time = torch.arange(16000) / 44100
    target = torch.stack([torch.sin(2 * torch.pi * f * time) for f in (300.0, 500.0)])[:, None].expand(
        2, 2, -1
    )
    mixture = target + torch.randn(target.shape, generator=torch.Generator().manual_seed(1))
    optimizer = torch.optim.AdamW(made.parameters(), lr=1e-2)
    losses = []
    for _ in range(50):
        estimate, _ = made(mixture)
        loss = LOSSES["log-error"](estimate, target, mixture)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 3


@KINDS
def test_silence_stays_silence(kind: str) -> None:
    with torch.no_grad():
        estimate, presence = network(kind).eval()(torch.zeros(1, 2, 5000))
    assert not estimate.any() and torch.isfinite(presence).all()


def run_graph(kind: str, graph: bytes, mixture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a graph makes of a mixture of shape (2, n), by the transforms of use."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    if kind == "waveform":
        estimate, presence = session.run(None, {"mixture": mixture[None]})
        return estimate[0], presence
    shape = SHAPES[kind]
    spectrum = stft(mixture, shape.fft, shape.hop)
    parts = np.stack([spectrum.real, spectrum.imag], axis=-1)[None].swapaxes(2, 3)
    mask, presence = session.run(None, {"spectrum": parts})
    return istft(mask[0].swapaxes(1, 2) * spectrum, shape.hop, length=mixture.shape[1]), presence


@KINDS
@pytest.mark.parametrize("samples", [3000, 20001])
def test_the_graph_does_what_the_network_does(kind: str, samples: int) -> None:
    made = network(kind).eval()
    mixture = np.random.default_rng(1).normal(size=(2, samples)).astype(np.float32)
    with torch.no_grad():
        wanted, sure = made(torch.from_numpy(mixture)[None])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, presence = run_graph(kind, export(made), mixture)
    # Weights have two bytes each in the graph.
    np.testing.assert_allclose(found, wanted[0].numpy(), atol=3e-3)
    np.testing.assert_allclose(presence, torch.sigmoid(sure).numpy(), atol=3e-3)
    assert ((presence >= 0) & (presence <= 1)).all()


@KINDS
def test_a_training_can_go_on_from_a_graph(kind: str) -> None:
    made = network(kind).eval()
    again = restore(kind, SHAPES[kind], export(made))
    for (name, old), (_, new) in zip(made.state_dict().items(), again.state_dict().items(), strict=True):
        if old.is_floating_point():
            torch.testing.assert_close(new, old, atol=1e-3, rtol=2e-3, msg=name)
    assert export(again.eval()) == export(made)


def test_a_graph_of_other_sizes_is_refused() -> None:
    wider = MelLstmShape(fft=1024, hop=256, fine=3, reach=200, trunk=TrunkShape(bands=64))
    with pytest.raises(ModelError, match="of this size"):
        restore("mel-lstm", wider, export(network("mel-lstm")))


@pytest.mark.parametrize(("size", "bands"), [(4096, 256), (1024, 128), (512, 32)])
def test_bands_are_averages_and_none_is_empty(size: int, bands: int) -> None:
    filters = band_filters(size, bands)
    assert filters.shape == (bands, size // 2 + 1)
    torch.testing.assert_close(filters.sum(1), torch.ones(bands))
    weights = bin_weights(filters)
    assert weights.shape == (size // 2 + 1, bands)
    torch.testing.assert_close(weights.sum(1), torch.ones(size // 2 + 1))
    # A curve that is smooth over the bands comes back at their centres.
    centres = filters @ torch.arange(size // 2 + 1.0)
    torch.testing.assert_close(filters @ (weights @ centres), centres, atol=1.5, rtol=0.02)
