"""Times, events and weights in, estimates out: nothing here knows of children."""

from evaluation.estimates.bootstrap import Bootstrap
from evaluation.estimates.calibration import Calibration, calibration
from evaluation.estimates.comparison import Comparison, compare
from evaluation.estimates.competing_models import CompetingModels, competing_models
from evaluation.estimates.cox_model import CoxResult, cox
from evaluation.estimates.differences import Differences
from evaluation.estimates.discrete_model import DiscreteHazard, discrete_hazard
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.fine_gray_model import FineGrayResult, fine_gray
from evaluation.estimates.functional_form import FunctionalForm
from evaluation.estimates.group_tests import GroupTest, gray_test, log_rank
from evaluation.estimates.incidence_curve import IncidenceCurves, cumulative_incidence
from evaluation.estimates.influential import Influential
from evaluation.estimates.interval_hazard import IntervalHazards
from evaluation.estimates.mean_time import MeanTimes, restricted_mean
from evaluation.estimates.parametric_model import ParametricResult, parametric
from evaluation.estimates.period_counts import PeriodCounts, period_counts
from evaluation.estimates.predicted_incidence import predict_incidence
from evaluation.estimates.quantiles import Quantiles
from evaluation.estimates.rare_events import ExactLimits, zero_event_limits
from evaluation.estimates.recurrent_curve import MeanCurves, mean_cumulative
from evaluation.estimates.recurrent_model import recurrent
from evaluation.estimates.survival_curve import SurvivalCurves, kaplan_meier

__all__ = [
    "Bootstrap",
    "Calibration",
    "Comparison",
    "CompetingModels",
    "CoxResult",
    "Differences",
    "DiscreteHazard",
    "EstimateError",
    "ExactLimits",
    "FineGrayResult",
    "FunctionalForm",
    "GroupTest",
    "IncidenceCurves",
    "Influential",
    "IntervalHazards",
    "MeanCurves",
    "MeanTimes",
    "ParametricResult",
    "PeriodCounts",
    "Quantiles",
    "SurvivalCurves",
    "calibration",
    "compare",
    "competing_models",
    "cox",
    "cumulative_incidence",
    "discrete_hazard",
    "fine_gray",
    "gray_test",
    "kaplan_meier",
    "log_rank",
    "mean_cumulative",
    "parametric",
    "period_counts",
    "predict_incidence",
    "recurrent",
    "restricted_mean",
    "zero_event_limits",
]
