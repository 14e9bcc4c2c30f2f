"""What every evaluation needs: confidence intervals, the JSON report and the model card.

`bootstrap` draws intervals over tunes, `report` makes the one JSON object that `canzona
evaluate --json` prints, `card` fills a model's card from such a report.
"""

from canzona.evaluation.bootstrap import Interval, bootstrap_difference, bootstrap_median, bootstrap_ratio
from canzona.evaluation.card import model_card
from canzona.evaluation.report import flatten, report_text

__all__ = [
    "Interval",
    "bootstrap_difference",
    "bootstrap_median",
    "bootstrap_ratio",
    "flatten",
    "model_card",
    "report_text",
]
