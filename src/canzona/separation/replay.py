"""A stem or a picture made once more, from what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from canzona.errors import FormatError, UnsupportedError, UsageError
from canzona.models import require_hash
from canzona.score.provenance import Provenance
from canzona.separation.model import SeparationModel
from canzona.separation.report import Options, Song
from canzona.separation.song import extract_song


def replay(made: Provenance, target: Path, *, suffix: str, inputs: Mapping[str, Path]) -> None:
    """Make a stem or picture that an extraction wrote once more.

    Parameters
    ----------
    made : what the file says of itself.
    target : where it goes; replaced if it is there.
    suffix : the file's ending, with its dot.
    inputs : where the files lie that it was made from, by their names.

    Raises
    ------
    FormatError : what the file says is none of this version's.
    UnsupportedError : the input was no file.
    UsageError : it was made by another model than is installed under the name.
    ModelError, CanzonaError : as `extract_song` raises.
    """
    if not made.inputs or made.inputs[0].name not in inputs:
        raise UnsupportedError("it was made from sound that no file held", hint="extract from a file")
    model = SeparationModel.open(made.model)
    require_hash(model.folder, made.model_hash)
    try:
        held = dict(made.options)
        stem, form = held.pop("stem", None), held.pop("format", "wav")
        if stem not in (None, *model.stems) or (stem is None and suffix != ".png"):
            raise ValueError("no stem has this name")
        options = Options(form, **held)
    except (TypeError, ValueError, UsageError) as error:
        raise FormatError("what the file says of how it was made is none of this version's") from error
    source = inputs[made.inputs[0].name]
    song = Song(source, (), picture=target) if stem is None else Song(source, ((stem, target),))
    extract_song(song, model, replace(options, force=True), made=replace(made, options=held))
