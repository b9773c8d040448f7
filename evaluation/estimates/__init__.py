"""Times, events and weights in, estimates out: nothing here knows of children."""

from evaluation.estimates.cox_model import CoxResult, cox
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.fine_gray_model import FineGrayResult, fine_gray
from evaluation.estimates.group_tests import GroupTest, gray_test, log_rank
from evaluation.estimates.incidence_curve import IncidenceCurves, cumulative_incidence
from evaluation.estimates.mean_time import MeanTimes, restricted_mean
from evaluation.estimates.recurrent_curve import MeanCurves, mean_cumulative
from evaluation.estimates.survival_curve import SurvivalCurves, kaplan_meier

__all__ = [
    "CoxResult",
    "EstimateError",
    "FineGrayResult",
    "GroupTest",
    "IncidenceCurves",
    "MeanCurves",
    "MeanTimes",
    "SurvivalCurves",
    "cox",
    "cumulative_incidence",
    "fine_gray",
    "gray_test",
    "kaplan_meier",
    "log_rank",
    "mean_cumulative",
    "restricted_mean",
]
