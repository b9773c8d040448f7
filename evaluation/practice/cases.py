"""A measure in the engine: its cases, what was found in each window, and what that makes of it."""

import datetime
from dataclasses import dataclass
from functools import cached_property

import ibis
import pyarrow as pa
from ibis.expr.types import IntegerValue, Table

from evaluation.cohorts.records import true
from evaluation.cohorts.services import attach
from evaluation.practice.business_days import shifts
from evaluation.practice.case_ids import KEY, is_single, named, number, turned
from evaluation.practice.conditions import holds
from evaluation.practice.days import counted, falls, shifted, within
from evaluation.practice.own_rows import looks_elsewhere, own_days, own_found
from evaluation.practice.policy import Event, Measure
from evaluation.practice.reached import REACHED_BY, Reached
from evaluation.practice.windows import asks_window
from evaluation.sources.contract import contract

MET, NOT_MET, NOT_YET_DUE = "met", "not met", "not yet due"
ENDED, UNRECORDED = "ended before due", "before records begin"
STATUSES = (MET, NOT_MET, NOT_YET_DUE, ENDED, UNRECORDED)
_DATES = {
    "exit": "index_date",
    "return": "index_date",
    "family return": "family_return",
    "window start": "window_start",
    "window end": "window_end",
}
_CASE = (*KEY, "family", "exit", "anchor_date", "first_day", "due_date")
_WINDOW = (*KEY, "first_day", "due_date")
_EXIT = ("exit_id", "index_date", "child_id", "removal_family_id", "household_id")
_NEEDS_WINDOW = ("window start", "window end")
_TABLES = 2**40
"""More than the rows of a table: what keeps the rows of several tables apart."""


@dataclass(frozen=True)
class Support(Reached):
    """What became of every case of the measures of a policy.

    Parameters
    ----------
    cohort : Cohort
    policy : Policy
    """

    def cases(self, measure: Measure) -> Table:
        """Return the cases of a measure with what became of each, as texts.

        ``case_id``, ``cluster``, ``exit_id``, ``anchor_date``, ``first_day``,
        ``due_date``, ``found``, ``status``; see `all_cases`.
        """
        rows = self.all_cases
        rows = named(rows.filter(rows.measure == self.computable.index(measure)), self)
        status = ibis.cases(*((rows.status == place, s) for place, s in enumerate(STATUSES)))
        shown = ("case_id", "cluster", "exit_id", "anchor_date", "first_day", "due_date", "found")
        return rows.select(*shown, status=status)

    @cached_property
    def all_cases(self) -> Table:
        """The cases of every computable measure, made in one go.

        ``measure`` (its place in `computable`), ``number`` (which case of it),
        ``family`` and ``exit`` (the first of the children the case is about),
        ``anchor_date``, ``first_day`` and ``due_date`` (missing where the window has no
        such end), ``found`` (distinct events in the window), ``status`` (place in `STATUSES`).
        Compiling an expression costs more than running it on a county's
        records, so measures are stacked and each step is run once for all. The
        windows of measures that look in other rows are read twice, so they are
        kept; the rest are made into cases at once, each by itself, as most rows are theirs.
        """
        looks = [measure for measure in self.computable if looks_elsewhere(measure)]
        own = [measure for measure in self.computable if not looks_elsewhere(measure)]
        parts = [self._per_case(self._windowed(measure), [measure]) for measure in own]
        parts = [part.mutate(found=part.own) for part in parts]
        if looks:
            windows = self.records.stage(_stacked([self._windowed(m) for m in looks]))
            parts.append(self._looked(windows, looks))
        cases = _stacked([part.select(*_CASE, "support_end", "found") for part in parts])
        cases = cases.join(self._terms(), "measure")
        return self.records.stage(cases.select(*_CASE, "found", status=_status(cases)))

    def _looked(self, windows: Table, measures: list[Measure]) -> Table:
        """Make cases of windows and count the events in each."""
        cases = self._per_case(windows, measures)
        hits = _stacked([hit for measure in measures for hit in self._hits(measure, windows)])
        hits = hits.group_by(*KEY).aggregate(found=hits.event_key.nunique().cast("int32"))
        cases = cases.left_join(hits, KEY).drop(*(f"{name}_right" for name in KEY))
        return cases.mutate(found=ibis.coalesce(cases.found, cases.own, 0))

    def _per_case(self, windows: Table, measures: list[Measure]) -> Table:
        """Make one row of each case; a case that is about one exit is one already."""
        columns = (*_CASE, "support_end", "own")
        single = [self.computable.index(m) for m in measures if is_single(m.anchor)]
        if len(single) == len(measures):
            return windows.select(*columns)
        apart = windows.measure.isin(single)
        shared = windows.filter(~apart) if single else windows
        shared = shared.group_by(*KEY).aggregate(
            family=shared.family.min(),
            exit=shared.exit.min(),
            anchor_date=shared.anchor_date.min(),
            first_day=shared.first_day.min(),
            due_date=shared.due_date.max(),
            support_end=shared.support_end.max(),
            own=shared.own.max(),
        )
        parts = [windows.filter(apart)] if single else []
        return _stacked([part.select(*columns) for part in (*parts, shared)])

    def _exits_of(self, measure: Measure) -> Table:
        if asks_window(self.policy, measure):
            exits = self.supported
        else:
            unasked = dict.fromkeys(("window_end", "support_end"), ibis.null("date"))
            exits = self.exits.mutate(**unasked)
        if measure.anchor.on == "family return":
            family = ibis.window(group_by="flow_family")
            last, first = self.exits.index_date.max(), self.exits.exit.min()
            returns = {"family_return": last.over(family), "flow": first.over(family)}
            exits = exits.join(self.exits.select("exit", **returns), "exit")
        if measure.eligible:
            given = self.cohort.stages.exits
            asks = {c.field: given[self.cohort.columns[c.field]] for c in measure.eligible}
            asked = given.select("exit_id", **asks)
            asked = self.exits.semi_join(asked.filter(holds(asked, measure.eligible)), "exit_id")
            exits = exits.semi_join(asked, "exit")
        if measure.anchor.on in _NEEDS_WINDOW:
            exits = exits.filter(~exits.window_pending)
        return exits

    def _anchored(self, measure: Measure) -> Table:
        """Add ``anchor_date``, ``row`` and which case each is to the exits of a measure."""
        anchor, exits = measure.anchor, self._exits_of(measure)
        if anchor.table is None:
            cases = exits.mutate(anchor_date=exits[_DATES[anchor.on]], row=ibis.null("int64"))
        else:
            rows = self.rows(anchor.table)
            rows = rows.filter(holds(rows, anchor.where) & rows[anchor.date].notnull())
            own = own_days(measure, rows)
            rows = rows.select("exit", "row", anchor_date=rows[anchor.date], **own)
            cases = exits.join(rows, "exit")
            cases = cases.filter(counted(cases, anchor.past_window))
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
            cases = cases.filter(at_home)
        return self._repeated(measure, cases.mutate(number=number(anchor, cases)))

    def _repeated(self, measure: Measure, cases: Table) -> Table:
        every = self.policy.value(measure, measure.anchor.every_days)
        if every is None:
            return cases
        turns = ibis.memtable({"turn": list(range(measure.anchor.times))})
        cases = cases.cross_join(turns)
        on = cases.anchor_date + (cases.turn * every).as_interval("D")
        return cases.mutate(anchor_date=on.cast("date"), number=turned(cases.number, cases.turn))

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
            *_CASE[1:],
            "support_end",
            "window_end",
            "row",
            own=own_found(measure, cases),
            measure=ibis.literal(self.computable.index(measure), type="int16"),
        )

    @cached_property
    def _span(self) -> tuple[datetime.date, datetime.date] | None:
        """First and last day any case can count from."""
        exits = self.supported
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
        window = windows.filter(windows.measure == self.computable.index(measure))
        return [self._events(event, window) for event in measure.events]

    def _events(self, event: Event, window: Table) -> Table:
        if event.link == "row":
            own = window.filter(window.own == 1)
            return own.select(*KEY, event_key=_event_key(event, own.row))
        if event.table is None:
            hits = window.filter(within(window.window_end, window))
            return hits.select(*KEY, event_key=ibis.literal(-1, type="int64"))
        hits = self._beside(event, window)
        until = hits.until if event.until else None
        hits = hits.filter(falls(hits["on"], until, hits))
        return hits.select(*KEY, event_key=_event_key(event, hits.event))

    def _beside(self, event: Event, window: Table) -> Table:
        """Put every event beside the windows of the exits it reaches.

        Rows that one event reads go to their windows in one step; what several read is
        put beside the exits once for all.
        """
        alone = len(self.parts(event.table)) == 1
        rows = self.numbered(event.table) if alone else self.rows(event.table)
        kept = REACHED_BY if alone else ("exit",)
        until = {"until": rows[event.until]} if event.until else {}
        rows = rows.filter(holds(rows, event.where) & rows[event.date].notnull())
        rows = rows.select(*kept, event="row", on=rows[event.date], **until)
        if alone:
            exits = self.exits.select("exit", *_EXIT)
            asked = window.select("exit", *_WINDOW).join(exits, "exit")
            return attach(rows, self.records.stage(asked), also=_WINDOW)
        return window.join(rows, "exit")

    def _terms(self) -> Table:
        """What each measure asks of what was found, and how far its records reach."""
        rows = []
        for place, measure in enumerate(self.computable):
            looked_in = {(e.table, e.date) for e in measure.events if e.table and e.link == "case"}
            begins = [self.begins[each] for each in looked_in if self.begins[each] is not None]
            rows.append(
                {
                    "measure": place,
                    "wanted": self.policy.value(measure, measure.at_least),
                    "none_expected": measure.expect == "none",
                    "only_while_open": measure.only_while_open,
                    "through": self.through(measure),
                    "begins": min(begins, default=datetime.date.min),
                }
            )
        kinds = dict.fromkeys(("none_expected", "only_while_open"), "boolean")
        kinds |= {"measure": "int16", "wanted": "int32", "through": "date", "begins": "date"}
        columns = {name: [row[name] for row in rows] for name in kinds}
        return ibis.memtable(pa.table(columns, schema=ibis.schema(kinds).to_pyarrow()))


def _stacked(parts: list[Table]) -> Table:
    return ibis.union(*parts) if parts[1:] else parts[0]


def _event_key(event: Event, row: IntegerValue) -> IntegerValue:
    """Return a number that no row of another table has."""
    return contract().names.index(event.table) * _TABLES + row.cast("int64")


def _status(cases: Table) -> IntegerValue:
    """Return what became of each case, as a place in `STATUSES`.

    It follows from what was found and what its measure asks.

    A window that ended before the records begin is no miss: nothing could be
    found in it. For events that ought not to be, not even a finding of none counts.
    """
    due = ibis.coalesce(cases.due_date, cases.anchor_date)
    unsettled, unrecorded = due > cases.through, due < cases.begins
    none, enough = cases.found == 0, cases.found >= cases.wanted
    told = (
        (cases.none_expected & unrecorded, UNRECORDED),
        (true(cases.only_while_open & (cases.support_end <= due)), ENDED),
        (cases.none_expected.ifelse(none & ~unsettled, enough), MET),
        (cases.none_expected.ifelse(none, ~enough) & unsettled, NOT_YET_DUE),
        (~cases.none_expected & unrecorded, UNRECORDED),
    )
    places = ((condition, STATUSES.index(status)) for condition, status in told)
    return ibis.cases(*places, else_=STATUSES.index(NOT_MET)).cast("int8")
