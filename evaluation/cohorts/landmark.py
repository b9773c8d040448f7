"""The landmark exposure: who had begun a service by a day, among those still followed then."""

from dataclasses import dataclass, field

import ibis
import pandas as pd
from ibis.expr.types import Table

from evaluation.cohorts.records import true
from evaluation.cohorts.services import STILL_OPEN
from evaluation.cohorts.tidy import tidy
from evaluation.cohorts.wording import days

_WHY = {
    (1, "outcome"): "The outcome came first",
    (2, "death"): "Died",
    (2, "age_limit"): "Reached the age limit",
    (2, "reentry"): "Re-entered care",
    (2, "adopted_by_guardian"): "Adopted by the guardian",
    (2, "visit_ended"): "Went back to care from a trial home visit",
    (2, "discharged"): "The visit became a discharge",
    (0, "moved_out"): "Moved out of the jurisdiction",
    (0, "data_end"): "The data end",
    (0, "horizon"): "The study's horizon",
}


@dataclass(frozen=True)
class Landmark:
    """A cohort at a landmark day.

    Parameters
    ----------
    outcome, program : str
    day : int
        The landmark, days since the index date.
    rows : pandas.DataFrame
        One row per exit still followed after the day: ``child_id``,
        ``exit_id``, ``family_id``, ``start`` (the landmark), ``stop``,
        ``event``, ``end_reason``, ``served`` (the service had begun by the
        landmark, earlier spells apart), ``state`` (``before``, ``in service``
        or ``after``, on the day after the landmark), ``dose`` (days in service
        so far), and the cohort's covariates.
    flow : pandas.DataFrame
        ``step``, ``reason``, ``children``, ``exits``, ``families``,
        ``excluded``: who is left out, and why.
    """

    outcome: str
    program: str
    day: int
    rows: pd.DataFrame = field(repr=False)
    flow: pd.DataFrame = field(repr=False)


def states_on(exits: Table, intervals: Table, program: str, day: int) -> Table:
    """Return what a program meant to each exit on the day after a landmark.

    Returns
    -------
    ibis.Table
        ``exit_id``, ``served``, ``state``, ``dose``.
    """
    mine = intervals.filter((intervals.program == program) & (intervals.enter <= day))
    mine = mine.mutate(
        now=mine.leave > day, length=ibis.least(mine.leave, day).cast("int64") - mine.enter
    )
    reached = mine.group_by("exit_id").aggregate(
        now=mine.now.any(), dose=mine.length.sum().cast("int32")
    )
    found = exits.select("exit_id").left_join(reached, "exit_id")
    return found.select(
        "exit_id",
        served=found.now.notnull(),
        state=ibis.cases((true(found.now), "in service"), (found.now.notnull(), "after")).fill_null(
            "before"
        ),
        dose=found.dose.fill_null(0).cast("int32"),
    )


def landmark_rows(ends: Table, exits: Table, intervals: Table, program: str, day: int) -> Table:
    """Return the follow-up of those at risk after a landmark, from it on.

    Returns
    -------
    ibis.Table
        ``exit_id`` and the columns of `Landmark` from ``start`` to ``dose``.
    """
    rows = ends.filter((ends.end > ends.begin) & (ends.end > day) & (ends.begin <= day))
    states = states_on(exits, intervals, program, day)
    rows = rows.select("exit_id", "event", "end_reason", stop="end").join(states, "exit_id")
    own = ["stop", "event", "end_reason", "served", "state", "dose"]
    return rows.select("exit_id", *own, start=ibis.literal(day, type="int32")).relocate(
        "start", after="exit_id"
    )


def landmark_flow(ends: Table, exits: Table, day: int) -> pd.DataFrame:
    """Count who is not at risk after a landmark, reason by reason.

    Parameters
    ----------
    ends : ibis.Table
        From `first_end`.
    exits : ibis.Table
        The cohort, of which some may not be followed for the outcome at all.
    day : int
    """
    rows = exits.select("exit_id", "child_id", "family_id").left_join(ends, "exit_id")
    unfollowed = rows.end.isnull()
    entered = rows.end.notnull() & (rows.end > rows.begin)
    late = rows.begin > day
    over = rows.end <= day
    reasons = [
        ("Cannot be followed for the outcome", unfollowed),
        ("Without a day at risk", ~entered),
        ("Seen only after the landmark", late),
    ]
    reasons += [
        (f"{why} by day {day}", over & (rows.event == event) & (rows.end_reason == reason))
        for (event, reason), why in _WHY.items()
    ]
    left_at = ibis.cases(
        *((true(leaves), place) for place, (_, leaves) in enumerate(reasons, 1)), else_=STILL_OPEN
    )
    rows = rows.mutate(left_at=left_at.cast("int32"))
    counts = []
    for place in range(len(reasons) + 1):
        rest = rows.filter(rows.left_at > place)
        counts.append(
            rest.aggregate(
                place=ibis.literal(place),
                children=rest.child_id.nunique(),
                exits=rest.count(),
                families=rest.family_id.nunique(),
            )
        )
    table = tidy(ibis.union(*counts).order_by("place")).drop(columns="place")
    table.insert(0, "step", ["Cohort", *(f"Without: {why.lower()}" for why, _ in reasons)])
    table.insert(1, "reason", ["", *(why for why, _ in reasons)])
    table["excluded"] = (-table["exits"].diff()).fillna(0).astype("int64")
    kept = (table["excluded"] > 0) | (table.index == 0)
    table = table[kept].reset_index(drop=True)
    table.loc[len(table) - 1, "step"] = f"At risk after {days(day)}"
    return table
