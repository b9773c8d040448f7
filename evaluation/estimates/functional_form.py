"""Does the model see a covariate in the right form? Martingale residuals against its values."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.estimates.errors import EstimateError, nearest
from evaluation.estimates.fit import clusters_of
from evaluation.estimates.result import Account, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from evaluation.estimates.cox_model import CoxResult

_EXACT = 5_000


@dataclass(frozen=True, repr=False)
class FunctionalForm(Result):
    """Martingale residuals of a model, by values of a covariate.

    Parameters
    ----------
    table : DataFrame
        value (mean of the group), low, high, n, events, expected, ratio,
        residual, se, ci_low, ci_high, smooth; one row a group of values.
        ``expected`` are the events the model expects (both weighted as the
        model is), ``ratio`` events over expected, ``residual`` their difference
        per row with its cluster-robust interval, ``smooth`` the local regression
        of the rows' residuals at ``value``. A model that sees the covariate in
        the right form has residuals near zero all along.
    account : Account
    covariate : str
    """

    table: pd.DataFrame
    account: Account
    covariate: str = field(default="")

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the groups' residuals with intervals, and the smooth line through the rows'.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.diagnostic_drawing import draw_functional_form

        return draw_functional_form(self.table, self.covariate, self.summary(), ax)


def functional_form(
    model: "CoxResult", covariate: str, groups: int, fraction: float
) -> FunctionalForm:
    """Set martingale residuals against a covariate, in the model or not.

    Parameters
    ----------
    model : CoxResult
    covariate : str
        A column of numbers of the data the model was fitted to.
    groups : int
        Groups of about equal size; distinct values where there are no more.
    fraction : float
        Share of the rows each local regression uses.

    Returns
    -------
    FunctionalForm

    Raises
    ------
    EstimateError
        If the column is unknown, not numbers, or the same in every row.

    References
    ----------
    Therneau, Grambsch and Fleming (1990); Cleveland (1979) for the smooth line.
    """
    from statsmodels.nonparametric.smoothers_lowess import lowess

    rows = model.fit.rows
    if covariate not in rows.frame.columns:
        known = nearest(covariate, rows.frame.columns)
        raise EstimateError(f"No column {covariate!r} in the data of the model{known}")
    if not pd.api.types.is_numeric_dtype(rows.frame[covariate]):
        raise EstimateError(f"Column {covariate!r} must hold numbers to have a form.")
    if not (isinstance(groups, int) and groups >= 2 and 0 < fraction <= 1):
        raise EstimateError(
            f"groups={groups!r} must be 2 or more and fraction={fraction!r} above 0, at most 1."
        )
    values = rows.frame[covariate].to_numpy(dtype=float, na_value=np.nan)
    used = np.isfinite(values) & (rows.case_weights > 0)
    if not used.any() or np.ptp(values[used]) == 0:
        raise EstimateError(f"Column {covariate!r} is the same in every row, so it has no form.")
    residual = model.residuals("martingale").to_numpy()
    x, weight = values[used], rows.case_weights[used]
    span = 0.0 if len(x) <= _EXACT else 0.01 * float(np.ptp(x))
    line = lowess(residual[used], x, frac=fraction, it=0, delta=span, is_sorted=False)
    distinct, place = np.unique(x, return_inverse=True)
    if len(distinct) > groups:
        edges = np.unique(np.quantile(x, np.linspace(0, 1, groups + 1)[1:-1]))
        place = np.unique(np.searchsorted(edges, x, side="left"), return_inverse=True)[1]
    table = _by_group(x, place, weight, residual[used], model.fit.event[used])
    table["se"] = _errors(place, weight, residual[used], clusters_of(rows)[0][used], table)
    half = stats.norm.ppf(0.975) * table["se"]
    table["ci_low"], table["ci_high"] = table["residual"] - half, table["residual"] + half
    table["smooth"] = np.interp(table["value"], line[:, 0], line[:, 1])
    told = replace(model.account, method=f"functional form of {covariate}")
    told = replace(told, dropped=dict(told.dropped), notes=list(told.notes))
    missing = int((~np.isfinite(values)).sum())
    if missing:
        told.dropped[f"missing {covariate}"] = missing
    if rows.weights is not None:
        told.notes.append("The smooth line counts rows alike; everything else is weighted.")
    return FunctionalForm(table, told, covariate)


def _by_group(
    x: np.ndarray, place: np.ndarray, weight: np.ndarray, residual: np.ndarray, event: np.ndarray
) -> pd.DataFrame:
    parts = pd.DataFrame({"x": x, "place": place}).groupby("place")["x"]
    out = pd.DataFrame({"value": parts.mean(), "low": parts.min(), "high": parts.max()})
    out["n"] = np.bincount(place)
    out["events"] = np.bincount(place, event).astype(int)
    happened = np.bincount(place, weight * event)
    out["expected"] = happened - np.bincount(place, weight * residual)
    with np.errstate(divide="ignore", invalid="ignore"):
        out["ratio"] = happened / out["expected"]
    out["residual"] = np.bincount(place, weight * residual) / np.bincount(place, weight)
    return out.reset_index(drop=True)


def _errors(
    place: np.ndarray,
    weight: np.ndarray,
    residual: np.ndarray,
    cluster: np.ndarray,
    table: pd.DataFrame,
) -> np.ndarray:
    """Standard error of each group's weighted mean residual, summed by cluster."""
    apart = weight * (residual - table["residual"].to_numpy()[place])
    key = cluster.astype(np.int64) * len(table) + place
    found, position = np.unique(key, return_inverse=True)
    sums = np.bincount(position, apart)
    return np.sqrt(np.bincount(found % len(table), sums**2)) / np.bincount(place, weight)
