"""Composing: symbols in, tunes out.

`events` and `context` say what a model sees, `network` runs it, `rules` say what must hold,
`decode` writes, `compose` is what a user calls; `evaluate` measures, `originality` looks for
copies, `families` finds variants, `ngram` is the baseline.
"""

from canzona.composition.compose import compose, replay
from canzona.composition.composition import Composition
from canzona.composition.evaluate import evaluate, evaluate_samples
from canzona.composition.settings import Settings

__all__ = ["Composition", "Settings", "compose", "evaluate", "evaluate_samples", "replay"]
