"""Everything of this room that an annual report tells."""

from dataclasses import dataclass
from typing import Any

from evaluation.cohorts import Cohort
from evaluation.practice.dose import Dose, dose
from evaluation.practice.federal import FederalIndicators, federal_indicators
from evaluation.practice.fidelity import Fidelity, fidelity
from evaluation.practice.policy import policy_of
from evaluation.practice.questions import PermanencyQuestions, permanency_questions


@dataclass(frozen=True)
class PracticeFindings:
    """What was found of the agency's practice.

    Attributes
    ----------
    fidelity : Fidelity or None
        To the study's policy, if it names one.
    federal : FederalIndicators
        The indicators of the whole agency.
    questions : PermanencyQuestions
        The permanency questions of the federal review, for the cohort's stays.
    dose : Dose
        Dose and engagement, by ``report.equity_by`` of the study.
    """

    fidelity: Fidelity | None
    federal: FederalIndicators
    questions: PermanencyQuestions
    dose: Dose


def practice_findings(agency: Any, cohort: Cohort) -> PracticeFindings:
    """Measure fidelity, the federal indicators, the permanency questions and the dose.

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
        fidelity=None if policy is None else fidelity(agency, cohort, policy),
        federal=federal_indicators(agency, cohort.study.cohort.data_through),
        questions=permanency_questions(agency, cohort),
        dose=dose(
            agency,
            cohort,
            [
                n
                for n in cohort.study.report.equity_by
                if n != "exit_type" and n in cohort.covariates
            ],
        ),
    )
