"""What may be shown of practice measures by group of children and by month."""

import numpy as np
import pandas as pd

from evaluation.reporting.disclosure.practice import MONTHS, release_groups, release_months
from evaluation.reporting.disclosure.rule import Disclosure
from evaluation.reporting.disclosure.since import (
    events_alone,
    parts_before,
    row_name,
    stays_hidden,
    total_before,
)
from evaluation.reporting.numerals import SUPPRESSED, is_missing

COUNTS = ("n", "events", "families")
LIMITS = ("rate", "ci_low", "ci_high")
LEAST_MONTHS = 6
BY_MONTH, BY_YEAR = "%Y-%m", "%Y"


def release_practice_groups(table: pd.DataFrame, shown: set[str], rule: Disclosure) -> pd.DataFrame:
    """Release practice measures and questions by group: rates and differences, no counts.

    A reader may know how many cases each group has (two groups' rates beside
    everyone's counts give it), and everyone's counts from another table, so
    both are taken as known: levels are hidden until none of their cells can be
    worked out with them. A measure whose own rate is hidden is left out whole.
    A level that few separate from last year's is hidden, and where everyone's
    counts are last year's, one that was hidden then stays hidden.

    Parameters
    ----------
    table : pandas.DataFrame
        From `practice_by_group`.
    shown : set of str
        Measures whose rate and counts the report shows for everyone.
    rule : Disclosure

    Returns
    -------
    pandas.DataFrame
        The same rows of the measures shown, without counts.
    """
    rows = table[table["measure"].isin(shown)].reset_index(drop=True)
    if rows.empty:
        return rows.drop(columns=list(COUNTS))
    hidden = np.zeros(len(rows), dtype=bool)
    for _, own in rows.groupby(["measure", "characteristic"], sort=False):
        hidden[own.index] = _hidden(own, rule)
    released = release_groups(rows, rule, hidden)
    return released.reset_index(drop=True)


def group_rows(rows: pd.DataFrame) -> list[str]:
    """Name the groups of measures for next year's report."""
    return [row_name(r.measure, r.characteristic, r.level) for r in rows.itertuples()]


def _hidden(rows: pd.DataFrame, rule: Disclosure) -> np.ndarray:
    """Return which levels of one measure and characteristic are hidden."""
    events, n = rows["events"].astype(int), rows["n"].astype(int)
    kind, measure = rows["kind"].iloc[0], rows["measure"].iloc[0]
    names = group_rows(rows)
    total = everyone_before(rule, kind, measure)
    before = parts_before(rule, kind, names, rows, total)
    same = total == (int(events.sum()), int(n.sum()))
    also = stays_hidden(rule, kind, names, [same] * len(names))
    if rows["per"].iloc[0] != 100:
        before = None if before is None else events_alone(before)[:, 0]
        return rule.hidden_one_way(events, before=before, also=also)[:-1]
    cells = np.column_stack([events, n - events])
    sizes = rule.hidden_one_way(n, before=None if before is None else before[:, 2])[:-1]
    hidden = rule.hidden(
        cells,
        rows_hidden=sizes,
        columns_hidden=[False, False],
        also=np.repeat(also[:, None], 2, axis=1),
        before=before,
    )
    return hidden[:-1].any(axis=1)


def everyone_before(rule: Disclosure, kind: str, measure: str) -> tuple[int | None, int | None]:
    """Return events and cases of everyone that last year's report showed of a measure."""
    if kind == "question":
        return total_before(rule, "questions", measure)
    met, not_met = total_before(rule, "fidelity", measure, ("met", "not_met"))
    return met, None if None in (met, not_met) else met + not_met


def release_periods(by_month: pd.DataFrame, shown: set[str], rule: Disclosure) -> pd.DataFrame:
    """Release every measure month by month, or year by year where few months may be shown.

    Never both of one measure, for a year less its months would give a hidden
    month back: not in one report, nor in two, so a measure stays by month or by year as it
    was last year. Each period is judged with all of its measure.

    Parameters
    ----------
    by_month : pandas.DataFrame
        From `Fidelity.by_month`.
    shown : set of str
        Measures whose rate and counts the report shows for everyone.
    rule : Disclosure

    Returns
    -------
    pandas.DataFrame
        ``measure``, ``period`` (``2020-03`` or ``2020``), ``month`` (its first day), ``rate``,
        ``ci_low``, ``ci_high``; of years the rate alone.
    """
    parts = []
    for measure, rows in by_month.groupby("measure", sort=False):
        due = rows[rows["met"] + rows["not_met"] > 0]
        if measure not in shown or due.empty:
            continue
        form = _form_before(measure, rule)
        released = release_months(due, rule, BY_MONTH)
        if form == BY_YEAR or (form is None and shown_months(released) < LEAST_MONTHS):
            form = BY_YEAR
            released = release_months(_years(due), rule, BY_YEAR)
        periods = [month.strftime(form or BY_MONTH) for month in released["month"]]
        parts.append(released.assign(period=periods, measure=measure))
    columns = ["measure", "period", "month", *LIMITS]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _form_before(measure: str, rule: Disclosure) -> str | None:
    """Return whether last year's report had a measure by month or by year, if at all."""
    rows = rule.before.rows(MONTHS)
    lengths = {len(row.rpartition("|")[2]) for row in rows if row.rpartition("|")[0] == measure}
    return None if not lengths else BY_MONTH if max(lengths) > len("2020") else BY_YEAR


def _years(due: pd.DataFrame) -> pd.DataFrame:
    year = due["month"].dt.to_period("Y").dt.to_timestamp().rename("month")
    added = due.groupby(["measure", year], sort=False)[["met", "not_met"]].sum().reset_index()
    rate = added["met"] / (added["met"] + added["not_met"])
    return added.assign(rate=rate, ci_low=np.nan, ci_high=np.nan)


def shown_months(released: pd.DataFrame) -> int:
    """Return how many months of a run chart are shown."""
    return int(pd.to_numeric(released["rate"], errors="coerce").notna().sum())


def shown_measures(released: pd.DataFrame, name: str, value: str) -> set[str]:
    """Return the measures of a released table whose value is shown."""
    kept = [not is_missing(v) and v != SUPPRESSED for v in released[value]]
    return set(released.loc[kept, name])
