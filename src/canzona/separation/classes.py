"""What a stem is, told by its name, for training and for evaluation alike.

The table of classes says which names belong to a class. Where it does not know a name it is asked for its
head, which is what stands before the first '-', '.', ' ' or '_': 'synth', 'synth-lead' and 'Synth 2' are all
'synth'.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from types import MappingProxyType

from canzona.errors import UsageError

Classes = Mapping[str, Sequence[str]]
"""For each class the patterns (as of `fnmatch`, in lower case) of the stem names that belong to it."""

OTHER = "other"
"""The class of a stem whose name no pattern knows."""

DEFAULT_CLASSES: Classes = MappingProxyType(
    {
        "synth": ("synth", "synths", "synth[ _.-]*", "synthesi[sz]er*", "*[ _-]synth", "pad", "pads", "arp"),
        "drums": ("drum", "drums", "*[ _-]drums", "percussion", "perc", "kick", "snare", "hihat", "hats"),
        "bass": ("bass", "bass[ _.-]*", "*[ _-]bass"),
        "guitar": ("guitar", "guitars", "*[ _-]guitar", "*[ _-]guitars", "gtr"),
        "piano": ("piano", "pianos", "*[ _-]piano"),
        "strings": ("strings", "*[ _-]strings", "violin", "violins", "viola", "violas", "cello", "cellos"),
        "vocals": ("vocal", "vocals", "*[ _-]vocal", "*[ _-]vocals", "vox", "*[ _-]vox", "voice", "voices"),
        "other": ("other", "others", "rest"),
    }
)
"""The classes of Canzona's own stems. The first with a fitting pattern counts: a synth bass is synth."""


SYNTH_PROGRAMS = frozenset((38, 39, 50, 51, 54, 62, 63, *range(80, 104)))
"""General MIDI programs, from 0, that are synthesizers by name: basses, strings, brass, leads, effects."""


_HEAD = re.compile(r"[-. _]")


def head_of(name: str) -> str:
    """The head of a stem's name, in lower case."""
    return _HEAD.split(name, maxsplit=1)[0].lower()


def class_of(name: str, classes: Classes = DEFAULT_CLASSES) -> str | None:
    """The class of a stem's name, None where the table knows neither it nor its head; case does not count."""
    for candidate in (name.lower(), head_of(name)):
        for class_name, patterns in classes.items():
            if any(fnmatchcase(candidate, pattern) for pattern in patterns):
                return class_name
    return None


def check_classes(classes: Classes) -> None:
    """Raise UsageError where a table of classes is empty or gives a class one string instead of a list."""
    if not classes:
        raise UsageError("the table of classes is empty", hint="give at least one, as synth = ['synth*']")
    for name, patterns in classes.items():
        listed = isinstance(patterns, Sequence) and not isinstance(patterns, str)
        if not listed or not all(isinstance(pattern, str) for pattern in patterns):
            raise UsageError(f"the class '{name}' has no list of patterns", hint="write ['synth*']")
