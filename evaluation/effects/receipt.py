"""Who is served, and the model of it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evaluation.effects.several_arms import ArmModel, multinomial
from evaluation.errors import StudyError

CLEAR = 1e-8
"""Smallest eigenvalue of the columns' correlations, about 0, from which they differ for sure."""


@dataclass(frozen=True)
class Receipt:
    """Who is in which arm, and the model of it.

    Attributes
    ----------
    arm : pandas.Series
    treated_arm : str
    model : ArmModel
    table : pandas.DataFrame
        As of a `Propensity`.
    """

    arm: pd.Series
    treated_arm: str
    model: ArmModel
    table: pd.DataFrame


def receipt_model(
    who: pd.Series, treatment: str, design: pd.DataFrame, treated: str | None = None
) -> Receipt:
    """Fit the model behind `propensity`.

    Parameters
    ----------
    who : pandas.Series
        Booleans, or the arm of each row.
    treatment : str
        Words for the decision, for errors.
    design : pandas.DataFrame
        Model matrix of the covariates, with the intercept.
    treated : str, optional
        As for `propensity`.

    Raises
    ------
    StudyError
        As `propensity`.
    """
    arm, treated_arm = arms_in(who, treated, treatment)
    fitted = multinomial if arm.nunique() > 2 else _logistic
    model, table = fitted(arm, np.asarray(design, dtype=float), list(design.columns), treatment)
    return Receipt(arm, treated_arm, model, table)


def arms_in(column: pd.Series, treated: str | None, treatment: str) -> tuple[pd.Series, str]:
    """Return the arm of each row by name, the reference first, and the one served."""
    if column.dtype.kind in "biuf":
        served = column.astype(bool)
        if served.all() or not served.any():
            raise StudyError(
                f"{'Every' if served.all() else 'No'} child has {treatment}: there is no one to "
                "compare with, so no propensity can be estimated."
            )
        names = pd.Categorical(np.where(served, "yes", "no"), categories=["no", "yes"])
        return pd.Series(names, index=column.index), "yes"
    found = [str(name) for name in pd.Categorical(column).remove_unused_categories().categories]
    treated = found[-1] if treated is None else treated
    if treated not in found or len(found) < 2:
        raise StudyError(
            f'Nobody is in the arm "{treated}" of {treatment}: the arms are {", ".join(found)}.'
        )
    arm = pd.Categorical(column.astype(str), categories=found)
    return pd.Series(arm, index=column.index), treated


def _logistic(
    arm: pd.Series, x: np.ndarray, terms: list[str], treatment: str
) -> tuple[ArmModel, pd.DataFrame]:
    names = tuple(arm.cat.categories)
    chosen = (arm == names[1]).to_numpy(dtype=float)
    fit, information = fit_logistic(chosen, x, treatment)
    score = np.asarray(fit.fittedvalues)
    influence = (x * (chosen - score)[:, None]) @ np.linalg.inv(information)
    table = {"term": terms, "coef": fit.params, "se": fit.bse, "z": fit.tvalues, "p": fit.pvalues}
    model = ArmModel(names, x, np.column_stack([1 - score, score]), influence)
    return model, pd.DataFrame(table).reset_index(drop=True)


def fit_logistic(treated: np.ndarray, x: np.ndarray, treatment: str):
    """Fit a logistic model to a design; return statsmodels' fit and the information.

    Raises
    ------
    StudyError
        If columns are collinear or decide the arm perfectly.
    """
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import PerfectSeparationError

    if not _independent(x):
        raise StudyError(
            f"The covariates that explain {treatment} are collinear: leave out one that the "
            "others determine."
        )
    model = GLM(treated, x, family=Binomial())
    try:
        with np.errstate(all="ignore"):
            fit = model.fit(tol=1e-12, maxiter=100)
    except PerfectSeparationError:
        fit = None
    score = None if fit is None else np.asarray(fit.fittedvalues)
    if score is None or not fit.converged or np.min(np.minimum(score, 1 - score)) < 1e-8:
        raise StudyError(perfectly_predicted(treatment))
    information = (x * (score * (1 - score))[:, None]).T @ x
    return fit, information


def _independent(x: np.ndarray) -> bool:
    """Whether no column is determined by the others: seen from their products where clear."""
    products = x.T @ x
    scale = 1 / np.sqrt(np.maximum(np.diag(products), np.finfo(float).tiny))
    smallest = np.linalg.eigvalsh(products * scale * scale[:, None])[0]
    return bool(smallest > CLEAR or np.linalg.matrix_rank(x) == x.shape[1])


def perfectly_predicted(treatment: str) -> str:
    """Say that weights cannot be made, since some children have no counterpart."""
    return (
        f"The covariates predict {treatment} perfectly for some children: no comparable "
        "children exist for them, so weights cannot be made. Leave out or coarsen the "
        "covariate that decides who is served."
    )
