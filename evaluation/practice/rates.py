"""From counts per family in the engine to what shares with intervals are made from."""

from collections.abc import Sequence

import ibis
import pandas as pd
from ibis.expr.types import Table

from evaluation.cohorts.tidy import tidy


def sums(trials: Table, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return what an interval that counts families is made from, by group.

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
        ``by``, ``n``, ``events``, ``clusters`` (with ``n`` above 0)
        and sums over clusters of squares and products. Only whole numbers are
        summed in the engine, so the same data give the same bytes.
    """
    per = trials.group_by("cluster", *by).aggregate(
        **{name: trials[name].sum().cast("int64") for name in ("n", "events")}
    )
    added = {name: per[name].sum() for name in ("n", "events")} | {
        "clusters": (per.n > 0).sum(),
        "n_squared": (per.n * per.n).sum(),
        "events_squared": (per.events * per.events).sum(),
        "n_events": (per.n * per.events).sum(),
    }
    added = {name: value.fill_null(0).cast("int64") for name, value in added.items()}
    grouped = per.group_by(*by).aggregate(**added) if by else per.aggregate(**added)
    return tidy(grouped.order_by(*by) if by else grouped)


def flag(condition):
    """Return 1 where a condition holds and 0 where not or unknown."""
    return ibis.ifelse(condition.fill_null(False), 1, 0).cast("int64")
