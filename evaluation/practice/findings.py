"""Everything of this room that an annual report tells."""

from dataclasses import dataclass
from typing import Any

from evaluation.cohorts import Cohort
from evaluation.practice.federal import FederalIndicators, federal_indicators
from evaluation.practice.fidelity import Fidelity, fidelity
from evaluation.practice.policy import policy_of


@dataclass(frozen=True)
class PracticeFindings:
    """Fidelity to the study's policy (None if it names none) and the federal indicators."""

    fidelity: Fidelity | None
    federal: FederalIndicators


def practice_findings(agency: Any, cohort: Cohort) -> PracticeFindings:
    """Measure fidelity to the study's policy, and the federal indicators of the agency.

    Parameters
    ----------
    agency : Agency
        The agency the cohort was built from.
    cohort : Cohort

    Returns
    -------
    PracticeFindings

    Raises
    ------
    StudyError
        If the study's policy cannot be read.
    """
    policy = policy_of(cohort.study)
    return PracticeFindings(
        None if policy is None else fidelity(agency, cohort, policy),
        federal_indicators(agency, cohort.study.cohort.data_through),
    )
