"""Model folders of the job 'extract': what is heard in a window, blends, and folders that cannot be used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from canzona.audio.spectra import istft, stft
from canzona.errors import MissingDependencyError, ModelError, UsageError
from canzona.models.folder import load_folder
from canzona.separation import SeparationModel
from canzona.separation import network as network_module
from canzona.separation.windows import LOWEST_LEVEL
from sealed_model import changed_copy, seal
from small_extractor import (
    FFT,
    HOP,
    RATE,
    blend_model,
    filter_model,
    mask_graph,
    mask_model,
    noise,
    saved,
    tone,
)


@pytest.fixture
def low_pass() -> np.ndarray:
    """A mask that passes the lowest tenth of the bins."""
    mask = np.zeros(FFT // 2 + 1)
    mask[:26] = 1
    return mask


def opened(folder: Any) -> SeparationModel:
    return SeparationModel.open(folder.path)


def test_a_mask_is_applied_to_the_complex_mixture(tmp_path: Path, low_pass: np.ndarray) -> None:
    window = noise(1, 22050)
    heard = opened(mask_model(tmp_path / "low", low_pass)).hear(window)
    padded = np.pad(window, ((0, 0), (0, RATE - 22050)))
    expected = istft(stft(padded, FFT, HOP) * low_pass[:, None], HOP, length=RATE)[:, :22050]
    assert heard.dtype == np.float32 and heard.shape == (3, 22050)
    np.testing.assert_allclose(heard[:2], expected, atol=1e-6)


def test_a_filter_is_applied_to_the_samples(tmp_path: Path) -> None:
    window = noise(2, RATE)
    heard = opened(filter_model(tmp_path / "late", [0, 0, 0, 0, 1])).hear(window)
    np.testing.assert_allclose(heard[:2, 2:], window[:, :-2], atol=1e-7)


@pytest.mark.parametrize("level", [1e-3, 0.1, 0.9])
def test_networks_see_every_window_at_level_one(tmp_path: Path, level: float) -> None:
    """White noise of level 1 has a presence of 1 in these graphs, whatever the song's level was."""
    model = opened(filter_model(tmp_path / "m", heard=0.5, hop=2048))
    heard = model.hear(noise(3, RATE, level=level))
    np.testing.assert_allclose(heard[2].mean(), 0.5, atol=0.02)


def test_a_very_soft_window_is_not_raised_to_level_one(tmp_path: Path) -> None:
    window = noise(4, RATE, level=LOWEST_LEVEL / 10)
    heard = opened(filter_model(tmp_path / "m", [1.0], heard=1.0, hop=2048)).hear(window)
    assert heard[2].mean() == pytest.approx(0.01, abs=0.002)
    np.testing.assert_allclose(heard[:2], window, atol=1e-9)


def test_silence_is_answered_with_silence(tmp_path: Path) -> None:
    model = opened(mask_model(tmp_path / "m"))
    assert not model.hear(np.zeros((2, 500), np.float32)).any()


@pytest.mark.parametrize("samples", [1, 2, 100, 4410])
def test_the_shortest_windows_are_heard(tmp_path: Path, samples: int) -> None:
    window = noise(5, samples)
    for model in (mask_model(tmp_path / "a"), filter_model(tmp_path / "b")):
        heard = opened(model).hear(window)
        assert heard.shape == (3, samples)
        np.testing.assert_allclose(heard[:2], window / 2, atol=1e-6)


def test_presence_lies_where_the_sound_is(tmp_path: Path) -> None:
    """Half of the window sounds; both kinds of frames say so at the right place."""
    window = np.concatenate([np.zeros((2, RATE)), tone(300, 1.0)], axis=1).astype(np.float32)
    for folder in (mask_model(tmp_path / "a", heard=5.0), filter_model(tmp_path / "b", heard=5.0)):
        presence = opened(folder).hear(window)[2]
        assert presence[: RATE - 600].max() < 0.01 and presence[RATE + 600 :].min() > 0.9
        assert presence.min() >= 0 and presence.max() <= 1


def test_a_blend_is_the_weighted_sum(tmp_path: Path) -> None:
    one, other = (
        mask_model(tmp_path / "one", 1.0, heard=0.2),
        filter_model(tmp_path / "other", [0.5], heard=0.6),
    )
    model = opened(blend_model(tmp_path / "blend", (one, 0.6), (other, 0.3)))
    window = noise(6, RATE)
    heard = model.hear(window)
    parts = [opened(folder).hear(window) for folder in (one, other)]
    np.testing.assert_allclose(heard[:2], 0.6 * parts[0][:2] + 0.3 * parts[1][:2], atol=1e-6)
    np.testing.assert_allclose(heard[2], (0.6 * parts[0][2] + 0.3 * parts[1][2]) / 0.9, atol=1e-6)
    assert model.hop == HOP and model.stems == ("synth", "rest")


def test_parts_are_found_beside_the_blend_before_anywhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = mask_model(tmp_path / "here" / "part", 0.5)
    mask_model(tmp_path / "elsewhere" / "part", 0.25)
    monkeypatch.setenv("CANZONA_MODELS", str(tmp_path / "elsewhere"))
    model = opened(blend_model(tmp_path / "here" / "blend", (part, 1.0)))
    assert model.parts[0][0].path == part.path


def test_parts_are_found_where_models_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = mask_model(tmp_path / "elsewhere" / "part", 0.5)
    blend = blend_model(tmp_path / "here" / "blend", (part, 1.0))
    monkeypatch.setenv("CANZONA_MODELS", str(tmp_path / "elsewhere"))
    assert opened(blend).parts[0][0].path == part.path
    monkeypatch.delenv("CANZONA_MODELS")
    with pytest.raises(ModelError, match="there is no model 'part'"):
        opened(blend)


def test_a_part_that_is_another_model_is_refused(tmp_path: Path) -> None:
    part = mask_model(tmp_path / "part", 0.5)
    blend = blend_model(tmp_path / "blend", (part, 1.0))
    (part.path / "network.onnx").write_bytes(mask_graph(np.full(FFT // 2 + 1, 0.4)))
    seal(part.path)
    with pytest.raises(ModelError) as caught:
        opened(blend)
    assert str(caught.value) == (
        f"{part.path} is not the 'part' that 'blend' was made from; install both models again, of one version"
    )
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    "behaviour",
    [
        {"kind": "spectral"}, {"kind": None}, {"sample_rate": 0}, {"sample_rate": "fast"},
        {"window": 10, "fade": 9}, {"fade": 0}, {"window": None}, {"hop": 0}, {"hop": 300}, {"fft": 511},
        {"fft": None}, {"target": ""}, {"target": "rest"}, {"target": "../x"}, {"target": 5},
        {"presence": {"seconds": -1}}, {"presence": 3}, {"presence": {"threshold": "x"}},
        {"kind": "blend"}, {"kind": "blend", "parts": []}, {"kind": "blend", "parts": [{"name": "x"}]},
        {"kind": "blend", "parts": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_a_config_that_makes_no_extractor_is_refused(tmp_path: Path, behaviour: dict[str, Any]) -> None:
    folder = changed_copy(mask_model(tmp_path / "m").path, tmp_path / "bad", behaviour=behaviour)
    with pytest.raises(ModelError) as caught:
        SeparationModel.open(folder)
    assert "is no extractor that this version can read" in str(caught.value)


def test_blends_of_blends_and_of_unlike_models_are_refused(tmp_path: Path) -> None:
    part = mask_model(tmp_path / "part")
    blend = blend_model(tmp_path / "blend", (part, 1.0))
    other = mask_model(tmp_path / "other", window=30000)
    for unfit in (
        blend_model(tmp_path / "twice", (blend, 1.0)),
        blend_model(tmp_path / "uneven", (part, 0.5), (other, 0.5)),
        blend_model(tmp_path / "weightless", (part, 0.0)),
    ):
        with pytest.raises(ModelError, match="no extractor"):
            opened(unfit)


def test_a_model_for_another_job_is_refused(tmp_path: Path) -> None:
    folder = changed_copy(mask_model(tmp_path / "m").path, tmp_path / "tagger", job="tag")
    with pytest.raises(ModelError, match="is for 'tag' and 'extract' is asked for"):
        SeparationModel.open(folder)


def test_no_graph_and_the_graph_of_another_kind(tmp_path: Path) -> None:
    junk = saved(tmp_path / "junk", b"no graph at all", kind="mel-lstm", fft=FFT, hop=HOP)
    swapped = changed_copy(
        filter_model(tmp_path / "filter").path,
        tmp_path / "swapped",
        behaviour={"kind": "mel-lstm", "fft": FFT},
    )
    for folder, said in ((junk.path, "is no network that can be run"), (swapped, "another kind of model")):
        with pytest.raises(ModelError, match=said):
            SeparationModel.open(folder).hear(noise(1, 100))


def test_a_graph_for_other_spectra_is_a_sentence(tmp_path: Path) -> None:
    folder = saved(tmp_path / "m", mask_graph(np.ones(129)), kind="mel-lstm", fft=FFT, hop=HOP)
    with pytest.raises(ModelError, match="the network stopped at a window") as caught:
        opened(folder).hear(noise(1, 100))
    assert "\n" not in str(caught.value)


def test_a_network_that_gives_no_numbers_is_refused(tmp_path: Path) -> None:
    folder = mask_model(tmp_path / "m", np.full(FFT // 2 + 1, np.nan))
    with pytest.raises(ModelError, match="mask holds samples that are no numbers"):
        opened(folder).hear(noise(1, 100))


def test_a_session_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    whole = onnxruntime.InferenceSession

    def counted(*words: Any, **options: Any) -> Any:
        calls.append(words)
        return whole(*words, **options)

    monkeypatch.setattr(onnxruntime, "InferenceSession", counted)
    folder = mask_model(tmp_path / "m")
    for _ in range(3):
        opened(folder).hear(noise(1, 100))
    assert len(calls) == 1
    (folder.path / "network.onnx").write_bytes(mask_graph(np.full(FFT // 2 + 1, 0.9)))
    heard = SeparationModel.open(load_folder(seal(folder.path)).path).hear(noise(1, 100))
    assert len(calls) == 2, "another graph under the same name is opened anew"
    np.testing.assert_allclose(heard[:2], noise(1, 100) * 0.9, atol=1e-6)


def test_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = mask_model(tmp_path / "m")
    with pytest.raises(UsageError, match="there is no device 'tpu'; choose cpu or cuda"):
        SeparationModel.open(folder.path, device="tpu")
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(MissingDependencyError, match="knows no device 'cuda'; pip install onnxruntime-gpu"):
        SeparationModel.open(folder.path, device="cuda")


def test_a_device_without_its_driver_is_refused_and_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ONNX Runtime itself would go on with the processor, and say so in a log that nobody reads."""
    monkeypatch.setitem(network_module._PROVIDERS, "cuda", "AzureExecutionProvider")
    whole = onnxruntime.InferenceSession
    monkeypatch.setattr(
        onnxruntime,
        "InferenceSession",
        lambda path, options, providers: whole(path, options, providers=["CPUExecutionProvider"]),
    )
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["AzureExecutionProvider"])
    model = SeparationModel.open(mask_model(tmp_path / "m").path, device="cuda")
    with pytest.raises(MissingDependencyError, match="cannot be used on this machine"):
        model.hear(noise(1, 100))
