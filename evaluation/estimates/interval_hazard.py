"""Hazard by interval: events over time at risk, band by band."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.estimates import clusters as few
from evaluation.estimates.curve_influence import cluster_roots
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.result import Account, Result
from evaluation.estimates.rows import Rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evaluation.estimates.curves import Curves

_OUTSIDE = 0.025


@dataclass(frozen=True, repr=False)
class IntervalHazards(Result):
    """Hazards that are constant within intervals of time.

    Parameters
    ----------
    table : DataFrame
        group, (cause,) begin, end, events, person_time, (weighted_events,
        weighted_time,) hazard, se, ci_low, ci_high, limits. ``hazard`` is events
        per unit of time at risk in ``(begin, end]``. ``limits`` says where they
        are from: ``exact Poisson`` without clusters or weights, and where an
        interval has no event; otherwise ``cluster-robust``, on the logarithmic
        scale, with the exact ones of unweighted rows beside them as exact_low and
        exact_high. Missing where nobody is at risk.
    account : Account
    """

    table: pd.DataFrame
    account: Account

    def plot(self, ax: "Axes | None" = None, *, cause: int | None = None) -> "Axes":
        """Draw the hazards as steps with their intervals.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.
        cause : int, optional
            The cause to draw; by default the first.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.hazard_drawing import draw_hazards

        table = self.table
        if "cause" in table:
            chosen = table["cause"].iloc[0] if cause is None else cause
            table = table[table["cause"] == chosen]
            if table.empty:
                raise EstimateError(f"There is no hazard of cause {cause}.")
        return draw_hazards(table, self.summary(), ax)


def interval_hazards(curves: "Curves", breaks: Sequence[float]) -> IntervalHazards:
    """Divide events by time at risk, interval by interval.

    Parameters
    ----------
    curves : Curves
        The result whose rows and events are counted.
    breaks : sequence of float
        Ends of the intervals: ``[0, 30, 90]`` gives (0, 30] and (30, 90].

    Returns
    -------
    IntervalHazards

    Raises
    ------
    EstimateError
        If the breaks are not increasing.

    References
    ----------
    Garwood (1936) for exact limits of a Poisson count; the robust variance is
    the sum over clusters of squared ``events - hazard * time`` (Lin and Wei,
    1989, without covariates).
    """
    try:
        edges = np.asarray(breaks, float)
    except (TypeError, ValueError):
        edges = np.empty(0)
    rising = edges.ndim == 1 and len(edges) > 1 and np.isfinite(edges).all()
    if not rising or (np.diff(edges) <= 0).any():
        raise EstimateError(f"breaks={breaks!r} must be two or more increasing finite times.")
    rows = curves.grid.rows
    begin = np.zeros(len(rows)) if rows.start is None else rows.start
    parts = []
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        time = np.clip(np.minimum(rows.stop, high) - np.maximum(begin, low), 0, None)
        inside = (rows.stop > low) & (rows.stop <= high)
        for curve in curves.curves:
            part = _of_interval(rows, curves.grid.clusters, curve.counted & inside, time)
            where = {"group": rows.groups.labels}
            if curve.cause is not None:
                where["cause"] = curve.cause
            parts.append(pd.DataFrame({**where, "begin": low, "end": high, **part}))
    table = pd.concat(parts, ignore_index=True)
    order = {label: k for k, label in enumerate(rows.groups.labels)}
    keys = ["cause", "begin"] if "cause" in table else ["begin"]
    table = table.assign(place=table["group"].map(order)).sort_values(["place", *keys])
    told = replace(
        curves.account,
        method=f"{curves.account.method} hazard by interval",
        options={**curves.account.options, "breaks": edges.tolist()},
    )
    return IntervalHazards(table.drop(columns="place").reset_index(drop=True), told)


def _of_interval(
    rows: Rows, clusters: np.ndarray | None, failed: np.ndarray, time: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the columns of one interval and cause, one entry a group."""
    group, count, weights = rows.groups.codes, len(rows.groups), rows.case_weights
    events = np.bincount(group, failed, count).astype(int)
    exposure = np.bincount(group, time, count)
    exact = _garwood(events, exposure)
    out = {"events": events, "person_time": exposure}
    if rows.independent:
        with np.errstate(divide="ignore", invalid="ignore"):
            out["hazard"] = np.where(exposure > 0, events / exposure, np.nan)
            out["se"] = np.where(exposure > 0, np.sqrt(events) / exposure, np.nan)
        out["ci_low"], out["ci_high"] = exact
        out["limits"] = np.full(count, "exact Poisson")
        return out
    heavy, spent = (np.bincount(group, weights * v, count) for v in (failed, time))
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(spent > 0, heavy / spent, np.nan)
        change = weights * (failed - np.nan_to_num(hazard)[group] * time)
        se = np.where(spent > 0, cluster_roots(rows, change) / spent, np.nan)
        used = np.where(clusters < few.FEW, few.corrected(se, clusters), se)
        factor = np.exp(few.quantile(clusters) * used / np.where(heavy > 0, hazard, np.nan))
    if rows.weights is not None:
        out["weighted_events"], out["weighted_time"] = heavy, spent
    out["hazard"], out["se"] = hazard, np.where(heavy > 0, se, np.nan)
    none = heavy == 0
    out["ci_low"] = np.where(none, exact[0], hazard / factor)
    out["ci_high"] = np.where(none, exact[1], hazard * factor)
    out["limits"] = np.where(none, "exact Poisson", "cluster-robust")
    if rows.weights is None:
        out["exact_low"], out["exact_high"] = exact
    return out


def _garwood(events: np.ndarray, exposure: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(events > 0, stats.chi2.ppf(_OUTSIDE, 2 * np.maximum(events, 1)) / 2, 0.0)
        high = stats.chi2.ppf(1 - _OUTSIDE, 2 * events + 2) / 2
        known = exposure > 0
        return np.where(known, low / exposure, np.nan), np.where(known, high / exposure, np.nan)
