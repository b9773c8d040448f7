"""What the measures of a policy read: the exits it reaches and the rows of tables beside them."""

import datetime
import operator
from dataclasses import dataclass
from functools import cached_property, reduce

import ibis
from ibis.expr.types import Table

from evaluation.cohorts import Cohort
from evaluation.cohorts.records import Records
from evaluation.cohorts.services import attach
from evaluation.practice.conditions import holds
from evaluation.practice.policy import Anchor, Event, Measure, Policy
from evaluation.practice.windows import cases_of_support, exits_reached
from evaluation.sources.contract import contract

REACHED_BY = ("child_id", "family_id", "household_id")


@dataclass(frozen=True)
class Reached:
    """The children and households a policy reaches, and the records about them.

    Parameters
    ----------
    cohort : Cohort
    policy : Policy
    """

    cohort: Cohort
    policy: Policy

    @property
    def records(self) -> Records:
        """The agency's records as known on the last day covered."""
        return self.cohort.stages.records

    @cached_property
    def exits(self) -> Table:
        """The exits the policy reaches, numbered."""
        return exits_reached(self.cohort, self.policy)

    @cached_property
    def _supported(self) -> tuple[Table, Table]:
        return cases_of_support(self.cohort, self.policy, self.exits)

    @property
    def supported(self) -> Table:
        """The numbers and days of each exit and of its household's window, without text.

        Made when first asked.
        """
        return self._supported[0]

    @property
    def windows(self) -> Table:
        """The exits the policy reaches, with their household's window."""
        known = [name for name in self.supported.columns if name not in self.exits.columns]
        return self.exits.join(self.supported.select("exit", *known), "exit")

    @property
    def replaced(self) -> Table:
        """Windows that a later return replaced."""
        return self._supported[1]

    @cached_property
    def computable(self) -> tuple[Measure, ...]:
        """The measures whose numbers the policy states and whose tables are there."""
        return tuple(
            measure
            for measure in self.policy.measures
            if self.policy.is_stated(measure) and self.needs(measure) is None
        )

    @cached_property
    def _numbered(self) -> dict[str, Table]:
        return {}

    @cached_property
    def _attached(self) -> dict[str, Table]:
        return {}

    def numbered(self, table: str) -> Table:
        """Return the rows of a table that an anchor or event of a measure asks for.

        ``row``, a whole number, and ``row_key`` stand beside whom they name and the
        columns that are read.
        """
        if table not in self._numbered:
            rows, key = self.records.table(table), contract().table(table).primary_key[0]
            absent = [name for name in REACHED_BY if name not in rows.columns]
            rows = rows.mutate(row_key=rows[key], **{n: ibis.null("string") for n in absent})
            parts = self.parts(table)
            asked = [holds(rows, part.where) & rows[part.date].notnull() for part in parts]
            rows = rows.filter(reduce(operator.or_, asked))
            rows = rows.select(
                *dict.fromkeys(("row_key", *REACHED_BY, *self._read(table))),
                row=ibis.row_number().over(ibis.window()),
            )
            self._numbered[table] = self.records.stage(rows)
        return self._numbered[table]

    def rows(self, table: str) -> Table:
        """Return what the measures read of a table, beside every exit its rows reach.

        ``exit`` and ``row``, their numbers, stand beside the columns.
        """
        if table not in self._attached:
            found = attach(self.numbered(table), self.exits, also=("exit",))
            found = found.select("exit", "row", *self._read(table))
            self._attached[table] = self.records.stage(found)
        return self._attached[table]

    def parts(self, table: str) -> list[Anchor | Event]:
        """Return the anchors and events that read a table."""
        parts = [part for m in self.computable for part in (m.anchor, *m.events)]
        return [part for part in parts if part.table == table]

    def _read(self, table: str) -> list[str]:
        """The columns of a table that the measures read."""
        read = {each for measure in self.computable for each in self._columns(measure)}
        return sorted(name for each, name in read if each == table)

    def through(self, measure: Measure) -> datetime.date:
        """Return the last day that the tables of a measure and the removals cover."""
        return self.records.through("removals", *measure.tables)

    @cached_property
    def begins(self) -> dict[tuple[str, str], datetime.date | None]:
        """The first day each table looked in has a row on, by table and date."""
        asked = {(e.table, e.date) for m in self.computable for e in m.events if e.table}
        return {
            (table, date): self.records.table(table)[date].min().to_pyarrow().as_py()
            for table, date in sorted(asked)
        }

    def needs(self, measure: Measure) -> str | None:
        """Return what a measure needs and the data lack, or None."""
        for table in measure.tables:
            if not self.records.has(table):
                return f"needs the table {table}"
        for table, column in self._columns(measure):
            if not self.records.has(table, column):
                return f"needs the column {column} of {table}"
        for condition in measure.eligible:
            if condition.field not in self.cohort.columns:
                return f"needs {condition.field} of each child"
        for event in measure.events:
            if event.table and not self.records.has_rows(event.table):
                return f"needs rows in the table {event.table}, which is empty"
        return None

    @staticmethod
    def _columns(measure: Measure) -> list[tuple[str, str]]:
        anchor = measure.anchor
        named = [(anchor.table, anchor.date)] if anchor.table else []
        named += [(anchor.table, each.field) for each in anchor.where if anchor.table]
        for event in measure.events:
            if event.table:
                named.append((event.table, event.date))
                named += [(event.table, event.until)] if event.until else []
                named += [(event.table, each.field) for each in event.where]
        return named
