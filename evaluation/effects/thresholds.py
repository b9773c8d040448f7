"""What a contrast needs to be estimated, and to be believed; all limits stand here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """Least data for an estimate, and limits of what diagnostics let pass.

    A contrast below one of the first is listed, not guessed; beyond one of the others it
    is shown as failing wherever it is reported.

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
    no_adjustment, usual, not_equivalent : float
        Absolute standardized differences: up to the first a characteristic needs no
        adjustment and beyond the last the arms are not equivalent at baseline (What
        Works Clearinghouse, 2022, which the Title IV-E standards follow); the middle one
        is the usual line in weighted comparisons (Austin, 2009).
    least_share : float
        Probability of either arm below which a child has hardly a counterpart (Crump et
        al., 2009, suggest 0.1; here children beyond are counted at a tenth of it).
    outside_support : float
        Share of children who may lie outside the common support.
    effective_children : float
        Children each weighted arm must be worth (Kish).
    proportional : float
        Robust p below which the effect is taken to change with time.
    first_stage : float
        F of uptake on assignment below which nothing is said of compliers (Staiger and
        Stock, 1997).
    followed : float
        Share of children who must be followed to the main horizon, or to an event.
    """

    children_per_arm: int = 20
    events_per_arm: int = 5
    events_per_term: float = 5.0
    five_largest: float = 0.5
    failed_replicates: float = 0.1
    no_adjustment: float = 0.05
    usual: float = 0.10
    not_equivalent: float = 0.25
    least_share: float = 0.01
    outside_support: float = 0.10
    effective_children: float = 20.0
    proportional: float = 0.01
    first_stage: float = 10.0
    followed: float = 0.5


THRESHOLDS = Thresholds()
