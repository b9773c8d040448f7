"""The mean number of events so far, for events that repeat."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.estimates.curves import Curve, Curves, Grid, cautions, clusters_by_group
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.result import account
from evaluation.estimates.rows import Columns, Rows, read_rows
from evaluation.estimates.steps import steps


@dataclass(frozen=True, repr=False)
class MeanCurves(Curves):
    """Mean cumulative functions by group.

    ``table`` has group, time, at_risk, mean, se, ci_low, ci_high (and
    small_sample_se where a group has fewer than 40 clusters).
    """

    value_name = "mean"
    axis_label = "Events so far, per subject"
    compared = "events so far, per subject"

    def _again(self, rows: Rows) -> list[np.ndarray]:
        counted = self.curves[0].counted.astype(np.int64)
        return [steps(rows, counted, [1], self.grid.sets).cumulative_hazard()]

    @staticmethod
    def limits(
        value: np.ndarray, se: np.ndarray, multiplier: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Limits on the logarithmic scale, missing at 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.exp(multiplier * se / np.where(value > 0, value, np.nan))
        return value / factor, value * factor


def mean_cumulative(
    data: pd.DataFrame,
    *,
    start: str,
    stop: str,
    event: str,
    id: Columns,
    by: Columns = None,
    weights: str | None = None,
    cluster: Columns = None,
    cause: int | None = None,
) -> MeanCurves:
    """Estimate the mean number of events up to each time, by group.

    The rate is that of subjects still under observation; after the end of a
    subject's last row it counts neither as at risk nor as free of events.

    Parameters
    ----------
    data : DataFrame
        ``(start, stop]`` rows, several a subject; each may end in an event.
    start, stop, event : str
        Columns of times and events: 0 none, 1, 2, … causes, or booleans.
    id : str or sequence of str
        Columns that say which rows are one subject.
    by : str or sequence of str, optional
        Columns that say which curve a row belongs to.
    weights : str, optional
        Column of case weights, zero or more; taken as known.
    cluster : str or sequence of str, optional
        Columns of clusters; by default ``id``.
    cause : int, optional
        The cause of interest, needed with several.

    Returns
    -------
    MeanCurves

    Raises
    ------
    EstimateError
        If the data cannot give the curve; says why.

    References
    ----------
    Nelson (1988); Lawless and Nadeau (1995) for the robust variance.
    """
    if id is None:
        raise EstimateError(
            "mean_cumulative needs id=: repeated events of one subject hang together."
        )
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
    counted = rows.of_cause(cause, "mean_cumulative")
    found = steps(rows, counted.astype(np.int64), [1])
    behind = clusters_by_group(rows)
    influence = found.cumulative_hazard_influence()
    se = np.sqrt(influence.variance(rows.cluster.codes, rows.groups.codes))
    told = account(
        rows,
        "mean_cumulative",
        int(counted.sum()),
        warnings=cautions(rows, behind),
        cause=cause,
        **columns,
    )
    grid = Grid(rows, found.sets, found.at_risk, found.censored, behind)
    curve = Curve(None, counted, found.cumulative_hazard(), se, influence)
    return MeanCurves.build([curve], grid, told, {"at_risk": found.at_risk})
