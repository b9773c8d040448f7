"""Who is followed, from when to when, and what was counted on the way."""

from evaluation.cohorts.build import build_cohort
from evaluation.cohorts.cohort import Cohort

__all__ = ["Cohort", "build_cohort"]
