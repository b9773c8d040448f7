"""What can be said where hardly anything, or nothing, has happened: exact limits."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.estimates.errors import EstimateError
from evaluation.estimates.result import Account, Result, account
from evaluation.estimates.rows import Columns, Rows, read_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class ExactLimits(Result):
    """Exact limits of risk and rate.

    Parameters
    ----------
    table : DataFrame
        group, measure, events, exposure, estimate, ci_low, ci_high. Measure
        ``risk by the horizon, families``: events are families with an event,
        exposure the families followed to the horizon or to an event. Measure
        ``rate``: events are events, exposure the time at risk up to the horizon.
    account : Account
    """

    table: pd.DataFrame
    account: Account

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the risks with their limits.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.interval_drawing import draw_intervals

        risk = self.table[self.table["measure"] != "rate"]
        return draw_intervals(
            risk["group"],
            risk["estimate"],
            risk["ci_low"],
            risk["ci_high"],
            percent=True,
            axis_label="Share of families with the event (exact 95% interval)",
            about=self.summary(),
            ax=ax,
        )


def zero_event_limits(
    data: pd.DataFrame,
    *,
    horizon: float,
    family: Columns,
    stop: str = "time",
    event: str = "event",
    start: str | None = None,
    by: Columns = None,
    cause: int | None = None,
    level: float = 0.95,
) -> ExactLimits:
    """Give exact limits where a curve has none: no event, or few.

    The risk counts families, because siblings' outcomes hang together and only
    families can be taken as independent: exact binomial limits (Clopper and
    Pearson, 1934). The rate counts events per time at risk: exact Poisson limits
    (Garwood, 1936), which take events as independent.

    Parameters
    ----------
    data : DataFrame
    horizon : float
        Above 0, in the unit of the times.
    family : str or sequence of str
        Columns that say which rows share their luck.
    stop, event, start : str
        Columns of times and events: 0 none, 1, 2, … causes, or booleans.
    by : str or sequence of str, optional
        Columns that say which group a row belongs to.
    cause : int, optional
        The cause of interest, needed with several.
    level : float
        Coverage wanted; half of the rest on each side, also where one side is 0.

    Returns
    -------
    ExactLimits

    Raises
    ------
    EstimateError
        If the data, the horizon or the level cannot be used; says why.
    """
    if not (np.isfinite(horizon) and horizon > 0):
        raise EstimateError(f"horizon={horizon!r} must be a number above 0.")
    if not 0 < level < 1:
        raise EstimateError(f"level={level!r} must be between 0 and 1.")
    rows = read_rows(data, stop=stop, event=event, start=start, by=by, cluster=family)
    failed = rows.of_cause(cause, "zero_event_limits") & (rows.stop <= horizon)
    out = []
    for group, label in enumerate(rows.groups.labels):
        mine = rows.groups.codes == group
        out += _of_group(rows, mine, failed & mine, horizon, label, 1 - level)
    told = account(
        rows,
        "zero_event_limits",
        int(failed.sum()),
        horizon=horizon,
        family=family,
        stop=stop,
        event=event,
        start=start,
        by=by,
        cause=cause,
        level=level,
    )
    told.notes.append("Limits of the risk count families; limits of the rate take events as apart.")
    return ExactLimits(pd.DataFrame(out), told)


def _of_group(
    rows: Rows, mine: np.ndarray, failed: np.ndarray, horizon: float, label, outside: float
) -> list[dict]:
    hit = np.unique(rows.cluster.codes[failed])
    reached = np.unique(rows.cluster.codes[mine & (rows.stop >= horizon)])
    x, n = len(hit), len(np.union1d(hit, reached))
    begin = np.zeros(len(rows)) if rows.start is None else rows.start
    time = float(np.clip(np.minimum(rows.stop, horizon) - begin, 0, None)[mine].sum())
    d = int(failed.sum())
    risk = {
        "group": label,
        "measure": "risk by the horizon, families",
        "events": x,
        "exposure": float(n),
        "estimate": x / n if n else np.nan,
        "ci_low": _none_to(0.0, stats.beta.ppf(outside / 2, x, n - x + 1), x > 0, n > 0),
        "ci_high": _none_to(1.0, stats.beta.ppf(1 - outside / 2, x + 1, n - x), x < n, n > 0),
    }
    rate = {
        "group": label,
        "measure": "rate",
        "events": d,
        "exposure": time,
        "estimate": d / time if time else np.nan,
        "ci_low": _none_to(0.0, stats.chi2.ppf(outside / 2, 2 * d) / 2, d > 0, time > 0),
        "ci_high": stats.chi2.ppf(1 - outside / 2, 2 * d + 2) / 2 if time else np.nan,
    }
    if time:
        rate["ci_low"], rate["ci_high"] = rate["ci_low"] / time, rate["ci_high"] / time
    return [risk, rate]


def _none_to(end: float, limit: float, inside: bool, known: bool) -> float:
    if not known:
        return float("nan")
    return float(limit) if inside else end
