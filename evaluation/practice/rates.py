"""From counts per family in the engine to shares with intervals."""

from collections.abc import Sequence

import ibis
import pandas as pd
from ibis.expr.types import Table

from evaluation.cohorts.tidy import tidy
from evaluation.estimates.proportions import clustered_share

_SUMS = ("n", "events", "clusters", "n_squared", "events_squared", "n_events")


def rates(trials: Table, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return shares by group from counts per cluster.

    Parameters
    ----------
    trials : ibis.Table
        ``cluster``, ``n`` and ``events`` (whole numbers) and the columns of
        ``by``; several rows of one cluster are added up.
    by : sequence of str
        Groups; rows come in their order.

    Returns
    -------
    pandas.DataFrame
        ``by``, ``n``, ``events``, ``clusters`` and the columns of
        `clustered_share`. Only whole numbers are summed in the engine, so the
        same data give the same bytes.
    """
    per = trials.group_by("cluster", *by).aggregate(
        n=trials.n.sum().cast("int64"), events=trials.events.sum().cast("int64")
    )
    per = per.filter(per.n > 0)
    sums = {
        "n": per.n.sum(),
        "events": per.events.sum(),
        "clusters": per.count(),
        "n_squared": (per.n * per.n).sum(),
        "events_squared": (per.events * per.events).sum(),
        "n_events": (per.n * per.events).sum(),
    }
    sums = {name: value.fill_null(0).cast("int64") for name, value in sums.items()}
    grouped = per.group_by(*by).aggregate(**sums) if by else per.aggregate(**sums)
    found = tidy(grouped.order_by(*by) if by else grouped)
    limits = clustered_share(found[list(_SUMS)])
    return pd.concat([found[[*by, "n", "events", "clusters"]], limits], axis=1)


def month_of(day):
    """Return the first day of a date's month."""
    return day.truncate("M").cast("date")


def flag(condition):
    """Return 1 where a condition holds and 0 where not or unknown."""
    return ibis.ifelse(condition.fill_null(False), 1, 0).cast("int64")
