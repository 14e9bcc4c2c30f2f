"""A network at use time gives what it gave while it was trained: spectra, levels and frames are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from canzona.separation import SeparationModel
from small_extractor import RATE, noise, saved

torch = pytest.importorskip("torch", reason="the extra 'train' is not installed")


@pytest.fixture(params=["mel-lstm", "waveform"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Any, SeparationModel]:
    """An untrained network in torch, and its folder opened for use."""
    from canzona.train.separation.export import export
    from canzona.train.separation.recipe import KINDS

    network_class, shape_class = KINDS[request.param]
    torch.manual_seed(1)
    network = network_class(shape_class()).eval()
    sizes = {"hop": network.hop} | ({"fft": network.shape.fft} if request.param == "mel-lstm" else {})
    folder = saved(
        tmp_path / request.param,
        export(network),
        kind=request.param,
        window=2 * RATE,
        fade=RATE // 2,
        **sizes,
    )
    return network, SeparationModel.open(folder.path)


@pytest.mark.parametrize("samples", [2 * RATE, 61_001])
def test_a_window_is_heard_as_in_training(both: tuple[Any, SeparationModel], samples: int) -> None:
    network, model = both
    window = noise(3, samples, level=0.2)
    level = np.sqrt(np.mean(np.square(window, dtype=np.float64)))
    with torch.no_grad():
        estimate, logits = network(torch.from_numpy(window / np.float32(level))[None])
    heard = model.hear(window)
    # Weights are stored with two bytes each.
    np.testing.assert_allclose(heard[:2], estimate[0].numpy() * level, atol=5e-4)
    # Labels are centred on each hop's first sample, and so is what is made of them.
    presence = torch.sigmoid(logits)[0].numpy()
    frames = heard[2, :: model.hop]
    assert abs(len(presence) - samples / model.hop) < 3
    count = min(len(frames), len(presence))
    np.testing.assert_allclose(frames[:count], presence[:count], atol=0.01)
