"""Mean time up to a horizon: free of the event, or lost to each cause."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.estimates import clusters as few
from evaluation.estimates.bootstrap import Bootstrap, bootstrap
from evaluation.estimates.curve_influence import cluster_roots
from evaluation.estimates.curves import cautions, clusters_by_group, refuse_recurrent
from evaluation.estimates.differences import Differences, differences
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.result import Account, Result, account
from evaluation.estimates.risksets import RiskSets
from evaluation.estimates.row_checks import checked_weights
from evaluation.estimates.rows import Columns, Rows, read_rows
from evaluation.estimates.steps import Steps, steps

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class MeanTimes(Result):
    """Mean times up to a horizon.

    Parameters
    ----------
    table : DataFrame
        group, (cause,) horizon, mean, se, (small_sample_se,) ci_low, ci_high.
        With one cause ``mean`` is time free of the event; with several it is
        time lost to each cause. Missing where a group is not followed to the
        horizon.
    account : Account
    influence : DataFrame
        Each row's contribution to each mean: the input's index by (group,
        (cause,) horizon).
    """

    table: pd.DataFrame
    account: Account
    influence: pd.DataFrame = field(repr=False)
    _rows: Rows = field(repr=False)
    _sets: RiskSets = field(repr=False)

    def reweighted(self, weights: np.ndarray) -> pd.DataFrame:
        """Estimate the means again with other weights, on the same grid.

        Parameters
        ----------
        weights : ndarray of float, shape (n,)
            One weight, zero or more, for each row used.

        Returns
        -------
        DataFrame
            The rows of ``table`` with group, (cause,) horizon, mean.

        Raises
        ------
        EstimateError
            If the weights do not fit the rows.
        """
        rows = replace(self._rows, weights=checked_weights(weights, len(self._rows)))
        labels = rows.groups.labels
        weighed = np.bincount(rows.groups.codes, rows.weights, len(labels)) > 0
        keys = self.table[[c for c in ("group", "cause", "horizon") if c in self.table]]
        lost = list(keys["cause"].unique()) if "cause" in keys else [None]
        found = _steps(rows, lost, self._sets)
        means = {}
        for cause in lost:
            if cause is None:
                level = found.survival()
            else:
                level = found.incidence(found.causes.index(cause))
            for length in keys["horizon"].unique():
                area = found.sets.cumulate(level * _widths(found, length), backward=True)
                means[cause, length] = np.where(weighed, area[found.sets.base], np.nan)
        values = [
            means[getattr(row, "cause", None), row.horizon][labels.index(row.group)]
            for row in keys.itertuples()
        ]
        return keys.assign(mean=np.where(self.table["mean"].isna(), np.nan, values))

    def bootstrap(self, replicates: int = 500, *, seed: int = 1, level: float = 0.95) -> Bootstrap:
        """Draw clusters with replacement and estimate the means again.

        Parameters
        ----------
        replicates : int
            How many times.
        seed : int
            Where the random numbers begin; the same seed gives the same result.
        level : float
            Coverage of the percentile limits.

        Returns
        -------
        Bootstrap
            ``table`` with group, (cause,) horizon, mean, se, ci_low, ci_high,
            replicates.

        Raises
        ------
        EstimateError
            If an option cannot be used.
        """
        return bootstrap(
            self._rows,
            self.account,
            self.reweighted(self._rows.case_weights),
            lambda weights: self.reweighted(weights)["mean"],
            replicates=replicates,
            seed=seed,
            level=level,
        )

    def differences(self, reference: object = None) -> Differences:
        """Compare groups.

        A cluster with rows in several groups counts once, so that what its
        members share cancels. Without clusters or weights groups are independent.

        Parameters
        ----------
        reference : optional
            The group to compare every other with; by default each pair is
            compared.

        Returns
        -------
        Differences
            ``table`` with group, reference, (cause,) horizon, difference (group
            less reference), se, ci_low, ci_high, p.

        Raises
        ------
        EstimateError
            If there is one group only, or no group ``reference``.

        References
        ----------
        Andersen (2013) for time lost; Jaeckel (1972) for its variance.
        """
        what = "mean time lost" if "cause" in self.table else "mean time free of the event"
        return differences(
            self.table, "mean", self.influence, self._rows, self.account, what, reference
        )

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the mean times with their intervals.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.interval_drawing import draw_intervals

        causes = "cause" in self.table
        labels = [
            f"{row.group}, cause {row.cause}, to {row.horizon:g}"
            if causes
            else f"{row.group}, to {row.horizon:g}"
            for row in self.table.itertuples()
        ]
        return draw_intervals(
            labels,
            self.table["mean"],
            self.table["ci_low"],
            self.table["ci_high"],
            axis_label="Mean time lost (95% interval)" if causes else "Mean time free of the event",
            about=self.summary(),
            ax=ax,
        )


def restricted_mean(
    data: pd.DataFrame,
    *,
    stop: str = "time",
    event: str = "event",
    horizon: float | Sequence[float] = 365,
    start: str | None = None,
    by: Columns = None,
    weights: str | None = None,
    cluster: Columns = None,
    id: Columns = None,
    causes: Sequence[int] | None = None,
) -> MeanTimes:
    """Estimate mean time up to a horizon, by group.

    With one cause: mean time free of the event, the area under the
    Kaplan–Meier curve from 0 to the horizon. With several: mean time lost to
    each cause, the area under its cumulative incidence.

    Parameters
    ----------
    data : DataFrame
    stop, event, start : str
        Columns of times and events: 0 none, 1, 2, … causes, or booleans.
    horizon : float or sequence of float
        Above 0, in the unit of the times.
    by : str or sequence of str, optional
        Columns that say which group a row belongs to.
    weights, cluster, id : str, optional
        As in :func:`kaplan_meier`.
    causes : sequence of int, optional
        Return time lost to these causes, however many occur.

    Returns
    -------
    MeanTimes

    Raises
    ------
    EstimateError
        If the data or a horizon cannot be used; says why.

    References
    ----------
    Andersen (2013) for time lost to a cause.
    """
    horizons = np.atleast_1d(np.asarray(horizon, float))
    if (
        horizons.ndim != 1
        or not horizons.size
        or not (np.isfinite(horizons) & (horizons > 0)).all()
    ):
        raise EstimateError(f"horizon must be one or more numbers above 0, not {horizon!r}.")
    rows = read_rows(
        data, stop=stop, event=event, start=start, by=by, weights=weights, cluster=cluster, id=id
    )
    refuse_recurrent(rows, rows.event > 0, "restricted_mean")
    lost = list(causes) if causes is not None else rows.causes if len(rows.causes) > 1 else [None]
    found = _steps(rows, lost)
    behind = None if rows.independent else clusters_by_group(rows)
    parts, columns, warnings = [], {}, _not_followed(rows, horizons)
    for cause in lost:
        if cause is None:
            curve = found.survival_influence()
        else:
            rows.of_cause(cause, "restricted_mean")
            curve = found.incidence_influence(found.causes.index(cause))
        for length in horizons:
            widths = _widths(found, length)
            change = curve.area(widths)
            se = cluster_roots(rows, change)
            if cause is None and rows.independent:
                se = _greenwood_area(found, curve.level * widths)
            part = pd.DataFrame({"group": rows.groups.labels})
            if cause is not None:
                part["cause"] = cause
            part["horizon"] = length
            known = _last_times(rows) >= length
            area = found.sets.cumulate(curve.level * widths, backward=True)[found.sets.base]
            part["mean"] = np.where(known, area, np.nan)
            parts.append(_with_limits(part, np.where(known, se, np.nan), behind))
            keys = () if cause is None else (cause,)
            for group, label in enumerate(rows.groups.labels):
                own = np.where(rows.groups.codes == group, change, 0.0)
                columns[(label, *keys, length)] = own if known[group] else np.full(len(own), np.nan)
    table = pd.concat(parts, ignore_index=True)
    table = table.iloc[np.argsort(np.tile(np.arange(len(rows.groups)), len(parts)), kind="stable")]
    names = [c for c in ("group", "cause", "horizon") if c in table]
    influence = pd.DataFrame(columns, index=rows.frame.index)
    influence.columns = pd.MultiIndex.from_tuples(list(columns), names=names)
    counts = {c: int((rows.event == c).sum()) for c in rows.causes}
    told = account(
        rows,
        "restricted_mean",
        counts if "cause" in table else int((rows.event > 0).sum()),
        warnings=[*cautions(rows, behind), *warnings],
        stop=stop,
        event=event,
        horizon=horizons.tolist(),
        start=start,
        by=by,
        weights=weights,
        cluster=cluster,
        id=id,
        causes=causes,
    )
    return MeanTimes(table.reset_index(drop=True), told, influence, rows, found.sets)


def _steps(rows: Rows, lost: list[int | None], sets: RiskSets | None = None) -> Steps:
    """Count events by cause, or of any kind where the mean is time free of all of them."""
    every = sorted({*rows.causes, *(c for c in lost if c is not None)})
    event = rows.event if lost != [None] else (rows.event > 0).astype(np.int64)
    return steps(rows, event, every or [1], sets)


def _widths(found: Steps, horizon: float) -> np.ndarray:
    """How long, between 0 and the horizon, curves keep the value of each cell."""
    sets = found.sets
    begin = np.where(np.isnan(sets.times), np.inf, sets.times)
    begin[sets.base] = 0.0
    begin = np.clip(begin, 0.0, horizon)
    end = np.full(sets.size, horizon)
    for low, high, width in sets.blocks:
        end[low:high].reshape(-1, width)[:, :-1] = begin[low:high].reshape(-1, width)[:, 1:]
    return end - begin


def _greenwood_area(found: Steps, areas: np.ndarray) -> np.ndarray:
    """Standard error of the area under a Kaplan–Meier curve of independent rows."""
    sets = found.sets
    beyond = sets.cumulate(areas, backward=True)
    n, d = found.at_risk.astype(float), found.counts[1:].sum(axis=0)
    terms = np.divide(beyond**2 * d, n * (n - d), np.zeros(len(n)), where=n > d)
    return np.sqrt(sets.cumulate(terms, backward=True)[sets.base])


def _with_limits(part: pd.DataFrame, se: np.ndarray, behind: np.ndarray | None) -> pd.DataFrame:
    part["se"] = used = se
    multiplier = few.quantile(behind)
    if behind is not None and (behind < few.FEW).any():
        part["small_sample_se"] = used = np.where(behind < few.FEW, few.corrected(se, behind), se)
    part["ci_low"], part["ci_high"] = (
        part["mean"] - multiplier * used,
        part["mean"] + (multiplier * used),
    )
    return part


def _last_times(rows: Rows) -> np.ndarray:
    last = np.full(len(rows.groups), -np.inf)
    np.maximum.at(last, rows.groups.codes, rows.stop)
    return last


def _not_followed(rows: Rows, horizons: np.ndarray) -> list[str]:
    last = _last_times(rows)
    return [
        f"Group {label!r} is followed to {last[group]:g} only; its mean to {horizon:g} is missing."
        for horizon in horizons
        for group, label in enumerate(rows.groups.labels)
        if last[group] < horizon
    ]
