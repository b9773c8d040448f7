"""Did post-permanency services keep children safely home?

The public face of the package: everything a researcher calls is reachable from
here, and each room is imported only when one of its names is first used. Type
checkers and editors read the same names from plain imports.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

try:
    __version__ = version("permanency-evaluation")
except PackageNotFoundError:
    __version__ = "0+checkout"

_ROOM_OF = {
    "Agency": "evaluation.sources",
    "connect": "evaluation.sources",
    "convert": "evaluation.sources",
    "simulate_agency": "evaluation.sources",
    "Study": "evaluation.study",
    "Cohort": "evaluation.cohorts",
    "build_cohort": "evaluation.cohorts",
    "calibration": "evaluation.estimates",
    "compare": "evaluation.estimates",
    "competing_models": "evaluation.estimates",
    "cox": "evaluation.estimates",
    "cumulative_incidence": "evaluation.estimates",
    "discrete_hazard": "evaluation.estimates",
    "fine_gray": "evaluation.estimates",
    "gray_test": "evaluation.estimates",
    "kaplan_meier": "evaluation.estimates",
    "log_rank": "evaluation.estimates",
    "mean_cumulative": "evaluation.estimates",
    "parametric": "evaluation.estimates",
    "period_counts": "evaluation.estimates",
    "predict_incidence": "evaluation.estimates",
    "recurrent": "evaluation.estimates",
    "restricted_mean": "evaluation.estimates",
    "zero_event_limits": "evaluation.estimates",
    "balance": "evaluation.effects",
    "beside_truth": "evaluation.effects",
    "effects": "evaluation.effects",
    "plan": "evaluation.effects",
    "propensity": "evaluation.effects",
    "sensitivity": "evaluation.effects",
    "target_trial": "evaluation.effects",
    "evidence": "evaluation.evidence",
    "dose": "evaluation.practice",
    "entry_rate": "evaluation.practice",
    "equity": "evaluation.practice",
    "federal_indicators": "evaluation.practice",
    "fidelity": "evaluation.practice",
    "permanency_questions": "evaluation.practice",
    "practice_findings": "evaluation.practice",
    "read_policy": "evaluation.practice",
    "write_reports": "evaluation.reporting",
    "EstimateError": "evaluation.estimates",
    "DataError": "evaluation.errors",
    "OutputError": "evaluation.errors",
    "PermanencyError": "evaluation.errors",
    "StudyError": "evaluation.errors",
}

if TYPE_CHECKING:
    from evaluation.cohorts import Cohort as Cohort
    from evaluation.cohorts import build_cohort as build_cohort
    from evaluation.effects import balance as balance
    from evaluation.effects import beside_truth as beside_truth
    from evaluation.effects import effects as effects
    from evaluation.effects import plan as plan
    from evaluation.effects import propensity as propensity
    from evaluation.effects import sensitivity as sensitivity
    from evaluation.effects import target_trial as target_trial
    from evaluation.errors import DataError as DataError
    from evaluation.errors import OutputError as OutputError
    from evaluation.errors import PermanencyError as PermanencyError
    from evaluation.errors import StudyError as StudyError
    from evaluation.estimates import EstimateError as EstimateError
    from evaluation.estimates import calibration as calibration
    from evaluation.estimates import compare as compare
    from evaluation.estimates import competing_models as competing_models
    from evaluation.estimates import cox as cox
    from evaluation.estimates import cumulative_incidence as cumulative_incidence
    from evaluation.estimates import discrete_hazard as discrete_hazard
    from evaluation.estimates import fine_gray as fine_gray
    from evaluation.estimates import gray_test as gray_test
    from evaluation.estimates import kaplan_meier as kaplan_meier
    from evaluation.estimates import log_rank as log_rank
    from evaluation.estimates import mean_cumulative as mean_cumulative
    from evaluation.estimates import parametric as parametric
    from evaluation.estimates import period_counts as period_counts
    from evaluation.estimates import predict_incidence as predict_incidence
    from evaluation.estimates import recurrent as recurrent
    from evaluation.estimates import restricted_mean as restricted_mean
    from evaluation.estimates import zero_event_limits as zero_event_limits
    from evaluation.evidence import evidence as evidence
    from evaluation.practice import dose as dose
    from evaluation.practice import entry_rate as entry_rate
    from evaluation.practice import equity as equity
    from evaluation.practice import federal_indicators as federal_indicators
    from evaluation.practice import fidelity as fidelity
    from evaluation.practice import permanency_questions as permanency_questions
    from evaluation.practice import practice_findings as practice_findings
    from evaluation.practice import read_policy as read_policy
    from evaluation.reporting import write_reports as write_reports
    from evaluation.sources import Agency as Agency
    from evaluation.sources import connect as connect
    from evaluation.sources import convert as convert
    from evaluation.sources import simulate_agency as simulate_agency
    from evaluation.study import Study as Study
else:
    __all__ = ["__version__", *sorted(_ROOM_OF)]

    def __getattr__(name: str) -> Any:
        """Import the room that holds a public name when the name is first used."""
        if name not in _ROOM_OF:
            raise AttributeError(f"module 'evaluation' has no attribute {name!r}")
        return getattr(import_module(_ROOM_OF[name]), name)

    def __dir__() -> list[str]:
        return __all__
