"""The federal data-quality checks, on every row that could be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from evaluation.sources.contract import QualityLimit
from evaluation.sources.load import Loaded

NO_PERIODS = (
    "the tables hold episodes, not the six-month submissions this check compares, so a child in "
    "care at the end of a period cannot be absent from the next"
)


@dataclass(frozen=True)
class Tally:
    """Rows in a condition, of the rows that hold every value the condition needs."""

    rows: int
    of: int


def tally(limit: QualityLimit, loaded: Mapping[str, Loaded]) -> Tally | str:
    """Count what a federal check counts.

    Rows set aside for breaking a rule are counted too, for the checks judge the
    data as they came. A row that lacks a value the check needs is left out of
    both numbers, as the federal data dictionary says (Children's Bureau, CFSR
    Round 4 Data Dictionary, 2022), except by the checks that look for missing
    values. The federal denominators are children in one six-month file; here
    they are the rows of the table.

    Parameters
    ----------
    limit : QualityLimit
        Which check.
    loaded : mapping of str to Loaded
        The checked tables.

    Returns
    -------
    Tally or str
        The counts, or why the check cannot be made.
    """
    if limit.check == "ids_not_in_next_period":
        return NO_PERIODS
    children, removals = _as_read(loaded["children"]), _as_read(loaded["removals"])
    judged = _CHECKS[limit.check](children, removals)
    if isinstance(judged, str):
        return judged
    rows, condition = judged
    judged_rows = rows.select(holds=condition.fill_null(False))
    found = judged_rows.aggregate(of=judged_rows.count(), rows=judged_rows.holds.sum())
    counts = found.to_pyarrow().to_pylist()[0]
    return Tally(counts["rows"] or 0, counts["of"])


_Judged = tuple[ir.Table, ir.BooleanValue] | str


def _as_read(table: Loaded) -> ir.Table:
    if table.rejected is None:
        return table.accepted
    return table.accepted.union(table.rejected.select(table.accepted.columns))


def _needs(table: ir.Table, *columns: str) -> str | None:
    absent = [column for column in columns if column not in table.columns]
    return f"the column {absent[0]} is not there" if absent else None


def _with_both(table: ir.Table, first: str, second: str) -> ir.Table:
    return table.filter(table[first].notnull() & table[second].notnull())


def _against_birth(date: str) -> Callable[[ir.Table, ir.Table], _Judged]:
    def judge(children: ir.Table, removals: ir.Table) -> _Judged:
        absent = _needs(children, "birth_date") or _needs(removals, date)
        if absent:
            return absent
        born = children.group_by(key="child_id").aggregate(
            born=children.birth_date.min(), dates=children.birth_date.nunique()
        )
        born = born.filter(born.dates == 1)
        rows = removals.join(born, [("child_id", "key")])
        rows = rows.filter(rows[date].notnull())
        return rows, rows[date] < rows.born

    return judge


def _discharge(condition: Callable[[ir.Table], ir.BooleanValue]) -> Callable:
    def judge(children: ir.Table, removals: ir.Table) -> _Judged:
        absent = _needs(removals, "discharge_date")
        if absent:
            return absent
        rows = _with_both(removals, "removal_date", "discharge_date")
        return rows, condition(rows)

    return judge


def _missing_birth_date(children: ir.Table, removals: ir.Table) -> _Judged:
    if "birth_date" not in children.columns:
        return children, ibis.literal(True)
    return children, children.birth_date.isnull()


def _missing_removal_date(children: ir.Table, removals: ir.Table) -> _Judged:
    return removals, removals.removal_date.isnull()


def _discharge_without_reason(children: ir.Table, removals: ir.Table) -> _Judged:
    absent = _needs(removals, "discharge_date")
    if absent:
        return absent
    rows = removals.filter(removals.discharge_date.notnull())
    if "discharge_reason" not in removals.columns:
        return rows, ibis.literal(True)
    return rows, rows.discharge_reason.isnull()


def _children_on_first_removal(children: ir.Table, removals: ir.Table) -> _Judged:
    known = removals.filter(removals.child_id.notnull())
    rows = known.group_by("child_id").aggregate(removals=known.removal_id.nunique())
    return rows, rows.removals <= 1


_CHECKS: Mapping[str, Callable[[ir.Table, ir.Table], _Judged]] = {
    "birth_after_removal": _against_birth("removal_date"),
    "birth_after_discharge": _against_birth("discharge_date"),
    "same_day_removal_and_discharge": _discharge(lambda t: t.removal_date == t.discharge_date),
    "discharge_before_removal": _discharge(lambda t: t.discharge_date < t.removal_date),
    "missing_birth_date": _missing_birth_date,
    "missing_removal_date": _missing_removal_date,
    "discharge_without_reason": _discharge_without_reason,
    "children_on_first_removal": _children_on_first_removal,
}
