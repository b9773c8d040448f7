"""Was the service delivered as designed, and how is the agency doing."""

from evaluation.practice.fidelity import Fidelity, fidelity
from evaluation.practice.policy import Policy, policy_names, policy_of, read_policy

__all__ = ["Fidelity", "Policy", "fidelity", "policy_names", "policy_of", "read_policy"]
