from collections.abc import Sequence
from canzona.score.format import Written
from canzona.score.tune import Tune
def write(tunes: Sequence[Tune]) -> Written: return Written(b"")
