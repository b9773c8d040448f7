"""What may be released: the only place that decides it."""

from evaluation.reporting.disclosure.contrasts import (
    ReleasedEffects,
    near_another,
    release_effects,
)
from evaluation.reporting.disclosure.curve_points import (
    at_horizons,
    without_common_points,
    without_lone_points,
)
from evaluation.reporting.disclosure.evidence import release_evidence
from evaluation.reporting.disclosure.flow import release_flow, shorter_flow
from evaluation.reporting.disclosure.follow_up import (
    LEAST_STEPS,
    ReleasedFollowUp,
    leaves_few,
    release_follow_up,
)
from evaluation.reporting.disclosure.published import Published
from evaluation.reporting.disclosure.rule import MOST_HIDDEN, NOT_FOR_RELEASE, Disclosure

__all__ = [
    "LEAST_STEPS",
    "MOST_HIDDEN",
    "NOT_FOR_RELEASE",
    "Disclosure",
    "Published",
    "ReleasedEffects",
    "ReleasedFollowUp",
    "at_horizons",
    "leaves_few",
    "near_another",
    "release_effects",
    "release_evidence",
    "release_flow",
    "release_follow_up",
    "shorter_flow",
    "without_common_points",
    "without_lone_points",
]
