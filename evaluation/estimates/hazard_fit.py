"""The one way in for Cox and Fine–Gray models: read their options, fit, give an account."""

from typing import Any

import numpy as np
import pandas as pd

from evaluation.estimates.design import design, variables
from evaluation.estimates.errors import EstimateError
from evaluation.estimates.fit import Fit
from evaluation.estimates.hazard_model import coefficients
from evaluation.estimates.maximize import maximize
from evaluation.estimates.partial_likelihood import PartialLikelihood
from evaluation.estimates.result import account
from evaluation.estimates.risksets import RiskSets
from evaluation.estimates.rows import Rows, read_rows

_CHOICES = ("cause", "ties")


def read_model(data: pd.DataFrame, formula: str, options: dict[str, Any]) -> tuple[Rows, list[str]]:
    """Read the rows of a model and the columns its formula uses.

    Parameters
    ----------
    data : DataFrame
    formula : str
    options : dict
        The options of the call: columns by role, ``cause`` and ``ties``.

    Returns
    -------
    tuple of Rows and list of str

    Raises
    ------
    EstimateError
        If an option, the formula or the data cannot be used.
    """
    if options["ties"] not in ("efron", "breslow"):
        raise EstimateError(f"ties={options['ties']!r} is not known; use 'efron' or 'breslow'.")
    if not isinstance(data, pd.DataFrame):
        raise EstimateError(f"data must be a pandas DataFrame, not {type(data).__name__}.")
    columns = variables(formula, list(data.columns))
    roles = {role: column for role, column in options.items() if role not in _CHOICES}
    return read_rows(data, covariates=columns, **roles), columns


def require_events(rows: Rows, failed: np.ndarray, what: str) -> None:
    """Stop where no row of some weight ends in the event.

    Parameters
    ----------
    rows : Rows
    failed : ndarray of bool
    what : str
        The event in words.

    Raises
    ------
    EstimateError
    """
    if not failed.any():
        raise EstimateError(f"No row ends in {what}; a hazard ratio needs events.")
    if not (failed & (rows.case_weights > 0)).any():
        raise EstimateError(
            f"No row that ends in {what} has a weight above zero; a hazard ratio needs events."
        )


def fitted(
    kind: type,
    method: str,
    rows: Rows,
    failed: np.ndarray,
    sets: RiskSets,
    formula: str,
    columns: list[str],
    options: dict[str, Any],
    robust: bool,
):
    """Maximize the partial likelihood and build the result.

    Parameters
    ----------
    kind : type
        The class of the result, a :class:`HazardModel`.
    method : str
        Name of the estimator.
    rows : Rows
    failed : ndarray of bool
        Rows that end in the event of interest.
    sets : RiskSets
    formula : str
    columns : list of str
        What the formula uses.
    options : dict
        As for :func:`read_model`.
    robust : bool
        Whether limits rest on the cluster-robust variance.

    Returns
    -------
    HazardModel
    """
    covariates = design(formula, rows.frame, columns)
    weights = rows.case_weights
    model = PartialLikelihood(sets, covariates.x, failed, weights, rows.offset, options["ties"])
    fit = Fit(rows, failed, covariates, model, maximize(model, covariates.terms, covariates.spread))
    table, covariance, warnings = coefficients(fit, robust)
    events = int(failed.sum())
    told = account(rows, method, events, formula=formula, warnings=warnings, **options)
    return kind(table, told, fit.maximum.loglik, covariance, fit)
