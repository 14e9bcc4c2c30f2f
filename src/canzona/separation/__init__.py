"""Separating: sound in, stems out.

`model` opens a model folder, `network` runs its graphs over the windows of `windows`, `stream` takes a
song through them block by block, `exact` makes two stems of it that add up, `presence` knows where the
target sounds. `extract` is what a user calls from Python; `planning` finds songs, `song` and `batch` write
files, `processes` side by side, `names` names them, `provenance` knows them again, `replay` makes them
again, `picture` draws them; `metrics` measures.
"""

from canzona.separation.batch import extract_songs
from canzona.separation.extract import extract
from canzona.separation.model import SeparationModel
from canzona.separation.planning import plan_songs
from canzona.separation.presence import Presence
from canzona.separation.replay import replay
from canzona.separation.report import Options, Report
from canzona.separation.separation import Separation

__all__ = [
    "Options",
    "Presence",
    "Report",
    "Separation",
    "SeparationModel",
    "extract",
    "extract_songs",
    "plan_songs",
    "replay",
]
