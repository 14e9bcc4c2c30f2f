"""Writes tests/golden/audio/spectra.npz with librosa, which is no dependency of the project:

    pip install librosa==0.11.0 && python tests/audio/make_golden_spectra.py

The tests compare `canzona.audio.spectra` with these numbers. Made with librosa 0.11.0 and NumPy 2.4.6.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "audio" / "spectra.npz"

SIZE, HOP = 256, 64

FILTERS = {
    "slaney": {"sr": 22050, "n_fft": 2048, "n_mels": 40},
    "slaney_peak": {"sr": 44100, "n_fft": 1024, "n_mels": 24, "norm": None},
    "htk": {"sr": 16000, "n_fft": 400, "n_mels": 30, "fmin": 20.0, "fmax": 7600.0, "htk": True},
    "htk_peak": {"sr": 48000, "n_fft": 512, "n_mels": 20, "htk": True, "norm": None},
}
"""Arguments of `librosa.filters.mel`; its area normalisation is called 'slaney' and is the default."""


def signal() -> np.ndarray:
    """A rising tone with a click and a little noise, stereo: shape (2, 1000), float32."""
    place = np.arange(1000) / 8000
    left = 0.5 * np.sin(2 * np.pi * (200 + 4000 * place) * place)
    right = 0.01 * np.random.default_rng(8).normal(size=1000)
    right[700] = 0.9
    return np.stack([left, right]).astype(np.float32)


def main() -> None:
    import librosa

    held: dict[str, np.ndarray] = {}
    for padding, mode in (("zeros", "constant"), ("reflect", "reflect")):
        held[f"stft_{padding}"] = librosa.stft(signal(), n_fft=SIZE, hop_length=HOP, pad_mode=mode)
    for name, options in FILTERS.items():
        held[f"mel_{name}"] = librosa.filters.mel(**options)
    mel = librosa.feature.melspectrogram(
        S=np.abs(held["stft_zeros"]) ** 2, sr=8000, n_fft=SIZE, n_mels=20, power=2.0
    )
    held["log_mel"] = librosa.power_to_db(mel, ref=1.0, amin=1e-10, top_db=None)
    changed = held["stft_zeros"] * np.linspace(1, 0, SIZE // 2 + 1)[:, None]
    held["istft_changed"] = librosa.istft(changed, hop_length=HOP, length=1000)
    GOLDEN.parent.mkdir(exist_ok=True)
    np.savez_compressed(GOLDEN, **held)


if __name__ == "__main__":
    main()
