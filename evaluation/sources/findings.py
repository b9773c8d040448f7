"""Checks across rows and tables that set no row aside: they are counted and said."""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir
import pandas as pd

from evaluation.sources.contract import Contract, Rule, nearest
from evaluation.sources.federal import tally
from evaluation.sources.load import Loaded

_EARLIEST = datetime.date(1900, 1, 1)
_LATEST = datetime.date(2100, 12, 31)
_COLUMNS = ("check", "table", "rows", "of", "share", "limit", "verdict", "message")


@dataclass(frozen=True)
class Finding:
    """One check: how many rows are in a condition, of how many it could judge."""

    check: str
    table: str
    rows: int | None
    of: int | None
    verdict: str
    message: str
    limit: float | None = None

    @property
    def share(self) -> float | None:
        """Rows in the condition as a share of those judged."""
        return self.rows / self.of if self.of else None


def findings(
    loaded: Mapping[str, Loaded], contract: Contract, unread: list[tuple[str, str]]
) -> pd.DataFrame:
    """Make every check across rows and tables.

    Parameters
    ----------
    loaded : mapping of str to Loaded
        The checked tables; without ``children`` and ``removals`` (a mapping that is not
        complete) only the checks within a table are made.
    contract : Contract
        Whose cross rules and federal limits are checked.
    unread : list of (str, str)
        Files or tables that are not read, and why.

    Returns
    -------
    pandas.DataFrame
        Columns as in `CheckResult.findings`.
    """
    whole = {"children", "removals"} <= set(loaded)
    made = [
        *(_federal(loaded, contract) if whole else ()),
        *(finding for table in loaded.values() for finding in _of_table(table)),
        *(_outside_removals(loaded) if whole else ()),
        *(_unmatched(loaded) if whole else ()),
        *(Finding("unread", name, None, None, "look", f"{name}: {why}") for name, why in unread),
    ]
    rows = [[getattr(finding, column) for column in _COLUMNS] for finding in made]
    frame = pd.DataFrame(rows, columns=list(_COLUMNS))
    return frame.astype({"rows": "Int64", "of": "Int64", "share": "float64", "limit": "float64"})


def _federal(loaded: Mapping[str, Loaded], contract: Contract) -> Iterator[Finding]:
    for limit in contract.quality_limits:
        found = tally(limit, loaded)
        if isinstance(found, str):
            message = f"Not checked ({limit.counts}): {found}."
            yield Finding(limit.check, limit.table, None, None, "not checked", message, limit.limit)
            continue
        share = found.rows / found.of if found.of else 0.0
        over = share > limit.limit if limit.exceeds == "above" else share < limit.limit
        message = (
            f"{_first_upper(limit.counts)}: {_of(found.rows, found.of)}, "
            f"{limit.exceeds if over else 'within'} the federal limit of {limit.limit:.0%}"
            f"{'; find out why before the results are used.' if over else '.'}"
        )
        verdict = "exceeds limit" if over else "ok"
        yield Finding(limit.check, limit.table, found.rows, found.of, verdict, message, limit.limit)


def _of_table(table: Loaded) -> Iterator[Finding]:
    name = table.schema.name
    for rule in table.schema.cross_rules:
        if rule.rule == "no_overlap" and set(rule.fields) <= set(table.accepted.columns):
            yield _overlap(table, rule)
    for remark in table.remarks:
        yield Finding(remark.check, name, remark.rows, None, "look", remark.message)
    yield from _implausible_dates(table)
    if table.multiline_rows:
        yield Finding(
            "row_over_several_lines",
            name,
            table.multiline_rows,
            table.read,
            "look",
            f"{_of(table.multiline_rows, table.read)} rows of {table.source} hold a line break "
            "inside quotation marks; check that no quotation mark is left open.",
        )
    absent = [column for column in table.schema.columns if column not in table.accepted.columns]
    for column in table.own_columns:
        near = nearest(column, absent, cutoff=0.75)
        if near:
            yield Finding(
                "unknown_column",
                name,
                None,
                None,
                "look",
                f"The column {column} of {table.source} is not in the contract and is carried "
                f"along as it is; if it is {near}, rename it.",
            )


def _overlap(table: Loaded, rule: Rule) -> Finding:
    """Count stays that begin before an earlier stay of the same child has ended."""
    start, stop = rule.fields
    rows = table.accepted
    end = rows[stop].fill_null(datetime.date(9999, 12, 31))
    before = ibis.window(
        group_by=list(rule.per), order_by=[start, *table.schema.primary_key], rows=(None, -1)
    )
    placed = rows.select(start=rows[start], earlier_end=end.max().over(before))
    overlapping = (placed.start < placed.earlier_end).fill_null(False).sum()
    count = _number(placed.aggregate(n=overlapping))
    message = f"{_of(count, table.accepted_rows)} rows begin before an earlier one of the same " + (
        f"{', '.join(rule.per)} has ended{'; correct their dates.' if count else '.'}"
    )
    verdict = "look" if count else "ok"
    name = table.schema.name
    check = "overlapping_episodes" if name == "removals" else f"overlapping_{name}"
    return Finding(check, name, count, table.accepted_rows, verdict, message)


def _outside_removals(loaded: Mapping[str, Loaded]) -> Iterator[Finding]:
    """Count rows whose days lie in no removal of the child."""
    never = datetime.date(9999, 12, 31)
    stays = loaded["removals"].accepted
    for table in loaded.values():
        for rule in table.schema.cross_rules:
            present = {*rule.fields[:1], *rule.per} <= set(table.accepted.columns)
            if rule.rule != "within_removal" or not present:
                continue
            rows, (start, stop), (key,) = table.accepted, rule.fields, table.schema.primary_key
            end = rows[stop] if stop in rows.columns else ibis.null("date")
            spans = rows.select(*rule.per, key, began=rows[start], ended=end.fill_null(never))
            ends = stays.discharge_date if "discharge_date" in stays.columns else ibis.null("date")
            care = stays.select(*rule.per, taken=stays.removal_date, left=ends.fill_null(never))
            pairs = spans.join(care, list(rule.per))
            inside = pairs.filter((pairs.taken <= pairs.began) & (pairs.ended <= pairs.left))
            outside = spans.anti_join(inside, key)
            count, of = _number(outside.aggregate(n=outside.count())), table.accepted_rows
            name = table.schema.name
            message = f"{_of(count, of)} rows lie in no single removal of their child" + (
                "; their days outside it are not used: correct their dates or the removal's."
                if count
                else "."
            )
            yield Finding(f"{name}_outside_removal", name, count, of, _look(count), message)


def _look(count: int) -> str:
    return "look" if count else "ok"


def _implausible_dates(table: Loaded) -> Iterator[Finding]:
    rows = table.accepted
    dates = [f.name for f in table.schema.fields if f.type == "date" and f.name in rows.columns]
    if not dates:
        return
    sums = {}
    for name in dates:
        far = (rows[name] < _EARLIEST) | (rows[name] > _LATEST)
        sums[name] = far.fill_null(False).sum()
    for name, count in rows.aggregate(**sums).to_pyarrow().to_pylist()[0].items():
        if count:
            yield Finding(
                "implausible_date",
                table.schema.name,
                count,
                table.accepted_rows,
                "look",
                f"{_of(count, table.accepted_rows)} rows have a {name} before {_EARLIEST.year} or "
                f"after {_LATEST.year}; leave the field empty where the date is not known or has "
                "not come.",
            )


def _unmatched(loaded: Mapping[str, Loaded]) -> Iterator[Finding]:
    """Count identifiers that point to no child, family, household or removal."""
    children, removals = loaded["children"].accepted, loaded["removals"].accepted
    lost, of = _absent_from(loaded["children"], "child_id", removals)
    yield Finding(
        "child_without_removal",
        "children",
        lost,
        of,
        "look" if lost else "ok",
        f"{_of(lost, of)} children have no accepted row in removals.",
    )
    for name, table in loaded.items():
        if table.schema.foreign_keys:
            yield _not_in_children(table)
        if name in ("children", "removals"):
            continue
        for column, target, where in (
            ("family_id", children, "children"),
            ("household_id", removals, "removals"),
        ):
            if column in table.accepted.columns:
                lost, of = _absent_from(table, column, target)
                yield Finding(
                    f"unmatched_{column}",
                    name,
                    lost,
                    of,
                    "look" if lost else "ok",
                    f"{_of(lost, of)} rows have a {column} that no accepted row of {where} has"
                    f"{', so what they record reaches no child.' if lost else '.'}",
                )


def _not_in_children(table: Loaded) -> Finding:
    count = 0
    if table.quarantine is not None:
        rows = table.quarantine
        count = _number(rows.aggregate(n=(rows.rule == "foreign key").sum()))
    name = table.schema.name
    message = f"{_of(count, table.read)} rows have a child_id that no accepted row of children has."
    verdict = "look" if count else "ok"
    return Finding("unmatched_child_id", name, count, table.read, verdict, message)


def _absent_from(table: Loaded, column: str, target: ir.Table) -> tuple[int, int]:
    """Count accepted rows whose value another table lacks, and rows with a value."""
    rows = table.accepted.filter(table.accepted[column].notnull())
    of = _number(rows.aggregate(n=rows.count()))
    if column not in target.columns:
        return of, of
    unmatched = rows.anti_join(target.filter(target[column].notnull()), column)
    return _number(unmatched.aggregate(n=unmatched.count())), of


def _number(one: ir.Table) -> int:
    return one.to_pyarrow()["n"][0].as_py() or 0


def _of(rows: int, of: int) -> str:
    return f"{rows:,} of {of:,} ({rows / of:.1%})" if of else f"{rows:,} of {of:,}"


def _first_upper(words: str) -> str:
    return words[:1].upper() + words[1:]
