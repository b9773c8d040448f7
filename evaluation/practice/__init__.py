"""Was the service delivered as designed, and how is the agency doing."""

from evaluation.practice.dose import Dose, dose
from evaluation.practice.equity import Equity, equity
from evaluation.practice.federal import FederalIndicators, entry_rate, federal_indicators
from evaluation.practice.fidelity import Fidelity, fidelity
from evaluation.practice.findings import PracticeFindings, practice_findings
from evaluation.practice.policy import Policy, policy_names, policy_of, read_policy
from evaluation.practice.questions import PermanencyQuestions, permanency_questions

__all__ = [
    "Dose",
    "Equity",
    "FederalIndicators",
    "Fidelity",
    "PermanencyQuestions",
    "Policy",
    "PracticeFindings",
    "dose",
    "entry_rate",
    "equity",
    "federal_indicators",
    "fidelity",
    "permanency_questions",
    "policy_names",
    "policy_of",
    "practice_findings",
    "read_policy",
]
