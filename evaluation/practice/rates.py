"""From counts per family in the engine to shares with intervals."""

from collections.abc import Sequence

import ibis
import pandas as pd
from ibis.expr.types import Table

from evaluation.cohorts.tidy import tidy
from evaluation.estimates.proportions import clustered_share


def rates(trials: Table, by: Sequence[str] = (), also: Sequence[str] = ()) -> pd.DataFrame:
    """Return shares by group from counts per cluster: `sums` with `clustered_share`."""
    found = sums(trials, by, also)
    limits = clustered_share(found)
    return pd.concat([found[[*by, *also, "n", "events", "clusters"]], limits], axis=1)


def sums(trials: Table, by: Sequence[str] = (), also: Sequence[str] = ()) -> pd.DataFrame:
    """Return what an interval that counts families is made from, by group.

    Parameters
    ----------
    trials : ibis.Table
        ``cluster``, ``n`` and ``events`` (whole numbers) and the columns of
        ``by``; several rows of one cluster are added up.
    by : sequence of str
        Groups; rows come in their order.
    also : sequence of str
        Further whole numbers to add up by group, whether or not ``n`` is above 0.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``also``, ``n``, ``events``, ``clusters`` (with ``n`` above 0)
        and sums over clusters of squares and products. Only whole numbers are
        summed in the engine, so the same data give the same bytes.
    """
    per = trials.group_by("cluster", *by).aggregate(
        **{name: trials[name].sum().cast("int64") for name in ("n", "events", *also)}
    )
    added = {name: per[name].sum() for name in ("n", "events", *also)} | {
        "clusters": (per.n > 0).sum(),
        "n_squared": (per.n * per.n).sum(),
        "events_squared": (per.events * per.events).sum(),
        "n_events": (per.n * per.events).sum(),
    }
    added = {name: value.fill_null(0).cast("int64") for name, value in added.items()}
    grouped = per.group_by(*by).aggregate(**added) if by else per.aggregate(**added)
    return tidy(grouped.order_by(*by) if by else grouped)


def month_of(day):
    """Return the first day of a date's month."""
    return ibis.date(day.year(), day.month(), 1)


def flag(condition):
    """Return 1 where a condition holds and 0 where not or unknown."""
    return ibis.ifelse(condition.fill_null(False), 1, 0).cast("int64")
