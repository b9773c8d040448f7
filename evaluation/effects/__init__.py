"""Contrasts: did children served fare better than they would have without?"""

from evaluation.effects.balance import balance
from evaluation.effects.propensity import Propensity, propensity
from evaluation.effects.result import Effects
from evaluation.effects.study_effects import effects
from evaluation.effects.truth import beside_truth

__all__ = ["Effects", "Propensity", "balance", "beside_truth", "effects", "propensity"]
