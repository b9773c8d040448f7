"""Cumulative incidence with competing events: the Aalen–Johansen curves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.estimates.curves import (
    Curve,
    Curves,
    Grid,
    cautions,
    clusters_by_group,
    log_log_limits,
    refuse_recurrent,
)
from evaluation.estimates.result import account
from evaluation.estimates.rows import Columns, Rows, read_rows
from evaluation.estimates.steps import steps


@dataclass(frozen=True, repr=False)
class IncidenceCurves(Curves):
    """Aalen–Johansen curves by group and cause.

    ``table`` has group, cause, time, at_risk, incidence, se, ci_low, ci_high
    (and small_sample_se where a group has fewer than 40 clusters).
    """

    value_name = "incidence"
    axis_label = "Share with the event"
    compared = "share with the event"

    @staticmethod
    def limits(
        value: np.ndarray, se: np.ndarray, multiplier: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Limits on the scale log(-log(1 - p)), missing at 0 and 1."""
        low, high = log_log_limits(1 - value, se, multiplier)
        return 1 - high, 1 - low

    def _again(self, rows: Rows) -> list[np.ndarray]:
        causes = sorted(self.account.events)
        found = steps(rows, rows.event, causes, self.grid.sets)
        return [found.incidence(causes.index(curve.cause)) for curve in self.curves]


def cumulative_incidence(
    data: pd.DataFrame,
    *,
    stop: str = "time",
    event: str = "event",
    start: str | None = None,
    by: Columns = None,
    weights: str | None = None,
    cluster: Columns = None,
    id: Columns = None,
    causes: Sequence[int] | None = None,
) -> IncidenceCurves:
    """Estimate the probability of each cause over time, by group.

    The variance is the infinitesimal jackknife, summed by cluster. Limits are
    on the scale log(-log(1 - F)) and missing where F is 0 or 1.

    Parameters
    ----------
    data : DataFrame
        One row a subject, or several rows a subject with ``start`` and ``id``.
    stop, event, start : str
        Columns of times and events: 0 none, 1, 2, … causes, or booleans.
    by : str or sequence of str, optional
        Columns that say which curve a row belongs to.
    weights : str, optional
        Column of case weights, zero or more; taken as known.
    cluster : str or sequence of str, optional
        Columns of clusters; by default ``id``, then the row.
    id : str or sequence of str, optional
        Columns that say which rows are one subject.
    causes : sequence of int, optional
        Causes to return; by default those that occur (cause 1 if none does).
        Every cause that occurs competes, whether it is returned or not.

    Returns
    -------
    IncidenceCurves

    Raises
    ------
    EstimateError
        If the data cannot give the curves; says why.

    References
    ----------
    Aalen and Johansen (1978).
    """
    columns = {
        "stop": stop,
        "event": event,
        "start": start,
        "by": by,
        "weights": weights,
        "cluster": cluster,
        "id": id,
    }
    rows = read_rows(data, **columns)
    refuse_recurrent(rows, rows.event > 0, "cumulative_incidence")
    wanted = list(rows.causes or [1]) if causes is None else list(causes)
    for cause in wanted:
        rows.of_cause(cause, "cumulative_incidence")
    every = sorted({*rows.causes, *wanted})
    found = steps(rows, rows.event, every)
    behind = None if rows.independent else clusters_by_group(rows)
    curves = []
    for cause in wanted:
        influence = found.incidence_influence(every.index(cause))
        cluster_codes = None if rows.cluster is None else rows.cluster.codes
        se = np.sqrt(influence.variance(cluster_codes, rows.groups.codes))
        curves.append(Curve(cause, rows.event == cause, influence.level, se, influence))
    told = account(
        rows,
        "cumulative_incidence",
        {c: int((rows.event == c).sum()) for c in every},
        warnings=cautions(rows, behind),
        causes=causes,
        **columns,
    )
    grid = Grid(rows, found.sets, found.at_risk, found.censored, behind)
    return IncidenceCurves.build(curves, grid, told, {"at_risk": found.at_risk})
