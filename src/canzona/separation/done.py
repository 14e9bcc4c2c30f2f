"""What of a song is there already from an earlier run, and was made of it in the same way.

So a stem of another song of the same name, of a preview, of another model, or one that broke off or was
worked on since is not taken for done.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

from canzona.audio.formats import SoundFormat, sound_format
from canzona.audio.reading import open_sound
from canzona.errors import CanzonaError, WriteError
from canzona.files import WAY_OUT
from canzona.score.provenance import Provenance
from canzona.separation.model import SeparationModel
from canzona.separation.provenance import of_file, provenance_of
from canzona.separation.report import Options, Report, Song, length_of, span

_BLOCK = 1 << 16
_SLACK = 0.2
"""Seconds by which a lossy stem may be longer or shorter than the song: encoders fill their last frame."""


def left_to_do(song: Song, model: SeparationModel, options: Options) -> Song | Report:
    """The song with the files that are not there yet; a report where all are, or where others are."""
    there = {path for path in song.targets if path.is_file()}
    beside = [(name, path) for name, path in song.others if path.is_file()]
    if options.force or not (there or beside) or not song.source.is_file():
        return song
    try:
        wanted = _wanted(song, model, options)
    except CanzonaError:  # it is said when the song's turn comes
        return song
    foreign = [path for name, path in song.stems if path in there and not wanted.is_stem(path, name)]
    foreign += [path for path in (song.picture,) if path in there and not wanted.is_picture(path)]
    foreign += [path for name, path in beside if maker_of(path) and not wanted.is_stem(path, name)]
    # A curve does not say which model made it: the files around it do.
    proven = (there | {path for _, path in beside}) - {song.presence}
    foreign += [path for path in (song.presence,) if path in there and not (proven and wanted.is_curve(path))]
    if foreign:
        said = f"{foreign[0]} exists, and was not made of this song in this way"
        return Report(song.source, "failed", error=WriteError(said, hint=WAY_OUT))
    if there == set(song.targets):
        return Report(song.source, "skipped", song.targets)
    kept = [(name, path) for name, path in song.stems if path in there]
    kept += [(name, path) for name, path in beside if maker_of(path)]
    return replace(
        song,
        stems=tuple((name, path) for name, path in song.stems if path not in there),
        kept=tuple(kept) if wanted.form.encoding.lossless else (),
        presence=None if song.presence in there else song.presence,
        picture=None if song.picture in there else song.picture,
    )


def maker_of(path: Path) -> Provenance | None:
    """How a stem was made, None where a file is no stem that Canzona wrote."""
    try:
        with open_sound(path) as sound:
            made = Provenance.from_json(sound.tags.comment)
    except CanzonaError:
        return None
    return made if made.command == "extract" and "stem" in made.options else None


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the files of a song are like: how they are made, and of how much sound."""

    made: Provenance
    options: Options
    form: SoundFormat
    sample_rate: int
    channels: int
    frames: int | None
    start: float
    seconds: float | None
    step: float

    def is_stem(self, path: Path, name: str) -> bool:
        """Whether a file is the whole stem of this name, made so."""
        try:
            with open_sound(path) as sound:
                held = (sound.sample_rate, sound.channels, sound.encoding)
                if held != (self.sample_rate, self.channels, self.form.encoding):
                    return False
                found = Provenance.from_json(sound.tags.comment)
                if not self._is_so(found, of_file(self.made, self.options.format, name)):
                    return False
                # What broke off announces more than can be read, or nothing.
                first = max(0, (sound.frames or 1) - 1) if sound.encoding.lossless else 0
                frames = first + sum(block.shape[1] for block in sound.blocks(_BLOCK, first))
                return self._fits(frames) and not sound.warning
        except CanzonaError:
            return False

    def is_picture(self, path: Path) -> bool:
        """Whether a file is the picture of the song, made so."""
        from canzona.render.png import provenance_of_png

        try:
            found = Provenance.from_json(provenance_of_png(path))
        except CanzonaError:
            return False
        return self._is_so(found, of_file(self.made, self.options.format))

    def is_curve(self, path: Path) -> bool:
        """Whether a file is a curve of presence that begins and ends with the song."""
        try:
            with path.open(newline="", encoding="utf-8") as file:
                times = [float(row["time"]) for row in csv.DictReader(file)]
        except (OSError, ValueError, KeyError, TypeError, csv.Error):
            return False
        if not times or abs(times[0] - self.start - self.step / 2) > 1e-3:
            return False
        return self.seconds is None or abs(len(times) * self.step - self.seconds) < 2 * self.step

    def _fits(self, frames: int) -> bool:
        if self.frames is None:
            return True
        slack = 0 if self.form.encoding.lossless else round(_SLACK * self.sample_rate)
        return abs(frames - self.frames) <= slack

    def _is_so(self, found: Provenance, wanted: Provenance) -> bool:
        return self._essence(found) == self._essence(wanted)

    def _essence(self, made: Provenance) -> tuple[object, ...]:
        options = dict(made.options)
        end = options.get("end")
        if isinstance(end, float | int) and self.seconds is not None and end >= self.start + self.seconds:
            del options["end"]
        return made.command, made.model_hash, options, [each.sha256 for each in made.inputs]


def _wanted(song: Song, model: SeparationModel, options: Options) -> _Wanted:
    made = provenance_of(song.source, model.folder, options.start, options.end)
    with open_sound(song.source) as source:
        first, last = span(options.start, options.end, source.sample_rate)
        frames = length_of(source, first, last) if source.info.exact else None
        return _Wanted(
            made, options, sound_format(options.format, source.encoding), source.sample_rate, source.channels,
            frames, first / source.sample_rate, None if frames is None else frames / source.sample_rate,
            model.hop / model.sample_rate,
        )  # fmt: skip
