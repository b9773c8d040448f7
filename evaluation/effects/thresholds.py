"""What a contrast needs before it is estimated; all limits stand here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """Least data for an estimate; a contrast below one is listed, not guessed.

    Attributes
    ----------
    children_per_arm : int
        Children in each arm.
    events_per_arm : int
        Outcome events in each arm.
    events_per_term : float
        Outcome events for each coefficient of the outcome model (Vittinghoff and
        McCulloch, 2007, found five to nine enough in most settings).
    five_largest : float
        Share of an arm's weight that five children may carry.
    failed_replicates : float
        Share of bootstrap replicates that may give no estimate.
    """

    children_per_arm: int = 20
    events_per_arm: int = 5
    events_per_term: float = 5.0
    five_largest: float = 0.5
    failed_replicates: float = 0.1


THRESHOLDS = Thresholds()
