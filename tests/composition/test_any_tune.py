"""Whatever tune there is: families, originality, baseline and figures take it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from canzona.composition.events import build_vocabulary, encode
from canzona.composition.families import find_families, split
from canzona.composition.melody import melody_of
from canzona.composition.ngram import fit_ngram
from canzona.composition.originality import build_index
from canzona.composition.samples import corpus_figures, sample_figures
from canzona.score.tune import Tune
from strategies import tunes


@given(tunes())
@settings(max_examples=60)
def test_a_melody_has_every_sounding_note_and_all_the_time_from_the_first(tune: Tune) -> None:
    melody = melody_of(tune)
    sounding = [note for note in tune.notes if note.pitch is not None]
    assert len(melody.heights) == len(melody.lengths) == len(melody.places) == len(sounding)
    assert [tune.notes[place] for place in melody.places] == sounding
    assert len(melody.steps) == max(0, len(sounding) - 1)
    if sounding:
        assert np.isclose(melody.lengths.sum(), float(tune.duration - sounding[0].onset))


@given(st.lists(tunes(), min_size=1, max_size=4))
@settings(max_examples=40)
def test_a_tune_and_its_copy_are_one_family(found: list[Tune]) -> None:
    named = [(f"{place}", tune) for place, tune in enumerate(found)]
    families = find_families([*named, *((f"{name} again", tune) for name, tune in named)])
    for name, tune in named:
        if len(melody_of(tune).steps) >= 6:
            assert families.of[name] == families.of[f"{name} again"]
    held = split(families, "", 0.5)
    for family in families.members():
        assert len({name in held.held_out for name in family}) == 1


@given(st.lists(tunes(), min_size=1, max_size=4))
@settings(max_examples=40)
def test_a_copy_is_as_long_as_its_tune(found: list[Tune]) -> None:
    index = build_index([(str(place), tune) for place, tune in enumerate(found)])
    for tune in found:
        notes = len(melody_of(tune).heights)
        assert index.longest_copy(tune).length == (notes if notes >= 4 else 0)


@given(st.lists(tunes(), min_size=1, max_size=4))
@settings(max_examples=40)
def test_baseline_and_figures_are_finite(found: list[Tune]) -> None:
    lists = [encode(tune) for tune in found]
    ngram = fit_ngram(build_vocabulary(lists[:2]), lists[:2])
    for tune, bits in zip(found, ngram.bits(lists), strict=True):
        assert bits.shape == (len(tune.notes), 2)
        assert (np.isfinite(bits) & (bits >= 0)).all()
    if any(not tune.is_empty for tune in found):
        figures = sample_figures(found, corpus_figures(found), build_index([("a", found[0])]))
        assert 0 < figures["distinct"] <= 1
        assert 0 <= figures["ends_on_tonic"] <= 1
