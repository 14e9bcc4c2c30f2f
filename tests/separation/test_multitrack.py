"""Which sound files of a song are its stems."""

from __future__ import annotations

import pytest

from canzona.separation.multitrack import is_mixture


@pytest.mark.parametrize("name", ["mix.wav", "Mixture.flac", "mix-final.wav", "mixture 2.mp3", "MIX_v3"])
def test_mixes_are_no_stems(name: str) -> None:
    assert is_mixture(name)


@pytest.mark.parametrize("name", ["remix.wav", "mixed.wav", "synth-mix.wav", "premix", "mixtures.wav"])
def test_what_is_merely_called_like_a_mix_is_a_stem(name: str) -> None:
    assert not is_mixture(name)
