"""Evidence: from a contrast to what it can and cannot support.

Like ``ev.effects``, the room is called as its main function: ``ev.evidence(cohort,
effects)``; its parts are ``ev.evidence.cebc``, ``ev.evidence.clearinghouse`` and so on.
"""

import sys
from types import ModuleType
from typing import cast

from evaluation.evidence.attrition import attrition
from evaluation.evidence.baseline import baseline_equivalence, single_unit_confound
from evaluation.evidence.body import Body, EvidenceStudy, Result
from evaluation.evidence.contrast import AfterService, ContrastEvidence
from evaluation.evidence.effect_sizes import (
    EffectSize,
    benjamini_hochberg,
    cluster_adjusted_t,
    cox_index,
    cox_index_of_risks,
    difference_in_differences,
    hedges_g,
    hedges_g_from_p,
    hedges_g_from_t,
    improvement_index,
    standardized,
)
from evaluation.evidence.end_of_service import end_of_service_clock, post_treatment_months
from evaluation.evidence.event_effects import (
    number_needed_to_serve,
    odds_ratio,
    risk_difference,
    risk_ratio,
)
from evaluation.evidence.from_effects import contrasts_of, estimate_ids
from evaluation.evidence.prevention_standards import clearinghouse
from evaluation.evidence.program_evidence import Evidence, ProgramEvidence, registry_of
from evaluation.evidence.program_evidence import evidence as _evidence
from evaluation.evidence.published_results import (
    events_from_percent,
    from_coefficient,
    from_interval,
    from_percentages,
)
from evaluation.evidence.rating_scale import cebc
from evaluation.evidence.registry import Registry, registry
from evaluation.evidence.synthesis import synthesis

__all__ = [
    "AfterService",
    "Body",
    "ContrastEvidence",
    "EffectSize",
    "Evidence",
    "EvidenceStudy",
    "ProgramEvidence",
    "Registry",
    "Result",
    "attrition",
    "baseline_equivalence",
    "benjamini_hochberg",
    "cebc",
    "clearinghouse",
    "cluster_adjusted_t",
    "contrasts_of",
    "cox_index",
    "cox_index_of_risks",
    "difference_in_differences",
    "end_of_service_clock",
    "estimate_ids",
    "events_from_percent",
    "from_coefficient",
    "from_interval",
    "from_percentages",
    "hedges_g",
    "hedges_g_from_p",
    "hedges_g_from_t",
    "improvement_index",
    "number_needed_to_serve",
    "odds_ratio",
    "post_treatment_months",
    "registry",
    "registry_of",
    "risk_difference",
    "risk_ratio",
    "single_unit_confound",
    "standardized",
    "synthesis",
]


class _CallableRoom(ModuleType):
    """A module that is called as its main function."""

    __call__ = staticmethod(_evidence)


evidence = cast("_CallableRoom", sys.modules[__name__])
evidence.__class__ = _CallableRoom
