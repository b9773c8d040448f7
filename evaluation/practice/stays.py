"""The stays the permanency questions ask about, and what the records hold of each."""

from collections.abc import Callable
from copy import copy
from typing import Any

import ibis
from ibis.expr.types import Table

from evaluation.cohorts import Cohort
from evaluation.cohorts.records import Records
from evaluation.practice.rates import flag


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

    def since(self, table: str, date: str, last: Callable[[Table], Any]) -> "Stays":
        """Return the stays whose last day to be found on is not before a table's first row."""
        begins = self.records.table(table)[date].min().to_pyarrow().as_py()
        kept = copy(self)
        if begins is not None:
            seen = last(self.exits) >= ibis.literal(begins, type="date")
            kept.exits = self.exits.filter(seen.fill_null(True))
        return kept

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
        return base.select(
            "exit_id", "cluster", n=ibis.literal(1, type="int64"), events=flag(base.hit)
        )

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
