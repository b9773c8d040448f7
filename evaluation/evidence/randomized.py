"""What the records tell of a randomized assignment: whether there was one, and who was lost."""

from dataclasses import dataclass

import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.effects.assigned import RANDOMIZATION, assignments, randomized_arms
from evaluation.evidence.attrition import Attrition, attrition
from evaluation.study import Service

DATA_END = "data_end"


@dataclass(frozen=True)
class Randomization:
    """The exits that chance assigned to a service or its comparison.

    Attributes
    ----------
    drawn : pandas.DataFrame
        One row per exit, at its first randomization: ``exit_id``, ``arm``,
        ``assigned_day`` (from the exit).
    """

    drawn: pd.DataFrame

    def arm(self, exits: pd.DataFrame, program: str) -> pd.Series:
        """Tell of each exit whether it was assigned to the program; missing where to nothing."""
        arms = self.drawn.set_index("exit_id")["arm"]
        return exits["exit_id"].map(arms).map(lambda arm: arm == program, na_action="ignore")


def randomization(cohort: Cohort, service: Service) -> Randomization | None:
    """Return the randomizations to a service, or nothing.

    A study of another design has none, nor has a randomized study in whose records no
    randomization to this service stands: its arms are then those who received it.
    """
    if cohort.study.design != "randomized":
        return None
    drawn = assignments(cohort, service)
    drawn = drawn[drawn["kind"] == RANDOMIZATION]
    return None if drawn.empty else Randomization(drawn.reset_index(drop=True))


def own_attrition(
    cohort: Cohort,
    service: Service,
    outcome: str,
    horizon: int,
    found: Randomization,
    follow_up: pd.DataFrame | None = None,
) -> tuple[Attrition | None, str]:
    """Compare those randomized with those whose outcome at a horizon is known.

    Known is the outcome of a child in the analysis that had the event, left risk by
    another (death, the age limit) or was followed to the horizon. Lost are children who
    moved, whose records cannot be linked, or who lack a covariate the analysis needs.
    Children for whom the data end before the horizon could come are left out of both
    numbers: the calendar decided that before they were assigned. The cautious boundary
    is used.

    Parameters
    ----------
    cohort : Cohort
    service : Service
    outcome : str
    horizon : int
        Days from the exit, or from the randomization where that is later.
    found : Randomization
    follow_up : pandas.DataFrame, optional
        ``cohort.follow_up(outcome)``, where the caller has it.

    Returns
    -------
    (Attrition or None, str)
        And why there is none, else empty: a cohort of exits does not hold those who
        were randomized in care and never left it.
    """
    drawn = found.drawn
    early = int((drawn["assigned_day"] < 0).sum())
    if early:
        return None, (
            "some were randomized while still in care, and who of those randomized then never "
            "left care is not in a cohort of exits"
        )
    follow_up = cohort.follow_up(outcome) if follow_up is None else follow_up
    complete = cohort.study.adjustment.missing == "complete cases"
    arms = randomized_arms(cohort, outcome, service, follow_up, complete)
    rows = arms.rows.set_index("exit_id")
    known = rows.index[(rows["event"] != 0) | (rows["stop"] >= horizon)]
    drawn = drawn[_due(cohort, follow_up, drawn, horizon)]
    to = (drawn["arm"] == service.program).fillna(False).astype(bool)
    analysed = drawn["exit_id"].isin(known)
    if to.all() or not to.any():
        return None, "the data end before the horizon for all of one arm"
    return attrition(
        int(to.sum()), int((to & analysed).sum()), int((~to).sum()), int((~to & analysed).sum())
    ), ""


def _due(cohort: Cohort, follow_up: pd.DataFrame, drawn: pd.DataFrame, horizon: int) -> pd.Series:
    """Tell for whom the data reach the horizon, by the last day on which any child is seen."""
    begun = cohort.exits.set_index("exit_id")["index_date"].pipe(pd.to_datetime)
    ended = follow_up[follow_up["end_reason"] == DATA_END]
    if ended.empty:
        return pd.Series(True, index=drawn.index)
    stop = pd.to_timedelta(ended["stop"].astype(float), unit="D")
    last = (ended["exit_id"].map(begun) + stop).max()
    days = pd.to_timedelta(drawn["assigned_day"].astype(float) + horizon, unit="D")
    return drawn["exit_id"].map(begun) + days <= last
