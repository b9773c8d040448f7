"""Times, events and weights in, estimates out: nothing here knows of children."""

from evaluation.estimates.cox_model import CoxResult, cox
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.incidence_curve import IncidenceCurves, cumulative_incidence
from evaluation.estimates.survival_curve import SurvivalCurves, kaplan_meier

__all__ = [
    "CoxResult",
    "EstimateError",
    "IncidenceCurves",
    "SurvivalCurves",
    "cox",
    "cumulative_incidence",
    "kaplan_meier",
]
