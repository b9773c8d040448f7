"""Offers and randomizations: contrasts by what families were assigned, not what they took."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.cohorts import Cohort
from evaluation.effects.arms import Arms, complete_cases, one_row_per_child
from evaluation.study import Note, Service, Study

RANDOMIZATION = "randomization"


@dataclass(frozen=True)
class OfferedView:
    """A cohort in which being offered a service stands for starting it.

    Attributes
    ----------
    study : Study
    exits : pandas.DataFrame
        ``known_at_exit_PROGRAM`` and ``start_day_PROGRAM`` are those of the first offer.
    outcomes : tuple of str
    rows : pandas.DataFrame
        Follow-up of one outcome, ``exposure_PROGRAM`` ``in service`` from the offer on.
    report_days : pandas.DataFrame or None
        As the cohort's.
    """

    study: Study
    exits: pd.DataFrame
    outcomes: tuple[str, ...]
    rows: pd.DataFrame
    report_days: pd.DataFrame | None

    def follow_up(self, _outcome: str) -> pd.DataFrame:
        """Return the rows."""
        return self.rows


def assignments(cohort: Cohort, service: Service) -> pd.DataFrame:
    """Return each exit's first assignment to a service or its comparison.

    Those more than ``lead_days`` before the exit belong to an earlier stay.

    Returns
    -------
    pandas.DataFrame
        As ``cohort.offers``, one row per exit; empty where none is recorded.
    """
    offers = getattr(cohort, "offers", None)
    if offers is None:
        return pd.DataFrame(columns=["exit_id", "kind", "arm", "assigned_day"])
    own = offers[(offers["program"] == service.program)]
    own = own[own["assigned_day"] >= -service.lead_days]
    return own.sort_values(["exit_id", "assigned_day"], kind="stable").drop_duplicates("exit_id")


def offered_view(cohort: Cohort, service: Service, follow_up: pd.DataFrame) -> OfferedView | None:
    """Let the first offer of a service stand for its start (METHODS 5.4).

    Returns
    -------
    OfferedView or None
        None where no offer is recorded.
    """
    first = assignments(cohort, service)
    first = first[first["arm"] == service.program].set_index("exit_id")["assigned_day"]
    if first.empty:
        return None
    program = service.program
    exits = cohort.exits
    day = exits["exit_id"].map(first)
    exits = exits.assign(
        **{
            f"known_at_exit_{program}": (day <= 0).fillna(False).astype(bool),
            f"start_day_{program}": day.astype("Float64"),
        }
    )
    rows = _from_offer(follow_up, program, follow_up["exit_id"].map(first))
    return OfferedView(cohort.study, exits, cohort.outcomes, rows, cohort.report_days)


def _from_offer(follow_up: pd.DataFrame, program: str, day: pd.Series) -> pd.DataFrame:
    """Split rows on the day of the offer; what was offered that day counts from the next."""
    at = day.astype("Float64").to_numpy(float, na_value=np.inf)
    start, stop = follow_up["start"].to_numpy(), follow_up["stop"].to_numpy()
    early = follow_up.assign(
        **{
            f"exposure_{program}": np.where(start >= at, "in service", "before"),
            f"dose_{program}": 0,
        }
    )
    straddles = (start < at) & (at < stop)
    late = early[straddles].assign(**{f"exposure_{program}": "in service"})
    late["start"] = at[straddles].astype(late["start"].dtype)
    early.loc[straddles, "stop"] = at[straddles].astype(early["stop"].dtype)
    early.loc[straddles, "event"] = 0
    if "end_reason" in early:
        early.loc[straddles, "end_reason"] = None
    both = pd.concat([early, late], ignore_index=True)
    return both.sort_values(["exit_id", "start"], kind="stable", ignore_index=True)


def randomized_arms(
    cohort: Cohort,
    outcome: str,
    service: Service,
    follow_up: pd.DataFrame,
    complete: bool = True,
) -> Arms | None:
    """Assemble the contrast of those randomized to a service with those randomized elsewhere.

    Day 0 is the exit, or the randomization where that is later; what a family then took
    changes nothing (intention to treat).

    Parameters
    ----------
    cohort : Cohort
    outcome : str
    service : Service
    follow_up : pandas.DataFrame
        ``cohort.follow_up(outcome)``.
    complete : bool
        Whether children who lack a covariate are left out, and counted.

    Returns
    -------
    Arms or None
        With ``started`` (whether the service began by the study's main horizon); None
        where no randomization is recorded.
    """
    drawn = assignments(cohort, service)
    drawn = drawn[drawn["kind"] == RANDOMIZATION].set_index("exit_id")
    if drawn.empty:
        return None
    covariates = cohort.study.adjustment.covariates
    rows = one_row_per_child(follow_up, covariates)
    chosen = rows["exit_id"].isin(drawn.index)
    day = rows["exit_id"].map(drawn["assigned_day"]).astype("Float64")
    day = np.maximum(day.to_numpy(float, na_value=0.0), 0.0)
    before = chosen & (rows["stop"] <= day)
    notes = [
        Note(
            f"{service.name}: compared as randomized, whatever was taken up; {{without}} children "
            "without a randomization and {before} whose follow-up ended before theirs are in "
            "neither arm. Day 0 is the exit, or the randomization where that is later.",
            {"without": int((~chosen).sum()), "before": int(before.sum())},
        )
    ]
    kept = chosen & ~before
    begun = cohort.exits.set_index("exit_id")[f"start_day_{service.program}"]
    since = rows["exit_id"].map(begun).astype("Float64").to_numpy(float, na_value=np.inf) - day
    to = rows["exit_id"].map(drawn["arm"]) == service.program
    rows = rows.assign(
        start=np.maximum(rows["start"] - day, 0),
        stop=rows["stop"] - day,
        started=since <= np.minimum(cohort.study.main_horizon, rows["stop"] - day),
        **{service.program: pd.Categorical(np.where(to, "yes", "no"), categories=["no", "yes"])},
    )[kept]
    rows, varying, said = complete_cases(rows, covariates, complete)
    at_exit = service.model_copy(update={"exposure": "at exit"})
    return Arms(rows, outcome, at_exit, varying, (*notes, *said))
