"""When a given share has had the event: quantiles of curves, the median among them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evaluation.estimates.errors import EstimateError
from evaluation.estimates.result import Account, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evaluation.estimates.curves import Curves

_TIE = 1e-9


@dataclass(frozen=True, repr=False)
class Quantiles(Result):
    """Times by which given shares have had the event.

    Parameters
    ----------
    table : DataFrame
        group, (cause,) quantile, time, ci_low, ci_high; missing where the curve,
        or the limit of its band, does not reach the quantile.
    account : Account
    """

    table: pd.DataFrame
    account: Account

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the quantiles with their intervals.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.interval_drawing import draw_intervals

        labels = [
            f"{row['group']}, "
            + (f"cause {row['cause']}, " if "cause" in row else "")
            + f"{100 * row['quantile']:g}%"
            for row in self.table.to_dict("records")
        ]
        return draw_intervals(
            labels,
            self.table["time"],
            self.table["ci_low"],
            self.table["ci_high"],
            axis_label="Time by which this share has had the event (95% interval)",
            open_end=True,
            missing="not reached",
            about=self.summary(),
            ax=ax,
        )


def quantiles(curves: "Curves", shares: float | Sequence[float]) -> Quantiles:
    """Invert curves and the limits of their bands.

    The limits are the times at which the limits of the curve cross the
    quantile, so they carry the curve's own variance: weights, delayed entry and
    clusters included. Where a curve stays exactly at the quantile for a while,
    the middle of that while is given.

    Parameters
    ----------
    curves : Curves
        Of survival or incidence.
    shares : float or sequence of float
        Shares with the event, between 0 and 1.

    Returns
    -------
    Quantiles

    Raises
    ------
    EstimateError
        If a share is not between 0 and 1.

    References
    ----------
    Brookmeyer and Crowley (1982), with the log-log band of the curve.
    """
    wanted = np.atleast_1d(np.asarray(shares, float))
    if wanted.ndim != 1 or not ((wanted > 0) & (wanted < 1)).all():
        raise EstimateError(f"Quantiles lie between 0 and 1, not {shares!r}.")
    falling = curves.value_name == "survival"
    keys = ["group", "cause"] if "cause" in curves.table else ["group"]
    out = []
    for key, part in curves.table.groupby(keys, sort=False, observed=True):
        time = part["time"].to_numpy()
        names = [curves.value_name, "ci_low", "ci_high"]
        if falling:
            risen = [1 - part[name].to_numpy() for name in names]
        else:
            risen = [part[name].to_numpy() for name in (names[0], names[2], names[1])]
        for share in wanted:
            found = [_crossing(time, values, share) for values in risen]
            row = {**dict(zip(keys, key, strict=True)), "quantile": float(share)}
            out.append({**row, "time": found[0], "ci_low": found[1], "ci_high": found[2]})
    told = replace(curves.account, method=f"{curves.account.method} quantiles")
    return Quantiles(pd.DataFrame(out), told)


def _crossing(time: np.ndarray, risen: np.ndarray, share: float) -> float:
    """Return when a rising step function reaches a share, the middle of a step exactly there."""
    reached = np.flatnonzero(risen >= share - _TIE)
    if not len(reached):
        return float("nan")
    first = reached[0]
    if risen[first] > share + _TIE:
        return float(time[first])
    beyond = np.flatnonzero(risen > share + _TIE)
    after = beyond[beyond > first]
    return float((time[first] + (time[after[0]] if len(after) else time[-1])) / 2)
