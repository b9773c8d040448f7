"""What the agency's records could show on the last day they cover.

A cohort looks at nothing later than ``data_through``: rows entered or dated
afterwards are not seen, and a stay, service or finding that ends afterwards, or
whose end was entered afterwards, still goes on. So a cohort rebuilt with
``data_through`` set back is the one built then, as far as ``known_on`` and the
like (``discharge_known_on``, …) tell when each fact was entered.
"""

import datetime
import functools
import itertools
import operator
import weakref
from collections.abc import Sequence

import ibis
from ibis.expr.types import BooleanValue, DateValue, IntegerColumn, StructValue, Table

from evaluation.sources import Agency
from evaluation.sources.contract import Field, contract
from evaluation.sources.engines import keep, release
from evaluation.study import CohortRules

_DATED_BY = {
    "removals": "removal_date",
    "placements": "start_date",
    "legal_orders": "start_date",
    "closures": "closure_date",
    "assignments": "assignment_date",
    "maltreatment_reports": "report_date",
    "disruptions": "disruption_date",
    "moves_out": "move_date",
    "contacts": "contact_date",
    "assessments": "assessment_date",
    "case_events": "event_date",
    "permanency_goals": "set_date",
    "visits": "visit_date",
    "family_finding": "search_date",
    "school_moves": "move_date",
    "benefits": "start_date",
}
_LATER_FACTS = {
    "children": {"death_date": ()},
    "removals": {"discharge_date": ("discharge_reason", "household_id")},
    "placements": {"end_date": ("end_reason",)},
    "legal_orders": {"end_date": ("end_reason",)},
    "services": {"start_date": ("end_date", "end_reason"), "end_date": ("end_reason",)},
    "assignments": {"accepted_date": ("accepted",)},
    "maltreatment_reports": {"disposition_date": ("disposition",)},
    "contacts": {"entered_date": ()},
    "meetings": {"meeting_date": ("attendees", "topics", "entered_date"), "entered_date": ()},
    "assessments": {"entered_date": ()},
    "case_events": {"entered_date": ()},
    "permanency_goals": {"end_date": ()},
    "benefits": {"end_date": ()},
}
_KNOWN_BY = {
    "death_date": "death_known_on",
    "discharge_date": "discharge_known_on",
    "start_date": "start_known_on",
    "end_date": "end_known_on",
}


def days_between(later: DateValue, earlier: DateValue) -> IntegerColumn:
    """Return whole days from one date to another (negative if it is earlier)."""
    return later.delta(earlier, unit="day").cast("int32")


def true(condition: BooleanValue) -> BooleanValue:
    """Return a condition with unknown taken as false."""
    return condition.fill_null(False)


def first_of(rows: Table, names: Sequence[str], order: Sequence[str]) -> StructValue:
    """Return the aggregation to the named columns of the first row in an order.

    Parameters
    ----------
    rows : ibis.Table
    names : sequence of str
        The fields of what is returned.
    order : sequence of str
        Columns that are never missing and together a total order.
    """
    return _fields(rows, names).argmin(_fields(rows, order))


def last_of(
    rows: Table, names: Sequence[str], order: Sequence[str], where: BooleanValue | None = None
) -> StructValue:
    """Return the same of the last row, among those for which ``where`` holds; else missing."""
    return _fields(rows, names).argmax(_fields(rows, order), where=where)


def _fields(rows: Table, names: Sequence[str]) -> StructValue:
    return ibis.struct({name: rows[name] for name in names})


def size(rows: Table) -> int:
    """Return the number of rows of a table."""
    return rows.count().to_pyarrow().as_py()


def _seen(name: str, rows: Table, through: DateValue, as_of: DateValue) -> BooleanValue:
    """Say which rows were entered by ``as_of`` and dated by ``through``."""
    entered = (rows.known_on <= as_of).fill_null(True)
    if name == "services":
        begun = rows.start_date.notnull() | true(rows.referral_date <= through)
        return entered & (begun | (rows.referral_date.isnull() & rows.end_reason.notnull()))
    if name == "meetings":
        return entered & (rows.meeting_date.notnull() | true(rows.requested_date <= through))
    if name in _DATED_BY:
        return entered & true(rows[_DATED_BY[name]] <= through)
    return entered


class Records:
    """The contract tables of an agency as known on the last day they cover.

    Parameters
    ----------
    agency : Agency
        Gives ``tables`` (names present), ``table(name)`` (accepted rows) and
        ``connection`` (the engine).
    rules : CohortRules
        Gives ``data_through``.
    """

    _numbers = itertools.count(1)

    def __init__(self, agency: Agency, rules: CohortRules):
        self.agency = agency
        self.rules = rules
        self._seen: dict[str, Table] = {}
        self._staged: list[str] = []
        weakref.finalize(self, release, agency.connection, self._staged, temporary=True)

    def stage(self, rows: Table) -> Table:
        """Run an expression once and keep its rows in the engine.

        The rows are there as long as these records are.
        """
        name = f"cohort_stage_{next(self._numbers)}"
        staged = keep(self.agency.connection, name, rows, temporary=True)
        self._staged.append(name)
        return staged

    @functools.cached_property
    def as_of(self) -> datetime.date:
        """The latest day any table covers: what was entered later is not known."""
        through = self.rules.data_through
        return max(through.values()) if isinstance(through, dict) else through

    def through(self, *tables: str) -> datetime.date:
        """Return the last day that all the tables named cover."""
        return min(self.rules.data_through_for(table) for table in tables)

    def has(self, table: str, column: str | None = None) -> bool:
        """Return whether the agency gave a table (and a column of it)."""
        present = table in self.agency.tables
        if column is None or not present:
            return present
        return column in self.agency.table(table).columns

    def extra_columns(self, table: str) -> dict[str, str]:
        """Return the columns the agency added to a contract table.

        The keys are their names in `table`, which can clash with none of ours;
        the values are the names the agency gave them.
        """
        known = contract().table(table).columns
        given = self.agency.table(table).columns
        return {f"extra:{table}:{name}": name for name in given if name not in known}

    def table(self, name: str) -> Table:
        """Return a table's rows as known on the last day covered.

        Every contract column is there; those the agency does not record are
        missing throughout.

        Raises
        ------
        DataError
            If the agency has no such table.
        """
        if name not in self._seen:
            rows = self.agency.table(name).rename(self.extra_columns(name))
            known, touched = self._known(name, self._complete(name, rows))
            if size(touched.limit(1)):
                rows = self.stage(known.drop(*(field.name for field in self._absent(name))))
            self._seen[name] = self._complete(name, rows)
        return self._seen[name]

    def optional(self, name: str) -> Table:
        """Return `table`, or one without rows if the agency has none."""
        if self.has(name):
            return self.table(name)
        fields = contract().table(name).fields
        return ibis.memtable(
            ibis.schema({f.name: f.engine_type for f in fields}).to_pyarrow().empty_table()
        )

    def has_rows(self, table: str) -> bool:
        """Return whether the agency gave a table and any of its rows is known."""
        return self.has(table) and size(self.table(table)) > 0

    def unseen(self, name: str) -> int:
        """Return how many accepted rows of a table lie after the last day covered."""
        return size(self.agency.table(name)) - size(self.table(name))

    def _known(self, name: str, rows: Table) -> tuple[Table, Table]:
        """Return rows as they were known, and those of them of which less was known."""
        through = ibis.literal(self.through(name), type="date")
        as_of = ibis.literal(self.as_of, type="date")
        hides: dict[str, BooleanValue] = {}
        for column, follows in _LATER_FACTS.get(name, {}).items():
            last = as_of if column == "disposition_date" else through
            later = true(rows[column] > last)
            known = _KNOWN_BY.get(column)
            if known in rows.columns:
                later = later | true(rows[known] > as_of)
            for each in (column, *follows):
                hides[each] = hides[each] | later if each in hides else later
        shown = rows.mutate(
            **{
                each: later.ifelse(ibis.null(rows[each].type()), rows[each])
                for each, later in hides.items()
            }
        )
        left_out = ~_seen(name, rows, through, as_of)
        touched = functools.reduce(operator.or_, hides.values(), left_out)
        return shown.filter(_seen(name, shown, through, as_of)), rows.filter(touched)

    def _absent(self, name: str) -> list[Field]:
        given = self.agency.table(name).columns
        return [field for field in contract().table(name).fields if field.name not in given]

    def _complete(self, name: str, rows: Table) -> Table:
        """Add the contract columns an agency does not record, missing throughout."""
        return rows.mutate(**{f.name: ibis.null(f.engine_type) for f in self._absent(name)})
