"""What the names of a song's stems say, for training and for evaluation alike.

A stem is called by its head, which is what stands before the first '-', '.', ' ' or '_': `synth.wav`,
`synth-lead.wav` and `Synth 2.flac` are all 'synth'.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

_HEAD = re.compile(r"[-. _]")
_MIXTURES = ("mix", "mixture")


def head_of(name: str) -> str:
    """The head of a stem's name, in lower case."""
    return _HEAD.split(name, maxsplit=1)[0].lower()


def is_called(name: str, patterns: Iterable[str]) -> bool:
    """Whether one of the patterns (as of `fnmatch`, in lower case) fits a stem's name or its head."""
    return any(fnmatchcase(each, pattern) for pattern in patterns for each in (name.lower(), head_of(name)))


def is_mixture(name: str) -> bool:
    """Whether a sound file of this name is the mix of the others and no stem."""
    return head_of(name) in _MIXTURES
