"""A measure in the engine: its cases, what was found in each window, and what that makes of it."""

import datetime
import operator
from dataclasses import dataclass
from functools import cached_property, reduce

import ibis
import pyarrow as pa
from ibis.expr.types import Table

from evaluation.cohorts import Cohort
from evaluation.cohorts.records import Records, true
from evaluation.cohorts.services import attach
from evaluation.practice.business_days import shifts
from evaluation.practice.conditions import holds
from evaluation.practice.days import counted, falls, shifted, within
from evaluation.practice.own_rows import looks_elsewhere, own_days, own_found
from evaluation.practice.policy import Anchor, Event, Measure, Policy
from evaluation.practice.windows import asks_window, cases_of_support, exits_reached
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
_CASE_COLUMNS = ("measure", "case_id", "cluster", "exit_id", "anchor_date")
_WINDOW = ("measure", "case_id", "first_day", "due_date")
_EXIT = ("index_date", "child_id", "removal_family_id", "household_id")
_REACHED_BY = ("child_id", "family_id", "household_id")
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
    def _supported(self) -> tuple[Table, Table]:
        return cases_of_support(self.cohort, self.policy)

    @cached_property
    def exits(self) -> Table:
        """The exits the policy reaches."""
        return exits_reached(self.cohort, self.policy)

    @property
    def windows(self) -> Table:
        """The exits the policy reaches, with their household's window; made when first asked."""
        return self._supported[0]

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
    def _attached(self) -> dict[str, Table]:
        return {}

    def rows(self, table: str) -> Table:
        """Return what the measures read of a table, beside every exit its rows reach.

        ``exit_id`` and ``row_key`` stand beside the columns.
        """
        if table not in self._attached:
            found = attach(self._asked(table), self.exits)
            read = [name for name in found.columns if (table, name) in self._read]
            self._attached[table] = self.records.stage(found.select("exit_id", "row_key", *read))
        return self._attached[table]

    def _asked(self, table: str) -> Table:
        """Return the rows of a table that an anchor or event of a measure asks for."""
        rows, key = self.records.table(table), contract().table(table).primary_key[0]
        absent = [n for n in _REACHED_BY if n not in rows.columns]
        rows = rows.mutate(row_key=rows[key], **{name: ibis.null("string") for name in absent})
        asked = [holds(rows, part.where) & rows[part.date].notnull() for part in self._parts(table)]
        read = sorted(name for each, name in self._read if each == table)
        return rows.filter(reduce(operator.or_, asked)).select(
            *dict.fromkeys(("row_key", *_REACHED_BY, *read))
        )

    def _parts(self, table: str) -> list[Anchor | Event]:
        """The anchors and events that read a table."""
        parts = [part for m in self.computable for part in (m.anchor, *m.events)]
        return [part for part in parts if part.table == table]

    @cached_property
    def _read(self) -> set[tuple[str, str]]:
        """The tables and columns the measures read."""
        return {each for measure in self.computable for each in self._columns(measure)}

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
        """Return the cases of a measure with what became of each: rows of `all_cases`."""
        rows = self.all_cases
        return rows.filter(rows.measure == measure.id).drop("measure")

    @cached_property
    def all_cases(self) -> Table:
        """The cases of every computable measure, made in one go.

        ``measure``, ``case_id``, ``cluster``, ``exit_id`` (the first of the
        children the case is about), ``anchor_date``, ``first_day`` and
        ``due_date`` (missing where the window has no such end), ``found``
        (distinct events in the window), ``status`` (one of `STATUSES`).
        Compiling an expression costs more than running it on a county's
        records, so measures are stacked and each step is run once for all. The
        windows of measures that look in other rows are read twice, so they are
        kept; the rest are made into cases at once.
        """
        looks = [measure for measure in self.computable if looks_elsewhere(measure)]
        own = [self._windowed(m) for m in self.computable if not looks_elsewhere(m)]
        windows, hits = [], []
        if looks:
            windows = [self.records.stage(_stacked([self._windowed(m) for m in looks]))]
            hits = [hit for measure in looks for hit in self._hits(measure, windows[0])]
        cases = self._per_case(_stacked([*windows, *own]))
        if hits:
            hits = _stacked(hits)
            found = hits.group_by("measure", "case_id").aggregate(
                found=hits.event_key.nunique().cast("int32")
            )
            cases = cases.left_join(found, ["measure", "case_id"])
            cases = cases.drop("measure_right", "case_id_right")
            cases = cases.mutate(found=ibis.coalesce(cases.found, cases.own, 0))
        else:
            cases = cases.mutate(found=cases.own)
        cases = cases.join(self._terms(), "measure")
        return self.records.stage(
            cases.select(*_CASE_COLUMNS, "first_day", "due_date", "found", status=_status(cases))
        )

    def _per_case(self, windows: Table) -> Table:
        """Make one row of each case; a case that counts from an exit is one already."""
        columns = (*_CASE_COLUMNS, "first_day", "due_date", "support_end", "own")
        single = [measure.id for measure in self.computable if measure.anchor.on == "exit"]
        is_single = windows.measure.isin(single)
        parts = [windows.filter(is_single).select(*columns)] if single else []
        if len(single) < len(self.computable):
            shared = windows.filter(~is_single)
            shared = shared.group_by("measure", "case_id").aggregate(
                cluster=shared.cluster.min(),
                exit_id=shared.exit_id.min(),
                anchor_date=shared.anchor_date.min(),
                first_day=shared.first_day.min(),
                due_date=shared.due_date.max(),
                support_end=shared.support_end.max(),
                own=shared.own.max(),
            )
            parts.append(shared.select(*columns))
        return _stacked(parts)

    def _exits_of(self, measure: Measure) -> Table:
        if asks_window(self.policy, measure):
            exits = self.windows
        else:
            unasked = dict.fromkeys(("window_end", "support_end"), ibis.null("date"))
            exits = self.exits.mutate(**unasked)
        if measure.eligible:
            given = self.cohort.stages.exits
            named = {c.field: given[self.cohort.columns[c.field]] for c in measure.eligible}
            asked = given.select("exit_id", **named)
            exits = exits.semi_join(asked.filter(holds(asked, measure.eligible)), "exit_id")
        if measure.anchor.on in _NEEDS_WINDOW:
            exits = exits.filter(~exits.window_pending)
        return exits

    def _anchored(self, measure: Measure) -> Table:
        """Add ``case_id``, ``anchor_date`` and ``row_key`` to the exits of a measure."""
        anchor, exits = measure.anchor, self._exits_of(measure)
        if anchor.table is None:
            name, date = _MOMENTS[anchor.on]
            case_id = exits[name]
            if anchor.on == "return":
                case_id = case_id + " " + exits[date].strftime("%Y-%m-%d")
            cases = exits.mutate(
                case_id=case_id, anchor_date=exits[date], row_key=ibis.null("string")
            )
        else:
            rows = self.rows(anchor.table)
            rows = rows.filter(holds(rows, anchor.where) & rows[anchor.date].notnull())
            own = own_days(measure, rows)
            rows = rows.select("exit_id", "row_key", anchor_date=rows[anchor.date], **own)
            cases = exits.join(rows, "exit_id")
            cases = cases.filter(counted(cases, anchor.past_window))
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

    def _windowed(self, measure: Measure) -> Table:
        """Add ``first_day`` and ``due_date``, the ends of each case's window."""
        cases = self._anchored(measure)
        for end, name in (("start", "first_day"), ("stop", "due_date")):
            offset = self.policy.offset(measure, end)
            if measure.window.unit == "business days" and isinstance(offset, int) and offset:
                days = self._business_days(offset).select("day", **{name: "shifted"})
                cases = cases.join(days, cases.anchor_date == days.day).drop("day")
            else:
                cases = cases.mutate(**{name: shifted(cases, offset, measure.window.unit)})
        return cases.select(
            *_CASE_COLUMNS[1:],
            "first_day",
            "due_date",
            "support_end",
            "window_end",
            "row_key",
            own=own_found(measure, cases),
            measure=ibis.literal(measure.id),
        )

    @cached_property
    def _span(self) -> tuple[datetime.date, datetime.date] | None:
        """First and last day any case can count from."""
        exits = self.windows
        span = exits.aggregate(first=exits.first_return.min(), last=exits.window_end.max())
        span = span.to_pyarrow().to_pylist()[0]
        if span["first"] is None:
            return None
        anchors = [measure.anchor for measure in self.policy.measures]
        turned = (
            (self.policy.value(m, m.anchor.every_days) or 0, m.anchor.times)
            for m in self.computable
        )
        beyond = 31 * max((anchor.offset_months for anchor in anchors), default=0)
        beyond += max((every * times for every, times in turned), default=0)
        last = max(span["last"], self.records.through("removals"))
        return span["first"], last + datetime.timedelta(days=beyond)

    def _business_days(self, number: int) -> Table:
        today = self.records.through("removals")
        return shifts(*(self._span or (today, today)), number, self.policy.calendar)

    def _hits(self, measure: Measure, windows: Table) -> list[Table]:
        """Return the events in each case's window, one table for each kind of event."""
        window = windows.filter(windows.measure == measure.id)
        return [self._events(event, window) for event in measure.events]

    def _events(self, event: Event, window: Table) -> Table:
        if event.link == "row":
            own = window.filter(window.own == 1)
            return own.select("measure", "case_id", event_key=event.table + " " + own.row_key)
        if event.table is None:
            hits = window.filter(within(window.window_end, window))
            return hits.select("measure", "case_id", event_key=ibis.literal("window end"))
        hits = self._beside(event, window)
        until = hits.until if event.until else None
        hits = hits.filter(falls(hits["on"], until, hits))
        return hits.select("measure", "case_id", event_key=event.table + " " + hits.event_key)

    def _beside(self, event: Event, window: Table) -> Table:
        """Put every event beside the windows of the exits it reaches.

        Rows that one event reads go to their windows in one step; what several read is
        put beside the exits once for all.
        """
        alone = len(self._parts(event.table)) == 1
        rows = self._asked(event.table) if alone else self.rows(event.table)
        kept = _REACHED_BY if alone else ("exit_id",)
        until = {"until": rows[event.until]} if event.until else {}
        rows = rows.filter(holds(rows, event.where) & rows[event.date].notnull())
        rows = rows.select(*kept, event_key="row_key", on=rows[event.date], **until)
        if alone:
            exits = self.exits.select("exit_id", *_EXIT)
            asked = window.select("exit_id", *_WINDOW).join(exits, "exit_id")
            return attach(rows, self.records.stage(asked), also=_WINDOW)
        return window.join(rows, window.exit_id == rows.exit_id)

    def _terms(self) -> Table:
        """What each measure asks of what was found, and how far its records reach."""
        rows = []
        for measure in self.computable:
            looked_in = {(e.table, e.date) for e in measure.events if e.table and e.link == "case"}
            begins = [self._begins[each] for each in looked_in if self._begins[each] is not None]
            rows.append(
                {
                    "measure": measure.id,
                    "wanted": self.policy.value(measure, measure.at_least),
                    "none_expected": measure.expect == "none",
                    "only_while_open": measure.only_while_open,
                    "through": self.through(measure),
                    "begins": min(begins, default=datetime.date.min),
                }
            )
        kinds = dict.fromkeys(("none_expected", "only_while_open"), "boolean")
        kinds |= {"measure": "string", "wanted": "int32", "through": "date", "begins": "date"}
        columns = {name: [row[name] for row in rows] for name in kinds}
        return ibis.memtable(pa.table(columns, schema=ibis.schema(kinds).to_pyarrow()))

    @cached_property
    def _begins(self) -> dict[tuple[str, str], datetime.date | None]:
        """The first day each table looked in has a row on, by table and date."""
        asked = {(e.table, e.date) for m in self.computable for e in m.events if e.table}
        return {
            (table, date): self.records.table(table)[date].min().to_pyarrow().as_py()
            for table, date in sorted(asked)
        }


def _stacked(parts: list[Table]) -> Table:
    return ibis.union(*parts) if parts[1:] else parts[0]


def _status(cases: Table):
    """Return what became of each case, from what was found and what its measure asks.

    A window that ended before the records begin is no miss: nothing could be
    found in it. For events that ought not to be, not even a finding of none counts.
    """
    due = ibis.coalesce(cases.due_date, cases.anchor_date)
    unsettled, unrecorded = due > cases.through, due < cases.begins
    none, enough = cases.found == 0, cases.found >= cases.wanted
    return ibis.cases(
        (cases.none_expected & unrecorded, UNRECORDED),
        (true(cases.only_while_open & (cases.support_end <= due)), ENDED),
        (cases.none_expected.ifelse(none & ~unsettled, enough), MET),
        (cases.none_expected.ifelse(none, ~enough) & unsettled, NOT_YET_DUE),
        (~cases.none_expected & unrecorded, UNRECORDED),
        else_=NOT_MET,
    )
