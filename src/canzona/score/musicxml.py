"""MusicXML: partwise scores, plain (.musicxml, .xml) or packed (.mxl).

Reading takes one part of a score and one line of that part: what else is there stands in the
tune's losses. Writing gives MusicXML 4.0 that MuseScore and Verovio read, with bytes that
depend on the tune alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from canzona.errors import UsageError
from canzona.score.format import Format, Written
from canzona.score.losses import differences
from canzona.score.musicxml_document import Document
from canzona.score.musicxml_read import read_score
from canzona.score.musicxml_write import score_bytes
from canzona.score.tune import Tune


def read_musicxml(data: bytes, source: str = "", track: str | None = None) -> Iterator[Tune]:
    """The one tune of a MusicXML file.

    Parameters
    ----------
    data : the file's bytes, packed or plain.
    source : its name, for errors.
    track : the part to read, by its number from 1 or its name.

    Raises
    ------
    FormatError : no MusicXML, or content that makes no sense, with its line.
    PolyphonyError : several parts, and no track chosen.
    """
    yield read_score(Document(data, source), track)


def write_musicxml(tunes: Sequence[Tune]) -> Written:
    """One tune as MusicXML 4.0 (UTF-8); `losses` names what a reader will not find again."""
    if len(tunes) != 1:
        raise UsageError(f"a MusicXML file holds one tune, not {len(tunes)}", hint="write one file for each")
    data = score_bytes(tunes[0])
    return Written(data, differences(tunes[0], next(read_musicxml(data))))


FORMAT = Format("musicxml", (".musicxml", ".mxl", ".xml"), read_musicxml, write_musicxml)
