"""The result of an extraction from Python: two stems, and where the target sounds."""

from __future__ import annotations

import base64
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from canzona.audio.encoding import LOSSY, Encoding, Native, to_float
from canzona.audio.files import encode_audio
from canzona.audio.formats import sound_format
from canzona.audio.resample import resample
from canzona.audio.tags import Tags
from canzona.audio.writing import Target, open_targets
from canzona.files import make_folder
from canzona.score.provenance import Provenance
from canzona.separation.exact import losses, recoded, split
from canzona.separation.names import DEFAULT_PATTERN, Pattern
from canzona.separation.presence import Presence
from canzona.separation.provenance import stem_tags
from canzona.separation.report import Options, check_stem, ending

Samples = npt.NDArray[np.floating]
"""Float32, or float64 where the input held more than float32 does."""

_HEARD_SECONDS = 600
"""How much of a stem a notebook plays."""

_PLAYER_RATE = 44100
_BLOCK = 1 << 16


@dataclass(frozen=True, eq=False)
class Separation:
    """The target of a song, and all else.

    Attributes
    ----------
    mixture : the input as `encoding` holds it, shape (channels, n).
    estimate : what was heard of the target, float32 of the same shape, full scale 1.0.
    sample_rate : of both and of the input, in Hz.
    presence : where the target sounds.
    status : 'done', or 'absent' where it was not heard: then `synth` is silence and `rest` the input.
    name : the input's name without its ending, or 'song'.
    tags : the input's title and artist.
    provenance : how it was made: the model, the part of the song, and the song where it is a file.
    stems : names of the two stems in files, 'synth' and 'rest' with most models.
    encoding : how the input held its samples.
    warnings : what the user should know, a sentence each.
    """

    mixture: Native = field(repr=False)
    estimate: npt.NDArray[np.float32] = field(repr=False)
    sample_rate: int
    presence: Presence
    status: Literal["done", "absent"]
    name: str
    tags: Tags
    provenance: Provenance
    stems: tuple[str, str] = ("synth", "rest")
    encoding: Encoding = LOSSY
    warnings: tuple[str, ...] = ()

    @property
    def synth(self) -> Samples:
        """The target's stem, shape (channels, n), full scale 1.0.

        Float32, or float64 for input of 32-bit integers or 64-bit floats.
        """
        return self._stems[0]

    @property
    def rest(self) -> Samples:
        """What is left, of the same shape and type as `synth`.

        For integer input the two add up to the input exactly; for floats, within one unit in the last place
        of the largest of the three.
        """
        return self._stems[1]

    @cached_property
    def _stems(self) -> tuple[Samples, Samples]:
        kind = to_float(self.mixture[:, :0], self.encoding).dtype
        made = np.empty(self.mixture.shape, kind), np.empty(self.mixture.shape, kind)
        for at in range(0, self.mixture.shape[1], _BLOCK):
            part = slice(at, at + _BLOCK)
            pair = split(self.mixture[:, part], self.estimate[:, part], self.encoding)
            for whole, stem in zip(made, pair, strict=True):
                whole[:, part] = to_float(stem, self.encoding)
        return made

    @property
    def model(self) -> str:
        """The model's name."""
        return self.provenance.model

    @property
    def model_hash(self) -> str:
        """The model's hash, 64 hexadecimal digits."""
        return self.provenance.model_hash

    @property
    def seconds(self) -> float:
        """Length of the stems."""
        return float(self.mixture.shape[1] / self.sample_rate)

    def save(
        self,
        folder: str | Path,
        *,
        format: str = "wav",
        only: str = "",
        filename: str = DEFAULT_PATTERN,
        force: bool = False,
    ) -> list[Path]:
        """Write the stems, as `canzona extract` does, into a folder, which is made if it is not there.

        What the format cannot hold of the sum (lossy kinds, fewer bits) is told by a `UserWarning`.

        Parameters
        ----------
        format : a name of `canzona.audio.formats.FORMAT_NAMES`; 'wav' and 'flac' keep the input's encoding.
        only : the one stem to write; an empty string for both.
        filename : how files are named: `{track}`, `{stem}`, `{ext}`, `{title}`, `{artist}`.
        force : replace files that exist.

        Returns
        -------
        The files that were written.

        Raises
        ------
        UsageError : no such format, stem or pattern.
        WriteError : a file exists and `force` is not set, or cannot be written.
        UnsupportedError : the format cannot hold this sound.
        """
        options = Options(format=format, only=only, filename=filename, force=force)
        check_stem(only, self.stems)
        form = sound_format(format, self.encoding)
        targets = []
        names = [only] if only else list(self.stems)
        for name in names:
            path = Path(folder) / Pattern(options.filename).path(self.name, name, ending(form), self.tags)
            tags = stem_tags(self.tags, self.provenance, format, name)
            targets.append(Target(path, self.sample_rate, len(self.mixture), form, tags))
            make_folder(path.parent)
        beyond = 0
        with open_targets(targets, force=force) as writers:
            for at in range(0, self.mixture.shape[1], _BLOCK):
                part = slice(at, at + _BLOCK)
                mixture, more = recoded(self.mixture[:, part], self.encoding, form.encoding)
                pair, beyond = split(mixture, self.estimate[:, part], form.encoding), beyond + more
                for name, writer in zip(names, writers, strict=True):
                    writer.write(pair[self.stems.index(name)])
        clipped = sum(writer.clipped for writer in writers)
        for sentence in losses(self.encoding, form, beyond, clipped):
            warnings.warn(sentence, UserWarning, stacklevel=2)
        return [target.path for target in targets]

    def to_dict(self) -> dict[str, Any]:
        """What can be said of it, as plain values."""
        return {
            "name": self.name,
            "title": self.tags.title,
            "artist": self.tags.artist,
            "status": self.status,
            "seconds": self.seconds,
            "sample_rate": self.sample_rate,
            "channels": len(self.mixture),
            "presence": self.presence.mean,
            "model": self.model,
            "model_hash": self.model_hash,
            "warnings": list(self.warnings),
        }

    def __repr__(self) -> str:
        width = "stereo" if len(self.mixture) == 2 else "mono"
        sound = f"{self.seconds:.1f} s, {width} at {self.sample_rate} Hz"
        found = "absent" if self.status == "absent" else f"presence {self.presence.mean:.2f}"
        return f"<Separation of '{self.name}': {sound}; {self.stems[0]} {found}, model {self.model}>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Players and text for a notebook."""
        players = "".join(
            f"<tr><th style='text-align:left;padding-right:1em'>{escape(name)}</th>"
            f"<td>{self._player(name, sound)}</td></tr>"
            for name, sound in zip(self.stems, (self.synth, self.rest), strict=True)
        )
        words = escape(repr(self).strip("<>"))
        return {"text/plain": repr(self), "text/html": f"<div><p>{words}</p><table>{players}</table></div>"}

    def _player(self, name: str, sound: Samples) -> str:
        """A stem, its first ten minutes at most, as an element that plays."""
        heard = resample(sound[:, : _HEARD_SECONDS * self.sample_rate], self.sample_rate, _PLAYER_RATE)
        blocks = (heard[:, at : at + _BLOCK] for at in range(0, heard.shape[1], _BLOCK))
        data = encode_audio(
            blocks, samples=heard.shape[1], sample_rate=_PLAYER_RATE, channels=len(heard), kind="mp3"
        )
        uri = f"data:audio/mpeg;base64,{base64.b64encode(data).decode()}"
        label = escape(f"{name} of {self.name}", quote=True)
        return f'<audio controls preload="metadata" aria-label="{label}" src="{uri}"></audio>'
