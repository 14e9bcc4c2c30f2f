"""Evaluating a real small model on folders, and the tunes that it writes."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from canzona.composition import evaluate, evaluate_samples
from canzona.composition.events import encode, folders_below, region_tags
from canzona.composition.model import ComposerModel
from canzona.composition.scoring import score
from canzona.errors import CanzonaError, EmptyTuneError, UsageError
from canzona.evaluation.report import report_text, report_values
from canzona.score import Barline, Tune
from canzona.score.format import format_named
from melodies import jig, star
from small_model import corpus

TUNES = dict(list(corpus())[:10])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten tunes in two folders, one below the other."""
    place = tmp_path_factory.mktemp("scores")
    (place / "deep" / "er").mkdir(parents=True)
    for number, (name, tune) in enumerate(TUNES.items()):
        target = place / ("deep/er" if number % 3 == 0 else ".") / f"{name}.krn"
        target.write_bytes(format_named("kern").write([tune]).data)
    return place


@pytest.fixture(scope="module")
def figures(composer: ComposerModel, folder: Path) -> dict[str, Any]:
    return report_values(evaluate([folder], model=composer))


def test_the_keys_are_those_that_are_promised(figures: dict[str, Any]) -> None:
    assert {
        "tunes", "notes", "unreadable", "empty", "bits_per_note", "accuracy", "timestep_accuracy",
        "timestep_onset_accuracy", "baseline", "first_pass", "model", "model_hash", "blind",
    } <= set(figures)  # fmt: skip
    assert set(figures["bits_per_note"]) == {"duration", "pitch", "phrase", "total"}
    assert set(figures["accuracy"]) == {"duration", "pitch"}
    assert set(figures["baseline"]) == {"ngram_total", "hold_accuracy"}
    low, high = figures["intervals"]["bits_per_note.total"]
    assert low <= figures["bits_per_note"]["total"] <= high
    assert json.loads(report_text(figures)) == figures


def test_figures_are_those_of_the_scores(
    composer: ComposerModel, folder: Path, figures: dict[str, Any]
) -> None:
    lists = [encode(tune, region_tags(tune)) for tune in TUNES.values()]
    scored = score(composer.network, composer.vocabulary, lists)
    bits = np.concatenate([each.bits for each in scored])
    right = np.concatenate([each.right for each in scored])
    assert (figures["tunes"], figures["notes"]) == (10, len(bits))
    assert (figures["unreadable"], figures["empty"]) == (0, 0)
    found = figures["bits_per_note"]
    assert [found[part] for part in ("duration", "pitch", "phrase")] == pytest.approx(bits.mean(0), rel=1e-5)
    assert found["total"] == pytest.approx(found["duration"] + found["pitch"], rel=1e-5)
    assert list(figures["accuracy"].values()) == pytest.approx(right.mean(0), rel=1e-5)
    ngram = np.concatenate(composer.ngram.bits(lists)).sum(1).mean()
    assert figures["baseline"]["ngram_total"] == pytest.approx(ngram, rel=1e-5)


def test_order_batch_and_grouping_of_files_change_nothing(
    composer: ComposerModel, folder: Path, tmp_path: Path
) -> None:
    """Not in the last bit by batch and by order of the arguments."""
    one = evaluate([folder], model=composer, batch=1)
    assert evaluate([folder], model=composer, batch=3) == one == evaluate([folder], model=composer)
    files = sorted(folder.rglob("*.krn"))
    assert evaluate(files[::-1], model=composer) == evaluate(files, model=composer)
    for number, path in enumerate(reversed(files)):
        shutil.copy(path, tmp_path / f"{number}.krn")
    other = evaluate([tmp_path], model=composer)
    kept = [report_values(each) for each in (one, other)]
    for each in kept:
        del each["intervals"]  # drawn from the tunes in their order
    assert kept[0] == kept[1], "in all six digits that are printed"


def test_what_cannot_be_read_is_counted_and_what_is_empty_passed_over(
    composer: ComposerModel, folder: Path, tmp_path: Path, figures: dict[str, Any]
) -> None:
    shutil.copytree(folder, tmp_path / "all")
    (tmp_path / "all" / "binary.krn").write_bytes(bytes(range(256)))
    (tmp_path / "all" / "binary.mid").write_bytes(b"MThd\0\0")
    (tmp_path / "all" / "nothing.krn").write_bytes(b"**kern\n*M2/4\n4r\n4r\n*-\n")
    (tmp_path / "all" / "words.txt").write_text("no score")
    found = report_values(evaluate([tmp_path / "all"], model=composer))
    assert (found["tunes"], found["unreadable"], found["empty"]) == (10, 2, 1)
    assert found["bits_per_note"] == figures["bits_per_note"]


def test_one_bad_tune_of_a_file_is_one_unreadable(composer: ComposerModel, tmp_path: Path) -> None:
    good = "X:{}\nT:t\nM:2/4\nL:1/4\nK:C\nCDEF|G2|\n\n"
    (tmp_path / "a.abc").write_text(good.format(1) + good.format(2))
    assert evaluate([tmp_path], model=composer)["tunes"] == 2


@pytest.mark.parametrize("kind", ["krn", "abc", "musicxml", "mid"])
def test_every_score_format_is_read(composer: ComposerModel, tmp_path: Path, kind: str) -> None:
    name = {"krn": "kern", "mid": "midi"}.get(kind, kind)
    (tmp_path / f"a.{kind}").write_bytes(format_named(name).write([star()]).data)
    found = evaluate([tmp_path], model=composer)
    assert (found["tunes"], found["notes"]) == (1, len(star().notes))


def test_blind_hides_the_region_alone(composer: ComposerModel, folder: Path) -> None:
    blind = evaluate([folder], model=composer, blind=True)
    seen = evaluate([folder], model=composer)
    lists = [encode(tune) for tune in TUNES.values()]
    bits = np.concatenate([each.bits for each in score(composer.network, composer.vocabulary, lists)])
    assert blind["bits_per_note"]["pitch"] == pytest.approx(bits[:, 1].mean(), rel=1e-12)
    assert blind["bits_per_note"]["pitch"] != seen["bits_per_note"]["pitch"]
    assert blind["baseline"] == seen["baseline"], "the baseline never sees it"


def test_folders_name_the_region_where_no_record_does(composer: ComposerModel, tmp_path: Path) -> None:
    bare = star().replace(records=())
    for place in ("x/asia/china", "x/europa/polska"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "a.krn").write_bytes(format_named("kern").write([bare]).data)
    two = [evaluate([tmp_path / "x" / top], model=composer)["bits_per_note"]["pitch"]
           for top in ("asia", "europa")]  # fmt: skip
    assert two[0] != two[1]
    assert folders_below(str(tmp_path / "x/asia/china/a.krn"), str(tmp_path / "x/asia")) == ("asia", "china")


def test_played_out_repeats_are_given_whole_and_first_pass_only(
    composer: ComposerModel, tmp_path: Path, figures: dict[str, Any]
) -> None:
    assert figures["first_pass"] is None, "nothing but MIDI is played out"
    notes = star().notes[:14]
    length = notes[-1].end
    twice = star().replace(
        notes=(*notes, *(note.__class__(note.onset + length, note.duration, note.pitch) for note in notes)),
        barlines=tuple(Barline(Fraction(2 * bar)) for bar in range(17)), phrasing="none",
    )  # fmt: skip
    (tmp_path / "a.mid").write_bytes(format_named("midi").write([twice]).data)
    found = evaluate([tmp_path], model=composer)
    first = found["first_pass"]
    assert (first["tunes"], first["whole_notes"], found["notes"]) == (1, 28, 28)
    assert first["whole_total"] == pytest.approx(found["bits_per_note"]["total"].value)
    assert first["notes"] == 14


@pytest.mark.parametrize(
    ("name", "played_out"),
    [
        ("Jig #1.mid", True),
        ("JIG.MID", True),
        ("a.midi", True),
        ("a.mid.krn", False),
        ("#a.mid #2.krn", False),
    ],
)
def test_what_is_played_out_is_known_by_the_ending_of_any_name(
    composer: ComposerModel, tmp_path: Path, name: str, played_out: bool
) -> None:
    kind = "midi" if played_out else "kern"
    (tmp_path / name).write_bytes(format_named(kind).write([star()]).data)
    found = evaluate([tmp_path], model=composer)
    assert found["tunes"] == 1
    assert (found["first_pass"] is not None) is played_out


def test_nothing_to_evaluate_is_a_sentence(composer: ComposerModel, tmp_path: Path) -> None:
    with pytest.raises(CanzonaError, match=r"holds no score; give a folder with \.krn"):
        evaluate([tmp_path], model=composer)
    (tmp_path / "a.krn").write_bytes(format_named("kern").write([Tune()]).data)
    with pytest.raises(EmptyTuneError, match="no tune with a note to evaluate"):
        evaluate([tmp_path], model=composer)
    with pytest.raises(CanzonaError, match="nowhere"):
        evaluate([tmp_path / "nowhere"], model=composer)


def test_tunes_held_out_are_those_of_the_training(
    composer: ComposerModel, small_model: Path, folder: Path
) -> None:
    with pytest.raises(UsageError, match="are not the ones that 'small' was trained on"):
        evaluate([folder], model=composer, held_out=True)


@pytest.fixture(scope="module")
def samples(composer: ComposerModel) -> Iterator[dict[str, Any]]:
    yield report_values(evaluate_samples(12, model=composer, seed=3, bars=8, phrases=2))


def test_figures_of_samples(samples: dict[str, Any]) -> None:
    assert {
        "ends_on_tonic", "bars_close", "longest_copy", "pitch_overlap", "interval_overlap",
        "duration_overlap", "distinct", "samples", "seed", "training",
    } <= set(samples)  # fmt: skip
    assert (samples["samples"], samples["seed"]) == (12, 3)
    assert samples["bars_close"] == 1.0
    assert (
        set(samples["longest_copy"]) == set(samples["training"]["longest_copy"]) >= {"median", "p90", "max"}
    )
    for key in ("ends_on_tonic", "pitch_overlap", "interval_overlap", "duration_overlap", "distinct"):
        assert 0 <= samples[key] <= 1, key
    assert samples["pitch_overlap"] > 0.2 and samples["duration_overlap"] > 0.2
    assert samples["training"]["tunes"] > 50


def test_samples_are_those_of_their_seed(composer: ComposerModel, samples: dict[str, Any]) -> None:
    seen: list[int] = []
    again = evaluate_samples(12, model=composer, seed=3, bars=8, phrases=2, progress=seen.append)
    assert report_values(again) == samples
    assert seen[-1] == 12
    assert report_values(evaluate_samples(12, model=composer, seed=4, bars=8, phrases=2)) != samples


def test_a_pickup_tune_is_evaluated(composer: ComposerModel, tmp_path: Path) -> None:
    (tmp_path / "a.krn").write_bytes(format_named("kern").write([jig()]).data)
    found = evaluate([tmp_path], model=composer)
    assert found["timestep_tunes"] == 1
    assert found["baseline"]["hold_accuracy"] == pytest.approx(0.5), "all notes are eighths"


def test_inferred_phrases_are_in_no_figure(composer: ComposerModel, tmp_path: Path) -> None:
    marked = star()
    inferred = dataclasses.replace(marked, phrasing="inferred")
    lists = [encode(tune) for tune in (marked, inferred)]
    assert [listed.marked for listed in lists] == [True, False]
    (tmp_path / "marked.krn").write_bytes(format_named("kern").write([marked]).data)
    alone = evaluate([tmp_path], model=composer)["bits_per_note"]["phrase"]
    (tmp_path / "inferred.krn").write_bytes(format_named("kern").write([inferred]).data)
    both = evaluate([tmp_path], model=composer)
    assert both["tunes"] == 2
    assert both["bits_per_note"]["phrase"] == alone
    (tmp_path / "marked.krn").unlink()
    assert report_values(evaluate([tmp_path], model=composer))["bits_per_note"]["phrase"] is None
