"""What may be shown of practice measures by group of children and by month."""

import numpy as np
import pandas as pd

from evaluation.reporting.disclosure.practice import release_groups, release_months
from evaluation.reporting.disclosure.rule import Disclosure
from evaluation.reporting.numerals import SUPPRESSED, is_missing

COUNTS = ("n", "events", "families")
LIMITS = ("rate", "ci_low", "ci_high")
LEAST_MONTHS = 6


def release_practice_groups(table: pd.DataFrame, shown: set[str], rule: Disclosure) -> pd.DataFrame:
    """Release practice measures and questions by group: rates and differences, no counts.

    A reader may know how many cases each group has (two groups' rates beside
    everyone's counts give it), and everyone's counts from another table, so
    both are taken as known: levels are hidden until none of their cells can be
    worked out with them. A measure whose own rate is hidden is left out whole.

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
    hidden = pd.Series(False, index=rows.index)
    for _, own in rows.groupby(["measure", "characteristic"], sort=False):
        hidden[own.index] = _hidden(own, rule)
    released = release_groups(rows, rule, hidden.to_numpy())
    return released.reset_index(drop=True)


def _hidden(rows: pd.DataFrame, rule: Disclosure) -> np.ndarray:
    """Return which levels of one measure and characteristic are hidden."""
    events = rows["events"].astype(int)
    if rows["per"].iloc[0] != 100:
        return rule.hidden_one_way(events)[:-1]
    cells = np.column_stack([events, rows["n"].astype(int) - events])
    sizes = rule.hidden_one_way(rows["n"].astype(int))[:-1]
    hidden = rule.hidden(cells, rows_hidden=sizes, columns_hidden=[False, False])
    return hidden[:-1].any(axis=1)


def release_periods(by_month: pd.DataFrame, shown: set[str], rule: Disclosure) -> pd.DataFrame:
    """Release every measure month by month, or year by year where few months may be shown.

    Never both of one measure, for a year less its months would give a hidden
    month back; each period is judged with all of its measure.

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
        ``measure``, ``period`` (``2020-03`` or ``2020``), ``rate``,
        ``ci_low``, ``ci_high``; of years the rate alone.
    """
    parts = []
    for measure, rows in by_month.groupby("measure", sort=False):
        due = rows[rows["met"] + rows["not_met"] > 0]
        if measure not in shown or due.empty:
            continue
        released = release_months(due, rule)
        told = released.assign(period=[f"{month:%Y-%m}" for month in released["month"]])
        if shown_months(released) < LEAST_MONTHS:
            released = release_months(_years(due), rule)
            told = released.assign(period=[f"{year:%Y}" for year in released["month"]])
        parts.append(told.assign(measure=measure))
    columns = ["measure", "period", *LIMITS]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _years(due: pd.DataFrame) -> pd.DataFrame:
    year = due["month"].dt.to_period("Y").dt.to_timestamp()
    added = due.groupby(year)[["met", "not_met"]].sum().reset_index()
    rate = added["met"] / (added["met"] + added["not_met"])
    return added.assign(rate=rate, ci_low=np.nan, ci_high=np.nan)


def shown_months(released: pd.DataFrame) -> int:
    """Return how many months of a run chart are shown."""
    return int(pd.to_numeric(released["rate"], errors="coerce").notna().sum())


def shown_measures(released: pd.DataFrame, name: str, value: str) -> set[str]:
    """Return the measures of a released table whose value is shown."""
    kept = [not is_missing(v) and v != SUPPRESSED for v in released[value]]
    return set(released.loc[kept, name])
