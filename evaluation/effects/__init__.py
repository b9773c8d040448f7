"""Contrasts: did children served fare better than they would have without?

The room carries the name of its main function, so ``ev.effects`` is both: importing
the room would otherwise hide the function behind the module.
"""

import sys
from types import ModuleType

from evaluation.effects.balance import balance
from evaluation.effects.planning import Plan, plan
from evaluation.effects.propensity import Propensity, propensity
from evaluation.effects.result import Effects
from evaluation.effects.sensitivity import sensitivity
from evaluation.effects.study_effects import effects
from evaluation.effects.target_trial import target_trial
from evaluation.effects.trial.result import TargetTrial
from evaluation.effects.truth import beside_truth

__all__ = [
    "Effects",
    "Plan",
    "Propensity",
    "TargetTrial",
    "balance",
    "beside_truth",
    "effects",
    "plan",
    "propensity",
    "sensitivity",
    "target_trial",
]


class _CallableRoom(ModuleType):
    """A module that is called as its main function."""

    __call__ = staticmethod(effects)


sys.modules[__name__].__class__ = _CallableRoom
