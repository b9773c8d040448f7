"""The measures behind the permanency questions: what each counts, of what, and what it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ibis
from ibis.expr.types import Table

from evaluation.cohorts import Cohort
from evaluation.cohorts.records import Records, days_between, true
from evaluation.cohorts.services import attach
from evaluation.practice.rates import flag

GOAL_DAYS = 60
NEAR_MILES = 30
VISIT_DAYS = 90


@dataclass(frozen=True)
class Question:
    """A measure: the question it belongs to, its words, what it needs, and its counts."""

    name: str
    question: str
    measure: str
    denominator: str
    needs: tuple[tuple[str, str], ...]
    of: Callable[["Stays"], Table]
    per: int = 100


class Stays:
    """The index stays of a cohort's exits, and what the records hold of each."""

    def __init__(self, cohort: Cohort):
        self.records: Records = cohort.stages.records
        self.exits = cohort.stages.exits.select(
            "exit_id",
            "child_id",
            "index_date",
            "removal_date",
            "removal_family_id",
            "household_id",
            "next_removal_date",
            "exit_type",
            "county",
            cluster="family_id",
            stay_days="days",
        )

    def during(self, table: str, date: str) -> Table:
        """Return a child's rows dated from the removal to the exit, beside the exit."""
        rows = self.records.table(table)
        own = [name for name in ("family_id", "household_id", "county") if name in rows.columns]
        rows = rows.rename(row_county="county") if "county" in own else rows
        rows = rows.drop(*(name for name in own if name != "county"))
        rows = rows.rename(of_child="child_id")
        found = self.exits.join(rows, self.exits.child_id == rows.of_child)
        return found.filter((found[date] >= found.removal_date) & (found[date] <= found.index_date))

    def whether(self, hits: Table, among: Table | None = None) -> Table:
        """Return one trial for each exit (or each ``among``): an event where it has a hit."""
        base = self.exits if among is None else among
        found = hits.select("exit_id").distinct().mutate(hit=ibis.literal(True))
        base = base.select("exit_id", "cluster").left_join(found, "exit_id")
        return base.select("cluster", n=ibis.literal(1, type="int64"), events=flag(base.hit))

    def last_settings(self) -> Table:
        """Return the last placement of each stay: latest start, then the larger key."""
        placed = self.during("placements", "start_date")
        order = ibis.window(
            group_by="exit_id", order_by=[placed.start_date.desc(), placed.placement_id.desc()]
        )
        placed = placed.mutate(place=ibis.row_number().over(order))
        return placed.filter(placed.place == 0)

    def first_goals(self) -> Table:
        """Return the first goal of each stay: earliest, not concurrent before concurrent."""
        goals = self.during("permanency_goals", "set_date")
        order = ibis.window(
            group_by="exit_id",
            order_by=[goals.set_date, goals.concurrent.fill_null(False), goals.goal_id],
        )
        goals = goals.mutate(place=ibis.row_number().over(order))
        return goals.filter(goals.place == 0)


def _returned(stays: Stays) -> Table:
    through = ibis.literal(stays.records.through("removals"), type="date")
    seen = stays.exits.filter(
        (stays.exits.index_date + ibis.interval(months=12)).cast("date") <= through
    )
    back = seen.filter(
        seen.next_removal_date < (seen.index_date + ibis.interval(months=12)).cast("date")
    )
    return stays.whether(back, seen)


def _served_before(stays: Stays) -> Table:
    back = stays.exits.filter(stays.exits.next_removal_date.notnull())
    spells = attach(stays.records.table("services"), stays.exits)
    spells = spells.select("exit_id", "start_date", "end_date", at_exit="index_date")
    spells = spells.filter(
        spells.start_date.notnull() & (spells.end_date >= spells.at_exit).fill_null(True)
    )
    pairs = spells.join(back.select("exit_id", "next_removal_date"), "exit_id")
    return stays.whether(pairs.filter(pairs.start_date < pairs.next_removal_date), back)


def _stay_moves(stays: Stays) -> Table:
    placed = stays.during("placements", "start_date")
    placed = placed.filter(placed.start_date < placed.index_date)
    counted = placed.group_by("exit_id").aggregate(settings=placed.placement_id.nunique())
    rows = stays.exits.join(counted, "exit_id")
    return rows.select(
        "cluster", n=rows.stay_days.cast("int64"), events=(rows.settings - 1).cast("int64")
    )


def _few_moves(stays: Stays) -> Table:
    placed = stays.during("placements", "start_date")
    placed = placed.filter(placed.start_date < placed.index_date)
    counted = placed.group_by("exit_id", "cluster").aggregate(
        settings=placed.placement_id.nunique()
    )
    return stays.whether(counted.filter(counted.settings <= 2), counted)


def _of_last(condition: Callable[[Table], Any], known: str) -> Callable[[Stays], Table]:
    """Return the share of last settings with a condition, of those where a field is recorded."""

    def of(stays: Stays) -> Table:
        last = stays.last_settings()
        last = last.filter(last[known].notnull())
        return stays.whether(last.filter(true(condition(last))), last)

    return of


def _kin(rows: Table):
    return rows.kin.fill_null(rows.type == "relative_foster_home")


def _kin_ever(stays: Stays) -> Table:
    placed = stays.during("placements", "start_date")
    return stays.whether(
        placed.filter(true(_kin(placed))), placed.select("exit_id", "cluster").distinct()
    )


def _searched(stays: Stays) -> Table:
    return stays.whether(stays.during("family_finding", "search_date"))


def _considered(stays: Stays) -> Table:
    found = stays.during("family_finding", "search_date")
    return stays.whether(found.filter(true(found.considered_for_placement)))


def _goal_in_time(stays: Stays) -> Table:
    first = stays.first_goals()
    prompt = first.filter(
        (days_between(first.set_date, first.removal_date) <= GOAL_DAYS)
        & (first.goal != "not_established")
    )
    old = stays.exits.filter(stays.exits.stay_days >= GOAL_DAYS)
    return stays.whether(prompt, old)


def _goals_with(condition: Callable[[Table], Any]) -> Callable[[Stays], Table]:
    """Return the share of stays with a goal of which any goal has a condition."""

    def of(stays: Stays) -> Table:
        goals = stays.during("permanency_goals", "set_date")
        return stays.whether(
            goals.filter(true(condition(goals))), goals.select("exit_id", "cluster").distinct()
        )

    return of


def _changed(stays: Stays) -> Table:
    goals = stays.during("permanency_goals", "set_date")
    first = stays.first_goals().select("exit_id", first_goal="goal", first_set="set_date")
    pairs = goals.join(first, "exit_id")
    later = (pairs.set_date > pairs.first_set) & (pairs.goal != pairs.first_goal)
    return stays.whether(pairs.filter(later), goals.select("exit_id", "cluster").distinct())


def _goal_reached(stays: Stays) -> Table:
    goals = stays.during("permanency_goals", "set_date")
    order = ibis.window(
        group_by="exit_id",
        order_by=[
            goals.concurrent.fill_null(False),
            goals.set_date.desc(),
            goals.goal_id.desc(),
        ],
    )
    last = goals.mutate(place=ibis.row_number().over(order))
    last = last.filter(last.place == 0)
    return stays.whether(last.filter(last.goal == last.exit_type), last)


def _visits_kept(who: tuple[str, ...]) -> Callable[[Stays], Table]:
    def of(stays: Stays) -> Table:
        planned = stays.during("visits", "visit_date")
        planned = planned.filter(planned.visit_with.isin(who) & planned.kept.notnull())
        return planned.select("cluster", n=ibis.literal(1, type="int64"), events=flag(planned.kept))

    return of


def _visited_lately(stays: Stays) -> Table:
    seen = stays.during("visits", "visit_date")
    seen = seen.filter(
        seen.visit_with.isin(("mother", "father", "parent"))
        & true(seen.kept)
        & (days_between(seen.index_date, seen.visit_date) <= VISIT_DAYS)
    )
    return stays.whether(seen)


def _school_kept(stays: Stays) -> Table:
    moved = stays.during("school_moves", "move_date")
    moved = moved.filter(moved.reason.isin(("placement_change", "return_home")).fill_null(False))
    return stays.whether(moved)


PREVENTION = "Was the return home a good decision, with services to prevent re-entry?"
STABILITY = "Was the placement stable, and how often did it change?"
SIBLINGS = "Were siblings placed together?"
RELATIVES = "Was placement with relatives explored, and did it happen?"
GOALS = "Were permanency goals set in time, changed and concurrent as needed, and reached?"
CLOSENESS = "Was the child close enough to home for contact, and were visits frequent?"
SCHOOL = "Did the child stay in the same school?"
ALL = "exits of the cohort"
PLACED = "exits whose stay has a placement on record"
GOALED = "exits whose stay has a goal on record"
QUESTIONS = (
    Question(
        "reentry_12_months",
        PREVENTION,
        "Re-entered care within 12 months",
        "exits 12 months before the end of the data",
        (),
        _returned,
    ),
    Question(
        "served_before_reentry",
        PREVENTION,
        "A service was open or began between the exit and the re-entry",
        "exits followed by a re-entry",
        (("services", "start_date"),),
        _served_before,
    ),
    Question(
        "moves_per_1000_days",
        STABILITY,
        "Placement moves per 1,000 days of the stay",
        "days of stays with a placement on record",
        (("placements", "start_date"),),
        _stay_moves,
        per=1_000,
    ),
    Question(
        "two_settings_or_fewer",
        STABILITY,
        "Two settings or fewer in the stay",
        PLACED,
        (("placements", "start_date"),),
        _few_moves,
    ),
    Question(
        "siblings_together",
        SIBLINGS,
        "In the last setting with every sibling in care",
        "exits whose last setting says",
        (("placements", "with_siblings"),),
        _of_last(lambda t: t.with_siblings, "with_siblings"),
    ),
    Question(
        "relatives_sought",
        RELATIVES,
        "Relatives were sought during the stay",
        ALL,
        (("family_finding", "search_date"),),
        _searched,
    ),
    Question(
        "relative_considered",
        RELATIVES,
        "A relative was considered for placement",
        ALL,
        (("family_finding", "considered_for_placement"),),
        _considered,
    ),
    Question(
        "kin_setting_ever",
        RELATIVES,
        "Placed with kin at any time of the stay",
        PLACED,
        (("placements", "kin"),),
        _kin_ever,
    ),
    Question(
        "kin_setting_last",
        RELATIVES,
        "Placed with kin in the last setting",
        "exits whose last setting says",
        (("placements", "kin"),),
        _of_last(_kin, "type"),
    ),
    Question(
        "goal_in_time",
        GOALS,
        f"First goal set within {GOAL_DAYS} days of the removal",
        f"exits from stays of {GOAL_DAYS} days or more",
        (("permanency_goals", "set_date"),),
        _goal_in_time,
    ),
    Question(
        "goal_changed",
        GOALS,
        "The goal changed during the stay",
        GOALED,
        (("permanency_goals", "set_date"),),
        _changed,
    ),
    Question(
        "goal_concurrent",
        GOALS,
        "A concurrent goal was set",
        GOALED,
        (("permanency_goals", "concurrent"),),
        _goals_with(lambda t: t.concurrent),
    ),
    Question(
        "goal_reached",
        GOALS,
        "The last goal is how the child left care",
        GOALED,
        (("permanency_goals", "goal"),),
        _goal_reached,
    ),
    Question(
        "another_planned_arrangement",
        GOALS,
        "Another planned arrangement was a goal (no permanency exit)",
        GOALED,
        (("permanency_goals", "goal"),),
        _goals_with(lambda t: t.goal == "another_planned_arrangement"),
    ),
    Question(
        "near_home",
        CLOSENESS,
        f"Last setting within {NEAR_MILES} miles of home",
        "exits whose last setting says",
        (("placements", "distance_miles"),),
        _of_last(lambda t: t.distance_miles <= NEAR_MILES, "distance_miles"),
    ),
    Question(
        "same_county",
        CLOSENESS,
        "Last setting in the county responsible",
        "exits whose last setting says",
        (("placements", "county"),),
        _of_last(lambda t: t.row_county == t.county, "row_county"),
    ),
    Question(
        "parent_visits_kept",
        CLOSENESS,
        "Planned visits with a parent that took place",
        "planned visits",
        (("visits", "kept"),),
        _visits_kept(("mother", "father", "parent")),
    ),
    Question(
        "sibling_visits_kept",
        CLOSENESS,
        "Planned visits with a sibling that took place",
        "planned visits",
        (("visits", "kept"),),
        _visits_kept(("sibling",)),
    ),
    Question(
        "visited_before_exit",
        CLOSENESS,
        f"A visit with a parent in the {VISIT_DAYS} days before the exit",
        ALL,
        (("visits", "kept"),),
        _visited_lately,
    ),
    Question(
        "school_changed",
        SCHOOL,
        "Changed school because of a placement or the return",
        ALL,
        (("school_moves", "reason"),),
        _school_kept,
    ),
)
