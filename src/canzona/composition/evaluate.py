"""Evaluating a composer: bits a note on given tunes, and what its own tunes are like.

A note is every note and rest; logarithms are base 2. The order of coding is duration, pitch
given the duration, phrase-or-end flag given both; the flag is not counted in the total, and
coming last it tells nothing about its own note. For free are meter, tonic, mode, pickup, and
bar lines and phrase marks up to the note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from canzona.composition.compose import compose
from canzona.composition.corpus import Corpus, read_corpus
from canzona.composition.events import EventList, encode
from canzona.composition.families import find_families, split
from canzona.composition.model import DEFAULT, ComposerModel
from canzona.composition.passes import second_passes
from canzona.composition.samples import sample_figures
from canzona.composition.scoring import Scored, score
from canzona.composition.timesteps import StepCounts, count_steps
from canzona.errors import EmptyTuneError, UsageError
from canzona.evaluation.bootstrap import bootstrap_ratio

_PLAYED_OUT = re.compile(r"\.midi?(#\d+)?$", re.IGNORECASE)
"""Names of tunes whose source plays repeats out."""


def evaluate(
    folders: Sequence[str | Path],
    *,
    model: str | Path | ComposerModel = DEFAULT,
    blind: bool = False,
    held_out: bool = False,
    batch: int = 64,
) -> dict[str, Any]:
    """Score every readable tune below some folders.

    Parameters
    ----------
    folders : folders or files of scores, in every format.
    model : a model's name or folder.
    blind : hide the regions.
    held_out : of the folders that the model was trained on, take the families held out only.
    batch : tunes scored side by side; no figure depends on it.

    Returns
    -------
    `tunes`, `notes`, `empty`, `unreadable`, `bits_per_note` {duration, pitch, phrase, total;
    phrase over the tunes whose source marks phrases, None where there is none},
    `accuracy` {duration, pitch}, `timestep_accuracy`, `timestep_onset_accuracy`,
    `timestep_tunes`, `baseline` {ngram_total, hold_accuracy}, `first_pass` {tunes, notes,
    total} over tunes whose repeats are played out, without their second passes.

    Raises
    ------
    EmptyTuneError : no tune has a note.
    UsageError : `held_out`, and the folders are not those of the training.
    """
    opened = model if isinstance(model, ComposerModel) else ComposerModel.open(model)
    corpus = read_corpus([Path(folder) for folder in folders], blind=blind)
    if held_out:
        corpus = _held_out(opened, corpus)
    if not corpus.tunes:
        raise EmptyTuneError(
            "there is no tune with a note to evaluate",
            hint=corpus.unreadable[0] if corpus.unreadable else "give folders with scores",
        )
    lists = [encode(tune, tags) for tune, tags in zip(corpus.tunes, corpus.tags, strict=True)]
    scored = score(opened.network, opened.vocabulary, lists, batch=batch)
    baseline = opened.ngram.bits(lists)
    played_out = [_PLAYED_OUT.search(name) is not None for name in corpus.names]
    return {
        "model": opened.folder.name,
        "model_hash": opened.folder.hash,
        "tunes": len(lists),
        "notes": sum(len(listed.events) for listed in lists),
        "empty": len(corpus.empty),
        "unreadable": len(corpus.unreadable),
        "blind": blind,
        "held_out": held_out,
        **_bits(lists, scored),
        **_steps(opened, lists, scored, baseline),
        "first_pass": _first_pass(lists, scored, played_out),
    }


def _held_out(model: ComposerModel, corpus: Corpus) -> Corpus:
    """What the model's training held out of the corpus that it was trained on."""
    training = model.folder.config.get("training", {})
    made = training.get("split", {})
    families = find_families(zip(corpus.names, corpus.tunes, strict=True))
    found = split(families, str(made.get("salt")), float(made.get("share", 0.0)))
    if found.digest != made.get("digest"):
        raise UsageError(
            f"these {len(corpus.tunes)} tunes are not the ones that '{model.folder.name}' was trained on",
            hint=f"give the folders of its training: {', '.join(training.get('folders', ()))}",
        )
    kept = set(found.held_out)
    places = [place for place, name in enumerate(corpus.names) if name in kept]
    return Corpus(
        tuple(corpus.names[place] for place in places),
        tuple(corpus.tunes[place] for place in places),
        tuple(corpus.tags[place] for place in places),
        corpus.empty,
        corpus.unreadable,
    )


def _bits(lists: Sequence[EventList], scored: Sequence[Scored]) -> dict[str, Any]:
    sums = np.array([tune.bits.sum(0) for tune in scored])
    notes = np.array([len(tune.bits) for tune in scored])
    right = np.concatenate([tune.right for tune in scored]).mean(0)
    duration, pitch = (float(total) for total in sums[:, :2].sum(0) / notes.sum())
    marked = np.array([listed.marked for listed in lists])
    phrase = float(sums[marked, 2].sum() / notes[marked].sum()) if marked.any() else None
    return {
        "bits_per_note": {
            "duration": duration,
            "pitch": pitch,
            "phrase": phrase,
            "total": bootstrap_ratio(sums[:, 0] + sums[:, 1], notes),
        },
        "accuracy": {"duration": float(right[0]), "pitch": float(right[1])},
    }


def _steps(
    model: ComposerModel, lists: Sequence[EventList], scored: Sequence[Scored], baseline: Sequence[np.ndarray]
) -> dict[str, Any]:
    counts = StepCounts()
    for listed, tune in zip(lists, scored, strict=True):
        counts += count_steps(model.vocabulary, listed, tune)
    notes = sum(len(listed.events) for listed in lists)
    return {
        "timestep_accuracy": counts.right / counts.steps if counts.steps else None,
        "timestep_onset_accuracy": counts.onsets_right / counts.onsets if counts.onsets else None,
        "timestep_tunes": counts.tunes,
        "baseline": {
            "ngram_total": float(sum(bits.sum() for bits in baseline) / notes),
            "hold_accuracy": counts.holds / counts.steps if counts.steps else None,
        },
    }


def _first_pass(
    lists: Sequence[EventList], scored: Sequence[Scored], played_out: Sequence[bool]
) -> dict[str, Any] | None:
    """Bits without second passes, over the tunes whose source plays repeats out."""
    kept = [(tune.bits[~second_passes(listed)], tune.bits)
            for listed, tune, played in zip(lists, scored, played_out, strict=True) if played]  # fmt: skip
    if not kept:
        return None
    first = np.concatenate([rows for rows, _ in kept])
    whole = np.concatenate([rows for _, rows in kept])
    return {
        "tunes": len(kept),
        "notes": len(first),
        "total": float(first[:, :2].sum(1).mean()),
        "whole_notes": len(whole),
        "whole_total": float(whole[:, :2].sum(1).mean()),
    }


def evaluate_samples(
    samples: int,
    *,
    model: str | Path | ComposerModel = DEFAULT,
    seed: int = 1,
    progress: Callable[[int], None] | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Compose tunes and compare them with the training tunes (see `samples.sample_figures`).

    Parameters
    ----------
    samples : how many tunes.
    seed : of the tunes.
    settings : as of `compose`.
    """
    opened = model if isinstance(model, ComposerModel) else ComposerModel.open(model)
    tunes = [
        each.tune for each in compose(model=opened, count=samples, seed=seed, progress=progress, **settings)
    ]
    return {"model": opened.folder.name, "model_hash": opened.folder.hash, "seed": seed,
            **sample_figures(tunes, opened.human, opened.index)}  # fmt: skip
