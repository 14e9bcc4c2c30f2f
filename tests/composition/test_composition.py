"""What a composed tune can do: be saved, say what it is, show itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from canzona.composition import Composition, compose
from canzona.composition.model import ComposerModel
from canzona.errors import UsageError, WriteError
from canzona.score.format import read
from canzona.score.provenance import Provenance
from melodies import star


@pytest.fixture(scope="module")
def made(composer: ComposerModel) -> Composition:
    return compose(model=composer, seed=5, bars=4, phrases=2, meter="3/4", key="Bb")[0]


def test_it_is_saved_where_its_ending_says(made: Composition, tmp_path: Path) -> None:
    for name in ("a.krn", "b.ABC", "c.mid", "d.svg"):
        assert made.save(tmp_path / name) == tmp_path / name
        assert (tmp_path / name).read_bytes() == made.to_bytes(Path(name).suffix)
    assert read(tmp_path / "a.krn").notes == made.tune.notes


def test_an_existing_file_is_kept_without_force(made: Composition, tmp_path: Path) -> None:
    (tmp_path / "a.krn").write_text("mine")
    with pytest.raises(WriteError, match="exists"):
        made.save(tmp_path / "a.krn")
    assert (tmp_path / "a.krn").read_text() == "mine"
    made.save(tmp_path / "a.krn", force=True)
    assert read(tmp_path / "a.krn").notes == made.tune.notes


@pytest.mark.parametrize("name", ["a.docx", "a", "a.krn.bak"])
def test_an_ending_of_no_format_is_refused(made: Composition, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        made.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("look", [{"tempo": 0}, {"tempo": float("nan")}, {"instrument": "comb and paper"}])
def test_a_look_that_makes_no_sense_is_refused(made: Composition, look: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        made.to_bytes("wav", **look)  # type: ignore[arg-type]


def test_it_says_what_it_is(made: Composition) -> None:
    said = made.to_dict()
    assert json.loads(json.dumps(said)) == said
    assert (said["title"], said["key"], said["meter"], said["bars"]) == (
        "Canzona 5.1", "B- major", "3/4", 4,
    )  # fmt: skip
    assert said["notes"] == len(made.tune.notes)
    assert said["bits_per_note"] == made.bits_per_note > 0
    assert (said["seed"], said["model"], said["command"]) == (5, "small", "compose")
    assert (made.seed, made.number, made.goes_on, made.given) == (5, 1, False, None)
    assert 0 <= made.percentile <= 100
    assert repr(made).startswith("<Composition <Tune Canzona 5.1, ")
    assert Provenance.from_json(made.tune.provenance) == made.provenance
    assert made.provenance.options == {
        "bars": 4, "phrases": 2, "meter": "3/4", "key": "Bb", "temperature": 1.0, "top_p": 0.97, "number": 1,
    }  # fmt: skip


def test_it_shows_itself_in_a_notebook(made: Composition) -> None:
    shown = made._repr_mimebundle_()
    assert "<svg" in shown["text/html"] and "<audio" in shown["text/html"]
    assert "Canzona 5.1" in shown["text/plain"]


def test_the_given_tune_can_be_written_too(
    made: Composition, composer: ComposerModel, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="written from nothing given"):
        made.given_bytes("krn")
    goes_on = compose(model=composer, seed=5, bars=2, continue_=star())[0]
    (tmp_path / "given.krn").write_bytes(goes_on.given_bytes("krn"))
    assert read(tmp_path / "given.krn").notes == star().notes


def test_a_copied_run_is_found(composer: ComposerModel, small_model: Path) -> None:
    """Going on from a training tune copies at least that tune."""
    source = next(iter(sorted((small_model.parent.parent / "data").glob("*.krn"))))
    goes_on = compose(model=composer, seed=5, bars=2, continue_=source)[0]
    sounding = [note for note in read(source).notes if note.pitch is not None]
    assert goes_on.copied.length >= len(sounding) - 1
    assert goes_on.copied.name
    assert goes_on.percentile == 100
