"""Stems and pictures made once more from what they say of themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import soundfile

import canzona
from canzona.errors import CanzonaError, FormatError, UnsupportedError, UsageError
from canzona.score.provenance import Provenance
from canzona.separation import Options, SeparationModel, extract_songs, plan_songs
from canzona.separation.replay import replay
from small_extractor import RATE, filter_model, noise


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SeparationModel:
    monkeypatch.setenv("CANZONA_MODELS", str(tmp_path / "models"))
    return SeparationModel.open(filter_model(tmp_path / "models" / "half", [0.5, 0.2]).path)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(1, RATE).T, RATE)
    return path


@pytest.mark.parametrize("form", ["wav", "wav8", "wav24", "flac", "ogg", "mp3-192"])
def test_every_file_of_an_extraction_is_made_again(
    tmp_path: Path, model: SeparationModel, source: Path, form: str
) -> None:
    asked = Options(form, start=0.2, end=0.7, plot=True)
    (report,) = extract_songs(plan_songs([source], tmp_path / "out", model, asked), model, asked)
    assert len(report.outputs) == 3
    for path in report.outputs:
        assert canzona.replay(path, inputs=[source.parent]) == path.read_bytes()


def test_what_python_saved_is_made_again(tmp_path: Path, model: SeparationModel, source: Path) -> None:
    for path in canzona.extract(source, model=model).save(tmp_path / "out"):
        assert canzona.replay(path, inputs=[source]) == path.read_bytes()


@pytest.mark.parametrize("form", ["wav", "flac"])
def test_the_song_may_be_called_otherwise_by_now(
    tmp_path: Path, model: SeparationModel, source: Path, form: str
) -> None:
    asked = Options(form, plot=True)
    (report,) = extract_songs(plan_songs([source], tmp_path / "out", model, asked), model, asked)
    moved = source.rename(tmp_path / "other name.wav")
    for path in report.outputs:
        assert canzona.replay(path, inputs=[moved]) == path.read_bytes()


def test_what_cannot_be_made_again_says_why(tmp_path: Path, model: SeparationModel, source: Path) -> None:
    from_memory = canzona.extract(noise(2, 900), sample_rate=RATE, model=model).save(tmp_path / "out")
    with pytest.raises(UnsupportedError, match="from sound that no file held"):
        canzona.replay(from_memory[0])
    made = canzona.explain(canzona.extract(source, model=model).save(tmp_path / "stems")[0])
    inputs = {"song.wav": source}
    with pytest.raises(UsageError, match="another version of model 'half'"):
        replay(replace(made, model_hash="0" * 64), tmp_path / "x", suffix=".wav", inputs=inputs)
    for options in ({"stem": "bass"}, {}, {"stem": "synth", "format": "wma"}, {"stem": "synth", "speed": 2}):
        with pytest.raises(FormatError, match="none of this version's"):
            replay(replace(made, options=options), tmp_path / "x", suffix=".wav", inputs=inputs)
    odd = Provenance("1", "extract", "none", inputs=made.inputs)
    with pytest.raises(CanzonaError):
        replay(odd, tmp_path / "x", suffix=".wav", inputs=inputs)
