"""Rules as automata over composition events: one module a rule.

`base` says what a rule is; `bars` closes bars and ends the tune; `phrases` counts phrases; `rests`
keeps silences short.
"""

from canzona.composition.rules.bars import Bars
from canzona.composition.rules.base import Rule
from canzona.composition.rules.phrases import Phrases
from canzona.composition.rules.rests import Rests

__all__ = ["Bars", "Phrases", "Rests", "Rule"]
