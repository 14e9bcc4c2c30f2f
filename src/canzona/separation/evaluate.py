"""Measuring an extractor on songs whose stems are known: through files, as a user runs it.

Each song's stems are summed to a mixture, which is written as a WAV, extracted with `extract_song`, and
read again; so the figures are of what a user gets, quantisation, windows and the verdict 'absent' included,
and the time holds reading and writing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from canzona.audio.encoding import Encoding, to_float
from canzona.audio.formats import sound_format
from canzona.audio.reading import open_sound
from canzona.audio.resample import resample
from canzona.audio.writing import Target, open_target
from canzona.errors import CanzonaError, FormatError, ModelError, UsageError
from canzona.evaluation.bootstrap import bootstrap_median
from canzona.separation.classes import OTHER, class_of
from canzona.separation.metrics import ideal_ratio_mask, leakage, sdr, si_sdr
from canzona.separation.model import DEFAULT, SeparationModel
from canzona.separation.multitrack import songs, stem_files
from canzona.separation.report import Options, Song
from canzona.separation.song import extract_song

Float32 = npt.NDArray[np.float32]

_BLOCK = 1 << 18
_FLOAT = Encoding("float", 32)

_NO_FIGURES = {
    "mixture": {"sdr": None},
    "estimate": {"sdr": None, "si_sdr": None},
    "oracle_irm": {"sdr": None},
}


@dataclass(frozen=True, slots=True)
class _Stems:
    """A song as it is measured: target and rest, float32 of shape (channels, n) each."""

    name: str
    target: Float32
    rest: Float32
    sample_rate: int

    @property
    def is_silent(self) -> bool:
        """Whether the target is: no stem of it, or one without a sound."""
        return not self.target.any()


def evaluate(
    folder: str | Path,
    *,
    model: str | Path | SeparationModel = DEFAULT,
    held_out: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> dict[str, Any]:
    """Measure an extractor on every song of a folder.

    Parameters
    ----------
    folder : one folder a song, one file a stem, of any format that is read, see `multitrack`. What stems of
        the target are called (`synth.wav`, `synth-lead.wav`) is as in training, see `classes`; a song without
        one has no target: for it `leakage_db` is measured, and nothing else. What is called mix or mixture
        (`mix.wav`, `mix-final.wav`) is no stem. A song is held in memory, 21 MB a minute for each of target,
        rest and estimate.
    model : a model's name or folder, or one that is open.
    held_out : of the folder that the model was trained on, take the songs that were held out only.
    progress : called with (songs done, songs in all).

    Returns
    -------
    `songs` [{name, seconds, mixture {sdr}, estimate {sdr, si_sdr}, oracle_irm {sdr}, leakage_db, status}],
    None where a figure has no meaning; a song that cannot be measured is 'failed', with a `reason`;
    `median` of each; `gain`, the median over songs of the estimate's SDR minus the mixture's; `rtf`, seconds
    of one core per second of sound. Decibels; see `metrics`.

    Raises
    ------
    UsageError : the folder holds no song.
    ModelError : see `SeparationModel.open`.
    """
    opened = model if isinstance(model, SeparationModel) else SeparationModel.open(model)
    homes = song_folders(Path(folder))
    if held_out:
        homes = _held_out(homes, opened)
    opened.networks  # noqa: B018
    rows: list[dict[str, Any]] = []
    spent = heard = 0.0
    with TemporaryDirectory(prefix="canzona-") as desk:
        for done, home in enumerate(homes, start=1):
            try:
                row, seconds = _measured(_read(home, opened), opened, Path(desk))
            except ModelError:
                raise
            except CanzonaError as error:
                row, seconds = _failed(home, error, Path(desk)), 0.0
            rows.append(row)
            spent, heard = spent + seconds, heard + row["seconds"]
            progress(done, len(homes))
    return {
        "model": opened.folder.name,
        "model_hash": opened.folder.hash,
        "target": opened.stems[0],
        "songs": rows,
        "with_target": sum(row["mixture"]["sdr"] is not None for row in rows),
        "median": {
            "mixture": {"sdr": _median(rows, "mixture", "sdr")},
            "estimate": {
                "sdr": _median(rows, "estimate", "sdr"),
                "si_sdr": _median(rows, "estimate", "si_sdr"),
            },
            "oracle_irm": {"sdr": _median(rows, "oracle_irm", "sdr")},
            "leakage_db": _median(rows, "leakage_db"),
        },
        "gain": _median_of(
            [r["estimate"]["sdr"] - r["mixture"]["sdr"] for r in rows if r["mixture"]["sdr"] is not None]
        ),
        "rtf": spent / heard if heard else None,
    }


def song_folders(folder: Path) -> list[Path]:
    """The folders of songs below one, see `multitrack`; UsageError where there is none."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", hint="name a folder with one folder a song")
    homes = [home for _, home in songs(folder)]
    if not homes:
        raise UsageError(
            f"{folder} holds no folder with stems", hint="give one folder a song, with one file a stem"
        )
    return homes


def _held_out(homes: Sequence[Path], model: SeparationModel) -> list[Path]:
    """The songs that no part of the model was trained on."""
    folders = [part for part, _ in model.parts]
    names = set.intersection(*(set(part.config.get("training", {}).get("held_out", ())) for part in folders))
    kept = [home for home in homes if home.name in names]
    if not kept:
        raise UsageError(
            f"none of these {len(homes)} songs was held out of the training of '{model.name}'",
            hint="give the folder that it was trained on, or leave out --held-out",
        )
    return kept


def _read(home: Path, model: SeparationModel) -> _Stems:
    """All stems of a song, at the rate of the first and as long as the longest."""
    mine: list[Float32] = []
    others: list[Float32] = []
    rate = 0
    if not (files := stem_files(home)):
        raise FormatError("the song has a mixture and no stem", source=str(home), hint="add its stems")
    for path in files:
        with open_sound(path) as source:
            blocks = [to_float(block, source.encoding) for block in source.blocks(_BLOCK)]
            own = source.sample_rate
        if source.warning:
            raise FormatError(source.warning, hint="figures with half a stem would be wrong")
        rate = rate or own
        samples = np.concatenate(blocks, axis=1).astype(np.float32)
        is_target = (class_of(path.stem, model.classes) or OTHER) == model.stems[0]
        (mine if is_target else others).append(resample(samples, own, rate) if own != rate else samples)
    channels = max(stem.shape[0] for stem in (*mine, *others))
    length = max(stem.shape[1] for stem in (*mine, *others))
    return _Stems(home.name, _sum(mine, channels, length), _sum(others, channels, length), rate)


def _sum(stems: Sequence[Float32], channels: int, length: int) -> Float32:
    total = np.zeros((channels, length), np.float32)
    for stem in stems:
        total[:, : stem.shape[1]] += stem
    return total


def _measured(song: _Stems, model: SeparationModel, desk: Path) -> tuple[dict[str, Any], float]:
    """Figures of a song, and the seconds of processor time that the extraction took."""
    with np.errstate(over="ignore"):
        mixture = song.target + song.rest
    source, stems = desk / "mixture.wav", [(name, desk / f"{name}.wav") for name in model.stems]
    target = Target(source, song.sample_rate, len(mixture), sound_format("wav32f", _FLOAT))
    with open_target(target, force=True) as writer:
        writer.write(mixture)
    begun = time.process_time()
    report = extract_song(Song(source, tuple(stems)), model, Options(force=True))
    seconds = time.process_time() - begun
    with open_sound(stems[0][1]) as written:
        estimate = np.concatenate(list(written.blocks(_BLOCK)), axis=1)
    row: dict[str, Any] = {"name": song.name, "seconds": mixture.shape[1] / song.sample_rate}
    if song.is_silent:
        row |= {**_NO_FIGURES, "leakage_db": leakage(estimate, mixture) if mixture.any() else None}
    else:
        oracle = ideal_ratio_mask(song.target, song.rest)
        row |= {"mixture": {"sdr": sdr(song.target, mixture)}}
        row |= {"estimate": {"sdr": sdr(song.target, estimate), "si_sdr": si_sdr(song.target, estimate)}}
        row |= {"oracle_irm": {"sdr": sdr(song.target, oracle)}, "leakage_db": None}
    return {**row, "status": report.status}, seconds


def _failed(home: Path, error: CanzonaError, desk: Path) -> dict[str, Any]:
    """The row of a song that cannot be measured."""
    said = str(error)
    # Of the files on the desk nobody has heard.
    named = said.replace(str(desk), home.name) if str(desk) in said else said
    reason = named if home.name in named else f"{home.name}: {named}"
    return {
        "name": home.name, "seconds": 0.0, **_NO_FIGURES, "leakage_db": None, "status": "failed",
        "reason": reason,
    }  # fmt: skip


def _median(rows: Sequence[dict[str, Any]], *keys: str) -> object:
    found = []
    for row in rows:
        value: Any = row
        for key in keys:
            value = value[key]
        if value is not None:
            found.append(value)
    return _median_of(found)


def _median_of(values: Sequence[float]) -> object:
    """The median with its interval, None of nothing."""
    return bootstrap_median(values) if values else None
