"""Did post-permanency services keep children safely home?

The public face of the package: everything a researcher calls is reachable from
here, and each room is imported only when one of its names is first used.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

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

__all__ = ["__version__", *sorted(_ROOM_OF)]


def __getattr__(name: str) -> Any:
    """Import the room that holds a public name when the name is first used."""
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'evaluation' has no attribute {name!r}")
    return getattr(import_module(_ROOM_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
