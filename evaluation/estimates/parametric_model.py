"""Parametric models of time to an event, fitted by lifelines and statsmodels."""

import warnings as python_warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from evaluation.estimates.coding import checked_times
from evaluation.estimates.curves import log_log_limits
from evaluation.estimates.design import Design, design, require_varying, same_columns, variables
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.parametric_families import FAMILIES, Fitted
from evaluation.estimates.result import Account, Result, account
from evaluation.estimates.rows import Rows, read_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STEP = 1e-3


@dataclass(frozen=True, repr=False)
class ParametricResult(Result):
    """A fitted parametric model.

    Parameters
    ----------
    table : DataFrame
        parameter, term, coef, se, ratio, ci_low, ci_high, z, p. For the effects
        (``parameter`` "effect") ``ratio`` is a ratio of times (weibull,
        lognormal) or of hazards (piecewise, spline); the other rows describe
        the baseline, at covariates zero.
    account : Account
    loglik, aic : float
    ratio_of : {"times", "hazards"}
    """

    table: pd.DataFrame
    account: Account
    loglik: float
    aic: float
    ratio_of: str
    _fitted: Fitted = field(repr=False)
    _design: Design = field(repr=False)
    _last: float = field(repr=False)

    def survival(self, data: pd.DataFrame, times: float | Sequence[float]) -> pd.DataFrame:
        """Predict the probability of no event up to each time.

        Parameters
        ----------
        data : DataFrame
            Rows with the covariates of the formula.
        times : float or sequence of float

        Returns
        -------
        DataFrame
            The rows of ``data`` by the times.
        """
        x = same_columns(self._design, data)
        times = checked_times(times)
        fitted = self._fitted
        return pd.DataFrame(fitted.survival(fitted.params, x, times), data.index, times)

    def predict(self, data: pd.DataFrame, times: float | Sequence[float]) -> pd.DataFrame:
        """Predict the probability of no event up to each time, with intervals.

        Parameters
        ----------
        data : DataFrame
            Rows with the covariates of the formula.
        times : float or sequence of float

        Returns
        -------
        DataFrame
            row, time, survival, se (by the delta method), ci_low, ci_high (on the
            scale log(-log S)); one row a row of ``data`` and time.

        References
        ----------
        Kalbfleisch and Prentice (1980) for the scale; Oehlert (1992) for the
        delta method.
        """
        x, times = same_columns(self._design, data), checked_times(times)
        keys = pd.MultiIndex.from_product([data.index, times], names=["row", "time"])
        return self._read(keys.to_frame(index=False), lambda p: self._fitted.survival(p, x, times))

    def at(self, times: float | Sequence[float]) -> pd.DataFrame:
        """Read the mean of the predicted curves of the rows the model was fitted to.

        Parameters
        ----------
        times : float or sequence of float

        Returns
        -------
        DataFrame
            group (``all``), time, survival, se, ci_low, ci_high. Missing past the
            last observed time. The rows' covariates are taken as they are.

        References
        ----------
        Makuch (1982) for the mean of adjusted curves; Oehlert (1992) for the
        delta method.
        """
        x, times = self._design.x, checked_times(times)
        keys = pd.DataFrame({"group": "all", "time": times})
        out = self._read(keys, lambda p: self._fitted.survival(p, x, times).mean(axis=0))
        out.loc[times > self._last, ["survival", "se", "ci_low", "ci_high"]] = np.nan
        return out

    def _read(self, keys: pd.DataFrame, curve: Callable[[np.ndarray], np.ndarray]) -> pd.DataFrame:
        """Set curves beside their keys, with the delta method's standard errors."""
        params, scale = self._fitted.params, np.sqrt(np.diag(self._fitted.covariance))
        slopes = []
        for k, unit in enumerate(scale):
            step = np.zeros(len(params))
            step[k] = _STEP * unit
            slopes.append((curve(params + step) - curve(params - step)).ravel() / (2 * step[k]))
        slope = np.array(slopes)
        value = curve(params).ravel()
        variance = np.einsum("ij,ik,kj->j", slope, self._fitted.covariance, slope)
        keys["survival"], keys["se"] = value, np.sqrt(np.maximum(variance, 0))
        low, high = log_log_limits(value, keys["se"].to_numpy(), stats.norm.ppf(0.975))
        return keys.assign(ci_low=low, ci_high=high)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the ratios with their intervals on a logarithmic axis.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from evaluation.estimates.interval_drawing import draw_intervals

        times = self.ratio_of == "times"
        effects = self.table[self.table["parameter"] == "effect"]
        return draw_intervals(
            effects["term"],
            effects["ratio"],
            effects["ci_low"],
            effects["ci_high"],
            axis_label=f"Ratio of {self.ratio_of} (95% interval)",
            reference=1,
            logarithmic=True,
            sides=("sooner", "later") if times else ("fewer events", "more events"),
            about=self.summary(),
            ax=ax,
        )


def parametric(
    data: pd.DataFrame,
    formula: str,
    *,
    stop: str = "time",
    event: str = "event",
    family: str = "weibull",
    start: str | None = None,
    cause: int | None = None,
    breaks: Sequence[float] | None = None,
    knots: int | None = None,
) -> ParametricResult:
    """Fit a parametric model of time to an event.

    Parameters
    ----------
    data : DataFrame
        One row a subject; with ``start``, observation begins there.
    formula : str
        Covariates in formulaic's grammar.
    stop, event, start : str
        Columns of times and events: 0 none, 1, 2, … causes, or booleans.
    family : {"weibull", "lognormal", "piecewise", "spline"}
        Accelerated failure time with Weibull or log-normal times; proportional
        hazards with a hazard that is constant between breaks, or whose
        cumulated logarithm is a cubic spline of log time.
    cause : int, optional
        The cause of interest, needed with several.
    breaks : sequence of float, optional
        Times at which the piecewise hazard may change; quintiles of the event
        times by default. Only with ``family="piecewise"``.
    knots : int, optional
        Knots of the spline, 2 or more, at quantiles of the event times; 3 by
        default. Only with ``family="spline"``.

    Returns
    -------
    ParametricResult
        Rows are taken as independent.

    Raises
    ------
    EstimateError
        If the model cannot be fitted; says why.

    References
    ----------
    Royston and Parmar (2002) for the spline; Holford (1980) for the piecewise
    hazard.
    """
    if family not in FAMILIES:
        raise EstimateError(f"family={family!r} is not known; use one of {', '.join(FAMILIES)}.")
    for option, value, owner in (("breaks", breaks, "piecewise"), ("knots", knots, "spline")):
        if value is not None and family != owner:
            raise EstimateError(
                f"{option}={value!r} cannot be combined with family={family!r}; it belongs to "
                f"family={owner!r}."
            )
    knots = 3 if knots is None else knots
    if not isinstance(data, pd.DataFrame):
        raise EstimateError(f"data must be a pandas DataFrame, not {type(data).__name__}.")
    columns = variables(formula, list(data.columns))
    rows = read_rows(data, stop=stop, event=event, start=start, covariates=columns)
    failed = rows.of_cause(cause, "parametric")
    if not failed.any():
        raise EstimateError(f"No row ends in the event in {event!r}; a model needs events.")
    days = np.unique(rows.stop[failed])
    if len(days) == 1:
        raise EstimateError(
            f"All events fall at time {days[0]:g}; the shape of a parametric curve needs events at "
            f"two times or more."
        )
    if rows.start is not None and (rows.start < 0).any():
        raise EstimateError(f"Column {start!r} holds times below 0, before time begins.")
    covariates = design(formula, rows.frame, columns)
    require_varying(covariates)
    if failed.sum() < len(covariates.terms) + 2:
        raise EstimateError(
            f"{int(failed.sum())} events are too few for {len(covariates.terms)} terms and the "
            f"shape of the {family} model; take terms out."
        )
    fitted = _fit(family, covariates, rows, failed, {"breaks": breaks, "knots": knots})
    told = account(
        rows,
        "parametric",
        int(failed.sum()),
        formula=formula,
        warnings=list(covariates.warnings),
        stop=stop,
        event=event,
        family=family,
        start=start,
        cause=cause,
        breaks=None if breaks is None else list(breaks),
        knots=knots if family == "spline" else None,
    )
    told.notes.append("Rows are taken as independent.")
    aic = 2 * len(fitted.params) - 2 * fitted.loglik
    table = _table(fitted, covariates)
    last = float(rows.stop.max())
    return ParametricResult(
        table, told, fitted.loglik, aic, fitted.ratio_of, fitted, covariates, last
    )


def _fit(
    family: str, covariates: Design, rows: Rows, failed: np.ndarray, options: dict[str, Any]
) -> Fitted:
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")
        try:
            fitted = FAMILIES[family](covariates.x, rows.start, rows.stop, failed, **options)
        except EstimateError:
            raise
        except Exception as problem:
            reason = (str(problem).strip() or type(problem).__name__).splitlines()[0]
            reason = reason.removesuffix(" Try the following:")
            raise EstimateError(f"The {family} model could not be fitted: {reason}") from problem
    if not np.isfinite(fitted.covariance).all() or (np.diag(fitted.covariance) <= 0).any():
        raise EstimateError(
            f"The {family} model has no standard errors: some term says nothing of its own, or "
            f"has no event on one side."
        )
    return fitted


def _table(fitted: Fitted, covariates: Design) -> pd.DataFrame:
    """Lay out the parameters, the location moved from the covariates' means to zero."""
    p, many = len(covariates.terms), len(fitted.params)
    to_zero = np.eye(many)
    to_zero[np.ix_(fitted.located, range(p))] = -covariates.center
    coef = to_zero @ fitted.params
    se = np.sqrt(np.diag(to_zero @ fitted.covariance @ to_zero.T))
    half = stats.norm.ppf(0.975) * se
    return pd.DataFrame(
        {
            "parameter": ["effect"] * p + ["baseline"] * (many - p),
            "term": [*covariates.terms, *fitted.baseline],
            "coef": coef,
            "se": se,
            "ratio": np.exp(coef),
            "ci_low": np.exp(coef - half),
            "ci_high": np.exp(coef + half),
            "z": coef / se,
            "p": 2 * stats.norm.sf(np.abs(coef / se)),
        }
    )
