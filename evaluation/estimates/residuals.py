"""Residuals of a Cox model."""

import numpy as np
import pandas as pd

from evaluation.estimates.errors import EstimateError
from evaluation.estimates.fit import Fit


def residuals(fit: Fit, kind: str) -> pd.Series | pd.DataFrame:
    """Return residuals of a fitted model.

    Parameters
    ----------
    fit : Fit
    kind : {"martingale", "deviance", "schoenfeld", "score", "dfbeta"}

    Returns
    -------
    Series or DataFrame
        With the index of the rows they belong to.

    Raises
    ------
    EstimateError
        If the kind is unknown.

    References
    ----------
    Barlow and Prentice (1988); Therneau, Grambsch and Fleming (1990);
    Schoenfeld (1982).
    """
    index, terms = fit.rows.frame.index, fit.design.terms
    if kind == "martingale":
        return pd.Series(_martingale(fit), index, name="martingale")
    if kind == "deviance":
        return pd.Series(_deviance(_martingale(fit), fit.event), index, name="deviance")
    if kind == "schoenfeld":
        values = schoenfeld(fit)
        return pd.DataFrame(values, index[fit.model.events], terms)
    if kind == "score":
        return pd.DataFrame(fit.model.scores(fit.hazard), index, terms)
    if kind == "dfbeta":
        return pd.DataFrame(fit.row_influence(), index, terms)
    raise EstimateError(
        f"Residuals of kind {kind!r} are not known; use 'martingale', 'deviance', 'schoenfeld', "
        f"'score' or 'dfbeta'."
    )


def schoenfeld(fit: Fit) -> np.ndarray:
    """Return covariates of each event less their mean at risk, shape (events, p)."""
    sums, tied = fit.model.first_moments(fit.hazard)
    mean = fit.hazard.means[0][:, None] * sums - fit.hazard.means[1][:, None] * tied
    return fit.model.x[fit.model.events] - mean[fit.model.cell]


def _martingale(fit: Fit) -> np.ndarray:
    line = fit.model.predictor(fit.maximum.beta)
    return fit.event - np.exp(line) * fit.model.exposure(fit.hazard)


def _deviance(martingale: np.ndarray, event: np.ndarray) -> np.ndarray:
    expected = np.where(event, 1 - martingale, 1.0)
    inner = martingale + np.where(event, np.log(np.maximum(expected, 1e-300)), 0.0)
    return np.sign(martingale) * np.sqrt(np.maximum(-2 * inner, 0))
