"""A measure in the engine: its cases, what was found in each window, and what that makes of it."""

import datetime
from dataclasses import dataclass
from functools import cached_property, reduce

import ibis
from ibis.expr.types import DateValue, Table

from evaluation.cohorts import Cohort
from evaluation.cohorts.records import Records, days_between, true
from evaluation.cohorts.services import attach
from evaluation.practice.business_days import shifts
from evaluation.practice.conditions import holds
from evaluation.practice.policy import Event, Measure, Policy
from evaluation.practice.windows import cases_of_support
from evaluation.sources.contract import contract

MET, NOT_MET, NOT_YET_DUE = "met", "not met", "not yet due"
ENDED, UNRECORDED = "ended before due", "before records begin"
STATUSES = (MET, NOT_MET, NOT_YET_DUE, ENDED, UNRECORDED)
_MOMENTS = {
    "exit": ("exit_id", "index_date"),
    "return": ("unit_id", "index_date"),
    "family return": ("flow_family", "family_return"),
    "window start": ("unit_id", "window_start"),
    "window end": ("unit_id", "window_end"),
}
_BOUNDS = {
    "removal": "removal_date",
    "return": "index_date",
    "window start": "window_start",
    "window end": "window_end",
    "support end": "support_end",
}
_NEEDS_WINDOW = ("window start", "window end")


@dataclass(frozen=True)
class Support:
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
    def _reached(self) -> tuple[Table, Table]:
        return cases_of_support(self.cohort, self.policy)

    @property
    def exits(self) -> Table:
        """The exits the policy reaches, with their household's window."""
        return self._reached[0]

    @property
    def replaced(self) -> Table:
        """Windows that a later return replaced."""
        return self._reached[1]

    @cached_property
    def _attached(self) -> dict[str, Table]:
        return {}

    def rows(self, table: str) -> Table:
        """Return a table's rows beside every exit they reach, with ``row_key`` and ``exit_id``."""
        if table not in self._attached:
            rows, key = self.records.table(table), contract().table(table).primary_key[0]
            absent = [n for n in ("child_id", "family_id", "household_id") if n not in rows.columns]
            rows = rows.mutate(**{name: ibis.null("string") for name in absent})
            found = attach(
                rows.select(key, "child_id", "family_id", "household_id"), key, self.exits
            )
            reached = self.records.stage(found.select("exit_id", row_key=found[key]))
            self._attached[table] = reached.join(rows, reached.row_key == rows[key]).drop(
                "child_id", "family_id", "household_id"
            )
        return self._attached[table]

    def through(self, measure: Measure) -> datetime.date:
        """Return the last day that the tables of a measure and the removals cover."""
        return self.records.through("removals", *measure.tables)

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

    def cases(self, measure: Measure) -> Table:
        """Return the cases of a measure with what became of each.

        Returns
        -------
        ibis.Table
            ``case_id``, ``cluster``, ``exit_id`` (the first of the children
            the case is about), ``anchor_date``, ``first_day`` and ``due_date``
            (missing where the window has no such end), ``found`` (events in
            the window), ``status`` (one of `STATUSES`).
        """
        reached = self._windowed(measure, self._anchored(measure))
        found = self._found(measure, reached)
        per_case = reached.group_by("case_id").aggregate(
            cluster=reached.cluster.min(),
            exit_id=reached.exit_id.min(),
            anchor_date=reached.anchor_date.min(),
            first_day=reached.first_day.min(),
            due_date=reached.due_date.max(),
            support_end=reached.support_end.max(),
        )
        cases = per_case.left_join(found, "case_id").drop("case_id_right")
        cases = cases.mutate(found=cases.found.fill_null(0))
        return cases.mutate(status=self._status(measure, cases)).drop("support_end")

    def _exits_of(self, measure: Measure) -> Table:
        exits = self.exits
        if measure.eligible:
            given = self.cohort.stages.exits
            named = {c.field: given[self.cohort.columns[c.field]] for c in measure.eligible}
            asked = given.select("exit_id", **named)
            exits = exits.semi_join(asked.filter(holds(asked, measure.eligible)), "exit_id")
        if measure.anchor.on in _NEEDS_WINDOW:
            exits = exits.filter(~exits.window_pending)
        return exits

    def _anchored(self, measure: Measure) -> Table:
        """Return a row per case and exit: ``case_id``, ``anchor_date``, ``row_key``."""
        anchor, exits = measure.anchor, self._exits_of(measure)
        if anchor.table is None:
            name, date = _MOMENTS[anchor.on]
            cases = exits.mutate(
                case_id=exits[name], anchor_date=exits[date], row_key=ibis.null("string")
            )
            if anchor.on == "return":
                cases = cases.mutate(
                    case_id=cases.case_id + " " + cases.anchor_date.strftime("%Y-%m-%d")
                )
        else:
            rows = self.rows(anchor.table)
            rows = rows.filter(holds(rows, anchor.where) & rows[anchor.date].notnull())
            rows = rows.select("exit_id", "row_key", anchor_date=rows[anchor.date])
            cases = exits.join(rows, "exit_id")
            cases = cases.filter(
                (cases.anchor_date >= cases.first_return) & (cases.anchor_date <= cases.support_end)
            )
            cases = cases.mutate(case_id=cases.row_key)
        if anchor.offset_months:
            later = cases.anchor_date + ibis.interval(months=anchor.offset_months)
            cases = cases.mutate(anchor_date=later.cast("date"))
        if anchor.months_into_window:
            least = cases.window_start + ibis.interval(months=anchor.months_into_window)
            cases = cases.filter(cases.anchor_date >= least.cast("date"))
        if anchor.each == "child":
            at_home = (cases.index_date <= cases.anchor_date) & (
                cases.left_date > cases.anchor_date
            ).fill_null(True)
            cases = cases.filter(at_home).mutate(case_id=cases.case_id + " " + cases.exit_id)
        return self._repeated(measure, cases)

    def _repeated(self, measure: Measure, cases: Table) -> Table:
        every = self.policy.value(measure, measure.anchor.every_days)
        if every is None:
            return cases
        turns = ibis.memtable({"turn": list(range(measure.anchor.times))})
        cases = cases.cross_join(turns)
        on = cases.anchor_date + (cases.turn * every).as_interval("D")
        return cases.mutate(
            anchor_date=on.cast("date"), case_id=cases.case_id + " #" + cases.turn.cast("string")
        )

    def _windowed(self, measure: Measure, cases: Table) -> Table:
        """Add ``first_day`` and ``due_date``, the ends of each case's window."""
        cases = self._shifted(measure, cases, "start", "first_day")
        return self.records.stage(self._shifted(measure, cases, "stop", "due_date"))

    def _shifted(self, measure: Measure, cases: Table, end: str, name: str) -> Table:
        offset = self.policy.offset(measure, end)
        if offset is None:
            return cases.mutate(**{name: ibis.null("date")})
        if isinstance(offset, str):
            return cases.mutate(**{name: cases[_BOUNDS[offset]]})
        if measure.window.unit == "business days":
            return self._in_business_days(cases, offset, name)
        unit = "months" if measure.window.unit == "months" else "days"
        moved = cases.anchor_date + ibis.interval(**{unit: abs(offset)})
        if offset < 0:
            moved = cases.anchor_date - ibis.interval(**{unit: -offset})
        return cases.mutate(**{name: moved.cast("date")})

    def _in_business_days(self, cases: Table, number: int, name: str) -> Table:
        cases = self.records.stage(cases)
        span = cases.aggregate(first=cases.anchor_date.min(), last=cases.anchor_date.max())
        span = span.to_pyarrow().to_pylist()[0]
        if span["first"] is None:
            return cases.mutate(**{name: cases.anchor_date})
        days = shifts(span["first"], span["last"], number, self.policy.calendar)
        days = days.select("day", **{name: days.shifted})
        return cases.join(days, cases.anchor_date == days.day).drop("day")

    def _found(self, measure: Measure, cases: Table) -> Table:
        """Count the distinct events in each case's window: ``case_id``, ``found``."""
        parts = [self._events(event, cases) for event in measure.events]
        hits = reduce(lambda one, other: ibis.union(one, other), parts).distinct()
        return hits.group_by("case_id").aggregate(found=hits.count().cast("int32"))

    def _events(self, event: Event, cases: Table) -> Table:
        window = cases.select(
            "case_id", "exit_id", "first_day", "due_date", "row_key", "window_end"
        )
        if event.table is None:
            hits = window.filter(_within(window.window_end, window))
            return hits.select("case_id", event_key=ibis.literal("window end"))
        rows = self.rows(event.table)
        rows = rows.filter(holds(rows, event.where) & rows[event.date].notnull())
        until = rows[event.until] if event.until else ibis.null("date")
        rows = rows.select("exit_id", event_key="row_key", on=rows[event.date], until=until)
        keys = [window.exit_id == rows.exit_id]
        if event.link == "row":
            keys.append(window.row_key == rows.event_key)
        hits = window.join(rows, keys)
        if event.until:
            starts = (hits["on"] <= hits.due_date).fill_null(True)
            lasts = (hits.until > hits.first_day).fill_null(True)
            hits = hits.filter(starts & lasts)
        else:
            hits = hits.filter(_within(hits["on"], hits))
        return hits.select("case_id", event_key=event.table + " " + hits.event_key)

    def _status(self, measure: Measure, cases: Table):
        through = ibis.literal(self.through(measure), type="date")
        wanted = self.policy.value(measure, measure.at_least)
        due = ibis.coalesce(cases.due_date, cases.anchor_date)
        unsettled = due > through
        if measure.expect == "none":
            met, open_ended = (cases.found == 0) & ~unsettled, cases.found == 0
        else:
            met, open_ended = cases.found >= wanted, cases.found < wanted
        branches = [(met, MET), (open_ended & unsettled, NOT_YET_DUE)]
        if measure.only_while_open:
            branches.insert(0, (true(cases.support_end <= due), ENDED))
        begins = [self._begins(e) for e in measure.events if e.table and e.link == "case"]
        begins = [day for day in begins if day is not None]
        if begins and measure.expect == "event":
            branches.append((due < ibis.literal(min(begins), type="date"), UNRECORDED))
        if begins and measure.expect == "none":
            branches.insert(0, (due < ibis.literal(min(begins), type="date"), UNRECORDED))
        return ibis.cases(*branches, else_=NOT_MET)

    def _begins(self, event: Event) -> datetime.date | None:
        """Return the first day an event's table has a row on."""
        rows = self.records.table(event.table)
        return rows[event.date].min().to_pyarrow().as_py()


def _within(day: DateValue, window: Table):
    after = (day >= window.first_day).fill_null(True)
    return after & (day <= window.due_date).fill_null(True)


def days_left(cases: Table, today: datetime.date):
    """Return whole days from a day to each case's due date."""
    return days_between(cases.due_date, ibis.literal(today, type="date"))
