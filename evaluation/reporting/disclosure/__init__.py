"""What may be released: the only place that decides it."""

from evaluation.reporting.disclosure.cells import MOST_HIDDEN, Disclosure
from evaluation.reporting.disclosure.contrasts import ReleasedEffects, release_effects
from evaluation.reporting.disclosure.evidence import release_evidence
from evaluation.reporting.disclosure.flow import release_flow, shorter_flow
from evaluation.reporting.disclosure.follow_up import (
    LEAST_STEPS,
    ReleasedFollowUp,
    leaves_few,
    release_follow_up,
)

__all__ = [
    "LEAST_STEPS",
    "MOST_HIDDEN",
    "Disclosure",
    "ReleasedEffects",
    "ReleasedFollowUp",
    "leaves_few",
    "release_effects",
    "release_evidence",
    "release_flow",
    "release_follow_up",
    "shorter_flow",
]
