"""Scores: the `Tune`, and one module for each format that holds one.

`tune` is the data model, `format` the list of formats, `phrases` the rule for sources that
mark none. A format is a module with a `FORMAT`: `kern`, `abc`, `musicxml`, `midi`.
"""

from canzona.score.format import find_scores, format_named, format_of, formats, read, read_tunes
from canzona.score.phrases import infer_phrases
from canzona.score.tune import (
    Attachment,
    Bar,
    Barline,
    Grace,
    Key,
    Meter,
    Note,
    Pitch,
    Section,
    Tune,
)

__all__ = [
    "Attachment",
    "Bar",
    "Barline",
    "Grace",
    "Key",
    "Meter",
    "Note",
    "Pitch",
    "Section",
    "Tune",
    "find_scores",
    "format_named",
    "format_of",
    "formats",
    "infer_phrases",
    "read",
    "read_tunes",
]
