"""Rules as automata over composition events: one module a rule.

`base` says what a rule is; `bars` closes bars and ends the tune; `phrases` counts phrases.
"""

from canzona.composition.rules.bars import Bars
from canzona.composition.rules.base import Rule
from canzona.composition.rules.phrases import Phrases

__all__ = ["Bars", "Phrases", "Rule"]
