"""The Kaplan–Meier curve."""

from dataclasses import dataclass
from functools import cached_property

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
from evaluation.estimates.steps import Steps, steps


@dataclass(frozen=True, repr=False)
class SurvivalCurves(Curves):
    """Kaplan–Meier curves by group.

    ``table`` has group, time, at_risk, events, censored, survival, se, ci_low,
    ci_high (and small_sample_se where a group has fewer than 40 clusters).
    """

    value_name = "survival"
    axis_label = "Share without the event"
    compared = "share without the event"

    @staticmethod
    def limits(
        value: np.ndarray, se: np.ndarray, multiplier: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Limits on the scale log(-log p), missing at 0 and 1."""
        return log_log_limits(value, se, multiplier)

    def _again(self, rows: Rows) -> list[np.ndarray]:
        counted = self.curves[0].counted.astype(np.int64)
        return [steps(rows, counted, [1], self.grid.sets).survival()]

    @cached_property
    def nelson_aalen(self) -> pd.DataFrame:
        """Cumulative hazard at each time: group, time, cumulative_hazard, se.

        The variance is Aalen's for independent, unweighted rows and otherwise
        the infinitesimal jackknife, summed by cluster (Nelson, 1969; Aalen, 1978).
        """
        rows, sets = self.grid.rows, self.grid.sets
        found = steps(rows, self.curves[0].counted.astype(np.int64), [1], sets)
        if rows.independent:
            n = found.at_risk.astype(float)
            terms = np.divide(found.counts[1], n**2, np.zeros(len(n)), where=n > 0)
            variance = sets.cumulate(terms)
        else:
            cluster = None if rows.cluster is None else rows.cluster.codes
            influence = found.cumulative_hazard_influence()
            variance = influence.variance(cluster, rows.groups.codes)
        cells = self.grid.cells
        out = self.table[["group", "time"]].copy()
        out["cumulative_hazard"] = found.cumulative_hazard()[cells]
        out["se"] = np.sqrt(variance)[cells]
        return out


def kaplan_meier(
    data: pd.DataFrame,
    *,
    stop: str = "time",
    event: str = "event",
    start: str | None = None,
    by: Columns = None,
    weights: str | None = None,
    cluster: Columns = None,
    id: Columns = None,
    cause: int | None = None,
) -> SurvivalCurves:
    """Estimate the probability of no event over time, by group.

    The variance is Greenwood's where rows are independent and unweighted, and
    otherwise the infinitesimal jackknife, summed by cluster. Limits are on the
    scale log(-log S) and missing where S is 0 or 1.

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
        Columns of clusters; by default ``id``, then (with weights) the row.
    id : str or sequence of str, optional
        Columns that say which rows are one subject.
    cause : int, optional
        The cause of interest, needed with several; the others are then treated
        as censoring, and the result warns that this is not a risk.

    Returns
    -------
    SurvivalCurves

    Raises
    ------
    EstimateError
        If the data cannot give the curve; says why.

    References
    ----------
    Kaplan and Meier (1958); Greenwood (1926).
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
    failed = rows.of_cause(cause, "kaplan_meier")
    refuse_recurrent(rows, failed, "kaplan_meier")
    found = steps(rows, failed.astype(np.int64), [1])
    behind = None if rows.independent else clusters_by_group(rows)
    influence = found.survival_influence()
    value = influence.level
    if rows.independent:
        se = _greenwood(found, value)
    else:
        cluster_codes = None if rows.cluster is None else rows.cluster.codes
        se = np.sqrt(influence.variance(cluster_codes, rows.groups.codes))
    se = np.where(value > 0, se, np.nan)
    warnings = [*cautions(rows, behind), *_early_end(found)]
    others = [c for c in rows.causes if cause is not None and c != cause]
    if others:
        warnings.append(
            f"Events of cause {', '.join(map(str, others))} are treated as censoring, so one "
            f"minus this curve is not the probability of cause {cause}; use cumulative_incidence."
        )
    told = account(
        rows,
        "kaplan_meier",
        int(failed.sum()),
        warnings=warnings,
        cause=cause,
        **columns,
    )
    grid = Grid(rows, found.sets, found.at_risk, found.censored, behind)
    counts = {"at_risk": found.at_risk, "events": found.counts[1], "censored": found.censored}
    return SurvivalCurves.build([Curve(None, failed, value, se, influence)], grid, told, counts)


def _greenwood(found: Steps, survival: np.ndarray) -> np.ndarray:
    n, d = found.at_risk.astype(float), found.counts[1]
    terms = np.divide(d, n * (n - d), np.zeros(len(n)), where=n > d)
    return survival * np.sqrt(found.sets.cumulate(terms))


def _early_end(found: Steps) -> list[str]:
    """Warn where a curve reaches zero although later rows are still to come."""
    rows, sets, said = found.rows, found.sets, []
    for group, label in enumerate(rows.groups.labels):
        cells = sets.cells_of(group)
        out = np.flatnonzero(found.exhausted[cells])
        if len(out) and out[0] < len(cells) - 1:
            cell = cells[out[0]]
            said.append(
                f"The curve of group {label!r} falls to zero at time {sets.times[cell]:g}, where "
                f"all {found.at_risk[cell]} rows then at risk have the event, and stays there; "
                f"begin later, when more are at risk."
            )
    return said
