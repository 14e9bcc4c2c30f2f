"""Canzona: compose folk tunes from real scores, turn scores into one another, take the synth out of a mix.

    import canzona

    tune = canzona.read("examples/greensleeves.krn")
    canzona.write(tune, "greensleeves.pdf")
    composition = canzona.compose(like=tune, seed=1)
    canzona.extract("mix.flac").save("stems")

Names are bound when they are first used, so that `import canzona` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "CanzonaError",
    "Composition",
    "Key",
    "Meter",
    "Note",
    "Pitch",
    "Separation",
    "Tune",
    "compose",
    "convert",
    "describe",
    "evaluate",
    "explain",
    "extract",
    "read",
    "read_tunes",
    "replay",
    "transpose",
    "write",
]

_HOMES = {
    "CanzonaError": "canzona.errors",
    "Composition": "canzona.composition",
    "Key": "canzona.score",
    "Meter": "canzona.score",
    "Note": "canzona.score",
    "Pitch": "canzona.score",
    "Separation": "canzona.separation",
    "Tune": "canzona.score",
    "compose": "canzona.composition",
    "convert": "canzona.conversion",
    "describe": "canzona.score.describe",
    "evaluate": "canzona.composition",
    "explain": "canzona.origin",
    "extract": "canzona.separation",
    "read": "canzona.score",
    "read_tunes": "canzona.score",
    "replay": "canzona.origin",
    "transpose": "canzona.score.transpose",
    "write": "canzona.conversion",
}

if TYPE_CHECKING:
    from canzona.composition import Composition
    from canzona.composition.compose import compose
    from canzona.composition.evaluate import evaluate
    from canzona.conversion import convert, write
    from canzona.errors import CanzonaError
    from canzona.origin import explain, replay
    from canzona.score import Key, Meter, Note, Pitch, Tune, read, read_tunes
    from canzona.score.describe import describe
    from canzona.score.transpose import transpose
    from canzona.separation import Separation
    from canzona.separation.extract import extract


def __getattr__(name: str) -> object:
    """Bind a public name on its first use (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'canzona' has no attribute '{name}'")
    value: object = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
