"""MusicXML written by hand, for tests of its reader: scores from the contents of their measures."""

from __future__ import annotations

from fractions import Fraction

from canzona.score import Tune
from canzona.score.musicxml import read_musicxml

ATTRIBUTES = (
    "<attributes><divisions>2</divisions><time><beats>2</beats><beat-type>4</beat-type></time></attributes>"
)
"""Eighth notes count 1, and a measure of 2/4 counts 4."""


def score(*measures: str, header: str = "", parts: int = 1) -> bytes:
    """A partwise score; a measure is its content, or content after 'number|attributes|'."""
    body = ""
    for place, content in enumerate(measures, start=1):
        number, _, rest = content.rpartition("|")
        number = number or f'number="{place}"'
        body += f"<measure {number}>{rest}</measure>"
    names = "".join(
        f'<score-part id="P{n}"><part-name>Voice {n}</part-name></score-part>' for n in range(1, parts + 1)
    )
    voices = "".join(f'<part id="P{n}">{body}</part>' for n in range(1, parts + 1))
    lists = f"{header}<part-list>{names}</part-list>"
    return f'<score-partwise version="4.0">{lists}{voices}</score-partwise>'.encode()


def note(name: str, duration: int | str, more: str = "", *, before: str = "") -> str:
    """A `<note>` such as note('C#4', 2); 'r' is a rest."""
    pitch = "<rest/>"
    if name != "r":
        alter = name.count("#") - name.count("b")
        pitch = f"<pitch><step>{name[0]}</step><alter>{alter}</alter><octave>{name[-1]}</octave></pitch>"
    return f"<note>{before}{pitch}<duration>{duration}</duration>{more}</note>"


def attributes(divisions: int | str = 2, *, time: str = "2/4", more: str = "") -> str:
    """`<attributes>` with divisions, what stands in `more` (a key) and a time signature ('' for none)."""
    beats, _, unit = time.partition("/")
    meter = f"<time><beats>{beats}</beats><beat-type>{unit}</beat-type></time>" if time else ""
    return f"<attributes><divisions>{divisions}</divisions>{more}{meter}</attributes>"


def tune_of(data: bytes, track: str | None = None) -> Tune:
    """The one tune of a score."""
    (tune,) = read_musicxml(data, "song.musicxml", track)
    return tune


def times(tune: Tune) -> list[tuple[Fraction, Fraction]]:
    """Onset and duration of each note and rest."""
    return [(n.onset, n.duration) for n in tune.notes]


def names(tune: Tune) -> list[str]:
    """The name of each note, 'None' for a rest."""
    return [str(n.pitch) for n in tune.notes]
