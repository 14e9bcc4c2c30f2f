"""Names of stems, as training and evaluation read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canzona.separation.multitrack import head_of, is_mixture

WORD = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHäöü0123456789", min_size=1)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("synth.wav", "synth"), ("Synth 2.flac", "synth"), ("synth-lead.left.ogg", "synth"),
        ("SYNTH_pad", "synth"), ("synthesizer.wav", "synthesizer"), ("", ""), (".wav", ""),
        ("drums", "drums"),
    ],
)  # fmt: skip
def test_the_head_of_a_name(name: str, head: str) -> None:
    assert head_of(name) == head


@given(WORD, st.sampled_from("-. _"), st.text())
def test_what_stands_behind_the_head_does_not_count(word: str, mark: str, rest: str) -> None:
    assert head_of(f"{word}{mark}{rest}") == head_of(word) == word.lower()


@pytest.mark.parametrize("name", ["mix.wav", "Mixture.flac", "mix-final.wav", "mixture 2.mp3", "MIX_v3"])
def test_mixes_are_no_stems(name: str) -> None:
    assert is_mixture(name)


@pytest.mark.parametrize("name", ["remix.wav", "mixed.wav", "synth-mix.wav", "premix", "mixtures.wav"])
def test_what_is_merely_called_like_a_mix_is_a_stem(name: str) -> None:
    assert not is_mixture(name)
