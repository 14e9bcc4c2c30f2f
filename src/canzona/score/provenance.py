"""How a file was made, as one line of JSON that every written file carries.

The line stands in each format's own place (`!!!` records, `%%` lines, MusicXML
`<encoding-description>`, MIDI text, RIFF INFO ...). It says what is needed to make the same
bytes again: the command, its options, the seed, the model's hash and the version, and the
inputs by name and SHA-256. It holds no date, so that equal work gives equal bytes.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from canzona.errors import FormatError, UsageError


@dataclass(frozen=True, slots=True)
class Input:
    """A file that something was made from: its name as given, and its SHA-256 in hexadecimal."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a file was made.

    Attributes
    ----------
    version : the version of Canzona.
    command : the command that made it: 'compose', 'convert' ...
    model, model_hash : the model's name and hash, empty where none was used.
    seed : the seed of the random generator, or None where nothing was drawn.
    options : the command's options, in JSON's own types.
    inputs : the files it was made from.
    earlier : how the input was made, where it says so.
    """

    version: str
    command: str
    model: str = ""
    model_hash: str = ""
    seed: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    inputs: tuple[Input, ...] = ()
    earlier: Provenance | None = None

    def to_dict(self) -> dict[str, Any]:
        """The attributes that are not empty, in JSON's own types."""
        held: dict[str, Any] = {"version": self.version, "command": self.command}
        if self.model:
            held |= {"model": self.model, "model_hash": self.model_hash}
        if self.seed is not None:
            held["seed"] = self.seed
        if self.options:
            held["options"] = dict(self.options)
        if self.inputs:
            held["inputs"] = [{"name": each.name, "sha256": each.sha256} for each in self.inputs]
        if self.earlier is not None:
            held["earlier"] = self.earlier.to_dict()
        return held

    def to_json(self) -> str:
        """One line of ASCII: keys sorted, so that equal provenance gives equal text."""
        try:
            return json.dumps(self.to_dict(), sort_keys=True, allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError, RecursionError) as error:
            raise UsageError(f"an option cannot be written down: {error}") from error

    @classmethod
    def from_json(cls, text: str, *, source: str = "") -> Provenance:
        """Read what `to_json` wrote.

        Parameters
        ----------
        text : the line.
        source : the file's name, for the error.

        Raises
        ------
        FormatError : it is no such line.
        """
        try:
            held = json.loads(text, parse_constant=_finite, parse_float=_finite)
        except (ValueError, RecursionError) as error:
            raise FormatError("what says how it was made is no JSON", source=source) from error
        try:
            return _from_dict(held)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise FormatError("what says how it was made lacks a part", source=source) from error


def input_of(path: str | Path, data: bytes) -> Input:
    """A file as an input: its name as given, with forward slashes, and the hash of its bytes."""
    return Input(Path(path).as_posix(), hashlib.sha256(data).hexdigest())


def _finite(text: str) -> float:
    """A number that JSON can hold again; NaN, Infinity and 1e999 are none."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _from_dict(held: Mapping[str, Any]) -> Provenance:
    earlier = held.get("earlier")
    seed = held.get("seed")
    return Provenance(
        version=str(held["version"]),
        command=str(held["command"]),
        model=str(held.get("model", "")),
        model_hash=str(held.get("model_hash", "")),
        seed=None if seed is None else int(seed),
        options=dict(held.get("options", {})),
        inputs=tuple(Input(str(each["name"]), str(each["sha256"])) for each in held.get("inputs", ())),
        earlier=None if earlier is None else _from_dict(earlier),
    )
