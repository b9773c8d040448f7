"""Children assigned to a program, or elsewhere, while still in care."""

from dataclasses import dataclass

import ibis
import pandas as pd
from ibis.expr.types import Table

from evaluation.cohorts.clock import completed_years
from evaluation.cohorts.episodes import PERMANENCY
from evaluation.cohorts.records import Records, days_between, true
from evaluation.cohorts.tidy import tidy
from evaluation.study import Study


@dataclass(frozen=True)
class AssignedInCare:
    """Children followed from the day a program, or its comparison, was assigned to them.

    Attributes
    ----------
    children : pandas.DataFrame
        One row per child, at its first assignment: ``child_id``, ``family_id``, ``arm``,
        ``kind``, ``followed`` (days the records could see it), ``age_limit_day``,
        ``death_day``, and what was known that day: ``age`` (years), ``sex``,
        ``race_ethnicity``, ``prior_episodes``, ``days_in_care`` (so far).
    stays : pandas.DataFrame
        Every stay at home after it: ``child_id``, ``begin`` (day of the exit), ``end`` (day
        of the next removal or death; missing while it lasts), ``number`` of the episode.
    not_in_care : int
        Children assigned within the window while in no removal episode; left out.
    """

    children: pd.DataFrame
    stays: pd.DataFrame
    not_in_care: int


def assigned_in_care(
    records: Records, episodes: Table, study: Study, program: str
) -> AssignedInCare:
    """Follow children from their first assignment to a program or its comparison.

    Assignments that name a child reach it, those that name a family every child of it
    then in care. They count if made within the days of ``cohort.exits``. Follow-up ends
    with the data or a move out of the jurisdiction.

    Parameters
    ----------
    records : Records
    episodes : ibis.Table
        Every removal episode with the child's columns (``Stages.candidates``).
    study : Study
    program : str
    """
    first, last = study.cohort.exits
    rows = records.optional("assignments")
    rows = rows.filter((rows.program == program) & rows.assignment_date.between(first, last))
    episodes = episodes.filter(episodes.visit == 0)
    children = episodes.select("child_id", family="removal_family_id").distinct()
    keyed = rows.select("assignment_id", "assignment_date", "arm", "kind", "child_id", "family_id")
    named = keyed.filter(keyed.child_id.notnull()).drop("family_id")
    of_family = keyed.filter(keyed.child_id.isnull() & keyed.family_id.notnull())
    reached = of_family.drop("child_id").join(children, of_family.family_id == children.family)
    named = ibis.union(named, reached.select(*named.columns))
    order = ibis.window(group_by="child_id", order_by=["assignment_date", "assignment_id"])
    named = named.mutate(place=ibis.row_number().over(order))
    named = named.filter(named.place == 0).drop("place", "assignment_id")
    own = named.join(episodes, "child_id")
    in_care = (own.removal_date <= own.assignment_date) & (
        own.discharge_date.isnull() | (own.discharge_date > own.assignment_date)
    )
    begun = records.stage(own.filter(in_care))
    end = ibis.literal(records.through("removals"), type="date")
    followed = days_between(end + ibis.interval(days=0), begun.assignment_date)
    at = begun.assignment_date
    tidied = tidy(
        begun.select(
            "child_id",
            "arm",
            "kind",
            "sex",
            "race_ethnicity",
            "prior_episodes",
            family_id=ibis.coalesce(begun.removal_family_id, begun.child_id),
            followed=followed,
            age=completed_years(at, begun.birth_date),
            days_in_care=days_between(at, begun.removal_date),
            age_limit_day=days_between(begun.age_limit_date, at),
            death_day=days_between(begun.death_date, at),
        ).order_by("child_id")
    )
    moved = _first_move(records, begun)
    day = tidied["child_id"].map(moved).astype("Float64")
    tidied["followed"] = tidied["followed"].where(~(day < tidied["followed"]).fillna(False), day)
    after = begun.select("child_id", "assignment_date", index_number="number")
    later = episodes.join(after, "child_id")
    types = [name for name in study.cohort.exit_types if name in PERMANENCY]
    later = later.filter(
        (later.number >= later.index_number)
        & ((later.number == later.index_number) | (later.standing == "stay"))
        & later.discharge_reason.isin(types)
        & true(later.discharge_date >= later.assignment_date)
    )
    gone = ibis.least(later.next_removal_date, later.death_date)
    stays = later.select(
        "child_id",
        "number",
        begin=days_between(later.discharge_date, later.assignment_date),
        end=days_between(gone, later.assignment_date),
    )
    reached_children = named.count().to_pyarrow().as_py()
    return AssignedInCare(
        tidied, tidy(stays.order_by("child_id", "number")), reached_children - len(tidied)
    )


def _first_move(records: Records, begun: Table) -> pd.Series:
    """Return the day of each child's first move after the assignment."""
    moves = records.optional("moves_out")
    own = begun.select("child_id", "assignment_date", "removal_family_id")
    by_child = own.join(moves.select("child_id", "move_date"), "child_id")
    by_child = by_child.select("child_id", "assignment_date", "move_date")
    families = moves.filter(moves.child_id.isnull()).select("family_id", "move_date")
    by_family = own.join(families, own.removal_family_id == families.family_id)
    every = ibis.union(by_child, by_family.select(*by_child.columns))
    every = every.filter(every.move_date > every.assignment_date)
    first = every.group_by("child_id").aggregate(
        day=days_between(every.move_date, every.assignment_date).min()
    )
    return tidy(first).set_index("child_id")["day"]
